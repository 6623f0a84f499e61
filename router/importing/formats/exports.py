"""What the AWS CLI prints: each kind is told by its keys, and becomes resources with CloudFormation's names.

Exports of one call belong together: rules and their targets, routes and their integrations. Two kinds do not say what they
belong to: `list-targets-by-rule` and `get-bucket-notification-configuration`; the name of their file does.
"""

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from router.config.files import Files
from router.importing.formats.cloudformation import read_stack
from router.importing.functions import FunctionIndex
from router.importing.intrinsics import Scope
from router.importing.nodes import Node, made, renamed
from router.importing.physical import Names
from router.importing.plan import Plan
from router.importing.stack import Resource, Stack
from router.importing.view import Owner, View

_MAPPING = "AWS::Lambda::EventSourceMapping"
_CONFIG = "AWS::Lambda::EventInvokeConfig"
_FUNCTION = "AWS::Lambda::Function"
_URL = "AWS::Lambda::Url"
_RULE = "AWS::Events::Rule"
_SCHEDULE = "AWS::Scheduler::Schedule"
_NOTIFICATIONS = {"LambdaFunctionConfigurations", "TopicConfigurations", "QueueConfigurations", "EventBridgeConfiguration"}
_PREFIXES = ("notification-", "notifications-", "bucket-", "targets-", "get-bucket-notification-configuration-")


@dataclass(slots=True)
class Exports:
    """Everything that the documents of one call hold. `rules`: by name; `targets`: by the name of their file.
    `summaries`: schedules of which only the name is known."""

    resources: dict[str, tuple[str, Node]] = field(default_factory=dict)
    rules: dict[str, Node] = field(default_factory=dict)
    targets: dict[str, Node] = field(default_factory=dict)
    summaries: dict[str, Node] = field(default_factory=dict)
    has_api: bool = False

    def add(self, kind: str, name: str, node: Node) -> None:
        """A resource under a free name."""
        key, number = name, 2
        while key in self.resources:
            key, number = f"{name} {number}", number + 1
        self.resources[key] = (kind, node)


def _entries(node: Node) -> dict[str, Node]:
    return node.value if isinstance(node.value, dict) else {}


def _text(node: Node, key: str) -> str:
    below = _entries(node).get(key)
    return below.text if below is not None else ""


def _items(node: Node) -> list[Node]:
    return node.value if isinstance(node.value, list) else []


def _last(text: str) -> str:
    """The name in a function's ARN, or in another one."""
    parts = text.split(":")
    return parts[6] if len(parts) > 6 else parts[-1]


# --- kinds -----------------------------------------------------------------------------------------------------------


def _mapping(exports: Exports, node: Node, file: str) -> None:
    name = f"{_last(_text(node, 'FunctionArn'))}-{_last(_text(node, 'EventSourceArn'))}"
    exports.add(_MAPPING, name, renamed(node, {"FunctionArn": "FunctionName"}))


def _invoke_config(exports: Exports, node: Node, file: str) -> None:
    exports.add(_CONFIG, _last(_text(node, "FunctionArn")), renamed(node, {"FunctionArn": "FunctionName"}))


def _function(exports: Exports, node: Node, file: str) -> None:
    exports.add(_FUNCTION, _text(node, "FunctionName") or _last(_text(node, "FunctionArn")), node)


def _function_with_code(exports: Exports, node: Node, file: str) -> None:
    _function(exports, _entries(node)["Configuration"], file)


def _url(exports: Exports, node: Node, file: str) -> None:
    exports.add(_URL, f"{_last(_text(node, 'FunctionArn'))}-url", node)


def _rule(exports: Exports, node: Node, file: str) -> None:
    exports.rules[_text(node, "Name")] = node


def _targets(exports: Exports, node: Node, file: str) -> None:
    exports.targets[file] = _entries(node)["Targets"]


def _subscription(exports: Exports, node: Node, file: str) -> None:
    exports.add("AWS::SNS::Subscription", _last(_text(node, "SubscriptionArn")), node)


def _schedule(exports: Exports, node: Node, file: str) -> None:
    exports.add(_SCHEDULE, _text(node, "Name"), node)


def _schedule_summary(exports: Exports, node: Node, file: str) -> None:
    exports.summaries[_text(node, "Name")] = node


def _route(exports: Exports, node: Node, file: str) -> None:
    exports.add("AWS::ApiGatewayV2::Route", f"route {_text(node, 'RouteId')}", node)
    _any_api(exports, node)


def _integration(exports: Exports, node: Node, file: str) -> None:
    exports.add("AWS::ApiGatewayV2::Integration", f"integration {_text(node, 'IntegrationId')}", node)


def _any_api(exports: Exports, node: Node) -> None:
    """Routes do not name their API: there is one for all."""
    if not exports.has_api:
        exports.has_api = True
        exports.add("AWS::ApiGatewayV2::Api", "http-api", made(node.place, {}))


def _notifications(exports: Exports, node: Node, file: str) -> None:
    bucket = subject(file)
    entries = {"BucketName": made(node.place, bucket), "NotificationConfiguration": node}
    exports.add("AWS::S3::Bucket", bucket, made(node.place, entries))


def _nothing(exports: Exports, node: Node, file: str) -> None:
    """`list-stack-resources` and `list-exports` are read before everything else: they say what others are called."""


def subject(file: str) -> str:
    """What the name of a file says that its content is about: `notification-photos.json` is about `photos`."""
    stem = posixpath.basename(file).rpartition(".")[0] or posixpath.basename(file)
    return next((stem.removeprefix(prefix) for prefix in _PREFIXES if stem.startswith(prefix)), stem)


Reader = Callable[[Exports, Node, str], None]

