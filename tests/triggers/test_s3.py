"""Events of S3 and its kin: what is taken, who gets it, what the sender is told (async.md §E)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import S3Model
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from router.batches import Batch, Completed, Message, QueueSource, Rejected, Settlement
from router.deliveries import Acceptance
from router.errors import Unavailable
from router.model import ErrorNote, PathClaim
from router.triggers import TYPES
from router.triggers.s3.changes import decode_key, encode_key
from router.triggers.s3.notifications import event_fits

Doors = Callable[..., Any]
EVENTS = Path(__file__).parent.parent / "events" / "s3"


def record(key: str = "images/a.jpg", name: str = "ObjectCreated:Put", bucket: str = "photos", **about: Any) -> dict[str, Any]:
    """A record as AWS sends it."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-west-2",
        "eventTime": "2026-01-01T00:00:00.000Z",
        "eventName": name,
        "userIdentity": {"principalId": "AWS:AIDAJDPLRKLG7UEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "c",
            "bucket": {"name": bucket, "ownerIdentity": {"principalId": "A3NL1KOZZKExample"}, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {"key": key, "size": 1024, "eTag": "d41d8cd9", "sequencer": "0055AED6DCD90281E5", **about},
        },
    }


def event(*records: dict[str, Any]) -> str:
    return json.dumps({"Records": [*records]}, separators=(",", ":"))


def notification(events: Any = "s3:ObjectCreated:*", function: str = "audit", **more: Any) -> dict[str, Any]:
    return {"events": events, "function": function, **more}


def s3(source: Any = None, **settings: Any) -> dict[str, Any]:
    base = {"type": "s3", "source": source or {"http": "/hooks/s3"}, "notifications": {"all": notification()}}
    return base | settings


def post(trigger: Any, body: str | bytes) -> Any:
    return trigger.call("POST", "/hooks/s3", body=body.encode() if isinstance(body, str) else body)


def routes(trigger: Any) -> list[tuple[str, str]]:
    """Route and key of everything that was accepted."""
    return [(each.route, each.attributes["key"]) for commit in trigger.accepted for each in commit]


# --- over HTTP -------------------------------------------------------------------------------------------------------


def test_records_of_aws_pass_untouched_one_to_an_event(door: Doors) -> None:
    trigger = door(s3())
    odd = {**record("b"), "somethingNew": {"z": 1, "a": 12345678901234567890123}}

    reply = post(trigger, event(record("a"), odd))

    assert (reply.status, reply.headers, reply.body, reply.error) == (200, [], b"", None)
    ((first, second),) = trigger.accepted
    assert [first.payload.decode(), second.payload.decode()] == [event(record("a")), event(odd)]
    attributes = {"bucket": "photos", "key": "a", "event": "ObjectCreated:Put"}
    assert first == Acceptance(first.target, first.payload, "all", first.deduplication_id, attributes=attributes)


