"""The validator has the last word: what it refuses is taken out of the configuration and reported as not carried over.

Removing one part may leave another without what it names, so that this goes on until nothing is refused. A part whose removal
would let more pass (a filter, a condition) takes its whole entry with it.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

from router.config import Loaded, Severity, load
from router.config.files import Files, Kind
from router.config.problem import Path
from router.importing.assembly import Draft
from router.importing.notes import Notes
from router.model import Place

_SECTIONS = {
    "alb": "rules",
    "api_gateway": "routes",
    "cognito": "operations",
    "eventbridge": "rules",
    "lambda_edge": "behaviors",
    "s3": "notifications",
    "schedule": "schedules",
    "sns": "subscriptions",
}
_DISPENSABLE = frozenset(
    {
        *("timeout", "cors", "health_check", "binary_media_types", "stage_variables", "batch_size", "batching_window"),
        *("max_concurrency", "multi_value_headers", "heartbeat"),
    }
)
"""Settings of a trigger without which the same events reach the same functions."""
_ROUNDS = 200


class InMemory:
    """The file system with one file more, which lies nowhere yet."""

    def __init__(self, files: Files, path: str, content: bytes) -> None:
        self._files = files
        self._path = path
        self._content = content

    def read(self, path: str) -> bytes:
        return self._content if path == self._path else self._files.read(path)

    def glob(self, pattern: str) -> list[str]:
        return self._files.glob(pattern)

    def kind(self, path: str) -> Kind | None:
        found: Literal["file"] = "file"
        return found if path == self._path else self._files.kind(path)

    def absolute(self, path: str) -> str:
        return self._files.absolute(path)


def check(text: str, path: str, files: Files) -> Loaded:
    """What the validator says of a configuration that would lie at `path`."""
    return load([path], files=InMemory(files, path, text.encode("utf-8", "surrogatepass")), env={}, require_env=False)


def settle(draft: Draft, path: str, files: Files, notes: Notes) -> None:
    """Takes out of the draft what the validator refuses."""
    for _ in range(_ROUNDS):
        loaded = check(json.dumps(draft.settings), path, files)
        errors = [problem for problem in loaded.problems if problem.severity is Severity.ERROR]
        if not errors:
            return
        removed: set[Path] = set()
        for problem in errors:
            part = _part(draft.settings, problem.path)
            if any(part[: len(gone)] == gone for gone in removed) or not _has(draft.settings, part):
                continue
            removed.add(part)
            place, label = _whence(draft, part)
            notes.unsupported(place, label, ".".join(map(str, problem.path[2:])), f"the router refuses it: {problem.message}")
            _remove(draft.settings, part)
        if not removed:
            return


def _part(settings: Mapping[str, Any], path: Path) -> Path:
    """What has to go for a finding at a path."""
    match path:
        case ("functions", name, "local", *_):
            return ("functions", name, "local")
        case ("functions", name, "async", key, *_):
            return ("functions", name, "async", key)
        case ("functions", name, *_):
            return ("functions", name)
        case ("triggers", name, key, *rest):
            trigger = settings.get("triggers", {}).get(name, {})
            if key == _SECTIONS.get(trigger.get("type")) and rest:
                return ("triggers", name, key, rest[0])
            if key == "functions" and rest:
                return ("triggers", name, key, rest[0])
            return ("triggers", name, key) if key in _DISPENSABLE else ("triggers", name)
        case _:
            return path[:2]


def _has(settings: Any, path: Path) -> bool:
    here = settings
    for part in path:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            return False
    return bool(path)


def _remove(settings: dict[str, Any], path: Path) -> None:
    """The part, and what is empty without it."""
    here: Any = settings
    for part in path[:-1]:
        here = here[part]
    del here[path[-1]]
    if not here and len(path) > 1:
        _remove(settings, path[:2] if path[0] == "triggers" and len(path) > 2 else path[:-1])


def _whence(draft: Draft, path: Path) -> tuple[Place, str]:
    """The origin of the nearest part that has one."""
    for length in range(len(path), 0, -1):
        origin = draft.origins.get(path[:length])
        if origin is not None:
            return origin.place, origin.label
    return Place("", 1, 1), ".".join(map(str, path))
