"""`lambda-router show`, as a person calls it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from router.cli import main

FILES = {
    "router.yaml": """\
version: 1
include: [team/shop.yaml]
labels: {team: core}
defaults:
  function_url: {invocation: sync, auth: none}
admin: {listen: "127.0.0.1:${ADMIN_PORT:-9901}", token: "${TOKEN}"}
functions:
  page:
    local: {runtime: python, handler: app.handler, code: functions/page, environment: {PRICE: "$${5}"}}
triggers:
  page: {type: function_url, hosts: ["${HOST}", page.example.com], function: page}
  hook:
    type: s3
    invocation: async
    source: {http: /hooks/s3, sender: minio}
    auth: {bearer: pl4in-s3cret}
    notifications:
      all: {events: ["s3:ObjectCreated:*"], function: page}
""",
    "team/shop.yaml": """\
namespace: team
functions: {orders: {local: {runtime: python, handler: app.handler, code: orders}}}
triggers:
  shop: {type: api_gateway, api: http, invocation: sync, base_path: /shop, auth: none, routes: {"GET /orders/{id}": orders}}
""",
    "prod.yaml": "log: {level: warning}\ntriggers: {page: {hosts: [page.example.com, www.example.com]}}\n",
    "functions/page/app.py": "",
    "team/orders/app.py": "",
}

SHOWN = """\
version: 1  # router.yaml:1
labels:  # router.yaml:3
  team: core  # router.yaml:3
defaults:  # router.yaml:5
  function_url:  # router.yaml:5
    invocation: sync  # router.yaml:5
    auth: none  # router.yaml:5
admin:  # router.yaml:6
  listen: "127.0.0.1:${ADMIN_PORT:-9901}"  # router.yaml:6 ${ADMIN_PORT:-9901} (default)
  token: "${TOKEN}"  # router.yaml:6 ${TOKEN} (set)
functions:  # router.yaml:8
  page:  # router.yaml:9
    local:  # router.yaml:9
      runtime: python  # router.yaml:9
      handler: app.handler  # router.yaml:9
      code: functions/page  # router.yaml:9
      environment:  # router.yaml:9
        PRICE: "$${5}"  # router.yaml:9
  team.orders:  # team/shop.yaml:2
    local:  # team/shop.yaml:2
      runtime: python  # team/shop.yaml:2
      handler: app.handler  # team/shop.yaml:2
      code: team/orders  # team/shop.yaml:2
triggers:  # router.yaml:11
  page:  # router.yaml:11
    labels:  # router.yaml:3 (labels)
      team: core  # router.yaml:3 (labels)
    invocation: [sync]  # router.yaml:5 (defaults.function_url)
    auth: none  # router.yaml:5 (defaults.function_url)
    type: function_url  # router.yaml:11
    hosts: [page.example.com, www.example.com]  # overlay prod.yaml:2
    function: page  # router.yaml:11
  hook:  # router.yaml:13
    labels:  # router.yaml:3 (labels)
      team: core  # router.yaml:3 (labels)
    type: s3  # router.yaml:13
    invocation: [async]  # router.yaml:14
    source:  # router.yaml:15
      http: /hooks/s3  # router.yaml:15
      sender: minio  # router.yaml:15
    auth:  # router.yaml:16
      - bearer: ["(redacted)"]  # router.yaml:16
    notifications:  # router.yaml:18
      all:  # router.yaml:18
        events: ["s3:ObjectCreated:*"]  # router.yaml:18
        function: page  # router.yaml:18
  team.shop:  # team/shop.yaml:4
    labels:  # router.yaml:3 (labels)
      team: core  # router.yaml:3 (labels)
    type: api_gateway  # team/shop.yaml:4
    api: http  # team/shop.yaml:4
    invocation: [sync]  # team/shop.yaml:4
    base_path: /shop  # team/shop.yaml:4
    auth: none  # team/shop.yaml:4
    routes:  # team/shop.yaml:4
      GET /orders/{id}: team.orders  # team/shop.yaml:4
log:  # overlay prod.yaml:1
  level: warning  # overlay prod.yaml:1
"""

Run = Callable[..., Result]
ENV = {"TOKEN": "very-secret", "HOST": "internal.example.com", "ADMIN_PORT": None}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the command in a folder with those files."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)

    def call(*args: str, env: dict[str, str | None] | None = None) -> Result:
        return CliRunner().invoke(main, ["show", *args], env=ENV | (env or {}))

    return call


def test_what_is_written_and_where(run: Run) -> None:
    result = run("--no-defaults", "-f", "prod.yaml")
    assert (result.stdout, result.stderr, result.exit_code) == (SHOWN, "", 0)


def test_what_is_left_out(run: Run) -> None:
    shown = run("log").stdout + run("journal.max_size").stdout + run("functions.page").stdout
    assert (
        shown
        == """\
log:  # default
  level: info  # default
  format: json  # default
  access: false  # default
journal:  # default
  max_size: 1GiB  # default
functions:  # router.yaml:8
  page:  # router.yaml:9
    local:  # router.yaml:9
      runtime: python  # router.yaml:9
      handler: app.handler  # router.yaml:9
      code: functions/page  # router.yaml:9
      environment:  # router.yaml:9
        PRICE: "$${5}"  # router.yaml:9
      packages: []  # default
      memory: 128MiB  # default
      credentials: none  # default
      min_warm: 0  # default
      attach: false  # default
      runtime_client: auto  # default
      init_timeout: 10s  # default
    # timeout: 3s for a local function, 15m for an ARN (default)
    # max_concurrency: not limited here (default)
    # async: what `defaults.async` says (default)
