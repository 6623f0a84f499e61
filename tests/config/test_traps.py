"""The traps of YAML: what each is reported as, and exactly where; or that it is none here.

Places count characters from 1, whatever ends the lines, with or without a byte order mark.
"""

from typing import Any

import pytest

from router.config import Loaded, load
from router.fakes import FakeFiles

HEAD = "version: 1\nfunctions: {orders: arn:aws:lambda:eu-west-1:111122223333:function:orders}\n"
API = "triggers:\n  api: {type: lambda_api, invocation: sync, functions: [orders]}\n"
GOOD = HEAD + API
LOUD = "log: {level: loud}\n"

Place = tuple[str, int, int]


def loaded(text: str | bytes) -> Loaded:
    return load(["router.yaml"], files=FakeFiles({"router.yaml": text}), env={}, require_env=False, now=0.0)


def places(text: str | bytes) -> list[Place]:
    return [(problem.code, problem.line, problem.column) for problem in loaded(text).problems]


TRAPS: dict[str, tuple[str | bytes, list[Place]]] = {
    # the same key twice: most readers take the last one and say nothing
    "duplicate key": (f"{GOOD}log:\n  level: info\n  level: debug\n", [("duplicate-key", 7, 3)]),
    "duplicate key in brackets": (f"{GOOD}log: {{level: info, level: debug}}\n", [("duplicate-key", 5, 20)]),
    "duplicate key in quotes": (f'{GOOD}log: {{level: info, "level": debug}}\n', [("duplicate-key", 5, 20)]),
    "duplicate section": (f"{GOOD}labels: {{a: b}}\nlabels: {{c: d}}\n", [("duplicate-key", 6, 1)]),
    "duplicate name": (HEAD + API + API.splitlines()[1] + "\n", [("duplicate-key", 5, 3)]),
    # tabs
    "tab as indentation": (f"{HEAD}triggers:\n\tapi: {{type: lambda_api}}\n", [("yaml-syntax", 4, 1)]),
    "tab behind spaces": (
        f"{HEAD}triggers:\n  api:\n    type: lambda_api\n  \tinvocation: sync\n",
        [("yaml-syntax", 6, 3)],
    ),
    "tab before a value": (f"{GOOD}log:\n  level:\tloud\n", [("unknown-value", 6, 10)]),
    # indentation
    "indented less": (
        f"{HEAD}triggers:\n  api:\n    type: lambda_api\n   invocation: sync\n",
        [("yaml-syntax", 6, 4)],
    ),
    "indented more": (
        f"{HEAD}triggers:\n  api:\n    type: lambda_api\n      invocation: sync\n",
        [("yaml-syntax", 6, 17)],
    ),
    "not indented at all": (
        f"{HEAD}triggers:\n  api:\n  type: lambda_api\n",
        [("wrong-type", 4, 7), ("wrong-type", 5, 9)],
    ),
    "item out of line": (f"{GOOD}include:\n    - a.yaml\n   - b.yaml\n", [("yaml-syntax", 7, 4)]),
    # anchors and aliases
    "undefined alias": (f"{GOOD}labels: {{a: *shared}}\n", [("undefined-alias", 5, 13)]),
    "alias before its anchor": (f"{GOOD}labels: {{a: *x, b: &x c}}\n", [("undefined-alias", 5, 13)]),
    "recursive alias": (f"{GOOD}x-a: &a [*a]\n", [("recursive-alias", 5, 10)]),
    "merge of itself": (f"{HEAD}triggers:\n  api: &api\n    <<: *api\n", [("recursive-alias", 5, 9)]),
    "star at the beginning": (f"{GOOD}labels:\n  host: *.example.com\n", [("yaml-syntax", 6, 10)]),
    "star in brackets": (f"{GOOD}labels: {{host: *.example.com}}\n", [("yaml-syntax", 5, 17)]),
    "alias bomb": (
        "x-a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        + "".join(f"x-{n}: &{n} [{', '.join([f'*{b}'] * 10)}]\n" for b, n in zip("abcdef", "bcdefg", strict=True)),
        [("too-many-nodes", 5, 6)],
    ),
    "nested without end": (f"x-a: {'[' * 100}\n", [("nested-too-deeply", 1, 69)]),
    # `<<`
    "merge of a text": (f"{GOOD}labels: {{<<: shared}}\n", [("merge-not-a-map", 5, 14)]),
    "merge of texts": (f"{GOOD}labels: {{<<: [a, b]}}\n", [("merge-not-a-map", 5, 15), ("merge-not-a-map", 5, 18)]),
    "merge twice": (
        f"x-a: &a {{a: b}}\nx-c: &c {{c: d}}\n{GOOD}labels: {{<<: *a, <<: *c}}\n",
        [("duplicate-key", 7, 18)],
    ),
    "merge in quotes": (f"{GOOD}labels: {{'<<': a}}\n", [("wrong-form", 5, 10)]),
    # brackets that are no list and no map
    "variable in a map": (f"{GOOD}labels: {{a: ${{STAGE}}}}\n", [("yaml-syntax", 5, 14)]),
    "variable in a list": (GOOD.replace("[orders]", "[${FN}]"), [("yaml-syntax", 4, 58)]),
    "IPv6 address in a map": (f"{GOOD}listeners: {{main: [::1]:8080}}\n", [("yaml-syntax", 5, 20)]),
    "IPv6 address": (f"{GOOD}listeners:\n  main: [::1]:8080\n", [("yaml-syntax", 6, 10)]),
    "brackets in a key": (f"{GOOD}labels: {{[a]: b}}\n", [("complex-key", 5, 10)]),
    "two pairs of braces": (f"{GOOD}labels: {{{{stage}}: b}}\n", [("complex-key", 5, 10)]),
    # what is not closed
    "quote": (f'{GOOD}labels: {{a: "b}}\n', [("yaml-syntax", 5, 13)]),
    "brace": (f"{GOOD}labels: {{a: b\n", [("yaml-syntax", 5, 9)]),
    "bracket in braces": (GOOD.replace("[orders]", "[orders"), [("yaml-syntax", 4, 63)]),
    # characters that begin something else
    "at sign": (f"{GOOD}labels:\n  a: @b\n", [("yaml-syntax", 6, 6)]),
    "backtick": (f"{GOOD}labels:\n  a: `b`\n", [("yaml-syntax", 6, 6)]),
    "percent sign": (f"{GOOD}labels:\n  a: %b\n", [("yaml-syntax", 6, 6)]),
    "ampersand": (f"{GOOD}labels:\n  a: &b\n", [("wrong-type", 6, 6)]),
    "exclamation mark": (f"{GOOD}labels:\n  a: !b c\n", [("unknown-tag", 6, 6)]),
    "colon in a value": (f"{GOOD}log: level: info\n", [("yaml-syntax", 5, 11)]),
    "no space behind a colon": (f"{GOOD}labels:\n  a:b\n  c: d\n", [("yaml-syntax", 7, 4)]),
    "no space before a hash": (f"{GOOD}log: {{level: info#debug}}\n", [("unknown-value", 5, 14)]),
    # tags
    "tag of CloudFormation": (f"{GOOD}labels: {{a: !Sub x}}\n", [("unknown-tag", 5, 13)]),
    "tag of Python": (f"{GOOD}x-a: !!python/object/apply:os.system [ls]\n", [("unknown-tag", 5, 6)]),
    "tag of bytes": (f"{GOOD}labels: {{a: !!binary aGk=}}\n", [("unknown-tag", 5, 13)]),
    # what is no single document
    "several documents": (f"{GOOD}---\n{GOOD}", [("multiple-documents", 5, 1)]),
    "nothing": ("", [("empty-file", 1, 1)]),
    "only a comment": ("# later\n", [("empty-file", 1, 1)]),
    "a text": ("hello\n", [("root-not-a-map", 1, 1)]),
    "a list": ("\n- version: 1\n", [("root-not-a-map", 2, 1)]),
    # bytes and line breaks
    "byte order mark": ("\ufeff" + GOOD.replace("version", "versoin"), [("unknown-key", 1, 1)]),
    "byte order mark and more": (f"\ufeff{GOOD}{LOUD}", [("unknown-value", 5, 14)]),
    "CRLF": ((GOOD + LOUD).replace("\n", "\r\n"), [("unknown-value", 5, 14)]),
    "CR": ((GOOD + LOUD).replace("\n", "\r"), [("unknown-value", 5, 14)]),
    "next line": (f"{GOOD}labels: {{a: b}}\x85{LOUD}", [("unknown-value", 6, 14)]),
    "characters of several bytes": (
        f"{GOOD}log: {{format: 😀, level: é}}\n",
        [("unknown-value", 5, 15), ("unknown-value", 5, 25)],
    ),
    "NUL": (f"{GOOD}labels: {{ä: b\0}}\n", [("yaml-syntax", 5, 14)]),
    "control character": (f"{GOOD}labels: {{ä: b\x07}}\n".replace("\n", "\r\n"), [("yaml-syntax", 5, 14)]),
    "half of a surrogate pair": (f'{GOOD}labels: {{a: "\\ud800"}}\n', [("yaml-syntax", 5, 16)]),
    "Latin-1": (f"{GOOD}labels: {{ae: é}}\n".encode("latin-1"), [("not-utf-8", 5, 14)]),
    "UTF-16": (GOOD.encode("utf-16"), [("not-utf-8", 1, 1)]),
    # scalars that are read by what is wanted, not by how they look
    "NO where a boolean is wanted": (f"{GOOD}log: {{access: NO}}\n", [("wrong-type", 5, 15)]),
    "underscores in a number": (f"{GOOD}aws: {{max_connections: 1_000}}\n", [("wrong-type", 5, 24)]),
    "a number in quotes": (f'{GOOD}aws: {{max_connections: "50"}}\n', [("wrong-type", 5, 24)]),
    "a duration without a unit": (f"{GOOD}server: {{drain_timeout: 30}}\n", [("wrong-form", 5, 25)]),
    "no value": (f"{GOOD}log:\n", [("wrong-type", 5, 5)]),
}


