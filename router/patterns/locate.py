"""Where AWS says that a pattern is wrong: `… at [Source: (String)"<pattern>"; line: 1, column: 9]`.

AWS says where its JSON parser (Jackson) had got to: behind the first token of the value in question; of a text, behind its
opening quote. Source: semantics/async.md §D.7.
"""

import json
import re

from router.patterns.invalid import InvalidPattern, Path

_SHOWN = 500
"""Characters of the pattern that are repeated."""
_TOKEN = re.compile(r'[ \t\r\n]*("(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+)', re.DOTALL)
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


def located(text: str, error: InvalidPattern) -> str:
    """The error's reason with its place in the text of the pattern, which is JSON."""
    if not error.located:
        return error.reason
    first, last = _ends_of(text, error.path)
    return _at(text, last if error.reason.startswith("Empty ") else first, error.reason)


def unreadable(text: str) -> str:
    """What Jackson says of a text that is no JSON, with its place."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return _at(text, *_jackson(text, error))
    except (ValueError, RecursionError):
        pass
    return "The pattern cannot be read"


def _jackson(text: str, error: json.JSONDecodeError) -> tuple[int, str]:
    word = _WORD.match(text, error.pos)
    if word is not None:
        return word.end(), f"Unrecognized token '{word[0]}': was expecting {_VALUES}"
    if error.pos >= len(text):
        return len(text), "Unexpected end-of-input"
    wanted = "double-quote to start field name" if error.msg.startswith("Expecting property name") else "a valid value"
    character = text[error.pos]
    return error.pos + 1, f"Unexpected character ('{character}' (code {ord(character)})): was expecting {wanted}"


def _at(text: str, offset: int, reason: str) -> str:
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    shown = f'"{text[:_SHOWN]}"' + (f"[truncated {len(text) - _SHOWN} chars]" if len(text) > _SHOWN else "")
    return f"{reason}\n at [Source: (String){shown}; line: {line}, column: {column}]"


def _ends_of(text: str, path: Path) -> tuple[int, int]:
    """Offsets behind the first and the last token of the value at `path`; of duplicate keys the last counts.

    `here`: key or index in each open container; `key_next`: of each, whether a key comes next; None in an array.
    """
    found = (0, 0)
    here: list[str | int] = []
    key_next: list[bool | None] = []
    opened: list[int] = []
    for token in _TOKEN.finditer(text):
        sign, end = token[1], token.end()
        if sign in "}]":
            key_next.pop()
            here.pop()
            begun = opened.pop()
            found = (begun, end) if tuple(here) == path else found
        elif sign == ",":
            here[-1] = int(here[-1]) + 1 if key_next[-1] is None else ""
            key_next[-1] = None if key_next[-1] is None else True
        elif key_next and key_next[-1]:
            here[-1] = json.loads(sign)
            key_next[-1] = False
        elif sign != ":":
            found = (token.start(1) + 1 if sign[0] == '"' else end, end) if tuple(here) == path else found
            if sign in "{[":
                key_next.append(True if sign == "{" else None)
                here.append("" if sign == "{" else 0)
                opened.append(end)
    return found
