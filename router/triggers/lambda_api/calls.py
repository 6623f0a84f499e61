"""One call of the Invoke API, read: whose it is, how it is to be invoked, with what.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html and semantics/sync.md §1.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl

from router import jsontext
from router.deliveries import Durability
from router.model import Function, Invoke, Request, Target
from router.policies.webhook_auth import Auth
from router.triggers.lambda_api.answers import Refused
from router.triggers.lambda_api.names import Asked, Directory, asked

MAX_PAYLOAD = 6 * 1024 * 1024
"""Bytes of a synchronous event (semantics/sync.md §1.3)."""
MAX_CLIENT_CONTEXT = 3583
"""Bytes of X-Amz-Client-Context as it is sent, in base64."""

VERSIONS = ("2015-03-31", "2014-11-13", "2021-11-15")
_PATH = re.compile(r"/(?P<version>[^/]+)/functions/(?P<name>[^/]*)/(?P<operation>[^/]*)")
_STREAM_VERSION = "2021-11-15"
_SERVED = {("2015-03-31", "invocations"), (_STREAM_VERSION, "response-streaming-invocations")}
_NOT_SERVED = {
    ("2014-11-13", "invoke-async"): "InvokeAsync is deprecated and not served: use Invoke with the invocation type Event.",
}
_ONLY_INVOKE = (
    "This endpoint serves Invoke and InvokeWithResponseStream only: POST /2015-03-31/functions/{FunctionName}/invocations and"
    " POST /2021-11-15/functions/{FunctionName}/response-streaming-invocations."
)
_NOT_TAKEN = {
    "async": "The invocation type Event is not taken here: this endpoint is declared with `invocation: sync`.",
    "sync": "The invocation type RequestResponse is not taken here: this endpoint is declared with `invocation: async`.",
}
_NO_DURABLE = "Durable executions are not supported: the header X-Amz-Durable-Execution-Name is not taken here."
_BAD_CONTEXT = "Client context must be a valid Base64-encoded JSON object."
_LONG_CONTEXT = f"Client context must be no more than {MAX_CLIENT_CONTEXT} bytes of Base64."

_INVOCATION_TYPES = ("Event", "RequestResponse", "DryRun")
_STREAM_TYPES = ("RequestResponse", "DryRun")
_LOG_TYPES = ("None", "Tail")
_TENANT_PATTERN = r"[a-zA-Z0-9\._:\/=+\-@ ]+"
_TENANT = re.compile(_TENANT_PATTERN)


@dataclass(slots=True, frozen=True)
class Api:
    """A compiled `lambda_api` trigger. `listed`: the functions by their references; None: all that are declared."""

    directory: Directory
    auth: Auth
    invocations: frozenset[str]
    durability: Durability
    listed: tuple[tuple[str, Function], ...] | None = None


def function_segment(request: Request) -> str:
    """The encoded function name in the path of an Invoke call. Raises Refused for anything else under the claim."""
    path = _PATH.fullmatch(request.path)
    operation = (path["version"], path["operation"]) if path else ("", "")
    if operation in _NOT_SERVED and request.method == "POST":
        raise Refused("UnsupportedOperationException", _NOT_SERVED[operation], "bad_request")
    if operation not in _SERVED:
        raise Refused("UnknownOperationException", _ONLY_INVOKE)
    if request.method != "POST":
        raise Refused("MethodNotAllowedException", _ONLY_INVOKE, headers=[("Allow", "POST")])
    return path["name"] if path else ""


def is_streaming(request: Request) -> bool:
    """Whether a call that is served is InvokeWithResponseStream."""
    return request.path.startswith(f"/{_STREAM_VERSION}/")


def read_headers(request: Request, api: Api, encoded_name: str) -> Invoke:
    """The invocation that path, query and headers ask for, its payload still empty. Raises Refused."""
    who = who_is_asked(request, encoded_name)
    streams = is_streaming(request)
    types = _STREAM_TYPES if streams else _INVOCATION_TYPES
    type = _one_of(request, "x-amz-invocation-type", "invocationType", types, "RequestResponse")
    log_type = _one_of(request, "x-amz-log-type", "logType", _LOG_TYPES, "None")
    context = _client_context(request.header("x-amz-client-context"))
    tenant = _tenant(request.header("x-amz-tenant-id"))
    if request.header("x-amz-durable-execution-name") is not None:
        _refuse_parameter(_NO_DURABLE)
    wanted = {"Event": "async", "RequestResponse": "sync"}.get(type)
    if wanted is not None and wanted not in api.invocations:
        _refuse_parameter(_NOT_TAKEN[wanted])
    target = Target(api.directory.find(who), who.qualifier)
    tail, streams = log_type == "Tail", streams and type != "DryRun"
    return Invoke(target, b"", type=type, client_context=context, log_tail=tail, tenant_id=tenant, stream=streams)


def who_is_asked(request: Request, encoded_name: str) -> Asked:
    """The function that path and query name. Raises Refused."""
    pairs = parse_qsl(request.query, keep_blank_values=True)
    return asked(encoded_name, next((value for key, value in pairs if key == "Qualifier"), None))


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


def payload_of(body: bytes) -> bytes:
    """The event: the body as it came, once it is known to be JSON; an empty body is `{}`. Raises Refused."""
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
