"""Several files as one configuration: includes, namespaces, overlays, defaults and labels."""

from collections.abc import Callable
from typing import Any

from router.config import Loaded, load
from router.fakes import FakeFiles
from router.model import Place

ARN = "arn:aws:lambda:eu-west-1:111122223333:function"
MAIN = f"""\
version: 1
include: [teams/*.yaml]
labels: {{team: platform}}
defaults: {{probe: {{timeout: 5s, note: root}}}}
functions: {{orders: {ARN}:orders}}
triggers:
  shop: {{type: probe, invocation: sync, function: orders, hosts: shop.example.com}}
"""
PAY = f"""\
namespace: pay
labels: {{team: payments, tier: gold}}
defaults: {{probe: {{timeout: 7s}}}}
functions: {{orders: {ARN}:pay-orders}}
triggers:
  own: {{type: probe, invocation: sync, function: "orders:live", hosts: own.example.com, labels: {{tier: lead}}}}
  full: {{type: probe, invocation: sync, function: pay.orders, hosts: full.example.com}}
"""
MAIL = f"""\
functions: {{mail: {{arn: "{ARN}:mail", local: {{command: ./run, packages: libs, env_file: "${{WHERE:-my}}.env"}}}}}}
triggers:
  mail: {{type: probe, invocation: sync, function: mail, hosts: mail.example.com, note: own}}
  shared: {{type: probe, invocation: sync, function: orders, hosts: shared.example.com}}
"""
FILES = {"teams/pay.yaml": PAY, "teams/mail.yaml": MAIL, "teams/libs/x": "", "teams/my.env": "A=1\n"}

LoadText = Callable[..., Loaded]


def test_included_files_are_one_configuration(load_text: LoadText) -> None:
    loaded = load_text(MAIN, files=FILES)
    assert loaded.problems == []
    config = loaded.config
    assert config is not None
    assert {trigger.name: (str(trigger.built.function.arn), trigger.built.qualifier) for trigger in config.triggers} == {
        "shop": (f"{ARN}:orders", None),
        "mail": (f"{ARN}:mail", None),
        "shared": (f"{ARN}:orders", None),
        "pay.own": (f"{ARN}:pay-orders", "live"),
        "pay.full": (f"{ARN}:pay-orders", None),
    }
    assert {trigger.name: trigger.place for trigger in config.triggers}["pay.own"] == Place("teams/pay.yaml", 6, 3)
    assert config.labels == {"team": "platform"}


def test_every_file_that_was_read_is_known(load_text: LoadText) -> None:
    text = MAIN + 'log: {level: "${file:level}"}\n'
    loaded = load_text(text, files={**FILES, "level": "info\n"})
    assert loaded.config is not None
    names = ("router.yaml", "level", "teams/mail.yaml", "teams/pay.yaml", "teams/my.env")
    assert loaded.files == loaded.config.files == tuple(f"/etc/router/{name}" for name in names)


def test_defaults_and_labels_go_under_a_triggers_own(load_text: LoadText) -> None:
    loaded = load_text(MAIN, files=FILES)
    assert loaded.config is not None
    settings: Any = loaded.config.raw["triggers"]
    assert {name: (trigger["timeout"], trigger["note"], trigger["labels"]) for name, trigger in settings.items()} == {
        "shop": (5.0, "root", {"team": "platform"}),
        "mail": (5.0, "own", {"team": "platform"}),
        "shared": (5.0, "root", {"team": "platform"}),
        "pay.own": (7.0, "root", {"team": "payments", "tier": "lead"}),
        "pay.full": (7.0, "root", {"team": "payments", "tier": "gold"}),
    }


def test_paths_are_relative_to_the_file_that_writes_them(load_text: LoadText) -> None:
    loaded = load_text(MAIN, files=FILES)
    assert loaded.config is not None
    local = loaded.config.functions["mail"].local
    assert local is not None
    assert (local.code, local.packages, local.environment) == ("/etc/router/teams", ("/etc/router/teams/libs",), {"A": "1"})


def test_overlays_merge_maps_and_replace_the_rest(load_text: LoadText) -> None:
    overlay = """\
functions: {mail: {timeout: 9s}}
triggers:
  shop: {hosts: [dev.example.com], labels: {stage: dev}}
  pay.own: {enabled: false}
"""
    loaded = load_text(MAIN, files={**FILES, "dev/dev.yaml": overlay}, overlays=("dev/dev.yaml",))
    assert loaded.problems == []
    assert loaded.config is not None
    raw: Any = loaded.config.raw
    assert loaded.config.functions["mail"].timeout == 9.0
    assert raw["triggers"]["shop"]["hosts"] == ["dev.example.com"]
    assert raw["triggers"]["shop"]["labels"] == {"stage": "dev", "team": "platform"}
    assert "pay.own" not in [trigger.name for trigger in loaded.config.triggers]


