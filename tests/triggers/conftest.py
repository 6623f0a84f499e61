"""A front door to play with: settings go through the real schema, a player stands in for the driver."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from router.arn import FunctionArn
from router.config.bundle import bundle, definition_of
from router.config.complete import Completion
from router.config.construct import construct
from router.config.schemas import documents
from router.config.shape import Shapes
from router.config.source import parse
from router.config.validation import is_valid
from router.deliveries import Acceptance, Receipt
from router.errors import BodyTooLarge, FetchFailed, OriginUnreachable, RequestError
from router.fakes import request, succeeded
from router.model import (
    Accept,
    Batch,
    Fetch,
    Forward,
    Function,
    Glimpse,
    Headers,
    Invoke,
    OriginResponse,
    PeekBody,
    ReadBody,
    Remark,
    Reply,
    Request,
    Resolve,
    Scope,
    Settlement,
    Target,
)
from router.outcome import Outcome
from router.triggers import TYPES

SHAPES = Shapes(bundle(documents(), TYPES))
ACCOUNT, REGION = "111122223333", "eu-west-1"

Answerer = Callable[[bytes], Outcome]
FINE = succeeded(b'{"statusCode":200}')


def completed(settings: dict[str, Any]) -> dict[str, Any]:
    """Trigger settings as `check` and `build` see them. Fails where the schema refuses them."""
    schema = SHAPES.resolve(f"#/$defs/{definition_of(settings['type'])}")
    parsed = parse(json.dumps(settings).encode(), "router.yaml")
    assert parsed.root is not None, parsed.problems
    value = construct(SHAPES, schema, parsed.root)
    assert is_valid(SHAPES, schema, value), value
    result: dict[str, Any] = Completion(SHAPES, (), str, {}).complete(schema, value, parsed.root)
    return result


def target(reference: Any) -> Target:
    """Any name is a function here."""
    if isinstance(reference, str):
        name, _, qualifier = reference.partition(":")
        return Target(Function(name, FunctionArn(REGION, ACCOUNT, name), 900.0), qualifier or None)
    found = target(reference["function"])
    found.weights = tuple((reference.get("weights") or {}).items())
    return found


def first_invocation(type: str) -> str:
    """`sync` where the type allows it."""
    return min(TYPES[type].invocations, key=("sync", "async").index)


@dataclass
class Door:
    """One trigger. `invoked` collects what it asked the functions, `forwarded` what it asked of origins.

    `origin`: what every origin answers. `resolves`: whether their names lead somewhere. `accepted`: what was to be made
    durable, by commit; `full`: what the journal throws instead. `fetched`, `remarks`: the steps; `web`: what URLs give.
    """

    settings: dict[str, Any]
    name: str = "shop"
    built: Any = None
    invoked: list[Invoke] = field(default_factory=list)
    forwarded: list[Forward] = field(default_factory=list)
    origin: OriginResponse | RequestError | None = None
    resolves: bool = True
    accepted: list[tuple[Acceptance, ...]] = field(default_factory=list)
    full: RequestError | None = None
    web: dict[str, bytes | FetchFailed] = field(default_factory=dict)
    fetched: list[Fetch] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.type = TYPES[self.settings["type"]]
        self.settings = completed({"invocation": first_invocation(self.type.name), **self.settings})
        if self.type.check is not None and (findings := findings_of(self.settings, ("error",))):
            raise AssertionError(findings)
        self.built = self.type.build(self.settings, Scope(self.name, ACCOUNT, REGION, target, {}))

    def send(self, asked: Request, answer: Outcome | Answerer = FINE) -> Reply:
        """The whole conversation: the body is what the request holds, each invocation gets `answer`."""
        conversation = self.type.handle(asked, self.built)
        given: Any = None
        try:
            while True:
                step = conversation.send(given) if not isinstance(given, Exception) else conversation.throw(given)
                given = self._perform(step, asked, answer)
        except StopIteration as stop:
            reply: Reply = stop.value
            return reply

    def _perform(self, step: object, asked: Request, answer: Outcome | Answerer) -> object:
        if isinstance(step, ReadBody):
            body = asked.body or b""
            return body if len(body) <= step.limit else BodyTooLarge(step.limit)
        if isinstance(step, PeekBody):
            body = asked.body or b""
            return Glimpse(body[: step.limit], len(body) > step.limit)
        if isinstance(step, Resolve):
            return None if self.resolves else OriginUnreachable(f"{step.origin.host} does not resolve")
        if isinstance(step, Forward):
            self.forwarded.append(step)
            assert self.origin is not None, "nothing was to be forwarded"
            return self.origin
        if isinstance(step, Accept):
            return self._accept(step)
        if isinstance(step, Fetch):
            self.fetched.append(step)
            return self.web.get(step.url, FetchFailed(f"{step.url} is not there"))
        if isinstance(step, Remark):
            return self.remarks.append(step)
        assert isinstance(step, Invoke)
        self.invoked.append(step)
        return answer if isinstance(answer, Outcome) else answer(step.payload)

    def _accept(self, step: Accept) -> list[Receipt] | RequestError:
        if self.full is not None:
            return self.full
        self.accepted.append(step.acceptances)
        return [Receipt(f"delivery-{number}") for number in range(len(step.acceptances))]

    def settle(self, batch: Batch, answer: Outcome | Answerer = FINE) -> Settlement:
        """The whole conversation about messages that were polled."""
        assert self.type.handle_batch is not None
        conversation = self.type.handle_batch(batch, self.built)
        given: Any = None
        try:
            while True:
                step = conversation.send(given) if not isinstance(given, Exception) else conversation.throw(given)
                given = self._perform(step, request("POST", "/"), answer)
        except StopIteration as stop:
            settlement: Settlement = stop.value
            return settlement

    def call(
        self,
        method: str,
        url: str,
        headers: Headers | None = None,
        body: bytes = b"",
        *,
        answer: Outcome | Answerer = FINE,
        **fields: Any,
    ) -> Reply:
        return self.send(request(method, url, headers, body, **fields), answer)

    @property
    def event(self) -> Any:
        """The last event."""
        return json.loads(self.invoked[-1].payload)


def findings_of(
    settings: dict[str, Any], severities: tuple[str, ...] = ("error", "warning", "info")
) -> list[tuple[tuple[Any, ...], str]]:
    """Path and code of what the type's own rules say of completed settings."""
    found: list[tuple[tuple[Any, ...], str]] = []

    def report(path: tuple[Any, ...], code: str, message: str, *, severity: str = "error", **_: Any) -> None:
        if severity in severities:
            found.append((path, code))

    kind = TYPES[settings["type"]]
    assert kind.check is not None
    kind.check(settings, report)
    if kind.check_functions is not None:
        kind.check_functions(settings, {}, report)
    return found


@pytest.fixture
def door() -> Callable[..., Door]:
    """Build a door from settings as in YAML."""
    return Door


@pytest.fixture
def findings() -> Callable[[dict[str, Any]], list[tuple[tuple[Any, ...], str]]]:
    """Path and code of each finding of settings as in YAML."""
    return lambda settings: findings_of(completed({"invocation": first_invocation(settings["type"]), **settings}))


@pytest.fixture
def rest(door: Callable[..., Door]) -> Callable[..., Door]:
    """A REST API on the stage `prod`; settings are added."""

    def build(**settings: Any) -> Door:
        base = {"type": "api_gateway", "api": "rest", "stage": "prod", "routes": {"ANY /{proxy+}": "f", "ANY /": "f"}}
        return door(base | settings)

    return build


@pytest.fixture
def http(door: Callable[..., Door]) -> Callable[..., Door]:
    """An HTTP API on `$default`; settings are added."""
    return lambda **settings: door({"type": "api_gateway", "api": "http", "routes": {"$default": "f"}} | settings)


@pytest.fixture
def url(door: Callable[..., Door]) -> Callable[..., Door]:
    """A function URL; settings are added."""
    return lambda **settings: door({"type": "function_url", "function": "f"} | settings)
