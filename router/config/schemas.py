"""The schema files: in a checkout `schemas/`, in the wheel `router/_schemas/`. Read once, when first asked for."""

import json
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

Schema = dict[str, Any]


@cache
def documents() -> dict[str, Schema]:
    """Every schema file by its `$id`. The result is shared: do not change it."""
    return {document["$id"]: document for document in map(_read, _files(_folder()))}


def _folder() -> Traversable:
    packaged = files("router").joinpath("_schemas")
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "schemas"


def _files(folder: Traversable) -> list[Traversable]:
    found: list[Traversable] = []
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if item.is_dir():
            found += _files(item)
        elif item.name.endswith(".schema.json"):
            found.append(item)
    return found


def _read(file: Traversable) -> Schema:
    document: Schema = json.loads(file.read_text(encoding="utf-8"))
    return document
