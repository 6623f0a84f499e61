"""A compiled `eventbridge` trigger, and who may send to it.

Several triggers may stand behind one endpoint or path: they know each other (`peers`), and whichever gets a request speaks for
all of them.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.batches import QueueSource
from router.deliveries import Acceptance, Durability
from router.errors import Forbidden, Unauthorized
from router.model import ReadBody, Request, Step
from router.policies.webhook_auth import Auth
from router.triggers.eventbridge.event import Event
from router.triggers.eventbridge.rules import BusName, Rules


@dataclass(slots=True, eq=False)
class Bus:
    """`trigger`: its name. `max_bytes`: of the entries of one PutEvents. `rejects_unknown`: an entry for a bus nobody declares.

    `source`: the queue that is polled; `path`: where another bus posts; without both it is a bus of PutEvents.
    """

    trigger: str
    name: BusName
    rules: Rules
    auth: Auth
    max_bytes: int
    rejects_unknown: bool
    durability: Durability = Durability.DISK
    path: str | None = None
    source: QueueSource | None = None
    peers: Sequence["Bus"] = field(default=(), repr=False)

    @property
    def all(self) -> Sequence["Bus"]:
        """Every trigger that shares the endpoint, this one included."""
        return self.peers or (self,)


@dataclass(slots=True)
class Caller:
    """What a request sent, and which of the triggers it may reach."""

    body: bytes
    admitted: list[Bus]
    refusal: Unauthorized | Forbidden | None


def admit(request: Request, buses: Sequence[Bus], limit: int) -> Generator[Step, Any, Caller]:
    """Raises Unauthorized, Forbidden where it may reach none of them, and what `ReadBody` throws.

    The body is read only after the head was good enough for one of them.
    """
    refusal: Unauthorized | Forbidden | None = None
    waiting = []
    for bus in buses:
        try:
            waiting.append((bus, bus.auth.admit(request)))
        except (Unauthorized, Forbidden) as error:
            refusal = refusal or error
    if not waiting and refusal is not None:
        raise refusal
    body: bytes = yield ReadBody(limit)
    admitted = []
    for bus, checks in waiting:
        try:
            for verify in checks:
                verify(body)
        except (Unauthorized, Forbidden) as error:
            refusal = refusal or error
        else:
            admitted.append(bus)
    if not admitted and refusal is not None:
        raise refusal
    return Caller(body, admitted, refusal)


def acceptances(event: Event, buses: Sequence[Bus]) -> Iterator[Acceptance]:
    """What the rules of some triggers make of one event."""
    for bus in buses:
        yield from bus.rules.acceptances(event, bus.trigger)
