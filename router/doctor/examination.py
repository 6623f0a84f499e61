"""Runs checks side by side, each within its time; whatever a check raises becomes a finding."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from router.backends.aws.inspection import Denied, Inspector, NoCredentials, NotReached, Refused
from router.config.problem import Path
from router.doctor.findings import Finding, Result, blocked, failed, skipped
from router.generation import LocalSelection
from router.model import Place
from router.ports import Clock
from router.settings import Config

AT_ONCE = 20
"""Checks at the same time: of services that answer slowly, and of threads that look at files."""

Look = Callable[[], Coroutine[Any, Any, Sequence[Finding]]]
Pause = Callable[[float], Coroutine[Any, Any, object]]
"""Wait for so many seconds."""


@dataclass(slots=True, frozen=True)
class Check:
    """One thing to look at. `path`: of its setting. `service`: in AWS, with its region, where that is asked."""

    name: str
    subject: str
    path: Path
    look: Look
    service: tuple[str, str] | None = None


@dataclass(slots=True, frozen=True)
class Patient:
    """What is examined, and with what. `place(path)`: where a setting stands; None: nowhere."""

    config: Config
    selection: LocalSelection
    place: Callable[[Path], Place | None]
    inspector: Inspector
    clock: Clock


async def examine(checks: Iterable[Check], patient: Patient, timeout: float, pause: Pause = asyncio.sleep) -> list[Result]:
    """Every check's results, in the order of the checks. `timeout`: seconds for each."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(check: Check) -> list[Result]:
        async with turns:
            findings = await _within(check, patient.inspector, timeout, pause)
        place = patient.place(check.path)
        return [Result(check.name, check.subject, place, finding) for finding in findings]

    return [result for results in await asyncio.gather(*map(one, checks)) for result in results]


async def _within(check: Check, inspector: Inspector, timeout: float, pause: Pause) -> Sequence[Finding]:
    looking = asyncio.ensure_future(check.look())
    try:
        if await ended(looking, timeout, pause):
            return _outcome(looking)
        if check.service is not None:
            inspector.silent(*check.service)
        return [blocked(f"no answer within {timeout:g} s", "look at the network and the endpoint, or give it more --timeout")]
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def ended(work: "asyncio.Future[Any]", seconds: float, pause: Pause) -> bool:
    """Whether the work has ended, after so many seconds at the latest; it goes on where it has not."""
    timer: asyncio.Future[Any] = asyncio.ensure_future(pause(seconds))
    await asyncio.wait([work, timer], return_when=asyncio.FIRST_COMPLETED)
    timer.cancel()
    await asyncio.gather(timer, return_exceptions=True)
    return work.done()


def _outcome(looking: "asyncio.Future[Sequence[Finding]]") -> Sequence[Finding]:
    try:
        return looking.result()
    except Denied as error:
        return [skipped(f"may not be asked: {error}", error.action)]
    except NoCredentials:
        return [blocked("there are no credentials for it that work")]
    except NotReached as error:
        return [blocked(str(error), "look at credentials, network and endpoints")]
    except Refused as error:
        return [failed(f"{error.code}: {error}", "look at the name, the region and the account")]
    except OSError as error:
        return [failed(str(error), "look at the path and its permissions")]
