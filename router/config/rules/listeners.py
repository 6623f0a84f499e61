"""Rules for addresses: listeners, the admin listener, and who may reach what."""

from collections.abc import Mapping
from ipaddress import ip_network
from itertools import combinations
from typing import Any

from router.config.addresses import check_public_url, collide, is_private, parse_address
from router.config.nodes import Opaque, ScalarNode
from router.config.problem import Path
from router.config.rules.context import Context
from router.config.wording import nearest


def _addresses(context: Context) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = [
        (("listeners", name, "address"), settings["address"]) for name, settings in context.listeners.items()
    ]
    listen = (context.settings.get("admin") or {}).get("listen")
    if listen is not None:
        found.append((("admin", "listen"), listen))
    return found


def addresses(context: Context) -> None:
    """Addresses can be parsed."""
    for path, text in _addresses(context):
        if isinstance(text, Opaque):
            continue
        try:
            parse_address(text)
        except ValueError as error:
            help_text = 'write `127.0.0.1:8080`, `"[::1]:8080"` or `unix:/path`'
            context.reporter.report(path, "bad-address", f"`{text}` is no address: {error}", help=help_text)


def public_url(context: Context) -> None:
    """What senders are told is an address."""
    url = (context.settings.get("server") or {}).get("public_url")
    if url is None or isinstance(url, Opaque):
        return
    try:
        check_public_url(url)
    except ValueError as error:
        message = f"`{url}` cannot be told to senders: {error}"
        context.reporter.report(("server", "public_url"), "bad-public-url", message, help="write `https://hooks.example.com`")


def same_address(context: Context) -> None:
    """No two listeners bind the same address."""
    parsed = [(path, address) for path, text in _addresses(context) if (address := context.address(text)) is not None]
    for (first, one), (second, other) in combinations(parsed, 2):
        if collide(one, other):
            related = [(first[:2], "the other one stands here")]
            context.reporter.report(second, "same-address", f"`{other}` is taken by another listener", related=related)


def networks(context: Context) -> None:
    """`trusted_proxies` holds networks."""
    for name, settings in context.listeners.items():
        for index, text in enumerate(settings["trusted_proxies"]):
            if isinstance(text, Opaque):
                continue
            try:
                ip_network(text)
            except ValueError as error:
                path = ("listeners", name, "trusted_proxies", index)
                context.reporter.report(
                    path, "bad-network", f"`{text}` is no network: {error}", help="for example `10.0.0.0/8`"
                )


def named_listeners(context: Context) -> None:
    """A trigger's listener is declared, and named where there are several."""
    names = context.names("listeners")
    if context.is_broken("listeners") and not names:
        return
    for name, settings, _ in context.decided_triggers():
        path, named = ("triggers", name, "listener"), settings["listener"]
        if isinstance(named, Opaque):
            continue
        if not context.listens(settings):
            _check_silent(context, path, named)
        elif named is None and len(names) > 1:
            listed = ", ".join(f"`{one}`" for one in names)
            message = f"the trigger `{name}` does not say on which listener it stands"
            context.reporter.report(path[:2], "no-listener", message, help=f"add `listener:`, one of {listed}", on="key")
        elif named is not None and named not in names:
            meant = nearest(named, names)
            help_text = f"did you mean `{meant}`?" if meant else "declare it under `listeners:`"
            context.reporter.report(path, "unknown-listener", f"there is no listener `{named}`", help=help_text)


def _check_silent(context: Context, path: Path, named: str | None) -> None:
    if named is not None:
        message = "`listener` has no effect: this trigger takes no requests"
        context.reporter.report(path, "without-effect", message, help="remove it", on="key")


def strangers(context: Context) -> None:
    """What a stranger could reach says so."""
    for name, settings, _ in context.decided_triggers():
        listener = context.listener_of(settings)
        address = context.address((context.listeners.get(listener or "") or {}).get("address"))
        if address is None or is_private(address) or "auth" not in settings or _says_who(settings):
            continue
        if not context.listens(settings):
            continue
        message = (
            f"a stranger could call the trigger `{name}`: its listener `{listener}` is not on loopback, and it has no `auth`"
        )
        help_text = "if everybody may call it, write `auth: none`"
        related = [(("listeners", str(listener)), "the listener stands here")]
        context.reporter.report(("triggers", name), "no-auth", message, help=help_text, on="key", related=related)


def _says_who(settings: Mapping[str, Any]) -> bool:
    """Whether a trigger, or every one of its routes, has `auth`, be it `none`."""
    if settings["auth"] is not None:
        return True
    routes = settings.get("routes") or {}
    return bool(routes) and all(isinstance(route, dict) and route.get("auth") is not None for route in routes.values())


def admin(context: Context) -> None:
    """The admin listener has a token where others can reach it, and its settings have an effect."""
    settings = context.settings.get("admin") or {}
    listen, token = settings.get("listen"), settings.get("token")
    address = context.address(listen)
    if address is not None and not is_private(address) and token is None:
        message = f"the admin listener `{listen}` can be reached from outside, and has no `token`"
        help_text = "add `token: ${ROUTER_ADMIN_TOKEN}`, or listen on 127.0.0.1"
        context.reporter.report(("admin", "listen"), "no-token", message, help=help_text)
    if listen is None and token is not None:
        message = "`token` has no effect: the admin listener is off"
        context.reporter.report(("admin", "token"), "without-effect", message, help="add `listen:`, or remove it", on="key")
    written = context.node(("monitoring", "prometheus"))
    is_on = (context.settings.get("monitoring") or {}).get("prometheus")
    if listen is None and isinstance(written, ScalarNode) and not written.opaque and is_on and not context.is_broken("admin"):
        message = "`prometheus: true` has no effect: metrics are served by the admin listener, which is off"
        path = ("monitoring", "prometheus")
        context.reporter.report(path, "without-effect", message, help="add `admin: {listen: 127.0.0.1:9901}`", on="key")
