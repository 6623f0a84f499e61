"""The hooks, the GitHub Action and the GitLab template: they fit their published schemas, and every step of theirs is run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import CliRunner

from router import __version__
from router.cli import main

PATIENCE = 120
BIN = Path(sys.executable).parent
PATH = f"{BIN}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A starter project in a git repository with one commit."""
    folder = tmp_path / "project"
    assert CliRunner().invoke(main, ["init", str(folder)]).exit_code == 0
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Begin")
    return folder


def git(folder: Path, *args: str) -> None:
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]
    subprocess.run(["git", *who, *args], cwd=folder, check=True, capture_output=True, timeout=PATIENCE)


def program(name: str, *args: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BIN / name, *args], cwd=folder, capture_output=True, text=True, timeout=PATIENCE)


def break_it(project: Path) -> None:
    """The configuration has a finding."""
    file = project / "router.yaml"
    file.write_text(file.read_text().replace("GET /hello: hello", "GET /hello: helo"))


def miss_it(project: Path) -> None:
    """It is valid, and one test fails."""
    file = project / "router.test.yaml"
    file.write_text(file.read_text().replace("status: 200", "status: 201"))


# --- the GitHub Action -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def action(root: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((root / "action.yml").read_text())
    return document


def step(action: dict[str, Any], name: str) -> dict[str, Any]:
    return next(step for step in action["runs"]["steps"] if step["name"] == name)


