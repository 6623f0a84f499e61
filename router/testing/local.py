"""`--local`: functions with a `local:` block run as processes, those without answer null."""

from collections.abc import Mapping, Sequence

from router.backends.local.invoker import LocalInvoker
from router.clock import SystemClock
from router.fakes import succeeded
from router.functions import Function
from router.model import Invocation
from router.outcome import Outcome, OutcomeKind
from router.settings import Config
from router.simulation import MockAnswer


class LocalFunctions:
    """The `Invoker` of one configuration. `start` it, and `close` it always."""

    def __init__(self, config: Config) -> None:
        self._here = {name: function for name, function in config.functions.items() if function.local is not None}
        self._invoker = LocalInvoker(self._here, config.aws, SystemClock(), watch=False)

    async def start(self) -> None:
        """Raises BackendError, naming the function that cannot run."""
        await self._invoker.start()

    async def invoke(self, invocation: Invocation) -> Outcome:
        if invocation.function.name in self._here:
            return await self._invoker.invoke(invocation)
        return succeeded(b"null", invocation.id)

    async def close(self) -> None:
        await self._invoker.close()


def runs_here(function: Function) -> bool:
    """Whether it is a process in this run."""
    return function.local is not None


def kept_mocks(mocks: Mapping[str, Sequence[MockAnswer]], config: Config) -> dict[str, Sequence[MockAnswer]]:
    """The mocks that stay: of functions that do not run here, and failures, which nobody can make happen for real."""
    return {
        name: answers
        for name, answers in mocks.items()
        if not _runs_here(name, config) or any(answer.outcome is not OutcomeKind.OK for answer in answers)
    }


def _runs_here(name: str, config: Config) -> bool:
    return name in config.functions and runs_here(config.functions[name])
