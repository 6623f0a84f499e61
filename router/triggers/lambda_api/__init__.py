"""The Invoke API of AWS Lambda itself, for SDKs, the AWS CLI and everything that already calls Lambda.

Point a client's `endpoint_url` at the router and it reaches the declared functions, and no others. `Invoke` and
`InvokeWithResponseStream` are served; every other operation under Lambda's paths gets a typed error that says so. Signatures
are neither wanted nor checked.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html and semantics/sync.md §1.
"""

from collections.abc import Mapping
from typing import Any

from router.deliveries import Durability
from router.errors import RequestError
from router.model import ApiClaim, Claim, Conversation, ReadBody, Report, Request, Scope, TriggerType
from router.policies.webhook_auth import check_auth, compile_auth
from router.triggers._accept import accept_one
from router.triggers._auth import authorize
from router.triggers.lambda_api.answers import Refused, event_accepted, refusal, request_error, result
from router.triggers.lambda_api.calls import MAX_PAYLOAD, VERSIONS, Api, function_segment, payload_of, read_headers
from router.triggers.lambda_api.judging import judge, matches, routes
from router.triggers.lambda_api.names import Directory
from router.triggers.lambda_api.streams import streamed


def build(settings: Mapping[str, Any], scope: Scope) -> Api:
    """The functions that callers may reach: those that `functions` lists, or all that are declared."""
    written = settings["functions"]
    listed = None if written == "all" else tuple((reference, scope.target(reference).function) for reference in written)
    functions = scope.functions.values() if listed is None else (function for _, function in listed)
    auth = compile_auth(settings.get("auth"), scope.name)
    durability = Durability(settings.get("durability") or Durability.DISK)
    directory = Directory(functions, scope.region, scope.account_id)
    return Api(directory, auth, frozenset(settings["invocation"]), durability, listed)


def claims(settings: Mapping[str, Any]) -> tuple[Claim, ...]:
    """Lambda's paths that name functions, of every API version that invokes."""
    return (ApiClaim("lambda", tuple(f"/{version}/functions" for version in VERSIONS)),)


def check(settings: Mapping[str, Any], report: Report) -> None:
    """A listed function has no qualifier: which one runs is what callers say."""
    check_auth(settings.get("auth"), report)
    listed = settings["functions"]
    for index, reference in enumerate(listed if isinstance(listed, list) else ()):
        if _is_qualified(reference):
            report(
                ("functions", index),
                "without-effect",
                f"`{reference}` has a qualifier, but callers of the Invoke API choose the qualifier themselves",
                help=f"write `{reference.rpartition(':')[0]}`",
            )


def _is_qualified(reference: str) -> bool:
    return reference.count(":") == 7 if reference.startswith("arn:") else ":" in reference


def handle(request: Request, api: Api) -> Conversation:
    """One call of the API: the caller is judged first, then names and headers, then the body, then the function runs once."""
    try:
        body = yield from authorize(request, api.auth, MAX_PAYLOAD)
        encoded_name = function_segment(request)
        invoke = read_headers(request, api, encoded_name)
        if body is None:
            body = yield ReadBody(MAX_PAYLOAD)
        invoke.payload, invoke.is_json = payload_of(body), True
        if invoke.type == "Event":
            receipt = yield from accept_one(invoke.target, invoke.payload)
            return event_accepted(request, receipt, api.durability)
        outcome = yield invoke
    except Refused as refused:
        return refusal(request, refused)
    except RequestError as error:
        return request_error(request, error)
    if invoke.stream:
        return streamed(request, outcome, log_tail=invoke.log_tail)
    return result(request, outcome, dry_run=invoke.type == "DryRun", log_tail=invoke.log_tail)


TYPE = TriggerType(
    name="lambda_api",
    invocations=frozenset({"sync", "async"}),
    build=build,
    claims=claims,
    handle=handle,
    check=check,
    routes=routes,
    judge=judge,
    matches=matches,
)
