"""The APIs of a serverless.yml: one REST API of all `http` events, one HTTP API of all `httpApi` events.

Source: https://www.serverless.com/framework/docs/providers/aws/events/apigateway and …/http-api
"""

from router.importing.formats.serverless_event import Event, refused
from router.importing.services import urls
from router.importing.services.apis import API_KEYS, UNAUTHORIZED, Api, Route, milliseconds, route_key
from router.importing.view import View

CORS = {
    "allowedOrigins": "AllowOrigins",
    "allowedMethods": "AllowMethods",
    "allowedHeaders": "AllowHeaders",
    "exposedResponseHeaders": "ExposeHeaders",
    "maxAge": "MaxAge",
    "allowCredentials": "AllowCredentials",
}
_ALL_ORIGINS = {
    "allow_origins": ["*"],
    "allow_methods": ["OPTIONS", "POST", "GET", "PUT", "DELETE", "HEAD", "PATCH"],
    "allow_headers": [
        "content-type",
        "x-amz-date",
        "authorization",
        "x-api-key",
        "x-amz-security-token",
        "x-amz-user-agent",
        "x-amzn-trace-id",
    ],
}
"""What `cors: true` means to the framework."""


def _split_route(view: View) -> tuple[str, str] | None:
    """`GET /orders` or `*`."""
    text = view.literal()
    if text is None:
        return None
    if text == "*":
        return "ANY", "$default"
    method, _, path = text.partition(" ")
    return (method, path.strip()) if path else None


def http(event: Event) -> None:
    view = event.view
    api = event.stack.apis.get("rest") or _rest_api(event)
    route = _split_route(view) if not view.is_map else (view.literal("method") or "ANY", view.literal("path") or "/")
    if route is None:
        view.refuse("a method and a path are wanted here")
        return
    integration = view.get("integration") if view.is_map else None
    kind = integration.literal() if integration is not None else None
    if integration is not None and (kind or "").lower().replace("_", "-") not in ("lambda-proxy", "aws-proxy"):
        integration.refuse(f"the router has proxy integrations of functions alone, not `{kind}`: the route is left out")
        return
    protected = False
    timeout = None
    if view.is_map:
        protected = refused(view, "authorizer", UNAUTHORIZED)
        private = view.get("private")
        if private is not None and private.flag():
            private.refuse(API_KEYS)
        refused(view, "cors", "a REST API has no cross-origin rules here: add OPTIONS routes and let functions answer")
        timeout = milliseconds(view, "timeoutInMillis")
    key = route_key(route[0], route[1])
    api.add(
        key, Route(event.function, view.origin, None, timeout, protected, later=bool(view.is_map and view.flag("async"))), view
    )


def _rest_api(event: Event) -> Api:
    provider = event.defaults.provider
    api = event.stack.apis["rest"] = Api("rest", "rest-api", event.view.origin, stage=event.defaults.stage)
    gateway = provider.get("apiGateway")
    types = gateway.texts("binaryMediaTypes") if gateway is not None else []
    if types:
        api.settings["binary_media_types"] = types
    for key, reason in (("apiKeys", API_KEYS), ("usagePlan", API_KEYS), ("resourcePolicy", "resource policies are not built")):
        if gateway is not None:
            refused(gateway, key, reason)
    return api


def http_api(event: Event) -> None:
    view = event.view
    api = event.stack.apis.get("http") or _declared_http(event)
    route = _split_route(view) if not view.is_map else (view.literal("method") or "ANY", view.literal("path") or "$default")
    if route is None:
        view.refuse("a method and a path are wanted here")
        return
    protected = view.is_map and refused(view, "authorizer", UNAUTHORIZED)
    payload = event.defaults.provider.literal("httpApi", "payload") if event.defaults.provider.has("httpApi") else None
    own = event.record.http_payload or payload or "2.0"
    key = "$default" if route[1] in ("$default", "*") else route_key(route[0], route[1])
    api.add(key, Route(event.function, view.origin, own, None, protected), view)


def _declared_http(event: Event) -> Api:
    api = event.stack.apis["http"] = Api("http", "http-api", event.view.origin, stage="$default")
    settings = event.defaults.provider.get("httpApi")
    if settings is None or not settings.is_map:
        return api
    cors = settings.get("cors")
    if cors is not None and cors.is_map:
        found = urls.cors_of(cors.renamed(CORS))
        if found:
            api.settings["cors"] = found
    elif cors is not None and cors.flag():
        api.settings["cors"] = dict(_ALL_ORIGINS)
    refused(settings, "authorizers", UNAUTHORIZED)
    return api
