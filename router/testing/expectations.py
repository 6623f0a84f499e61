"""What a test expects, held against what happened: one row per key of `expect:`.

Keys about a call must all hold of the same call. Where none of several fits, what is wrong is told of the nearest one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.batches import Completed, Rejected
from router.config.problem import Path
from router.config.rules.cases import spelled
from router.config.units import duration
from router.settings import Config
from router.simulation import Trace
from router.testing import happened
from router.testing.happened import Reached
from router.testing.matching import NOTHING, body_matches, decoded, matches
from router.testing.words import Mismatch

UNMATCHED = "unmatched"
_TOLERANCE = 0.001
"""Seconds between two times that are the same."""


@dataclass(slots=True)
class View:
    """What is looked at. `namespace`: of the file that the test stands in; its own names are written without it."""

    trace: Trace
    config: Config
    namespace: str | None = None

    def function(self, name: str) -> str:
        return spelled(name, self.namespace, self.config.functions)

    def trigger(self, name: str) -> str:
        return spelled(name, self.namespace, [trigger.name for trigger in self.config.triggers])


def held_against(expected: Any, view: View, path: Path = ("expect",)) -> list[Mismatch]:
    """What does not hold; empty where everything does."""
    if expected == UNMATCHED:
        return _unmatched(view, path)
    wrong = [*_fault(view, path)]
    for key, check in _WHOLE.items():
        if key in expected:
            wrong += check(expected[key], view, (*path, key))
    about_call = {key: value for key, value in expected.items() if key in _OF_CALL}
    if about_call:
        wrong += _some_call(about_call, view, path, [*happened.reached(view.trace)])
    return wrong


def _unmatched(view: View, path: Path) -> list[Mismatch]:
    if happened.is_unmatched(view.trace):
        return []
    names = [*dict.fromkeys(each.function for each in happened.reached(view.trace))]
    if names:
        return [Mismatch(path, f"wanted that nobody gets it, but {_listed(names)} did")]
    routes = [route for route in happened.routes(view.trace) if route]
    if routes:
        return [Mismatch(path, f"wanted that no route takes it, but {_listed(routes)} did")]
    error = view.trace.reply.error if view.trace.reply is not None else None
    if error is not None:
        return [Mismatch(path, f"wanted that no route takes it, but it was refused before any was asked: {error.name}")]
    return [Mismatch(path, "wanted that no route takes it, but the trigger did")]


def _fault(view: View, path: Path) -> Iterator[Mismatch]:
    """A fault of the router's own is never what was wanted."""
    reply, settlement = view.trace.reply, view.trace.settlement
    if reply is not None and reply.error is not None and reply.error.name == "internal":
        yield Mismatch(path, "the router itself failed on this event")
    if settlement is not None and settlement.error == "internal":
        yield Mismatch(path, f"the router itself failed on this event: {settlement.detail}")


# --- one call --------------------------------------------------------------------------------------------------------


def _some_call(block: Mapping[str, Any], view: View, path: Path, candidates: Sequence[Reached]) -> list[Mismatch]:
    """One of the calls has everything that the block says; else what is wrong with the nearest."""
    if isinstance(block.get("function"), list):
        wrong = _exactly(block["function"], view, (*path, "function"), candidates)
        rest = {key: value for key, value in block.items() if key != "function"}
        return wrong or (_some_call(rest, view, path, candidates) if rest else [])
    if not candidates:
        return _nobody(block, view, path)
    tried = [_of_call(block, view, path, each) for each in candidates]
    return min(tried, key=lambda wrong: (sum(_WEIGHTS.get(str(each.path[len(path)]), 1) for each in wrong), len(wrong)))


def _nobody(block: Mapping[str, Any], view: View, path: Path) -> list[Mismatch]:
    """Nothing was called: a route may answer by itself, and a trigger before any route."""
    took = {"route": happened.routes(view.trace), "trigger": happened.triggers(view.trace)}
    for key in ("function", "route", "trigger", *block):
        if key not in block:
            continue
        named = view.trigger(block[key]) if key == "trigger" else block[key]
        if key not in took:
            wanted = f" `{named}`" if isinstance(named, str) else ""
            return [Mismatch((*path, key), f"wanted the {key}{wanted}, but no function was called")]
        if named not in took[key]:
            return [Mismatch((*path, key), f"wanted the {key} `{named}`, got {_listed(took[key])}")]
    return []


