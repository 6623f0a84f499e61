"""SQL for many rows at once: one step of SQLite, during which Python's other threads go on, instead of one for each row."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any

_FEW = 16
_LARGEST = 256


def insertions(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, int, list[Any]]]:
    """Statements that insert all rows in their order, with how many each inserts, and their values.

    Of a few rows each, or of multiples of a few: so many texts SQLite keeps prepared.
    """
    at, left = 0, len(rows)
    while left:
        count = left if left <= _FEW else min(_LARGEST, left - left % _FEW)
        yield _insertion(table, tuple(columns), count), count, [*chain.from_iterable(rows[at : at + count])]
        at += count
        left -= count


def numbers(found: Iterable[int]) -> tuple[str]:
    """The value for `IN (SELECT value FROM json_each(?))`, of any length."""
    return (json.dumps([*found]),)


@cache
def _insertion(table: str, columns: tuple[str, ...], count: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * count)}"