_LISTS: Mapping[str, Reader] = {
    "EventSourceMappings": _mapping,
    "FunctionEventInvokeConfigs": _invoke_config,
    "Functions": _function,
    "FunctionUrlConfigs": _url,
    "Rules": _rule,
    "Subscriptions": _subscription,
    "Schedules": _schedule_summary,
    "StackResources": _nothing,
    "StackResourceSummaries": _nothing,
    "Exports": _nothing,
}
"""Documents that hold a list under this key."""
_SINGLE: tuple[tuple[frozenset[str], Reader], ...] = (
    (frozenset({"Targets"}), _targets),
    (frozenset({"Configuration", "Code"}), _function_with_code),
    (frozenset({"UUID", "EventSourceArn"}), _mapping),
    (frozenset({"FunctionUrl", "FunctionArn"}), _url),
    (frozenset({"FunctionArn", "Runtime"}), _function),
    (frozenset({"FunctionArn", "PackageType"}), _function),
    (frozenset({"FunctionArn", "MaximumRetryAttempts"}), _invoke_config),
    (frozenset({"FunctionArn", "MaximumEventAgeInSeconds"}), _invoke_config),
    (frozenset({"FunctionArn", "DestinationConfig"}), _invoke_config),
    (frozenset({"ScheduleExpression", "Target"}), _schedule),
    (frozenset({"Name", "EventPattern"}), _rule),
    (frozenset({"Name", "ScheduleExpression"}), _rule),
    (frozenset({"RouteKey", "RouteId"}), _route),
    (frozenset({"IntegrationId", "IntegrationType"}), _integration),
)
"""Documents, and items of lists, that have these keys; the first that fits."""


def _reader_of(node: Node) -> tuple[Reader, list[Node]] | None:
    """How a document is read, and its items."""
    entries = _entries(node)
    for key, reader in _LISTS.items():
        if key in entries and isinstance(entries[key].value, list):
            return reader, _items(entries[key])
    if "Items" in entries and isinstance(entries["Items"].value, list):
        items = _items(entries["Items"])
        found = _reader_of(items[0]) if items else None
        return (found[0], items) if found is not None else None
    for keys, reader in _SINGLE:
        if keys <= entries.keys():
            return reader, [node]
    if entries and entries.keys() <= _NOTIFICATIONS:
        return _notifications, [node]
    return None


def is_export(document: Node) -> bool:
    """Whether a document is something that the AWS CLI prints and that is known here."""
    if isinstance(document.value, list):
        return bool(document.value) and all(map(is_export, document.value))
    return _reader_of(document) is not None


def names_in(document: Node) -> Iterator[tuple[str, str]]:
    """Physical names by logical id, and values of exports: what `list-stack-resources` and `list-exports` know."""
    entries = _entries(document)
    for key in ("StackResources", "StackResourceSummaries"):
        for item in _items(entries[key]) if key in entries else ():
            yield _text(item, "LogicalResourceId"), _text(item, "PhysicalResourceId")
    for item in _items(entries["Exports"]) if "Exports" in entries else ():
        yield _text(item, "Name"), _text(item, "Value")


# --- reading ---------------------------------------------------------------------------------------------------------


def read(documents: list[tuple[Node, str]], plan: Plan, files: Files) -> None:
    """Adds everything in some exports to the plan."""
    exports = Exports()
    for document, file in documents:
        for each in document.value if isinstance(document.value, list) else [document]:
            _check_pages(each, plan)
            found = _reader_of(each)
            for item in found[1] if found is not None else ():
                assert found is not None
                (found[0] if "Items" not in _entries(each) else _item_reader(item, found[0]))(exports, item, file)
    _join_targets(exports, plan)
    scope = Scope(plan.notes, given=plan.options.parameters, account=plan.options.account, region=plan.options.region)
    stack = Stack(plan, files, Names(scope, {}), ".", FunctionIndex(plan), is_live=True)
    for name, node in exports.summaries.items():
        if exports.resources.get(name, ("", node))[0] != _SCHEDULE:
            reason = "`list-schedules` does not tell when: export each with `get-schedule`"
            plan.notes.unsupported(node.place, f"schedule {name}", "", reason)
    for name, (kind, node) in exports.resources.items():
        owner = Owner(kind, f"{kind} {name}", plan.notes, stack.names.physical)
        view = View(Node(node.place, node.value), owner)
        if not view.is_map:
            view.refuse("a map is wanted here")
            continue
        stack.resources[name] = Resource(name, kind, view, name)
    read_stack(stack)


def _check_pages(node: Node, plan: Plan) -> None:
    for key in ("NextToken", "NextMarker"):
        token = _entries(node).get(key)
        if token is not None and token.value is not None:
            plan.notes.unsupported(token.place, "the export", key, "it is not whole: print the other pages, too")


def _item_reader(item: Node, otherwise: Reader) -> Reader:
    found = _reader_of(item)
    return found[0] if found is not None else otherwise


def _join_targets(exports: Exports, plan: Plan) -> None:
    """Gives each rule its targets: those that stand inside, or in a file that is named like the rule."""
    used: set[str] = set()
    for name, node in exports.rules.items():
        fitting = [file for file in exports.targets if subject(file) == name]
        if not fitting and len(exports.rules) == 1:
            fitting = list(exports.targets)
        used.update(fitting)
        listed = [target for file in fitting for target in _items(exports.targets[file])]
        entries = _entries(node)
        if listed:
            entries = {**entries, "Targets": made(node.place, listed)}
        exports.add(_RULE, name, Node(node.place, entries))
    for file, targets in exports.targets.items():
        if file not in used:
            reason = "the targets do not say whose they are: name the file like its rule, `targets-RULE.json`"
            plan.notes.unsupported(targets.place, "list-targets-by-rule", "Targets", reason)
