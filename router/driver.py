"""Performs the steps that a conversation asks for: the only place where a trigger meets the world.

A step's result is sent back into the generator; a `RequestError` is thrown into it, because the trigger knows its front door's
own error bodies. Anything else that a trigger raises is a fault of ours: logged, answered as such, kept from the door.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from router import jsontext
from router.errors import Invoked, RequestError
from router.model import Conversation, ErrorNote, Invocation, Invoke, ReadBody, Reply, Request, Step, Target, Trigger
from router.outcome import Outcome, OutcomeKind, transport
from router.ports import Clock, Invoker, Metrics

log = logging.getLogger("router.driver")

ReadBodyFrom = Callable[[int], Awaitable[bytes]]
"""Reads the request's body up to a limit in bytes; raises `BodyTooLarge` and `BodyIncomplete`."""


@dataclass(slots=True)
class Exchange:
    """One running conversation: what its steps may touch, and what was seen on the way."""

    trigger: Trigger
    request: Request
    read_body: ReadBodyFrom
    waited: float = 0.0
    """Seconds spent waiting for functions."""
    outcomes: list[Outcome] = field(default_factory=list)


class Driver:
    """Runs conversations. `draw()` gives uniform floats in [0, 1), for weights between qualifiers."""

    def __init__(self, invoker: Invoker, clock: Clock, draw: Callable[[], float], metrics: Metrics) -> None:
        self._invoker = invoker
        self._clock = clock
        self._draw = draw
        self._metrics = metrics
        self._perform: dict[type[Step], Callable[[Exchange, Step], Awaitable[object]]] = {
            ReadBody: self._read_body,
            Invoke: self._invoke,
        }

    async def run(self, exchange: Exchange) -> Reply:
        """The reply to the exchange's request. Raises nothing but `asyncio.CancelledError`."""
        trigger = exchange.trigger
        try:
            return await self._converse(trigger.type.handle(exchange.request, trigger.built), exchange)
        except RequestError as error:
            return plain_error(_STATUS.get(error.name, 500), error.name, str(error), error.invoked, error.retry_after)
        except Exception:
            log.exception("A trigger failed.", extra={"trigger": trigger.name, "request_id": exchange.request.id})
            invoked = exchange.outcomes[-1].invoked if exchange.outcomes else Invoked.NO
            return plain_error(500, "internal", "The router failed; its log says why.", invoked)

    async def _converse(self, conversation: Conversation, exchange: Exchange) -> Reply:
        perform = self._perform
        try:
            step = next(conversation)
            while True:
                try:
                    result = await perform[type(step)](exchange, step)
                except RequestError as error:
                    step = conversation.throw(error)
                else:
                    step = conversation.send(result)
        except StopIteration as stop:
            reply: Reply = stop.value
            return reply
        finally:
            conversation.close()

    async def _read_body(self, exchange: Exchange, step: Step) -> bytes:
        assert isinstance(step, ReadBody)
        body = await exchange.read_body(step.limit)
        exchange.request.body = body
        return body

    async def _invoke(self, exchange: Exchange, step: Step) -> Outcome:
        assert isinstance(step, Invoke)
        target = step.target
        function = target.function
        request = exchange.request
        invocation = Invocation(
            function,
            self._qualifier(target),
            step.payload,
            step.id or request.id,
            request.trace_id,
            step.type,
            step.timeout,
            step.client_context,
            step.log_tail,
            step.tenant_id,
        )
        started = self._clock.monotonic()
        try:
            outcome = await self._invoker.invoke(invocation)
        except Exception as error:
            log.exception("A backend failed.", extra={"function": function.name, "request_id": request.id})
            outcome = transport(f"the backend failed: {type(error).__name__}", sent=True)
        outcome.function_seconds = self._clock.monotonic() - started
        exchange.waited += outcome.function_seconds
        exchange.outcomes.append(outcome)
        self._metrics.invocation_finished(exchange.trigger.name, function.name, outcome)
        if outcome.kind is not OutcomeKind.OK:
            _log_failure(exchange, invocation, outcome)
        return outcome

    def _qualifier(self, target: Target) -> str | None:
        if not target.weights:
            return target.qualifier or target.function.qualifier
        point = self._draw() * sum(weight for _, weight in target.weights)
        for qualifier, weight in target.weights:
            point -= weight
            if point < 0:
                return qualifier
        return target.weights[-1][0]


_STATUS = {"request_too_large": 413, "incomplete_request": 400, "unmatched": 404, "bad_request": 400, "unavailable": 503}


def plain_error(status: int, name: str, message: str, invoked: Invoked = Invoked.NO, retry_after: int | None = None) -> Reply:
    """An answer of the router's own, outside every front door: JSON `{"message": …}`."""
    body = jsontext.dumps({"message": message})
    return Reply(status, [("Content-Type", "application/json")], body, ErrorNote(name, invoked, retry_after, message))


def _log_failure(exchange: Exchange, invocation: Invocation, outcome: Outcome) -> None:
    """One line for every attempt that did not succeed; the function's payload stays out of it."""
    log.warning(
        "An invocation failed.",
        extra={
            "trigger": exchange.trigger.name,
            "function": invocation.function.name,
            "outcome": outcome.kind.value,
            "request_id": exchange.request.id,
            "trace_id": exchange.request.trace_id,
            "lambda_request_id": outcome.request_id or None,
            "status": outcome.status or None,
            "code": outcome.code,
            "detail": outcome.message,
            "seconds": round(outcome.function_seconds, 6),
        },
    )
