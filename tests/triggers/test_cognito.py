"""The triggers of a user pool, conversation by conversation: every trigger source, every answer (sync.md §10)."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from router.errors import BodyIncomplete, Invoked, Unavailable
from router.fakes import play, request, succeeded
from router.model import Conversation, ErrorNote, Headers, Invoke, PathClaim, ReadBody, Reply
from router.outcome import Outcome, OutcomeKind, function_error, refused, throttled, timed_out, transport
from router.triggers import TYPES
from router.triggers.cognito.operations import NAME_OF_SOURCE, OPERATIONS

ID = "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10"
LIMIT = 6_291_456
POOL = "eu-west-1_abc"
ALL = {name: name.lower() for name, operation in OPERATIONS.items() if not operation.later}
SOURCES = [source for source, name in NAME_OF_SOURCE.items() if not OPERATIONS[name].later]
COMMON: Headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", ID)]
USER = {"sub": "1", "email": "ada@example.com", "email_verified": "true"}

REQUESTS: dict[str, dict[str, Any]] = {
    "PreSignUp": {"userAttributes": USER, "validationData": None},
    "PostConfirmation": {"userAttributes": USER, "clientMetadata": {"a": "b"}},
    "PreAuthentication": {"userAttributes": {}, "validationData": {"a": "b"}, "userNotFound": True},
    "PostAuthentication": {"userAttributes": USER, "newDeviceUsed": False},
    "DefineAuthChallenge": {"userAttributes": USER, "session": [{"challengeName": "SRP_A", "challengeResult": True}]},
    "CreateAuthChallenge": {"userAttributes": USER, "challengeName": "CUSTOM_CHALLENGE", "session": []},
    "VerifyAuthChallengeResponse": {"userAttributes": USER, "privateChallengeParameters": {"a": "1"}, "challengeAnswer": "1"},
    "PreTokenGeneration": {"userAttributes": USER, "groupConfiguration": {"groupsToOverride": ["a"]}},
    "UserMigration": {"password": "secret", "validationData": None},
    "CustomMessage": {"userAttributes": USER, "codeParameter": "{####}", "usernameParameter": "{username}"},
    "InboundFederation": {"providerName": "corp", "providerType": "SAML", "attributes": {"samlResponse": {}}},
}
FILLED: dict[str, dict[str, Any]] = {
    "PreSignUp": {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
    "PostConfirmation": {},
    "PreAuthentication": {},
    "PostAuthentication": {},
    "DefineAuthChallenge": {"challengeName": None, "issueTokens": None, "failAuthentication": None},
    "CreateAuthChallenge": {
        "publicChallengeParameters": None,
        "privateChallengeParameters": None,
        "challengeMetadata": None,
    },
    "VerifyAuthChallengeResponse": {"answerCorrect": None},
    "PreTokenGeneration": {"claimsOverrideDetails": None},
    "UserMigration": {
        "userAttributes": None,
        "forceAliasCreation": None,
        "enableSMSMFA": None,
        "finalUserStatus": None,
        "messageAction": None,
        "desiredDeliveryMediums": None,
    },
    "CustomMessage": {"smsMessage": None, "emailMessage": None, "emailSubject": None},
    "InboundFederation": {"userAttributesToMap": {}},
}
GOOD: dict[str, dict[str, Any]] = {
    "PreSignUp": {"autoConfirmUser": True, "autoVerifyEmail": True},
    "DefineAuthChallenge": {"challengeName": "CUSTOM_CHALLENGE", "issueTokens": False, "failAuthentication": False},
    "CreateAuthChallenge": {"publicChallengeParameters": {"q": "?"}, "privateChallengeParameters": {"a": "!"}},
    "VerifyAuthChallengeResponse": {"answerCorrect": False},
    "UserMigration": {"userAttributes": USER, "finalUserStatus": "CONFIRMED", "messageAction": "SUPPRESS"},
    "CustomMessage": {"smsMessage": "code {####}", "emailMessage": "code {####}", "emailSubject": "Hello"},
}


def event_of(source: str, **changes: Any) -> dict[str, Any]:
    """The event as AWS builds it, with an empty response."""
    event = {
        "version": "1",
        "triggerSource": source,
        "region": "eu-west-1",
        "userPoolId": POOL,
        "userName": "ada",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "web"},
        "request": REQUESTS[NAME_OF_SOURCE.get(source, "PreSignUp")],
        "response": {},
    }
    return {name: value for name, value in (event | changes).items() if value is not ...}


@pytest.fixture
def pool(door: Callable[..., Any]) -> Callable[..., Any]:
    """A user pool with a function for every trigger; settings are added."""
    base = {"type": "cognito", "path": "/pool", "user_pool": POOL, "operations": ALL}
    return lambda **settings: door(base | settings)


def post(trigger: Any, event: Any, answer: Any) -> Reply:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return trigger.call("POST", "/pool", body=body, answer=answer)


def returns(response: Any, **changes: Any) -> Callable[[bytes], Outcome]:
    """A function that returns its event with this response."""

    def answer(payload: bytes) -> Outcome:
        event = json.loads(payload) | {"response": response} | changes
        return succeeded(json.dumps({name: value for name, value in event.items() if value is not ...}).encode())

    return answer


def failure(type: str, message: str, note: ErrorNote, status: int = 400, *more: tuple[str, str]) -> Reply:
    body = json.dumps({"__type": type, "message": message}, separators=(",", ":")).encode()
    return Reply(status, [*COMMON, ("x-amzn-ErrorType", type), *more], body, note)


def invalid(message: str, name: str = "bad_request") -> Reply:
    return failure("InvalidParameterException", message, ErrorNote(name, Invoked.NO, detail=message))


def unrecognizable(detail: str) -> Reply:
    note = ErrorNote("bad_response", Invoked.YES, detail=detail)
    return failure("InvalidLambdaResponseException", "Unrecognizable lambda output", note)


# --- every trigger source --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [source for source in SOURCES if source != "TokenGeneration_ClientCredentials"])
def test_every_trigger_source_reaches_its_function_with_the_response_filled_in(source: str, pool: Any) -> None:
    name = NAME_OF_SOURCE[source]
    good = GOOD.get(name, FILLED[name])
    trigger = pool()

    reply = post(trigger, event_of(source), returns(good))

    assert [(step.target.function.name, json.loads(step.payload), step.timeout) for step in trigger.invoked] == [
        (name.lower(), event_of(source, response=FILLED[name]), 5.0)
    ]
    assert (reply.status, reply.headers, reply.error) == (200, COMMON, None)
    assert json.loads(bytes(reply.body)) == event_of(source, response=good)


def test_a_user_pool_claims_its_path(pool: Any) -> None:
    assert TYPES["cognito"].claims(pool().settings) == (PathClaim("/pool"),)


def test_all_trigger_sources_of_aws_are_known() -> None:
    sections = ("HostedAuth", "Authentication", "NewPasswordChallenge", "AuthenticateDevice", "RefreshTokens")
    messages = ("SignUp", "AdminCreateUser", "ResendCode", "ForgotPassword", "UpdateUserAttribute", "VerifyUserAttribute")
    assert set(NAME_OF_SOURCE) == {
        *(f"PreSignUp_{name}" for name in ("SignUp", "AdminCreateUser", "ExternalProvider")),
        *(f"PostConfirmation_{name}" for name in ("ConfirmSignUp", "ConfirmForgotPassword")),
        *(f"{name}_Authentication" for name in ("PreAuthentication", "PostAuthentication", "DefineAuthChallenge")),
        *(f"{name}_Authentication" for name in ("CreateAuthChallenge", "VerifyAuthChallengeResponse")),
        *(f"TokenGeneration_{name}" for name in (*sections, "ClientCredentials")),
        *(f"UserMigration_{name}" for name in ("Authentication", "ForgotPassword")),
        *(f"CustomMessage_{name}" for name in (*messages, "Authentication")),
        "InboundFederation_ExternalProvider",
        *(f"CustomEmailSender_{name}" for name in (*messages, "Authentication", "AccountTakeOverNotification")),
        *(f"CustomSMSSender_{name}" for name in (*messages, "Authentication")),
    }


@pytest.mark.parametrize("response", [{}, None, ...])
def test_a_response_is_filled_in_where_there_is_none(response: Any, pool: Any) -> None:
    trigger = pool()
    post(trigger, event_of("PreSignUp_SignUp", response=response), returns({}))
    assert trigger.event == event_of("PreSignUp_SignUp", response=FILLED["PreSignUp"])


def test_an_event_that_is_complete_goes_out_as_it_came(pool: Any) -> None:
    body = json.dumps(event_of("PreSignUp_SignUp", response={"autoConfirmUser": False}), indent=3).encode()
    trigger = pool()
    post(trigger, body, returns({}))
    assert trigger.invoked[0].payload == body


def test_what_the_function_returned_goes_back_as_it_came(pool: Any) -> None:
    answer = json.dumps(event_of("PostConfirmation_ConfirmSignUp", more=[1, {"deep": None}]), indent=1).encode()
    reply = post(pool(), event_of("PostConfirmation_ConfirmSignUp"), succeeded(answer))
    assert reply == Reply(200, COMMON, answer)


def test_an_operation_may_be_split_between_qualifiers(pool: Any) -> None:
    trigger = pool(operations={"PreSignUp": {"function": "check", "weights": {"live": 9, "2": 1}}})
    post(trigger, event_of("PreSignUp_SignUp"), returns({}))
    assert trigger.invoked[0].target.weights == (("live", 9), ("2", 1))


# --- events that are refused -----------------------------------------------------------------------------------------

SIGN_UP = event_of("PreSignUp_SignUp")


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (b"[1", "The body is not JSON: Expecting ',' delimiter: line 1 column 3 (char 2)."),
        (b"", "The body is not JSON: Expecting value: line 1 column 1 (char 0)."),
        (b'{"a": NaN}', "The body is not JSON: NaN is not JSON."),
        ([], "The body is not an event: a JSON object is wanted."),
        ({}, "event.triggerSource is missing."),
        (SIGN_UP | {"triggerSource": 1}, "event.triggerSource is not a string."),
        (SIGN_UP | {"triggerSource": "PreSignUp_Nobody"}, "event.triggerSource is not known: PreSignUp_Nobody."),
        (SIGN_UP | {"userPoolId": None}, "event.userPoolId is missing."),
        (SIGN_UP | {"userPoolId": "eu-west-1_other"}, "event.userPoolId is not eu-west-1_abc."),
        (SIGN_UP | {"region": "us-east-1"}, "event.region is not eu-west-1."),
        (SIGN_UP | {"version": 1}, "event.version is not a string."),
        (SIGN_UP | {"version": "2"}, "event.version is not 1."),
        (event_of("PreSignUp_SignUp", userName=...), "event.userName is missing."),
        (SIGN_UP | {"callerContext": "web"}, "event.callerContext is not an object."),
        (SIGN_UP | {"callerContext": {"awsSdkVersion": "1"}}, "event.callerContext.clientId is missing."),
        (SIGN_UP | {"request": None}, "event.request is missing."),
        (SIGN_UP | {"request": {}}, "event.request.userAttributes is missing."),
        (SIGN_UP | {"request": {"userAttributes": {"a": True}}}, "event.request.userAttributes is not an object of strings."),
        (
            SIGN_UP | {"request": {"userAttributes": {}, "clientMetadata": "x"}},
            "event.request.clientMetadata is not an object.",
        ),
        (SIGN_UP | {"response": []}, "event.response is not an object."),
        (
            event_of("CustomMessage_AdminCreateUser", request={"userAttributes": {}, "codeParameter": "{####}"}),
            "event.request.usernameParameter is missing.",
        ),
        (event_of("UserMigration_Authentication", request={}), "event.request.password is missing."),
        (
            event_of("InboundFederation_ExternalProvider", request={"providerName": "x", "providerType": "Myspace"}),
            "event.request.providerType is not one of OIDC, SAML, Facebook, Google, SignInWithApple, LoginWithAmazon.",
        ),
        (
            event_of("TokenGeneration_ClientCredentials"),
            "TokenGeneration_ClientCredentials needs PreTokenGeneration in version V3_0.",
        ),
    ],
)
def test_an_event_that_aws_would_not_send_is_refused(event: Any, message: str, pool: Any) -> None:
    trigger = pool()
    assert post(trigger, event, succeeded(b"null")) == invalid(message)
    assert trigger.invoked == []


@pytest.mark.parametrize("name", [name for name in REQUESTS if name not in ("PreSignUp", "PreAuthentication")])
def test_every_required_part_is_missed(name: str, pool: Any) -> None:
    source = next(source for source, owner in NAME_OF_SOURCE.items() if owner == name)
    operation = OPERATIONS[name]
    required = [part for part, rule in {**operation.request, **operation.extra.get(source, {})}.items() if rule.required]
    assert required
    for part in required:
        event = event_of(source, request={**REQUESTS[name], part: None})
        assert post(pool(), event, succeeded(b"null")) == invalid(f"event.request.{part} is missing.")


def test_a_trigger_source_without_a_function_is_refused(pool: Any) -> None:
    trigger = pool(operations={"PreSignUp": "check"})
    message = "No function is assigned to PostConfirmation, which PostConfirmation_ConfirmSignUp belongs to."
    assert post(trigger, event_of("PostConfirmation_ConfirmSignUp"), succeeded(b"null")) == invalid(message, "unmatched")


def test_users_who_are_not_known_need_no_name_or_attributes(pool: Any) -> None:
    federated = event_of("InboundFederation_ExternalProvider", userName=...)
    assert post(pool(), federated, returns({"userAttributesToMap": {"email": "a@b"}})).status == 200
    unknown = event_of("DefineAuthChallenge_Authentication", request={"session": [], "userNotFound": True})
    assert post(pool(), unknown, returns({"failAuthentication": True})).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE"])
def test_events_are_posted(method: str, pool: Any) -> None:
    note = ErrorNote("bad_request", Invoked.NO, detail="Events are posted.")
    expected = failure("InvalidParameterException", "Events are posted.", note, 405, ("Allow", "POST"))
    assert pool().call(method, "/pool") == expected


def test_what_the_door_could_not_read_is_answered(pool: Any) -> None:
    trigger = pool()

    def handle() -> Conversation:
        conversation: Conversation = trigger.type.handle(request("POST", "/pool"), trigger.built)
        return conversation

    body = b" " * (LIMIT + 1)
    too_large = "the request body exceeds 6291456 bytes"
    note = ErrorNote("request_too_large", Invoked.NO, detail=too_large)
    assert post(trigger, body, succeeded(b"1")) == failure("InvalidParameterException", too_large, note, 413)
    assert play(handle(), BodyIncomplete("cut")) == ([ReadBody(LIMIT)], invalid("cut", "incomplete_request"))
    unavailable = failure("ServiceUnavailableException", "full", ErrorNote("unavailable", Invoked.NO, 7, "full"), 503)
    assert play(handle(), Unavailable("full", 7)) == ([ReadBody(LIMIT)], unavailable)


def test_an_event_that_grows_beyond_the_limit_is_too_large(pool: Any) -> None:
    event = event_of("PreSignUp_SignUp", response=..., filler="")
    room = LIMIT - len(json.dumps(event, separators=(",", ":")))
    body = json.dumps(event | {"filler": "x" * room}, separators=(",", ":")).encode()
    message = "the request body exceeds 6291456 bytes"
    note = ErrorNote("request_too_large", Invoked.NO, detail=message)
    assert post(pool(), body, succeeded(b"1")) == failure("InvalidParameterException", message, note, 413)


def test_the_caller_proves_who_it_is(pool: Any) -> None:
    trigger = pool(auth={"bearer": "secret"})
    denied = post(trigger, SIGN_UP, returns({}))
    assert (denied.status, json.loads(bytes(denied.body))) == (
        401,
        {"__type": "NotAuthorizedException", "message": "Access is denied."},
    )
    assert denied.error is not None
    assert (denied.error.name, trigger.invoked) == ("unauthorized", [])
    assert "www-authenticate" in dict(denied.headers)
    body = json.dumps(SIGN_UP).encode()
    allowed = trigger.call("POST", "/pool", [("Authorization", "Bearer secret")], body, answer=returns({}))
    assert allowed.status == 200


# --- attempts and failures -------------------------------------------------------------------------------------------

SLOW = timed_out(5.0, Invoked.YES)
FAILED = function_error(b'{"errorMessage":"No","errorType":"ValueError"}', "id")


def crashed(error: str) -> Reply:
    note = ErrorNote("function_error", Invoked.YES)
    return failure("UserLambdaValidationException", f"PreSignUp failed with error {error}.", note)


def converse(pool: Any, *answers: Outcome, **settings: Any) -> tuple[list[Invoke], Reply]:
    trigger = pool(**settings)
    body = json.dumps(SIGN_UP).encode()
    steps, reply = play(trigger.type.handle(request("POST", "/pool"), trigger.built), body, *answers)
    return [step for step in steps if isinstance(step, Invoke)], reply


def unexpected(what: str, note: ErrorNote) -> Reply:
    return failure("UnexpectedLambdaException", f"PreSignUp invocation failed due to error {what}.", note)


@pytest.mark.parametrize(
    ("outcome", "reply"),
    [
        (
            FAILED,
            crashed("No"),
        ),
        (
            function_error(b'{"errorType":"Runtime.ExitError"}', "id"),
            crashed("Runtime.ExitError"),
        ),
        (
            function_error(b"not json", "id"),
            crashed("unknown"),
        ),
        (
            throttled("CallerRateLimitExceeded", 2),
            unexpected(
                "TooManyRequestsException",
                ErrorNote("throttled", Invoked.NO, 2, "TooManyRequestsException Rate Exceeded. CallerRateLimitExceeded"),
            ),
        ),
        (
            refused(403, "AccessDeniedException", "no"),
            unexpected("AccessDeniedException", ErrorNote("client_error", Invoked.NO, None, "AccessDeniedException no")),
        ),
        (
            Outcome(OutcomeKind.SERVICE_ERROR, status=500, code="ServiceException"),
            unexpected("ServiceException", ErrorNote("service_error", Invoked.UNKNOWN, None, "ServiceException")),
        ),
        (transport("gone", True), unexpected("transport", ErrorNote("transport", Invoked.UNKNOWN, None, "gone"))),
        (transport("refused", False), unexpected("transport", ErrorNote("transport", Invoked.NO, None, "refused"))),
    ],
)
def test_errors_are_worded_as_cognito_does_and_not_tried_again(outcome: Outcome, reply: Reply, pool: Any) -> None:
    invokes, answer = converse(pool, outcome)
    assert (len(invokes), answer) == (1, reply)


def test_a_timeout_is_tried_three_times_with_an_id_each(pool: Any) -> None:
    invokes, reply = converse(pool, SLOW, SLOW, SLOW)
    assert reply == unexpected("timeout", ErrorNote("timeout", Invoked.YES, None, "no answer within 5 seconds"))
    ids = [step.id or ID for step in invokes]
    assert [str(UUID(id)) for id in ids] == ids
    assert (ids[0], len(set(ids)), {UUID(id).version for id in ids}) == (ID, 3, {4})
    assert len({step.payload for step in invokes}) == 1


def test_a_later_attempt_may_succeed(pool: Any) -> None:
    fine = succeeded(json.dumps(SIGN_UP).encode())
    invokes, reply = converse(pool, SLOW, SLOW, fine)
    assert (len(invokes), reply) == (3, Reply(200, COMMON, fine.payload))


@pytest.mark.parametrize(
    ("outcomes", "invoked"),
    [
        ((SLOW, throttled("CallerRateLimitExceeded")), Invoked.YES),
        ((timed_out(5.0, Invoked.NO), transport("gone", True)), Invoked.UNKNOWN),
        ((timed_out(5.0, Invoked.NO), transport("refused", False)), Invoked.NO),
        ((SLOW, transport("refused", False)), Invoked.YES),
        ((timed_out(5.0, Invoked.NO), FAILED), Invoked.YES),
    ],
)
def test_several_attempts_say_together_whether_the_function_ran(outcomes: Any, invoked: Invoked, pool: Any) -> None:
    invokes, reply = converse(pool, *outcomes)
    assert reply.error is not None
    assert (len(invokes), reply.error.name, reply.error.invoked) == (2, str(outcomes[-1].kind), invoked)


def test_timeout_and_attempts_are_settings(pool: Any) -> None:
    invokes, _ = converse(pool, SLOW, attempts=1, timeout="250ms")
    assert [step.timeout for step in invokes] == [0.25]


@pytest.mark.parametrize("timeout", ["0s", "16m"])
def test_a_timeout_is_within_what_a_function_may_run(timeout: str, findings: Any) -> None:
    settings = {"type": "cognito", "path": "/p", "user_pool": POOL, "operations": ALL, "timeout": timeout}
    assert findings(settings) == [(("timeout",), "bad-timeout")]
