"""S3 and its like: webhooks of MinIO, Ceph RGW and SeaweedFS, and S3's notifications into a queue.

Sources: https://min.io/docs/minio/linux/administration/monitoring/publish-events-to-webhook.html,
https://docs.ceph.com/en/latest/radosgw/notifications/, https://github.com/seaweedfs/seaweedfs/wiki/Filer-Notification-Webhook.
"""

import re
from collections.abc import Mapping
from typing import Any

from router.connecting.auth import Proof, cannot, proofs_of, with_user
from router.connecting.buses import api_destination
from router.connecting.notifications import Told, configuration, told
from router.connecting.queues import made as queue_made
from router.connecting.queues import policy, queue_arn
from router.connecting.words import Part, Surroundings, basic, command, dumped, note, quoted, slug
from router.model import Trigger

Settings = Mapping[str, Any]
BUCKET = "BUCKET"

_MC_EVENTS: Mapping[str, str] = {
    "ObjectCreated": "put",
    "ObjectRemoved": "delete",
    "ObjectAccessed": "get",
    "Replication": "replica",
    "ObjectRestore": "ilm",
    "ObjectTransition": "ilm",
    "ILM": "ilm",
    "Scanner": "scanner",
}
"""What `mc event add --event` calls families of events."""


def of_store(trigger: Trigger, settings: Settings, around: Surroundings) -> list[Part]:
    """By who sends."""
    queue = settings["source"].get("sqs")
    if queue is not None:
        return _into_queue(trigger, settings, queue["queue"], around)
    proofs = proofs_of(settings, around)
    match settings["source"].get("sender") or "aws":
        case "minio":
            return _minio(trigger, settings, proofs, around)
        case "ceph":
            return _ceph(trigger, settings, proofs, around)
        case "seaweedfs":
            return _seaweedfs(settings, proofs, around)
    return _through_eventbridge(trigger, settings, proofs, around)


def buckets_of(settings: Settings) -> list[str]:
    """Those that are declared; a placeholder where any will do."""
    return [*(settings.get("buckets") or (BUCKET,))]


# --- MinIO -----------------------------------------------------------------------------------------------------------


def _minio(trigger: Trigger, settings: Settings, proofs: list[Proof], around: Surroundings) -> list[Part]:
    target = re.sub(r"[^A-Za-z0-9_]", "_", trigger.name)
    parts = [
        note("ALIAS is the store as `mc alias set` knows it. Without a `queue_dir` events are lost while the router is away."),
        *cannot("MinIO", proofs, "bearer", "basic"),
    ]
    words = [
        "mc admin config set ALIAS",
        f"notify_webhook:{target}",
        f"endpoint={quoted(around.at(settings['source']['http']))}",
        *_minio_token(proofs),
        "queue_dir=/var/spool/minio queue_limit=100000",
    ]
    parts.append(Part("command", " \\\n  ".join(words), "The webhook; MinIO takes it after a restart."))
    parts.append(Part("command", "mc admin service restart ALIAS"))
    for bucket in buckets_of(settings):
        parts += (_mc_event(bucket, each, target) for each in told(settings))
    return parts


def _minio_token(proofs: list[Proof]) -> list[str]:
    """A token with a space is sent as it is, another one as a bearer token."""
    for proof in proofs:
        if proof.form == "bearer":
            return [f"auth_token={quoted(proof.secret)}"]
        if proof.form == "basic":
            return [f"auth_token={quoted(basic(proof.user, proof.secret))}"]
    return []


def _mc_event(bucket: str, each: Told, target: str) -> Part:
    families = [event.removeprefix("s3:").partition(":")[0] for event in each.events]
    events = dict.fromkeys(_MC_EVENTS.get(family, "put") for family in families)
    return command(
        f"mc event add {quoted(f'ALIAS/{bucket}')} arn:minio:sqs::{target}:webhook",
        ("event", ",".join(events)),
        ("prefix", each.prefix or None),
        ("suffix", each.suffix or None),
        title=f"For {each.name}.",
    )


# --- Ceph RGW --------------------------------------------------------------------------------------------------------


