"""What `validate` has to say about one configuration: which findings were asked for, and the verdict."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from router.config import Loaded, Problem, Severity
from router.config.problem import Suppressed

_RANKS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


class Verdict(StrEnum):
    """Whether `run` would take the file, as far as it is known."""

    VALID = "valid"
    INVALID = "invalid"
    NONE = "none"


@dataclass(slots=True, frozen=True)
class Choice:
    """`select`: only these codes; empty: every one. `ignore`: not these. `early`: codes that keep others from being checked."""

    select: Collection[str] = ()
    ignore: Collection[str] = ()
    early: Collection[str] = field(default=(), repr=False)

    def wants(self, code: str) -> bool:
        return (not self.select or code in self.select) and code not in self.ignore


@dataclass(slots=True, frozen=True)
class Checked:
    """One configuration. `path`: as it is called; `stages`: the overlays that were checked apart. `loaded`: everything."""

    path: str
    stages: tuple[str, ...]
    loaded: Loaded
    choice: Choice

    @property
    def problems(self) -> list[Problem]:
        return [problem for problem in self.loaded.problems if self.choice.wants(problem.code)]

    @property
    def suppressed(self) -> list[Suppressed]:
        return [each for each in self.loaded.suppressed if self.choice.wants(each.problem.code)]

    @property
    def left_out(self) -> list[Problem]:
        return [problem for problem in self.loaded.problems if not self.choice.wants(problem.code)]

    @property
    def verdict(self) -> Verdict:
        """None where a file could not be read, or an error that nobody asked for kept what was asked for from being checked."""
        if self.loaded.unreadable or any(problem.code in self.choice.early for problem in self.left_out):
            return Verdict.NONE
        is_wrong = any(problem.severity is Severity.ERROR for problem in self.loaded.problems)
        return Verdict.INVALID if is_wrong else Verdict.VALID

    def fails(self, at: Severity | None) -> bool:
        """Whether there is a finding of this severity or a worse one; None: never."""
        return at is not None and any(_RANKS[problem.severity] <= _RANKS[at] for problem in self.problems)


def is_at_least(problem: Problem, at: Severity | None) -> bool:
    """Whether a finding is of this severity or worse; None: none is."""
    return at is not None and _RANKS[problem.severity] <= _RANKS[at]


def counted(problems: Iterable[Problem]) -> str:
    """`2 errors, 1 warning`."""
    found = list(problems)
    numbers = {severity: sum(problem.severity is severity for problem in found) for severity in Severity}
    return ", ".join(f"{number} {severity}{'' if number == 1 else 's'}" for severity, number in numbers.items() if number)


def once(checked: Sequence[Checked]) -> list[Problem]:
    """The findings of all configurations; one that several have through a shared file counts once."""
    return sorted({problem: None for one in checked for problem in one.problems}, key=Problem.sort_key)
