"""JUnit XML: exact text, and what every reader's schema says of it."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from router.reports.junit import Case, Mark, Suite, render

SCHEMA = xmlschema.XMLSchema(str(Path(__file__).parent.parent / "formats" / "junit-10.xsd"))
CASES = [
    Case("passes", "shop", seconds=0.25, output="called orders"),
    Case("fails", "shop", (Mark("failure", "wanted 200", "status", 'got 502\n<"html">'),)),
    Case("breaks", "shop", (Mark("failure", "seen"), Mark("error", "no such file", "io"))),
    Case("waits", "shop", (Mark("skipped", "not selected"),)),
]
EXPECTED = """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="lambda-router" tests="4" failures="1" errors="1" time="0.250">
  <testsuite name="router.yaml" file="router.yaml" tests="4" failures="1" errors="1" time="0.250" skipped="1">
    <properties>
      <property name="stage" value="dev &amp; test"/>
    </properties>
    <testcase name="passes" classname="shop" time="0.250">
      <system-out>called orders</system-out>
    </testcase>
    <testcase name="fails" classname="shop" time="0.000">
      <failure type="status" message="wanted 200">got 502
&lt;"html"&gt;</failure>
    </testcase>
    <testcase name="breaks" classname="shop" time="0.000">
      <failure message="seen"></failure>
      <error type="io" message="no such file"></error>
    </testcase>
    <testcase name="waits" classname="shop" time="0.000">
      <skipped message="not selected"></skipped>
    </testcase>
  </testsuite>
</testsuites>
"""


def test_every_kind_of_mark() -> None:
    text = render([Suite("router.yaml", CASES, "router.yaml", {"stage": "dev & test"})])
    assert text == EXPECTED
    SCHEMA.validate(text)


def test_no_suites() -> None:
    text = render([])
    SCHEMA.validate(text)
    assert ElementTree.fromstring(text).get("tests") == "0"


@given(st.text(), st.text(), st.text())
def test_any_text_comes_back_but_for_what_xml_cannot_hold(name: str, message: str, text: str) -> None:
    rendered = render([Suite("s", [Case(name, "c", (Mark("failure", message, "t", text),), output=text)])])
    rendered.encode()
    document = ElementTree.fromstring(rendered)
    SCHEMA.validate(document)
    case = document.find("testsuite/testcase")
    assert case is not None
    failure = case.find("failure")
    assert failure is not None
    assert (case.get("name"), failure.get("message")) == (_known(name), _known(message))
    assert (failure.text or "") == _known(text)


@pytest.mark.parametrize(("seconds", "text"), [(0.0004, "0.000"), (1234.5678, "1234.568")])
def test_seconds_have_three_decimals(seconds: float, text: str) -> None:
    rendered = render([Suite("s", [Case("n", "c", seconds=seconds)])])
    SCHEMA.validate(rendered)
    assert f'<testcase name="n" classname="c" time="{text}"/>' in rendered


def _known(text: str) -> str:
    def fits(code: int) -> bool:
        return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000

    return "".join(character if fits(ord(character)) else "\ufffd" for character in text)
