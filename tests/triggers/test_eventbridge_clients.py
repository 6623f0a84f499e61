"""Real clients against the real door and a journal: boto3 and the AWS CLI find EventBridge, Powertools knows the events."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.data_classes import EventBridgeEvent
from aws_lambda_powertools.utilities.parser.models import EventBridgeModel
from botocore.config import Config
from botocore.exceptions import ClientError

from router.arn import FunctionArn
from router.deliveries import Selection
from router.delivery.accept import JournalAcceptor
from router.driver import Driver
from router.fakes import FakeClock, FakeDeliveryMetrics, FakeInvoker, FakeMetrics
from router.ingress.http import HttpDoor
from router.ingress.listen import listen
from router.journal.memory import MemoryJournal
from router.model import Function, Place, Scope, Target, Trigger
from router.routing import compile_tables
from router.settings import Address, Listener
from router.triggers.eventbridge import TYPE

REGION, ACCOUNT = "eu-west-1", "111122223333"
BILLING = Function("billing", FunctionArn(REGION, ACCOUNT, "billing"), 3.0)
RULES = {"paid": {"pattern": {"detail": {"total": [{"numeric": [">", 0]}]}}, "function": "billing"}}
ENTRY = {"Source": "shop", "DetailType": "OrderPaid", "Detail": '{"total": 1.50}'}
PLACE = Place("router.yaml", 1, 1)


@dataclass
class Served:
    """A listening door with two buses, `default` and `orders`."""

    url: str
    journal: MemoryJournal

    @property
    def client(self) -> Any:
        return boto3.client(
            "events",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=10),
        )

    async def ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """One operation of boto3, in a thread; what it returned, its metadata aside."""
        response: dict[str, Any] = await asyncio.to_thread(getattr(self.client, operation), **arguments)
        return {name: value for name, value in response.items() if name != "ResponseMetadata"}

    async def put(self, *entries: dict[str, Any]) -> dict[str, Any]:
        return await self.ask("put_events", Entries=[*entries])

    async def events(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Trigger, route and event of what is in the journal."""
        kept = await self.journal.select(Selection(), 100, None)
        return [(each.trigger, each.route, json.loads(each.payload)) for each in kept]


@pytest.fixture
async def served(clean_environment: None) -> AsyncIterator[Served]:
    clock, metrics = FakeClock(), FakeMetrics()
    scope = {name: Scope(name, ACCOUNT, REGION, lambda reference: Target(BILLING), {"billing": BILLING}) for name in "ab"}
    settings: dict[str, Any] = {"a": {"rules": RULES}, "b": {"rules": RULES, "bus": "orders"}}
    triggers = [
        Trigger(name, TYPE, frozenset({"async"}), "main", TYPE.claims(each), TYPE.build(each, scope[name]), {}, PLACE)
        for name, each in settings.items()
    ]
    journal = MemoryJournal(clock)
    ids = (f"delivery-{number}" for number in range(100))
    acceptor = JournalAcceptor(journal, clock, FakeDeliveryMetrics(), draw=lambda: 0.0, new_id=lambda: next(ids))
    driver = Driver(FakeInvoker({}), clock, lambda: 0.0, metrics, acceptor=acceptor)
    listener = Listener("main", Address("127.0.0.1", 0))
    door = HttpDoor(listener, compile_tables(triggers)["main"], driver, metrics, clock)
    listening = await listen(door.server(), listener.address, None, 1.0)
    yield Served(f"http://127.0.0.1:{listening.address.port}", journal)
    await listening.close()


async def test_events_of_boto3_are_in_the_journal_before_it_has_an_answer(served: Served) -> None:
    time = datetime(2026, 3, 1, 12, 30, 15, 999_000, UTC)
    first = {**ENTRY, "Time": time, "Resources": ["arn:aws:s3:::b"], "TraceHeader": "Root=1-a-b"}
    answer = await served.put(first, {**ENTRY, "EventBusName": "orders"}, {**ENTRY, "Detail": "{}"})
    ids = [entry.pop("EventId") for entry in answer["Entries"]]
    events = await served.events()

    assert answer == {"FailedEntryCount": 0, "Entries": [{}, {}, {}]}
    assert [(trigger, route, event["id"]) for trigger, route, event in events] == [("a", "paid", ids[0]), ("b", "paid", ids[1])]
    assert events[0][2] == {
        "version": "0",
        "id": ids[0],
        "detail-type": "OrderPaid",
        "source": "shop",
        "account": ACCOUNT,
        "time": "2026-03-01T12:30:15Z",
        "region": REGION,
        "resources": ["arn:aws:s3:::b"],
        "detail": {"total": 1.5},
    }
    assert (await served.journal.select(Selection(), 1, None))[0].trace_id == "Root=1-a-b"


