"""`monitoring.cloudwatch:` as it is compiled, what of it has no effect, and failures that nobody would see."""

import pytest

from router.config import Loaded, load
from router.fakes import FakeFiles
from router.settings import CloudWatch, CloudWatchLogs

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:orders"
LOCAL = "{local: {runtime: python, handler: app.handler, code: code}}"
API = "{type: lambda_api, invocation: sync, functions: all}"
ASYNC_API = "{type: lambda_api, invocation: [sync, async], functions: all%s}"


def loaded(text: str, *, function: str = ARN, trigger: str = API) -> Loaded:
    """Line 3 is the trigger; `text` starts on line 4."""
    document = f"version: 1\nfunctions: {{orders: {function}}}\ntriggers: {{api: {trigger}}}\n{text}\n"
    return load(["router.yaml"], files=FakeFiles({"router.yaml": document, "code/app.py": ""}), env={"AWS_REGION": "eu-west-1"})


def cloudwatch(settings: str) -> CloudWatch | None:
    found = loaded(f"monitoring: {{cloudwatch: {settings}}}")
    assert [problem.message for problem in found.problems] == []
    assert found.config is not None
    return found.config.cloudwatch


def test_off_until_it_is_written() -> None:
    config = loaded("").config
    assert config is not None
    assert config.cloudwatch is None


def test_its_defaults() -> None:
    assert cloudwatch("{}") == CloudWatch("eu-west-1", "emf", "LambdaRouter", None, None)
    logs = CloudWatchLogs("/lambda-router/{trigger}", "failures", 0.01, False, 30)
    assert cloudwatch("{logs: {}}") == CloudWatch("eu-west-1", "emf", "LambdaRouter", None, logs)


def test_everything_written() -> None:
    logs = "{group: '/x/{trigger}', what: sampled, sample: 0.5, payloads: true, retention: forever}"
    assert cloudwatch(f"{{metrics: api, namespace: Shop/Router, region: us-east-1, logs: {logs}}}") == CloudWatch(
        "us-east-1", "api", "Shop/Router", None, CloudWatchLogs("/x/{trigger}", "sampled", 0.5, True, None)
    )
    assert cloudwatch("{file: metrics.log}") == CloudWatch("eu-west-1", "emf", "LambdaRouter", "/etc/router/metrics.log")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("{metrics: none}", "neither metrics nor logs go to CloudWatch, so that `cloudwatch` has no effect"),
        ("{metrics: api, file: x}", "`file` has no effect: lines of EMF alone go to a file: write `metrics: emf`"),
        ("{metrics: none, namespace: X, logs: {}}", "`namespace` has no effect: no metrics are written"),
        ("{region: eu-west-1}", "`region` has no effect: nothing is sent to CloudWatch by the router itself"),
        ("{logs: {sample: 0.5}}", "`sample` has no effect: only `what: sampled` chooses"),
        ("{namespace: AWS/Lambda}", "`AWS/Lambda` is not a valid namespace"),
        ("{logs: {retention: 31d}}", "`31d` is not `1d`, "),
        ("{logs: {group: 'a b'}}", "`a b` is not a valid log group"),
        ("{logs: {sample: 0, what: sampled}}", "`0` is not"),
    ],
)
def test_what_is_wrong(settings: str, message: str) -> None:
    [problem] = loaded(f"monitoring: {{cloudwatch: {settings}}}").problems
    assert (problem.line, problem.message[: len(message)]) == (4, message)


@pytest.mark.parametrize(
    ("function", "extra", "more"),
    [
        (ARN, "", ""),
        (LOCAL, ", async: {on_failure: 'sqs:failed'}", ""),
        (LOCAL, ", async: {dead_letter: 'sqs:failed'}", ""),
        (LOCAL.replace("}}", "}, async: {on_failure: 'sqs:failed'}}"), "", ""),
        (LOCAL, "", "defaults: {async: {on_failure: 'sqs:failed'}}"),
        (LOCAL, "", "monitoring: {cloudwatch: {}}"),
        (LOCAL, "", "admin: {listen: 127.0.0.1:9901}"),
    ],
)
def test_failures_that_are_seen(function: str, extra: str, more: str) -> None:
    assert loaded(more, function=function, trigger=ASYNC_API % extra).problems == []


@pytest.mark.parametrize(
    ("function", "extra", "more"),
    [
        (LOCAL, "", ""),
        (LOCAL, ", async: {on_success: 'sqs:done'}", ""),
        (LOCAL, "", "monitoring: {prometheus: false}\nadmin: {listen: 127.0.0.1:9901}"),
        (f"{{arn: '{ARN}', async: {{delivery: managed}}}}", "", ""),
    ],
)
def test_failures_that_nobody_would_see(function: str, extra: str, more: str) -> None:
    found = loaded(more, function=function, trigger=ASYNC_API % extra)
    assert [(problem.code, problem.line, problem.column, problem.severity) for problem in found.problems] == [
        ("unseen-failures", 3, 12, "warning")
    ]
    assert found.config is not None


def test_callers_that_wait_see_for_themselves() -> None:
    assert loaded("", function=LOCAL).problems == []
