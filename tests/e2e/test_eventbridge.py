"""EventBridge end to end: the daemon as a bus for boto3, and behind a bus of ministack."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

pytestmark = pytest.mark.slow

HEAD = """
version: 1
listeners: {main: "127.0.0.1:0"}
functions:
  shown: {local: {runtime: python, handler: app.show, code: PRINTER}}
  made: {local: {runtime: python, handler: app.show, code: PRINTER}}
"""
BUS = (
    HEAD
    + """
include: [teams/*.yaml]
triggers:
  shop:
    type: eventbridge
    invocation: async
    auth: none
    bus: shop
    rules:
      paid:
        pattern: {detail-type: [OrderPaid], detail: {items: {sku: [a], count: [{numeric: [">", 1]}]}}}
        targets:
          whole: shown
          part:
            function: made
            input_transformer: {paths: {n: "$.detail.n"}, template: '{"n": <n>, "rule": <aws.events.rule-name>}'}
"""
)
TEAM = """
triggers:
  audit:
    type: eventbridge
    invocation: async
    auth: none
    bus: shop
    rules: {all: {pattern: {source: [{prefix: ""}]}, function: made, input_path: $.detail}}
"""
INBOX = (
    HEAD
    + """
aws: {region: us-east-1, endpoint_url: EMULATOR}
triggers:
  inbox:
    type: eventbridge
    invocation: async
    source: {sqs: QUEUE}
    rules: {paid: {pattern: {source: [shop]}, function: shown}}
"""
)


def client(url: str) -> Any:
    return boto3.client(
        "events", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


def entry(number: int, sku: str = "a", count: int = 2) -> dict[str, str]:
    detail = {"n": number, "items": [{"sku": "b", "count": 9}, {"sku": sku, "count": count}]}
    return {"Source": "shop", "DetailType": "OrderPaid", "Detail": json.dumps(detail), "EventBusName": "shop"}


def test_events_reach_every_rule_of_the_bus_whichever_file_declares_it(start: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "teams").mkdir()
    (tmp_path / "teams" / "audit.yaml").write_text(TEAM)
    running = start(BUS)
    bus = client(running.url())
    answer = bus.put_events(Entries=[entry(1), entry(2, count=1), {**entry(3), "Detail": "no"}])

    [event] = running.printed("shown", 1)
    made = running.printed("made", 3)

    assert (event["id"], event["detail"]["n"]) == (answer["Entries"][0]["EventId"], 1)
    assert sorted(made, key=json.dumps) == sorted(
        [{"n": 1, "rule": "paid"}, json.loads(entry(1)["Detail"]), json.loads(entry(2, count=1)["Detail"])], key=json.dumps
    )
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [None, None, "MalformedDetail"]


NOTES = """
import json, pathlib

def show(event, context):
    with (pathlib.Path(__file__).parent / "seen").open("a") as seen:
        seen.write(f"{event['detail']['n']}\\n")
    print(json.dumps(event["detail"]))
"""


def test_what_was_answered_survives_a_kill(start: Callable[..., Any], tmp_path: Path) -> None:
    text = BUS.replace("include: [teams/*.yaml]\n", "")
    (tmp_path / "printer" / "app.py").write_text(NOTES)
    seen = tmp_path / "printer" / "seen"
    first = start(text)
    bus = client(f"http://{first.address()}")
    for number in range(20):
        assert bus.put_events(Entries=[entry(number)])["FailedEntryCount"] == 0
    first.close()
    second = start(text)
    for number in {*range(20)} - {*map(int, seen.read_text().split() if seen.exists() else ())}:
        wanted = json.loads(entry(number)["Detail"])
        second.find(lambda line, wanted=wanted: line["message"] == json.dumps(wanted))

    assert {*map(int, seen.read_text().split())} == {*range(20)}


def test_events_of_another_bus_come_through_a_queue(start: Callable[..., Any], ministack: Any) -> None:
    sqs, events = ministack.client("sqs"), ministack.client("events")
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="to-inbox", EventPattern=json.dumps({"source": ["shop", "mill"]}))
    events.put_targets(Rule="to-inbox", Targets=[{"Id": "inbox", "Arn": arn}])
    sent = [
        {"Source": source, "DetailType": "OrderPaid", "Detail": json.dumps({"n": number})}
        for number, source in enumerate(("mill", "shop"))
    ]
    answer = events.put_events(Entries=sent)

    running = start(INBOX.replace("EMULATOR", ministack.url).replace("QUEUE", arn))
    [event] = running.printed("shown", 1)

    assert (event["id"], event["source"], event["detail"]) == (answer["Entries"][1]["EventId"], "shop", {"n": 1})
    assert running.end(signal.SIGTERM) == 0
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)
