"""`binaryMediaTypes` of a REST API: which bodies travel as base64. Source: semantics/sync.md §3.4."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class BinaryMediaTypes:
    """A compiled list. `*/*` takes everything, `image/*` a whole type, else the media type must be equal."""

    everything: bool
    types: frozenset[str]
    exact: frozenset[str]

    def match(self, value: str) -> bool:
        """Whether a media type is binary here; parameters are cut, case does not count."""
        if self.everything:
            return True
        media = value.partition(";")[0].strip().lower()
        return media in self.exact or media.partition("/")[0] in self.types


def compile_binary_media_types(patterns: Iterable[str]) -> BinaryMediaTypes:
    """`patterns`: media types; a sub-type, or both parts, may be `*`."""
    lowered = [pattern.lower() for pattern in patterns]
    return BinaryMediaTypes(
        "*/*" in lowered,
        frozenset(pattern.removesuffix("/*") for pattern in lowered if pattern.endswith("/*") and pattern != "*/*"),
        frozenset(pattern for pattern in lowered if pattern != "*/*"),
    )
