"""What the schema cannot say about an `api_gateway` trigger: route syntax, collisions, and which `api` has which setting."""

from collections.abc import Iterator, Mapping
from typing import Any

from router.model import Report
from router.policies.cors import check_cors
from router.policies.webhook_auth import check_auth
from router.triggers.api_gateway.reach import takes_all, unreached
from router.triggers.api_gateway.routes import DEFAULT_ROUTE, RouteKey, RouteSyntaxError, parse_route_key
from router.triggers.api_gateway.site import DEFAULT_STAGE, stage_of

TRANSFER_MODE = "response_transfer_mode"
_ONLY = {
    "rest": {
        "binary_media_types": "an HTTP API decides by the content type: text, JSON, XML and JavaScript, else base64",
        TRANSFER_MODE: "an HTTP API sends answers when they are whole, as AWS's do: take `api: rest`, or a function URL",
    },
    "http": {
        "payload": "a REST API always sends format 1.0",
        "cors": "a REST API has no CORS configuration: add OPTIONS routes and let functions answer",
    },
}
"""Settings that one `api` alone has, and what the other does instead."""

_UNHEARD = f"`{TRANSFER_MODE}` has no effect: nobody waits for an answer"

_SHORTEST_TIMEOUT = 0.05
_LONGEST_TIMEOUT = {"rest": 900.0, "http": 30.0}
"""Seconds. REST's 29 s can be raised, up to what a function may run; HTTP's 30 s cannot (semantics/sync.md §3.7, §4.7)."""


def check(settings: Mapping[str, Any], report: Report) -> None:
    """Every finding of one trigger."""
    api = settings["api"]
    _check_settings(settings, api, report)
    _check_timeout(settings.get("timeout"), api, report)
    _check_invocation(settings, report)
    _check_streams(settings, api, report)
    check_auth(settings.get("auth"), report)
    for text, route in settings["routes"].items():
        if not isinstance(route, str):
            check_auth(route.get("auth"), report, ("routes", text, "auth"))
    if settings.get("cors"):
        check_cors(settings["cors"], report)
    parsed = list(_parsed(settings, report))
    _check_collisions(parsed, report)
    _check_reach(settings, parsed, report)
    if api == "rest":
        _check_resources(parsed, report)
        if DEFAULT_ROUTE in settings["routes"]:
            report(
                ("routes", DEFAULT_ROUTE),
                "bad-route",
                "a REST API has no `$default` route",
                help="write `ANY /{proxy+}` and `ANY /`",
                on="key",
            )


def is_later(settings: Mapping[str, Any], route: Any) -> bool:
    """Whether a route's events are accepted for later."""
    own = None if isinstance(route, str) else route.get("invocation")
    return bool(own == "async" if own is not None else settings["invocation"] == ["async"])


def streams(settings: Mapping[str, Any], route: Any) -> bool:
    """Whether a route passes answers on as they come."""
    own = None if isinstance(route, str) else route.get(TRANSFER_MODE)
    return (own or settings.get(TRANSFER_MODE)) == "stream" and not is_later(settings, route)


def is_later_at(settings: Mapping[str, Any], path: tuple[str | int, ...]) -> bool:
    """Whether the events of the route that `path` leads into are accepted for later."""
    return is_later(settings, settings["routes"][path[1]])


def accepts(settings: Mapping[str, Any]) -> bool:
    """Whether any route's events are."""
    return any(is_later(settings, route) for route in settings["routes"].values())


def _check_invocation(settings: Mapping[str, Any], report: Report) -> None:
    if len(settings["invocation"]) > 1:
        message = "an API's callers cannot choose how functions are invoked"
        report(("invocation",), "one-invocation", message, help="write one here, and `invocation:` in routes that differ")
    if settings.get("timeout") is not None and all(is_later(settings, route) for route in settings["routes"].values()):
        message = "`timeout` has no effect: nobody waits for a function"
        report(("timeout",), "without-effect", message, help="remove it", on="key")


