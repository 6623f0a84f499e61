"""Filter policies of SNS subscriptions: which messages a subscription gets.

The language is that of event patterns (`router.patterns.events`) with fewer operators and limits of its own. A policy looks at
the message's attributes, or at its body where that is a JSON object. A refusal has AWS's own text where that is known.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html,
https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html and semantics/async.md §C.8.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from router import jsontext
from router.errors import RouterError
from router.patterns.events import Pattern, compile_pattern
from router.patterns.invalid import InvalidPattern, Path
from router.patterns.numbers import is_number, read_json
from router.patterns.relations import is_or

MESSAGE_ATTRIBUTES = "MessageAttributes"
MESSAGE_BODY = "MessageBody"

MAX_KEYS = 5
MAX_COMPLEXITY = 150
MAX_SIZE = 256 * 1024
"""Bytes of a policy as JSON."""
MAX_NUMBER = 10**9
MAX_DECIMALS = 5
_OPERATORS = frozenset({"prefix", "suffix", "equals-ignore-case", "anything-but", "numeric", "cidr", "exists"})
_OF_TEXT = frozenset({"prefix", "suffix"})


class InvalidPolicy(RouterError):
    """A policy that SNS refuses, in its words. `path`: keys and indexes below the policy."""

    def __init__(self, reason: str, path: Path = ()) -> None:
        super().__init__(reason)
        self.path = path


@dataclass(slots=True, frozen=True)
class FilterPolicy:
    """A compiled policy, for any number of messages."""

    pattern: Pattern
    scope: str


def seen_attributes(attributes: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Attributes (name to `Type` and `Value`, as SNS writes them) as policies see them. Never raises."""
    leaves = {name: _attribute(each["Type"], each["Value"]) for name, each in attributes.items()}
    return {name: value for name, value in leaves.items() if value is not _IGNORED}


def seen_body(text: str) -> dict[str, Any] | None:
    """A message as policies see it; None where it is no JSON object. Never raises."""
    try:
        body = read_json(text)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


class _Ignored:
    """An attribute that no policy sees."""


_IGNORED = _Ignored()


def _attribute(type: str, value: str) -> Any:
    """A Number is compared as a number, of a String.Array every element is; Binary is never looked at."""
    if type == "String":
        return value
    if type not in ("Number", "String.Array"):
        return _IGNORED
    try:
        parsed = read_json(value)
    except ValueError:
        return _IGNORED
    if type == "Number":
        return parsed if is_number(parsed) else _IGNORED
    if not isinstance(parsed, list):
        return _IGNORED
    return [each for each in parsed if not isinstance(each, (dict, list))]


# --- compiling -------------------------------------------------------------------------------------------------------


def compile_policy(policy: Mapping[str, Any], scope: str | None = None) -> FilterPolicy:
    """`scope`: None is MessageAttributes. Raises InvalidPolicy."""
    scope = scope or MESSAGE_ATTRIBUTES
    if len(policy) > MAX_KEYS:
        raise InvalidPolicy(f"FilterPolicy: Filter policy can not have more than {MAX_KEYS} keys")
    for path, depth, values in _lists(policy):
        if depth > 1 and scope == MESSAGE_ATTRIBUTES:
            raise InvalidPolicy("Filter policy scope MessageAttributes does not support nested filter policy", path)
        _check_values(values, path)
    try:
        pattern = compile_pattern(policy)
    except InvalidPattern as error:
        raise InvalidPolicy(f"FilterPolicy: {error.reason}", error.path) from None
    if len(jsontext.dumps(policy)) > MAX_SIZE:
        raise InvalidPolicy(f"FilterPolicy: Filter policy can not have more than {MAX_SIZE} bytes")
    if _complexity(policy, 1, scope) > MAX_COMPLEXITY:
        raise InvalidPolicy("FilterPolicy: Filter policy is too complex")
    return FilterPolicy(pattern, scope)


def _lists(policy: Mapping[str, Any]) -> Iterator[tuple[Path, int, Sequence[Any]]]:
    """Every leaf with its path and its nesting depth; a branch of `$or` nests nothing."""
    pending: list[tuple[Path, int, Mapping[str, Any]]] = [((), 1, policy)]
    while pending:
        here, depth, level = pending.pop()
        for key, value in level.items():
            path = (*here, key)
            if isinstance(value, Mapping):
                pending.append((path, depth + 1, value))
                # An object without leaves is nested, too.
                yield path, depth + 1, ()
            elif key == "$or" and is_or(value):
                pending += [((*path, index), depth, branch) for index, branch in enumerate(value)]
            elif isinstance(value, (list, tuple)):
                yield path, depth, value


def _complexity(level: Mapping[str, Any], depth: int, scope: str) -> int:
    """The product of the lists' lengths, each times its depth in a body; branches of `$or` add up."""
    product = 1
    for key, value in level.items():
        if isinstance(value, Mapping):
            product *= _complexity(value, depth + 1, scope)
        elif key == "$or" and is_or(value):
            product *= sum(_complexity(branch, depth, scope) for branch in value)
        else:
            product *= len(value) * (depth if scope == MESSAGE_BODY else 1)
    return product


# --- what SNS takes of the language ----------------------------------------------------------------------------------


def _check_values(values: Sequence[Any], path: Path) -> None:
    for index, value in enumerate(values):
        here = (*path, index)
        if isinstance(value, Mapping) and value:
            _check_operator(*next(iter(value.items())), here)
        _check_number(value, here)


def _check_operator(name: str, argument: Any, path: Path) -> None:
    if name not in _OPERATORS:
        raise InvalidPolicy(f"FilterPolicy: Unrecognized match type {name}", path)
    if name in _OF_TEXT and not isinstance(argument, str):
        raise InvalidPolicy(f"FilterPolicy: {name} match pattern must be a string", path)
    if name == "anything-but" and isinstance(argument, Mapping) and argument:
        inner = next(iter(argument))
        if inner != "prefix":
            raise InvalidPolicy(f"FilterPolicy: Unsupported anything-but pattern: {inner}", path)
    for each in argument if isinstance(argument, (list, tuple)) else [argument]:
        _check_number(each, path)


def _check_number(value: Any, path: Path) -> None:
    """AWS documents the range; how it words the refusal is not known."""
    if not is_number(value):
        return
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) > MAX_NUMBER or number != round(number, MAX_DECIMALS):
        limits = f"from -{MAX_NUMBER} to {MAX_NUMBER}, with at most {MAX_DECIMALS} decimals"
        raise InvalidPolicy(f"FilterPolicy: the number {value} is not {limits}", path)
