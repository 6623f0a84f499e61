"""Configurations to simulate, from YAML text, and envelopes for them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from router.batches import Message
from router.config import load
from router.envelopes import Addressed, HttpEnvelope, QueueEnvelope, TaskEnvelope, TickEnvelope
from router.fakes import FakeFiles
from router.settings import Config
from router.simulation import Trace, simulate

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC).timestamp()
"""A Monday."""


def compiled(text: str) -> Config:
    loaded = load(["router.yaml"], files=FakeFiles({"router.yaml": f"version: 1\n{text}"}), env={}, trust_callers=True)
    assert loaded.config is not None, loaded.problems
    return loaded.config


def http(method: str, target: str, body: Any = b"", trigger: str | None = None, **headers: str) -> Addressed:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Addressed(HttpEnvelope(method, target, pairs, raw), trigger)


def queue(trigger: str, *bodies: str, groups: tuple[str, ...] = ()) -> Addressed:
    messages = [
        Message("", body, id=f"m-{number}", group=groups[number] if groups else None) for number, body in enumerate(bodies)
    ]
    return Addressed(QueueEnvelope(tuple(messages)), trigger)


def task(trigger: str, value: Any) -> Addressed:
    return Addressed(TaskEnvelope(json.dumps(value)), trigger)


def tick(trigger: str, schedule: str, at: float | None = None) -> Addressed:
    return Addressed(TickEnvelope(schedule, at), trigger)


Play = Callable[..., Any]


@pytest.fixture
def play() -> Play:
    """Simulate one envelope for a configuration, by default on a Monday at half past one."""

    async def run(text: str, addressed: Addressed, now: float = NOW, **options: Any) -> Trace:
        return await simulate(compiled(text), addressed, now=now, **options)

    return run


@pytest.fixture
def make_http() -> Callable[..., Addressed]:
    return http


@pytest.fixture
def make_queue() -> Callable[..., Addressed]:
    return queue


@pytest.fixture
def make_task() -> Callable[..., Addressed]:
    return task


@pytest.fixture
def make_tick() -> Callable[..., Addressed]:
    return tick
