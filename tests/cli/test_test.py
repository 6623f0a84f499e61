"""`lambda-router test`, as a person and as a pipeline calls it: what passes, what fails and where, exit codes, formats."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import xmlschema
from click.testing import CliRunner, Result

from router.cli import main

CONFIG = """\
version: 1
functions:
  thumbnail:
    arn: arn:aws:lambda:eu-west-1:111122223333:function:thumbnail
    async: {delivery: managed, on_failure: sqs:thumbnail-failed, dead_letter: sqs:thumbnail-dlq}
  orders: arn:aws:lambda:eu-west-1:111122223333:function:orders
triggers:
  uploads:
    type: s3
    invocation: async
    source: {http: /hooks/minio, sender: minio}
    auth: {bearer: "${MINIO_TOKEN}"}
    buckets: [photos]
    notifications:
      thumbnails: {events: ["s3:ObjectCreated:*"], prefix: images/, suffix: .jpg, function: thumbnail}
  shop:
    type: api_gateway
    api: http
    invocation: sync
    hosts: [shop.example.com]
    base_path: /v1
    auth: none
    routes:
      GET /orders/{id}: orders
      POST /orders: orders
"""
LANGUAGE = """\
tests:
  a JPEG reaches thumbnail:
    given: {trigger: uploads, sample: {bucket: photos, key: images/a.jpg}}
    expect: {function: thumbnail, invocation: async, payload: {contains: {Records: [{s3: {object: {key: images/a.jpg}}}]}}}
  a text file reaches nobody:
    given: {trigger: uploads, sample: {bucket: photos, key: notes.txt}}
    expect: unmatched
  a crash is retried twice, then dead-lettered:
    given: {trigger: uploads, sample: {bucket: photos, key: images/a.jpg}}
    mock: {thumbnail: [{outcome: function_error}, {outcome: function_error}, {outcome: function_error}]}
    expect: {attempts: [0s, 60s, 180s], condition: RetriesExhausted, destinations: [sqs:thumbnail-failed, sqs:thumbnail-dlq]}
  the shop answers as its function says:
    given: {request: {method: GET, target: /v1/orders/7, headers: {host: shop.example.com}}}
    mock: {orders: {returns: {statusCode: 201, body: made}}}
    expect: {route: "GET /orders/{id}", response: {status: 201, body: made}}
"""
"""The examples of the language's own description; nobody can have claims yet."""
WRONG = """\
tests:
  it goes somewhere else:
    given: {trigger: uploads, sample: {key: images/a.jpg}}
    expect:
      function: orders
      payload:
        jsonpath: {"$.Records[0].s3.object.key": images/b.jpg}
"""

JUNIT = xmlschema.XMLSchema(str(Path(__file__).parent.parent / "formats" / "junit-10.xsd"))

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Write files, then call the command in their folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "MINIO_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def call(*args: str, env: dict[str, str | None] | None = None, **files: str) -> Result:
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_test", ".test").replace("_yaml", ".yaml")
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(text)
        return CliRunner().invoke(main, ["test", *args], env=env)

    return call


def test_the_examples_of_the_language(run: Run) -> None:
    result = run(router_yaml=CONFIG + LANGUAGE)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[0] == "router.yaml: 4 passed"


def test_what_fails_says_where_it_was_expected_and_what_happened(run: Run) -> None:
    result = run(router_yaml=CONFIG + WRONG)
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[:6] == [
        "FAILED it goes somewhere else",
        "  router.yaml:30:7: function: wanted the function `orders`, got `thumbnail`",
        "  router.yaml:31:7: payload: the payload of `thumbnail` is another one",
        '    $.Records[0].s3.object.key: wanted "images/b.jpg", got "images/a.jpg"',
        "  what happened:",
        "    trigger uploads (s3), route `thumbnails`",
    ]
    assert lines[6] == "    thumbnail (async): 0s ok"
    assert lines[-3:] == ["router.yaml: 1 failed", "", lines[-1]]
    assert lines[-1].startswith("1 failed in ")


