"""Snapshots: what happened in a test, kept in a file beside it, and held against what happens now.

`orders.test.yaml` has `__snapshots__/orders.test.yaml.json`: the tests by name, and what each saw. What came from a variable
is left out of them.
"""

import json
import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from router.config.files import Files
from router.testing.matching import matches

FOLDER = "__snapshots__"


class Writer(Protocol):
    """Changes files."""

    def write(self, path: str, text: str) -> None:
        """Put this text there, in a folder that may have to be made. Raises OSError."""
        ...

    def remove(self, path: str) -> None:
        """Raises OSError."""
        ...


class BadSnapshots(ValueError):
    """The file holds no snapshots; the text says why."""


def path_of(file: str) -> str:
    """Where the snapshots of a file's tests are."""
    return posixpath.join(posixpath.dirname(file), FOLDER, f"{posixpath.basename(file)}.json")


@dataclass(slots=True)
class Snapshots:
    """`update`: write what happens instead of comparing. `seen`: by file the names of tests that have one now."""

    files: Files
    update: bool = False
    seen: dict[str, set[str]] = field(default_factory=dict)
    written: int = 0
    _known: dict[str, dict[str, Any]] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=set)

    def compare(self, file: str, name: str, document: Any, redact: Callable[[str], str]) -> list[str]:
        """What differs, a line each. Raises BadSnapshots."""
        now = json.loads(redact(json.dumps(document)))
        self.seen.setdefault(file, set()).add(name)
        known = self._of(file)
        if self.update:
            if name not in known or known[name] != now:
                known[name] = now
                self._changed.add(file)
                self.written += 1
            return []
        if name not in known:
            return ["there is no snapshot of it yet: `lambda-router test --update` writes it"]
        return matches({"equals": known[name]}, now)

    def obsolete(self, files: Iterable[str]) -> list[tuple[str, str]]:
        """Of these files, which ran whole, the snapshots (file, name) that no test has any more."""
        return [(file, name) for file in files for name in self._of(file) if name not in self.seen.get(file, set())]

    def save(self, writer: Writer, whole: Iterable[str]) -> int:
        """Write what changed, without what is obsolete; how many obsolete ones were removed. Raises OSError."""
        gone = self.obsolete(whole)
        for file, name in gone:
            del self._known[file][name]
            self._changed.add(file)
        for file in sorted(self._changed):
            kept = self._known[file]
            if kept:
                writer.write(path_of(file), json.dumps(kept, indent=2, ensure_ascii=False, sort_keys=True) + "\n")
            else:
                writer.remove(path_of(file))
        self._changed.clear()
        return len(gone)

    def _of(self, file: str) -> dict[str, Any]:
        if file not in self._known:
            self._known[file] = self._read(path_of(file))
        return self._known[file]

    def _read(self, path: str) -> dict[str, Any]:
        try:
            known = json.loads(self.files.read(path))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise BadSnapshots(f"`{path}` cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError) as error:
            raise BadSnapshots(f"`{path}` is no JSON: {error}") from None
        if not isinstance(known, dict):
            raise BadSnapshots(f"`{path}` holds no snapshots")
        return known
