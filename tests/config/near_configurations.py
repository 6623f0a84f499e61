"""Texts that are almost configurations: values drawn from the schema, then twisted. For property tests.

Whatever the schema allows is tried, and beside it what it does not: other types, neighbours of limits, words of elsewhere.
"""

import copy
from typing import Any

import yaml
from hypothesis import strategies as st

from router.config.bundle import bundle
from router.config.catalogue import RULES, Tier
from router.config.schemas import Schema, documents
from router.triggers import TYPES

_BUNDLED = bundle(documents(), TYPES)
_FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:orders"
_WORDS = (
    *("", "x", "orders", "orders:live", "refunds", _FUNCTION, f"{_FUNCTION}:7", "main", "0.0.0.0:8080", "127.0.0.1:0"),
    *("30s", "0s", "15m", "6h", "400d", "1MiB", "900GiB", "/", "/hook", "/a/{id}", "GET /a", "$default", "ANY /{proxy+}"),
    *("true", "NO", "null", "012", "1.0", "2.0", "-1", "0", "99999999999999999999", "1e400", ".nan", "*", "*.example.com"),
    *("${SET}", "${UNSET}", "${UNSET:-30s}", "${file:no}", "$${", "${", "sqs:jobs", "sqs:jobs.fifo", "s3:bucket"),
    *("rate(5 minutes)", "cron(0 2 * * ? *)", "at(1999-01-01T00:00:00)", "arn:aws:sns:eu-west-1:111122223333:alerts"),
    *("$.detail.x", '{"a": <b>}', "http://origin:8000", "unix:/tmp/s", "[::1]:8080", "none", "all", "ünï", "😀", "a\nb", "\t"),
    *("eu-west-1", "us-gov-west-1", "eu-west-1_Pool", "10.0.0.0/8", "10.0.0.1/8", "src", "app.handler", "python", "\x85"),
)
_SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(_WORDS), st.integers(-2, 100), st.booleans(), st.none(), st.floats(), st.text(max_size=8)
)
_ANYTHING = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=3),
    max_leaves=4,
)
_KEYS = sorted({name for schema in (_BUNDLED, *_BUNDLED["$defs"].values()) for name in schema.get("properties", {})})
"""Settings of any place."""
_DEPTH = 6
_NAMES = st.sampled_from(("orders", "main", "shop", "a", "b-2", "ünï", ""))


def _resolved(schema: Any) -> Any:
    while isinstance(schema, dict) and "$ref" in schema:
        target: Any = _BUNDLED
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {"allOf": [target, rest]} if rest else target
    return schema


@st.composite
def values(draw: st.DrawFn, schema: Any, depth: int = 0) -> Any:
    """A value of a schema, most of the time."""
    schema = _resolved(schema)
    if not isinstance(schema, dict) or depth > _DEPTH or draw(st.integers(0, 19)) == 0:
        return draw(_ANYTHING)
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return draw(values(draw(st.sampled_from(schema[key])), depth + 1))
    if "enum" in schema or "const" in schema:
        return draw(st.sampled_from(schema.get("enum", [schema.get("const")])))
    properties = _properties(schema)
    if properties or _kind(schema) == "object":
        return draw(_maps(schema, properties, depth))
    if _kind(schema) == "array":
        return draw(st.lists(values(schema.get("items", True), depth + 1), max_size=3))
    examples = [*schema.get("examples", ()), *([schema["default"]] if "default" in schema else ())]
    return draw(st.sampled_from(examples) | _SCALARS if examples else _SCALARS)


@st.composite
def _maps(draw: st.DrawFn, schema: Schema, properties: dict[str, Any], depth: int) -> dict[Any, Any]:
    required = [name for part in _parts(schema) for name in part.get("required", ())]
    more = draw(st.lists(st.sampled_from(sorted(properties)), max_size=4)) if properties else []
    result = {name: draw(values(properties.get(name, True), depth + 1)) for name in dict.fromkeys([*required, *more])}
    other = next((part["additionalProperties"] for part in _parts(schema) if "additionalProperties" in part), None)
    if isinstance(other, dict):
        names = draw(st.lists(_NAMES | st.sampled_from(_WORDS), max_size=3))
        result |= {name: draw(values(other, depth + 1)) for name in names}
    if draw(st.integers(0, 14)) == 0:
        result[draw(st.sampled_from(_WORDS))] = draw(_ANYTHING)
    return result


