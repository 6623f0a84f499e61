"""docs/importing.md holds the table of what needs no counterpart, as the importer has it."""

import os
from pathlib import Path

from router.importing.irrelevant import rows

PAGE = Path(__file__).parent.parent / "docs" / "importing.md"
MARK = "<!-- rendered from router/importing/irrelevant.py: UPDATE_DOCS=1 python -m pytest tests/test_docs_importing.py -->"


def table() -> str:
    """By reason: what it is true of."""
    found: dict[str, dict[str, list[str]]] = {}
    for kind, names, reason in rows():
        found.setdefault(reason, {}).setdefault(names, []).append(f"`{kind}`")
    lines = ["| why | what |", "|---|---|"]
    for reason, groups in found.items():
        told = [
            ", ".join(kinds) if names == "*" else f"{', '.join(kinds)}: {', '.join(f'`{name}`' for name in names.split())}"
            for names, kinds in groups.items()
        ]
        lines.append(f"| {reason} | {'; '.join(told)} |")
    return "\n".join(lines)


def test_the_table_is_the_importers() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rendered = f"{text.partition(MARK)[0]}{MARK}\n\n{table()}\n"
    if "UPDATE_DOCS" in os.environ:
        PAGE.write_text(rendered, encoding="utf-8")
        text = rendered
    assert text == rendered
