"""How benchmarks say what they measured: percentiles, Markdown tables, files in benchmarks/out."""

import json
import math
import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.compiled import is_chosen

OUT = Path(__file__).parent / "out"


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of values in ascending order: the least that at least `share` of them do not exceed.

    Raises ValueError where there are none, or where `share` is not within (0, 1].
    """
    if not ordered or not 0 < share <= 1:
        raise ValueError(f"no percentile {share} of {len(ordered)} values")
    return ordered[math.ceil(round(share * len(ordered), 6)) - 1]


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table. Raises ValueError for a row that has not as many cells as the head."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"{len(head)} cells are wanted, not {len(row)}: {row}")
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def machine() -> str:
    """What a table was measured on, and whether the compiled router was chosen."""
    chosen = ", compiled router" if is_chosen() else ""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}{chosen}"


def publish(stem: str, text: str, figures: object = None) -> None:
    """Print `text` and write it to `benchmarks/out/<stem>.md`; `figures`, where given, as JSON beside it, for the plot."""
    print(text)
    OUT.mkdir(exist_ok=True)
    (OUT / f"{stem}.md").write_text(text + "\n", encoding="utf-8")
    if figures is not None:
        (OUT / f"{stem}.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def figures(stem: str) -> object | None:
    """What `publish` wrote as JSON at the last run; None where there is nothing."""
    file = OUT / f"{stem}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
