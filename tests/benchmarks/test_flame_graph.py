"""What py-spy's stacks are counted to, and what is said where it may not look."""

import argparse
import os
from pathlib import Path

import pytest

from benchmarks.flame_graph import counted, record, table

STACKS = ["main (a.py:1);serve (a.py:5);dumps (j.py:2) 6", "main (a.py:1);serve (a.py:5) 3", "main (a.py:1);main (a.py:1) 1"]
IDLE = "run (threading.py:1);_worker (concurrent/futures/thread.py:69) 90"
OPTIONS = argparse.Namespace(seconds=1.0, rate=100, native=False)


def test_alone_and_with_what_it_calls() -> None:
    alone, whole, total = counted([*STACKS, IDLE])
    assert total == 10
    assert alone == {"dumps (j.py:2)": 6, "serve (a.py:5)": 3, "main (a.py:1)": 1}
    assert whole == {"dumps (j.py:2)": 6, "serve (a.py:5)": 9, "main (a.py:1)": 10}


def test_the_most_expensive_first() -> None:
    rows = table(STACKS).splitlines()[2:]
    assert rows[:2] == ["| `dumps (j.py:2)` | 60.0% | 60.0% |", "| `serve (a.py:5)` | 30.0% | 90.0% |"]


def spy(folder: Path, script: str) -> str:
    """A program in py-spy's place."""
    program = folder / "spy"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("said", "advised"), [("Permission Denied: Try running again", True), ("Error: Failed to find python version", False)]
)
def test_who_may_not_look_is_told_what_to_do(tmp_path: Path, said: str, advised: bool) -> None:
    program = spy(tmp_path, f"echo '{said}'; exit 1")
    with pytest.raises(SystemExit) as ended:
        record(program, os.getpid(), OPTIONS, "raw", tmp_path / "stacks.txt")
    text = str(ended.value)
    assert text.startswith(said)
    assert ("ptrace_scope" in text, "SYS_PTRACE" in text) == (advised, advised)


def test_what_py_spy_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "stacks.txt"
    record(spy(tmp_path, f'echo "$@" > {file}'), 7, OPTIONS, "raw", file)
    assert file.read_text().strip() == f"record --pid 7 --format raw --output {file} --duration 1 --rate 100 --function"
