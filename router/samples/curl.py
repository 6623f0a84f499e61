"""A request as a curl command that sends it byte for byte, whatever it holds."""

import re
from base64 import b64encode
from dataclasses import dataclass
from shlex import quote

from router.envelopes import HttpEnvelope

_OWN = ("User-Agent", "Accept")
"""Headers that curl adds where nobody says otherwise."""
_GLOB = re.compile(r"[\[\]{}]")
_DOTS = re.compile(r"/\.\.?(?:/|$|\?)")


@dataclass(slots=True, frozen=True)
class Door:
    """Where a listener is. `url`: without path. `unix`: the path of its socket.

    `certificate`: the file that it shows; None: whatever the system trusts. `is_local`: it is on this machine, under a name
    that the certificate cannot have.
    """

    url: str = "http://127.0.0.1:8080"
    unix: str | None = None
    certificate: str | None = None
    is_local: bool = False


def curl(envelope: HttpEnvelope, door: Door, *, shown: bool = True) -> str:
    """The command, one option a line. `shown`: whether it prints the head of the answer, too."""
    words = ["curl", *(["-i"] if shown else [])]
    parts = [_method(envelope)]
    parts += [f"-H {quote(_header(name, value))}" for name, value in envelope.headers]
    parts += [f"-H {quote(f'{name}:')}" for name in _unsaid(envelope)]
    if door.unix is not None:
        parts.append(f"--unix-socket {quote(door.unix)}")
    if door.certificate is not None:
        parts.append("-k" if door.is_local else f"--cacert {quote(door.certificate)}")
    parts += [flag for flag, pattern in (("--globoff", _GLOB), ("--path-as-is", _DOTS)) if pattern.search(envelope.target)]
    piped, data = _body(envelope.body)
    parts += [*data, quote(f"{door.url}{envelope.target}")]
    command = " \\\n  ".join([" ".join(words), *(part for part in parts if part)])
    return f"{piped}{command}"


def _method(envelope: HttpEnvelope) -> str:
    """Only what curl would not choose by itself."""
    if envelope.method == "HEAD":
        return "--head"
    return "" if envelope.method == ("POST" if envelope.body else "GET") else f"-X {quote(envelope.method)}"


def _header(name: str, value: str) -> str:
    """A header without a value is written with a semicolon."""
    return f"{name}: {value}" if value else f"{name};"


def _unsaid(envelope: HttpEnvelope) -> list[str]:
    """What curl must be told to leave out."""
    said = {name.lower() for name, _ in envelope.headers}
    names = [*_OWN, *(["Content-Type"] if envelope.body else [])]
    return [name for name in names if name.lower() not in said]


def _body(body: bytes) -> tuple[str, list[str]]:
    """What is piped into curl, and the option that takes it; text stands in the command itself."""
    if not body:
        return "", []
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return f"printf %s {b64encode(body).decode()} | base64 -d | ", ["--data-binary @-"]
    return "", [f"--data-raw {quote(text)}"]
