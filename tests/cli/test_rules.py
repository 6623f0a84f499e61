"""`lambda-router rules`."""

import json

import pytest
from click.testing import CliRunner, Result

from router.cli import main
from router.config.catalogue import BY_CODE, RULES
from router.reports.rules import to_json

UNUSED = """\
unused-function (lint, warning)

No trigger uses a function.
It is probably a slip: a trigger that was removed, or one that names another function.

Wrong (router.yaml:4:3):

    version: 1
    functions:
      orders: arn:aws:lambda:eu-west-1:111122223333:function:orders
      refunds: arn:aws:lambda:eu-west-1:111122223333:function:refunds
    triggers:
      orders: {type: function_url, invocation: sync, function: orders}

Right:

    version: 1
    functions:
      orders: arn:aws:lambda:eu-west-1:111122223333:function:orders
    triggers:
      orders: {type: function_url, invocation: sync, function: orders}
"""


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["rules", *args])


def test_one_rule() -> None:
    result = run("unused-function")
    assert (result.exit_code, result.stdout) == (0, UNUSED)


def test_the_table_has_a_line_for_each() -> None:
    result = run()
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == sorted(BY_CODE)
    assert [line.split()[1:3] for line in lines] == [[BY_CODE[code].tier, BY_CODE[code].severity] for code in sorted(BY_CODE)]


def test_for_programs() -> None:
    assert json.loads(run("no-auth", "--format", "json").stdout) == to_json(BY_CODE["no-auth"])
    document = json.loads(run("--format", "json").stdout)
    assert document["version"] == 1
    assert len(document["rules"]) == len(RULES)


def test_in_markdown() -> None:
    text = run("not-includable", "--format", "markdown").stdout
    assert text.startswith("### not-includable\n")
    assert "# teams/open.yaml\n" in text
    assert f"{text}" in run("--format", "markdown").stdout


@pytest.mark.parametrize(("code", "said"), [("unused-functoin", "did you mean `unused-function`?"), ("zzzzz", "`zzzzz`")])
def test_a_code_that_does_not_exist(code: str, said: str) -> None:
    result = run(code)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