def test_every_notification_that_wants_an_event_gets_it_in_one_commit(door: Doors) -> None:
    notifications = {
        "thumbnails": notification(function="thumbnail:live", prefix="images/", suffix=".jpg"),
        "audit": notification(["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]),
    }
    trigger = door(s3(notifications=notifications))

    post(trigger, event(record("images/a.jpg"), record("notes.txt", "ObjectRemoved:Delete")))

    assert len(trigger.accepted) == 1
    assert routes(trigger) == [("thumbnails", "images/a.jpg"), ("audit", "images/a.jpg"), ("audit", "notes.txt")]
    thumbnail = trigger.accepted[0][0].target
    assert (thumbnail.function.name, thumbnail.qualifier) == ("thumbnail", "live")


@pytest.mark.parametrize(
    ("prefix", "suffix", "key", "wanted"),
    [
        ("images/", ".jpg", "images/a.jpg", True),
        ("images/", ".jpg", "images/a.png", False),
        ("images/", "", "image/a.jpg", False),
        ("my+folder/", "", "my+folder/a", True),
        ("my+folder/", "", "my%20folder/a", True),
        ("my+folder/", "", "my%2Bfolder/a", False),
        ("my%2Bfolder/", "", "my%2Bfolder/a", True),
        ("date%3D1/", "", "date%3D1/a", True),
        ("a%2fb", "", "a/b", True),
        ("gr%C3%BCn/", "", "gr%C3%BCn/a", True),
        ("*", "", "a", False),
        ("*", "", "*a", True),
        ("abc", "cde", "abcde", True),
    ],
)
def test_prefix_and_suffix_are_written_encoded_as_in_aws(prefix: str, suffix: str, key: str, wanted: bool, door: Doors) -> None:
    trigger = door(s3(notifications={"n": notification(prefix=prefix, suffix=suffix)}))
    assert post(trigger, event(record(key))).status == 200
    assert bool(trigger.accepted) is wanted
    assert [remark.name for remark in trigger.remarks] == ([] if wanted else ["filtered"])


@pytest.mark.parametrize(
    ("wanted", "name", "fits"),
    [
        ("ObjectCreated:*", "ObjectCreated:CompleteMultipartUpload", True),
        ("ObjectCreated:*", "ObjectCreated", False),
        ("ObjectCreated:Put", "ObjectCreated:Put", True),
        ("ObjectCreated:Put", "ObjectCreated:PutRetention", False),
        ("LifecycleTransition", "LifecycleTransition", True),
        ("ObjectLifecycle:Expiration:*", "ObjectLifecycle:Expiration:Current", True),
    ],
)
def test_event_types(wanted: str, name: str, fits: bool) -> None:
    assert event_fits(wanted, name) is fits


def test_events_of_other_buckets_are_dropped_and_told(door: Doors) -> None:
    trigger = door(s3(buckets="photos"))
    assert post(trigger, event(record(bucket="secrets"), record("b"))).status == 200
    assert routes(trigger) == [("all", "b")]
    assert [(remark.name, dict(remark.fields)) for remark in trigger.remarks] == [
        ("undeclared_bucket", {"bucket": "secrets", "key": "images/a.jpg", "event": "ObjectCreated:Put"})
    ]


def test_a_body_without_records_is_taken(door: Doors) -> None:
    trigger = door(s3())
    assert (post(trigger, event()).status, trigger.accepted) == (200, [])


def test_a_full_journal_makes_the_sender_repeat(door: Doors) -> None:
    trigger = door(s3())
    trigger.full = Unavailable("the journal is full", 5)
    reply = post(trigger, event(record()))
    assert (reply.status, reply.body) == (503, b'{"message":"Service Unavailable"}')
    assert reply.error == ErrorNote("unavailable", retry_after=5, detail="the journal is full")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "the body is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[]", "the body is no JSON object"),
        ("{}", "Records is no list"),
        ('{"Records":[1]}', "a record is no JSON object"),
        ('{"Records":[{}]}', "eventName is no text"),
        ('{"Records":[{"eventName":"a"}]}', "s3.bucket.name is no text"),
        ('{"Records":[{"eventName":"a","s3":{"bucket":{"name":"b"},"object":[]}}]}', "s3.object.key is no text"),
        ('{"Records":[{"eventName":"a","s3":{"bucket":{"name":"\\ud800"}}}]}', "s3.bucket.name is no text"),
        ('{"detail-type":"Object Created","source":"mine"}', "it is an event of EventBridge, and not of S3"),
        ('{"detail-type":"Object Eaten","source":"aws.s3","detail":{}}', "its detail-type is none of S3's"),
        ('{"detail-type":"Object Created","source":"aws.s3","detail":[]}', "detail is no JSON object"),
        (
            '{"Type":"Notification","TopicArn":"t","Message":"{}"}',
            "it is a message of SNS, which the trigger type `sns` takes over HTTP",
        ),
    ],
)
def test_garbage_is_refused(body: str, message: str, door: Doors) -> None:
    trigger = door(s3())
    reply = post(trigger, body)
    assert (reply.status, json.loads(reply.body), trigger.accepted) == (400, {"message": message}, [])


def test_one_bad_record_refuses_all(door: Doors) -> None:
    trigger = door(s3())
    assert (post(trigger, event(record(), {})).status, trigger.accepted) == (400, [])


# --- what is the same event ------------------------------------------------------------------------------------------


def identity(trigger: Any, body: str) -> str | None:
    post(trigger, body)
    found: str | None = trigger.accepted[-1][0].deduplication_id
    return found


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (record(), True),
        ({**record(), "eventTime": "2026-01-01T00:00:01.000Z"}, True),
        (record(sequencer="0055AED6DCD90281E6"), False),
        (record(versionId="v"), False),
        (record("images/b.jpg"), False),
        (record(bucket="others"), False),
        (record(name="ObjectCreated:Copy"), False),
    ],
)
def test_what_a_sender_repeats_has_the_same_id(other: dict[str, Any], same: bool, door: Doors) -> None:
    trigger = door(s3())
    assert (identity(trigger, event(record())) == identity(trigger, event(other))) is same


