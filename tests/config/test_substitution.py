"""Variables and files in values: what is put in, where it is refused, and that it never shows."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config import Loaded, render
from router.config.nodes import ScalarNode
from router.config.problem import Span
from router.config.substitution import Substitution, redactor
from router.fakes import FakeFiles

PLACE = Span("dir/f.yaml", 1, 1, 1, 2)
FILES = {"dir/token": "from file\n", "/run/secrets/x": "absolute", "dir/binary": b"\xff"}


def put_in(text: str, env: dict[str, str], *, require_env: bool = True) -> tuple[ScalarNode, list[str]]:
    substitution = Substitution(env, FakeFiles(FILES), require_env)
    node = substitution.apply(ScalarNode(PLACE, text, True, text))
    assert isinstance(node, ScalarNode)
    return node, [problem.code for problem in substitution.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${NAME}", "value"),
        ("a-${NAME}-${NAME}", "a-value-value"),
        ("${NAME:-other}", "value"),
        ("${UNSET:-other}", "other"),
        ("${UNSET:-}", ""),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY}", ""),
        ("$${NAME}", "${NAME}"),
        ("$$${NAME}", "$${NAME}"),
        ("$NAME $$ {NAME}", "$NAME $$ {NAME}"),
        ("${file:token}", "from file"),
        ("${file:/run/secrets/x}", "absolute"),
        ("${NESTED}", "${NAME}"),
    ],
)
def test_what_is_put_in(text: str, expected: str) -> None:
    node, problems = put_in(text, {"NAME": "value", "EMPTY": "", "NESTED": "${NAME}"})
    assert (node.text, problems, node.opaque) == (expected, [], False)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("${UNSET}", "unset-variable"),
        ("${file:/nowhere}", "unreadable-file"),
        ("${file:binary}", "unreadable-file"),
        ("${", "bad-substitution"),
        ("${}", "bad-substitution"),
        ("${1X}", "bad-substitution"),
        ("${A-B}", "bad-substitution"),
        ("${file:}", "bad-substitution"),
    ],
)
def test_what_is_refused(text: str, code: str) -> None:
    node, problems = put_in(text, {})
    assert (node.text, problems, node.opaque) == (text, [code], True)


def test_without_required_variables_the_value_is_unknown() -> None:
    assert put_in("x ${UNSET} ${file:/nowhere}", {}, require_env=False)[0].opaque
    assert put_in("x ${UNSET}", {}, require_env=False)[1] == []
    assert put_in("${1X}", {}, require_env=False)[1] == ["bad-substitution"]


@given(st.text(max_size=30).filter(lambda text: "${" not in text))
def test_text_without_variables_is_untouched(text: str) -> None:
    assert put_in(text, {})[0] == ScalarNode(PLACE, text, True, text)


@given(st.text(max_size=20))
def test_any_value_goes_in_whole_and_is_not_read_again(value: str) -> None:
    node, problems = put_in("<${NAME}>", {"NAME": value})
    assert (node.text, node.substituted, problems) == (f"<{value}>", True, [])


def test_longer_secrets_are_redacted_first() -> None:
    redact = redactor({"abc": "${A}", "abc-def": "${B}"})
    assert redact("`abc-def` and `abc`, not abcd") == "`${B}` and `${A}`, not abcd"


TEMPLATE = """\
version: 1
functions: {{orders: "${{ARN}}"}}
listeners: {{main: "${{ADDRESS}}"}}
log: {{level: "${{LEVEL}}"}}
triggers:
  a: {{type: probe, invocation: sync, function: "${{FUNCTION}}", hosts: "${{HOST}}",
    timeout: "${{TIMEOUT}}", retries: "${{RETRIES}}"{more}}}
"""
GOOD = {
    "ARN": "arn:aws:lambda:eu-west-1:111122223333:function:orders",
    "ADDRESS": "127.0.0.1:0",
    "LEVEL": "debug",
    "FUNCTION": "orders",
    "HOST": "a.example.com",
    "TIMEOUT": "1m",
    "RETRIES": "7",
}


def test_text_from_a_variable_is_read_as_what_is_wanted(load_text: Callable[..., Loaded]) -> None:
    loaded = load_text(TEMPLATE.format(more=', input: {number: "${RETRIES}"}'), env=GOOD)
    assert loaded.problems == []
    assert loaded.config is not None
    trigger: Any = loaded.config.raw["triggers"]["a"]
    assert (trigger["retries"], trigger["timeout"], trigger["input"]) == (7, 60.0, {"number": "7"})
    assert loaded.config.listeners["main"].address.port == 0


def test_unknown_values_pass_and_the_rest_is_checked(load_text: Callable[..., Loaded]) -> None:
    assert load_text(TEMPLATE.format(more=""), require_env=False).problems == []
    loaded = load_text(TEMPLATE.format(more=", reties: 1"), require_env=False)
    assert [(problem.code, problem.line) for problem in loaded.problems] == [("unknown-key", 7)]
    assert loaded.config is None


def test_unset_variables_are_refused_all_at_once(load_text: Callable[..., Loaded]) -> None:
    problems = load_text(TEMPLATE.format(more="")).problems
    assert [problem.message for problem in problems] == [
        f"the variable `{name}` is not set" for name in ("ARN", "ADDRESS", "LEVEL", "FUNCTION", "HOST", "TIMEOUT", "RETRIES")
    ]


@pytest.mark.parametrize("joint", ["", ":", ".", "/", " "])
@pytest.mark.parametrize("name", sorted(GOOD))
def test_what_came_from_a_variable_is_never_printed(load_text: Callable[..., Loaded], name: str, joint: str) -> None:
    loaded = load_text(TEMPLATE.format(more=""), env={**GOOD, name: f"s3cr3t{joint}hunter2!"})
    text = "".join(render(problem, loaded.sources) + str(problem.to_json()) for problem in loaded.problems)
    assert loaded.problems
    assert "s3cr3t" not in text
    assert "hunter2" not in text


@pytest.mark.parametrize(("env", "secrets"), [({}, {}), ({"SIZE": "5"}, {"5": "${SIZE:-3}"}), ({"SIZE": ""}, {})])
def test_a_default_is_no_secret(env: dict[str, str], secrets: dict[str, str]) -> None:
    substitution = Substitution(env, FakeFiles({}), True)
    span = Span("f", 1, 1, 1, 10)
    substitution.apply(ScalarNode(span, "${SIZE:-3}", True, "${SIZE:-3}"))
    assert substitution.secrets == secrets
