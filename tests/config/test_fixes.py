"""Fixes: what is offered, what it makes of the file, and what is left to a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config import Loaded, load
from router.config.edits import applied
from router.config.fixes import surely_meant
from router.config.problem import Edit, Fix, Severity, Span
from router.fakes import FakeFiles

HEAD = "version: 1\nfunctions: {orders: arn:aws:lambda:eu-west-1:111122223333:function:orders}\n"
API = "triggers:\n  api: {type: lambda_api, invocation: sync, functions: [orders]}\n"
QUEUE = "triggers:\n  queue:\n    type: sqs\n    invocation: async\n    queue: jobs\n    function: orders\n"


def loaded(text: str, **files: str) -> Loaded:
    found = {name.replace("_", "."): content for name, content in files.items()}
    return load(["router.yaml"], files=FakeFiles({"router.yaml": text, **found}), env={}, require_env=False, now=0.0)


def mended(text: str, rounds: int = 9, **files: str) -> tuple[str, list[str]]:
    """The text after all fixes of all rounds, and the codes of the errors that are left."""
    for _ in range(rounds):
        fixes = [problem.fix for problem in loaded(text, **files).problems if problem.fix is not None]
        if not fixes:
            break
        text, count = applied(text, fixes)
        assert count
    return text, [problem.code for problem in loaded(text, **files).problems if problem.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        # a slip of the pen
        (f"{HEAD}{API}log: {{levle: info}}\n", f"{HEAD}{API}log: {{level: info}}\n"),
        (f'{HEAD}{API}log: {{"levl": info}}\n', f"{HEAD}{API}log: {{level: info}}\n"),
        (f"{HEAD}{API}aws: {{max-connections: 50}}\n", f"{HEAD}{API}aws: {{max_connections: 50}}\n"),
        (f"{HEAD}{API}log: {{level: inof}}  # why\n", f"{HEAD}{API}log: {{level: info}}  # why\n"),
        (f"{HEAD}{API.replace('lambda_api', 'lamda_api')}", f"{HEAD}{API}"),
        (f"{HEAD}{API.replace('sync', 'snyc')}", f"{HEAD}{API}"),
        (f"{HEAD}{API.replace('invocation: sync', 'invocaton: snyc')}", f"{HEAD}{API}"),
        # quotes
        (f'{HEAD}{API}aws: {{max_connections: "50"}}\n', f"{HEAD}{API}aws: {{max_connections: 50}}\n"),
        (f"{HEAD}{API}log: {{access: 'true'}}\n", f"{HEAD}{API}log: {{access: true}}\n"),
        # without effect: lines of their own
        (f"{HEAD}{QUEUE}    listener: main  # gone\n    batch_size: 5\n", f"{HEAD}{QUEUE}    batch_size: 5\n"),
        (f"{HEAD}{QUEUE}    listener: main", f"{HEAD}{QUEUE}"),
        (f"{HEAD}{QUEUE}    listener: main\r\n    batch_size: 5\r\n", f"{HEAD}{QUEUE}    batch_size: 5\r\n"),
        # without effect: inside brackets
        (
            f"{HEAD}triggers:\n  q: {{listener: main, type: sqs, invocation: async, queue: j, function: orders}}\n",
            f"{HEAD}triggers:\n  q: {{type: sqs, invocation: async, queue: j, function: orders}}\n",
        ),
        (
            f"{HEAD}triggers:\n  q: {{type: sqs, invocation: async, queue: j, function: orders , listener: main}}\n",
            f"{HEAD}triggers:\n  q: {{type: sqs, invocation: async, queue: j, function: orders}}\n",
        ),
        # twice the same
        (f"{HEAD}{API}log:\n  level: info\n  level: info # again\n", f"{HEAD}{API}log:\n  level: info\n"),
        (
            f"{HEAD}{API}labels:\n  a: b\nlabels:\n  a: b\n\n# end\n",
            f"{HEAD}{API}labels:\n  a: b\n\n# end\n",
        ),
        (f"{HEAD}{API}labels: {{a: b, a: b, c: d}}\n", f"{HEAD}{API}labels: {{a: b, c: d}}\n"),
        (
            f"{HEAD}{API}labels:\n  a: |\n    one\n    two\n  a: |\n    one\n    two\n  b: c\n",
            f"{HEAD}{API}labels:\n  a: |\n    one\n    two\n  b: c\n",
        ),
        # what YAML reads otherwise
        (f"{HEAD}{API}labels: {{a: *.example.com}}\n", f'{HEAD}{API}labels: {{a: "*.example.com"}}\n'),
        (f"{HEAD}{API}listeners: {{main: [::1]:8080}}\n", f'{HEAD}{API}listeners: {{main: "[::1]:8080"}}\n'),
        (f"{HEAD}{API}labels: {{a: ${{HOME:-x}}, b: c}}\n", f'{HEAD}{API}labels: {{a: "${{HOME:-x}}", b: c}}\n'),
        # a comment that suppresses nothing
        (f"{HEAD}{API.rstrip()}  # lambda-router: ignore[edge-region] gone\n", f"{HEAD}{API.rstrip()}  \n"),
    ],
)
def test_what_is_mended(wrong: str, right: str) -> None:
    text, codes = mended(wrong)
    assert text == right
    assert codes == []


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}{API}log: {{zzz: 1}}\n",  # nothing near
        f"{HEAD}{API}log: {{lev: info}}\n",  # too short to be sure
        f"{HEAD}{API}log: {{level: info, levle: debug}}\n",  # the right one is there, too
        f"{HEAD}{API}log: {{level: trace}}\n",
        f"{HEAD}{API}log: {{access: 'yes'}}\n",
        f"{HEAD}{API}log:\n  level: info\n  level: debug\n",  # which one?
        f"{HEAD}{API}labels:\n  a: &x b\n  a: &x b\n",  # an anchor may be meant elsewhere
        f"x-b: &x b\n{HEAD}{API}labels:\n  a: *x\n  a: *x\n",
        f"x-q: &q {{listener: main, queue: j}}\n{HEAD}triggers:\n"
        "  q: {<<: *q, type: sqs, invocation: async, function: orders}\n",  # stands for something at two places
        f"{HEAD}{QUEUE}defaults: {{sqs: {{listener: main, batch_size: 5}}}}\n",  # others may need it
        f"{HEAD}{API.replace('orders]', 'ordres]')}",  # another function is no slip of the pen
    ],
)
def test_what_is_left_to_a_person(text: str) -> None:
    problems = loaded(text).problems
    assert problems
    assert [problem.fix for problem in problems if problem.fix is not None] == []


def test_a_file_with_a_namespace() -> None:
    team = (
        f"namespace: team\nfunctions: {{a: arn:aws:lambda:eu-west-1:111122223333:function:a}}\n{QUEUE.replace('orders', 'a')}"
    )
    result = loaded(f"{HEAD}{API}include: team.yaml\n", team_yaml=f"{team}    listener: main\n")
    (problem,) = [each for each in result.problems if each.code == "without-effect"]
    assert problem.path == ("triggers", "team.queue", "listener")
    assert problem.fix == Fix("remove it", (Edit(Span("team.yaml", 9, 1, 10, 1), ""),))


@pytest.mark.parametrize(
    ("written", "known", "meant"),
    [
        ("levle", ["level", "format"], "level"),
        ("levels", ["level"], "level"),
        ("evel", ["level"], "level"),
        ("levxl", ["level"], "level"),
        ("LEVEL", ["level"], "level"),
        ("lvl", ["level"], None),
        ("lxvxl", ["level"], None),
        ("filed", ["file", "field"], None),
        ("a b c", ["a b_c"], None),
        ("x" * 101, ["x" * 100], None),
    ],
)
def test_a_slip_of_the_pen(written: str, known: list[str], meant: str | None) -> None:
    assert surely_meant(written, known) == meant


def edit(line: int, column: int, end_line: int, end_column: int, text: str) -> Fix:
    return Fix("", (Edit(Span("f", line, column, end_line, end_column), text),))


@pytest.mark.parametrize(
    ("fixes", "expected"),
    [
        ([edit(1, 1, 1, 2, "A"), edit(2, 1, 2, 2, "CC")], ("Ab\r\nCCd\n", 2)),
        ([edit(2, 1, 2, 2, "CC"), edit(1, 1, 1, 2, "A")], ("Ab\r\nCCd\n", 2)),
        ([edit(1, 1, 2, 1, ""), edit(1, 2, 1, 3, "B")], ("cd\n", 1)),
        ([edit(1, 1, 1, 1, "+"), edit(1, 1, 1, 1, "-")], ("+ab\r\ncd\n", 1)),
        ([edit(1, 1, 1, 2, "A"), edit(1, 1, 1, 2, "A")], ("Ab\r\ncd\n", 1)),
        ([edit(2, 1, 3, 1, "")], ("ab\r\n", 1)),
        ([edit(3, 1, 9, 1, "e")], ("ab\r\ncd\ne", 1)),
        ([], ("ab\r\ncd\n", 0)),
    ],
)
def test_edits_of_one_text(fixes: list[Fix], expected: tuple[str, int]) -> None:
    assert applied("ab\r\ncd\n", fixes) == expected


@given(st.text(alphabet='ab12{}[],:&*"# \n-', max_size=80))
def test_any_text_comes_to_an_end(text: str) -> None:
    """Fixes of nonsense converge, and what is mended can be read as well as before."""
    mended(f"{HEAD}{API}labels: {text}", rounds=30)
