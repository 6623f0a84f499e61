"""Samples with fixed ids and times, and triggers that they are played to: what is invoked, what accepted, what answered."""

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from router.batches import Batch, Message
from router.config import load
from router.deliveries import Acceptance, Receipt
from router.envelopes import Addressed, HttpEnvelope, QueueEnvelope, TaskEnvelope, TickEnvelope
from router.fakes import FakeFiles, FakeStream, request, succeeded
from router.model import (
    Accept,
    Fetch,
    Forward,
    Invoke,
    OriginResponse,
    PeekBody,
    ReadBody,
    Remark,
    Reply,
    Request,
    Resolve,
    Settlement,
    Trigger,
)
from router.model import Glimpse as Peeked
from router.outcome import Outcome
from router.routing import Table
from router.samples import Context
from router.settings import Config

ACCOUNT, REGION, NOW = "111122223333", "eu-west-1", 1_772_330_400.123
CODE = Path(__file__).parent.parent.parent / "configs" / "functions"


def fixed_context(now: float = NOW) -> Context:
    """The nth id ends in n."""
    numbers = itertools.count(1)
    return Context(now, ACCOUNT, REGION, lambda: f"5c3cc75a-5a5b-4d4b-8f0e-{next(numbers):012x}")


@pytest.fixture
def context() -> Context:
    """At `NOW`, in account 111122223333 and eu-west-1."""
    return fixed_context()


@pytest.fixture(scope="session")
def context_at() -> Callable[..., Context]:
    """At another time, with ids from the first again."""
    return fixed_context


@pytest.fixture(name="configured")
def configured_() -> Callable[..., Config]:
    """A configuration of YAML text."""
    return configured


TAKERS = Path(__file__).parent / "takers"
EVENTS = {
    "aws": (
        *("ObjectCreated:*", "ObjectRemoved:*", "ObjectRestore:*", "ObjectTagging:*", "ObjectAcl:Put", "LifecycleExpiration:*"),
        *("LifecycleTransition", "IntelligentTiering", "ReducedRedundancyLostObject", "Replication:*"),
    ),
    "minio": ("ObjectCreated:*", "ObjectRemoved:*", "ObjectAccessed:*", "ObjectTagging:*"),
    "ceph": ("ObjectCreated:*", "ObjectRemoved:*"),
    "seaweedfs": ("ObjectCreated:*", "ObjectRemoved:*"),
}


def taking(name: str) -> Config:
    """A configuration whose triggers take a kind: the file of its type below `takers`."""
    type, _, variant = name.partition("/")
    text = (TAKERS / f"{type}.yaml").read_text(encoding="utf-8")
    sender = variant.partition("-")[0] if variant.startswith(("minio-", "ceph-", "seaweedfs-")) else "aws"
    text = text.replace("SENDER", sender).replace("EVENTS", ", ".join(f'"s3:{event}"' for event in EVENTS[sender]))
    return configured(text.replace("VERSION", "V3_0" if variant == "TokenGeneration_ClientCredentials" else "V1_0"))


@pytest.fixture(name="taking", scope="session")
def taking_() -> Callable[[str], Config]:
    """See `taking`."""
    return taking


@pytest.fixture(name="play")
def play_() -> "Callable[..., Played]":
    """Give a sample to a configuration; see `play`."""
    return play


def configured(text: str, **environment: str) -> Config:
    """A configuration whose callers are all believed. Fails where it is not valid."""
    text = text if re.search("^(version|{)", text, re.MULTILINE) else f"version: 1\n{text}"
    text = text if re.search("^(aws|{)", text, re.MULTILINE) else f"{text}\naws: {{region: {REGION}, account_id: {ACCOUNT}}}\n"
    code = {f"../functions/{path.relative_to(CODE)}": b"" for path in CODE.rglob("*.*")}
    files = FakeFiles({"router.yaml": text, **code})
    loaded = load(["router.yaml"], files=files, env=environment, require_env=False, partial=True, trust_callers=True)
    assert loaded.config is not None, [str(problem) for problem in loaded.problems]
    return loaded.config


def only(config: Config) -> Trigger:
    (trigger,) = config.triggers
    return trigger


