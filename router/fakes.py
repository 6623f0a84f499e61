"""Fakes of the ports, for tests and for commands that run triggers without a world."""

import fnmatch
import posixpath
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

from router.batches import Batch, EventCount, Message
from router.deliveries import Acceptance, Condition, Fate, Receipt
from router.errors import FetchFailed, Invoked, RequestError, SourceError
from router.model import (
    Claim,
    Conversation,
    Fetch,
    Headers,
    Invocation,
    Origin,
    OriginRequest,
    OriginResponse,
    Place,
    Reply,
    Request,
    SiteClaim,
    Step,
    Trigger,
    TriggerType,
)
from router.outcome import Outcome, OutcomeKind


class FakeClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._monotonic = 0.0

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both times forward."""
        self._now += seconds
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back; monotonic time does not see it."""
        self._now += seconds


class FakeInvoker:
    """Answers from a table of function name to outcome (or function of the invocation), and remembers what it was asked."""

    def __init__(self, answers: Mapping[str, Outcome | Callable[[Invocation], Outcome]] | None = None) -> None:
        self.answers = dict(answers or {})
        self.invocations: list[Invocation] = []
        self.closed = False

    async def invoke(self, invocation: Invocation) -> Outcome:
        self.invocations.append(invocation)
        answer = self.answers.get(invocation.function.name, succeeded(b"null"))
        return answer if isinstance(answer, Outcome) else answer(invocation)

    async def close(self) -> None:
        self.closed = True


def succeeded(payload: bytes, request_id: str = "00000000-0000-4000-8000-000000000000") -> Outcome:
    """The outcome of a function that returned `payload`."""
    return Outcome(OutcomeKind.OK, payload, 200, request_id, executed_version="$LATEST", invoked=Invoked.YES)


def streaming(*pieces: bytes | Exception, content_type: str | None = None, log_tail: str | None = None) -> Outcome:
    """The outcome of a function whose answer has begun, and comes in these pieces."""
    outcome = succeeded(b"")
    outcome.content_type, outcome.stream = content_type, FakeStream(*pieces, log_tail=log_tail)
    return outcome


class FakeStream:
    """A body in pieces; an exception among them is raised in its place. `closed` counts the calls of `aclose`."""

    def __init__(self, *pieces: bytes | Exception, log_tail: str | None = None) -> None:
        self.pieces = pieces
        self.closed = 0
        self.log_tail = log_tail

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def aclose(self) -> None:
        self.closed += 1


class FakeForwarder:
    """An origin that answers every request with `answer`, and remembers the requests with their bodies."""

    def __init__(self, answer: OriginResponse | RequestError) -> None:
        self.answer = answer
        self.requests: list[tuple[OriginRequest, bytes | None]] = []
        self.resolved: list[Origin] = []

    async def resolve(self, origin: Origin) -> None:
        self.resolved.append(origin)

    async def forward(self, request: OriginRequest) -> OriginResponse:
        body = request.body
        read = body if body is None or isinstance(body, bytes) else b"".join([piece async for piece in body])
        self.requests.append((request, read))
        if isinstance(self.answer, RequestError):
            raise self.answer
        return self.answer

    async def close(self) -> None:
        self.requests.clear()


class FakeFetcher:
    """Answers from a table of URL to body or error; what it does not know fails. Remembers what it was asked."""

    def __init__(self, answers: Mapping[str, bytes | FetchFailed] | None = None) -> None:
        self.answers = dict(answers or {})
        self.fetched: list[Fetch] = []

    async def fetch(self, step: Fetch) -> bytes:
        self.fetched.append(step)
        answer = self.answers.get(step.url, FetchFailed(f"{step.url} answered 404"))
        if isinstance(answer, FetchFailed):
            raise answer
        return answer

    async def close(self) -> None:
        self.fetched.clear()


