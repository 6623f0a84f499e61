"""What stands in for the world: functions that answer as told, an origin, destinations that take everything, SNS's own URLs.

A mocked answer goes through the same classification as Lambda's own (`router.outcome`), so that nothing here decides what an
error means.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router import jsontext
from router.deliveries import Letter
from router.errors import FetchFailed, Invoked
from router.fakes import FakeStream, streaming, succeeded
from router.functions import DestinationAddress
from router.model import Fetch, Headers, Invocation, Origin, OriginRequest, OriginResponse
from router.outcome import HTTP_RESPONSE, Outcome, OutcomeKind, from_response, function_error, timed_out, transport
from router.ports import Invoker
from router.simulation.clock import VirtualClock
from router.simulation.traces import Call, Forwarded

EVENT = "Event"
LIMIT_REACHED = "ReservedFunctionConcurrentInvocationLimitExceeded"


@dataclass(slots=True, frozen=True)
class MockAnswer:
    """One answer of a function. `returns`: any JSON value. `after`: virtual seconds that it takes.

    `streams`: a body that it streams behind `returns`, which then is status and headers.
    `error_type`, `error_message`: of a function error's object, or Lambda's own error code and message.
    """

    returns: Any = None
    outcome: OutcomeKind = OutcomeKind.OK
    error_type: str | None = None
    error_message: str | None = None
    after: float = 0.0
    streams: str | None = None


@dataclass(slots=True, frozen=True)
class MockOrigin:
    """What origins answer."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


_RETURNS_NULL = MockAnswer()

_REFUSALS: Mapping[OutcomeKind, tuple[str, str]] = {
    OutcomeKind.THROTTLED: ("TooManyRequestsException", "Rate Exceeded."),
    OutcomeKind.CLIENT_ERROR: ("AccessDeniedException", "The simulated function may not be called."),
    OutcomeKind.SERVICE_ERROR: ("ServiceException", "Lambda fails in this simulation."),
}
"""Error code and message of Lambda's refusals, where the mock has none of its own."""
_STATUS = {
    "TooManyRequestsException": 429,
    "ResourceNotFoundException": 404,
    "AccessDeniedException": 403,
    "RequestTooLargeException": 413,
    "UnsupportedMediaTypeException": 415,
    "ResourceConflictException": 409,
    "RecursiveInvocationException": 400,
    "EC2ThrottledException": 502,
    "ServiceException": 500,
}
_STATUS_OF_KIND = {OutcomeKind.THROTTLED: 429, OutcomeKind.CLIENT_ERROR: 400, OutcomeKind.SERVICE_ERROR: 500}


def answered(answer: MockAnswer, invocation: Invocation) -> tuple[Outcome, float]:
    """The outcome, and the seconds after which the caller has it."""
    function, waits = invocation.function, invocation.timeout
    if invocation.type == EVENT:
        return _handed_over(answer, invocation), 0.0
    limit = function.timeout
    if answer.outcome is OutcomeKind.TIMEOUT or (waits is not None and min(answer.after, limit) > waits):
        patience = limit if waits is None else waits
        return timed_out(patience), patience
    if answer.after > limit:
        message = f"RequestId: {invocation.id} Error: Task timed out after {limit:.2f} seconds"
        payload = jsontext.dumps({"errorType": "Sandbox.Timedout", "errorMessage": message})
        return function_error(payload, invocation.id, executed_version=_version(invocation)), limit
    return _outcome(answer, invocation), answer.after


def _handed_over(answer: MockAnswer, invocation: Invocation) -> Outcome:
    """Lambda takes the event and answers 202; what the function makes of it is between the two of them."""
    if answer.outcome in (OutcomeKind.OK, OutcomeKind.FUNCTION_ERROR, OutcomeKind.TIMEOUT):
        return from_response(202, {"x-amzn-requestid": invocation.id}, b"", None)
    return _outcome(answer, invocation)


def _outcome(answer: MockAnswer, invocation: Invocation) -> Outcome:
    match answer.outcome:
        case OutcomeKind.OK:
            outcome = _succeeded(answer, invocation)
            outcome.executed_version = _version(invocation)
            return outcome
        case OutcomeKind.FUNCTION_ERROR:
            return function_error(_error_object(answer), invocation.id, executed_version=_version(invocation))
        case OutcomeKind.TRANSPORT:
            return transport(answer.error_message or "the connection broke", sent=True)
        case _:
            return _refused(answer, invocation)


def _succeeded(answer: MockAnswer, invocation: Invocation) -> Outcome:
    """Who asked for no stream gets what is streamed in one piece."""
    if answer.streams is None:
        return succeeded(jsontext.dumps(answer.returns), invocation.id)
    head, body = jsontext.dumps(answer.returns or {}) + bytes(8), answer.streams.encode("utf-8", "replace")
    if not invocation.stream:
        return succeeded(head + body, invocation.id)
    outcome = streaming(head, body, content_type=HTTP_RESPONSE)
    outcome.request_id = invocation.id
    return outcome


