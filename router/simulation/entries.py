"""How each kind of envelope comes in: as the HTTP door, the queue poller, the activity worker or the scheduler takes it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from router import routing
from router.batches import ActivitySource, Batch, Completed, Message, QueueFacts, QueueSource, Rejected, Settlement
from router.driver import Driver
from router.envelopes import HttpEnvelope, QueueEnvelope, TaskEnvelope, TickEnvelope
from router.errors import RequestError, RouterError, SourceError
from router.exchange import BatchExchange, Exchange, plain_error
from router.fake_queue import FakeQueue, Kept
from router.fakes import FakeMetrics
from router.ingress.body import BodyReader
from router.ingress.incoming import Incoming, IncomingBody
from router.ingress.queue_hold import Hold
from router.ingress.queue_lanes import Lanes
from router.ingress.queue_poller import DEFAULT_VISIBILITY
from router.ingress.queue_work import Work
from router.ingress.request import RequestReader
from router.model import Remark, Reply, Request, RouteVerdict, Trigger
from router.settings import Aws, Config, Listener, Tls
from router.simulation.clock import VirtualClock
from router.simulation.traces import Trace

TASK_TOKEN = "simulated-task-token"
_PORTS = {"http": 80, "https": 443}
_FRAMING = frozenset({"content-length", "transfer-encoding", "expect"})
"""Headers that say how a body is sent; here it is not sent."""


class SimulationError(RouterError):
    """The envelope cannot come in: there is no such trigger, listener or schedule, or the trigger takes something else."""


class Batches:
    """What came of batches. `settlements`: one each; `remarks`: what the conversations about them said."""

    def __init__(self) -> None:
        self.settlements: list[Settlement] = []
        self.remarks: list[Remark] = []

    def settled(self, exchange: BatchExchange, settlement: Settlement) -> None:
        """For the driver."""
        self.settlements.append(settlement)
        self.remarks += exchange.remarks


@dataclass(slots=True)
class Entrance:
    """What envelopes come in through. `tables`: of requests, by listener name. `batches`: what came of each.

    `why_not`: whether all misses are wanted.
    """

    config: Config
    tables: Mapping[str, routing.Table]
    driver: Driver
    batches: "Batches"
    clock: VirtualClock
    new_id: Callable[[], str]
    new_trace: Callable[[float], str]
    why_not: bool = True
    metrics: FakeMetrics = field(default_factory=FakeMetrics)

    def trigger(self, name: str | None) -> Trigger:
        """The trigger of that name. Raises SimulationError."""
        for trigger in self.config.triggers:
            if trigger.name == name:
                return trigger
        raise SimulationError(f"there is no trigger `{name}`" if name else "the envelope does not say which trigger it is for")


def judged(trigger: Trigger, given: Request | Batch) -> list[RouteVerdict]:
    """What each route of the trigger says of it; empty where the type has no routes."""
    return [*trigger.type.judge(trigger.built, given)] if trigger.type.judge is not None else []


# --- requests --------------------------------------------------------------------------------------------------------


async def request(entrance: Entrance, envelope: HttpEnvelope, addressed: str | None) -> Trace:
    """A request at the listener that it names, else at its trigger's, else at the first that has a trigger for it."""
    misses: list[routing.Miss] = []
    for listener in _listeners(entrance, envelope, addressed):
        table = entrance.tables.get(listener.name, routing.Table.empty())
        incoming = _incoming(envelope, listener)
        made = _request(incoming, envelope, listener, entrance)
        misses += table.explain(made) if entrance.why_not else table.explain_sharing(made)
        trigger = table.match(made)
        if trigger is not None:
            body = BodyReader(incoming, listener.max_body, lambda: None)
            exchange = Exchange(trigger, made, body.read, body.piece)
            reply = await _whole(await entrance.driver.run(exchange))
            read = replace(made, body=envelope.body)
            return Trace(trigger, misses, reply, verdicts=judged(trigger, read), remarks=exchange.remarks, request=read)
    return Trace(None, misses, plain_error(404, "unmatched", "No trigger claims this request."))


def _listeners(entrance: Entrance, envelope: HttpEnvelope, addressed: str | None) -> list[Listener]:
    listeners = entrance.config.listeners
    name = envelope.listener
    if name is None and addressed is not None:
        name = entrance.trigger(addressed).listener
    if name is None:
        return [*listeners.values()]
    if name not in listeners:
        raise SimulationError(f"there is no listener `{name}`")
    return [listeners[name]]