class FakeActivities:
    """An activity that hands out `tasks` in order and remembers what it was told. An exception among the tasks is raised.

    When nothing is left it hands out what `idle` gives. `failures` by operation (`succeed`, `fail`, `heartbeat`): raised in
    order, one per call; after the last one calls succeed. `on_call(name)` runs with every call.
    """

    def __init__(
        self,
        *tasks: Message | SourceError | None,
        idle: Callable[[], Awaitable[Message | None]],
        failures: Mapping[str, Sequence[SourceError]] | None = None,
        on_call: Callable[[str], None] = lambda name: None,
    ) -> None:
        self.tasks = [*tasks]
        self.failures = {name: [*errors] for name, errors in (failures or {}).items()}
        self.idle = idle
        self.on_call = on_call
        self.told: list[tuple[str, ...]] = []
        self.polls = 0
        self.closed = False

    async def get_task(self) -> Message | None:
        self.polls += 1
        if not self.tasks:
            return await self.idle()
        task = self.tasks.pop(0)
        if isinstance(task, SourceError):
            raise task
        return task

    async def succeed(self, token: str, output: str) -> None:
        self._call("succeed", token, output)

    async def fail(self, token: str, error: str, cause: str) -> None:
        self._call("fail", token, error, cause)

    async def heartbeat(self, token: str) -> None:
        self._call("heartbeat", token)

    async def close(self) -> None:
        self.closed = True

    def _call(self, name: str, *arguments: str) -> None:
        self.told.append((name, *arguments))
        self.on_call(name)
        if self.failures.get(name):
            raise self.failures[name].pop(0)


class FakeAcceptor:
    """Accepts everything: the nth event becomes the delivery `delivery-n`. A known deduplication id is answered as before.

    `error`: raised instead. `accepted`: what was accepted, with the trigger's name.
    """

    def __init__(self, error: RequestError | None = None) -> None:
        self.error = error
        self.accepted: list[tuple[str, Acceptance]] = []
        self._known: dict[tuple[str, str, str], str] = {}

    async def accept(self, trigger: Trigger, request: Request | Batch, acceptances: Sequence[Acceptance]) -> list[Receipt]:
        if self.error is not None:
            raise self.error
        return [self.receipt(trigger.name, acceptance) for acceptance in acceptances]

    def receipt(self, trigger: str, acceptance: Acceptance) -> Receipt:
        """Accept one event."""
        key = (trigger, acceptance.route, acceptance.deduplication_id or "")
        if key in self._known:
            return Receipt(self._known[key], duplicate=True)
        self.accepted.append((trigger, acceptance))
        receipt = Receipt(f"delivery-{len(self.accepted)}")
        if acceptance.deduplication_id is not None:
            self._known[key] = receipt.delivery_id
        return receipt


class FakeDeliveryMetrics:
    """Remembers what was counted, in order: `(name, trigger, function, …)`."""

    def __init__(self) -> None:
        self.counted: list[tuple[object, ...]] = []

    def event_accepted(self, trigger: str, function: str) -> None:
        self.counted.append(("accepted", trigger, function))

    def attempt_started(self, trigger: str, function: str, age: float) -> None:
        self.counted.append(("attempt", trigger, function, age))

    def event_dropped(self, trigger: str, function: str, condition: Condition) -> None:
        self.counted.append(("dropped", trigger, function, condition))

    def send_failed(self, trigger: str, function: str, destination: str) -> None:
        self.counted.append(("send_failed", trigger, function, destination))

    def event_settled(self, trigger: str, function: str, fate: Fate) -> None:
        self.counted.append(("settled", trigger, function, fate))


