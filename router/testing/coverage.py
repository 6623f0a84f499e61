"""Which of the declared routes the tests' events took."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from router.config import Loaded
from router.model import Place
from router.simulation import Trace


@dataclass(slots=True)
class Route:
    """One declared route; `name` is empty where the trigger is its only one. `place`: where it stands."""

    trigger: str
    name: str
    place: Place
    covered: bool = False

    @property
    def shown(self) -> str:
        return f"{self.trigger}: {self.name}" if self.name else self.trigger


@dataclass(slots=True)
class Coverage:
    """The routes of every configuration that was tested, by its path."""

    routes: dict[str, dict[tuple[str, str], Route]] = field(default_factory=dict)

    def declare(self, config: str, loaded: Loaded) -> None:
        """Count the routes of a configuration."""
        if config in self.routes or loaded.config is None or loaded.written is None:
            return
        self.routes[config] = {
            (trigger.name, route.name): Route(
                trigger.name, route.name, loaded.written.place(("triggers", trigger.name, *route.path))
            )
            for trigger in loaded.config.triggers
            if trigger.type.routes is not None
            for route in trigger.type.routes(loaded.config.raw["triggers"][trigger.name])
        }

    def saw(self, config: str, trace: Trace) -> None:
        """A test's event took these."""
        own = trace.trigger.name if trace.trigger is not None else ""
        taken = {(own, verdict.route) for verdict in trace.verdicts if verdict.matched}
        taken |= {(delivery.trigger, delivery.route) for delivery in trace.deliveries if not delivery.parent}
        taken |= {(call.trigger, call.route) for call in trace.calls if not call.delivery}
        for key in taken:
            route = self.routes.get(config, {}).get(key)
            if route is not None:
                route.covered = True

    @property
    def all(self) -> list[Route]:
        return [route for routes in self.routes.values() for route in routes.values()]

    @property
    def percent(self) -> float:
        """Of all routes; 100 where none is declared."""
        return percent(self.all)

    def by_trigger(self) -> dict[tuple[str, str], list[Route]]:
        """The routes by configuration and trigger, as they are declared."""
        grouped: dict[tuple[str, str], list[Route]] = {}
        for config, routes in self.routes.items():
            for route in routes.values():
                grouped.setdefault((config, route.trigger), []).append(route)
        return grouped


def percent(routes: Iterable[Route]) -> float:
    """How many of them are covered."""
    listed = list(routes)
    return 100.0 * sum(route.covered for route in listed) / len(listed) if listed else 100.0
