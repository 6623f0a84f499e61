"""What each part of a configuration needs, and in whose name."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from router.config import load
from router.files import LocalFiles
from router.generation import LocalSelection
from router.permissions.needs import partition_of, statements
from router.permissions.statement import ROUTER, Statement, policy, size, split
from router.settings import Config

HEAD = "version: 1\naws: {region: eu-west-1, account_id: 111122223333}\n"
ORDERS = "arn:aws:lambda:eu-west-1:111122223333:function:orders"
FUNCTION = f"functions: {{orders: '{ORDERS}'}}\n"
LOCAL = "{local: {runtime: python, handler: app.handler, code: CODE}}"

Compile = Callable[[str], Config]


@pytest.fixture
def compile_local(compile_config: Compile, root: Path) -> Compile:
    code = root / "configs" / "functions" / "hello"
    return lambda text: compile_config(text.replace("CODE", str(code)))


def needed(config: Config, selection: LocalSelection | None = None) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(s.principal, s.sid, s.resources) for s in statements(config, selection)]


def test_a_function_is_named_with_the_qualifiers_that_are_called(compile_config: Compile) -> None:
    routes = "{GET /: {function: orders, weights: {live: 9, '8': 1}}, GET /x: 'orders:7', GET /y: orders}"
    api = f"triggers: {{a: {{type: api_gateway, api: http, invocation: sync, routes: {routes}}}}}\n"
    assert needed(compile_config(HEAD + FUNCTION + api)) == [
        (ROUTER, "InvokeFunctions", (f"{ORDERS}:live", f"{ORDERS}:8", f"{ORDERS}:7", ORDERS))
    ]


def test_callers_of_the_invoke_api_choose_any_qualifier_of_what_is_listed(compile_config: Compile) -> None:
    api = "triggers: {a: {type: lambda_api, invocation: sync, functions: FUNCTIONS}}\n"
    expected = [(ROUTER, "InvokeFunctions", (ORDERS, f"{ORDERS}:*"))]
    assert needed(compile_config(HEAD + FUNCTION + api.replace("FUNCTIONS", "all"))) == expected
    assert needed(compile_config(HEAD + FUNCTION + api.replace("FUNCTIONS", "[orders]"))) == expected


def test_what_runs_here_needs_nothing(compile_local: Compile) -> None:
    trigger = "triggers: {a: {type: function_url, invocation: sync, function: orders}}\n"
    assert needed(compile_local(f"{HEAD}functions: {{orders: {LOCAL}}}\n{trigger}")) == []


def test_a_function_with_both_needs_nothing_where_it_runs_here(compile_local: Compile) -> None:
    both = LOCAL.replace("{local", f"{{arn: '{ORDERS}', local", 1)
    trigger = "triggers: {a: {type: function_url, invocation: sync, function: orders}}\n"
    config = compile_local(f"{HEAD}functions: {{orders: {both}}}\n{trigger}")
    assert needed(config) == [(ROUTER, "InvokeFunctions", (ORDERS,))]
    assert needed(config, LocalSelection(everything=True)) == []
    assert needed(config, LocalSelection(names=frozenset({"orders"}))) == []


def test_a_disabled_trigger_needs_nothing(compile_config: Compile) -> None:
    text = "triggers: {a: {type: function_url, invocation: sync, enabled: false, function: orders}}\n"
    assert needed(compile_config(HEAD + FUNCTION + text)) == []


def test_destinations_of_delegated_deliveries_are_lambdas_own_business(compile_config: Compile) -> None:
    shared = "defaults: {async: {on_failure: 'sqs:failed'}}\n"
    bus = "triggers: {a: {type: eventbridge, invocation: async, rules: {r: {pattern: {source: [x]}, function: orders}}}}\n"
    assert needed(compile_config(HEAD + FUNCTION + shared + bus)) == [(ROUTER, "InvokeFunctions", (ORDERS,))]


MANAGED = "{arn: 'ORDERS', async: {delivery: managed, on_failure: 'DESTINATION'}}".replace("ORDERS", ORDERS)


@pytest.mark.parametrize(
    ("destination", "sid", "resource"),
    [
        ("sqs:failed", "SendLettersToQueues", "arn:aws:sqs:eu-west-1:111122223333:failed"),
        ("sns:failed", "PublishLetters", "arn:aws:sns:eu-west-1:111122223333:failed"),
        ("events:failed", "PutLettersOnBuses", "arn:aws:events:eu-west-1:111122223333:event-bus/failed"),
        ("s3:failed", "PutLettersIntoBuckets", "arn:aws:s3:::failed/*"),
        ("arn:aws:sqs:eu-west-2:444455556666:theirs", "SendLettersToQueues", "arn:aws:sqs:eu-west-2:444455556666:theirs"),
    ],
)
def test_destinations_of_managed_deliveries(compile_config: Compile, destination: str, sid: str, resource: str) -> None:
    bus = "triggers: {a: {type: eventbridge, invocation: async, rules: {r: {pattern: {source: [x]}, function: orders}}}}\n"
    text = f"{HEAD}functions: {{orders: {MANAGED.replace('DESTINATION', destination)}}}\n{bus}"
    assert needed(compile_config(text)) == [(ROUTER, "InvokeFunctions", (ORDERS,)), (ROUTER, sid, (resource,))]


def test_a_function_that_is_told_may_be_called_and_its_own_destinations_are_told_too(compile_config: Compile) -> None:
    told = ORDERS.replace("orders", "told")
    functions = (
        f"functions:\n  orders: {MANAGED.replace('DESTINATION', 'function:told:live')}\n"
        f"  told: {MANAGED.replace('DESTINATION', 'sqs:failed').replace(ORDERS, told)}\n"
    )
    bus = "triggers: {a: {type: eventbridge, invocation: async, rules: {r: {pattern: {source: [x]}, function: orders}}}}\n"
    assert needed(compile_config(HEAD + functions + bus)) == [
        (ROUTER, "InvokeFunctions", (ORDERS, f"{told}:live")),
        (ROUTER, "SendLettersToQueues", ("arn:aws:sqs:eu-west-1:111122223333:failed",)),
    ]


def test_a_bucket_must_belong_to_the_account(compile_config: Compile) -> None:
    bus = "triggers: {a: {type: eventbridge, invocation: async, rules: {r: {pattern: {source: [x]}, function: orders}}}}\n"
    functions = f"functions: {{orders: {MANAGED.replace('DESTINATION', 's3:failed')}}}\n"
    (_, put) = statements(compile_config(HEAD + functions + bus))
    assert put.conditions == {"StringEquals": {"s3:ResourceAccount": "111122223333"}}
    (_, put) = statements(compile_config(HEAD.replace(", account_id: 111122223333", "") + functions + bus))
    assert put.conditions == {}


ROLE = "arn:aws:iam::444455556666:role/lent"


def test_what_a_role_does_is_allowed_to_the_role(compile_config: Compile) -> None:
    queue = "arn:aws:sqs:eu-west-1:444455556666:jobs"
    text = f"triggers: {{a: {{type: sqs, invocation: async, queue: '{queue}', role_arn: '{ROLE}', function: orders}}}}\n"
    functions = f"functions: {{orders: {{arn: '{ORDERS}', invoke_role_arn: '{ROLE}'}}}}\n"
    assert needed(compile_config(HEAD + functions + text)) == [
        (ROUTER, "AssumeRoles", (ROLE,)),
        (ROLE, "InvokeFunctions", (ORDERS,)),
        (ROLE, "PollQueues", (queue,)),
    ]


@pytest.mark.parametrize(
    ("queue", "sid", "resource", "looks_up"),
    [
        ("jobs", "PollQueues", "arn:aws:sqs:eu-west-1:111122223333:jobs", True),
        ("arn:aws:sqs:eu-west-2:444455556666:jobs", "PollQueues", "arn:aws:sqs:eu-west-2:444455556666:jobs", True),
        (
            "https://sqs.eu-west-2.amazonaws.com/444455556666/jobs",
            "PollQueuesByUrl",
            "arn:aws:sqs:eu-west-2:444455556666:jobs",
            False,
        ),
        ("http://127.0.0.1:9324/queue/jobs", "PollQueuesByUrl", "arn:aws:sqs:eu-west-1:queue:jobs", False),
    ],
)
def test_queues(compile_config: Compile, queue: str, sid: str, resource: str, looks_up: bool) -> None:
    text = f"triggers: {{a: {{type: sqs, invocation: async, queue: '{queue}', function: orders}}}}\n"
    polling = next(s for s in statements(compile_config(HEAD + FUNCTION + text)) if s.sid == sid)
    assert (polling.resources, "sqs:GetQueueUrl" in polling.actions) == ((resource,), looks_up)


def test_lines_of_emf_need_nothing_and_groups_that_are_kept_no_retention(compile_config: Compile) -> None:
    trigger = "triggers: {a: {type: function_url, invocation: sync, function: orders}}\n"
    logs = "monitoring: {cloudwatch: {metrics: emf, logs: {group: one, retention: RETENTION}}}\n"
    found = statements(compile_config(HEAD + FUNCTION + trigger + logs.replace("RETENTION", "30d")))
    assert [s.sid for s in found] == ["InvokeFunctions", "WriteLogs"]
    assert found[1].resources == ("arn:aws:logs:eu-west-1:111122223333:log-group:one:*",)
    assert "logs:PutRetentionPolicy" in found[1].actions
    (_, kept) = statements(compile_config(HEAD + FUNCTION + trigger + logs.replace("RETENTION", "forever")))
    assert "logs:PutRetentionPolicy" not in kept.actions


PARTITIONS = [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov")]


@pytest.mark.parametrize(("region", "partition"), PARTITIONS)
def test_partitions(region: str, partition: str) -> None:
    assert partition_of(region) == partition


def test_iam_knows_every_action_and_its_resources(config: Config) -> None:
    """parliament compares with the service authorization reference."""
    for principal in {statement.principal for statement in statements(config)}:
        document = policy(statement for statement in statements(config) if statement.principal == principal)
        command = [Path(sys.executable).parent / "parliament", "--json", "--string", json.dumps(document)]
        judged = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert (judged.returncode, judged.stdout) == (0, "")


@pytest.mark.parametrize("path", ["demo.yaml", *[f"examples/{name}.yaml" for name in ("sqs", "s3", "lambda_edge", "sns")]])
def test_every_shipped_configuration(root: Path, path: str) -> None:
    loaded = load([str(root / "configs" / path)], files=LocalFiles(), env={}, require_env=False, partial=True)
    assert loaded.config is not None
    assert all(statement.resources for statement in statements(loaded.config))


def statement(number: int, resources: int = 1) -> Statement:
    return Statement(
        ROUTER, f"S{number}", ("sqs:SendMessage",), tuple(f"arn:{number}:{index}" for index in range(resources)), ""
    )


def test_policies_are_split_within_the_limit_and_nothing_is_lost() -> None:
    whole = [statement(1), statement(2, 100), statement(3)]
    parts = split(whole, limit=500)
    assert max(map(size, parts)) <= 500
    assert [r for part in parts for s in part for r in s.resources] == [r for s in whole for r in s.resources]
    assert split([statement(1)], limit=500) == [[statement(1)]]
    assert split([]) == [[]]


def test_a_policy_is_iams_own_form() -> None:
    made = Statement(ROUTER, "Put", ("a:B",), ("*",), "why", {"StringEquals": {"key": "value"}})
    assert policy([made]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Put",
                "Effect": "Allow",
                "Action": ["a:B"],
                "Resource": ["*"],
                "Condition": {"StringEquals": {"key": "value"}},
            }
        ],
    }
