"""A planned time of a schedule."""

from collections.abc import Iterator

from router.envelopes import TickEnvelope
from router.samples import reading
from router.samples.words import Kind, Option


def kinds() -> Iterator[Kind]:
    """There is one."""
    options = {
        "schedule": Option("the schedule, by its name in the trigger", reading.text, "report"),
        "at": Option("the planned time", reading.moment, shown="the next one"),
    }
    yield Kind(
        "schedule",
        "tick",
        "a planned time that has come",
        options,
        lambda chosen, context: TickEnvelope(chosen["schedule"], chosen["at"]),
    )
