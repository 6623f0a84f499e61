"""The words of instructions for senders: commands, files and notes, and how secrets stand in them.

A secret is never written out: it stands as the variable, or the file, that the configuration takes it from. Inside texts it is
a reference between two signs that nobody writes; `quoted` makes a shell word of such a text, `plain` what people read.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from shlex import quote
from typing import Any, Literal

from router import jsontext
from router.config.problem import Path

_OPEN, _CLOSE = "\ue000", "\ue001"
_REFERENCE = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_WRITTEN = re.compile(r"(?P<scheme>(?:Bearer |Basic )?)\$\{(?:file:(?P<file>[^}]+)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)[^}]*)\}")
_SPECIAL = re.compile(r"[\\$`]")
PLACEHOLDER = "https://router.example.com"
"""Stands where `server.public_url` is not set."""

Kind = Literal["command", "file", "note"]


@dataclass(slots=True, frozen=True)
class Part:
    """One thing to do or to know. `title`: what it is for. `text`: a command, a file's content, or a sentence.

    `name`: of a file. Texts may hold references to secrets.
    """

    kind: Kind
    text: str
    title: str = ""
    name: str = ""


@dataclass(slots=True, frozen=True)
class Surroundings:
    """What instructions take from the configuration. `url`: how callers reach the router, without trailing slash.

    `secret(path)`: the text of a secret below a trigger, as a reference; `path` begins with the trigger's settings.
    `endpoints`: of AWS's services, where they are not AWS's own.
    """

    url: str
    account_id: str
    region: str
    secret: Callable[[Path], str]
    endpoints: Mapping[str, str]

    def at(self, path: str) -> str:
        """The URL of a path."""
        return f"{self.url}{path}"

    @property
    def is_placeholder(self) -> bool:
        return self.url == PLACEHOLDER


def reference(written: str) -> str | None:
    """The text of a secret, of what is `written` in the configuration: its variable or file as a reference.

    None where the secret, or a part of it, stands there itself.
    """
    found = _WRITTEN.fullmatch(written)
    if found is None:
        return None
    return found["scheme"] + computed(f"$(cat {quote(found['file'])})" if found["file"] else f"${{{found['name']}}}")


def computed(shell: str) -> str:
    """A reference to what a shell makes of `shell` between double quotes: `${NAME}`, `$(command)`."""
    return f"{_OPEN}{shell}{_CLOSE}"


def variable(name: str) -> str:
    """A reference to a variable of the shell."""
    return computed(f"${{{name}}}")


def basic(user: str, password: str) -> str:
    """The value of an Authorization header for `basic`; the shell encodes it."""
    pair = quoted(f"{user}:{password}")
    return f"Basic {computed(f'$(printf %s {pair} | base64 -w0)')}"


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Literal texts and references, in order."""
    for index, piece in enumerate(_REFERENCE.split(text)):
        if piece:
            yield index % 2 == 1, piece


def quoted(text: str) -> str:
    """One word of a shell; references are expanded there."""
    words = (f'"{piece}"' if is_secret else quote(piece) for is_secret, piece in _pieces(text))
    return "".join(words) or "''"


def plain(text: str) -> str:
    """For people: references as `${NAME}`."""
    return "".join(piece for _, piece in _pieces(text))


def heredoc(text: str) -> tuple[str, str]:
    """The delimiter and the lines of a here-document; references are expanded there."""
    if _REFERENCE.search(text) is None:
        return "'EOF'", text
    lines = (piece if is_secret else _SPECIAL.sub(r"\\\g<0>", piece) for is_secret, piece in _pieces(text))
    return "EOF", "".join(lines)


# --- parts -----------------------------------------------------------------------------------------------------------


def command(words: str, *options: tuple[str, str | None], title: str = "", into: str = "", show: str = "") -> Part:
    """A command with long options, one a line; an option whose value is None is left out, an empty one is a flag.

    `into`: the shell's variable that takes what `--query` finds (`show`).
    """
    parts = [f"--{name} {quoted(value)}" if value else f"--{name}" for name, value in options if value is not None]
    if into:
        parts.append(f"--query {quote(show)} --output text")
    text = " \\\n  ".join([words, *parts])
    return Part("command", f"{into}=$({text})" if into else text, title)


def note(text: str) -> Part:
    """A sentence."""
    return Part("note", text)


def dumped(value: Any) -> str:
    """Compact JSON for an option."""
    return jsontext.dumps(value).decode()


def slug(name: str) -> str:
    """A name that every service takes: letters, digits and dashes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "router"
