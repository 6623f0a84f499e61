"""What functions of a user pool may answer: every limit and every claim that is not theirs (sync.md §10.3, §10.4)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.arn import FunctionArn
from router.errors import Invoked, RequestError
from router.fakes import request, succeeded
from router.model import ErrorNote, Function, Invoke, ReadBody, Reply, Target
from router.outcome import Outcome, function_error, throttled, timed_out, transport
from router.policies.webhook_auth import compile_auth
from router.triggers import TYPES
from router.triggers.cognito import UserPool
from router.triggers.cognito.events import Assignment, Pool
from router.triggers.cognito.operations import NAME_OF_SOURCE, OPERATIONS, operation_of

POOL = "eu-west-1_abc"
USER = {"email": "ada@example.com"}
DETAILS = "response.claimsAndScopeOverrideDetails"
TOKEN_REQUEST = {"userAttributes": USER, "groupConfiguration": {}, "scopes": ["openid"]}
VERSIONS = {"V1_0": "1", "V2_0": "2", "V3_0": "3"}


def event_of(source: str, request: dict[str, Any], version: str = "1") -> dict[str, Any]:
    return {
        "version": version,
        "triggerSource": source,
        "region": "eu-west-1",
        "userPoolId": POOL,
        "userName": "ada",
        "callerContext": {"awsSdkVersion": "1", "clientId": "web"},
        "request": request,
        "response": {},
    }


def answered(door: Any, name: str, event: dict[str, Any], response: Any, version: str | None = None) -> str | None:
    """What is wrong with a function's response, as the log says it; None where it went back."""
    operation = {"function": "f", "version": version} if version else "f"
    trigger = door({"type": "cognito", "path": "/pool", "user_pool": POOL, "operations": {name: operation}})
    answer = event | {"response": response}
    reply = trigger.call("POST", "/pool", body=json.dumps(event).encode(), answer=succeeded(json.dumps(answer).encode()))
    if reply.error is None:
        assert (reply.status, json.loads(bytes(reply.body))) == (200, answer)
        return None
    body = b'{"__type":"InvalidLambdaResponseException","message":"Unrecognizable lambda output"}'
    detail: str = reply.error.detail
    assert reply == Reply(400, reply.headers, body, ErrorNote("bad_response", Invoked.YES, detail=detail))
    return detail


SIGN_UP = event_of("PreSignUp_SignUp", {"userAttributes": USER})
BY_ADMIN = event_of("PreSignUp_AdminCreateUser", {"userAttributes": USER})
DEFINE = event_of("DefineAuthChallenge_Authentication", {"userAttributes": USER, "session": []})
CREATE = event_of("CreateAuthChallenge_Authentication", {"userAttributes": USER, "session": [], "challengeName": "C"})
VERIFY = event_of(
    "VerifyAuthChallengeResponse_Authentication",
    {"userAttributes": USER, "privateChallengeParameters": {}, "challengeAnswer": "1"},
)
MIGRATE = event_of("UserMigration_ForgotPassword", {})
MESSAGE = event_of("CustomMessage_SignUp", {"userAttributes": USER, "codeParameter": "{####}", "linkParameter": "{##Go##}"})
FEDERATE = event_of("InboundFederation_ExternalProvider", {"providerName": "x", "providerType": "OIDC", "attributes": {}})
CONFIRM = event_of("PostConfirmation_ConfirmSignUp", {"userAttributes": USER})


