"""CloudFormation templates: parameters, conditions and mappings decide; resources are resolved and read by type.

SAM's own types are expanded by `router.importing.formats.sam` between functions and triggers; CDK's templates come here, too.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from router.config.files import Files
from router.importing.audit import audit
from router.importing.formats import sam
from router.importing.functions import FunctionIndex
from router.importing.intrinsics import Scope
from router.importing.irrelevant import TYPES, resource_reason
from router.importing.naming import variable_name
from router.importing.nodes import Node, Symbol, Variable, made
from router.importing.not_built import unknown_type
from router.importing.notes import Notes
from router.importing.physical import Names
from router.importing.plan import Plan
from router.importing.services import (
    alb,
    cloudfront,
    code,
    cognito,
    eventbridge,
    http_apis,
    rest_apis,
    s3,
    schedules,
    sns,
    sqs,
    step_functions,
    urls,
)
from router.importing.stack import Resource, Stack
from router.importing.view import Owner, View

_SECTIONS = {
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Outputs",
    "Rules",
    "Parameters",
    "Mappings",
    "Conditions",
    "Resources",
    "Globals",
    "Transform",
}
"""`Outputs` and `Rules` say nothing about events; the others are read."""
_ATTRIBUTES = {
    "Type",
    "Properties",
    "Condition",
    "Metadata",
    "DependsOn",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "UpdatePolicy",
    "CreationPolicy",
    "Connectors",
}
_TRANSFORM = "AWS::Serverless-2016-10-31"


@dataclass(slots=True, frozen=True)
class Source:
    """Where a template comes from. `folder`: where its relative paths begin. `stack`, `account`, `region`: the
    stack's name and where it is deployed, where that is known."""

    file: str
    folder: str
    stack: str | None = None
    kind: str = "cloudformation"
    account: str | None = None
    region: str | None = None


def read(document: Node, source: Source, plan: Plan, files: Files) -> Stack:
    """Adds everything in a template to the plan."""
    sections = document.value if isinstance(document.value, dict) else {}
    _check_sections(sections, plan.notes)
    plan.settle_in(source.account, source.region)
    written = _entries(sections.get("Resources"))
    scope = scope_of(sections, source, plan, {key: kind_of(node) for key, node in written.items()})
    kept = {key: node for key, node in written.items() if stays(key, node, scope)}
    if sections.get("Globals") is not None:
        kept = sam.with_globals(kept, sections["Globals"], plan.notes)
    names = Names(scope, {key: kind_of(node) for key, node in written.items()})
    stack = Stack(plan, files, names, source.folder, FunctionIndex(plan))
    for key, node in kept.items():
        add(stack, key, node)
    names.properties = {key: resource.properties.node for key, resource in stack.resources.items()}
    read_stack(stack)
    return stack


def read_stack(stack: Stack) -> None:
    """All resources, functions first, because everything else names them; then what nobody has read."""
    deployers = set(_deployers(stack))
    for resource in stack.of("AWS::Lambda::Function", "AWS::Serverless::Function"):
        if resource.logical in deployers:
            resource.properties.node.taken = True
            resource.properties.remark("it serves a custom resource when the stack is deployed: nothing to route")
        else:
            code.declare(stack, resource)
    for kind, reader in _READERS:
        for resource in stack.of(kind):
            reader(stack, resource)
    for whole in _WHOLE:
        whole(stack)
    for resource in list(stack.resources.values()):
        _account_for(stack, resource)


def _deployers(stack: Stack) -> Iterator[str]:
    """Functions behind custom resources, as CDK adds them."""
    for resource in list(stack.resources.values()):
        if resource.kind.startswith("Custom::") or resource.kind == "AWS::CloudFormation::CustomResource":
            function = stack.referred(
                resource.properties.get("ServiceToken"), "AWS::Lambda::Function", "AWS::Serverless::Function"
            )
            if function is not None:
                yield function.logical


def _mapping_resource(stack: Stack, resource: Resource) -> None:
    sqs.mapping(stack, resource.properties, None, resource.title)


def _invoke_config(stack: Stack, resource: Resource) -> None:
    view = resource.properties
    function = stack.index.of(view.get("FunctionName"))
    view.take("Qualifier")
    if function is not None:
        code.invoke_config(stack, stack.plan.functions[function.key], view)


_READERS: tuple[tuple[str, Callable[[Stack, Resource], None]], ...] = (
    ("AWS::Lambda::Function", code.asynchronous),
    ("AWS::Serverless::Function", code.asynchronous),
    ("AWS::Lambda::Version", code.version),
    ("AWS::Lambda::Alias", code.alias),
    ("AWS::Lambda::EventInvokeConfig", _invoke_config),
    ("AWS::Serverless::Function", sam.events),
    ("AWS::Serverless::StateMachine", sam.machine_events),
    ("AWS::Lambda::Url", urls.url_resource),
    ("AWS::Lambda::EventSourceMapping", _mapping_resource),
    ("AWS::S3::Bucket", s3.bucket_resource),
    ("Custom::S3BucketNotifications", s3.custom_resource),
    ("AWS::SNS::Topic", sns.topic_resource),
    ("AWS::SNS::Subscription", sns.subscription_resource),
    ("AWS::Events::Rule", eventbridge.rule_resource),
    ("AWS::Scheduler::Schedule", schedules.schedule_resource),
    ("AWS::Cognito::UserPool", cognito.pool_resource),
    ("AWS::CloudFront::Distribution", cloudfront.distribution_resource),
)
"""In this order: what others refer to comes first."""
_WHOLE: tuple[Callable[[Stack], None], ...] = (
    sam.apis,
    http_apis.apis,
    rest_apis.apis,
    alb.balancers,
    step_functions.activities,
)
"""Services whose parts stand in several resources."""


