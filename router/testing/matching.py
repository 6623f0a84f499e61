"""Values held against what is expected of them: whole (`equals`), in part (`contains`), or by queries (`jsonpath`).

`contains`: a map has at least these keys, a list has a different element for each of these, a text has this text in it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from router import jsontext
from router.config.rules.cases import MATCHERS
from router.patterns.queries import find

_SHOWN = 120
_MOST = 12
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
NOTHING = "nothing"


def decoded(data: bytes) -> Any:
    """The JSON that bytes hold; else their text."""
    try:
        return jsontext.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")


def matches(matcher: Any, got: Any) -> list[str]:
    """What is wrong, a line each; empty where everything fits."""
    if not (isinstance(matcher, Mapping) and matcher and all(key in MATCHERS for key in matcher)):
        return _limited([*_equal(matcher, got, "$")])
    wrong: list[str] = []
    if "equals" in matcher:
        wrong += _equal(matcher["equals"], got, "$")
    if "contains" in matcher:
        wrong += _contained(matcher["contains"], got, "$", whole=True)
    for query, wanted in matcher.get("jsonpath", {}).items():
        found = find(query, got)
        if wanted not in ([found] if isinstance(wanted, list) else []) and (len(found) != 1 or not same(found[0], wanted)):
            what = shown(found[0]) if len(found) == 1 else f"{len(found)} values: {shown(found)}" if found else NOTHING
            wrong.append(f"{query}: wanted {shown(wanted)}, got {what}")
    return _limited(wrong)


def body_matches(matcher: Any, body: bytes) -> list[str]:
    """As `matches`, of a body: as text where text is wanted, else of the JSON that it holds."""
    wanted = matcher
    if isinstance(matcher, Mapping) and len(matcher) == 1:
        wanted = next(iter(matcher.values())) if next(iter(matcher)) in ("equals", "contains") else matcher
    return matches(matcher, body.decode("utf-8", "replace") if isinstance(wanted, str) else decoded(body))


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; true is not 1."""
    return not [*_equal(one, other, "$")]


def shown(value: Any) -> str:
    """A value in one line, cut where it is long."""
    text = jsontext.dumps(value).decode("utf-8", "replace")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _limited(lines: list[str]) -> list[str]:
    return lines if len(lines) <= _MOST else [*lines[:_MOST], f"… and {len(lines) - _MOST} more"]


def _equal(wanted: Any, got: Any, path: str) -> Iterator[str]:
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        for key in wanted.keys() | got.keys():
            if key not in got:
                yield f"{_below(path, key)}: wanted {shown(wanted[key])}, got {NOTHING}"
            elif key not in wanted:
                yield f"{_below(path, key)}: wanted {NOTHING}, got {shown(got[key])}"
            else:
                yield from _equal(wanted[key], got[key], _below(path, key))
    elif isinstance(wanted, list) and isinstance(got, list):
        for index in range(max(len(wanted), len(got))):
            left = wanted[index : index + 1], got[index : index + 1]
            if left[0] and left[1]:
                yield from _equal(left[0][0], left[1][0], f"{path}[{index}]")
            else:
                texts = [shown(each[0]) if each else NOTHING for each in left]
                yield f"{path}[{index}]: wanted {texts[0]}, got {texts[1]}"
    elif wanted != got or isinstance(wanted, bool) != isinstance(got, bool):
        yield f"{path}: wanted {shown(wanted)}, got {shown(got)}"


def _contained(wanted: Any, got: Any, path: str, *, whole: bool = False) -> Iterator[str]:
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        for key, each in wanted.items():
            if key in got:
                yield from _contained(each, got[key], _below(path, key))
            else:
                yield f"{_below(path, key)}: wanted {shown(each)}, got {NOTHING}"
    elif isinstance(wanted, list) and isinstance(got, list):
        yield from _elements(wanted, got, path)
    elif whole and isinstance(wanted, str) and isinstance(got, str):
        if wanted not in got:
            yield f"{path}: wanted {shown(wanted)} in it, got {shown(got)}"
    else:
        yield from _equal(wanted, got, path)


def _elements(wanted: list[Any], got: list[Any], path: str) -> Iterator[str]:
    """A different element for each; of one that none fits, what is wrong with the element in its place."""
    left = dict(enumerate(got))
    for index, each in enumerate(wanted):
        found = next((at for at, value in left.items() if not [*_contained(each, value, path)]), None)
        if found is not None:
            del left[found]
        elif index in left:
            yield from _contained(each, left[index], f"{path}[{index}]")
        else:
            yield f"{path}: wanted an element {shown(each)}, got {shown(got)}"


def _below(path: str, key: Any) -> str:
    return f"{path}.{key}" if _NAME.fullmatch(str(key)) else f"{path}[{shown(key)}]"