def _parts(schema: Any) -> list[Schema]:
    schema = _resolved(schema)
    if not isinstance(schema, dict):
        return []
    return [schema, *(inner for part in schema.get("allOf", ()) for inner in _parts(part))]


def _properties(schema: Schema) -> dict[str, Any]:
    return {name: part for piece in _parts(schema) for name, part in piece.get("properties", {}).items()}


def _kind(schema: Schema) -> str:
    declared = next((part["type"] for part in _parts(schema) if "type" in part), "string")
    return declared if isinstance(declared, str) else str(declared[0])


@st.composite
def _triggers(draw: st.DrawFn) -> Any:
    name = draw(st.sampled_from(sorted(TYPES)))
    trigger = draw(values({"$ref": f"#/$defs/triggers.{name}"}))
    if isinstance(trigger, dict):
        trigger = trigger | {"type": name, "invocation": sorted(TYPES[name].invocations)[0]}
    return trigger


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    """The values of a whole file."""
    functions = draw(values(_BUNDLED["properties"]["functions"]))
    if isinstance(functions, dict):
        functions = {"orders": _FUNCTION, **functions}
    document = {
        "version": 1,
        "functions": functions,
        "triggers": draw(st.dictionaries(st.sampled_from(_WORDS), _triggers(), max_size=3)),
    }
    names = draw(st.lists(st.sampled_from(sorted(set(_BUNDLED["properties"]) - {"functions", "triggers"})), max_size=3))
    return document | {name: draw(values(_BUNDLED["properties"][name])) for name in names}


_CORPUS = [
    yaml.safe_load(text)
    for rule in RULES
    if rule.tier in (Tier.SEMANTICS, Tier.LINT)
    for text in (rule.good, *([rule.bad] if rule.data is None else []))
]


@st.composite
def mutants(draw: st.DrawFn) -> Any:
    """An example of some rule, with a few things changed: removed, replaced, called otherwise, or added.

    Mostly by what stands under the same key in another example, so that the schema is content and the rules are asked.
    """
    document = copy.deepcopy(draw(st.sampled_from(_CORPUS)))
    for _ in range(draw(st.integers(1, 5))):
        places = _places(document)
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        change = draw(st.integers(0, 11))
        if change == 0:
            del holder[key]
        elif change == 1 and isinstance(holder, dict):
            holder[draw(st.sampled_from(_KEYS))] = holder.pop(key)
        elif change == 2:
            holder[key] = draw(_ANYTHING)
        elif change == 3:
            holder[key] = [holder[key], holder[key]]
        elif change < 8 and isinstance(holder, dict):
            other = draw(st.sampled_from(sorted(_BESIDE.get(key, _KEYS))))
            holder[other] = copy.deepcopy(draw(st.sampled_from(_SEEN.get(other, _WORDS))))
        else:
            holder[key] = copy.deepcopy(draw(st.sampled_from(_SEEN.get(key, _WORDS))))
    return document


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every key and index, with what holds it."""
    inside = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    return [(value, key) for key, _ in inside] + [place for _, item in inside for place in _places(item)]


_SEEN: dict[Any, list[Any]] = {}
"""What stands under a key in the examples."""
_BESIDE: dict[Any, set[str]] = {}
"""What stands beside it."""
for _holder, _key in (place for document in _CORPUS for place in _places(document)):
    if isinstance(_key, str):
        _SEEN.setdefault(_key, []).append(_holder[_key])
        _BESIDE.setdefault(_key, set()).update(filter(lambda other: isinstance(other, str), _holder))


@st.composite
def near_configurations(draw: st.DrawFn) -> str:
    """The text of a file, sometimes with a character too many or too few."""
    flow = draw(st.sampled_from([None, True, False]))
    text: str = yaml.safe_dump(
        draw(configurations() | mutants() | mutants()), default_flow_style=flow, allow_unicode=True, sort_keys=False, width=120
    )
    if draw(st.integers(0, 4)) == 0:
        start = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 3))
        put = draw(
            st.sampled_from(
                ["", "\t", "*", "&a ", "#", "'", '"', "{", "]", ": ", "- ", "\n", "<<: ", "\0", "# lambda-router: ignore[x]"]
            )
        )
        text = text[:start] + put + text[start + cut :]
    return text
