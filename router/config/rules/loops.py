"""Rules against circles: a function whose destination leads back to itself, over other functions or not.

Every elementary circle is told once, where its first destination stands. Where a function is waited for (an SQS trigger) the
way ends: a function that gets its own letters there is told of by itself. The search is bounded; in a configuration with more
circles than that not all of them are told at once.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from router.config.problem import Path
from router.config.rules.context import Context
from router.config.rules.flows import Flows, Stage, Way
from router.deliveries import MAX_HOPS

_MOST_STEPS = 10_000
_MOST_TOLD = 50
"""Circles of one configuration: more would help nobody."""
_LONGEST = 8
"""Functions of a circle."""

Graph = Mapping[Stage, list[Way]]


def circles(context: Context) -> None:
    """No letter about a function's events comes back to that function."""
    flows = Flows.of(context)
    places: dict[Stage, Path] = {}
    for stage, path in flows.stages():
        places.setdefault(stage, path)
    graph = _graph(flows, places)
    told: set[frozenset[tuple[Path, str]]] = set()
    for start, ways in _circles(graph):
        key = frozenset((way.path, way.stage.function) for way in ways)
        if key not in told:
            told.add(key)
            _tell(context, start, ways, places.get(start))
        if len(told) == _MOST_TOLD:
            break


def _graph(flows: Flows, stages: Iterable[Stage]) -> Graph:
    """The stages from which something goes on, with their ways, in the order of the file."""
    graph: dict[Stage, list[Way]] = {}
    pending = deque(stages)
    seen = set(pending)
    while pending:
        stage = pending.popleft()
        ways = [*flows.ways(stage)]
        if ways:
            graph[stage] = ways
        for way in ways:
            if way.stage not in seen:
                seen.add(way.stage)
                pending.append(way.stage)
    return graph


def _circles(graph: Graph) -> Iterator[tuple[Stage, list[Way]]]:
    """Each circle from its first stage; a stage that is waited for closes one with a stage of its function before it."""
    order = {stage: position for position, stage in enumerate(graph)}
    steps = 0
    for start in graph:
        pending: list[tuple[Stage, list[Way]]] = [(start, [])]
        while pending and steps < _MOST_STEPS:
            steps += 1
            at, ways = pending.pop()
            for way in reversed(graph.get(at, [])):
                passed = {each.stage for each in ways}
                if way.stage == start or (not ways and way.stage == Stage(way.stage.trigger, start.function, later=False)):
                    yield start, [*ways, way]
                elif way.stage not in passed and order.get(way.stage, -1) > order[start] and len(ways) < _LONGEST:
                    pending.append((way.stage, [*ways, way]))


def _tell(context: Context, start: Stage, ways: list[Way], begun: Path | None) -> None:
    shown = _shown(start, ways)
    related = [(begun, f"the trigger `{start.trigger}` calls `{start.function}` here")] if begun else []
    related += [(way.taken, f"from here it reaches `{way.stage.function}`") for way in ways if way.taken]
    path = ways[0].path
    if ways[-1].stage.later:
        message = f"what is sent here can go in circles: {shown}"
        help_text = f"send it where none of these functions is called from; the router ends a chain after {MAX_HOPS} functions"
        context.reporter.report(path, "loop", message, help=help_text, severity="warning", related=related)
    else:
        message = f"what is sent here comes back to the function that it is about: {shown}"
        help_text = (
            "if that is meant, the function must know its own letters from its events; else poll the queue with another one"
        )
        context.reporter.report(path, "fed-back", message, help=help_text, severity="info", related=related)


def _shown(start: Stage, ways: list[Way]) -> str:
    """`orders` –(on_failure: the topic `t` and the subscription `s` of `alerts`)→ `orders`."""
    parts = [f"`{start.function}`"]
    for way in ways:
        over = f": {way.over}" if way.over else ""
        parts.append(f"–({way.path[-1]}{over})→ `{way.stage.function}`")
    return " ".join(parts)