@pytest.mark.parametrize("name", TRAPS)
def test_where_each_is_found(name: str) -> None:
    text, expected = TRAPS[name]
    assert places(text) == expected


@pytest.mark.parametrize("name", TRAPS)
def test_none_is_told_in_the_words_of_the_parser(name: str) -> None:
    text, _ = TRAPS[name]
    assert [problem.message for problem in loaded(text).problems if "the YAML cannot be read" in problem.message] == []


@pytest.mark.parametrize(
    ("written", "path", "value"),
    [
        ("aws: {account_id: 012345678901}\n", ("aws", "account_id"), "012345678901"),
        ("labels: {country: NO}\n", ("labels", "country"), "NO"),
        ("labels: {at: 12:30:45}\n", ("labels", "at"), "12:30:45"),
        ("labels: {since: 2024-01-01}\n", ("labels", "since"), "2024-01-01"),
        ("labels: {release: 1.10}\n", ("labels", "release"), "1.10"),
        ("labels: {hash: 1e3}\n", ("labels", "hash"), "1e3"),
        ("labels: {answer: yes, nothing: null}\n", ("labels", "nothing"), "null"),
        ("log: {access: true}\n...\n", ("log", "access"), True),
    ],
)
def test_what_is_no_trap_here(written: str, path: tuple[str, str], value: Any) -> None:
    result = loaded(GOOD + written)
    assert result.problems == []
    assert result.config is not None
    assert result.config.raw[path[0]][path[1]] == value
