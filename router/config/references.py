"""References to functions: `orders`, `orders:live`, a full ARN, or a map with `function` and `weights`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from router.arn import FunctionArn, parse_function_arn
from router.model import Function, Target

ARN_TIMEOUT = 900.0
"""Seconds: the longest a function may run in AWS, and the default for an ARN."""

LOCAL_TIMEOUT = 3.0
"""Seconds for a function that runs on this machine, as in AWS where nothing is configured."""

_QUALIFIER = re.compile(r"\$LATEST|[A-Za-z0-9_-]{1,128}")


@dataclass(slots=True, frozen=True)
class Reference:
    """`name` of a declared function, or `arn`; one of them is None."""

    name: str | None
    arn: FunctionArn | None
    qualifier: str | None


def parse_reference(text: str) -> Reference:
    """The parts of a reference. Raises ValueError that says what is wrong with it."""
    if text.startswith("arn:"):
        arn = parse_function_arn(text)
        if arn is None:
            raise ValueError("it is not the ARN of a Lambda function")
        return Reference(None, arn.qualified(None), arn.qualifier)
    name, colon, qualifier = text.partition(":")
    if colon and not _QUALIFIER.fullmatch(qualifier):
        raise ValueError(f"`{qualifier}` is no version or alias")
    return Reference(name, None, qualifier if colon else None)


@dataclass(slots=True)
class Functions:
    """The declared functions, and those that appear when a trigger names a full ARN that nobody declares."""

    declared: dict[str, Function]
    _by_arn: dict[str, Function] | None = None

    def target(self, value: Any) -> Target:
        """The target of a reference that has passed the rules."""
        if isinstance(value, Mapping):
            base = self.target(value["function"])
            weights = value.get("weights") or {}
            return Target(base.function, base.qualifier, tuple(weights.items()))
        reference = parse_reference(value)
        function = self._of(reference)
        return Target(function, reference.qualifier or function.qualifier)

    def _of(self, reference: Reference) -> Function:
        if reference.arn is None:
            return self.declared[str(reference.name)]
        if self._by_arn is None:
            self._by_arn = _with_arns(self.declared.values())
        text = str(reference.arn)
        if text not in self._by_arn:
            name = _free_name(reference.arn.name, self.declared, text)
            self._by_arn[text] = self.declared[name] = Function(name, reference.arn, ARN_TIMEOUT)
        return self._by_arn[text]


def _with_arns(functions: Iterable[Function]) -> dict[str, Function]:
    found: dict[str, Function] = {}
    for function in functions:
        if function.declared_arn:
            found.setdefault(str(function.arn), function)
    return found


def _free_name(name: str, taken: Iterable[str], text: str) -> str:
    return text if name in taken else name
