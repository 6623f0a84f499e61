"""S3's events that come inside SQS: one commit for everything that a batch becomes, then the messages are deleted.

What cannot be read stays in the queue, whose redrive policy moves it to a dead-letter queue. Who may send says the queue's
own policy.
"""

from router.batches import Batch, Completed, Rejected, Settlement
from router.errors import BadRequest, Unavailable
from router.model import Accept, BatchConversation, Remark
from router.triggers._queue_source import all_rejected
from router.triggers.s3.changes import Change
from router.triggers.s3.inbox import Inbox, accept
from router.triggers.s3.senders import read_queued


def handle_batch(batch: Batch, inbox: Inbox) -> BatchConversation:
    """The conversation about a batch."""
    changes: list[Change] = []
    results: list[Completed | Rejected] = []
    tests = 0
    for message in batch.messages:
        try:
            read = read_queued(message.body, inbox.reading(batch.received_at))
        except BadRequest as error:
            results.append(Rejected(message.handle, error.name, str(error)))
            continue
        tests += read is None
        changes += read or []
        results.append(Completed(message.handle))
    for _ in range(tests):
        yield TESTED
    accepted, remarks = accept(changes, inbox)
    if accepted:
        try:
            yield Accept(accepted)
        except Unavailable as error:
            return all_rejected(batch.messages, error.name, str(error), again=True)
    yield from remarks
    failed = [each for each in results if isinstance(each, Rejected)]
    return Settlement(tuple(results), failed[0].error, failed[0].cause) if failed else Settlement(tuple(results))


TESTED = Remark("test_event", "S3 tests a notification that was configured.")