@dataclass(slots=True)
class _Caller:
    peer: str
    local_port: int
    tls: Any = None


def _incoming(envelope: HttpEnvelope, listener: Listener) -> Incoming:
    """What the parser would make of the bytes."""
    headers = [(name, value) for name, value in envelope.headers if name.lower() not in _FRAMING]
    if all(name.lower() != "host" for name, _ in headers):
        headers.insert(0, ("Host", "localhost" if listener.address.unix else str(listener.address)))
    if envelope.body:
        headers.append(("Content-Length", str(len(envelope.body))))
    raw = [(name.encode("utf-8", "replace"), value.encode("utf-8", "replace")) for name, value in headers]
    content = IncomingBody(lambda hold: None)
    content.feed(envelope.body)
    content.finish()
    return Incoming(envelope.method, envelope.target.encode("utf-8", "replace"), "1.1", raw, content, keep_alive=True)


def _request(incoming: Incoming, envelope: HttpEnvelope, listener: Listener, entrance: Entrance) -> Request:
    """As the door reads it, but over the scheme that the envelope says, and with ids that are the same every time."""
    tls = Tls("", "") if envelope.scheme == "https" else None
    caller = _Caller(envelope.client_ip, _port(incoming, envelope.scheme))
    made = RequestReader(replace(listener, tls=tls)).read(incoming, caller, entrance.clock.now())
    made.id = entrance.new_id()
    if made.trace_id != made.header("x-amzn-trace-id"):
        made.trace_id = entrance.new_trace(made.received_at)
    return made


async def _whole(reply: Reply) -> Reply:
    """The reply with its body read; one that breaks off ends where it does, and the caller sees a connection that was cut."""
    if isinstance(reply.body, bytes):
        return reply
    pieces: list[bytes] = []
    try:
        async for piece in reply.body:
            pieces.append(piece)
    except RequestError as error:
        reply = replace(reply, reason=f"broke off: {error}")
    finally:
        assert not isinstance(reply.body, bytes)
        await reply.body.aclose()
    return replace(reply, body=b"".join(pieces))


def _port(incoming: Incoming, scheme: str) -> int:
    """Where the sender connects to: as its Host header says, else the usual port."""
    host = next((value for name, value in incoming.headers if name.lower() == b"host"), b"").rpartition(b":")[2]
    return int(host) if host.isdigit() and len(host) < 6 else _PORTS.get(scheme, 80)


# --- queues ----------------------------------------------------------------------------------------------------------


async def messages(entrance: Entrance, envelope: QueueEnvelope, addressed: str | None) -> Trace:
    """Messages that the poller of the trigger received, in batches as its settings say; the settlement names their ids."""
    trigger = entrance.trigger(addressed)
    source = _source(trigger)
    if not isinstance(source, QueueSource):
        raise SimulationError(f"the trigger `{trigger.name}` polls no queue")
    arn = envelope.queue_arn or _queue_arn(source, entrance.config.aws)
    facts = QueueFacts(arn, DEFAULT_VISIBILITY, arn.endswith(".fifo"))
    kept = [
        Kept(each.id or f"message-{number}", each.body, each.group, each.attributes)
        for number, each in enumerate(envelope.messages, 1)
    ]
    queue = FakeQueue(entrance.clock, _for_ever, DEFAULT_VISIBILITY, facts.fifo, kept=kept)
    work = Work(trigger, entrance.driver, entrance.metrics, entrance.clock, Lanes(), entrance.new_id, _passing(entrance.clock))
    received = await queue.receive(len(kept), 0.0, None)
    start, waiting, blocked = entrance.clock.now(), received, set[str]()
    while waiting:
        hold = Hold(queue, arn, source, lambda: DEFAULT_VISIBILITY, _for_ever, _no_failure)
        hold.add(waiting[: source.batch_size])
        taken = hold.fitting()
        waiting = waiting[len(taken) :]
        batch = [message for message in taken if message.group not in blocked]
        if batch:
            await work.run(batch, hold, facts, entrance.clock.monotonic() + DEFAULT_VISIBILITY)
        hold.close()
        if facts.fifo:
            blocked |= _blocked(queue, batch)
        else:
            entrance.clock.set(start)
    everything = Batch(tuple(received), entrance.new_id(), entrance.new_trace(start), start, arn)
    return _settled(entrance, trigger, everything, {message.handle: message.id for message in received})


