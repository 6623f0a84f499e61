"""`lambda-router validate`, as a person and as a pipeline calls it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from router.cli import main
from router.cli import validate as module

GOOD = """\
version: 1
functions: {orders: arn:aws:lambda:eu-west-1:111122223333:function:orders}
triggers:
  api: {type: lambda_api, invocation: sync, functions: [orders]}
"""
BAD = GOOD.replace("[orders]", "[ordres]")
HUMAN = """\
router.yaml:2:13: warning[unused-function]: no trigger uses the function `orders`
  2 | functions: {orders: arn:aws:lambda:eu-west-1:111122223333:function:orders}
    |             ^^^^^^
    help: use it in a trigger, or remove it

router.yaml:4:57: error[unknown-function]: there is no function `ordres`
  4 |   api: {type: lambda_api, invocation: sync, functions: [ordres]}
    |                                                         ^^^^^^
    help: did you mean `orders`?

router.yaml: not valid (1 error, 1 warning)
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Write files, then call the command in their folder."""
    monkeypatch.chdir(tmp_path)

    def call(*args: str, files: dict[str, str], env: dict[str, str | None] | None = None) -> Result:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
            (tmp_path / name).write_text(text)
        return CliRunner().invoke(main, ["validate", *args], env=env)

    return call


def test_a_valid_file(run: Run) -> None:
    result = run(files={"router.yaml": GOOD})
    assert (result.exit_code, result.stdout) == (0, "router.yaml: valid\n")


def test_findings_for_people(run: Run) -> None:
    result = run(files={"router.yaml": BAD})
    assert (result.exit_code, result.stdout) == (1, HUMAN)


def test_findings_for_programs(run: Run, tmp_path: Path) -> None:
    result = run("--format", "json", files={"router.yaml": BAD})
    document: dict[str, Any] = json.loads(result.stdout)
    (configuration,) = document["configurations"]
    warning, error = configuration.pop("problems")
    assert document["version"] == 1
    assert configuration == {
        "path": "router.yaml",
        "stages": [],
        "verdict": "invalid",
        "files": [str(tmp_path / "router.yaml")],
        "suppressed": [],
    }
    assert (warning["severity"], warning["code"], warning["path"]) == ("warning", "unused-function", "functions.orders")
    assert error == {
        "severity": "error",
        "code": "unknown-function",
        "message": "there is no function `ordres`",
        "file": "router.yaml",
        "line": 4,
        "column": 57,
        "end": {"line": 4, "column": 63},
        "path": "triggers.api.functions[0]",
        "help": "did you mean `orders`?",
        "related": [],
        "fix": None,
        "fingerprint": error["fingerprint"],
        "stages": [],
    }
    assert result.exit_code == 1


def test_warnings_are_allowed(run: Run) -> None:
    result = run(files={"router.yaml": GOOD.split("triggers")[0]})
    assert result.exit_code == 0
    assert result.stdout.endswith("router.yaml: valid (1 warning)\n")


def test_several_files_and_folders_each_by_itself(run: Run) -> None:
    result = run("a.yaml", "team", files={"a.yaml": GOOD, "team/router.yaml": GOOD})
    assert (result.exit_code, result.stdout) == (0, "a.yaml: valid\nteam/router.yaml: valid\n")


def test_overlays(run: Run) -> None:
    overlay = "triggers: {api: {functions: [orders]}}\n"
    assert run("-f", "dev.yaml", files={"router.yaml": BAD, "dev.yaml": overlay}).exit_code == 0


def test_variables(run: Run) -> None:
    text = GOOD + 'admin: {listen: 127.0.0.1:0, token: "${ADMIN_TOKEN}"}\n'
    unset: dict[str, str | None] = {"ADMIN_TOKEN": None}
    assert run(files={"router.yaml": text}, env=unset).exit_code == 0
    result = run("--require-env", files={"router.yaml": text}, env=unset)
    assert (result.exit_code, result.stdout.splitlines()[0]) == (
        1,
        "router.yaml:5:37: error[unset-variable]: the variable `ADMIN_TOKEN` is not set",
    )


def test_no_verdict_where_a_file_cannot_be_read(run: Run) -> None:
    result = run("nowhere.yaml", files={"router.yaml": BAD})
    assert result.exit_code == 3
    assert result.stdout.endswith("nowhere.yaml: no verdict (1 error)\n")
    assert run("nowhere.yaml", "router.yaml", files={"router.yaml": BAD}).exit_code == 3


def test_no_verdict_where_the_program_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("slip")

    monkeypatch.setattr(module, "load", fail)
    result = run(files={"router.yaml": GOOD})
    assert (result.exit_code, result.stderr) == (3, "lambda-router: internal error, no verdict: KeyError: 'slip'\n")


def test_wrong_usage(run: Run) -> None:
    assert run("--format", "xml", files={}).exit_code == 2
    assert run("--nonsense", files={}).exit_code == 2


def test_colours_only_for_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "router.yaml").write_text(BAD)
    coloured = CliRunner().invoke(main, ["validate"], color=True)
    assert "\x1b[31m\x1b[1merror[unknown-function]\x1b[0m" in coloured.stdout
    assert "\x1b" not in CliRunner().invoke(main, ["validate"]).stdout


def test_it_imports_nothing_that_only_the_daemon_needs(tmp_path: Path) -> None:
    (tmp_path / "router.yaml").write_text(GOOD)
    heavy = ["aiobotocore", "aiohttp", "asyncio", "boto3", "botocore", "prometheus_client", "psutil", "uvloop", "watchfiles"]
    script = (
        "import sys\n"
        "from router.cli import main\n"
        "try:\n    main(['validate'])\n"
        "except SystemExit as done:\n    assert done.code == 0, done.code\n"
        f"print([name for name in {heavy!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "router.yaml: valid\n[]\n"
