"""Bodies that hold S3's `Records`: those of AWS itself, of MinIO and of Ceph RGW.

AWS's records pass untouched. Whether a key is encoded is decided by the sender, never guessed from its text: MinIO encodes more
than AWS does, Ceph not at all. Source: semantics/async.md §E.1, §E.2, §E.6.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from router.errors import BadRequest
from router.triggers.s3.changes import (
    AWS_SOURCE,
    Change,
    EventFacts,
    ObjectFacts,
    decode_key,
    identity_of,
    make_change,
    mapping,
    part,
    required_text,
    text,
    whole_number,
)

TEST_EVENT = "s3:TestEvent"
_MORE = ("glacierEventData", "replicationEventData", "intelligentTieringEventData", "lifecycleEventData")


@dataclass(slots=True, frozen=True)
class Reading:
    """How a body is read. `region`: where the sender names none. `received_at`: epoch seconds.

    `keep_source`: whether `eventSource` stays the sender's own. `raw_keys`: None: as the sender is known to write them.
    """

    region: str
    account_id: str
    received_at: float
    keep_source: bool = False
    raw_keys: bool | None = None

    def source(self, given: str) -> str:
        return given if self.keep_source and given else AWS_SOURCE

    def key(self, written: str, *, raw: bool) -> str:
        """The decoded key. `raw`: whether the sender is known not to encode keys."""
        is_raw = raw if self.raw_keys is None else self.raw_keys
        return written if is_raw else decode_key(written)


ReadRecord = Callable[[Any, Reading], Change]


def read_records(body: Any, reading: Reading, read: ReadRecord) -> list[Change]:
    """Every record of a body. Raises BadRequest."""
    records = mapping(body, "the body").get("Records")
    if not isinstance(records, list):
        raise BadRequest("Records is no list")
    return [read(mapping(record, "a record"), reading) for record in records]


def is_test(body: Any) -> bool:
    """What S3 sends when a notification is configured: no records, and never an invocation."""
    return isinstance(body, dict) and "Records" not in body and body.get("Event") == TEST_EVENT


def aws_record(record: Any, reading: Reading) -> Change:
    """A record of AWS, as it came."""
    name = required_text(record, "eventName")
    bucket, written = required_text(record, "s3", "bucket", "name"), required_text(record, "s3", "object", "key")
    about, key = part(record, "s3", "object"), reading.key(written, raw=False)
    moment = text(about, "sequencer") or f"{text(record, 'eventTime')} {_request_id(record)}"
    bare = name.removeprefix("s3:")
    return Change(
        bare, bucket, key, {**record, "eventName": bare}, identity_of(bucket, key, text(about, "versionId"), moment, bare)
    )


def minio_record(record: Any, reading: Reading) -> Change:
    """MinIO: names with `s3:`, keys in which `/` is `%2F`."""
    return _foreign(record, reading, raw=False)


def ceph_record(record: Any, reading: Reading) -> Change:
    """Ceph RGW: keys as they are, microseconds, an empty `versionId` where there is none, zonegroups in ARNs."""
    return _foreign(record, reading, raw=True)


def _foreign(record: Mapping[str, Any], reading: Reading, *, raw: bool) -> Change:
    about = part(record, "s3", "object")
    event = EventFacts(
        name=required_text(record, "eventName").removeprefix("s3:"),
        time=text(record, "eventTime"),
        region=text(record, "awsRegion") or reading.region,
        source=reading.source(text(record, "eventSource")),
        principal=text(record, "userIdentity", "principalId"),
        address=text(record, "requestParameters", "sourceIPAddress"),
        request_id=_request_id(record),
        host_id=text(record, "responseElements", "x-amz-id-2"),
        configuration=text(record, "s3", "configurationId"),
        owner=text(record, "s3", "bucket", "ownerIdentity", "principalId"),
        more={key: record[key] for key in _MORE if isinstance(record.get(key), dict)},
    )
    facts = ObjectFacts(
        bucket=required_text(record, "s3", "bucket", "name"),
        key=reading.key(required_text(record, "s3", "object", "key"), raw=raw),
        size=whole_number(about.get("size")),
        etag=text(about, "eTag") or text(about, "etag"),
        version_id=text(about, "versionId"),
        sequencer=text(about, "sequencer"),
    )
    return make_change(event, facts)


def _request_id(record: Any) -> str:
    return text(record, "responseElements", "x-amz-request-id")
