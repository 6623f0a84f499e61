"""Who gets what the router sends when a delivery has ended: the ways from a function over a destination to the next function.

A delivery is a function as one trigger invokes it. What leaves the router is followed where the configuration says that it
comes back: a queue that is polled, a topic whose messages are taken, a bucket whose changes are, a bus of this router behind
the endpoint that events are sent to. A bus in AWS is followed into rules that ask for Lambda's own result events. A trigger
with a `filter:` is not followed, nor is what functions send themselves.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote_plus, urlsplit

from router.arn import parse_function_arn
from router.config.destinations import DESTINATIONS
from router.config.nodes import Opaque
from router.config.problem import Path
from router.config.rules.asynchronous import is_managed
from router.config.rules.context import Context
from router.config.rules.event_shapes import record_event, record_message
from router.config.rules.resources import Polled, Resource, active, bus, destination, function_name, of_arn, polled
from router.patterns.events import InvalidPattern, Pattern, compile_pattern
from router.patterns.inclusion import Glob, intersects, parse_glob
from router.patterns.shapes import ANYTHING, Shape, never_matches
from router.policies.filter_policies import MESSAGE_ATTRIBUTES, InvalidPolicy, compile_policy

Settings = Mapping[str, Any]


_REFUSED = {"on_success": ("s3",), "dead_letter": ("lambda", "events", "s3")}
"""What cannot be a destination of a kind: another rule says so."""
_UUID = 36
"""Characters at the end of an invocation record's key: digits, letters from a to f, dashes."""
_MOST_ARRIVALS = 100
"""Functions that one destination is followed to."""


class Stage(NamedTuple):
    """A function as a trigger invokes it; not `later`: it is waited for, and what becomes of it is told to nobody."""

    trigger: str
    function: str
    later: bool = True


@dataclass(slots=True, frozen=True)
class Way:
    """From one stage to the next. `path`: where the destination stands; `taken`: where the next function is named.

    `over`: what lies between, in words; empty where a function is the destination.
    """

    stage: Stage
    path: Path
    taken: Path
    over: str = ""


class _Arrival(NamedTuple):
    """Where something comes in again."""

    stage: Stage
    taken: Path
    over: str


