"""Loading from text, with a small trigger type of its own: `probe` stands on a host and calls a function."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from router.config import Loaded, Problem, load
from router.config.schemas import documents
from router.fakes import FakeFiles
from router.model import Claim, Conversation, ReadBody, Reply, Report, Request, Scope, SiteClaim, TriggerType

FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:orders"

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "triggers/probe.schema.json",
    "title": "Probe",
    "description": "A trigger for tests.",
    "type": "object",
    "allOf": [{"$ref": "../defs.schema.json#/$defs/trigger"}],
    "required": ["function"],
    "properties": {
        "function": {"$ref": "../defs.schema.json#/$defs/function_reference"},
        "weights": {"$ref": "../defs.schema.json#/$defs/weights"},
        "hosts": {"$ref": "../defs.schema.json#/$defs/hosts"},
        "routes": {"type": "object", "additionalProperties": {"type": "string"}, "default": {}},
        "payload": {"type": "string", "enum": ["1.0", "2.0"]},
        "timeout": {"$ref": "../defs.schema.json#/$defs/duration", "default": "30s"},
        "retries": {"type": "integer", "minimum": 0},
        "verbose": {"type": "boolean"},
        "note": {"type": "string", "minLength": 1},
        "input": {"title": "Input"},
        "auth": {"const": "none", "x-unsupported": "authorizers are not built yet"},
    },
    "unevaluatedProperties": False,
}


def _claims(settings: Mapping[str, Any]) -> tuple[Claim, ...]:
    """With the note `silent`, nothing: as a trigger does that polls."""
    if settings["note"] == "silent":
        return ()
    return tuple(SiteClaim(host) for host in settings["hosts"] or [None])


def _build(settings: Mapping[str, Any], scope: Scope) -> Any:
    return scope.target({"function": settings["function"], "weights": settings["weights"]})


def _check(settings: Mapping[str, Any], report: Report) -> None:
    if settings["note"] == "wrong":
        report(("note",), "probe-note", "the note `wrong` is wrong", help="write another")


def _handle(request: Request, built: Any) -> Conversation:
    yield ReadBody(0)
    return Reply(404, [])


def _route_keys(settings: Mapping[str, Any]) -> list[tuple[tuple[Any, ...], str]]:
    return [(("routes", name), name.upper()) for name in settings["routes"]]


PROBE = TriggerType(
    name="probe",
    invocations=frozenset({"sync"}),
    build=_build,
    claims=_claims,
    handle=_handle,
    check=_check,
    rank=lambda built, request: 1,
    route_keys=_route_keys,
)
LONER = TriggerType("loner", frozenset({"async"}), _build, _claims, _handle)
TYPES = {"probe": PROBE, "loner": LONER}
SCHEMAS = {
    **{name: schema for name, schema in documents().items() if not name.startswith("triggers/")},
    SCHEMA["$id"]: SCHEMA,
    "triggers/loner.schema.json": {**SCHEMA, "$id": "triggers/loner.schema.json"},
}

Finding = tuple[str, int, int]
LoadText = Callable[..., Loaded]


@pytest.fixture
def load_text() -> LoadText:
    """`load_text(text, other_file=…, env={…}, require_env=…, overlays=[…], files={…})`: as router.yaml in /etc/router."""

    def load_it(
        text: str | bytes,
        *,
        files: Mapping[str, str | bytes] | None = None,
        env: Mapping[str, str] | None = None,
        require_env: bool = True,
        overlays: tuple[str, ...] = (),
    ) -> Loaded:
        there = FakeFiles({"router.yaml": text, **(files or {})})
        return load(
            ["router.yaml"], overlays, files=there, env=env or {}, require_env=require_env, types=TYPES, schemas=SCHEMAS
        )

    return load_it


@pytest.fixture
def found(load_text: LoadText) -> Callable[..., list[Finding]]:
    """The findings of a text as (code, line, column)."""

    def find(text: str | bytes, **options: Any) -> list[Finding]:
        return [short(problem) for problem in load_text(text, **options).problems]

    return find


def short(problem: Problem) -> Finding:
    return problem.code, problem.line, problem.column
