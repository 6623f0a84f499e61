"""The command line: one file per command, each loaded only when it is called."""

import os

import click

from router import __version__, is_compiled
from router.cli.colours import colour
from router.cli.lazy import LazyGroup

COMMANDS = {
    "connect": "Print what a trigger's senders need to reach it.",
    "deliveries": "See, redrive and purge asynchronous deliveries.",
    "diff": "Compare two configurations: settings, and what becomes of requests and events.",
    "doctor": "Look whether what the configuration names is there, and usable.",
    "explain": "Explain what becomes of one request or event, and why.",
    "iam": "Print the IAM policy that the configuration needs.",
    "import": "Make a configuration of SAM, CloudFormation, CDK, serverless.yml or AWS CLI output.",
    "init": "Write a starter project.",
    "journal": "Check the journal's files.",
    "monitoring": "Alarms and a dashboard for the declared triggers.",
    "rules": "List the rules of `validate`, or explain one.",
    "run": "Run the daemon.",
    "sample": "Print a realistic request or event, by name or for a trigger.",
    "schema": "Print the configuration's JSON Schema, for editors.",
    "send": "Send a sample, a file or a document to the running router.",
    "show": "Print the effective configuration with origins, or as a graph.",
    "test": "Run the tests of configurations, in virtual time.",
    "validate": "Check configuration files, offline.",
}

VERSION = f"{__version__} (compiled)" if is_compiled() else __version__


@click.group(cls=LazyGroup, package="router.cli", summaries=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, "-V", "--version", prog_name="lambda-router", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Bring events to AWS Lambda functions, as one YAML file declares."""
    ctx.color = colour(os.environ)
