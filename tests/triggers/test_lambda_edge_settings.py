"""What the file may say of a `lambda_edge` trigger: its rules, each with place and code, and what is built from it."""

from collections.abc import Callable
from typing import Any

import pytest

from router.config.load import Loaded, load
from router.fakes import FakeFiles, FakeStream
from router.files import LocalFiles
from router.model import OriginResponse, SiteClaim
from router.triggers import TYPES

Findings = Callable[[dict[str, Any]], list[tuple[tuple[Any, ...], str]]]
ORIGIN = "http://o.example.com"


def edge(behavior: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    return {"type": "lambda_edge", "behaviors": {"*": {"origin": ORIGIN, **(behavior or {})}}, **settings}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (edge(), []),
        (edge({"viewer_request": "f:1", "viewer_response": {"function": "f:20"}}), []),
        (edge({"viewer_request": "f"}), [(("behaviors", "*", "viewer_request", "function"), "unnumbered-version")]),
        (edge({"origin_request": "f:live"}), [(("behaviors", "*", "origin_request", "function"), "unnumbered-version")]),
        (edge({"origin_response": "f:$LATEST"}), [(("behaviors", "*", "origin_response", "function"), "unnumbered-version")]),
        (
            edge({"viewer_response": "arn:aws:lambda:us-east-1:111122223333:function:f"}),
            [(("behaviors", "*", "viewer_response", "function"), "unnumbered-version")],
        ),
        (edge({"viewer_response": "arn:aws:lambda:us-east-1:111122223333:function:f:7"}), []),
        (
            {"type": "lambda_edge", "behaviors": {"*": {"origin": ORIGIN}, "/a": {"origin": ORIGIN}}},
            [(("behaviors", "/a"), "unreachable")],
        ),
        (
            {"type": "lambda_edge", "behaviors": {"/*": {"origin": ORIGIN}, "*": {"origin": ORIGIN}}},
            [(("behaviors", "*"), "unreachable")],
        ),
        (
            {"type": "lambda_edge", "behaviors": {"a/*": {"origin": ORIGIN}, "/a/*": {"origin": ORIGIN}}},
            [(("behaviors", "/a/*"), "same-pattern")],
        ),
        ({"type": "lambda_edge", "behaviors": {"a/*": {"origin": ORIGIN}, "*": {"origin": ORIGIN}}}, []),
        (edge({"origin": "ftp://o"}), [(("behaviors", "*", "origin", "url"), "bad-origin")]),
        (edge({"origin": "o.example.com"}), [(("behaviors", "*", "origin", "url"), "bad-origin")]),
        (edge({"origin": "http://u:p@o"}), [(("behaviors", "*", "origin", "url"), "bad-origin")]),
        (edge({"origin": "http://o?x"}), [(("behaviors", "*", "origin", "url"), "bad-origin")]),
        (edge({"origin": "http://[::1]:8000"}), [(("behaviors", "*", "origin", "url"), "bad-origin")]),
        (edge({"origin": "http://o:22"}), [(("behaviors", "*", "origin", "url"), "bad-origin")]),
        (edge({"origin": "http://o:99999"}), [(("behaviors", "*", "origin", "url"), "bad-origin")]),
        (edge({"origin": f"http://o/{'x' * 255}"}), [(("behaviors", "*", "origin", "url"), "bad-origin")]),
        (edge({"origin": f"http://{'x' * 254}"}), [(("behaviors", "*", "origin", "url"), "bad-origin")]),
        (edge({"origin": {"url": f"http://{'x' * 129}", "type": "s3"}}), [(("behaviors", "*", "origin", "url"), "bad-origin")]),
        (edge({"origin": "http://127.0.0.1:8000/site/"}), []),
        (
            edge({"origin": {"url": ORIGIN, "read_timeout": "121s"}}),
            [(("behaviors", "*", "origin", "read_timeout"), "bad-timeout")],
        ),
        (
            edge({"origin": {"url": ORIGIN, "read_timeout": "1500ms"}}),
            [(("behaviors", "*", "origin", "read_timeout"), "bad-timeout")],
        ),
        (
            edge({"origin": {"url": ORIGIN, "keepalive_timeout": "0s"}}),
            [(("behaviors", "*", "origin", "keepalive_timeout"), "bad-timeout")],
        ),
        (
            edge({"origin": {"url": ORIGIN, "connection_timeout": "11s"}}),
            [(("behaviors", "*", "origin", "connection_timeout"), "bad-timeout")],
        ),
        (
            edge({"origin": {"url": ORIGIN, "response_completion_timeout": "29s"}}),
            [(("behaviors", "*", "origin", "response_completion_timeout"), "bad-timeout")],
        ),
        (
            edge({"origin": {"url": ORIGIN, "region": "eu-west-1"}}),
            [(("behaviors", "*", "origin", "region"), "without-effect")],
        ),
        (edge({"origin": {"url": ORIGIN, "ca": "ca.pem"}}), [(("behaviors", "*", "origin", "ca"), "without-effect")]),
        (
            edge({"origin": {"url": ORIGIN, "custom_headers": {"Via": "x"}}}),
            [(("behaviors", "*", "origin", "custom_headers", "Via"), "bad-header")],
        ),
        (
            edge({"origin": {"url": ORIGIN, "custom_headers": {"x-a": "1", "X-A": "2"}}}),
            [(("behaviors", "*", "origin", "custom_headers", "X-A"), "bad-header")],
        ),
        (edge({"allowed_origins": "http://p"}), [(("behaviors", "*", "allowed_origins"), "without-effect")]),
        (
            edge({"allowed_origins": [f"{ORIGIN}/x"], "origin_request": "f:1"}),
            [(("behaviors", "*", "allowed_origins", 0, "url"), "same-origin")],
        ),
        (
            edge({"allowed_origins": ["http://p", "x"], "origin_request": "f:1"}),
            [(("behaviors", "*", "allowed_origins", 1, "url"), "bad-origin")],
        ),
        (edge(timeouts={"viewer": "31s"}), [(("timeouts", "viewer"), "bad-timeout")]),
        (edge(timeouts={"origin": "0s"}), [(("timeouts", "origin"), "bad-timeout")]),
        (edge(limits={"origin": {"include_body": "5MiB"}}), [(("limits", "origin", "include_body"), "bad-limit")]),
        (edge(auth={"source_ip": ["nowhere"]}), [(("auth", 0, "source_ip", 0), "bad-network")]),
    ],
)
def test_rules(findings: Findings, settings: dict[str, Any], expected: list[tuple[tuple[Any, ...], str]]) -> None:
    assert findings(settings) == expected


