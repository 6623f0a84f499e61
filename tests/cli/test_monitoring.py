"""`lambda-router monitoring export`: a template for exactly the declared triggers, and what it costs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint import lint_all
from click.testing import CliRunner, Result

from router.cli import main

CONFIG = """\
version: 1
monitoring: {cloudwatch: {namespace: Shop}}
aws: {region: eu-west-1, account_id: "111122223333"}
functions:
  orders: {arn: "arn:aws:lambda:eu-west-1:111122223333:function:orders", timeout: 10s}
  mail:
    timeout: 5s
    local: {command: ./run, code: .}
    async: {max_event_age: 1h, dead_letter: "sqs:mail-dead", on_failure: "sqs:mail-dead"}
triggers:
  shop: {type: function_url, invocation: sync, function: orders}
  api: {type: lambda_api, invocation: async, functions: [orders, mail]}
  work-queue: {type: sqs, invocation: async, queue: "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs", function: orders}
"""
COST = (
    "Up to 72 custom metrics (about $0.30 a month each), 20 alarms (about $0.10 each), {} (about $3 each); "
    "list prices of us-east-1, which change often. 10 metrics and 10 alarms are free.\n"
)

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run(text, …)` exports the configuration with this text."""
    monkeypatch.chdir(tmp_path)

    def call(text: str, *args: str) -> Result:
        (tmp_path / "router.yaml").write_text(text)
        return CliRunner().invoke(main, ["monitoring", "export", *args])

    return call


def exported(run: Run, *args: str) -> Any:
    result = run(CONFIG, "--format", "json", *args)
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_an_alarm_for_everything_that_is_declared(run: Run) -> None:
    resources = exported(run)["Resources"]
    assert [*resources] == [
        "RouterSilent",
        *("ShopOrdersErrorRate", "ShopOrdersSlow", "ShopOrdersThrottled"),
        *("ApiOrdersThrottled", "ApiOrdersGivenUp", "ApiOrdersLoop", "ApiOrdersBacklog"),
        *("ApiMailErrorRate", "ApiMailSlow", "ApiMailThrottled", "ApiMailGivenUp", "ApiMailLoop", "ApiMailBacklog"),
        "ApiMailSendsFail",
        *("WorkQueueOrdersErrorRate", "WorkQueueOrdersSlow", "WorkQueueOrdersThrottled"),
        *("WorkQueueQueueStuck", "MailDeadFilling", "Dashboard"),
    ]


def test_an_alarm_on_one_figure(run: Run) -> None:
    resources = exported(run)["Resources"]
    common = {
        "TreatMissingData": "notBreaching",
        "ComparisonOperator": "GreaterThanThreshold",
        "AlarmActions": {"Ref": "AlarmActions"},
        "OKActions": {"Ref": "AlarmActions"},
        "Period": 60,
    }
    assert resources["ApiMailGivenUp"] == {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            **common,
            "AlarmDescription": "api mail: events were given up.",
            "Threshold": 0,
            "DatapointsToAlarm": 1,
            "EvaluationPeriods": 1,
            "Namespace": "Shop",
            "MetricName": "AsyncEventsDropped",
            "Dimensions": [{"Name": "FunctionName", "Value": "mail"}, {"Name": "TriggerName", "Value": "api"}],
            "Statistic": "Sum",
        },
    }
    slow = resources["ShopOrdersSlow"]["Properties"]
    assert (slow["Threshold"], slow["ExtendedStatistic"], "Statistic" in slow) == (8000.0, "p99", False)
    backlogs = [resources[f"Api{name}Backlog"]["Properties"]["Threshold"] for name in ("Orders", "Mail")]
    assert backlogs == [60_000, 1_200_000.0]
    stuck = resources["WorkQueueQueueStuck"]["Properties"]
    assert (stuck["Dimensions"], stuck["Threshold"]) == ([{"Name": "QueueName", "Value": "jobs"}], {"Ref": "QueueAgeSeconds"})
    assert resources["MailDeadFilling"]["Properties"]["Dimensions"] == [{"Name": "QueueName", "Value": "mail-dead"}]
    silent = resources["RouterSilent"]["Properties"]
    assert (silent["TreatMissingData"], silent["ComparisonOperator"]) == ("breaching", "LessThanThreshold")


def test_an_alarm_on_a_share(run: Run) -> None:
    rate = exported(run)["Resources"]["ShopOrdersErrorRate"]["Properties"]["Metrics"]
    assert [(one["Id"], one.get("Expression")) for one in rate] == [
        ("errors", None),
        ("invocations", None),
        ("result", "IF(invocations >= 10, 100 * errors / invocations, 0)"),
    ]


def test_the_dashboard(run: Run) -> None:
    body = json.loads(exported(run)["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    assert [(widget["x"], widget["y"], widget["properties"]["title"]) for widget in body["widgets"]] == [
        (0, 0, "shop: calls"),
        (8, 0, "shop: duration"),
        (0, 6, "api: calls"),
        (8, 6, "api: duration"),
        (16, 6, "api: events"),
        (0, 12, "work-queue: calls"),
        (8, 12, "work-queue: duration"),
        (16, 12, "work-queue: messages"),
    ]
    metric = ("Shop", "Duration", "FunctionName", "orders", "TriggerName", "shop")
    assert body["widgets"][1]["properties"] == {
        "title": "shop: duration",
        "region": "${AWS::Region}",
        "period": 60,
        "metrics": [[*metric, {"stat": stat, "label": f"orders Duration {stat}"}] for stat in ("p50", "p99")],
    }


def test_actions(run: Run) -> None:
    assert exported(run)["Parameters"]["AlarmActions"] == {
        "Type": "CommaDelimitedList",
        "Description": "ARNs that alarms call.",
    }
    topics = ("arn:aws:sns:eu-west-1:111122223333:a", "arn:aws:sns:eu-west-1:111122223333:b")
    template = exported(run, "--action", topics[0], "--action", topics[1])
    assert template["Parameters"]["AlarmActions"]["Default"] == ",".join(topics)


def test_what_it_costs(run: Run) -> None:
    assert run(CONFIG).stderr == COST.format("1 dashboard")
    assert run(CONFIG, "--no-dashboard").stderr == COST.format("0 dashboards")


def test_cloudformation_takes_it(run: Run) -> None:
    result = run(CONFIG)
    assert yaml.safe_load(result.stdout) == exported(run)
    found = [str(match) for match in lint_all(result.stdout) if match.rule.severity != "informational"]
    assert found == []


def test_without_metrics_there_is_nothing_to_watch(run: Run) -> None:
    for settings in ("{prometheus: true}", "{cloudwatch: {metrics: none, logs: {}}}"):
        result = run(CONFIG.replace("{cloudwatch: {namespace: Shop}}", settings).replace("version: 1", ADMIN))
        assert (result.exit_code, result.stdout, result.stderr) == (
            1,
            "",
            "lambda-router: The configuration sends no metrics to CloudWatch; write `monitoring: {cloudwatch: {}}`.\n",
        )


ADMIN = "version: 1\nadmin: {listen: 127.0.0.1:9901}"


def test_an_invalid_configuration(run: Run) -> None:
    assert run("version: 2").exit_code == 78
