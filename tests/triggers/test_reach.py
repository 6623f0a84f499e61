"""What no request can reach: whatever is said to be unreachable is never chosen, and what people write is found."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.fakes import request
from router.triggers.alb.conditions import compile_conditions
from router.triggers.alb.reach import takes_all, unreached

Findings = list[tuple[tuple[Any, ...], str]]

PATHS = ["/a", "/a/b", "/b", "/", "/a/b.jpg", "/x?"]
HOSTS = ["a.example.com", "b.a.example.com", "example.com", "x"]
QUERIES = ["", "k=v", "k=w&k=v", "K=x", "j=v"]
HEADERS: list[list[tuple[str, str]]] = [[], [("X-Beta", "Yes")], [("x-beta", "no"), ("x-b", "yes")]]
CLIENTS = ["10.0.0.1", "10.1.0.1", "192.0.2.1", "::1"]
LISTS: dict[str, list[str]] = {
    "path": ["*", "/*", "/a*", "/a/*", "/a", "/?", "*.jpg", "/a/b", "/x\\?"],
    "host": ["*", "*.example.com", "A.example.com", "?.example.com", "*.a.example.com"],
    "methods": ["GET", "POST", "PUT"],
    "source_ip": ["10.0.0.0/8", "10.0.0.0/16", "0.0.0.0/0", "::/0", "192.0.2.1/32"],
}
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True) for name, values in LISTS.items()},
        "headers": st.dictionaries(
            st.sampled_from(["x-beta", "X-B"]),
            st.lists(st.sampled_from(["yes", "*", "n?"]), min_size=1, max_size=2),
            min_size=1,
        ),
        "query": st.dictionaries(
            st.sampled_from(["k", "?", "K*"]), st.lists(st.sampled_from(["v", "*", "w"]), min_size=1, max_size=2), min_size=1
        ),
    },
).filter(bool)


def requests() -> list[Any]:
    made = []
    for path, host, query, headers, (method, client) in product(
        PATHS, HOSTS, QUERIES, HEADERS, [("GET", CLIENTS[0]), ("POST", CLIENTS[1]), ("HEAD", CLIENTS[2]), ("GET", CLIENTS[3])]
    ):
        one = request(method, path, headers=[("Host", host), *headers])
        one.query, one.client_ip, one.host = query, client, host
        made.append(one)
    return made


REQUESTS = requests()


@given(st.lists(CONDITIONS, min_size=2, max_size=4))
def test_an_unreachable_rule_is_never_the_first_that_fits(rules: list[dict[str, Any]]) -> None:
    named = {f"r{index}": rule for index, rule in enumerate(rules)}
    dead = dict(unreached(named))
    compiled = {name: compile_conditions(rule) for name, rule in named.items()}
    for one in REQUESTS if dead else ():
        chosen = next((name for name, conditions in compiled.items() if all(clause.holds(one) for clause in conditions)), None)
        assert chosen not in dead
        for name, above in dead.items():
            if all(clause.holds(one) for clause in compiled[name]):
                assert all(clause.holds(one) for clause in compiled[above])
    everything = takes_all(named)
    if everything is not None:
        assert all(clause.holds(one) for clause in compiled[everything] for one in REQUESTS)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"a": {"path": ["/api/*"]}, "b": {"path": ["/api/v1/*"]}}, [("b", "a")]),
        ({"a": {"path": ["/api/*"]}, "b": {"path": ["/api/v1/*", "/x"]}}, []),
        ({"a": {"path": ["/api/*", "/x"]}, "b": {"path": ["/x", "/api/1"]}}, [("b", "a")]),
        ({"a": {"path": ["/api/*"], "methods": ["GET"]}, "b": {"path": ["/api/v1/*"]}}, []),
        ({"a": {"methods": ["GET", "POST"]}, "b": {"path": ["/x"], "methods": ["POST"]}}, [("b", "a")]),
        ({"a": {"host": ["*.Example.com"]}, "b": {"host": ["a.example.COM"], "path": ["/x"]}}, [("b", "a")]),
        (
            {"a": {"source_ip": ["10.0.0.0/8"]}, "b": {"source_ip": ["10.1.0.0/16"]}, "c": {"source_ip": ["10.0.0.0/7"]}},
            [("b", "a")],
        ),
        ({"a": {"headers": {"X-Beta": ["*"]}}, "b": {"headers": {"x-beta": ["yes"], "x-c": ["1"]}}}, [("b", "a")]),
        ({"a": {"headers": {"x-beta": ["yes"]}}, "b": {"path": ["/x"]}}, []),
        ({"a": {"query": {"debug*": ["*"]}}, "b": {"query": {"DEBUG": ["1"]}}}, [("b", "a")]),
        ({"a": {"path": ["/x"]}, "b": {"path": ["/x"]}, "c": {"path": ["/x"]}}, [("b", "a"), ("c", "a")]),
        ({"a": {"source_ip": ["nowhere"]}, "b": {"path": ["/x"]}}, []),
    ],
)
def test_rules_in_an_order_that_leaves_nothing(rules: Any, expected: list[tuple[str, str]]) -> None:
    assert [*unreached(rules)] == expected


def test_many_rules_are_compared_with_few() -> None:
    """By what they begin and end with; more than so many are not compared at all."""
    rules: dict[str, Any] = {f"service-{number}": {"path": [f"/service-{number}/*"]} for number in range(1000)}
    assert [*unreached({**rules, "late": {"path": ["/service-7/orders"]}})] == [("late", "service-7")]
    same_ends = {f"rule-{number}": {"path": ["/a*z"], "methods": [f"M{number}"]} for number in range(201)}
    assert [*unreached({**same_ends, "late": {"path": ["/abz"], "methods": ["M199"]}})] == [("late", "rule-199")]
    assert [*unreached({**same_ends, "late": {"path": ["/abz"], "methods": ["M200"]}})] == []


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        (["ANY /x", "GET /x"], []),
        (
            [
                "ANY /x/{id}",
                *(f"{method} /x/{{key}}" for method in ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS")),
            ],
            [(("routes", "ANY /x/{id}"), "unreachable")],
        ),
        (["ANY /{proxy+}", "ANY /", "$default"], [(("routes", "$default"), "idle-default")]),
        (["ANY /{proxy+}", "$default"], []),
        (["ANY /{proxy+}", "GET /", "$default"], []),
        (["ANY /{proxy}", "ANY /", "$default"], []),
    ],
)
def test_routes_that_are_left_nothing(
    findings: Callable[[dict[str, Any]], Findings], routes: list[str], expected: Findings
) -> None:
    settings = {"type": "api_gateway", "api": "http", "routes": dict.fromkeys(routes, "f")}
    assert findings(settings) == expected


def test_a_default_action_behind_a_rule_for_everything(findings: Callable[[dict[str, Any]], Findings]) -> None:
    settings = {"type": "alb", "rules": {"all": {"path": "/*", "function": "f"}}, "default": {"status": 404}}
    assert findings(settings) == [(("default",), "idle-default")]
    settings = {"type": "alb", "rules": {"a": {"path": "/a*", "status": 200}, "b": {"path": "/ab", "function": "f"}}}
    assert findings(settings) == [(("rules", "b"), "unreachable")]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["/images/*", "images/*.jpg", "*"], ["images/*.jpg"]),
        (["/images/*.jpg", "/images/*", "*"], []),
        (["*.jpg", "/a/*.jpg", "/?.jpg", "*"], ["/a/*.jpg", "/?.jpg"]),
        (["/a?c", "/abc"], ["/abc"]),
        (["/*", "/a", "*"], ["/a", "*"]),
    ],
)
def test_behaviors_in_an_order_that_leaves_nothing(
    findings: Callable[[dict[str, Any]], Findings], patterns: list[str], expected: list[str]
) -> None:
    settings = {
        "type": "lambda_edge",
        "behaviors": {each: {"origin": {"url": "http://origin.internal:8000"}} for each in patterns},
    }
    assert findings(settings) == [(("behaviors", each), "unreachable") for each in expected]