# --- sections --------------------------------------------------------------------------------------------------------


def _check_sections(sections: Mapping[str, Node], notes: Notes) -> None:
    for name, node in sections.items():
        if name not in _SECTIONS:
            notes.unsupported(node.place, "the template", name, "the importer does not know this section")
    transform = sections.get("Transform")
    listed = transform.value if transform is not None and isinstance(transform.value, list) else [transform]
    for macro in listed:
        if macro is not None and macro.value != _TRANSFORM:
            reason = f"the macro `{macro.text or 'with parameters'}` runs in AWS alone: import the processed template"
            notes.unsupported(macro.place, "the template", "Transform", reason)


def _entries(node: Node | None) -> dict[str, Node]:
    return node.value if node is not None and isinstance(node.value, dict) else {}


def kind_of(node: Node) -> str:
    kind = _entries(node).get("Type")
    return kind.value if kind is not None and isinstance(kind.value, str) else ""


def scope_of(sections: Mapping[str, Node], source: Source, plan: Plan, kinds: Mapping[str, str]) -> Scope:
    """What intrinsic functions look at."""
    options = plan.options
    scope = Scope(
        plan.notes,
        mappings=sections.get("Mappings"),
        conditions=_entries(sections.get("Conditions")),
        resources=kinds,
        given=options.parameters,
        account=options.account or source.account,
        region=options.region or source.region,
        stack=source.stack,
    )
    for name, node in _entries(sections.get("Parameters")).items():
        scope.parameters[name] = _parameter(name, node, options.parameters)
    return scope


def _parameter(name: str, node: Node, given: Mapping[str, str]) -> Node:
    """A parameter's value: what the caller gives, else its default, else a variable. One that is `NoEcho` is never shown."""
    declared = _entries(node)
    kind = declared["Type"].text if "Type" in declared else "String"
    default = declared.get("Default")
    hidden = "NoEcho" in declared and declared["NoEcho"].text.lower() == "true"
    if not hidden and (name in given or (default is not None and "AWS::SSM::Parameter" not in kind)):
        text = given.get(name, default.text if default is not None else "")
        if kind.startswith("List<") or kind == "CommaDelimitedList":
            return made(node.place, [made(node.place, part.strip()) for part in text.split(",")])
        return made(node.place, text)
    why = "which is `NoEcho`" if hidden else "which has no default" if default is None else "which lies in Parameter Store"
    meaning = f"the value of the parameter `{name}`, {why}" + ("" if hidden else f" (or pass `--parameter {name}=…`)")
    return made(node.place, Symbol((Variable(variable_name(name), meaning),)))


# --- resources -------------------------------------------------------------------------------------------------------


def stays(key: str, node: Node, scope: Scope) -> bool:
    condition = _entries(node).get("Condition")
    if condition is None or not isinstance(condition.value, str):
        return True
    label = f"{kind_of(node)} {key}"
    if scope.takes(condition.value, condition.place, label):
        return True
    scope.notes.remark(condition.place, label, "Condition", f"left out: the condition `{condition.value}` is false")
    return False


def add(stack: Stack, key: str, node: Node) -> None:
    entries = _entries(node)
    kind = kind_of(node)
    owner = Owner(kind, f"{kind or 'a resource without a type'} {key}", stack.plan.notes, stack.names.physical)
    for name, each in entries.items():
        if name not in _ATTRIBUTES:
            View(each, owner, (name,)).refuse("the importer does not know this attribute")
    written = entries.get("Properties") or made(node.place, {})
    resolved = stack.names.scope.resolve(written) or made(node.place, {})
    metadata = entries.get("Metadata")
    view = View(replace(resolved, place=node.place, name=None), owner)
    about = View(metadata, owner, ("Metadata",)) if metadata is not None and isinstance(metadata.value, dict) else None
    stack.resources[key] = Resource(key, kind, view, _title(key, about, kind), about)


def _title(key: str, metadata: View | None, kind: str) -> str:
    """CDK's path without the stack and the resource (`Shop/Orders/Resource` is `Orders`); else the logical id."""
    path = metadata.literal("aws:cdk:path") if metadata is not None and metadata.has("aws:cdk:path") else None
    if path is None:
        return key
    parts = [part for part in path.split("/")[1:] if part not in ("Resource", "Default")]
    return "-".join(parts) or key


def _account_for(stack: Stack, resource: Resource) -> None:
    """What was not read of a resource is told, unless its type has nothing to do with events."""
    view = resource.properties
    if resource.kind in TYPES:
        if not view.is_map:
            view.refuse("a map of properties is wanted here")
            return
        view.node.touched = True
        audit(view)
    elif resource_reason(resource.kind) is None:
        view.refuse(unknown_type(resource.kind))


def folder_of(file: str) -> str:
    """The folder of a file, `.` for the working directory."""
    return posixpath.dirname(file) or "."
