"""Requests that fit an HTTP front door: its host, what stands before its paths, and a route, rule or behavior of it.

Where a path is chosen it is the one that routes know; base path and stage are put before it.
"""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

from router.samples.fitting.words import Fitted, Wish
from router.samples.matching import globbed
from router.triggers._http import derived_id
from router.triggers.api_gateway.routes import DEFAULT_ROUTE, RouteKey, parse_route_key
from router.triggers.api_gateway.site import base_path_of

_VALUE = "7"
_REST = "a/b"


def _host(settings: Mapping[str, Any]) -> str | None:
    """The first declared host; of a wildcard its `www`."""
    hosts = settings.get("hosts") or ()
    return f"www{hosts[0][1:]}" if hosts and hosts[0].startswith("*.") else hosts[0] if hosts else None


def _variant(wish: Wish, method: str | None) -> str:
    """What suits a method and a body."""
    if "body" in wish.given or method in ("POST", "PUT", "PATCH"):
        return "post-json"
    return {"DELETE": "delete", "HEAD": "head"}.get(method or "", "get")


def _defaults(**chosen: Any) -> dict[str, Any]:
    return {name: value for name, value in chosen.items() if value is not None}


# --- API Gateway -----------------------------------------------------------------------------------------------------


def api_gateway(wish: Wish) -> Fitted:
    """The first route, the one that is named, or the one that fits the chosen method and path."""
    settings = wish.settings
    text = wish.pick("route", "routes", lambda routes: _chosen_route(routes, wish))
    key = None if text == DEFAULT_ROUTE else parse_route_key(text)
    method = key.method if key is not None and key.method != "ANY" else None
    given = wish.text("method")
    prefix = base_path_of(settings).rstrip("/")
    chosen = wish.text("path")
    if chosen is not None and chosen.startswith("/"):
        del wish.given["path"]
    path = chosen or (_path_of(key) if key is not None else "/")
    kind = wish.named(f"api_gateway/{settings['api']}-{_variant(wish, given or method)}", f"{settings['api']}-")
    api_id = settings.get("api_id") or derived_id(10, wish.trigger.name)
    host = _host(settings) or f"{api_id}.execute-api.{wish.context.region}.amazonaws.com"
    return Fitted(kind, _defaults(host=host, path=f"{prefix}{path}", method=method))


def _chosen_route(routes: Mapping[str, Any], wish: Wish) -> str | None:
    """The first whose key fits what was chosen."""
    method, path = wish.text("method"), wish.text("path")
    for text in routes:
        if text == DEFAULT_ROUTE:
            continue
        key = parse_route_key(text)
        if (method is None or key.method in ("ANY", method)) and (path is None or _fits(key, path)):
            return text
    return DEFAULT_ROUTE if DEFAULT_ROUTE in routes else None


def _fits(key: RouteKey, path: str) -> bool:
    parts = path[1:].split("/") if path != "/" else []
    if len(parts) < len(key.segments) + (key.greedy is not None) or (key.greedy is None and len(parts) > len(key.segments)):
        return False
    return all(wanted is None or wanted == part for wanted, part in zip(key.segments, parts, strict=False))


def _path_of(key: RouteKey) -> str:
    parts = [_VALUE if segment is None else segment for segment in key.segments]
    return "/" + "/".join([*parts, _REST] if key.greedy else parts)


# --- function URLs, load balancers, edges ----------------------------------------------------------------------------


def function_url(wish: Wish) -> Fitted:
    """Any path."""
    url = derived_id(32, wish.trigger.name)
    host = _host(wish.settings) or f"{url}.lambda-url.{wish.context.region}.on.aws"
    return Fitted(wish.named(f"function_url/{_variant(wish, wish.text('method'))}"), {"host": host})


def alb(wish: Wish) -> Fitted:
    """What the first rule with a function wants, or the rule that is named; without rules any request."""
    settings = wish.settings
    if not settings["rules"] and wish.given.get("rule") is None:
        wish.given.pop("rule", None)
        return Fitted(wish.named(f"alb/{_variant(wish, wish.text('method'))}"), _defaults(host=_host(settings)))
    name = wish.pick("rule", "rules", _first_with_function)
    rule = settings["rules"][name]
    host = globbed(rule["host"][0], "www") if rule.get("host") else _host(settings)
    methods, paths, networks = rule.get("methods"), rule.get("path"), rule.get("source_ip")
    headers = {name: globbed(values[0], escapes=True) for name, values in (rule.get("headers") or {}).items()}
    query = "&".join(
        f"{globbed(name, escapes=True)}={globbed(values[0], escapes=True)}"
        for name, values in (rule.get("query") or {}).items()
    )
    defaults = _defaults(
        host=host,
        path=globbed(paths[0]) if paths else None,
        method=methods[0] if methods else None,
        client_ip=str(ip_network(networks[0])[0]) if networks else None,
        query=query or None,
        headers=headers or None,
    )
    return Fitted(wish.named(f"alb/{_variant(wish, wish.text('method') or defaults.get('method'))}"), defaults)


def _first_with_function(rules: Mapping[str, Any]) -> str | None:
    return next((name for name, rule in rules.items() if rule.get("function") is not None), None)


def lambda_edge(wish: Wish) -> Fitted:
    """A path of the first behavior with a function, or of the one that is named."""
    pattern = wish.pick("behavior", "behaviors", _first_with_stage)
    path = globbed(pattern)
    path = path if path.startswith("/") else f"/{path}"
    kind = wish.named("lambda_edge/viewer-request" if "body" not in wish.given else "lambda_edge/post-json")
    return Fitted(kind, _defaults(host=_host(wish.settings), path=path))


def _first_with_stage(behaviors: Mapping[str, Any]) -> str | None:
    stages = ("viewer_request", "origin_request", "origin_response", "viewer_response")
    return next((name for name, each in behaviors.items() if any(each.get(stage) for stage in stages)), None)
