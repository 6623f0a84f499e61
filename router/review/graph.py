"""A configuration as a graph: senders, triggers, routes, functions, destinations, and how each is called.

A function of the graph is one that something calls, or that is declared; qualifiers and weights stand on the edges.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from router import routing
from router.batches import ActivitySource
from router.config.destinations import DESTINATIONS
from router.config.references import Functions
from router.functions import AsyncPolicy, DestinationAddress, Function, Target
from router.model import DeclaredRoute, SiteClaim, Trigger
from router.settings import Config


class Kind(StrEnum):
    """What a node is."""

    SENDER = "sender"
    TRIGGER = "trigger"
    ROUTE = "route"
    FUNCTION = "function"
    DESTINATION = "destination"


@dataclass(slots=True, frozen=True)
class Node:
    """`lines`: its label. `id`: of letters and digits."""

    id: str
    kind: Kind
    lines: tuple[str, ...]


@dataclass(slots=True, frozen=True)
class Edge:
    """`later`: nobody waits for it."""

    source: str
    target: str
    label: str = ""
    later: bool = False


@dataclass(slots=True)
class Graph:
    """In the order of the file."""

    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)


def delivery_of(policy: AsyncPolicy, function: Function) -> str:
    """`managed` or `delegated`, where functions with an ARN are called in AWS."""
    return policy.delivery or ("delegated" if function.declared_arn else "managed")


def policy_of(trigger: Trigger, function: Function) -> AsyncPolicy:
    """How a trigger invokes a function asynchronously."""
    return trigger.policies.get(function.name, function.policy)


def invocation_of(trigger: Trigger, route: DeclaredRoute) -> str:
    """`sync`, `async`, or both where the caller chooses."""
    return route.invocation or " or ".join(sorted(trigger.invocation, reverse=True))


def targets_of(config: Config, settings: Mapping[str, Any], route: DeclaredRoute) -> list[Target]:
    """What a route calls. `settings`: its trigger's, completed. With `functions: all` every function that is declared."""
    functions = Functions(dict(config.functions))
    written = _at(settings, route.path)
    weights = written.get("weights") if isinstance(written, Mapping) else None
    references = route.functions or (tuple(config.functions) if settings.get("functions") == "all" else ())
    return [functions.target({"function": reference, "weights": weights}) for reference in references]


def _at(settings: Any, path: tuple[str | int, ...]) -> Any:
    """The settings of a route: those at its path, or those that hold it where that is a reference alone."""
    here = settings
    for part in path:
        below = here[part]
        if isinstance(below, str):
            return here
        here = below
    return here


def graph_of(config: Config) -> Graph:
    """The graph of what is compiled: triggers that are enabled and known."""
    drawing = _Drawing(config)
    for trigger in config.triggers:
        drawing.trigger(trigger)
    for function in config.functions.values():
        drawing.function(function)
    return drawing.graph


def redacted(graph: Graph, redact: Callable[[str], str]) -> Graph:
    """The graph with every label passed through `redact`."""
    nodes = [replace(node, lines=tuple(map(redact, node.lines))) for node in graph.nodes]
    return Graph(nodes, [replace(edge, label=redact(edge.label)) for edge in graph.edges])


class _Drawing:
    def __init__(self, config: Config) -> None:
        self.graph = Graph()
        self._config = config
        self._ids: dict[tuple[Kind, str], str] = {}

    def trigger(self, trigger: Trigger) -> None:
        settings = self._config.raw["triggers"][trigger.name]
        own = self._node(
            Kind.TRIGGER, trigger.name, trigger.name, f"{trigger.type.name}, {trigger.place.file}:{trigger.place.line}"
        )
        for sender, label in self._senders(trigger):
            self._edge(sender, own, label)
        for route in trigger.type.routes(settings) if trigger.type.routes is not None else ():
            self._route(trigger, settings, route, own)

    def _route(self, trigger: Trigger, settings: Mapping[str, Any], route: DeclaredRoute, own: str) -> None:
        here = own
        if route.name:
            here = self._node(Kind.ROUTE, f"{trigger.name}\0{route.name}", route.name)
            self._edge(own, here)
        for target in targets_of(self._config, settings, route):
            self._call(trigger, route, here, target)

    def _call(self, trigger: Trigger, route: DeclaredRoute, here: str, target: Target) -> None:
        function = target.function
        invocation = invocation_of(trigger, route)
        words = [invocation]
        if "async" in invocation and trigger.accepts:
            policy = policy_of(trigger, function)
            words.append(delivery_of(policy, function))
            self._destinations(function, policy)
        elif "async" in invocation:
            words.append("batches that are waited for")
        if target.weights:
            words.append(" / ".join(f"{qualifier} {weight}" for qualifier, weight in target.weights))
        elif target.qualifier:
            words.append(f":{target.qualifier}")
        self._edge(here, self.function(function), ", ".join(words), later=invocation == "async")

    def function(self, function: Function) -> str:
        """The node of a function."""
        where = str(function.arn) if function.declared_arn else "runs here"
        return self._node(Kind.FUNCTION, function.name, function.name, where)

    def _destinations(self, function: Function, policy: AsyncPolicy) -> None:
        if delivery_of(policy, function) == "delegated":
            return
        for name in DESTINATIONS:
            address: DestinationAddress | None = getattr(policy, name)
            if address is not None:
                self._edge(self.function(function), self._destination(address), name.replace("_", " "), later=True)

    def _destination(self, address: DestinationAddress) -> str:
        if address.target is not None:
            return self.function(address.target.function)
        return self._node(Kind.DESTINATION, address.arn, f"{address.service}:{address.name}", address.arn)

    def _senders(self, trigger: Trigger) -> Iterator[tuple[str, str]]:
        source = trigger.type.source(trigger.built) if trigger.type.source is not None else None
        if isinstance(source, ActivitySource):
            yield self._node(Kind.SENDER, source.activity, "Step Functions activity", source.activity), "polled"
        elif source is not None:
            yield self._node(Kind.SENDER, source.queue, "SQS queue", source.queue), "polled"
        elif trigger.type.timetable is not None:
            yield self._node(Kind.SENDER, "clock", "clock"), ""
        listener = self._config.listeners[trigger.listener]
        for claim in trigger.claims:
            label = routing.describe(claim)
            if isinstance(claim, SiteClaim) and claim.base_path == "/":
                label = f"host {claim.host or 'any'}"
            yield (
                self._node(Kind.SENDER, f"listener {listener.name}", f"listener {listener.name}", str(listener.address)),
                label,
            )

    def _node(self, kind: Kind, key: str, *lines: str) -> str:
        id = self._ids.get((kind, key))
        if id is None:
            id = self._ids[kind, key] = f"{kind.value}{1 + sum(known is kind for known, _ in self._ids)}"
            self.graph.nodes.append(Node(id, kind, lines))
        return id

    def _edge(self, source: str, target: str, label: str = "", *, later: bool = False) -> None:
        edge = Edge(source, target, label, later)
        if edge not in self.graph.edges:
            self.graph.edges.append(edge)