HEAD = """version: 1
functions:
  auth: arn:aws:lambda:us-east-1:111122223333:function:auth
triggers:
  www:
    type: lambda_edge
    invocation: sync
    auth: none
    behaviors:
      "*":
        origin: http://o.example.com
"""


def loaded(text: str) -> Loaded:
    return load(["router.yaml"], files=FakeFiles({"router.yaml": HEAD + text}), env={})


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("        viewer_request: auth\n", "router.yaml:12:25", "numbered version"),
        ("        viewer_request: {function: auth, include_body: true}\n", "router.yaml:12:36", "numbered version"),
        ("        viewer_response: {function: 'auth:1', include_body: true}\n", "router.yaml:12:47", "include_body"),
        ("        cache_policy: none\n", "router.yaml:12:9", "cache_policy"),
        ("        cloudfront_headers: CloudFront-Viewer-Country\n", "router.yaml:12:29", "CloudFront-Viewer-Country"),
        ("        viewer_request: nobody:1\n", "router.yaml:12:25", "there is no function `nobody`"),
    ],
)
def test_findings_stand_where_the_fault_is(text: str, place: str, words: str) -> None:
    problems = [problem for problem in loaded(text).problems if problem.severity == "error"]
    found = [(f"{problem.span.file}:{problem.span.line}:{problem.span.column}", problem.message) for problem in problems]
    assert [(where, words in message) for where, message in found] == [(place, True)]


@pytest.mark.parametrize(
    ("function", "regions"),
    [
        ("auth:1", []),
        ("third", []),
        ("arn:aws:lambda:us-east-1:111122223333:function:f:7", []),
        ("far:1", ["eu-west-1"]),
        ("arn:aws:lambda:eu-west-1:111122223333:function:f:7", ["eu-west-1"]),
        ("here:1", []),
    ],
)
def test_functions_that_cloudfront_could_not_use(function: str, regions: list[str]) -> None:
    more = """  far: arn:aws:lambda:eu-west-1:111122223333:function:far
  third: arn:aws:lambda:us-east-1:111122223333:function:third:3
  here: {local: {runtime: python, handler: a.b, code: .}}
triggers:"""
    text = HEAD.replace("triggers:", more)
    stage = f"        viewer_response: {function}\n"
    found = load(["router.yaml"], files=FakeFiles({"router.yaml": text + stage, "a.py": ""}), env={})
    warned = [problem for problem in found.problems if problem.code == "edge-region"]
    expected = [f"CloudFront takes functions of us-east-1 only; the router calls this one in {region}" for region in regions]
    assert [(problem.message, problem.severity.value, problem.span.line) for problem in warned] == [
        (message, "warning", 15) for message in expected
    ]
    assert [problem for problem in found.problems if problem.severity == "error"] == []


def test_what_is_not_known_is_not_complained_about() -> None:
    text = "        allowed_origins: ['${EU}', '${US}']\n        origin_request: '${FUNCTION}'\n"
    found = load(["router.yaml"], files=FakeFiles({"router.yaml": HEAD + text}), env={}, require_env=False)
    assert [problem for problem in found.problems if problem.severity == "error"] == []


def test_the_example_is_right(root: Any) -> None:
    found = load([str(root / "configs" / "examples" / "lambda_edge.yaml")], files=LocalFiles(), env={})
    assert found.problems == []
    assert found.config is not None
    (www,) = found.config.triggers
    assert (www.claims, www.built.distribution_id) == ((SiteClaim(None),), "EDFDVBD6EXAMPLE")


def test_limits_and_timeouts_are_settings(door: Callable[..., Any]) -> None:
    made = door(edge({"viewer_request": "f:1"}, limits={"viewer": {"generated_response": "10B"}}, timeouts={"viewer": "2s"}))
    made.origin = OriginResponse(200, "OK", [], FakeStream())
    reply = made.call("GET", "/")
    assert made.invoked[0].timeout == 2.0
    assert reply.status == 502


def test_hosts_are_owned_whole() -> None:
    assert TYPES["lambda_edge"].claims({"hosts": ["WWW.example.com", "*.a.com"]}) == (
        SiteClaim("www.example.com"),
        SiteClaim("*.a.com"),
    )


def test_ids_are_derived_from_the_name(door: Callable[..., Any]) -> None:
    one, same, other = (door(edge(), name=name).built for name in ("www", "www", "shop"))
    assert (one.domain_name, one.distribution_id, one.via) == (same.domain_name, same.distribution_id, same.via)
    assert other.domain_name != one.domain_name
    assert (len(one.domain_name), len(one.distribution_id)) == (len("d111111abcdef8.cloudfront.net"), 14)
