"""The Invoke API of AWS Lambda itself, for SDKs, the AWS CLI and everything that already calls Lambda.

Point a client's `endpoint_url` at the router and it reaches the declared functions, and no others. Only `Invoke` is served;
every other operation under Lambda's paths gets a typed error that says so. Signatures are neither wanted nor checked.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html and semantics/sync.md §1.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from router import jsontext
from router.deliveries import Durability
from router.errors import RequestError
from router.model import ApiClaim, Claim, Conversation, Invoke, ReadBody, Report, Request, Scope, Target, TriggerType
from router.policies.webhook_auth import Auth, check_auth, compile_auth
from router.triggers._accept import accept_one
from router.triggers._auth import authorize
from router.triggers.lambda_api.answers import Refused, event_accepted, refusal, request_error, result
from router.triggers.lambda_api.names import Directory, asked

MAX_PAYLOAD = 6 * 1024 * 1024
"""Bytes of a synchronous event (semantics/sync.md §1.3)."""
MAX_CLIENT_CONTEXT = 3583
"""Bytes of X-Amz-Client-Context as it is sent, in base64."""

_VERSIONS = ("2015-03-31", "2014-11-13", "2021-11-15")
_PATH = re.compile(r"/(?P<version>[^/]+)/functions/(?P<name>[^/]*)/(?P<operation>[^/]*)")
_INVOKE = ("2015-03-31", "invocations")
_NOT_SERVED = {
    ("2021-11-15", "response-streaming-invocations"): "InvokeWithResponseStream is not built yet: use Invoke.",
    ("2014-11-13", "invoke-async"): "InvokeAsync is deprecated and not served: use Invoke with the invocation type Event.",
}
_ONLY_INVOKE = "This endpoint serves Invoke only: POST /2015-03-31/functions/{FunctionName}/invocations."
_NOT_TAKEN = {
    "async": "The invocation type Event is not taken here: this endpoint is declared with `invocation: sync`.",
    "sync": "The invocation type RequestResponse is not taken here: this endpoint is declared with `invocation: async`.",
}
_NO_DURABLE = "Durable executions are not supported: the header X-Amz-Durable-Execution-Name is not taken here."
_BAD_CONTEXT = "Client context must be a valid Base64-encoded JSON object."
_LONG_CONTEXT = f"Client context must be no more than {MAX_CLIENT_CONTEXT} bytes of Base64."

_INVOCATION_TYPES = ("Event", "RequestResponse", "DryRun")
_LOG_TYPES = ("None", "Tail")
_TENANT_PATTERN = r"[a-zA-Z0-9\._:\/=+\-@ ]+"
_TENANT = re.compile(_TENANT_PATTERN)


@dataclass(slots=True, frozen=True)
class Api:
    """A compiled `lambda_api` trigger."""

    directory: Directory
    auth: Auth
    invocations: frozenset[str]
    durability: Durability


def build(settings: Mapping[str, Any], scope: Scope) -> Api:
    """The functions that callers may reach: those that `functions` lists, or all that are declared."""
    listed = settings["functions"]
    functions = scope.functions.values() if listed == "all" else (scope.target(reference).function for reference in listed)
    auth = compile_auth(settings.get("auth"), scope.name)
    durability = Durability(settings.get("durability") or Durability.DISK)
    return Api(Directory(functions, scope.region, scope.account_id), auth, frozenset(settings["invocation"]), durability)


def claims(settings: Mapping[str, Any]) -> tuple[Claim, ...]:
    """Lambda's paths that name functions, of every API version that invokes."""
    return (ApiClaim("lambda", tuple(f"/{version}/functions" for version in _VERSIONS)),)


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
        encoded_name = _function_segment(request)
        invoke = _read_headers(request, api, encoded_name)
        if body is None:
            body = yield ReadBody(MAX_PAYLOAD)
        invoke.payload = _payload(body)
        if invoke.type == "Event":
            receipt = yield from accept_one(invoke.target, invoke.payload)
            return event_accepted(request, receipt, api.durability)
        outcome = yield invoke
    except Refused as refused:
        return refusal(request, refused)
    except RequestError as error:
        return request_error(request, error)
    return result(request, outcome, dry_run=invoke.type == "DryRun", log_tail=invoke.log_tail)


