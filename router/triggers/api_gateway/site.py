"""Where an API stands in the URL: below its stage on the default host, or below the base path of a custom domain.

With `hosts` or `base_path` the API is mapped like a custom domain: the base path replaces the stage in the URL.
Source: semantics/sync.md §3.1, §3.2, §4.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router.model import SiteClaim

DEFAULT_STAGE = "$default"


@dataclass(slots=True, frozen=True)
class Site:
    """`prefix`: what precedes the API's own path, without trailing slash. `mapped`: whether it is a base path, not a stage."""

    prefix: str
    mapped: bool

    def rest(self, path: str) -> str:
        """The path below the prefix; at least `/`."""
        rest = path[len(self.prefix) :]
        return rest if rest.startswith("/") else "/" + rest

    def sent_path(self, path: str) -> str:
        """The path with prefix as the client sent it; a prefix alone gets its slash."""
        return path if len(path) > len(self.prefix) else self.prefix + "/"


def stage_of(settings: Mapping[str, Any]) -> str:
    """The stage's name; `$default` where none is declared (HTTP APIs only)."""
    return settings.get("stage") or DEFAULT_STAGE


def base_path_of(settings: Mapping[str, Any]) -> str:
    """`/`, or a path without trailing slash: declared, else `/` with hosts, else the stage's."""
    declared = settings.get("base_path")
    if declared:
        return str(declared)
    stage = stage_of(settings)
    return "/" if settings.get("hosts") or stage == DEFAULT_STAGE else f"/{stage}"


def compile_site(settings: Mapping[str, Any]) -> Site:
    """The compiled form of `hosts`, `base_path` and `stage`."""
    return Site(base_path_of(settings).rstrip("/"), bool(settings.get("hosts") or settings.get("base_path")))


def claims(settings: Mapping[str, Any]) -> tuple[SiteClaim, ...]:
    """One claim per host; one for any host where none is declared."""
    base_path = base_path_of(settings)
    return tuple(SiteClaim(host and host.lower(), base_path) for host in settings.get("hosts") or (None,))
