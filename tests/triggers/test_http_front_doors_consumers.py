"""What people run behind these front doors takes our events, and we take its answers: Powertools, Mangum, apig-wsgi."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import flask
import pytest
from apig_wsgi import make_lambda_handler
from aws_lambda_powertools.event_handler import (
    ALBResolver,
    APIGatewayHttpResolver,
    APIGatewayRestResolver,
    LambdaFunctionUrlResolver,
)
from aws_lambda_powertools.utilities.parser.models import (
    AlbModel,
    APIGatewayProxyEventModel,
    APIGatewayProxyEventV2Model,
    LambdaFunctionUrlModel,
)
from mangum import Mangum
from starlette.applications import Starlette
from starlette.requests import Request as AsgiRequest
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from router.fakes import succeeded
from router.model import Reply
from router.outcome import Outcome

Handler = Callable[[Any, Any], Any]
CONTEXT = SimpleNamespace(aws_request_id="id", function_name="f", get_remaining_time_in_millis=lambda: 1000)
BINARY = bytes(range(256))
ALL = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]

DOORS: dict[str, dict[str, Any]] = {
    "rest": {
        "type": "api_gateway",
        "api": "rest",
        "stage": "prod",
        "hosts": ["h"],
        "binary_media_types": ["*/*"],
        "routes": {"ANY /": "f", "ANY /{proxy+}": "f"},
    },
    "http": {"type": "api_gateway", "api": "http", "routes": {"$default": "f"}},
    "http-1": {"type": "api_gateway", "api": "http", "payload": "1.0", "routes": {"ANY /{proxy+}": "f"}},
    "url": {"type": "function_url", "function": "f"},
    "alb": {"type": "alb", "default": "f"},
    "alb-multi": {"type": "alb", "multi_value_headers": True, "default": "f"},
}
SINGLE_VALUES = ("alb",)
"""Where only the last value of a repeated query key reaches the function."""


def behind(handler: Handler) -> Callable[[bytes], Outcome]:
    """A handler as the other side of the conversation: JSON in, JSON out, as in Lambda."""
    return lambda payload: succeeded(json.dumps(handler(json.loads(payload), CONTEXT)).encode())


# --- Powertools ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        ("rest", APIGatewayProxyEventModel),
        ("http-1", APIGatewayProxyEventModel),
        ("http", APIGatewayProxyEventV2Model),
        ("url", LambdaFunctionUrlModel),
    ],
)
@pytest.mark.parametrize("body", [b"", b'{"a":1}'])
def test_powertools_models_take_our_events(door: Callable[..., Any], kind: str, model: Any, body: bytes) -> None:
    trigger = door(dict(DOORS[kind]))

    trigger.call("POST", "/a/b?x=1&x=2&y=%20", [("Host", "h"), ("User-Agent", "u"), ("Cookie", "a=1")], body)
    trigger.call("GET", "/a", [])

    parsed = [model.model_validate(json.loads(step.payload)) for step in trigger.invoked]
    assert [event.queryStringParameters for event in parsed] == [
        {"x": "2" if "1" in event_format(kind) else "1,2", "y": " "},
        None,
    ]


def event_format(kind: str) -> str:
    return "1.0" if kind in ("rest", "http-1") else "2.0"


@pytest.mark.parametrize(
    ("kind", "resolver"),
    [
        ("rest", APIGatewayRestResolver),
        ("http", APIGatewayHttpResolver),
        ("url", LambdaFunctionUrlResolver),
        ("alb", ALBResolver),
        ("alb-multi", ALBResolver),
    ],
)
def test_powertools_resolvers_serve_our_events(door: Callable[..., Any], kind: str, resolver: Any) -> None:
    app = resolver()

    @app.post("/pets/<name>")
    def pet(name: str) -> Any:
        event = app.current_event
        return {
            "name": name,
            "x": event.resolved_query_string_parameters["x"],
            "body": event.json_body,
            "agent": event.resolved_headers_field["user-agent"],
        }

    reply = door(dict(DOORS[kind])).call(
        "POST",
        "/pets/rex?x=1&x=2",
        [("Host", "h"), ("User-Agent", "u"), ("Content-Type", "application/json")],
        b'{"a": "\xc3\xa9"}',
        answer=behind(lambda event, context: app.resolve(event, context)),
    )

    assert (reply.status, reply.error) == (200, None)
    seen = json.loads(reply.body)
    assert seen.pop("agent") in ("u", ["u"])
    assert seen == {"name": "rex", "x": ["2"] if kind in SINGLE_VALUES else ["1", "2"], "body": {"a": "é"}}


def test_powertools_model_of_a_load_balancer_takes_our_events(door: Callable[..., Any]) -> None:
    """The model knows single values only."""
    trigger = door(dict(DOORS["alb"]))

    trigger.call("POST", "/a/b?x=1&x=2&y=%20", [("Host", "h"), ("Content-Type", "text/plain")], b"text")
    trigger.call("GET", "/a", [])

    first, second = (AlbModel.model_validate(json.loads(step.payload)) for step in trigger.invoked)
    assert (first.path, first.body, first.isBase64Encoded, second.body) == ("/a/b", "text", False, "")
    assert first.requestContext.elb.targetGroupArn.startswith("arn:aws:elasticloadbalancing:")
    assert (first.queryStringParameters, second.queryStringParameters) == ({"x": "2", "y": "%20"}, {})


# --- Mangum (ASGI) and apig-wsgi (WSGI) ------------------------------------------------------------------------------


async def asgi_echo(asked: AsgiRequest) -> Response:
    return JSONResponse(
        {
            "method": asked.method,
            "path": asked.url.path,
            "query": [list(pair) for pair in asked.query_params.multi_items()],
            "cookies": asked.cookies,
            "many": ",".join(asked.headers.getlist("x-many")),
            "length": len(await asked.body()),
        }
    )


async def asgi_binary(asked: AsgiRequest) -> Response:
    return Response((await asked.body())[::-1], media_type="application/octet-stream")


async def asgi_cookies(asked: AsgiRequest) -> Response:
    response = RedirectResponse("/elsewhere?a=b", status_code=303)
    response.set_cookie("a", "1")
    response.set_cookie("b", "2", httponly=True)
    return response


def asgi() -> Handler:
    routes = [
        Route("/echo/{rest:path}", asgi_echo, methods=ALL),
        Route("/binary", asgi_binary, methods=ALL),
        Route("/cookies", asgi_cookies, methods=ALL),
    ]
    handler: Handler = Mangum(Starlette(routes=routes), lifespan="off")
    return handler


def wsgi() -> Handler:
    app = flask.Flask("app")

    @app.route("/echo/<path:rest>", methods=ALL, provide_automatic_options=False)
    def echo(rest: str) -> Any:
        asked = flask.request
        return {
            "method": asked.method,
            "path": asked.path,
            "query": [list(pair) for pair in asked.args.items(multi=True)],
            "cookies": asked.cookies,
            "many": asked.headers["X-Many"],
            "length": len(asked.get_data()),
        }

    @app.route("/binary", methods=ALL)
    def binary() -> Any:
        return flask.Response(flask.request.get_data()[::-1], mimetype="application/octet-stream")

    @app.route("/cookies", methods=ALL)
    def cookies() -> Any:
        response = flask.redirect("/elsewhere?a=b", 303)
        response.set_cookie("a", "1")
        response.set_cookie("b", "2", httponly=True)
        return response

    handler: Handler = make_lambda_handler(app, binary_support=True)
    return handler


@pytest.fixture(params=["mangum", "apig-wsgi"])
def handler(request: pytest.FixtureRequest) -> Iterator[Handler]:
    """Mangum runs on the thread's current event loop, and closes none: it gets one that is closed here."""
    with closing(asyncio.new_event_loop()) as loop:
        asyncio.set_event_loop(loop)
        yield {"mangum": asgi, "apig-wsgi": wsgi}[request.param]()
        asyncio.set_event_loop(None)


