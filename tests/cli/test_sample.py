"""`lambda-router sample`: every form, lists, deterministic output, wrong names."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from router.cli import main

FIXED = ("--seed", "1", "--now", "2026-03-01T02:00:00Z")
CONFIG = """
version: 1
aws: {region: eu-west-1, account_id: 111122223333, endpoints: {sqs: "http://127.0.0.1:4566"}}
listeners:
  main: 127.0.0.1:9000
  secure: {address: 0.0.0.0:8443, tls: {certificate: cert.pem, key: key.pem}}
  local: "unix:/run/x.sock"
functions: {f: {arn: "arn:aws:lambda:eu-west-1:111122223333:function:f"}}
triggers:
  shop:
    type: api_gateway
    api: http
    invocation: sync
    listener: main
    auth: {bearer: "${TOKEN}"}
    routes: {"POST /orders": f}
  safe: {type: function_url, invocation: sync, listener: secure, auth: none, function: f}
  socket: {type: function_url, invocation: sync, listener: local, auth: none, function: f}
  api: {type: lambda_api, invocation: sync, listener: main, auth: none, functions: [f]}
  bus:
    type: eventbridge
    invocation: async
    listener: main
    auth: none
    rules: {paid: {pattern: {source: [shop]}, function: f}}
  jobs: {type: sqs, invocation: async, queue: jobs, function: f, filters: [{body: {kind: [resize]}}]}
  unknown: {type: schedule, invocation: async, schedules: {beat: {expression: "${WHEN}", function: f}}}
"""


@pytest.fixture
def sample(tmp_path: Path, clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call `lambda-router sample` in a folder with router.yaml."""
    (tmp_path / "router.yaml").write_text(CONFIG)
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)

    def call(*args: str, exit_code: int = 0) -> Result:
        result = CliRunner().invoke(main, ["sample", *args])
        assert result.exit_code == exit_code, result.output
        return result

    return call


Sample = Callable[..., Result]


def document(result: Result) -> Any:
    return json.loads(result.stdout)


def test_an_envelope_is_the_same_with_the_same_seed_and_time(sample: Sample) -> None:
    first = sample("sqs", "--set", "body=hello", *FIXED)
    assert first.stdout == sample("sqs/standard", "--set", "body=hello", *FIXED).stdout
    assert document(first)["messages"][0] | {"ReceiptHandle": ""} == {
        "MessageId": "cd613e30-d8f1-4adf-91b7-584a2265b1f5",
        "ReceiptHandle": "",
        "Body": "hello",
        "MD5OfBody": "5d41402abc4b2a76b9719d911017c592",
        "Attributes": {
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1772330400000",
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1772330399975",
        },
    }
    assert document(first)["queue_arn"] == "arn:aws:sqs:us-east-1:111122223333:jobs"
    assert document(sample("sqs"))["messages"][0]["MessageId"] != document(sample("sqs"))["messages"][0]["MessageId"]


def test_options_by_key_and_whole(sample: Sample) -> None:
    sent = document(sample("alb", "--set", "headers.x.beta=1", "--set", 'headers.accept=["a", "b"]', "--set", "query=x=1&y"))
    headers = sent["request"]["headers"]
    assert [pair for pair in headers if pair[0] in ("x.beta", "accept")] == [["x.beta", "1"], ["accept", "a"], ["accept", "b"]]
    assert sent["request"]["target"] == "/orders/7?x=1&y"
    nested = document(sample("s3", "--via", "sns,sqs", "--set", "bucket=b"))
    assert json.loads(json.loads(nested["messages"][0]["Body"])["Message"])["Records"][0]["s3"]["bucket"]["name"] == "b"


def test_the_event_of_a_function(sample: Sample) -> None:
    event = document(sample("s3/minio-put", "--set", "key=a b.jpg", "--as", "event", *FIXED))
    assert event["Records"][0]["s3"]["object"]["key"] == "a+b.jpg"
    assert document(sample("function_url/get", "--as", "event"))["version"] == "2.0"
    assert document(sample("step_functions/task", "--as", "event", "--set", "input=[1]")) == [1]
    renamed = sample("s3/seaweedfs-rename", "--as", "event").stdout
    assert renamed.count('"eventName"') == 2


def test_what_no_function_gets(sample: Sample) -> None:
    result = sample("s3/test-event", "--as", "event", exit_code=1)
    assert result.stderr == (
        "lambda-router: No function gets anything. S3 tests a notification that was configured. The answer is 200.\n"
    )


# --- of a configuration ----------------------------------------------------------------------------------------------


