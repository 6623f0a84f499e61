"""S3 end to end: what MinIO posts, word for word, and ministack's notifications in a queue."""

import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.e2e.running import PATIENCE

pytestmark = pytest.mark.slow

MINIO = json.loads((Path(__file__).parent.parent / "events" / "s3" / "minio_put.request.json").read_text())["request"]["body"]

WEBHOOK = """
version: 1
listeners: {main: "127.0.0.1:0"}
aws: {region: eu-west-1, account_id: "111122223333"}
journal: {url: "sqlite:./journal"}
functions:
  show: {local: {runtime: python, handler: app.show, code: PRINTER}}
triggers:
  uploads:
    type: s3
    invocation: async
    source: {http: /hooks/minio, sender: minio}
    auth: {bearer: t0ken}
    buckets: [photos]
    notifications:
      thumbnails: {events: ["s3:ObjectCreated:*"], prefix: images/, suffix: .jpg, function: show}
      removed: {events: ["s3:ObjectRemoved:*"], function: show}
"""


def post(running: Any, body: str, token: str = "t0ken") -> int:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    asked = urllib.request.Request(f"{running.url()}/hooks/minio", body.encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            status: int = answer.status
            return status
    except HTTPError as error:
        error.close()
        return error.code


def test_minio_posts_and_repeats_itself(start: Callable[..., Any]) -> None:
    running = start(WEBHOOK)
    gone = MINIO.replace("s3:ObjectCreated:Put", "s3:ObjectRemoved:Delete").replace("17B0A2C3D5F1A2B3", "17B0A2C3D5F1A2FF")
    elsewhere = MINIO.replace('"name":"photos"', '"name":"secrets"')

    statuses = [post(running, body) for body in (MINIO, MINIO, elsewhere, "{", gone)]

    assert (statuses, post(running, MINIO, "guessed")) == ([200, 200, 200, 400, 200], 401)
    events = running.printed("show", 2)
    assert sorted(event["Records"][0]["eventName"] for event in events) == ["ObjectCreated:Put", "ObjectRemoved:Delete"]
    assert {event["Records"][0]["s3"]["object"]["key"] for event in events} == {"images/red+flower.jpg"}
    assert len([line for line in running.lines if line.get("function") == "show" and line["message"].startswith("{")]) == 2
    assert running.logged("An event of a bucket that is not declared was dropped.")["bucket"] == "secrets"


def test_what_was_accepted_before_a_restart_is_known_after_it(start: Callable[..., Any]) -> None:
    first = start(WEBHOOK)
    assert post(first, MINIO) == 200
    (event,) = first.printed("show", 1)
    first.close()

    second = start(WEBHOOK)
    gone = MINIO.replace("s3:ObjectCreated:Put", "s3:ObjectRemoved:Delete")
    assert [post(second, MINIO), post(second, gone)] == [200, 200]

    assert event["Records"][0]["eventName"] == "ObjectCreated:Put"
    removed = second.find(lambda line: line.get("function") == "show" and "ObjectRemoved:Delete" in line["message"])
    assert len(removed) == 1


QUEUE = """
version: 1
listeners: {main: "127.0.0.1:0"}
aws: {region: us-east-1, endpoint_url: EMULATOR}
journal: {url: "sqlite:./journal"}
functions:
  show: {local: {runtime: python, handler: app.show, code: PRINTER}}
triggers:
  uploads:
    type: s3
    invocation: async
    source: {sqs: uploads}
    buckets: [photos]
    notifications:
      images: {events: ["s3:ObjectCreated:*"], prefix: my+images/, suffix: .jpg, function: show}
      removed: {events: ["s3:ObjectRemoved:*"], function: show}
"""


def test_ministack_notifies_a_queue(start: Callable[..., Any], ministack: Any) -> None:
    sqs, s3 = ministack.client("sqs"), ministack.client("s3")
    queue = sqs.create_queue(QueueName="uploads")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    s3.create_bucket(Bucket="photos")
    configuration = {"Id": "c", "QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="photos", NotificationConfiguration={"QueueConfigurations": [configuration]}
    )
    for key in ("my images/ä@1.jpg", "my images/a.png", "notes.txt"):
        s3.put_object(Bucket="photos", Key=key, Body=b"12345")
    s3.delete_object(Bucket="photos", Key="notes.txt")

    running = start(QUEUE.replace("EMULATOR", ministack.url))

    records = [event["Records"][0] for event in running.printed("show", 2)]
    found = {(record["eventName"].split(":")[0], record["s3"]["bucket"]["name"]) for record in records}
    assert found == {("ObjectCreated", "photos"), ("ObjectRemoved", "photos")}
    attributes = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    deadline = time.monotonic() + PATIENCE
    while any(int(left) for left in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=attributes)["Attributes"].values()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
