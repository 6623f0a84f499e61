"""The whole way of an import: files in, a configuration that the validator takes out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from router.config.files import Files
from router.importing.assembly import Draft, assemble
from router.importing.emit import emit
from router.importing.notes import Note
from router.importing.options import Options
from router.importing.reading import read_all
from router.importing.settling import settle

SCHEMA_LINE = "yaml-language-server: $schema=router.schema.json"


@dataclass(slots=True)
class Imported:
    """The result. `draft`: settings with the origin of each part; `files`: what was read."""

    draft: Draft
    notes: list[Note]
    files: list[str]
    unasked: list[str]
    """Options that nothing in the files asked for, such as `--parameter Size`."""

    @property
    def is_empty(self) -> bool:
        """Whether there was no function and no trigger in any of the files."""
        return not self.draft.settings.get("functions") and not self.draft.settings.get("triggers")

    def text(self) -> str:
        """As YAML with comments."""
        return emit(self.draft, self.notes, (SCHEMA_LINE, f"Imported from {', '.join(self.files)}."))


def import_files(paths: Sequence[str], options: Options, files: Files, *, target: str, form: str | None = None) -> Imported:
    """The configuration of some templates. `target`: where it will lie, which decides what relative paths are.

    Raises Unreadable and Unsupported of `router.importing.documents` and `router.importing.reading`.
    """
    sources = read_all(paths, options, files, form)
    folder = target.rpartition("/")[0] or "."
    draft = assemble(sources.plan, files, folder)
    settle(draft, target, files, sources.plan.notes)
    notes = sources.plan.notes.of(json.dumps(draft.settings))
    return Imported(draft, notes, sources.files, sources.unasked)
