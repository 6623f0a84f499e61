"""CloudFormation's intrinsic functions, as far as a template alone decides them; the rest becomes references and variables.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from router.arn import partition_of
from router.importing.naming import variable_name
from router.importing.nodes import Node, Part, Reference, Symbol, Variable, made, parts_of, symbol
from router.importing.notes import Notes
from router.model import Place

NO_VALUE = "AWS::NoValue"
_HOLE = re.compile(r"\$\{(!?)([^}]*)\}")
_DYNAMIC = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^}]*)\}\}")


class Undefined(Exception):
    """The function says that there is no value."""


@dataclass(slots=True)
class Scope:
    """What intrinsic functions look at. `parameters`: resolved; `conditions`, `mappings`: as written; `given`: by callers."""

    notes: Notes
    parameters: dict[str, Node] = field(default_factory=dict)
    mappings: Node | None = None
    conditions: Mapping[str, Node] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    account: str | None = None
    region: str | None = None
    stack: str | None = None
    _decided: dict[str, bool | None] = field(default_factory=dict)

    # --- pseudo parameters -----------------------------------------------------------------------------------------

    def pseudo(self, name: str) -> str | Variable | None:
        """The value of a pseudo parameter; None where there is none of this name."""
        if not name.startswith("AWS::"):
            return None
        if name in self.given:
            return self.given[name]
        region = self.region or self.given.get("AWS::Region")
        partition = partition_of(str(region or ""))
        known: dict[str, str | Variable] = {
            "AWS::AccountId": self.account or Variable("AWS_ACCOUNT_ID", "the account's id (or pass `--account`)"),
            "AWS::Region": region or Variable("AWS_REGION", "the region (or pass `--region`)"),
            "AWS::Partition": partition,
            "AWS::URLSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
            "AWS::StackName": self.stack or Variable("STACK_NAME", "the stack's name"),
            "AWS::StackId": Variable("STACK_ID", "the stack's ARN"),
            "AWS::NotificationARNs": Variable("NOTIFICATION_ARNS", "the stack's notification topics"),
        }
        return known.get(name)

    # --- conditions ------------------------------------------------------------------------------------------------

    def holds(self, name: str) -> bool | None:
        """Whether a condition is true; None where the template alone does not decide it."""
        if name not in self._decided:
            self._decided[name] = None  # a condition that asks for itself
            node = self.conditions.get(name)
            self._decided[name] = None if node is None else self._test(node)
        return self._decided[name]

    def takes(self, name: str, place: Place, resource: str) -> bool:
        """The same, where one way must be gone: what is not decided is taken for true, and told."""
        held = self.holds(name)
        if held is None:
            reason = f"the condition `{name}` is not decided offline and taken for true; pass its parameters with `--parameter`"
            self.notes.remark(place, resource, "Condition", reason)
        return held is not False

    def _test(self, node: Node) -> bool | None:
        match node.value:
            case {"Fn::Equals": Node(value=[one, other])}:
                first, second = self.resolve(one), self.resolve(other)
                return None if first is None or second is None else _same(first, second)
            case {"Fn::And": Node(value=list() as tests)}:
                return _all([self._test(test) for test in tests])
            case {"Fn::Or": Node(value=list() as tests)}:
                opposite = _all([_not(self._test(test)) for test in tests])
                return _not(opposite)
            case {"Fn::Not": Node(value=[test])}:
                return _not(self._test(test))
            case {"Condition": Node(value=str() as name)}:
                return self.holds(name)
            case _:
                return None

    # --- values ----------------------------------------------------------------------------------------------------

    def resolve(self, node: Node) -> Node | None:
        """The node with its functions worked out; None where it has no value."""
        try:
            return self._resolved(node)
        except Undefined:
            return None

    def _resolved(self, node: Node) -> Node:
        match node.value:
            case dict() as entries if len(entries) == 1 and (found := _function(entries)) is not None:
                name, argument = found
                result = _FUNCTIONS[name](self, argument) if name in _FUNCTIONS else self._unknown(name, argument)
                return Node(node.place, result.value, result.text, node.name)
            case dict() as entries:
                below = {key: value for key, each in entries.items() if (value := self.resolve(each)) is not None}
                return Node(node.place, below, name=node.name)
            case list() as items:
                return Node(node.place, [value for each in items if (value := self.resolve(each)) is not None], name=node.name)
            case str() as text if "{{resolve:" in text:
                return Node(node.place, _dynamic(text), text, node.name)
            case _:
                return Node(node.place, node.value, node.text, node.name)

    def unknown(self, name: str, meaning: str, place: Place) -> Node:
        """A variable for what cannot be worked out."""
        return made(place, Symbol((Variable(variable_name(name), meaning),)))

    def _unknown(self, name: str, argument: Node) -> Node:
        self.resolve(argument)
        return self.unknown(name.removeprefix("Fn::"), f"the result of `{name}`, which is not known offline", argument.place)

    def named(self, name: str, place: Place) -> Node:
        """What `Ref` gives."""
        if name == NO_VALUE:
            raise Undefined
        pseudo = self.pseudo(name)
        if pseudo is not None:
            return made(place, pseudo if isinstance(pseudo, str) else Symbol((pseudo,)))
        if name in self.parameters:
            found = self.parameters[name]
            return Node(place, found.value, found.text)
        if name in self.resources or "." in name:
            return made(place, Symbol((Reference(name),)))
        return self.unknown(name, f"what `!Ref {name}` stands for, which the template does not declare", place)


def _function(entries: Mapping[str, Node]) -> tuple[str, Node] | None:
    ((name, argument),) = entries.items()
    return (name, argument) if name == "Ref" or name.startswith("Fn::") else None


def _same(one: Node, other: Node) -> bool | None:
    first, second = parts_of(one), parts_of(other)
    if first is None or second is None:
        return None
    if any(not isinstance(part, str) for part in (*first, *second)):
        return True if first == second else None
    return first == second


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _all(values: list[bool | None]) -> bool | None:
    if False in values:
        return False
    return None if None in values or not values else True


def _dynamic(text: str) -> "str | Symbol":
    """`{{resolve:ssm:/db/host}}`: a variable, because its value may be a secret."""
    parts: list[Part] = []
    end = 0
    for match in _DYNAMIC.finditer(text):
        parts += [text[end : match.start()], Variable(variable_name(match[2].split(":")[0]), f"the value of `{match[0]}`")]
        end = match.end()
    return symbol([*parts, text[end:]])


# --- the functions ---------------------------------------------------------------------------------------------------


def _ref(scope: Scope, argument: Node) -> Node:
    return scope.named(_plain(argument), argument.place)


def _get_att(scope: Scope, argument: Node) -> Node:
    if isinstance(argument.value, str):
        logical, _, attribute = argument.value.partition(".")
    else:
        items = [_plain(item) for item in _items(argument)]
        logical, attribute = (items[0], ".".join(items[1:])) if items else ("", "")
    return made(argument.place, Symbol((Reference(logical, attribute),)))


def _sub(scope: Scope, argument: Node) -> Node:
    items = argument.value if isinstance(argument.value, list) else [argument]
    own: dict[str, Node] = {}
    if len(items) > 1 and isinstance(items[1].value, dict):
        own = {name: value for name, each in items[1].value.items() if (value := scope.resolve(each)) is not None}
    text = _plain(items[0]) if items else ""
    parts: list[Part] = []
    end = 0
    for match in _HOLE.finditer(text):
        parts += [text[end : match.start()], *_hole(scope, match, own, argument.place)]
        end = match.end()
    return made(argument.place, symbol([*parts, text[end:]]))


def _hole(scope: Scope, match: re.Match[str], own: Mapping[str, Node], place: Place) -> tuple[Part, ...]:
    name = match[2].strip()
    if match[1]:
        return ("${" + match[2] + "}",)
    if name in own:
        return parts_of(own[name]) or ()
    logical, dot, attribute = name.partition(".")
    if dot and logical in scope.resources:
        return (Reference(logical, attribute),)
    return parts_of(scope.named(name, place)) or ()


def _join(scope: Scope, argument: Node) -> Node:
    items = _items(argument)
    values = _items(scope.resolve(items[1])) if len(items) > 1 else []
    delimiter = _plain(items[0]) if items else ""
    parts: list[Part] = []
    for index, value in enumerate(values):
        parts += [*((delimiter,) if index else ()), *(parts_of(value) or ())]
    return made(argument.place, symbol(parts))


def _split(scope: Scope, argument: Node) -> Node:
    items = _items(argument)
    resolved = scope.resolve(items[1]) if len(items) > 1 else None
    delimiter = _plain(items[0]) if items else ""
    if resolved is None or not delimiter:
        return made(argument.place, [])
    pieces: list[list[Part]] = [[]]
    for part in parts_of(resolved) or ():
        texts = part.split(delimiter) if isinstance(part, str) else [part]
        pieces[-1].append(texts[0])
        pieces += [[text] for text in texts[1:]]
    return made(argument.place, [made(argument.place, symbol(piece)) for piece in pieces])


def _select(scope: Scope, argument: Node) -> Node:
    items = _items(argument)
    index = scope.resolve(items[0]) if items else None
    listed = scope.resolve(items[1]) if len(items) > 1 else None
    values = listed.value if listed is not None else None
    text = "".join(str(part) for part in (parts_of(index) or ())) if index is not None else ""
    if isinstance(values, list) and text.isdigit() and int(text) < len(values):
        return values[int(text)]
    return scope.unknown("Select", "the result of `Fn::Select`, which is not known offline", argument.place)


def _find_in_map(scope: Scope, argument: Node) -> Node:
    items = _items(argument)
    keys = [_plain(value) if (value := scope.resolve(item)) is not None else "" for item in items[:3]]
    here = scope.mappings
    for key in keys:
        here = here.value.get(key) if here is not None and isinstance(here.value, dict) else None
    if here is not None and len(keys) == 3:
        return scope._resolved(here)
    if len(items) > 3 and isinstance(items[3].value, dict) and "DefaultValue" in items[3].value:
        return scope._resolved(items[3].value["DefaultValue"])
    meaning = f"what `Fn::FindInMap` finds at {' / '.join(key or '?' for key in keys)}"
    return scope.unknown("_".join(keys), meaning, argument.place)


def _if(scope: Scope, argument: Node) -> Node:
    items = _items(argument)
    if len(items) != 3:
        raise Undefined
    taken = scope.takes(_plain(items[0]), argument.place, "Fn::If")
    return scope._resolved(items[1] if taken else items[2])


def _import_value(scope: Scope, argument: Node) -> Node:
    resolved = scope.resolve(argument)
    parts = (parts_of(resolved) if resolved is not None else None) or ()
    name = "".join(part if isinstance(part, str) else f"{{{_word(part)}}}" for part in parts)
    if name in scope.given:
        return made(argument.place, scope.given[name])
    return scope.unknown(name, f"the export `{name}` of another stack", argument.place)


def _word(part: Part) -> str:
    return part.name if isinstance(part, Variable) else str(getattr(part, "logical", part))


def _to_json(scope: Scope, argument: Node) -> Node:
    resolved = scope.resolve(argument)
    parts: list[Part] = list(_json(resolved)) if resolved is not None else ["null"]
    return made(argument.place, symbol(parts))


def _json(node: Node) -> Iterator[Part]:
    match node.value:
        case dict() as entries:
            yield "{"
            for index, (key, below) in enumerate(entries.items()):
                yield f"{',' if index else ''}{json.dumps(key)}:"
                yield from _json(below)
            yield "}"
        case list() as items:
            yield "["
            for index, item in enumerate(items):
                yield "," if index else ""
                yield from _json(item)
            yield "]"
        case Symbol(parts=parts):
            yield from ('"', *(json.dumps(part)[1:-1] if isinstance(part, str) else part for part in parts), '"')
        case value:
            yield json.dumps(value)


def _length(scope: Scope, argument: Node) -> Node:
    resolved = scope.resolve(argument)
    if resolved is None or not isinstance(resolved.value, list):
        return scope.unknown("Length", "the result of `Fn::Length`, which is not known offline", argument.place)
    return made(argument.place, len(resolved.value))


def _items(node: Node | None) -> list[Node]:
    return node.value if node is not None and isinstance(node.value, list) else []


def _plain(node: Node) -> str:
    """A literal text; what is none is empty."""
    return "".join(part for part in parts_of(node) or () if isinstance(part, str))


_FUNCTIONS: Mapping[str, Callable[[Scope, Node], Node]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
    "Fn::ImportValue": _import_value,
    "Fn::ToJsonString": _to_json,
    "Fn::Length": _length,
}
