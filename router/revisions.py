"""A revision of a git repository, as `router.config.files.Files` wants it. The work tree is not touched.

Files that git does not track (secrets, virtual environments, what lies outside the repository) are as they are now.
"""

import fnmatch
import os
import posixpath
import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from router.config.files import Kind
from router.errors import RouterError
from router.files import LocalFiles

PATIENCE = 60.0
"""Seconds that one call of git may take."""


class RevisionError(RouterError):
    """There is no such revision, no repository, or no git."""


class Revision:
    """The files of a commit. `folder`: where relative paths begin; inside the repository."""

    def __init__(self, reference: str, folder: str = ".") -> None:
        """Raises RevisionError."""
        self._folder = os.path.realpath(folder)
        self._now = LocalFiles()
        self._top = _git(self._folder, "rev-parse", "--show-toplevel").decode().removesuffix("\n")
        found = _git(self._folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
        self.commit = found.decode().strip()
        listed = _git(self._top, "ls-tree", "-r", "-z", "--full-tree", self.commit).decode("utf-8", "surrogateescape")
        self._blobs = dict(map(_entry, filter(None, listed.split("\0"))))
        tracked = _git(self._top, "ls-files", "-z", "--full-name").decode("utf-8", "surrogateescape")
        self._tracked = frozenset(filter(None, tracked.split("\0")))
        self._folders = _folders(self._blobs)
        self._known = self._tracked | _folders(self._tracked)

    def read(self, path: str) -> bytes:
        inside = self._inside(path)
        if inside in self._blobs:
            return _git(self._top, "cat-file", "blob", self._blobs[inside])
        if inside is None or inside not in self._tracked:
            return self._now.read(self.absolute(path))
        raise FileNotFoundError(2, "No such file or directory", path)

    def glob(self, pattern: str) -> list[str]:
        """Only files of the revision, in the form of the pattern."""
        absolute = self.absolute(pattern)
        below = self._inside_of_top(absolute)
        if below is None:
            return self._now.glob(absolute)
        found = [path for path in self._blobs if _fits(path, below)]
        whole = [posixpath.join(self._top, path) for path in found]
        return sorted(whole if posixpath.isabs(pattern) else [os.path.relpath(path, self._folder) for path in whole])

    def kind(self, path: str) -> Kind | None:
        inside = self._inside(path)
        if inside in self._blobs:
            return "file"
        if inside in self._folders:
            return "folder"
        if inside is None or inside not in self._known:
            return self._now.kind(self.absolute(path))
        return None

    def absolute(self, path: str) -> str:
        return os.path.normpath(Path(self._folder) / path)

    def _inside(self, path: str) -> str | None:
        return self._inside_of_top(self.absolute(path))

    def _inside_of_top(self, absolute: str) -> str | None:
        """The path from the top of the repository; None outside."""
        if absolute == self._top:
            return "."
        prefix = f"{self._top}/"
        return absolute.removeprefix(prefix) if absolute.startswith(prefix) else None


def _folders(paths: Iterable[str]) -> frozenset[str]:
    """Every folder that one of them lies in; the top is `.`."""
    return frozenset(str(parent) for path in paths for parent in PurePosixPath(path).parents)


def _entry(line: str) -> tuple[str, str]:
    """Path and object of `<mode> <type> <object>\\t<path>`."""
    head, _, path = line.partition("\t")
    return path, head.split(" ")[2]


def _fits(path: str, pattern: str) -> bool:
    """As `Path.glob`: `*` stays within a folder, `**` crosses folders."""
    return _parts_fit(path.split("/"), pattern.split("/"))


def _parts_fit(parts: list[str], wanted: list[str]) -> bool:
    if not wanted:
        return not parts
    if wanted[0] == "**":
        return any(_parts_fit(parts[skipped:], wanted[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], wanted[0]) and _parts_fit(parts[1:], wanted[1:])


def _git(folder: str, *args: str) -> bytes:
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "GIT_LITERAL_PATHSPECS": "1"}
    command = ["git", "-C", folder, *args]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE, env=environment)
    except FileNotFoundError:
        raise RevisionError("git is not installed") from None
    except subprocess.TimeoutExpired:
        raise RevisionError(f"git did not answer within {PATIENCE:g} seconds") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        raise RevisionError(said or f"there is no revision `{args[-1].removesuffix('^{commit}')}`")
    return done.stdout
