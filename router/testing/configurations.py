"""The configurations that tests are about, each loaded once for every set of variables, and what tests they hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from router import routing
from router.config import Loaded, Severity, load
from router.config.case_files import CaseFile
from router.config.construct import construct
from router.config.files import Files
from router.config.nodes import MapNode, child
from router.config.problem import Problem
from router.config.reporting import Reporter
from router.config.rules.cases import CODES, Names, check_cases
from router.routing import Table
from router.samples.reading import moment
from router.testing.words import START, Case
from router.triggers import TYPES

_CASES = "#/$defs/tests.cases"


@dataclass(slots=True)
class Configurations:
    """`env`: the environment's variables; a test's own go before them. `overlays`: laid over each."""

    files: Files
    env: Mapping[str, str]
    overlays: Sequence[str] = ()
    _known: dict[tuple[str, tuple[tuple[str, str], ...], bool], Loaded] = field(default_factory=dict)
    _tables: dict[int, Mapping[str, Table]] = field(default_factory=dict)

    def loaded(self, path: str, env: Mapping[str, str] | None = None, trusted: bool = True) -> Loaded:
        """As commands see it that run nothing: variables that are not set are unknown values."""
        key = (path, tuple(sorted((env or {}).items())), trusted)
        if key not in self._known:
            self._known[key] = load(
                [path],
                [*self.overlays],
                files=self.files,
                env={**self.env, **(env or {})},
                require_env=False,
                partial=True,
                trust_callers=trusted,
            )
        return self._known[key]

    def tables(self, loaded: Loaded) -> Mapping[str, Table]:
        """The routing of a configuration that could be compiled."""
        if id(loaded) not in self._tables:
            assert loaded.config is not None
            self._tables[id(loaded)] = routing.compile_tables(loaded.config.triggers)
        return self._tables[id(loaded)]


def inline(path: str, loaded: Loaded) -> list[Case]:
    """The tests that a configuration holds itself."""
    if loaded.written is None or loaded.config is None:
        return []
    root = loaded.written.root
    below = child(root, "tests")
    if below is None or not isinstance(below[1], MapNode):
        return []
    values: Mapping[str, Any] = construct(loaded.written.shapes, loaded.written.shapes.resolve(_CASES), below[1])
    cases = []
    for name, value in values.items():
        file = Reporter(root).key_span(("tests", name)).file
        namespace = loaded.written.namespaces.get(file)
        problems = [
            _as_error(problem) for problem in loaded.problems if problem.code in CODES and problem.path[:2] == ("tests", name)
        ]
        cases.append(_case(name, file, path, value, root, namespace, {}, problems))
    return cases


def of_file(file: CaseFile, config: str, loaded: Loaded) -> list[Case]:
    """The tests of a file of their own, checked against the configuration that they are about."""
    if file.root is None:
        return []
    defaults: Mapping[str, Any] = file.value.get("defaults") or {}
    values = {name: _merged(defaults, test, file.value) for name, test in (file.value.get("tests") or {}).items()}
    found: list[Problem] = []
    if loaded.config is not None:
        settings = loaded.config.raw
        known = {trigger.name for trigger in loaded.config.triggers}
        triggers = {name: settings["triggers"][name] if name in known else None for name in settings["triggers"]}
        names = Names({**triggers, **dict.fromkeys(loaded.undecided)}, loaded.config.functions, TYPES)
        check_cases(values, names, Reporter(file.root, found), {})
    return [
        _case(
            name,
            file.path,
            config,
            value,
            file.root,
            None,
            file.env,
            [_as_error(problem) for problem in found if problem.path[:2] == ("tests", name)],
        )
        for name, value in values.items()
    ]


def _merged(defaults: Mapping[str, Any], test: Mapping[str, Any], file: Mapping[str, Any]) -> dict[str, Any]:
    """A test over the file's defaults: of maps the single keys; an event of its own replaces the defaults' one."""
    merged = dict(test)
    for name, block in defaults.items():
        own = test.get(name) or {}
        kept = {key: value for key, value in block.items() if not (name == "given" and _replaces(own, key))}
        merged[name] = {**kept, **own}
    if "now" in file and "now" not in test:
        merged["now"] = file["now"]
    return merged


def _replaces(own: Mapping[str, Any], key: str) -> bool:
    events = {"sample", "event", "request", "messages", "queue_arn", "task", "schedule", "at"}
    return key in events and any(name in events for name in own)


def _case(
    name: str,
    file: str,
    config: str,
    value: Mapping[str, Any],
    root: MapNode,
    namespace: str | None,
    env: Mapping[str, str],
    problems: list[Problem],
) -> Case:
    made = Case(
        name, file, config, value, root, ("tests", name), namespace, {**env, **(value.get("env") or {})}, START, problems
    )
    try:
        made.now = START if value.get("now") is None else moment(value["now"])
    except ValueError as error:
        problems.append(Problem("bad-given", str(error), made.span("now"), path=(*made.base, "now")))
    return made


def _as_error(problem: Problem) -> Problem:
    """What is a warning about a configuration keeps a test from saying anything."""
    return replace(problem, severity=Severity.ERROR)
