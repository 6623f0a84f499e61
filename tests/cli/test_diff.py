"""`lambda-router diff`, on files, folders and revisions of a real git repository."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from router.cli import diff as module
from router.cli import main

MAIN = """\
version: 1
include: [team/*.yaml]
functions:
  orders: arn:aws:lambda:eu-west-1:111122223333:function:orders
  api: arn:aws:lambda:eu-west-1:111122223333:function:api
triggers:
  shop:
    type: api_gateway
    api: http
    invocation: sync
    auth: {bearer: "${TOKEN}"}
    timeout: 20s
    routes: {"GET /orders/{id}": orders, "POST /orders": orders}
"""
TEAM = """\
namespace: team
functions:
  thumbs: {arn: "arn:aws:lambda:eu-west-1:111122223333:function:thumbs", async: {delivery: managed, max_retries: 1}}
  run: {local: {runtime: python, handler: app.handler, code: run, env_file: local.env}}
triggers:
  uploads:
    type: s3
    invocation: async
    source: {http: /hooks/s3}
    auth: none
    notifications: {images: {events: ["s3:ObjectCreated:*"], suffix: .jpg, function: thumbs}}
  jobs: {type: sqs, invocation: async, queue: jobs, function: run}
"""
EDITED = MAIN.replace('"POST /orders": orders', '"PUT /orders": "orders:8"').replace("timeout: 20s", "timeout: 20000ms")
MARKDOWN = """\
### Configuration: `git:HEAD` → `router.yaml`

**3 settings differ, 3 of 5 requests and events are treated differently.**

#### Settings

| | setting | before | after |
|---|---|---|---|
| changed | `functions["team.thumbs"].async.max_retries` | `1`<br>`team/shop.yaml:3` | `0`<br>`team/shop.yaml:3` |
| removed | `triggers.shop.routes["POST /orders"]` | `orders`<br>`router.yaml:13` |  |
| added | `triggers.shop.routes["PUT /orders"]` |  | `orders:8`<br>`router.yaml:13` |

#### Requests and events

| | what | before | after |
|---|---|---|---|
| `sample for shop, POST /orders` | route | `shop: POST /orders` | `nothing` |
|  | function | `orders, arn:aws:lambda:eu-west-1:111122223333:function:orders` | `nothing` |
|  | answer | `if it returns what is expected: 200; if it fails: 500` | `404` |
| `sample for team.uploads, images` | delivery | `managed, 1 retry, at most 6h old` | `managed, 0 retries, at most 6h old` |
|  | if it fails | `2 attempts at 0s, 1m, then RetriesExhausted` | `one attempt at 0s, then RetriesExhausted` |
| `sample for shop, PUT /orders` | route | `nothing` | `shop: PUT /orders` |
|  | function | `nothing` | `orders:8, arn:aws:lambda:eu-west-1:111122223333:function:orders:8` |
|  | answer | `404` | `if it returns what is expected: 200; if it fails: 500` |
"""
HUMAN = """\
a.yaml → b.yaml

2 settings differ, 1 of 1 request or event is treated differently.

Settings
  changed   triggers.page.function
            - one  (a.yaml:5)
            + two  (b.yaml:5)
  changed   log.level
            - info
            + debug  (b.yaml:6)

sample for page
  function
    - one, arn:aws:lambda:eu-west-1:111122223333:function:one
    + two, arn:aws:lambda:eu-west-1:111122223333:function:two
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module.time, "time", lambda: 1_783_711_144.0)

    def call(*args: str, **env: str | None) -> Result:
        return CliRunner().invoke(main, ["diff", *args], env={"TOKEN": "s3cret", **env})

    return call


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_yaml", ".yaml").replace("_json", ".json").replace("_env", ".env")
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)


def git(folder: Path, *args: str) -> str:
    identity = [
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@example.com",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "core.hooksPath=/dev/null",
    ]
    done = subprocess.run(["git", *identity, *args], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit; the env file is not tracked."""
    git(tmp_path, "init", "-q", "-b", "main")
    write(tmp_path, router_yaml=MAIN, team__shop_yaml=TEAM, team__run__app="", team__local_env="A=1\n")
    (tmp_path / "team/run/app").rename(tmp_path / "team/run/app.py")
    (tmp_path / ".gitignore").write_text("*.env\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def document(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_work_tree_against_a_revision(run: Run, repository: Path) -> None:
    write(repository, router_yaml=EDITED, team__shop_yaml=TEAM.replace("max_retries: 1", "max_retries: 0"))
    before = git(repository, "status", "--porcelain")
    result = run("git:HEAD", "router.yaml")
    assert (result.stdout, result.stderr, result.exit_code) == (MARKDOWN, "", 1)
    assert git(repository, "status", "--porcelain") == before
    assert run("git:HEAD", "router.yaml", "--exit-zero").exit_code == 0


def test_two_revisions(run: Run, repository: Path) -> None:
    write(repository, router_yaml=EDITED)
    git(repository, "commit", "-q", "-a", "-m", "second")
    write(repository, router_yaml="nonsense")
    (repository / "team/shop.yaml").unlink()
    for before, after in (("git:HEAD~1", "git:HEAD"), ("git:HEAD~1:router.yaml", "git:main"), ("git:main~1", "git:main:.")):
        found = document(run(before, after, "--format", "json"))
        assert [(each["how"], each["path"]) for each in found["settings"]] == [
            ("removed", 'triggers.shop.routes["POST /orders"]'),
            ("added", 'triggers.shop.routes["PUT /orders"]'),
        ]
    assert run("git:HEAD", "git:main").exit_code == 0


def test_from_a_folder_of_the_repository(run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "team")
    assert run("git:HEAD", "../router.yaml").stdout == (
        "### Configuration: `git:HEAD` → `../router.yaml`\n\n**No difference; 4 requests and events are treated alike.**\n"
    )
    monkeypatch.chdir(repository)
    assert run("git:HEAD", str(repository)).exit_code == 0


def test_a_file_that_a_revision_does_not_have(run: Run, repository: Path) -> None:
    write(repository, new_yaml="version: 1\n")
    git(repository, "add", "new.yaml")
    result = run("git:HEAD:new.yaml", "new.yaml")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "no verdict, git:HEAD:new.yaml is not valid:" in result.stderr
    assert "`new.yaml` cannot be read: No such file or directory" in result.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("git:nowhere", "router.yaml"), "`git:nowhere`: there is no revision `nowhere`."),
        (("git:--help", "router.yaml"), "`git:--help`: "),
        (("router.yaml", "router.yaml", "--events", "nowhere"), "`nowhere` is no folder."),
        (("router.yaml",), "Missing argument 'B'."),
    ],
)
def test_wrong_usage(run: Run, repository: Path, args: tuple[str, ...], message: str) -> None:
    result = run(*args)
    assert message in result.stderr
    assert (result.exit_code, result.stdout) == (2, "")


def test_outside_a_repository(run: Run, tmp_path: Path) -> None:
    write(tmp_path, router_yaml="version: 1\n")
    result = run("git:HEAD", "router.yaml", GIT_CEILING_DIRECTORIES=str(tmp_path.parent))
    assert (result.exit_code, "not a git repository" in result.stderr) == (2, True)


PAGE = """\
version: 1
functions:
  one: arn:aws:lambda:eu-west-1:111122223333:function:one
  two: arn:aws:lambda:eu-west-1:111122223333:function:two
triggers: {page: {type: function_url, invocation: sync, auth: none, function: one}}
"""


def test_for_people(run: Run, tmp_path: Path) -> None:
    write(tmp_path, a_yaml=PAGE, b_yaml=PAGE.replace("function: one", "function: two") + "log: {level: debug}\n")
    result = run("a.yaml", "b.yaml", "--format", "human")
    assert (result.stdout, result.stderr) == (HUMAN, "")
    assert result.exit_code == 1


def test_what_is_written_differently_and_means_the_same(run: Run, tmp_path: Path) -> None:
    same = PAGE.replace("invocation: sync,", "invocation: [sync], enabled: true, labels: {},") + "log: {level: info}\n"
    write(tmp_path, a_yaml=PAGE, b_yaml=same)
    assert "No difference; 1 request or event is treated alike." in run("a.yaml", "b.yaml").stdout
    assert run("a.yaml", "b.yaml").exit_code == 0


BALANCER = """\
version: 1
functions: {f: "arn:aws:lambda:eu-west-1:111122223333:function:f", g: "arn:aws:lambda:eu-west-1:111122223333:function:g"}
triggers:
  balancer:
    type: alb
    invocation: sync
    auth: none
    rules:
      beta: {headers: {x-beta: ["yes"]}, function: f}
      api: {path: /api/*, function: g}
"""


def test_order_that_matters_and_order_that_does_not(run: Run, tmp_path: Path) -> None:
    lines = BALANCER.splitlines(keepends=True)
    write(tmp_path, a_yaml=BALANCER, b_yaml="".join([*lines[:8], lines[9], lines[8]]))
    found = document(run("a.yaml", "b.yaml", "--format", "json"))
    (setting,) = found["settings"]
    assert (setting["how"], setting["path"]) == ("reordered", "triggers.balancer.rules")
    assert (setting["before"], setting["after"]) == ('["beta", "api"]', '["api", "beta"]')
    swapped = BALANCER.replace('f: "arn:aws:lambda:eu-west-1:111122223333:function:f", ', "").replace(
        'function:g"}', 'function:g", f: "arn:aws:lambda:eu-west-1:111122223333:function:f"}'
    )
    write(tmp_path, c_yaml=swapped)
    result = run("a.yaml", "c.yaml")
    assert (result.exit_code, "- In another order, which has no effect: functions." in result.stdout) == (0, True)


def test_recorded_requests_and_events(run: Run, tmp_path: Path) -> None:
    lines = BALANCER.splitlines(keepends=True)
    write(tmp_path, a_yaml=BALANCER, b_yaml="".join([*lines[:8], lines[9], lines[8]]))
    both = {"request": {"method": "GET", "target": "/api/x", "headers": {"x-beta": "yes", "authorization": "Bearer s3cret"}}}
    one = {"request": {"method": "GET", "target": "/api/x"}}
    write(tmp_path, events__deep__both_json=json.dumps(both), events__list_json=json.dumps([one, both]))
    found = document(run("a.yaml", "b.yaml", "--events", "events", "--format", "json"))
    assert [each["label"] for each in found["behaviours"]] == ["deep/both.json", "list.json[1]"]
    assert found["behaviours"][0]["facts"][:2] == [
        {"what": "route", "before": "balancer: beta", "after": "balancer: api"},
        {
            "what": "function",
            "before": "f, arn:aws:lambda:eu-west-1:111122223333:function:f",
            "after": "g, arn:aws:lambda:eu-west-1:111122223333:function:g",
        },
    ]
    write(tmp_path, events__broken_json="{")
    assert run("a.yaml", "b.yaml", "--events", "events").exit_code == 2


def test_a_recorded_document_finds_its_trigger_on_both_sides(run: Run, tmp_path: Path) -> None:
    bus = 'version: 1\nfunctions: {f: "arn:aws:lambda:eu-west-1:111122223333:function:f"}\ntriggers:\n'
    bus += "  bus: {type: eventbridge, invocation: async, auth: none, rules: {paid: {pattern: {source: [%s]}, function: f}}}\n"
    write(tmp_path, a_yaml=bus % "shop", b_yaml=bus % "mill")
    event = {"source": "shop", "detail-type": "x", "detail": {}, "id": "e", "version": "0", "account": "1", "resources": []}
    write(tmp_path, events__paid_json=json.dumps(event | {"time": "2026-03-01T02:00:00Z", "region": "eu-west-1"}))
    found = document(run("a.yaml", "b.yaml", "--events", "events", "--format", "json"))
    (recorded,) = [each for each in found["behaviours"] if each["label"] == "paid.json"]
    assert recorded["facts"][0] == {"what": "route", "before": "bus: paid", "after": "nothing"}


def test_secrets_are_compared_and_not_shown(run: Run, tmp_path: Path) -> None:
    text = PAGE.replace("auth: none", "auth: {bearer: %s}, hosts: [%s]")
    write(tmp_path, a_yaml=text % ("first-secret", '"${HOST}"'), b_yaml=text % ("other-secret", '"${OTHER}"'))
    for form in ("markdown", "human", "json"):
        result = run("a.yaml", "b.yaml", "--format", form, HOST="hidden.example.com", OTHER="hidden.example.com")
        assert "(redacted)" in result.stdout
        assert "a secret that differs" in result.stdout
        assert [word for word in ("first-secret", "other-secret", "hidden.example.com") if word in result.output] == []
    unset = document(run("a.yaml", "b.yaml", "--format", "json", HOST=None, OTHER=None))
    assert [(each["path"], each["before"], each["after"]) for each in unset["settings"]] == [
        ("triggers.page.auth[0].bearer", '["(redacted)"] (a secret that differs)', '["(redacted)"] (a secret that differs)'),
        ("triggers.page.hosts", '["${HOST}"]', '["${OTHER}"]'),
    ]
    assert run("a.yaml", "a.yaml", HOST=None).exit_code == 0


def test_a_pipe_is_a_side(run: Run, tmp_path: Path) -> None:
    write(tmp_path, a_yaml=PAGE)
    reading, writing = os.pipe()
    os.write(writing, PAGE.encode())
    os.close(writing)
    result = run("a.yaml", f"/dev/fd/{reading}")
    os.close(reading)
    assert (result.exit_code, result.stderr) == (0, "")


def test_an_invalid_side(run: Run, tmp_path: Path) -> None:
    write(tmp_path, a_yaml=PAGE, b_yaml="version: 1\nlog: {level: loud}\n")
    result = run("a.yaml", "b.yaml")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("lambda-router: no verdict, b.yaml is not valid:\n\nb.yaml:2:14: error[")
