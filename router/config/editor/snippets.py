"""Examples as snippets: what an editor inserts whole, with a tab stop at every value.

`defaultSnippets` is a keyword of the YAML language server and of VS Code. Bodies are values, not text: the server writes them
at the right indent, after the key or below it.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from router.config.editor.words import block, flow
from router.config.schemas import Schema

_LONGEST_LABEL = 60


def snippet(label: str, body: Any, description: str = "") -> Schema:
    """One snippet. `body`: an example; its scalars become tab stops."""
    text = body if isinstance(body, str) else f"```yaml\n{block(body)}```"
    documentation = f"{description}\n\n{text}" if description else text
    return {"label": label, "markdownDescription": documentation, "body": _stops(body, itertools.count(1))}


def snippets(examples: Iterable[Any]) -> list[Schema]:
    """A snippet for each example that is a map; scalars are offered without."""
    return [snippet(_label(example), example) for example in examples if isinstance(example, dict) and example]


def singles(examples: Iterable[Any]) -> list[Any]:
    """The examples with the items of lists in their place, each once: the server writes the dashes itself."""
    found: list[Any] = []
    for example in examples:
        found += [each for each in (example if isinstance(example, list) else [example]) if each not in found]
    return found


def values(allowed: Iterable[Any], meant: Iterable[str] | None) -> list[Schema]:
    """Scalars to pick from, each with what it means."""
    said = itertools.repeat("") if meant is None else meant
    return [
        {"label": str(value), "body": _scalar(value), **({"markdownDescription": text} if text else {})}
        for value, text in zip(allowed, said, strict=False)
    ]


def in_map(name: str, example: Any) -> dict[str, Any]:
    """An example under a name that is still to be found."""
    return {name: example}


def labelled(name: str, examples: Iterable[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Examples of a trigger type under its name; where there are several, with the first value that sets each apart."""
    known = list(examples)
    for example in known:
        apart = (
            str(value)
            for key, value in example.items()
            if isinstance(value, str | int) and any(other.get(key) != value for other in known)
        )
        yield " ".join((name, *itertools.islice(apart, 1))), example


def _label(example: Any) -> str:
    text = flow(example)
    text = text[1:-1] if text[:1] == "{" else text
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"


def _stops(value: Any, numbers: Iterator[int]) -> Any:
    """The value with a tab stop for every scalar, and for a name that stands for the user's own."""
    if isinstance(value, dict):
        return {_key(key, numbers): _stops(item, numbers) for key, item in value.items()}
    if isinstance(value, list):
        return [_stops(item, numbers) for item in value]
    return f"${{{next(numbers)}:{_escaped(_scalar(value))}}}"


def _key(key: str, numbers: Iterator[int]) -> str:
    return f"${{{next(numbers)}:{key}}}" if key == "name" else re.sub(r"[\\$]", r"\\\g<0>", _text(key))


def _escaped(text: str) -> str:
    return re.sub(r"[\\$}]", r"\\\g<0>", text)


def _scalar(value: Any) -> str:
    """A scalar as it is written in block style: without quotes where YAML needs none."""
    return _text(value) if isinstance(value, str) else flow(value)


def _text(text: str) -> str:
    return text if _is_plain(text) else flow(text)


def _is_plain(text: str) -> bool:
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError:
        return False
    return not isinstance(read, dict | list) and read is not None and "#" not in text and "\n" not in text
