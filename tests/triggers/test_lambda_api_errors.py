"""The error table against AWS's own service model (botocore's copy), and arbitrary input: always a reply, no exception."""

import json
from functools import cache
from typing import Any

import pytest
from botocore.loaders import Loader
from hypothesis import given, settings
from hypothesis import strategies as st

from router.arn import FunctionArn
from router.errors import Invoked
from router.fakes import play, request
from router.model import ErrorNote, Function, Invoke, ReadBody, Reply, Scope, Target
from router.outcome import Outcome, OutcomeKind, classify, refused
from router.triggers import TYPES
from router.triggers.lambda_api.answers import SHAPES, Shape

HELLO = Function("hello", FunctionArn("eu-west-1", "111122223333", "hello"), 3.0)
TYPE = TYPES["lambda_api"]
API = TYPE.build(
    {"functions": "all", "invocation": ["sync"]},
    Scope("api", "111122223333", "eu-west-1", lambda key: Target(HELLO), {"hello": HELLO}),
)
ID = "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10"


@cache
def service_model() -> dict[str, Any]:
    model: dict[str, Any] = Loader().load_service_model("lambda", "service-2")
    return model


def modelled_errors() -> dict[str, Shape]:
    """Every error that the model declares for Invoke, with its status, message key and `Type`."""
    shapes = service_model()["shapes"]
    found = {}
    for name in (error["shape"] for error in service_model()["operations"]["Invoke"]["errors"]):
        shape = shapes[name]
        status = shape["error"]["httpStatusCode"]
        key = next(member for member in shape["members"] if member.lower() == "message")
        found[name] = Shape(status, key, "User" if shape["error"].get("senderFault") else "Service")
    return found


def test_the_table_agrees_with_the_service_model() -> None:
    both = modelled_errors().keys() & SHAPES.keys()
    assert len(both) > 30
    assert {code: SHAPES[code] for code in both} == {code: modelled_errors()[code] for code in both}


BEYOND_THE_MODEL = {
    "ValidationException": Shape(400, "message", None),
    "AccessDeniedException": Shape(403, "Message", None),
    "MissingAuthenticationTokenException": Shape(403, "message", None),
    "InvalidSignatureException": Shape(403, "message", None),
    "UnrecognizedClientException": Shape(403, "message", None),
    "ExpiredTokenException": Shape(403, "message", None),
    "IncompleteSignatureException": Shape(403, "message", None),
    "UnknownOperationException": Shape(404, "message", "User"),
    "MethodNotAllowedException": Shape(405, "message", "User"),
    "RequestEntityTooLargeException": Shape(413, "message", None),
    "UnsupportedOperationException": Shape(501, "message", "Service"),
    "ServiceUnavailableException": Shape(503, "message", "Service"),
}


def test_errors_of_the_front_end_and_of_this_endpoint() -> None:
    assert {code: SHAPES[code] for code in BEYOND_THE_MODEL} == BEYOND_THE_MODEL


@pytest.mark.parametrize("code", sorted(SHAPES))
def test_an_error_of_a_backend_is_rendered_in_its_shape(code: str) -> None:
    shape = SHAPES[code]
    outcome = refused(shape.status, code, "why", "lambda-id")
    _, reply = play(converse(), b"", outcome)
    body = ({"Type": shape.type} if shape.type else {}) | {shape.message_key: "why"}
    assert reply == Reply(
        shape.status,
        [("Content-Type", "application/json"), ("x-amzn-RequestId", "lambda-id"), ("x-amzn-ErrorType", code)],
        json.dumps(body, separators=(",", ":")).encode(),
        ErrorNote(classify(shape.status, None).value, Invoked.NO, detail="why"),
    )


def converse(name: str = "hello") -> Any:
    return TYPE.handle(request("POST", f"/2015-03-31/functions/{name}/invocations", []), API)


# --- arbitrary input -------------------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SEGMENTS = st.one_of(
    st.sampled_from(
        ["2015-03-31", "2021-11-15", "functions", "hello", "hello%3Alive", "%ff", "%", "invocations", "arn:aws:lambda:"]
    ),
    TEXT,
)
PATHS = st.one_of(
    st.lists(SEGMENTS, max_size=6).map(lambda parts: "/" + "/".join(parts)),
    SEGMENTS.map("/2015-03-31/functions/{}/invocations".format),
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "X-Amz-Invocation-Type",
                "X-Amz-Log-Type",
                "X-Amz-Client-Context",
                "X-Amz-Tenant-Id",
                "X-Amz-Durable-Execution-Name",
            ]
        ),
        st.one_of(st.sampled_from(["Tail", "DryRun", "Event", "e30="]), TEXT),
    ),
    max_size=3,
)
OUTCOMES = st.builds(
    Outcome,
    st.sampled_from(OutcomeKind),
    st.binary(max_size=20),
    st.integers(0, 999),
    TEXT,
    *(st.one_of(st.none(), TEXT) for _ in range(7)),
    st.one_of(st.none(), st.integers(0, 99)),
    st.sampled_from(Invoked),
)


@settings(max_examples=400, deadline=None)
@given(
    method=st.one_of(st.just("POST"), TEXT),
    path=PATHS,
    query=st.one_of(TEXT, TEXT.map("Qualifier={}".format)),
    headers=HEADERS,
    body=st.one_of(st.binary(max_size=50), st.just(b'{"a":1}')),
    outcome=OUTCOMES,
)
def test_whatever_comes_in_ends_in_a_reply(
    method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes, outcome: Outcome
) -> None:
    asked = request(method, "/", headers, path=path, query=query)
    answers = iter([body, outcome])
    conversation = TYPE.handle(asked, API)
    steps = []
    try:
        steps.append(next(conversation))
        while True:
            steps.append(conversation.send(next(answers)))
    except StopIteration as stop:
        reply = stop.value
    assert [type(step) for step in steps] in ([], [ReadBody], [ReadBody, Invoke])
    assert 200 <= reply.status <= 599
    invoked = len(steps) == 2 and outcome.kind in (OutcomeKind.OK, OutcomeKind.FUNCTION_ERROR)
    assert (reply.error is None) == invoked
    if reply.error is not None and len(steps) < 2:
        assert reply.error.invoked is Invoked.NO
        assert json.loads(reply.body).keys() <= {"Type", "message", "Message"}


@settings(deadline=None)
@given(outcome=OUTCOMES.filter(lambda outcome: outcome.payload))
def test_bytes_of_lambda_are_never_touched(outcome: Outcome) -> None:
    _, reply = play(converse(), b"", outcome)
    answered = outcome.kind not in (OutcomeKind.TIMEOUT, OutcomeKind.TRANSPORT)
    assert (reply.body == outcome.payload) == answered