def test_a_finding_in_an_overlay_stands_in_the_overlay(load_text: LoadText) -> None:
    loaded = load_text(MAIN, files={**FILES, "dev.yaml": "log: {level: loud}\n"}, overlays=("dev.yaml",))
    assert [(problem.code, problem.file, problem.line, problem.column) for problem in loaded.problems] == [
        ("unknown-value", "dev.yaml", 1, 14)
    ]


def test_the_same_name_in_two_files_names_both(load_text: LoadText) -> None:
    twice = f"functions: {{orders: {ARN}:other}}\n"
    loaded = load_text(MAIN, files={"teams/a.yaml": twice})
    (problem,) = loaded.problems
    assert (problem.code, problem.file, problem.line, problem.column) == ("declared-twice", "teams/a.yaml", 1, 13)
    assert problem.message == "`orders` stands under `functions:` in two files: router.yaml and teams/a.yaml"
    assert [other.span.file for other in problem.related] == ["router.yaml"]


def findings(loaded: Loaded) -> list[tuple[str, str, int, int]]:
    return [(problem.code, problem.file, problem.line, problem.column) for problem in loaded.problems]


def test_what_may_not_be_included(load_text: LoadText) -> None:
    bad = "version: 1\nlisteners: {}\ninclude: x\nfunctions: []\nlabels: a\nnamespace: a b\nx-note: fine\n"
    assert findings(load_text(MAIN, files={"teams/a.yaml": bad})) == [
        ("not-includable", "teams/a.yaml", 1, 1),
        ("not-includable", "teams/a.yaml", 2, 1),
        ("not-includable", "teams/a.yaml", 3, 1),
        ("wrong-type", "teams/a.yaml", 4, 12),
        ("wrong-type", "teams/a.yaml", 5, 9),
        ("bad-namespace", "teams/a.yaml", 6, 12),
    ]


def test_globs_that_find_nothing_or_the_file_itself(load_text: LoadText) -> None:
    assert findings(load_text(MAIN)) == [("include-matches-nothing", "router.yaml", 2, 11)]
    text = MAIN.replace("teams/*.yaml", '"*.yaml"')
    assert findings(load_text(text)) == [("include-cycle", "router.yaml", 2, 11)]
    assert findings(load_text("version: 1\ninclude: [[a], {b: c}, '']\n")) == [
        ("wrong-type", "router.yaml", 2, 11),
        ("wrong-type", "router.yaml", 2, 16),
        ("include-matches-nothing", "router.yaml", 2, 24),
    ]


def test_a_file_that_matches_two_globs_is_read_once(load_text: LoadText) -> None:
    text = MAIN.replace("teams/*.yaml", "teams/*.yaml, teams/p*.yaml")
    assert load_text(text, files=FILES).problems == []


def test_unreadable_files(load_text: LoadText) -> None:
    loaded = load_text(MAIN, files=FILES, overlays=("nowhere.yaml",))
    assert findings(loaded) == [("unreadable-file", "nowhere.yaml", 1, 1)]
    assert (loaded.config, loaded.unreadable) == (None, ("nowhere.yaml",))
    missing = load(["nowhere.yaml"], files=FakeFiles({}), env={})
    assert (findings(missing), missing.unreadable) == ([("unreadable-file", "nowhere.yaml", 1, 1)], ("nowhere.yaml",))


def test_several_paths_are_one_configuration() -> None:
    files = FakeFiles({"a.yaml": "version: 1\nlog: {level: debug}\n", "b.yaml": f"functions: {{f: {ARN}:f}}\n"})
    loaded = load(["a.yaml", "b.yaml"], files=files, env={})
    assert [problem.code for problem in loaded.problems] == ["unused-function"]
    assert loaded.config is not None
    assert list(loaded.config.functions) == ["f"]


def test_env_files(load_text: LoadText) -> None:
    unread = load_text(MAIN, files=FILES, env={"WHERE": "other"})
    assert findings(unread) == [("unreadable-file", "teams/mail.yaml", 1, 130)]
    assert findings(load_text(MAIN, files={**FILES, "teams/my.env": "A B"})) == [("bad-env-file", "teams/mail.yaml", 1, 130)]
    assert findings(load_text(MAIN, files={**FILES, "teams/my.env": b"A=\xff"})) == [
        ("unreadable-file", "teams/mail.yaml", 1, 130)
    ]
