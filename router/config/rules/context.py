"""What every rule may look at."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.arn import FunctionArn, parse_function_arn
from router.config.addresses import parse_address
from router.config.files import Files
from router.config.nodes import ListNode, MapNode, Node, Opaque, ScalarNode, locate, scalars
from router.config.problem import Path
from router.config.references import parse_reference
from router.config.reporting import Reporter
from router.config.shape import Shapes
from router.model import TriggerType
from router.settings import Address


@dataclass(slots=True, frozen=True)
class Use:
    """A place that names a function: in a trigger, or as a destination (`trigger` None).

    `function`: its settings; of an ARN that nobody declares, `name` is None and they hold the ARN alone. `arn`: in AWS, with
    the qualifier that is called; None: it has none. `qualifier`: as it is written here, else the declared ARN's. `later`:
    whether it gets events that were accepted for later.
    """

    path: Path
    trigger: str | None
    name: str | None
    function: Mapping[str, Any]
    arn: FunctionArn | None
    qualifier: str | None
    later: bool

    @property
    def shown(self) -> str:
        """The function as people know it."""
        return self.name or str(self.arn)


@dataclass(slots=True)
class Context:
    """`settings`: complete, without the parts that do not fit the schema; those are in `broken` as (section, name).

    `undecided`: paths whose value is not known and for which nothing can stand in.
    `references`: every path that names a function, with the reference. `secrets`: every path of a written secret.
    `env_files`: the variables of each function's `env_file`. `now`: epoch seconds; None: rules that depend on it say nothing.
    `namespaces`: file to its prefix.
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
    _uses: list[Use] | None = field(default=None, init=False)
    _decided: dict[str, Mapping[str, Any]] | None = field(default=None, init=False)
    _by_trigger: dict[str, list[Use]] | None = field(default=None, init=False)
    _by_arn: dict[str, str] | None = field(default=None, init=False)
    namespaces: Mapping[str, str] = field(default_factory=dict)

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
        undecided = {path[1] for path in self.undecided if path[0] == "triggers"}
        for name, settings in self.triggers.items():
            if name not in undecided:
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

    def is_own(self, path: Path) -> bool:
        """Whether a setting of a trigger is written there, and not spread from `defaults:`, which other triggers share."""
        node = self.node(path)
        if node is None:
            return False
        kind = self.triggers.get(str(path[1]), {}).get("type")
        place = locate(self.reporter.root, ("defaults", str(kind), *path[2:]))
        return not (place.exact and place.value is node)

    def is_fixed(self, path: Path) -> bool:
        """Whether nothing in the value at a path comes from a variable or a file, so that it is the same everywhere."""
        node = self.node(path)
        return node is None or not any(scalar.substituted for scalar in scalars(node))

    def is_whole(self) -> bool:
        """Whether every part of the configuration is known: nothing is broken, nothing waits for a variable."""
        return not self.broken and not self.undecided and not any(isinstance(text, Opaque) for _, text in self.references)

    def uses(self) -> list[Use]:
        """Every place that names a function which can be found, in the order of the file; looked up once."""
        if self._uses is None:
            accepting = {name for name, settings, kind in self.decided_triggers() if kind.accepts(settings)}
            found = (self._use(path, text, accepting) for path, text in self.references)
            self._uses = [use for use in found if use is not None]
        return self._uses

    def caller(self, use: Use) -> Mapping[str, Any] | None:
        """The settings of the trigger that a place stands in; None: a destination, or a trigger that waits for a variable."""
        if self._decided is None:
            self._decided = {name: settings for name, settings, _ in self.decided_triggers()}
        return None if use.trigger is None else self._decided.get(use.trigger)

    def uses_of(self, trigger: str) -> list[Use]:
        """The places of one trigger that name a function."""
        if self._by_trigger is None:
            self._by_trigger = defaultdict(list)
            for use in self.uses():
                if use.trigger is not None:
                    self._by_trigger[use.trigger].append(use)
        return self._by_trigger.get(trigger, [])

    def declared_as(self, arn: FunctionArn) -> str | None:
        """The name of the function that has an ARN, whatever its qualifier; None where nobody declares it."""
        if self._by_arn is None:
            known = {name: each["arn"] for name, each in self.functions.items() if each["arn"] is not None}
            self._by_arn = {_unqualified(text): name for name, text in reversed(known.items())}
        return self._by_arn.get(str(arn.qualified(None)))

    def _use(self, path: Path, text: str, accepting: Collection[str]) -> Use | None:
        if isinstance(text, Opaque):
            return None
        try:
            reference = parse_reference(text)
        except ValueError:
            return None
        name = reference.name if reference.arn is None else self.declared_as(reference.arn)
        if name is not None and name not in self.functions:
            return None
        function = self.functions[name] if name is not None else {**_UNDECLARED, "arn": str(reference.arn)}
        arn = None if function["arn"] is None or isinstance(function["arn"], Opaque) else parse_function_arn(function["arn"])
        qualifier = reference.qualifier or (arn.qualifier if arn is not None else None)
        arn = arn.qualified(qualifier) if arn is not None else None
        trigger = str(path[1]) if path[0] == "triggers" and path[2] != "async" else None
        later = trigger is None or (trigger in accepting and self._is_later(trigger, path[2:]))
        return Use(path, trigger, name, function, arn, qualifier, later)

    def _is_later(self, trigger: str, path: Path) -> bool:
        settings = self.triggers[trigger]
        is_later = self.types[settings["type"]].is_later
        return is_later is None or is_later(settings, path)

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


_UNDECLARED = {"timeout": None, "max_concurrency": None, "invoke_role_arn": None, "local": None, "async": None}
"""The settings of a function that is named by its ARN alone."""


def _unqualified(text: str) -> str:
    arn = parse_function_arn(text)
    return str(arn.qualified(None)) if arn is not None else text


def _holds_opaque(node: Node) -> bool:
    match node:
        case ScalarNode():
            return node.opaque
        case ListNode():
            return any(map(_holds_opaque, node.items))
        case MapNode():
            return any(_holds_opaque(entry.value) for entry in node.entries.values())