def _error_object(answer: MockAnswer) -> bytes:
    kind = "Error" if answer.error_type is None else answer.error_type
    message = "the simulated function failed" if answer.error_message is None else answer.error_message
    return jsontext.dumps({"errorMessage": message, "errorType": kind})


def _refused(answer: MockAnswer, invocation: Invocation) -> Outcome:
    code, message = _REFUSALS[answer.outcome]
    code = answer.error_type or code
    status = _STATUS.get(code, _STATUS_OF_KIND[answer.outcome])
    error = {"message": answer.error_message or message}
    outcome = from_response(status, {"x-amzn-errortype": code, "x-amzn-requestid": invocation.id}, jsontext.dumps(error), error)
    outcome.kind = answer.outcome
    return outcome


def _version(invocation: Invocation) -> str:
    qualifier = invocation.qualifier or invocation.function.qualifier
    return qualifier if qualifier is not None and qualifier.isdigit() else "$LATEST"


class MockInvoker:
    """The `Invoker`: the nth attempt gets the nth answer of its function, later ones the last; without answers it is `null`.

    `own(function name)`: whether a function is carried out by `other` instead, which takes no virtual time. Attempts of
    different deliveries are counted apart. `calls`: what was called, in order.
    """

    def __init__(
        self,
        mocks: Mapping[str, Sequence[MockAnswer]],
        clock: VirtualClock,
        is_synchronous: Callable[[Invocation], bool],
        other: Invoker | None = None,
    ) -> None:
        self._mocks = mocks
        self._clock = clock
        self._is_synchronous = is_synchronous
        self._other = other
        self._made: Counter[tuple[str, str]] = Counter()
        self.calls: list[Call] = []

    async def invoke(self, invocation: Invocation) -> Outcome:
        call = Call(
            invocation.function.name,
            invocation.qualifier,
            "sync" if self._is_synchronous(invocation) else "async",
            "",
            invocation.payload,
            self._clock.elapsed(),
            "",
            trigger=invocation.trigger,
            type=invocation.type,
            delivery=invocation.id if invocation.asynchronous else "",
        )
        self.calls.append(call)
        outcome = await self._answer(invocation)
        call.outcome, call.result = outcome.kind.value, outcome.payload
        return outcome

    async def _answer(self, invocation: Invocation) -> Outcome:
        name = invocation.function.name
        if invocation.function.max_concurrency == 0:
            answer = MockAnswer(outcome=OutcomeKind.THROTTLED)
            outcome = _refused(answer, invocation)
            outcome.reason, outcome.invoked = LIMIT_REACHED, Invoked.NO
            return outcome
        if name not in self._mocks and self._other is not None:
            return await self._other.invoke(invocation)
        answers = self._mocks.get(name) or (_RETURNS_NULL,)
        key = (name, invocation.id if invocation.asynchronous else "")
        outcome, seconds = answered(answers[min(self._made[key], len(answers) - 1)], invocation)
        self._made[key] += 1
        self._clock.advance(seconds)
        return outcome

    async def close(self) -> None:
        self._made.clear()


class MockForwarder:
    """The `Forwarder`: every origin answers the same; `forwards`: what they were sent."""

    def __init__(self, origin: MockOrigin) -> None:
        self._origin = origin
        self.forwards: list[Forwarded] = []

    async def resolve(self, origin: Origin) -> None:
        return None

    async def forward(self, request: OriginRequest) -> OriginResponse:
        body = request.body
        if body is not None and not isinstance(body, bytes):
            body = b"".join([piece async for piece in body])
        sent = Forwarded(str(request.origin), request.method, request.target, request.headers, body or b"")
        self.forwards.append(sent)
        headers: Headers = [*self._origin.headers]
        if self._origin.body and not any(name.lower() == "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(self._origin.body))))
        return OriginResponse(self._origin.status, "", headers, FakeStream(self._origin.body))

    async def close(self) -> None:
        return None


class MockFetcher:
    """The `Fetcher`: what only has to be visited answers; certificates are not to be had, because nobody signs a simulation."""

    async def fetch(self, step: Fetch) -> bytes:
        if step.keep:
            raise FetchFailed(f"{step.url} is not fetched in a simulation")
        return b""

    async def close(self) -> None:
        return None


class MockDestinations:
    """The `Destinations`: they take everything. `sent` is emptied by whoever watches."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Letter]] = []

    async def send(self, address: DestinationAddress, letter: Letter) -> None:
        self.sent.append((address.arn, letter))
