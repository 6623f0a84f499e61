"""What a Node.js function does with our client: AWS's answer each time, and the next call works."""

import json
import re
import shutil
from typing import Any

import pytest

from router.outcome import OutcomeKind

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js on this machine")
REQUEST = "8f5e4f3e-0b43-4b6e-9e0a-2f9b5a5c1d11"


@pytest.fixture
async def call(start):
    """Start a function with this handler and call it; the same function when the handler is the same."""
    started: dict[str, Any] = {}

    async def called(handler: str, event: object = None, /, start_fields: dict[str, Any] | None = None, **fields: Any):
        if handler not in started:
            started[handler] = await start(runtime="nodejs", handler=handler, memory=512 * 1024 * 1024, **(start_fields or {}))
        return await started[handler].call(json.dumps(event or {}).encode(), id=REQUEST, **fields)

    return called


def failure(kind: str, message: str) -> tuple[OutcomeKind, str | None, str, str]:
    return OutcomeKind.FUNCTION_ERROR, "Unhandled", kind, message


def reported(outcome: Any) -> tuple[OutcomeKind, str | None, str, str]:
    report = json.loads(outcome.payload)
    return outcome.kind, outcome.function_error, report["errorType"], report["errorMessage"]


RESULTS = {
    "undefined": b"null",
    "null": b"null",
    "0": b"0",
    '""': b'""',
    "[]": b"[]",
    "NaN": b"null",
    "(() => 1)": b"null",
    "({a: undefined, b: new Date(0)})": b'{"b":"1970-01-01T00:00:00.000Z"}',
    "'ü 😀'": '"ü 😀"'.encode(),
}


async def test_results_are_written_as_json(call):
    answers = {text: (await call("local_node.returnsScript", {"expression": text})).payload for text in RESULTS}
    assert answers == RESULTS


async def test_a_result_that_is_not_json_is_an_error(call):
    outcome = await call("local_node.returnsScript", {"expression": "10n"})
    assert reported(outcome) == failure("Error", "Unable to stringify response body")
    assert (await call("local_node.returnsScript", {"expression": "1"})).payload == b"1"


ANSWERS = {
    "local_node.echo": b"{}",
    "local_node.byCallback": b'{"by":"callback","event":{}}',
    "local_node.byDone": b'"done"',
    "local_node.bySucceed": b'"succeeded"',
    "local_node.answersNothing": b"null",
    "local_node.nested.deep.handler": b'"deep"',
    "local_node_module.handler": b'{"loaded":"loaded","event":{}}',
}


@pytest.mark.parametrize("handler", ANSWERS)
async def test_every_way_to_answer(call, handler):
    assert [(await call(handler)).payload for _ in range(2)] == [ANSWERS[handler]] * 2


@pytest.mark.parametrize(("waits", "answer"), [(True, b'["later"]'), (False, b"[]")])
async def test_a_callback_waits_for_the_event_loop_unless_told_otherwise(call, waits, answer):
    assert (await call("local_node.waitsForLoop", {"waits": waits})).payload == answer


ERRORS = {
    "local_node.failsByCallback": failure("TypeError", "by callback"),
    "local_node.failsWithText": failure("string", "only text"),
    "local_node.byFail": failure("Error", "failed"),
    "local_node.throws": failure("RangeError", "boom"),
    "local_node.rejects": failure("RangeError", "rejected"),
    "local_node.throwsText": failure("string", "just text"),
}


@pytest.mark.parametrize("handler", ERRORS)
async def test_every_way_to_fail_keeps_the_process(start, handler):
    shop = await start(runtime="nodejs", handler=handler, memory=512 * 1024 * 1024)
    outcomes = [await shop.call() for _ in range(3)]
    assert [reported(outcome) for outcome in outcomes] == [ERRORS[handler]] * 3
    assert shop.status.cold_starts == 1


