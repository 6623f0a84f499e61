"""The tree keeps its shape: layers, no import cycles, small files, four files per trigger type, and no loose ends.

The layers are those of docs/architecture.md. Imports inside functions count like all others.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from router.triggers import TYPES

ROOT = Path(__file__).parent.parent
ROUTER = ROOT / "router"

LAYERS = (
    (
        "words",
        {
            "",
            "errors",
            "arn",
            "functions",
            "batches",
            "deliveries",
            "origins",
            "envelopes",
            "outcome",
            "messages",
            "model",
            "ports",
            "settings",
            "steps",
            "verdicts",
            "fakes",
            "fake_queue",
        },
    ),
    (
        "pure",
        {
            "eventstream",
            "jsontext",
            "triggers",
            "patterns",
            "policies",
            "config",
            "connecting",
            "importing",
            "routing",
            "reports",
            "review",
            "samples",
        },
    ),
    ("engine", {"driver", "delivery", "exchange", "streams"}),
    ("edges", {"net", "backends", "journal", "monitoring", "auth", "clock", "files", "revisions", "starter"}),
    ("doors", {"ingress", "console"}),
    (
        "wiring",
        {
            "background",
            "doctor",
            "explaining",
            "generation",
            "permissions",
            "processes",
            "runtime",
            "simulation",
            "telemetry",
            "testing",
            "workers",
        },
    ),
    ("commands", {"cli", "__main__"}),
)
"""From the lowest to the highest; each room is a module or package of `router`, the empty one is `router/__init__.py`."""

EDGE_ROOMS = ("backends.aws", "backends.local", "journal", "monitoring", "auth", "files")
"""Edges that know nothing of each other. `net` serves them all; `backends` itself holds what both backends share."""

INSIDE_THE_FUNCTION = "backends.local.clients"
"""Run as scripts in the interpreter of the user's function: the standard library, each other, and nothing else of ours."""

IMPURE = {
    *{"asyncio", "socket", "ssl", "selectors", "select", "threading", "multiprocessing", "subprocess", "concurrent", "signal"},
    *{"boto3", "botocore", "aiobotocore", "aiohttp", "httptools", "uvloop", "sqlite3", "urllib.request", "http.client"},
    *{"random", "secrets", "uuid", "os", "glob", "tempfile", "shutil", "logging"},
}
CLOCKS = {
    *{f"time.{name}" for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "process_time", "sleep")},
    *{"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now", "datetime.datetime.utcnow"},
}

MAX_LINES = 400
MAX_TEST_LINES = 600
MAX_FUNCTION_LINES = 70


