"""Paths into settings, as findings write them: `triggers.shop.routes["GET /orders"].function`, `rules[0]`."""

import json
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from router.config.effective import Branch, Tree
from router.config.problem import Path, dotted
from router.errors import RouterError

SECTIONS = (
    *("version", "include", "labels", "defaults", "aws", "listeners", "server", "admin", "journal", "monitoring", "log"),
    *("functions", "authorizers", "triggers", "tests", "api_keys", "usage_plans"),
)
_PART = re.compile(r'\.?(?:(?P<bare>[^.\[\]"]+)|\[(?P<index>[0-9]{1,9})\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\])')


class NothingThere(RouterError):
    """No setting has this path; the message says what is there instead."""


def sections(text: str) -> bool:
    """Whether a text begins with the name of a section."""
    return re.split(r"[.\[]", text, maxsplit=1)[0] in SECTIONS


def parse_path(text: str) -> Path:
    """Keys and indexes. Raises ValueError."""
    parts: list[str | int] = []
    at = 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise ValueError(f'`{text[at:]}` is no step: `.name`, `["a name"]` or `[0]`')
        at = part.end()
        if part["index"] is not None:
            parts.append(int(part["index"]))
        else:
            parts.append(part["bare"] if part["bare"] is not None else json.loads(part["quoted"]))
    return tuple(parts)


def narrowed(tree: Branch, path: Path) -> Branch:
    """The tree with what stands at `path` alone, below the keys that lead there. Raises NothingThere."""
    found = _narrowed(tree, path, ())
    assert isinstance(found, Branch)
    return found


def _narrowed(tree: Tree, rest: Path, before: Path) -> Tree:
    if not rest:
        return tree
    if isinstance(tree, Branch):
        if isinstance(tree.items, Mapping):
            for length in range(1, len(rest) + 1):
                key = ".".join(map(str, rest[:length]))
                if key in tree.items:
                    return Branch({key: _narrowed(tree.items[key], rest[length:], (*before, key))}, tree.origin)
            raise NothingThere(_nothing(before, rest[0], [*tree.items]))
        if isinstance(rest[0], int) and rest[0] < len(tree.items):
            return Branch((_narrowed(tree.items[rest[0]], rest[1:], (*before, rest[0])),), tree.origin)
        raise NothingThere(_nothing(before, rest[0], [*range(len(tree.items))]))
    raise NothingThere(f"`{dotted(before)}` is a single value.")


def _nothing(before: Path, part: str | int, there: Sequence[str | int]) -> str:
    where = f"Below `{dotted(before)}`" if before else "At the top"
    close = get_close_matches(str(part), map(str, there), 1)
    if close:
        return f"{where} there is no `{part}`; did you mean `{close[0]}`?"
    return f"{where} there is no `{part}`; there is {', '.join(f'`{each}`' for each in there) or 'nothing'}."