async def test_an_error_comes_with_its_trace(call):
    report = json.loads((await call("local_node.throws", {"text": "no"})).payload)
    assert sorted(report) == ["errorMessage", "errorType", "trace"]
    assert report["trace"][0] == "RangeError: no"
    assert re.fullmatch(r"    at exports\.throws \(.*/tests/functions/local_node\.cjs:\d+:\d+\)", report["trace"][1])


CRASHES = {
    "local_node.unhandledRejection": failure("Runtime.UnhandledPromiseRejection", "Error: nobody listens"),
    "local_node.uncaught": failure("Error", "out of the blue"),
}


@pytest.mark.parametrize("handler", CRASHES)
async def test_what_nobody_caught_ends_the_process(call, handler):
    assert reported(await call(handler, {"x": 1})) == CRASHES[handler]
    assert (await call(handler, {"alive": True})).payload == b'"alive"'


LOADING = {
    "nowhere.handler": ("Runtime.ImportModuleError", r"Error: Cannot find module 'nowhere'[\s\S]*"),
    "local_node_import.handler": ("Runtime.ImportModuleError", r"Error: Cannot find module 'module-that-is-not-there'[\s\S]*"),
    "local_node_broken.handler": ("Runtime.UserCodeSyntaxError", r"SyntaxError: Unexpected token '=>'"),
    "local_node.nothing": ("Runtime.HandlerNotFound", r"local_node\.nothing is undefined or not exported"),
    "local_node.notAFunction": ("Runtime.HandlerNotFound", r"local_node\.notAFunction is not a function"),
    "handler": ("Runtime.MalformedHandlerName", "Bad handler"),
    "../x.handler": ("Runtime.MalformedHandlerName", r"'\.\./x\.handler' is not a valid handler name\. .*"),
}


@pytest.mark.parametrize("handler", LOADING)
async def test_what_cannot_be_loaded_is_reported_to_the_caller(call, handler):
    kind, message = LOADING[handler]
    for _ in range(2):
        _, function_error, error_type, text = reported(await call(handler))
        assert (function_error, error_type) == ("Unhandled", kind)
        assert re.fullmatch(message, text)


async def test_a_package_json_makes_js_files_modules(start, tmp_path):
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "app.js").write_text("export const handler = async () => import.meta.url.slice(-6);")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "package.json").write_text("{}")
    (tmp_path / "old" / "app.js").write_text("exports.handler = async () => __filename.slice(-10);")
    for handler, answer in {"app.handler": b'"app.js"', "old/app.handler": b'"old/app.js"'}.items():
        shop = await start(runtime="nodejs", handler=handler, code=str(tmp_path), memory=512 * 1024 * 1024)
        assert (await shop.call()).payload == answer


async def test_packages_are_found(start, tmp_path):
    module = tmp_path / "node_modules" / "greeting"
    module.mkdir(parents=True)
    (module / "index.js").write_text("module.exports = 'hello';")
    code = tmp_path / "code"
    code.mkdir()
    (code / "app.js").write_text("exports.handler = async () => require('greeting');")
    packages = (str(tmp_path / "node_modules"),)
    shop = await start(runtime="nodejs", handler="app.handler", code=str(code), packages=packages, memory=512 * 1024 * 1024)
    assert (await shop.call()).payload == b'"hello"'


async def test_the_context_tells_everything(call):
    outcome = await call(
        "local_node.context", qualifier="live", tenant_id="acme", client_context="eyJjdXN0b20iOnsiayI6InYifX0="
    )
    assert json.loads(outcome.payload) == {
        "callbackWaitsForEmptyEventLoop": True,
        "functionVersion": "$LATEST",
        "functionName": "shop",
        "memoryLimitInMB": "512",
        "logGroupName": "/aws/lambda/shop",
        "clientContext": {"custom": {"k": "v"}},
        "invokedFunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:shop:live",
        "awsRequestId": REQUEST,
        "tenantId": "acme",
        "stream": len("2026/11/23/[$LATEST]") + 32,
        "inTime": True,
        "trace": "Root=1-5759e988-bd862e3fe1be46a994272793",
    }


