"""What the compiler takes and yet makes wrong: nothing of that stands in the modules that the compiled wheel compiles.

mypyc keeps the exception that is handled per thread, not per coroutine: where a handler waits, others see its exception, and
may raise it again. And attributes of exception classes that it compiles are lost where the base is not compiled.
"""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"][
    "modules"
]
BASES = {"Protocol", "Generic", "Enum", "StrEnum", "NamedTuple", "Exception", "ValueError", "_Plain", "Stream"}
"""What classes there may be made of: nothing of the kind has attributes of its own but `_Plain`, which is compiled, too."""


def tree(module: str) -> ast.Module:
    path = ROOT.joinpath(*module.split("."))
    file = path.with_suffix(".py")
    return ast.parse((file if file.exists() else path / "__init__.py").read_text())


def waits_in_handlers(node: ast.AST, handling: bool = False) -> Iterator[int]:
    """Lines that wait while an exception may be handled. `async with` waits in a handler of its own."""
    suspends = (ast.Await, ast.Yield, ast.YieldFrom, ast.AsyncFor)
    if isinstance(node, ast.AsyncWith) or (handling and isinstance(node, suspends)):
        assert isinstance(node, ast.stmt | ast.expr)
        yield node.lineno
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        handling = False
    for name, value in ast.iter_fields(node):
        inside = handling or (isinstance(node, ast.Try) and name in ("handlers", "finalbody"))
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield from waits_in_handlers(each, inside)


@pytest.mark.parametrize("module", MODULES)
def test_no_handler_waits(module: str) -> None:
    assert [*waits_in_handlers(tree(module))] == []


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("async def f():\n try:\n  await g()\n except ValueError:\n  pass", []),
        ("async def f():\n try:\n  pass\n except ValueError:\n  await g()", [5]),
        ("async def f():\n try:\n  pass\n finally:\n  if x:\n   await g()", [6]),
        ("async def f():\n async with g():\n  pass", [2]),
        ("def f():\n try:\n  pass\n except ValueError:\n  yield 1", [5]),
        ("def f():\n try:\n  pass\n except ValueError:\n  async def g():\n   await h()", []),
    ],
)
def test_waits_in_handlers_are_found(code: str, lines: list[int]) -> None:
    assert [*waits_in_handlers(ast.parse(code))] == lines


@pytest.mark.parametrize("module", MODULES)
def test_classes_have_no_foreign_bases(module: str) -> None:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ClassDef):
            bases = {ast.unparse(base).partition("[")[0] for base in node.bases}
            assert bases <= BASES, node.name
            if bases & {"Exception", "ValueError"}:
                assert not any(isinstance(each, ast.Assign | ast.AnnAssign) for each in node.body), node.name


def test_the_modules_are_sorted_and_there_is_each_once() -> None:
    assert sorted(set(MODULES)) == MODULES