def _exactly(names: Sequence[str], view: View, path: Path, candidates: Sequence[Reached]) -> list[Mismatch]:
    wanted = sorted(map(view.function, names))
    got = sorted({each.function for each in candidates if not each.follower})
    if sorted(set(wanted)) == got:
        return []
    return [Mismatch(path, f"wanted exactly {_listed(wanted)}, got {_listed(got)}")]


def _of_call(block: Mapping[str, Any], view: View, path: Path, each: Reached) -> list[Mismatch]:
    return [wrong for key, value in block.items() for wrong in _OF_CALL[key](value, view, (*path, key), each)]


def _trigger(wanted: str, view: View, path: Path, each: Reached) -> Iterator[Mismatch]:
    yield from _same(path, "trigger", view.trigger(wanted), each.trigger)


def _route(wanted: str, view: View, path: Path, each: Reached) -> Iterator[Mismatch]:
    took = [each.route] if each.route else happened.routes(view.trace)
    if wanted not in took:
        yield Mismatch(path, f"wanted the route `{wanted}`, got {_listed(took)}")


def _function(wanted: str, view: View, path: Path, each: Reached) -> Iterator[Mismatch]:
    yield from _same(path, "function", view.function(wanted), each.function)


def _qualifier(wanted: str, view: View, path: Path, each: Reached) -> Iterator[Mismatch]:
    yield from _same(path, "qualifier", wanted, each.qualifier)


def _invocation(wanted: str, view: View, path: Path, each: Reached) -> Iterator[Mismatch]:
    yield from _same(path, "invocation", wanted, each.invocation)


def _payload(wanted: Any, view: View, path: Path, each: Reached) -> Iterator[Mismatch]:
    if lines := matches(wanted, decoded(each.payload)):
        yield Mismatch(path, f"the payload of `{each.function}` is another one", lines)


def _attempts(wanted: Sequence[str], view: View, path: Path, each: Reached) -> Iterator[Mismatch]:
    times = [duration(text) for text in wanted]
    fits = len(times) == len(each.attempts) and all(
        abs(one - other) <= _TOLERANCE for one, other in zip(times, each.attempts, strict=True)
    )
    if not fits:
        made = ", ".join(map(happened.span, each.attempts)) or "none"
        yield Mismatch(path, f"wanted attempts at {', '.join(map(happened.span, times)) or 'none'}, got {made}")


def _condition(wanted: str, view: View, path: Path, each: Reached) -> Iterator[Mismatch]:
    if each.condition is None:
        yield Mismatch(path, f"wanted the condition `{wanted}`, but somebody waits for this call: it has none")
    else:
        yield from _same(path, "condition", wanted, each.condition)


def _destinations(wanted: Sequence[str], view: View, path: Path, each: Reached) -> Iterator[Mismatch]:
    got = [letter.address for letter in each.letters]
    fits = len(got) == len(wanted) and all(_is(name, arn, view) for name, arn in zip(wanted, got, strict=True))
    if not fits:
        yield Mismatch(path, f"wanted that {_listed(wanted)} is told, got {_listed([*map(happened.short, got)])}")


def _is(name: str, arn: str, view: View) -> bool:
    if name.startswith("arn:"):
        return name == arn
    kind, _, rest = name.partition(":")
    if kind != "function":
        return happened.short(arn) == name
    key, _, qualifier = rest.partition(":")
    function = view.config.functions.get(view.function(key))
    return function is not None and arn in (str(function.arn.qualified(qualifier or None)), str(function.arn))


OfCall = Callable[[Any, View, Path, Reached], Iterator[Mismatch]]

_OF_CALL: Mapping[str, OfCall] = {
    "trigger": _trigger,
    "route": _route,
    "function": _function,
    "qualifier": _qualifier,
    "invocation": _invocation,
    "payload": _payload,
    "attempts": _attempts,
    "condition": _condition,
    "destinations": _destinations,
}
_WEIGHTS = {"function": 100, "route": 50, "trigger": 50}
"""What makes a call another one, rather than the same with something wrong."""


# --- the whole -------------------------------------------------------------------------------------------------------


def _response(wanted: Mapping[str, Any], view: View, path: Path) -> Iterator[Mismatch]:
    reply = view.trace.reply
    if reply is None:
        yield Mismatch(path, "wanted a response, but nobody waits for one")
        return
    if "status" in wanted:
        yield from _same((*path, "status"), "status", wanted["status"], reply.status)
    yield from _headers(wanted.get("headers") or {}, reply.headers, (*path, "headers"))
    body = reply.body if isinstance(reply.body, bytes) else b""
    if "body" in wanted and (lines := body_matches(wanted["body"], body)):
        yield Mismatch((*path, "body"), "the body is another one", lines)


