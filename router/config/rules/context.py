"""What every rule may look at."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from router.config.addresses import parse_address
from router.config.files import Files
from router.config.nodes import ListNode, MapNode, Node, Opaque, ScalarNode, locate
from router.config.problem import Path
from router.config.reporting import Reporter
from router.config.shape import Shapes
from router.model import TriggerType
from router.settings import Address


@dataclass(slots=True)
class Context:
    """`settings`: complete, without the parts that do not fit the schema; those are in `broken` as (section, name).

    `undecided`: paths whose value is not known and for which nothing can stand in.
    `references`: every path that names a function, with the reference. `secrets`: every path of a written secret.
    `env_files`: the variables of each function's `env_file`. `now`: epoch seconds; None: rules that depend on it say nothing.
    """

    settings: Mapping[str, Any]
    reporter: Reporter
    shapes: Shapes
    files: Files
    types: Mapping[str, TriggerType]
    broken: Collection[Path]
    undecided: Collection[Path]
    references: Collection[tuple[Path, str]]
    secrets: Collection[Path]
    env_files: Mapping[str, Mapping[str, str]]
    now: float | None = None

    @property
    def functions(self) -> Mapping[str, Any]:
        return self.settings.get("functions") or {}

    @property
    def listeners(self) -> Mapping[str, Any]:
        return self.settings.get("listeners") or {}

    @property
    def triggers(self) -> Mapping[str, Any]:
        return self.settings.get("triggers") or {}

    def names(self, section: str) -> list[str]:
        """Every name declared in a section, with those that do not fit the schema."""
        return [
            *(self.settings.get(section) or {}),
            *(str(path[1]) for path in self.broken if path[:1] == (section,) and len(path) > 1),
        ]

    def is_broken(self, section: str) -> bool:
        return any(path[:1] == (section,) for path in self.broken)

    def decided_triggers(self) -> Iterator[tuple[str, Mapping[str, Any], TriggerType]]:
        """The triggers about which rules can say something."""
        for name, settings in self.triggers.items():
            if not any(path[:2] == ("triggers", name) for path in self.undecided):
                yield name, settings, self.types[settings["type"]]

    def listens(self, settings: Mapping[str, Any]) -> bool:
        """Whether a trigger claims requests on a listener; one that polls does not."""
        return bool(self.types[settings["type"]].claims(settings))

    def listener_of(self, settings: Mapping[str, Any]) -> str | None:
        """The listener that a trigger stands on; None where that cannot be said."""
        named = settings.get("listener")
        if named is None:
            names = self.names("listeners")
            return names[0] if len(names) == 1 else None
        return None if isinstance(named, Opaque) or named not in self.listeners else str(named)

    def node(self, path: Path) -> Node | None:
        """What is written at a path; None where nothing is."""
        place = locate(self.reporter.root, path)
        return place.value if place.exact else None

    def is_written(self, path: Path) -> bool:
        return self.node(path) is not None

    def is_known(self, path: Path) -> bool:
        """Whether no unset variable stands in the value at a path."""
        node = self.node(path)
        return node is None or not _holds_opaque(node)

    def address(self, text: Any) -> Address | None:
        """A parsed address; None where it is not known or wrong."""
        if text is None or isinstance(text, Opaque):
            return None
        try:
            return parse_address(text)
        except ValueError:
            return None


def _holds_opaque(node: Node) -> bool:
    match node:
        case ScalarNode():
            return node.opaque
        case ListNode():
            return any(map(_holds_opaque, node.items))
        case MapNode():
            return any(_holds_opaque(entry.value) for entry in node.entries.values())
