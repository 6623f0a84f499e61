"""Drift is told by meaning: names, grouping and ways of writing are free, what happens to an event is not."""

import json
from typing import Any

import pytest

from router.fakes import FakeFiles
from router.importing.drift.checking import Checked, check_drift
from router.importing.drift.texts import fits, last_part, shown
from router.importing.importer import import_files
from router.importing.options import Options

TEMPLATE = """\
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  Failed: {Type: AWS::SQS::Queue, Properties: {QueueName: failed}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: worker
      Runtime: java21
      Handler: x
      EventInvokeConfig:
        MaximumRetryAttempts: 1
        DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}
      Events:
        Queue: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}
        List: {Type: HttpApi, Properties: {Path: /orders, Method: get}}
        One: {Type: HttpApi, Properties: {Path: "/orders/{id}", Method: get}}
        Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
"""
ARN = "arn:aws:lambda:eu-west-1:111122223333:function:worker"
ASYNC: dict[str, Any] = {"delivery": "managed", "max_retries": 1, "on_failure": "arn:aws:sqs:eu-west-1:111122223333:failed"}
QUEUE: dict[str, Any] = {
    "type": "sqs",
    "invocation": "async",
    "queue": "arn:aws:sqs:eu-west-1:111122223333:jobs",
    "function": "w",
}
API: dict[str, Any] = {"type": "api_gateway", "api": "http", "invocation": "sync"}
CONFIG: dict[str, Any] = {
    "version": 1,
    "functions": {"w": {"arn": ARN, "timeout": "3s", "async": ASYNC}},
    "triggers": {
        "queue": QUEUE,
        "list": {**API, "routes": {"GET /orders": "w"}},
        "rest": {**API, "routes": {"GET /orders/{id}": "w"}},
        "clock": {
            "type": "schedule",
            "invocation": "async",
            "schedules": {"night": {"expression": "rate(1 day)", "function": "w"}},
        },
    },
}


def checked(config: Any, template: str = TEMPLATE, **options: Any) -> Checked:
    text = config if isinstance(config, str) else json.dumps(config)
    files = FakeFiles({"t.yaml": template, "router.yaml": text, "secret": "hidden"})
    chosen = Options(**{"account": "111122223333", "region": "eu-west-1", **options})
    return check_drift(import_files(["t.yaml"], chosen, files, target="router.yaml"), "router.yaml", files)


def told(result: Checked) -> list[tuple[str, str, str, str, str]]:
    assert result.loaded.config is not None, result.loaded.problems
    return [(each.kind, each.title, each.property, each.expected, each.actual) for each in result.drifts]


def changed(*path: str, value: Any) -> Any:
    def put(here: Any, keys: tuple[str, ...]) -> Any:
        return value if not keys else {**here, keys[0]: put(here.get(keys[0], {}), keys[1:])}

    return put(CONFIG, path)


def test_names_and_grouping_are_free() -> None:
    assert told(checked(CONFIG)) == []


@pytest.mark.parametrize(
    "config",
    [
        changed("functions", "w", "async", "on_failure", value="sqs:failed"),
        changed("triggers", "queue", "queue", value="jobs"),
        changed("triggers", "queue", "function", value=ARN),
        changed("triggers", "queue", "queue", value="https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"),
        changed("triggers", "queue", "labels", value={"team": "a"}),
        changed("triggers", "list", "hosts", value=["api.example.com"]),
        changed("functions", "w", "async", value=None) | {"functions": {"w": {"arn": ARN, "timeout": "3s"}}},
        changed("triggers", "queue", "queue", value="${QUEUE}"),
    ],
)
def test_other_ways_of_writing_are_no_drift(config: Any) -> None:
    assert told(checked(config)) == []


@pytest.mark.parametrize(
    ("config", "drift"),
    [
        (
            changed("functions", "w", "async", "max_retries", value=5),
            ("different", "function `Worker`", "async.max_retries", "1", "5"),
        ),
        (
            changed("functions", "w", "async", "on_failure", value="sqs:other"),
            ("different", "function `Worker`", "async.on_failure", ASYNC["on_failure"], "sqs:other"),
        ),
        (
            changed("triggers", "clock", "async", value={"max_retries": 0}),
            ("different", "function `Worker`", "async.max_retries", "1", "0"),
        ),
        (changed("functions", "w", "timeout", value="5s"), ("different", "function `Worker`", "timeout", "3.0", "5.0")),
        (
            changed("triggers", "queue", "batch_size", value=7),
            ("different", "sqs queue of `Worker-Queue`", "batch_size", "10", "7"),
        ),
        (
            changed("triggers", "queue", "function", value="w:live"),
            ("different", "sqs queue of `Worker-Queue`", "function", "Worker", "w:live"),
        ),
        (
            changed("triggers", "queue", "filters", value=[{"body": {"a": ["b"]}}]),
            ("different", "sqs queue of `Worker-Queue`", "filters", "[]", '[{"body": {"a": ["b"]}}]'),
        ),
        (
            changed("triggers", "queue", "enabled", value=False),
            ("different", "sqs queue of `Worker-Queue`", "enabled", "true", "false"),
        ),
        (
            changed("triggers", "list", "payload", value="1.0"),
            ("different", "api_gateway route `GET /orders`", "payload", "2.0", "1.0"),
        ),
        (
            changed("triggers", "rest", "routes", value={"GET /orders/{number}": "w"}),
            ("different", "api_gateway route `GET /orders/{id}`", "route", "GET /orders/{id}", "GET /orders/{number}"),
        ),
        (
            changed("triggers", "rest", "routes", value={"PUT /orders/{id}": "w"}),
            ("missing", "api_gateway route `GET /orders/{id}`", "", "", ""),
        ),
        (
            changed("triggers", "clock", "schedules", "night", "expression", value="rate(2 days)"),
            ("missing", "schedule `Worker-Nightly`", "", "", ""),
        ),
    ],
)
def test_drift(config: Any, drift: tuple[str, str, str, str, str]) -> None:
    assert [each for each in told(checked(config)) if each[0] != "extra"] == [drift]


