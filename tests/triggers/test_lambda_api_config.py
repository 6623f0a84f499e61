"""What the file says of a `lambda_api` trigger: what is taken, and each refusal with its place and words."""

from pathlib import Path

import pytest

from router.config.load import Loaded, load
from router.fakes import FakeFiles, play, request, succeeded
from router.files import LocalFiles
from router.model import Invoke

HEAD = """version: 1
functions:
  orders: arn:aws:lambda:eu-west-1:111122223333:function:orders-prod
triggers:
"""


def loaded(*triggers: str) -> Loaded:
    text = HEAD + "".join(f"  {trigger}\n" for trigger in triggers)
    return load(["router.yaml"], files=FakeFiles({"router.yaml": text}), env={})


def trigger(functions: str, invocation: str = "sync") -> str:
    return f"api: {{type: lambda_api, invocation: {invocation}, functions: {functions}, auth: none}}"


@pytest.mark.parametrize(
    "functions", ["all", "orders", "[orders]", '"arn:aws:lambda:eu-west-1:111122223333:function:orders-prod"']
)
@pytest.mark.parametrize("invocation", ["sync", "[sync]"])
def test_what_is_taken(functions: str, invocation: str) -> None:
    found = loaded(trigger(functions, invocation))
    assert found.problems == []
    assert found.config is not None
    (api,) = found.config.triggers
    assert (api.name, api.invocation, api.listener) == ("api", {"sync"}, "main")
    steps, reply = play(
        api.type.handle(request("POST", "/2015-03-31/functions/orders-prod:live/invocations", []), api.built),
        b"",
        succeeded(b"1"),
    )
    assert reply.status == 200
    assert isinstance(steps[1], Invoke)
    assert (steps[1].target.function.name, steps[1].target.qualifier) == ("orders", "live")


@pytest.mark.parametrize(
    ("triggers", "expected"),
    [
        ([trigger("[nobody]")], [("router.yaml:5:57", "there is no function `nobody`")]),
        ([trigger("[all]")], [("router.yaml:5:57", "there is no function `all`")]),
        (
            [trigger("[orders, 'orders:live']")],
            [
                (
                    "router.yaml:5:65",
                    "`orders:live` has a qualifier, but callers of the Invoke API choose the qualifier themselves",
                )
            ],
        ),
        (
            [trigger("all"), trigger("all").replace("api:", "other:")],
            [
                (
                    "router.yaml:6:3",
                    "the triggers `api` and `other` both claim the AWS API of lambda on the listener `main`",
                )
            ],
        ),
    ],
)
def test_what_is_refused(triggers: list[str], expected: list[tuple[str, str]]) -> None:
    found = loaded(*triggers)
    assert found.config is None
    errors = [problem for problem in found.problems if problem.severity.value == "error"]
    assert [(f"{error.span.file}:{error.span.line}:{error.span.column}", error.message) for error in errors] == expected


def test_functions_are_required() -> None:
    found = loaded("api: {type: lambda_api, invocation: sync, auth: none}")
    assert found.config is None
    assert ["functions" in problem.message for problem in found.problems if problem.severity.value == "error"] == [True]


def test_the_example_is_valid(root: Path) -> None:
    found = load([str(root / "configs" / "examples" / "lambda_api.yaml")], files=LocalFiles(), env={})
    assert found.problems == []
    assert found.config is not None
    assert [(trigger.name, trigger.type.name) for trigger in found.config.triggers] == [("api", "lambda_api")]
