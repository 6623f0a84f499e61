"""Rules for ARNs and what stands in their place: partitions, regions, accounts and qualifiers that fit each other.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html, semantics/sync.md §1.1, §8.3, §9.2 and
semantics/async.md §A.4, §B.1.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from router.arn import partition_of
from router.config.destinations import DESTINATIONS, parse_destination
from router.config.nodes import Opaque
from router.config.problem import Path
from router.config.rules.context import Context, Use
from router.config.rules.places import async_blocks, queues
from router.triggers._queue_source import region_of

_NO_VERSION = re.compile(r"0[0-9]*")
"""Digits that are the number of no version: those count from 1, and an alias is not all digits."""
_ARN = re.compile(r"arn:(?P<partition>[a-z-]+):(?P<service>[a-z]+):(?P<region>[a-z0-9-]*):(?P<account>[0-9]*):.+")


@dataclass(slots=True, frozen=True)
class Arn:
    """An ARN that is written at a path. `called`: whether the router calls AWS there with its own credentials."""

    path: Path
    partition: str
    region: str
    account: str
    called: bool = True


def partitions(context: Context) -> None:
    """An ARN's region lies in its partition, and one set of credentials reaches one partition."""
    first: Arn | None = None
    for arn in _arns(context):
        home = partition_of(arn.region)
        if arn.region and home != arn.partition:
            message = f"there is no such ARN: `{arn.region}` lies in the partition `{home}`, not in `{arn.partition}`"
            context.reporter.report(arn.path, "partition-region", message, help=f"write `arn:{home}:…`")
        elif not arn.called:
            continue
        elif first is None:
            first = arn
        elif first.partition != arn.partition:
            message = f"this lies in the partition `{arn.partition}`, other things in `{first.partition}`"
            help_text = "credentials hold for one partition: run one router for each"
            related = [(first.path, f"this lies in `{first.partition}`")]
            context.reporter.report(arn.path, "mixed-partitions", message, help=help_text, severity="warning", related=related)


def _arns(context: Context) -> Iterator[Arn]:
    for name, function in context.functions.items():
        yield from _parsed(("functions", name, "arn"), function["arn"], function["invoke_role_arn"] is None)
        yield from _parsed(("functions", name, "invoke_role_arn"), function["invoke_role_arn"])
    for use in context.uses():
        if use.name is None:
            yield from _parsed(use.path, str(use.arn))
    for name, trigger, _ in context.decided_triggers():
        path: Path = ("triggers", name)
        yield from _parsed((*path, "activity"), trigger.get("activity"), trigger.get("role_arn") is None)
        yield from _parsed((*path, "bus"), trigger.get("bus"), False)
        for index, topic in enumerate(trigger.get("topics") or ()):
            yield from _parsed((*path, "topics", index), topic, False)
    for path, source in queues(context):
        yield from _parsed((*path, "queue"), source["queue"], source.get("role_arn") is None)
    for path, block in async_blocks(context):
        for key in DESTINATIONS:
            if ":lambda:" not in str(block.get(key)):
                yield from _parsed((*path, key), block.get(key))


def _parsed(path: Path, text: Any, called: bool = True) -> Iterator[Arn]:
    match = _ARN.fullmatch(text) if isinstance(text, str) and not isinstance(text, Opaque) else None
    if match is not None:
        yield Arn(path, match["partition"], match["region"], match["account"], called)


# --- URLs in place of ARNs -------------------------------------------------------------------------------------------


def urls(context: Context) -> None:
    """A queue's URL, and those of endpoints, can be called: what the schema cannot see is a host or a port that is none."""
    aws = context.settings.get("aws") or {}
    written: list[tuple[Path, Any]] = [(("aws", "endpoint_url"), aws.get("endpoint_url"))]
    written += [(("aws", "endpoints", service), url) for service, url in (aws.get("endpoints") or {}).items()]
    written += [((*path, "queue"), source["queue"]) for path, source in queues(context)]
    for path, text in written:
        if not isinstance(text, str) or isinstance(text, Opaque) or "://" not in text:
            continue
        try:
            wrong = None if urlsplit(text).port != 0 else "its port is 0"
        except ValueError as error:
            wrong = str(error)
        if wrong is not None:
            context.reporter.report(path, "bad-url", f"this is no URL that can be called: {wrong}", help="correct it")


