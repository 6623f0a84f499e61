"""Routes in an OpenAPI document with API Gateway's extensions.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from router.importing.services.apis import API_KEYS, UNAUTHORIZED, Api, Route, milliseconds, route_key
from router.importing.services.urls import cors_of
from router.importing.stack import Stack
from router.importing.view import View

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", "x-amazon-apigateway-any-method"})
_DESCRIPTIVE = ("openapi", "swagger", "info", "tags", "servers", "schemes", "host", "basePath", "externalDocs", "definitions")
"""Of the document: what it is called and where it stands, which stage and domain say better."""
_OF_OPERATION = (
    *("summary", "description", "operationId", "tags", "parameters", "requestBody", "responses", "produces", "consumes"),
    *("deprecated", "externalDocs"),
)
"""Of an operation: documentation; a proxy integration passes every request on as it is."""
_OF_INTEGRATION = (
    "httpMethod",
    "passthroughBehavior",
    "responses",
    "contentHandling",
    "credentials",
    "connectionType",
    "payloadFormatVersion",
)
_COMPONENTS = ("schemas", "responses", "parameters", "requestBodies", "examples", "headers")
DOCUMENTATION = frozenset((*_DESCRIPTIVE, *_OF_OPERATION, *_OF_INTEGRATION, *_COMPONENTS))
"""All of these: known to say nothing about which request reaches which function."""
_CORS = {
    "allowOrigins": "AllowOrigins",
    "allowMethods": "AllowMethods",
    "allowHeaders": "AllowHeaders",
    "exposeHeaders": "ExposeHeaders",
    "maxAge": "MaxAge",
    "allowCredentials": "AllowCredentials",
}


def read(stack: Stack, api: Api, document: View) -> None:
    """Adds the document's routes and settings to the API."""
    for key in _DESCRIPTIVE:
        document.take(key)
    components = document.get("components")
    for key in _COMPONENTS if components is not None else ():
        assert components is not None
        components.take(key)
    _authorizers(document)
    protected = document.has("security")
    if protected:
        _refuse(document.get("security"), UNAUTHORIZED)
    types = document.get("x-amazon-apigateway-binary-media-types")
    if types is not None and api.kind == "rest":
        api.settings["binary_media_types"] = [text for each in types.each() if (text := each.text()) is not None]
    cors = document.get("x-amazon-apigateway-cors")
    if cors is not None and api.kind == "http":
        found = cors_of(cors.renamed(_CORS))
        if found:
            api.settings["cors"] = found
    paths = document.get("paths")
    for path, item in paths.items() if paths is not None else ():
        item.take("parameters")
        for method, operation in item.items():
            if method.lower() in _METHODS:
                _operation(stack, api, path, method, operation, protected=protected)


def _authorizers(document: View) -> None:
    schemes = document.get("components", "securitySchemes") if document.has("components") else None
    for view in (schemes, document.get("securityDefinitions")):
        _refuse(view, UNAUTHORIZED)
    for key in (
        "x-amazon-apigateway-policy",
        "x-amazon-apigateway-request-validators",
        "x-amazon-apigateway-gateway-responses",
    ):
        _refuse(document.get(key), "the router passes every request on to its function")


def _refuse(view: View | None, reason: str) -> None:
    if view is not None:
        view.refuse(reason)


def _operation(stack: Stack, api: Api, path: str, method: str, view: View, *, protected: bool) -> None:
    for key in _OF_OPERATION:
        view.take(key)
    own = view.get("security")
    if own is not None:
        protected = bool(own.node.value)
        if protected:
            own.refuse(UNAUTHORIZED)
        own.node.taken = True
    _refuse(view.get("x-amazon-apigateway-request-validator"), "the router passes every request on to its function")
    _refuse(view.get("x-amazon-apigateway-api-key-source"), API_KEYS)
    integration = view.get("x-amazon-apigateway-integration")
    if integration is None:
        view.refuse("it has no integration")
        return
    kind = (integration.literal("type") or "").lower()
    if kind != "aws_proxy" or integration.has("integrationSubtype"):
        view.refuse(f"the router has proxy integrations of functions alone, not `{kind or 'other ones'}`")
        return
    function = stack.index.of(integration.get("uri"))
    payload = integration.literal("payloadFormatVersion") if api.kind == "http" else None
    for key in _OF_INTEGRATION:
        integration.take(key)
    if function is None:
        return
    key = "$default" if path.strip("/") == "$default" else route_key(method, path)
    # An HTTP API that is imported without a payload format uses 1.0, other than one whose integration is a resource.
    if api.kind == "http" and payload is None:
        payload = "1.0"
    api.add(key, Route(function, view.origin, payload, milliseconds(integration, "timeoutInMillis"), protected), view)
