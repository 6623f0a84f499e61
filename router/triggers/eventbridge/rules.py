"""Rules, their targets, and what each target gets of an event.

Source: semantics/async.md §D.8 and https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from router import jsontext
from router.arn import partition_of
from router.deliveries import Acceptance, Condition
from router.model import Scope, Target
from router.patterns.events import Pattern, compile_pattern
from router.patterns.index import PatternIndex
from router.patterns.paths import ABSENT, compile_path
from router.patterns.templates import Text, compile_template
from router.triggers.eventbridge.event import Event

Render = Callable[[Event], bytes]
"""A target's input for an event. Raises ValueError where there is none."""

ANYTHING = Pattern(((),))
"""What a rule without a pattern wants."""


@dataclass(slots=True, frozen=True)
class BusName:
    """A bus: its name, and where it is."""

    name: str
    account: str
    region: str

    @property
    def arn(self) -> str:
        """Of the bus itself."""
        return f"arn:{partition_of(self.region)}:events:{self.region}:{self.account}:event-bus/{self.name}"

    def is_meant(self, asked: str) -> bool:
        """Whether a sender's name or ARN of a bus is this one's."""
        return asked in (self.name, self.arn)

    def rule_arn(self, rule: str) -> str:
        """Rules of the default bus do not name it."""
        path = rule if self.name == "default" else f"{self.name}/{rule}"
        return f"arn:{partition_of(self.region)}:events:{self.region}:{self.account}:rule/{path}"


@dataclass(slots=True, frozen=True)
class RuleTarget:
    """One target of a rule. `route`: `rule`, or `rule/target` where the rule names its targets."""

    route: str
    target: Target
    render: Render


@dataclass(slots=True, frozen=True)
class Rules:
    """The rules of one trigger, in their order; each has its targets."""

    index: PatternIndex
    targets: tuple[tuple[RuleTarget, ...], ...]

    def acceptances(self, event: Event, trigger: str) -> Iterator[Acceptance]:
        """One for each target of each rule that the event fits."""
        for position in self.index.matching(event.fields):
            for target in self.targets[position]:
                yield _acceptance(event, target, trigger)


def compile_rules(settings: Mapping[str, Mapping[str, Any]], bus: BusName, scope: Scope) -> Rules:
    """The rules of completed settings."""
    patterns = [compile_pattern(rule["pattern"]) if rule.get("pattern") is not None else ANYTHING for rule in settings.values()]
    targets = (tuple(_targets(name, rule, bus, scope)) for name, rule in settings.items())
    return Rules(PatternIndex(patterns), tuple(targets))


def _targets(name: str, rule: Mapping[str, Any], bus: BusName, scope: Scope) -> Iterator[RuleTarget]:
    named = rule.get("targets")
    forms = {name: rule} if named is None else {f"{name}/{key}": each for key, each in named.items()}
    for route, form in forms.items():
        reference = {key: form[key] for key in ("function", "weights") if form.get(key) is not None}
        yield RuleTarget(route, scope.target(reference), compile_input(form, name, bus.rule_arn(name)))


def _acceptance(event: Event, target: RuleTarget, trigger: str) -> Acceptance:
    """A rendering that fails becomes a dead letter with the event itself, where AWS would drop it."""
    failed, detail = None, ""
    try:
        payload = target.render(event)
    except ValueError as error:
        payload, failed, detail = event.payload, Condition.RENDERING_FAILED, str(error)
    return Acceptance(
        target.target,
        payload,
        target.route,
        event.id,
        event.group,
        event.attributes,
        failed,
        detail,
        trigger,
        event.trace_id,
    )


# --- inputs ----------------------------------------------------------------------------------------------------------


def compile_input(form: Mapping[str, Any], rule: str, rule_arn: str) -> Render:
    """`input`, `input_path` or `input_transformer` of a target; without them the whole event."""
    if form.get("input") is not None:
        constant = jsontext.dumps(form["input"])
        return lambda event: constant
    if form.get("input_path") is not None:
        return _path_input(form["input_path"])
    if form.get("input_transformer") is not None:
        return _transformed_input(form["input_transformer"], rule, rule_arn)
    return lambda event: event.payload


def _path_input(text: str) -> Render:
    path = compile_path(text)

    def render(event: Event) -> bytes:
        value = event.read(path)
        if value is ABSENT:
            raise ValueError(f"the event has nothing at {text}")
        return value.json.encode() if isinstance(value, Text) else jsontext.dumps(value)

    return render


def _transformed_input(transformer: Mapping[str, Any], rule: str, rule_arn: str) -> Render:
    paths = {name: compile_path(text) for name, text in transformer["paths"].items()}
    template = compile_template(transformer["template"], paths)
    reserved: Mapping[str, Callable[[Event], Any]] = {
        "aws.events.rule-arn": lambda event: rule_arn,
        "aws.events.rule-name": lambda event: rule,
        "aws.events.event.ingestion-time": lambda event: event.ingested,
        "aws.events.event": lambda event: event.summary(),
        "aws.events.event.json": lambda event: Text(event.payload.decode("utf-8", "replace")),
    }

    def render(event: Event) -> bytes:
        return template.render(lambda name: reserved[name](event) if name in reserved else event.read(paths[name]))

    return render