async def test_the_console_prints_as_on_aws(call, log_of):
    log = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "TIME", log_of(await call("local_node.logs", log_tail=True)))
    assert log.split("\n")[:-2] == [
        f"START RequestId: {REQUEST} Version: $LATEST",
        f"TIME\t{REQUEST}\tINFO\tplain text {{ a: 1 }}",
        f"TIME\t{REQUEST}\tERROR\ttwo\rlines",
        f"TIME\t{REQUEST}\tWARN\tcareful",
        f"TIME\t{REQUEST}\tDEBUG\tdetails",
        f"END RequestId: {REQUEST}",
    ]


@pytest.mark.parametrize(("level", "levels"), [("TRACE", ["INFO", "ERROR", "ERROR"]), ("ERROR", ["ERROR", "ERROR"])])
async def test_json_logs(call, log_of, level, levels):
    fields = {"environment": {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": level}}
    log = log_of(await call("local_node.logsErrors", start_fields=fields, log_tail=True)).split("\n")[1:-3]
    records = [json.loads(line) for line in log]
    for record in records:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("timestamp"))
    assert [record["level"] for record in records] == levels
    if level == "TRACE":
        assert records[0] == {"level": "INFO", "requestId": REQUEST, "message": {"order": 7}}
    beside, alone = records[-2], records[-1]["message"]
    assert (beside["errorType"], beside["errorMessage"], beside["stackTrace"][0]) == (
        "RangeError",
        "seven",
        "RangeError: seven",
    )
    assert beside["message"].startswith("lost: RangeError: seven\n")
    assert (alone["errorType"], alone["errorMessage"], alone["stackTrace"][0]) == ("RangeError", "eight", "RangeError: eight")


async def test_an_uncaught_error_is_logged(call, log_of):
    log = log_of(await call("local_node.throws", {"text": "100% no"}, log_tail=True)).split("\n")
    _, request, level, what, error = log[1].split("\t")
    report = json.loads(error)
    assert (request, level, what) == (REQUEST, "ERROR", "Invoke Error ")
    assert (report["errorType"], report["errorMessage"], report["stack"][0]) == ("RangeError", "100% no", "RangeError: 100% no")


async def test_large_payloads_pass_both_ways(call):
    text = "x" * 6_000_000
    assert json.loads((await call("local_node.echo", text)).payload) == text


async def test_a_response_beyond_the_limit_is_refused(call):
    assert len((await call("local_node.large", {"size": 6_291_554})).payload) == 6_291_556
    outcome = await call("local_node.large", {"size": 6_291_555})
    assert reported(outcome)[2] == "Function.ResponseSizeTooLarge"
    assert (await call("local_node.large", {"size": 1})).payload == b'"x"'


@pytest.mark.parametrize("kind", ["lines", "endless", "binary"])
async def test_printing_megabytes(call, kind, log_of):
    outcome = await call("local_node.prints", {"kind": kind, "bytes": 5_000_000}, log_tail=True)
    assert outcome.payload == b'"printed"'
    assert re.search(r"last words\nEND RequestId: [0-9a-f-]+\nREPORT ", log_of(outcome))


EXITS = {0: "Runtime exited without providing a reason", 7: "Runtime exited with error: exit status 7"}


@pytest.mark.parametrize("code", EXITS)
async def test_exiting(call, code):
    outcome = await call("local_node.exits", {"code": code})
    assert reported(outcome) == failure("Runtime.ExitError", f"RequestId: {REQUEST} Error: {EXITS[code]}")
    assert (await call("local_node.exits", {"x": 1})).payload == b'"alive"'


async def test_timing_out(call):
    outcome = await call("local_node.sleeps", {"milliseconds": 60_000}, start_fields={"timeout": 0.3})
    assert reported(outcome) == failure("Sandbox.Timedout", f"RequestId: {REQUEST} Error: Task timed out after 0.30 seconds")
    assert (await call("local_node.sleeps")).payload == b'"slept"'
