"""Renders `docs/reference.md` from `schemas/`: every option with its type, default and description.

usage: python docs/generate_reference.py     (a test compares the page with what this renders)
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "schemas"
PAGE = ROOT / "docs" / "reference.md"
INTRODUCTION = """\
# Option reference

Rendered from [`schemas/`](../schemas), which is the source. `*` marks what is required. Durations are written
`250ms 30s 5m 6h 7d`, sizes `256KiB 6MiB`. Where the type says `one or more`, one value may be written alone.
`lambda-router schema` prints the same for editors.
"""

Schema = dict[str, Any]


class Reference:
    """Reads schema files and follows their references."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Path, Schema] = {}

    def render(self) -> str:
        parts = [INTRODUCTION]
        main = self._folder / "router.schema.json"
        parts.append(self._section("The file", main, self._read(main)))
        for file in sorted((self._folder / "triggers").glob("*.schema.json")):
            schema = self._read(file)
            parts.append(self._section(f"`type: {file.name.partition('.')[0]}`", file, schema))
        return "\n".join(parts)

    def _read(self, file: Path) -> Schema:
        if file not in self._files:
            self._files[file] = json.loads(file.read_text())
        return self._files[file]

    def _section(self, title: str, file: Path, schema: Schema) -> str:
        rows = [f"| {' | '.join(row)} |" for row in self._rows("", file, schema, ())]
        head = ["| option | type | default | meaning |", "|---|---|---|---|"]
        return "\n".join([f"## {title}", "", schema.get("description", ""), "", *head, *rows, ""])

    def _resolve(self, file: Path, schema: Schema) -> tuple[Path, Schema]:
        """A schema with its reference merged in; what stands beside the reference wins."""
        seen: list[str] = []
        while "$ref" in schema and schema["$ref"] not in seen:
            seen.append(schema["$ref"])
            where, _, pointer = schema["$ref"].partition("#")
            there = (file.parent / where).resolve() if where else file
            found: Any = self._read(there)
            for step in pointer.strip("/").split("/") if pointer.strip("/") else []:
                found = found[step]
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            file, schema = there, {**found, **rest}
        return file, schema

    def _properties(self, file: Path, schema: Schema) -> Iterator[tuple[str, Path, Schema, bool]]:
        for part in schema.get("allOf", ()):
            there, resolved = self._resolve(file, part)
            yield from self._properties(there, resolved)
        required = set(schema.get("required", ()))
        for name, value in schema.get("properties", {}).items():
            yield name, *self._resolve(file, value), name in required
        for branch in ("then", "else"):
            if branch in schema:
                yield from self._properties(file, schema[branch])

    def _rows(self, prefix: str, file: Path, schema: Schema, above: tuple[int, ...]) -> Iterator[tuple[str, str, str, str]]:
        for name, there, value, required in self._properties(file, schema):
            path = f"{prefix}.{name}" if prefix else name
            yield f"`{path}`{' *' if required else ''}", self._type(there, value), _default(value), _meaning(value)
            yield from self._nested(path, there, value, above)

    def _nested(self, path: str, file: Path, schema: Schema, above: tuple[int, ...]) -> Iterator[tuple[str, str, str, str]]:
        if id(schema) in above or len(above) > 6 or "x-unsupported" in schema:
            return
        above = (*above, id(schema))
        yield from self._rows(path, file, schema, above)
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict):
            yield from self._nested(f"{path}.<name>", *self._resolve(file, extra), above)
        items = schema.get("items")
        if isinstance(items, dict):
            yield from self._nested(f"{path}[]", *self._resolve(file, items), above)
        for key in ("anyOf", "oneOf"):
            for branch in schema.get(key, ()):
                there, resolved = self._resolve(file, branch)
                if resolved.get("type") != "string":
                    yield from self._nested(path, there, resolved, above)

    def _type(self, file: Path, schema: Schema) -> str:
        if "x-unsupported" in schema and "const" not in schema:
            return "not built yet"
        if "x-unit" in schema:
            return str(schema["x-unit"])
        if "const" in schema:
            return f"`{schema['const']}`"
        if "enum" in schema:
            refused = schema.get("x-unsupported-values", {})
            return ", ".join(f"`{value}`" for value in schema["enum"] if value not in refused)
        if "items" in schema:
            of = self._type(*self._resolve(file, schema["items"]))
            return f"one or more: {of}" if schema.get("x-list") else f"list of {of}"
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return " or ".join(dict.fromkeys(self._type(*self._resolve(file, each)) for each in schema[key]))
        if schema.get("x-reference"):
            return str(schema["x-reference"])
        if schema.get("x-path"):
            return "path"
        kind = schema.get("type", "any")
        names = kind if isinstance(kind, list) else [kind]
        return " or ".join({"object": "map", "string": "text"}.get(name, name) for name in names)


def _default(schema: Schema) -> str:
    if "x-default" in schema:
        return str(schema["x-default"])
    if "default" in schema and schema["default"] not in ({}, []):
        return f"`{_yaml(schema['default'])}`"
    return ""


def _yaml(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _meaning(schema: Schema) -> str:
    text = str(schema.get("description") or schema.get("title") or "")
    if "x-unsupported" in schema:
        text = f"{text} Refused: {schema['x-unsupported']}."
    for value, reason in schema.get("x-unsupported-values", {}).items():
        text = f"{text} `{value}` is refused: {reason}."
    if schema.get("examples"):
        text = f"{text} Example: `{_yaml(schema['examples'][0])}`."
    return text.replace("|", "\\|").replace("\n", " ").replace("..", ".").strip()


def rendered() -> str:
    """The page."""
    return Reference(SCHEMAS).render()


if __name__ == "__main__":
    PAGE.write_text(rendered())