async def test_powertools_understands_the_events(served: Served) -> None:
    await served.put(ENTRY)
    event = (await served.events())[0][2]
    model = EventBridgeModel.model_validate(event)

    assert (model.detail_type, model.source, model.account, model.detail) == ("OrderPaid", "shop", ACCOUNT, {"total": 1.5})
    assert EventBridgeEvent(event).get_id == event["id"]


async def test_errors_of_entries_reach_the_caller(served: Served) -> None:
    answer = await served.put({"Source": "shop"}, {**ENTRY, "Detail": "no"}, ENTRY)
    reason = "Parameter DetailType is not valid. Reason: DetailType is a required argument."

    assert answer["FailedEntryCount"] == 2
    assert answer["Entries"][:2] == [
        {"ErrorCode": "InvalidArgument", "ErrorMessage": reason},
        {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."},
    ]
    assert len(await served.events()) == 1


async def refusal(served: Served, operation: str, **arguments: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as raised:
        await served.ask(operation, **arguments)
    response = raised.value.response
    return type(raised.value).__name__, response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


async def test_a_repetition_whose_first_answer_was_lost_is_accepted_once(served: Served) -> None:
    """The door's first answer is thrown away on its way to the SDK."""
    client = served.client
    sent: list[str] = []

    def send_twice(request: Any, **_: Any) -> None:
        sent.append(request.headers["amz-sdk-invocation-id"])
        client._endpoint.http_session.send(request)

    client.meta.events.register("before-send.events.PutEvents", send_twice)
    answer = await asyncio.to_thread(client.put_events, Entries=[ENTRY])

    assert len(sent) == 1
    assert [event["id"] for _, _, event in await served.events()] == [answer["Entries"][0]["EventId"]]


async def test_patterns_are_tested(served: Served) -> None:
    event = {
        "id": "1",
        "account": ACCOUNT,
        "source": "s",
        "time": "t",
        "region": REGION,
        "detail-type": "d",
        "detail": {"n": 300.0},
    }

    async def test(pattern: str, event: dict[str, Any]) -> dict[str, Any]:
        return await served.ask("test_event_pattern", EventPattern=pattern, Event=json.dumps(event))

    assert await test('{"detail": {"n": [300]}}', event) == {"Result": True}
    assert await test('{"detail": {"n": [300], "n": [301]}}', event) == {"Result": False}
    for name in ("id", "account", "source", "time", "region", "detail-type"):
        event_without = json.dumps({key: value for key, value in event.items() if key != name})
        found = await refusal(served, "test_event_pattern", EventPattern='{"a": [1]}', Event=event_without)
        assert found == ("ClientError", 400, "Parameter Event is not valid.")
    pattern = '{"source": []}'
    assert await refusal(served, "test_event_pattern", EventPattern=pattern, Event=json.dumps(event)) == (
        "InvalidEventPatternException",
        400,
        "Event pattern is not valid. Reason: Empty arrays are not allowed\n"
        f' at [Source: (String)"{pattern}"; line: 1, column: 14]',
    )
    found = await refusal(served, "test_event_pattern", EventPattern="x", Event=json.dumps(event))
    assert found[2].startswith("Event pattern is not valid. Reason: Unrecognized token 'x': was expecting")


async def test_too_many_entries_and_other_operations(served: Served) -> None:
    name, status, message = await refusal(served, "put_events", Entries=[ENTRY] * 11)
    assert (name, status) == ("ClientError", 400)
    assert message.endswith("at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10")
    name, status, message = await refusal(served, "put_rule", Name="r", EventPattern="{}")
    assert (name, status) == ("OperationDisabledException", 400)
    assert message.startswith("PutRule is not served here: ")


async def aws(served: Served, *arguments: str) -> tuple[int, str, str]:
    """`aws events …` against the door: exit code, standard output, standard error."""
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", "awscli", "events", *arguments, "--endpoint-url", served.url]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe, stderr=pipe)
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.mark.slow
async def test_the_aws_cli(served: Served) -> None:
    entries = json.dumps([{**ENTRY, "Time": "2026-03-01T12:30:15Z"}, {"Source": "aws.s3", "DetailType": "x", "Detail": "{}"}])
    code, out, err = await aws(served, "put-events", "--entries", entries)
    [(_, _, event)] = await served.events()

    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "FailedEntryCount": 1,
        "Entries": [
            {"EventId": event["id"]},
            {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."},
        ],
    }
    assert event["time"] == "2026-03-01T12:30:15Z"
