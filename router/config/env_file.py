"""Files of `NAME=value` lines: comments, blank lines, `export`, and quotes around a value."""

import re

_LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*?)\s*")
_QUOTED = re.compile(r"(?P<quote>['\"])(?P<text>.*)(?P=quote)(?:\s+#.*)?")


class EnvFileError(ValueError):
    """A line that is no assignment; `line` counts from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} is not `NAME=value`")
        self.line = line


def parse_env_file(text: str) -> dict[str, str]:
    """The variables of a file. Raises EnvFileError at the first line that is none."""
    variables = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise EnvFileError(number)
        variables[match["name"]] = _value(match["value"])
    return variables


def _value(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        return quoted["text"]
    return re.split(r"(?:^|\s+)#", text, maxsplit=1)[0]
