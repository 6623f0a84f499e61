"""`load` as a whole: it never raises, it is quick, and what it accepts the daemon's settings carry."""

import cProfile
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.config import Loaded, Severity, load, render, source
from router.fakes import FakeFiles
from router.files import LocalFiles

SAMPLE = """\
version: 1
include: inc.yaml
defaults: {function_url: {hosts: [d.example.com]}}
listeners: {main: {address: "127.0.0.1:0", tls: {certificate: a, key: b}}}
functions: {f: {arn: "arn:aws:lambda:eu-west-1:111122223333:function:f", local: {command: [x]}}}
triggers:
  a: {type: api_gateway, api: http, invocation: sync, routes: {GET /x: f, $default: {function: "f:1"}}}
  b: {type: function_url, invocation: sync, function: f}
  c: {type: lambda_api, invocation: sync, functions: [f]}
"""
PIECES = [
    *SAMPLE.split(),
    "\n",
    "  ",
    "\t",
    "${X}",
    "${",
    "<<: *a",
    "&a",
    "!!str",
    "---",
    "~",
    "null",
    "[]",
    "{}",
    "1e999",
    "-1",
    "é",
]


def never_raises(text: str | bytes, require_env: bool) -> None:
    files = FakeFiles({"f.yaml": text, "inc.yaml": text, "dir/x": ""})
    loaded = load(["f.yaml"], ["inc.yaml"], files=files, env={"Y": "1"}, require_env=require_env)
    assert loaded.problems or loaded.config is not None or not require_env
    for problem in loaded.problems:
        assert render(problem, loaded.sources)
        assert problem.to_json()["file"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=150) | st.text(max_size=150), st.booleans())
def test_arbitrary_files(text: str | bytes, require_env: bool) -> None:
    never_raises(text, require_env)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.booleans())
def test_a_file_with_anything_in_the_place_of_a_value(data: st.DataObject, require_env: bool) -> None:
    words = SAMPLE.split(" ")
    for _ in range(data.draw(st.integers(1, 4))):
        words[data.draw(st.integers(0, len(words) - 1))] = data.draw(st.sampled_from(PIECES) | st.text(max_size=6))
    never_raises(" ".join(words), require_env)


_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["f", "sync", "${X}", "unix:", "1s", "api_gateway"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_PLACES = [
    ("functions", "f"),
    ("functions", "f", "local"),
    ("listeners", "main"),
    ("admin",),
    ("aws",),
    ("defaults",),
    ("labels",),
    ("server",),
    ("triggers", "a"),
    ("triggers", "a", "routes"),
    ("triggers", "a", "invocation"),
    ("triggers", "b", "hosts"),
    ("triggers", "c", "functions"),
    ("include",),
]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(_PLACES), _ANYTHING, st.booleans())
def test_any_value_in_any_place(place: tuple[str, ...], value: object, require_env: bool) -> None:
    document = yaml.safe_load(SAMPLE)
    here = document
    for part in place[:-1]:
        here = here.setdefault(part, {})
    here[place[-1]] = value
    never_raises(yaml.safe_dump(document), require_env)


def test_two_thousand_routes_are_checked_in_linear_time() -> None:
    """Counted in calls, not in seconds: time is not the test's to measure."""
    calls = [_calls(count) for count in (100, 200, 400)]
    assert calls[2] - calls[1] < 2.2 * (calls[1] - calls[0])


def _calls(count: int) -> int:
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:f"
    lines = ["version: 1", "functions:", *(f"  f{n}: {arn}{n}" for n in range(count)), "triggers:"]
    for n in range(count // 10):
        lines += [f"  t{n}:", "    type: api_gateway", "    api: http", "    invocation: sync", f"    hosts: h{n}.example.com"]
        lines += ["    routes:", *(f"      GET /{m}: f{n * 10 + m}" for m in range(10))]
    files = FakeFiles({"f.yaml": "\n".join(lines)})
    profile = cProfile.Profile()
    profile.enable()
    loaded = load(["f.yaml"], files=files, env={})
    profile.disable()
    assert loaded.problems == []
    return sum(entry.callcount for entry in profile.getstats())


def test_every_shipped_configuration_is_valid(root: Path) -> None:
    paths = [path for path in sorted(map(str, (root / "configs").rglob("*.yaml"))) if not path.endswith(".test.yaml")]
    assert len(paths) > 1
    for path in paths:
        loaded = load([path], files=LocalFiles(), env=os.environ, require_env=False)
        assert [render(problem, loaded.sources) for problem in loaded.problems] == []
        assert loaded.config is not None or "${" in Path(path).read_text()


def test_warnings_do_not_keep_a_configuration_from_running(load_text: Callable[..., Loaded]) -> None:
    loaded = load_text("version: 1\nfunctions: {f: arn:aws:lambda:eu-west-1:111122223333:function:f}\n")
    assert [(problem.code, problem.severity) for problem in loaded.problems] == [("unused-function", Severity.WARNING)]
    assert loaded.config is not None


@pytest.mark.parametrize("pattern", ["*.yaml", "sub/../*.yaml", "**/*.yaml", "a.yaml"])
def test_the_real_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.yaml").write_text("x")
    monkeypatch.chdir(tmp_path)
    files = LocalFiles()
    assert [files.absolute(found) for found in files.glob(pattern)] == [str(tmp_path / "a.yaml")]
    assert [files.absolute(found) for found in files.glob(str(tmp_path / pattern))] == [str(tmp_path / "a.yaml")]
    assert files.read("a.yaml") == b"x"
    assert [files.kind(path) for path in ("a.yaml", "sub", "nowhere", "a\0b")] == ["file", "folder", None, None]
    assert files.glob("a\0b") == files.glob("") == []
    with pytest.raises(OSError, match="null"):
        files.read("a\0b")


def test_the_pure_python_parser_tells_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        SAMPLE,
        "a: b: c\n",
        "a: [${X}]\n",
        "a: *.b\n",
        "a:\n\tb: 1\n",
        "a: 1\na: 2\n",
        "[" * 2000,
        'a: "\\ud800"\n',
        "a: [::1]:80\n",
    ]
    fast = [_told(text) for text in texts]
    monkeypatch.setattr(source, "_LOADER", yaml.SafeLoader)
    assert [_told(text) for text in texts] == fast


def _told(text: str) -> list[tuple[str, str | None]]:
    problems = load(["f"], files=FakeFiles({"f": text}), env={}).problems
    return [(problem.code, problem.help) for problem in problems]
