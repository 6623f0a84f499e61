"""An invoker that is watched: what runs, how long, and what came of it, for whoever wants to tell CloudWatch."""

from collections.abc import Sequence
from typing import Protocol

from router.model import Invocation
from router.outcome import Outcome
from router.ports import Clock, Invoker


class Observer(Protocol):
    """Is told of every invocation. Cheap, and raises nothing: it stands in every request's way."""

    def invocation_started(self, invocation: Invocation) -> None:
        """It is handed to its backend."""
        ...

    def invocation_ended(self, invocation: Invocation, outcome: Outcome | None, seconds: float) -> None:
        """After `seconds`. None: the backend failed, or was cancelled."""
        ...


class ObservedInvoker:
    """The port `Invoker` over another one."""

    def __init__(self, invoker: Invoker, observers: Sequence[Observer], clock: Clock) -> None:
        self._invoker = invoker
        self._observers = observers
        self._clock = clock

    async def invoke(self, invocation: Invocation) -> Outcome:
        """As `Invoker.invoke`."""
        for observer in self._observers:
            observer.invocation_started(invocation)
        outcome = None
        began = self._clock.monotonic()
        try:
            outcome = await self._invoker.invoke(invocation)
            return outcome
        finally:
            seconds = self._clock.monotonic() - began
            for observer in self._observers:
                observer.invocation_ended(invocation, outcome, seconds)

    async def close(self) -> None:
        """As `Invoker.close`."""
        await self._invoker.close()
