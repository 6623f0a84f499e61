"""Function URLs, and the cross-origin rules that they share with HTTP APIs.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-url.html
"""

from typing import Any

from router.importing.plan import FunctionRef
from router.importing.stack import Resource, Stack
from router.importing.view import View

OPEN = "everybody who reaches the listener may call: give the trigger an `auth`"


def url_resource(stack: Stack, resource: Resource) -> None:
    """`AWS::Lambda::Url`, and what `get-function-url-config` prints."""
    view = resource.properties
    function = stack.index.of(view.get("TargetFunctionArn") or view.get("FunctionArn"))
    qualifier = view.text("Qualifier")
    if function is not None:
        url(stack, view, FunctionRef(function.key, qualifier or function.qualifier), resource.title)


def url(stack: Stack, view: View, function: FunctionRef, name: str) -> None:
    """One function URL, also SAM's `FunctionUrlConfig`."""
    settings: dict[str, Any] = {"invocation": "sync", "function": stack.plan.use(function)}
    authorization = view.get("AuthType")
    if authorization is not None and authorization.literal() == "NONE":
        settings["auth"] = "none"
    elif authorization is not None:
        authorization.refuse(f"signatures of callers are not checked; {OPEN}")
    mode = view.get("InvokeMode")
    if mode is not None and mode.literal() == "RESPONSE_STREAM":
        settings["invoke_mode"] = "response_stream"
    cors = cors_of(view.get("Cors"))
    if cors:
        settings["cors"] = cors
    stack.plan.trigger("function_url", (str(view.place),), name, view.origin, settings).base_path = "/"


_CORS = {
    "AllowOrigins": "allow_origins",
    "AllowMethods": "allow_methods",
    "AllowHeaders": "allow_headers",
    "ExposeHeaders": "expose_headers",
}


def cors_of(view: View | None) -> dict[str, Any] | None:
    """Cross-origin rules under the keys of CloudFormation."""
    if view is None:
        return None
    if not view.is_map:  # SAM: `true`, or one origin
        text = view.literal()
        return {"allow_origins": ["*"] if text == "true" else [text]} if text not in (None, "false") else None
    found: dict[str, Any] = {name: view.texts(key) for key, name in _CORS.items() if view.has(key)}
    if not found.get("allow_origins"):
        view.refuse("cross-origin rules need an allowed origin")
        return None
    if "allow_methods" in found:
        found["allow_methods"] = [method.upper() for method in found["allow_methods"]]
    age = view.seconds("MaxAge")
    if age is not None and age != "0s":
        found["max_age"] = age
    if view.flag("AllowCredentials"):
        found["allow_credentials"] = True
    return found
