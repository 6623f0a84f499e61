"""Listener rules of a load balancer: which one wins, what redirects say, and what a file may not say (sync.md §8.4)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router.config import load
from router.fakes import FakeFiles, request
from router.files import LocalFiles
from router.model import Headers, Reply, Target

Door = Callable[..., Any]
Findings = Callable[[dict[str, Any]], list[tuple[tuple[Any, ...], str]]]


def winner(door: Door, rules: dict[str, Any], method: str, url: str, headers: Headers | None = None, **fields: Any) -> str:
    """The name of the rule that a request gets to; each answers with a status of its own."""
    numbered = {name: {**rule, "status": 400 + number, "body": name} for number, (name, rule) in enumerate(rules.items())}
    reply = door({"type": "alb", "rules": numbered, "default": {"status": 200, "body": "default"}}).call(
        method, url, headers or [("Host", "h")], **fields
    )
    body: str = reply.body.decode()
    return body


CONDITIONS: list[tuple[dict[str, Any], str, str, Headers, bool]] = [
    ({"path": "/a"}, "GET", "/a", [], True),
    ({"path": "/a"}, "GET", "/a?x=1", [], True),
    ({"path": "/a"}, "GET", "/A", [], False),
    ({"path": "/a"}, "GET", "/a/", [], False),
    ({"path": ["/b", "/a*"]}, "GET", "/a/b/c", [], True),
    ({"path": "/a?"}, "GET", "/a/", [], True),
    ({"path": "/a?"}, "GET", "/a", [], False),
    ({"path": "/a%20b"}, "GET", "/a%20b", [], True),
    ({"path": "/a b"}, "GET", "/a%20b", [], False),
    ({"host": "shop.example.com"}, "GET", "/", [("Host", "SHOP.example.com:8080")], True),
    ({"host": "Shop.Example.com"}, "GET", "/", [("Host", "shop.example.com")], True),
    ({"host": "*.example.com"}, "GET", "/", [("Host", "a.b.example.com")], True),
    ({"host": "*.example.com"}, "GET", "/", [("Host", "example.com")], False),
    ({"methods": ["PUT", "GET"]}, "GET", "/", [], True),
    ({"methods": "POST"}, "POST", "/", [], True),
    ({"methods": "POST"}, "GET", "/", [], False),
    ({"headers": {"X-Beta": "yes"}}, "GET", "/", [("x-beta", "YES")], True),
    ({"headers": {"x-beta": "yes"}}, "GET", "/", [("X-BETA", "no"), ("x-Beta", "yes")], True),
    ({"headers": {"x-beta": "yes"}}, "GET", "/", [("x-beta", "yes, no")], False),
    ({"headers": {"x-beta": "yes"}}, "GET", "/", [], False),
    ({"headers": {"user-agent": ["*chrome*", "*safari*"]}}, "GET", "/", [("User-Agent", "Mobile SAFARI/1")], True),
    ({"headers": {"x": r"\*"}}, "GET", "/", [("x", "*")], True),
    ({"headers": {"x": r"\*"}}, "GET", "/", [("x", "y")], False),
    ({"headers": {"x": "1", "y": "2"}}, "GET", "/", [("x", "1")], False),
    ({"headers": {"x": "1", "y": "2"}}, "GET", "/", [("x", "1"), ("y", "2")], True),
    ({"query": {"debug": "1"}}, "GET", "/?a=b&DEBUG=1", [], True),
    ({"query": {"debug": "1"}}, "GET", "/?debug=11", [], False),
    ({"query": {"debug": "1"}}, "GET", "/?debug=2&debug=1", [], True),
    ({"query": {"q": "a%20*"}}, "GET", "/?q=A%20b", [], True),
    ({"query": {"q": "a b"}}, "GET", "/?q=a%20b", [], False),
    ({"query": {"*": "x"}}, "GET", "/?anything=x", [], True),
    ({"query": {"a": "?*", "b": "*"}}, "GET", "/?a=1", [], False),
    ({"query": {"a": "?*", "b": "*"}}, "GET", "/?a=1&b", [], True),
    ({"source_ip": "203.0.113.0/24"}, "GET", "/", [], True),
    ({"source_ip": ["10.0.0.0/8", "203.0.113.7/32"]}, "GET", "/", [], True),
    ({"source_ip": "10.0.0.0/8"}, "GET", "/", [("X-Forwarded-For", "10.0.0.1")], False),
    ({"path": "/a", "methods": "GET", "query": {"x": "1"}}, "GET", "/a?x=1", [], True),
    ({"path": "/a", "methods": "GET", "query": {"x": "1"}}, "GET", "/a?x=2", [], False),
    ({"path": "/a", "methods": "POST", "query": {"x": "1"}}, "GET", "/a?x=1", [], False),
]


@pytest.mark.parametrize(("rule", "method", "url", "headers", "fits"), CONDITIONS)
def test_conditions(door: Door, rule: dict[str, Any], method: str, url: str, headers: Headers, fits: bool) -> None:
    assert winner(door, {"it": rule}, method, url, headers or None) == ("it" if fits else "default")


def test_the_first_rule_that_fits_wins(door: Door) -> None:
    rules = {"b": {"path": "/a/b"}, "post": {"path": "/a/*", "methods": "POST"}, "a": {"path": "/a/*"}, "late": {"path": "*b"}}

    asked = [("GET", "/a/b"), ("POST", "/a/b"), ("POST", "/a/c"), ("GET", "/a/c"), ("GET", "/b"), ("GET", "/")]
    assert [winner(door, rules, *each) for each in asked] == ["b", "b", "post", "a", "late", "default"]


def test_the_address_is_the_one_that_trusted_proxies_report(door: Door) -> None:
    rules = {"inside": {"source_ip": "10.0.0.0/8"}}

    assert winner(door, rules, "GET", "/", peer="203.0.113.7", client_ip="10.0.0.1") == "inside"
    assert winner(door, rules, "GET", "/", peer="10.0.0.1", client_ip="203.0.113.7") == "default"


def test_long_patterns_cost_no_time(door: Door) -> None:
    """AWS's longest pattern, full of stars, against the longest path and a long header."""
    stars = "*a" * 63 + "*b"
    rules = {"path": {"path": stars}, "header": {"headers": {"x": stars}}, "query": {"query": {stars: stars}}}

    assert winner(door, rules, "GET", "/" + "a" * 8000 + "?" + "a" * 8000, [("x", "a" * 16_000)]) == "default"