def python_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def module_name(path: Path) -> str:
    """`routing`, `triggers.lambda_api.names`; a package is its `__init__`, the root package is empty."""
    parts = path.relative_to(ROUTER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> Mapping[str, ast.Module]:
    return {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in python_files(ROUTER)}


def imported_names(tree: ast.AST) -> Iterator[str]:
    """Dotted names of everything that is imported, wherever that stands; `from a import b` is `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def own_imports(module: str) -> frozenset[str]:
    """The modules of `router` that a module imports."""
    found = set()
    for name in imported_names(modules()[module]):
        top, _, rest = name.partition(".")
        if top == "router":
            found.add(rest if rest in modules() else rest.rpartition(".")[0])
    return frozenset(found - {module})


def foreign_imports(module: str) -> set[str]:
    return {name for name in imported_names(modules()[module]) if name.partition(".")[0] != "router"}


def room(module: str) -> str:
    return module.partition(".")[0]


def layer(module: str) -> int:
    return next(level for level, (_, rooms) in enumerate(LAYERS) if room(module) in rooms)


def modules_of(name: str) -> list[str]:
    return [module for module in modules() if LAYERS[layer(module)][0] == name]


def inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_imports_are_seen() -> None:
    assert own_imports("routing") == {"errors", "model"}
    assert own_imports("triggers") == {"model"}, "types are loaded by name"
    assert own_imports("triggers.alb.event") >= {"model", "triggers._http"}
    assert "orjson" in foreign_imports("jsontext")


def test_every_module_has_its_layer() -> None:
    known = {name for _, rooms in LAYERS for name in rooms}
    assert {room(module) for module in modules()} <= known


def test_modules_import_from_their_own_layer_or_below() -> None:
    upwards = {(module, used) for module in modules() for used in own_imports(module) if layer(used) > layer(module)}
    assert upwards == set()


def test_there_are_no_import_cycles() -> None:
    try:
        TopologicalSorter({module: own_imports(module) for module in modules()}).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' -> '.join(error.args[1])}")


def test_edges_know_nothing_of_each_other() -> None:
    crossings = {
        (module, used)
        for own in EDGE_ROOMS
        for module in modules()
        if inside(module, own)
        for used in own_imports(module)
        if any(inside(used, other) for other in EDGE_ROOMS if other != own)
    }
    assert crossings == set()
    assert {used for module in modules() if inside(module, "net") for used in own_imports(module)} <= {
        *(module for module in modules() if inside(module, "net") or layer(module) < 3)
    }


def test_trigger_types_know_nothing_of_each_other() -> None:
    crossings = {
        (module, used)
        for name in TYPES
        for module in modules()
        if inside(module, f"triggers.{name}")
        for used in own_imports(module)
        if used == "triggers" or any(inside(used, f"triggers.{other}") for other in TYPES if other != name)
    }
    assert crossings == set()


def test_the_words_need_the_standard_library_only() -> None:
    foreign = {(module, name) for module in modules_of("words") for name in foreign_imports(module)}
    assert {(module, name) for module, name in foreign if name.partition(".")[0] not in sys.stdlib_module_names} == set()


def test_what_runs_inside_the_function_needs_nothing_of_ours() -> None:
    clients = {module for module in modules() if inside(module, INSIDE_THE_FUNCTION)}
    allowed = {*sys.stdlib_module_names, "awslambdaric", *(module.rpartition(".")[2] for module in clients)}
    names = {(module, name) for module in clients for name in imported_names(modules()[module])}
    assert {(module, name) for module, name in names if name.partition(".")[0] not in allowed} == set()


@pytest.mark.parametrize("module", [*modules_of("words"), *modules_of("pure")])
def test_the_lower_layers_touch_no_world(module: str) -> None:
    impure = {name for name in foreign_imports(module) if any(inside(name, banned) for banned in IMPURE)}
    clocks = {node for node in map(ast.unparse, attributes(modules()[module])) if node in CLOCKS}
    clocks |= foreign_imports(module) & CLOCKS
    opened = {call for call in called_names(modules()[module]) if call in ("open", "input", "print", "exec", "eval")}
    assert (impure, clocks, opened) == (set(), set(), set())


def attributes(tree: ast.AST) -> Iterator[ast.Attribute]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))


def called_names(tree: ast.AST) -> Iterator[str]:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return (function.id for function in calls if isinstance(function, ast.Name))


def test_only_commands_print() -> None:
    printing = {module for module, tree in modules().items() if "print" in called_names(tree)}
    assert {module for module in printing if not inside(module, "cli")} == set()


def line_count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_files_stay_small() -> None:
    long = {str(path.relative_to(ROOT)): line_count(path) for path in python_files(ROUTER) if line_count(path) > MAX_LINES}
    tests = python_files(ROOT / "tests")
    long |= {str(path.relative_to(ROOT)): line_count(path) for path in tests if line_count(path) > MAX_TEST_LINES}
    assert long == {}


def test_functions_stay_small() -> None:
    long = {
        f"{module}.{node.name}": length
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert long == {}


def test_every_module_says_its_rule_at_its_top() -> None:
    assert {module for module, tree in modules().items() if not ast.get_docstring(tree) and tree.body} == set()


def test_a_trigger_type_is_four_files_with_one_stem() -> None:
    triggers = ROUTER / "triggers"
    stems = {
        "router/triggers": {path.stem for path in triggers.iterdir() if not path.name.startswith(("_", "."))},
        "schemas/triggers": {path.name.removesuffix(".schema.json") for path in (ROOT / "schemas" / "triggers").iterdir()},
        "tests/triggers": {
            path.stem.removeprefix("test_")
            for path in (ROOT / "tests" / "triggers").glob("test_*.py")
            if path.stem.removeprefix("test_") in TYPES
        },
        "configs/examples": {path.stem for path in (ROOT / "configs" / "examples").glob("*.yaml")},
    }
    assert stems == {place: set(TYPES) for place in stems}
    assert {name: type.name for name, type in TYPES.items()} == {name: name for name in TYPES}


def test_nothing_is_put_off() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error", "XX" + "X:")
    folders = ("router", "schemas", "configs", "tests", "docs", "benchmarks")
    files = [
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".json", ".yaml", ".md") and ROOT / "benchmarks" / "out" not in path.parents
    ]
    found = {
        f"{path.relative_to(ROOT)}: {mark}" for path in files for mark in marks if mark in path.read_text(encoding="utf-8")
    }
    assert found == set()
