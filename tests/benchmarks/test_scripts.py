"""Every script of the benchmarks starts and says how it is used."""

import runpy
import sys
from pathlib import Path

import pytest

from benchmarks import report

FOLDER = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if "__main__" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_it_tells_its_usage(script: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", [f"{script}.py", "--help"])
    monkeypatch.delitem(sys.modules, f"benchmarks.{script}", raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"benchmarks.{script}", run_name="__main__")
    usage = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert usage.startswith(f"usage: {script}.py")
    assert len(usage.partition("options:")[0]) > 100, "what it measures is said, too"


@pytest.mark.parametrize(
    ("script", "arguments", "head", "kinds"),
    [
        ("conversations", ["--rounds", "1", "--calls", "5"], "| front door | µs/request |", 4),
        ("matching", ["--numbers", "3"], "| kind | routes | µs/request | bytes per route |", 6),
    ],
)
def test_it_runs(
    script: str, arguments: list[str], head: str, kinds: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Those that touch no world, and take no time."""
    monkeypatch.setattr(report, "OUT", tmp_path)
    monkeypatch.setattr(sys, "argv", [f"{script}.py", *arguments])
    monkeypatch.delitem(sys.modules, f"benchmarks.{script}", raising=False)
    runpy.run_module(f"benchmarks.{script}", run_name="__main__")
    lines = (tmp_path / f"{script}.md").read_text(encoding="utf-8").splitlines()
    assert lines[2] == head
    assert len(lines) == 4 + kinds, "the machine, an empty line, two of the head, the kinds"


def test_make_runs_what_there_is() -> None:
    makefile = (FOLDER.parent / "Makefile").read_text(encoding="utf-8")
    named = {line.split("benchmarks.")[1].split()[0] for line in makefile.splitlines() if "-m benchmarks." in line}
    assert named <= set(SCRIPTS)
    assert {"sync_path", "latency", "slow_upstream", "tls", "memory", "flame_graph", "plot"} <= named
