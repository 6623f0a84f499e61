"""REST APIs: `AWS::ApiGateway::*`, by resources and methods or by an OpenAPI body.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-method.html
"""

from router.importing.services import openapi
from router.importing.services.apis import API_KEYS, UNAUTHORIZED, Api, Route, finish, milliseconds, route_key, streams
from router.importing.stack import Resource, Stack
from router.importing.view import View

API = "AWS::ApiGateway::RestApi"
_RESOURCE = "AWS::ApiGateway::Resource"
_DEEPEST = 50
DEFAULT_STAGE = "prod"


def apis(stack: Stack) -> None:
    """Every REST API of the template."""
    found = {resource.logical: _api(stack, resource) for resource in stack.of(API)}
    for resource in stack.of("AWS::ApiGateway::Stage", "AWS::ApiGateway::Deployment"):
        api = _of(stack, resource.properties, found)
        if api is not None:
            _stage(api, resource)
    for resource in stack.of("AWS::ApiGateway::BasePathMapping"):
        api = _of(stack, resource.properties, found)
        if api is not None:
            _mapping(stack, api, resource.properties)
    for resource in stack.of("AWS::ApiGateway::Method"):
        api = _of(stack, resource.properties, found)
        if api is None:
            resource.properties.refuse("its API is not in this template")
        else:
            _method(stack, api, resource)
    for api in found.values():
        if api.stage is None:
            api.stage = DEFAULT_STAGE
            if api.routes:
                reason = f"the template has no stage for `{api.name}`: `{DEFAULT_STAGE}` is written"
                stack.plan.notes.remark(api.origin.place, api.origin.label, "", reason)
        finish(stack.plan, api)


def _of(stack: Stack, view: View, found: dict[str, Api]) -> Api | None:
    resource = stack.referred(view.get("RestApiId"), API)
    return found.get(resource.logical) if resource is not None else None


def _api(stack: Stack, resource: Resource) -> Api:
    view = resource.properties
    api = Api("rest", resource.title, view.origin)
    types = view.texts("BinaryMediaTypes")
    if types:
        api.settings["binary_media_types"] = [text.replace("~1", "/") for text in types]
    policy = view.get("Policy")
    if policy is not None:
        policy.refuse("resource policies are not built: everybody who reaches the listener may call")
    body = view.get("Body")
    if body is not None:
        openapi.read(stack, api, body)
    return api


def _stage(api: Api, resource: Resource) -> None:
    """A stage, also one that stands in a deployment."""
    view = resource.properties
    name = view.text("StageName")
    for key in ("DeploymentId", "StageDescription"):
        view.take(key)
    if name is None:
        return
    if api.stage not in (None, name):
        view.refuse(f"`{api.name}` has the stage `{api.stage}` already: give this one a trigger of its own")
        return
    api.stage = name
    variables = view.get("Variables")
    for key, each in variables.items() if variables is not None else ():
        text = each.text()
        if text is not None:
            api.stage_variables[key] = text


def _mapping(stack: Stack, api: Api, view: View) -> None:
    domain = stack.referred(view.get("DomainName"), "AWS::ApiGateway::DomainName", "AWS::ApiGateway::DomainNameV2")
    host = domain.properties.text("DomainName") if domain is not None else view.text("DomainName")
    view.take("Stage")
    if host is not None:
        api.sites.append((host, f"/{(view.text('BasePath') or '').strip('/')}"))


def _method(stack: Stack, api: Api, resource: Resource) -> None:
    view = resource.properties
    method = view.literal("HttpMethod")
    path = _path(stack, view.get("ResourceId"))
    integration = view.get("Integration")
    if method is None or path is None or integration is None:
        view.refuse("its method, path or integration is not in this template")
        return
    for key in ("MethodResponses", "OperationName", "RequestParameters", "RequestModels"):
        view.take(key)
    kind = integration.literal("Type")
    if kind != "AWS_PROXY":
        what = "answer preflights in the function, or behind a proxy" if method == "OPTIONS" else "give it a function"
        view.refuse(f"the router has proxy integrations of functions alone, not `{kind}`: {what}")
        return
    protected = _is_protected(view)
    function = stack.index.of(integration.get("Uri"))
    for key in ("IntegrationHttpMethod", "PassthroughBehavior", "IntegrationResponses", "ContentHandling", "Credentials"):
        integration.take(key)
    if function is not None:
        timeout = milliseconds(integration, "TimeoutInMillis")
        route = Route(function, view.origin, None, timeout, protected, streams=streams(integration))
        api.add(route_key(method, path), route, view)


def _is_protected(view: View) -> bool:
    required = view.get("ApiKeyRequired")
    if required is not None and required.flag():
        required.refuse(API_KEYS)
    validator = view.get("RequestValidatorId")
    if validator is not None:
        validator.refuse("the router passes every request on to its function")
    kind = view.get("AuthorizationType")
    for key in ("AuthorizerId", "AuthorizationScopes"):
        view.take(key)
    if kind is None or kind.literal() == "NONE":
        return False
    kind.refuse(UNAUTHORIZED)
    return True


def _path(stack: Stack, view: View | None) -> str | None:
    """The path of a resource, from its parents; `/` for the API's root."""
    parts: list[str] = []
    here = view
    for _ in range(_DEEPEST):
        resource = stack.referred(here, _RESOURCE)
        if resource is None:
            root = stack.referred(here, API)
            return f"/{'/'.join(reversed(parts))}" if root is not None else None
        part = resource.properties.text("PathPart")
        if part is None:
            return None
        parts.append(part)
        here = resource.properties.get("ParentId")
    return None
