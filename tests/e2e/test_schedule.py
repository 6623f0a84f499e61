"""Schedules end to end: the daemon at sixty times the speed, killed and started again, with its journal on disk."""

import os
import signal
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from tests.e2e.running import PATIENCE

pytestmark = pytest.mark.slow

SETTINGS = """
version: 1
listeners: {main: "127.0.0.1:0"}
aws: {region: eu-west-1, account_id: "111122223333"}
journal: {url: "sqlite:./journal"}
functions:
  beat: {local: {runtime: python, handler: app.show, code: PRINTER}}
triggers:
  clock:
    type: schedule
    invocation: async
    missed: all
    schedules: {beat: {expression: rate(1 minute), function: beat}}
"""


def minute(event: dict[str, Any]) -> int:
    return int(datetime.fromisoformat(event["time"]).timestamp()) // 60


def test_a_kill_neither_loses_nor_doubles_a_planned_time(start: Callable[..., Any]) -> None:
    first = start(SETTINGS, "--time-scale", "60")
    first.printed("beat", 3)
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait(PATIENCE)
    before = [minute(event) for event in first.printed("beat", 3)]

    second = start(SETTINGS, "--time-scale", "60")
    seen = second.printed("beat", 3)

    after = [minute(event) for event in seen]
    assert [later - earlier for earlier, later in pairwise(before)] == [1, 1]
    assert after[0] - before[-1] in (0, 1)  # what ran when the process died may run again
    assert [later - earlier for earlier, later in pairwise(after)] == [1, 1]
    assert {**seen[0], "id": "", "time": ""} == {
        "version": "0",
        "id": "",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "111122223333",
        "time": "",
        "region": "eu-west-1",
        "resources": ["arn:aws:events:eu-west-1:111122223333:rule/clock.beat"],
        "detail": {},
    }