def run_step(action: dict[str, Any], name: str, folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """A step as the runner runs it: bash with `-eo pipefail`, inputs in its environment."""
    wanted = {key: str(described.get("default", "")) for key, described in action["inputs"].items()}
    wanted |= {key.replace("_", "-"): value for key, value in inputs.items()}
    environment = {
        key: wanted[value.removeprefix("${{ inputs.").removesuffix(" }}")] for key, value in step(action, name)["env"].items()
    }
    own = {
        "PATH": f"{folder.parent / 'stubs'}{os.pathsep}{PATH}",
        "GITHUB_ACTIONS": "true",
        "RUNNER_TEMP": str(folder.parent / "temp"),
        "GITHUB_PATH": str(folder.parent / "path"),
        "GITHUB_STEP_SUMMARY": str(folder.parent / "summary"),
        "GITHUB_ACTION_PATH": str(Path(__file__).parents[2]),
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step(action, name)["run"]]
    return subprocess.run(
        command, cwd=folder, env=os.environ | own | environment, capture_output=True, text=True, timeout=PATIENCE
    )


def test_the_action_fits_its_schema(root: Path) -> None:
    done = program("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml", folder=root)
    assert done.returncode == 0, done.stdout


def test_steps_get_inputs_through_their_environment_alone(action: dict[str, Any]) -> None:
    """Text from an input that is put into a script is a way to run other commands."""
    assert [step["name"] for step in action["runs"]["steps"] if "${{" in step["run"]] == []
    used = {text for step in action["runs"]["steps"] for text in [*step["env"].values(), f"${{{{ {step.get('if', '')} }}}}"]}
    described = {name for name in action["inputs"] if any(f"inputs.{name} " in text for text in used)}
    assert described == set(action["inputs"])


def scripts(root: Path) -> dict[str, str]:
    action = yaml.safe_load((root / "action.yml").read_text())
    pipeline = yaml.safe_load((root / "ci" / "gitlab.yml").read_text())
    found = {step["name"]: step["run"] for step in action["runs"]["steps"]}
    for name, job in pipeline.items():
        found |= {f"{name} {key}": "\n".join(job[key]) for key in ("before_script", "script") if key in job}
    return found


def test_the_shell_of_every_step_is_sound(root: Path, tmp_path: Path) -> None:
    for name, script in scripts(root).items():
        file = tmp_path / f"{name}.sh"
        file.write_text(f"#!/bin/bash\n{script}\n")
        done = program("shellcheck", "--severity=style", str(file), folder=tmp_path)
        assert (name, done.returncode, done.stdout) == (name, 0, "")


def test_the_action_installs_a_version(
    action: dict[str, Any], project: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"NO_INDEX": "1", "NO_DEPS": "1", "FIND_LINKS": str(wheel.parent)}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    done = run_step(action, "Install lambda-router", project, version=__version__)
    assert done.returncode == 0, done.stderr
    (folder,) = (project.parent / "path").read_text().splitlines()
    assert (Path(folder) / "lambda-router").exists()


def test_the_action_installs_itself_by_default(action: dict[str, Any], project: Path, root: Path) -> None:
    python = project.parent / "stubs" / "python3"
    python.parent.mkdir()
    pip = '#!/bin/sh\nfor word; do last=$word; done\necho "$last"\n'
    python.write_text(f'#!/bin/sh\nmkdir -p "$3/bin"\nprintf \'%s\' \'{pip}\' > "$3/bin/pip"\nchmod +x "$3/bin/pip"\n')
    python.chmod(0o755)
    done = run_step(action, "Install lambda-router", project)
    assert (done.returncode, done.stdout) == (0, f"{root}\n")


def test_the_action_validates_and_tests(action: dict[str, Any], project: Path) -> None:
    done = run_step(action, "Validate", project)
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads((project / "lambda-router.sarif").read_text())["version"] == "2.1.0"
    done = run_step(action, "Test", project, coverage="100")
    assert done.returncode == 0, done.stdout
    assert ElementTree.parse(project / "lambda-router.junit.xml").getroot().tag == "testsuites"


def test_the_action_fails_with_annotations(action: dict[str, Any], project: Path) -> None:
    break_it(project)
    done = run_step(action, "Validate", project, sarif_file="found.sarif")
    assert done.returncode == 1
    assert "::error " in done.stdout
    assert "file=router.yaml,line=" in done.stdout
    (run,) = json.loads((project / "found.sarif").read_text())["runs"]
    assert "error" in {result["level"] for result in run["results"]}
    assert run_step(action, "Validate", project, fail_on="never").returncode == 0


def test_the_action_fails_where_a_test_does(action: dict[str, Any], project: Path) -> None:
    miss_it(project)
    done = run_step(action, "Test", project)
    assert done.returncode == 1
    assert "::error " in done.stdout
    failed = ElementTree.parse(project / "lambda-router.junit.xml").getroot().findall(".//failure")
    assert len(failed) == 1


def test_the_action_takes_several_paths_and_stages(action: dict[str, Any], project: Path) -> None:
    (project / "other").mkdir()
    assert CliRunner().invoke(main, ["init", str(project / "other")]).exit_code == 0
    (project / "good.yaml").write_text("log: {level: debug}\n")
    (project / "bad.yaml").write_text("log: {level: loud}\n")
    assert run_step(action, "Validate", project, paths="router.yaml other", stages="good.yaml").returncode == 0
    done = run_step(action, "Validate", project, paths="router.yaml other", stages="good.yaml bad.yaml")
    assert done.returncode == 1
    assert "file=bad.yaml,line=1" in done.stdout
    assert run_step(action, "Test", project, paths="router.yaml other").returncode == 0


def test_the_action_compares(action: dict[str, Any], project: Path) -> None:
    file = project / "router.yaml"
    file.write_text(file.read_text().replace("GET /hello: hello", "GET /hallo: hello"))
    done = run_step(action, "Compare", project, diff_base="main", diff_file="diff.md")
    assert done.returncode == 0, done.stderr
    text = (project / "diff.md").read_text()
    assert "GET /hallo" in text
    assert (project.parent / "summary").read_text() == text


@pytest.mark.parametrize("side", ["new", "broken"])
def test_what_cannot_be_compared_leaves_the_verdict_to_validate(action: dict[str, Any], project: Path, side: str) -> None:
    text = (project / "router.yaml").read_text()
    path = "added.yaml" if side == "new" else "router.yaml"
    (project / path).write_text(text if side == "new" else "version: 1\nnonsense: 1\n")
    subprocess.run(["git", "add", "--all"], cwd=project, check=True, timeout=PATIENCE)
    done = run_step(action, "Compare", project, paths=path, diff_base="main", diff_file="diff.md")
    assert done.returncode == 0, done.stderr
    assert (project / "diff.md").read_text() == (
        f"### `{path}` cannot be compared with `main`: it is not there, or not valid, on one side.\n"
    )


def test_a_revision_that_is_not_there_fails_the_comparison(action: dict[str, Any], project: Path) -> None:
    done = run_step(action, "Compare", project, diff_base="nosuch", diff_file="diff.md")
    assert done.returncode != 0
    assert "nosuch" in done.stderr


# --- the GitLab template ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def pipeline(root: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((root / "ci" / "gitlab.yml").read_text())
    return document


def run_job(pipeline: dict[str, Any], name: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    script = "\n".join(pipeline[name]["script"])
    environment = os.environ | {"PATH": PATH} | pipeline["variables"] | variables
    command = ["bash", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE)


def test_the_template_fits_its_schema(root: Path) -> None:
    done = program("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", "ci/gitlab.yml", folder=root)
    assert done.returncode == 0, done.stdout


def test_the_jobs_pass_and_leave_their_artifacts(pipeline: dict[str, Any], project: Path) -> None:
    for name in ("lambda-router-validate", "lambda-router-test"):
        done = run_job(pipeline, name, project, LAMBDA_ROUTER_COVERAGE="100")
        assert done.returncode == 0, done.stdout
        artifacts = pipeline[name]["artifacts"]
        assert ElementTree.parse(project / artifacts["reports"]["junit"]).getroot().tag == "testsuites"
        assert [path for path in artifacts.get("paths", ()) if not (project / path).exists()] == []


def test_the_jobs_fail(pipeline: dict[str, Any], project: Path) -> None:
    miss_it(project)
    assert run_job(pipeline, "lambda-router-test", project).returncode == 1
    break_it(project)
    (project / "router.yaml").write_text("version: 2\n")
    assert run_job(pipeline, "lambda-router-validate", project).returncode == 1
    assert (project / "lambda-router.sarif").exists()


@pytest.mark.parametrize(("version", "wanted"), [("", "lambda-router"), ("1.2.3", "lambda-router==1.2.3")])
def test_the_version_is_installed_that_is_asked_for(
    pipeline: dict[str, Any], tmp_path: Path, version: str, wanted: str
) -> None:
    pip = tmp_path / "pip"
    pip.write_text('#!/bin/sh\nfor word; do last=$word; done\necho "$last"\n')
    pip.chmod(0o755)
    (line,) = pipeline[".lambda-router"]["before_script"]
    environment = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{PATH}", "LAMBDA_ROUTER_VERSION": version}
    done = subprocess.run(["sh", "-ec", line], env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (0, f"{wanted}\n")


# --- the pre-commit hooks --------------------------------------------------------------------------------------------


@pytest.fixture
def hooked(project: Path, root: Path) -> Path:
    """The project with the hooks as they are declared; what would be installed for them is what runs here."""
    hooks = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text())
    local = {"repo": "local", "hooks": [{**hook, "language": "system"} for hook in hooks]}
    (project / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [local]}))
    git(project, "add", "--all")
    return project


