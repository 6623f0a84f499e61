"""Files of a revision: what git tracks is as it was, everything else as it is now."""

import subprocess
from pathlib import Path

import pytest

from router.revisions import Revision, RevisionError


def git(folder: Path, *args: str) -> None:
    settings = ("user.name=x", "user.email=x@example.com", "commit.gpgsign=false", "core.hooksPath=/dev/null")
    options = [part for each in settings for part in ("-c", each)]
    subprocess.run(["git", *options, *args], cwd=folder, capture_output=True, check=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Committed: a.yaml, teams/one/a.yaml, teams/two/b c.yaml, gone.yaml. Then changed, added, deleted, and not tracked."""
    git(tmp_path, "init", "-q")
    for name in ("a.yaml", "teams/one/a.yaml", "teams/two/b c.yaml", "gone.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(f"first {name}\r\n".encode())
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    (tmp_path / "a.yaml").write_text("changed")
    (tmp_path / "gone.yaml").unlink()
    (tmp_path / "new.yaml").write_text("new")
    git(tmp_path, "add", "new.yaml")
    (tmp_path / "local.env").write_text("now")
    return tmp_path


def test_reading(repository: Path) -> None:
    files = Revision("HEAD", str(repository))
    assert files.read("a.yaml") == b"first a.yaml\r\n"
    assert files.read("gone.yaml") == files.read(f"{repository}/gone.yaml") == b"first gone.yaml\r\n"
    assert files.read("teams/two/b c.yaml") == b"first teams/two/b c.yaml\r\n"
    assert files.read("local.env") == b"now"
    with pytest.raises(FileNotFoundError):
        files.read("new.yaml")
    with pytest.raises(IsADirectoryError):
        files.read(str(repository.parent))


def test_kinds(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    files = Revision("HEAD", str(repository))
    outside = tmp_path_factory.mktemp("outside")
    kinds = {path: files.kind(path) for path in ("a.yaml", "gone.yaml", "teams/one", "new.yaml", "local.env", "nothing", ".")}
    assert kinds == {
        "a.yaml": "file",
        "gone.yaml": "file",
        "teams/one": "folder",
        "new.yaml": None,
        "local.env": "file",
        "nothing": None,
        ".": "folder",
    }
    assert files.kind(str(outside)) == "folder"


def test_globs(repository: Path) -> None:
    top, below = Revision("HEAD", str(repository)), Revision("HEAD", str(repository / "teams"))
    assert top.glob("*.yaml") == ["a.yaml", "gone.yaml"]
    assert top.glob("teams/*/*.yaml") == ["teams/one/a.yaml", "teams/two/b c.yaml"]
    assert top.glob("**/a.yaml") == ["a.yaml", "teams/one/a.yaml"]
    assert below.glob("../*.yaml") == ["../a.yaml", "../gone.yaml"]
    assert below.glob("one/*") == ["one/a.yaml"]
    assert below.read("../a.yaml") == b"first a.yaml\r\n"
    assert top.glob(f"{repository}/teams/one/*") == [f"{repository}/teams/one/a.yaml"]


def test_what_is_no_revision(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for reference in ("nowhere", "--output=x", "HEAD:a.yaml", ""):
        with pytest.raises(RevisionError):
            Revision(reference, str(repository))
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(RevisionError, match="git is not installed"):
        Revision("HEAD", str(repository))
