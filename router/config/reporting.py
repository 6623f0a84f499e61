"""Where a rule's findings go: paths become places, and what cannot be said of an unknown value is not said."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from router.config.fixes import written_anew
from router.config.nodes import ListNode, MapNode, ScalarNode, locate, scalars
from router.config.problem import Path, Problem, Related, Severity, Span

_QUOTED = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"")
_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class Reporter:
    """Collects findings about one tree."""

    root: MapNode
    problems: list[Problem] = field(default_factory=list)

    def report(
        self,
        path: Path,
        code: str,
        message: str,
        *,
        help: str | None = None,
        on: str = "value",
        severity: str = "error",
        related: Iterable[tuple[Path, str]] = (),
        replacement: str | None = None,
    ) -> None:
        """A finding at a path; dropped where the value there, or one in its list, is not known: a variable is not set.

        `replacement`: what was surely meant in place of the key or value.
        """
        place = locate(self.root, path)
        if on == "value" and place.exact and isinstance(place.value, ListNode) and any(map(_is_opaque, scalars(place.value))):
            return
        if on == "value" and isinstance(place.value, ScalarNode) and place.value.opaque:
            return
        if isinstance(place.value, ScalarNode) and place.value.substituted:
            message, help = concealed(message, place.value, path), help and concealed(help, place.value, path)
        others = tuple(Related(text, self.key_span(other)) for other, text in related)
        at_value = on == "value" and (place.exact or isinstance(place.value, ScalarNode))
        span = place.value.span if at_value else self.key_span(path)
        fix = written_anew(span, replacement) if replacement is not None else None
        self.problems.append(Problem(code, message, span, Severity(severity), path, help, others, fix))

    def key_span(self, path: Path) -> Span:
        """Where the key of a path stands; an item of a list has none, so there it is the item's own place."""
        place = locate(self.root, path)
        inside_list = place.exact and bool(path) and isinstance(path[-1], int)
        return place.value.span if place.key is None or inside_list else place.key

    def below(self, base: Path) -> Callable[..., None]:
        """A `router.model.Report` for paths that start at `base`."""

        def report(
            path: Path,
            code: str,
            message: str,
            *,
            help: str | None = None,
            on: str = "value",
            severity: str = "error",
            related: Iterable[tuple[Path, str]] = (),
        ) -> None:
            others = [((*base, *other), text) for other, text in related]
            self.report((*base, *path), code, message, help=help, on=on, severity=severity, related=others)

        return report


def _is_opaque(node: ScalarNode) -> bool:
    return node.opaque


def concealed(text: str, node: ScalarNode, path: Path) -> str:
    """A message about a value from a variable, without quoting any part of that value.

    The keys of its path may be quoted, whatever they have in common with it: they stand in the file.
    """
    written = [node.written, *(part for part in path if isinstance(part, str))]
    ours = {word for part in written for word in _WORD.findall(part)}

    def replace(match: re.Match[str]) -> str:
        words = set(_WORD.findall(match[0])) - ours
        return f"`{node.written}`" if any(word in node.text for word in words) else match[0]

    return _QUOTED.sub(replace, text)
