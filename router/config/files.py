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
