"""The same commands where no daemon runs, and `journal check`, on a journal on disk."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from router.cli import main
from router.clock import SystemClock
from router.deliveries import Condition, Delivery, DeliverySettlement, Durability, Fate
from router.journal.opening import open_journal, open_offline
from router.settings import JournalSettings

CONFIG = """\
version: 1
journal: {url: "sqlite:journal"}
admin: {listen: "127.0.0.1:1"}
functions: {orders: arn:aws:lambda:eu-west-1:111122223333:function:orders}
triggers:
  api: {type: lambda_api, invocation: sync, functions: [orders]}
"""
ACCEPTED = 1_772_366_400.123
LISTED = """\
ID   ACCEPTED                  STATE  TRIGGER  FUNCTION     CONDITION         ATTEMPTS  LAST
d-1  2026-03-01T12:00:00.123Z  dead   api      orders:live  RetriesExhausted  0         -
1 deliveries
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A folder with a configuration and a journal with one dead letter."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "router.yaml").write_text(CONFIG)
    asyncio.run(_fill(f"sqlite:{tmp_path / 'journal'}"))
    return lambda *args, **options: CliRunner().invoke(main, args, **options)


async def _fill(url: str) -> None:
    engine = open_journal(JournalSettings(url, dead_letter_retention=None), SystemClock())
    await engine.start()
    dead = Delivery("d-1", "api", "", "orders", "live", b"{}", ACCEPTED, "Root=1", ACCEPTED)
    await engine.journal.append([dead], Durability.DISK)
    [claimed] = await engine.journal.claim(ACCEPTED + 1, 1, ())
    claimed.condition = Condition.RETRIES_EXHAUSTED
    await engine.journal.settle([DeliverySettlement(claimed, Fate.DEAD)])
    await engine.close()


def test_the_configuration_says_where(run: Run) -> None:
    result = run("deliveries", "list")
    told = "No daemon answers at http://127.0.0.1:1: Connect call failed ('127.0.0.1', 1). The journal's files are used.\n"
    assert (result.exit_code, result.stdout, result.stderr) == (0, LISTED, told)


def test_the_files_can_be_named(run: Run, tmp_path: Path) -> None:
    for place in (["--offline"], ["--journal", f"sqlite:{tmp_path / 'journal'}"]):
        result = run("deliveries", "list", *place)
        assert (result.exit_code, result.stdout, result.stderr) == (0, LISTED, "")


def test_redriven_and_purged_offline(run: Run) -> None:
    assert run("deliveries", "redrive", "--offline", "--yes").stdout == "1 dead letter redriven.\n"
    [waiting] = json.loads(run("deliveries", "list", "--offline", "--state", "waiting", "--format", "json").stdout)[
        "deliveries"
    ]
    assert (waiting["parent_id"], waiting["function"], waiting["state"]) == ("d-1", "orders", "waiting")
    assert run("deliveries", "purge", "--offline", "--yes").stdout == "0 dead letters purged.\n"


def test_a_journal_that_a_daemon_has(run: Run, tmp_path: Path) -> None:
    async def held() -> Result:
        engine = open_offline(f"sqlite:{tmp_path / 'journal'}")
        try:
            return await asyncio.to_thread(run, "deliveries", "list", "--offline")
        finally:
            await engine.close()

    result = asyncio.run(held())
    assert (result.exit_code, "is in use by another process" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory:", "lambda-router: a journal in memory is gone with its daemon: there is nothing to open\n"),
        ("sqlite:nowhere", "lambda-router: there is no journal in nowhere\n"),
    ],
)
def test_a_journal_that_is_not_there(run: Run, url: str, message: str) -> None:
    for command in (["deliveries", "list"], ["journal", "check"]):
        result = run(*command, "--journal", url)
        assert (result.exit_code, result.stdout, result.stderr) == (1, "", message)


def orphan(folder: Path) -> None:
    """A mark of a start whose delivery is gone."""
    connection = sqlite3.connect(folder / "journal.sqlite")
    connection.execute("INSERT INTO started (number, starts) VALUES (99, 1)")
    connection.commit()
    connection.close()


def test_a_sound_journal(run: Run, tmp_path: Path) -> None:
    result = run("journal", "check")
    assert (result.exit_code, result.stdout) == (0, f"sqlite:{tmp_path / 'journal'}: nothing is wrong\n")


def test_a_journal_is_mended_only_when_asked(run: Run, tmp_path: Path) -> None:
    orphan(tmp_path / "journal")
    line = "orphan: a started without its delivery"
    for _ in range(2):
        result = run("journal", "check", "--journal", "sqlite:journal")
        assert (result.exit_code, result.stdout) == (1, f"{line}\nsqlite:journal: 1 findings, 1 of them left\n")
    result = run("journal", "check", "--journal", "sqlite:journal", "--repair")
    assert (result.exit_code, result.stdout) == (0, f"{line} (mended)\nsqlite:journal: 1 findings, 0 of them left\n")
    assert run("journal", "check").exit_code == 0


def test_findings_as_json(run: Run, tmp_path: Path) -> None:
    orphan(tmp_path / "journal")
    result = run("journal", "check", "--journal", "sqlite:journal", "--format", "json")
    finding: dict[str, Any] = {"kind": "orphan", "detail": "a started without its delivery", "number": 99, "id": None}
    assert json.loads(result.stdout) == {
        "version": 1,
        "journal": "sqlite:journal",
        "findings": [finding | {"repaired": False}],
    }
    assert run("deliveries", "list", "--offline").stdout == LISTED