def test_events_without_a_sequencer_differ_by_time_and_request(door: Doors) -> None:
    trigger = door(s3(notifications={"n": notification("s3:ObjectTagging:*")}))
    tagged = record(name="ObjectTagging:Put")
    del tagged["s3"]["object"]["sequencer"]
    later = {**tagged, "eventTime": "2026-01-01T00:00:01.000Z"}
    asked = {**tagged, "responseElements": {"x-amz-request-id": "D"}}
    ids = [identity(trigger, event(each)) for each in (tagged, tagged, later, asked)]
    assert ids[0] == ids[1]
    assert len({*ids}) == 3


def weed(kind: str = "create", key: str = "/buckets/photos/a", **entry: Any) -> str:
    about = {"name": "a", "chunks": [{"file_id": "3,01"}], "attributes": {"file_size": 3, "mtime": 1_772_366_400}, **entry}
    side = "old_entry" if kind == "delete" else "new_entry"
    return json.dumps({"key": key, "event_type": kind, "message": {side: about, "new_parent_path": "/buckets/photos"}})


SEAWEEDFS = {"http": "/hooks/s3", "sender": "seaweedfs"}
BOTH = {"all": notification(["s3:ObjectCreated:*", "s3:ObjectRemoved:*"])}


def test_seaweedfs_has_no_ids_so_everything_it_says_counts(door: Doors) -> None:
    trigger = door(s3(SEAWEEDFS, notifications=BOTH))
    bodies = [weed(), weed(), weed(chunks=[{"file_id": "4,02"}]), weed("delete"), weed(attributes={"mtime": 1_772_366_401})]
    ids = [identity(trigger, body) for body in bodies]
    assert ids[0] == ids[1]
    assert len({*ids}) == 4
    assert identity(trigger, weed("rename")) is None


@pytest.mark.parametrize(
    "body",
    [
        weed(key="/topics/x/a"),
        weed(key="/buckets/photos"),
        weed(key="/buckets/photos/"),
        weed(key="/buckets/photos/.uploads/1/0001.part"),
        weed(is_directory=True),
    ],
)
def test_seaweedfs_has_files_that_are_no_objects(body: str, door: Doors) -> None:
    trigger = door(s3(SEAWEEDFS, notifications=BOTH))
    assert (post(trigger, body).status, trigger.accepted, trigger.remarks) == (200, [], [])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (weed("chmod"), "its event_type is none of SeaweedFS's"),
        ('{"key":"/buckets/photos/a"}', "event_type is no text"),
        ('{"key":"/buckets/photos/a","event_type":"create"}', "message is no JSON object"),
    ],
)
def test_garbage_of_seaweedfs_is_refused(body: str, message: str, door: Doors) -> None:
    trigger = door(s3(SEAWEEDFS, notifications=BOTH))
    reply = post(trigger, body)
    assert (reply.status, json.loads(reply.body), trigger.accepted) == (400, {"message": message}, [])


def test_an_update_is_a_put_and_an_unknown_digest_is_empty(door: Doors) -> None:
    trigger = door(s3(SEAWEEDFS, notifications=BOTH))
    attributes = {"file_size": "70000000000", "mtime": "1772366400", "md5": "?"}
    post(trigger, weed("update", attributes=attributes))
    made = json.loads(trigger.accepted[0][0].payload)["Records"][0]
    assert (made["eventName"], made["eventTime"]) == ("ObjectCreated:Put", "2026-03-01T12:00:00.000Z")
    assert made["s3"]["object"] == {"key": "a", "size": 70_000_000_000, "eTag": "", "sequencer": "1898B5D9B3D68000"}


@pytest.mark.parametrize(("encoding", "key"), [("url", "a b%3D"), ("none", "a+b%253D"), (None, "a+b%253D")])
def test_how_keys_are_written_can_be_said(encoding: str | None, key: str, door: Doors) -> None:
    """`a+b%3D` is a key with a space and an equals sign where it is encoded."""
    source = {"http": "/hooks/s3", "sender": "ceph"}
    trigger = door(s3(source, **({"key_encoding": encoding} if encoding else {})))
    post(trigger, event(record("a+b%3D")))
    written = json.loads(trigger.accepted[0][0].payload)["Records"][0]["s3"]["object"]["key"]
    assert written == {"url": "a+b%3D", "none": "a%2Bb%253D", None: "a%2Bb%253D"}[encoding]
    assert trigger.accepted[0][0].attributes["key"] == {"url": "a b=", "none": "a+b%3D", None: "a+b%3D"}[encoding]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_encoding_keys_can_be_undone(key: str) -> None:
    written = encode_key(key)
    assert decode_key(written) == key
    assert written.isascii()
    assert " " not in written


