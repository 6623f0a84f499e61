"""Tells which functions' code changed on disk."""

import asyncio
import contextlib
import glob
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch

DEBOUNCE_MILLISECONDS = 300
_SCRATCH = (".log", ".tmp", ".pid", ".db", ".sqlite", ".sqlite3", "-journal", "-wal", "-shm")
"""Files that a function may write beside its code; they are not code."""


class _CodeFilter(DefaultFilter):
    """Leaves out `__pycache__`, `.git`, `node_modules`, virtual environments, editors' files, and what functions write."""

    def __call__(self, change: Change, path: str) -> bool:
        return not path.endswith(_SCRATCH) and super().__call__(change, path) and not _is_said_here(path)


def _is_said_here(path: str) -> bool:
    """Whether this program writes its own lines there: telling of a change would be the next change."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), Path(path).stat()):
                return True
    return False


async def watch_code(folders: Mapping[str, str], changed: Callable[[set[str]], None], stop: asyncio.Event) -> None:
    """Until `stop` is set: call `changed` with the names of the functions whose folder (`{function: folder}`) changed."""
    async for changes in awatch(
        *sorted(set(folders.values())),
        watch_filter=_CodeFilter(),
        debounce=DEBOUNCE_MILLISECONDS,
        step=50,
        stop_event=stop,
        ignore_permission_denied=True,
    ):
        paths = [path for _, path in changes]
        _forget_bytecode(paths)
        names = _owners(folders, paths)
        if names:
            changed(names)


def _forget_bytecode(paths: Iterable[str]) -> None:
    """Python takes a cached file as fresh when second and size of the source agree: not enough for quick small edits."""
    for source in map(Path, paths):
        if source.suffix == ".py":
            for cached in (source.parent / "__pycache__").glob(f"{glob.escape(source.stem)}.*.pyc"):
                with contextlib.suppress(OSError):
                    cached.unlink()


def _owners(folders: Mapping[str, str], paths: Iterable[str]) -> set[str]:
    resolved = [Path(path).resolve() for path in paths]
    roots = {name: Path(folder).resolve() for name, folder in folders.items()}
    return {name for name, root in roots.items() if any(path.is_relative_to(root) for path in resolved)}
