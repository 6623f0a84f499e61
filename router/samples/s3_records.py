"""What S3 and its like say of one change of an object, each in its own words: AWS, MinIO, Ceph RGW, SeaweedFS, EventBridge.

Every sender writes keys in its own way: AWS leaves `/`, MinIO encodes it too, the others encode nothing. Source:
semantics/async.md §E.1, §E.4, §E.6.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus

from router.samples import moments
from router.samples.words import Context

EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"
PRINCIPAL = "AWS:AIDAJDPLRKLG7UEXAMPLE"
OWNER = "A3NL1KOZZKEXAMPLE"


@dataclass(slots=True, frozen=True)
class Change:
    """`event`: `ObjectCreated:Put`. `key`: as people write it. `version_id`: empty where the bucket has no versions."""

    event: str
    bucket: str
    key: str
    size: int
    etag: str
    version_id: str
    sequencer: str
    source_ip: str
    configuration: str
    new_key: str = ""

    @property
    def family(self) -> str:
        return self.event.partition(":")[0]


def nanoseconds(context: Context) -> int:
    """Of now; stores count sequencers in them."""
    return int(context.now * 1_000_000) * 1000


# --- AWS -------------------------------------------------------------------------------------------------------------

_VERSIONS = {"Replication": "2.2", "LifecycleExpiration": "2.3", "LifecycleTransition": "2.3", "IntelligentTiering": "2.3"} | {
    "ObjectTagging": "2.3",
    "ObjectAcl": "2.3",
}
_SAID: Mapping[str, tuple[str, ...]] = {
    "ObjectCreated": ("size", "eTag", "sequencer"),
    "ObjectRemoved:DeleteMarkerCreated": ("eTag", "sequencer"),
    "ObjectRemoved": ("sequencer",),
    "LifecycleExpiration:DeleteMarkerCreated": ("eTag", "sequencer"),
    "LifecycleExpiration": ("sequencer",),
    "ObjectTagging": ("eTag",),
    "ObjectAcl": ("eTag",),
}
"""What AWS says of the object beside its key, by event or family; everything of the rest."""


def _restored(context: Context) -> dict[str, Any]:
    until = {"lifecycleRestorationExpiryTime": moments.milliseconds(context.now + 7 * 86400)}
    return {"glacierEventData": {"restoreEventData": {**until, "lifecycleRestoreStorageClass": "GLACIER"}}}


_MORE: Mapping[str, Callable[[Context], dict[str, Any]]] = {
    "ObjectRestore:Completed": _restored,
    "LifecycleTransition": lambda context: {
        "lifecycleEventData": {"transitionEventData": {"destinationStorageClass": "GLACIER"}}
    },
    "IntelligentTiering": lambda context: {"intelligentTieringEventData": {"destinationAccessTier": "ARCHIVE_ACCESS"}},
}
"""Blocks beside `s3`."""


def _aws_object(about: Change) -> dict[str, Any]:
    marker = about.event.endswith(":DeleteMarkerCreated")
    said = _SAID.get(about.event) or _SAID.get(about.family) or ("size", "eTag", "sequencer")
    known = {"size": about.size, "eTag": EMPTY_MD5 if marker else about.etag, "sequencer": about.sequencer}
    described: dict[str, Any] = {"key": quote_plus(about.key, safe="/")}
    described |= {name: known[name] for name in ("size", "eTag") if name in said}
    if about.version_id:
        described["versionId"] = about.version_id
    return described | ({"sequencer": about.sequencer} if "sequencer" in said else {})


def aws_record(about: Change, context: Context) -> dict[str, Any]:
    """One element of `Records`, keys in AWS's order."""
    by_lifecycle = about.family in ("LifecycleExpiration", "LifecycleTransition", "IntelligentTiering")
    return {
        "eventVersion": _VERSIONS.get(about.family, "2.1"),
        "eventSource": "aws:s3",
        "awsRegion": context.region,
        "eventTime": moments.milliseconds(context.now),
        "eventName": about.event,
        "userIdentity": {"principalId": "s3.amazonaws.com" if by_lifecycle else PRINCIPAL},
        "requestParameters": {"sourceIPAddress": "s3.amazonaws.com" if by_lifecycle else about.source_ip},
        "responseElements": {
            "x-amz-request-id": context.hex(16).upper(),
            "x-amz-id-2": b64encode(bytes.fromhex(context.hex(112))).decode(),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": about.configuration,
            "bucket": {
                "name": about.bucket,
                "ownerIdentity": {"principalId": OWNER},
                "arn": f"arn:aws:s3:::{about.bucket}",
            },
            "object": _aws_object(about),
        },
        **(_MORE[about.event](context) if about.event in _MORE else {}),
    }


def aws_body(about: Change, context: Context) -> dict[str, Any]:
    """What S3 sends to a queue or a topic."""
    return {"Records": [aws_record(about, context)]}


