"""Amazon SQS as Lambda's event source mapping brings it: batches of a queue, each one an invocation that is waited for.

No journal is in between: the queue is durable itself, repeats what is not deleted, and moves what fails too often to its own
dead-letter queue. Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and semantics/async.md §B.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from router.batches import Batch, Completed, EventCount, Message, QueueSource, Rejected, Settlement
from router.errors import Unmatched
from router.model import BatchConversation, Claim, Conversation, Invoke, Report, Request, Scope, Target, TriggerType
from router.outcome import Outcome, OutcomeKind
from router.triggers._http import LAMBDA_PAYLOAD_LIMIT
from router.triggers._judging import only_route
from router.triggers._queue_source import is_fifo, queue_source
from router.triggers.sqs.answers import BadReport, failed_items
from router.triggers.sqs.event import ENVELOPE, event_of, size_of
from router.triggers.sqs.filters import Filters, check_filters, compile_filters, wanted
from router.triggers.sqs.judging import judge_messages

MAX_FIFO_BATCH = 10
MAX_WINDOW = 300.0
MIN_WINDOW = 1.0
"""Seconds; of a batch that is larger than one receive."""
ONE_RECEIVE = 10

_PASSES = frozenset({OutcomeKind.THROTTLED, OutcomeKind.SERVICE_ERROR, OutcomeKind.TRANSPORT})
"""What a batch waits out: it is tried again until its visibility timeout ends (semantics/async.md §B.3)."""


@dataclass(slots=True, frozen=True)
class EventSource:
    """A compiled `sqs` trigger, an event source mapping. `null_md5`: see `event_of`."""

    target: Target
    source: QueueSource
    filters: Filters
    reports_items: bool
    null_md5: bool


def build(settings: Mapping[str, Any], scope: Scope) -> EventSource:
    """The compiled form."""
    target = scope.target({key: settings[key] for key in ("function", "weights") if settings.get(key) is not None})
    window = settings["batching_window"]
    null_md5 = window >= MIN_WINDOW
    source = queue_source(
        settings,
        scope,
        function_timeout=target.function.timeout,
        function_concurrency=target.function.max_concurrency,
        batch_size=settings["batch_size"],
        batching_window=window,
        max_bytes=LAMBDA_PAYLOAD_LIMIT - ENVELOPE,
        measure=partial(size_of, null_md5=null_md5),
    )
    filters = compile_filters(settings["filters"])
    return EventSource(target, source, filters, settings["report_batch_item_failures"], null_md5)


def claims(settings: Mapping[str, Any]) -> tuple[Claim, ...]:
    """Nothing: a queue is polled."""
    return ()


def check(settings: Mapping[str, Any], report: Report) -> None:
    """What AWS checks when an event source mapping is created (semantics/async.md §B.1)."""
    size, window = settings["batch_size"], settings["batching_window"]
    if is_fifo(settings["queue"]):
        _check_fifo(size, window, report)
    elif window > MAX_WINDOW:
        report(("batching_window",), "bad-window", "the batching window is at most 5m")
    elif size > ONE_RECEIVE and window < MIN_WINDOW:
        message = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        report(("batch_size",), "no-window", message, help="add `batching_window:`, at least 1s")
    check_filters(settings["filters"], report)


def _check_fifo(size: int, window: float, report: Report) -> None:
    if size > MAX_FIFO_BATCH:
        report(("batch_size",), "bad-batch-size", "a batch of a FIFO queue has at most 10 messages")
    if window > 0:
        report(("batching_window",), "fifo-window", "FIFO queues have no batching window", help="remove it", on="key")


def handle(request: Request, mapping: EventSource) -> Conversation:
    """A queue is polled: no request is ever routed here."""
    yield from ()
    raise Unmatched("An sqs trigger takes no requests.")


def handle_batch(batch: Batch, mapping: EventSource) -> BatchConversation:
    """The conversation about one batch."""
    chosen = [message for message in batch.messages if wanted(message, mapping.filters, batch.source_arn)]
    handles = {message.handle for message in chosen}
    unwanted = tuple(Completed(message.handle) for message in batch.messages if message.handle not in handles)
    settlement = Settlement(())
    if chosen:
        payload = event_of(chosen, batch.source_arn, null_md5=mapping.null_md5)
        outcome: Outcome = yield Invoke(mapping.target, payload)
        settlement = _judged(outcome, chosen, mapping.reports_items)
    failed = sum(isinstance(result, Rejected) for result in settlement.results)
    numbers = {
        EventCount.FILTERED_OUT: len(unwanted),
        EventCount.INVOKED: len(chosen),
        EventCount.FAILED_INVOKE: failed,
    }
    settlement.results = (*unwanted, *settlement.results)
    settlement.counts = {what: number for what, number in numbers.items() if number}
    return settlement


def _judged(outcome: Outcome, messages: Sequence[Message], reports_items: bool) -> Settlement:
    """What became of the messages that the function was given (semantics/async.md §B.3, §B.4)."""
    kind = outcome.kind
    if kind is not OutcomeKind.OK:
        detail = outcome.message or outcome.code or kind.value
        counts_as_load = kind in _PASSES or not reports_items
        results = tuple(_rejected(messages, kind.value, detail))
        return Settlement(results, kind.value, detail, again=kind in _PASSES, slow_down=counts_as_load)
    if not reports_items:
        return Settlement(tuple(Completed(message.handle) for message in messages))
    try:
        failed = failed_items(outcome.payload, {message.id for message in messages})
    except BadReport as error:
        return Settlement(tuple(_rejected(messages, "bad_response", str(error))), "bad_response", str(error))
    done = tuple(Completed(message.handle) for message in messages if message.id not in failed)
    reported = [message for message in messages if message.id in failed]
    if not reported:
        return Settlement(done)
    detail = f"the function reports {len(reported)} of {len(messages)} messages as failed"
    return Settlement((*done, *_rejected(reported, "batch_item_failures", detail)), "batch_item_failures", detail)


def _rejected(messages: Sequence[Message], error: str, cause: str) -> Iterator[Rejected]:
    return (Rejected(message.handle, error, cause) for message in messages)


def source(mapping: EventSource) -> QueueSource:
    """The queue that is polled."""
    return mapping.source


TYPE = TriggerType(
    name="sqs",
    invocations=frozenset({"async"}),
    build=build,
    claims=claims,
    handle=handle,
    check=check,
    source=source,
    handle_batch=handle_batch,
    accepts=lambda settings: False,  # the queue itself is durable
    routes=only_route,
    judge=lambda mapping, given: judge_messages(mapping.filters, given),
)
