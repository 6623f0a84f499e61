"""What a function may answer, trigger by trigger: types, limits, and what is not its to change. Raises `BadResponse`.

Keys that a trigger does not know are left alone, as AWS does. Source: semantics/sync.md §10.3, §10.4.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from router.triggers._refusals import BadResponse
from router.triggers.cognito.kinds import (
    FLAG,
    OBJECT,
    TEXT,
    TEXT_MAP,
    TEXTS,
    Part,
    Parts,
    list_of,
    misfit,
    one_of,
)

Json = Mapping[str, Any]

MAX_SMS = 140
MAX_EMAIL = 20_000
MAX_SUBJECT = 140
"""Characters (semantics/sync.md §10.3)."""

_CLAIMS_OF_COGNITO = frozenset(
    {
        *{
            "sub",
            "username",
            "aud",
            "client_id",
            "iss",
            "exp",
            "iat",
            "auth_time",
            "token_use",
            "event_id",
            "origin_jti",
            "jti",
        },
        *{"identities", "acr", "amr", "at_hash", "device_key", "version"},
    }
)
"""What no function may add, override or suppress, beside everything under `cognito:` (semantics/sync.md §10.4)."""

_FLAGS = {name: Part(FLAG) for name in ("autoConfirmUser", "autoVerifyEmail", "autoVerifyPhone")}
_VERIFIED = {"autoVerifyEmail": "email", "autoVerifyPhone": "phone_number"}
_DEFINED: Parts = {"challengeName": Part(TEXT), "issueTokens": Part(FLAG), "failAuthentication": Part(FLAG)}
_CREATED: Parts = {
    "publicChallengeParameters": Part(TEXT_MAP),
    "privateChallengeParameters": Part(TEXT_MAP),
    "challengeMetadata": Part(TEXT),
}
_MIGRATED: Parts = {
    "userAttributes": Part(TEXT_MAP, required=True),
    "finalUserStatus": Part(one_of("CONFIRMED", "RESET_REQUIRED")),
    "messageAction": Part(one_of("SUPPRESS")),
    "desiredDeliveryMediums": Part(list_of("EMAIL", "SMS")),
    "forceAliasCreation": Part(FLAG),
    "enableSMSMFA": Part(FLAG),
}
_MESSAGES: Parts = {"smsMessage": Part(TEXT), "emailMessage": Part(TEXT), "emailSubject": Part(TEXT)}
_LIMITS = {"smsMessage": MAX_SMS, "emailMessage": MAX_EMAIL, "emailSubject": MAX_SUBJECT}
_GROUPS: Parts = {"groupsToOverride": Part(TEXTS), "iamRolesToOverride": Part(TEXTS), "preferredRole": Part(TEXT)}
_CLAIMS_1: Parts = {"claimsToAddOrOverride": Part(TEXT_MAP), "claimsToSuppress": Part(TEXTS)}
_CLAIMS_2: Parts = {"claimsToAddOrOverride": Part(OBJECT), "claimsToSuppress": Part(TEXTS)}
_SCOPES: Parts = {"scopesToAdd": Part(TEXTS), "scopesToSuppress": Part(TEXTS)}
_DETAILS_1: Parts = {**_CLAIMS_1, "groupOverrideDetails": Part(OBJECT)}
_DETAILS_2: Parts = {name: Part(OBJECT) for name in ("idTokenGeneration", "accessTokenGeneration", "groupOverrideDetails")}


def _require(parts: Parts, values: Json, where: str = "response") -> None:
    wrong = misfit(parts, values, where)
    if wrong is not None:
        raise BadResponse(wrong)


def nothing(response: Json, request: Json, source: str) -> None:
    """Triggers whose `response` says nothing."""


def pre_sign_up(response: Json, request: Json, source: str) -> None:
    """A contact can only be verified where the user has one; for users that an administrator creates nothing is read."""
    _require(_FLAGS, response)
    if source == "PreSignUp_AdminCreateUser":
        return
    for flag, attribute in _VERIFIED.items():
        if response.get(flag) and not request["userAttributes"].get(attribute):
            raise BadResponse(f"response.{flag} is true, and the user has no {attribute}")


def define_auth_challenge(response: Json, request: Json, source: str) -> None:
    """It says how to go on: with a challenge, with tokens, or not at all."""
    _require(_DEFINED, response)
    if not (response.get("challengeName") or response.get("issueTokens") or response.get("failAuthentication")):
        raise BadResponse("response has neither a challengeName, nor issueTokens, nor failAuthentication")


def create_auth_challenge(response: Json, request: Json, source: str) -> None:
    """Parameters are strings."""
    _require(_CREATED, response)


def verify_auth_challenge(response: Json, request: Json, source: str) -> None:
    """The verdict is there."""
    _require({"answerCorrect": Part(FLAG, required=True)}, response)


def user_migration(response: Json, request: Json, source: str) -> None:
    """The user's attributes are there."""
    _require(_MIGRATED, response)


