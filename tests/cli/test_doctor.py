"""`lambda-router doctor`: what it prints, and what its exit code says."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from router.cli import main

FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:orders"
LOCAL = """\
version: 1
listeners: {main: 127.0.0.1:0}
functions: {orders: {local: {runtime: python, handler: app.handler}}}
triggers: {page: {type: function_url, invocation: sync, function: orders}}
"""
REMOTE = f"""\
version: 1
listeners: {{main: 127.0.0.1:0}}
functions: {{orders: '{FUNCTION}'}}
triggers: {{page: {{type: function_url, invocation: sync, function: orders}}}}
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_environment: None) -> Run:
    """`run(text, *args)`: the command on a router.yaml with this text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "app.py").write_text("raise SystemExit('nobody runs this')\n")

    def call(text: str, *args: str) -> Result:
        (tmp_path / "router.yaml").write_text(text)
        return CliRunner().invoke(main, ["doctor", *args])

    return call


def test_all_well(run: Run) -> None:
    result = run(LOCAL)
    lines = result.stdout.splitlines()
    assert (result.exit_code, result.stderr) == (0, "")
    assert lines[:3] == [
        "listener 127.0.0.1:0  (router.yaml:2:13)",
        "  ok       it is free",
        "local function orders  (router.yaml:3:22)",
    ]
    assert lines[-1] == "all well (2 ok)"


def test_nothing_is_called_in_the_name_of_nobody(run: Run) -> None:
    result = run(REMOTE)
    assert (result.exit_code, result.stderr) == (3, "")
    assert "no AWS credentials were found" in result.stdout
    assert result.stdout.splitlines()[-1] == "could not be found out (1 ok, 4 skipped)"


def test_results_for_programs(run: Run) -> None:
    document = json.loads(run(REMOTE, "--format", "json").stdout)
    assert (document["version"], document["verdict"]) == (1, "unknown")
    assert document["results"][1] == {
        "check": "invocable",
        "subject": FUNCTION,
        "status": "skipped",
        "message": "there are no credentials for it that work",
        "help": None,
        "needs": None,
        "blocked": True,
        "file": "router.yaml",
        "line": 3,
        "column": 13,
    }


def test_warnings_fail_where_somebody_says_so(run: Run) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        text = LOCAL.replace("127.0.0.1:0", f"127.0.0.1:{other.getsockname()[1]}")
        assert run(text).exit_code == 0
        result = run(text, "--fail-on", "warning")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (1, "not well (1 ok, 1 warning)")
    assert "  warning  it is in use\n           help: fine where the daemon runs already" in result.stdout


def test_what_failed_weighs_more_than_what_is_not_known(run: Run) -> None:
    result = run(REMOTE.replace("127.0.0.1:0", "unix:missing/router.sock"))
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (1, "not well (1 failed, 4 skipped)")


def test_what_runs_here_is_not_looked_for_in_aws(run: Run) -> None:
    both = f"{{arn: '{FUNCTION}', local: {{runtime: python, handler: app.handler}}}}"
    assert run(REMOTE.replace(f"'{FUNCTION}'", both)).exit_code == 3
    assert run(REMOTE.replace(f"'{FUNCTION}'", both), "--local").exit_code == 0


def test_a_journal_that_is_not_written_has_no_place(run: Run) -> None:
    text = LOCAL.replace("invocation: sync", "invocation: async")
    assert "journal sqlite:" in run(text).stdout
    document = json.loads(run(text, "--format", "json").stdout)
    (place,) = {(result["file"], result["line"]) for result in document["results"] if result["check"] == "journal"}
    assert place == (None, None)


@pytest.mark.parametrize("args", [["--timeout", "soon"], ["--fail-on", "everything"]])
def test_wrong_usage(run: Run, args: list[str]) -> None:
    assert run(LOCAL, *args).exit_code == 2


def test_a_profile_that_is_not_there(run: Run) -> None:
    result = run(REMOTE + "aws: {profile: nobody}\n")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("lambda-router: The AWS configuration cannot be used: The config profile (nobody)")


def test_an_invalid_configuration(run: Run) -> None:
    result = run(REMOTE.replace("function: orders", "function: ordres"))
    assert (result.exit_code, result.stdout) == (78, "")
    assert "there is no function `ordres`" in result.stderr


def test_a_variable_that_is_not_set(run: Run) -> None:
    assert run(REMOTE.replace(FUNCTION, "${ORDERS}")).exit_code == 78