def test_concise(run: Run) -> None:
    result = run("--format", "concise", router_yaml=CONFIG + WRONG)
    assert result.output.splitlines() == [
        "router.yaml:30:7: failed[it goes somewhere else] wanted the function `orders`, got `thumbnail`",
        "router.yaml:31:7: failed[it goes somewhere else] the payload of `thumbnail` is another one"
        ' ($.Records[0].s3.object.key: wanted "images/b.jpg", got "images/a.jpg")',
    ]


def test_json(run: Run) -> None:
    document: Any = json.loads(run("--format", "json", "--coverage", router_yaml=CONFIG + LANGUAGE + WRONG[7:]).output)
    assert document["summary"] == {"passed": 4, "failed": 1, "broken": 0}
    failed = document["tests"][-1]
    assert (failed["name"], failed["file"], failed["line"], failed["column"], failed["status"]) == (
        *("it goes somewhere else", "router.yaml", 41, 3, "failed"),
    )
    assert [(each["path"], each["line"], each["column"]) for each in failed["mismatches"]] == [
        ("expect.function", 44, 7),
        ("expect.payload", 45, 7),
    ]
    assert document["coverage"]["percent"] == 66.67
    assert [(route["route"], route["covered"], route["line"]) for route in document["coverage"]["routes"]] == [
        ("thumbnails", True, 15),
        ("GET /orders/{id}", True, 24),
        ("POST /orders", False, 25),
    ]
    assert document["problems"] == []


def test_junit_and_a_file_for_it(run: Run, tmp_path: Path) -> None:
    result = run("-o", "junit=report.xml", "--fail-under", "80", router_yaml=CONFIG + WRONG)
    assert result.exit_code == 1
    JUNIT.validate(str(tmp_path / "report.xml"))
    root = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert {name: root.attrib[name] for name in ("tests", "failures", "errors")} == {
        "tests": "2",
        "failures": "2",
        "errors": "0",
    }
    case = root.find("testsuite/testcase")
    assert case is not None
    assert (case.attrib["name"], case.attrib["classname"]) == ("it goes somewhere else", "router.yaml")
    suite = root.findall("testsuite")[1]
    assert {each.attrib["name"]: each.attrib["value"] for each in suite.iter("property")} == {
        "percent": "33.33",
        "uncovered shop: GET /orders/{id}": "router.yaml:24:7",
        "uncovered shop: POST /orders": "router.yaml:25:7",
    }


def test_annotations_in_a_workflow(run: Run) -> None:
    result = run(router_yaml=CONFIG + WRONG, env={"GITHUB_ACTIONS": "true"})
    commands = [line for line in result.output.splitlines() if line.startswith("::")]
    assert commands[0].startswith(
        "::error file=router.yaml,line=30,endLine=30,col=7,endColumn=14,title=it goes somewhere else::wanted the function"
    )
    assert len(commands) == 2


# --- which tests -----------------------------------------------------------------------------------------------------

OWN = "tests:\n  one:\n    given: {trigger: uploads, sample: {key: images/a.jpg}}\n    expect: {function: thumbnail}\n"


def test_files_beside_and_below_are_found(run: Run) -> None:
    result = run(
        "--list", router_yaml=CONFIG + LANGUAGE, a_test_yaml=OWN, deep__er__b_test_yaml=OWN, node_modules__c_test_yaml=OWN
    )
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "router.yaml:27: a JPEG reaches thumbnail",
        "router.yaml:30: a text file reaches nobody",
        "router.yaml:33: a crash is retried twice, then dead-lettered",
        "router.yaml:37: the shop answers as its function says",
        "a.test.yaml:2: one",
        "deep/er/b.test.yaml:2: one",
    ]


def test_a_file_says_which_configuration_it_is_about(run: Run) -> None:
    result = run("sub/a.test.yaml", conf__main_yaml=CONFIG, sub__a_test_yaml=f"config: ../conf/main.yaml\n{OWN}")
    assert (result.exit_code, result.output.splitlines()[0]) == (0, "sub/a.test.yaml: 1 passed")


def test_the_option_is_for_files_that_say_nothing(run: Run) -> None:
    result = run("-c", "conf/main.yaml", "sub/a.test.yaml", conf__main_yaml=CONFIG, sub__a_test_yaml=OWN)
    assert result.exit_code == 0


