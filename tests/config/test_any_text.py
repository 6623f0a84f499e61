"""Any text is a configuration or has findings: never a traceback, in no format."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import xmlschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from router.cli.checked import Checked, Choice
from router.cli.validate_reports import FORMATS, writers
from router.config import Loaded, Severity, load
from router.config.catalogue import BY_CODE
from router.config.edits import applied
from router.config.problem import source_lines
from router.fakes import FakeFiles
from tests.config.near_configurations import near_configurations

FOLDER = Path(__file__).parent.parent / "formats"
SARIF = Draft4Validator(json.loads((FOLDER / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")))
JUNIT = xmlschema.XMLSchema(str(FOLDER / "junit-10.xsd"))

BITS = st.sampled_from(
    [
        *(
            "version: 1\n",
            "functions:\n",
            "triggers:\n",
            "  a:\n",
            "    type: sqs\n",
            "- ",
            "{",
            "}",
            "[",
            "]",
            ", ",
            ": ",
            "&a ",
            "*a",
        ),
        *(
            "!!str ",
            "!x ",
            "|\n",
            ">-\n",
            "'",
            '"',
            "#",
            "\t",
            "  ",
            "\n",
            "\r\n",
            "\r",
            "\x85",
            "---\n",
            "...\n",
            "%YAML 1.2\n",
            "<<: ",
        ),
        *(
            "${A}",
            "${",
            "$${",
            "${A:-b}",
            "${file:x}",
            "? ",
            "\0",
            "\ufeff",
            "😀",
            "# lambda-router: ignore[unused-function] x\n",
        ),
    ]
)
TEXTS = st.text(max_size=60) | st.lists(BITS, max_size=25).map("".join) | near_configurations()
OPTIONS = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def loaded(text: str, require_env: bool = False) -> Loaded:
    files = FakeFiles({"router.yaml": text.encode("utf-8", "surrogatepass"), "src/app.py": ""})
    return load(["router.yaml"], files=files, env={"SET": "127.0.0.1:0"}, require_env=require_env, now=1e9)


def texts(check: Callable[[str], None]) -> Callable[[], None]:
    """A property of every text."""
    return OPTIONS(given(TEXTS)(check))


@texts
def test_it_is_loaded_or_has_findings(text: str) -> None:
    result = loaded(text)
    errors = [problem for problem in result.problems if problem.severity is Severity.ERROR]
    assert (result.config is None) or not errors
    strict = loaded(text, require_env=True)
    assert (strict.config is None) == any(problem.severity is Severity.ERROR for problem in strict.problems)


@texts
def test_every_finding_has_a_place_in_the_file_and_a_record(text: str) -> None:
    for problem in loaded(text).problems:
        rule = BY_CODE[problem.code]
        assert problem.severity == rule.severity
        lines = source_lines(text.removeprefix("\ufeff"))
        for span in (problem.span, *(other.span for other in problem.related)):
            assert 1 <= span.line <= len(lines)
            assert 1 <= span.column <= len(lines[span.line - 1]) + 1
            assert (span.line, span.column) <= (span.end_line, span.end_column)


@texts
def test_every_format_can_be_written_and_is_what_its_readers_want(text: str) -> None:
    checked: Sequence[Checked] = [Checked("router.yaml", (), loaded(text), Choice())]
    written = {name: write() for name, write in writers(checked, Severity.WARNING).items()}
    assert set(written) == set(FORMATS)
    for each in written.values():
        each.encode()
    SARIF.validate(json.loads(written["sarif"]))
    JUNIT.validate(written["junit"])
    document = json.loads(written["json"])
    assert [problem["code"] for problem in document["configurations"][0]["problems"]] == [
        problem.code for problem in checked[0].problems
    ]
    assert len(written["concise"].splitlines()) == len(checked[0].problems)


@texts
def test_fixes_come_to_an_end(text: str) -> None:
    text = text.removeprefix("\ufeff")
    for _ in range(50):
        fixes = [problem.fix for problem in loaded(text).problems if problem.fix is not None]
        if not fixes:
            return
        text, count = applied(text, fixes)
        assert count
    raise AssertionError(f"still to be mended: {text!r}")


@texts
def test_nothing_that_comes_from_a_variable_is_told(text: str) -> None:
    secret = "hunter2secret"
    files = FakeFiles({"router.yaml": text.replace("${SET}", "${SECRET}").encode("utf-8", "surrogatepass")})
    result = load(["router.yaml"], files=files, env={"SECRET": secret}, require_env=False, now=1e9)
    checked = [Checked("router.yaml", (), result, Choice())]
    for write in writers(checked, Severity.WARNING).values():
        assert secret not in write()
