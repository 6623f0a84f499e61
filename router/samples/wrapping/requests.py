"""The request behind an event of an HTTP front door: what a client must have sent for the front door to make this event of it.

What front doors add is left out, because they add it again. Where an event holds decoded texts the request is encoded anew; an
event cannot tell how it was encoded before.
"""

from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

from router.envelopes import HttpEnvelope
from router.samples.words import SampleError

_ADDED = frozenset({"content-length", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"})
_PATH_SAFE = "/:@!$&'()*+,;=~-._"

Pairs = list[tuple[str, str]]


def request_of(event: Any, *, prefix: str = "", decoded: bool = False) -> HttpEnvelope:
    """The request of an event in whatever format it is. Raises SampleError.

    `prefix`: stands before the event's path in the request. `decoded`: whether this front door decodes paths.
    """
    read = _reader(event)
    try:
        return read(event, prefix, decoded)
    except SampleError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SampleError(f"the event of a front door lacks something: {type(error).__name__} {error}") from None


def _reader(event: Any) -> Callable[[Any, str, bool], HttpEnvelope]:
    if isinstance(event, dict):
        records, about = event.get("Records"), event.get("requestContext")
        if "rawPath" in event:
            return _payload_2
        if isinstance(about, dict) and "elb" in about:
            return _load_balancer
        if "httpMethod" in event:
            return _payload_1
        if isinstance(records, list) and len(records) == 1 and isinstance(records[0], dict) and "cf" in records[0]:
            return _edge
    raise SampleError(
        "this is no event of an HTTP front door: known are payload 1.0 (`httpMethod`), payload 2.0 (`rawPath`), the event of a"
        " load balancer (`requestContext.elb`) and of an edge (`Records[0].cf`)"
    )


def _payload_2(event: Mapping[str, Any], prefix: str, decoded: bool) -> HttpEnvelope:
    http = event["requestContext"]["http"]
    headers = [(name, value) for name, value in event["headers"].items() if name != "cookie"]
    if event.get("cookies"):
        headers.append(("cookie", "; ".join(event["cookies"])))
    path = prefix + (quote(event["rawPath"], safe=_PATH_SAFE) if decoded else event["rawPath"])
    return _envelope(http["method"], path, event.get("rawQueryString", ""), headers, event, http["sourceIp"])


def _payload_1(event: Mapping[str, Any], prefix: str, decoded: bool) -> HttpEnvelope:
    headers = _pairs(event.get("multiValueHeaders"), event.get("headers"))
    query = _pairs(event.get("multiValueQueryStringParameters"), event.get("queryStringParameters"))
    path = prefix + (quote(event["path"], safe=_PATH_SAFE) if decoded else event["path"])
    client = event["requestContext"]["identity"]["sourceIp"]
    return _envelope(event["httpMethod"], path, urlencode(query, quote_via=quote_plus), headers, event, client)


def _load_balancer(event: Mapping[str, Any], prefix: str, decoded: bool) -> HttpEnvelope:
    headers = _pairs(event.get("multiValueHeaders"), event.get("headers"))
    query = _pairs(event.get("multiValueQueryStringParameters"), event.get("queryStringParameters"))
    forwarded = next((value for name, value in headers if name == "x-forwarded-for"), "203.0.113.7")
    client = forwarded.rpartition(",")[2].strip()
    written = "&".join(f"{name}={value}" for name, value in query)
    return _envelope(event["httpMethod"], event["path"], written, headers, event, client)


def _edge(event: Mapping[str, Any], prefix: str, decoded: bool) -> HttpEnvelope:
    sent = event["Records"][0]["cf"]["request"]
    headers = [(each.get("key", name), each["value"]) for name, values in sent["headers"].items() for each in values]
    body = sent.get("body") or {}
    carried = {"body": body.get("data"), "isBase64Encoded": body.get("encoding") == "base64"}
    return _envelope(sent["method"], sent["uri"], sent["querystring"], headers, carried, sent["clientIp"])


def _pairs(multi: Any, single: Any) -> Pairs:
    """Lists where there are some, else single values."""
    if multi:
        return [(name, str(value)) for name, values in multi.items() for value in values]
    return [(name, str(value)) for name, value in (single or {}).items()]


def _envelope(method: str, path: str, query: str, headers: Pairs, event: Mapping[str, Any], client: str) -> HttpEnvelope:
    forwarded = _before(next((value for name, value in headers if name.lower() == "x-forwarded-for"), ""), client)
    scheme = next((value for name, value in headers if name.lower() == "x-forwarded-proto"), "https")
    kept = [pair for pair in _host_first(headers) if pair[0].lower() not in _ADDED]
    if forwarded:
        kept.append(("X-Forwarded-For", forwarded))
    target = f"{path}?{query}" if query else path
    return HttpEnvelope(method, target, tuple(kept), _body(event), client_ip=client, scheme=scheme)


def _before(forwarded: str, client: str) -> str:
    """What the client itself sent of X-Forwarded-For: everything before its own address."""
    sent, comma, last = forwarded.rpartition(",")
    return sent.strip() if comma and last.strip() == client else ""


def _host_first(headers: Iterable[tuple[str, str]]) -> Pairs:
    return sorted(headers, key=lambda pair: pair[0].lower() != "host")


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode("utf-8", "surrogatepass")
    try:
        return b64decode(body, validate=True)
    except (Error, ValueError):
        raise SampleError("the event says that its body is base64, and it is not") from None