def test_weights_split_between_qualifiers(door: Door) -> None:
    rules = {"all": {"path": "/app/*", "function": "web", "weights": {"blue": 90, "green": 10}}}
    trigger = door({"type": "alb", "rules": rules, "default": "web:live"})

    trigger.call("GET", "/app/x")
    trigger.call("GET", "/")

    targets: list[Target] = [step.target for step in trigger.invoked]
    assert [(target.function.name, target.qualifier, target.weights) for target in targets] == [
        ("web", None, (("blue", 90), ("green", 10))),
        ("web", "live", ()),
    ]


# --- redirects and fixed responses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("redirect", "url", "status", "location"),
    [
        ({"protocol": "HTTPS", "port": "443"}, "/a/b?x=1", 301, "https://h.example:443/a/b?x=1"),
        ({"path": "/new", "status": 302}, "/a?x=1", 302, "http://h.example:8080/new?x=1"),
        ({"path": "/new/#{path}", "query": ""}, "/a/b?x=1", 301, "http://h.example:8080/new/a/b"),
        ({"host": "www.#{host}"}, "/", 301, "http://www.h.example:8080/"),
        ({"host": "other"}, "/a%20b", 301, "http://other:8080/a%20b"),
        (
            {"path": "/#{protocol}/#{host}/#{port}/#{path}/#{unknown}", "query": "q=#{query}"},
            "/a?x=#{host}",
            301,
            "http://h.example:8080/http/h.example/8080/a/#{unknown}?q=x=#{host}",
        ),
    ],
)
def test_redirects(door: Door, redirect: dict[str, Any], url: str, status: int, location: str) -> None:
    title = {301: "301 Moved Permanently", 302: "302 Found"}[status]
    head, heading = f"<head><title>{title}</title></head>", f"<center><h1>{title}</h1></center>"
    body = f"<html>\r\n{head}\r\n<body>\r\n{heading}\r\n</body>\r\n</html>\r\n"
    trigger = door({"type": "alb", "default": {"redirect": redirect}})

    reply = trigger.send(request("GET", url, [("Host", "H.example:1")]))

    headers = [("Server", "awselb/2.0"), ("Content-Type", "text/html"), ("Location", location)]
    assert reply == Reply(status, headers, body.encode())


@pytest.mark.parametrize(
    ("action", "content_type", "body"),
    [
        ({"status": 404}, "text/plain; charset=utf-8", b""),
        ({"status": 200, "body": "é"}, "text/plain; charset=utf-8", "é".encode()),
        ({"status": 503, "content_type": "text/html", "body": "<p>"}, "text/html; charset=utf-8", b"<p>"),
    ],
)
def test_fixed_responses(door: Door, action: dict[str, Any], content_type: str, body: bytes) -> None:
    reply = door({"type": "alb", "default": action}).call("POST", "/", body=b"ignored")

    assert reply == Reply(action["status"], [("Server", "awselb/2.0"), ("Content-Type", content_type)], body)


# --- findings --------------------------------------------------------------------------------------------------------

