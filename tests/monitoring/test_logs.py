"""Log lines in both forms."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from router.monitoring.logs import configure
from router.settings import Log


@pytest.fixture(autouse=True)
def keep_the_root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def written(form: str, level: str = "info") -> list[str]:
    stream = io.StringIO()
    configure(Log(level, form), stream)
    log = logging.getLogger("router.test")
    log.debug("Too fine.")
    log.info("Hello there.", extra={"trigger": "shop", "status": 200, "nothing": None, "text": 'say "é"\n'})
    try:
        raise ValueError("boom")
    except ValueError:
        log.exception("It failed.")
    return stream.getvalue().splitlines()


def test_json() -> None:
    first, second = [json.loads(line) for line in written("json")]
    moment = first.pop("time")
    assert len(moment) == len("2026-11-23T15:00:00.000Z")
    assert moment.endswith("Z")
    assert first == {
        "level": "info",
        "logger": "router.test",
        "message": "Hello there.",
        "trigger": "shop",
        "status": 200,
        "text": 'say "é"\n',
    }
    assert "ValueError: boom" in second["exc_info"]


def test_text() -> None:
    lines = written("text")
    assert lines[0].partition(" ")[2] == (r'INFO    router.test: Hello there. trigger=shop status=200 text="say \"é\"\n"')
    assert lines[1].partition(" ")[2] == "ERROR   router.test: It failed."
    assert lines[-1] == "ValueError: boom"


def test_the_level_is_kept() -> None:
    assert len(written("json", "error")) == 1
    assert len(written("json", "debug")) == 3