# --- regions ---------------------------------------------------------------------------------------------------------


def regions(context: Context) -> None:
    """A queue or an activity is polled in the region where it lies."""
    for path, source in queues(context):
        lies = None if isinstance(source["queue"], Opaque) else region_of(source["queue"])
        _check_region(context, path, "queue", source.get("region"), lies)
    for name, trigger, _ in context.decided_triggers():
        activity = trigger.get("activity")
        if activity is not None and not isinstance(activity, Opaque):
            _check_region(context, ("triggers", name), "activity", trigger.get("region"), activity.split(":")[3])


def _check_region(context: Context, path: Path, key: str, polled: Any, lies: str | None) -> None:
    if polled is None or isinstance(polled, Opaque) or lies is None or polled == lies:
        return
    message = f"the {key} lies in `{lies}`, and is not found in `{polled}`"
    related = [((*path, key), f"the {key} stands here")]
    help_text = f"remove `region`, or write `{lies}`"
    context.reporter.report((*path, "region"), "region-mismatch", message, help=help_text, related=related)


_Home = Callable[[Context, Mapping[str, Any]], str | None]


def _queue_home(context: Context, trigger: Mapping[str, Any]) -> str | None:
    queue = trigger["queue"]
    return None if isinstance(queue, Opaque) else region_of(queue) or _aws_region(context, trigger)


def _pool_home(context: Context, trigger: Mapping[str, Any]) -> str | None:
    pool = trigger["user_pool"]
    return None if isinstance(pool, Opaque) else str(pool).partition("_")[0]


def _bus_home(context: Context, trigger: Mapping[str, Any]) -> str | None:
    bus = trigger.get("bus") or "default"
    if isinstance(bus, Opaque):
        return None
    return bus.split(":")[3] if bus.startswith("arn:") else _aws_region(context, trigger)


def _aws_region(context: Context, trigger: Mapping[str, Any]) -> str | None:
    region = (context.settings.get("aws") or {}).get("region")
    return None if isinstance(region, Opaque) else region


_HOMES: Mapping[str, tuple[str, _Home]] = {
    "sqs": ("the queue", _queue_home),
    "cognito": ("the user pool", _pool_home),
    "eventbridge": ("the bus", _bus_home),
    "alb": ("the load balancer", _aws_region),
}
"""What AWS connects with functions of its own region alone, and where it lies; None: nobody says so."""


def other_regions(context: Context) -> None:
    """What AWS would refuse and the router does: a function in another region than what calls it."""
    told: set[tuple[str, str]] = set()
    for use in context.uses():
        trigger = context.caller(use)
        if trigger is None or use.arn is None or trigger["type"] not in _HOMES:
            continue
        what, home = _HOMES[trigger["type"]]
        lies = home(context, trigger)
        if lies is not None and lies != use.arn.region and (use.path[1], use.shown) not in told:
            told.add((str(use.path[1]), use.shown))
            message = f"{what} lies in `{lies}`, the function `{use.shown}` in `{use.arn.region}`: AWS would not connect them"
            help_text = "it works here, and every event crosses regions"
            context.reporter.report(use.path, "other-region", message, help=help_text, severity="info")


# --- accounts and roles ----------------------------------------------------------------------------------------------


def accounts(context: Context) -> None:
    """A topic that is named alone lies in an account, which has to be known."""
    aws = context.settings.get("aws") or {}
    is_emulated = aws.get("endpoint_url") is not None or (aws.get("endpoints") or {}).get("sns") is not None
    if aws.get("account_id") is not None or is_emulated or context.is_broken("aws"):
        return
    for path, block in async_blocks(context):
        for key in DESTINATIONS:
            text = block.get(key)
            if isinstance(text, str) and not isinstance(text, Opaque) and text.startswith("sns:"):
                message = f"`{text}` lies in no account: its messages would go to the account 000000000000"
                help_text = "write `aws: {account_id: …}`, or the topic's ARN"
                context.reporter.report((*path, key), "no-account", message, help=help_text, severity="warning")


def roles(context: Context) -> None:
    """A role of another account than what it is assumed for needs a policy there, too."""
    for name, function in context.functions.items():
        path: Path = ("functions", name, "invoke_role_arn")
        _check_role(context, path, function["invoke_role_arn"], ("functions", name, "arn"), function["arn"], "function")
    for path, source in queues(context):
        _check_role(context, (*path, "role_arn"), source.get("role_arn"), (*path, "queue"), source["queue"], "queue")


