"""Performs the steps that a conversation asks for: the only place where a trigger meets the world.

A step's result is sent back into the generator; a `RequestError` is thrown into it, because the trigger knows its front door's
own error bodies. Anything else that a trigger raises is a fault of ours: logged, answered as such, kept from the door.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from itertools import compress
from typing import Any

from router.batches import Rejected, Settlement
from router.deliveries import Receipt
from router.errors import BodyTooLarge, FetchFailed, RequestError, Unavailable
from router.exchange import BatchExchange, Exchange, answer_to, log_failure, log_fault
from router.model import (
    Accept,
    Fetch,
    Forward,
    Glimpse,
    Invocation,
    Invoke,
    OriginRequest,
    OriginResponse,
    PeekBody,
    ReadBody,
    Remark,
    Reply,
    Request,
    Resolve,
    Step,
    Trigger,
)
from router.outcome import Outcome, OutcomeKind, transport
from router.ports import Acceptor, Clock, Fetcher, Forwarder, Invoker, Metrics
from router.streams import Passage, read_head, read_on

log = logging.getLogger("router.driver")

_OWN_FAULT = ("Router.Internal", "The router failed; its log says why.")


class Driver:
    """Runs conversations. `draw()` gives uniform floats in [0, 1), for weights between qualifiers.

    `batch_settled`: is told what came of each batch, for who watches.
    """

    def __init__(
        self,
        invoker: Invoker,
        clock: Clock,
        draw: Callable[[], float],
        metrics: Metrics,
        forwarder: Forwarder | None = None,
        *,
        fetcher: Fetcher | None = None,
        acceptor: Acceptor | None = None,
        batch_settled: "Callable[[BatchExchange, Settlement], None] | None" = None,
    ) -> None:
        self._invoker = invoker
        self._batch_settled = batch_settled
        self._acceptor = acceptor
        self._forwarder = forwarder
        self._fetcher = fetcher
        self._clock = clock
        self._draw = draw
        self._metrics = metrics
        self._perform: dict[type[Step], Callable[[Exchange, Step], Awaitable[object]]] = {
            ReadBody: self._read_body,
            Invoke: self._invoke,
            PeekBody: self._peek_body,
            Resolve: self._resolve,
            Forward: self._forward,
            Fetch: self._fetch,
            Remark: self._remark,
            Accept: self._accept,
        }
        self._perform_in_batch: dict[type[Step], Callable[[BatchExchange, Step], Awaitable[object]]] = {
            Invoke: self._invoke,
            Fetch: self._fetch,
            Remark: self._remark,
            Accept: self._accept,
        }

    async def run(self, exchange: Exchange) -> Reply:
        """The reply to the exchange's request. Raises nothing but `asyncio.CancelledError`."""
        trigger = exchange.trigger
        reply: Reply | None = None
        failure: BaseException | None = None
        try:
            reply = await _converse(trigger.type.handle(exchange.request, trigger.built), self._perform, exchange)
        except BaseException as error:
            failure = error
        for stream in exchange.streams:
            if reply is None or (stream is not reply.body and stream is not reply.source):
                await stream.aclose()
        if reply is None:
            assert failure is not None
            return answer_to(failure, exchange)
        log_fault(exchange, reply)
        return reply

    async def run_batch(self, exchange: BatchExchange) -> Settlement:
        """What the source is to be told. Raises nothing but `asyncio.CancelledError`."""
        settlement = await self._settle(exchange)
        if self._batch_settled is not None:
            self._batch_settled(exchange, settlement)
        return settlement

    async def _settle(self, exchange: BatchExchange) -> Settlement:
        trigger, batch = exchange.trigger, exchange.request
        assert trigger.type.handle_batch is not None
        try:
            settlement: Settlement = await _converse(
                trigger.type.handle_batch(batch, trigger.built), self._perform_in_batch, exchange
            )
            return settlement
        except RequestError as error:
            rejected = tuple(Rejected(message.handle, *_OWN_FAULT) for message in batch.messages)
            return Settlement(rejected, error.name, str(error), again=isinstance(error, Unavailable))
        except Exception as error:
            log.exception("A trigger failed.", extra={"trigger": trigger.name, "request_id": batch.id})
            rejected = tuple(Rejected(message.handle, *_OWN_FAULT) for message in batch.messages)
            return Settlement(rejected, "internal", type(error).__name__)

    async def ask(self, trigger: Trigger, request: Request, step: Invoke) -> Outcome:
        """Invoke outside a conversation, for a question of the router's own; counted and logged as every other invocation.

        `request` gives ids only. Raises nothing but `asyncio.CancelledError`.
        """
        return await self._invoke(Exchange(trigger, request, _no_body), step)

    async def _read_body(self, exchange: Exchange, step: Step) -> bytes:
        assert isinstance(step, ReadBody)
        body = exchange.request.body
        if body is None:
            body = exchange.request.body = await exchange.read_body(step.limit)
        elif len(body) > step.limit:
            raise BodyTooLarge(step.limit)
        return body

    async def _invoke(self, exchange: Exchange | BatchExchange, step: Step) -> Outcome:
        assert isinstance(step, Invoke)
        target = step.target
        function = target.function
        request = exchange.request
        invocation = Invocation(
            function,
            target.drawn(self._draw),
            step.payload,
            step.id or request.id,
            request.trace_id,
            step.type,
            step.timeout,
            step.client_context,
            step.log_tail,
            step.tenant_id,
            trigger=exchange.trigger.name,
            stream=step.stream,
            is_json=step.is_json,
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

        def finished() -> None:
            outcome.function_seconds = self._clock.monotonic() - started
            self._metrics.invocation_finished(exchange.trigger.name, function.name, outcome)
            if outcome.kind is not OutcomeKind.OK:
                log_failure(exchange, invocation, outcome)

        if outcome.stream is None:
            finished()
        else:
            assert isinstance(exchange, Exchange), "nobody passes the stream of a batch on"
            left = None if step.timeout is None else step.timeout - outcome.function_seconds
            passage = Passage(outcome, outcome.stream, left, step.idle, finished)
            exchange.streams.append(passage)
            if step.http:
                await read_head(outcome, passage)
        return outcome

    async def _peek_body(self, exchange: Exchange, step: Step) -> Glimpse:
        assert isinstance(step, PeekBody)
        if exchange.request.body is not None:
            body = exchange.request.body
        else:
            assert exchange.read_piece is not None
            size = sum(map(len, exchange.peeked))
            while size <= step.limit and (piece := await exchange.read_piece()):
                exchange.peeked.append(piece)
                size += len(piece)
            body = b"".join(exchange.peeked)
        return Glimpse(body[: step.limit], len(body) > step.limit)

    async def _resolve(self, exchange: Exchange, step: Step) -> None:
        assert isinstance(step, Resolve)
        assert self._forwarder is not None
        await self._forwarder.resolve(step.origin)

    async def _fetch(self, exchange: Exchange | BatchExchange, step: Step) -> bytes:
        assert isinstance(step, Fetch)
        if self._fetcher is None:
            raise FetchFailed("nothing is fetched here")
        return await self._fetcher.fetch(step)

    async def _remark(self, exchange: Exchange | BatchExchange, step: Step) -> None:
        assert isinstance(step, Remark)
        exchange.remarks.append(step)
        self._metrics.remarked(exchange.trigger.name, step.name)
        log.info(step.message, extra={"trigger": exchange.trigger.name, "request_id": exchange.request.id, **step.fields})

    async def _forward(self, exchange: Exchange, step: Step) -> OriginResponse:
        assert isinstance(step, Forward)
        assert self._forwarder is not None
        body, length = _outgoing_body(exchange) if step.body is None else (step.body, len(step.body))
        started = self._clock.monotonic()
        try:
            response = await self._forwarder.forward(
                OriginRequest(step.origin, step.method, step.target, step.headers, body, length)
            )
        finally:
            exchange.waited += self._clock.monotonic() - started
        exchange.streams.append(response.body)
        return response

    async def _accept(self, exchange: Exchange | BatchExchange, step: Step) -> list[Receipt]:
        assert isinstance(step, Accept)
        assert self._acceptor is not None
        trigger, acceptances = exchange.trigger, step.acceptances
        if trigger.wants is None:
            return await self._acceptor.accept(trigger, exchange.request, acceptances)
        wanted = [acceptance.failed is not None or trigger.wants(acceptance.payload) for acceptance in acceptances]
        receipts = iter(await self._acceptor.accept(trigger, exchange.request, tuple(compress(acceptances, wanted))))
        for _ in range(wanted.count(False)):
            self._metrics.remarked(trigger.name, "filtered")
        return [next(receipts) if kept else Receipt("") for kept in wanted]


def _outgoing_body(exchange: Exchange) -> tuple[bytes | AsyncIterator[bytes] | None, int | None]:
    """The caller's own body with what it announced as its length; what was read ahead goes first."""
    whole = exchange.request.body
    if whole is not None:
        return (whole or None), len(whole)
    announced = exchange.request.header("content-length")
    assert exchange.read_piece is not None
    return read_on(exchange.peeked, exchange.read_piece), int(announced) if announced is not None else None


async def _converse(
    conversation: Generator[Step, Any, Any],
    perform: Mapping[type[Step], Callable[[Any, Step], Awaitable[object]]],
    exchange: object,
) -> Any:
    """Play the world's side of a conversation to its end; what it returns."""
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
        return stop.value
    except BaseException:
        conversation.close()
        raise


async def _no_body(limit: int) -> bytes:
    return b""
