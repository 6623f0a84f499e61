"""No secret is quoted, not even of a file that cannot be read."""

import pytest

from router.config import Loaded, load, render
from router.config.concealment import without_secrets
from router.fakes import FakeFiles


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("admin: {token: abc, listen: x}", "admin: {token: ***, listen: x}"),
        ("admin: {listen: x, token: abc}  # why", "admin: {listen: x, token: ***}  # why"),
        ("  token: abc, def  # why", "  token: ********  # why"),
        ('  "token": "a, b}c" # why', '  "token": ******** # why'),
        ("  token: 'abc", "  token: ****"),
        ("  token: 'abc\n    def' # why", "  token: ****\n******** # why"),
        ("  bearer: [abc, def]", "  bearer: **********"),
        ("  bearer: [abc,\n    def]", "  bearer: *****\n********"),
        ("  bearer:\n  - abc\n  - def\nnext: 1", "  bearer:\n  *****\n  *****\nnext: 1"),
        ("  bearer:\n    - ${A}\n    - def", "  bearer:\n    - ${A}\n    *****"),
        ("  token: |\n    abc\n\n    def\n  next: 1", "  token: |\n    ***\n\n    ***\n  next: 1"),
        ("  token: ${A}\n", "  token: ${A}\n"),
        ('  token: "${A:-x}"\n', '  token: "${A:-x}"\n'),
        ("a: {secret: x, hmac: {secret: yy}}", "a: {secret: *, hmac: {secret: **}}"),
        ("tokens: 3\nmy_token: 4\n", "tokens: 3\nmy_token: 4\n"),
        ("token: {a: b}\n", "token: {a: b}\n"),
        ("nothing: here\r\n", "nothing: here\r\n"),
    ],
)
def test_what_is_hidden(text: str, expected: str) -> None:
    assert without_secrets(text) == expected


def loaded(text: str) -> Loaded:
    return load(["router.yaml"], files=FakeFiles({"router.yaml": text}), env={}, require_env=False)


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nadmin: {listen: 127.0.0.1:1, token: hunter, token: hunter2}\n",
        "version: 1\nadmin: {listen: 127.0.0.1:1, token: hunter2\n",
        "version: 1\nadmin: {listen: [], token: hunter2, more: 1}\n",
        "version: 1\nadmin:\n\ttoken: hunter2\n",
    ],
)
def test_no_finding_quotes_a_secret(text: str) -> None:
    result = loaded(text)
    assert result.problems
    assert "hunter" not in "\n".join(render(problem, result.sources) for problem in result.problems)
