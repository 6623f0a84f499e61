"""Rules about what strangers can reach, read or pretend: on listeners that others than this machine can connect to."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from router.config.addresses import is_private
from router.config.nodes import Opaque
from router.config.problem import Path
from router.config.rules.context import Context
from router.config.rules.places import auths

_SENT = ("bearer", "basic", "api_key")
"""Forms of `auth` in which the secret itself is on the wire; a signature is not."""
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

Settings = Mapping[str, Any]


def _public(context: Context) -> Iterator[tuple[str, Settings, str, Settings]]:
    """Every trigger that others than this machine can reach, with its listener: names and settings."""
    for name, trigger, _ in context.decided_triggers():
        listener = context.listener_of(trigger)
        settings = context.listeners.get(listener or "")
        address = context.address((settings or {}).get("address"))
        if settings is not None and address is not None and not is_private(address) and context.listens(trigger):
            yield name, trigger, str(listener), settings


def plain_credentials(context: Context) -> None:
    """Tokens and passwords travel encrypted, here or up to a proxy in front."""
    for name, trigger, listener, settings in _public(context):
        if settings["tls"] is not None or settings["trusted_proxies"]:
            continue
        found = next(((path, form) for path, auth in auths(trigger) for form in _forms(auth) if form in _SENT), None)
        if found is not None:
            path, form = found
            message = f"`{form}` credentials come over plain HTTP: the listener `{listener}` has no `tls`"
            help_text = "add `tls:` to the listener, or name the proxy that has it under `trusted_proxies`"
            related = [(("listeners", listener), "the listener stands here")]
            where = ("triggers", name, *path)
            context.reporter.report(
                where, "plain-credentials", message, help=help_text, on="key", severity="warning", related=related
            )


def _forms(auth: Any) -> list[str]:
    if not isinstance(auth, list):
        return []
    return [form for check in auth if isinstance(check, Mapping) for form, value in check.items() if value is not None]


def proxies(context: Context) -> None:
    """Who may say where a request comes from: not everybody, and somebody who can connect."""
    for name, settings in context.listeners.items():
        address = context.address(settings["address"])
        path: Path = ("listeners", name, "trusted_proxies")
        networks = {index: _network(text) for index, text in enumerate(settings["trusted_proxies"])}
        if address is None or not networks or None in networks.values():
            continue
        for index, network in networks.items():
            if network is not None and network.prefixlen == 0 and not is_private(address):
                message = f"`{network}` is everybody: any caller could write another address into X-Forwarded-For"
                help_text = "name the networks of your proxies alone"
                context.reporter.report((*path, index), "trusts-everybody", message, help=help_text, severity="warning")
        if is_private(address) and not any(_meets_loopback(network) for network in networks.values()):
            message = f"`trusted_proxies` has no effect: only this machine can connect to `{address}`"
            help_text = "write `127.0.0.0/8`, or listen on an address that the proxies reach"
            context.reporter.report(path, "without-effect", message, help=help_text, on="key")


def _network(text: Any) -> Any:
    if isinstance(text, Opaque):
        return None
    try:
        return ip_network(text)
    except ValueError:
        return None


def _meets_loopback(network: Any) -> bool:
    return any(network.version == own.version and network.overlaps(own) for own in _LOOPBACK)


def open_doors(context: Context) -> None:
    """What anybody may use on a public listener, although more than one function is at stake."""
    for name, trigger, listener, _ in _public(context):
        path: Path = ("triggers", name)
        related = [(("listeners", listener), "the listener stands here")]
        if trigger.get("auth") != "none":
            continue
        signature = trigger.get("signature")
        if signature is not None and signature["verify"] is False:
            message = f"nothing proves a message: the listener `{listener}` is public, and signatures are not verified"
            help_text = "remove `verify: false`, or give the trigger an `auth`"
            where = (*path, "signature", "verify")
            context.reporter.report(where, "unproved-messages", message, help=help_text, severity="warning", related=related)
        if trigger["type"] == "lambda_api" and trigger["functions"] in ("all", ["all"]):
            message = f"anybody could invoke every function: the listener `{listener}` is public, and `auth` is `none`"
            help_text = "list the functions, or write an `auth`"
            where = (*path, "functions")
            context.reporter.report(where, "everything-open", message, help=help_text, severity="warning", related=related)


def credentials(context: Context) -> None:
    """A function that has the router's own credentials, and takes what anybody sends."""
    told: set[str] = set()
    public = {name: (trigger, listener) for name, trigger, listener, _ in _public(context)}
    for use in context.uses():
        if use.trigger not in public or use.name is None or use.name in told:
            continue
        trigger, listener = public[use.trigger]
        if trigger.get("auth") != "none" or (use.function["local"] or {}).get("credentials") != "router":
            continue
        told.add(use.name)
        message = f"`{use.name}` has the router's own AWS credentials, and takes what anybody sends to `{use.trigger}`"
        related = [(use.path, "it is called from here"), (("listeners", listener), "the listener stands here")]
        where: Path = ("functions", use.name, "local", "credentials")
        help_text = "a slip in its code would give them away; write `none`, or an `auth`"
        context.reporter.report(where, "shared-credentials", message, help=help_text, severity="info", related=related)