def test_what_the_template_does_not_know_is_extra() -> None:
    assert told(checked(changed("triggers", "rest", "routes", "GET /more", value="w"))) == [
        ("extra", "api_gateway route `GET /more`", "", "", "")
    ]


def test_secrets_are_not_shown() -> None:
    function = {"runtime": "python3.12", "handler": "app.handler", "code": "src"}
    template = TEMPLATE.replace("Runtime: java21", "Runtime: python3.12").replace(
        "Handler: x", "Handler: app.handler\n      CodeUri: src"
    )
    template = template.replace(
        "      Events:", "      Environment: {Variables: {MODE: fast, KEY: not-shown-either}}\n      Events:"
    )
    local = {**function, "environment": {"MODE": "${file:secret}", "KEY": "mine"}}
    files = FakeFiles(
        {
            "t.yaml": template,
            "router.yaml": json.dumps(changed("functions", "w", "local", value=local)),
            "secret": "hidden",
            "src/app.py": "",
        }
    )
    imported = import_files(["t.yaml"], Options(account="111122223333", region="eu-west-1"), files, target="router.yaml")
    result = check_drift(imported, "router.yaml", files)
    shown_texts = [text for drift in result.drifts for text in (drift.expected, drift.actual)]
    assert [drift.property for drift in result.drifts] == ["local.environment.MODE"]
    assert not any("hidden" in text or "mine" in text or "fast" in text for text in shown_texts)


def test_places_are_those_of_both_files() -> None:
    (drift,) = checked(json.dumps(changed("triggers", "queue", "batch_size", value=7), indent=1)).drifts
    assert (str(drift.template), str(drift.configuration)) == ("t.yaml:14:9", "router.yaml:20:4")


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("arn:${X}:b", "arn:1:b", True),
        ("arn:${X}:b", "arn:1:c", False),
        ("arn:1:b", "${Y}", True),
        ("${X}", 5, True),
        (1, 1.0, True),
        (True, 1, False),
        ([1, "${X}"], [1, "a"], True),
        ([1], [1, 2], False),
        ({"a": "${X}"}, {"a": "b"}, True),
        ({"a": 1}, {"b": 1}, False),
        (None, None, True),
        (None, 0, False),
    ],
)
def test_variables_may_be_anything(expected: Any, actual: Any, same: bool) -> None:
    assert fits(expected, actual) is same


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("arn:aws:sqs:eu-west-1:1:jobs", "jobs"),
        ("https://sqs.eu-west-1.amazonaws.com/1/jobs", "jobs"),
        ("jobs", "jobs"),
        ("arn:aws:sns:${R}:1:alerts", "alerts"),
        ("${QUEUE}", None),
        ("arn:aws:sns:eu-west-1:1:${T}", None),
        (None, None),
    ],
)
def test_names_in_addresses(text: Any, name: str | None) -> None:
    assert last_part(text) == name


def test_values_are_shown_short() -> None:
    assert [shown(None), shown(""), shown("a"), shown([1]), shown("x" * 200)] == ["nothing", '""', "a", "[1]", "x" * 99 + "…"]


REST = """\
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties: {StageName: prod}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: worker
      Runtime: java21
      Handler: x
      Events:
        One: {Type: Api, Properties: {Path: /a, Method: get, RestApiId: !Ref Api, ResponseTransferMode: STREAM}}
        Two: {Type: Api, Properties: {Path: /b, Method: get, RestApiId: !Ref Api}}
"""


@pytest.mark.parametrize(
    ("trigger", "one", "two", "drifts"),
    [
        ("buffered", "stream", None, []),
        ("stream", None, "buffered", []),
        ("buffered", None, None, [("api_gateway route `GET /a`", "stream", "buffered")]),
        ("stream", None, None, [("api_gateway route `GET /b`", "buffered", "stream")]),
    ],
)
def test_how_answers_are_sent(trigger: str, one: str | None, two: str | None, drifts: list[Any]) -> None:
    routes = {
        f"GET /{name}": {"function": "w", **({"response_transfer_mode": mode} if mode else {})}
        for name, mode in (("a", one), ("b", two))
    }
    api = {"type": "api_gateway", "api": "rest", "invocation": "sync", "stage": "prod", "response_transfer_mode": trigger}
    config = {
        "version": 1,
        "functions": {"w": {"arn": ARN, "timeout": "3s"}},
        "triggers": {"api": {**api, "auth": "none", "routes": routes}},
    }
    told_of = [each for each in told(checked(config, REST)) if each[2] == "response_transfer_mode"]
    assert [(title, expected, actual) for _, title, _, expected, actual in told_of] == drifts


URL = REST.partition("      Events:")[0] + "      FunctionUrlConfig: {AuthType: NONE, InvokeMode: RESPONSE_STREAM}\n"


@pytest.mark.parametrize(("mode", "drifts"), [("response_stream", []), ("buffered", [("response_stream", "buffered")])])
def test_how_a_function_url_answers(mode: str, drifts: list[Any]) -> None:
    url = {"type": "function_url", "invocation": "sync", "auth": "none", "function": "w", "invoke_mode": mode}
    config = {"version": 1, "functions": {"w": {"arn": ARN, "timeout": "3s"}}, "triggers": {"url": url}}
    told_of = [each for each in told(checked(config, URL)) if each[2] == "invoke_mode"]
    assert [(expected, actual) for _, _, _, expected, actual in told_of] == drifts
