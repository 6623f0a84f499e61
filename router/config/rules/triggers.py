"""Rules for triggers: what a type allows, its own rules, and that no two claim the same."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from router.config.nodes import Opaque
from router.config.rules.context import Context
from router.model import ApiClaim, Claim, PathClaim, SiteClaim, TriggerType

_WHY = {
    "alb": "the load balancer sends the function's answer to the client",
    "cognito": "the user pool waits for the event that the function returns; its custom senders are asynchronous without it",
    "lambda_edge": "the edge sends on what the functions make of requests and responses",
    "step_functions": "the state machine waits for the task's result",
    "eventbridge": "a bus hands its events over, and waits for no function",
    "s3": "a store tells of what has happened, and waits for no function",
    "schedule": "the clock waits for no function",
    "sns": "a topic hands its messages over, and waits for no function",
    "sqs": "nobody waits for what the function makes of messages; on the wire each batch is a RequestResponse, as in AWS",
}
"""Why a type knows one invocation alone."""
_IN_GENERAL = {"async": "its callers wait for the answer", "sync": "nobody waits for its answer"}


def invocations(context: Context) -> None:
    """The invocation fits the type."""
    for name, settings in context.triggers.items():
        kind = context.types[settings["type"]]
        for index, invocation in enumerate(settings["invocation"]):
            if not isinstance(invocation, Opaque) and invocation not in kind.invocations:
                why = _WHY.get(kind.name, _IN_GENERAL[invocation])
                message = f"`{kind.name}` cannot be invoked `{invocation}`: {why}"
                help_text = f"write `invocation: {sorted(kind.invocations)[0]}`"
                context.reporter.report(("triggers", name, "invocation", index), "bad-invocation", message, help=help_text)


def own_rules(context: Context) -> None:
    """Each type's own rules."""
    for name, settings, kind in context.decided_triggers():
        if kind.check is not None:
            kind.check(settings, context.reporter.below(("triggers", name)))
        if kind.check_functions is not None:
            kind.check_functions(settings, context.functions, context.reporter.below(("triggers", name)))


def in_time(context: Context) -> None:
    """Each type's own rules about what lies in the past."""
    for name, settings, kind in context.decided_triggers():
        if kind.check_at is not None and context.now is not None:
            kind.check_at(settings, context.now, context.reporter.below(("triggers", name)))


def claims(context: Context) -> None:
    """No two triggers claim the same requests of a listener; APIs on one site may share it while their routes differ."""
    claimed: dict[tuple[str, Claim], list[str]] = defaultdict(list)
    triggers: dict[str, tuple[Mapping[str, Any], TriggerType]] = {}
    for name, settings, kind in context.decided_triggers():
        listener = context.listener_of(settings)
        if settings["enabled"] is True and listener is not None:
            triggers[name] = settings, kind
            for claim in kind.claims(settings):
                claimed[listener, claim].append(name)
    told: set[tuple[str, str]] = set()
    for (listener, claim), names in claimed.items():
        for position, name in enumerate(names):
            in_the_way = [
                (earlier, name) for earlier in names[:position] if not _may_share(triggers[earlier][1], triggers[name][1])
            ]
            if in_the_way and in_the_way[0] not in told:
                _conflict(context, listener, claim, *in_the_way[0])  # the first of them is enough to know
            told.update(in_the_way)
        _check_routes(context, names, triggers, told)


def _may_share(one: TriggerType, other: TriggerType) -> bool:
    return one.name == other.name and one.rank is not None and one.route_keys is not None


def _conflict(context: Context, listener: str, claim: Claim, earlier: str, name: str) -> None:
    message = f"the triggers `{earlier}` and `{name}` both claim {_described(claim)} on the listener `{listener}`"
    related = [(("triggers", earlier), "the other one stands here")]
    context.reporter.report(("triggers", name), "same-claim", message, help=_advice(claim), on="key", related=related)


def _described(claim: Claim) -> str:
    match claim:
        case PathClaim(path=path):
            return f"the path `{path}`"
        case ApiClaim(service=service):
            return f"the AWS API of {service}"
        case SiteClaim(host=host, base_path=base_path):
            return f"{f'the host `{host}`' if host else 'every host'} with the base path `{base_path}`"


def _advice(claim: Claim) -> str:
    if isinstance(claim, SiteClaim):
        return "give them different `hosts:`, base paths or listeners"
    return "give them different paths or listeners" if isinstance(claim, PathClaim) else "put them on different listeners"


def _check_routes(
    context: Context,
    names: list[str],
    triggers: Mapping[str, tuple[Mapping[str, Any], TriggerType]],
    told: set[tuple[str, str]],
) -> None:
    seen: dict[tuple[str, str], tuple[str, tuple[Any, ...]]] = {}
    if len(names) < 2:
        return
    for name in names:
        settings, kind = triggers[name]
        for path, key in kind.route_keys(settings) if kind.route_keys is not None else ():
            where = ("triggers", name, *path)
            first = seen.setdefault((kind.name, key), (name, where))
            if first[0] != name and (first[0], name) not in told:
                message = f"the triggers `{first[0]}` and `{name}` share a site, and both have the route `{key}`"
                related = [(first[1], "the other one stands here")]
                context.reporter.report(where, "same-route", message, help="remove one of them", on="key", related=related)
