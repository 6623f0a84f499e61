"""`lambda-router deliveries` on a running daemon, as an operator types it."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from click.testing import CliRunner, Result

from router.cli import main
from router.cli.deliveries.changes import in_steps
from router.deliveries import Finding, Selection

Run = Callable[..., Result]

LIST = """\
ID   ACCEPTED                  STATE  TRIGGER  FUNCTION   CONDITION         ATTEMPTS  LAST
d-1  2026-03-01T12:00:00.123Z  dead   uploads  thumbnail  RetriesExhausted  2         throttled
d-2  2026-03-01T12:00:01.123Z  dead   mail     send       Refused           0         -
2 deliveries
"""
SHOWN = """\
delivery d-1
  state         dead
  trigger       uploads, thumbnails
  function      thumbnail
  accepted      2026-03-01T12:00:00.123Z
  condition     RetriesExhausted
  invoked       1 times, 1 times put back without running
  trace         Root=1-69a42b80-0123456789abcdef01234567
  payload       16 bytes
  attempt 1: 2026-03-01T12:00:00.123Z, 0.523 s, function_error, status 200, request req-1
    boom
    | START
    | boom
    | END
  attempt 2: 2026-03-01T12:01:00.123Z, 0.010 s, throttled, status 429, request req-2
    TooManyRequestsException: Rate Exceeded.
