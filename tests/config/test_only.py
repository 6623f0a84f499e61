"""A part of a configuration, by invocation and by label."""

from typing import Any

import pytest

from router import fakes
from router.config.only import Only, parse_only, restrict
from router.model import Claim, Conversation, PathClaim, Place, ReadBody, Reply, Request, Trigger
from router.settings import Address, Admin, Aws, Config, Listener, Log


def handle(request: Request, built: Any) -> Conversation:
    yield ReadBody(0)
    return Reply(404, [])


KIND = fakes.trigger("t", handle).type


def trigger(name: str, *invocation: str, listener: str = "main", claims: tuple[Claim, ...] = (), **labels: str) -> Trigger:
    return Trigger(name, KIND, frozenset(invocation), listener, claims, None, labels, Place("router.yaml", 1, 1))


CONFIG = Config(
    {},
    (
        trigger("shop", "sync", listener="public", claims=(PathClaim("/"),), team="shop"),
        trigger("api", "sync", "async", listener="internal", claims=(PathClaim("/"),), team="core"),
        trigger("jobs", "async", team="shop", tier="gold"),
    ),
    {name: Listener(name, Address("127.0.0.1", 0)) for name in ("main", "public", "internal")},
    Aws("eu-west-1", "111122223333"),
    Admin(None),
    Log(),
)


@pytest.mark.parametrize(
    ("demands", "triggers", "listeners"),
    [
        ([], ["shop", "api", "jobs"], ["main", "public", "internal"]),
        (["sync"], ["shop", "api"], ["public", "internal"]),
        (["async"], ["api", "jobs"], ["internal"]),
        (["label=tier"], ["jobs"], []),
        (["label=team=shop"], ["shop", "jobs"], ["public"]),
        (["label=team=shop", "sync"], ["shop"], ["public"]),
        (["label=team=nobody"], [], []),
    ],
)
def test_what_is_left(demands: list[str], triggers: list[str], listeners: list[str]) -> None:
    chosen = restrict(CONFIG, [parse_only(text) for text in demands])
    assert ([one.name for one in chosen.triggers], [*chosen.listeners]) == (triggers, listeners)


def test_a_value_may_hold_anything() -> None:
    assert parse_only("label=a=b=c") == Only(label="a", value="b=c")


@pytest.mark.parametrize("text", ["", "both", "label", "label=", "label==x", "team=shop"])
def test_what_is_no_demand(text: str) -> None:
    with pytest.raises(ValueError, match="is neither sync, async, label=NAME nor label=NAME=VALUE"):
        parse_only(text)
