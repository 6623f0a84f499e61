"""Every trigger of a user pool through a real daemon with real functions: good ones, slow ones, broken ones."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

pytestmark = pytest.mark.slow

CODE = """
import json, os, time

GOOD = {
    "DefineAuthChallenge_Authentication": {"challengeName": "CUSTOM_CHALLENGE", "issueTokens": False},
    "CreateAuthChallenge_Authentication": {"publicChallengeParameters": {"q": "?"}},
    "VerifyAuthChallengeResponse_Authentication": {"answerCorrect": True},
    "UserMigration_Authentication": {"userAttributes": {"email": "ada@example.com"}, "finalUserStatus": "CONFIRMED"},
    "CustomMessage_SignUp": {"smsMessage": "code {####}"},
}

def good(event, context):
    event["response"].update(GOOD.get(event["triggerSource"], {}))
    return event

def odd(event, context):
    metadata = event["request"].get("clientMetadata") or {}
    with open(os.environ["CALLS"], "a") as calls:
        calls.write(context.aws_request_id + "\\n")
    if "raise" in metadata:
        raise ValueError(metadata["raise"])
    if "exit" in metadata:
        os._exit(3)
    if "sleep" in metadata and len(open(os.environ["CALLS"]).readlines()) <= int(metadata["sleep"]):
        time.sleep(30)
    if "return" in metadata:
        return json.loads(metadata["return"])
    return event
"""
SETTINGS = """
functions:
  good: {{local: {{runtime: python, handler: app.good, code: .}}}}
  odd: {{timeout: {limit}, local: {{runtime: python, handler: app.odd, code: ., environment: {{CALLS: "{calls}"}}}}}}
triggers:
  pool:
    type: cognito
    invocation: sync
    path: /pool
    user_pool: eu-west-1_abc
    auth: {{bearer: "${{TOKEN}}"}}
    timeout: {timeout}
    operations:
      PreSignUp: good
      PostConfirmation: odd
      PreAuthentication: good
      PostAuthentication: good
      DefineAuthChallenge: good
      CreateAuthChallenge: good
      VerifyAuthChallengeResponse: good
      PreTokenGeneration: {{function: good, version: V3_0}}
      UserMigration: good
      CustomMessage: good
      InboundFederation: good
"""
USER = {"email": "ada@example.com"}
REQUESTS: dict[str, tuple[dict[str, Any], str]] = {
    "PreSignUp_SignUp": ({"userAttributes": USER}, "1"),
    "PostConfirmation_ConfirmSignUp": ({"userAttributes": USER}, "1"),
    "PreAuthentication_Authentication": ({"userAttributes": USER}, "1"),
    "PostAuthentication_Authentication": ({"userAttributes": USER, "newDeviceUsed": True}, "1"),
    "DefineAuthChallenge_Authentication": ({"userAttributes": USER, "session": []}, "1"),
    "CreateAuthChallenge_Authentication": ({"userAttributes": USER, "challengeName": "CUSTOM_CHALLENGE", "session": []}, "1"),
    "VerifyAuthChallengeResponse_Authentication": (
        {"userAttributes": USER, "privateChallengeParameters": {}, "challengeAnswer": "1"},
        "1",
    ),
    "TokenGeneration_ClientCredentials": ({"groupConfiguration": {}, "scopes": ["jobs/run"]}, "3"),
    "UserMigration_Authentication": ({"password": "secret"}, "1"),
    "CustomMessage_SignUp": ({"userAttributes": USER, "codeParameter": "{####}"}, "1"),
    "InboundFederation_ExternalProvider": ({"providerName": "corp", "providerType": "SAML", "attributes": {}}, "1"),
}


def event_of(source: str, **metadata: str) -> dict[str, Any]:
    request, version = REQUESTS[source]
    return {
        "version": version,
        "triggerSource": source,
        "region": "eu-west-1",
        "userPoolId": "eu-west-1_abc",
        "userName": "ada",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "web"},
        "request": {**request, "clientMetadata": metadata} if metadata else request,
        "response": {},
    }


class Pool:
    """A daemon's user pool. `calls`: the request ids that the function `odd` has seen."""

    def __init__(self, url: str, http: aiohttp.ClientSession, calls: Path) -> None:
        self.url = url
        self.http = http
        self.file = calls

    @property
    def calls(self) -> list[str]:
        return self.file.read_text().split() if self.file.exists() else []

    async def post(self, event: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        headers = {"Authorization": "Bearer secret"}
        async with self.http.post(self.url, json=event, headers=headers) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, await answer.json()


@pytest.fixture
async def start(serve: Any, tmp_path: Path) -> AsyncIterator[Any]:
    """`await start(timeout, limit)`: a running `Pool`; `limit`: how long the function `odd` may run."""
    async with aiohttp.ClientSession() as http:

        async def started(timeout: str, limit: str = "20s") -> Pool:
            calls = tmp_path / "calls"
            daemon = await serve(SETTINGS.format(calls=calls, timeout=timeout, limit=limit), CODE, TOKEN="secret")
            return Pool(f"http://{daemon.addresses['main']}/pool", http, calls)

        yield started


async def test_every_trigger_gets_its_event_and_answers(start: Any) -> None:
    pool = await start("20s")
    for source in REQUESTS:
        event = event_of(source)
        status, headers, answer = await pool.post(event)
        assert (status, {**answer, "response": {}}) == (200, event), source
        assert "x-router-error" not in headers


@pytest.mark.parametrize(
    ("metadata", "type", "message", "error"),
    [
        ({"raise": "no"}, "UserLambdaValidationException", "PostConfirmation failed with error no.", "function_error"),
        ({"return": "null"}, "InvalidLambdaResponseException", "Unrecognizable lambda output", "bad_response"),
        ({"return": '{"response": {}}'}, "InvalidLambdaResponseException", "Unrecognizable lambda output", "bad_response"),
    ],
)
async def test_functions_that_fail_are_called_once(
    metadata: dict[str, str], type: str, message: str, error: str, start: Any
) -> None:
    pool = await start("20s")
    status, headers, answer = await pool.post(event_of("PostConfirmation_ConfirmSignUp", **metadata))
    assert (status, answer) == (400, {"__type": type, "message": message})
    assert (headers["x-router-error"], headers["x-router-invoked"]) == (error, "yes")
    assert len(pool.calls) == 1


async def test_a_function_that_exits_is_called_once(start: Any) -> None:
    pool = await start("20s")
    status, _, answer = await pool.post(event_of("PostConfirmation_ConfirmSignUp", exit="1"))
    assert (status, answer["__type"], len(pool.calls)) == (400, "UserLambdaValidationException", 1)
    assert "Runtime exited with error: exit status 3" in answer["message"]
    assert (await pool.post(event_of("PostConfirmation_ConfirmSignUp", ok="1")))[0] == 200


async def test_a_function_that_is_too_slow_is_called_three_times(start: Any) -> None:
    pool = await start("2s", "3s")
    status, headers, answer = await pool.post(event_of("PostConfirmation_ConfirmSignUp", sleep="99"))
    message = "PostConfirmation invocation failed due to error timeout."
    assert (status, answer) == (400, {"__type": "UnexpectedLambdaException", "message": message})
    assert (headers["x-router-error"], headers["x-router-invoked"]) == ("timeout", "yes")
    assert len(set(pool.calls)) == 3


async def test_five_seconds_and_the_second_attempt_answers(start: Any) -> None:
    pool = await start("5s", "6s")
    event = event_of("PostConfirmation_ConfirmSignUp", sleep="1")
    status, _, answer = await pool.post(event)
    assert (status, answer, len(set(pool.calls))) == (200, event, 2)