def _blocked(queue: FakeQueue, batch: Sequence[Message]) -> set[str]:
    """The groups of which messages were left: what comes after them has to wait."""
    left = {kept.handle for kept in queue.kept}
    return {message.group for message in batch if message.handle in left and message.group is not None}


def _queue_arn(source: QueueSource, aws: Aws) -> str:
    if source.queue.startswith("arn:"):
        return source.queue
    return f"arn:aws:sqs:{source.region}:{aws.account_id}:{source.queue.rpartition('/')[2]}"


async def _for_ever(seconds: float) -> None:
    """Heartbeats wait with it, and are not needed where no time passes by itself."""
    await asyncio.Event().wait()


def _no_failure(operation: str, error: SourceError) -> None:
    return None


def _passing(clock: VirtualClock) -> Callable[[float], Awaitable[bool]]:
    async def wait_out(seconds: float) -> bool:
        clock.advance(seconds)
        return True

    return wait_out


# --- tasks and planned times -----------------------------------------------------------------------------------------


async def task(entrance: Entrance, envelope: TaskEnvelope, addressed: str | None) -> Trace:
    """A task that the worker of the trigger's activity got."""
    trigger = entrance.trigger(addressed)
    if not isinstance(_source(trigger), ActivitySource):
        raise SimulationError(f"the trigger `{trigger.name}` is no worker of an activity")
    return await _batch(entrance, trigger, Message(TASK_TOKEN, envelope.input))


async def tick(entrance: Entrance, envelope: TickEnvelope, addressed: str | None) -> Trace:
    """A planned time that has come: the clock is set to it. At a time that is not planned nothing happens."""
    trigger = entrance.trigger(addressed)
    timetable = trigger.type.timetable(trigger.built) if trigger.type.timetable is not None else ()
    planned = next((each for each in timetable if each.name == envelope.schedule), None)
    if planned is None:
        raise SimulationError(f"the trigger `{trigger.name}` has no schedule `{envelope.schedule}`")
    after = entrance.clock.now() if envelope.at is None else envelope.at - 1
    due = planned.plan.next_after(after, planned.zone)
    if due is None or (envelope.at is not None and due != envelope.at):
        text = "it is never due again" if due is None else f"it is due next at {_text(due)}"
        return Trace(trigger, remarks=[Remark("not_due", f"The schedule `{envelope.schedule}` is not due: {text}.")])
    entrance.clock.set(due)
    return await _batch(entrance, trigger, Message(_text(due), _text(due), group=planned.name))


async def _batch(entrance: Entrance, trigger: Trigger, message: Message) -> Trace:
    now = entrance.clock.now()
    batch = Batch((message,), entrance.new_id(), entrance.new_trace(now), now)
    await entrance.driver.run_batch(BatchExchange(trigger, batch))
    return _settled(entrance, trigger, batch)


def _settled(entrance: Entrance, trigger: Trigger, batch: Batch, names: Mapping[str, str] | None = None) -> Trace:
    """One settlement of all batches: the last word about each message. `names`: what stands for which handle."""
    batches = entrance.batches
    results = {result.handle: result for settlement in batches.settlements for result in _results(settlement)}
    error = next((settlement for settlement in reversed(batches.settlements) if settlement.error is not None), Settlement(()))
    ids = tuple((names or {}).get(message.handle, message.handle) for message in batch.messages)
    told = tuple(replace(result, handle=(names or {}).get(handle, handle)) for handle, result in results.items())
    settlement = Settlement(told, error.error, error.detail)
    verdicts = judged(trigger, batch)
    return Trace(trigger, settlement=settlement, messages=ids, verdicts=verdicts, remarks=[*batches.remarks])


def _results(settlement: Settlement) -> list[Completed | Rejected]:
    """A message that was rejected as well as completed is kept."""
    return sorted(settlement.results, key=lambda result: isinstance(result, Rejected))


def _source(trigger: Trigger) -> ActivitySource | QueueSource | None:
    return trigger.type.source(trigger.built) if trigger.type.source is not None else None


def _text(moment: float) -> str:
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
