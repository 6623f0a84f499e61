"""Snapshots of `lambda-router test`, and `--local`: files that are written, and processes that are ended."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner, Result

from router.cli import main

CONFIG = """\
version: 1
functions:
  f: arn:aws:lambda:eu-west-1:111122223333:function:f
triggers:
  url: {type: function_url, invocation: sync, auth: {bearer: "${TOKEN}"}, function: f}
"""
TESTS = """\
tests:
  one:
    given: {request: {target: /a}}
    mock: {f: {returns: hello}}
    expect: {snapshot: true}
  two:
    given: {request: {target: /b}}
    expect: {snapshot: true, function: f}
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Write files, then call the command in their folder."""
    monkeypatch.chdir(tmp_path)

    def call(*args: str, **files: str) -> Result:
        for name, text in files.items():
            (tmp_path / name.replace("_test", ".test").replace("_yaml", ".yaml")).write_text(text)
        return CliRunner().invoke(main, ["test", *args], env={"GITHUB_ACTIONS": None, "TOKEN": None})

    return call


def kept(tmp_path: Path) -> Any:
    return json.loads((tmp_path / "__snapshots__" / "a.test.yaml.json").read_text())


def test_a_test_without_a_snapshot_fails_until_one_is_written(run: Run, tmp_path: Path) -> None:
    result = run(router_yaml=CONFIG, a_test_yaml=TESTS)
    assert result.exit_code == 1
    assert "    there is no snapshot of it yet: `lambda-router test --update` writes it" in result.output.splitlines()
    assert not (tmp_path / "__snapshots__").exists()
    result = run("--update")
    assert (result.exit_code, "snapshots: 2 written, 0 removed" in result.output) == (0, True)
    first = kept(tmp_path)
    assert sorted(first) == ["one", "two"]
    assert first["one"]["response"]["body"] == "hello"
    assert run().exit_code == 0
    assert run("--update").exit_code == 0
    assert kept(tmp_path) == first


def test_what_changed_is_told_and_taken_over(run: Run, tmp_path: Path) -> None:
    run("--update", router_yaml=CONFIG, a_test_yaml=TESTS)
    result = run(a_test_yaml=TESTS.replace("returns: hello", "returns: bye"))
    assert result.exit_code == 1
    assert '    $.response.body: wanted "hello", got "bye"' in result.output.splitlines()
    assert "  a.test.yaml:5:14: snapshot: it is not as the snapshot has it" in result.output.splitlines()
    assert run("--update").exit_code == 0
    assert kept(tmp_path)["one"]["response"]["body"] == "bye"


def test_what_no_test_has_any_more_is_told_and_removed(run: Run, tmp_path: Path) -> None:
    run("--update", router_yaml=CONFIG, a_test_yaml=TESTS)
    fewer = TESTS.partition("  two:")[0]
    result = run(a_test_yaml=fewer)
    assert result.exit_code == 0
    assert "a.test.yaml: the snapshot `two` belongs to no test any more" in result.output
    assert sorted(kept(tmp_path)) == ["one", "two"]
    assert "snapshots: 0 written, 1 removed" in run("--update").output
    assert sorted(kept(tmp_path)) == ["one"]
    run("--update", a_test_yaml=fewer.replace("{snapshot: true}", "{function: f}"))
    assert not (tmp_path / "__snapshots__" / "a.test.yaml.json").exists()


@pytest.mark.parametrize("some", [("-k", "one"), ("--bail",)])
def test_what_was_not_run_is_kept(run: Run, tmp_path: Path, some: tuple[str, ...]) -> None:
    run("--update", router_yaml=CONFIG, a_test_yaml=TESTS)
    result = run("--update", *some, a_test_yaml=TESTS.replace("returns: hello", "returns: bye"))
    assert "removed" not in result.output.replace("0 removed", "")
    assert sorted(kept(tmp_path)) == ["one", "two"]


def test_snapshots_that_are_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "__snapshots__").mkdir()
    for text in ("{", "[1]"):
        (tmp_path / "__snapshots__" / "a.test.yaml.json").write_text(text)
        result = run(router_yaml=CONFIG, a_test_yaml=TESTS)
        assert result.exit_code == 1
        assert "BROKEN one" in result.output


def test_a_snapshot_holds_no_secret(run: Run, tmp_path: Path) -> None:
    text = TESTS.replace("{target: /a}}", '{target: /a, headers: {authorization: "Bearer ${TOKEN}"}}, identity: as_sent}')
    result = run("--update", router_yaml=CONFIG, a_test_yaml=f"env: {{TOKEN: deeply-hidden}}\n{text}")
    assert result.exit_code == 0
    assert kept(tmp_path)["one"]["reached"][0]["payload"]["headers"]["authorization"] == "Bearer ${TOKEN}"
    assert "deeply-hidden" not in (tmp_path / "__snapshots__" / "a.test.yaml.json").read_text()


# --- real functions --------------------------------------------------------------------------------------------------

LOCAL = """\
version: 1
functions:
  f: {local: {runtime: python, handler: app.f, code: .}}
  g: arn:aws:lambda:eu-west-1:111122223333:function:g
triggers:
  f: {type: function_url, invocation: sync, auth: none, hosts: [f.localhost], function: f}
  g: {type: function_url, invocation: sync, auth: none, hosts: [g.localhost], function: g}
tests:
  real:
    given: {trigger: f, sample: {path: /there}}
    mock: {f: {returns: {statusCode: 200, body: said by the mock}}}
    expect: {response: {body: said by the %s}}
  elsewhere:
    given: {trigger: g, sample: {}}
    mock: {g: {returns: {statusCode: 204}}}
    expect: {response: {status: 204}}
  failing:
    given: {trigger: f, sample: {}}
    mock: {f: {outcome: function_error}}
    expect: {response: {status: 502}}
"""
APP = "def f(event, context):\n    return {'statusCode': 200, 'body': 'said by the function'}\n"


@pytest.mark.slow
def test_real_functions_answer_and_their_processes_end(run: Run, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    assert run(router_yaml=LOCAL % "mock").exit_code == 0
    result = run("--local", router_yaml=LOCAL % "function")
    assert result.exit_code == 0, result.output
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


@pytest.mark.slow
def test_a_function_that_cannot_start_is_no_verdict(run: Run, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    result = run("--local", router_yaml=(LOCAL % "function").replace("runtime: python", "runtime: python3.99"))
    assert result.exit_code == 3
    assert "function f: Python 3.99 was not found" in result.output