@pytest.fixture(params=DOORS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def call(kind: str, door: Callable[..., Any], handler: Handler) -> Callable[..., Reply]:
    trigger = door(dict(DOORS[kind]))
    return lambda *asked: trigger.call(*asked, answer=behind(handler))


@pytest.mark.parametrize("method", ALL)
def test_every_method_with_query_cookies_and_repeated_headers(call: Callable[..., Reply], method: str) -> None:
    headers = [("Host", "h"), ("Cookie", "a=1; b=2"), ("X-Many", "1"), ("x-many", "2"), ("Content-Type", "text/plain")]
    body = b"" if method in ("GET", "HEAD") else "é".encode()

    reply = call(method, "/echo/a%20b/c?x=1&y=%26+%C3%A9", headers, body)

    assert (reply.status, reply.error) == (200, None)
    if method == "HEAD":
        return
    seen = json.loads(reply.body)
    assert seen.pop("many") in ("2", "1,2", "1, 2")
    assert seen == {
        "method": method,
        "path": "/echo/a b/c",
        "query": [["x", "1"], ["y", "& é"]],
        "cookies": {"a": "1", "b": "2"},
        "length": len(body),
    }


def test_repeated_query_keys(call: Callable[..., Reply], kind: str) -> None:
    reply = call("GET", "/echo/a?x=1&x=2", [("Host", "h"), ("x-many", "1")])

    expected = [["x", "2"]] if kind in SINGLE_VALUES else [["x", "1"], ["x", "2"]]
    assert sorted(json.loads(reply.body)["query"]) == expected


def test_binary_both_ways(call: Callable[..., Reply]) -> None:
    reply = call("POST", "/binary", [("Host", "h"), ("Content-Type", "application/octet-stream"), ("Accept", "*/*")], BINARY)

    assert (reply.status, reply.body, reply.error) == (200, BINARY[::-1], None)
    assert "application/octet-stream" in [value for name, value in reply.headers if name.lower() == "content-type"]


def test_redirects_and_several_cookies(call: Callable[..., Reply], kind: str) -> None:
    reply = call("GET", "/cookies", [("Host", "h")])

    named = [(name.lower(), value) for name, value in reply.headers]
    assert (reply.status, reply.error) == (303, None)
    absolute = "http://h" if kind.startswith("alb") else ""
    assert [value for name, value in named if name == "location"] == [f"{absolute}/elsewhere?a=b"]
    cookies = [value.lower().split("; ") for name, value in named if name == "set-cookie"]
    seen = [(cookie[0], "httponly" in cookie) for cookie in cookies]
    both = [("a=1", False), ("b=2", True)]
    # Where an answer holds single values, Mangum varies the name's case to send both; apig-wsgi sends the last one.
    assert seen in ([both, both[1:]] if kind in SINGLE_VALUES else [both])


def test_what_the_app_does_not_have(call: Callable[..., Reply]) -> None:
    assert call("GET", "/nowhere", [("Host", "h")]).status == 404
