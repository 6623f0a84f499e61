"""Bodies by sender, and what may lie around them: SNS's envelope, EventBridge's event.

Source: semantics/async.md §E.5, §E.6.
"""

from collections.abc import Callable, Mapping
from typing import Any

from router import jsontext
from router.errors import BadRequest
from router.triggers.s3.changes import Change
from router.triggers.s3.eventbridge import is_eventbridge, read_event
from router.triggers.s3.records import Reading, aws_record, ceph_record, is_test, minio_record, read_records
from router.triggers.s3.seaweedfs import read_notification

READERS: Mapping[str, Callable[[Any, Reading], list[Change]]] = {
    "aws": lambda body, reading: _of_aws(body, reading),
    "minio": lambda body, reading: read_records(body, reading, minio_record),
    "ceph": lambda body, reading: read_records(body, reading, ceph_record),
    "seaweedfs": read_notification,
}


def read_posted(body: bytes, sender: str, reading: Reading) -> list[Change] | None:
    """The changes that a request tells of; None: it is S3's test. Raises BadRequest."""
    parsed = _parsed(body)
    return None if is_test(parsed) else READERS[sender](parsed, reading)


def read_queued(body: str, reading: Reading) -> list[Change] | None:
    """The changes that a message of a queue tells of, in whatever it is wrapped; None: it is S3's test. Raises BadRequest."""
    parsed = _parsed(body)
    if _is_sns(parsed):
        parsed = _parsed(parsed["Message"])
    return None if is_test(parsed) else _of_aws(parsed, reading)


def _of_aws(body: Any, reading: Reading) -> list[Change]:
    if _is_sns(body):
        raise BadRequest("it is a message of SNS, which the trigger type `sns` takes over HTTP")
    return read_event(body, reading) if is_eventbridge(body) else read_records(body, reading, aws_record)


def _is_sns(body: Any) -> bool:
    return isinstance(body, dict) and "TopicArn" in body and isinstance(body.get("Message"), str)


def _parsed(body: bytes | str) -> Any:
    try:
        return jsontext.loads(body, constants=False)
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
