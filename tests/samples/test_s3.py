"""Every sender tells of the same change in its own words, and the function gets AWS's."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.envelopes import Addressed, HttpEnvelope, QueueEnvelope
from router.samples import Context, SampleError, make
from router.settings import Config

Taking = Callable[[str], Config]
Play = Callable[..., Any]

KEY = "images/red flower+50% ü.jpg"
ENCODED = "images/red+flower%2B50%25+%C3%BC.jpg"


def body(name: str, context: Context, **options: Any) -> Any:
    envelope = make(name, options, context).envelope
    assert isinstance(envelope, HttpEnvelope)
    return json.loads(envelope.body)


def test_aws_puts_an_object(context: Context) -> None:
    made = make("s3/put", {"bucket": "photos", "key": KEY, "size": 12, "version_id": "v1"}, context).envelope
    assert isinstance(made, HttpEnvelope)
    assert (made.method, made.target) == ("POST", "/hooks/s3")
    assert made.headers == (("Host", "hooks.example.com"), ("Content-Type", "application/json"))
    assert json.loads(made.body) == {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "eu-west-1",
                "eventTime": "2026-03-01T02:00:00.123Z",
                "eventName": "ObjectCreated:Put",
                "userIdentity": {"principalId": "AWS:AIDAJDPLRKLG7UEXAMPLE"},
                "requestParameters": {"sourceIPAddress": "192.0.2.10"},
                "responseElements": {
                    "x-amz-request-id": "5C3CC75A5A5B4D4B",
                    "x-amz-id-2": "XDzHWlpbTUuPDgAAAAAAAlw8x1paW01Ljw4AAAAAAANcPMdaWltNS48OAAAAAAAEXDzHWlpbTUs=",
                },
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "uploads",
                    "bucket": {
                        "name": "photos",
                        "ownerIdentity": {"principalId": "A3NL1KOZZKEXAMPLE"},
                        "arn": "arn:aws:s3:::photos",
                    },
                    "object": {
                        "key": ENCODED,
                        "size": 12,
                        "eTag": "d4fc601777e5957ddb5577dbb64ae829",
                        "versionId": "v1",
                        "sequencer": "1898951BD3F514C0",
                    },
                },
            }
        ]
    }


@pytest.mark.parametrize(
    ("variant", "name", "version", "said"),
    [
        ("copy", "ObjectCreated:Copy", "2.1", ["key", "size", "eTag", "sequencer"]),
        ("multipart", "ObjectCreated:CompleteMultipartUpload", "2.1", ["key", "size", "eTag", "sequencer"]),
        ("delete", "ObjectRemoved:Delete", "2.1", ["key", "sequencer"]),
        ("delete-marker", "ObjectRemoved:DeleteMarkerCreated", "2.1", ["key", "eTag", "versionId", "sequencer"]),
        ("restore-completed", "ObjectRestore:Completed", "2.1", ["key", "size", "eTag", "sequencer"]),
        ("tagging", "ObjectTagging:Put", "2.3", ["key", "eTag"]),
        ("acl", "ObjectAcl:Put", "2.3", ["key", "eTag"]),
        ("lifecycle-expiration", "LifecycleExpiration:Delete", "2.3", ["key", "sequencer"]),
        ("replication-failed", "Replication:OperationFailedReplication", "2.2", ["key", "size", "eTag", "sequencer"]),
    ],
)
def test_aws_says_of_an_object_what_belongs_to_the_event(
    variant: str, name: str, version: str, said: list[str], context: Context
) -> None:
    (record,) = body(f"s3/{variant}", context)["Records"]
    assert (record["eventName"], record["eventVersion"], list(record["s3"]["object"])) == (name, version, said)


def test_what_stands_beside_s3(context: Context) -> None:
    (record,) = body("s3/restore-completed", context)["Records"]
    assert record["glacierEventData"]["restoreEventData"] == {
        "lifecycleRestorationExpiryTime": "2026-03-08T02:00:00.123Z",
        "lifecycleRestoreStorageClass": "GLACIER",
    }
    assert body("s3/multipart", context)["Records"][0]["s3"]["object"]["eTag"].endswith("-3")
    assert body("s3/delete-marker", context)["Records"][0]["s3"]["object"]["eTag"] == "d41d8cd98f00b204e9800998ecf8427e"
    assert list(body("s3/test-event", context)) == ["Service", "Event", "Time", "Bucket", "RequestId", "HostId"]


def test_keys_are_written_as_each_sender_writes_them(context: Context) -> None:
    def written(sender: str) -> Any:
        return body(f"s3/{sender}-put", context, key=KEY)

    assert written("minio")["Records"][0]["s3"]["object"]["key"] == ENCODED.replace("/", "%2F")
    assert written("minio")["Key"] == f"photos/{KEY}"
    assert written("ceph")["Records"][0]["s3"]["object"]["key"] == KEY
    assert written("seaweedfs")["key"] == f"/buckets/photos/{KEY}"


FACTS = ("eventName", "eventTime", "eventVersion", "eventSource")


@pytest.mark.parametrize(
    ("variant", "stores"), [("put", ["minio", "ceph", "seaweedfs"]), ("delete", ["minio", "ceph", "seaweedfs"])]
)
def test_the_function_cannot_tell_the_senders_apart(
    variant: str, stores: list[str], taking: Taking, context_at: Callable[[float], Context], play: Play
) -> None:
    def record(name: str) -> Any:
        options = {"key": KEY, "etag": "65ac3a0c61a3ccfd48d6d03b4ab5e6c9", "size": 12}
        (payload,) = play(taking(name), make(name, options, context_at(1_772_330_400.0))).payloads
        (found,) = json.loads(payload)["Records"]
        return {name: found[name] for name in FACTS} | {"bucket": found["s3"]["bucket"]["arn"], "object": found["s3"]["object"]}

    expected = record(f"s3/{variant}")
    for store in ("minio", "ceph", "seaweedfs"):
        found = record(f"s3/{store}-{variant}")
        if variant == "delete" and store == "seaweedfs":  # it says when a file was changed, not when it was deleted
            found["eventTime"] = expected["eventTime"]
        assert found == expected, store


def test_a_rename_is_a_removal_and_a_creation(taking: Taking, context: Context, play: Play) -> None:
    made = make("s3/seaweedfs-rename", {"key": "a/old name.txt", "new_key": "b/new.txt"}, context)
    records = [json.loads(payload)["Records"][0] for payload in play(taking("s3/seaweedfs-rename"), made).payloads]
    assert [(each["eventName"], each["s3"]["object"]["key"]) for each in records] == [
        ("ObjectRemoved:Delete", "a/old+name.txt"),
        ("ObjectCreated:Put", "b/new.txt"),
    ]


# --- carriers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("via", ["sqs", "sns,sqs", "eventbridge", "eventbridge,sqs", "eventbridge,sns,sqs"])
@pytest.mark.parametrize("variant", ["put", "copy", "delete", "delete-marker", "restore-completed", "lifecycle-transition"])
def test_whatever_carries_it_the_function_gets_the_same(
    via: str,
    variant: str,
    taking: Taking,
    context_at: Callable[[float], Context],
    play: Play,
    configured: Callable[..., Config],
) -> None:
    def record(via: str) -> Any:
        made = make(f"s3/{variant}", {"key": KEY, "via": via, "version_id": "v1"}, context_at(1_772_330_400.0))
        config = taking("s3/put") if isinstance(made.envelope, HttpEnvelope) else configured(QUEUED)
        (payload,) = play(config, Addressed(made.envelope, "uploads")).payloads
        (found,) = json.loads(payload)["Records"]
        # What EventBridge does not say, or says in another way, is another sender's.
        return {name: found[name] for name in (*FACTS, "awsRegion")} | {"object": found["s3"]["object"]}

    assert record(via) == record("")


QUEUED = """
functions: {f: {arn: 'arn:aws:lambda:eu-west-1:111122223333:function:f'}}
triggers:
  uploads:
    type: s3
    invocation: async
    source: {sqs: uploads}
    notifications:
      all: {events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectRestore:*", "s3:LifecycleTransition"], function: f}
"""


def test_what_lies_in_what(context: Context) -> None:
    made = make("s3/put", {"via": "eventbridge,sns,sqs", "topic": "t", "queue": "q.fifo", "group": "g"}, context).envelope
    assert isinstance(made, QueueEnvelope)
    assert (made.queue_arn, made.messages[0].group) == ("arn:aws:sqs:eu-west-1:111122223333:q.fifo", "g")
    message = json.loads(made.messages[0].body)
    assert (message["Type"], message["TopicArn"]) == ("Notification", "arn:aws:sns:eu-west-1:111122223333:t")
    event = json.loads(message["Message"])
    assert list(event) == ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"]
    assert (event["detail-type"], event["source"], event["detail"]["reason"]) == ("Object Created", "aws.s3", "PutObject")
    raw = make("s3/put", {"via": "sns,sqs", "raw_delivery": True}, context).envelope
    assert isinstance(raw, QueueEnvelope)
    assert list(json.loads(raw.messages[0].body)) == ["Records"]


def test_eventbridge_does_not_tell_of_everything(context: Context) -> None:
    with pytest.raises(SampleError, match="EventBridge tells nothing of `ReducedRedundancyLostObject`"):
        make("s3/reduced-redundancy-lost", {"via": "eventbridge"}, context)
