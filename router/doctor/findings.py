"""The words: what a check found, and what all of it comes to. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from router.model import Place


class Status(StrEnum):
    """How one thing is. `skipped`: nobody knows, and the message says why."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(slots=True, frozen=True)
class Finding:
    """What a check found. `help`: what to do; `needs`: the permission without which it could not be found out.

    `blocked`: it could not, because there are no credentials, or the service was not reached.
    """

    status: Status
    message: str
    help: str | None = None
    needs: str | None = None
    blocked: bool = False


def ok(message: str, help: str | None = None) -> Finding:
    """As it should be."""
    return Finding(Status.OK, message, help)


def warning(message: str, help: str) -> Finding:
    """It works, but not as well as it could."""
    return Finding(Status.WARNING, message, help)


def failed(message: str, help: str) -> Finding:
    """It will not work."""
    return Finding(Status.FAILED, message, help)


def skipped(message: str, needs: str | None = None) -> Finding:
    """Not looked at, for a reason that is nobody's fault."""
    help_text = f"allow {needs} to let it be checked; the daemon itself does not need it" if needs is not None else None
    return Finding(Status.SKIPPED, message, help_text, needs)


def blocked(message: str, help: str | None = None) -> Finding:
    """Not found out: no credentials, or nothing was reached."""
    return Finding(Status.SKIPPED, message, help, blocked=True)


@dataclass(slots=True, frozen=True)
class Result:
    """A finding with what it is about. `check`: a stable name; `subject`: of what; `place`: of the setting."""

    check: str
    subject: str
    place: Place | None
    finding: Finding

    def to_json(self) -> dict[str, Any]:
        """`{check, subject, status, message, help, needs, blocked, file, line, column}`; all keys always there."""
        finding, place = self.finding, self.place
        return {
            "check": self.check,
            "subject": self.subject,
            "status": str(finding.status),
            "message": finding.message,
            "help": finding.help,
            "needs": finding.needs,
            "blocked": finding.blocked,
            "file": place.file if place else None,
            "line": place.line if place else None,
            "column": place.column if place else None,
        }


class Verdict(IntEnum):
    """Also the exit code."""

    WELL = 0
    ILL = 1
    UNKNOWN = 3


def verdict(results: Sequence[Result], fail_on_warnings: bool = False) -> Verdict:
    """What failed weighs more than what could not be found out."""
    statuses = {result.finding.status for result in results}
    if Status.FAILED in statuses or (fail_on_warnings and Status.WARNING in statuses):
        return Verdict.ILL
    return Verdict.UNKNOWN if any(result.finding.blocked for result in results) else Verdict.WELL