def commit_checks(folder: Path, *args: str) -> tuple[int, list[str]]:
    """pre-commit's exit code, and each hook with what became of it."""
    done = subprocess.run(
        [BIN / "pre-commit", "run", *args],
        cwd=folder,
        env=os.environ | {"PATH": PATH, "PRE_COMMIT_HOME": str(folder.parent / "pre-commit"), "PRE_COMMIT_COLOR": "never"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    outcomes = [line for line in done.stdout.splitlines() if line.startswith("lambda-router")]
    return done.returncode, [f"{line.partition('.')[0]} {line.rpartition('.')[2]}" for line in outcomes]


def test_the_manifest_is_valid(root: Path) -> None:
    done = program("pre-commit", "validate-manifest", ".pre-commit-hooks.yaml", folder=root)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_hooks_pass(hooked: Path) -> None:
    assert commit_checks(hooked, "--all-files") == (0, ["lambda-router validate Passed", "lambda-router test Passed"])


def test_the_hooks_fail(hooked: Path) -> None:
    miss_it(hooked)
    git(hooked, "add", "--all")
    assert commit_checks(hooked) == (1, ["lambda-router validate Passed", "lambda-router test Failed"])
    (hooked / "router.yaml").write_text("version: 2\n")
    git(hooked, "add", "--all")
    assert commit_checks(hooked)[1][0] == "lambda-router validate Failed"


def test_the_hooks_leave_commits_alone_that_touch_nothing_of_theirs(hooked: Path) -> None:
    git(hooked, "commit", "--quiet", "--message", "Hooks")
    (hooked / "notes.txt").write_text("nothing of theirs\n")
    git(hooked, "add", "--all")
    code, outcomes = commit_checks(hooked)
    assert (code, [outcome.rpartition(")")[2] for outcome in outcomes]) == (0, ["Skipped", "Skipped"])


def test_what_the_hooks_call_is_installed_with_the_package(root: Path) -> None:
    hooks = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text())
    assert {hook["language"] for hook in hooks} == {"python"}
    assert {hook["entry"].split()[0] for hook in hooks} == {"lambda-router"}
    assert 'lambda-router = "router.__main__:main"' in (root / "pyproject.toml").read_text()
