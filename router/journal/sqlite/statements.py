"""SQL for many rows at once: one step of SQLite, during which Python's other threads go on, instead of one for each row."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any

MANY = (*range(1, 16), *range(16, 257, 16))
"""Rows of one statement, where they are small."""
FEW = (1, 4, 16)
"""As `MANY`, where they are large: a prepared statement keeps the values of its last use, those of `MANY` 2296 rows."""


def insertions(
    table: str, columns: tuple[str, ...], rows: Sequence[Sequence[Any]], counts: Sequence[int]
) -> Iterator[tuple[str, int, list[Any]]]:
    """Statements that insert all rows in their order, with how many each inserts, and their values.

    Of so many rows each as `counts` (ascending, from 1 on) has: so many texts SQLite keeps prepared.
    """
    at, left = 0, len(rows)
    while left:
        count = counts[bisect_right(counts, left) - 1]
        yield _insertion(table, columns, count), count, [*chain.from_iterable(rows[at : at + count])]
        at += count
        left -= count


def numbers(found: Iterable[int]) -> tuple[str]:
    """The value for `IN (SELECT value FROM json_each(?))`, of any length."""
    return (json.dumps([*found]),)


@cache
def _insertion(table: str, columns: tuple[str, ...], count: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * count)}"
