"""A local backend around the handlers in tests/functions, and short ways to call it."""

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from router.arn import FunctionArn
from router.backends.local.invoker import LocalInvoker
from router.clock import SystemClock
from router.model import Function, Invocation, LocalFunction
from router.outcome import Outcome
from router.settings import Aws

FUNCTIONS = Path(__file__).parents[2] / "functions"
AWS = Aws("eu-west-1", "111122223333")


class Lambda:
    """One function in a started invoker. `call` invokes it and waits."""

    def __init__(self, invoker: LocalInvoker, function: Function) -> None:
        self.invoker = invoker
        self.function = function
        self.clock = SystemClock()

    def invocation(self, payload: bytes = b"{}", **fields: Any) -> Invocation:
        values = {"qualifier": None, "id": str(uuid.uuid4()), "trace_id": "Root=1-5759e988-bd862e3fe1be46a994272793", **fields}
        return Invocation(self.function, payload=payload, **values)

    async def call(self, payload: bytes = b"{}", **fields: Any) -> Outcome:
        return await self.invoker.invoke(self.invocation(payload, **fields))

    @property
    def status(self) -> Any:
        return self.invoker.status()[self.function.name]


def make_function(name: str = "shop", timeout: float = 10.0, max_concurrency: int | None = None, **local: Any) -> Function:
    """A local function; `local`: fields of LocalFunction over the defaults python and tests/functions."""
    settings = {"runtime": "python", "handler": "local_python.echo", "code": str(FUNCTIONS), **local}
    arn = FunctionArn("eu-west-1", "111122223333", name)
    return Function(name, arn, timeout, max_concurrency, local=LocalFunction(**settings), declared_arn=False)


async def _stop(service: LocalInvoker) -> None:
    """Does not wait for what a failed test has left running."""
    with suppress(TimeoutError):
        await asyncio.wait_for(service.close(), 3)


Start = Callable[..., Awaitable[Lambda]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """`await start(**fields of make_function)`: a running `Lambda`, stopped after the test."""
    async with AsyncExitStack() as stack:

        async def started(*, invoker: dict[str, Any] | None = None, **fields: Any) -> Lambda:
            function = make_function(**fields)
            options = {"watch": False, **(invoker or {})}
            service = LocalInvoker({function.name: function}, options.pop("aws", AWS), SystemClock(), **options)
            stack.push_async_callback(_stop, service)
            await service.start()
            return Lambda(service, function)

        yield started


@pytest.fixture
def make() -> Callable[..., Function]:
    """`make(**fields)`: a local function."""
    return make_function


@pytest.fixture
def log_of() -> Callable[[Outcome], str]:
    """The decoded log tail of an outcome."""

    def decoded(outcome: Outcome) -> str:
        assert outcome.log_tail is not None
        return base64.b64decode(outcome.log_tail).decode("utf-8", "replace")

    return decoded
