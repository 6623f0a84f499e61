"""`serverless.yml` of the Serverless Framework, versions 3 and 4: functions with their events, and resources of CloudFormation.

Source: https://www.serverless.com/framework/docs/providers/aws/guide/serverless.yml
"""

from collections.abc import Mapping

from router.config.files import Files
from router.importing.audit import audit
from router.importing.formats import cloudformation, serverless_events
from router.importing.formats.cloudformation import Source, read_stack
from router.importing.formats.serverless_event import Defaults
from router.importing.formats.serverless_variables import Variables
from router.importing.functions import FunctionIndex
from router.importing.intrinsics import Scope
from router.importing.nodes import Node, made
from router.importing.physical import Names
from router.importing.plan import Plan
from router.importing.services import code
from router.importing.services.apis import finish
from router.importing.stack import Resource, Stack
from router.importing.view import Owner, View

KIND = "function"
_SECTIONS = frozenset(
    [
        "service",
        "frameworkVersion",
        "configValidationMode",
        "useDotenv",
        "variablesResolutionMode",
        "deprecationNotificationMode",
        "app",
        "org",
        "tenant",
        "console",
        "licenseKey",
        "custom",
        "params",
        "stages",
        "plugins",
        "package",
        "provider",
        "functions",
        "resources",
        "outputs",
        "disabledDeprecations",
        "projectDir",
        "unresolvedVariablesNotificationMode",
        "build",
    ]
)
_PLUGINS = frozenset(
    [
        "serverless-offline",
        "serverless-dotenv-plugin",
        "serverless-esbuild",
        "serverless-webpack",
        "serverless-bundle",
        "serverless-plugin-typescript",
        "serverless-python-requirements",
        "serverless-prune-plugin",
        "serverless-deployment-bucket",
    ]
)
"""Plugins that add no events."""
_KEYS = {
    "handler": "Handler",
    "runtime": "Runtime",
    "memorySize": "MemorySize",
    "timeout": "Timeout",
    "reservedConcurrency": "ReservedConcurrentExecutions",
    "layers": "Layers",
    "name": "FunctionName",
    "image": "ImageUri",
    "maximumEventAge": "MaximumEventAgeInSeconds",
    "maximumRetryAttempts": "MaximumRetryAttempts",
}
_INVOKE = ("MaximumEventAgeInSeconds", "MaximumRetryAttempts")
DEFAULT_TIMEOUT = 6


def is_serverless(document: Node) -> bool:
    """Whether a document is a serverless.yml."""
    return isinstance(document.value, dict) and "provider" in document.value and "service" in document.value


def read(document: Node, source: Source, plan: Plan, files: Files) -> None:
    """Adds everything in the file to the plan."""
    region = plan.options.region
    scope = Scope(plan.notes, given=plan.options.parameters, account=plan.options.account, region=region)
    variables = Variables(document, source.folder, files, plan.options, scope, plan.notes)
    scope.region = region = region or variables.region
    plan.settle_in(None, region)
    entries = document.value if isinstance(document.value, dict) else {}
    stage = variables.stage
    service = _service(variables.resolve(entries["service"]))
    resolved = {key: variables.resolve(node) for key, node in entries.items() if key not in ("custom", "params", "stages")}
    _check_sections(resolved, plan)
    provider = resolved.get("provider") or made(document.place, {})
    scope.stack = _text(provider, "stackName") or f"{service}-{stage}"
    functions = _functions(resolved.get("functions"))
    resources = _resources(resolved.get("resources"))
    kinds = {logical_id(name): "AWS::Lambda::Function" for name in functions}
    kinds |= {key: cloudformation.kind_of(node) for key, node in resources.items()}
    scope.resources = kinds
    template = _merged_template(resolved.get("resources"))
    inner = cloudformation.scope_of(template, Source(source.file, source.folder, scope.stack), plan, kinds)
    inner.region = scope.region
    stack = Stack(plan, files, Names(inner, kinds), source.folder, FunctionIndex(plan))
    for key, node in resources.items():
        if cloudformation.stays(key, node, inner):
            cloudformation.add(stack, key, node)
    defaults = Defaults(service, stage, _view(provider, "provider", "provider", stack))
    views = {name: _declare(stack, name, node, defaults) for name, node in functions.items()}
    stack.names.properties = {key: resource.properties.node for key, resource in stack.resources.items()} | {
        logical_id(name): made(view.place, {"FunctionName": made(view.place, view.node.value["FunctionName"].value)})
        for name, view in views.items()
        if isinstance(view.node.value, dict) and "FunctionName" in view.node.value
    }
    declared = [Resource(logical_id(name), KIND, view, name) for name, view in views.items()]
    for resource in declared:
        code.declare(stack, resource)
    for resource in declared:
        code.asynchronous(stack, resource)
    for name, view in views.items():
        serverless_events.read(stack, view, stack.index.records[logical_id(name)], defaults)
    for api in stack.apis.values():
        finish(plan, api)
    read_stack(stack)
    for view in views.values():
        audit(view)
    defaults.provider.node.touched = True
    audit(defaults.provider)


