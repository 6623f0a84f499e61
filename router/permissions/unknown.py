"""What a configuration does not say because a variable is not set: left out of policies, and said."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from router.config.nodes import Opaque
from router.config.problem import Path, dotted
from router.permissions.statement import Statement

_SECTIONS = ("aws", "defaults", "functions", "monitoring", "triggers")
_IRRELEVANT = frozenset({"auth", "environment", "env_file", "local", "labels", "enabled"})
"""Keys below which nothing is of interest to IAM."""


def unknown(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Where a policy may depend on a variable that is not set, and what is written: `("triggers.jobs.queue", "${QUEUE}")`."""
    return [(dotted(path), text) for section in _SECTIONS for path, text in _opaque(settings.get(section), (section,))]


def _opaque(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, Opaque):
        yield path, str(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _IRRELEVANT:
                yield from _opaque(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _opaque(item, (*path, index))


def is_unknown_function(settings: Mapping[str, Any], name: str) -> bool:
    """Whether a function's ARN is not known."""
    return isinstance(settings.get("functions", {}).get(name, {}).get("arn"), Opaque)


def known(statement: Statement) -> Statement | None:
    """The statement without resources that are not known; None where nothing of it is."""
    resources = tuple(resource for resource in statement.resources if "${" not in resource)
    if not resources or "${" in statement.principal:
        return None
    return replace(statement, resources=resources)
