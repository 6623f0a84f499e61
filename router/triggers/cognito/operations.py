"""The triggers of a user pool as one table: which trigger sources each has, what its event must hold, what it may answer.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html and
semantics/sync.md §10.2 to §10.4. The two custom senders are asynchronous, as in AWS.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.triggers.cognito import responses
from router.triggers.cognito.kinds import FLAG, LIST, OBJECT, TEXT, TEXT_MAP, TEXTS, Part, Parts, one_of

V1_0, V2_0, V3_0 = "V1_0", "V2_0", "V3_0"
TOKEN = "PreTokenGeneration"
CLIENT_CREDENTIALS = "TokenGeneration_ClientCredentials"

EVENT_VERSIONS: Mapping[str, tuple[str, ...]] = {V1_0: ("1",), V2_0: ("2",), V3_0: ("3", "2")}
"""What `version` of the event may say. AWS's value for V3_0 is not verified, so that both are taken there."""

_USER = {"userAttributes": Part(TEXT_MAP, required=True)}
_METADATA = {"clientMetadata": Part(OBJECT)}
_VALIDATION = {"validationData": Part(OBJECT)}
_NOT_FOUND = {"userNotFound": Part(FLAG)}
_PROVIDERS = one_of("OIDC", "SAML", "Facebook", "Google", "SignInWithApple", "LoginWithAmazon")
_SENDER_SOURCES = (
    *("SignUp", "AdminCreateUser", "ResendCode", "ForgotPassword", "UpdateUserAttribute", "VerifyUserAttribute"),
    "Authentication",
)
_TOKEN_REQUEST = {**_USER, "groupConfiguration": Part(OBJECT, required=True), **_METADATA}

Check = Callable[[Mapping[str, Any], Mapping[str, Any], str], None]
"""`check(response, request, trigger_source)`: raises BadResponse where the function's `response` cannot be used."""


@dataclass(slots=True, frozen=True)
class Operation:
    """One trigger of a user pool.

    `sources`: its values of `triggerSource`. `request`, and `extra` by trigger source: what `request` holds. `response`: what
    AWS fills in before the function sees it. `check`: what the function may make of it.
    """

    name: str
    sources: tuple[str, ...]
    request: Parts
    check: Check
    response: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Parts] = field(default_factory=dict)
    later: bool = False
    """Whether nobody waits for the function."""


