"""Templates as people have them: each result is golden, passes the validator, and has no drift from where it comes from.

`UPDATE_GOLDEN=1` writes the results anew; read the difference before it is committed.
"""

import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from router.cli import main
from router.config import Severity, load
from router.files import LocalFiles
from router.importing.drift.checking import check_drift
from router.importing.importer import Imported, import_files
from router.importing.notes import NoteKind
from router.importing.options import Deployed, Options
from router.importing.settling import InMemory
from router.triggers import TYPES

TEMPLATES = Path(__file__).parent / "templates"
NAMES = sorted(path.name for path in TEMPLATES.iterdir())
RESULT = "expected.yaml"
NOT_COMPARED = {"auth", "health_check", "source", "path", "hosts", "base_path", "x_forwarded_for"}
"""What an importer makes up, or a configuration says beyond a template."""


@pytest.fixture(params=NAMES)
def folder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a template, which the test runs in."""
    path = TEMPLATES / str(request.param)
    monkeypatch.chdir(path)
    return path


def arguments(folder: Path) -> list[str]:
    return shlex.split((folder / "arguments.txt").read_text())


def run(folder: Path, *more: str) -> Result:
    return CliRunner().invoke(main, ["import", *arguments(folder), *more])


def imported(folder: Path) -> Imported:
    """The same without the command line."""
    words = arguments(folder)
    options: dict[str, Any] = {"parameters": {}, "workers": {}}
    paths = []
    while words:
        word = words.pop(0)
        if word in ("--parameter", "--worker"):
            name, _, value = words.pop(0).partition("=")
            options[f"{word[2:]}s"][name] = value
        elif word == "--functions":
            options["functions"] = Deployed(words.pop(0))
        elif word.startswith("--"):
            options[word[2:]] = words.pop(0)
        else:
            paths.append(word)
    return import_files(paths, Options(**options), LocalFiles(), target=RESULT)


def test_the_result_is_what_it_was(folder: Path) -> None:
    result = run(folder)
    if "UPDATE_GOLDEN" in os.environ:
        (folder / RESULT).write_text(result.stdout)
    assert (result.exit_code, result.stdout) == (0, (folder / RESULT).read_text())


def test_what_is_to_be_known_stands_on_standard_error_and_in_the_file(folder: Path) -> None:
    result = run(folder)
    shown = result.stderr.splitlines()
    assert len(shown) == len(set(shown)) == len(imported(folder).notes)
    closing = [line.removeprefix("#   ") for line in result.stdout.splitlines() if line.startswith("#   ")]
    kinds = [str(kind) for kind in NoteKind]
    assert closing == [f"{where}{what}" for where, what in (_split(line, kinds) for line in shown)]


def _split(line: str, kinds: list[str]) -> tuple[str, str]:
    kind = next(kind for kind in kinds if f": {kind}: " in line)
    where, _, what = line.partition(f": {kind}: ")
    return where, f": {what}"


def test_the_validator_takes_it(folder: Path) -> None:
    loaded = load([RESULT], files=LocalFiles(), env={}, require_env=False, partial=True)
    assert [problem for problem in loaded.problems if problem.severity is Severity.ERROR] == []
    assert loaded.config is not None


def test_every_part_says_where_it_comes_from(folder: Path) -> None:
    lines = (folder / RESULT).read_text().splitlines()
    settings = yaml.safe_load("\n".join(lines))
    for section in ("functions", "triggers"):
        for name in settings[section]:
            start = lines.index(f"{section}:")
            at = next(index for index in range(start, len(lines)) if lines[index].startswith(f"  {name}:"))
            above = next(line for line in reversed(lines[:at]) if line.startswith("  # from ") or line[:3] != "  #")
            assert above.startswith("  # from "), (section, name)
            file, _, line_number = above.removeprefix("  # from ").split(" ")[0].rpartition(":")
            assert 0 < int(line_number) <= len((folder / file).read_text().splitlines())


def test_nothing_that_must_not_be_copied_is(folder: Path) -> None:
    texts = "".join(path.read_text() for path in folder.rglob("*") if path.is_file() and path.name != RESULT)
    result = run(folder)
    assert "not-to-be-copied" not in result.stdout + result.stderr
    if folder.name in ("sam-shop", "serverless-v4", "aws-exports", "cfn-pool-edge"):
        assert "not-to-be-copied" in texts


def test_every_trigger_type_is_imported_from_somewhere() -> None:
    found = set()
    for name in NAMES:
        settings = yaml.safe_load((TEMPLATES / name / RESULT).read_text())
        found |= {trigger["type"] for trigger in settings["triggers"].values()}
    assert found == set(TYPES)


# --- drift -----------------------------------------------------------------------------------------------------------


def test_the_result_has_no_drift(folder: Path) -> None:
    result = run(folder, "--check", RESULT, "--strict")
    words = [word for word in arguments(folder) if not word.startswith("--")]
    assert result.exit_code == 0, result.stdout
    assert result.stdout.startswith(f"{RESULT}: no drift from "), words


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from leaves(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from leaves(below, (*path, index))
    else:
        yield path


def mutated(settings: Any, path: tuple[Any, ...]) -> Any:
    """A copy in which the value at a path is another one."""
    if not path:
        match settings:
            case bool():
                return not settings
            case int() | float():
                return settings + 1
            case _:
                return _other(str(settings))
    copied = dict(settings) if isinstance(settings, Mapping) else list(settings)
    copied[path[0]] = mutated(copied[path[0]], path[1:])
    return copied


def _other(text: str) -> str:
    for unit in ("ms", "s", "m", "h"):
        if text.removesuffix(unit).isdigit():
            return f"{int(text.removesuffix(unit)) + 1}{unit}"
    return f"{text}x" if "${" not in text else text


def is_compared(path: tuple[Any, ...]) -> bool:
    if path[0] not in ("functions", "triggers") or NOT_COMPARED & set(path[2:]):
        return False
    return path[0] != "functions" or "packages" not in path


def test_every_change_that_the_validator_takes_is_drift(folder: Path) -> None:
    source = imported(folder)
    settings = source.draft.settings
    everything = [path for path in leaves(settings) if is_compared(path)]
    missed = []
    for path in everything[:: max(1, len(everything) // 25)]:
        changed = mutated(settings, path)
        if changed == settings:
            continue
        checked = check_drift(source, RESULT, InMemory(LocalFiles(), RESULT, yaml.safe_dump(changed, sort_keys=False).encode()))
        if checked.loaded.config is not None and not checked.drifts:
            missed.append(path)
    assert missed == []


def test_every_route_that_is_gone_is_missed(folder: Path) -> None:
    source = imported(folder)
    settings = source.draft.settings
    # Without its trigger a function's `async:` has no effect, and the configuration would not be valid.
    functions = {name: _without_async(function) for name, function in settings["functions"].items()}
    for name in settings["triggers"]:
        triggers = {key: value for key, value in settings["triggers"].items() if key != name}
        changed = yaml.safe_dump({**settings, "functions": functions, "triggers": triggers}, sort_keys=False)
        checked = check_drift(source, RESULT, InMemory(LocalFiles(), RESULT, changed.encode()))
        assert [drift for drift in checked.drifts if drift.kind == "missing"] != [], name


def _without_async(function: Any) -> Any:
    return function if isinstance(function, str) else {key: value for key, value in function.items() if key != "async"}


# --- lambda-router test ----------------------------------------------------------------------------------------------


def test_events_reach_what_the_template_says(folder: Path) -> None:
    """Every trigger that is enabled has a test, and so has every route of it."""
    result = CliRunner().invoke(main, ["test", "expected.test.yaml", "--coverage", "--fail-under", "100"])
    assert result.exit_code == 0, result.output
    assert "together 100.0 %" in result.output
