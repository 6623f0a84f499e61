"""The option reference is what the schemas say; `UPDATE_DOCS=1` writes it anew."""

import os
import runpy
from pathlib import Path


def test_the_reference_is_rendered_from_the_schemas(root: Path) -> None:
    page = root / "docs" / "reference.md"
    rendered = runpy.run_path(str(root / "docs" / "generate_reference.py"))["rendered"]()
    if os.environ.get("UPDATE_DOCS"):
        page.write_text(rendered)
    assert page.read_text() == rendered


def test_every_page_that_the_readme_names_is_there(root: Path) -> None:
    readme = (root / "README.md").read_text()
    pages = sorted(str(page.relative_to(root)) for page in (root / "docs").glob("*.md"))
    assert [page for page in pages if f"({page})" not in readme] == []
    assert [line for line in readme.split("](")[1:] if not (root / line.partition(")")[0]).exists()] == []
