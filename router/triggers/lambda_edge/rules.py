"""What the schema cannot say about a `lambda_edge` trigger: patterns in order, versions, origins, limits of CloudFront's."""

from collections.abc import Iterator, Mapping
from typing import Any

from router.arn import parse_function_arn
from router.model import Report
from router.patterns.inclusion import Cover, covers, parse_path
from router.policies.webhook_auth import check_auth
from router.triggers.lambda_edge.headers import is_forbidden_as_custom
from router.triggers.lambda_edge.origins import OriginUrl, parse_url
from router.triggers.lambda_edge.site import with_slash

_STAGES = ("viewer_request", "origin_request", "origin_response", "viewer_response")
_HOME = "us-east-1"
_LONGEST = 120.0
_LARGEST_BODY = 4 * 1024 * 1024
"""Base64 of more would not fit into Lambda's 6 MiB event."""
_RANGES = {
    "read_timeout": (1.0, _LONGEST),
    "keepalive_timeout": (1.0, _LONGEST),
    "connection_timeout": (1.0, 10.0),
}
"""Seconds that CloudFront takes (semantics/sync.md §9.2)."""


def check(settings: Mapping[str, Any], report: Report) -> None:
    """Every finding of one trigger."""
    check_auth(settings.get("auth"), report)
    _check_patterns([*settings["behaviors"]], report)
    for pattern, behavior in settings["behaviors"].items():
        _check_origins(behavior, ("behaviors", pattern), report)
    for side, seconds in settings["timeouts"].items():
        if not 0 < seconds <= 30:
            report(("timeouts", side), "bad-timeout", "an edge function may take more than 0 and at most 30s")
    for side, limits in settings["limits"].items():
        if limits["include_body"] > _LARGEST_BODY:
            report(("limits", side, "include_body"), "bad-limit", "more than 4MiB of a body do not fit into an event")


def check_functions(settings: Mapping[str, Any], functions: Mapping[str, Any], report: Report) -> None:
    """An edge stage names a version, here or where the function is declared; CloudFront takes those of one region."""
    for pattern, behavior in settings["behaviors"].items():
        for name in _STAGES:
            if behavior.get(name) is not None:
                reference = behavior[name]["function"]
                declared = functions.get(reference.partition(":")[0]) or {"arn": reference}
                arn, path = parse_function_arn(declared["arn"] or ""), ("behaviors", pattern, name, "function")
                _check_version(reference, arn.qualifier if arn is not None else None, path, report)
                if arn is not None and arn.region != _HOME:
                    message = f"CloudFront takes functions of {_HOME} only; the router calls this one in {arn.region}"
                    report(path, "edge-region", message, severity="warning")


def _check_patterns(patterns: list[str], report: Report) -> None:
    """A behavior that others take everything from only together is not seen."""
    seen: dict[str, str] = {}
    cover: Cover[str] = Cover()
    for pattern in patterns:
        place = ("behaviors", pattern)
        glob = parse_path(with_slash(pattern))
        above = next((each for each in cover.candidates(glob) if covers(parse_path(with_slash(each)), glob)), None)
        same = seen.get(with_slash(pattern))
        if same is not None:
            report(place, "same-pattern", f"`{pattern}` means the same as `{same}` above it", on="key")
        elif above is not None:
            help_text = "behaviors are tried in order: write the more general one further down, the default one last"
            related = [(("behaviors", above), "this one takes all")]
            message = f"no request comes here: `{above}` above it takes all"
            report(place, "unreachable", message, help=help_text, on="key", related=related)
        seen.setdefault(with_slash(pattern), pattern)
        cover.add(glob, pattern)


def _check_version(reference: str, declared: str | None, path: tuple[Any, ...], report: Report) -> None:
    """`declared`: the qualifier of the function's declaration, which one in the reference replaces."""
    arn = parse_function_arn(reference)
    qualifier = (arn.qualifier if arn is not None else reference.partition(":")[2]) or declared
    if not qualifier or not qualifier.isascii() or not qualifier.isdigit():
        example = f"`{reference.partition(':')[0]}:7`" if arn is None else f"`{arn.qualified('7')}`"
        help_text = f"write for example {example}"
        message = "an edge stage names a numbered version of a function: CloudFront takes neither `$LATEST` nor an alias"
        report(path, "unnumbered-version", message, help=help_text)


# --- origins ---------------------------------------------------------------------------------------------------------


def _check_origins(behavior: Mapping[str, Any], path: tuple[Any, ...], report: Report) -> None:
    own = _check_origin(behavior["origin"], (*path, "origin"), report)
    seen = {(behavior["origin"]["type"], _server(own))} if own is not None else set()
    for index, origin in enumerate(behavior["allowed_origins"]):
        place = (*path, "allowed_origins", index)
        url = _check_origin(origin, place, report)
        if url is not None and (origin["type"], _server(url)) in seen:
            message = "this server is declared above already; a function may change the path itself"
            report((*place, "url"), "same-origin", message)
        if url is not None:
            seen.add((origin["type"], _server(url)))
    if behavior["allowed_origins"] and behavior.get("origin_request") is None:
        message = "`allowed_origins` has no effect: only an origin_request function switches origins"
        report((*path, "allowed_origins"), "without-effect", message, on="key")


def _server(url: OriginUrl) -> tuple[bool, str, int]:
    return url.tls, url.host, url.port


def _check_origin(origin: Mapping[str, Any], path: tuple[Any, ...], report: Report) -> OriginUrl | None:
    _check_settings(origin, path, report)
    for name in origin["custom_headers"]:
        if is_forbidden_as_custom(name.lower()):
            message = f"CloudFront does not take `{name}` as a custom header"
            report((*path, "custom_headers", name), "bad-header", message, on="key")
    for one, other in _doubles([*origin["custom_headers"]]):
        report((*path, "custom_headers", one), "bad-header", f"`{one}` is the same header as `{other}`", on="key")
    try:
        url = parse_url(origin["url"])
    except ValueError as error:
        report(
            (*path, "url"), "bad-origin", f"`{origin['url']}` is no origin: {error}", help="for example `http://origin:8000`"
        )
        return None
    if origin["ca"] is not None and not url.tls:
        report((*path, "ca"), "without-effect", "`ca` has no effect: the origin has no TLS", on="key")
    if origin["type"] == "s3" and len(url.host) > 128:
        report((*path, "url"), "bad-origin", "the domain name of an S3 origin has at most 128 characters")
    return url


def _check_settings(origin: Mapping[str, Any], path: tuple[Any, ...], report: Report) -> None:
    for name, (least, most) in _RANGES.items():
        if not least <= origin[name] <= most:
            report((*path, name), "bad-timeout", f"`{name}` is between {least:g}s and {most:g}s")
    for name in ("read_timeout", "keepalive_timeout", "response_completion_timeout"):
        if origin[name] is not None and not float(origin[name]).is_integer():
            report((*path, name), "bad-timeout", f"CloudFront counts `{name}` in whole seconds")
    completion = origin["response_completion_timeout"]
    if completion is not None and completion < origin["read_timeout"]:
        report((*path, "response_completion_timeout"), "bad-timeout", "it is at least as long as `read_timeout`")
    if origin["region"] is not None and origin["type"] == "custom":
        report((*path, "region"), "without-effect", "`region` has no effect: only an S3 origin has one", on="key")


def _doubles(names: list[str]) -> Iterator[tuple[str, str]]:
    first: dict[str, str] = {}
    for name in names:
        if name.lower() in first:
            yield name, first[name.lower()]
        first.setdefault(name.lower(), name)
