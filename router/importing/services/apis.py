"""What HTTP APIs and REST APIs have in common: routes with a function each, a stage, host names, and who may call.

A trigger has one payload format and one timeout; an API whose routes differ in these becomes several triggers on one site.
"""

from dataclasses import dataclass, field
from typing import Any

from router.importing.plan import Entry, FunctionRef, Plan, TriggerRecord
from router.importing.view import Origin, View, duration

UNAUTHORIZED = "authorizers are not built yet: everybody who reaches the listener may call"
_ANY = ("*", "X-AMAZON-APIGATEWAY-ANY-METHOD")
API_KEYS = "API keys and usage plans are not built yet: callers need no key"


@dataclass(slots=True)
class Route:
    """`payload`, `timeout`: as its integration says; None: the API's default. `protected`: an authorizer stands before it.
    `later`: whether its callers do not wait for the function. `streams`: whether answers are passed on as they come."""

    function: FunctionRef
    origin: Origin
    payload: str | None = None
    timeout: str | None = None
    protected: bool = False
    later: bool = False
    streams: bool = False


@dataclass(slots=True)
class Api:
    """`kind`: `http` or `rest`. `sites`: hosts with their base path; none: the API's own host, with the stage in the path."""

    kind: str
    name: str
    origin: Origin
    stage: str | None = None
    stage_variables: dict[str, str] = field(default_factory=dict)
    sites: list[tuple[str, str]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)

    def add(self, key: str, route: Route, view: View) -> None:
        """A route; one that is there already with the same function is written twice, as SAM wants it."""
        known = self.routes.get(key)
        if known is not None and known.function != route.function:
            view.refuse(f"the route `{key}` leads to `{known.function}` already")
            return
        self.routes.setdefault(key, route)


def finish(plan: Plan, api: Api) -> None:
    """The triggers of an API, once all its routes are known."""
    open_to_all = not any(route.protected for route in api.routes.values())
    payloads = {route.payload for route in api.routes.values()}
    timeouts = {route.timeout for route in api.routes.values()}
    for base_path, hosts in _sites(api).items():
        for key, route in api.routes.items():
            name = "-".join(filter(None, (api.name, _suffix(route.payload, payloads), _suffix(route.timeout, timeouts))))
            ident = (api.kind, str(api.origin.place), base_path, route.payload, route.timeout)
            trigger = plan.trigger("api_gateway", ident, name, api.origin, _settings(api, route, base_path), "routes")
            trigger.base_path = base_path if base_path is not None else _own_path(api)
            trigger.hosts, trigger.site = hosts, f"{api.kind} {api.origin.place}"
            if open_to_all:
                trigger.settings["auth"] = "none"
            _add(plan, trigger, key, route, explicit=not open_to_all and not route.protected)


def _sites(api: Api) -> dict[str | None, list[str]]:
    """Hosts by base path; None: the API's own host."""
    found: dict[str | None, list[str]] = {}
    for host, base_path in api.sites:
        found.setdefault(base_path, []).append(host)
    return found or {None: []}


def _suffix(value: str | None, values: set[str | None]) -> str | None:
    return value if len(values) > 1 else None


def _own_path(api: Api) -> str:
    return "/" if api.stage in (None, "$default") else f"/{api.stage}"


def _settings(api: Api, route: Route, base_path: str | None) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "invocation": "sync",
        "api": api.kind,
        "payload": route.payload if route.payload != "2.0" else None,
        "base_path": base_path if base_path not in (None, "/") else None,
        "stage": api.stage if api.stage != "$default" or api.kind == "rest" else None,
        "stage_variables": api.stage_variables or None,
        "timeout": route.timeout,
        **api.settings,
    }
    return {key: value for key, value in settings.items() if value is not None}


def _add(plan: Plan, trigger: TriggerRecord, key: str, route: Route, *, explicit: bool) -> None:
    settings: dict[str, Any] = {"function": plan.use(route.function)}
    if route.later:
        settings["invocation"] = "async"
    if route.streams:
        settings["response_transfer_mode"] = "stream"
    if explicit:
        settings["auth"] = "none"
    trigger.entries[key] = Entry(settings, route.origin)


def streams(view: View) -> bool:
    """Whether an integration passes answers on as they come."""
    mode = view.get("ResponseTransferMode")
    return mode is not None and mode.literal() == "STREAM"


def milliseconds(view: View, *keys: str) -> str | None:
    """A timeout in milliseconds as a duration."""
    number = view.number(*keys)
    if number is None or isinstance(number, str):
        return None if number is None else f"{number}ms"
    return duration(number / 1000)


def route_key(method: str, path: str) -> str:
    """`any`, `/orders` is `ANY /orders`."""
    word = "ANY" if method.upper() in _ANY else method.upper()
    return f"{word} {path if path.startswith('/') else f'/{path}'}"
