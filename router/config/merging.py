"""How trees come together: overlays (maps merge, the rest replaces) and included files (the same key twice is an error)."""

from collections.abc import Iterable

from router.config.nodes import Entry, MapNode, Node, ScalarNode
from router.config.problem import Problem, Related


def overlay(base: Node, top: Node) -> Node:
    """`top` over `base`: maps merge key by key, lists and scalars replace. Every node keeps its own place."""
    if not isinstance(base, MapNode) or not isinstance(top, MapNode):
        return top
    entries = dict(base.entries)
    for name, entry in top.entries.items():
        below = entries.get(name)
        entries[name] = entry if below is None else Entry(entry.key, overlay(below.value, entry.value))
    return MapNode(base.span, entries)


def union(base: MapNode, others: Iterable[MapNode], problems: list[Problem]) -> MapNode:
    """The sections of several files as one: what stands in a section twice is a finding that names both places."""
    sections = dict(base.entries)
    for other in others:
        for name, entry in other.entries.items():
            here = sections.get(name)
            sections[name] = entry if here is None else Entry(here.key, _join(name, here.value, entry.value, problems))
    return MapNode(base.span, sections)


def _join(section: str, here: Node, there: Node, problems: list[Problem]) -> Node:
    if not isinstance(here, MapNode) or not isinstance(there, MapNode):
        return here
    entries = dict(here.entries)
    for name, entry in there.entries.items():
        first = entries.setdefault(name, entry)
        if first is not entry:
            message = f"`{name}` stands under `{section}:` in two files: {first.key.span.file} and {entry.key.span.file}"
            related = (Related("also written here", first.key.span),)
            help_text = "rename one, or give one file a `namespace:`"
            problems.append(Problem("declared-twice", message, entry.key.span, help=help_text, related=related))
    return MapNode(here.span, entries)


def spread_defaults(root: MapNode, of: MapNode) -> MapNode:
    """`root` with the `defaults:` and `labels:` of `of` under each trigger's own settings."""
    triggers = section(root, "triggers")
    if triggers is None:
        return root
    defaults, labels = section(of, "defaults"), of.entries.get("labels")
    entries = {}
    for name, entry in triggers.entries.items():
        value = entry.value
        if isinstance(value, MapNode):
            value = _with_defaults(value, defaults, labels)
        entries[name] = Entry(entry.key, value)
    return with_section(root, "triggers", MapNode(triggers.span, entries))


def _with_defaults(trigger: MapNode, defaults: MapNode | None, labels: Entry | None) -> MapNode:
    result = trigger
    declared = trigger.entries.get("type")
    if defaults is not None and declared is not None and isinstance(declared.value, ScalarNode):
        own = defaults.entries.get(declared.value.text)
        if own is not None and isinstance(own.value, MapNode):
            result = _under(own.value, result)
    if labels is not None and isinstance(labels.value, MapNode) and labels.value.entries:
        result = _under(MapNode(labels.value.span, {"labels": labels}), result)
    return result


def _under(base: MapNode, top: MapNode) -> MapNode:
    merged = overlay(base, top)
    assert isinstance(merged, MapNode)
    return MapNode(top.span, merged.entries)


def section(root: MapNode, name: str) -> MapNode | None:
    """The map under a top-level key; None where there is none, or something else."""
    entry = root.entries.get(name)
    return entry.value if entry is not None and isinstance(entry.value, MapNode) else None


def with_section(root: MapNode, name: str, value: MapNode) -> MapNode:
    """`root` with another map under a top-level key that is there."""
    entries = dict(root.entries)
    entries[name] = Entry(entries[name].key, value)
    return MapNode(root.span, entries)