# --- EventBridge's form ----------------------------------------------------------------------------------------------


def bridged(detail_type: str = "Object Created", **detail: Any) -> dict[str, Any]:
    about = {"key": "a b", "size": 5, "etag": "e", "version-id": "v", "sequencer": "61"}
    base = {"version": "0", "bucket": {"name": "photos"}, "object": about, "request-id": "R", "requester": "123456789012"}
    head = {"version": "0", "id": "1", "detail-type": detail_type, "source": "aws.s3", "account": "111122223333"}
    tail = {"time": "2026-01-01T00:00:00Z", "region": "us-west-2", "resources": ["arn:aws:s3:::photos"]}
    return {**head, **tail, "detail": {**base, **detail}}


EVERYTHING = {
    "all": notification(
        [
            *("s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectRestore:*", "s3:LifecycleExpiration:*"),
            *("s3:LifecycleTransition", "s3:IntelligentTiering", "s3:ObjectTagging:*", "s3:ObjectAcl:Put"),
        ]
    )
}
RESTORED = {"restore-expiry-time": "2026-02-01T00:00:00Z", "source-storage-class": "GLACIER"}
RESTORE_DATA = {"lifecycleRestorationExpiryTime": "2026-02-01T00:00:00Z", "lifecycleRestoreStorageClass": "GLACIER"}


@pytest.mark.parametrize(
    ("given", "name", "version", "keys", "more"),
    [
        (bridged(reason="PutObject"), "ObjectCreated:Put", "2.1", ["key", "size", "eTag", "versionId", "sequencer"], {}),
        (bridged(reason="POST Object"), "ObjectCreated:Post", "2.1", ["key", "size", "eTag", "versionId", "sequencer"], {}),
        (bridged(reason="CopyObject"), "ObjectCreated:Copy", "2.1", ["key", "size", "eTag", "versionId", "sequencer"], {}),
        (
            *(bridged(reason="CompleteMultipartUpload"), "ObjectCreated:CompleteMultipartUpload", "2.1"),
            *(["key", "size", "eTag", "versionId", "sequencer"], {}),
        ),
        (
            bridged("Object Deleted", reason="DeleteObject"),
            "ObjectRemoved:Delete",
            "2.1",
            ["key", "versionId", "sequencer"],
            {},
        ),
        (
            bridged("Object Deleted", **{"deletion-type": "Delete Marker Created"}),
            *("ObjectRemoved:DeleteMarkerCreated", "2.1", ["key", "eTag", "versionId", "sequencer"], {}),
        ),
        (
            bridged("Object Deleted", reason="Lifecycle Expiration", requester="s3.amazonaws.com"),
            *("LifecycleExpiration:Delete", "2.3", ["key", "size", "eTag", "versionId", "sequencer"], {}),
        ),
        (
            bridged("Object Restore Completed", **RESTORED),
            *("ObjectRestore:Completed", "2.1", ["key", "size", "eTag", "versionId", "sequencer"]),
            {"glacierEventData": {"restoreEventData": RESTORE_DATA}},
        ),
        (bridged("Object Tags Deleted"), "ObjectTagging:Delete", "2.3", ["key", "eTag", "versionId"], {}),
        (bridged("Object ACL Updated"), "ObjectAcl:Put", "2.3", ["key", "eTag", "versionId"], {}),
        (
            bridged("Object Storage Class Changed", **{"destination-storage-class": "GLACIER"}),
            *("LifecycleTransition", "2.3", ["key", "size", "eTag", "versionId", "sequencer"]),
            {"lifecycleEventData": {"transitionEventData": {"destinationStorageClass": "GLACIER"}}},
        ),
        (
            bridged("Object Access Tier Changed", **{"destination-access-tier": "ARCHIVE_ACCESS"}),
            *("IntelligentTiering", "2.3", ["key", "size", "eTag", "versionId", "sequencer"]),
            {"intelligentTieringEventData": {"destinationAccessTier": "ARCHIVE_ACCESS"}},
        ),
    ],
)
def test_eventbridges_form_becomes_a_record(
    given: dict[str, Any], name: str, version: str, keys: list[str], more: dict[str, Any], door: Doors
) -> None:
    trigger = door(s3(notifications=EVERYTHING))
    assert post(trigger, json.dumps(given)).status == 200
    made = json.loads(trigger.accepted[0][0].payload)["Records"][0]
    assert (made["eventName"], made["eventVersion"], [*made["s3"]["object"]]) == (name, version, keys)
    assert {key: value for key, value in made.items() if key.endswith("Data")} == more
    assert made["s3"]["object"]["key"] == "a+b"
    address = "s3.amazonaws.com" if name.startswith("LifecycleExpiration") else "0.0.0.0"
    assert made["requestParameters"] == {"sourceIPAddress": address}
    if not name.startswith("ObjectAcl:"):  # Powertools wants a size there, which AWS does not send
        S3Model.model_validate({"Records": [made]})


