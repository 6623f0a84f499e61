"""Whom an envelope is for: the trigger that takes it, the listener that it comes in on, and what proves its sender."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import click

from router.cli.sampling import named
from router.config import Loaded
from router.config.addresses import is_private
from router.config.nodes import ScalarNode, locate, scalars
from router.config.problem import Path
from router.envelopes import Addressed, HttpEnvelope, QueueEnvelope
from router.fakes import request
from router.model import Request, Trigger
from router.policies.webhook_proofs import Proof, proofs
from router.routing import compile_tables
from router.settings import Address, Config, Listener


@dataclass(slots=True, frozen=True)
class Receiver:
    """`trigger`: None where none claims the request: then the router answers 404."""

    trigger: Trigger | None
    listener: Listener


def receiver_of(addressed: Addressed, envelope: HttpEnvelope, config: Config, loaded: Loaded) -> Receiver:
    """The trigger and listener of a request. Ends the command where nothing says which listener is meant."""
    asked = as_request(envelope)
    tables = compile_tables(config.triggers)
    if addressed.trigger is not None:
        trigger = named(addressed.trigger, config, loaded)
        if not trigger.claims:
            raise click.UsageError(f"The trigger `{trigger.name}` is polled: no request reaches it.")
        return Receiver(trigger, config.listeners[trigger.listener])
    listeners = [envelope.listener] if envelope.listener is not None else [name for name in config.listeners if name in tables]
    for name in listeners:
        if name not in config.listeners:
            raise click.UsageError(f"There is no listener `{name}`; declared are {', '.join(config.listeners)}.")
        found = tables[name].match(asked) if name in tables else None
        if found is not None:
            return Receiver(found, config.listeners[name])
    if len(listeners) != 1:
        raise click.UsageError(
            f"No trigger takes {envelope.method} {envelope.target} on any listener; name one with --trigger, or ask `explain`."
        )
    return Receiver(None, config.listeners[listeners[0]])


def as_request(envelope: HttpEnvelope) -> Request:
    """The request that an envelope becomes."""
    address: Any = {"client_ip": envelope.client_ip, "peer": envelope.client_ip}
    return request(envelope.method, envelope.target, [*envelope.headers], envelope.body, **address)


def queue_trigger(addressed: Addressed, envelope: QueueEnvelope, config: Config, loaded: Loaded) -> Trigger:
    """The trigger whose queue messages are for. Ends the command where there is none."""
    polled = {trigger.name: trigger for trigger in config.triggers if queue_of(trigger) is not None}
    if addressed.trigger is not None:
        trigger = named(addressed.trigger, config, loaded)
        if trigger.name not in polled:
            raise click.UsageError(f"The trigger `{trigger.name}` polls no queue.")
        return trigger
    wanted = envelope.queue_arn.rpartition(":")[2]
    for trigger in polled.values():
        queue = queue_of(trigger)
        if queue is not None and envelope.queue_arn and queue.rstrip("/").replace("/", ":").rpartition(":")[2] == wanted:
            return trigger
    if not envelope.queue_arn and len(polled) == 1:
        return next(iter(polled.values()))
    known = f"queues are polled by {', '.join(polled)}" if polled else "no trigger polls a queue"
    raise click.UsageError(f"No trigger polls the queue `{wanted}`: {known}; name one with --trigger.")


def queue_of(trigger: Trigger) -> str | None:
    """The queue that a trigger polls."""
    source = trigger.type.source(trigger.built) if trigger.type.source is not None else None
    return getattr(source, "queue", None)


# --- proofs ----------------------------------------------------------------------------------------------------------


def proofs_for(trigger: Trigger, envelope: HttpEnvelope, config: Config, loaded: Loaded, now: float) -> Proof:
    """The headers that the trigger's `auth`, or that of the route that takes the request, asks for.

    A check whose secret is not known, because a variable is not set, is left out and said.
    """
    settings = config.raw["triggers"][trigger.name]
    path: Path = ("triggers", trigger.name)
    below = _route_path(trigger, settings, envelope)
    part = _at(settings, below)
    if isinstance(part, Mapping) and part.get("auth") is not None:
        settings, path = part, (*path, *below)
    checks = settings.get("auth")
    if checks is None or checks == "none":
        return []
    kept = [check for index, check in enumerate(checks) if _is_known(loaded, (*path, "auth", index))]
    return proofs(kept, envelope.body, now)


def _route_path(trigger: Trigger, settings: Mapping[str, Any], envelope: HttpEnvelope) -> Path:
    """Where the route stands that takes the request; empty: none has an `auth` of its own."""
    if trigger.type.judge is None or trigger.type.routes is None:
        return ()
    matched = {verdict.route for verdict in trigger.type.judge(trigger.built, as_request(envelope)) if verdict.matched}
    found = [route.path for route in trigger.type.routes(settings) if route.name in matched]
    return found[0] if len(found) == 1 else ()


def _at(settings: Any, path: Path) -> Any:
    for part in path:
        settings = settings[part] if isinstance(settings, Mapping) and part in settings else None
    return settings


def _is_known(loaded: Loaded, path: Path) -> bool:
    assert loaded.written is not None
    place = locate(loaded.written.root, path)
    unset = [scalar.written for scalar in scalars(place.value) if isinstance(scalar, ScalarNode) and scalar.opaque]
    if unset:
        click.echo(f"lambda-router: {', '.join(unset)} is not set, so that nothing proves who sends this.", err=True)
    return not unset


def may_prove(url: str, config: Config) -> bool:
    """Whether secrets may go to a URL: to this machine, to a listener's own address, or to the public one."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    if is_private(Address(host, port)):
        return True
    listening = {(each.address.host, each.address.port) for each in config.listeners.values()}
    public = urlsplit(config.public_url or "")
    own = (public.hostname, public.port or {"http": 80, "https": 443}.get(public.scheme))
    return (host, port) in listening or (host, port) == own
