"""`lambda-router send`: a sample, a file or a service's document to the running router, or into the queue that it polls.

Exit codes: 0 answered 2xx or 3xx (or queued), 1 answered otherwise or refused, 2 wrong usage, 3 the router or the queue cannot
be reached, 78 invalid configuration.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

import click

from router.cli.configuration import config_option, load_offline, overlay_option
from router.cli.sampling import Choice, made, named, sample_options
from router.cli.send.client import FAILED, UNREACHABLE, Client
from router.cli.send.receiver import queue_trigger
from router.config import Loaded
from router.envelopes import Addressed, HttpEnvelope, QueueEnvelope, TaskEnvelope, TickEnvelope
from router.errors import SourceError, SourceRefused
from router.samples import SampleError, from_event
from router.samples.documents import from_json, is_envelope
from router.settings import Config


@click.command()
@click.argument("file", required=False, type=click.File("rb"), metavar="[FILE|-]")
@click.option("--sample", "kind", metavar="TYPE[/VARIANT]", help="Make a sample, as `lambda-router sample` does.")
@click.option("--trigger", metavar="NAME", help="The trigger that it is for; without FILE and --sample one that fits it.")
@config_option
@overlay_option
@click.option("--to", "url", metavar="URL", help="Where the router is reached (default: the listener's address).")
@click.option("--no-auth", is_flag=True, help="Add nothing that proves who sends it.")
@click.option("--cert", metavar="FILE", help="The client's certificate, where the listener wants one.")
@click.option("--key", metavar="FILE", help="The key of --cert, where it is in another file.")
@click.option(
    "--timeout", type=click.FloatRange(0.1, 900), default=60.0, metavar="SECONDS", help="For the answer (default: 60)."
)
@click.option("-v", "--verbose", is_flag=True, help="Show the request, too, without secrets.")
@sample_options
def command(
    file: Any,
    kind: str | None,
    trigger: str | None,
    config: str,
    overlays: tuple[str, ...],
    url: str | None,
    no_auth: bool,
    cert: str | None,
    key: str | None,
    timeout: float,
    verbose: bool,
    choice: Choice,
) -> None:
    """Send one request or message to the router that runs with the configuration.

    FILE is what `lambda-router sample` prints, or with --trigger a service's own document: an event that a function got, a
    notification, a task's input. What the trigger's `auth` asks for is added where the configuration knows the secret.
    Messages go into the queue that the trigger polls.

    Exit codes: 0 answered 2xx or 3xx, or queued; 1 answered otherwise; 2 wrong usage; 3 the router or the queue cannot be
    reached; 78 invalid configuration.
    """
    if file is not None and kind is not None:
        raise click.UsageError("FILE and --sample exclude each other.")
    if file is None and kind is None and trigger is None:
        raise click.UsageError("Name what to send: FILE, --sample or --trigger.")
    loaded = load_offline(config, overlays)
    assert loaded.config is not None
    addressed = _chosen(file, kind, trigger, choice, loaded.config, loaded)
    envelope = addressed.envelope
    match envelope:
        case TaskEnvelope():
            raise click.UsageError(
                "A task cannot be sent: Step Functions hands out those of running state machines. `lambda-router explain` and"
                " `lambda-router test` show what becomes of one."
            )
        case TickEnvelope():
            raise click.UsageError(
                "A planned time cannot be sent: it comes by itself. `lambda-router explain` and `lambda-router test` show what"
                " becomes of one; `lambda-router run --time-scale` makes time pass faster."
            )
        case QueueEnvelope():
            _put(addressed, envelope, loaded.config, loaded)
        case HttpEnvelope():
            client = Client(loaded, loaded.config, url, timeout, cert, key, verbose)
            sys.exit(client.send(addressed, envelope, choice.now, prove=not no_auth))


# --- what is sent ----------------------------------------------------------------------------------------------------


def _chosen(file: Any, kind: str | None, trigger: str | None, choice: Choice, config: Config, loaded: Loaded) -> Addressed:
    if file is None:
        addressed = made(kind, choice, config, trigger, loaded)
    else:
        if choice.options:
            raise click.UsageError("--set and --via are options of a sample, and have no effect on FILE.")
        addressed = _read(file, trigger, choice, config, loaded)
    return Addressed(addressed.envelope, trigger or addressed.trigger, addressed.note)


def _read(file: Any, trigger: str | None, choice: Choice, config: Config, loaded: Loaded) -> Addressed:
    name = getattr(file, "name", "<stdin>")
    try:
        document = json.loads(file.read())
    except ValueError as error:
        raise click.UsageError(f"{name} is not JSON: {error}.") from None
    try:
        if is_envelope(document) or trigger is None:
            return from_json(document)
        found = named(trigger, config, loaded)
        return from_event(found, config.raw["triggers"][found.name], document, choice.context(config))
    except SampleError as error:
        more = "" if trigger is not None else "; a service's own document needs --trigger"
        raise click.UsageError(f"{name}: {error}{more}.") from None


# --- messages --------------------------------------------------------------------------------------------------------


def _put(addressed: Addressed, envelope: QueueEnvelope, config: Config, loaded: Loaded) -> None:
    """Into the queue of the trigger; ends the command with its exit code."""
    from router.cli.send.into_queue import put

    trigger = queue_trigger(addressed, envelope, config, loaded)
    source: Callable[[Any], Any] | None = trigger.type.source
    assert source is not None
    queue = source(trigger.built)
    try:
        answers = asyncio.run(put(envelope.messages, config.aws, queue))
    except SourceError as error:
        refused = isinstance(error, SourceRefused)
        words = "does not take it" if refused else "cannot be reached"
        click.echo(
            f"lambda-router: The queue {loaded.redact(queue.queue)} {words}: {error.code}: {loaded.redact(str(error))}",
            err=True,
        )
        sys.exit(FAILED if refused else UNREACHABLE)
    for answer in answers:
        click.echo(f"{loaded.redact(queue.queue)}: message {answer['MessageId']}")
