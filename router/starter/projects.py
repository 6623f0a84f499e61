"""What a starter project consists of: one row per template, one per runtime."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from router import __version__
from router.config.bundle import bundle
from router.config.editor import for_editors, for_tests
from router.config.schemas import documents
from router.triggers import TYPES


@dataclass(slots=True, frozen=True)
class Template:
    """One kind of project. `function`: its only one; `about`: ends "serves router.yaml: …"; `attempt`: a first command."""

    function: str
    about: str
    attempt: str


@dataclass(slots=True, frozen=True)
class Runtime:
    """`file`: of the function's code, `handler`: its handler."""

    file: str
    handler: str


TEMPLATES: Mapping[str, Template] = {
    "http": Template("hello", "an HTTP API on 127.0.0.1:8080", "curl 'http://127.0.0.1:8080/hello?name=you'"),
    "events": Template("paid", "an event bus on 127.0.0.1:8080", "lambda-router sample --trigger bus --as curl | sh"),
    "schedule": Template("report", "a clock that calls functions", "curl http://127.0.0.1:9901/status"),
    "uploads": Template(
        "thumbnail",
        "what MinIO posts to 127.0.0.1:8080/hooks/minio",
        "lambda-router sample --trigger uploads --as curl | sh",
    ),
}
RUNTIMES: Mapping[str, Runtime] = {
    "python": Runtime("app.py", "app.handler"),
    "nodejs": Runtime("index.mjs", "index.handler"),
}
_COMMON = {
    ".gitignore": "gitignore",
    ".pre-commit-config.yaml": "pre-commit-config.yaml",
    ".github/workflows/lambda-router.yml": "github.yml",
    "README.md": "README.md",
}
_GITLAB = {".gitlab-ci.yml": "gitlab-ci.yml"}


def project(template: str, runtime: str, *, gitlab: bool = False) -> dict[str, str]:
    """The texts of a project's files by their relative paths, in the order in which a reader wants them."""
    kind, language = TEMPLATES[template], RUNTIMES[runtime]
    own = {
        "router.yaml": f"{template}/router.yaml",
        "router.test.yaml": f"{template}/router.test.yaml",
        f"functions/{kind.function}/{language.file}": f"{template}/{language.file}",
    }
    common = {path: f"common/{name}" for path, name in {**_COMMON, **(_GITLAB if gitlab else {})}.items()}
    values = {
        "RUNTIME": runtime,
        "HANDLER": language.handler,
        "VERSION": __version__,
        "ABOUT": kind.about,
        "TRY": kind.attempt,
    }
    texts = {path: _filled_in(name, values) for path, name in {**own, **common}.items()}
    return texts | _schemas()


@cache
def _schemas() -> dict[str, str]:
    bundled = bundle(documents(), TYPES)
    schemas = {"router.schema.json": for_editors(bundled, TYPES), "router.test.schema.json": for_tests(bundled)}
    return {path: f"{json.dumps(schema, ensure_ascii=False)}\n" for path, schema in schemas.items()}


def _filled_in(name: str, values: Mapping[str, str]) -> str:
    folder, _, file = name.partition("/")
    text = files("router.starter").joinpath("files", folder, f"{file}.template").read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
