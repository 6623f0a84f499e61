"""Starter projects as a person uses them: written, validated, tested, run, and called."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from router import __version__
from router.cli import main
from router.starter.projects import RUNTIMES, TEMPLATES, project
from tests.e2e.running import PATIENCE, Running

PORTS = "listeners: {main: '127.0.0.1:0'}\nadmin: {listen: '127.0.0.1:0'}\n"
PROGRAM = [sys.executable, "-m", "router"]


@pytest.fixture
def folder(tmp_path: Path, clean_environment: None) -> Path:
    return tmp_path / "new" / "project"


@pytest.fixture
def run() -> Iterator[Any]:
    """`run(folder)`: the daemon, ready."""
    started: list[Running] = []

    def start(folder: Path) -> Running:
        (folder / "ports.yaml").write_text(PORTS)
        started.append(Running(folder, "-f", "ports.yaml", environment=os.environ))
        started[-1].logged("Ready.")
        return started[-1]

    yield start
    for running in started:
        assert running.end(signal.SIGTERM) == 0
        running.close()


def init(folder: Path, *args: str) -> None:
    result = CliRunner().invoke(main, ["init", str(folder), *args])
    assert (result.exit_code, result.stderr) == (0, "")


def called(folder: Path, *args: str) -> str:
    """What a command prints, run in the project; it must end with 0."""
    done = subprocess.run([*PROGRAM, *args], cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_it_validates_and_passes_its_tests(folder: Path, monkeypatch: pytest.MonkeyPatch, template: str, runtime: str) -> None:
    init(folder, "--template", template, "--runtime", runtime)
    monkeypatch.chdir(folder)

    def done(*args: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, args)
        return result.exit_code, result.stdout

    assert done("validate", "--fail-on", "info") == (0, "router.yaml: valid\n")
    code, text = done("test", "--coverage", "--fail-under", "100")
    assert (code, "failed" in text) == (0, False), text
    code, text = done("test", "--local", "-k", "not tried again")
    assert (code, "failed" in text) == (0, False), text


SAID = {
    "http": ("", '{"greeting":"Hello, you!"}'),
    "events": ("paid: 1", None),
    "schedule": ("", '"nightly"'),
    "uploads": ("uploaded: images/", None),
}
"""What the function prints, and what the caller gets, when the project is tried as its README says."""
RUNS = [*((template, "python") for template in TEMPLATES), ("uploads", "nodejs")]


@pytest.mark.parametrize(("template", "runtime"), RUNS)
def test_it_runs(folder: Path, run: Any, template: str, runtime: str) -> None:
    init(folder, "--template", template, "--runtime", runtime)
    running = run(folder)
    printed, answered = SAID[template]
    answer = tried(folder, template, running)
    if answered is not None:
        assert answered in answer.replace('": "', '":"')
    if printed:
        running.find(lambda line: line.get("function") == TEMPLATES[template].function and printed in line["message"])


def tried(folder: Path, template: str, running: Running) -> str:
    """The command that the README names, with the ports that were given."""
    attempt = TEMPLATES[template].attempt
    assert attempt in (folder / "README.md").read_text()
    command = attempt.removesuffix(" | sh")
    if command != attempt:
        command = called(folder, *command.split()[1:])
    ports = {
        "127.0.0.1:8080": running.address(),
        "127.0.0.1:9901": running.admin().removeprefix("http://"),
    }
    for written, real in ports.items():
        command = command.replace(written, real)
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_file_is_what_it_says(folder: Path) -> None:
    init(folder, "--gitlab")
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert found == [
        ".github/workflows/lambda-router.yml",
        ".gitignore",
        ".gitlab-ci.yml",
        ".pre-commit-config.yaml",
        "README.md",
        "functions/hello/app.py",
        "router.schema.json",
        "router.test.schema.json",
        "router.test.yaml",
        "router.yaml",
    ]
    assert len((folder / "README.md").read_text().splitlines()) == 5
    assert "@" not in "".join((folder / name).read_text() for name in found if not name.endswith((".json", ".yml")))
    assert (folder / "router.yaml").read_text().startswith("# yaml-language-server: $schema=router.schema.json\n")
    for name in ("router.schema.json", "router.test.schema.json"):
        assert json.loads((folder / name).read_text())["type"] == "object"


def schema_checked(folder: Path, *args: str) -> None:
    program = Path(sys.executable).parent / "check-jsonschema"
    done = subprocess.run([program, *args], cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout


def test_pipelines_and_hooks_fit_their_schemas(folder: Path) -> None:
    init(folder, "--gitlab")
    schema_checked(folder, "--builtin-schema", "vendor.github-workflows", ".github/workflows/lambda-router.yml")
    schema_checked(folder, "--builtin-schema", "vendor.gitlab-ci", ".gitlab-ci.yml")
    schema_checked(folder, "--schemafile", "router.schema.json", "router.yaml")
    schema_checked(folder, "--schemafile", "router.test.schema.json", "router.test.yaml")
    program = Path(sys.executable).parent / "pre-commit"
    done = subprocess.run([program, "validate-config"], cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (0, "")


def steps(folder: Path) -> list[str]:
    """The shell lines of both pipelines."""
    workflow = yaml.safe_load((folder / ".github/workflows/lambda-router.yml").read_text())
    pipeline = yaml.safe_load((folder / ".gitlab-ci.yml").read_text())
    return [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step] + pipeline["lambda-router"]["script"]


def test_the_steps_of_the_pipelines_pass(folder: Path) -> None:
    init(folder, "--gitlab")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    installing = [step for step in steps(folder) if step.startswith("pip install")]
    assert [step.split("==")[1].strip("'") for step in installing] == [__version__, __version__]
    for step in steps(folder):
        if step not in installing:  # what they install is what runs here
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", step],
                cwd=folder,
                env=os.environ | {"PATH": path},
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
            assert done.returncode == 0, (step, done.stdout, done.stderr)
    assert (folder / "junit.xml").read_text().startswith("<?xml")


def test_no_template_file_is_left_over() -> None:
    base = Path(sys.modules["router"].__file__ or "").parent / "starter" / "files"
    written = {text for template in TEMPLATES for runtime in RUNTIMES for text in project(template, runtime, gitlab=True)}
    names = {path.name.removesuffix(".template") for path in base.rglob("*.template")}
    used = {Path(path).name for path in written} | {"gitignore", "github.yml", "gitlab-ci.yml", "pre-commit-config.yaml"}
    assert names - used == set()


def test_the_wheel_brings_the_templates(folder: Path, wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    for args in (["init", str(folder)], ["validate", str(folder)], ["test", str(folder)]):
        done = subprocess.run(
            [*PROGRAM, *args], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stdout + done.stderr
    where = "import router; print(router.__file__)"
    found = subprocess.run([sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert found.stdout.strip() == str(tmp_path / "site" / "router" / "__init__.py")