@dataclass(slots=True)
class Flows:
    """The ways of a configuration, found as they are asked for."""

    context: Context
    queues: dict[Resource, list[Polled]] = field(default_factory=dict)
    topics: dict[Resource, list[str]] = field(default_factory=dict)
    buses: dict[Resource, list[str]] = field(default_factory=dict)
    buckets: dict[str, list[str]] = field(default_factory=dict)
    known: dict[tuple[str, str, Resource], tuple[_Arrival, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, context: Context) -> "Flows":
        """Everything that is looked up is put into dictionaries once."""
        found = cls(context, defaultdict(list), defaultdict(list), defaultdict(list), defaultdict(list))
        for queue in polled(context):
            found.queues[queue.resource].append(queue)
        for name, settings in active(context):
            if settings.get("filter") is None:
                found._add(name, settings)
        return found

    def _add(self, name: str, settings: Settings) -> None:
        for topic in settings["topics"] if settings["type"] == "sns" else ():
            if not isinstance(topic, Opaque):
                self.topics[of_arn(topic)].append(name)
        for bucket in (settings.get("buckets") or ()) if settings["type"] == "s3" else ():
            self.buckets[bucket].append(name)
        named = bus(settings.get("bus"), self.context.settings["aws"]) if settings["type"] == "eventbridge" else None
        if named is not None:
            self.buses[named].append(name)

    def stages(self) -> Iterator[tuple[Stage, Path]]:
        """Every delivery that triggers begin, with the place that names the function."""
        for name, settings in active(self.context):
            if self.context.types[settings["type"]].accepts(settings):
                if settings.get("functions") in ("all", ["all"]):
                    yield from ((Stage(name, each), ("triggers", name, "functions")) for each in self.context.functions)
                for use in self.context.uses_of(name):
                    if use.later:
                        yield Stage(name, use.name or str(use.arn and use.arn.qualified(None))), use.path

    def ways(self, stage: Stage) -> Iterator[Way]:
        """The ways from a stage, in the order of the destinations."""
        if not stage.later:
            return
        function = self.context.functions.get(stage.function) or {"arn": stage.function, "async": None}
        own = self.context.triggers[stage.trigger].get("async") or {}
        shared = (self.context.settings.get("defaults") or {}).get("async") or {}
        if not is_managed(function, own, shared):
            return
        layers = {
            ("triggers", stage.trigger): own,
            ("functions", stage.function): function["async"] or {},
            ("defaults",): shared,
        }
        for kind in DESTINATIONS:
            chosen = next((where for where, block in layers.items() if block.get(kind) is not None), None)
            if chosen is not None:
                path = (*chosen, "async", kind)
                arrivals = self._arrivals(stage, kind, layers[chosen][kind])
                yield from (Way(arrival.stage, path, arrival.taken, arrival.over) for arrival in arrivals)

    def _arrivals(self, stage: Stage, kind: str, text: Any) -> Iterator[_Arrival]:
        found = destination(text, self.context.settings["aws"])
        service = "lambda" if isinstance(found, str) else found.service if found is not None else None
        if service in _REFUSED.get(kind, ()):
            return
        if isinstance(found, str):
            function = function_name(self.context, found)
            if function is not None:
                yield _Arrival(Stage(stage.trigger, function), _declared(self.context, function), "")
        elif found is not None:
            # Only the keys of a bucket depend on the function that the letter is about.
            key = (kind, stage.function if found.service == "s3" else "", found)
            if key not in self.known:
                self.known[key] = tuple(islice(_FOLLOW[found.service](self, stage, kind, found), _MOST_ARRIVALS))
            yield from self.known[key]

    # --- by service ----------------------------------------------------------------------------------------------------

    def over_queue(self, stage: Stage, kind: str, queue: Resource) -> Iterator[_Arrival]:
        """A queue: to the function of an SQS trigger, which is waited for, or to rules that take any document."""
        for each in self.queues.get(queue, ()):
            settings = self.context.triggers[each.trigger]
            over = f"the queue `{queue.name}` and the trigger `{each.trigger}`"
            if settings["type"] == "sqs":
                function = function_name(self.context, settings["function"])
                if function is not None:
                    yield _Arrival(Stage(each.trigger, function, later=False), each.path, over)
            elif settings["type"] == "eventbridge" and settings.get("filter") is None:
                yield from self._over_rules(each.trigger, ANYTHING if kind == "dead_letter" else record_message(), over)

    def over_topic(self, stage: Stage, kind: str, topic: Resource) -> Iterator[_Arrival]:
        """A topic: to the subscriptions whose policies the letter may pass."""
        for name in self.topics.get(topic, ()):
            for subscription, each in self.context.triggers[name]["subscriptions"].items():
                function = function_name(self.context, each["function"])
                path: Path = ("triggers", name, "subscriptions", subscription)
                if function is not None and self._passes(path, each, kind):
                    over = f"the topic `{topic.name}` and the subscription `{subscription}` of `{name}`"
                    yield _Arrival(Stage(name, function), path, over)

    def _passes(self, path: Path, subscription: Settings, kind: str) -> bool:
        policy, scope = subscription.get("filter_policy"), subscription.get("filter_policy_scope") or MESSAGE_ATTRIBUTES
        if policy is None:
            return True
        if not self.context.is_known(path):
            return False
        try:
            compiled = compile_policy(policy, scope).pattern
        except InvalidPolicy:
            return False
        return never_matches(compiled, record_message(kind, scope)) is None

    def over_bus(self, stage: Stage, kind: str, named: Resource) -> Iterator[_Arrival]:
        """A bus: to the rules of this router's own one, and to those that ask for result events where AWS sends them on."""
        aws = self.context.settings["aws"]
        event = record_event(kind, aws)
        for name in self.buses.get(named, ()):
            settings = self.context.triggers[name]
            over = f"the event bus `{named.name}` and the trigger `{name}`"
            if settings.get("source"):
                yield from self._over_rules(name, event, over, asked=True)
            elif _leads_to(aws, self.context, settings):
                yield from self._over_rules(name, event, over)

    def _over_rules(self, name: str, shape: Shape, over: str, *, asked: bool = False) -> Iterator[_Arrival]:
        """`asked`: only rules whose pattern names the source or the detail type of what comes."""
        for rule, each in self.context.triggers[name]["rules"].items():
            base: Path = ("triggers", name, "rules", rule)
            if not self.context.is_known(base) or not _takes(each.get("pattern"), shape, asked=asked):
                continue
            forms = (
                {base: each}
                if each.get("targets") is None
                else {(*base, "targets", key): form for key, form in each["targets"].items()}
            )
            for path, form in forms.items():
                function = function_name(self.context, form.get("function"))
                if function is not None:
                    yield _Arrival(Stage(name, function), path, f"{over}, rule `{rule}`")

    def over_bucket(self, stage: Stage, kind: str, bucket: Resource) -> Iterator[_Arrival]:
        """A bucket: to notifications of new objects that take the keys of invocation records."""
        keys = _keys_of_records(self.context, stage.function)
        for name in self.buckets.get(bucket.name, ()):
            for notification, each in self.context.triggers[name]["notifications"].items():
                path: Path = ("triggers", name, "notifications", notification)
                function = function_name(self.context, each["function"])
                if function is not None and self.context.is_known(path) and _wants_records(each, keys):
                    over = f"the bucket `{bucket.name}` and the notification `{notification}` of `{name}`"
                    yield _Arrival(Stage(name, function), path, over)


_FOLLOW = {"sqs": Flows.over_queue, "sns": Flows.over_topic, "events": Flows.over_bus, "s3": Flows.over_bucket}


def _declared(context: Context, function: str) -> Path:
    return ("functions", function) if function in context.functions else ()


def _takes(source: Any, shape: Shape, *, asked: bool) -> bool:
    if source is None:
        return not asked
    try:
        pattern = compile_pattern(source)
    except InvalidPattern:
        return False
    return never_matches(pattern, shape) is None and (not asked or _names_its_events(pattern))


def _names_its_events(pattern: Pattern) -> bool:
    return any(pattern.exactly(key) is not None for key in ("source", "detail-type"))


def _leads_to(aws: Settings, context: Context, settings: Settings) -> bool:
    """Whether events are sent to the listener that a bus stands on."""
    url = (aws.get("endpoints") or {}).get("events") or aws.get("endpoint_url")
    address = context.address((context.listeners.get(context.listener_of(settings) or "") or {}).get("address"))
    if url is None or isinstance(url, Opaque) or address is None:
        return False
    asked = urlsplit(url)
    loopback = {"localhost", "127.0.0.1", "::1"}
    same_host = asked.hostname == address.host or (asked.hostname in loopback and address.host in {*loopback, "0.0.0.0", "::"})
    return same_host and (asked.port or (443 if asked.scheme == "https" else 80)) == address.port


def _keys_of_records(context: Context, function: str) -> Glob:
    """`aws/lambda/async/<function>/…` (semantics/async.md §A.4)."""
    declared = (context.functions.get(function) or {}).get("arn")
    arn = parse_function_arn(str(declared or function))
    name = arn.name if arn is not None else function
    return parse_glob(f"aws/lambda/async/{name}/????/??/??/????-??-??T??.??.??-????????-????-????-????-????????????")


def _wants_records(notification: Settings, keys: Glob) -> bool:
    hexadecimal = all(character in "0123456789abcdef-" for character in notification["suffix"][-_UUID:])
    wanted = hexadecimal and any(event in ("s3:ObjectCreated:*", "s3:ObjectCreated:Put") for event in notification["events"])
    begins, ends = (tuple(unquote_plus(notification[side])) for side in ("prefix", "suffix"))
    return wanted and intersects(Glob((*begins, None)), keys) and intersects(Glob((None, *ends)), keys)
