"""Nothing is dropped silently: what was read of a resource, what is known not to matter, and a note for everything else."""

import re

from router.importing.irrelevant import knows_below, reason_for
from router.importing.not_built import unknown_property
from router.importing.view import View


def audit(view: View) -> None:
    """A note for each property of a resource that nobody has read and that is not known to be irrelevant."""
    _look(view, view.owner.kind)


def _look(view: View, kind: str) -> None:
    node = view.node
    if node.taken or node.value is None or (view.path and reason_for(kind, _pattern(view.path)) is not None):
        return
    descend = node.touched or bool(view.path and knows_below(kind, _pattern(view.path)))
    if isinstance(node.value, dict) and descend:
        for key, below in node.value.items():
            _look(View(below, view.owner, (*view.path, below.name or key)), kind)
    elif isinstance(node.value, list) and descend:
        for index, below in enumerate(node.value):
            _look(View(below, view.owner, (*view.path[:-1], f"{view.path[-1] if view.path else ''}[{index}]")), kind)
    elif view.path or node.value:
        view.refuse(unknown_property(_pattern(view.path)[-1] if view.path else ""))


def _pattern(path: tuple[str, ...]) -> tuple[str, ...]:
    """Without the indexes of lists."""
    return tuple(re.sub(r"\[\d+\]$", "", part) for part in path)
