"""The file system, as `router.config.files.Files` wants it."""

import os
from pathlib import Path, PurePath
from typing import Literal


class LocalFiles:
    """Reads this machine's files."""

    def read(self, path: str) -> bytes:
        try:
            return Path(path).read_bytes()
        except ValueError as error:  # a NUL character in the path
            raise OSError(22, str(error)) from None

    def glob(self, pattern: str) -> list[str]:
        wanted = PurePath(pattern)
        if wanted == PurePath(wanted.anchor):
            return []
        try:
            found = Path(wanted.anchor).glob(str(wanted.relative_to(wanted.anchor)))
            return sorted(str(path) for path in found if path.is_file())
        except (ValueError, OSError):
            return []

    def kind(self, path: str) -> Literal["file", "folder"] | None:
        there = Path(path)
        try:
            return "folder" if there.is_dir() else "file" if there.exists() else None
        except OSError:
            return None

    def absolute(self, path: str) -> str:
        return os.path.normpath(Path.cwd() / path)
