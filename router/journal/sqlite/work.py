"""Work for the writer. Work of one kind is done together, in few statements.

Each step of SQLite lets go of Python's lock and has to wait for it again, which costs more than the step.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

from router.errors import RouterError

G = TypeVar("G")
R = TypeVar("R")


@dataclass(slots=True)
class Done(Generic[R]):
    """What became of work of one kind, piece by piece: results, or exceptions. `due`: when functions have more to claim."""

    results: Sequence[R | Exception]
    due: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Kind(Generic[G, R]):
    """A kind of work. Within a commit the kinds are done in the order of their `rank`.

    `run(connection, given)` does all of it. A RouterError stands in the place of what alone cannot be had, and has changed
    nothing. `then(given, done)` runs in the event loop after the commit, whether or not anybody waits for it still.
    """

    rank: int
    run: Callable[[sqlite3.Connection, Sequence[G]], Done[R]]
    then: Callable[[Sequence[G], Done[R]], None] | None = None


class Work(NamedTuple):
    """A piece of work within a commit."""

    kind: Kind[Any, Any]
    given: Any
    durable: bool
    done: asyncio.Future[Any] | None


class Once(NamedTuple):
    """Work that has no kind of its own. It raises RouterErrors only before it has changed anything.

    `then(result)` runs in the event loop after the commit; `unwatched`: nobody waits, it is told of failures, as exceptions.
    """

    run: Callable[[sqlite3.Connection], Any]
    then: Callable[[Any], None] | None
    unwatched: bool


Report = list[tuple[Kind[Any, Any], list[Work], Done[Any]]]


def do(connection: sqlite3.Connection, works: Iterable[Work]) -> Report:
    """All of it, within a transaction."""
    groups = [(kind, [*group]) for kind, group in groupby(sorted(works, key=_rank), _kind)]
    return [(kind, group, kind.run(connection, [work.given for work in group])) for kind, group in groups]


def tell(report: Report) -> None:
    """Everybody whom it concerns, in the event loop, after the commit."""
    for kind, works, done in report:
        if kind.then is not None:
            kind.then([work.given for work in works], done)
        for work, result in zip(works, done.results, strict=True):
            if work.done is None or work.done.done():
                continue
            if isinstance(result, Exception):
                work.done.set_exception(result)
            else:
                work.done.set_result(result)


def _one_after_the_other(connection: sqlite3.Connection, given: Sequence[Once]) -> Done[Any]:
    return Done([_attempt(once, connection) for once in given])


def _attempt(once: Once, connection: sqlite3.Connection) -> Any:
    try:
        return once.run(connection)
    except RouterError as error:
        return error


def _then(given: Sequence[Once], done: Done[Any]) -> None:
    for once, result in zip(given, done.results, strict=True):
        if once.then is not None and (once.unwatched or not isinstance(result, Exception)):
            once.then(result)


ONCE: Kind[Once, Any] = Kind(9, _one_after_the_other, _then)

_rank, _kind = attrgetter("kind.rank"), attrgetter("kind")
