"""Percentiles and tables."""

import json
from pathlib import Path

import pytest

from benchmarks import report


@pytest.mark.parametrize(
    ("count", "share", "wanted"),
    [
        (1, 0.5, 1),
        (1, 0.999, 1),
        (2, 0.5, 1),
        (4, 0.5, 2),
        (5, 0.5, 3),
        (100, 0.99, 99),
        (101, 0.99, 100),
        (1000, 0.999, 999),
        (10, 1, 10),
    ],
)
def test_percentiles_are_the_nearest_rank(count: int, share: float, wanted: int) -> None:
    assert report.percentile(range(1, count + 1), share) == wanted


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 0.0), ([1.0], 1.1)])
def test_percentiles_of_nothing_are_refused(values: list[float], share: float) -> None:
    with pytest.raises(ValueError, match="no percentile"):
        report.percentile(values, share)


def test_a_table() -> None:
    assert report.markdown(("a", "b"), [("1", "2"), ("3", "4")]) == "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |"
    with pytest.raises(ValueError, match="2 cells are wanted, not 1"):
        report.markdown(("a", "b"), [("1",)])


def test_what_is_published_can_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "OUT", tmp_path / "out")
    assert report.figures("x") is None
    report.publish("x", "| a |", {"a": [1, 2]})
    assert capsys.readouterr().out == "| a |\n"
    assert (tmp_path / "out" / "x.md").read_text() == "| a |\n"
    assert report.figures("x") == json.loads((tmp_path / "out" / "x.json").read_text()) == {"a": [1, 2]}
    report.publish("y", "text alone")
    assert report.figures("y") is None