def aws_test(bucket: str, context: Context) -> dict[str, Any]:
    """What S3 sends when a notification is configured."""
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": moments.milliseconds(context.now),
        "Bucket": bucket,
        "RequestId": context.hex(16).upper(),
        "HostId": b64encode(bytes.fromhex(context.hex(96))).decode(),
    }


# --- MinIO, Ceph RGW -------------------------------------------------------------------------------------------------


def minio_body(about: Change, context: Context) -> dict[str, Any]:
    """A webhook of MinIO. Removals say nothing of the object but its key and version."""
    described: dict[str, Any] = {"key": quote_plus(about.key)}
    if about.family not in ("ObjectRemoved", "LifecycleExpiration"):
        types = {"content-type": "application/octet-stream"}
        described |= {"size": about.size, "eTag": about.etag, "contentType": types["content-type"], "userMetadata": types}
    if about.version_id:
        described["versionId"] = about.version_id
    described["sequencer"] = about.sequencer
    record = {
        "eventVersion": "2.0",
        "eventSource": "minio:s3",
        "awsRegion": "",
        "eventTime": moments.milliseconds(context.now),
        "eventName": f"s3:{about.event}",
        "userIdentity": {"principalId": "minioadmin"},
        "requestParameters": {"principalId": "minioadmin", "region": "", "sourceIPAddress": about.source_ip},
        "responseElements": {
            "x-amz-id-2": context.hex(64),
            "x-amz-request-id": f"{nanoseconds(context):X}",
            "x-minio-deployment-id": context.new_id(),
            "x-minio-origin-endpoint": "http://minio.example.com:9000",
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "Config",
            "bucket": {
                "name": about.bucket,
                "ownerIdentity": {"principalId": "minioadmin"},
                "arn": f"arn:aws:s3:::{about.bucket}",
            },
            "object": described,
        },
        "source": {"host": about.source_ip, "port": "", "userAgent": "MinIO (linux; amd64) minio-go/v7.0.70"},
    }
    return {"EventName": f"s3:{about.event}", "Key": f"{about.bucket}/{about.key}", "Records": [record]}


def ceph_body(about: Change, context: Context) -> dict[str, Any]:
    """A push of Ceph's RGW: keys as they are, microseconds, an empty version where there is none."""
    realm = context.new_id()
    record = {
        "eventVersion": "2.2",
        "eventSource": "ceph:s3",
        "awsRegion": "default",
        "eventTime": moments.microseconds(context.now),
        "eventName": about.event,
        "userIdentity": {"principalId": "tester"},
        "requestParameters": {"sourceIPAddress": ""},
        "responseElements": {"x-amz-request-id": f"{realm}.5330.903595", "x-amz-id-2": "14d2-default-default"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": about.configuration,
            "bucket": {
                "name": about.bucket,
                "ownerIdentity": {"principalId": "tester"},
                "arn": f"arn:aws:s3:default::{about.bucket}",
                "id": f"{realm}.5332.38",
            },
            "object": {
                "key": about.key,
                "size": 0 if about.family == "ObjectRemoved" else about.size,
                "eTag": about.etag,
                "versionId": about.version_id,
                "sequencer": about.sequencer,
                "metadata": [],
                "tags": [],
            },
        },
        "eventId": f"{nanoseconds(context) // 10**9}.{nanoseconds(context) // 1000 % 10**6:06d}.{about.etag}",
        "opaqueData": "",
    }
    return {"Records": [record]}


# --- SeaweedFS -------------------------------------------------------------------------------------------------------

_WEED: Mapping[str, tuple[str, bool, bool]] = {
    "create": ("create", False, True),
    "update": ("update", True, True),
    "delete": ("delete", True, False),
    "rename": ("rename", True, True),
}
"""By kind of notification: its `event_type`, and whether it has an old and a new entry."""


def seaweedfs_body(kind: str, about: Change, context: Context) -> dict[str, Any]:
    """A notification of SeaweedFS's filer; empty fields are left out."""
    event_type, has_old, has_new = _WEED[kind]
    path, new_key = f"/buckets/{about.bucket}/{about.key}", about.new_key if kind == "rename" else about.key
    message: dict[str, Any] = {}
    if has_old:
        message["old_entry"] = _entry(about.key, about, context, context.now - 60 if has_new else context.now)
    if has_new:
        message["new_entry"] = _entry(new_key, about, context, context.now)
    if kind in ("update", "delete"):
        message["delete_chunks"] = True
    if has_new:
        message["new_parent_path"] = f"/buckets/{about.bucket}/{new_key}".rpartition("/")[0]
    return {"key": path, "event_type": event_type, "message": message | {"signatures": [1_842_771_033]}}


