"""What is found in AWS: moto plays it, as it should be and with one thing wrong at a time."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.doctor.findings import Status, verdict
from router.doctor.identity import clock_findings

REGION, ACCOUNT = "eu-west-1", "123456789012"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"
OK, WARNING, FAILED, SKIPPED = Status.OK, Status.WARNING, Status.FAILED, Status.SKIPPED
HEAD = f"functions: {{orders: '{FUNCTION}'}}\n"
PAGE = f"{HEAD}triggers: {{page: {{type: function_url, invocation: sync, function: orders}}}}\n"
JOBS = f"{HEAD}triggers: {{jobs: {{type: sqs, invocation: async, queue: '{QUEUE}', function: orders}}}}\n"
RULES = "rules: {r: {pattern: {source: [x]}, function: orders}}"

Found = Callable[..., Any]


async def test_all_well(aws: Any, doctor: Any, findings: Found) -> None:
    aws.function("orders")
    dead = aws.queue("dead")
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 5})
    aws.queue("jobs", VisibilityTimeout="18", RedrivePolicy=policy)
    results = await doctor(JOBS, aws.url)
    assert findings(results) == {
        ("credentials", "AWS"): [
            (OK, f"the credentials are those of arn:aws:sts::{ACCOUNT}:user/moto"),
            (OK, "the clock of this machine agrees with AWS's"),
        ],
        ("endpoint", aws.url): [(OK, "it takes connections")],
        ("invocable", FUNCTION): [(OK, "it can be invoked")],
        ("set up", FUNCTION): [(OK, "its timeout in AWS is 3 s")],
        ("concurrency", FUNCTION): [(OK, "its concurrency is not limited")],
        ("queue", QUEUE): [
            (OK, "the queue is there, with about 0 messages"),
            (OK, "its visibility timeout of 18 s leaves room for retries"),
            (OK, f"what fails 5 times goes to {dead}"),
        ],
        ("listener", "127.0.0.1:0"): [(OK, "it is free")],
    }
    assert verdict(results) == 0
    places = {result.check: (result.place.line, result.place.column) for result in results}
    assert places["invocable"] == (4, 13)
    assert places["queue"] == (5, 12)


# --- functions -------------------------------------------------------------------------------------------------------


async def test_a_function_that_is_not_there(aws: Any, doctor: Any, findings: Found) -> None:
    results = await doctor(PAGE, aws.url)
    ((status, message),) = findings(results, "set up")["set up", FUNCTION]
    assert (status, message.partition(":")[0]) == (FAILED, "ResourceNotFoundException")
    assert verdict(results) == 1


async def test_a_qualifier_that_is_not_there(aws: Any, doctor: Any, findings: Found) -> None:
    aws.function("orders")
    results = await doctor(PAGE.replace(FUNCTION, f"{FUNCTION}:live"), aws.url)
    ((status, _),) = findings(results, "set up")["set up", f"{FUNCTION}:live"]
    assert status is FAILED


DECLARED = PAGE.replace(f"'{FUNCTION}'", f"{{arn: '{FUNCTION}', timeout: SECONDS, max_concurrency: 5}}")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (3, (OK, "its timeout in AWS is 3 s")),
        (2, (FAILED, "its timeout in AWS is 3 s, and `timeout` here 2 s: the router stops waiting too early")),
        (4, (WARNING, "its timeout in AWS is 3 s, and `timeout` here 4 s")),
    ],
)
async def test_a_timeout_that_is_declared(aws: Any, doctor: Any, findings: Found, seconds: int, expected: Any) -> None:
    aws.function("orders")
    results = await doctor(DECLARED.replace("SECONDS", f"{seconds}s"), aws.url)
    assert findings(results, "set up")["set up", FUNCTION] == [expected]


@pytest.mark.parametrize(
    ("reserved", "expected"),
    [
        (0, (FAILED, "its reserved concurrency is 0: every call is throttled")),
        (4, (WARNING, "`max_concurrency` is 5, and its reserved concurrency in AWS 4: calls are throttled there")),
        (5, (OK, "its reserved concurrency is 5")),
    ],
)
async def test_reserved_concurrency(aws: Any, doctor: Any, findings: Found, reserved: int, expected: Any) -> None:
    aws.function("orders")
    aws.client("lambda").put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=reserved)
    results = await doctor(DECLARED.replace("SECONDS", "3s"), aws.url)
    assert findings(results, "concurrency")["concurrency", FUNCTION] == [expected]


# --- queues ----------------------------------------------------------------------------------------------------------


async def test_a_queue_that_is_not_there(aws: Any, doctor: Any, findings: Found) -> None:
    aws.function("orders")
    ((status, message),) = findings(await doctor(JOBS, aws.url), "queue")["queue", QUEUE]
    assert status is FAILED
    assert "NonExistent" in message or "DoesNotExist" in message


@pytest.mark.parametrize(
    ("visibility", "expected"),
    [
        ("2", (FAILED, "its visibility timeout is 2 s, and the function may take 3 s: messages come twice")),
        ("17", (WARNING, "its visibility timeout is 17 s, less than 6 times the function's 3 s")),
        ("18", (OK, "its visibility timeout of 18 s leaves room for retries")),
    ],
)
async def test_visibility(aws: Any, doctor: Any, findings: Found, visibility: str, expected: Any) -> None:
    aws.function("orders")
    aws.queue("jobs", VisibilityTimeout=visibility)
    assert expected in findings(await doctor(JOBS, aws.url), "queue")["queue", QUEUE]


async def test_redrive_policies(aws: Any, doctor: Any, findings: Found) -> None:
    aws.function("orders")
    dead = aws.queue("dead")
    aws.queue("jobs", VisibilityTimeout="18")
    assert (WARNING, "it has no redrive policy: what fails comes again until it expires, and nobody is told") in findings(
        await doctor(JOBS, aws.url), "queue"
    )["queue", QUEUE]
    url = aws.client("sqs").get_queue_url(QueueName="jobs")["QueueUrl"]
    changed = {
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 4}),
        "VisibilityTimeout": "100",
        "MessageRetentionPeriod": "300",
    }
    aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=changed)
    said = findings(await doctor(JOBS, aws.url), "queue")["queue", QUEUE]
    assert said[2:] == [
        (OK, f"what fails 4 times goes to {dead}"),
        (WARNING, "maxReceiveCount is 4: throttles may move good messages"),
        (WARNING, "messages expire after 300 s, before they can fail 4 times"),
    ]


async def test_a_queue_whose_messages_become_deliveries(aws: Any, doctor: Any, findings: Found) -> None:
    aws.function("orders")
    aws.queue("inbox", MessageRetentionPeriod="3600")
    bus = f"{{type: eventbridge, invocation: async, source: {{sqs: inbox}}, {RULES}}}"
    text = f"{HEAD}journal: {{url: memory}}\ntriggers: {{bus: {bus}}}\n"
    said = findings(await doctor(text, aws.url), "queue")["queue", "inbox"]
    assert (WARNING, "messages expire after 3600 s, and deliveries are tried for 21600 s") in said
    assert not [message for _, message in said if "visibility" in message]


async def test_a_key_of_ones_own(aws: Any, doctor: Any, findings: Found) -> None:
    aws.function("orders")
    aws.queue("jobs", VisibilityTimeout="18", KmsMasterKeyId="alias/mine")
    results = await doctor(JOBS, aws.url)
    assert (OK, "it is encrypted with alias/mine") in findings(results, "queue")["queue", QUEUE]
    assert "the daemon needs kms:Decrypt on that key" in [result.finding.help for result in results]


# --- destinations and activities -------------------------------------------------------------------------------------

ENDINGS = {
    "queue": (f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed", "the queue is there"),
    "topic": (f"arn:aws:sns:{REGION}:{ACCOUNT}:failed", "the topic is there"),
    "bus": (f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/failed", "the event bus is there"),
    "bucket": ("arn:aws:s3:::failed", f"the bucket is there, in {REGION}"),
}


def ending(arn: str) -> str:
    return f"{{arn: '{FUNCTION}-{arn.split(':')[2]}', async: {{delivery: managed, on_failure: '{arn}'}}}}"


async def test_destinations(aws: Any, doctor: Any, findings: Found) -> None:
    functions = ", ".join(f"{name}: {ending(arn)}" for name, (arn, _) in ENDINGS.items())
    rules = ", ".join(f"{name}: {{pattern: {{source: [x]}}, function: {name}}}" for name in ENDINGS)
    bus = f"{{type: eventbridge, invocation: async, rules: {{{rules}}}}}"
    text = f"functions: {{{functions}}}\njournal: {{url: memory}}\ntriggers: {{bus: {bus}}}\n"
    missing = findings(await doctor(text, aws.url), "destination")
    assert {key: status for key, ((status, _),) in missing.items()} == {
        ("destination", arn): FAILED for arn, _ in ENDINGS.values()
    }
    aws.queue("failed")
    aws.client("sns").create_topic(Name="failed")
    aws.client("events").create_event_bus(Name="failed")
    aws.client("s3").create_bucket(Bucket="failed", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert findings(await doctor(text, aws.url), "destination") == {
        ("destination", arn): [(OK, message)] for arn, message in ENDINGS.values()
    }


async def test_activities(aws: Any, doctor: Any, findings: Found) -> None:
    aws.function("orders")
    activity = f"arn:aws:states:{REGION}:{ACCOUNT}:activity:resize"
    work = f"{{type: step_functions, invocation: sync, activity: '{activity}', function: orders}}"
    text = f"{HEAD}triggers: {{work: {work}}}\n"
    ((status, message),) = findings(await doctor(text, aws.url), "activity")["activity", activity]
    assert (status, message.partition(":")[0]) == (FAILED, "ActivityDoesNotExist")
    aws.client("stepfunctions").create_activity(name="resize")
    assert findings(await doctor(text, aws.url), "activity") == {("activity", activity): [(OK, "the activity is there")]}


# --- who one is ------------------------------------------------------------------------------------------------------


async def test_another_account(aws: Any, doctor: Any, findings: Found) -> None:
    aws.function("orders")
    results = await doctor(PAGE, f"{aws.url}', account_id: '999999999999")
    assert (FAILED, f"the credentials belong to the account {ACCOUNT}, and aws.account_id is 999999999999") in findings(
        results, "credentials"
    )["credentials", "AWS"]


@pytest.mark.parametrize(("skew", "status"), [(0, OK), (61, WARNING), (-61, WARNING), (301, FAILED), (-301, FAILED)])
def test_the_clock(skew: float, status: Status) -> None:
    (finding,) = clock_findings("Thu, 01 Jan 1970 00:16:40 GMT", 1000 + skew)
    assert finding.status is status


def test_an_answer_without_a_date_says_nothing_of_clocks() -> None:
    assert list(clock_findings(None, 0)) == []


ROLE = f"arn:aws:iam::{ACCOUNT}:role/function"


async def test_roles_are_assumed(aws: Any, doctor: Any, findings: Found) -> None:
    aws.function("orders")
    text = PAGE.replace(f"'{FUNCTION}'", f"{{arn: '{FUNCTION}', invoke_role_arn: '{ROLE}'}}")
    results = await doctor(text, aws.url)
    ((status, message),) = findings(results, "role")["role", ROLE]
    assert status is OK
    assert "assumed-role/function/lambda-router" in message
    assert findings(results, "invocable")["invocable", FUNCTION] == [(OK, "it can be invoked")]