RULE = {"path": "/a"}


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"default": "web"}, []),
        ({"rules": {"a": {**RULE, "function": "web"}}}, []),
        ({}, [((), "no-action")]),
        ({"rules": {"a": RULE}}, [(("rules", "a"), "one-action")]),
        ({"rules": {"a": {"function": "web"}}}, [(("rules", "a"), "no-condition")]),
        ({"default": {"function": "web", "status": 404}}, [(("default", "status"), "one-action")]),
        ({"default": {"redirect": {"path": "/b"}, "body": "x"}}, [(("default", "body"), "without-effect")]),
        ({"default": {"status": 404, "weights": {"a": 1}}}, [(("default", "weights"), "without-effect")]),
        (
            {"default": {"status": 404, "multi_value_headers": False}},
            [(("default", "multi_value_headers"), "without-effect")],
        ),
        ({"default": {"status": 302}}, [(("default", "status"), "bad-status")]),
        ({"default": {"redirect": {"status": 302}}}, [(("default", "redirect"), "redirect-loop")]),
        ({"default": {"redirect": {"query": "x=1"}}}, [(("default", "redirect"), "redirect-loop")]),
        ({"default": {"redirect": {"port": "65536"}}}, [(("default", "redirect", "port"), "bad-port")]),
        (
            {"rules": {"a": {"source_ip": "10.0.0.1/8", "function": "web"}}},
            [(("rules", "a", "source_ip", 0), "bad-network")],
        ),
        (
            {"default": {"function": "web", "auth": {"source_ip": "no"}}},
            [(("default", "auth", 0, "source_ip", 0), "bad-network")],
        ),
        ({"default": "web", "auth": {"source_ip": "no"}}, [(("auth", 0, "source_ip", 0), "bad-network")]),
        ({"default": {"status": 404}, "health_check": {"path": "/"}}, [(("health_check",), "without-effect")]),
        (
            {"default": "web", "health_check": {"interval": "4s", "timeout": "2s"}},
            [(("health_check", "interval"), "bad-interval")],
        ),
        ({"default": "web", "health_check": {"timeout": "1s"}}, [(("health_check", "timeout"), "bad-timeout")]),
        ({"default": "web", "health_check": {"interval": "30s"}}, [(("health_check", "timeout"), "bad-timeout")]),
        ({"default": "web", "health_check": {"matcher": "299-200"}}, [(("health_check", "matcher"), "bad-matcher")]),
        ({"default": "web", "health_check": {"matcher": "200-499"}}, []),
    ],
)
def test_findings(findings: Findings, settings: dict[str, Any], found: list[tuple[tuple[Any, ...], str]]) -> None:
    assert findings({"type": "alb", **settings}) == found


FILE = """version: 1
functions:
  web: arn:aws:lambda:eu-west-1:111122223333:function:web
triggers:
  balancer:
    type: alb
    invocation: sync
    default: web
"""


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("rules: {a: {path: [], function: web}}", "too-few", "this list has fewer than 1 items"),
        (f"rules: {{a: {{path: /{'x' * 128}, function: web}}}}", "too-long", f"`/{'x' * 56}…` is too long; the most is 128"),
        ("rules: {a: {paths: /a, function: web}}", "unknown-key", "the key `paths` is not known here"),
        ("rules: {a: {methods: get, function: web}}", "wrong-form", "`get` is not a valid method"),
        ("rules: {a: {path: /a, function: wbe}}", "unknown-function", "there is no function `wbe`"),
        ("x_forwarded_for: drop", "unknown-value", "`drop` is not `append`, `preserve` or `remove`"),
        ("health_check: {matcher: 5xx}", "wrong-form", "`5xx` is not a valid matcher"),
    ],
)
def test_findings_of_the_schema(line: str, code: str, message: str) -> None:
    result = load(["/router.yaml"], files=FakeFiles({"/router.yaml": f"{FILE}    {line}\n"}), env={})

    assert [(problem.code, problem.message) for problem in result.problems] == [(code, message)]
    assert result.config is None


def test_scalars_are_read_as_text() -> None:
    rule = "{headers: {x-on: yes}, query: {debug: 1}, source_ip: 10.0.0.0/8, redirect: {port: 8443, status: 302}}"
    result = load(["/router.yaml"], files=FakeFiles({"/router.yaml": f"{FILE}    rules: {{a: {rule}}}\n"}), env={})

    assert result.problems == []
    assert result.config is not None
    settings = result.config.raw["triggers"]["balancer"]["rules"]["a"]
    assert (settings["headers"], settings["query"]) == ({"x-on": ["yes"]}, {"debug": ["1"]})
    assert settings["redirect"]["port"] == "8443"


def test_the_example_is_right(root: Path) -> None:
    result = load([str(root / "configs" / "examples" / "alb.yaml")], files=LocalFiles(), env={})

    assert result.problems == []
    assert result.config is not None
    assert [trigger.type.name for trigger in result.config.triggers] == ["alb"]
