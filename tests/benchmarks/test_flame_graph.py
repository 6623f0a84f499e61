"""What py-spy's stacks are counted to."""

from benchmarks.flame_graph import counted, table

STACKS = ["main (a.py:1);serve (a.py:5);dumps (j.py:2) 6", "main (a.py:1);serve (a.py:5) 3", "main (a.py:1);main (a.py:1) 1"]
IDLE = "run (threading.py:1);_worker (concurrent/futures/thread.py:69) 90"


def test_alone_and_with_what_it_calls() -> None:
    alone, whole, total = counted([*STACKS, IDLE])
    assert total == 10
    assert alone == {"dumps (j.py:2)": 6, "serve (a.py:5)": 3, "main (a.py:1)": 1}
    assert whole == {"dumps (j.py:2)": 6, "serve (a.py:5)": 9, "main (a.py:1)": 10}


def test_the_most_expensive_first() -> None:
    rows = table(STACKS).splitlines()[2:]
    assert rows[:2] == ["| `dumps (j.py:2)` | 60.0% | 60.0% |", "| `serve (a.py:5)` | 30.0% | 90.0% |"]