def test_a_configuration_alone_with_the_files_that_are_about_it(run: Run) -> None:
    files = {"one_yaml": CONFIG, "two_yaml": CONFIG, "a_test_yaml": f"config: one.yaml\n{OWN}"}
    result = run("one.yaml", "--list", **files, b_test_yaml=f"config: two.yaml\n{OWN}")
    assert result.output.splitlines() == ["a.test.yaml:3: one"]


def test_a_folder(run: Run) -> None:
    result = run("team", "--list", team__router_yaml=CONFIG + LANGUAGE, team__a_test_yaml=OWN, b_test_yaml=OWN)
    assert [line.partition(":")[0] for line in result.output.splitlines()] == ["team/router.yaml"] * 4 + ["team/a.test.yaml"]


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("JPEG", ["a JPEG reaches thumbnail"]),
        ("jpeg or shop", ["a JPEG reaches thumbnail", "the shop answers as its function says"]),
        ("reaches and not nobody", ["a JPEG reaches thumbnail"]),
        ("not (reaches or shop)", ["a crash is retried twice, then dead-lettered"]),
        ("retried twice", ["a crash is retried twice, then dead-lettered"]),
    ],
)
def test_some_of_them(run: Run, expression: str, names: list[str]) -> None:
    result = run("-k", expression, "--list", router_yaml=CONFIG + LANGUAGE)
    assert [line.partition(": ")[2] for line in result.output.splitlines()] == names


def test_bail(run: Run) -> None:
    result = run("--bail", router_yaml=CONFIG + WRONG + LANGUAGE.removeprefix("tests:\n"))
    assert (result.exit_code, result.output.splitlines()[-1].startswith("1 failed in")) == (1, True)


# --- exit codes ------------------------------------------------------------------------------------------------------


def test_nothing_collected(run: Run) -> None:
    assert run(router_yaml=CONFIG).exit_code == 5
    assert run("-k", "nobody has this name", router_yaml=CONFIG + LANGUAGE).exit_code == 5
    assert run("--list", router_yaml=CONFIG).exit_code == 5


def test_wrong_usage(run: Run) -> None:
    assert run("-k", "(", router_yaml=CONFIG).exit_code == 2
    assert run("--fail-under", "101", router_yaml=CONFIG).exit_code == 2
    assert run("-o", "yaml=x", router_yaml=CONFIG).exit_code == 2


def test_a_file_that_cannot_be_read(run: Run) -> None:
    result = run("nowhere.yaml")
    assert result.exit_code == 3
    assert "`nowhere.yaml` cannot be read" in result.output
    assert run("nowhere.test.yaml").exit_code == 3


def test_a_configuration_with_findings(run: Run) -> None:
    result = run(router_yaml=CONFIG.replace("function: thumbnail}", "function: thumbnial}"), a_test_yaml=OWN)
    assert result.exit_code == 1
    assert "router.yaml:15:93: error[unknown-function]: there is no function `thumbnial`" in result.output
    assert "BROKEN one" in result.output


def test_coverage_under_what_is_demanded(run: Run) -> None:
    result = run("--fail-under", "80", router_yaml=CONFIG + LANGUAGE)
    assert result.exit_code == 1
    assert "    not reached: router.yaml:25:7: POST /orders" in result.output.splitlines()
    assert "  together 66.7 %, 80 % are wanted" in result.output.splitlines()
    assert run("--fail-under", "66").exit_code == 0


# --- what is wrong with tests ----------------------------------------------------------------------------------------

GIVEN = "{trigger: uploads, sample: {key: images/a.jpg}}"


NOBODY = "expect: unmatched"


