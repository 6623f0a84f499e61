"""Triggers of an Amazon Cognito user pool, over HTTP: POST the event that AWS would build, get what the function returns.

Whatever plays the user pool (a test, an emulator, an identity provider with hooks) posts the event; the function of its
`triggerSource` gets it. AWS waits five seconds, and calls again only after a timeout.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html and
semantics/sync.md §10.
"""

import hashlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from router.deliveries import Durability
from router.errors import Invoked, RequestError
from router.model import Conversation, Invoke, PathClaim, Reply, Report, Request, Scope, Step, TriggerType
from router.outcome import Outcome, OutcomeKind
from router.policies.webhook_auth import Auth, check_auth, compile_auth
from router.triggers._accept import DURABILITY_HEADER, ID_HEADER, accept_one
from router.triggers._auth import authorized_body
from router.triggers._http import LAMBDA_PAYLOAD_LIMIT
from router.triggers.cognito.answers import LambdaFailed, MethodNotAllowed, common, refusal
from router.triggers.cognito.events import Assignment, Call, Pool, check_answer, understand
from router.triggers.cognito.judging import judge_event, routes
from router.triggers.cognito.operations import OPERATIONS, V1_0, operation_of

LONGEST_TIMEOUT = 900.0
"""Seconds that a function can run in AWS."""

_SURENESS = (Invoked.YES, Invoked.UNKNOWN, Invoked.NO)
"""What several attempts say together: the first of these that one of them says."""


@dataclass(slots=True, frozen=True)
class UserPool:
    """A compiled `cognito` trigger. `timeout`: seconds of one attempt."""

    pool: Pool
    timeout: float
    attempts: int
    auth: Auth
    durability: Durability = Durability.DISK


def build(settings: Mapping[str, Any], scope: Scope) -> UserPool:
    """The functions of the pool's operations."""
    assigned = {name: _assignment(name, chosen, scope) for name, chosen in settings["operations"].items() if chosen is not None}
    user_pool = settings["user_pool"]
    pool = Pool(user_pool, user_pool.partition("_")[0], assigned)
    durability = Durability(settings.get("durability") or Durability.DISK)
    auth = compile_auth(settings.get("auth"), scope.name)
    return UserPool(pool, settings["timeout"], settings["attempts"], auth, durability)


def _assignment(name: str, chosen: Mapping[str, Any], scope: Scope) -> Assignment:
    version = chosen.get("version") or V1_0
    reference = {key: chosen[key] for key in ("function", "weights") if chosen.get(key) is not None}
    return Assignment(operation_of(name, version), version, scope.target(reference))


def claims(settings: Mapping[str, Any]) -> tuple[PathClaim, ...]:
    """One path, whatever the host."""
    return (PathClaim(settings["path"]),)


def check(settings: Mapping[str, Any], report: Report) -> None:
    """Rules beyond the schema."""
    check_auth(settings.get("auth"), report)
    if not 0 < settings["timeout"] <= LONGEST_TIMEOUT:
        report(("timeout",), "bad-timeout", "the timeout is more than 0 and at most 15m", help="AWS waits 5s")


def handle(request: Request, built: UserPool) -> Conversation:
    """One event: checked, completed, given to its function, and what came back checked."""
    try:
        if request.method != "POST":
            raise MethodNotAllowed("Events are posted.")
        body = yield from authorized_body(request, built.auth, LAMBDA_PAYLOAD_LIMIT)
        call = understand(body, built.pool)
        if call.assignment.operation.later:
            return (yield from _hand_over(request, built, call))
        payload = yield from _attempts(request, built, call)
        check_answer(payload, call)
    except RequestError as error:
        return refusal(request, error)
    return Reply(200, common(request), payload)


def accepts(settings: Mapping[str, Any]) -> bool:
    """Whether a custom sender is among the operations: AWS invokes those asynchronously."""
    chosen = settings["operations"]
    return any(operation.later and chosen.get(operation.name) is not None for operation in OPERATIONS.values())


def is_later(settings: Mapping[str, Any], path: tuple[str | int, ...]) -> bool:
    """Whether the operation that `path` leads into is a custom sender."""
    return OPERATIONS[str(path[1])].later


def _hand_over(request: Request, built: UserPool, call: Call) -> Generator[Step, Any, Reply]:
    """Accepted for later; the pool goes on with the event as it was."""
    receipt = yield from accept_one(call.assignment.target, call.payload, route=call.assignment.operation.name)
    id = [(ID_HEADER, receipt.delivery_id)] if receipt.delivery_id else []
    headers = [*common(request), *id, (DURABILITY_HEADER, built.durability.value)]
    return Reply(202, headers, call.payload)


def _attempts(request: Request, built: UserPool, call: Call) -> Generator[Step, Any, bytes]:
    """The function's answer. Only a timeout is tried again (semantics/sync.md §10.1, §13). Raises LambdaFailed."""
    assignment = call.assignment
    outcomes: list[Outcome] = []
    while not outcomes or (outcomes[-1].kind is OutcomeKind.TIMEOUT and len(outcomes) < built.attempts):
        id = attempt_id(request.id, len(outcomes))
        outcomes.append((yield Invoke(assignment.target, call.payload, built.timeout, id=id)))
    last = outcomes[-1]
    if last.kind is OutcomeKind.OK:
        return last.payload
    error = LambdaFailed(assignment.operation.name, last)
    error.invoked = next(word for word in _SURENESS if any(outcome.invoked is word for outcome in outcomes))
    raise error


def attempt_id(request_id: str, earlier: int) -> str | None:
    """The id of an attempt, a UUID: the request's own for the first (None), one derived from it for each further one."""
    if not earlier:
        return None
    digits = hashlib.sha256(f"{request_id}/{earlier}".encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"


TYPE = TriggerType(
    name="cognito",
    invocations=frozenset({"sync"}),
    build=build,
    claims=claims,
    handle=handle,
    check=check,
    accepts=accepts,
    routes=routes,
    judge=lambda built, given: judge_event(built.pool, given),
    is_later=is_later,
)