def _function_segment(request: Request) -> str:
    """The encoded function name in the path of an Invoke call; anything else under the claim is refused."""
    path = _PATH.fullmatch(request.path)
    operation = (path["version"], path["operation"]) if path else ("", "")
    if operation in _NOT_SERVED and request.method == "POST":
        raise Refused("UnsupportedOperationException", _NOT_SERVED[operation], "bad_request")
    if operation != _INVOKE:
        raise Refused("UnknownOperationException", _ONLY_INVOKE)
    if request.method != "POST":
        raise Refused("MethodNotAllowedException", _ONLY_INVOKE, headers=[("Allow", "POST")])
    return path["name"] if path else ""


def _read_headers(request: Request, api: Api, encoded_name: str) -> Invoke:
    """The invocation that path, query and headers ask for, its payload still empty."""
    who = asked(encoded_name, _qualifier(request.query))
    type = _one_of(request, "x-amz-invocation-type", "invocationType", _INVOCATION_TYPES, "RequestResponse")
    log_type = _one_of(request, "x-amz-log-type", "logType", _LOG_TYPES, "None")
    context = _client_context(request.header("x-amz-client-context"))
    tenant = _tenant(request.header("x-amz-tenant-id"))
    if request.header("x-amz-durable-execution-name") is not None:
        _refuse_parameter(_NO_DURABLE)
    wanted = {"Event": "async", "RequestResponse": "sync"}.get(type)
    if wanted is not None and wanted not in api.invocations:
        _refuse_parameter(_NOT_TAKEN[wanted])
    target = Target(api.directory.find(who), who.qualifier)
    return Invoke(target, b"", type=type, client_context=context, log_tail=log_type == "Tail", tenant_id=tenant)


def _qualifier(query: str) -> str | None:
    return next((value for key, value in parse_qsl(query, keep_blank_values=True) if key == "Qualifier"), None)


def _one_of(request: Request, header: str, member: str, values: tuple[str, ...], default: str) -> str:
    value = request.header(header)
    if value is None:
        return default
    if value not in values:
        allowed = ", ".join(values)
        _refuse_parameter(
            f"Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy enum value set: [{allowed}]"
        )
    return value


def _tenant(value: str | None) -> str | None:
    if value is not None and (len(value) > 256 or _TENANT.fullmatch(value) is None):
        _refuse_parameter(
            f"Value '{value}' at 'tenantId' failed to satisfy constraint: Member must have length between 1 and 256, inclusive,"
            f" and satisfy regular expression pattern: {_TENANT_PATTERN}"
        )
    return value


def _client_context(value: str | None) -> str | None:
    if value is None:
        return None
    if len(value) > MAX_CLIENT_CONTEXT:
        raise Refused("InvalidRequestContentException", _LONG_CONTEXT)
    try:
        decoded = jsontext.loads(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        decoded = None
    if not isinstance(decoded, dict):
        raise Refused("InvalidRequestContentException", _BAD_CONTEXT)
    return value


def _payload(body: bytes) -> bytes:
    """The event: the body as it came, once it is known to be JSON; an empty body is `{}`."""
    if not body:
        return b"{}"
    try:
        jsontext.check(body)
    except ValueError as error:
        raise Refused(
            "InvalidRequestContentException",
            f"Could not parse request body into json: Could not parse payload into json: {error}",
        ) from None
    return body


def _refuse_parameter(message: str) -> NoReturn:
    raise Refused("InvalidParameterValueException", message)


TYPE = TriggerType(
    name="lambda_api",
    invocations=frozenset({"sync", "async"}),
    build=build,
    claims=claims,
    handle=handle,
    check=check,
)
