"""Every kind of sample is taken by a trigger made for it, and what its function gets is what AWS's consumers parse."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser import models
from mangum import Mangum

from router.envelopes import Addressed
from router.samples import KINDS, Context, SampleError, find, make
from router.settings import Config
from router.triggers import TYPES

Taking = Callable[[str], Config]
Play = Callable[..., Any]

POLLED = {
    "step_functions/task": "worker",
    "sns/sqs": "inbox",
    "sns/sqs-raw": "inbox",
    "eventbridge/sqs": "inbox",
    **{kind.name: "ordered" if kind.variant == "fifo" else "jobs" for kind in KINDS.values() if kind.type == "sqs"},
}
"""Which trigger gets what no request brings, where its configuration has several."""
SILENT = {
    "api_gateway/cors-preflight": [],
    "lambda_api/dry-run": ["DryRun"],
    "s3/test-event": [],
    "sns/subscription-confirmation": [],
    "sns/unsubscribe": [],
}
"""Kinds that bring a function nothing; what is invoked."""


def model_of(name: str) -> Any:
    """What Powertools parses such an event with; None: it has no model for it."""
    type, _, variant = name.partition("/")
    if name in UNKNOWN_TO_POWERTOOLS:
        return None
    if type == "cognito" and variant.startswith(FIRST_SOURCE_ONLY) and not variant.endswith(("_SignUp", "_ConfirmSignUp")):
        return None
    if type == "cognito":
        return COGNITO_MODELS.get(variant.partition("_")[0])
    if type == "api_gateway":
        return models.APIGatewayProxyEventModel if variant.startswith("rest") else models.APIGatewayProxyEventV2Model
    return MODELS.get(type)


MODELS = {
    "function_url": models.LambdaFunctionUrlModel,
    "alb": models.AlbModel,
    "sqs": models.SqsModel,
    "sns": models.SnsModel,
    "s3": models.S3Model,
    "eventbridge": models.EventBridgeModel,
    "schedule": models.EventBridgeModel,
}
UNKNOWN_TO_POWERTOOLS = {
    *("s3/tagging", "s3/tagging-delete", "s3/acl", "s3/minio-tagging"),  # its model wants a size, which AWS does not send there
    *("sns/raw", "sns/sqs-raw"),  # nothing signs these; its model wants a certificate
    *("cognito/DefineAuthChallenge_Authentication", "cognito/VerifyAuthChallengeResponse_Authentication"),
    *("cognito/CreateAuthChallenge_Authentication", "cognito/UserMigration_ForgotPassword"),
}
"""What its models are stricter about than AWS is: custom challenges in a session, answers before there are any, no password."""
FIRST_SOURCE_ONLY = ("PreSignUp", "PostConfirmation", "CustomEmailSender", "CustomSMSSender")
"""Operations of which its models know one trigger source."""
COGNITO_MODELS = {
    "PreSignUp": models.CognitoPreSignupTriggerModel,
    "PostConfirmation": models.CognitoPostConfirmationTriggerModel,
    "PreAuthentication": models.CognitoPreAuthenticationTriggerModel,
    "PostAuthentication": models.CognitoPostAuthenticationTriggerModel,
    "UserMigration": models.CognitoMigrateUserTriggerModel,
    "CustomMessage": models.CognitoCustomMessageTriggerModel,
    "CustomEmailSender": models.CognitoCustomEmailSenderTriggerModel,
    "CustomSMSSender": models.CognitoCustomSMSSenderTriggerModel,
    "DefineAuthChallenge": models.CognitoDefineAuthChallengeTriggerModel,
    "CreateAuthChallenge": models.CognitoCreateAuthChallengeTriggerModel,
    "VerifyAuthChallengeResponse": models.CognitoVerifyAuthChallengeTriggerModel,
}


def played(name: str, taking: Taking, context: Context, play: Play) -> Any:
    """What becomes of a sample in the configuration for it."""
    return play(taking(name), Addressed(make(name, {}, context).envelope, POLLED.get(name)))


@pytest.mark.parametrize("name", [name for name in KINDS if name not in SILENT])
def test_its_trigger_takes_it_and_consumers_parse_the_event(name: str, taking: Taking, context: Context, play: Play) -> None:
    result = played(name, taking, context, play)

    assert result.reply is None or result.reply.status in (200, 202, 204)
    assert len(result.payloads) == (2 if name == "s3/seaweedfs-rename" else 1)
    model = model_of(name)
    for payload in result.payloads:
        if model is not None:
            model.model_validate(json.loads(payload))


HTTP = [name for name, kind in KINDS.items() if kind.type in ("api_gateway", "function_url", "alb") and name not in SILENT]


@pytest.mark.parametrize("name", HTTP)
def test_an_application_behind_mangum_sees_the_request_that_was_sent(
    name: str, taking: Taking, context: Context, play: Play
) -> None:
    sent: Any = make(name, {}, context).envelope
    (payload,) = played(name, taking, context, play).payloads
    seen: list[tuple[str, bytes]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["method"], (await receive())["body"]))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with asyncio.Runner() as runner:  # Mangum runs on the thread's own loop
        asyncio.set_event_loop(runner.get_loop())
        answer = Mangum(application, lifespan="off")(json.loads(payload), SimpleNamespace())
        asyncio.set_event_loop(None)

    assert answer["statusCode"] == 204
    assert seen == [(sent.method, sent.body)]


@pytest.mark.parametrize(("name", "invoked"), SILENT.items())
def test_what_brings_a_function_nothing_is_taken_all_the_same(
    name: str, invoked: list[str], taking: Taking, context: Context, play: Play
) -> None:
    result = played(name, taking, context, play)

    assert result.reply is not None
    assert result.reply.status in (200, 204)
    assert [step.type for step in result.invoked] == invoked
    assert result.accepted == []


# --- names and options -----------------------------------------------------------------------------------------------


def test_every_type_has_samples_and_short_names() -> None:
    assert {kind.type for kind in KINDS.values()} == set(TYPES)
    assert {type: find(type).variant for type in TYPES} == {
        "alb": "get",
        "api_gateway": "http-get",
        "cognito": "PreSignUp_SignUp",
        "eventbridge": "put-events",
        "function_url": "get",
        "lambda_api": "sync",
        "lambda_edge": "viewer-request",
        "s3": "put",
        "schedule": "tick",
        "sns": "notification",
        "sqs": "standard",
        "step_functions": "task",
    }
    assert find("cognito/PreTokenGeneration").name == "cognito/TokenGeneration_HostedAuth"


def test_every_option_says_what_it_is() -> None:
    assert all(option.summary for kind in KINDS.values() for option in kind.options.values())
    assert all(kind.summary and kind.options for kind in KINDS.values())


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("s3/putt", {}, "there is no sample `s3/putt`; of `s3` did you mean `put`?"),
    ("s33", {}, "there is no sample `s33`; did you mean `s3`?"),
    ("s3", {"bukket": "b"}, "s3/put: there is no option `bukket`; did you mean `bucket`?"),
    ("s3", {"size": "big"}, 's3/put: option `size`: a whole number is wanted, not `"big"`'),
    ("s3", {"size": -1}, "s3/put: option `size`: a whole number is wanted, not `-1`"),
    ("s3", {"etag": "x"}, 's3/put: option `etag`: an MD5 in hexadecimal is wanted, not `"x"`'),
    (
        "s3",
        {"via": "sqs,sns"},
        "s3/put: option `via`: `sqs,sns` cannot be: from the inside out some of `eventbridge`, `sns`, `sqs`",
    ),
    (
        "alb",
        {"path": "a b"},
        'alb/get: option `path`: a path that begins with `/`, percent-encoded, without query is wanted, not `"a b"`',
    ),
    ("alb", {"headers": "x"}, 'alb/get: option `headers`: a map is wanted, not `"x"`'),
    ("alb", {"body_base64": "?"}, "alb/get: option `body_base64`: base64 is wanted"),
    (
        "sqs",
        {"attributes": {"a": {"DataType": "Binary", "BinaryValue": "?"}}},
        "sqs/standard: option `attributes`: `a`: text, a number,"
        " or `{DataType, StringValue | BinaryValue in base64}` is wanted",
    ),
    (
        "sns",
        {"topic": "arn:x"},
        "`arn:x` is no topic: an ARN such as `arn:aws:sns:eu-west-1:111122223333:alerts`, or a name",
    ),
    (
        "schedule",
        {"at": "soon"},
        'schedule/tick: option `at`: a time such as `2026-03-01T02:00:00Z` is wanted, not `"soon"`',
    ),
    (
        "cognito/TokenGeneration_ClientCredentials",
        {"version": "V1_0"},
        'cognito/TokenGeneration_ClientCredentials: option `version`: one of `V3_0` is wanted, not `"V1_0"`',
    ),
]


@pytest.mark.parametrize(("name", "options", "text"), REFUSED)
def test_what_cannot_be_made_is_said_with_what_is_known(
    name: str, options: dict[str, Any], text: str, context: Context
) -> None:
    with pytest.raises(SampleError) as raised:
        make(name, options, context)
    assert str(raised.value) == text


def test_options_of_a_command_line_and_of_yaml_are_the_same(context_at: Callable[..., Context]) -> None:
    as_text = {"size": "12", "bucket": "b"}
    as_values = {"size": 12, "bucket": "b"}
    assert make("s3", as_text, context_at()) == make("s3", as_values, context_at())
    headers = {"x-a": ["1", "2"], "accept": "text/plain"}
    assert make("alb", {"headers": json.dumps(headers)}, context_at()) == make("alb", {"headers": headers}, context_at())


def test_a_body_is_text_json_or_bytes(context: Context) -> None:
    def sent(**options: Any) -> tuple[bytes, str | None]:
        envelope: Any = make("function_url/get", {"method": "POST", **options}, context).envelope
        return envelope.body, dict(envelope.headers).get("Content-Type")

    assert sent(body="a b") == (b"a b", "text/plain; charset=utf-8")
    assert sent(body={"ü": 1}) == ('{"ü":1}'.encode(), "application/json")
    assert sent(body_base64=b64encode(b"\x00\xff").decode()) == (b"\x00\xff", "application/octet-stream")
    assert sent(body="a", headers={"content-type": "text/html"})[1] is None
