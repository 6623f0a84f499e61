"""CORS rules: whom they allow, and which headers they add (semantics/sync.md §4.8, §7.4)."""

from typing import Any

import pytest

from router.fakes import request
from router.policies.cors import Cors, check_cors, compile_cors, is_preflight, preflight_headers, response_headers


def compiled(**settings: Any) -> Cors:
    cors = compile_cors(settings)
    assert cors is not None
    return cors


@pytest.mark.parametrize(
    ("allowed", "origin", "answer"),
    [
        (["*"], "https://a.example.com", "*"),
        (["*"], "null", "*"),
        (["https://a.example.com"], "https://a.example.com", "https://a.example.com"),
        (["https://A.example.com"], "https://a.EXAMPLE.com", "https://a.EXAMPLE.com"),
        (["https://a.example.com"], "https://a.example.com:8443", None),
        (["https://a.example.com"], "http://a.example.com", None),
        (["https://a.example.com"], "https://a.example.com.evil.com", None),
        (["https://*"], "https://a.example.com", "https://a.example.com"),
        (["https://*"], "http://a.example.com", None),
        (["http://*", "https://b"], "http://a", "http://a"),
        (["http://*", "https://b"], "https://b", "https://b"),
        (["https://a"], None, None),
        (["https://a"], "null", None),
    ],
)
def test_origins(allowed: list[str], origin: str | None, answer: str | None) -> None:
    asked = request("GET", "/", [("Origin", origin)] if origin else [])

    assert response_headers(compiled(allow_origins=allowed), asked) == (
        [("access-control-allow-origin", answer)] if answer else []
    )


def test_headers() -> None:
    cors = compiled(
        allow_origins=["https://a"],
        allow_methods=["GET", "PUT"],
        allow_headers=["x-a", "x-b"],
        expose_headers=["x-c", "x-d"],
        max_age=3600.0,
        allow_credentials=True,
    )
    asked = request("OPTIONS", "/", [("origin", "https://a"), ("access-control-request-method", "PUT")])
    common = [("access-control-allow-origin", "https://a"), ("access-control-allow-credentials", "true")]

    assert preflight_headers(cors, asked) == [
        *common,
        ("access-control-allow-methods", "GET,PUT"),
        ("access-control-allow-headers", "x-a,x-b"),
        ("access-control-max-age", "3600"),
    ]
    assert response_headers(cors, asked) == [*common, ("access-control-expose-headers", "x-c,x-d")]


@pytest.mark.parametrize(
    ("method", "headers", "answer"),
    [
        ("OPTIONS", [("Origin", "https://a"), ("Access-Control-Request-Method", "PUT")], True),
        ("OPTIONS", [("Origin", "https://a")], False),
        ("OPTIONS", [("Access-Control-Request-Method", "PUT")], False),
        ("GET", [("Origin", "https://a"), ("Access-Control-Request-Method", "PUT")], False),
    ],
)
def test_what_a_preflight_is(method: str, headers: list[tuple[str, str]], answer: bool) -> None:
    assert is_preflight(request(method, "/", headers)) is answer


def test_no_cors_block_is_no_cors() -> None:
    assert compile_cors(None) is None


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"allow_origins": ["*"], "max_age": 86_400.0}, []),
        ({"allow_origins": ["*"], "max_age": 86_401.0}, [("cors", "max_age")]),
        ({"allow_origins": ["*"], "max_age": 0.5}, [("cors", "max_age")]),
        ({"allow_origins": ["*"], "allow_credentials": True}, [("cors", "allow_credentials")]),
        ({"allow_origins": ["*"], "allow_credentials": False}, []),
        ({"allow_origins": ["https://*"], "allow_credentials": True}, []),
    ],
)
def test_findings(settings: dict[str, Any], found: list[object]) -> None:
    paths: list[object] = []

    check_cors(settings, lambda path, *_, **__: paths.append(path))

    assert paths == found
