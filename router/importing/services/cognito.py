"""Triggers of user pools.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-cognito-userpool-lambdaconfig.html
"""

from typing import Any

from router.importing.naming import kebab
from router.importing.plan import Entry, FunctionRef, TriggerRecord
from router.importing.stack import Resource, Stack
from router.importing.view import Origin, View

OPERATIONS = (
    "PreSignUp",
    "PostConfirmation",
    "PreAuthentication",
    "PostAuthentication",
    "DefineAuthChallenge",
    "CreateAuthChallenge",
    "VerifyAuthChallengeResponse",
    "PreTokenGeneration",
    "UserMigration",
    "CustomMessage",
    "InboundFederation",
    "CustomEmailSender",
    "CustomSMSSender",
)
_HINT = "Cognito itself calls functions in AWS: whatever plays the user pool posts its events to this path"


def pool_resource(stack: Stack, resource: Resource) -> None:
    """`LambdaConfig` of `AWS::Cognito::UserPool`."""
    config = resource.properties.get("LambdaConfig")
    if config is None:
        return
    pool = stack.named(resource.properties, resource.logical)
    config.take("KMSKeyID")
    for name in OPERATIONS:
        newer = config.get("PreTokenGenerationConfig") if name == "PreTokenGeneration" else None
        each = newer or config.get(name)
        if newer is not None:
            config.take(name)
        if each is None:
            continue
        if each.is_map:
            _configured(stack, each, pool, resource.title, name)
        else:
            function = stack.index.of(each)
            if function is not None:
                operation(stack, each.origin, function, pool, resource.title, name)


def _configured(stack: Stack, view: View, pool: str, title: str, name: str) -> None:
    """`{LambdaArn, LambdaVersion}`: the version of the event."""
    function = stack.index.of(view.get("LambdaArn"))
    version = view.literal("LambdaVersion")
    if function is not None:
        operation(stack, view.origin, function, pool, title, name, version if name == "PreTokenGeneration" else None)


def operation(
    stack: Stack, origin: Origin, function: FunctionRef, pool: str, title: str, name: str, version: str | None = None
) -> TriggerRecord:
    """One operation of a pool."""
    defaults = {"invocation": "sync", "path": f"/cognito/{kebab(title)}", "user_pool": pool}
    trigger = stack.plan.trigger("cognito", (pool,), title, origin, defaults, "operations")
    if not trigger.comments:
        trigger.comments.append(_HINT)
    settings: dict[str, Any] = {"function": stack.plan.use(function)}
    if version is not None and version != "V1_0":
        settings["version"] = version
    trigger.entries[name] = Entry(settings, origin)
    return trigger
