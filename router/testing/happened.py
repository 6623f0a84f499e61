"""What a simulation saw, as tests look at it: who was reached with what, and the whole of it in a few lines or as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from router.arn import parse_function_arn
from router.batches import Completed, Rejected
from router.config.units import duration_text
from router.functions import DestinationAddress
from router.simulation import Call, DeliveryTrace, LetterTrace, Trace
from router.testing.matching import decoded, shown

_NEAREST = 3


@dataclass(slots=True)
class Reached:
    """One function that got one event. `attempts`: seconds. `follower`: it is the destination of another one's delivery."""

    trigger: str
    route: str
    function: str
    qualifier: str | None
    invocation: str
    payload: bytes
    attempts: list[float]
    outcomes: list[str]
    condition: str | None = None
    detail: str = ""
    letters: list[LetterTrace] = field(default_factory=list)
    follower: bool = False


def reached(trace: Trace) -> list[Reached]:
    """In the order in which they were first called or accepted; repeated attempts are one."""
    waited: dict[tuple[str, str | None, bytes], Reached] = {}
    for call in trace.calls:
        if not call.delivery:
            _add_call(waited, call)
    return [*waited.values(), *map(_delivered, trace.deliveries)]


def _add_call(known: dict[tuple[str, str | None, bytes], Reached], call: Call) -> None:
    key = (call.function, call.qualifier, call.payload)
    if key not in known:
        known[key] = Reached(
            call.trigger, call.route, call.function, call.qualifier, call.invocation, call.payload, attempts=[], outcomes=[]
        )
    known[key].attempts.append(call.at)
    known[key].outcomes.append(call.outcome)


def _delivered(delivery: DeliveryTrace) -> Reached:
    return Reached(
        delivery.trigger,
        delivery.route,
        delivery.function,
        delivery.qualifier,
        "async",
        delivery.payload,
        delivery.attempts,
        delivery.outcomes,
        delivery.condition,
        delivery.detail,
        delivery.letters,
        follower=bool(delivery.parent),
    )


def routes(trace: Trace) -> list[str]:
    """The routes that took the event, each once."""
    matched = [verdict.route for verdict in trace.verdicts if verdict.matched]
    return [*dict.fromkeys([*matched, *(each.route for each in reached(trace) if each.route and not each.follower)])]


def triggers(trace: Trace) -> list[str]:
    """The triggers that took the event: several where they share a claim."""
    own = [trace.trigger.name] if trace.trigger is not None else []
    return [*dict.fromkeys([*own, *(delivery.trigger for delivery in trace.deliveries)])]


def is_unmatched(trace: Trace) -> bool:
    """Whether no route wants it and nobody gets it. What a front door refuses for another reason is not unmatched."""
    error = trace.reply.error if trace.reply is not None else None
    taken = any(verdict.matched for verdict in trace.verdicts) and not _is_filtered(trace)
    return not (trace.calls or trace.deliveries or taken) and (error is None or error.name == "unmatched")


def _is_filtered(trace: Trace) -> bool:
    """Whether a trigger's `filter` kept away what its routes would have taken."""
    return bool(trace.trigger and trace.trigger.wants is not None) and (trace.reply is None or trace.reply.error is None)


def short(arn: str) -> str:
    """A destination as configurations write it: `sqs:name`, `function:name`."""
    function = parse_function_arn(arn)
    if function is not None:
        return f"function:{function.name}" + (f":{function.qualifier}" if function.qualifier else "")
    service = arn.split(":")[2]
    return f"{service}:{DestinationAddress(service, arn).name}"


# --- in a few lines --------------------------------------------------------------------------------------------------


def told(trace: Trace) -> list[str]:
    """What happened, for people."""
    return [*_entrance(trace), *(line for each in reached(trace) for line in _reached(each)), *_end(trace)]


