"""A compiled `s3` trigger, and what becomes of the changes that it is told of."""

from collections.abc import Sequence
from dataclasses import dataclass

from router.deliveries import Acceptance
from router.model import QueueSource, Remark
from router.policies.webhook_auth import Auth
from router.triggers.s3.changes import Change
from router.triggers.s3.notifications import Notification, acceptances
from router.triggers.s3.records import Reading


@dataclass(slots=True, frozen=True)
class Inbox:
    """`buckets`: None: any. `queue`: what is polled; None: events are posted by `sender`."""

    region: str
    account_id: str
    sender: str
    keep_source: bool
    raw_keys: bool | None
    buckets: frozenset[str] | None
    notifications: tuple[Notification, ...]
    auth: Auth
    queue: QueueSource | None = None

    def takes(self, change: Change) -> bool:
        """Whether its bucket is declared."""
        return self.buckets is None or change.bucket in self.buckets

    def reading(self, received_at: float) -> Reading:
        """How a body that comes now is read."""
        return Reading(self.region, self.account_id, received_at, self.keep_source, self.raw_keys)


def accept(changes: Sequence[Change], inbox: Inbox) -> tuple[tuple[Acceptance, ...], list[Remark]]:
    """What is to be made durable, and what is to be said of the changes that nobody gets."""
    declared = [change for change in changes if inbox.takes(change)]
    foreign = [change for change in changes if not inbox.takes(change)]
    unwanted = [change for change in declared if not any(each.wants(change) for each in inbox.notifications)]
    remarks = [
        *(_remark("undeclared_bucket", "An event of a bucket that is not declared was dropped.", each) for each in foreign),
        *(_remark("filtered", "No notification wants an event.", each) for each in unwanted),
    ]
    return tuple(acceptances(declared, inbox.notifications)), remarks


def _remark(name: str, message: str, change: Change) -> Remark:
    return Remark(name, message, {"bucket": change.bucket, "key": change.key, "event": change.name})
