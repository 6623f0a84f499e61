"""S3's events in EventBridge's form, made over into records: what comes through a bus into a queue, or an API destination.

Source: semantics/async.md §E.4. Whether AWS encodes the key here is not documented; emulators disagree, so `key_encoding` says
it where it is known, and the key counts as not encoded otherwise.
"""

from collections.abc import Mapping
from typing import Any

from router.errors import BadRequest
from router.triggers.s3.changes import Change, EventFacts, ObjectFacts, make_change, mapping, required_text, text, whole_number
from router.triggers.s3.records import Reading

SOURCE = "aws.s3"

_NAMES: Mapping[str, str] = {
    "Object Restore Initiated": "ObjectRestore:Post",
    "Object Restore Completed": "ObjectRestore:Completed",
    "Object Restore Expired": "ObjectRestore:Delete",
    "Object Storage Class Changed": "LifecycleTransition",
    "Object Access Tier Changed": "IntelligentTiering",
    "Object ACL Updated": "ObjectAcl:Put",
    "Object Tags Added": "ObjectTagging:Put",
    "Object Tags Deleted": "ObjectTagging:Delete",
}
_CREATED: Mapping[str, str] = {
    "POST Object": "ObjectCreated:Post",
    "CopyObject": "ObjectCreated:Copy",
    "CompleteMultipartUpload": "ObjectCreated:CompleteMultipartUpload",
}
"""By the reason; everything else put the object there."""


def is_eventbridge(body: Any) -> bool:
    """Whether a body is an event of a bus."""
    return isinstance(body, dict) and "detail-type" in body and "source" in body


def read_event(body: Mapping[str, Any], reading: Reading) -> list[Change]:
    """The change that an event tells of. Raises BadRequest where it is none of S3's."""
    if body["source"] != SOURCE:
        raise BadRequest("it is an event of EventBridge, and not of S3")
    detail = mapping(body.get("detail"), "detail")
    name = _name(required_text(body, "detail-type"), detail)
    event = EventFacts(
        name=name,
        time=text(body, "time"),
        region=text(body, "region") or reading.region,
        principal=text(detail, "requester"),
        address=text(detail, "source-ip-address") or _address(detail),
        request_id=text(detail, "request-id"),
        owner=text(body, "account"),
        more=_more(name, detail),
    )
    facts = ObjectFacts(
        bucket=required_text(detail, "bucket", "name"),
        key=reading.key(required_text(detail, "object", "key"), raw=True),
        size=whole_number(detail["object"].get("size")),
        etag=text(detail, "object", "etag"),
        version_id=text(detail, "object", "version-id"),
        sequencer=text(detail, "object", "sequencer"),
    )
    return [make_change(event, facts)]


def _name(detail_type: str, detail: Mapping[str, Any]) -> str:
    reason = text(detail, "reason")
    if detail_type == "Object Created":
        return _CREATED.get(reason, "ObjectCreated:Put")
    if detail_type == "Object Deleted":
        family = "LifecycleExpiration" if reason == "Lifecycle Expiration" else "ObjectRemoved"
        marked = text(detail, "deletion-type") == "Delete Marker Created"
        return f"{family}:{'DeleteMarkerCreated' if marked else 'Delete'}"
    if detail_type not in _NAMES:
        raise BadRequest("its detail-type is none of S3's")
    return _NAMES[detail_type]


def _address(detail: Mapping[str, Any]) -> str:
    """S3 itself acts without an address, and says its own name in records."""
    requester = text(detail, "requester")
    return requester if requester == "s3.amazonaws.com" else ""


def _more(name: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    if name == "ObjectRestore:Completed":
        restored = {
            "lifecycleRestorationExpiryTime": text(detail, "restore-expiry-time"),
            "lifecycleRestoreStorageClass": text(detail, "source-storage-class"),
        }
        return {"glacierEventData": {"restoreEventData": restored}}
    if name == "LifecycleTransition":
        transition = {"destinationStorageClass": text(detail, "destination-storage-class")}
        return {"lifecycleEventData": {"transitionEventData": transition}}
    if name == "IntelligentTiering":
        return {"intelligentTieringEventData": {"destinationAccessTier": text(detail, "destination-access-tier")}}
    return {}
