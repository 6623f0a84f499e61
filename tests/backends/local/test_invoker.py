"""The embedded Lambda service answers as Lambda's Invoke API does."""

import asyncio
import json
import logging
import re
from pathlib import Path

import psutil
import pytest

from router import outcome
from router.backends.local.invoker import default_concurrency
from router.errors import BackendError, Invoked
from router.jsontext import dumps, loads
from router.outcome import Outcome, OutcomeKind

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793"
REQUEST = "8f5e4f3e-0b43-4b6e-9e0a-2f9b5a5c1d11"


async def appears(path: Path) -> None:
    """Until a function has written this file."""
    async with asyncio.timeout(10):
        while not path.exists():
            await asyncio.sleep(0.002)


async def test_answers_with_what_the_function_returned(start):
    shop = await start()
    answer = await shop.call(b'{"a": 1}', id=REQUEST)
    assert answer.function_seconds > 0
    answer.function_seconds = 0
    assert answer == Outcome(OutcomeKind.OK, b'{"a": 1}', 200, REQUEST, "$LATEST", trace_id=TRACE, invoked=Invoked.YES)


async def test_an_empty_event_is_an_empty_object(start):
    shop = await start()
    assert (await shop.call(b"")).payload == b"{}"


REFUSALS = {
    "too large": (
        {"payload": b'"' + b"x" * 6_291_455 + b'"'},
        outcome.refused(
            413,
            "RequestEntityTooLargeException",
            "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
            REQUEST,
        ),
    ),
    "not JSON": (
        {"payload": b"{'a': 1}"},
        outcome.refused(
            400,
            "InvalidRequestContentException",
            "Could not parse request body into json: Could not parse payload into json: "
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
            REQUEST,
        ),
    ),
    "client context": (
        {"client_context": "bm90IEpTT04="},
        outcome.refused(
            400, "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.", REQUEST
        ),
    ),
    "asynchronous": (
        {"type": "Event"},
        outcome.refused(
            400,
            "InvalidParameterValueException",
            "Event is the queue's business: a local function is invoked with RequestResponse.",
            REQUEST,
        ),
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_refuses_what_lambda_refuses(start, case):
    shop = await start()
    fields, refusal = REFUSALS[case]
    assert await shop.call(**{"id": REQUEST, **fields}) == refusal
    assert shop.status.cold_starts == 0


async def test_a_function_that_does_not_run_here_is_not_found(start):
    shop = await start()
    shop.function.name = "elsewhere"
    message = "Function not found: arn:aws:lambda:eu-west-1:111122223333:function:shop:$LATEST"
    assert await shop.call(id=REQUEST) == outcome.refused(404, "ResourceNotFoundException", message, REQUEST)


async def test_what_is_known_to_be_json_is_not_looked_at(start):
    shop = await start()
    assert (await shop.call(b"[")).kind is OutcomeKind.CLIENT_ERROR
    assert (await shop.call(b"[", is_json=True)).kind is OutcomeKind.FUNCTION_ERROR


async def test_a_dry_run_runs_nothing(start):
    shop = await start()
    assert await shop.call(type="DryRun", id=REQUEST) == Outcome(
        OutcomeKind.OK, status=204, request_id=REQUEST, invoked=Invoked.NO
    )
    assert shop.status.cold_starts == 0


async def test_reserved_concurrency_zero_throttles_everything(start):
    shop = await start(max_concurrency=0)
    assert await shop.call(id=REQUEST) == outcome.throttled(
        "ReservedFunctionConcurrentInvocationLimitExceeded", request_id=REQUEST
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"max_concurrency": 2}, "ReservedFunctionConcurrentInvocationLimitExceeded"),
        ({"invoker": {"max_concurrency": 2}}, "ConcurrentInvocationLimitExceeded"),
    ],
)
async def test_beyond_the_limit_callers_are_throttled(start, tmp_path, fields, reason):
    shop = await start(handler="local_python.waits_for_file", **fields)
    event = {"until": str(tmp_path / "go")}
    running = [asyncio.create_task(shop.call(json.dumps(event).encode())) for _ in range(2)]
    await asyncio.sleep(0)
    assert await shop.call(id=REQUEST) == outcome.throttled(reason, request_id=REQUEST)
    (tmp_path / "go").touch()
    assert [answer.kind for answer in await asyncio.gather(*running)] == [OutcomeKind.OK] * 2
    assert (await shop.call(json.dumps(event).encode())).kind is OutcomeKind.OK


async def test_a_sequential_caller_is_not_throttled_by_its_own_last_call(start):
    shop = await start(max_concurrency=1)
    kinds = {(await shop.call()).kind for _ in range(200)}
    assert (kinds, shop.status.cold_starts) == ({OutcomeKind.OK}, 1)


@pytest.mark.parametrize("way", ["deadline", "cancelled"])
async def test_a_caller_that_leaves_stops_nothing(start, tmp_path, way):
    shop = await start(handler="local_python.waits_for_file", max_concurrency=1)
    event = json.dumps({"started": str(tmp_path / "started"), "until": str(tmp_path / "go")}).encode()
    if way == "deadline":
        assert await shop.call(event, timeout=0.05) == outcome.timed_out(0.05, Invoked.YES)
    else:
        task = asyncio.create_task(shop.call(event))
        await appears(tmp_path / "started")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await appears(tmp_path / "started")
    assert (await shop.call(event)).kind is OutcomeKind.THROTTLED
    (tmp_path / "go").touch()
    async with asyncio.timeout(5):
        while shop.status.running:
            await asyncio.sleep(0.002)
    assert (await shop.call(event)).kind is OutcomeKind.OK
    assert shop.status.cold_starts == 1


