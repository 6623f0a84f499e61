"""Rules for what stands in the shadow of something else, or in no light at all: routes behind webhooks and AWS's APIs,
listeners that nothing stands on, defaults of types whose triggers are all off.

On a listener an exact path goes before AWS's APIs, and those before every site (`router.routing`). A route is reported where
all of its requests go to the other; one that is written percent-encoded, or to a REST API with a slash behind it, would still
come, which nobody counts on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.config.problem import Path
from router.config.rules.context import Context
from router.config.rules.resources import active
from router.model import ApiClaim, PathClaim, SiteClaim, TriggerType

_DEFAULT = "$default"


@dataclass(slots=True)
class _Front:
    """What goes before the sites of one listener. `paths`: trigger by webhook path; `prefixes`: trigger by an API's prefix."""

    paths: dict[str, str] = field(default_factory=dict)
    prefixes: dict[str, str] = field(default_factory=dict)

    def taker(self, path: str, *, whole: bool) -> str | None:
        """The trigger that gets every request for a path, or, where it is not `whole`, for everything below it."""
        if whole and path in self.paths:
            return self.paths[path]
        return next((name for prefix, name in self.prefixes.items() if path == prefix or path.startswith(f"{prefix}/")), None)


def routes(context: Context) -> None:
    """No route stands behind a webhook or an AWS API that takes all of its requests."""
    fronts: dict[str, _Front] = {}
    for name, settings in active(context):
        listener = context.listener_of(settings)
        if listener is not None:
            _add(fronts.setdefault(listener, _Front()), name, context.types[settings["type"]].claims(settings))
    for name, settings in active(context):
        front = fronts.get(context.listener_of(settings) or "")
        if front is None or not (front.paths or front.prefixes):
            continue
        wanted = [
            (path, text, front.taker(text, whole=is_whole))
            for path, text, is_whole in _wanted(settings, context.types[settings["type"]])
        ]
        takers = {taker for _, _, taker in wanted}
        if len(wanted) > 1 and len(takers) == 1 and takers.isdisjoint({None, name}):
            _hidden(context, ("triggers", name), str(takers.pop()), "all of its paths")
            continue
        for path, text, taker in wanted:
            if taker is not None and taker != name:
                _hidden(context, ("triggers", name, *path), taker, f"`{text}`")


def _add(front: _Front, name: str, claims: Any) -> None:
    for claim in claims:
        if isinstance(claim, PathClaim):
            front.paths.setdefault(claim.path, name)
        elif isinstance(claim, ApiClaim):
            for prefix in claim.path_prefixes:
                front.prefixes.setdefault(prefix.rstrip("/"), name)


def _hidden(context: Context, path: Path, taker: str, taken: str) -> None:
    message = f"no request comes here: the trigger `{taker}` takes {taken} on every host of this listener"
    related = [(("triggers", taker), "this one takes it")]
    help_text = "give one of them another path, or another listener"
    context.reporter.report(path, "hidden-route", message, help=help_text, on="key", severity="warning", related=related)


Wanted = tuple[Path, str, bool]
"""Where a route stands, the path that it wants, and whether it wants that alone; else everything below, too."""


def _wanted(settings: Mapping[str, Any], kind: TriggerType) -> Iterator[Wanted]:
    if kind.name == "alb":
        for name, rule in settings["rules"].items():
            yield from _of_patterns(("rules", name), rule.get("path") or ())
    elif kind.name == "lambda_edge":
        for pattern in settings["behaviors"]:
            yield from _of_patterns(("behaviors", pattern), [pattern if pattern.startswith(("/", "*")) else f"/{pattern}"])
    elif kind.route_keys is not None:
        site = next((claim for claim in kind.claims(settings) if isinstance(claim, SiteClaim)), None)
        for path, key in kind.route_keys(settings) if site is not None else ():
            yield _of_route(path, key, site.base_path.rstrip("/") if site is not None else "")


def _of_route(path: Path, key: str, base: str) -> Wanted:
    """`key`: a method and a path whose variables are `{}`; `$default` has no path."""
    literal, variable, _ = f"{base}{key.partition(' ')[2]}".partition("/{")
    return path, literal or "/", not variable and key != _DEFAULT


def _of_patterns(path: Path, patterns: Any) -> Iterator[Wanted]:
    """A rule for one path without wildcards. Several paths would all have to be taken, which nobody writes."""
    if len(patterns) == 1:
        (pattern,) = patterns
        literal = pattern.partition("*")[0].partition("?")[0]
        if literal == pattern:
            yield path, pattern, True
        elif "/" in literal:
            yield path, literal.rpartition("/")[0], False


def listeners(context: Context) -> None:
    """A listener that no trigger stands on answers nothing but 404."""
    if context.is_broken("triggers") or context.undecided:
        return
    used = {context.listener_of(settings) for settings in context.triggers.values() if context.listens(settings)}
    if None in used:
        return
    for name in context.listeners:
        if name not in used and context.is_written(("listeners", name)):
            message = f"no trigger stands on the listener `{name}`, so that it answers 404 to everything"
            path = ("listeners", name)
            help_text = "remove it, or name it in a trigger's `listener:`"
            context.reporter.report(path, "unused-listener", message, help=help_text, on="key", severity="warning")


def defaults(context: Context) -> None:
    """Defaults for a type whose triggers are all off wait for one of them."""
    if context.is_broken("triggers"):
        return
    states: dict[str, set[Any]] = {}
    for settings in context.triggers.values():
        states.setdefault(settings["type"], set()).add(settings["enabled"])
    for name in context.settings.get("defaults") or {}:
        if states.get(name) == {False}:
            message = f"every trigger of the type `{name}` is off, so that these defaults have no effect for now"
            help_text = "enable one of the triggers, or remove them"
            context.reporter.report(("defaults", name), "idle-defaults", message, help=help_text, on="key", severity="info")
