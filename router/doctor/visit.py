"""One examination from beginning to end: the edges that ask, every room's checks, and the order of what is told."""

import asyncio
from collections.abc import Callable

from router.backends.aws.inspection import Inspector
from router.backends.aws.invoker import AwsInvoker
from router.clock import SystemClock
from router.config.problem import Path
from router.doctor import disk, endings, functions, identity, machine, network, queues
from router.doctor.examination import Check, Patient, Pause, ended, examine
from router.doctor.findings import Result
from router.generation import LocalSelection
from router.model import Place
from router.ports import Clock
from router.settings import Config


async def visit(
    config: Config,
    selection: LocalSelection,
    place: Callable[[Path], Place | None],
    timeout: float,
    *,
    clock: Clock | None = None,
    pause: Pause = asyncio.sleep,
) -> list[Result]:
    """Everything that was found, in the order of the rooms. Raises `BackendError` where AWS's own settings cannot be used."""
    clock = clock or SystemClock()
    patient = Patient(config, selection, place, Inspector(config.aws, clock, timeout), clock)
    away = {name: function for name, function in config.functions.items() if not selection.runs_here(function)}
    invoker = AwsInvoker(config.aws, away, clock)
    starting = asyncio.ensure_future(invoker.start())
    try:
        if await ended(starting, timeout, pause):  # else there are no credentials yet, and the checks say so
            starting.result()
        return await examine(_checks(patient, invoker), patient, timeout, pause)
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await invoker.close()
        await patient.inspector.close()


def _checks(patient: Patient, invoker: AwsInvoker) -> list[Check]:
    return [
        *identity.checks(patient),
        *network.checks(patient),
        *functions.checks(patient, invoker),
        *queues.checks(patient),
        *endings.checks(patient),
        *machine.checks(patient),
        *disk.checks(patient),
    ]
