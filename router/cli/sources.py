"""Which configurations a command is called with, and files that are not what lies on the disk: standard input, mended texts.

A pipe (`<(helm template …)`) gives its content only once, so that is kept for whoever asks again.
"""

from collections.abc import Iterable
from pathlib import Path

from router.cli.waiting import waiting_for
from router.config.files import Kind
from router.files import LocalFiles

DEFAULT = "router.yaml"
STANDARD_INPUT = "<stdin>"
"""What standard input is called in findings."""

_WILD = frozenset("*?[")


class Sources(LocalFiles):
    """This machine's files, each pipe read once, with other contents for some of them, by absolute path."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def put(self, path: str, content: bytes) -> None:
        """From now on `path` has this content."""
        self.contents[self.absolute(path)] = content

    def read(self, path: str) -> bytes:
        known = self.contents.get(self.absolute(path))
        if known is not None:
            return known
        if Path(path).is_file():
            return super().read(path)
        with waiting_for(f"`{path}`"):
            content = super().read(path)
        self.put(path, content)
        return content

    def kind(self, path: str) -> Kind | None:
        return "file" if self.absolute(path) in self.contents else super().kind(path)


def collected(paths: Iterable[str], files: LocalFiles) -> tuple[list[str], list[str]]:
    """The configurations that PATHS mean, and those of PATHS that mean none: a folder or pattern without one.

    A folder means its router.yaml, `-` standard input, no path at all the router.yaml of this folder. A file that is named
    is always meant, be it there or not.
    """
    found: dict[str, None] = {}
    empty = []
    for path in paths or (".",):
        meant = _meant(path, files)
        found |= dict.fromkeys(meant)
        empty += [] if meant else [path]
    return list(found), empty


def _meant(path: str, files: LocalFiles) -> list[str]:
    if path == "-":
        return [STANDARD_INPUT]
    kind = files.kind(path)
    if kind == "folder":
        inside = str(Path(path) / DEFAULT)
        return [inside] if files.kind(inside) == "file" else []
    if kind is None and _WILD & set(path):
        return files.glob(path)
    return [path]