def _entry(key: str, about: Change, context: Context, modified: float) -> dict[str, Any]:
    volume = sha256(f"{key} {modified}".encode()).hexdigest()
    chunk = {
        "file_id": f"{int(volume[:2], 16) % 20 + 1},{volume[2:12]}",
        "size": about.size,
        "modified_ts_ns": int(modified * 1_000_000) * 1000,
        "e_tag": b64encode(bytes.fromhex(about.etag.partition("-")[0])).decode(),
    }
    attributes = {
        "file_size": about.size,
        "mtime": int(modified),
        "file_mode": 432,
        "crtime": int(modified),
        "mime": "application/octet-stream",
        "md5": chunk["e_tag"],
    }
    return {"name": key.rpartition("/")[2], "chunks": [chunk], "attributes": attributes}


# --- EventBridge -----------------------------------------------------------------------------------------------------

_DETAIL_TYPES: Mapping[str, tuple[str, str]] = {
    "ObjectCreated:Put": ("Object Created", "PutObject"),
    "ObjectCreated:Post": ("Object Created", "POST Object"),
    "ObjectCreated:Copy": ("Object Created", "CopyObject"),
    "ObjectCreated:CompleteMultipartUpload": ("Object Created", "CompleteMultipartUpload"),
    "ObjectRemoved:Delete": ("Object Deleted", "DeleteObject"),
    "ObjectRemoved:DeleteMarkerCreated": ("Object Deleted", "DeleteObject"),
    "LifecycleExpiration:Delete": ("Object Deleted", "Lifecycle Expiration"),
    "LifecycleExpiration:DeleteMarkerCreated": ("Object Deleted", "Lifecycle Expiration"),
    "ObjectRestore:Post": ("Object Restore Initiated", ""),
    "ObjectRestore:Completed": ("Object Restore Completed", ""),
    "ObjectRestore:Delete": ("Object Restore Expired", ""),
    "LifecycleTransition": ("Object Storage Class Changed", ""),
    "IntelligentTiering": ("Object Access Tier Changed", ""),
    "ObjectAcl:Put": ("Object ACL Updated", ""),
    "ObjectTagging:Put": ("Object Tags Added", ""),
    "ObjectTagging:Delete": ("Object Tags Deleted", ""),
}
"""By S3's event: what EventBridge calls it, and the reason that it gives."""
_DELETIONS = {"Delete": "Permanently Deleted", "DeleteMarkerCreated": "Delete Marker Created"}
_EVENT_SAID: Mapping[str, tuple[str, ...]] = {
    "ObjectRemoved:DeleteMarkerCreated": ("etag", "sequencer"),
    "ObjectRemoved:Delete": ("sequencer",),
    "LifecycleExpiration:Delete": ("sequencer",),
    "LifecycleExpiration:DeleteMarkerCreated": ("etag", "sequencer"),
    "ObjectTagging:Put": ("etag",),
    "ObjectTagging:Delete": ("etag",),
    "ObjectAcl:Put": ("etag",),
}


def has_event(event: str) -> bool:
    """Whether EventBridge tells of such an event."""
    return event in _DETAIL_TYPES


def event_parts(about: Change, context: Context) -> tuple[str, dict[str, Any]]:
    """EventBridge's `detail-type` and `detail`."""
    detail_type, reason = _DETAIL_TYPES[about.event]
    said = _EVENT_SAID.get(about.event, ("size", "etag", "sequencer"))
    marker = about.event.endswith(":DeleteMarkerCreated")
    known = {"size": about.size, "etag": EMPTY_MD5 if marker else about.etag}
    described: dict[str, Any] = {"key": about.key} | {name: known[name] for name in ("size", "etag") if name in said}
    if about.version_id:
        described["version-id"] = about.version_id
    if "sequencer" in said:
        described["sequencer"] = about.sequencer
    by_service = about.family in ("LifecycleExpiration", "LifecycleTransition", "IntelligentTiering")
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": about.bucket},
        "object": described,
        "request-id": context.hex(16).upper(),
        "requester": "s3.amazonaws.com" if by_service else context.account_id,
    }
    if not by_service:
        detail["source-ip-address"] = about.source_ip
    if reason:
        detail["reason"] = reason
    if detail_type == "Object Deleted":
        detail["deletion-type"] = _DELETIONS[about.event.partition(":")[2]]
    return detail_type, detail | _event_more(about.event, context)


def _event_more(event: str, context: Context) -> dict[str, Any]:
    match event:
        case "ObjectRestore:Completed":
            until = moments.whole(context.now + 7 * 86400)
            return {"restore-expiry-time": until, "source-storage-class": "GLACIER"}
        case "ObjectRestore:Post" | "ObjectRestore:Delete":
            return {"source-storage-class": "GLACIER"}
        case "LifecycleTransition":
            return {"destination-storage-class": "GLACIER"}
        case "IntelligentTiering":
            return {"destination-access-tier": "ARCHIVE_ACCESS"}
    return {}
