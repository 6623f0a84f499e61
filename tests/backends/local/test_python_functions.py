"""What a Python function does, with both runtime clients: each answers as AWS does, and the next call works."""

import json
import re
import sys
from typing import Any

import pytest

from router.backends.local.launch import CLIENTS
from router.outcome import OutcomeKind

pytestmark = pytest.mark.parametrize("runtime_client", ["awslambdaric", "builtin"])
REQUEST = "8f5e4f3e-0b43-4b6e-9e0a-2f9b5a5c1d11"

NEWER = sys.version_info >= (3, 12)
"""Runtimes of Python 3.12 and later leave Unicode as it is."""
RESULTS = {
    "None": b"null",
    "0": b"0",
    "False": b"false",
    "''": b'""',
    "[]": b"[]",
    "{}": b"{}",
    "nan": b"NaN",
    "[float('inf'), -float('inf')]": b"[Infinity, -Infinity]",
    "Decimal('1.10')": b"1.10",
    "[Decimal('NaN'), Decimal('1E+3')]": b"[NaN, 1E+3]",
    "(1, 2)": b"[1, 2]",
    "Point(1, [Point(2, 3)])": b'{"x": 1, "y": [{"x": 2, "y": 3}]}',
    "b'raw \\xff'": b"raw \xff",
    "{'a': b'bytes'}": b'{"a": "bytes"}',
    "{1: 1, None: 2, True: 3, 1.5: 4}": b'{"1": 3, "null": 2, "1.5": 4}',
    "{b'k': Decimal(1)}": b'{"k": 1}',
    "10 ** 30": b"1" + b"0" * 30,
    "1e300 * 1.0": b"1e+300",
    "'line\\u2028end'": '"line\u2028end"'.encode() if NEWER else b'"line\\u2028end"',
    "'quote\" back\\\\ tab\\t \\x7f \\x01'": b'"quote\\" back\\\\ tab\\t %b \\u0001"' % (b"\x7f" if NEWER else b"\\u007f"),
}


@pytest.fixture
async def call(start, runtime_client):
    """Start a function with this handler and call it with an event; the same function when the handler is the same."""
    started: dict[str, Any] = {}

    async def called(handler: str, event: object = None, /, start_fields: dict[str, Any] | None = None, **fields: Any):
        if handler not in started:
            started[handler] = await start(handler=handler, runtime_client=runtime_client, **(start_fields or {}))
        return await started[handler].call(json.dumps(event).encode(), id=REQUEST, **fields)

    return called


async def test_results_are_written_as_aws_writes_them(call, runtime_client):
    answers = {
        expression: (await call("local_python.returns_python", {"expression": expression})).payload for expression in RESULTS
    }
    assert answers == RESULTS


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("AWS_Lambda_python3.11", b'"\\u00fc \\ud83d\\ude00 \\u007f \\u2028"'),
        ("AWS_Lambda_python3.13", '"ü 😀 \x7f \u2028"'.encode()),
    ],
)
async def test_newer_runtimes_leave_unicode_as_it_is(start, runtime_client, version, text):
    handler = "local_python.returns_python"
    client = ["-m", "awslambdaric"] if runtime_client == "awslambdaric" else [str(CLIENTS / "python_client.py")]
    shop = await start(command=(sys.executable, *client, handler), environment={"AWS_EXECUTION_ENV": version})
    assert (await shop.call(json.dumps({"expression": "'ü 😀 \x7f \u2028'"}).encode())).payload == text


FAULTS = {
    "{1, 2}": "Object of type set is not JSON serializable",
    "{(1, 2): 3}": "keys must be str, int, float, bool or None, not tuple",
    "[Decimal(1), object]": "Object of type type is not JSON serializable",
}


@pytest.mark.parametrize("expression", FAULTS)
async def test_a_result_that_is_not_json_is_a_marshal_error(call, expression):
    outcome = await call("local_python.returns_python", {"expression": expression})
    assert (outcome.kind, json.loads(outcome.payload)) == (
        OutcomeKind.FUNCTION_ERROR,
        {
            "errorMessage": f"Unable to marshal response: {FAULTS[expression]}",
            "errorType": "Runtime.MarshalError",
            "requestId": REQUEST,
            "stackTrace": [],
        },
    )
    assert (await call("local_python.returns_python", {"expression": "1"})).payload == b"1"


async def test_a_circular_result_is_a_marshal_error(call):
    outcome = await call("local_python.returns_itself")
    assert json.loads(outcome.payload)["errorMessage"] == "Unable to marshal response: Circular reference detected"


