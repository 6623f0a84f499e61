"""Events of a Cognito user pool, one variant for every `triggerSource`.

Which keys an event has says the table of `router.triggers.cognito.operations`; here stands what real values look like. Source:
semantics/sync.md §10.2, §10.3.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from router.envelopes import Envelope
from router.samples import reading
from router.samples.http import JSON, posted
from router.samples.words import Chosen, Context, Kind, Option, SampleError
from router.triggers.cognito.operations import (
    CLIENT_CREDENTIALS,
    EVENT_VERSIONS,
    NAME_OF_SOURCE,
    NAMELESS,
    OPERATIONS,
    TOKEN,
    V1_0,
    V2_0,
    V3_0,
    operation_of,
)

PATH = "/cognito/pool"
_SESSION = [{"challengeName": "SRP_A", "challengeResult": True, "challengeMetadata": None}]


def _samples(context: Context) -> Mapping[str, Any]:
    """A real value for every key that a request may have."""
    return {
        "userAttributes": {},
        "validationData": None,
        "clientMetadata": None,
        "userNotFound": False,
        "newDeviceUsed": False,
        "session": _SESSION,
        "challengeName": "CUSTOM_CHALLENGE",
        "privateChallengeParameters": {"answer": "42"},
        "challengeAnswer": "42",
        "groupConfiguration": {"groupsToOverride": ["staff"], "iamRolesToOverride": [], "preferredRole": None},
        "scopes": ["aws.cognito.signin.user.admin"],
        "password": "correct horse battery staple",
        "codeParameter": "{####}",
        "linkParameter": "{##Click Here##}",
        "usernameParameter": "{username}",
        "providerName": "example",
        "providerType": "OIDC",
        "attributes": {"tokenResponse": {"token_type": "Bearer"}, "idToken": {"sub": "248289761001"}, "userInfo": {}},
        "type": None,
        "code": b64encode(bytes.fromhex(context.hex(128))).decode(),
    }


_SKIPPED = ("userNotFound", "linkParameter")
"""What an event has in rare cases only."""
_VERIFIED = {"PreSignUp": "false", "CustomMessage": "false"}

OPTIONS = {
    "user": Option("the user's name", reading.text, "ada"),
    "email": Option("the user's address", reading.text, "ada@example.com"),
    "attributes": Option("the user's attributes, added or replaced", reading.text_map, {}),
    "user_pool": Option("the user pool", reading.text, shown="REGION_Customers"),
    "client_id": Option("the app client", reading.text, "4qg5k3example7oe2m9q1ab2cd"),
    "request": Option("keys of `request`, added or replaced", reading.mapping, {}),
    "path": Option("the path that is posted to", reading.target_path, PATH),
}
_VERSION = {"version": Option("the version of the event", reading.one_of(V1_0, V2_0, V3_0), V1_0)}


def event(source: str, chosen: Chosen, context: Context) -> dict[str, Any]:
    """The event of a trigger source, keys in AWS's order; `response` is filled in as AWS does."""
    version = chosen.get("version") or V1_0
    operation = operation_of(NAME_OF_SOURCE[source], version)
    pool = chosen["user_pool"] or f"{context.region}_Customers"
    if source == CLIENT_CREDENTIALS and version != V3_0:
        raise SampleError(f"`{source}` has an event of version V3_0 only")
    document: dict[str, Any] = {
        "version": EVENT_VERSIONS[version][0],
        "triggerSource": source,
        "region": pool.partition("_")[0],
        "userPoolId": pool,
        "userName": chosen["user"],
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": chosen["client_id"]},
        "request": _request(source, version, chosen, context) | chosen["request"],
        "response": dict(operation.response),
    }
    if source in NAMELESS:
        del document["userName"]
    return document


def _request(source: str, version: str, chosen: Chosen, context: Context) -> dict[str, Any]:
    operation = operation_of(NAME_OF_SOURCE[source], version)
    parts = {**operation.request, **operation.extra.get(source, {})}
    samples = _samples(context)
    made = {name: samples[name] for name in parts if name not in _SKIPPED}
    if "userAttributes" in made:
        made["userAttributes"] = {} if source == CLIENT_CREDENTIALS else _attributes(operation.name, chosen, context)
    if "type" in made:
        made["type"] = f"{operation.name[0].lower()}{operation.name[1:]}RequestV1"
    return made


def _attributes(operation: str, chosen: Chosen, context: Context) -> dict[str, str]:
    made = {
        "sub": context.new_id(),
        "cognito:user_status": "UNCONFIRMED" if operation in _VERIFIED else "CONFIRMED",
        "email_verified": _VERIFIED.get(operation, "true"),
        "email": chosen["email"],
    }
    return {**made, **chosen["attributes"]}


def _posted(source: str, chosen: Chosen, context: Context) -> Envelope:
    return posted(chosen["path"], reading.compact(event(source, chosen, context)), (("Content-Type", JSON),))


def kinds() -> Iterator[Kind]:
    """One for every trigger source, by operation."""
    for operation in OPERATIONS.values():
        for source in operation.sources:
            options = OPTIONS
            if source == CLIENT_CREDENTIALS:
                options = {**OPTIONS, "version": Option("the version of the event", reading.one_of(V3_0), V3_0)}
            elif operation.name == TOKEN:
                options = {**OPTIONS, **_VERSION}
            words = f"{operation.name}: {source.partition('_')[2]}"
            yield Kind("cognito", source, words, options, partial(_posted, source))
