"""Comments that take findings back, and what is said about those that do not."""

from typing import Any

import pytest

from router.config import Loaded, load
from router.config.problem import Span
from router.fakes import FakeFiles

HEAD = "version: 1\nfunctions:\n  orders: arn:aws:lambda:eu-west-1:111122223333:function:orders\n"
REFUNDS = "  refunds: arn:aws:lambda:eu-west-1:111122223333:function:refunds"
API = "triggers:\n  api: {type: lambda_api, invocation: sync, functions: [orders]}\n"
IGNORE = "# lambda-router: ignore"


def loaded(text: str, files: dict[str, str] | None = None, env: dict[str, str] | None = None, **options: Any) -> Loaded:
    options = {"require_env": False, "now": 0.0, **options}
    return load(["router.yaml"], files=FakeFiles({"router.yaml": text, **(files or {})}), env=env or {}, **options)


def said(result: Loaded) -> list[tuple[str, int, int, str, str | None]]:
    return [(each.code, each.line, each.column, each.message, each.help) for each in result.problems]


@pytest.mark.parametrize(
    "written",
    [
        f"{REFUNDS}  {IGNORE}[unused-function] by hand\n",
        f"{REFUNDS}  #lambda-router:ignore [ literal-secret , unused-function ]   by hand  \n",
        f"  {IGNORE}[unused-function] by hand\n{REFUNDS}\n",
        f"{IGNORE}[unused-function] by hand\n  # and more words\n{REFUNDS}\n",
    ],
)
def test_a_reason_at_the_line_or_above_it(written: str) -> None:
    result = loaded(HEAD + written + API)
    (taken,) = result.suppressed
    assert (taken.problem.code, taken.reason) == ("unused-function", "by hand")
    assert taken.problem.fingerprint
    assert [code for code, *_ in said(result) if code == "unused-function"] == []
    assert result.config is not None


def test_where_the_comment_stands() -> None:
    (taken,) = loaded(f"{HEAD}{REFUNDS} {IGNORE}[unused-function] by hand\n{API}").suppressed
    assert taken.span == Span("router.yaml", 4, 67, 4, 115)


@pytest.mark.parametrize(
    "written",
    [
        f"{IGNORE}[unused-function] too far up\n\n{REFUNDS}\n",
        f"{REFUNDS}\n  {IGNORE}[unused-function] below\n",
        f"{REFUNDS}\n{IGNORE.replace('ignore', 'ignored')}[unused-function] misspelt\n",
        f"{REFUNDS} {IGNORE}[unused-functions] misspelt\n",
        f'{REFUNDS}\nlabels: {{note: "{IGNORE}[unused-function] no comment"}}\n',
    ],
)
def test_what_suppresses_nothing(written: str) -> None:
    result = loaded(HEAD + written + API)
    assert result.suppressed == ()
    assert "unused-function" in [code for code, *_ in said(result)]


def test_without_a_reason() -> None:
    result = loaded(f"{HEAD}{REFUNDS} {IGNORE}[unused-function]\n{API}")
    help_text = "write `# lambda-router: ignore[code] reason`"
    assert said(result) == [
        ("unused-function", 4, 3, "no trigger uses the function `refunds`", "use it in a trigger, or remove it"),
        (
            "suppression-without-reason",
            *(4, 67, "this comment does not say why, so that it suppresses nothing", help_text),
        ),
    ]


@pytest.mark.parametrize("written", ["ignore unused-function by hand", "ignore[] by hand", "ignore", "please"])
def test_without_a_code(written: str) -> None:
    result = loaded(f"{HEAD}# lambda-router: {written}\n{API}")
    help_text = "write `# lambda-router: ignore[code] reason`"
    message = "this comment names no rule, so that it suppresses nothing"
    assert said(result) == [("unused-suppression", 4, 1, message, help_text)]


def test_an_error_stays_an_error() -> None:
    result = loaded(f"{HEAD}{API}log: {{level: loud}} {IGNORE}[unknown-value] please\n")
    assert [(code, line, column, message) for code, line, column, message, _ in said(result)] == [
        ("unknown-value", 6, 14, "`loud` is not `debug`, `info`, `warning` or `error`"),
        (
            "unused-suppression",
            *(6, 20, "`unknown-value` is an error here: the file would not run, so that it cannot be suppressed"),
        ),
    ]
    assert result.config is None
    assert result.suppressed == ()


def test_one_of_two_codes_may_be_unused() -> None:
    result = loaded(f"{HEAD}{REFUNDS} {IGNORE}[unused-function, edge-region] by hand\n{API}")
    assert [each.problem.code for each in result.suppressed] == ["unused-function"]
    message = "there is no finding `edge-region` in line 4 that this could suppress"
    assert said(result) == [("unused-suppression", 4, 67, message, "remove it")]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("log: {level: loud}\n", {}),
        ('log: {level: "${LEVEL}"}\n', {}),
        ('log: {level: "${LEVEL}"}\n', {"partial": True}),
        ("", {"now": None}),
    ],
)
def test_nothing_is_called_unused_where_not_every_rule_could_speak(text: str, options: dict[str, Any]) -> None:
    result = loaded(f"{HEAD}{IGNORE}[unused-defaults] kept\n{API}{text}", **options)
    assert "unused-suppression" not in [code for code, *_ in said(result)]


def test_in_an_included_file() -> None:
    team = f"functions:\n{REFUNDS} {IGNORE}[unused-function] by hand\n"
    result = loaded(f"{HEAD}{API}include: team.yaml\n", {"team.yaml": team})
    assert [(each.problem.file, each.problem.line) for each in result.suppressed] == [("team.yaml", 2)]
    assert result.problems == []


def test_a_secret_stays_hidden() -> None:
    text = f"{HEAD}{API}admin: {{listen: '127.0.0.1:1', token: abc}} {IGNORE}[literal-secret] of a sandbox\n"
    result = loaded(text)
    assert [each.problem.code for each in result.suppressed] == ["literal-secret"]
    assert "abc" not in result.sources["router.yaml"]
    assert result.problems == []


def test_the_comment_can_be_removed() -> None:
    (behind,) = loaded(f"{HEAD}{API.rstrip()}  {IGNORE}[unused-function] gone\n").problems
    (alone,) = loaded(f"{HEAD}  {IGNORE}[unused-function] gone\n{API}").problems
    assert behind.fix is not None
    assert alone.fix is not None
    assert [(edit.span, edit.text) for edit in behind.fix.edits] == [(Span("router.yaml", 5, 67, 5, 112), "")]
    assert [(edit.span, edit.text) for edit in alone.fix.edits] == [(Span("router.yaml", 4, 1, 5, 1), "")]
