"""What `lambda-router run` refuses before anything starts."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from router.cli import main

CONFIG = """\
version: 1
functions: {orders: arn:aws:lambda:eu-west-1:111122223333:function:orders}
triggers:
  api: {type: lambda_api, invocation: sync, functions: [orders], labels: {team: shop}}
"""


def run(folder: Path, *args: str) -> Result:
    (folder / "router.yaml").write_text(CONFIG)
    return CliRunner().invoke(main, ["run", str(folder / "router.yaml"), *args])


@pytest.mark.parametrize("demand", ["async", "label=tier", "label=team=core"])
def test_no_trigger_is_left(tmp_path: Path, demand: str) -> None:
    result = run(tmp_path, "--only", demand)
    assert (result.exit_code, result.stderr) == (1, "lambda-router: No trigger is what --only asks for.\n")


def test_only_what_exists(tmp_path: Path) -> None:
    result = run(tmp_path, "--only", "everything")
    assert result.exit_code == 2
    assert "'everything' is neither sync, async, label=NAME nor label=NAME=VALUE." in result.stderr