@pytest.mark.parametrize(
    ("given", "more", "said"),
    [
        ("{trigger: upload, sample: {}}", NOBODY, "3:22: given.trigger: there is no trigger `upload`"),
        (
            "{trigger: uploads, sample: {ky: a}}",
            NOBODY,
            "3:31: given.sample: s3/minio-put: there is no option `ky`",
        ),
        ("{trigger: uploads}", NOBODY, "3:5: given: the test has no event"),
        (
            "{sample: {}}",
            NOBODY,
            "3:13: given.sample: the test does not say which trigger `sample` is for",
        ),
        (
            "{trigger: uploads, sample: {}, task: 1}",
            NOBODY,
            "3:5: given: the test has `sample` and `task`",
        ),
        (GIVEN, "expect: {function: thumbnial}", "4:24: function: there is no function `thumbnial`"),
        (GIVEN, "expect: {route: thumbs}", "4:21: route: no route is called `thumbs`"),
        (
            GIVEN,
            "expect: {payload: {jsonpath: {a.b: 1}}}",
            "4:35: payload.jsonpath.a.b: `a.b` is no JSONPath query",
        ),
        (
            GIVEN,
            "expect: {payload: {contains: 1, more: 2}}",
            "4:37: payload.more: `more` cannot stand beside `contains`",
        ),
        (
            GIVEN,
            "mock: {thumbnial: {}}\n    expect: unmatched",
            "4:12: mock.thumbnial: there is no function `thumbnial`",
        ),
        (
            "{trigger: uploads, event: gone.json}",
            NOBODY,
            "3:31: given.event: `gone.json` cannot be read",
        ),
        (
            GIVEN,
            "now: yesterday\n    expect: unmatched",
            "4:5: now: a time such as `2026-03-01T02:00:00Z` is wanted",
        ),
        ("{trigger: shop, messages: [a]}", NOBODY, "3:5: given: the trigger `shop` polls no queue"),
    ],
)
def test_a_test_that_is_wrong_itself(run: Run, given: str, more: str, said: str) -> None:
    result = run(router_yaml=CONFIG, a_test_yaml=f"tests:\n  one:\n    given: {given}\n    {more}\n")
    assert result.exit_code == 1
    assert "BROKEN one" in result.output
    assert f"a.test.yaml:{said}" in result.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "tests:\n  one:\n    given: {}\n    expekt: unmatched\n",
            "4:5: error[unknown-key]: the key `expekt` is not known here",
        ),
        ("tests:\n  one:\n    expect: unmatched\n", "2:3: error[missing-key]: the key `given` is missing"),
        ("tests: [1]\n", "1:8: error[wrong-type]: a map is wanted here, not a list"),
        ("tests:\n  one:\n    given: {sample: {}}\n    expect: matched\n", "4:13: error["),
        ("tests:\n  one: {\n", "3:1: error[yaml-syntax]"),
        ("version: 1\ntests: {}\n", "1:1: error[unknown-key]: the key `version` is not known here"),
    ],
)
def test_a_file_that_does_not_fit_the_schema(run: Run, text: str, said: str) -> None:
    result = run(router_yaml=CONFIG, a_test_yaml=text)
    assert result.exit_code == 1
    assert f"a.test.yaml:{said}" in result.output


def test_a_broken_test_does_not_keep_the_others_from_being_run(run: Run) -> None:
    result = run(router_yaml=CONFIG, a_test_yaml=f"{OWN}  two:\n    given: 7\n    expect: unmatched\n")
    assert result.exit_code == 1
    assert "a.test.yaml: 1 passed" in result.output.splitlines()


def test_what_a_test_in_the_configuration_names_is_a_warning_of_validate(run: Run) -> None:
    text = CONFIG + WRONG.replace("function: orders", "function: ordres")
    run(router_yaml=text)
    result = CliRunner().invoke(main, ["validate"])
    assert result.exit_code == 0
    assert "router.yaml:30:17: warning[unknown-in-test]: there is no function `ordres`" in result.output


def test_a_fault_of_ours_is_no_verdict(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.testing.runner.held_against", lambda *given: 1 / 0)
    result = run(router_yaml=CONFIG + LANGUAGE)
    assert result.exit_code == 3
    assert "lambda-router: internal error, no verdict: ZeroDivisionError" in result.output


def test_a_fault_inside_the_router_fails_the_test_and_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.simulation.mocks.answered", lambda *given: 1 / 0)
    result = run("-k", "shop", router_yaml=CONFIG + LANGUAGE)
    assert result.exit_code == 1
    assert "lambda-router: A backend failed.\nTraceback" in result.stderr
    assert "FAILED the shop answers as its function says" in result.stdout
