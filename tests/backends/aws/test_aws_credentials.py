"""Where keys come from, and when they are renewed."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from moto.server import ThreadedMotoServer

from router.arn import FunctionArn
from router.backends.aws import AwsInvoker
from router.backends.aws.credentials import AssumedRole, Chain, Credential, Keys, pause, renewal_after
from router.errors import BackendError
from router.fakes import FakeClock
from router.model import Function, Invocation
from router.outcome import OutcomeKind
from router.settings import Aws

AWS = Aws("eu-west-1", "111122223333")


class Script:
    """A source that gives what stands in its list, and a pause that ends when the test says so."""

    def __init__(self, *results: Keys | Exception) -> None:
        self.results = list(results)
        self.pauses = asyncio.Queue[float | None]()
        self._on = asyncio.Semaphore(0)

    async def __call__(self) -> Keys:
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    async def pause(self, event: asyncio.Event, seconds: float | None) -> None:
        self.pauses.put_nowait(seconds)
        waits = [asyncio.ensure_future(self._on.acquire()), asyncio.ensure_future(event.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def next(self) -> float | None:
        """Let the present pause end; the length of the next one."""
        self._on.release()
        return await self.pauses.get()


FIRST, SECOND = Keys("A", "1", None, 60.0), Keys("B", "2", "t", None)


@pytest.fixture
async def begin() -> AsyncIterator[Callable[..., Awaitable[Credential]]]:
    begun = []

    async def begin(script: Script, clock: FakeClock) -> Credential:
        credential = Credential("it", script, clock, script.pause)
        begun.append(credential)
        await credential.start(30)
        return credential

    yield begin
    for credential in begun:
        await credential.close()


async def test_keys_are_renewed_when_their_source_says_so(begin: Any) -> None:
    script = Script(FIRST, SECOND)
    credential = await begin(script, FakeClock())
    assert (credential.keys, credential.problem) == (FIRST, None)
    assert await script.pauses.get() == 60.0
    assert await script.next() is None
    assert (credential.keys, credential.problem) == (SECOND, None)


async def test_the_same_keys_stay_the_same_object(begin: Any) -> None:
    script = Script(FIRST, Keys("A", "1", None, 50.0))
    credential = await begin(script, FakeClock())
    await script.pauses.get()
    assert await script.next() == 50.0
    assert credential.keys is FIRST


async def test_failures_are_tried_again_ever_more_slowly(begin: Any) -> None:
    script = Script(*[OSError("no network")] * 8, FIRST)
    credential = await begin(script, FakeClock())
    assert credential.problem == "The credentials of it cannot be fetched: no network"
    pauses = [await script.pauses.get()] + [await script.next() for _ in range(8)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
    assert (credential.keys, credential.problem) == (FIRST, None)


async def test_a_failed_renewal_leaves_the_keys(begin: Any) -> None:
    script = Script(FIRST, OSError("no network"), SECOND)
    credential = await begin(script, FakeClock())
    await script.pauses.get()
    assert await script.next() == 1.0
    assert (credential.keys, credential.problem) == (FIRST, None)
    assert await script.next() is None
    assert credential.keys == SECOND


async def test_rejected_keys_are_asked_for_again_but_not_in_a_loop(begin: Any) -> None:
    clock = FakeClock()
    script = Script(FIRST, SECOND, SECOND)
    credential = await begin(script, clock)
    await script.pauses.get()
    clock.advance(31)
    credential.rejected("expired")
    assert credential.problem == "AWS rejects the credentials of it: expired"
    assert await script.pauses.get() is None
    assert (credential.keys, credential.problem) == (SECOND, None)
    clock.advance(10)
    credential.rejected("unknown")
    assert await script.pauses.get() == 20.0
    assert credential.problem == "AWS rejects the credentials of it: unknown"
    assert await script.next() is None
    assert credential.problem is None


async def test_the_start_waits_no_longer_than_it_may() -> None:
    async def never() -> Keys:
        await asyncio.Event().wait()
        return FIRST

    credential = Credential("it", never, FakeClock())
    await credential.start(0.01)
    assert credential.problem == "The credentials of it have not come yet."
    await credential.close()


async def test_a_pause_ends_by_event_or_by_time() -> None:
    event = asyncio.Event()
    await pause(event, 0.001)
    event.set()
    await pause(event, None)


@pytest.mark.parametrize(("access_key", "token"), [("", None), ("a\r\nb", None), ("é", None), ("A", ""), ("A", "a\nb")])
def test_keys_that_no_header_can_carry(access_key: str, token: str | None) -> None:
    with pytest.raises(ValueError, match="not printable ASCII"):
        Keys(access_key, "s", token)


@pytest.mark.parametrize(("left", "expected"), [(3600, 2700), (43200, 42300), (1000, 500), (900, 450), (0, 1), (-5, 1)])
def test_when_keys_are_renewed(left: float, expected: float) -> None:
    assert renewal_after(left) == expected


# --- the chain -----------------------------------------------------------------------------------------------------------

FILE = """[default]
aws_access_key_id=DEFAULT
aws_secret_access_key=s1
[prod]
aws_access_key_id=PROD
aws_secret_access_key=s2
aws_session_token=t2
"""
IN_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "s3", "AWS_SESSION_TOKEN": "t3"}


@pytest.mark.parametrize(
    ("profile", "environment", "expected"),
    [
        (None, {}, Keys("DEFAULT", "s1", None)),
        ("prod", {}, Keys("PROD", "s2", "t2")),
        (None, {"AWS_PROFILE": "prod"}, Keys("PROD", "s2", "t2")),
        (None, IN_ENVIRONMENT, Keys("ENV", "s3", "t3")),
        (None, IN_ENVIRONMENT | {"AWS_PROFILE": "prod"}, Keys("ENV", "s3", "t3")),
        ("prod", IN_ENVIRONMENT, Keys("PROD", "s2", "t2")),
    ],
)
@pytest.mark.parametrize("emulated", [False, True])
async def test_the_chain(
    aws_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    emulated: bool,
    profile: str | None,
    environment: dict[str, str],
    expected: Keys,
) -> None:
    (aws_home / "credentials").write_text(FILE)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert await Chain(replace(AWS, profile=profile), emulated)() == expected


async def test_keys_that_expire_are_looked_at_every_minute(aws_home: Path) -> None:
    answer = '{"Version":1,"AccessKeyId":"P","SecretAccessKey":"s","SessionToken":"t","Expiration":"2999-01-01T00:00:00Z"}'
    (aws_home / "keys.json").write_text(answer)
    (aws_home / "config").write_text(f"[default]\ncredential_process=cat {aws_home}/keys.json\n")
    chain = Chain(AWS, False)
    assert [await chain(), await chain()] == [Keys("P", "s", "t", 60.0)] * 2


async def test_static_keys_are_read_anew(aws_home: Path) -> None:
    (aws_home / "credentials").write_text(FILE)
    chain = Chain(AWS, False)
    assert await chain() == Keys("DEFAULT", "s1", None)
    (aws_home / "credentials").write_text(FILE.replace("DEFAULT", "CHANGED"))
    assert await chain() == Keys("CHANGED", "s1", None)


async def test_a_chain_without_keys(aws_home: Path) -> None:
    with pytest.raises(BackendError, match="no AWS credentials were found"):
        await Chain(AWS, False)()
    assert await Chain(AWS, True)() == Keys("test", "test", None)


# --- roles, with moto as STS ---------------------------------------------------------------------------------------------

ROLE = "arn:aws:iam::444455556666:role/invoker"


@pytest.fixture(scope="module")
def sts() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


async def test_the_keys_of_a_role(keys_in_environment: None, sts: str) -> None:
    aws = replace(AWS, endpoints={"sts": sts})
    began = time.time()
    keys = await AssumedRole(Chain(aws, False), aws, ROLE, FakeClock(began))()
    took = time.time() - began
    assert keys.access_key.startswith("ASIA")
    assert keys.token
    assert 2699 <= (keys.renew_in or 0) <= 2701 + took


async def test_a_role_that_cannot_be_assumed(keys_in_environment: None, unused_tcp_port: int) -> None:
    aws = replace(AWS, endpoint_url=f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(EndpointConnectionError):
        await AssumedRole(Chain(aws, False), aws, ROLE, FakeClock())()


async def test_each_role_signs_with_its_own_keys(keys_in_environment: None, sts: str, endpoint: Any) -> None:
    aws = replace(AWS, endpoints={"sts": sts, "lambda": endpoint.url})
    arn = FunctionArn("eu-west-1", "111122223333", "orders")
    roles = {"own": None, "other": ROLE, "same": ROLE, "third": ROLE + "-b"}
    functions = {name: Function(name, arn, 3.0, invoke_role_arn=role) for name, role in roles.items()}
    invoker = AwsInvoker(aws, functions, FakeClock(time.time()))
    await invoker.start()
    assert invoker.not_ready() is None
    for function in functions.values():
        outcome = await invoker.invoke(Invocation(function, None, b"{}", "id", "Root=1"))
        assert outcome.kind is OutcomeKind.OK
    await invoker.close()
    used = [received.headers["authorization"].split("=")[1].split("/")[0] for received in endpoint.requests]
    assert (used[0], used[1] == used[2], used[3] != used[1]) == ("AKID", True, True)
    assert endpoint.requests[0].signed_by("secret", "eu-west-1")
    assert ["x-amz-security-token" in received.headers for received in endpoint.requests] == [False, True, True, True]
