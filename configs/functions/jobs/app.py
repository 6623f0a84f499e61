"""A worker for a queue: each message says what to do, and those that cannot be done are reported one by one."""

import json


def work(event, context):
    """The answer names the messages that stay in the queue; the others are deleted."""
    failures = []
    for record in event["Records"]:
        try:
            job = json.loads(record["body"])
            print(f"resize {job['picture']} to {int(job['width'])} pixels")
        except (KeyError, TypeError, ValueError) as error:
            print(f"message {record['messageId']} cannot be worked on: {error!r}")
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
