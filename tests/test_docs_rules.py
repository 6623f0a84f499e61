"""The page of rules is what the catalogue says; `UPDATE_DOCS=1` writes it anew."""

import os
from pathlib import Path

from router.config.catalogue import RULES
from router.reports.rules import page


def test_the_page_is_rendered_from_the_catalogue(root: Path) -> None:
    path, rendered = root / "docs" / "rules.md", page(RULES)
    if os.environ.get("UPDATE_DOCS"):
        path.write_text(rendered, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == rendered
