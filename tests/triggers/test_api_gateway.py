"""What an `api_gateway` trigger claims, shares with others, and refuses."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from router.fakes import request
from router.model import SiteClaim
from router.triggers import TYPES
from router.triggers.api_gateway.routes import RouteSyntaxError, parse_route_key

Findings = Callable[[dict[str, Any]], list[tuple[tuple[Any, ...], str]]]
Api = Callable[..., Any]
TYPE = TYPES["api_gateway"]
REST = {"type": "api_gateway", "api": "rest", "stage": "prod", "routes": {"GET /a": "f"}}
HTTP = {"type": "api_gateway", "api": "http", "routes": {"GET /a": "f"}}


@pytest.mark.parametrize(
    ("settings", "claims"),
    [
        ({}, [SiteClaim(None, "/")]),
        ({"stage": "dev"}, [SiteClaim(None, "/dev")]),
        ({"base_path": "/v1"}, [SiteClaim(None, "/v1")]),
        ({"base_path": "/", "stage": "dev"}, [SiteClaim(None, "/")]),
        ({"hosts": "A.example.com", "stage": "dev"}, [SiteClaim("a.example.com", "/")]),
        ({"hosts": ["a.b", "*.b"], "base_path": "/v1/x"}, [SiteClaim("a.b", "/v1/x"), SiteClaim("*.b", "/v1/x")]),
    ],
)
def test_claims(http: Api, settings: dict[str, Any], claims: list[SiteClaim]) -> None:
    assert [*TYPE.claims(http(**settings).settings)] == claims


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        (REST, []),
        (HTTP, []),
        (REST | {"stage": "$default"}, [(("stage",), "no-stage")]),
        ({key: value for key, value in REST.items() if key != "stage"}, [(("stage",), "no-stage")]),
        (REST | {"payload": "2.0"}, [(("payload",), "without-effect")]),
        (REST | {"cors": {"allow_origins": ["*"]}}, [(("cors",), "without-effect")]),
        (REST | {"timeout": "16m"}, [(("timeout",), "bad-timeout")]),
        (REST | {"timeout": "49ms"}, [(("timeout",), "bad-timeout")]),
        (HTTP | {"timeout": "31s"}, [(("timeout",), "bad-timeout")]),
        (HTTP | {"binary_media_types": ["*/*"]}, [(("binary_media_types",), "without-effect")]),
        (
            HTTP | {"cors": {"allow_origins": ["*"], "allow_credentials": True}},
            [(("cors", "allow_credentials"), "cors-credentials")],
        ),
        (REST | {"routes": {"$default": "f"}}, [(("routes", "$default"), "bad-route")]),
        (REST | {"routes": {"GET /a/": "f"}}, [(("routes", "GET /a/"), "bad-route")]),
        (HTTP | {"routes": {"GET /a/": "f", "GET /a": "f"}}, []),
        (HTTP | {"routes": {"GET /{a}": "f", "GET /{b}": "f"}}, [(("routes", "GET /{b}"), "same-route")]),
        (HTTP | {"routes": {"GET /{a}": "f", "POST /{b}": "f"}}, []),
        (REST | {"routes": {"GET /{a}": "f", "POST /{b}": "f"}}, [(("routes", "POST /{b}"), "route-variable")]),
        (REST | {"routes": {"GET /{a}": "f", "ANY /{a}": "f", "GET /{a}/{b}": "f"}}, []),
        (REST | {"routes": {"GET /{a+}": "f", "GET /{b}": "f"}}, []),
        (HTTP | {"routes": {"GET /{a+}/b": "f"}}, [(("routes", "GET /{a+}/b"), "bad-route")]),
        (HTTP | {"routes": {"GET /x{a}": "f"}}, [(("routes", "GET /x{a}"), "bad-route")]),
        (HTTP | {"routes": {"GET /{a}/{a}": "f"}}, [(("routes", "GET /{a}/{a}"), "bad-route")]),
    ],
    ids=str,
)
def test_findings(findings: Findings, settings: dict[str, Any], found: list[object]) -> None:
    assert findings(settings) == found


@pytest.mark.parametrize(
    "settings",
    [
        HTTP | {"routes": {}},
        HTTP | {"routes": {"FETCH /a": "f"}},
        HTTP | {"routes": {"GET a": "f"}},
        HTTP | {"routes": {"GET /a?b": "f"}},
        HTTP | {"routes": {"GET /a": {"function": "f", "scopes": ["a"]}}},
        HTTP | {"routes": {"GET /a": {"function": "f", "api_key_required": True}}},
        HTTP | {"routes": {"GET /a": {"function": "f", "auth": "customers"}}},
        HTTP | {"auth": "customers"},
        HTTP | {"base_path": "v1"},
        HTTP | {"base_path": "/v1/"},
        HTTP | {"payload": "3.0"},
        HTTP | {"unknown": 1},
        {key: value for key, value in HTTP.items() if key != "api"},
    ],
    ids=str,
)
def test_what_the_schema_refuses(findings: Findings, settings: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        findings(settings)


def test_what_the_schema_takes(findings: Findings) -> None:
    route = {"function": "f", "weights": {"live": 1}, "invocation": "sync", "auth": "none"}

    assert findings(HTTP | {"auth": "none", "routes": {"GET /a": route}}) == []


@pytest.mark.parametrize(
    "key",
    [
        "GET",
        "get /a",
        "GET  /a",
        "GET /a ",
        "$DEFAULT",
        "GET /{}",
        "GET /{a",
        "GET /a}",
        "GET /{a+}/",
        "GET /a//b",
        "GET /{a}/{a+}",
    ],
)
def test_route_keys_that_are_none(key: str) -> None:
    with pytest.raises(RouteSyntaxError):
        parse_route_key(key)


def test_identifiers_depend_on_the_name_alone(door: Callable[..., Any]) -> None:
    built = [door(dict(HTTP), name=name) for name in ("shop", "shop", "shed")]
    for each in built:
        each.call("GET", "/a")

    ids = [each.event["requestContext"]["apiId"] for each in built]
    assert ids[0] == ids[1] != ids[2]
    assert all(len(each) == 10 and each == each.lower() and each.isalnum() for each in ids)


# --- several triggers on one host and base path ----------------------------------------------------------------------


def test_route_keys_are_the_same_whatever_variables_are_called(http: Api) -> None:
    first = http(routes={"GET /a/{x}": "f", "ANY /a/{y+}": "f", "$default": "f", "GET /": "f"})

    assert TYPE.route_keys is not None
    assert TYPE.route_keys(first.settings) == [
        (("routes", "GET /a/{x}"), "GET /a/{}"),
        (("routes", "ANY /a/{y+}"), "ANY /a/{+}"),
        (("routes", "GET /"), "GET /"),
        (("routes", "$default"), "$default"),
    ]


def winner(doors: list[Any], method: str, path: str, headers: list[tuple[str, str]] | None = None) -> str | None:
    assert TYPE.rank is not None
    asked = request(method, path, headers or [])
    ranks = [TYPE.rank(door.built, asked) for door in doors]
    best = max(ranks)
    assert best == 0 or ranks.count(best) == 1, ranks
    return doors[ranks.index(best)].name if best else None


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/a/b", "literal"),
        ("POST", "/a/b", "any-literal"),
        ("GET", "/a/c", "variable"),
        ("GET", "/x/b", "first-variable"),
        ("GET", "/x/c/d", "greedy"),
        ("GET", "/a/c/d", "greedy-a"),
        ("POST", "/x/y", "default"),
        ("GET", "/", "default"),
    ],
)
def test_the_most_specific_route_of_several_http_apis_wins(door: Callable[..., Any], method: str, path: str, name: str) -> None:
    routes = {
        "default": "$default",
        "greedy": "GET /{all+}",
        "greedy-a": "GET /a/{all+}",
        "variable": "GET /a/{b}",
        "first-variable": "GET /{a}/b",
        "any-literal": "ANY /a/b",
        "literal": "GET /a/b",
    }
    doors = [door(HTTP | {"routes": {key: "f"}}, name=each) for each, key in routes.items()]

    assert winner(doors, method, path) == name
    assert winner(list(reversed(doors)), method, path) == name


def test_rest_apis_share_by_their_resources(door: Callable[..., Any]) -> None:
    keys = ("ANY /{all+}", "GET /a/{all+}", "POST /a/{b}", "GET /a/b")
    doors = [door(REST | {"routes": {key: "f"}}, name=key) for key in keys]

    asked = [("GET", "/prod/a/b/"), ("POST", "/prod/a/b"), ("GET", "/prod/a/c"), ("PUT", "/prod/a/b"), ("GET", "/prod/")]
    assert [winner(doors, *each) for each in asked] == ["GET /a/b", "POST /a/{b}", "GET /a/{all+}", "ANY /{all+}", None]


def test_a_preflight_goes_to_the_api_that_it_asks_about(door: Callable[..., Any]) -> None:
    cors = {"cors": {"allow_origins": ["https://a"]}}
    doors = [door(HTTP | cors | {"routes": {key: "f"}}, name=key) for key in ("GET /a", "PUT /a", "PUT /b")]
    ask = [("Origin", "https://a"), ("Access-Control-Request-Method", "PUT")]

    assert winner(doors, "OPTIONS", "/a", ask) == "PUT /a"
    assert winner(doors[:1], "OPTIONS", "/nowhere", ask) == "GET /a"


def test_the_work_does_not_grow_with_the_number_of_routes(http: Api) -> None:
    """Counted in calls, not timed."""

    def calls(routes: int) -> int:
        api = http(routes={f"GET /r{number}/{{id}}": "f" for number in range(routes)})
        api.call("GET", "/r0/7")
        count = 0

        def profile(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(profile)
        try:
            api.call("GET", f"/r{routes - 1}/7")
        finally:
            sys.setprofile(None)
        return count

    assert calls(1) == calls(300)
