"""A template against a configuration that is there: both are completed in the same way, and then compared."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from router.config import Loaded, load
from router.config.assembly import assemble
from router.config.files import Files
from router.config.nodes import MapNode, locate
from router.config.problem import Path
from router.config.substitution import Substitution, redactor
from router.importing.assembly import Draft
from router.importing.drift.comparing import Drift, compare
from router.importing.importer import Imported
from router.importing.settling import InMemory
from router.model import Place


@dataclass(slots=True)
class Checked:
    """`loaded`: the configuration; where it has errors there is nothing to compare. `undecided`: triggers left out."""

    loaded: Loaded
    drifts: list[Drift]
    undecided: tuple[str, ...] = ()


def check_drift(imported: Imported, config: str, files: Files, overlays: Sequence[str] = ()) -> Checked:
    """Compares. Variables are unknown values on both sides, and what came from a file is never shown."""
    loaded = load([config], overlays, files=files, env={}, require_env=False, partial=True)
    if loaded.config is None:
        return Checked(loaded, [])
    template = load([config], files=InMemory(files, config, _text(imported.draft)), env={}, require_env=False, partial=True)
    assert template.config is not None, "it has passed the validator"
    substitution = Substitution({}, files, False)
    root = assemble([config], overlays, files, substitution).root
    redact = redactor(substitution.secrets)

    def in_configuration(path: Path) -> Place | None:
        return _place(root, path)

    def in_template(path: Path) -> Place | None:
        origins = imported.draft.origins
        return next((origins[path[:length]].place for length in range(len(path), 0, -1) if path[:length] in origins), None)

    drifts = compare(template.config.raw, loaded.config.raw, in_template, in_configuration)
    told = [replace(drift, expected=redact(drift.expected), actual=redact(drift.actual)) for drift in drifts]
    return Checked(loaded, told, (*loaded.undecided, *template.undecided))


def _text(draft: Draft) -> bytes:
    return json.dumps(draft.settings).encode()


def _place(root: MapNode | None, path: Path) -> Place | None:
    """Where a path, or the nearest part of it that is written down, stands."""
    if root is None or not path:
        return None
    place = locate(root, path)
    if not place.exact:
        return _place(root, path[:-1]) if len(path) > 1 else None
    span = place.key or place.value.span
    return Place(span.file, span.line, span.column)
