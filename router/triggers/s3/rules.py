"""What the schema cannot say about an `s3` trigger: one source, event types that its sender has, rules that can be meant."""

import re
from collections.abc import Mapping
from typing import Any

from router.model import Report
from router.policies.webhook_auth import check_auth
from router.triggers.s3.changes import decode_key
from router.triggers.s3.notifications import event_fits

Path = tuple[str | int, ...]

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "ObjectCreated": ("Put", "Post", "Copy", "CompleteMultipartUpload"),
    "ObjectRemoved": ("Delete", "DeleteMarkerCreated"),
    "ObjectRestore": ("Post", "Completed", "Delete"),
    "Replication": (
        "OperationFailedReplication",
        "OperationMissedThreshold",
        "OperationReplicatedAfterThreshold",
        "OperationNotTracked",
    ),
    "LifecycleExpiration": ("Delete", "DeleteMarkerCreated"),
    "ObjectTagging": ("Put", "Delete"),
    "ObjectAcl": ("Put",),
}
"""AWS's event types (semantics/async.md §E.3)."""
SINGLE = ("ReducedRedundancyLostObject", "LifecycleTransition", "IntelligentTiering")

FOREIGN: Mapping[str, tuple[str, ...]] = {
    "minio": (
        *("ObjectCreated", "ObjectRemoved", "ObjectAccessed", "ObjectRestore", "ObjectTransition", "ObjectTagging"),
        *("ObjectAcl", "Replication", "LifecycleExpiration", "BucketCreated", "BucketRemoved", "Scanner", "ILM"),
    ),
    "ceph": ("ObjectCreated", "ObjectRemoved", "ObjectLifecycle", "ObjectSynced", "ObjectRestore", "LifecycleExpiration"),
}
"""Families of stores with types of their own: any type below one of them is believed (semantics/async.md §E.6)."""
OF_SEAWEEDFS = ("ObjectCreated:*", "ObjectCreated:Put", "ObjectRemoved:*", "ObjectRemoved:Delete")

_LONGEST_KEY = 1024
"""Bytes in UTF-8 (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html)."""
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def check(settings: Mapping[str, Any], report: Report) -> None:
    """Every finding of one trigger."""
    source = settings["source"]
    if (source.get("http") is None) is (source.get("sqs") is None):
        message = (
            "`http` and `sqs` exclude each other" if source.get("http") is not None else "neither `http` nor `sqs` is written"
        )
        help_text = "write `source: {http: /hooks/s3, sender: minio}`, or `source: {sqs: uploads}`"
        report(("source",), "one-source", message, help=help_text, on="key")
        return
    if source.get("sqs") is not None:
        _check_queue(settings, report)
    check_auth(settings.get("auth"), report)
    for name, notification in settings["notifications"].items():
        _check_notification(("notifications", name), notification, source.get("sender") or "aws", report)


def _check_queue(settings: Mapping[str, Any], report: Report) -> None:
    if settings.get("auth") is not None:
        message = "`auth` has no effect: events come out of a queue, and the queue's policy says who may send"
        report(("auth",), "without-effect", message, help="remove it", on="key")
    if settings["source"].get("sender") is not None:
        message = "`sender` has no effect: what comes out of SQS is AWS's"
        report(("source", "sender"), "without-effect", message, help="remove it", on="key")


def _check_notification(path: Path, settings: Mapping[str, Any], sender: str, report: Report) -> None:
    for index, event in enumerate(settings["events"]):
        if not _is_known(event.removeprefix("s3:"), sender):
            message = f"`{event}` is no event type of {_SENDERS[sender]}"
            report((*path, "events", index), "unknown-event", message, help=f"for example `{_EXAMPLES[sender]}`")
    for index, event in enumerate(settings["events"]):
        wider = next((each for each in settings["events"] if each != event and event_fits(each, event)), None)
        if wider is not None:
            message = f"`{event}` is one of `{wider}`, which stands beside it"
            report((*path, "events", index), "repeated-value", message, help="remove it", severity="info")
    for side in ("prefix", "suffix"):
        if _BROKEN_ESCAPE.search(settings[side]) is not None:
            message = f"`{settings[side]}` has a `%` that begins no escape: a {side} is written URL-encoded, as in AWS"
            report((*path, side), "bad-escape", message, help="write `%25` for a percent sign")
    length = len(_shortest(decode_key(settings["prefix"]), decode_key(settings["suffix"])).encode("utf-8", "surrogatepass"))
    if length > _LONGEST_KEY:
        message = f"no key fits both prefix and suffix: it would have {length} bytes, and S3's have at most {_LONGEST_KEY}"
        report((*path, "suffix"), "never-matches", message, severity="warning")


def _shortest(prefix: str, suffix: str) -> str:
    """The shortest key with both: they may overlap."""
    for shared in range(min(len(prefix), len(suffix)), 0, -1):
        if prefix.endswith(suffix[:shared]):
            return prefix + suffix[shared:]
    return prefix + suffix


def _is_known(event: str, sender: str) -> bool:
    family, _, type = event.partition(":")
    if sender == "seaweedfs":
        return event in OF_SEAWEEDFS
    if sender in FOREIGN:
        return family in FOREIGN[sender] and bool(type)
    return event in SINGLE or (type in ("*", *FAMILIES.get(family, ())) and family in FAMILIES)


_SENDERS = {"aws": "S3", "minio": "MinIO", "ceph": "Ceph RGW", "seaweedfs": "SeaweedFS"}
_EXAMPLES = {
    "aws": "s3:ObjectCreated:*",
    "minio": "s3:ObjectAccessed:Get",
    "ceph": "s3:ObjectRemoved:Delete",
    "seaweedfs": "s3:ObjectCreated:Put",
}
