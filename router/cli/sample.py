"""`lambda-router sample`: realistic requests and events, by name or for a declared trigger, in the form that is wanted.

Exit codes: 0 printed, 1 no function gets the event that was asked for, 2 wrong usage (an unknown name or option), 78 invalid
configuration.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from router.cli.configuration import config_option, load_offline, overlay_option
from router.cli.doors import door_of
from router.cli.sampling import Choice, made, sample_options
from router.config import load
from router.envelopes import Addressed, HttpEnvelope
from router.fakes import FakeFiles
from router.samples import KINDS, Kind, SampleError, find
from router.samples.aws_cli import aws_cli
from router.samples.curl import Door, curl
from router.samples.documents import to_json
from router.samples.takers import taker
from router.settings import Aws, Config


@click.command()
@click.argument("kind", required=False, metavar="[TYPE[/VARIANT]]")
@click.option("--list", "listed", is_flag=True, help="List the samples, those of TYPE, or the options of TYPE/VARIANT.")
@click.option("--trigger", metavar="NAME", help="Make one that this trigger of the configuration takes.")
@config_option
@overlay_option
@click.option(
    "--as",
    "form",
    type=click.Choice(["envelope", "curl", "event", "aws-cli"]),
    default="envelope",
    help="JSON of what is on the wire (default), a curl command, the event that a function gets, or a call of the AWS CLI.",
)
@click.option("--to", "url", metavar="URL", help="Where curl sends it (default: the trigger's listener).")
@sample_options
def command(
    kind: str | None,
    listed: bool,
    trigger: str | None,
    config: str,
    overlays: tuple[str, ...],
    form: str,
    url: str | None,
    choice: Choice,
) -> None:
    """Print a sample: `lambda-router sample s3/minio-put --set bucket=photos --set key=images/a.jpg`.

    With --trigger one that fits a trigger of the configuration; TYPE/VARIANT is not needed then, and `--set` may name a
    `route`, `rule`, `behavior`, `notification`, `subscription`, `operation` or `schedule` of it. docs/samples.md has more.

    Exit codes: 0 printed, 1 no function gets the event, 2 wrong usage, 78 invalid configuration.
    """
    if listed:
        _print_list(kind)
        return
    if kind is None and trigger is None:
        raise click.UsageError("Name a sample, or a trigger with --trigger; --list shows what there is.")
    loaded = load_offline(config, overlays, trust_callers=True) if trigger is not None else None
    known = loaded.config if loaded is not None else None
    addressed = made(kind, choice, known, trigger, loaded)
    try:
        text = _in_form(form, addressed, kind, choice, known, url)
    except SampleError as error:
        raise click.UsageError(f"--as {form}: {error}.") from None
    click.echo(text)


def _in_form(form: str, addressed: Addressed, kind: str | None, choice: Choice, config: Config | None, url: str | None) -> str:
    match form:
        case "curl":
            return _as_curl(addressed, config, url)
        case "aws-cli":
            return aws_cli(addressed.envelope, _endpoints(addressed, config, url))
        case "event":
            return _as_events(addressed, kind, choice, config)
    return json.dumps(to_json(addressed), indent=2, ensure_ascii=False)


# --- curl, the AWS CLI -----------------------------------------------------------------------------------------------


def _as_curl(addressed: Addressed, config: Config | None, url: str | None) -> str:
    envelope = addressed.envelope
    if not isinstance(envelope, HttpEnvelope):
        raise SampleError("it is no HTTP request; `--as aws-cli` may do, and `send` puts messages into the queue")
    return curl(envelope, _door(addressed, config, url))


def _door(addressed: Addressed, config: Config | None, url: str | None) -> Door:
    if url is not None:
        return Door(url.rstrip("/"))
    envelope = addressed.envelope
    listener = envelope.listener if isinstance(envelope, HttpEnvelope) else None
    return Door() if config is None or listener is None else door_of(config.listeners[listener])


def _endpoints(addressed: Addressed, config: Config | None, url: str | None) -> Mapping[str, str]:
    """Where the AWS CLI finds each service: the router is Lambda's API and an event bus itself."""
    aws = config.aws if config is not None else Aws("", "")
    services = dict.fromkeys(("sqs", "sns", "events", "lambda", "s3"), aws.endpoint_url) if aws.endpoint_url else {}
    found = {name: value for name, value in (services | dict(aws.endpoints)).items() if value is not None}
    if isinstance(addressed.envelope, HttpEnvelope) and (config is not None or url is not None):
        found |= dict.fromkeys(("events", "lambda"), _door(addressed, config, url).url)
    return found


# --- events ----------------------------------------------------------------------------------------------------------


def _as_events(addressed: Addressed, kind: str | None, choice: Choice, config: Config | None) -> str:
    """What functions get, each event once; ends the command where nothing is."""
    from router.simulation import SimulationError, simulate

    if config is None:
        assert kind is not None
        config = _taking(find(kind), addressed, choice)
        addressed = Addressed(addressed.envelope, "t")
    try:
        trace = asyncio.run(simulate(config, addressed, now=choice.now))
    except SimulationError as error:
        raise SampleError(str(error)) from None
    payloads = [call.payload for call in trace.calls if not call.delivery] + [each.payload for each in trace.deliveries]
    if not payloads:
        reasons = [str(remark.message) for remark in trace.remarks]
        answered = [f"The answer is {trace.reply.status}."] if trace.reply is not None else []
        click.echo(" ".join(["lambda-router: No function gets anything.", *reasons, *answered]), err=True)
        sys.exit(1)
    return "\n".join(json.dumps(json.loads(payload), indent=2, ensure_ascii=False) for payload in dict.fromkeys(payloads))


def _taking(kind: Kind, addressed: Addressed, choice: Choice) -> Config:
    """A configuration that takes the sample."""
    files = FakeFiles({"router.yaml": taker(kind, addressed.envelope, choice.context(None))})
    loaded = load(["router.yaml"], files=files, env={}, trust_callers=True)
    assert loaded.config is not None, [str(problem) for problem in loaded.problems]
    return loaded.config


# --- the list --------------------------------------------------------------------------------------------------------


def _print_list(name: str | None) -> None:
    if name is not None and "/" in name:
        try:
            _print_options(find(name))
        except SampleError as error:
            raise click.UsageError(f"{error}") from None
        return
    types = {kind.type for kind in KINDS.values()}
    if name is not None and name not in types:
        raise click.UsageError(f"There are no samples of the type `{name}`; there are {', '.join(sorted(types))}.")
    shown = [kind for kind in KINDS.values() if name in (None, kind.type)]
    width = max(len(kind.name) for kind in shown)
    for kind in shown:
        click.echo(f"{kind.name:<{width}}  {kind.summary}")


def _print_options(kind: Kind) -> None:
    click.echo(f"{kind.name}: {kind.summary}\n")
    width = max(map(len, kind.options))
    for name, option in kind.options.items():
        click.echo(f"  {name:<{width}}  {option.summary}{_default(option.shown, option.default)}")


def _default(shown: str, default: Any) -> str:
    if shown:
        return f" (default: {shown})"
    if default in (None, (), "", {}) or default is False:
        return ""
    text = default if isinstance(default, str) else json.dumps(default, ensure_ascii=False, default=str)
    return f" (default: {text})"
