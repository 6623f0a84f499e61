"""The schema in the hands of the real YAML language server: what it underlines, offers and explains."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from router.config.bundle import bundle
from router.config.editor import for_type
from router.config.schemas import documents
from router.triggers import TYPES

HEAD = "version: 1\nfunctions: {f: 'arn:aws:lambda:eu-west-1:111122223333:function:f'}\n"
API = f"{HEAD}triggers:\n  x:\n    type: api_gateway\n    api: http\n    invocation: sync\n"
SQS = f"{HEAD}triggers:\n  x:\n    type: sqs\n    invocation: async\n    function: f\n"


def labels(items: list[dict[str, Any]]) -> list[str]:
    return [item["label"] for item in items]


def documentation(item: dict[str, Any]) -> str:
    said = item.get("documentation") or ""
    return str(said["value"] if isinstance(said, dict) else said)


def of(items: list[dict[str, Any]], label: str) -> dict[str, Any]:
    return next(item for item in items if item["label"] == label)


# --- what is underlined ----------------------------------------------------------------------------------------------


def test_no_shipped_configuration_is_underlined(server: Any, root: Path) -> None:
    files = sorted(file for file in (root / "configs").rglob("*.yaml") if not file.name.endswith(".test.yaml"))
    assert files
    texts = {file.name: re.sub(r"\$schema=\S+", "", file.read_text(encoding="utf-8")) for file in files}
    assert {name: server.diagnostics(text) for name, text in texts.items()} == {name: [] for name in texts}


UNDERLINED = {
    "a misspelt key": ("version: 1\naws: {regoin: x}\n", [(2, 7, "Property regoin is not allowed.")]),
    "a misspelt key at the top": ("version: 1\ntrigers: {}\n", [(2, 1, "Property trigers is not allowed.")]),
    "a misspelt key of a type": (
        f"{SQS}    queue: a\n    batch_sizes: 3\n",
        [(9, 5, "Property batch_sizes is not allowed.")],
    ),
    "a missing key": (SQS, [(4, 3, 'Missing property "queue".')]),
    "no version": ("functions: {}\n", [(1, 1, 'Missing property "version".')]),
    "a wrong value": (
        f"{SQS}    queue: a\n".replace("async", "later"),
        [(6, 17, 'Value is not accepted. Valid values: "sync", "async".')],
    ),
    "a wrong form": ("version: 1\naws: {region: Europe}\n", [(2, 15, "not a valid region; for example `eu-west-1`")]),
    "a number without its unit": (
        f"{SQS}    queue: a\n    batching_window: 5\n",
        [(9, 22, "not a valid duration; for example `250ms`, `30s` or `5m`")],
    ),
    "a number out of bounds": (f"{SQS}    queue: a\n    batch_size: 0\n", [(9, 17, "Value is below the minimum of 1.")]),
    "a route that is none": (
        f"{API}    routes:\n      GT /: f\n",
        [(9, 7, "not a valid route; for example `GET /orders/{id}` or `$default`")],
    ),
    "a misspelt key in a route": (
        f"{API}    routes:\n      GET /: {{function: f, wieghts: {{}}}}\n",
        [(9, 28, "Property wieghts is not allowed.")],
    ),
    "a misspelt check": (
        f"{API}    auth: {{berer: x}}\n    routes: {{GET /: f}}\n",
        [(8, 12, "Property berer is not allowed.")],
    ),
    "two checks in one": (
        f"{API}    auth: {{bearer: x, api_key: {{value: y}}}}\n    routes: {{GET /: f}}\n",
        [(8, 11, "Object has more properties than limit of 1.")],
    ),
    "a misspelt key of defaults": (
        "version: 1\ndefaults: {sqs: {batch_sze: 4}}\n",
        [(2, 18, "Property batch_sze is not allowed.")],
    ),
    "a key twice": ("version: 1\nversion: 1\n", [(2, 1, "Map keys must be unique")]),
}


@pytest.mark.parametrize(("text", "expected"), UNDERLINED.values(), ids=list(UNDERLINED))
def test_what_is_underlined(server: Any, text: str, expected: list[tuple[int, int, str]]) -> None:
    assert server.diagnostics(text) == expected


def test_an_unknown_type_is_underlined_with_those_that_there_are(server: Any) -> None:
    ((line, column, message),) = server.diagnostics(SQS.replace("type: sqs", "type: sqz"))
    assert (line, column) == (5, 11)
    assert set(re.findall(r'"(\w+)"', message)) == set(TYPES)


def test_what_is_not_built_says_why(server: Any) -> None:
    found = server.diagnostics(f"{HEAD}usage_plans: {{}}\n")
    assert (3, 1, "Usage plans cannot be used in this version: usage plans are not built yet") in found


GOOD = {
    "text that looks like something else": f"{HEAD}labels: {{a: true, b: 1, c: no}}\naws: {{account_id: 012345678901}}\n",
    "variables": f"{HEAD}log: {{level: '${{LEVEL}}', access: '${{ACCESS}}'}}\nserver: {{drain_timeout: '${{DRAIN}}'}}\n",
    "one value where a list is wanted": f"{API}    hosts: a.example.com\n    routes: {{GET /: f}}\n",
    "a number where text is wanted": f"{API}    payload: 2.0\n    routes: {{GET /: f}}\n",
    "keys of the user's own": "version: 1\nx-mine: {goes: here}\n",
    "anchors, aliases and merge keys": (
        "version: 1\n"
        "x-local: &local {runtime: python, handler: app.handler}\n"
        "functions:\n"
        "  a: {local: *local}\n"
        "  b:\n"
        "    local:\n"
        "      <<: *local\n"
        "      code: b\n"
    ),
}


@pytest.mark.parametrize("text", GOOD.values(), ids=list(GOOD))
def test_what_is_not_underlined(server: Any, text: str) -> None:
    assert server.diagnostics(text) == []


# --- what is offered -------------------------------------------------------------------------------------------------


def test_the_types_of_triggers_are_offered_with_what_they_are(server: Any) -> None:
    found = server.completions(f"{HEAD}triggers:\n  x:\n    type: |\n")
    assert set(labels(found)) == set(TYPES)
    assert len(TYPES) == 12
    assert documentation(of(found, "sqs")).startswith("**SQS**. An event source mapping: ")


@cache
def keys_of(name: str) -> set[str]:
    """The keys that a trigger of a type may hold, but those that are not built."""
    schema = for_type(bundle(documents(), TYPES), name)
    shared = schema["$defs"]["trigger"]["properties"]
    return {key for key, value in {**shared, **schema["properties"]}.items() if "deprecationMessage" not in value}


@pytest.mark.parametrize("name", TYPES)
def test_the_keys_of_a_type_are_offered_with_descriptions(server: Any, name: str) -> None:
    found = server.completions(f"{HEAD}triggers:\n  x:\n    type: {name}\n    |\n")
    properties = [item for item in found if item["kind"] == 10 and item["label"] in keys_of(name)]
    assert {item["label"] for item in properties} == keys_of(name) - {"type"}
    assert [item["label"] for item in properties if not documentation(item)] == []
    assert [item["label"] for item in properties if ":" not in item["insertText"]] == []


@pytest.mark.parametrize("name", TYPES)
def test_the_keys_of_defaults_are_offered_with_descriptions(server: Any, name: str) -> None:
    found = server.completions(f"{HEAD}defaults:\n  {name}:\n    |\n")
    assert set(labels(found)) >= keys_of(name) - {"type"}
    assert [item["label"] for item in found if not documentation(item)] == []


def test_whole_triggers_are_offered_for_every_type(server: Any) -> None:
    found = server.completions(f"{HEAD}triggers:\n  |\n")
    assert {label.partition(" ")[0] for label in labels(found)} >= set(TYPES)
    assert of(found, "api_gateway http")["insertText"] == (
        "${1:name}:\n"
        "  type: ${2:api_gateway}\n"
        "  api: ${3:http}\n"
        "  invocation: ${4:sync}\n"
        "  routes:\n"
        "    GET /orders/{id}: ${5:orders}\n"
        "    \\$default: ${6:storefront}"
    )


def filled_in(snippet: str) -> str:
    """A snippet as it stands in the document when every tab stop keeps its text."""
    text = re.sub(r"\$\{\d+:((?:\\.|[^}\\])*)\}", r"\1", snippet)
    return re.sub(r"\\(.)", r"\1", text)


def test_whole_triggers_are_not_underlined_once_they_are_there(server: Any) -> None:
    found = [item for item in server.completions(f"{HEAD}triggers:\n  |\n") if item["label"].partition(" ")[0] in TYPES]
    texts = {item["label"]: filled_in(item["insertText"]).replace("\n", "\n  ") for item in found}
    assert {label: server.diagnostics(f"{HEAD}triggers:\n  {text}\n") for label, text in texts.items()} == {
        label: [] for label in texts
    }


OFFERED = {
    "sections": ("|", ["version", "functions", "triggers", "listeners", "journal", "monitoring"]),
    "keys of a function": ("functions:\n  a:\n    |", ["arn", "local", "timeout", "async", "max_concurrency"]),
    "keys of a local function": ("functions:\n  a:\n    local:\n      |", ["runtime", "handler", "code", "environment"]),
    "short forms of a function": (
        "functions:\n  a: |",
        [
            "arn:aws:lambda:eu-west-1:111122223333:function:orders",
            "local: {runtime: python, handler: app.handler, code: functi…",
        ],
    ),
    "who waits": (f"{HEAD}triggers:\n  x:\n    type: sqs\n    invocation: |", ["sync", "async"]),
    "payload versions": (f"{API}    payload: |", ["1.0", "2.0"]),
    "short forms of a route": (f"{API}    routes:\n      GET /: |", ["orders", "orders:live"]),
    "keys of a route": (f"{API}    routes:\n      GET /:\n        |", ["function", "weights", "invocation", "auth"]),
    "forms of auth": (f"{API}    auth: |", ["none", "bearer: '${TOKEN}'", "source_ip: [192.30.252.0/22]"]),
    "keys of auth": (f"{API}    auth:\n      |", ["bearer", "basic", "api_key", "hmac", "source_ip"]),
    "keys of a list of checks": (f"{API}    auth:\n      - |", ["bearer", "basic", "api_key", "hmac", "source_ip"]),
    "the key that decides about a signature": (f"{API}    auth:\n      hmac:\n        |", ["provider", "secret", "header"]),
    "signature providers": (f"{API}    auth:\n      hmac:\n        provider: |", ["github", "stripe", "slack"]),
    "sections of defaults": ("defaults:\n  |", ["async", *TYPES]),
    "keys of defaults.async": ("defaults:\n  async:\n    |", ["on_failure", "max_retries", "retry_delays"]),
    "truth values": ("log:\n  access: |", ["true", "false"]),
    "levels": ("log:\n  level: |", ["debug", "info", "warning", "error"]),
    "items of a list": (
        f"{HEAD}triggers:\n  x:\n    type: s3\n    notifications:\n      a:\n        events:\n          - |",
        ["s3:ObjectCreated:*"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), OFFERED.values(), ids=list(OFFERED))
def test_what_is_offered(server: Any, text: str, expected: list[str]) -> None:
    found = server.completions(f"{text}\n")
    assert [label for label in expected if label not in labels(found)] == []
    assert "[object Object]" not in json.dumps(found)


@pytest.mark.parametrize(
    "place", [f"{API}    routes:\n      GET /: |", "aws:\n  region: |", "functions:\n  a: |", "aws:\n  profile: |"]
)
def test_truth_values_are_not_offered_for_text(server: Any, place: str) -> None:
    assert {"true", "false"} & set(labels(server.completions(place))) == set()


def test_what_is_not_built_is_not_offered(server: Any) -> None:
    assert {"authorizers", "api_keys", "usage_plans", "namespace"} & set(labels(server.completions("|"))) == set()


def test_choices_say_what_they_mean(server: Any) -> None:
    found = server.completions(f"{HEAD}triggers:\n  x:\n    type: sqs\n    invocation: |\n")
    assert {item["label"]: documentation(item) for item in found} == {
        "sync": "the caller waits for the function's answer",
        "async": "the event is accepted and delivered later",
    }


# --- what is explained -----------------------------------------------------------------------------------------------


def test_a_key_is_explained_with_its_default(server: Any) -> None:
    assert server.hover(f"{SQS}    queue: a\n    batch_si|ze: 4\n").partition("\n\nSource:")[0] == (
        "#### Batch size\n\n"
        "How many messages a batch has at most: 1 to 10000, of a FIFO queue 1 to 10. A batch also ends before its event would "
        "pass 6 MB.\n\n"
        "Default: `10`"
    )


def test_a_key_is_explained_with_examples_as_yaml(server: Any) -> None:
    text = server.hover("functions:\n  a:\n    lo|cal: {handler: app.handler}\n")
    assert text.partition("\n\nSource:")[0] == (
        "#### Local process\n\n"
        "Runs the function on this machine: when it has no `arn`, or with `run --local`.\n\n"
        "```yaml\nruntime: python3.12\nhandler: app.handler\ncode: functions/thumbnail\n```"
    )


def test_a_key_is_explained_with_its_values(server: Any) -> None:
    text = server.hover(f"{SQS}    queue: a\n".replace("invocation", "invo|cation"))
    assert text.startswith("#### Invocation type\n\n`sync`: the caller waits")
    assert "Allowed Values:\n\n* `async`: the event is accepted and delivered later\n* `sync`: the caller waits" in text


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("functions:\n  |a: {timeout: 3s}\n", "Function"),
        (f"{API}    routes:\n      GE|T /: f\n", "Route"),
        (f"{API}    au|th: {{bearer: x}}\n", "Authorization"),
        (f"{SQS}    batching_win|dow: 5s\n", "Batching window"),
        ("ver|sion: 1\n", "Version"),
        (f"{HEAD}triggers:\n  x:\n    ty|pe: sqs\n", "Type"),
    ],
)
def test_every_form_of_a_value_is_explained_as_one(server: Any, text: str, title: str) -> None:
    said = server.hover(text)
    assert said.startswith(f"#### {title}\n\n")
    assert "\\`" not in said
    assert "||" not in said
