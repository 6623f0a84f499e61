"""The two forms of a finding."""

from collections.abc import Callable

import pytest

from router.config import Loaded, render
from router.config.problem import Edit, Fix, Problem, Related, Severity, Span, Suppressed, dotted

BROKEN = """\
version: 1
functions:
  orders: arn:aws:lambda:eu-west-1:111122223333:function:orders
admin: {listen: "127.0.0.1:9901", tokn: x}
triggers:
  shop:
    type: probe
    invocation: sync
    function: ordres
    timeout: 30 seconds
  shop:
    type: probe
"""

RENDERED = """\
router.yaml:4:35: error[unknown-key]: the key `tokn` is not known here
  4 | admin: {listen: "127.0.0.1:9901", tokn: *}
    |                                   ^^^^
    help: did you mean `token`?

router.yaml:4:41: warning[literal-secret]: `token` is a secret, and stands in the file as it is
  4 | admin: {listen: "127.0.0.1:9901", tokn: *}
    |                                         ^
    help: write `token: ${NAME}` or `token: ${file:/run/secrets/name}`

router.yaml:10:14: error[wrong-form]: `30 seconds` is not a valid duration
  10 |     timeout: 30 seconds
     |              ^^^^^^^^^^
    help: for example `250ms`, `30s` or `5m`

router.yaml:11:3: error[duplicate-key]: the key `shop` is written twice in the same map
  11 |   shop:
     |   ^^^^
    router.yaml:6:3: first written here"""


def test_the_form_for_people(load_text: Callable[..., Loaded]) -> None:
    loaded = load_text(BROKEN)
    assert "\n\n".join(render(problem, loaded.sources) for problem in loaded.problems) == RENDERED


def test_a_secret_of_several_lines_is_not_quoted(load_text: Callable[..., Loaded]) -> None:
    loaded = load_text('version: 1\nadmin: {token: "one\n  two", listen: 127.0.0.1:9901}\nfunctions: {}\ntriggers: {}\n')
    assert list(loaded.sources.values()) == [
        "version: 1\nadmin: {token: ****\n******, listen: 127.0.0.1:9901}\nfunctions: {}\ntriggers: {}\n"
    ]


def test_the_form_for_programs() -> None:
    related = (Related("the other", Span("b.yaml", 7, 8, 7, 9)),)
    fix = Fix("write c", (Edit(Span("a.yaml", 1, 2, 1, 3), "c"),))
    span, path = Span("a.yaml", 1, 2, 3, 4), ("triggers", "a b", 0)
    problem = Problem("same-claim", "both", span, Severity.WARNING, path, "do it", related, fix, "f", ("prod.yaml",))
    assert problem.to_json() == {
        "severity": "warning",
        "code": "same-claim",
        "message": "both",
        "file": "a.yaml",
        "line": 1,
        "column": 2,
        "end": {"line": 3, "column": 4},
        "path": 'triggers["a b"][0]',
        "help": "do it",
        "related": [{"message": "the other", "file": "b.yaml", "line": 7, "column": 8}],
        "fix": {
            "label": "write c",
            "edits": [{"file": "a.yaml", "line": 1, "column": 2, "end": {"line": 1, "column": 3}, "text": "c"}],
        },
        "fingerprint": "f",
        "stages": ["prod.yaml"],
    }


def test_paths() -> None:
    assert dotted(()) == ""
    assert dotted(("include", 0)) == "include[0]"
    assert dotted(("triggers", "shop", "routes", "GET /é")) == 'triggers.shop.routes["GET /é"]'


def test_carets_follow_tabs_and_stop_at_the_line() -> None:
    problem = Problem("code", "message", Span("f", 1, 3, 2, 1))
    assert render(problem, {"f": "\tab c\nnext"}) == "f:1:3: error[code]: message\n  1 | \tab c\n    | \t ^^^"


@pytest.mark.parametrize(
    ("line", "column", "end", "below"),
    [
        ("名: bad", 4, 7, "    ^^^"),
        ("a: 名前 b", 4, 6, "   ^^^^"),
        ("e\u0301: bad", 5, 8, "   ^^^"),
        ("a: o\u0308x", 4, 7, "   ^^"),
        ("\u00e9: bad", 4, 7, "   ^^^"),
    ],
)
def test_carets_stand_below_wide_and_combining_characters(line: str, column: int, end: int, below: str) -> None:
    problem = Problem("code", "message", Span("f", 1, column, 1, end))
    assert render(problem, {"f": line}).splitlines()[1:] == [f"  1 | {line}", f"    | {below}"]


def test_a_place_without_text_has_no_excerpt() -> None:
    assert render(Problem("code", "message", Span("f", 9, 1, 9, 1)), {"f": "one line"}) == "f:9:1: error[code]: message"


def test_the_form_of_what_is_suppressed() -> None:
    problem = Problem("unused-function", "m", Span("a.yaml", 1, 2, 3, 4), Severity.WARNING)
    suppressed = Suppressed(problem, "called by hand", Span("a.yaml", 1, 20, 1, 60))
    assert suppressed.to_json() == {
        **problem.to_json(),
        "reason": "called by hand",
        "comment": {"file": "a.yaml", "line": 1, "column": 20},
    }


def test_what_a_file_holds_neither_steers_a_terminal_nor_floods_it(load_text: Callable[..., Loaded]) -> None:
    text = f'version: 1\nlog: {{level: "\\e[31m\u202e"}}\nfunctions: {{f: "{"x" * 5_000}"}}\n'
    loaded = load_text(text)
    told = "\n".join(render(problem, loaded.sources) for problem in loaded.problems)
    assert "`\\x1b[31m\\u202e` is not" in told
    assert '2 | log: {level: "\\e[31m\ufffd"}\n' in told
    assert f"`{'x' * 999}…{'x' * 963}` is not the ARN of a Lambda function" in told
    assert f'3 | functions: {{f: "{"x" * 384}…\n    | {" " * 15}{"^" * 386}\n' in told


def test_a_long_line_is_shown_around_the_caret() -> None:
    span = Span("router.yaml", 1, 1_001, 1, 1_004)
    text = "a" * 1_000 + "bad" + "c" * 1_000
    expected = f"  1 | …{'a' * 100}bad{'c' * 297}…\n    | {' ' * 101}^^^"
    assert render(Problem("code", "message", span), {"router.yaml": text}).split("\n", 1)[1] == expected


def test_a_key_is_named_although_a_secret_has_its_letters(load_text: Callable[..., Loaded]) -> None:
    loaded = load_text('version: 1\nfunctions: {a: "${TOKEN}"}\n', env={"TOKEN": "a-secret-value"})
    assert [problem.message for problem in loaded.problems] == [
        "no trigger uses the function `a`",
        "`${TOKEN}` is not the ARN of a Lambda function",
    ]
