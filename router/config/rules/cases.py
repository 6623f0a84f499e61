"""Rules for tests, those of a configuration and those in files of their own: what they name exists, and can be looked at.

None of them keeps a configuration from running: it is the test that fails.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from router.config.construct import construct
from router.config.nodes import MapNode, locate
from router.config.problem import Path
from router.config.reporting import Reporter
from router.config.rules.context import Context
from router.config.wording import alternatives, nearest
from router.model import TriggerType
from router.patterns.queries import BadQuery, check_query

FORMS = ("sample", "event", "request", "messages", "task", "schedule")
"""What an event may be given as."""
CODES = frozenset({"bad-given", "bad-expectation", "unknown-in-test"})
MATCHERS = ("equals", "contains", "jsonpath")
_OWN_TRIGGER = frozenset({"sample", "event", "messages", "task", "schedule"})
"""Forms that do not say themselves which trigger they are for."""
_ADDITIONS = {"at": "schedule", "queue_arn": "messages"}
_LETTERS = frozenset({"on_success", "on_failure", "dead_letter"})
"""Routes of functions that are destinations."""


@dataclass(slots=True, frozen=True)
class Names:
    """What a configuration declares. `triggers`: to their settings, or None where those are not known."""

    triggers: Mapping[str, Mapping[str, Any] | None]
    functions: Collection[str]
    types: Mapping[str, TriggerType]

    def routes(self, trigger: str | None) -> set[str] | None:
        """The names of a trigger's routes, of all triggers without one; None where they are not known."""
        chosen = [self.triggers.get(trigger)] if trigger is not None else [*self.triggers.values()]
        known: set[str] = set()
        for settings in chosen:
            kind = self.types.get(settings["type"]) if settings is not None else None
            if settings is None or kind is None or kind.routes is None:
                return None
            known |= {route.name for route in kind.routes(settings)}
        return known


def spelled(name: str, namespace: str | None, known: Collection[str]) -> str:
    """A name as the whole configuration has it: a file with a namespace writes its own names without it."""
    full = f"{namespace}.{name}"
    return full if namespace is not None and full in known else name


def cases(context: Context) -> None:
    """The tests of the configuration itself."""
    usable = {name: settings for name, settings, _ in context.decided_triggers()}
    triggers = {name: usable.get(name) for name in context.names("triggers")}
    names = Names(triggers, context.names("functions"), context.types)
    check_cases(_written(context), names, context.reporter, context.namespaces)


def _written(context: Context) -> dict[str, Any]:
    """The tests that fit the schema, without what stands in for keys that are not written."""
    node = context.node(("tests",))
    if not isinstance(node, MapNode):
        return {}
    values = construct(context.shapes, context.shapes.resolve("#/$defs/tests.cases"), node)
    return {name: values[name] for name in context.settings.get("tests") or {} if name in values}


def check_cases(
    tests: Mapping[str, Any], names: Names, reporter: Reporter, namespaces: Mapping[str, str], base: Path = ("tests",)
) -> None:
    """Report what is wrong with tests that fit the schema."""
    for name, test in tests.items():
        _Check(names, reporter, namespaces, (*base, name)).run(test)