def test_one_for_a_trigger_fits_it(sample: Sample) -> None:
    made = document(sample("--trigger", "shop"))
    assert (made["request"]["method"], made["request"]["target"], made["trigger"]) == ("POST", "/orders", "shop")
    assert "TOKEN" not in json.dumps(made)
    message = document(sample("--trigger", "jobs", "-c", "router.yaml"))
    assert (message["messages"][0]["Body"], message["queue_arn"]) == (
        '{"kind":"resize"}',
        "arn:aws:sqs:eu-west-1:111122223333:jobs",
    )
    carried = document(sample("s3/put", "--trigger", "jobs"))
    assert "Records" in json.loads(carried["messages"][0]["Body"])
    event = document(sample("--trigger", "bus", "--as", "event"))
    assert (event["source"], event["region"], event["account"]) == ("shop", "eu-west-1", "111122223333")


@pytest.mark.parametrize(
    ("trigger", "options"),
    [
        ("shop", ["http://127.0.0.1:9000/orders"]),
        ("safe", ["-k", "https://127.0.0.1:8443/orders/7?expand=lines&expand=customer&page=2"]),
        ("socket", ["--unix-socket", "/run/x.sock", "http://localhost/orders/7?expand=lines&expand=customer&page=2"]),
    ],
)
def test_curl_goes_to_the_listener_of_the_trigger(trigger: str, options: list[str], sample: Sample) -> None:
    words = shlex.split(sample("--trigger", trigger, "--as", "curl").stdout.replace("\\\n", " "))
    assert [word for word in words if word in options] == options
    assert shlex.split(sample("--trigger", trigger, "--as", "curl", "--to", "https://x/").stdout)[-1].startswith(
        "https://x/orders"
    )


def test_the_aws_cli_goes_to_endpoints_and_to_the_router(sample: Sample) -> None:
    def endpoint(*args: str) -> str:
        words = shlex.split(sample(*args, "--as", "aws-cli").stdout.replace("\\\n", " "))
        return words[words.index("--endpoint-url") + 1] if "--endpoint-url" in words else ""

    assert endpoint("--trigger", "jobs") == "http://127.0.0.1:4566"
    assert endpoint("--trigger", "api") == "http://127.0.0.1:9000"
    assert endpoint("--trigger", "bus") == "http://127.0.0.1:9000"
    assert endpoint("lambda_api") == ""


# --- lists and wrong usage -------------------------------------------------------------------------------------------


def test_lists(sample: Sample) -> None:
    everything = sample("--list").stdout.splitlines()
    assert len(everything) > 150
    assert [line.split()[0] for line in everything if "cors" in line] == [
        *("api_gateway/cors-preflight", "function_url/cors-preflight", "lambda_edge/cors-preflight")
    ]
    assert sample("--list", "schedule").stdout == "schedule/tick  a planned time that has come\n"
    assert sample("schedule/tick", "--list").stdout == (
        "schedule/tick: a planned time that has come\n\n"
        "  schedule  the schedule, by its name in the trigger (default: report)\n"
        "  at        the planned time (default: the next one)\n"
    )


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ([], "Name a sample, or a trigger with --trigger; --list shows what there is."),
        (["s3/putt"], "There is no sample `s3/putt`; of `s3` did you mean `put`?"),
        (["s3", "--set", "bukket=b"], "s3/put: there is no option `bukket`; did you mean `bucket`?"),
        (["s3", "--set", "bucket"], "--set takes KEY=VALUE, not `bucket`."),
        (["alb", "--set", "headers=x", "--set", "headers.a=1"], "--set: `headers` is set as a whole and by a key of it."),
        (["s3", "--now", "soon"], '--now: a time such as `2026-03-01T02:00:00Z` is wanted, not `"soon"`.'),
        (["sqs", "--as", "curl"], "--as curl: it is no HTTP request; `--as aws-cli` may do, and `send` puts messages into the"
         " queue."),
        (["alb", "--as", "aws-cli"], "--as aws-cli: no call of the AWS CLI does this: it is an HTTP request, so use"
         " `--as curl`."),
        (["--trigger", "shopp"], "There is no trigger `shopp`; did you mean `shop`?"),
        (["--trigger", "unknown"], "What the trigger `unknown` is depends on variables that are not set: set them."),
        (["--trigger", "shop", "--set", "route=GET /"], "The trigger shop has no route `GET /`; known are `POST /orders`."),
        (["--list", "s4"], "There are no samples of the type `s4`; there are alb, api_gateway, cognito, eventbridge,"
         " function_url, lambda_api, lambda_edge, s3, schedule, sns, sqs, step_functions."),
        (["--list", "s3/putt"], "there is no sample `s3/putt`; of `s3` did you mean `put`?"),
    ],
)  # fmt: skip
def test_wrong_usage_says_what_there_is(args: list[str], text: str, sample: Sample) -> None:
    assert sample(*args, exit_code=2).stderr.splitlines()[-1] == f"Error: {text}"


def test_an_invalid_configuration(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("version: 1\ntriggers: {a: {type: nothing}}\n")
    assert "bad.yaml:2" in sample("--trigger", "a", "-c", "bad.yaml", exit_code=78).stderr
