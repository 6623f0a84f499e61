"""Checks values against the bundled schema with `jsonschema`, extended by our keywords; all findings at once.

Ours: `x-unsupported` (the key is refused with the reason), `x-unsupported-values`, and closed maps that name each unknown
key by itself. `anyOf` and `oneOf` report the branch that was meant (see `shape`). A value that is not known because a
variable is not set passes every check of a scalar.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, TypeChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import create

from router.config.nodes import Opaque
from router.config.schemas import Schema
from router.config.shape import Shapes

Errors = Iterator[ValidationError]
Keyword = Callable[[Any, Any, Any, Mapping[str, Any]], Errors]

_STRUCTURAL = frozenset({"$ref", "allOf", "anyOf", "oneOf", "if", "type", "x-unsupported"})
_SCALARS = ("string", "number", "integer", "boolean", "null")


def errors(shapes: Shapes, value: Any) -> Iterator[ValidationError]:
    """What is wrong with a whole configuration."""
    yield from _validator(shapes)(shapes.root).iter_errors(value)


def is_valid(shapes: Shapes, schema: Schema, value: Any) -> bool:
    """Whether a value fits one schema of the bundle."""
    return next(iter(_validator(shapes)(schema).iter_errors(value)), None) is None


def _validator(shapes: Shapes) -> Any:
    keywords: dict[str, Any] = dict(Draft202012Validator.VALIDATORS)
    keywords |= {
        "$ref": lambda validator, reference, value, schema: validator.descend(value, shapes.resolve(reference)),
        "anyOf": _branches(shapes),
        "oneOf": _branches(shapes),
        "additionalProperties": _closed(shapes, keywords["additionalProperties"]),
        "unevaluatedProperties": _closed(shapes, keywords["unevaluatedProperties"]),
        "required": _required,
        "enum": _enum,
        "const": _const,
        "x-unsupported": _unsupported,
        "x-unsupported-values": _unsupported_values,
    }
    wrapped = {name: keyword if name in _STRUCTURAL else _known_only(keyword) for name, keyword in keywords.items()}
    return create(Draft202012Validator.META_SCHEMA, wrapped, type_checker=_type_checker())


def _type_checker() -> TypeChecker:
    base = Draft202012Validator.TYPE_CHECKER

    def check(name: str) -> Callable[[Any, Any], bool]:
        return lambda _, value: isinstance(value, Opaque) or bool(base.is_type(value, name))

    checker: TypeChecker = base.redefine_many({name: check(name) for name in _SCALARS})
    return checker


def _known_only(keyword: Keyword) -> Keyword:
    def checked(validator: Any, argument: Any, value: Any, schema: Mapping[str, Any]) -> Errors:
        if not isinstance(value, Opaque):
            yield from keyword(validator, argument, value, schema) or ()

    return checked


def _branches(shapes: Shapes) -> Keyword:
    def check(validator: Any, branches: list[Schema], value: Any, schema: Mapping[str, Any]) -> Errors:
        fitting = shapes.fitting(branches, value)
        if not fitting:
            kinds = [branch for branch in branches if isinstance(branch, dict)]
            yield ValidationError("no branch fits", validator="type", validator_value=_types(shapes, kinds))
            return
        found = [list(validator.descend(value, branch)) for branch in fitting]
        if [] not in found:
            yield from min(found, key=len)

    return check


def _types(shapes: Shapes, branches: list[Schema]) -> list[str]:
    return list(dict.fromkeys(name for branch in branches for name in shapes.types(branch)))


def _closed(shapes: Shapes, original: Keyword) -> Keyword:
    """A schema for other keys is left to jsonschema; `false` becomes one error for each key that is not known."""

    def check(validator: Any, argument: Any, value: Any, schema: Any) -> Errors:
        if argument is not False:
            yield from original(validator, argument, value, schema)
        elif isinstance(value, dict):
            known = shapes.known_keys(schema, value)
            for name in value:
                if not known.allows(name):
                    yield ValidationError("unknown key", validator="unknown-key", validator_value=known, path=[name])

    return check


def _required(validator: Any, names: list[str], value: Any, schema: Mapping[str, Any]) -> Errors:
    if isinstance(value, dict):
        for name in names:
            if name not in value:
                yield ValidationError("missing key", validator="missing-key", validator_value=name)


def _enum(validator: Any, allowed: list[Any], value: Any, schema: Mapping[str, Any]) -> Errors:
    of_type = "type" not in schema or validator.is_type(value, schema["type"])
    if of_type and not any(_same(value, one) for one in allowed):
        yield ValidationError("not allowed", validator="enum", validator_value=allowed)


def _const(validator: Any, wanted: Any, value: Any, schema: Mapping[str, Any]) -> Errors:
    """Where the other values are not built yet, `x-unsupported` says so."""
    if "x-unsupported" not in schema and not _same(value, wanted):
        yield ValidationError("not allowed", validator="enum", validator_value=[wanted])


def _unsupported(validator: Any, reason: str, value: Any, schema: Mapping[str, Any]) -> Errors:
    if "const" in schema:
        if not isinstance(value, Opaque) and not _same(value, schema["const"]):
            yield ValidationError(reason, validator="unsupported-value", validator_value=reason)
    else:
        yield ValidationError(reason, validator="unsupported", validator_value=reason)


def _unsupported_values(validator: Any, reasons: Mapping[str, str], value: Any, schema: Mapping[str, Any]) -> Errors:
    if isinstance(value, str) and value in reasons:
        yield ValidationError(reasons[value], validator="unsupported-value", validator_value=reasons[value])


def _same(value: Any, other: Any) -> bool:
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)
