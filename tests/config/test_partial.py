"""Configurations for commands that run nothing: variables that are not set, and callers who are believed."""

import json
from collections.abc import Mapping

import pytest

from router.config import Loaded, load
from router.fakes import FakeFiles, request
from router.model import Request
from router.triggers.function_url import FunctionUrl

TEXT = """\
version: 1
functions:
  known: arn:aws:lambda:eu-west-1:111122223333:function:known
  secret: {arn: "${FUNCTION_ARN}", async: {delivery: managed, on_failure: "${QUEUE}", max_retries: 1}}
triggers:
  jobs: {type: sqs, invocation: async, queue: "${JOBS}", function: secret}
  nightly: {type: schedule, invocation: async, schedules: {report: {expression: "${WHEN}", function: known}}}
  shop: {type: api_gateway, api: "${API}", invocation: sync, routes: {GET /: known}}
  page: {type: function_url, invocation: async, hosts: [page.example.com], function: secret, auth: {bearer: "${TOKEN}"}}
"""


def loaded(text: str = TEXT, *, partial: bool = True, trust: bool = False, env: Mapping[str, str] | None = None) -> Loaded:
    files = FakeFiles({"router.yaml": text})
    return load(
        ["router.yaml"],
        files=files,
        env=env or {},
        require_env=False,
        partial=partial,
        trust_callers=trust,
        now=1_780_000_000.0,
    )


def test_without_partial_nothing_is_compiled_where_a_variable_is_missing() -> None:
    found = loaded(partial=False)
    assert (found.config, found.problems, found.undecided) == (None, [], ())


def test_triggers_that_depend_on_a_variable_are_left_out_and_named() -> None:
    found = loaded()
    assert found.config is not None
    assert found.problems == []
    assert [trigger.name for trigger in found.config.triggers] == ["jobs", "page"]
    assert sorted(found.undecided) == ["nightly", "shop"]


def test_a_destination_that_is_not_known_is_left_out() -> None:
    config = loaded().config
    assert config is not None
    policy = config.functions["secret"].policy
    assert (policy.delivery, policy.max_retries, policy.on_failure) == ("managed", 1, None)


def test_everything_is_compiled_where_everything_is_known() -> None:
    env = {
        "FUNCTION_ARN": "arn:aws:lambda:eu-west-1:111122223333:function:secret",
        "QUEUE": "sqs:failed",
        "JOBS": "jobs",
        "WHEN": "rate(5 minutes)",
        "API": "http",
        "TOKEN": "t0ken",
    }
    found = loaded(env=env)
    assert found.config is not None
    assert ([trigger.name for trigger in found.config.triggers], found.undecided) == (["jobs", "nightly", "shop", "page"], ())


def answer(text: str, trust: bool, sent: Request) -> int:
    config = loaded(text, trust=trust).config
    assert config is not None
    (trigger,) = config.triggers
    assert isinstance(trigger.built, FunctionUrl)
    conversation = trigger.type.handle(sent, trigger.built)
    try:
        next(conversation)
    except StopIteration as stop:
        return int(stop.value.status)
    conversation.close()
    return 200


@pytest.mark.parametrize(("trust", "status"), [(True, 200), (False, 403)])
def test_callers_are_believed_where_that_is_asked_for(trust: bool, status: int) -> None:
    text = TEXT.partition("  jobs:")[0] + TEXT.splitlines()[-1] + "\n"
    assert answer(text, trust, request("POST", "/", [("Host", "page.example.com")], b"{}")) == status


def test_signatures_are_not_checked_where_callers_are_believed() -> None:
    text = """\
version: 1
functions: {known: arn:aws:lambda:eu-west-1:111122223333:function:known}
triggers:
  alerts:
    type: sns
    invocation: async
    source: {http: /sns}
    topics: [arn:aws:sns:eu-west-1:111122223333:alerts]
    subscriptions: {all: known}
"""
    body = {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": "arn:aws:sns:eu-west-1:111122223333:alerts",
        "Message": "hello",
        "Timestamp": "2026-07-10T17:00:00.000Z",
        "SignatureVersion": "1",
        "Signature": "none",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/x.pem",
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/",
    }
    headers = [("Host", "x"), ("x-amz-sns-message-type", "Notification"), ("x-amz-sns-topic-arn", body["TopicArn"])]
    at = 1_783_702_800.0
    sent = request("POST", "/sns", headers, json.dumps(body).encode(), received_at=at)
    steps = []
    for trust in (True, False):
        config = loaded(text, trust=trust).config
        assert config is not None
        conversation = config.triggers[0].type.handle(sent, config.triggers[0].built)
        next(conversation)
        steps.append(type(conversation.send(sent.body)).__name__)
        conversation.close()
    assert steps == ["Accept", "Fetch"]