def _headers(wanted: Mapping[str, Any], got: Sequence[tuple[str, str]], path: Path) -> Iterator[Mismatch]:
    for name, value in wanted.items():
        found = [each for key, each in got if key.lower() == name.lower()]
        if value is None and found:
            yield Mismatch((*path, name), f"wanted no header `{name}`, got {_listed(found)}")
        elif value is not None and value not in found and value != ",".join(found):
            yield Mismatch((*path, name), f"wanted the header `{name}: {value}`, got {_listed(found)}")


def _deliveries(wanted: Any, view: View, path: Path) -> Iterator[Mismatch]:
    calls = [each for each in happened.reached(view.trace) if not each.follower]
    if isinstance(wanted, int):
        got = sum(not delivery.parent for delivery in view.trace.deliveries)
        if got != wanted:
            yield Mismatch(path, f"wanted {wanted} deliveries, got {got}")
        return
    if len(calls) != len(wanted):
        names = _listed([each.function for each in calls])
        yield Mismatch(path, f"wanted {len(wanted)} calls, got {len(calls)}: {names}")
    left = list(calls)
    for index, block in enumerate(wanted):
        found = next((each for each in left if not _of_call(block, view, path, each)), None)
        if found is not None:
            left.remove(found)
        elif left:
            yield from _some_call(block, view, (*path, index), left)


def _settlement(wanted: Mapping[str, Any], view: View, path: Path) -> Iterator[Mismatch]:
    settlement = view.trace.settlement
    if settlement is None:
        yield Mismatch(path, "wanted a settlement, but this is no queue or activity")
        return
    done = [result.handle for result in settlement.results if isinstance(result, Completed)]
    for key, got in (("deleted", done), ("kept", [name for name in view.trace.messages if name not in done])):
        if key in wanted:
            names = [_message(each, view.trace.messages) for each in wanted[key]]
            if sorted(names) != sorted(got):
                yield Mismatch((*path, key), f"wanted {_listed(names)}, got {_listed(got)}")
    rejected = next((result for result in settlement.results if isinstance(result, Rejected)), None)
    if "error" in wanted:
        yield from _same((*path, "error"), "error", wanted["error"], rejected.error if rejected else None)
    if "cause" in wanted:
        yield from _same((*path, "cause"), "cause", wanted["cause"], rejected.cause if rejected else None)
    if "output" in wanted:
        output = next((decoded(result.output.encode()) for result in settlement.results if isinstance(result, Completed)), None)
        if lines := matches(wanted["output"], output):
            yield Mismatch((*path, "output"), "the output is another one", lines)


def _message(wanted: int | str, names: Sequence[str]) -> str:
    """The id of a message that is named by its position from 1, or by its id."""
    if isinstance(wanted, int):
        return names[wanted - 1] if 0 < wanted <= len(names) else f"message {wanted}"
    return wanted


def _calls(wanted: int, view: View, path: Path) -> Iterator[Mismatch]:
    if len(view.trace.calls) != wanted:
        names = _listed([call.function for call in view.trace.calls])
        yield Mismatch(path, f"wanted {wanted} calls, got {len(view.trace.calls)}: {names}")


def _origin(wanted: Mapping[str, Any], view: View, path: Path) -> Iterator[Mismatch]:
    if not view.trace.forwards:
        yield Mismatch(path, "wanted that an origin is asked, but none was")
        return
    sent = view.trace.forwards[-1]
    for key, got in (("url", sent.origin), ("method", sent.method), ("target", sent.target)):
        if key in wanted:
            yield from _same((*path, key), key, wanted[key], got)
    yield from _headers(wanted.get("headers") or {}, sent.headers, (*path, "headers"))
    if "body" in wanted and (lines := body_matches(wanted["body"], sent.body)):
        yield Mismatch((*path, "body"), "the body is another one", lines)


def _not(denied: Any, view: View, path: Path) -> Iterator[Mismatch]:
    if not held_against(denied, view, path):
        yield Mismatch(path, "this must not hold, and it does")


Whole = Callable[[Any, View, Path], Iterator[Mismatch]]

_WHOLE: Mapping[str, Whole] = {
    "response": _response,
    "deliveries": _deliveries,
    "settlement": _settlement,
    "calls": _calls,
    "origin": _origin,
    "not": _not,
}


def _same(path: Path, what: str, wanted: Any, got: Any) -> Iterator[Mismatch]:
    if wanted != got:
        yield Mismatch(path, f"wanted the {what} `{wanted}`, got {f'`{got}`' if got is not None else NOTHING}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or NOTHING
