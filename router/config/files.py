"""The port through which the configuration sees the file system; the real one is `router.files`, the fake in `router.fakes`."""

from typing import Literal, Protocol

Kind = Literal["file", "folder"]


class Files(Protocol):
    """Paths are text, relative to the working directory or absolute."""

    def read(self, path: str) -> bytes:
        """The content. Raises OSError with a reason in `strerror`."""
        ...

    def glob(self, pattern: str) -> list[str]:
        """The files that match, sorted; `**` crosses folders."""
        ...

    def kind(self, path: str) -> Kind | None:
        """What stands at the path; None where nothing does, or nothing that may be seen."""
        ...

    def absolute(self, path: str) -> str:
        """The path from the root of the file system, without `.` and `..`."""
        ...


class Recorded:
    """Another `Files`, with a note of every file that was read: what a reload has to watch."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._paths: dict[str, None] = {}

    @property
    def paths(self) -> tuple[str, ...]:
        """Absolute, in the order of their first reading."""
        return tuple(self._paths)

    def read(self, path: str) -> bytes:
        content = self._files.read(path)
        self._paths[self.absolute(path)] = None
        return content

    def glob(self, pattern: str) -> list[str]:
        return self._files.glob(pattern)

    def kind(self, path: str) -> Kind | None:
        return self._files.kind(path)

    def absolute(self, path: str) -> str:
        return self._files.absolute(path)