@pytest.mark.parametrize(
    ("event", "response", "wrong"),
    [
        (SIGN_UP, {}, None),
        (SIGN_UP, {"autoConfirmUser": None, "more": 1}, None),
        (SIGN_UP, {"autoConfirmUser": "yes"}, "response.autoConfirmUser is not true or false"),
        (SIGN_UP, {"autoVerifyPhone": True}, "response.autoVerifyPhone is true, and the user has no phone_number"),
        (BY_ADMIN, {"autoVerifyPhone": True}, None),
        (CONFIRM, {"anything": 1}, None),
        (CONFIRM, None, "response is not an object"),
        (DEFINE, {"issueTokens": True, "failAuthentication": False}, None),
        (DEFINE, {"failAuthentication": True}, None),
        (DEFINE, {}, "response has neither a challengeName, nor issueTokens, nor failAuthentication"),
        (DEFINE, {"challengeName": 1}, "response.challengeName is not a string"),
        (CREATE, {"publicChallengeParameters": {"a": 1}}, "response.publicChallengeParameters is not an object of strings"),
        (CREATE, {"challengeMetadata": "CAPTCHA"}, None),
        (VERIFY, {}, "response.answerCorrect is missing"),
        (VERIFY, {"answerCorrect": 1}, "response.answerCorrect is not true or false"),
        (MIGRATE, {}, "response.userAttributes is missing"),
        (MIGRATE, {"userAttributes": {"email": True}}, "response.userAttributes is not an object of strings"),
        (MIGRATE, {"userAttributes": USER, "finalUserStatus": "RESET_REQUIRED"}, None),
        (
            MIGRATE,
            {"userAttributes": USER, "finalUserStatus": "NEW"},
            "response.finalUserStatus is not one of CONFIRMED, RESET_REQUIRED",
        ),
        (MIGRATE, {"userAttributes": USER, "messageAction": "RESEND"}, "response.messageAction is not one of SUPPRESS"),
        (MIGRATE, {"userAttributes": USER, "desiredDeliveryMediums": ["EMAIL", "SMS"]}, None),
        (
            MIGRATE,
            {"userAttributes": USER, "desiredDeliveryMediums": ["PIGEON"]},
            "response.desiredDeliveryMediums is not a list of EMAIL and SMS",
        ),
        (MESSAGE, {"smsMessage": None, "emailMessage": None}, None),
        (MESSAGE, {"smsMessage": "x" * 134 + "{####}"}, None),
        (MESSAGE, {"smsMessage": "x" * 135 + "{####}"}, "response.smsMessage is longer than 140 characters"),
        (MESSAGE, {"emailMessage": "x" * 19_994 + "{####}"}, None),
        (MESSAGE, {"emailMessage": "x" * 19_995 + "{####}"}, "response.emailMessage is longer than 20000 characters"),
        (MESSAGE, {"emailSubject": "x" * 140}, None),
        (MESSAGE, {"emailSubject": "x" * 141}, "response.emailSubject is longer than 140 characters"),
        (MESSAGE, {"smsMessage": "no code"}, "response.smsMessage does not contain {####} or {##Go##}"),
        (MESSAGE, {"emailMessage": ""}, "response.emailMessage does not contain {####} or {##Go##}"),
        (MESSAGE, {"emailMessage": "press {##Go##}"}, None),
        (FEDERATE, {"userAttributesToMap": {}}, None),
        (FEDERATE, {"userAttributesToMap": None}, "response.userAttributesToMap is missing"),
    ],
)
def test_responses(event: dict[str, Any], response: Any, wrong: str | None, door: Any) -> None:
    assert answered(door, NAME_OF_SOURCE[event["triggerSource"]], event, response) == wrong