def _check_streams(settings: Mapping[str, Any], api: str, report: Report) -> None:
    """Where nobody waits for an answer, or the API has none to stream, saying how it is sent has no effect."""
    routes = settings["routes"]
    later = {text: is_later(settings, route) for text, route in routes.items()}
    if api == "rest" and settings.get(TRANSFER_MODE) == "stream" and all(later.values()):
        report((TRANSFER_MODE,), "without-effect", _UNHEARD, help="remove it", on="key")
    for text, route in routes.items():
        if isinstance(route, str) or route.get(TRANSFER_MODE) != "stream":
            continue
        path = ("routes", text, TRANSFER_MODE)
        if api == "http":
            message = f"`{TRANSFER_MODE}` has no effect with `api: http`"
            report(path, "without-effect", message, help=_ONLY["rest"][TRANSFER_MODE], on="key")
        elif later[text]:
            report(path, "without-effect", _UNHEARD, help="remove it", on="key")


def route_keys(settings: Mapping[str, Any]) -> list[tuple[tuple[Any, ...], str]]:
    """What must be unique among APIs on one host and base path: method and path, whatever their variables are called."""
    keys: list[tuple[tuple[Any, ...], str]] = [
        (("routes", text), f"{key.method} {key.shape}") for text, key in _parsed(settings, _silent)
    ]
    if DEFAULT_ROUTE in settings["routes"]:
        keys.append((("routes", DEFAULT_ROUTE), DEFAULT_ROUTE))
    return keys


def _silent(*_: Any, **__: Any) -> None:
    """Syntax is reported by `check`."""


def _parsed(settings: Mapping[str, Any], report: Report) -> Iterator[tuple[str, RouteKey]]:
    for text in settings["routes"]:
        if text == DEFAULT_ROUTE:
            continue
        try:
            yield text, parse_route_key(text)
        except RouteSyntaxError as error:
            report(("routes", text), "bad-route", str(error), on="key")


def _check_settings(settings: Mapping[str, Any], api: str, report: Report) -> None:
    for owner, names in _ONLY.items():
        for name, instead in names.items():
            if owner != api and settings.get(name) and settings[name] != "buffered":
                report((name,), "without-effect", f"`{name}` has no effect with `api: {api}`", help=instead, on="key")
    if api == "rest" and stage_of(settings) == DEFAULT_STAGE:
        report(("stage",), "no-stage", "a REST API has a named stage", help="write for example `stage: prod`")


def _check_timeout(timeout: float | None, api: str, report: Report) -> None:
    if timeout is not None and not _SHORTEST_TIMEOUT <= timeout <= _LONGEST_TIMEOUT[api]:
        report(
            ("timeout",),
            "bad-timeout",
            f"the timeout of `api: {api}` is between 50ms and {_LONGEST_TIMEOUT[api]:g}s",
        )


def _check_collisions(parsed: list[tuple[str, RouteKey]], report: Report) -> None:
    first: dict[str, str] = {}
    for text, key in parsed:
        claim = f"{key.method} {key.shape}"
        if claim in first:
            report(("routes", text), "same-route", f"this route takes the same requests as `{first[claim]}`", on="key")
        first.setdefault(claim, text)


def _check_reach(settings: Mapping[str, Any], parsed: list[tuple[str, RouteKey]], report: Report) -> None:
    for text, others in unreached(parsed):
        message = "no request comes here: every method of this path has a route of its own"
        related = [(("routes", other), "this one takes its method") for other in others]
        report(("routes", text), "unreachable", message, help="remove it", on="key", related=related)
    everything = takes_all(parsed)
    if everything is not None and settings["api"] == "http" and DEFAULT_ROUTE in settings["routes"]:
        message = "every path and method has a route, so that no request is left for `$default`"
        related = [(("routes", other), "this one takes its part") for other in everything]
        path = ("routes", DEFAULT_ROUTE)
        report(path, "idle-default", message, help="remove one of them", on="key", severity="info", related=related)


def _check_resources(parsed: list[tuple[str, RouteKey]], report: Report) -> None:
    """REST resources form one tree: a place in it has one variable name, and no resource ends in a slash."""
    names: dict[str, str] = {}
    for text, key in parsed:
        if key.path != "/" and key.path.endswith("/"):
            report(("routes", text), "bad-route", "a path of a REST API does not end in a slash", on="key")
        parts = key.shape.split("/")
        for name, index in key.variables:
            place = "/".join(parts[: index + 1])
            if names.setdefault(place, name) != name:
                report(
                    ("routes", text),
                    "route-variable",
                    f"`{{{name}}}` stands where another route has `{{{names[place]}}}`: a REST resource has one name",
                    on="key",
                )
