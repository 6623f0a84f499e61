"""One validated configuration, compiled and wired: which backend carries which function, which trigger owns which request.

This and `router.runtime` are the only places that name concrete classes.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from router import routing
from router.driver import Driver
from router.errors import StartError
from router.model import Function, Invocation
from router.outcome import Outcome
from router.ports import Acceptor, Clock, Fetcher, Forwarder, Invoker, Metrics
from router.routing import Table
from router.settings import Config


@dataclass(slots=True, frozen=True)
class LocalSelection:
    """What `--local [NAMES]` and `--no-local` asked for."""

    everything: bool = False
    names: frozenset[str] = field(default_factory=frozenset)
    forbidden: bool = False

    def runs_here(self, function: Function) -> bool:
        """Whether this function runs as a local process: when it is asked for, or when there is no ARN to call."""
        return function.local is not None and (not function.declared_arn or self.everything or function.name in self.names)

    def check(self, functions: Mapping[str, Function]) -> None:
        """Raises `StartError` where the selection cannot be met."""
        for name in sorted(self.names):
            if name not in functions:
                raise StartError(f"--local names the function {name!r}, which the configuration does not declare.")
            if functions[name].local is None:
                raise StartError(f"--local names the function {name!r}, which has no `local:` block.")
        if self.forbidden:
            homeless = sorted(name for name, function in functions.items() if not function.declared_arn)
            if homeless:
                raise StartError(f"--no-local: these functions have no ARN and can only run locally: {', '.join(homeless)}.")


class Backends:
    """The `Invoker` that hands each function to its own backend."""

    def __init__(self, by_function: Mapping[str, Invoker]) -> None:
        self._by_function = by_function

    async def invoke(self, invocation: Invocation) -> Outcome:
        return await self._by_function[invocation.function.name].invoke(invocation)

    async def close(self) -> None:
        for backend in {id(backend): backend for backend in self._by_function.values()}.values():
            await backend.close()


@dataclass(slots=True)
class Generation:
    """A configuration that can serve: its routing tables by listener name, and the driver of its conversations."""

    config: Config
    tables: Mapping[str, Table]
    driver: Driver


def assemble(
    config: Config,
    invoker: Invoker,
    clock: Clock,
    metrics: Metrics,
    draw: Callable[[], float] = random.random,
    forwarder: Forwarder | None = None,
    *,
    fetcher: Fetcher | None = None,
    acceptor: Acceptor | None = None,
) -> Generation:
    """Wire one generation over backends that are running."""
    driver = Driver(invoker, clock, draw, metrics, forwarder, fetcher=fetcher, acceptor=acceptor)
    return Generation(config, routing.compile_tables(config.triggers), driver)
