"""Fakes of the ports, for tests and for commands that run triggers without a world."""

from collections.abc import Callable, Mapping

from router.errors import Invoked
from router.model import Invocation
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
