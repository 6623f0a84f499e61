"""What the validator refuses is taken out and told, and what is left is valid; any text is imported, told, or a clear error."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.config import Severity
from router.fakes import FakeFiles
from router.importing.assembly import Draft
from router.importing.documents import Unreadable
from router.importing.emit import emit
from router.importing.importer import import_files
from router.importing.notes import Notes
from router.importing.options import Options
from router.importing.reading import FORMATS, Unsupported
from router.importing.settling import check, settle
from router.importing.view import Origin
from router.model import Place

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:f"
GOOD: dict[str, Any] = {
    "version": 1,
    "functions": {"f": ARN},
    "triggers": {
        "a": {"type": "api_gateway", "api": "http", "invocation": "sync", "routes": {"GET /a": "f", "GET /b": "f"}},
        "s": {"type": "schedule", "invocation": "async", "schedules": {"x": {"expression": "rate(1 day)", "function": "f"}}},
    },
}


def draft(**triggers: Any) -> Draft:
    made = Draft(json.loads(json.dumps({**GOOD, "triggers": {**GOOD["triggers"], **triggers}})))
    for name, trigger in made.settings["triggers"].items():
        made.origins["triggers", name] = Origin(Place("t.yaml", len(made.origins) + 1, 1), f"trigger {name}")
        for section in ("routes", "schedules"):
            for key in trigger.get(section, {}):
                made.origins["triggers", name, section, key] = Origin(Place("t.yaml", 50, 1), f"{name} {key}")
    return made


def settled(made: Draft) -> list[str]:
    notes = Notes()
    settle(made, "router.yaml", FakeFiles({}), notes)
    loaded = check(json.dumps(made.settings), "router.yaml", FakeFiles({}))
    assert [problem for problem in loaded.problems if problem.severity is Severity.ERROR] == []
    return [str(note) for note in notes.of("")]


def test_what_is_valid_stays() -> None:
    made = draft()
    assert (settled(made), made.settings) == ([], GOOD)


def test_a_route_goes_alone() -> None:
    made = draft(a={**GOOD["triggers"]["a"], "routes": {"GET /a": "f", "GET a b": "f"}})
    (note,) = settled(made)
    assert note.startswith("t.yaml:50: not carried over: a GET a b routes.GET a b: the router refuses it: ")
    assert made.settings["triggers"]["a"]["routes"] == {"GET /a": "f"}


def test_the_last_route_takes_its_trigger_with_it() -> None:
    made = draft(a={**GOOD["triggers"]["a"], "routes": {"GET a b": "f"}})
    assert len(settled(made)) == 1
    assert list(made.settings["triggers"]) == ["s"]


def test_a_setting_that_decides_nothing_goes_alone() -> None:
    made = draft(a={**GOOD["triggers"]["a"], "timeout": "31s"})
    why = "the router refuses it: the timeout of `api: http` is between 50ms and 30s"
    assert settled(made) == [f"t.yaml:1: not carried over: trigger a timeout: {why}"]
    assert made.settings == GOOD


def test_a_filter_takes_its_trigger_with_it() -> None:
    queue = {"type": "sqs", "invocation": "async", "queue": "q", "function": "f", "filters": [{"nobody": {"a": ["b"]}}]}
    made = draft(q=queue)
    assert len(settled(made)) == 1
    assert made.settings == GOOD


def test_a_function_takes_its_routes_with_it() -> None:
    made = draft()
    made.settings["functions"]["f"] = {"arn": "no arn"}
    made.origins["functions", "f"] = Origin(Place("t.yaml", 9, 1), "function f")
    told = settled(made)
    assert told[0].startswith("t.yaml:9: not carried over: function f arn: the router refuses it: `no arn`")
    assert "triggers" not in made.settings


# --- YAML that says the same -----------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="$"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, max_examples=200)
@given(VALUES.filter(lambda value: value is not None))
def test_any_value_is_written_so_that_it_is_read_as_it_was(value: Any) -> None:
    entry = {"expression": "rate(1 day)", "function": "f", "input": value}
    document = {**GOOD, "triggers": {"s": {"type": "schedule", "invocation": "async", "schedules": {"x": entry}}}}
    made = Draft(document)
    made.tell(("triggers", "s"), Origin(Place("t.yaml", 1, 1), "trigger\n\x07\u2028s"))
    loaded = check(emit(made, [], ["a heading\nof two lines"]), "router.yaml", FakeFiles({}))
    assert loaded.config is not None, [problem.message for problem in loaded.problems]
    read = loaded.config.raw["triggers"]["s"]["schedules"]["x"]["input"]
    assert (read, json.dumps(read)) == (value, json.dumps(value))


# --- anything at all -------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        "Resources",
        "Type",
        "Properties",
        "Ref",
        "Fn::Sub",
        "Fn::If",
        "Fn::GetAtt",
        "Fn::Join",
        "AWS::Serverless::Function",
        "AWS::Lambda::Function",
        "AWS::Events::Rule",
        "AWS::S3::Bucket",
        "Events",
        "Targets",
        "Globals",
        "Parameters",
        "Conditions",
        "service",
        "provider",
        "functions",
        "events",
        "http",
        "sqs",
        "schedule",
        "${self:x}",
        "artifacts",
        "version",
        "Rules",
        "Items",
    ]
)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | WORDS | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=4),
    max_leaves=25,
)


def outcome(text: str, form: str | None) -> str:
    """What becomes of a file: a valid configuration, or a clear error."""
    try:
        result = import_files(["t"], Options(), FakeFiles({"t": text}), target="router.yaml", form=form)
    except (Unreadable, Unsupported) as error:
        return "error" if str(error).startswith("t:") else f"an error without its place: {error}"
    loaded = check(result.text(), "router.yaml", FakeFiles({}))
    assert [problem for problem in loaded.problems if problem.severity is Severity.ERROR] == []
    return "imported"


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=60), st.sampled_from([None, *FORMATS]))
def test_any_text_is_imported_or_a_clear_error(text: str, form: str | None) -> None:
    assert outcome(text, form) in ("imported", "error")


@settings(deadline=None, max_examples=250)
@given(TREES, st.sampled_from([None, *FORMATS]))
def test_any_json_is_imported_or_a_clear_error(tree: Any, form: str | None) -> None:
    assert outcome(json.dumps(tree), form) in ("imported", "error")


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["Resources", "functions"]), st.dictionaries(WORDS, TREES, max_size=4))
def test_so_is_any_template(section: str, things: Any) -> None:
    shell = {"Resources": {}} if section == "Resources" else {"service": "s", "provider": {"name": "aws"}}
    assert outcome(json.dumps({**shell, section: things}), None) in ("imported", "error")


@pytest.mark.parametrize("form", FORMATS)
def test_a_forced_format_is_taken_at_its_word(form: str) -> None:
    expected = {"aws": "error", "serverless": "error"}.get(form, "imported")
    assert outcome('{"Resources": {}}', form) == expected