def _sources(prefix: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{prefix}_{name}" for name in names)


OPERATIONS: Mapping[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation(
            "PreSignUp",
            _sources("PreSignUp", "SignUp", "AdminCreateUser", "ExternalProvider"),
            {**_USER, **_VALIDATION, **_METADATA},
            responses.pre_sign_up,
            {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
        ),
        Operation(
            "PostConfirmation",
            _sources("PostConfirmation", "ConfirmSignUp", "ConfirmForgotPassword"),
            {**_USER, **_METADATA},
            responses.nothing,
        ),
        Operation(
            "PreAuthentication",
            _sources("PreAuthentication", "Authentication"),
            {**_USER, **_VALIDATION, **_NOT_FOUND},
            responses.nothing,
        ),
        Operation(
            "PostAuthentication",
            _sources("PostAuthentication", "Authentication"),
            {**_USER, "newDeviceUsed": Part(FLAG, required=True), **_METADATA},
            responses.nothing,
        ),
        Operation(
            "DefineAuthChallenge",
            _sources("DefineAuthChallenge", "Authentication"),
            {**_USER, "session": Part(LIST, required=True), **_METADATA, **_NOT_FOUND},
            responses.define_auth_challenge,
            {"challengeName": None, "issueTokens": None, "failAuthentication": None},
        ),
        Operation(
            "CreateAuthChallenge",
            _sources("CreateAuthChallenge", "Authentication"),
            {
                **_USER,
                "challengeName": Part(TEXT, required=True),
                "session": Part(LIST, required=True),
                **_METADATA,
                **_NOT_FOUND,
            },
            responses.create_auth_challenge,
            {"publicChallengeParameters": None, "privateChallengeParameters": None, "challengeMetadata": None},
        ),
        Operation(
            "VerifyAuthChallengeResponse",
            _sources("VerifyAuthChallengeResponse", "Authentication"),
            {
                **_USER,
                "privateChallengeParameters": Part(OBJECT, required=True),
                "challengeAnswer": Part(TEXT, required=True),
                **_METADATA,
                **_NOT_FOUND,
            },
            responses.verify_auth_challenge,
            {"answerCorrect": None},
        ),
        Operation(
            TOKEN,
            _sources(
                "TokenGeneration",
                *("HostedAuth", "Authentication", "NewPasswordChallenge", "AuthenticateDevice", "RefreshTokens"),
                "ClientCredentials",
            ),
            _TOKEN_REQUEST,
            responses.token_v1,
            {"claimsOverrideDetails": None},
        ),
        Operation(
            "UserMigration",
            _sources("UserMigration", "Authentication", "ForgotPassword"),
            {**_VALIDATION, **_METADATA},
            responses.user_migration,
            {
                "userAttributes": None,
                "forceAliasCreation": None,
                "enableSMSMFA": None,
                "finalUserStatus": None,
                "messageAction": None,
                "desiredDeliveryMediums": None,
            },
            {"UserMigration_Authentication": {"password": Part(TEXT, required=True)}},
        ),
        Operation(
            "CustomMessage",
            _sources(
                "CustomMessage",
                *("SignUp", "AdminCreateUser", "ResendCode", "ForgotPassword", "UpdateUserAttribute"),
                *("VerifyUserAttribute", "Authentication"),
            ),
            {**_USER, "codeParameter": Part(TEXT, required=True), "linkParameter": Part(TEXT), **_METADATA},
            responses.custom_message,
            {"smsMessage": None, "emailMessage": None, "emailSubject": None},
            {"CustomMessage_AdminCreateUser": {"usernameParameter": Part(TEXT, required=True)}},
        ),
        Operation(
            "InboundFederation",
            _sources("InboundFederation", "ExternalProvider"),
            {
                "providerName": Part(TEXT, required=True),
                "providerType": Part(_PROVIDERS, required=True),
                "attributes": Part(OBJECT, required=True),
            },
            responses.inbound_federation,
            {"userAttributesToMap": {}},
        ),
        Operation(
            "CustomEmailSender",
            _sources("CustomEmailSender", *_SENDER_SOURCES, "AccountTakeOverNotification"),
            {**_USER, "type": Part(one_of("customEmailSenderRequestV1"), required=True), "code": Part(TEXT), **_METADATA},
            responses.nothing,
            later=True,
        ),
        Operation(
            "CustomSMSSender",
            _sources("CustomSMSSender", *_SENDER_SOURCES),
            {**_USER, "type": Part(one_of("customSMSSenderRequestV1"), required=True), "code": Part(TEXT), **_METADATA},
            responses.nothing,
            later=True,
        ),
    )
}
"""By their names in a user pool's LambdaConfig."""

_TOKEN_2 = Operation(
    TOKEN,
    OPERATIONS[TOKEN].sources,
    {**_TOKEN_REQUEST, "scopes": Part(TEXTS, required=True)},
    responses.token_v2,
    {"claimsAndScopeOverrideDetails": None},
)

NAMELESS = frozenset({CLIENT_CREDENTIALS, "InboundFederation_ExternalProvider"})
"""Trigger sources whose events may come without `userName`: a machine, or a user who is not known yet."""


def operation_of(name: str, version: str) -> Operation:
    """The operation, by the version of its event where it has several (`V1_0`, `V2_0`, `V3_0`)."""
    return _TOKEN_2 if name == TOKEN and version != V1_0 else OPERATIONS[name]


NAME_OF_SOURCE: Mapping[str, str] = {
    source: operation.name for operation in OPERATIONS.values() for source in operation.sources
}
"""Which operation a `triggerSource` belongs to."""
