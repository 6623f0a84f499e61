"""`lambda-router explain`: what becomes of one request or event, and why nothing else does.

Exit codes: 0 a route takes it, 1 none does, 2 wrong usage, 78 invalid configuration.
"""

import asyncio
import ipaddress
import json
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from router.cli.configuration import config_option, load_offline, overlay_option
from router.cli.quiet import quiet
from router.cli.waiting import waiting_for
from router.config import Loaded
from router.envelopes import Addressed, HttpEnvelope, TickEnvelope
from router.explaining.document import explain_document
from router.explaining.one import FAILS, WELL, Case, Prepared, Question, explain, prepare
from router.outcome import OutcomeKind
from router.review.explanation import Explanation
from router.review.explanation_text import to_json, to_text
from router.review.redaction import redacted_json
from router.samples import Context, SampleError, for_trigger, from_event, make
from router.samples.documents import from_json, is_envelope
from router.settings import Config
from router.simulation import MockAnswer, SimulationError

_NOTHING = Addressed(HttpEnvelope("GET", "/"))
"""Stands where a question's envelope is still to be found."""


def _ip(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    try:
        return value if value is None else str(ipaddress.ip_address(value))
    except ValueError:
        raise click.BadParameter(f"`{value}` is no IP address.") from None


@click.command()
@click.argument("envelope", required=False, metavar="[ENVELOPE]")
@config_option
@overlay_option
@click.option("--request", "target", metavar="'METHOD TARGET'", help="A request: `GET /orders/7`, or with a whole URL.")
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header of --request; repeatable.")
@click.option("-d", "--data", metavar="TEXT|@FILE", help="The body of --request; without a method it is a POST.")
@click.option("--client-ip", metavar="IP", callback=_ip, help="Where --request comes from (default: 203.0.113.7).")
@click.option("--listener", metavar="NAME", help="Where --request comes in (default: the first that has a trigger for it).")
@click.option("--event", metavar="JSON|FILE|-", help="A service's own document: an EventBridge event, `{Records: …}`, …")
@click.option("--trigger", metavar="NAME", help="Which trigger gets it; alone: a sample that fits this trigger.")
@click.option("--sample", metavar="KIND", help="A sample: `s3/put`, `api_gateway/http-get`, …")
@click.option("-o", "--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the sample; repeatable.")
@click.option("--schedule", metavar="NAME", help="The next time of a schedule.")
@click.option("--returns", metavar="JSON", help="What functions return (default: what their callers hope for).")
@click.option(
    "--outcome",
    type=click.Choice([kind.value for kind in OutcomeKind if kind is not OutcomeKind.OK]),
    default=OutcomeKind.FUNCTION_ERROR.value,
    help="How functions fail in the other case that is shown.",
)
@click.option("--auth", "judges_callers", is_flag=True, help="Judge `auth` and signatures, too (default: every caller passes).")
@click.option("--raw", is_flag=True, help="Print the events that functions get and nothing else, one a line.")
@click.option("--all", "every_miss", is_flag=True, help="Show every trigger and route that misses, not the nearest only.")
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", help="How it is printed.")
def command(
    config: str, overlays: tuple[str, ...], judges_callers: bool, raw: bool, every_miss: bool, form: str, **asked: Any
) -> None:
    """Explain one request or event: the trigger and route that take it, the exact event JSON, the function, the caller's
    answer, retries and dead letters; and of the nearest others the first predicate that failed, wanted against got.

    ENVELOPE is what `lambda-router sample` prints, or a service's own document: a file, `-` or JSON. Nothing is called:
    functions return what --returns says. Exit codes: 0 matched, 1 not, 2 wrong usage, 78 invalid configuration.
    """
    if raw and (every_miss or form == "json"):
        raise click.UsageError("--raw prints events alone: --all and --format have no effect beside it.")
    if every_miss and form == "json":
        raise click.UsageError("--all has no effect with --format json, which has every miss.")
    loaded = load_offline(config, overlays, trust_callers=not judges_callers)
    try:
        with quiet():
            found = asyncio.run(_explained(prepare(loaded), asked, judges_callers))
    except (SampleError, SimulationError) as error:
        raise click.UsageError(loaded.redact(f"{str(error)[:1].upper()}{str(error)[1:]}.")) from None
    _print(found, loaded, raw, every_miss, form)
    sys.exit(0 if found.matched else 1)


def _print(found: Explanation, loaded: Loaded, raw: bool, every_miss: bool, form: str) -> None:
    if raw:
        for call in found.calls:
            click.echo(redacted_json(call.payload, loaded.redact))
    elif form == "json":
        click.echo(json.dumps(to_json(found, loaded.redact), indent=2, ensure_ascii=False))
    else:
        click.echo(to_text(found, loaded.redact, every_miss=every_miss), nl=False)


async def _explained(prepared: Prepared, asked: Mapping[str, Any], judges_callers: bool) -> Explanation:
    now, config = time.time(), prepared.config
    context = Context(now, config.aws.account_id, config.aws.region, lambda: str(uuid.uuid4()))
    well = WELL if asked["returns"] is None else _returning(asked["returns"])
    failing = OutcomeKind(asked["outcome"])
    badly = FAILS if failing is OutcomeKind.FUNCTION_ERROR else Case(_WORDS[failing], MockAnswer(outcome=failing))
    question = Question(_NOTHING, now, well, badly, judges_callers)
    addressed, document = _envelope(config, asked, context)
    if addressed is None:
        return await explain_document(prepared, document, question, context)
    return await explain(prepared, Question(addressed, now, well, badly, judges_callers))


_WORDS: Mapping[OutcomeKind, str] = {
    OutcomeKind.TIMEOUT: "it takes too long",
    OutcomeKind.THROTTLED: "Lambda throttles it",
    OutcomeKind.CLIENT_ERROR: "Lambda refuses the call",
    OutcomeKind.SERVICE_ERROR: "Lambda fails",
    OutcomeKind.TRANSPORT: "the connection to Lambda breaks",
}


def _returning(text: str) -> Case:
    return Case(f"it returns {text}", MockAnswer(_json(text, "--returns")))


# --- where the envelope comes from -----------------------------------------------------------------------------------


def _envelope(config: Config, asked: Mapping[str, Any], context: Context) -> tuple[Addressed | None, Any]:
    """The envelope; or None and a document whose trigger is to be found. Raises SampleError."""
    sources = [name for name in ("envelope", "target", "event", "sample", "schedule") if asked[name] is not None]
    if len(sources) > 1 or (not sources and asked["trigger"] is None):
        names = ("ENVELOPE", "--request", "--event", "--sample", "--schedule")
        raise click.UsageError(f"Give one of {', '.join(names)}, or --trigger alone for a sample that fits it.")
    source = sources[0] if sources else "sample"
    _check_companions(asked, source)
    if source == "target":
        return _request(asked), None
    if source in ("envelope", "event"):
        return _of_document(config, _document(asked[source]), asked, context, is_event=source == "event")
    if source == "schedule":
        return _tick(config, asked), None
    return _sample(config, asked, context), None


def _check_companions(asked: Mapping[str, Any], source: str) -> None:
    """Options that would do nothing."""
    idle = [name for name in ("headers", "data", "client_ip", "listener") if asked[name] and source != "target"]
    idle += ["options"] if asked["options"] and source != "sample" else []
    if idle:
        shown = {"headers": "--header", "data": "--data", "client_ip": "--client-ip", "options": "--option"}
        needed = "--sample or --trigger" if idle[0] == "options" else "--request"
        raise click.UsageError(f"{shown.get(idle[0], f'--{idle[0]}')} has no effect without {needed}.")


def _request(asked: Mapping[str, Any]) -> Addressed:
    method, _, target = asked["target"].strip().rpartition(" ")
    body = _body(asked["data"])
    headers = [_header(text) for text in asked["headers"]]
    try:
        url = urlsplit(target)
    except ValueError as error:
        raise click.UsageError(f"--request: `{target}` is no URL: {error}.") from None
    if url.scheme in ("http", "https") and url.netloc:
        target = f"{url.path or '/'}{f'?{url.query}' if url.query else ''}"
        if not any(name.lower() == "host" for name, _ in headers):
            headers.insert(0, ("Host", url.netloc))
    if not target.startswith("/") or " " in method.strip():
        raise click.UsageError(f"--request is `METHOD /target` or `METHOD https://host/target`, not `{asked['target']}`.")
    envelope = HttpEnvelope(
        method.strip() or ("POST" if body else "GET"),
        target,
        tuple(headers),
        body,
        **({"client_ip": asked["client_ip"]} if asked["client_ip"] else {}),
        **({"scheme": url.scheme} if url.scheme in ("http", "https") else {}),
        listener=asked["listener"],
    )
    return Addressed(envelope, asked["trigger"])


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or set(text) & set("\r\n\0"):
        raise click.UsageError(f"A header is `name: value`, not `{text}`.")
    return name.strip(), value.strip()


def _body(data: str | None) -> bytes:
    if data is None:
        return b""
    return _read(data[1:]) if data.startswith("@") else data.encode("utf-8", "surrogateescape")


def _of_document(
    config: Config, document: Any, asked: Mapping[str, Any], context: Context, *, is_event: bool
) -> tuple[Addressed | None, Any]:
    if not is_event and is_envelope(document):
        addressed = from_json(document)
        return Addressed(addressed.envelope, asked["trigger"] or addressed.trigger, addressed.note), None
    if asked["trigger"] is None:
        return None, document
    trigger = _trigger(config, asked["trigger"])
    return from_event(trigger, config.raw["triggers"][trigger.name], document, context), None


def _sample(config: Config, asked: Mapping[str, Any], context: Context) -> Addressed:
    options = dict(_pair(text) for text in asked["options"])
    if asked["trigger"] is None:
        return make(asked["sample"], options, context)
    trigger = _trigger(config, asked["trigger"])
    kind = {"kind": asked["sample"]} if asked["sample"] is not None else {}
    return for_trigger(trigger, config.raw["triggers"][trigger.name], options | kind, context)


def _tick(config: Config, asked: Mapping[str, Any]) -> Addressed:
    wanted = asked["schedule"]
    known = {
        planned.name: trigger.name
        for trigger in reversed(config.triggers)
        if trigger.type.timetable is not None and asked["trigger"] in (None, trigger.name)
        for planned in trigger.type.timetable(trigger.built)
    }
    if wanted not in known:
        raise click.UsageError(f"There is no schedule `{wanted}`; there is {_listed(known)}.")
    return Addressed(TickEnvelope(wanted), known[wanted])


def _trigger(config: Config, name: str) -> Any:
    for trigger in config.triggers:
        if trigger.name == name:
            return trigger
    raise click.UsageError(f"There is no trigger `{name}`; there is {_listed(trigger.name for trigger in config.triggers)}.")


def _listed(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"An option of a sample is `name=value`, not `{text}`.")
    return name, value


def _document(text: str) -> Any:
    """JSON itself, or what stands in a file or on standard input."""
    if text.lstrip().startswith(("{", "[", '"')):
        return _json(text, "the document")
    name = "standard input" if text == "-" else text
    return _json(_read(text).decode("utf-8", "replace"), name)


def _read(path: str) -> bytes:
    try:
        if path == "-":
            with waiting_for("standard input"):
                return sys.stdin.buffer.read()
        with waiting_for(f"`{path}`") if Path(path).is_fifo() else nullcontext():
            return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise click.UsageError(f"`{path}` cannot be read: {reason}.") from None


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"`{what}` is not JSON: {error}.") from None