def _entrance(trace: Trace) -> Iterator[str]:
    if trace.trigger is None:
        yield "no trigger claims it"
        for miss in trace.misses[:_NEAREST]:
            yield f"  not {miss.trigger}: {miss.predicate} is {miss.got or 'nothing'}, wanted {miss.wanted}"
        return
    taken = routes(trace)
    named = ", ".join(f"`{route}`" for route in taken if route)
    yield f"trigger {trace.trigger.name} ({trace.trigger.type.name})" + (f", route {named}" if named else "")
    if not taken:
        nearest = sorted(trace.verdicts, key=lambda verdict: -verdict.fitted)[:_NEAREST]
        for verdict in nearest:
            route = f"`{verdict.route}`" if verdict.route else "its only route"
            yield f"  not {route}: {verdict.predicate} is {verdict.got or 'nothing'}, wanted {verdict.wanted}"
    for remark in trace.remarks:
        yield f"  {remark.message}"


def _reached(each: Reached) -> Iterator[str]:
    name = f"{each.function}:{each.qualifier}" if each.qualifier else each.function
    times = ", ".join(f"{span(at)} {outcome}" for at, outcome in zip(each.attempts, each.outcomes, strict=False))
    yield f"{name} ({each.invocation}{f', as {each.route}' if each.follower else ''}): {times or 'not called'}"
    yield f"  payload {shown(decoded(each.payload))}"
    if each.condition is not None and each.condition != "Success":
        yield f"  gave up: {each.condition}" + (f" ({each.detail})" if each.detail else "")
    if each.letters:
        yield f"  told {', '.join(f'{short(letter.address)} ({letter.destination})' for letter in each.letters)}"


def _end(trace: Trace) -> Iterator[str]:
    if trace.reply is not None:
        body = trace.reply.body if isinstance(trace.reply.body, bytes) else b""
        error = f" ({trace.reply.error.name}: {trace.reply.error.detail})" if trace.reply.error is not None else ""
        yield f"answered {trace.reply.status}{error} {shown(decoded(body))}"
    if trace.settlement is not None and trace.settlement.results:
        done = [result.handle for result in trace.settlement.results if isinstance(result, Completed)]
        kept = [f"{result.handle} ({result.error})" for result in trace.settlement.results if isinstance(result, Rejected)]
        yield f"done: {', '.join(done) or 'nothing'}; kept: {', '.join(kept) or 'nothing'}"


def span(seconds: float) -> str:
    """`0s`, `60s`, `1.5s`: seconds as attempts are written."""
    return "0s" if seconds == 0 else f"{seconds:.12g}s" if seconds >= 1 else duration_text(seconds)


# --- as JSON ---------------------------------------------------------------------------------------------------------


def document(trace: Trace) -> dict[str, Any]:
    """Everything that tests may look at, as a snapshot keeps it."""
    reply, settlement = trace.reply, trace.settlement
    return {
        "triggers": triggers(trace),
        "routes": routes(trace),
        "reached": [_reached_document(each) for each in reached(trace)],
        "response": None
        if reply is None
        else {
            "status": reply.status,
            "headers": [[name, value] for name, value in reply.headers],
            "body": decoded(reply.body) if isinstance(reply.body, bytes) and reply.body else None,
        },
        "settlement": None
        if settlement is None
        else [
            {"message": result.handle, "output": decoded(result.output.encode())}
            if isinstance(result, Completed)
            else {"message": result.handle, "error": result.error, "cause": result.cause}
            for result in settlement.results
        ],
        "origin": [{"url": each.origin, "method": each.method, "target": each.target} for each in trace.forwards],
    }


def _reached_document(each: Reached) -> dict[str, Any]:
    return {
        "trigger": each.trigger,
        "route": each.route,
        "function": each.function,
        "qualifier": each.qualifier,
        "invocation": each.invocation,
        "payload": decoded(each.payload),
        "attempts": [f"{span(at)} {outcome}" for at, outcome in zip(each.attempts, each.outcomes, strict=False)],
        "condition": each.condition,
        "destinations": [short(letter.address) for letter in each.letters],
    }
