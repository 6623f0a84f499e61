"""Secrets in a text that could not be read as a configuration: hidden by the names of the keys before them.

Where a file can be read, the schema says which values are secrets. A file with a mistake in it is quoted all the same, and
the line that is quoted may hold one. What came from a variable stands there as `${NAME}`, and may be seen.
"""

import re
from collections.abc import Iterator

from router.config.problem import source_lines

SECRET_KEYS = ("bearer", "password", "secret", "token", "value")
"""The keys of the schema that hold secrets; a test holds them to it."""

_KEY = re.compile(rf"""(?:^|[\s{{\[,])["']?(?:{"|".join(SECRET_KEYS)})["']?\s*:\s*""")
_VARIABLE = re.compile(r"""["']?\$\{[^}]*\}["']?""")
_LATER = re.compile(r"(?:[|>][-+0-9]*\s*)?(?:#.*)?")
_CLOSING = {'"': '"', "'": "'", "[": "]"}


def without_secrets(text: str) -> str:
    """The text with asterisks in place of what looks like a secret; lines and columns stay what they are."""
    if not any(key in text for key in SECRET_KEYS):
        return text
    lines = list(source_lines(text))
    for number, start, end in _stretches(lines):
        line = lines[number]
        lines[number] = line[:start] + "*" * (end - start) + line[end:]
    return "\n".join(lines)


def _stretches(lines: list[str]) -> Iterator[tuple[int, int, int]]:
    """Line, from 0, and columns, from 0, of everything to hide."""
    for number, line in enumerate(lines):
        for match in _KEY.finditer(line):
            yield from _value(lines, number, match.end())


def _value(lines: list[str], number: int, start: int) -> Iterator[tuple[int, int, int]]:
    line = lines[number]
    rest = line[start:]
    if _LATER.fullmatch(rest):
        yield from _below(lines, number)
    elif _VARIABLE.match(rest) or rest.startswith("{"):
        return
    elif rest[0] in _CLOSING:
        yield from _enclosed(lines, number, start, _CLOSING[rest[0]])
    else:
        ending = re.search(r"[,}\]]|\s+#" if "{" in line[:start] else r"\s+#", rest)
        yield number, start, start + ending.start() if ending else len(line)


def _enclosed(lines: list[str], number: int, start: int, closing: str) -> Iterator[tuple[int, int, int]]:
    """From an opening quote or bracket to the closing one, in this line or a later one."""
    column = start + 1
    while number < len(lines):
        end = lines[number].find(closing, column)
        yield number, start, len(lines[number]) if end < 0 else end + 1
        if end >= 0:
            return
        number, start, column = number + 1, 0, 0


def _below(lines: list[str], number: int) -> Iterator[tuple[int, int, int]]:
    """The lines below a key that are indented deeper, and items of a list below it."""
    indentation = _indentation(lines[number])
    for index in range(number + 1, len(lines)):
        line = lines[index]
        if line.strip() and _indentation(line) <= indentation and not line.lstrip().startswith("- "):
            return
        if not _VARIABLE.search(line):
            yield index, _indentation(line), len(line)


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())