# --- through a queue -------------------------------------------------------------------------------------------------


def batch(*bodies: str) -> Batch:
    messages = tuple(Message(f"handle-{number}", body, id=f"id-{number}") for number, body in enumerate(bodies, 1))
    return Batch(messages, "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10", "Root=1-6a514b28-0123456789abcdef01234567", 1_783_711_144.0)


def wrapped(message: str) -> str:
    """As SNS wraps it for SQS."""
    return json.dumps({"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message": message})


TEST_EVENT = '{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-01-01T00:00:00.000Z","Bucket":"photos"}'


def test_a_batch_is_one_commit_whatever_its_messages_are_wrapped_in(door: Doors) -> None:
    trigger = door(s3({"sqs": "uploads"}))
    bodies = [
        event(record("a")),
        wrapped(event(record("b"))),
        json.dumps(bridged()),
        wrapped(json.dumps(bridged())),
        TEST_EVENT,
    ]

    settlement = trigger.settle(batch(*bodies, wrapped(TEST_EVENT)))

    assert settlement == Settlement(tuple(Completed(f"handle-{number}") for number in range(1, 7)))
    assert len(trigger.accepted) == 1
    assert routes(trigger) == [("all", "a"), ("all", "b"), ("all", "a b"), ("all", "a b")]
    assert [remark.name for remark in trigger.remarks] == ["test_event", "test_event"]


def test_what_cannot_be_read_stays_in_the_queue(door: Doors) -> None:
    trigger = door(s3({"sqs": "uploads"}))
    reason = "the body is not JSON: Expecting value: line 1 column 1 (char 0)"

    settlement = trigger.settle(batch("hello", event(record("a"))))

    results = (Rejected("handle-1", "bad_request", reason), Completed("handle-2"))
    assert settlement == Settlement(results, "bad_request", reason)
    assert routes(trigger) == [("all", "a")]


def test_a_full_journal_leaves_everything_in_the_queue(door: Doors) -> None:
    trigger = door(s3({"sqs": "uploads"}))
    trigger.full = Unavailable("the journal is full", 5)

    settlement = trigger.settle(batch(event(record("a")), event(record("b"))))

    results = tuple(Rejected(f"handle-{number}", "unavailable", "the journal is full") for number in (1, 2))
    assert settlement == Settlement(results, "unavailable", "the journal is full", again=True)


def test_what_is_polled_and_what_is_claimed(door: Doors) -> None:
    kind = TYPES["s3"]
    assert kind.source is not None
    posted, queued = door(s3()), door(s3({"sqs": {"queue": "uploads", "max_concurrency": 3}}))
    assert (kind.claims(posted.settings), kind.source(posted.built)) == ((PathClaim("/hooks/s3"),), None)
    assert kind.claims(queued.settings) == ()
    assert kind.source(queued.built) == QueueSource("uploads", "eu-west-1", 30.0, max_concurrency=3)