def logical_id(name: str) -> str:
    """The logical id that the framework gives a function: `list-orders` is `ListDashordersLambdaFunction`."""
    normal = name.replace("-", "Dash").replace("_", "Underscore")
    return f"{normal[:1].upper()}{normal[1:]}LambdaFunction"


def _view(node: Node, kind: str, label: str, stack: Stack) -> View:
    owner = Owner(kind, label, stack.plan.notes, stack.names.physical)
    return View(Node(node.place, node.value if isinstance(node.value, dict) else {}), owner)


def _check_sections(sections: Mapping[str, Node], plan: Plan) -> None:
    for name, node in sections.items():
        if name not in _SECTIONS:
            plan.notes.unsupported(node.place, "serverless.yml", name, "the importer does not know this section")
    plugins = sections.get("plugins")
    listed = plugins.value if plugins is not None and isinstance(plugins.value, list) else []
    for node in listed:
        if node.text not in _PLUGINS:
            reason = f"what the plugin `{node.text}` adds is not known here"
            plan.notes.unsupported(node.place, "serverless.yml", "plugins", reason)


def _service(node: Node) -> str:
    name = node.value.get("name") if isinstance(node.value, dict) else node
    return name.text if name is not None and name.text else "service"


def _text(node: Node, key: str) -> str:
    below = node.value.get(key) if isinstance(node.value, dict) else None
    return below.text if below is not None and isinstance(below.value, str) else ""


def _functions(node: Node | None) -> dict[str, Node]:
    """By name; a list of maps (`- ${file(…)}`) is one map."""
    found: dict[str, Node] = {}
    for each in node.value if node is not None and isinstance(node.value, list) else [node]:
        if each is not None and isinstance(each.value, dict):
            found.update({name: below for name, below in each.value.items() if isinstance(below.value, dict)})
    return found


def _merged_template(node: Node | None) -> dict[str, Node]:
    """The sections of `resources:`, which may be a list of templates."""
    sections: dict[str, Node] = {}
    for each in node.value if node is not None and isinstance(node.value, list) else [node]:
        for key, below in each.value.items() if each is not None and isinstance(each.value, dict) else ():
            known = sections.get(key)
            if known is not None and isinstance(known.value, dict) and isinstance(below.value, dict):
                below = Node(below.place, {**known.value, **below.value}, name=key)
            sections[key] = below
    return sections


def _resources(node: Node | None) -> dict[str, Node]:
    section = _merged_template(node).get("Resources")
    return section.value if section is not None and isinstance(section.value, dict) else {}


def _declare(stack: Stack, name: str, node: Node, defaults: Defaults) -> View:
    """One function, under CloudFormation's keys, with the provider's defaults below its own."""
    owner = Owner(KIND, f"function {name}", stack.plan.notes, stack.names.physical)
    resolved = stack.names.scope.resolve(node) or node
    view = View(Node(node.place, resolved.value if isinstance(resolved.value, dict) else {}), owner).renamed(_KEYS)
    own = view.node.value
    assert isinstance(own, dict)
    entries: dict[str, Node] = {**own}
    for key, fallback in defaults.of_functions(stack).items():
        entries.setdefault(key, fallback)
    entries["Environment"] = _environment(own.get("environment"), defaults.environment(stack), view)
    entries.pop("environment", None)
    entries.setdefault("Timeout", made(view.place, DEFAULT_TIMEOUT))
    entries.setdefault("FunctionName", made(view.place, f"{defaults.service}-{defaults.stage}-{name}"))
    if "ImageUri" not in entries:
        entries["CodeUri"] = _code(own.get("package"), view)
    if "onError" in entries:
        entries["DeadLetterQueue"] = made(view.place, {"TargetArn": entries.pop("onError")}, "onError")
    invoke = {key: entries.pop(key) for key in _INVOKE if key in entries}
    destinations = entries.pop("destinations", None)
    if destinations is not None:
        invoke["DestinationConfig"] = _destinations(destinations)
    if invoke:
        entries["EventInvokeConfig"] = made(view.place, invoke)
    return View(Node(view.place, entries, touched=True), owner)


def _environment(own: Node | None, shared: Node | None, view: View) -> Node:
    entries: dict[str, Node] = {}
    for node in (shared, own):
        if node is not None and isinstance(node.value, dict):
            entries.update(node.value)
    return made(view.place, {"Variables": made(view.place, entries)}, "environment")


def _code(package: Node | None, view: View) -> Node:
    """The service's folder, or the artifact that is packaged elsewhere."""
    entries = package.value if package is not None and isinstance(package.value, dict) else {}
    artifact = entries.get("artifact")
    return artifact if artifact is not None else made(view.place, ".", "package")


def _destinations(node: Node) -> Node:
    """`onSuccess`, `onFailure`: an ARN, a function's key, or `{type, arn}`."""
    entries = node.value if isinstance(node.value, dict) else {}
    found: dict[str, Node] = {}
    for key, name in (("onSuccess", "OnSuccess"), ("onFailure", "OnFailure")):
        below = entries.get(key)
        if below is None:
            continue
        target = below.value["arn"] if isinstance(below.value, dict) and "arn" in below.value else below
        found[name] = made(below.place, {"Destination": Node(target.place, target.value, target.text, key)}, key)
    return Node(node.place, found, name="destinations")
