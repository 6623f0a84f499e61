"""A compiled distribution: behaviors by path pattern, their stages, origins, limits.

CloudFront normalises the path by RFC 3986 to pick a behavior and sends the raw one on, so `/public/../private/x` and
`/%70rivate/x` belong to `/private/*`. Source: semantics/sync.md §9.1 and
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from router.model import Target
from router.policies.webhook_auth import Auth
from router.triggers.lambda_edge.headers import EventType
from router.triggers.lambda_edge.origins import DeclaredOrigin

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


@dataclass(slots=True, frozen=True)
class Stage:
    """One function association of a behavior."""

    target: Target
    include_body: bool = False


@dataclass(slots=True, frozen=True)
class Limits:
    """Bytes, for viewer or for origin events (semantics/sync.md §9.5). `timeout`: seconds that a function may take."""

    generated_response: int
    include_body: int
    replaced_text: int
    replaced_base64: int
    timeout: float


@dataclass(slots=True, frozen=True)
class Behavior:
    """One cache behavior: what happens to the requests whose path fits `pattern`. `name`: the pattern as it was written."""

    name: str
    pattern: str
    origin: DeclaredOrigin
    allowed_origins: tuple[DeclaredOrigin, ...]
    stages: Mapping[EventType, Stage]
    cloudfront_headers: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class Site:
    """A distribution. `via`: the name that stands in Via headers."""

    domain_name: str
    distribution_id: str
    via: str
    behaviors: tuple[Behavior, ...]
    viewer: Limits
    origin: Limits
    auth: Auth

    def behavior(self, path: str) -> Behavior | None:
        """The first behavior whose pattern fits; `path` as it was sent."""
        wanted = normalized(path)
        return next((behavior for behavior in self.behaviors if fits(behavior.pattern, wanted)), None)

    def limits(self, event: EventType) -> Limits:
        """The limits of a stage."""
        return self.viewer if event in (EventType.VIEWER_REQUEST, EventType.VIEWER_RESPONSE) else self.origin


def with_slash(pattern: str) -> str:
    """`images/*` means the same as `/images/*`; `*` fits everything anyway."""
    return pattern if pattern.startswith(("/", "*")) else f"/{pattern}"


def fits(pattern: str, path: str) -> bool:
    """Whether a path fits: `*` stands for any characters, `?` for one; case matters.

    Two cursors with one place to go back to, so that no pattern makes a long path expensive.
    """
    at = place = 0
    star = resume = -1
    while place < len(path):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, place
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", path[place]):
            at += 1
            place += 1
        elif star >= 0:
            resume += 1
            at, place = star + 1, resume
        else:
            return False
    return not pattern[at:].strip("*")


@lru_cache(maxsize=1024)
def normalized(path: str) -> str:
    """RFC 3986 §6.2.2: unreserved characters decoded, other escapes in upper case, dot segments removed."""
    if "%" not in path and "/." not in path:
        return path
    return _without_dots(_ESCAPE.sub(_normalized_escape, path))


def _normalized_escape(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def _without_dots(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept)
