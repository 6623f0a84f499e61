"""The words for routes: the rules inside a trigger that pick a function, and why one of them did or did not.

Part of `router.model`, which everything imports them from. They are for people who ask (`explain`, `test`, `diff`); no request
waits for them.
"""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(slots=True, frozen=True)
class DeclaredRoute:
    """One rule of a trigger. `name`: as deliveries, figures and tests name it; empty where the trigger is its only rule.

    `path`: keys below the trigger's settings, where it stands. `functions`: the references that it holds, as written.
    `invocation`: `sync` or `async` where it has one of its own; empty: the trigger's.
    """

    name: str
    path: tuple[str | int, ...]
    functions: tuple[str, ...]
    invocation: str = ""


class Predicate(NamedTuple):
    """One thing that a rule asks: its name, what is wanted, what came instead, and whether that fits."""

    name: str
    wanted: str
    got: str
    fits: bool


@dataclass(slots=True, frozen=True)
class RouteVerdict:
    """Whether a rule takes a request, or one message or event of it; of a miss the first predicate that failed.

    `predicate` is `precedence` where all fits, and the rule `got` goes before this one because it is `wanted`.
    `fitted`: how many predicates fit: of several misses the one with the most is the nearest. `subject`: which of several
    messages, entries or records it is about (`Entries[1]`); empty where there is one.
    """

    route: str
    matched: bool
    predicate: str = ""
    wanted: str = ""
    got: str = ""
    fitted: int = 0
    subject: str = ""