async def test_an_exception_comes_with_its_trace(call):
    outcome = await call("local_python.raises_deeply", log_tail=True)
    report = json.loads(outcome.payload)
    trace = [re.sub(r'"[^"]*/tests/', '"tests/', line) for line in report.pop("stackTrace")]
    assert (outcome.function_error, report) == (
        "Unhandled",
        {"errorMessage": "'missing'", "errorType": "KeyError", "requestId": REQUEST},
    )
    assert [line.splitlines()[0].split(", line")[0] for line in trace] == ['  File "tests/functions/local_python.py"'] * 2
    assert [line.splitlines()[1] for line in trace] == ["    return inner()", '    return {}["missing"]']


async def test_fifty_throwing_events_leave_it_healthy(start, runtime_client):
    shop = await start(handler="local_python.raises", runtime_client=runtime_client)
    kinds = {(await shop.call(b'{"text": "no"}')).kind for _ in range(50)}
    assert (kinds, shop.status.cold_starts, shop.status.running) == ({OutcomeKind.FUNCTION_ERROR}, 1, 0)


INIT_ERRORS = {
    "local_broken_import.handler": (
        "Runtime.ImportModuleError",
        "Unable to import module 'local_broken_import': No module named 'module_that_is_not_there'",
    ),
    "nowhere.handler": ("Runtime.ImportModuleError", "Unable to import module 'nowhere': No module named 'nowhere'"),
    "local_python.nothing": ("Runtime.HandlerNotFound", "Handler 'nothing' missing on module 'local_python'"),
    "handler": (
        "Runtime.MalformedHandlerName",
        "Bad handler 'handler': not enough values to unpack (expected 2, got 1)",
    ),
    "time.sleep": ("Runtime.BuiltInModuleConflict", "Cannot use built-in module time as a handler module"),
    "local_raises_on_import.handler": ("ValueError", "not today"),
}


@pytest.mark.parametrize("handler", INIT_ERRORS)
async def test_what_cannot_be_loaded_is_reported_to_the_caller(start, runtime_client, handler):
    shop = await start(handler=handler, runtime_client=runtime_client)
    for cold_starts in (1, 2):
        outcome = await shop.call()
        report = json.loads(outcome.payload)
        report.pop("stackTrace")
        kind, message = INIT_ERRORS[handler]
        assert (outcome.function_error, report) == ("Unhandled", {"errorMessage": message, "errorType": kind, "requestId": ""})
        assert (shop.status.cold_starts, shop.status.environments) == (cold_starts, 0)


async def test_a_syntax_error_names_file_and_line(start, runtime_client, tmp_path):
    (tmp_path / "broken.py").write_text("def handler(event, context)\n    return 1\n")
    shop = await start(handler="broken.handler", code=str(tmp_path), runtime_client=runtime_client)
    assert json.loads((await shop.call()).payload) == {
        "errorMessage": "Syntax error in module 'broken': expected ':' (broken.py, line 1)",
        "errorType": "Runtime.UserCodeSyntaxError",
        "requestId": "",
        "stackTrace": [f'  File "{tmp_path}/broken.py" Line 1\n    def handler(event, context)\n'],
    }


async def test_the_context_tells_everything(call):
    outcome = await call(
        "local_python.describes_context",
        qualifier="live",
        tenant_id="acme",
        client_context="eyJjdXN0b20iOnsiayI6InbDvCJ9LCJlbnYiOnsiZSI6MX0sImNsaWVudCI6eyJhcHBfdGl0bGUiOiJTaG9wIn0sInczYyI6eyJ0cmFjZXBhcmVudCI6IjAwLTEifX0=",
    )
    answer = json.loads(outcome.payload)
    text = answer.pop("repr")
    assert answer == {
        "aws_request_id": REQUEST,
        "function_name": "shop",
        "function_version": "$LATEST",
        "invoked_function_arn": "arn:aws:lambda:eu-west-1:111122223333:function:shop:live",
        "memory_limit_in_mb": "128",
        "log_group_name": "/aws/lambda/shop",
        "log_stream_length": len("2026/11/23/[$LATEST]") + 32,
        "tenant_id": "acme",
        "remaining": True,
        "client": {"custom": {"k": "vü"}, "env": {"e": 1}, "app": "Shop"},
        "identity": [None, None],
        "w3c": {"traceparent": "00-1"},
        "trace": "Root=1-5759e988-bd862e3fe1be46a994272793",
    }
    assert text == (
        f"LambdaContext([aws_request_id={REQUEST},log_group_name=/aws/lambda/shop,log_stream_name=STREAM,function_name=shop,"
        "memory_limit_in_mb=128,function_version=$LATEST,"
        "invoked_function_arn=arn:aws:lambda:eu-west-1:111122223333:function:shop:live,"
        "client_context=ClientContext([custom={'k': 'vü'},env={'e': 1},client=Client([installation_id=None,app_title=Shop,"
        "app_version_name=None,app_version_code=None,app_package_name=None])]),"
        "identity=CognitoIdentity([cognito_identity_id=None,cognito_identity_pool_id=None]),tenant_id=acme])"
    )


