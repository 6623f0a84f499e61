"""CloudWatch as it gets the daemon's figures and logs: moto's server takes what the SDK really sends, in whatever protocol."""

import json
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.e2e.running import PATIENCE

pytestmark = pytest.mark.slow

SETTINGS = """
version: 1
listeners: {main: "127.0.0.1:0"}
aws: {region: us-east-1, endpoints: {cloudwatch: "ENDPOINT", logs: "ENDPOINT"}}
monitoring: {cloudwatch: CLOUDWATCH}
functions:
  work: {local: {runtime: python, handler: app.work, code: WORK}}
triggers:
  calls: {type: lambda_api, invocation: sync, functions: [work]}
"""
WORK = """\
def work(event, context):
    if event["fail"]:
        raise ValueError("no")
    return event
"""


@pytest.fixture
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def client(service: str, url: str) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", **keys)


def run(start: Callable[..., Any], folder: Path, cloudwatch: str, endpoint: str = "http://127.0.0.1:1") -> None:
    """Three calls, one of which fails; then the daemon ends."""
    (folder / "work").mkdir()
    (folder / "work" / "app.py").write_text(WORK)
    settings = SETTINGS.replace("ENDPOINT", endpoint).replace("CLOUDWATCH", cloudwatch)
    running = start(settings.replace("code: WORK", f"code: {folder / 'work'}"))
    url = f"{running.url()}/2015-03-31/functions/work/invocations"
    for fail in (False, False, True):
        with urllib.request.urlopen(url, json.dumps({"fail": fail}).encode(), timeout=PATIENCE) as answer:
            assert answer.status == 200
    assert running.end(signal.SIGTERM) == 0


def test_metrics_and_logs(start: Callable[..., Any], moto: str, tmp_path: Path) -> None:
    run(start, tmp_path, "{metrics: api, namespace: Shop, logs: {what: all, payloads: true, retention: 7d}}", moto)

    metrics = client("cloudwatch", moto)
    named = {
        (metric["MetricName"], *sorted(one["Value"] for one in metric["Dimensions"]))
        for metric in metrics.list_metrics(Namespace="Shop")["Metrics"]
    }
    assert named >= {("Invocations", "calls", "work"), ("Errors", "work"), ("Duration",), ("Heartbeat",)}
    now = datetime.now(UTC)
    dimensions = [{"Name": "FunctionName", "Value": "work"}, {"Name": "TriggerName", "Value": "calls"}]
    for name, total in (("Invocations", 3.0), ("Errors", 1.0), ("Throttles", 0.0)):
        points = metrics.get_metric_statistics(
            Namespace="Shop",
            MetricName=name,
            Dimensions=dimensions,  # moto adds up everything that has these, so that fewer would count several times
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        assert (name, sum(point["Sum"] for point in points)) == (name, total)
        assert {point["Unit"] for point in points} == {"Count"}

    logs = client("logs", moto)
    [group] = logs.describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == ("/lambda-router/calls", 7)
    [stream] = logs.describe_log_streams(logGroupName="/lambda-router/calls")["logStreams"]
    found = logs.get_log_events(logGroupName="/lambda-router/calls", logStreamName=stream["logStreamName"], startFromHead=True)
    lines = [json.loads(event["message"]) for event in found["events"]]
    assert [(line["message"], line["outcome"], line["payload"]) for line in lines] == [
        ("An invocation succeeded.", "ok", '{"fail": false}'),
        ("An invocation succeeded.", "ok", '{"fail": false}'),
        ("An invocation failed.", "function_error", '{"fail": true}'),
    ]


def test_emf_in_a_file(start: Callable[..., Any], tmp_path: Path) -> None:
    run(start, tmp_path, "{file: metrics.log}")
    documents = [json.loads(line) for line in (tmp_path / "metrics.log").read_text().splitlines()]
    calls = [document for document in documents if document.get("TriggerName") == "calls"]
    assert sum(document["Invocations"] for document in calls) == 3
    assert sum(document["Errors"] for document in calls) == 1
    assert sum(len(document["Duration"]) for document in calls) == 3
    assert {document["FunctionName"] for document in calls} == {"work"}


def test_a_cloudwatch_that_is_away_holds_nothing_up(start: Callable[..., Any], tmp_path: Path) -> None:
    run(start, tmp_path, "{metrics: api, logs: {what: all}}")