WHOLE = "the function did not return the whole event"
MISSING = "userPoolId, request, userName is missing"


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b"null", "the function did not return the event"),
        (b'"x"', "the function did not return the event"),
        (b'{"version": "1", "triggerSource": "x", "region": "r", "callerContext": {}, "response": {}}', f"{WHOLE}: {MISSING}"),
        (json.dumps({**SIGN_UP, "response": 1}).encode(), "response is not an object"),
        (b"NaN", "the function's answer is not JSON: NaN is not JSON"),
        (b"<html>", "the function's answer is not JSON: Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_the_whole_event_comes_back(answer: bytes, detail: str, door: Any) -> None:
    trigger = door({"type": "cognito", "path": "/pool", "user_pool": POOL, "operations": {"PreSignUp": "f"}})
    reply = trigger.call("POST", "/pool", body=json.dumps(SIGN_UP).encode(), answer=succeeded(answer))
    assert (reply.status, reply.error) == (400, ErrorNote("bad_response", Invoked.YES, detail=detail))


# --- tokens ----------------------------------------------------------------------------------------------------------


def token(door: Any, version: str, response: Any, source: str = "TokenGeneration_Authentication") -> str | None:
    event = event_of(source, TOKEN_REQUEST, VERSIONS[version])
    return answered(door, "PreTokenGeneration", event, response, version)


GROUPS = "groupOverrideDetails"
V1 = "response.claimsOverrideDetails"
ID_TOKEN, ACCESS_TOKEN = f"{DETAILS}.idTokenGeneration", f"{DETAILS}.accessTokenGeneration"


@pytest.mark.parametrize(
    ("details", "wrong"),
    [
        (None, None),
        ({"claimsToAddOrOverride": {"a": "b", "custom:x": "y"}, "claimsToSuppress": ["email", "dev:custom"]}, None),
        ({"claimsToAddOrOverride": {"a": 1}}, f"{V1}.claimsToAddOrOverride is not an object of strings"),
        ({"claimsToSuppress": "email"}, f"{V1}.claimsToSuppress is not a list of strings"),
        ({"groupOverrideDetails": {"groupsToOverride": ["a"], "iamRolesToOverride": [], "preferredRole": "r"}}, None),
        ({GROUPS: {"groupsToOverride": "a"}}, f"{V1}.{GROUPS}.groupsToOverride is not a list of strings"),
        ([], f"{V1} is not an object"),
        ({"claimsToAddOrOverride": {"dev:x": "y"}}, f"{V1} sets the claim dev:x, which may only be suppressed"),
        ({"claimsToSuppress": ["cognito:groups"]}, f"{V1} changes the claim cognito:groups, which is Cognito's own"),
    ],
)
def test_claims_of_version_1(details: Any, wrong: str | None, door: Any) -> None:
    assert token(door, "V1_0", {"claimsOverrideDetails": details}) == wrong


CLAIMS = (
    *("sub", "cognito:username", "username", "aud", "client_id", "iss", "exp", "iat", "auth_time", "token_use", "event_id"),
    *("origin_jti", "jti", "identities", "acr", "amr", "at_hash", "device_key", "version", "cognito:anything"),
)


@pytest.mark.parametrize("claim", CLAIMS)
def test_claims_of_cognito_stay(claim: str, door: Any) -> None:
    added = {"claimsToAddOrOverride": {claim: "x"}}
    suppressed = {"claimsToSuppress": [claim]}
    told = f"changes the claim {claim}, which is Cognito's own"
    for change in (added, suppressed):
        assert token(door, "V1_0", {"claimsOverrideDetails": change}) == f"{V1} {told}"
        for kind in ("idTokenGeneration", "accessTokenGeneration"):
            response = {"claimsAndScopeOverrideDetails": {kind: change}}
            assert token(door, "V2_0", response) == f"{DETAILS}.{kind} {told}"


@pytest.mark.parametrize("version", ["V2_0", "V3_0"])
@pytest.mark.parametrize(
    ("details", "wrong"),
    [
        (None, None),
        ({"idTokenGeneration": {"claimsToAddOrOverride": {"n": 1, "l": [True, None], "o": {"x": "y"}}}}, None),
        ({"accessTokenGeneration": {"scopesToAdd": ["a"], "scopesToSuppress": ["b"], "claimsToSuppress": ["c"]}}, None),
        ({"accessTokenGeneration": {"scopesToAdd": "a"}}, f"{ACCESS_TOKEN}.scopesToAdd is not a list of strings"),
        ({"idTokenGeneration": []}, f"{ID_TOKEN} is not an object"),
        ({"idTokenGeneration": {"claimsToAddOrOverride": []}}, f"{ID_TOKEN}.claimsToAddOrOverride is not an object"),
        ({"groupOverrideDetails": {"preferredRole": 1}}, f"{DETAILS}.{GROUPS}.preferredRole is not a string"),
        ({"accessTokenGeneration": {"claimsToSuppress": ["dev:x"]}}, None),
    ],
)
def test_claims_of_versions_2_and_3(version: str, details: Any, wrong: str | None, door: Any) -> None:
    assert token(door, version, {"claimsAndScopeOverrideDetails": details}) == wrong


@pytest.mark.parametrize(("version", "status"), [("V1_0", 400), ("V2_0", 400), ("V3_0", 200)])
def test_tokens_of_machines_need_version_3(version: str, status: int, door: Any) -> None:
    operations = {"PreTokenGeneration": {"function": "f", "version": version}}
    trigger = door({"type": "cognito", "path": "/pool", "user_pool": POOL, "operations": operations})
    machine = {"groupConfiguration": {}, "scopes": ["jobs/run"]}
    event = event_of("TokenGeneration_ClientCredentials", machine, VERSIONS[version])
    del event["userName"]
    reply = trigger.call("POST", "/pool", body=json.dumps(event).encode(), answer=lambda payload: succeeded(payload))
    assert reply.status == status
    assert len(trigger.invoked) == (1 if status == 200 else 0)
    if status == 200:
        assert trigger.event == event | {"response": {"claimsAndScopeOverrideDetails": None}}


def test_versions_2_and_3_say_the_scopes(door: Any) -> None:
    event = event_of("TokenGeneration_RefreshTokens", {"userAttributes": USER, "groupConfiguration": {}}, "2")
    operations = {"PreTokenGeneration": {"function": "f", "version": "V2_0"}}
    trigger = door({"type": "cognito", "path": "/pool", "user_pool": POOL, "operations": operations})
    reply = trigger.call("POST", "/pool", body=json.dumps(event).encode(), answer=succeeded(b"null"))
    assert (reply.status, json.loads(bytes(reply.body))["message"]) == (400, "event.request.scopes is missing.")


# --- anything --------------------------------------------------------------------------------------------------------

HELLO = Target(Function("f", FunctionArn("eu-west-1", "111122223333", "f"), 3.0))


def version_of(name: str) -> str:
    return "V3_0" if name == "PreTokenGeneration" else "V1_0"


BUILT = UserPool(
    Pool(
        POOL,
        "eu-west-1",
        {name: Assignment(operation_of(name, version_of(name)), version_of(name), HELLO) for name in OPERATIONS},
    ),
    5.0,
    3,
    compile_auth(None, "pool"),
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SOURCES = st.sampled_from([*NAME_OF_SOURCE, "CustomEmailSender_SignUp", "x"])
REQUESTS = st.dictionaries(
    st.sampled_from(sorted({part for operation in OPERATIONS.values() for part in operation.request})), JSON, max_size=8
)
RESPONSES = st.dictionaries(
    st.sampled_from(sorted({part for operation in OPERATIONS.values() for part in operation.response})), JSON, max_size=6
)


@st.composite
def events(draw: Any) -> bytes:
    event = event_of(draw(SOURCES), draw(REQUESTS | st.just(TOKEN_REQUEST)), draw(st.sampled_from(["1", "2", "3"])))
    event["response"] = draw(RESPONSES | JSON)
    return json.dumps(event).encode()


OUTCOMES = st.one_of(
    (events() | st.binary(max_size=20)).map(succeeded),
    (JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=20)).map(
        lambda payload: function_error(payload, "id")
    ),
    st.sampled_from([timed_out(5.0), throttled("CallerRateLimitExceeded"), transport("gone", True)]),
)


@given(body=events() | st.binary(max_size=40), outcomes=st.lists(OUTCOMES, min_size=3, max_size=3))
def test_any_event_and_any_answer_end_in_a_reply(body: bytes, outcomes: list[Outcome]) -> None:
    conversation = TYPES["cognito"].handle(request("POST", "/pool"), BUILT)
    pending = [*outcomes]
    given: Any = None
    try:
        while True:
            step = conversation.throw(given) if isinstance(given, RequestError) else conversation.send(given)
            given = body if isinstance(step, ReadBody) else pending.pop(0)
            assert isinstance(step, ReadBody | Invoke)
    except StopIteration as stop:
        reply = stop.value
    assert (reply.status, reply.error is None) in {(200, True), (400, False)}
    if reply.error is not None:
        assert set(json.loads(reply.body)) == {"__type", "message"}
