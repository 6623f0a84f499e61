"""Two lists of facts side by side: what is missing, what differs, and what the template does not know."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from router.arn import parse_function_arn
from router.config.destinations import parse_destination
from router.config.problem import Path
from router.importing.drift.facts import Fact, Settings, facts
from router.importing.drift.texts import fits, last_part, shown
from router.model import Place


class DriftKind(StrEnum):
    """`EXTRA` counts only where the caller is strict."""

    MISSING = "missing"
    DIFFERENT = "different"
    EXTRA = "extra"


@dataclass(slots=True, frozen=True)
class Drift:
    """One difference. `property`: what differs; `template`, `configuration`: the place in each, and what stands there."""

    kind: DriftKind
    title: str
    property: str
    template: Place | None
    expected: str
    configuration: Place | None
    actual: str


Where = Callable[[Path], Place | None]

_SECRET = "local.environment."
_AWS_RETRIES, _AWS_AGE = 2, 21_600.0
_DESTINATIONS = ("on_success", "on_failure", "dead_letter")
_INVENTED = ("hosts", "base_path")
"""What the importer may have made up; a configuration is free to say it otherwise."""


def compare(template: Settings, configuration: Settings, in_template: Where, in_configuration: Where) -> list[Drift]:
    """Every difference between completed settings."""
    return _Comparison(template, configuration, in_template, in_configuration).run()


@dataclass(slots=True)
class _Comparison:
    template: Settings
    configuration: Settings
    in_template: Where
    in_configuration: Where

    def run(self) -> list[Drift]:
        wanted, there = facts(self.template), facts(self.configuration)
        pairs = _paired(wanted, there, {})
        functions = {
            str(there_fact.path[1]): str(fact.path[1])
            for fact, there_fact in pairs
            if fact.kind == "function" and there_fact is not None
        }
        pairs = _paired(wanted, there, functions)
        found: list[Drift] = []
        for fact, other in pairs:
            found += self._missing(fact) if other is None else self._different(fact, other, functions)
        known = {id(other) for _, other in pairs if other is not None}
        return [
            *found,
            *(self._extra(fact) for fact in there if id(fact) not in known and fact.kind != "function"),
            *self._retries(functions),
        ]

    def _missing(self, fact: Fact) -> list[Drift]:
        return [Drift(DriftKind.MISSING, _titled(fact), "", self.in_template(fact.path), "", None, "")]

    def _extra(self, fact: Fact) -> Drift:
        return Drift(DriftKind.EXTRA, _titled(fact), "", None, "", self.in_configuration(fact.path), "")

    def _different(self, fact: Fact, other: Fact, functions: Mapping[str, str]) -> list[Drift]:
        found = []
        for name, expected in fact.values.items():
            actual = other.values.get(name)
            if name in fact.functions:
                same = _same_function(expected, actual, functions, self.template, self.configuration)
            else:
                same = _same(fact, name, expected, actual, other)
            if not same:
                found.append(self._difference(fact, other, name, expected, actual))
        return found

    def _difference(self, fact: Fact, other: Fact, name: str, expected: Any, actual: Any) -> Drift:
        secret = name.startswith(_SECRET)
        place = self.in_configuration((*other.path, *name.split("."))) or self.in_configuration(other.path)
        return Drift(
            DriftKind.DIFFERENT,
            _titled(fact),
            name,
            self.in_template((*fact.path, *name.split("."))) or self.in_template(fact.path),
            "another value" if secret else shown(expected),
            place,
            ("nothing" if actual is None else "its own value") if secret else shown(actual),
        )

    # --- retries ---------------------------------------------------------------------------------------------------

    def _retries(self, functions: Mapping[str, str]) -> list[Drift]:
        """Retries, age and destinations, where the router owns them; what is delegated has those of the template."""
        found: list[Drift] = []
        defaults = (self.configuration.get("defaults") or {}).get("async") or {}
        for name, wanted in functions.items():
            function = self.configuration["functions"][name]
            own = function["async"] or {}
            expected = self.template["functions"][wanted]["async"] or {}
            layers: list[tuple[Path, Settings]] = [(("functions", name), {}), *self._overriding(name)]
            for path, layer in layers:
                block = _layered(layer, own, defaults)
                managed = block.get("delivery") == "managed" or (block.get("delivery") is None and function["arn"] is None)
                if managed and (path[0] == "functions" or layer):
                    found += self._of_block(wanted, expected, block, path)
        return found

    def _overriding(self, name: str) -> Iterable[tuple[Path, Settings]]:
        """The `async:` blocks of triggers that invoke a function."""
        for trigger, settings in self.configuration["triggers"].items():
            block = settings.get("async")
            if block and any(_names(fact, name) for fact in facts({"triggers": {trigger: settings}})):
                yield ("triggers", trigger), block

    def _of_block(self, wanted: str, expected: Settings, block: Settings, path: Path) -> list[Drift]:
        found = []
        values = {"max_retries": _AWS_RETRIES, "max_event_age": _AWS_AGE, **dict.fromkeys(_DESTINATIONS)}
        for key, default in values.items():
            one = default if expected.get(key) is None else expected[key]
            other = default if block.get(key) is None else block[key]
            if fits(one, other) or (key in _DESTINATIONS and (one is None or _same_destination(one, other))):
                continue
            template = self.in_template(("functions", wanted, "async")) or self.in_template(("functions", wanted))
            configuration = self.in_configuration((*path, "async", key)) or self.in_configuration(path)
            title = f"function `{wanted}`"
            found.append(Drift(DriftKind.DIFFERENT, title, f"async.{key}", template, shown(one), configuration, shown(other)))
        return found


def _layered(*layers: Settings) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            if value is not None:
                told.setdefault(key, value)
    return told


def _names(fact: Fact, function: str) -> bool:
    return any(str(fact.values.get(key) or "").partition(":")[0] == function for key in fact.functions)


def _titled(fact: Fact) -> str:
    return fact.title if fact.kind == "function" else f"{fact.kind} {fact.title}"


# --- what belongs together -------------------------------------------------------------------------------------------


def _paired(wanted: list[Fact], there: list[Fact], functions: Mapping[str, str]) -> list[tuple[Fact, Fact | None]]:
    """Each fact of the template with the one of the configuration that is about the same thing, and most like it."""
    found: dict[int, Fact] = {}
    used: set[int] = set()
    for rank in range(max((len(fact.anchors) for fact in wanted), default=0)):
        for fact in wanted:
            if id(fact) in found or rank >= len(fact.anchors):
                continue
            fitting = [other for other in there if other.kind == fact.kind and _shares(fact.anchors[rank], other, functions)]
            unused = [other for other in fitting if id(other) not in used or fact.kind == "lambda_api"]
            if unused:
                best = max(unused, key=lambda other: _likeness(fact, other))
                found[id(fact)] = best
                used.add(id(best))
    return [(fact, found.get(id(fact))) for fact in wanted]


def _shares(anchor: tuple[Any, ...], other: Fact, functions: Mapping[str, str]) -> bool:
    if None in anchor:
        return False
    renamed = ((tuple(functions.get(part, part) if isinstance(part, str) else part for part in each)) for each in other.anchors)
    return anchor in other.anchors or anchor in renamed


def _likeness(fact: Fact, other: Fact) -> tuple[int, int]:
    return (sum(fits(value, other.values.get(key)) for key, value in fact.values.items()), fact.trigger == other.trigger)


# --- what is the same ------------------------------------------------------------------------------------------------


def _same(fact: Fact, name: str, expected: Any, actual: Any, other: Fact) -> bool:
    if name in _INVENTED:
        return expected is None or actual is None or _invented(expected) or _invented(actual) or fits(expected, actual)
    if name in ("arn", "weights") or name.startswith("local."):
        if actual is None and not name.startswith(_SECRET):
            return True  # the function runs elsewhere
        if name.startswith(_SECRET) and not any(key.startswith("local.") for key in other.values):
            return True
        return expected is None or fits(expected, actual)
    if name in ("queue", "topic", "activity") and last_part(expected) == last_part(actual) is not None:
        return not (str(expected).startswith("arn:") and str(actual).startswith("arn:")) or fits(expected, actual)
    if name == "bucket" and actual is None:
        return True  # every bucket
    if name in ("max_concurrency", "timeout", "heartbeat") and expected is None:
        return True
    return fits(expected, actual)


def _invented(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(host, str) and host.endswith(".localhost") for host in value)


def _same_function(
    expected: Any, actual: Any, functions: Mapping[str, str], template: Settings, configuration: Settings
) -> bool:
    if expected is None or actual is None:
        return expected is actual
    if actual == "all":
        return True
    one, other = _named(str(expected), template, {}), _named(str(actual), configuration, functions)
    return fits(one[0], other[0]) and fits(one[1], other[1])


def _named(text: str, settings: Settings, functions: Mapping[str, str]) -> tuple[str, str | None]:
    """A function's key in the template where there is one, and the qualifier."""
    arn = parse_function_arn(text)
    if arn is not None:
        for name, function in settings["functions"].items():
            declared = parse_function_arn(function["arn"] or "")
            if declared is not None and declared.qualified(None) == arn.qualified(None):
                return functions.get(name, name), arn.qualifier
        return arn.name, arn.qualifier
    name, colon, qualifier = text.partition(":")
    return functions.get(name, name), qualifier if colon else None


def _same_destination(one: Any, other: Any) -> bool:
    """Whether two ways of writing mean the same queue, topic, bus, bucket or function."""
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    try:
        first, second = parse_destination(one), parse_destination(other)
    except ValueError:
        return False
    if first.arn is not None and second.arn is not None:
        return first.arn == second.arn
    return (first.service, first.name, first.reference) == (second.service, second.name, second.reference)