def custom_message(response: Json, request: Json, source: str) -> None:
    """Messages have a limit, and hold the placeholder of the code (or of the link) that AWS fills in."""
    _require(_MESSAGES, response)
    for name, limit in _LIMITS.items():
        if len(response.get(name) or "") > limit:
            raise BadResponse(f"response.{name} is longer than {limit} characters")
    placeholders = [request[name] for name in ("codeParameter", "linkParameter") if request.get(name)]
    for name in ("smsMessage", "emailMessage"):
        message = response.get(name)
        if message is not None and not any(placeholder in message for placeholder in placeholders):
            raise BadResponse(f"response.{name} does not contain {' or '.join(placeholders)}")


def inbound_federation(response: Json, request: Json, source: str) -> None:
    """The attributes to keep; `{}` keeps all."""
    _require({"userAttributesToMap": Part(TEXT_MAP, required=True)}, response)


def token_v1(response: Json, request: Json, source: str) -> None:
    """V1_0: claims of the ID token, all of them strings, and groups."""
    _require({"claimsOverrideDetails": Part(OBJECT)}, response)
    details = response.get("claimsOverrideDetails") or {}
    _require(_DETAILS_1, details, "response.claimsOverrideDetails")
    _check_groups(details, "response.claimsOverrideDetails")
    _check_claims(details, "response.claimsOverrideDetails")


def token_v2(response: Json, request: Json, source: str) -> None:
    """V2_0 and V3_0: claims of both tokens with values of any type, scopes of the access token, and groups."""
    _require({"claimsAndScopeOverrideDetails": Part(OBJECT)}, response)
    where = "response.claimsAndScopeOverrideDetails"
    details = response.get("claimsAndScopeOverrideDetails") or {}
    _require(_DETAILS_2, details, where)
    _check_groups(details, where)
    for token, parts in (("idTokenGeneration", _CLAIMS_2), ("accessTokenGeneration", {**_CLAIMS_2, **_SCOPES})):
        generation = details.get(token) or {}
        _require(parts, generation, f"{where}.{token}")
        _check_claims(generation, f"{where}.{token}")


def _check_groups(details: Json, where: str) -> None:
    _require(_GROUPS, details.get("groupOverrideDetails") or {}, f"{where}.groupOverrideDetails")


def _check_claims(generation: Json, where: str) -> None:
    """What Cognito alone may say stays; `dev:` claims may go, but not come."""
    added, suppressed = generation.get("claimsToAddOrOverride") or {}, generation.get("claimsToSuppress") or ()
    _refuse_claims((*added, *suppressed), where)
    developed = next((name for name in added if name.startswith("dev:")), None)
    if developed is not None:
        raise BadResponse(f"{where} sets the claim {developed}, which may only be suppressed")


def _refuse_claims(names: Iterable[str], where: str) -> None:
    for name in names:
        if name in _CLAIMS_OF_COGNITO or name.startswith("cognito:"):
            raise BadResponse(f"{where} changes the claim {name}, which is Cognito's own")
