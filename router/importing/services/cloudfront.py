"""Distributions with functions at the edge: behaviors in order, their origins and stages.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-cloudfront-distribution-cachebehavior.html
"""

from typing import Any

from router.importing.functions import note_version, version_of
from router.importing.naming import variable_name
from router.importing.plan import Entry, FunctionRef, TriggerRecord
from router.importing.secrets import looks_secret
from router.importing.stack import Resource, Stack
from router.importing.view import View

STAGES = {
    "viewer-request": "viewer_request",
    "origin-request": "origin_request",
    "origin-response": "origin_response",
    "viewer-response": "viewer_response",
}
NO_REDIRECTS = "the listener's `tls:` decides: requests without it are not redirected"
_CUSTOM = {"OriginReadTimeout": "read_timeout", "OriginKeepaliveTimeout": "keepalive_timeout"}
_DEFAULTS = {"read_timeout": "30s", "keepalive_timeout": "5s", "connection_timeout": "10s", "connection_attempts": 3}


def distribution_resource(stack: Stack, resource: Resource) -> None:
    """`AWS::CloudFront::Distribution`; one without functions at the edge has nothing to route."""
    config = resource.properties.get("DistributionConfig")
    if config is None:
        return
    behaviors = [*_behaviors(config)]
    if not any(view.has("LambdaFunctionAssociations") for _, view in behaviors):
        resource.properties.node.taken = True
        resource.properties.remark("no function is associated with it: nothing to route")
        return
    origins = _origins(config, resource.title)
    settings: dict[str, Any] = {"invocation": "sync", "auth": "none"}
    if config.flag("Enabled") is False:
        settings["enabled"] = False
    trigger = stack.plan.trigger(
        "lambda_edge", (str(resource.properties.place),), resource.title, resource.properties.origin, settings, "behaviors"
    )
    trigger.base_path = "/"
    for host in config.texts("Aliases"):
        trigger.hosts.append(host)
    for pattern, view in behaviors:
        _behavior(stack, trigger, pattern, view, origins)


def _behaviors(config: View) -> list[tuple[str, View]]:
    """With their patterns, the default one last."""
    listed = config.get("CacheBehaviors")
    found = [(each.text("PathPattern") or "?", each) for each in (listed.each() if listed is not None else ())]
    default = config.get("DefaultCacheBehavior")
    return [*found, ("*", default)] if default is not None else found


def _behavior(stack: Stack, trigger: TriggerRecord, pattern: str, view: View, origins: dict[str, Any]) -> None:
    target = view.literal("TargetOriginId")
    origin = origins.get(target or "")
    if origin is None:
        view.refuse(f"its origin `{target}` is not one that the router can reach")
        return
    settings: dict[str, Any] = {"origin": origin}
    protocol = view.get("ViewerProtocolPolicy")
    if protocol is not None and protocol.literal() != "allow-all":
        protocol.refuse(NO_REDIRECTS)
    associations = view.get("LambdaFunctionAssociations")
    for each in associations.each() if associations is not None else ():
        kind = each.literal("EventType")
        stage = STAGES.get(kind or "")
        function = stack.index.of(each.get("LambdaFunctionARN"))
        if stage is None or function is None:
            each.refuse("the stage or its function is not known")
            continue
        reference = stack.plan.use(function)
        settings[stage] = {"function": reference, "include_body": True} if each.flag("IncludeBody") else reference
    trigger.entries[pattern] = Entry(settings, view.origin)


def _origins(config: View, title: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    listed = config.get("Origins")
    for each in listed.each() if listed is not None else ():
        name = each.literal("Id")
        domain = each.text("DomainName")
        if name is not None and domain is not None:
            found[name] = _origin(each, domain, title)
    return found


def _origin(view: View, domain: str, title: str) -> Any:
    custom = view.get("CustomOriginConfig")
    settings: dict[str, Any] = {}
    url = f"https://{domain}{view.text('OriginPath') or ''}"
    if custom is not None:
        url, settings = _custom(view, custom, domain)
    else:
        settings["type"] = "s3"
        config = view.get("S3OriginConfig")
        identity = config.get("OriginAccessIdentity") if config is not None else None
        if identity is not None and identity.text():
            identity.refuse("the router signs no requests to buckets: the bucket must be readable without")
        control = view.get("OriginAccessControlId")
        if control is not None:
            control.refuse("the router signs no requests to buckets: the bucket must be readable without")
    settings["connection_attempts"] = view.number("ConnectionAttempts")
    settings["connection_timeout"] = view.seconds("ConnectionTimeout")
    settings["custom_headers"] = _headers(view.get("OriginCustomHeaders"), title) or None
    kept = {key: value for key, value in settings.items() if value is not None and _DEFAULTS.get(key) != value}
    return {"url": url, **kept} if kept else url


def _custom(view: View, custom: View, domain: str) -> tuple[str, dict[str, Any]]:
    protocol = custom.get("OriginProtocolPolicy")
    policy = protocol.literal() if protocol is not None else None
    scheme = "http" if policy == "http-only" else "https"
    if policy == "match-viewer" and protocol is not None:
        protocol.refuse("an origin of the router has one scheme: https is written")
    http, https = custom.number("HTTPPort"), custom.number("HTTPSPort")
    port = http if scheme == "http" else https
    shown = "" if port is None or port == (80 if scheme == "http" else 443) else f":{port}"
    settings: dict[str, Any] = {name: custom.seconds(key) for key, name in _CUSTOM.items()}
    return f"{scheme}://{domain}{shown}{view.text('OriginPath') or ''}", settings


def _headers(view: View | None, title: str) -> dict[str, str]:
    """Headers for the origin; one that looks like a secret becomes a variable."""
    found: dict[str, str] = {}
    for each in view.each() if view is not None else ():
        name, value = each.text("HeaderName"), each.text("HeaderValue")
        if name is None or value is None:
            continue
        if "${" not in value and looks_secret(name, value):
            variable = variable_name(f"{title}_{name}")
            meaning = f"the value of `{name}`, which looks like a secret and is not copied"
            each.owner.notes.variable(each.place, each.owner.label, each.keys, variable, meaning)
            value = f"${{{variable}}}"
        found[name] = value
    return found


# --- serverless.yml --------------------------------------------------------------------------------------------------


def add_stage(stack: Stack, view: View, function: FunctionRef, stage: str, origin: View) -> None:
    """A function as serverless.yml associates it: with a path pattern and an origin of the one distribution."""
    trigger = stack.plan.trigger("lambda_edge", (), "edge", view.origin, {"invocation": "sync", "auth": "none"}, "behaviors")
    trigger.base_path = "/"
    pattern = view.text("pathPattern") or "*"
    if origin.is_map:
        domain = origin.text("DomainName")
        server = _origin(origin, domain, "edge") if domain is not None else None
    else:
        server = origin.text()
    if server is None:
        origin.refuse("it names no server")
        return
    known = trigger.entries.get(pattern)
    if known is not None and known.settings["origin"] != server:
        view.refuse(f"`{pattern}` has another origin already")
        return
    entry = known or Entry({"origin": server}, view.origin)
    reference = stack.plan.use(FunctionRef(function.key, version_of(function.key)))
    note_version(view, function.key)
    entry.settings[stage] = {"function": reference, "include_body": True} if view.flag("includeBody") else reference
    trigger.entries[pattern] = entry
    if "*" in trigger.entries:
        trigger.entries["*"] = trigger.entries.pop("*")