def _ceph(trigger: Trigger, settings: Settings, proofs: list[Proof], around: Surroundings) -> list[Part]:
    topic = f"router-{slug(trigger.name)}"
    attributes = {
        "push-endpoint": with_user(around.at(settings["source"]["http"]), proofs),
        "persistent": "true",
        "verify-ssl": "true",
    }
    gateway = (("endpoint-url", "http://RGW:8000"), ("region", "default"))
    parts = [
        note("RGW:8000 is the gateway, the keys are the bucket owner's. A persistent topic repeats until it is answered."),
        *cannot("Ceph", proofs, "basic"),
        command(
            "aws sns create-topic",
            ("name", topic),
            ("attributes", dumped(attributes)),
            *gateway,
            title="A topic that pushes to the router (as root also: radosgw-admin topic list).",
        ),
    ]
    document = configuration(told(settings), "Topic", f"arn:aws:sns:default::{topic}", encoded=False)
    for bucket in buckets_of(settings):
        parts.append(
            command(
                "aws s3api put-bucket-notification-configuration",
                ("bucket", bucket),
                (
                    "notification-configuration",
                    dumped(document),
                ),
                *gateway,
                title=f"What of {bucket} is told.",
            )
        )
    return parts


# --- SeaweedFS -------------------------------------------------------------------------------------------------------


def _seaweedfs(settings: Settings, proofs: list[Proof], around: Surroundings) -> list[Part]:
    bearer = next((proof.secret for proof in proofs if proof.form == "bearer"), None)
    prefixes = [f"/buckets/{bucket}/" for bucket in settings.get("buckets") or ()]
    lines = [
        "[notification.webhook]",
        "enabled = true",
        f"endpoint = {dumped(around.at(settings['source']['http']))}",
        *([f"bearer_token = {dumped(bearer)}"] if bearer is not None else []),
        "timeout_seconds = 10",
        "max_retries = 3",
        'event_types = ["create", "update", "delete", "rename"]',
        *([f"path_prefixes = {dumped(prefixes)}"] if prefixes else []),
    ]
    return [
        *cannot("SeaweedFS", proofs, "bearer"),
        Part(
            "file",
            "\n".join(lines) + "\n",
            "For the filer: in its working folder, ~/.seaweedfs or /etc/seaweedfs. Restart it then.",
            "notification.toml",
        ),
        note("What SeaweedFS could not deliver after its retries is lost; it has no notifications of its own per bucket."),
    ]


# --- AWS -------------------------------------------------------------------------------------------------------------


def _into_queue(trigger: Trigger, settings: Settings, queue: str, around: Surroundings) -> list[Part]:
    arn = queue_arn(queue, around)
    parts = [
        *queue_made(trigger, queue, around),
        *policy(queue, "s3.amazonaws.com", [f"arn:aws:s3:::{bucket}" for bucket in buckets_of(settings)], around),
        note("The configuration of a bucket is replaced whole: put what it already has beside this."),
    ]
    for bucket in buckets_of(settings):
        parts.append(
            command(
                "aws s3api put-bucket-notification-configuration",
                ("bucket", bucket),
                ("notification-configuration", dumped(configuration(told(settings), "Queue", arn))),
                ("region", around.region),
                ("endpoint-url", around.endpoints.get("s3")),
                title=f"What of {bucket} is told.",
            )
        )
    return parts


def _through_eventbridge(trigger: Trigger, settings: Settings, proofs: list[Proof], around: Surroundings) -> list[Part]:
    """S3 posts to nobody: EventBridge does, once the bucket tells it."""
    parts = [note("S3 itself posts to nobody. EventBridge does, with an API destination; or write `source: {sqs: …}`.")]
    for bucket in buckets_of(settings):
        parts.append(
            command(
                "aws s3api put-bucket-notification-configuration",
                ("bucket", bucket),
                ("notification-configuration", dumped({"EventBridgeConfiguration": {}})),
                ("region", around.region),
                ("endpoint-url", around.endpoints.get("s3")),
                title=f"Lets {bucket} tell EventBridge of everything; this replaces its configuration whole.",
            )
        )
    detail = {"detail": {"bucket": {"name": [*settings["buckets"]]}}} if settings.get("buckets") else {}
    rules = {trigger.name: {"source": ["aws.s3"], **detail}}
    return [*parts, *api_destination(trigger.name, around.at(settings["source"]["http"]), "default", rules, proofs, around)]
