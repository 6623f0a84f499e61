"""Files with tests alone (`*.test.yaml`): read, variables put in, checked against their schema. Pure: see `Files`.

What the tests name is checked when the configuration is there that they are about: `router.config.rules.cases`.
"""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from router.config.bundle import bundle, of_tests
from router.config.files import Files
from router.config.fitting import fitted
from router.config.nodes import MapNode, ScalarNode, child
from router.config.problem import Problem, Span
from router.config.schemas import documents
from router.config.shape import Shapes
from router.config.source import parse
from router.config.substitution import Substitution, redactor
from router.triggers import TYPES

SUFFIXES = (".test.yaml", ".test.yml")


@dataclass(slots=True)
class CaseFile:
    """`root`: the file as a tree, None where it cannot be read. `value`: what of it fits the schema, without broken tests.

    `config`: the configuration that it names, as a path from where the file's own path begins. `redact(text)`: without what
    came from a variable or a file.
    """

    path: str
    root: MapNode | None = None
    value: Mapping[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    sources: Mapping[str, str] = field(default_factory=dict)
    unreadable: bool = False
    redact: Callable[[str], str] = str

    @property
    def config(self) -> str | None:
        named = self.value.get("config")
        return None if named is None else posixpath.normpath(posixpath.join(posixpath.dirname(self.path), named))

    @property
    def env(self) -> Mapping[str, str]:
        """What the file says of variables."""
        env: Mapping[str, str] = self.value.get("env") or {}
        return env


def load_case_file(path: str, *, files: Files, env: Mapping[str, str]) -> CaseFile:
    """Never raises for what the file holds. Variables that are not set stay as they are written."""
    try:
        parsed = parse(files.read(path), path)
    except OSError as error:
        problem = Problem("unreadable-file", f"`{path}` cannot be read: {error.strerror}", Span(path, 1, 1, 1, 1))
        return CaseFile(path, problems=[problem], unreadable=True)
    result = CaseFile(path, problems=[*parsed.problems], sources={path: parsed.text})
    if parsed.root is None:
        return result
    kept = {name: entry for name, entry in parsed.root.entries.items() if not name.startswith("x-")}
    written = MapNode(parsed.root.span, kept)
    substitution = Substitution({**env, **_variables(written)}, files, require_env=False)
    root = substitution.apply(written)
    assert isinstance(root, MapNode)
    result.root, value, broken = fitted(_shapes(), root, result.problems)
    tests = value.get("tests")
    if isinstance(tests, dict):
        value = {**value, "tests": {name: test for name, test in tests.items() if ("tests", name) not in broken}}
    result.value = {name: part for name, part in value.items() if (name,) not in broken}
    result.problems += substitution.problems
    result.redact = redactor(substitution.secrets)
    return result


def _variables(root: MapNode) -> dict[str, str]:
    """The file's own `env:`, which its tests may use as well."""
    below = child(root, "env")
    if below is None or not isinstance(below[1], MapNode):
        return {}
    return {name: entry.value.text for name, entry in below[1].entries.items() if isinstance(entry.value, ScalarNode)}


@cache
def _shapes() -> Shapes:
    return Shapes(of_tests(bundle(documents(), TYPES)))