async def test_what_nobody_waits_for_is_counted_apart(start, tmp_path):
    shop = await start(handler="local_python.waits_for_file", max_concurrency=1)
    background, caller = (
        json.dumps({"started": str(tmp_path / f"started-{name}"), "until": str(tmp_path / "go")}).encode() for name in "ab"
    )
    running = [asyncio.create_task(shop.call(background, asynchronous=True))]
    await appears(tmp_path / "started-a")
    running.append(asyncio.create_task(shop.call(caller)))
    await appears(tmp_path / "started-b")
    assert (await shop.call(caller)).kind is OutcomeKind.THROTTLED
    (tmp_path / "go").touch()
    assert [answer.kind for answer in await asyncio.gather(*running)] == [OutcomeKind.OK] * 2
    assert (await shop.call(caller)).kind is OutcomeKind.OK


async def test_close_waits_for_what_runs(start, tmp_path):
    shop = await start(handler="local_python.waits_for_file")
    event = json.dumps({"started": str(tmp_path / "started"), "until": str(tmp_path / "go")}).encode()
    running = asyncio.create_task(shop.call(event))
    await appears(tmp_path / "started")
    closing = asyncio.create_task(shop.invoker.close())
    await asyncio.sleep(0)
    late = await shop.call(id=REQUEST)
    assert late == outcome.refused(500, "ServiceException", "The local Lambda service is stopping.", REQUEST)
    assert not closing.done()
    (tmp_path / "go").touch()
    assert (await running).kind is OutcomeKind.OK
    await closing
    assert shop.status.environments == 0


async def test_a_close_that_is_given_up_ends_what_runs(start, tmp_path):
    shop = await start(handler="local_python.waits_for_file")
    event = json.dumps({"started": str(tmp_path / "started"), "until": str(tmp_path / "never")}).encode()
    running = asyncio.create_task(shop.call(event, id=REQUEST))
    await appears(tmp_path / "started")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(shop.invoker.close(), 0.05)
    assert json.loads((await running).payload) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {REQUEST} Error: Runtime exited with error: signal: killed",
    }
    assert shop.status.environments == 0


async def test_the_log_tail_is_start_output_end_report(start, log_of):
    shop = await start(handler="local_python.prints")
    event = b'{"kind": "lines", "bytes": 100}'
    cold, warm = [log_of(await shop.call(event, id=REQUEST, log_tail=True)) for _ in range(2)]
    figures = r"Duration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: [1-9]\d* MB\t"
    body = f"START RequestId: {REQUEST} Version: \\$LATEST\n{'x' * 99}\nlast words\nEND RequestId: {REQUEST}\n"
    assert re.fullmatch(f"{body}REPORT RequestId: {REQUEST}\t{figures}Init Duration: \\d+\\.\\d\\d ms\t\n", cold)
    assert re.fullmatch(f"{body}REPORT RequestId: {REQUEST}\t{figures}\n", warm)
    assert (await shop.call(event)).log_tail is None


async def test_the_log_tail_is_the_last_4096_bytes(start, log_of):
    shop = await start(handler="local_python.prints")
    log = log_of(await shop.call(b'{"kind": "lines", "bytes": 100000}', log_tail=True))
    assert len(log) == 4096
    assert log.endswith(" MB\tInit Duration: " + log.rpartition("Init Duration: ")[2])


async def test_what_a_function_prints_is_logged_with_function_and_request(start, caplog):
    shop = await start(handler="local_python.prints")
    with caplog.at_level(logging.DEBUG, "router.function"):
        await shop.call(b'{"kind": "lines", "bytes": 100}', id=REQUEST)
    records = [record for record in caplog.records if record.name == "router.function"]
    assert {(record.function, record.request_id) for record in records} == {("shop", REQUEST)}
    assert [(record.levelname, record.message.split(" ")[0]) for record in records] == [
        ("DEBUG", "START"),
        ("INFO", "x" * 99),
        ("INFO", "last"),
        ("DEBUG", "END"),
        ("DEBUG", "REPORT"),
    ]


async def test_a_start_that_fails_leaves_nothing_behind(start):
    with pytest.raises(BackendError, match="function shop: no runtime is called 'cobol'"):
        await start(runtime="cobol")


@pytest.mark.parametrize(("gibibytes", "limit"), [(1, 16), (8, 64), (512, 1000)])
def test_the_limit_over_all_functions_fits_the_machine(monkeypatch, gibibytes, limit):
    memory = psutil.virtual_memory()._replace(total=gibibytes * 1024**3)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    assert default_concurrency() == limit


async def test_the_status_is_json(start):
    shop = await start(attach=True)
    while not shop.status.addresses:
        await asyncio.sleep(0)
    assert loads(dumps(shop.invoker.status())) == {
        "shop": {
            "client": "attached",
            "environments": 1,
            "idle": 0,
            "running": 0,
            "cold_starts": 1,
            "addresses": list(shop.status.addresses),
        }
    }


async def test_the_chosen_client_is_logged_and_shown(start, caplog):
    with caplog.at_level(logging.INFO):
        shop = await start(runtime_client="builtin")
    record = next(record for record in caplog.records if record.message == "A local function is ready to start.")
    assert (record.function, record.runtime_client, shop.status.client) == ("shop", "builtin", "builtin")
