"""The index of listener rules: it finds every rule that fits, and few besides, however many there are."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router.fakes import request
from router.model import Request
from router.triggers.alb.conditions import compile_conditions
from router.triggers.alb.index import RuleIndex

PATTERNS = st.sampled_from(["/a", "/a*", "*b", "/?", "*", "/A", "/a/*/b", "/a\\\\*", "b?*", "*\\\\?"])
VALUES = st.lists(PATTERNS, min_size=1, max_size=2)
NAMED = st.dictionaries(st.sampled_from(["x", "X-Y", "x*"]), VALUES, min_size=1, max_size=2)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "path": VALUES,
        "host": st.lists(st.sampled_from(["h", "*.h", "H", "a.h"]), min_size=1, max_size=2),
        "headers": NAMED,
        "query": NAMED,
        "methods": st.just(["GET"]),
    },
)
TEXTS = st.sampled_from(["/a", "/ab", "/b", "/a/x/b", "b", "bc", "/A", "/a*", "?", ""])


@st.composite
def requests(draw: st.DrawFn) -> Request:
    host = draw(st.sampled_from(["h", "a.h", "A.H", "x"]))
    headers = [("Host", host), *((name, draw(TEXTS)) for name in draw(st.lists(st.sampled_from(["X", "x-y", "xz"]))))]
    query = "&".join(f"{name}={draw(TEXTS)}" for name in draw(st.lists(st.sampled_from(["x", "X-y", "xz"]))))
    return request(draw(st.sampled_from(["GET", "POST"])), draw(TEXTS.filter(bool)) + (f"?{query}" if query else ""), headers)


@given(st.lists(RULES, max_size=6), requests())
def test_no_rule_that_fits_is_missed(rules: list[dict[str, Any]], sent: Request) -> None:
    fitting = [number for number, rule in enumerate(rules) if all(clause.holds(sent) for clause in compile_conditions(rule))]
    candidates = [*RuleIndex(rules).candidates(sent)]
    assert candidates == sorted(candidates)
    assert set(fitting) <= set(candidates)


def test_a_request_looks_at_few_rules_however_many_there_are() -> None:
    rules = [
        *({"path": [f"/service-{number}/*"], "methods": ["GET"]} for number in range(2000)),
        *({"host": [f"shop-{number}.example.com"], "path": ["/*"]} for number in range(2000)),
        *({"headers": {"x-tenant": [f"t{number}"]}, "path": ["/*"]} for number in range(2000)),
        *({"query": {"version": [f"{number}"]}, "path": ["/*"]} for number in range(2000)),
        {"source_ip": ["10.0.0.0/8"]},
    ]
    headers = [("Host", "shop-7.example.com"), ("X-Tenant", "T9")]
    found = RuleIndex(rules).candidates(request("GET", "/service-3/x?version=5", headers))
    assert [*found] == [3, 2007, 4009, 6005, 8000]