# --- what the validator says -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"source": {"http": "/a", "sqs": "q"}}, [(("source",), "one-source")]),
        ({"source": {"sender": "minio"}}, [(("source",), "one-source")]),
        ({"source": {"sqs": "q", "sender": "aws"}}, [(("source", "sender"), "without-effect")]),
        ({"source": {"sqs": "q"}, "auth": "none"}, [(("auth",), "without-effect")]),
        ({"auth": {"source_ip": ["x"]}}, [(("auth", 0, "source_ip", 0), "bad-network")]),
        ({"notifications": {"n": notification("s3:*")}}, None),
        ({"notifications": {"n": notification("ObjectCreated:*")}}, None),
        ({"notifications": {"n": notification(["s3:ObjectCreated:Put", "s3:ObjectEaten:*"])}}, ["events", 1]),
        ({"notifications": {"n": notification("s3:ObjectCreated:Delete")}}, ["events", 0]),
        ({"notifications": {"n": notification("s3:ObjectCreated")}}, ["events", 0]),
        ({"notifications": {"n": notification("s3:LifecycleTransition:*")}}, ["events", 0]),
        ({"notifications": {"n": notification("s3:ObjectAccessed:Get")}}, ["events", 0]),
        ({"source": {"http": "/a", "sender": "minio"}, "notifications": {"n": notification("s3:ObjectAccessed:Get")}}, []),
        ({"source": {"http": "/a", "sender": "ceph"}, "notifications": {"n": notification("s3:ObjectSynced:Create")}}, []),
        ({"source": SEAWEEDFS, "notifications": {"n": notification("s3:ObjectCreated:Copy")}}, ["events", 0]),
        ({"notifications": EVERYTHING}, []),
        ({"notifications": {"n": notification(prefix="100%")}}, [(("notifications", "n", "prefix"), "bad-escape")]),
    ],
)
def test_findings(settings: dict[str, Any], expected: Any, findings: Callable[..., Any]) -> None:
    written = {**s3(), "invocation": "async", **settings}
    if expected is None:
        with pytest.raises(AssertionError):
            findings(written)
    elif expected and isinstance(expected[0], str):
        assert findings(written) == [(("notifications", "n", *expected), "unknown-event")]
    else:
        assert findings(written) == expected


# --- whatever comes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", sorted(path.name for path in EVENTS.glob("*.accepted.json")))
def test_powertools_reads_every_event(case: str) -> None:
    commits = json.loads((EVENTS / case).read_text(encoding="utf-8"))
    for accepted in (each for commit in commits for each in commit):
        if accepted["event"]["Records"][0]["eventSource"] == "aws:s3":
            S3Model.model_validate(accepted["event"])


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["ObjectCreated:Put", "create", "rename"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def replaced(value: Any, path: tuple[str, ...], other: Any) -> Any:
    if not path:
        return other
    if isinstance(value, list):
        return [replaced(each, path, other) for each in value]
    return {**value, path[0]: replaced(value.get(path[0], {}), path[1:], other)} if isinstance(value, dict) else other


PATHS = st.sampled_from(
    [
        *[("Records",), ("Records", "eventName"), ("Records", "s3"), ("Records", "s3", "object"), ("Records", "s3", "bucket")],
        *[("Records", "s3", "object", name) for name in ("key", "size", "eTag", "sequencer", "versionId")],
        *[("Records", name) for name in ("eventTime", "userIdentity", "responseElements", "glacierEventData")],
        *[("key",), ("event_type",), ("message",), ("message", "new_entry"), ("message", "new_entry", "attributes")],
        *[("message", "new_entry", "attributes", name) for name in ("mtime", "md5", "file_size")],
        *[("message", "new_entry", "chunks"), ("message", "new_entry", "name"), ("message", "new_parent_path")],
        *[("detail",), ("detail", "object"), ("detail", "object", "size"), ("detail-type",), ("time",)],
    ]
)
WHOLE = st.sampled_from([json.loads(event(record())), json.loads(weed()), json.loads(weed("rename")), bridged()])
BODIES = st.builds(replaced, WHOLE, PATHS, VALUES).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60)


@hypothesis_settings(deadline=None)
@given(body=BODIES, sender=st.sampled_from(["aws", "minio", "ceph", "seaweedfs"]))
def test_any_body_ends_in_a_reply(body: bytes, sender: str) -> None:
    trigger = OPEN[sender]
    trigger.accepted.clear()
    reply = post(trigger, body)
    assert reply.status in (200, 400)
    assert reply.status == 200 or trigger.accepted == []
    for commit in trigger.accepted:
        for acceptance in commit:
            (made,) = json.loads(acceptance.payload)["Records"]
            assert made["s3"]["bucket"]["name"] == acceptance.attributes["bucket"]


OPEN: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def doors_of_every_sender(door: Doors) -> None:
    """Hypothesis takes no fixtures that change between its examples."""
    for sender in ("aws", "minio", "ceph", "seaweedfs"):
        OPEN[sender] = door(s3({"http": "/hooks/s3", "sender": sender}, notifications=BOTH))