"""


def test_dead_letters_in_a_list(run: Run) -> None:
    result = run("list")
    assert (result.exit_code, result.stdout) == (0, LIST)


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (["--state", "all"], ["d-1", "d-2", "d-3"]),
        (["--state", "waiting"], ["d-3"]),
        (["--trigger", "mail"], ["d-2"]),
        (["--function", "thumbnail"], ["d-1"]),
        (["--condition", "Refused"], ["d-2"]),
        (["--class", "throttled"], ["d-1"]),
        (["--class", "function_error"], []),
        (["--state", "all", "--older-than", "30m"], ["d-1", "d-2"]),
        (["--older-than", "2h"], []),
        (["--trigger", "nobody"], []),
    ],
)
def test_filters(run: Run, filters: list[str], ids: list[str]) -> None:
    result = run("list", "--format", "json", *filters)
    found = json.loads(result.stdout)
    assert (result.exit_code, found["count"], [one["id"] for one in found["deliveries"]]) == (0, len(ids), ids)
    assert not any("payload" in one for one in found["deliveries"])


def test_a_list_says_what_it_leaves_out(run: Run) -> None:
    assert run("list", "--limit", "1").stdout.splitlines()[1:] == [
        "d-1  2026-03-01T12:00:00.123Z  dead   uploads  thumbnail  RetriesExhausted  2         throttled",
        "2 deliveries, 1 shown",
    ]


def test_show_prints_every_attempt(run: Run) -> None:
    result = run("show", "d-1")
    assert (result.exit_code, result.stdout) == (0, SHOWN)


def test_show_prints_payloads_only_when_asked(run: Run) -> None:
    response = '{"statusCode": 200, "functionError": "Unhandled", "payload": "{\\"errorMessage\\": \\"boom\\"}"}'
    expected = f'{SHOWN}  payload:\n    {{"key": "a.jpg"}}\n  response:\n    {response}\n'
    assert run("show", "d-1", "--payload").stdout == expected


def test_show_as_json(run: Run) -> None:
    [found] = json.loads(run("show", "d-3", "--payload", "--format", "json").stdout)["deliveries"]
    assert found == {
        "state": "waiting",
        "id": "d-3",
        "trigger": "uploads",
        "route": "thumbnails",
        "function": "thumbnail",
        "qualifier": None,
        "accepted_at": 1772369990.123,
        "trace_id": "Root=1-69a42b80-0123456789abcdef01234567",
        "due_at": 1772369990.123,
        "deduplication_id": None,
        "group": None,
        "hops": 0,
        "parent_id": None,
        "attributes": {},
        "retries_used": 0,
        "throttles": 0,
        "invoke_count": 0,
        "starts": 0,
        "attempts": [],
        "condition": None,
        "detail": "",
        "response": None,
        "pending": [],
        "sent": [],
        "send_failures": 0,
        "payload_size": 16,
        "payload": '{"key": "a.jpg"}',
    }


def test_show_says_what_is_not_there(run: Run) -> None:
    result = run("show", "d-9", "d-8")
    expected = "".join(f"lambda-router: There is no delivery {id}; what was delivered is forgotten.\n" for id in ("d-9", "d-8"))
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", expected)


def test_redrive_asks_with_the_number(run: Run, daemon: Any) -> None:
    result = run("redrive", input="n\n")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Deliver 2 dead letters again? [y/N]:")
    assert daemon.do(daemon.journal.count(Selection(dead=True))) == 2


def test_redriven_deliveries_know_their_parent(run: Run, daemon: Any) -> None:
    result = run("redrive", "d-1", input="y\n")
    assert (result.exit_code, result.stdout) == (0, "1 dead letter redriven.\n")
    [_, again] = daemon.do(daemon.journal.select(Selection(dead=False), 10, None))
    assert (again.parent_id, again.payload, again.retries_used, len(again.attempts)) == ("d-1", b'{"key": "a.jpg"}', 0, 2)
    assert [one.id for one in daemon.do(daemon.journal.select(Selection(dead=True), 10, None))] == ["d-2"]


def test_redrive_without_asking(run: Run, daemon: Any) -> None:
    assert run("redrive", "--yes", "--trigger", "mail").stdout == "1 dead letter redriven.\n"
    assert run("redrive", "--yes").stdout == "1 dead letter redriven.\n"
    assert run("redrive").stdout == "0 dead letters redriven.\n"
    assert daemon.do(daemon.journal.count(Selection(dead=False))) == 3


def test_purge(run: Run, daemon: Any) -> None:
    result = run("purge", "d-1", "d-3", input="y\n")
    assert (result.exit_code, result.stdout) == (0, "1 dead letter purged.\n")
    assert result.stderr.startswith("Forget 1 dead letter for good? [y/N]:")
    assert [one.id for one in daemon.do(daemon.journal.select(Selection(), 10, None))] == ["d-2", "d-3"]


def test_export_writes_one_line_each(run: Run, tmp_path: Any) -> None:
    result = run("export", "--state", "all", "-o", str(tmp_path / "out.jsonl"))
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert (result.exit_code, result.stderr) == (0, "3 deliveries written.\n")
    assert [(line["id"], line["state"], line["payload"]) for line in lines] == [
        ("d-1", "dead", '{"key": "a.jpg"}'),
        ("d-2", "dead", '{"key": "a.jpg"}'),
        ("d-3", "waiting", '{"key": "a.jpg"}'),
    ]


def test_a_missing_token(run: Run, daemon: Any) -> None:
    result = run("list", token=None, env={"ROUTER_ADMIN_TOKEN": None})
    expected = (
        f"lambda-router: The daemon at http://{daemon.address} wants its admin token: set ROUTER_ADMIN_TOKEN, or use --token.\n"
    )
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", expected)


def test_no_daemon() -> None:
    result = CliRunner().invoke(main, ["deliveries", "list", "--admin", "http://127.0.0.1:1"])
    assert (result.exit_code, result.stderr) == (
        1,
        "lambda-router: No daemon answers at http://127.0.0.1:1: Connect call failed ('127.0.0.1', 1).\n",
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--older-than", "soon"], "'soon' is no duration; write 90s, 30m, 6h or 7d."),
        (["--offline"], "--admin, --journal and --offline exclude each other."),
    ],
)
def test_wrong_usage(run: Run, args: list[str], message: str) -> None:
    result = run("list", *args)
    assert (result.exit_code, message in result.stderr) == (2, True)


def check(daemon: Any, *args: str) -> Result:
    url = f"http://{daemon.address}"
    return CliRunner().invoke(main, ["journal", "check", "--admin", url, "--token", "s3cret", *args])


def test_the_journal_of_a_running_daemon_is_checked_but_not_mended(daemon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://{daemon.address}"
    result = check(daemon)
    assert (result.exit_code, result.stdout) == (0, f"{url}: nothing is wrong\n")

    async def damaged() -> list[Finding]:
        return [Finding("quarantined", "its checksum is wrong", 7, "d-7")]

    monkeypatch.setattr(daemon.journal, "check", damaged)
    result = check(daemon)
    assert (result.exit_code, result.stdout) == (
        1,
        f"quarantined of delivery d-7: its checksum is wrong\n{url}: 1 findings, 1 of them left\n",
    )
    result = check(daemon, "--repair")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"lambda-router: The daemon at {url} works on its journal: stop it before a repair.\n"


def test_an_invalid_configuration(tmp_path: Any) -> None:
    (tmp_path / "router.yaml").write_text("version: 2\n")
    result = CliRunner().invoke(main, ["deliveries", "list", "-c", str(tmp_path / "router.yaml")])
    assert result.exit_code == 78


async def test_changes_keep_their_pace() -> None:
    done: list[object] = []

    async def act(ids: Sequence[str]) -> int:
        done.append([*ids])
        return len(ids) - ("c" in ids)

    async def sleep(seconds: float) -> None:
        done.append(seconds)

    assert await in_steps(["a", "b", "c", "d", "e"], act, 2, sleep) == 4
    assert done == [["a", "b"], 1.0, ["c", "d"], 1.0, ["e"]]
