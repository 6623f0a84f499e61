"""HTTP APIs: `AWS::ApiGatewayV2::*`, and what `apigatewayv2 get-routes` and `get-integrations` print.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-route.html
"""

from router.importing.services import openapi
from router.importing.services.apis import API_KEYS, UNAUTHORIZED, Api, Route, finish, milliseconds
from router.importing.services.urls import cors_of
from router.importing.stack import Resource, Stack
from router.importing.view import View

API = "AWS::ApiGatewayV2::Api"
_INTEGRATION = "AWS::ApiGatewayV2::Integration"


def apis(stack: Stack) -> None:
    """Every HTTP API of the template."""
    found: dict[str, Api] = {}
    for resource in stack.of(API):
        api = _api(stack, resource)
        if api is not None:
            found[resource.logical] = api
    for resource in stack.of("AWS::ApiGatewayV2::Stage"):
        api = _of(stack, resource.properties.get("ApiId"), found)
        if api is not None:
            _stage(api, resource.properties)
    for resource in stack.of("AWS::ApiGatewayV2::ApiMapping"):
        api = _of(stack, resource.properties.get("ApiId"), found)
        if api is not None:
            _mapping(stack, api, resource.properties)
    for resource in stack.of("AWS::ApiGatewayV2::Route"):
        view = resource.properties
        api = _of(stack, view.get("ApiId"), found) if view.has("ApiId") else next(iter(found.values()), None)
        if api is None:
            view.refuse("its API is not an HTTP API of this template")
        else:
            _route(stack, api, view)
    for api in found.values():
        finish(stack.plan, api)


def _of(stack: Stack, view: View | None, found: dict[str, Api]) -> Api | None:
    resource = stack.referred(view, API)
    return found.get(resource.logical) if resource is not None else None


def _api(stack: Stack, resource: Resource) -> Api | None:
    view = resource.properties
    if (view.literal("ProtocolType") or "HTTP").upper() != "HTTP":
        view.refuse("WebSocket APIs are not built")
        return None
    api = Api("http", resource.title, view.origin, stage="$default")
    cors = cors_of(view.get("CorsConfiguration"))
    if cors:
        api.settings["cors"] = cors
    body = view.get("Body")
    if body is not None:
        openapi.read(stack, api, body)
    target = view.get("Target")
    if target is not None:  # "quick create"
        function = stack.index.of(target)
        if function is not None:
            api.add(view.text("RouteKey") or "$default", Route(function, view.origin, "2.0"), view)
    return api


def _stage(api: Api, view: View) -> None:
    name = view.text("StageName")
    if api.stage not in ("$default", name):
        view.refuse(f"`{api.name}` has the stage `{api.stage}` already: give this one a trigger of its own")
        return
    api.stage = name
    for key, value in _texts(view.get("StageVariables")):
        api.stage_variables[key] = value


def _texts(view: View | None) -> list[tuple[str, str]]:
    return [(key, text) for key, each in (view.items() if view is not None else ()) if (text := each.text()) is not None]


def _mapping(stack: Stack, api: Api, view: View) -> None:
    domain = stack.referred(view.get("DomainName"), "AWS::ApiGatewayV2::DomainName")
    host = domain.properties.text("DomainName") if domain is not None else view.text("DomainName")
    view.take("Stage")
    if host is not None:
        api.sites.append((host, f"/{(view.text('ApiMappingKey') or '').strip('/')}"))


def _route(stack: Stack, api: Api, view: View) -> None:
    key = view.literal("RouteKey")
    integration = stack.referred(view.get("Target"), _INTEGRATION) or _exported(stack, view)
    if key is None or integration is None:
        view.refuse("its integration is not in this template")
        return
    protected = _is_protected(view)
    about = integration.properties
    if (about.literal("IntegrationType") or "AWS_PROXY") != "AWS_PROXY" or about.has("IntegrationSubtype"):
        view.refuse("the router has proxy integrations of functions alone")
        about.refuse("no route can lead to it")
        return
    function = stack.index.of(about.get("IntegrationUri"))
    payload = about.literal("PayloadFormatVersion")
    if function is not None:
        api.add(key, Route(function, view.origin, payload, milliseconds(about, "TimeoutInMillis"), protected), view)


def _exported(stack: Stack, view: View) -> Resource | None:
    """`integrations/a1b2c3` of an export is the integration with that id."""
    text = (view.text("Target") or "").rpartition("/")[2]
    return stack.resources.get(f"integration {text}")


def _is_protected(view: View) -> bool:
    kind = view.get("AuthorizationType")
    for key in ("AuthorizerId", "AuthorizationScopes"):
        view.take(key)
    required = view.get("ApiKeyRequired")
    if required is not None and required.flag():
        required.refuse(API_KEYS)
    if kind is None or kind.literal() == "NONE":
        return False
    kind.refuse(UNAUTHORIZED)
    return True
