"""What an editor says about a setting: its hover text, what each allowed value means, and what is wrong, in our words.

`markdownDescription`, `markdownEnumDescriptions`, `errorMessage` and `patternErrorMessage` are keywords of the YAML language
server and of VS Code; others read `description`.
"""

import re
from collections.abc import Sequence
from typing import Any

import yaml

from router.config.schemas import Schema
from router.config.wording import alternatives

SAID = ("title", "description", "default", "examples")
"""The keywords that say something about a value; all others ask something of it."""
SPOKEN = (*SAID, "markdownDescription", "defaultSnippets")
"""The same in what editors get."""


_NEXT = r"(?:, `[^`]+`)*"
"""More values that mean the same."""


def documented(schema: Schema) -> Schema:
    """What a schema says about a value, and the same as Markdown: with the default, and examples that are maps or lists.

    Scalar examples stay where the server shows them itself, and offers them as values.
    """
    said = {key: schema[key] for key in SAID if key in schema}
    examples = said.pop("examples", [])
    scalars = [example for example in examples if not isinstance(example, dict | list)]
    if "x-default" in schema:
        said["description"] = f"{schema.get('description', '')} Default: {schema['x-default']}.".strip()
    paragraphs = [schema["description"]] if "description" in schema else []
    paragraphs += _default(schema)
    paragraphs += [f"```yaml\n{block(example)}```" for example in examples if isinstance(example, dict | list)]
    if paragraphs:
        said["markdownDescription"] = "\n\n".join(paragraphs)
    if scalars:
        said["examples"] = scalars
    if said.get("default") in ({}, []):
        del said["default"]
    return said


def _default(schema: Schema) -> list[str]:
    if "x-default" in schema:
        return [f"Default: {schema['x-default']}."]
    if "default" in schema and schema["default"] not in ({}, [], ""):
        return [f"Default: `{flow(schema['default'])}`"]
    return []


def block(value: Any) -> str:
    """YAML over several lines, with a line break at its end."""
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1000)
    return text


def flow(value: Any) -> str:
    """YAML in one line."""
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=True)
    return text.removesuffix("\n").removesuffix("...").strip()


def first_sentence(text: str) -> str:
    """Up to the first full stop."""
    head, stop, _ = text.partition(". ")
    return f"{head}." if stop else text


def meanings(description: str, values: Sequence[Any]) -> list[str] | None:
    """What each value means, from a description that says "`value`: what it means."; None where it says so of none."""
    found = []
    for value in values:
        match = re.search(rf"`{re.escape(str(value))}`{_NEXT}: (.+?)(?=[.;]? `[^`]+`{_NEXT}:|\. |\.?$)", description)
        found.append(match[1] if match else "")
    return found if any(found) else None


def wrong_form(schema: Schema) -> str:
    """The message about text that has not the form which the schema's pattern or unit asks for."""
    title = str(schema.get("title", "value"))
    texts = [example for example in schema.get("examples", ()) if isinstance(example, str)]
    return f"not a valid {title[0].lower()}{title[1:]}" + (f"; for example {alternatives(texts)}" if texts else "")


def unbuilt(schema: Schema) -> Schema:
    """A schema that nothing fits, with the reason; it is not offered."""
    reason = f"cannot be used in this version: {schema['x-unsupported']}"
    said = documented({key: value for key, value in schema.items() if key in ("title", "description")})
    description = f"{schema.get('description', '')} Not in this version: {schema['x-unsupported']}.".strip()
    title = str(schema.get("title", "this"))
    message = f"{title} {reason}"
    return {
        **said,
        "description": description,
        "markdownDescription": description,
        "deprecated": True,
        "deprecationMessage": message,
        "not": {},
    }
