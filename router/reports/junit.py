"""JUnit XML, as the xUnit schema of Jenkins has it: what every CI system can read.

https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped (https://www.w3.org/TR/xml/#charsets)."""

_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTE = {**_IN_TEXT, **str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})}


@dataclass(slots=True, frozen=True)
class Mark:
    """Why a case did not pass. `failure`: what was wanted is not so; `error`: nothing could be said; `skipped`: not tried.

    `message`: one line; `type`: a code; `text`: everything that is known, in lines.
    """

    kind: Literal["failure", "error", "skipped"]
    message: str
    type: str = ""
    text: str = ""


@dataclass(slots=True, frozen=True)
class Case:
    """One case; it passed where it has no marks. `classname`: what it belongs to, for grouping. `seconds`: it took."""

    name: str
    classname: str
    marks: tuple[Mark, ...] = ()
    seconds: float = 0.0
    output: str = ""

    def has(self, kind: str) -> bool:
        return any(mark.kind == kind for mark in self.marks)


@dataclass(slots=True, frozen=True)
class Suite:
    """The cases of one file. `properties`: what is worth noting beside them."""

    name: str
    cases: Sequence[Case]
    file: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


def render(suites: Iterable[Suite], name: str = "lambda-router") -> str:
    """The document, with a line break at its end."""
    listed = list(suites)
    cases = [case for suite in listed for case in suite.cases]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites{_attributes({'name': name, **_counts(cases)})}>"]
    for suite in listed:
        lines += _suite(suite)
    return "\n".join([*lines, "</testsuites>", ""])


def _counts(cases: Sequence[Case]) -> dict[str, str | None]:
    """A case that has both counts as an error alone."""
    errors = sum(case.has("error") for case in cases)
    failures = sum(case.has("failure") and not case.has("error") for case in cases)
    seconds = sum(case.seconds for case in cases)
    return {"tests": str(len(cases)), "failures": str(failures), "errors": str(errors), "time": f"{seconds:.3f}"}


def _suite(suite: Suite) -> list[str]:
    skipped = str(sum(case.has("skipped") for case in suite.cases))
    counts = {**_counts(suite.cases), "skipped": skipped}
    lines = [f"  <testsuite{_attributes({'name': suite.name, 'file': suite.file, **counts})}>"]
    if suite.properties:
        noted = [f"      <property{_attributes({'name': key, 'value': value})}/>" for key, value in suite.properties.items()]
        lines += ["    <properties>", *noted, "    </properties>"]
    for case in suite.cases:
        lines += _case(case)
    return [*lines, "  </testsuite>"]


def _case(case: Case) -> list[str]:
    head = f"    <testcase{_attributes({'name': case.name, 'classname': case.classname, 'time': f'{case.seconds:.3f}'})}"
    if not case.marks and not case.output:
        return [f"{head}/>"]
    inside = [_mark(mark) for mark in case.marks]
    if case.output:
        inside.append(f"      <system-out>{_text(case.output)}</system-out>")
    return [f"{head}>", *inside, "    </testcase>"]


def _mark(mark: Mark) -> str:
    attributes = _attributes({"type": mark.type or None, "message": mark.message})
    return f"      <{mark.kind}{attributes}>{_text(mark.text)}</{mark.kind}>"


def _attributes(values: Mapping[str, str | None]) -> str:
    """Each with a space before it; without those that are None. Line breaks and tabs survive as character references."""
    return "".join(f' {name}="{_known(value).translate(_IN_ATTRIBUTE)}"' for name, value in values.items() if value is not None)


def _text(text: str) -> str:
    return _known(text).translate(_IN_TEXT)


def _known(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
