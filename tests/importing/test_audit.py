"""Nothing of a template is dropped silently: whatever is added to it comes out, is reported, or is known to be irrelevant."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.files import LocalFiles
from router.importing.documents import read_document
from router.importing.importer import Imported, import_files
from router.importing.irrelevant import TYPES, reason_for, resource_reason, rows
from router.importing.nodes import Node
from router.importing.notes import Notes
from router.importing.options import Options
from router.importing.services.code import OF_THE_CODE
from router.importing.services.openapi import DOCUMENTATION
from router.importing.settling import InMemory

TEMPLATES = Path(__file__).parent / "templates"
FILES = {
    "cfn-alb": "balancer.yaml",
    "cfn-apis": "apis.yaml",
    "cfn-mixed": "platform.yaml",
    "cfn-pool-edge": "site.yaml",
    "cfn-tasks": "tasks.yaml",
    "sam-events": "template.yaml",
    "sam-openapi": "template.json",
    "sam-shop": "template.yaml",
}
ADDED = "ZzAdded"
Path_ = tuple[Any, ...]


def plain(node: Node) -> Any:
    match node.value:
        case dict() as entries:
            return {key: plain(below) for key, below in entries.items()}
        case list() as items:
            return [plain(item) for item in items]
        case value:
            return value


def maps(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """The paths of all maps that are no intrinsic functions."""
    if isinstance(value, dict):
        if not any(key == "Ref" or key.startswith("Fn::") for key in value):
            yield path
            for key, below in value.items():
                yield from maps(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from maps(below, (*path, index))


def with_added(value: Any, path: Path_) -> Any:
    if not path:
        return {**value, ADDED: "zz"}
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = with_added(copied[path[0]], path[1:])
    return copied


def imported(name: str, document: Any) -> Imported:
    files = InMemory(LocalFiles(), FILES[name], json.dumps(document).encode())
    options = Options({"ImageTag": "v7"}, {"ResizeActivity": "Resize"}, account="111122223333", region="eu-west-1")
    return import_files([FILES[name]], options, files, target="router.yaml")


def is_accounted_for(result: Imported, document: Any, path: Path_) -> bool:
    """`path`: of the map with the added key, from the template's root."""
    if ADDED in result.text():
        return True  # carried over, or reported by its name
    kind = document["Resources"][path[1]].get("Type", "")
    keys = tuple(part for part in path[3:] if isinstance(part, str))
    if resource_reason(kind) is not None or reason_for(kind, (*keys, ADDED)) is not None:
        return True
    if keys[:1] == ("Events",) and len(keys) > 2:
        event = document["Resources"][path[1]]["Properties"]["Events"][keys[1]]
        if reason_for(f"event {event.get('Type')}", (*keys[3:], ADDED)) is not None:
            return True
    if {"Body", "DefinitionBody"} & set(keys) and DOCUMENTATION & set(keys):
        return True
    if kind in ("AWS::Lambda::Function", "AWS::Serverless::Function") and keys[:1] and keys[0] in OF_THE_CODE:
        return True  # where the function does not run here
    refused = [
        note
        for note in result.notes
        if _covers(note.property, path[3:]) or note.reason.startswith(("the router refuses", "left out"))
    ]
    return any(path[1] in note.resource for note in refused)


def _covers(keys: str, path: Path_) -> bool:
    """Whether a note is about something above the path."""
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    events = shown.split(".Properties.")[-1] if shown.startswith("Events.") else shown
    return keys == "" or shown == keys or shown.startswith((f"{keys}.", f"{keys}[")) or events.startswith(keys)


@pytest.mark.parametrize("name", FILES)
def test_a_key_that_is_added_anywhere_is_accounted_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TEMPLATES / name)
    document = plain(read_document((TEMPLATES / name / FILES[name]).read_bytes(), FILES[name], Notes()))
    everything = [path for path in maps(document) if path[:1] == ("Resources",) and len(path) >= 3 and path[2] == "Properties"]
    assert everything
    chosen = everything[:: 1 + len(everything) // 40]
    silent = [path for path in chosen if not is_accounted_for(imported(name, with_added(document, path)), document, path)]
    assert {".".join(map(str, path[1:])) for path in silent} == set()


@pytest.mark.parametrize("path", [(), ("Resources",), ("Resources", "Jobs"), ("Globals",)])
def test_unknown_sections_and_resources_are_told(path: Path_, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TEMPLATES / "sam-events")
    document = plain(read_document(Path("template.yaml").read_bytes(), "template.yaml", Notes()))
    assert ADDED in imported("sam-events", with_added(document, path)).text()


NAMES = st.text("ABCdef", min_size=1, max_size=12)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None, max_examples=150)
@given(kind=st.sampled_from(sorted(kind for kind in TYPES if kind.startswith("AWS::"))), name=NAMES, value=TREES)
def test_any_property_of_any_type_is_told(kind: str, name: str, value: Any) -> None:
    document = {"Resources": {"Thing": {"Type": kind, "Properties": {f"Zz{name}": value}}}}
    files = InMemory(LocalFiles(), "t.json", json.dumps(document).encode())
    result = import_files(["t.json"], Options(), files, target="router.yaml")
    told = [note for note in result.notes if "Thing" in note.resource and note.property in ("", f"Zz{name}")]
    assert told or value is None or reason_for(kind, (f"Zz{name}",)) is not None


def test_every_row_of_the_table_has_a_reason() -> None:
    assert all(kind and names and len(reason) > 10 for kind, names, reason in rows())
