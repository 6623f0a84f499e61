"""Requests to the HTTP front doors: API Gateway, function URLs, load balancers, edges.

On the wire they differ in host and path alone; what each front door makes of a request is its trigger type's business. Paths
and queries stay as they are written, percent-encoded.
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote_plus, urlencode

from router.envelopes import HttpEnvelope
from router.samples import reading
from router.samples.words import Chosen, Context, Kind, Option

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
BOUNDARY = "------------------------d74496d66958873e"
AGENT = "curl/8.5.0"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

Headers = tuple[tuple[str, str], ...]


def _png() -> bytes:
    """One red pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\x00\xff\x00\x00", 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


PNG = _png()
MULTIPART = (
    f"--{BOUNDARY}\r\n"
    'Content-Disposition: form-data; name="title"\r\n\r\n'
    "A red dot\r\n"
    f"--{BOUNDARY}\r\n"
    'Content-Disposition: form-data; name="file"; filename="red.png"\r\n'
    "Content-Type: image/png\r\n\r\n"
).encode() + b"%b\r\n--%b--\r\n" % (PNG, BOUNDARY.encode())


@dataclass(slots=True, frozen=True)
class Form:
    """A request as a client writes it, without host. `path`: below what the site's own prefix is."""

    summary: str
    method: str = "GET"
    path: str = "/orders/7"
    query: str = ""
    headers: Headers = (("Accept", "*/*"),)
    body: bytes = b""
    content_type: str | None = None


FORMS: Mapping[str, Form] = {
    "get": Form("a GET with a query", query="expand=lines&expand=customer&page=2"),
    "post-json": Form("a POST of JSON", "POST", "/orders", body=b'{"sku":"A-1","quantity":2}', content_type=JSON),
    "form": Form("a POST of a form", "POST", "/orders", body=b"sku=A-1&note=two+of+them", content_type=FORM),
    "multipart": Form(
        "a POST of a form with a file",
        "POST",
        "/uploads",
        body=MULTIPART,
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
    ),
    "binary": Form("a PUT of an image", "PUT", "/uploads/red.png", body=PNG, content_type="image/png"),
    "cookies": Form(
        "a browser's GET with cookies",
        headers=(
            ("User-Agent", BROWSER),
            ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
            ("Accept-Language", "en-GB,en;q=0.5"),
            ("Cookie", "session=5f2d; theme=dark"),
        ),
    ),
    "encoded": Form("a GET whose path and query are percent-encoded", path="/orders/a%20b%2Fc", query="q=%C3%BC+%26&empty="),
    "delete": Form("a DELETE", "DELETE"),
    "head": Form("a HEAD", "HEAD"),
}
"""What every HTTP front door takes."""