@dataclass(slots=True)
class _Check:
    names: Names
    reporter: Reporter
    namespaces: Mapping[str, str]
    base: Path

    def run(self, test: Mapping[str, Any]) -> None:
        given = test.get("given") or {}
        self._given(given)
        for function in test.get("mock") or {}:
            self._function(("mock", function), function, on="key")
        trigger = given.get("trigger")
        self._expected(("expect",), test.get("expect"), trigger if isinstance(trigger, str) else None)

    def _given(self, given: Mapping[str, Any]) -> None:
        forms = [form for form in FORMS if form in given]
        if len(forms) != 1:
            told = f"has {alternatives(forms).replace(' or ', ' and ')}" if forms else "has no event"
            help_text = f"write exactly one of {alternatives(FORMS)}"
            self._report(("given",), "bad-given", f"the test {told}", help=help_text, on="key")
            return
        if given.get("trigger") is not None:
            self._trigger(("given", "trigger"), given["trigger"])
        elif forms[0] in _OWN_TRIGGER and len(self.names.triggers) != 1:
            message = f"the test does not say which trigger `{forms[0]}` is for"
            self._report(("given", forms[0]), "bad-given", message, help="add `trigger:`", on="key")
        for key, form in _ADDITIONS.items():
            if key in given and form not in forms:
                self._report(("given", key), "bad-given", f"`{key}` has no effect without `{form}`", help="remove it", on="key")
        if forms[0] == "schedule":
            self._route(("given", "schedule"), given["schedule"], given.get("trigger"))

    def _expected(self, path: Path, expected: Any, trigger: str | None) -> None:
        if not isinstance(expected, Mapping):
            return
        own = expected.get("trigger")
        if own is not None:
            self._trigger((*path, "trigger"), own)
        functions = expected.get("function")
        if isinstance(functions, str):
            self._function((*path, "function"), functions)
        for index, function in enumerate(functions if isinstance(functions, list) else ()):
            self._function((*path, "function", index), function)
        if expected.get("route") is not None:
            self._route((*path, "route"), expected["route"], None if own is None else own)
        for where, matcher in _matchers(expected):
            self._matcher((*path, *where), matcher)
        deliveries = expected.get("deliveries")
        for index, block in enumerate(deliveries if isinstance(deliveries, list) else ()):
            self._expected((*path, "deliveries", index), block, trigger)
        self._expected((*path, "not"), expected.get("not"), trigger)

    def _matcher(self, path: Path, matcher: Any) -> None:
        """Of a map with one of `MATCHERS` as a key."""
        if not isinstance(matcher, Mapping) or not any(key in matcher for key in MATCHERS):
            return
        for key in matcher:
            if key not in MATCHERS:
                message = f"`{key}` cannot stand beside {alternatives([name for name in MATCHERS if name in matcher])}"
                help_text = (
                    f"known here: {', '.join(f'`{name}`' for name in MATCHERS)}; a value of its own goes under `equals:`"
                )
                self._report((*path, key), "bad-expectation", message, help=help_text, on="key")
        if "jsonpath" not in matcher:
            return
        queries = matcher["jsonpath"]
        if not isinstance(queries, Mapping) or not queries:
            self._report((*path, "jsonpath"), "bad-expectation", "a map of queries to what they find is wanted here")
            return
        for query in queries:
            try:
                check_query(query)
            except BadQuery as error:
                self._report((*path, "jsonpath", query), "bad-expectation", str(error), on="key")

    # --- names -------------------------------------------------------------------------------------------------------

    def _trigger(self, path: Path, name: str) -> None:
        self._known(path, "trigger", name, self.names.triggers, "value")

    def _function(self, path: Path, name: str, on: str = "value") -> None:
        if not name.startswith("arn:"):
            self._known(path, "function", name, self.names.functions, on)

    def _route(self, path: Path, name: str, trigger: Any) -> None:
        full = self._spelled(path, trigger, self.names.triggers) if isinstance(trigger, str) else None
        known = self.names.routes(full)
        if known is not None and (full is None or full in self.names.triggers):
            what = f"route of the trigger `{full}` is called" if full is not None else "route is called"
            self._known(path, what, name, known | _LETTERS, "value")

    def _known(self, path: Path, what: str, name: str, known: Collection[str], on: str) -> None:
        if self._spelled(path, name, known) in known:
            return
        meant = nearest(name, known)
        message = f"there is no {what} `{name}`" if " " not in what else f"no {what} `{name}`"
        self._report(path, "unknown-in-test", message, help=f"did you mean `{meant}`?" if meant else None, on=on)

    def _spelled(self, path: Path, name: str, known: Collection[str]) -> str:
        file = locate(self.reporter.root, (*self.base, *path)).value.span.file
        return spelled(name, self.namespaces.get(file), known)

    def _report(self, path: Path, code: str, message: str, *, help: str | None = None, on: str = "value") -> None:
        self.reporter.report((*self.base, *path), code, message, help=help, on=on, severity="warning")


def _matchers(expected: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    yield ("payload",), expected.get("payload")
    for section, key in (("response", "body"), ("settlement", "output"), ("origin", "body")):
        block = expected.get(section)
        if isinstance(block, Mapping):
            yield (section, key), block.get(key)