def _check_role(context: Context, path: Path, role: Any, other: Path, text: Any, what: str) -> None:
    assumed, owner = next(_parsed(path, role), None), next(_parsed(other, text), None)
    if assumed is None or owner is None or not owner.account or assumed.account == owner.account:
        return
    message = f"the role lies in the account {assumed.account}, the {what} in {owner.account}"
    help_text = f"the {what}'s own policy has to allow the role"
    related = [(other, f"the {what} stands here")]
    context.reporter.report(path, "cross-account-role", message, help=help_text, severity="info", related=related)


# --- qualifiers ------------------------------------------------------------------------------------------------------


def qualifiers(context: Context) -> None:
    """A qualifier is the number of a version, an alias, or `$LATEST`; in AWS. A local function takes any."""
    for name, function in context.functions.items():
        if isinstance(function["arn"], str) and not isinstance(function["arn"], Opaque) and function["arn"].count(":") == 7:
            _check_qualifier(context, ("functions", name, "arn"), function["arn"].rpartition(":")[2])
    for use in context.uses():
        if use.arn is None:
            _check_local_weights(context, use)
            continue
        if use.qualifier is not None:
            _check_qualifier(context, use.path, _written_qualifier(use))
        for qualifier in _weights(context, use):
            _check_qualifier(context, (*use.path[:-1], "weights", qualifier), qualifier, on="key")


def _written_qualifier(use: Use) -> str:
    """The qualifier, where this place and not the declaration says it."""
    declared = str(use.function["arn"])
    is_declared = use.name is not None and declared.count(":") == 7 and declared.endswith(f":{use.qualifier}")
    return "" if is_declared else str(use.qualifier)


def _check_qualifier(context: Context, path: Path, qualifier: str, on: str = "value") -> None:
    if _NO_VERSION.fullmatch(qualifier):
        message = f"`{qualifier}` is neither a version nor an alias: versions count from 1, without zeros in front"
        help_text = f"write `{qualifier.lstrip('0') or '1'}`, or an alias"
        context.reporter.report(path, "bad-qualifier", message, help=help_text, on=on)
    elif qualifier == "LATEST":
        message = "`LATEST` is an alias of that name; the unpublished version is `$LATEST`"
        help_text = "write `$LATEST` where that is meant"
        context.reporter.report(path, "looks-like-latest", message, help=help_text, severity="warning", on=on)


def _check_local_weights(context: Context, use: Use) -> None:
    split = _weights(context, use)
    if len(split) > 1 and use.name is not None:
        where = (*use.path[:-1], "weights")
        message = f"`{use.name}` runs on this machine alone, where every qualifier is the same code"
        help_text = "what differs is the qualifier in `context.invoked_function_arn`; it splits once the function has an `arn`"
        context.reporter.report(where, "local-weights", message, help=help_text, severity="info", on="key")


def _weights(context: Context, use: Use) -> list[str]:
    """The qualifiers that calls are split between."""
    if use.path[-1] != "function":
        return []
    settings: Any = context.settings
    for part in use.path[:-1]:
        settings = settings[part]
    return [*(settings.get("weights") or {})]


def destination_regions(context: Context) -> None:
    """A letter that crosses regions: Lambda keeps a function's destinations in its own region."""
    for path, block in async_blocks(context):
        function = context.functions.get(str(path[1])) if path[0] == "functions" else None
        own = next(_parsed(path, (function or {}).get("arn")), None)
        for key in DESTINATIONS if own is not None else ():
            there = next(_parsed((*path, key), _destination_arn(block.get(key))), None)
            if own is not None and there is not None and there.region and there.region != own.region:
                message = f"`{key}` lies in `{there.region}`, the function in `{own.region}`: letters cross regions"
                related = [(("functions", str(path[1]), "arn"), "the function stands here")]
                context.reporter.report((*path, key), "other-region", message, severity="info", related=related)


def _destination_arn(text: Any) -> str | None:
    if not isinstance(text, str) or isinstance(text, Opaque):
        return None
    try:
        named = parse_destination(text)
    except ValueError:
        return None
    return named.arn
