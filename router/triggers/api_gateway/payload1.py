"""Payload format 1.0: the event of REST APIs, and of HTTP APIs that ask for it.

Maps without content are null. Query names and values are decoded; of a repeated name the last value counts and the list has
all. Source: semantics/sync.md §3.2, §3.3, §4.4, §14.1, §14.2.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from router.model import Request
from router.triggers._http import forwarded_for, human_time, query_items
from router.triggers._refusals import BadResponse
from router.triggers._replies import header_name, header_value, mapping

SPELLINGS = {
    "host": "Host",
    "user-agent": "User-Agent",
    "authorization": "Authorization",
    "x-amzn-trace-id": "X-Amzn-Trace-Id",
    "x-forwarded-for": "X-Forwarded-For",
    "x-forwarded-port": "X-Forwarded-Port",
    "x-forwarded-proto": "X-Forwarded-Proto",
}
"""Header names that API Gateway itself owns; all others keep the wire's case."""

DROPPED = frozenset(
    {
        "connection",
        "content-length",
        "content-md5",
        "expect",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "transfer-encoding",
        "trailer",
        "upgrade",
        "www-authenticate",
    }
)
"""Request headers that the function does not see."""

_NOBODY = dict.fromkeys(
    (
        "cognitoIdentityPoolId",
        "accountId",
        "cognitoIdentityId",
        "caller",
        "sourceIp",
        "principalOrgId",
        "accessKey",
        "cognitoAuthenticationType",
        "cognitoAuthenticationProvider",
        "userArn",
        "userAgent",
        "user",
    )
)

MultiValue = dict[str, list[str]]


def fold_headers(request: Request, content_length: int | None = None) -> MultiValue:
    """Spelling to values in wire order; two spellings of one name share the later spelling.

    `content_length`: where given, the function sees it (HTTP APIs).
    """
    spellings: dict[str, str] = {}
    values: MultiValue = {}
    for name, value in request.headers:
        lower = name.lower()
        if lower in DROPPED:
            continue
        spelling = SPELLINGS.get(lower, name)
        before = spellings.get(lower)
        if before is None:
            values[spelling] = [value]
        elif before == spelling:
            values[spelling].append(value)
        else:
            values[spelling] = [*values.pop(before), value]
        spellings[lower] = spelling
    sent = values.get("X-Forwarded-For")
    values["X-Amzn-Trace-Id"] = [request.trace_id]
    values["X-Forwarded-For"] = [forwarded_for(", ".join(sent) if sent else None, request)]
    values["X-Forwarded-Port"] = [str(request.port)]
    values["X-Forwarded-Proto"] = [request.scheme]
    if content_length is not None:
        values["Content-Length"] = [str(content_length)]
    return values


def fold_query(query: str) -> MultiValue | None:
    """Decoded name to decoded values; None where there are none."""
    if not query:
        return None
    values: MultiValue = {}
    for name, value in query_items(query):
        values.setdefault(name, []).append(value)
    return values or None


def last_values(values: MultiValue | None) -> dict[str, str] | None:
    """Of each name the last value."""
    return None if values is None else {name: each[-1] for name, each in values.items()}


def static_context(
    *, account_id: str, api_id: str, deployment_id: str, stage: str, resource_id: str | None, resource: str
) -> dict[str, Any]:
    """What every `requestContext` of a route has in common, in AWS's order; the rest is filled in per request."""
    return {
        "resourceId": resource_id,
        "resourcePath": resource,
        "httpMethod": None,
        "extendedRequestId": None,
        "requestTime": None,
        "path": None,
        "accountId": account_id,
        "protocol": "HTTP/1.1",
        "stage": stage,
        "domainPrefix": None,
        "requestTimeEpoch": None,
        "requestId": None,
        "identity": None,
        "domainName": None,
        "deploymentId": deployment_id,
        "apiId": api_id,
    }


def request_context(
    static: Mapping[str, Any], request: Request, *, method: str, path: str, request_id: str, token: str, user_agent: str | None
) -> dict[str, Any]:
    """The whole `requestContext`. `token`: the short request id, `extendedRequestId`."""
    identity = {**_NOBODY, "sourceIp": request.client_ip, "userAgent": user_agent}
    if request.client_certificate is not None:
        identity["clientCert"] = request.client_certificate
    return {
        **static,
        "httpMethod": method,
        "extendedRequestId": token,
        "requestTime": human_time(int(request.received_at)),
        "path": path,
        "domainPrefix": request.host.partition(".")[0],
        "requestTimeEpoch": int(request.received_at * 1000),
        "requestId": request_id,
        "identity": identity,
        "domainName": request.host,
    }


def user_agent(headers: MultiValue) -> str | None:
    """The last `User-Agent`; None where none came."""
    values = headers.get("User-Agent")
    return values[-1] if values else None


def event(
    *,
    resource: str,
    path: str,
    method: str,
    headers: MultiValue,
    query: str,
    path_parameters: Mapping[str, str],
    stage_variables: Mapping[str, str] | None,
    context: Mapping[str, Any],
    body: str | None,
    base64: bool,
) -> dict[str, Any]:
    """The event, keys in AWS's order."""
    parameters = fold_query(query)
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": last_values(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": last_values(parameters),
        "multiValueQueryStringParameters": parameters,
        "pathParameters": path_parameters or None,
        "stageVariables": stage_variables,
        "requestContext": context,
        "body": body,
        "isBase64Encoded": base64,
    }


def answer_headers(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The headers of a 1.0 answer: those of `multiValueHeaders` first, whose casing a name in both maps takes.

    Both values of such a name are sent (semantics/sync.md §15). Raises BadResponse.
    """
    casing: dict[str, str] = {}
    for name, values in mapping(value.get("multiValueHeaders"), "multiValueHeaders").items():
        if not isinstance(values, list):
            raise BadResponse("a value of multiValueHeaders is not a list")
        casing[header_name(name)] = name
        for each in values:
            yield name, header_value(each)
    for name, each in mapping(value.get("headers"), "headers").items():
        yield casing.get(header_name(name), name), header_value(each)