class FakeMetrics:
    """Remembers what was counted."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, str, str | None]] = []
        self.source_failures: list[tuple[str, str, str]] = []
        self.events: Counter[EventCount] = Counter()
        self.started: list[str] = []
        self.finished: list[tuple[str, int]] = []
        self.invocations: list[tuple[str, str, OutcomeKind]] = []
        self.unmatched_on: list[str] = []
        self.remarks: list[tuple[str, str]] = []
        self.health: list[tuple[str, str, bool]] = []

    def request_started(self, trigger: str) -> None:
        self.started.append(trigger)

    def request_finished(self, trigger: Trigger, request: Request, reply: Reply, seconds: float, waited: float) -> None:
        self.finished.append((trigger.name, reply.status))

    def invocation_finished(self, trigger: str, function: str, outcome: Outcome) -> None:
        self.invocations.append((trigger, function, outcome.kind))

    def remarked(self, trigger: str, name: str) -> None:
        self.remarks.append((trigger, name))

    def unmatched(self, listener: str) -> None:
        self.unmatched_on.append(listener)

    def batch_started(self, trigger: str) -> None:
        self.started.append(trigger)

    def batch_finished(self, trigger: Trigger, status: str, error: str | None, seconds: float, waited: float) -> None:
        self.batches.append((trigger.name, status, error))

    def source_failed(self, trigger: str, operation: str, code: str) -> None:
        self.source_failures.append((trigger, operation, code))

    def events_counted(self, trigger: str, what: EventCount, number: int) -> None:
        self.events[what] += number

    def target_health(self, trigger: str, target: str, healthy: bool) -> None:
        self.health.append((trigger, target, healthy))


def request(method: str, target: str, headers: Headers | None = None, body: bytes = b"", **fields: Any) -> Request:
    """A request as the door makes it, with fixed ids and times; `fields` replace any of them."""
    path, _, query = target.partition("?")
    pairs = headers if headers is not None else [("Host", "localhost")]
    host = next((value for name, value in pairs if name.lower() == "host"), "").partition(":")[0].lower()
    values: dict[str, Any] = {
        "method": method,
        "path": path,
        "query": query,
        "headers": pairs,
        "host": host,
        "body": body,
        "peer": "203.0.113.7",
        "client_ip": "203.0.113.7",
        "scheme": "http",
        "port": 8080,
        "received_at": 1_783_711_144.123,
        "id": "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10",
        "trace_id": "Root=1-6a514b28-0123456789abcdef01234567",
    }
    return Request(**(values | fields))


def trigger(
    name: str, handle: Callable[[Request, Any], Conversation], claims: tuple[Claim, ...] = (SiteClaim(None),)
) -> Trigger:
    """A trigger of a made-up type that runs `handle`."""
    made = TriggerType("made_up", frozenset({"sync"}), lambda settings, scope: None, lambda settings: claims, handle)
    return Trigger(name, made, frozenset({"sync"}), "main", claims, None, {}, Place("router.yaml", 1, 1))


def play(conversation: Conversation, *answers: object) -> tuple[list[Step], Reply]:
    """Hold the other side of a conversation: give each step its answer in order, throw those that are `RequestError`s.

    The steps that were asked for, and the reply. Raises AssertionError where steps and answers do not come out even.
    """
    steps: list[Step] = []
    pending = [*answers]
    try:
        steps.append(next(conversation))
        while pending:
            answer = pending.pop(0)
            step = conversation.throw(answer) if isinstance(answer, RequestError) else conversation.send(answer)
            steps.append(step)
    except StopIteration as stop:
        assert not pending, f"these answers were not asked for: {pending}"
        return steps, stop.value
    raise AssertionError(f"the conversation asks on: {steps[-1]}")


class FakeFiles:
    """A file system in a dict: path to content. Folders exist where a file lies below them; `cwd` is the working directory."""

    def __init__(self, files: Mapping[str, str | bytes], cwd: str = "/etc/router") -> None:
        self.cwd = cwd
        self.files = {posixpath.normpath(path): content for path, content in files.items()}

    def read(self, path: str) -> bytes:
        content = self._by_absolute_path().get(self.absolute(path))
        if content is None:
            raise FileNotFoundError(2, "No such file or directory", path)
        return content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content

    def glob(self, pattern: str) -> list[str]:
        return sorted(path for path in self.files if fnmatch.fnmatchcase(path, posixpath.normpath(pattern)))

    def kind(self, path: str) -> Literal["file", "folder"] | None:
        wanted, known = self.absolute(path), self._by_absolute_path()
        if wanted in known:
            return "file"
        return "folder" if wanted == self.cwd or any(file.startswith(f"{wanted}/") for file in known) else None

    def _by_absolute_path(self) -> dict[str, str | bytes]:
        return {self.absolute(path): content for path, content in self.files.items()}

    def absolute(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(self.cwd, path))