PREFLIGHT = Form(
    "a browser's CORS preflight",
    "OPTIONS",
    "/orders",
    headers=(
        ("User-Agent", BROWSER),
        ("Accept", "*/*"),
        ("Origin", "https://shop.example.com"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type"),
    ),
)
HEALTH_CHECK = Form(
    "a request as a load balancer's health checker sends it",
    path="/healthz",
    headers=(("User-Agent", "ELB-HealthChecker/2.0"), ("Connection", "close")),
)
MULTI_VALUE = Form(
    "a GET in which a query key and a header stand twice",
    query="tag=red&tag=large",
    headers=(("Accept", "text/html"), ("Accept", JSON), ("X-Flag", "a"), ("X-Flag", "b")),
)


def query_text(given: Any) -> str:
    """A query as sent: text as it is, a map form-encoded; a list as value is the key several times."""
    value = reading.anything(given)
    if isinstance(value, dict):
        return urlencode(reading.pairs(value), quote_via=quote_plus)
    return reading.matching(r"[^\s#]*", "a query without spaces, percent-encoded, or a map")(given).removeprefix("?")


def options_of(form: Form, prefix: str, host: str) -> dict[str, Option]:
    """What can be chosen of a request. `prefix`: stands before the path; `host`: the default, in words."""
    return {
        "method": Option("the method", reading.method, form.method),
        "path": Option("the path as sent, percent-encoded", reading.target_path, prefix + form.path),
        "query": Option("the query as sent, or a map of its keys", query_text, form.query),
        "host": Option("the Host header", reading.host_name, shown=host),
        "headers": Option(
            "headers that are added, or replace those of the same name; a list is a header several times", reading.pairs, ()
        ),
        "body": Option("the body: text, or a value that is sent as JSON", lambda given: given, shown="as the kind says"),
        "body_base64": Option("the body in base64, where it is not text", reading.base64),
        "client_ip": Option("the address of the client", reading.text, "203.0.113.7"),
    }


def request(form: Form, chosen: Chosen, host: str) -> HttpEnvelope:
    """The request of a form with what was chosen."""
    body, content_type = _body(form, chosen)
    headers = [("Host", chosen["host"] or host)]
    if not any(name == "User-Agent" for name, _ in form.headers):
        headers.append(("User-Agent", AGENT))
    headers += form.headers
    if content_type is not None:
        headers.append(("Content-Type", content_type))
    query = chosen["query"]
    target = f"{chosen['path']}?{query}" if query else chosen["path"]
    return HttpEnvelope(
        chosen["method"], target, replaced(tuple(headers), chosen["headers"]), body, client_ip=chosen["client_ip"]
    )


def _body(form: Form, chosen: Chosen) -> tuple[bytes, str | None]:
    """The body and its type: text keeps that of the form, everything else is JSON."""
    if chosen["body_base64"] is not None:
        return chosen["body_base64"], form.content_type or "application/octet-stream"
    given = chosen["body"]
    if given is None:
        return form.body, form.content_type
    if isinstance(given, str):
        return given.encode("utf-8", "surrogatepass"), form.content_type or ("text/plain; charset=utf-8" if given else None)
    return reading.compact(given).encode("utf-8", "surrogatepass"), JSON


def replaced(headers: Headers, given: Headers) -> Headers:
    """Headers in which those of the same names give way, whatever their case."""
    names = {name.lower() for name, _ in given}
    return (*(pair for pair in headers if pair[0].lower() not in names), *given)


def posted(path: str, body: str, headers: Headers, host: str = "hooks.example.com") -> HttpEnvelope:
    """What a service posts to a webhook."""
    return HttpEnvelope("POST", path, (("Host", host), *headers), body.encode("utf-8", "surrogatepass"))


# --- front doors -----------------------------------------------------------------------------------------------------

Host = Callable[[Context], str]


def api_host(context: Context) -> str:
    """An API's own endpoint."""
    return f"a1b2c3d4e5.execute-api.{context.region}.amazonaws.com"


def url_host(context: Context) -> str:
    """A function URL."""
    return f"abcdefghijklmnopqrstuvwxyz012345.lambda-url.{context.region}.on.aws"


def balancer_host(context: Context) -> str:
    """A load balancer's own name."""
    return f"shop-1234567890.{context.region}.elb.amazonaws.com"


def edge_host(context: Context) -> str:
    """A site behind an edge."""
    return "www.example.com"


def _kind(type: str, variant: str, form: Form, host: Host, prefix: str = "") -> Kind:
    shown = host(Context(0.0, "", "REGION", str))
    options = options_of(form, prefix, shown)
    return Kind(type, variant, form.summary, options, lambda chosen, context: request(form, chosen, host(context)))


def kinds() -> Iterator[Kind]:
    """Those of all four types."""
    for prefix, stage, words in (("http", "", "HTTP API"), ("rest", "/prod", "REST API, stage prod")):
        for variant, form in FORMS.items():
            said = replace(form, summary=f"{words}: {form.summary}")
            yield _kind("api_gateway", f"{prefix}-{variant}", said, api_host, stage)
    yield _kind("api_gateway", "cors-preflight", PREFLIGHT, api_host)
    for variant, form in FORMS.items():
        yield _kind("function_url", variant, form, url_host)
    yield _kind("function_url", "cors-preflight", PREFLIGHT, url_host)
    for variant, form in {**FORMS, "health-check": HEALTH_CHECK, "multi-value": MULTI_VALUE}.items():
        yield _kind("alb", variant, form, balancer_host)
    yield _kind("lambda_edge", "viewer-request", replace(FORMS["cookies"], summary="a viewer's GET with cookies"), edge_host)
    for variant, form in {**FORMS, "cors-preflight": PREFLIGHT}.items():
        if variant != "cookies":
            yield _kind("lambda_edge", variant, form, edge_host)