@dataclass
class Played:
    """What became of a sample. `events`: payloads of invocations and acceptances, in order; `names`: of their functions."""

    trigger: Trigger
    invoked: list[Invoke] = field(default_factory=list)
    accepted: list[Acceptance] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    reply: Reply | None = None
    settlement: Settlement | None = None

    @property
    def payloads(self) -> list[bytes]:
        return [step.payload for step in self.invoked] + [each.payload for each in self.accepted]

    @property
    def routes(self) -> list[str]:
        return [each.route for each in self.accepted]


Answerer = Callable[[Invoke], Outcome]


def asked(envelope: HttpEnvelope) -> Request:
    """The request that comes in."""
    fields: dict[str, Any] = {"client_ip": envelope.client_ip, "peer": envelope.client_ip, "scheme": envelope.scheme}
    return request(envelope.method, envelope.target, [*envelope.headers], envelope.body, **fields, port=443, received_at=NOW)


NEEDED = {
    "DefineAuthChallenge": {"issueTokens": True},
    "VerifyAuthChallengeResponse": {"answerCorrect": True},
    "UserMigration": {"userAttributes": {"email": "ada@example.com"}},
}
"""What a user pool cannot do without, by operation."""


def well(step: Invoke) -> Outcome:
    """What a function returns that does as little as it may."""
    event = json.loads(step.payload)
    if isinstance(event, dict) and "triggerSource" in event:
        event["response"] |= NEEDED.get(event["triggerSource"].partition("_")[0], {})
        return succeeded(json.dumps(event).encode())
    if isinstance(event, dict) and "cf" in (event.get("Records") or [{}])[0]:
        cf = event["Records"][0]["cf"]
        return succeeded(json.dumps(cf.get("response") or cf["request"]).encode())
    return succeeded(b'{"statusCode":200}')


def play(config: Config, addressed: Addressed, answer: Answerer = well) -> Played:
    """Route a sample and hold the other side of the conversation. Fails where nothing takes it."""
    envelope = addressed.envelope
    named = {trigger.name: trigger for trigger in config.triggers}
    if isinstance(envelope, HttpEnvelope):
        sent = asked(envelope)
        found = Table(config.triggers).match(sent)
        assert found is not None, f"no trigger takes {envelope.method} {envelope.target}"
        played = Played(found)
        played.reply = _hold(found.type.handle(sent, found.built), played, sent.body or b"", answer)
        return played
    trigger = named[addressed.trigger] if addressed.trigger is not None else only(config)
    played = Played(trigger)
    assert trigger.type.handle_batch is not None
    played.settlement = _hold(trigger.type.handle_batch(_batch(envelope), trigger.built), played, b"", answer)
    return played


def _batch(envelope: QueueEnvelope | TaskEnvelope | TickEnvelope) -> Batch:
    match envelope:
        case QueueEnvelope():
            messages, arn = envelope.messages, envelope.queue_arn
        case TaskEnvelope():
            messages, arn = (Message("token", envelope.input),), ""
        case TickEnvelope():
            messages, arn = (Message("2026-03-02T02:00:00Z", "2026-03-02T02:00:00Z", group=envelope.schedule),), ""
    return Batch(messages, "id", "Root=1-6a514b28-0123456789abcdef01234567", NOW, arn)


def _hold(conversation: Any, played: Played, body: bytes, answer: Answerer) -> Any:
    given: Any = None
    try:
        while True:
            given = _perform(conversation.send(given), played, body, answer)
    except StopIteration as stop:
        return stop.value


def _perform(step: object, played: Played, body: bytes, answer: Answerer) -> object:
    match step:
        case ReadBody(limit):
            assert len(body) <= limit
            return body
        case PeekBody(limit):
            return Peeked(body[:limit], len(body) > limit)
        case Accept(acceptances):
            played.accepted += acceptances
            return [Receipt(f"delivery-{number}") for number in range(len(acceptances))]
        case Forward():
            return OriginResponse(200, "OK", [("Content-Type", "text/plain")], FakeStream(b"found"))
        case Fetch() | Resolve():
            return b""
        case Remark():
            played.remarks.append(step)
            return None
    assert isinstance(step, Invoke)
    played.invoked.append(step)
    return answer(step)
