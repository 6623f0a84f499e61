"""Changes of objects, as S3 and its like tell of them: posted, or through SNS, SQS and EventBridge.

AWS's own form is never posted by S3 itself; a trigger with `sender: aws` takes it from whoever passes it on.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from router.envelopes import Envelope
from router.samples import carriers, events, reading
from router.samples.http import JSON, posted
from router.samples.s3_records import (
    Change,
    aws_body,
    aws_test,
    ceph_body,
    event_parts,
    has_event,
    minio_body,
    nanoseconds,
    seaweedfs_body,
)
from router.samples.words import Chosen, Context, Kind, Option, SampleError

PATH = "/hooks/s3"
SUBJECT = "Amazon S3 Notification"
GO = (("User-Agent", "Go-http-client/1.1"), ("Accept-Encoding", "gzip"))

Body = Callable[[Change, Context], dict[str, Any]]

AWS: Mapping[str, tuple[str, str]] = {
    "put": ("ObjectCreated:Put", "an object was put"),
    "post": ("ObjectCreated:Post", "an object was uploaded by a browser's form"),
    "copy": ("ObjectCreated:Copy", "an object was copied"),
    "multipart": ("ObjectCreated:CompleteMultipartUpload", "a multipart upload was completed"),
    "delete": ("ObjectRemoved:Delete", "an object was deleted for good"),
    "delete-marker": ("ObjectRemoved:DeleteMarkerCreated", "an object of a versioned bucket was deleted"),
    "restore-initiated": ("ObjectRestore:Post", "a restore from Glacier began"),
    "restore-completed": ("ObjectRestore:Completed", "a restore from Glacier is done"),
    "restore-expired": ("ObjectRestore:Delete", "a restored copy expired"),
    "tagging": ("ObjectTagging:Put", "tags were put on an object"),
    "tagging-delete": ("ObjectTagging:Delete", "tags were taken from an object"),
    "acl": ("ObjectAcl:Put", "an object's ACL was changed"),
    "lifecycle-expiration": ("LifecycleExpiration:Delete", "a lifecycle rule deleted an object"),
    "lifecycle-transition": ("LifecycleTransition", "a lifecycle rule moved an object"),
    "intelligent-tiering": ("IntelligentTiering", "an object was archived by Intelligent-Tiering"),
    "reduced-redundancy-lost": ("ReducedRedundancyLostObject", "an object was lost"),
    "replication-failed": ("Replication:OperationFailedReplication", "an object could not be replicated"),
}
MINIO: Mapping[str, tuple[str, str]] = {
    "put": ("ObjectCreated:Put", "an object was put"),
    "post": ("ObjectCreated:Post", "an object was uploaded by a browser's form"),
    "copy": ("ObjectCreated:Copy", "an object was copied"),
    "multipart": ("ObjectCreated:CompleteMultipartUpload", "a multipart upload was completed"),
    "delete": ("ObjectRemoved:Delete", "an object was deleted"),
    "delete-marker": ("ObjectRemoved:DeleteMarkerCreated", "an object of a versioned bucket was deleted"),
    "get": ("ObjectAccessed:Get", "an object was read"),
    "tagging": ("ObjectTagging:Put", "tags were put on an object"),
}
CEPH: Mapping[str, tuple[str, str]] = {
    "put": ("ObjectCreated:Put", "an object was put"),
    "copy": ("ObjectCreated:Copy", "an object was copied"),
    "multipart": ("ObjectCreated:CompleteMultipartUpload", "a multipart upload was completed"),
    "delete": ("ObjectRemoved:Delete", "an object was deleted"),
    "delete-marker": ("ObjectRemoved:DeleteMarkerCreated", "an object of a versioned bucket was deleted"),
}
SEAWEEDFS: Mapping[str, tuple[str, str]] = {
    "put": ("create", "a file was made"),
    "update": ("update", "a file was written anew"),
    "delete": ("delete", "a file was deleted"),
    "rename": ("rename", "a file was renamed"),
}

_OBJECT = {
    "bucket": Option("the bucket", reading.text, "photos"),
    "key": Option("the key, as people write it; it is encoded as the sender does", reading.text, "images/a.jpg"),
    "size": Option("bytes of the object", reading.number, 1024),
    "etag": Option(
        "its ETag, in hexadecimal",
        reading.matching(r"[0-9a-f]{32}(-\d+)?", "an MD5 in hexadecimal"),
        shown="MD5 of bucket and key",
    ),
    "version_id": Option("its version", reading.text, "", shown="none, but of a delete marker"),
    "sequencer": Option("what orders changes of one key", reading.text, shown="of the time"),
    "source_ip": Option("who changed it", reading.text, "192.0.2.10"),
}
_CONFIGURATION = {"configuration_id": Option("the id of the notification", reading.text, "uploads")}
_EVENT = {
    "event": Option(
        "another event, such as `s3:ObjectCreated:Copy`",
        reading.matching(r"(s3:)?[A-Za-z]+(:[A-Za-z]+)?", "an event such as `s3:ObjectCreated:Put`"),
        shown="as the kind says",
    )
}
_NEW_KEY = {"new_key": Option("the key afterwards", reading.text, "images/b.jpg")}


def change(event: str, chosen: Chosen, context: Context, sequencer: str) -> Change:
    """What was chosen. `sequencer`: where none was."""
    bucket, key = chosen["bucket"], chosen["key"]
    named = f"{bucket}/{key}".encode("utf-8", "surrogatepass")
    etag = chosen.get("etag") or hashlib.md5(named, usedforsecurity=False).hexdigest()
    if event.endswith(":CompleteMultipartUpload") and "-" not in etag:
        etag = f"{etag}-3"
    version = chosen.get("version_id") or ""
    if not version and event.endswith(":DeleteMarkerCreated"):
        version = context.hex(32)
    configuration = chosen.get("configuration_id") or "uploads"
    size = chosen["size"]
    said, address = chosen.get("sequencer") or sequencer, chosen.get("source_ip") or "192.0.2.10"
    return Change(event, bucket, key, size, etag, version, said, address, configuration, chosen.get("new_key") or "")


def _named(event: str, chosen: Chosen) -> str:
    return (chosen["event"] or event).removeprefix("s3:")


def _aws(event: str, chosen: Chosen, context: Context) -> Envelope:
    about = change(_named(event, chosen), chosen, context, f"{nanoseconds(context):016X}"[:18])
    if "eventbridge" not in chosen["via"]:
        return _carried(aws_body(about, context), chosen, context)
    if not has_event(about.event):
        raise SampleError(f"EventBridge tells nothing of `{about.event}`")
    detail_type, detail = event_parts(about, context)
    resources = [f"arn:aws:s3:::{about.bucket}"]
    document = events.envelope("aws.s3", detail_type, detail, context, resources)
    text = reading.compact(document)
    return carriers.carry(text, chosen, context, lambda: events.to_api_destination(text, chosen["path"] or PATH, context))


def _aws_test(chosen: Chosen, context: Context) -> Envelope:
    return _carried(aws_test(chosen["bucket"], context), chosen, context)


def _carried(document: Mapping[str, Any], chosen: Chosen, context: Context) -> Envelope:
    text = reading.compact(document)
    headers = (("Content-Type", JSON),)
    return carriers.carry(text, chosen, context, lambda: posted(chosen["path"] or PATH, text, headers), subject=SUBJECT)


def _minio(event: str, chosen: Chosen, context: Context) -> Envelope:
    about = change(_named(event, chosen), chosen, context, f"{nanoseconds(context):X}")
    headers = (*GO, ("Content-Type", JSON))
    return posted(chosen["path"], reading.compact(minio_body(about, context)), headers)


def _ceph(event: str, chosen: Chosen, context: Context) -> Envelope:
    about = change(_named(event, chosen), chosen, context, f"{nanoseconds(context):X}")
    return posted(chosen["path"], reading.compact(ceph_body(about, context)), (("Content-Type", JSON),))


def _seaweedfs(kind: str, chosen: Chosen, context: Context) -> Envelope:
    about = change("", chosen, context, "")
    return posted(chosen["path"], reading.compact(seaweedfs_body(kind, about, context)), (*GO, ("Content-Type", JSON)))


def kinds() -> Iterator[Kind]:
    """Of all senders; AWS's are named without one."""
    path = {"path": Option("the path that is posted to", reading.target_path, PATH)}
    through = carriers.options(PATH, "eventbridge")
    for variant, (event, words) in AWS.items():
        options = {**_OBJECT, **_CONFIGURATION, **_EVENT, **through}
        yield Kind("s3", variant, words, options, partial(_aws, event))
    test = {"bucket": _OBJECT["bucket"], **carriers.options(PATH)}
    yield Kind("s3", "test-event", "what S3 sends when a notification is configured", test, _aws_test)
    for variant, (event, words) in MINIO.items():
        options = {**_OBJECT, **_EVENT, **path}
        yield Kind("s3", f"minio-{variant}", f"MinIO: {words}", options, partial(_minio, event))
    for variant, (event, words) in CEPH.items():
        options = {**_OBJECT, **_CONFIGURATION, **_EVENT, **path}
        yield Kind("s3", f"ceph-{variant}", f"Ceph: {words}", options, partial(_ceph, event))
    object_of_a_filer = {name: _OBJECT[name] for name in ("bucket", "key", "size", "etag")}
    for variant, (kind, words) in SEAWEEDFS.items():
        options = {**object_of_a_filer, **(_NEW_KEY if kind == "rename" else {}), **path}
        yield Kind("s3", f"seaweedfs-{variant}", f"SeaweedFS: {words}", options, partial(_seaweedfs, kind))