"""
    )


def test_variables_that_are_not_set(run: Run) -> None:
    unset = run("triggers.page.hosts", env={"HOST": None}).stdout
    assert unset.splitlines()[2:] == [
        "    hosts:  # router.yaml:11",
        '      - "${HOST}"  # router.yaml:11 ${HOST} (not set)',
        "      - page.example.com  # router.yaml:11",
    ]
    assert "9901} (set)" in run("admin", env={"ADMIN_PORT": "9902"}).stdout


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ('triggers["team.shop"].api', "    api: http  # team/shop.yaml:4"),
        ("triggers.team.shop.api", "    api: http  # team/shop.yaml:4"),
        ('triggers.team.shop.routes["GET /orders/{id}"]', "      GET /orders/{id}: team.orders  # team/shop.yaml:4"),
        ("triggers.page.hosts[1]", "    hosts: [page.example.com]  # router.yaml:11"),
    ],
)
def test_paths(run: Run, path: str, last: str) -> None:
    assert run(path).stdout.splitlines()[-1] == last
    assert run("router.yaml", path).stdout == run(".", path).stdout == run(path).stdout


def test_pairs_for_programs(run: Run) -> None:
    document = json.loads(run("--format", "json", "-f", "prod.yaml", "triggers.page").stdout)
    pairs = {pair["path"]: (pair["value"], pair["origin"]) for pair in document.pop("settings")}
    assert document == {"version": 1, "files": ["prod.yaml", "router.yaml", "team/shop.yaml"]}
    assert pairs["triggers.page.hosts[0]"] == (
        "page.example.com",
        {"kind": "file", "file": "prod.yaml", "line": 2, "column": 27, "overlay": True},
    )
    assert pairs["triggers.page.auth"] == (
        "none",
        {"kind": "file", "file": "router.yaml", "line": 5, "column": 42, "section": "defaults.function_url"},
    )
    assert pairs["triggers.page.listener"] == (None, {"kind": "default", "words": "the only listener"})
    assert pairs["triggers.page.enabled"] == (True, {"kind": "default"})
    token = json.loads(run("--format", "json", "admin.token").stdout)["settings"]
    assert token == [
        {
            "path": "admin.token",
            "value": "${TOKEN}",
            "origin": {
                "kind": "file",
                "file": "router.yaml",
                "line": 6,
                "column": 57,
                "variables": [{"written": "${TOKEN}", "state": "set"}],
            },
        }
    ]


@pytest.mark.parametrize("args", [(), ("--format", "json"), ("--graph", "mermaid"), ("--graph", "dot")])
def test_nothing_secret_is_printed(run: Run, args: tuple[str, ...]) -> None:
    printed = run(*args).output
    assert not [secret for secret in ("very-secret", "internal.example.com", "pl4in-s3cret") if secret in printed]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("triggers.pgae",), "Below `triggers` there is no `pgae`; did you mean `page`?"),
        (("router.yaml", "tests"), "At the top there is no `tests`; there is `version`, `labels`, "),
        (("triggers.page.hosts[7]",), "Below `triggers.page.hosts` there is no `7`; there is `0`, `1`."),
        (("version.x",), "`version` is a single value."),
        (("triggers.page..x",), "`triggers.page..x` is no path: `..x` is no step: "),
        (('triggers["page',), '`triggers["page` is no path: '),
        (("--graph", "dot", "triggers"), "--graph shows everything in a form of its own: "),
        (("--graph", "dot", "--format", "json"), "--graph shows everything in a form of its own: "),
        (("--graph", "dot", "--no-defaults"), "--graph shows everything in a form of its own: "),
    ],
)
def test_wrong_usage(run: Run, args: tuple[str, ...], message: str) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert message in result.stderr


def test_an_invalid_configuration(run: Run, tmp_path: Path) -> None:
    (tmp_path / "router.yaml").write_text("version: 1\nlog: {level: loud}\n")
    result = run()
    assert (result.exit_code, result.stdout) == (78, "")
    assert result.stderr.startswith("router.yaml:2:14: error[")
    assert run("nowhere.yaml").exit_code == 78


MERMAID = """\
flowchart LR
  trigger1["page<br>function_url, router.yaml:11"]
  sender1(["listener main<br>127.0.0.1:8080"])
  function1[["page<br>runs here"]]
  trigger2["hook<br>s3, router.yaml:12"]
  route1("all")
  trigger3["team.shop<br>api_gateway, team/shop.yaml:4"]
  route2("GET /orders/{id}")
  function2[["team.orders<br>runs here"]]
  sender1 -->|"host ${HOST}"| trigger1
  sender1 -->|"host page.example.com"| trigger1
  trigger1 -->|"sync"| function1
  sender1 -->|"path /hooks/s3"| trigger2
  trigger2 --> route1
  route1 -.->|"async, managed"| function1
  sender1 -->|"host any, base path /shop"| trigger3
  trigger3 --> route2
  route2 -->|"sync"| function2
"""


def test_a_graph(run: Run) -> None:
    assert run("--graph", "mermaid").stdout == MERMAID
    assert run("--graph", "dot").stdout.startswith("digraph router {\n")
