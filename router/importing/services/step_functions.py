"""State machines and activities: which functions they invoke, and which function works on an activity.

A template does not say who works on an activity; the caller does (`--worker Activity=Function`).
Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from router.importing.documents import Unreadable, read_document
from router.importing.nodes import Node, Reference, Symbol, made, parts_of
from router.importing.plan import FunctionRef
from router.importing.stack import Resource, Stack
from router.importing.view import View

ACTIVITY = "AWS::StepFunctions::Activity"
MACHINES = ("AWS::StepFunctions::StateMachine", "AWS::Serverless::StateMachine")
_DEEPEST = 40


def activities(stack: Stack) -> None:
    """Every state machine and activity."""
    heartbeats: dict[str, Any] = {}
    for resource in stack.of(*MACHINES):
        _machine(stack, resource, heartbeats)
    for resource in stack.of(ACTIVITY):
        _activity(stack, resource, heartbeats.get(resource.logical))


def _activity(stack: Stack, resource: Resource, heartbeat: Any) -> None:
    view = resource.properties
    view.node.touched = True
    workers = stack.plan.options.workers
    wanted = workers.get(resource.logical) or workers.get(resource.title)
    record = stack.index.records.get(wanted or "") or stack.plan.functions.get(wanted or "")
    if record is None:
        how = f"pass `--worker {resource.logical}=FUNCTION`" if wanted is None else f"there is no function `{wanted}`"
        view.refuse(f"nothing in a template says which function works on an activity: {how}")
        return
    settings: dict[str, Any] = {
        "invocation": "sync",
        "activity": stack.named(view, resource.logical),
        "heartbeat": f"{heartbeat}s" if heartbeat else None,
        "function": stack.plan.use(FunctionRef(record.key)),
    }
    settings = {key: value for key, value in settings.items() if value is not None}
    stack.plan.trigger("step_functions", (str(view.place),), resource.title, view.origin, settings)


# --- definitions -----------------------------------------------------------------------------------------------------


def _machine(stack: Stack, resource: Resource, heartbeats: dict[str, Any]) -> None:
    """Notes the heartbeats of activities; functions that states invoke are reached through the Invoke API."""
    view = resource.properties
    substitutions = view.get("DefinitionSubstitutions")
    given = dict(substitutions.items()) if substitutions is not None else {}
    document = _definition(stack, view)
    if document is None:
        return
    for state in _states(document, 0):
        named = _resource_of(state, given)
        about = stack.resources.get(named.logical) if isinstance(named, Reference) else None
        if about is not None and about.kind == ACTIVITY:
            heartbeats[about.logical] = _number(state.get("HeartbeatSeconds"))
    for each in given.values():
        each.node.taken = True


def _definition(stack: Stack, view: View) -> Node | None:
    for key in ("Definition", "DefinitionString"):
        written = view.get(key)
        if written is None:
            continue
        written.node.taken = True
        if written.is_map:
            return written.node
        return _parsed(_with_marks(parts_of(written.node) or ()), written)
    where = view.get("DefinitionUri")
    path = where.text() if where is not None and not where.is_map else None
    if where is None or path is None:
        return None
    try:
        return read_document(stack.files.read(stack.path(path)), stack.path(path), stack.plan.notes)
    except (OSError, Unreadable) as error:
        where.refuse(f"the definition cannot be read: {error}")
        return None


def _with_marks(parts: tuple[Any, ...]) -> str:
    """A JSON text in which references are marked, so that it can be parsed."""
    return "".join(part if isinstance(part, str) else _mark(part) for part in parts)


def _mark(part: Any) -> str:
    return f"\u2063{part.logical}\u2063{part.attribute or ''}\u2063" if isinstance(part, Reference) else "0"


def _parsed(text: str, view: View) -> Node | None:
    try:
        return _node(json.loads(text), view)
    except (ValueError, RecursionError):
        view.refuse("the definition is no JSON")
        return None


def _node(value: Any, view: View) -> Node:
    match value:
        case dict():
            return made(view.place, {key: _node(each, view) for key, each in value.items()})
        case list():
            return made(view.place, [_node(each, view) for each in value])
        case str() as text if "\u2063" in text:
            _, logical, attribute, *_ = [*text.split("\u2063"), "", "", ""]
            return made(view.place, Symbol((Reference(logical, attribute or None),)))
        case _:
            return made(view.place, value)


def _states(node: Node, depth: int) -> Iterator[Mapping[str, Node]]:
    """Every state, also those of branches and iterations."""
    states = node.value.get("States") if isinstance(node.value, dict) else None
    if states is None or not isinstance(states.value, dict) or depth > _DEEPEST:
        return
    for state in states.value.values():
        if not isinstance(state.value, dict):
            continue
        yield state.value
        branches = state.value.get("Branches")
        inner = [state.value.get("ItemProcessor"), state.value.get("Iterator")]
        inner += branches.value if branches is not None and isinstance(branches.value, list) else []
        for each in inner:
            if each is not None:
                yield from _states(each, depth + 1)


def _resource_of(state: Mapping[str, Node], given: Mapping[str, View]) -> Reference | str | None:
    node = state.get("Resource")
    parts = parts_of(node) if node is not None else None
    text = "".join(part for part in parts or () if isinstance(part, str))
    if text.startswith("${") and text.endswith("}") and text[2:-1] in given:
        parts = parts_of(given[text[2:-1]].node)
    return next((part for part in parts or () if isinstance(part, Reference)), text or None)


def _number(node: Node | None) -> Any:
    return node.value if node is not None and isinstance(node.value, int | float) and not isinstance(node.value, bool) else None
