"""`lambda-router iam`: a policy on standard output, what it cannot say on standard error."""

import json
from collections.abc import Callable
from pathlib import Path

import hcl2
import pytest
from click.testing import CliRunner, Result

from router.cli import main

ORDERS = "arn:aws:lambda:eu-west-1:111122223333:function:orders"
ROLE = "arn:aws:iam::444455556666:role/poller"
CONFIG = f"""\
version: 1
aws: {{region: eu-west-1, account_id: 111122223333}}
functions: {{orders: '{ORDERS}'}}
triggers:
  page: {{type: function_url, invocation: sync, function: orders}}
"""
QUEUE = f"  jobs: {{type: sqs, invocation: async, queue: jobs, function: orders, role_arn: '{ROLE}'}}\n"

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run(text, *args)`: the command on a router.yaml with this text."""
    monkeypatch.chdir(tmp_path)

    def call(text: str, *args: str) -> Result:
        (tmp_path / "router.yaml").write_text(text)
        return CliRunner().invoke(main, ["iam", *args])

    return call


INVOKE = {"Sid": "InvokeFunctions", "Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": [ORDERS]}


def test_the_policy(run: Run) -> None:
    result = run(CONFIG)
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {"Version": "2012-10-17", "Statement": [INVOKE]}


def test_roles_have_policies_of_their_own(run: Run) -> None:
    result = run(CONFIG + QUEUE)
    assert [statement["Sid"] for statement in json.loads(result.stdout)["Statement"]] == ["InvokeFunctions", "AssumeRoles"]
    assert (
        result.stderr == f"note: the daemon assumes {ROLE}, which needs a policy of its own: lambda-router iam --role {ROLE}\n"
    )
    result = run(CONFIG + QUEUE, "--role", ROLE)
    assert [statement["Sid"] for statement in json.loads(result.stdout)["Statement"]] == ["PollQueues"]
    assert result.stderr == (
        "note: PollQueues may also need kms:Decrypt on the key, where a queue is encrypted with a key of yours.\n"
    )


def test_a_role_that_nobody_assumes(run: Run) -> None:
    result = run(CONFIG + QUEUE, "--role", "arn:aws:iam::444455556666:role/other")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"lambda-router: The daemon does not assume arn:aws:iam::444455556666:role/other. Roles that it assumes: {ROLE}.\n"
    )


def test_terraform_has_a_data_source_for_every_principal(run: Run) -> None:
    result = run(CONFIG + QUEUE, "--format", "terraform")
    assert (result.exit_code, result.stderr) == (0, "")
    sources = hcl2.loads(result.stdout)["data"]
    assert [next(iter(source.values())).keys() for source in sources] == [{'"lambda_router"'}, {'"lambda_router_poller"'}]
    assert "# It may also need kms:Decrypt on the key" in result.stdout


def test_split(run: Run) -> None:
    routes = "".join(f"      GET /{number}: '{ORDERS}-{number}'\n" for number in range(200))
    text = (
        CONFIG
        + f"  api:\n    hosts: a.example.com\n    type: api_gateway\n    api: http\n    invocation: sync\n    routes:\n{routes}"
    )
    whole = run(text)
    assert "use --split" in whole.stderr
    parts = json.loads(run(text, "--split").stdout)
    sizes = [len(json.dumps(part, separators=(",", ":"))) for part in parts]
    assert max(sizes) <= 6144
    divided = [arn for part in parts for statement in part["Statement"] for arn in statement["Resource"]]
    assert divided == json.loads(whole.stdout)["Statement"][0]["Resource"]


def test_what_depends_on_a_variable_is_said(run: Run) -> None:
    result = run(
        CONFIG + QUEUE.replace("queue: jobs", "queue: '${QUEUE}'") + "admin: {listen: '127.0.0.1:0', token: '${TOKEN}'}\n"
    )
    assert [statement["Sid"] for statement in json.loads(result.stdout)["Statement"]] == ["InvokeFunctions"]
    assert result.stderr == ("note: triggers.jobs.queue: ${QUEUE} is not set; what depends on it is left out.\n")


def test_an_account_that_nobody_names(run: Run) -> None:
    text = CONFIG.replace(", account_id: 111122223333", "") + QUEUE.replace(f", role_arn: '{ROLE}'", "")
    result = run(text)
    assert json.loads(result.stdout)["Statement"][1]["Resource"] == ["arn:aws:sqs:eu-west-1:*:jobs"]
    assert "note: aws.account_id is not set, so `*` stands for the account.\n" in result.stderr


def test_functions_that_get_the_routers_credentials(run: Run, root: Path) -> None:
    code = root / "configs" / "functions" / "hello"
    local = f"{{local: {{runtime: python, handler: app.handler, code: {code}, credentials: router}}}}"
    result = run(CONFIG.replace(f"'{ORDERS}'", local))
    assert json.loads(result.stdout)["Statement"] == []
    assert result.stderr == (
        "note: nothing of AWS is needed, so the policy has no statement.\n"
        "note: the function orders runs here with the router's credentials; what it calls is not in the policy.\n"
    )


def test_local_functions_as_run_has_them(run: Run, root: Path) -> None:
    code = root / "configs" / "functions" / "hello"
    both = f"{{arn: '{ORDERS}', local: {{runtime: python, handler: app.handler, code: {code}}}}}"
    text = CONFIG.replace(f"'{ORDERS}'", both)
    assert json.loads(run(text).stdout)["Statement"] == [INVOKE]
    assert json.loads(run(text, "--local").stdout)["Statement"] == []
    assert json.loads(run(text, "--local", "orders").stdout)["Statement"] == []


def test_an_invalid_configuration(run: Run) -> None:
    result = run(CONFIG.replace("function: orders", "function: ordres"))
    assert (result.exit_code, result.stdout) == (78, "")
    assert "there is no function `ordres`" in result.stderr


def test_a_configuration_that_needs_nothing_of_aws(run: Run) -> None:
    result = run("version: 1\nfunctions: {}\ntriggers: {}\n")
    assert json.loads(result.stdout) == {"Version": "2012-10-17", "Statement": []}
    assert result.stderr.splitlines()[-1:] == ["note: nothing of AWS is needed, so the policy has no statement."]
