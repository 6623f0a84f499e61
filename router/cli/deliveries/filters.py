"""The options that say which deliveries are meant, and going through them page by page."""

from collections.abc import AsyncIterator, Callable
from functools import wraps
from typing import Any

import click

from router.cli.deliveries.reach import Deliveries
from router.config.units import duration
from router.deliveries import Condition, Selection
from router.outcome import OutcomeKind
from router.policies.delivery_documents import PAGE, STATES

_KINDS = [kind.value for kind in OutcomeKind]
_CONDITIONS = [condition.value for condition in Condition]
_DEAD = {"dead": True, "waiting": False, "all": None}


class Duration(click.ParamType[float]):
    """A duration in the configuration's own notation, as seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return duration(value)
        except ValueError:
            self.fail(f"{value!r} is no duration; write 90s, 30m, 6h or 7d.", param, ctx)


_OPTIONS = (
    click.option("--trigger", metavar="NAME", help="Only those that this trigger accepted."),
    click.option("--function", metavar="NAME", help="Only those for this function."),
    click.option("--condition", type=click.Choice(_CONDITIONS), help="Only those that ended for this reason."),
    click.option("--class", "kind", type=click.Choice(_KINDS), help="Only those whose last attempt was of this class."),
    click.option("--older-than", type=Duration(), metavar="DURATION", help="Only those accepted longer ago: 90s, 6h, 7d."),
)
_STATE = click.option(
    "--state",
    type=click.Choice(STATES),
    default="dead",
    help="`dead`: dead letters (the default); `waiting`: still to be delivered; or `all`.",
)


def filtered(*, state: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds the filters; the command gets a `selection`. `state`: whether it is asked for, else dead letters are meant."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def command(
            *,
            trigger: str | None,
            condition: str | None,
            kind: str | None,
            older_than: float | None,
            ids: tuple[str, ...] = (),
            state: str = "dead",
            **rest: Any,
        ) -> Any:
            selection = Selection(
                dead=_DEAD[state],
                trigger=trigger,
                function=rest.pop("function"),
                condition=Condition(condition) if condition is not None else None,
                older_than=older_than,
                ids=frozenset(ids) or None,
                kind=kind,
            )
            return function(selection=selection, **rest)

        for option in reversed((*([_STATE] if state else []), *_OPTIONS)):
            command = option(command)
        return command

    return decorate


async def each(deliveries: Deliveries, selection: Selection, *, payloads: bool = False) -> AsyncIterator[dict[str, Any]]:
    """Every delivery that is meant, in order of acceptance."""
    after: str | None = None
    while page := await deliveries.select(selection, PAGE, after, payloads):
        for delivery in page:
            yield delivery
        after = page[-1]["id"]
