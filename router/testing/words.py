"""The words for tests: a case, what did not hold of it, and its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from router.config.nodes import MapNode
from router.config.problem import Path, Problem, Span
from router.config.reporting import Reporter
from router.simulation import Trace

START = 1_767_225_600.0
"""When tests begin that do not say so: 2026-01-01T00:00:00Z, the same every time, so that snapshots stay what they are."""


@dataclass(slots=True)
class Case:
    """One test. `value`: its settings with the file's defaults under them. `file`: as people write it; `config`: a path.

    `root`: the tree that it stands in, `base`: where. `namespace`: of the file that it stands in. `env`: variables of the
    configuration. `now`: epoch seconds. `problems`: what is wrong with the test itself.
    """

    name: str
    file: str
    config: str
    value: Mapping[str, Any]
    root: MapNode
    base: Path
    namespace: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    now: float = START
    problems: list[Problem] = field(default_factory=list)

    @property
    def trusted(self) -> bool:
        """Whether callers are believed."""
        return self.given.get("identity") != "as_sent"

    @property
    def given(self) -> Mapping[str, Any]:
        given: Mapping[str, Any] = self.value.get("given") or {}
        return given

    @property
    def full_name(self) -> str:
        """`file::name`."""
        return f"{self.file}::{self.name}"

    def span(self, *path: str | int) -> Span:
        """Where a key of the test stands, or the nearest part of it that is written."""
        return Reporter(self.root).key_span((*self.base, *path))


@dataclass(slots=True)
class Mismatch:
    """One thing that does not hold. `path`: of the expectation, below the test. `lines`: more of it, for people.

    `span`: where it stands, where that is not the key at `path`.
    """

    path: Path
    message: str
    lines: list[str] = field(default_factory=list)
    span: Span | None = None


class Status(StrEnum):
    """`broken`: the test itself is wrong, or its configuration is; nothing can be said."""

    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"


@dataclass(slots=True)
class Result:
    """What became of a case. `happened`: in a few lines, where it did not pass. `seconds`: real ones."""

    case: Case
    status: Status
    mismatches: list[Mismatch] = field(default_factory=list)
    trace: Trace | None = None
    happened: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def span(self, wrong: Mismatch) -> Span:
        """Where the expectation stands that does not hold."""
        return wrong.span or self.case.span(*wrong.path)
