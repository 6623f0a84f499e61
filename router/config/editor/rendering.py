"""One schema of ours as one for editors, and all schemas inside it.

A value that may be a scalar, a list or a map is told apart by what stands there (`if: {type: …}`), as our own reader does it:
an editor reports what is wrong with the form that was meant, and not that another one was not used. What it offers at such a
place comes from snippets, because language servers do not look behind an `if` for values.
"""

import re
from typing import Any

from router.config.editor.snippets import singles, snippets, values
from router.config.editor.words import SAID, SPOKEN, documented, meanings, unbuilt, wrong_form
from router.config.schemas import Schema

_SCALAR_KEYWORDS = frozenset(
    {"enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
)
_VARIABLE: Schema = {"title": "Variable", "type": "string", "pattern": "\\$\\{"}
_MAPS = ("properties", "patternProperties", "$defs")
_SINGLES = ("additionalProperties", "unevaluatedProperties", "items", "then", "else", "not", "propertyNames")
_LISTS = ("allOf", "anyOf", "oneOf")
_UNIONS = ("anyOf", "oneOf", "x-list", "x-shorthand")
_NUMBERS = ("0", "1", "8080", "1.0", "2.0", "012345678901", "111122223333")
"""Texts that an editor reads as numbers: where a pattern takes one of them, it takes a number."""


class Rendering:
    """Renders the parts of one bundled schema."""

    def __init__(self, bundled: Schema) -> None:
        self._bundled = bundled

    def of(self, schema: Any) -> Any:
        """The schema for editors."""
        if not isinstance(schema, dict):
            return schema
        if "x-unsupported" in schema and "const" not in schema:
            return unbuilt(schema)
        if "$ref" in schema and any(isinstance(example, dict | list) for example in schema.get("examples", ())):
            # Beside a reference the server takes words alone; with snippets there it loses sight of what is referred to.
            return self.of({**self._resolved(schema), **_without(schema, "$ref")})
        if any(key in schema for key in _UNIONS):
            return self._union(schema)
        return _scalar(schema) if _is_scalar(schema) else self._inside(schema)

    def _inside(self, schema: Schema) -> Schema:
        """A map, a list or a reference, with every schema inside it rendered."""
        result = {key: value for key, value in schema.items() if not key.startswith("x-") and key not in SAID}
        for key in _MAPS:
            if key in result:
                result[key] = {name: self.of(value) for name, value in result[key].items()}
        for key in _SINGLES:
            if key in result:
                result[key] = _name(result[key]) if key == "propertyNames" else self.of(result[key])
        for key in _LISTS:
            if key in result:
                result[key] = [self.of(value) for value in result[key]]
        result.update(self._deciding(result))
        result.update(_limited(result))
        if schema.get("type") == "array":
            result.update(_items(result, schema))
        offered = [*snippets(singles(schema.get("examples", ()))), *self._entries(schema)]
        return {**self._said(schema), **result, **({"defaultSnippets": offered} if offered else {})}

    def _said(self, schema: Schema) -> Schema:
        """What is said of a value; beside a reference, what is said there where nothing is said here."""
        if "$ref" not in schema:
            return documented(schema)
        beside = {key: value for key, value in schema.items() if key in (*SAID, "x-default")}
        if not beside:
            return {}
        there = {key: value for key, value in self._resolved(schema).items() if key in (*SAID, "x-default")}
        if "default" in beside or "x-default" in beside:
            there = {key: value for key, value in there.items() if key not in ("default", "x-default")}
        return documented({**there, **beside})

    def _entries(self, schema: Schema) -> list[Schema]:
        """Snippets for the next entry of a map whose keys are the user's own names."""
        entry = schema.get("additionalProperties")
        if not isinstance(entry, dict) or "x-unsupported" in entry:
            return []
        examples = self._resolved(entry).get("examples", ())
        return snippets([{"name": example} for example in examples if isinstance(example, dict | list)])

    def _deciding(self, rendered: Schema) -> Schema:
        """Keys whose presence decides a branch, offered before they are there."""
        asked = rendered.get("if", {})
        if set(asked) != {"required"}:
            return {}
        there = rendered.get("then", {}).get("properties", {})
        keys = {name: there[name] for name in asked["required"] if name in there}
        return {"properties": {**rendered.get("properties", {}), **keys}} if keys else {}

    def _resolved(self, schema: Schema) -> Schema:
        if "$ref" not in schema:
            return schema
        found: Schema = self._bundled["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        return self._resolved(found)

    def _alternatives(self, schema: Schema) -> list[Schema]:
        """The forms that a value may have, in plain schemas: a list alone, a map alone, a scalar alone."""
        target = self._resolved(schema)
        if "x-unsupported" in target:
            return []
        own = {key: value for key, value in target.items() if key not in ("x-list", "x-shorthand")}
        if "x-list" in target:
            return [own, *self._alternatives(target["items"])]
        if "x-shorthand" in target:
            return [own, *self._alternatives(target["properties"][target["x-shorthand"]])]
        branches = target.get("anyOf") or target.get("oneOf")
        return [found for each in branches for found in self._alternatives(each)] if branches else [schema]

    def _union(self, schema: Schema) -> Schema:
        forms = self._alternatives(schema)
        by_kind: dict[str, list[Schema]] = {"array": [], "object": [], "scalar": []}
        for form in forms:
            by_kind[_kind(self._resolved(form))].append(form)
        said = self._said(schema)
        choices = self._choices(by_kind["scalar"], schema)
        shown = schema.get("examples") or [each for form in forms for each in self._resolved(form).get("examples", ())]
        offered = [*choices, *snippets(singles(shown))]
        scalars = [example for example in singles(shown) if not isinstance(example, dict)]
        hints: Schema = {"defaultSnippets": offered} if offered else {}
        return {**said, **({"examples": scalars} if scalars else {}), **hints, **self._told_apart(by_kind, said)}

    def _told_apart(self, by_kind: dict[str, list[Schema]], said: Schema) -> Schema:
        """`said`: of the whole, which may tell what the values of one form mean."""
        result: Schema | None = None
        for kind in ("scalar", "object", "array"):
            forms = [_without(self.of({**said, **self._resolved(form)}), *SPOKEN) for form in by_kind[kind]]
            if not forms:
                continue
            one: Schema = forms[0] if len(forms) == 1 else {"anyOf": forms}
            result = one if result is None else {"if": {"type": kind}, "then": one, "else": result}
        assert result is not None, "a union has forms"
        return result

    def _choices(self, scalars: list[Schema], outer: Schema) -> list[Schema]:
        found = []
        for form in map(self._resolved, scalars):
            unbuilt_values = form.get("x-unsupported-values", {})
            allowed = [*form.get("enum", ()), *([form["const"]] if "const" in form else ())]
            built = [value for value in allowed if value not in unbuilt_values]
            meant = meanings(str(outer.get("description", "")), built)
            found += values(built, meant or ([form["title"]] if "title" in form and "const" in form else None))
        return found


def _items(rendered: Schema, schema: Schema) -> Schema:
    """The items of a list, with the scalars of its examples as values to pick from."""
    scalars = [example for example in singles(schema.get("examples", ())) if not isinstance(example, dict)]
    items = rendered.get("items")
    if not scalars or not isinstance(items, dict) or "examples" in items:
        return {}
    return {"items": {**items, "examples": scalars}}


def _limited(rendered: Schema) -> Schema:
    """The limit of a map's keys beside them: the server offers none where it counts the line that is being typed."""
    if "properties" not in rendered or "maxProperties" not in rendered:
        return {}
    limit = {"maxProperties": rendered.pop("maxProperties")}
    return {"allOf": [*rendered.get("allOf", ()), limit]}


def _scalar(schema: Schema) -> Schema:
    """A scalar: as our reader takes it, or a variable."""
    said = documented(schema)
    asked = {key: value for key, value in schema.items() if key not in SAID and not key.startswith("x-")}
    unbuilt_values = schema.get("x-unsupported-values", {})
    if "enum" in asked:
        asked["enum"] = [value for value in asked["enum"] if value not in unbuilt_values]
        meant = meanings(str(schema.get("description", "")), asked["enum"])
        asked.update({"markdownEnumDescriptions": meant} if meant else {})
    numbers = _numbers(asked)
    if numbers is not None:
        offered = values(asked.get("enum", [asked.get("const")]), asked.get("markdownEnumDescriptions"))
        either = {"anyOf": [{"title": schema.get("title", "Value"), **asked}, _VARIABLE]}
        return {**said, "defaultSnippets": offered, "if": {"type": "number"}, "then": {"enum": numbers}, "else": either}
    if asked.get("type") == "string" and not {"enum", "const"} & set(asked):
        return {**said, **_text(schema, asked)}
    # Without a title of its own the server takes it for the variable, too.
    return {**said, "anyOf": [{"title": schema.get("title", "Value"), **asked}, _VARIABLE]}


def _text(schema: Schema, asked: Schema) -> Schema:
    """Text: what an editor reads as a number or a truth value may be meant, too."""
    if "pattern" not in asked:
        return {"if": {"type": "boolean"}, "else": {**asked, "type": ["string", "number"]}}
    taken = any(re.search(asked["pattern"], number) for number in _NUMBERS) and "x-unit" not in schema
    wrong = wrong_form(schema)
    form = {**_without(asked, "type"), "patternErrorMessage": wrong}
    variable = {"if": {"pattern": _VARIABLE["pattern"]}, "else": form}
    return {"type": ["string", "number"], **variable} if taken else {"type": "string", "errorMessage": wrong, **variable}


def _numbers(asked: Schema) -> list[float] | None:
    """The allowed values as an editor reads them, where it reads numbers and our reader text."""
    allowed = [*asked.get("enum", ()), *([asked["const"]] if "const" in asked else ())]
    found = [number for value in allowed if isinstance(value, str) and (number := _as_number(value)) is not None]
    return found or None


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _name(schema: Schema) -> Schema:
    """What keys must be: plain text, without the freedom that values have."""
    asked = {key: value for key, value in schema.items() if not key.startswith("x-") and key not in ("default", "examples")}
    return {**asked, **({"patternErrorMessage": wrong_form(schema)} if "pattern" in schema else {})}


def _kind(schema: Schema) -> str:
    declared = schema.get("type", [])
    kinds = {declared} if isinstance(declared, str) else set(declared)
    return next((kind for kind in ("array", "object") if kind in kinds), "scalar")


def _is_scalar(schema: Schema) -> bool:
    declared = schema.get("type", [])
    types = {declared} if isinstance(declared, str) else set(declared)
    return "$ref" not in schema and not types & {"object", "array"} and bool(types or _SCALAR_KEYWORDS & set(schema))


def _without(schema: Schema, *keys: str) -> Schema:
    return {key: value for key, value in schema.items() if key not in keys}
