"""Every test that is shipped passes: those of the demo and of the examples, and what the page for newcomers shows."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from router.cli import main

_BLOCK = re.compile(r"```(?P<kind>yaml|console)\n(?P<text>.*?)```", re.DOTALL)
_NAMED = re.compile(r"# (?P<file>\S+\.yaml)\n")


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["test", *args], env={"GITHUB_ACTIONS": None})


def test_the_demo_and_the_examples(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    examples = sorted(map(str, Path("configs/examples").glob("*.yaml")))
    result = run("configs/demo.test.yaml", *examples)
    assert result.exit_code == 0, result.output
    tested = {line.partition(":")[0] for line in result.output.splitlines() if line.endswith(" passed")}
    assert tested == {"configs/demo.test.yaml", *examples}


@pytest.mark.slow
def test_the_demo_with_its_own_functions(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    result = run("configs/demo.test.yaml", "--local")
    assert result.exit_code == 0, result.output


def test_the_page_for_newcomers(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each named block is a file; each console block shows a command and exactly what it prints, but for the seconds."""
    monkeypatch.chdir(tmp_path)
    commands = 0
    for block in _BLOCK.finditer((root / "docs" / "testing.md").read_text(encoding="utf-8")):
        text = block["text"]
        if block["kind"] == "yaml":
            named = _NAMED.match(text)
            if named is not None:
                (tmp_path / named["file"]).write_text(text)
            continue
        command, _, printed = text.partition("\n")
        assert command.startswith("$ lambda-router test")
        output = run(*command.split()[3:]).output
        assert re.sub(r"in \d+\.\d\d s", "in 0.01 s", output).strip() == printed.strip()
        commands += 1
    assert commands > 2