async def test_the_log_looks_as_on_aws(call, log_of):
    outcome = await call("local_python.logs", log_tail=True)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "TIME", log_of(outcome))
    text = re.sub(r'File "[^"]*", line \d+', "FILE", text)
    assert text.splitlines()[:-1] == [
        f"START RequestId: {REQUEST} Version: $LATEST",
        f"[INFO]\tTIME\t{REQUEST}\tplain text",
        f"[ERROR]\tTIME\t{REQUEST}\tcaught",
        "Traceback (most recent call last):",
        "  FILE, in logs",
        '    raise KeyError("lost")',
        "KeyError: 'lost'by context",
        "printed ü",
        f"END RequestId: {REQUEST}",
    ]


async def test_an_uncaught_error_is_logged_as_one_record(call, log_of):
    log = log_of(await call("local_python.raises", {"text": "no"}, log_tail=True))
    line = re.sub(r'File "[^"]*", line \d+', "FILE", log.split("\n")[1])
    assert line == (
        "[ERROR] ValueError: no\rTraceback (most recent call last):\r\u00a0\u00a0FILE, in raises\r"
        '\u00a0\u00a0\u00a0\u00a0raise ValueError(event.get("text", "boom"))'
    )


async def test_json_logs(start, runtime_client, log_of):
    shop = await start(
        handler="local_python.logs", runtime_client=runtime_client, environment={"AWS_LAMBDA_LOG_FORMAT": "JSON"}
    )
    lines = log_of(await shop.call(id=REQUEST, log_tail=True)).splitlines()
    plain, caught = json.loads(lines[1]), json.loads(lines[2])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", plain.pop("timestamp"))
    assert plain == {"level": "INFO", "message": "plain text", "logger": "shop", "requestId": REQUEST}
    assert (caught["errorType"], caught["errorMessage"], caught["level"]) == ("KeyError", "'lost'", "ERROR")
    assert re.search(r"local_python\.py:logs:\d+$", caught["location"])


async def test_large_payloads_pass_both_ways(call):
    text = "ä" * 1_000_000
    outcome = await call("local_python.echo", text)
    assert json.loads(outcome.payload) == text


@pytest.mark.parametrize("handler", ["returns_bytes", "returns_text"])
async def test_a_response_beyond_the_limit_is_refused(call, handler):
    quotes = 2 if handler == "returns_text" else 0
    fits = await call(f"local_python.{handler}", {"size": 6_291_556 - quotes})
    assert (fits.kind, len(fits.payload)) == (OutcomeKind.OK, 6_291_556)
    outcome = await call(f"local_python.{handler}", {"size": 6_291_557 - quotes})
    assert (outcome.kind, json.loads(outcome.payload)) == (
        OutcomeKind.FUNCTION_ERROR,
        {
            "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
            "errorType": "Function.ResponseSizeTooLarge",
        },
    )
    assert (await call(f"local_python.{handler}", {"size": 1})).kind is OutcomeKind.OK


@pytest.mark.parametrize("kind", ["lines", "endless", "binary"])
async def test_printing_megabytes(call, kind, log_of):
    outcome = await call("local_python.prints", {"kind": kind, "bytes": 5_000_000}, log_tail=True)
    assert outcome.payload == b'"printed"'
    assert re.search(r"last words\nEND RequestId: [0-9a-f-]+\nREPORT ", log_of(outcome))
    assert (await call("local_python.prints", {"kind": "lines", "bytes": 0})).payload == b'"printed"'


EXITS = {0: "Runtime exited without providing a reason", 1: "Runtime exited with error: exit status 1"}


@pytest.mark.parametrize("code", EXITS)
async def test_exiting(call, code):
    outcome = await call("local_python.exits", {"code": code})
    assert (outcome.function_error, json.loads(outcome.payload)) == (
        "Unhandled",
        {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: {REQUEST} Error: {EXITS[code]}"},
    )
    assert (await call("local_python.exits", {})).payload == b'"alive"'


async def test_timing_out(call, log_of):
    fields = {"timeout": 0.2}
    outcome = await call("local_python.sleeps", {"seconds": 60}, start_fields=fields, log_tail=True)
    assert (outcome.kind, outcome.function_error, json.loads(outcome.payload)) == (
        OutcomeKind.FUNCTION_ERROR,
        "Unhandled",
        {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {REQUEST} Error: Task timed out after 0.20 seconds"},
    )
    assert re.search(rf"\d{{3}}Z {REQUEST} Task timed out after 0.20 seconds\n", log_of(outcome))
    assert "\tStatus: timeout\t\n" in log_of(outcome)
    assert (await call("local_python.sleeps", {})).kind is OutcomeKind.OK
