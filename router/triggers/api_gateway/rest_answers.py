"""What a REST API answers: the strict contract for a function's answer, header remapping, and the error table.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html and
semantics/sync.md §3.4 to §3.6.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from router.errors import BadStream, RequestError
from router.model import Headers, Reply, Request
from router.outcome import Outcome
from router.triggers._auth import challenge
from router.triggers._payload2 import cookie_headers
from router.triggers._refusals import BadResponse, ErrorAnswer, ErrorTable, error_answer, error_note
from router.triggers._replies import BODYLESS, OWN_HEADERS, body_bytes, header_name, parse_answer, status_code
from router.triggers._streaming import DEFAULT_TYPE, announced_length, has_prelude, prelude
from router.triggers.api_gateway.binary import BinaryMediaTypes
from router.triggers.api_gateway.payload1 import answer_headers

_INTERNAL = b'{"message": "Internal server error"}'
_SERVER_ERROR = "InternalServerErrorException"


def _message(status: int, message: str, error_type: str) -> ErrorAnswer:
    return ErrorAnswer(status, b'{"message":"%s"}' % message.encode(), error_type)


ERRORS: ErrorTable = {
    "function_error": ErrorAnswer(502, _INTERNAL, _SERVER_ERROR),
    "bad_response": ErrorAnswer(502, _INTERNAL, _SERVER_ERROR),
    "bad_encoding": ErrorAnswer(500, _INTERNAL, _SERVER_ERROR),
    "bad_stream": ErrorAnswer(500, _INTERNAL, _SERVER_ERROR),
    "timeout": ErrorAnswer(504, b'{"message": "Endpoint request timed out"}', _SERVER_ERROR),
    "throttled": ErrorAnswer(500, _INTERNAL, _SERVER_ERROR),
    "client_error": ErrorAnswer(500, _INTERNAL, _SERVER_ERROR),
    "event_too_large": ErrorAnswer(500, _INTERNAL, _SERVER_ERROR),
    "service_error": ErrorAnswer(500, _INTERNAL, _SERVER_ERROR),
    "transport": ErrorAnswer(504, b'{"message": "Network error communicating with endpoint"}', _SERVER_ERROR),
    "unmatched": _message(403, "Missing Authentication Token", "MissingAuthenticationTokenException"),
    "unauthorized": _message(401, "Unauthorized", "UnauthorizedException"),
    "forbidden": _message(403, "Forbidden", "ForbiddenException"),
    "bad_request": _message(400, "Bad Request", "BadRequestException"),
    "incomplete_request": _message(400, "Bad Request", "BadRequestException"),
    "request_too_large": _message(413, "HTTP content length exceeded 10485760 bytes.", "RequestTooLargeException"),
    "uri_too_long": _message(414, "Request URI too long", "BadRequestException"),
    "headers_too_large": _message(431, "Request Header Fields Too Large", "BadRequestException"),
    "unavailable": _message(503, "Service Unavailable", "ServiceUnavailableException"),
    "internal": ErrorAnswer(500, _INTERNAL, _SERVER_ERROR),
}
"""What a REST API answers, by outcome kind or error name (semantics/sync.md §3.6). The texts of 400, 414, 431 and 503 and the
rows `service_error` and `transport` are not measured; AWS's gateway-response types give their statuses."""

_ANSWER_KEYS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})

_REMAPPED = frozenset(
    {
        "connection",
        "content-length",
        "date",
        "server",
        "authorization",
        "content-md5",
        "max-forwards",
        "user-agent",
        "www-authenticate",
    }
)
_REMAPPED_LENGTH = "x-amzn-remapped-content-length"
_DROPPED = OWN_HEADERS | {
    "host",
    "expect",
    "proxy-authenticate",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-amzn-requestid",
    "x-amz-apigw-id",
    "x-amzn-trace-id",
}


def answer(payload: bytes, request: Request, binary: BinaryMediaTypes, token: str) -> Reply:
    """The function's answer as a reply. Raises BadResponse (semantics/sync.md §3.5)."""
    value = parse_answer(payload)
    if not isinstance(value, dict) or not value.keys() <= _ANSWER_KEYS:
        raise BadResponse(
            "the function's answer is not an object of statusCode, headers, multiValueHeaders, body, isBase64Encoded"
        )
    status = status_code(value.get("statusCode", 200))
    headers = _framed(_headers(value, "application/json"), request, token)
    decode = value.get("isBase64Encoded") is True and binary.match(_first_accepted(request))
    body = body_bytes(value.get("body"), base64=decode)
    return Reply(status, headers, b"" if status in BODYLESS else body)


def streamed(outcome: Outcome, request: Request, token: str) -> Reply:
    """The beginning of a streamed answer. Raises BadStream where it does not begin with status and headers (§3.9)."""
    if outcome.stream is None or not has_prelude(outcome):
        raise BadStream("the function's answer does not begin with status and headers: it was not streamed as one of HTTP")
    value = prelude(outcome)
    try:
        status = status_code(value.get("statusCode", 200))
        cookies = cookie_headers(value.get("cookies"))
        kept = [pair for pair in _headers(value, DEFAULT_TYPE) if pair[0].lower() != _REMAPPED_LENGTH]
        length = announced_length(value)
    except BadResponse as error:
        raise BadStream(str(error)) from None
    return Reply(status, _framed([*cookies, *kept, *length], request, token), outcome.stream)


def _framed(headers: Iterable[tuple[str, str]], request: Request, token: str) -> Headers:
    ids = [("x-amzn-RequestId", request.id), ("x-amz-apigw-id", token)]
    return [*ids, *headers, ("X-Amzn-Trace-Id", request.trace_id)]


def _headers(value: Mapping[str, Any], default_type: str) -> Iterator[tuple[str, str]]:
    typed = False
    for name, text in answer_headers(value):
        lower = header_name(name)
        if lower in _REMAPPED:
            yield f"x-amzn-Remapped-{name}", text
        elif lower not in _DROPPED:
            typed = typed or lower == "content-type"
            yield name, text
    if not typed:
        yield "Content-Type", default_type


def _first_accepted(request: Request) -> str:
    """The first media type of `Accept`: the only one that counts."""
    return (request.header("accept") or "").partition(",")[0]


def refusal(request: Request, error: RequestError, token: str) -> Reply:
    """The front door's own words for an error."""
    row = error_answer(error, ERRORS)
    headers: Headers = [
        ("x-amzn-RequestId", request.id),
        ("x-amz-apigw-id", token),
        ("Content-Type", row.content_type),
        ("x-amzn-ErrorType", row.error_type or _SERVER_ERROR),
        *challenge(error, row.status),
    ]
    return Reply(row.status, headers, row.body, error_note(error))
