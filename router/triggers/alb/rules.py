"""What the schema cannot say about an `alb` trigger: one action per rule, and settings that would do nothing."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from router.model import Report
from router.policies.webhook_auth import check_auth
from router.triggers.alb.actions import KINDS
from router.triggers.alb.conditions import CONDITIONS
from router.triggers.alb.health import parse_matcher
from router.triggers.alb.reach import takes_all, unreached

Path = tuple[str | int, ...]

_NEEDS = {
    "weights": "function",
    "multi_value_headers": "function",
    "target_group_arn": "function",
    "content_type": "status",
    "body": "status",
}
"""Settings of an action, and which kind of action they belong to."""

_REDIRECTED = {"protocol": "#{protocol}", "host": "#{host}", "port": "#{port}", "path": "/#{path}"}


def actions(settings: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every action with its path: the rules', then the default."""
    for name, rule in settings["rules"].items():
        yield ("rules", name), rule
    if settings.get("default") is not None:
        yield ("default",), settings["default"]


def check(settings: Mapping[str, Any], report: Report) -> None:
    """Every finding of one trigger."""
    check_auth(settings.get("auth"), report)
    for path, action in actions(settings):
        _check_action(action, report, path)
    for name, rule in settings["rules"].items():
        _check_conditions(rule, report, ("rules", name))
    _check_reach(settings, report)
    if not settings["rules"] and settings.get("default") is None:
        report((), "no-action", "the load balancer has neither `rules` nor `default`", help="write one of them", on="key")
    if settings.get("health_check") is not None:
        _check_health(settings, report)


def _check_action(action: Mapping[str, Any], report: Report, path: Path) -> None:
    kinds = [kind for kind in KINDS if action.get(kind) is not None]
    if not kinds:
        report(path, "one-action", "this does nothing yet", help="write `function`, `redirect` or `status`", on="key")
    for kind in kinds[1:]:
        report((*path, kind), "one-action", f"`{kind}` stands beside `{kinds[0]}`: keep one of them", on="key")
    for name, kind in _NEEDS.items():
        if action.get(name) is not None and kind not in kinds and kinds:
            report((*path, name), "without-effect", f"`{name}` has no effect without `{kind}`", on="key")
    check_auth(action.get("auth"), report, (*path, "auth"))
    if action.get("redirect") is not None:
        _check_redirect(action["redirect"], report, (*path, "redirect"))
    status = action.get("status")
    if status is not None and 300 <= status < 400:
        report((*path, "status"), "bad-status", "a fixed response is 2xx, 4xx or 5xx", help="use `redirect` for 3xx")


def _check_redirect(redirect: Mapping[str, Any], report: Report, path: Path) -> None:
    if all(redirect[name] == same for name, same in _REDIRECTED.items()):
        report(path, "redirect-loop", "the redirect leads to where it starts: change protocol, host, port or path", on="key")
    port = str(redirect["port"])
    if port.isdigit() and int(port) > 65535:
        report((*path, "port"), "bad-port", "a port is at most 65535")


def _check_conditions(rule: Mapping[str, Any], report: Report, path: Path) -> None:
    if not any(rule.get(name) for name in CONDITIONS):
        message = "a rule needs a condition: without one it takes every request"
        report(path, "no-condition", message, help="write it as `default:` instead", on="key")
    for index, text in enumerate(rule.get("source_ip") or ()):
        try:
            ip_network(text)
        except ValueError as error:
            where = (*path, "source_ip", index)
            report(where, "bad-network", f"`{text}` is no network: {error}", help="for example `10.0.0.0/8`")


def _check_reach(settings: Mapping[str, Any], report: Report) -> None:
    for name, above in unreached(settings["rules"]):
        message = f"no request comes here: `{above}` above it takes all that would fit"
        help_text = "rules are tried in order: write the more general one further down"
        related = [(("rules", above), "this one takes all")]
        report(("rules", name), "unreachable", message, help=help_text, on="key", related=related)
    everything = takes_all(settings["rules"])
    if everything is not None and settings.get("default") is not None:
        message = f"no request is left for the default action: the rule `{everything}` takes all"
        related = [(("rules", everything), "this one takes all")]
        report(("default",), "idle-default", message, help="remove one of them", on="key", severity="info", related=related)


def _check_health(settings: Mapping[str, Any], report: Report) -> None:
    health = settings["health_check"]
    if not any(action.get("function") is not None for _, action in actions(settings)):
        report(("health_check",), "without-effect", "there is no function whose health could be checked", on="key")
    if not 5 <= health["interval"] <= 300:
        report(("health_check", "interval"), "bad-interval", "the interval is between 5s and 5m")
    if not 2 <= health["timeout"] <= 120:
        report(("health_check", "timeout"), "bad-timeout", "the timeout is between 2s and 2m")
    elif health["timeout"] >= health["interval"]:
        report(("health_check", "timeout"), "bad-timeout", "the timeout must be less than the interval")
    if not all(200 <= low <= high <= 499 for low, high in parse_matcher(health["matcher"])):
        report(("health_check", "matcher"), "bad-matcher", "the matcher holds statuses from 200 to 499, the lower one first")
