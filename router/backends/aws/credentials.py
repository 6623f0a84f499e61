"""Credentials that are always at hand: fetched and renewed by a task of their own, never on the way of a request.

A `Credential` asks its source, keeps the keys, and asks again when the source says so. Sources: `Chain`, botocore's whole
provider chain (environment, profiles, SSO, web identity, container, IMDSv2, …); `AssumedRole`, STS AssumeRole on top of it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.credentials import RefreshableCredentials

from router.backends.aws.requests import is_field_value
from router.errors import BackendError
from router.ports import Clock
from router.settings import Aws

log = logging.getLogger(__name__)

ACTIONS = {"assume_role": "sts:AssumeRole"}
"""What is called, and the permission that it needs."""
_CHAIN_CHECK = 60.0
_RENEW_AHEAD = 900.0
_LONGEST_BACK_OFF = 60.0
_REJECTION_PAUSE = 30.0
"""Seconds at least between two questions to the source when AWS rejects the keys."""


@dataclass(slots=True, frozen=True)
class Keys:
    """`renew_in`: seconds after which the source wants to be asked again; None: never.

    Raises ValueError where a header could not carry them.
    """

    access_key: str
    secret_key: str
    token: str | None
    renew_in: float | None = None

    def __post_init__(self) -> None:
        if not (is_field_value(self.access_key) and (self.token is None or is_field_value(self.token))):
            raise ValueError("the access key or the session token is empty, or not printable ASCII")


Source = Callable[[], Awaitable[Keys]]
Pause = Callable[[asyncio.Event, float | None], Awaitable[None]]
"""Wait until the event is set, at most so many seconds."""


async def pause(event: asyncio.Event, seconds: float | None) -> None:
    """The real `Pause`."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


class Credential:
    """Keys from one source. `keys` is None until they came; `problem` says why there are none that work, else None."""

    def __init__(self, name: str, source: Source, clock: Clock, pause: Pause = pause) -> None:
        self.name = name
        self.keys: Keys | None = None
        self.problem: str | None = f"The credentials of {name} have not come yet."
        self._source = source
        self._clock = clock
        self._pause = pause
        self._wanted = asyncio.Event()
        self._tried = asyncio.Event()
        self._asked_at = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self, patience: float) -> None:
        """Begin. Returns after the first try, or after `patience` seconds; a failure shows in `problem`."""
        self._task = asyncio.get_running_loop().create_task(self._keep())
        await pause(self._tried, patience)

    async def close(self) -> None:
        """Stop renewing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def rejected(self, message: str) -> None:
        """AWS does not take the keys: ask the source again soon (a file may have changed). Until then this is a problem."""
        self.problem = f"AWS rejects the credentials of {self.name}: {message}"
        self._wanted.set()

    async def _keep(self) -> None:
        failures = 0
        while True:
            self._wanted.clear()
            self._asked_at = self._clock.monotonic()
            try:
                keys = await self._source()
            except Exception as error:  # providers raise whatever their files, helpers and servers provoke
                failures += 1
                delay: float | None = min(_LONGEST_BACK_OFF, 2.0 ** (failures - 1))
                self._failed(error)
            else:
                failures = 0
                delay = keys.renew_in
                self._take(keys)
            self._tried.set()
            await self._pause(self._wanted, delay)
            early = _REJECTION_PAUSE - (self._clock.monotonic() - self._asked_at)
            if self._wanted.is_set() and early > 0:
                await self._pause(asyncio.Event(), early)

    def _take(self, keys: Keys) -> None:
        known = self.keys
        if known is None or (keys.access_key, keys.secret_key, keys.token) != (known.access_key, known.secret_key, known.token):
            log.info("Credentials are there.", extra={"credential": self.name, "access_key": keys.access_key})
            self.keys = keys
        self.problem = None

    def _failed(self, error: Exception) -> None:
        log.warning(
            "Credentials could not be fetched; the next try follows.",
            extra={"credential": self.name, "error": str(error), "keys_at_hand": self.keys is not None},
        )
        if self.keys is None:
            self.problem = f"The credentials of {self.name} cannot be fetched: {error}"


class Chain:
    """The provider chain of one profile. `emulated`: where it finds nothing, use `test`/`test`: emulators take anything."""

    def __init__(self, aws: Aws, emulated: bool) -> None:
        self._aws = aws
        self._emulated = emulated
        self._session: AioSession | None = None
        self._lock = asyncio.Lock()

    async def __call__(self) -> Keys:
        """The chain's keys. Static ones are read anew each time."""
        session = await self.session(renew=True)
        credentials = await session.get_credentials()
        frozen = await credentials.get_frozen_credentials()
        return Keys(frozen.access_key, frozen.secret_key, frozen.token, _CHAIN_CHECK if _renews(credentials) else None)

    async def session(self, renew: bool = False) -> AioSession:
        """A session that has credentials. Raises `BackendError` where the chain has none, and whatever its providers raise."""
        async with self._lock:
            session = self._session
            if session is not None and not (renew and not _renews(await session.get_credentials())):
                return session
            session = AioSession(profile=self._aws.profile)
            if await session.get_credentials() is None:
                self._do_without(session)
            self._session = session
            return session

    def _do_without(self, session: AioSession) -> None:
        if not self._emulated:
            raise BackendError(
                "no AWS credentials were found; set aws.profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                "or give this machine a role"
            )
        log.info("No AWS credentials were found; since an endpoint is set, requests are signed as test/test.")
        session.set_credentials("test", "test")


class AssumedRole:
    """The keys of a role, from STS, in the name of the chain's credentials."""

    def __init__(self, chain: Chain, aws: Aws, role_arn: str, clock: Clock) -> None:
        self._chain = chain
        self._aws = aws
        self._role_arn = role_arn
        self._clock = clock

    async def __call__(self) -> Keys:
        session = await self._chain.session()
        client = session.create_client(
            "sts",
            region_name=self._aws.region,
            endpoint_url=self._aws.endpoints.get("sts") or self._aws.endpoint_url,
            config=AioConfig(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1}),
        )
        async with client as sts:
            answer = await sts.assume_role(RoleArn=self._role_arn, RoleSessionName="lambda-router")
        found = answer["Credentials"]
        left = found["Expiration"].timestamp() - self._clock.now()
        return Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], renewal_after(left))


def renewal_after(seconds_left: float) -> float:
    """When to renew keys that are valid for so long: a quarter of an hour ahead, or at half time of short-lived ones."""
    return max(seconds_left - _RENEW_AHEAD, seconds_left / 2, 1.0)


def _renews(credentials: object) -> bool:
    return isinstance(credentials, RefreshableCredentials)
