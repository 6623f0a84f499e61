"""Routing: its order by example, its whole behaviour against a naive reference, its cost against the number of triggers."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.errors import StartError
from router.fakes import request, trigger
from router.model import ApiClaim, Claim, Conversation, PathClaim, Reply, Request, SiteClaim, Trigger
from router.routing import Miss, Table, compile_tables, describe

LAMBDA = ApiClaim("lambda", ("/2015-03-31/functions",))
EVENTS = ApiClaim("events", target_prefix="AWSEvents.")


def nothing(request: Request, built: Any) -> Conversation:
    return Reply(204, [])
    yield


def owner(name: str, *claims: Claim, rank: int | None = None, listener: str = "main") -> Trigger:
    """A trigger with these claims; with a rank, its type can share them."""
    made = trigger(name, nothing, claims)
    made.listener = listener
    if rank is not None:
        made.type = replace(made.type, rank=lambda built, request: rank)
    return made


def get(host: str, path: str, target: str | None = None) -> Request:
    headers = [("Host", host)] + ([("X-Amz-Target", target)] if target is not None else [])
    return request("GET", path, headers)


def owner_of(triggers: Sequence[Trigger], asked: Request) -> str | None:
    found = compile_tables(triggers)["main"].match(asked)
    return found.name if found is not None else None


ORDER = [
    owner("anywhere", SiteClaim(None)),
    owner("anywhere /v1", SiteClaim(None, "/v1")),
    owner("all of example.com", SiteClaim("*.example.com")),
    owner("all of shop", SiteClaim("*.shop.example.com", "/v1")),
    owner("shop", SiteClaim("Shop.example.com", "/v1"), SiteClaim("shop.example.com", "/v1/admin")),
    owner("events", EVENTS),
    owner("lambda", LAMBDA),
    owner("hook", PathClaim("/hooks/sns")),
]


@pytest.mark.parametrize(
    ("host", "path", "target", "expected"),
    [
        ("shop.example.com", "/hooks/sns", "AWSEvents.PutEvents", "hook"),
        ("shop.example.com", "/hooks/sns/", None, "all of example.com"),
        ("shop.example.com", "/2015-03-31/functions/a/invocations", "AWSEvents.PutEvents", "lambda"),
        ("shop.example.com", "/2015-03-31/functions", None, "lambda"),
        ("shop.example.com", "/2015-03-31/functionsx", None, "all of example.com"),
        ("shop.example.com", "/v1/x", "AWSEvents.PutEvents", "events"),
        ("shop.example.com", "/v1/x", "AWSEventsX.PutEvents", "shop"),
        ("shop.example.com", "/v1", None, "shop"),
        ("shop.example.com", "/v1/admin/x", None, "shop"),
        ("SHOP.example.com:8443", "/v1/", None, "shop"),
        ("shop.example.com", "/v10", None, "all of example.com"),
        ("shop.example.com", "/%761", None, "all of example.com"),
        ("a.shop.example.com", "/v1/x", None, "all of shop"),
        ("b.a.shop.example.com", "/v1/x", None, "all of shop"),
        ("a.shop.example.com", "/v2", None, "all of example.com"),
        ("example.com", "/", None, "anywhere"),
        (".example.com", "/", None, "anywhere"),
        ("example.com", "/v1/x", None, "anywhere /v1"),
        ("example.com", "//v1", None, "anywhere"),
        ("", "*", None, "anywhere"),
        ("[::1]:8080", "/v1", None, "anywhere /v1"),
    ],
)
def test_order(host: str, path: str, target: str | None, expected: str) -> None:
    assert owner_of(ORDER, get(host, path, target)) == expected
    assert owner_of([*reversed(ORDER)], get(host, path, target)) == expected


def test_what_nobody_claims_has_no_owner() -> None:
    assert owner_of([owner("shop", SiteClaim("shop.example.com", "/v1"))], get("shop.example.com", "/v2")) is None
    assert Table.empty().match(get("shop.example.com", "/")) is None


def test_listeners_have_tables_of_their_own() -> None:
    tables = compile_tables(
        [owner("a", SiteClaim(None)), owner("b", SiteClaim(None), listener="public"), owner("c", LAMBDA)],
    )
    found = {listener: table.match(get("h", "/")) for listener, table in tables.items()}
    assert {listener: trigger and trigger.name for listener, trigger in found.items()} == {"main": "a", "public": "b"}


@pytest.mark.parametrize(
    ("ranks", "expected"), [((0, 0), "0"), ((0, 1), "1"), ((2, 1), "0"), ((1, 1), "0"), ((1, 2, 2), "1"), ((0, 3, 4), "2")]
)
def test_sharers_of_a_claim_are_ranked(ranks: tuple[int, ...], expected: str) -> None:
    sharers = [owner(str(index), SiteClaim("h"), rank=rank) for index, rank in enumerate(ranks)]
    assert owner_of(sharers, get("h", "/")) == expected


def test_a_rank_is_not_asked_where_a_claim_has_one_owner() -> None:
    alone = owner("alone", SiteClaim("h"), rank=0)
    alone.type = replace(alone.type, rank=lambda built, request: pytest.fail("asked"))
    assert owner_of([alone], get("h", "/")) == "alone"


def test_one_trigger_may_write_a_claim_twice() -> None:
    assert owner_of([owner("a", SiteClaim("H.example.com"), SiteClaim("h.example.com"))], get("h.example.com", "/")) == "a"


@pytest.mark.parametrize(
    "claim", [PathClaim("/hooks"), LAMBDA, EVENTS, SiteClaim("h", "/v1"), SiteClaim(None), SiteClaim("*.h")]
)
def test_two_owners_that_cannot_share_are_refused(claim: Claim) -> None:
    with pytest.raises(StartError) as refused:
        compile_tables([owner("a", claim), owner("b", claim, rank=1)])
    assert str(refused.value) == (
        "The triggers a (router.yaml:1:1) and b (router.yaml:1:1) claim the same requests on the listener main;"
        " give one of them another host, path or listener."
    )


def test_explain_names_the_first_predicate_that_failed() -> None:
    table = compile_tables(ORDER)["main"]
    assert table.explain(get("shop.example.com", "/v1/x", "Other.Call")) == [
        Miss("anywhere", "precedence", "host any, base path /", "trigger shop"),
        Miss("anywhere /v1", "precedence", "host any, base path /v1", "trigger shop"),
        Miss("all of example.com", "precedence", "host *.example.com, base path /", "trigger shop"),
        Miss("all of shop", "host", "*.shop.example.com", "shop.example.com"),
        Miss("events", "X-Amz-Target", "AWSEvents.", "Other.Call"),
        Miss("lambda", "path prefix", "/2015-03-31/functions", "/v1/x"),
        Miss("hook", "path", "/hooks/sns", "/v1/x"),
    ]


def test_explain_tells_a_missing_base_path_and_a_better_route() -> None:
    table = compile_tables(
        [owner("a", SiteClaim("h"), rank=1), owner("b", SiteClaim("h"), rank=2), owner("c", SiteClaim("h", "/v1"))]
    )["main"]
    assert table.explain(get("h", "/v2")) == [
        Miss("a", "routes", "host h, base path /", "trigger b"),
        Miss("c", "base path", "/v1", "/v2"),
    ]


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (PathClaim("/hooks"), "path /hooks"),
        (LAMBDA, "the lambda API"),
        (SiteClaim(None, "/v1"), "host any, base path /v1"),
        (SiteClaim("*.h"), "host *.h, base path /"),
    ],
)
def test_claims_in_words(claim: Claim, words: str) -> None:
    assert describe(claim) == words


# --- against a reference ---------------------------------------------------------------------------------------------

LABELS = st.sampled_from(["a", "b", "com"])
HOSTS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
PATHS = st.lists(st.sampled_from(["", "v", "w", "v1", "%76"]), max_size=4).map(lambda parts: "/" + "/".join(parts))
BASES = st.lists(st.sampled_from(["v", "w", "v1", "%76"]), max_size=3).map(lambda parts: "/" + "/".join(parts))
TARGETS = st.sampled_from(["S.One", "S", "T_2.Two", "S.X.One", "Sx.One"])
CLAIMS: st.SearchStrategy[Claim] = st.one_of(
    st.builds(PathClaim, PATHS),
    st.builds(lambda base: ApiClaim("api", (base,)), BASES.filter(lambda base: base != "/")),
    st.builds(lambda target: ApiClaim("api", target_prefix=target), st.sampled_from(["S.", "S.X.", "T_2."])),
    st.builds(SiteClaim, st.one_of(st.none(), HOSTS, HOSTS.map("*.{}".format)), BASES),
)


def under(base: str, path: str) -> bool:
    return base == "/" or f"{path}/".startswith(f"{base}/")


def strength(claim: Claim, asked: Request) -> tuple[int, int, int] | None:
    """How strongly a claim owns a request, written from the specification alone; None: not at all."""
    target = dict(asked.headers).get("X-Amz-Target", "")
    match claim:
        case PathClaim(path):
            return (6, 0, 0) if asked.path == path else None
        case ApiClaim(path_prefixes=(base,)):
            return (5, len(base), 0) if under(base, asked.path) else None
        case ApiClaim(target_prefix=str(prefix)):
            return (4, len(prefix), 0) if f"{target}.".startswith(prefix) else None
        case SiteClaim(host, base):
            if not under(base, asked.path):
                return None
            depth = len(base.rstrip("/"))
            if host is None:
                return (1, 0, depth)
            if host.startswith("*."):
                return (2, len(host), depth) if asked.host.endswith(host[1:]) and asked.host != host[1:] else None
            return (3, 0, depth) if asked.host == host else None
    raise AssertionError(claim)


def reference(triggers: Sequence[Trigger], asked: Request) -> Trigger | None:
    claimed = [(strength(claim, asked), trigger) for trigger in triggers for claim in trigger.claims]
    fitting = [(strong, trigger) for strong, trigger in claimed if strong is not None]
    if not fitting:
        return None
    strongest = max(strong for strong, _ in fitting)
    group = [trigger for strong, trigger in fitting if strong == strongest]
    return max(group, key=rank_of(asked))


def rank_of(asked: Request) -> Callable[[Trigger], int]:
    return lambda trigger: trigger.type.rank(trigger.built, asked) if trigger.type.rank else 0


@settings(max_examples=400, deadline=None)
@given(
    claims=st.lists(st.tuples(st.lists(CLAIMS, min_size=1, max_size=3), st.integers(0, 2)), max_size=8),
    host=HOSTS,
    path=PATHS,
    target=st.one_of(st.none(), TARGETS),
)
def test_the_table_agrees_with_the_reference(
    claims: list[tuple[list[Claim], int]], host: str, path: str, target: str | None
) -> None:
    triggers = [owner(str(index), *own, rank=rank) for index, (own, rank) in enumerate(claims)]
    asked = get(host, path, target)
    table = compile_tables(triggers).get("main", Table.empty())
    found = table.match(asked)
    assert found is reference(triggers, asked)
    losers = [(trigger.name, len(trigger.claims)) for trigger in triggers if trigger is not found]
    misses = [miss.trigger for miss in table.explain(asked)]
    assert misses == [name for name, count in losers for _ in range(count)]


def calls_of_match(table: Table, asked: Request) -> tuple[str | None, int]:
    """The owner's name, and how many Python and C calls it took to find it: a cost without a clock."""
    calls = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        found = table.match(asked)
    finally:
        sys.setprofile(None)
    return found.name if found else None, calls


def test_the_cost_does_not_grow_with_the_triggers() -> None:
    def cost(count: int) -> tuple[str | None, int]:
        table = compile_tables([owner(str(at), SiteClaim(f"h{at}.example.com", f"/v{at}")) for at in range(count)])["main"]
        return calls_of_match(table, get("h7.example.com", "/v7/orders"))

    assert cost(10) == cost(3000) == ("7", cost(10)[1])


def test_the_cost_does_not_grow_with_segments_beyond_the_deepest_claim() -> None:
    table = compile_tables([owner("a", SiteClaim("*.example.com", "/v1"))])["main"]

    def cost(labels: int, segments: int) -> tuple[str | None, int]:
        return calls_of_match(table, get("h." * labels + "example.com", "/v1" + "/x" * segments))

    assert cost(2, 2) == cost(5_000, 60_000)
    assert cost(2, 2)[0] == "a"
