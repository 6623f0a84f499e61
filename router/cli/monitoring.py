"""`lambda-router monitoring export`: CloudFormation with alarms and a dashboard for exactly the declared triggers.

Exit codes: 0 done, 1 the configuration sends no metrics to CloudWatch, 2 wrong usage, 78 invalid configuration.
"""

import json
import os
import sys
import time
from typing import Any

import click
import yaml

from router.cli.findings import EX_CONFIG, show_problems
from router.config import load
from router.files import LocalFiles
from router.monitoring.alarms import alarms
from router.monitoring.catalogue import metrics
from router.monitoring.dashboard import body
from router.settings import Config


@click.group("monitoring")
def command() -> None:
    """What watches the router."""


@command.command("export")
@click.argument("config", type=click.Path(), default="router.yaml")
@click.option("-f", "--file", "overlays", multiple=True, metavar="OVERLAY", help="Merge this file over CONFIG; repeatable.")
@click.option("--action", "actions", multiple=True, metavar="ARN", help="What alarms call, such as a topic; repeatable.")
@click.option("--dashboard/--no-dashboard", default=True, help="Whether there is a dashboard (about $3 a month).")
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), default="yaml", help="How the template is printed.")
def export(config: str, overlays: tuple[str, ...], actions: tuple[str, ...], dashboard: bool, form: str) -> None:
    """Print a CloudFormation template with alarms and a dashboard for the triggers of CONFIG, and on standard error what the
    metrics cost in number. Without `--action` the template's parameter `AlarmActions` has to be given.

    Exit codes: 0 done, 1 the configuration sends no metrics to CloudWatch, 2 wrong usage, 78 invalid configuration.
    """
    loaded = load([config], overlays, env=os.environ, files=LocalFiles(), require_env=True, now=time.time())
    if loaded.config is None:
        show_problems(loaded)
        sys.exit(EX_CONFIG)
    cloudwatch = loaded.config.cloudwatch
    if cloudwatch is None or cloudwatch.metrics == "none":
        message = "lambda-router: The configuration sends no metrics to CloudWatch; write `monitoring: {cloudwatch: {}}`."
        click.echo(message, err=True)
        sys.exit(1)
    template = _template(loaded.config, cloudwatch.namespace, actions, dashboard)
    if form == "json":
        click.echo(json.dumps(template, indent=2))
    else:
        click.echo(yaml.dump(template, sort_keys=False, width=1000, Dumper=_PlainDumper), nl=False)
    click.echo(_cost(len(metrics(loaded.config)), template["Resources"]), err=True)


def _template(config: Config, namespace: str, actions: tuple[str, ...], dashboard: bool) -> dict[str, Any]:
    resources = alarms(config, namespace)
    if dashboard:
        text = json.dumps(body(config, namespace), separators=(",", ":"))
        properties = {"DashboardName": {"Ref": "DashboardName"}, "DashboardBody": {"Fn::Sub": text}}
        resources["Dashboard"] = {"Type": "AWS::CloudWatch::Dashboard", "Properties": properties}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Alarms and a dashboard for lambda-router.",
        "Parameters": _parameters(resources, actions),
        "Resources": resources,
    }


def _parameters(resources: dict[str, Any], actions: tuple[str, ...]) -> dict[str, Any]:
    """Those that the resources refer to."""
    given = {"Default": ",".join(actions)} if actions else {}
    known = {
        "AlarmActions": {"Type": "CommaDelimitedList", "Description": "ARNs that alarms call.", **given},
        "DashboardName": {"Type": "String", "Default": "lambda-router"},
        "QueueAgeSeconds": {
            "Type": "Number",
            "Default": 300,
            "Description": "Age of a queue's oldest message, in seconds, that is too much: five times what is normal.",
        },
    }
    text = json.dumps(resources)
    return {name: parameter for name, parameter in known.items() if f'{{"Ref": "{name}"}}' in text}


def _cost(number: int, resources: dict[str, Any]) -> str:
    kinds = [resource["Type"] for resource in resources.values()]
    alarm_count = kinds.count("AWS::CloudWatch::Alarm")
    boards = kinds.count("AWS::CloudWatch::Dashboard")
    return (
        f"Up to {number} custom metrics (about $0.30 a month each), {alarm_count} alarms (about $0.10 each), "
        f"{boards} {'dashboard' if boards == 1 else 'dashboards'} (about $3 each); "
        "list prices of us-east-1, which change often. 10 metrics and 10 alarms are free."
    )


class _PlainDumper(yaml.SafeDumper):
    """Writes equal values out each time: CloudFormation knows no anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True
