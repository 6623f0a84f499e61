"""The event on its way to the function and back: read, checked, completed; and the function's copy of it checked.

What does not fit is a `BadRequest` (the caller's event) or a `BadResponse` (the function's), with a sentence that says where.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router import jsontext
from router.errors import BadRequest, BodyTooLarge, Unmatched
from router.model import Target
from router.triggers._http import LAMBDA_PAYLOAD_LIMIT
from router.triggers._refusals import BadResponse
from router.triggers._replies import parse_answer
from router.triggers.cognito.kinds import OBJECT, TEXT, Part, misfit
from router.triggers.cognito.operations import (
    CLIENT_CREDENTIALS,
    EVENT_VERSIONS,
    NAME_OF_SOURCE,
    NAMELESS,
    TOKEN,
    V3_0,
    Operation,
)

WHOLE = ("version", "triggerSource", "region", "userPoolId", "callerContext", "request", "response")
"""What makes an event whole; `userName` is among it where it was sent."""

_ENVELOPE = {
    "triggerSource": Part(TEXT, required=True),
    "userPoolId": Part(TEXT, required=True),
    "region": Part(TEXT, required=True),
    "version": Part(TEXT, required=True),
    "userName": Part(TEXT),
    "callerContext": Part(OBJECT, required=True),
    "request": Part(OBJECT, required=True),
    "response": Part(OBJECT),
}
_CALLER = {"awsSdkVersion": Part(TEXT, required=True), "clientId": Part(TEXT, required=True)}


@dataclass(slots=True, frozen=True)
class Assignment:
    """A function of the user pool: for which operation, in which version of its event."""

    operation: Operation
    version: str
    target: Target


@dataclass(slots=True, frozen=True)
class Pool:
    """The user pool that events must name, and the functions assigned to its operations."""

    id: str
    region: str
    assigned: Mapping[str, Assignment]


@dataclass(slots=True)
class Call:
    """One event that fits: whom to invoke, and with what."""

    assignment: Assignment
    event: dict[str, Any]
    payload: bytes

    @property
    def source(self) -> str:
        return str(self.event["triggerSource"])


def understand(body: bytes, pool: Pool) -> Call:
    """The call that a posted event asks for. Raises BadRequest, Unmatched, BodyTooLarge."""
    event = parsed(body)
    _fit(misfit(_ENVELOPE, event, "event"))
    assignment = _assignment(event["triggerSource"], pool)
    _check_envelope(event, pool, assignment)
    _check_request(event, assignment.operation)
    payload = body
    if not event.get("response"):
        event["response"] = dict(assignment.operation.response)
        payload = jsontext.dumps(event)
    if len(payload) > LAMBDA_PAYLOAD_LIMIT:
        raise BodyTooLarge(LAMBDA_PAYLOAD_LIMIT)
    return Call(assignment, event, payload)


def check_answer(payload: bytes, call: Call) -> None:
    """Raises BadResponse where the function did not return the whole event with a usable `response`."""
    answer = parse_answer(payload)
    if not isinstance(answer, dict):
        raise BadResponse("the function did not return the event")
    wanted = (*WHOLE, "userName") if "userName" in call.event else WHOLE
    missing = [name for name in wanted if name not in answer]
    if missing:
        raise BadResponse(f"the function did not return the whole event: {', '.join(missing)} is missing")
    if not isinstance(answer["response"], dict):
        raise BadResponse("response is not an object")
    call.assignment.operation.check(answer["response"], call.event["request"], call.source)


def parsed(body: bytes) -> dict[str, Any]:
    """The event as it was posted. Raises BadRequest where it is no JSON object."""
    try:
        event = jsontext.loads(body, constants=False)
    except ValueError as error:
        raise BadRequest(f"The body is not JSON: {error}.") from None
    if not isinstance(event, dict):
        raise BadRequest("The body is not an event: a JSON object is wanted.")
    return event


def _fit(wrong: str | None) -> None:
    if wrong is not None:
        raise BadRequest(f"{wrong}.")


def _assignment(source: str, pool: Pool) -> Assignment:
    name = NAME_OF_SOURCE.get(source)
    if name is None:
        raise BadRequest(f"event.triggerSource is not known: {source}.")
    assignment = pool.assigned.get(name)
    if assignment is None:
        raise Unmatched(f"No function is assigned to {name}, which {source} belongs to.")
    return assignment


def _check_envelope(event: Mapping[str, Any], pool: Pool, assignment: Assignment) -> None:
    source = event["triggerSource"]
    if event["userPoolId"] != pool.id:
        raise BadRequest(f"event.userPoolId is not {pool.id}.")
    if event["region"] != pool.region:
        raise BadRequest(f"event.region is not {pool.region}.")
    versions = EVENT_VERSIONS[assignment.version]
    if event["version"] not in versions:
        raise BadRequest(f"event.version is not {' or '.join(versions)}.")
    if source == CLIENT_CREDENTIALS and assignment.version != V3_0:
        raise BadRequest(f"{source} needs {TOKEN} in version {V3_0}.")
    if event.get("userName") is None and source not in NAMELESS:
        raise BadRequest("event.userName is missing.")
    _fit(misfit(_CALLER, event["callerContext"], "event.callerContext"))


def _check_request(event: Mapping[str, Any], operation: Operation) -> None:
    """A user who was not found has no attributes (PreventUserExistenceErrors), and neither has a machine."""
    request = event["request"]
    parts = {**operation.request, **operation.extra.get(event["triggerSource"], {})}
    if "userAttributes" in parts and (request.get("userNotFound") is True or event["triggerSource"] == CLIENT_CREDENTIALS):
        parts["userAttributes"] = Part(parts["userAttributes"].kind)
    _fit(misfit(parts, request, "event.request"))
