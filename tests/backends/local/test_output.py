"""What a function prints becomes bounded log records."""

import logging

from router.backends.local.output import MAX_LINE, MAX_LINES_PER_SECOND, OutputLog
from router.fakes import FakeClock


def messages(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_lines_are_put_together_and_cut(caplog):
    caplog.set_level(logging.INFO)
    output = OutputLog("shop", FakeClock())
    for data in (b"one\ntw", b"o\n", b"\n", b"[ERROR] x\rtrace\n", b"bytes \xff\xfe\n", b"unended"):
        output.write(data, "r")
    output.flush("r")
    assert messages(caplog) == ["one", "two", "[ERROR] x\ntrace", "bytes \ufffd\ufffd", "unended"]


def test_a_line_without_end_is_cut(caplog):
    caplog.set_level(logging.INFO)
    output = OutputLog("shop", FakeClock())
    output.write(b"x" * (2 * MAX_LINE + 1), "r")
    output.flush("r")
    assert [len(text) for text in messages(caplog)] == [MAX_LINE, MAX_LINE, 1]


def test_a_flood_is_counted(caplog):
    caplog.set_level(logging.INFO)
    clock = FakeClock()
    output = OutputLog("shop", clock)
    output.write(b"x\n" * (MAX_LINES_PER_SECOND + 5), "r")
    clock.advance(1.0)
    output.write(b"after\n", "r")
    assert messages(caplog)[MAX_LINES_PER_SECOND:] == [
        "The function prints more than is logged: some lines were left out.",
        "after",
    ]
    assert [record.lines for record in caplog.records if record.levelname == "WARNING"] == [5]


def test_nothing_is_kept_where_nobody_listens(caplog):
    caplog.set_level(logging.ERROR, "router.function")
    output = OutputLog("shop", FakeClock())
    output.write(b"unended", "r")
    caplog.set_level(logging.INFO, "router.function")
    output.flush("r")
    assert messages(caplog) == []
