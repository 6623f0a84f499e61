"""The call of the AWS CLI that has the same effect as an envelope: it publishes, puts, sends or invokes the same.

What AWS's services do by themselves, and what callers do over HTTP, has no such call; then it is said what to do instead.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from shlex import quote
from typing import Any
from urllib.parse import unquote, unquote_plus

from router.batches import Message
from router.envelopes import Envelope, HttpEnvelope, QueueEnvelope, TaskEnvelope, TickEnvelope
from router.samples.words import SampleError

_INVOKE = "/2015-03-31/functions/"
_TYPES = {"Event": "Event", "DryRun": "DryRun"}


def aws_cli(envelope: Envelope, endpoints: Mapping[str, str]) -> str:
    """The command, or several, one a line. `endpoints`: by service, where it is not AWS. Raises SampleError."""
    match envelope:
        case QueueEnvelope():
            return "\n".join(_send_message(message, envelope.queue_arn, endpoints) for message in envelope.messages)
        case TaskEnvelope():
            raise SampleError("a task comes of a state machine: start one that has it with `aws stepfunctions start-execution`")
        case TickEnvelope():
            raise SampleError("a schedule is due when its time has come; no call brings it forward")
    headers = {name.lower(): value for name, value in envelope.headers}
    if headers.get("x-amz-target") == "AWSEvents.PutEvents":
        return _call("events put-events", endpoints, ("entries", json.dumps(json.loads(envelope.body)["Entries"])))
    if envelope.target.startswith(_INVOKE):
        return _invoke(envelope, headers, endpoints)
    if "x-amz-sns-message-type" in headers:
        return _publish(envelope, headers, endpoints)
    document = _document(envelope)
    if "detail-type" in document:
        return _put_event(document, endpoints)
    if isinstance(document.get("Records"), list) and document["Records"] and "s3" in document["Records"][0]:
        return _change_object(document["Records"][0], endpoints)
    raise SampleError("no call of the AWS CLI does this: it is an HTTP request, so use `--as curl`")


def _document(envelope: HttpEnvelope) -> Mapping[str, Any]:
    try:
        value = json.loads(envelope.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _call(operation: str, endpoints: Mapping[str, str], *options: tuple[str, str | None], after: str = "") -> str:
    endpoint = endpoints.get(operation.partition(" ")[0])
    given = [*options, ("endpoint-url", endpoint)]
    parts = [f"--{name} {quote(value)}" for name, value in given if value is not None]
    return " \\\n  ".join([f"aws {operation}", *parts, *([after] if after else [])])


# --- SQS, SNS --------------------------------------------------------------------------------------------------------


def queue_url(arn: str, endpoint: str | None) -> str:
    """The URL of a queue: AWS's, or an emulator's usual one."""
    *_, region, account, name = ("", *arn.split(":"))
    return f"{(endpoint or f'https://sqs.{region}.amazonaws.com').rstrip('/')}/{account}/{name}"


def _send_message(message: Message, arn: str, endpoints: Mapping[str, str]) -> str:
    system = message.attributes.get("Attributes") or {}
    attributes = {name: _encoded(said) for name, said in (message.attributes.get("MessageAttributes") or {}).items()}
    trace = system.get("AWSTraceHeader")
    said = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}} if trace else {}
    return _call(
        "sqs send-message",
        endpoints,
        ("queue-url", queue_url(arn, endpoints.get("sqs"))),
        ("message-body", message.body),
        ("message-attributes", json.dumps(attributes) if attributes else None),
        ("message-system-attributes", json.dumps(said) if said else None),
        ("message-group-id", message.group),
        ("message-deduplication-id", system.get("MessageDeduplicationId")),
    )


def _encoded(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: b64encode(value).decode() if isinstance(value, bytes) else value for name, value in said.items()}


def _publish(envelope: HttpEnvelope, headers: Mapping[str, str], endpoints: Mapping[str, str]) -> str:
    topic = headers["x-amz-sns-topic-arn"]
    if headers["x-amz-sns-message-type"] != "Notification":
        endpoint = "https://hooks.example.com" + envelope.target
        options = (("topic-arn", topic), ("protocol", "https"), ("notification-endpoint", endpoint))
        if headers["x-amz-sns-message-type"] == "SubscriptionConfirmation":
            return _call("sns subscribe", endpoints, *options)
        return _call("sns unsubscribe", endpoints, ("subscription-arn", headers["x-amz-sns-subscription-arn"]))
    if headers.get("x-amz-sns-rawdelivery") == "true":
        return _call("sns publish", endpoints, ("topic-arn", topic), ("message", envelope.body.decode("utf-8", "replace")))
    sent = _document(envelope)
    attributes = {name: _attribute(said) for name, said in (sent.get("MessageAttributes") or {}).items()}
    return _call(
        "sns publish",
        endpoints,
        ("topic-arn", topic),
        ("message", sent["Message"]),
        ("subject", sent.get("Subject")),
        ("message-attributes", json.dumps(attributes) if attributes else None),
    )


def _attribute(said: Mapping[str, str]) -> dict[str, str]:
    return {"DataType": said["Type"], "BinaryValue" if said["Type"] == "Binary" else "StringValue": said["Value"]}


# --- EventBridge, Lambda ---------------------------------------------------------------------------------------------


def _put_event(event: Mapping[str, Any], endpoints: Mapping[str, str]) -> str:
    source = str(event["source"])
    if source.startswith("aws."):
        raise SampleError(f"only AWS itself puts events of `{source}` onto a bus")
    entry = {
        "Source": source,
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "Time": event["time"],
        **({"Resources": event["resources"]} if event.get("resources") else {}),
    }
    return _call("events put-events", endpoints, ("entries", json.dumps([entry])))


def _invoke(envelope: HttpEnvelope, headers: Mapping[str, str], endpoints: Mapping[str, str]) -> str:
    path, _, query = envelope.target.partition("?")
    return _call(
        "lambda invoke",
        endpoints,
        ("function-name", unquote(path.removeprefix(_INVOKE).partition("/")[0])),
        ("qualifier", unquote(query.removeprefix("Qualifier=")) or None),
        ("invocation-type", _TYPES.get(headers.get("x-amz-invocation-type", ""))),
        ("log-type", headers.get("x-amz-log-type")),
        ("client-context", headers.get("x-amz-client-context")),
        ("cli-binary-format", "raw-in-base64-out"),
        ("payload", envelope.body.decode("utf-8", "replace")),
        after="/dev/stdout",
    )


# --- S3 --------------------------------------------------------------------------------------------------------------


def _change_object(record: Mapping[str, Any], endpoints: Mapping[str, str]) -> str:
    """What makes S3, or a store like it, tell of the same change."""
    event = str(record["eventName"]).removeprefix("s3:")
    bucket, written = record["s3"]["bucket"]["name"], str(record["s3"]["object"]["key"])
    key = written if record["eventSource"] == "ceph:s3" else unquote_plus(written)
    where = (("bucket", bucket), ("key", key))
    s3api = {"s3api": endpoints["s3"]} if "s3" in endpoints else {}
    match event:
        case "ObjectCreated:Put":
            return _call("s3api put-object", s3api, *where, ("body", "FILE"))
        case "ObjectCreated:Copy":
            return _call("s3api copy-object", s3api, *where, ("copy-source", f"{bucket}/SOURCE"))
        case "ObjectRemoved:Delete" | "ObjectRemoved:DeleteMarkerCreated":
            return _call("s3api delete-object", s3api, *where)
        case "ObjectTagging:Put":
            return _call("s3api put-object-tagging", s3api, *where, ("tagging", '{"TagSet": [{"Key": "k", "Value": "v"}]}'))
        case "ObjectTagging:Delete":
            return _call("s3api delete-object-tagging", s3api, *where)
        case "ObjectRestore:Post":
            return _call("s3api restore-object", s3api, *where, ("restore-request", '{"Days": 7}'))
        case "ObjectAccessed:Get":
            return _call("s3api get-object", s3api, *where, after="/dev/null")
    raise SampleError(f"no single call of the AWS CLI makes a store tell of `{event}`")
