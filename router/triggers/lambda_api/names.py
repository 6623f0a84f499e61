"""Whom a caller of the Invoke API means: the forms of a function's name, and the declared function behind one.

Source: `FunctionName` of https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html and semantics/sync.md §1.1.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from router.arn import FunctionArn
from router.model import Function
from router.triggers.lambda_api.answers import Refused

NAME_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
"""As Lambda's service model has it, and as its error text quotes it."""

QUALIFIER_PATTERN = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"

_NAME = re.compile(NAME_PATTERN, re.ASCII)
_QUALIFIER = re.compile(QUALIFIER_PATTERN, re.ASCII)
_PARTITION, _REGION, _ACCOUNT, _BARE, _NAME_QUALIFIER = 2, 3, 9, 11, 13

_CONFLICT = "The derived qualifier from the function name does not match the specified qualifier."


@dataclass(slots=True, frozen=True)
class Asked:
    """A function as a caller names it; None stands for a part that was left out."""

    name: str
    qualifier: str | None = None
    account: str | None = None
    region: str | None = None
    partition: str | None = None


def asked(encoded_name: str, qualifier: str | None) -> Asked:
    """The parts of a path segment and the `Qualifier` of the query. Raises Refused for what Lambda refuses.

    SDKs percent-encode an ARN in the path, and some send it encoded twice; no name holds a `%`, so that decoding twice is safe.
    """
    text = unquote(unquote(encoded_name))
    _constrain(text, "functionName", 256, _NAME, NAME_PATTERN)
    if qualifier is not None:
        _constrain(qualifier, "qualifier", 128, _QUALIFIER, QUALIFIER_PATTERN)
    match = _NAME.fullmatch(text)
    assert match is not None, "the constraint has been checked"
    own = match[_NAME_QUALIFIER]
    if own is not None and qualifier is not None and own != qualifier:
        raise Refused("InvalidParameterValueException", _CONFLICT)
    region, account = (_without_colon(match[group]) for group in (_REGION, _ACCOUNT))
    return Asked(match[_BARE], own or qualifier, account, region, match[_PARTITION])


def _constrain(text: str, member: str, longest: int, pattern: re.Pattern[str], pattern_text: str) -> None:
    if not text:
        violated = "Member must have length greater than or equal to 1"
    elif len(text) > longest:
        violated = f"Member must have length less than or equal to {longest}"
    elif pattern.fullmatch(text) is None:
        violated = f"Member must satisfy regular expression pattern: {pattern_text}"
    else:
        return
    raise Refused(
        "ValidationException",
        f"1 validation error detected: Value '{text}' at '{member}' failed to satisfy constraint: {violated}",
    )


def _without_colon(text: str | None) -> str | None:
    return text[:-1] if text is not None else None


class Directory:
    """The functions that callers may reach, by their keys in the configuration and by the names in their ARNs."""

    def __init__(self, functions: Iterable[Function], region: str, account: str) -> None:
        self._region = region
        self._account = account
        self._by_name: dict[str, list[Function]] = {}
        declared = [*functions]
        for function in declared:
            self._by_name.setdefault(function.name, []).append(function)
        for function in declared:
            if function.name != function.arn.name:
                self._by_name.setdefault(function.arn.name, []).append(function)

    def find(self, asked: Asked) -> Function:
        """The declared function that is meant. Raises Refused with Lambda's `Function not found` text.

        Of several that fit, a function declared with the qualifier that was asked for comes first, then one in the
        configuration's own account and region, then one whose key is the name, then the first declared.
        """
        fitting = [function for function in self._by_name.get(asked.name, ()) if _fits(asked, function.arn)]
        if not fitting:
            raise Refused("ResourceNotFoundException", f"Function not found: {self._full_arn(asked)}")
        return min(fitting, key=lambda function: self._distance(asked, function))

    @staticmethod
    def is_meant(asked: Asked, function: Function) -> bool:
        """Whether a caller may mean this function."""
        return asked.name in (function.name, function.arn.name) and _fits(asked, function.arn)

    def _distance(self, asked: Asked, function: Function) -> tuple[bool, bool]:
        at_home = (function.arn.region, function.arn.account) == (self._region, self._account)
        return (function.qualifier != asked.qualifier, not at_home)

    def _full_arn(self, asked: Asked) -> FunctionArn:
        return FunctionArn(
            asked.region or self._region,
            asked.account or self._account,
            asked.name,
            asked.qualifier or "$LATEST",
            asked.partition or "aws",
        )


def _fits(asked: Asked, arn: FunctionArn) -> bool:
    """Whether what the caller wrote of account, region and partition is what the function was declared with."""
    return (
        asked.account in (None, arn.account) and asked.region in (None, arn.region) and asked.partition in (None, arn.partition)
    )
