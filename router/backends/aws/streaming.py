"""InvokeWithResponseStream: answers of functions in AWS that are passed on as they come.

Bodies come through aiohttp's client, which stops reading from the socket while nobody takes what was read. Nothing is tried
twice. A stream that its reader closes is broken off; the function then runs on in AWS unheard.
Source: semantics/sync.md §1.6 and Lambda's service model.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable

import aiohttp
from yarl import URL

from router import jsontext
from router.backends.sessions import plain_session
from router.errors import StreamFailed
from router.eventstream import CONTENT_TYPE, Decoder, EventStreamError, Message
from router.net.errors import ConnectFailed, ConnectionLost, DeadlinePassed, ExchangeError, ResponseInvalid
from router.net.response import Response
from router.outcome import Outcome, OutcomeKind, broken_off

_CONNECT_TIMEOUT = 5.0
_KEEPALIVE = 15.0
_MAX_LINE = 64 * 1024
_MAX_ERROR = 1024 * 1024
"""Bytes of the body of an answer that is no stream."""


class StreamClient:
    """Calls of one endpoint. Use it inside the running loop; `close` it there."""

    def __init__(self, base: str, tls: ssl.SSLContext | None, max_connections: int) -> None:
        self._base = base
        self._tls = tls
        self._max_connections = max_connections
        self._session: aiohttp.ClientSession | None = None
        self.running = 0
        """Exchanges under way; each has a connection of its own."""

    async def request(
        self, head: bytes, body: bytes, *, timeout: float | None, limit: float, on_end: Callable[[], None]
    ) -> "tuple[Response, AnswerStream | None]":
        """Send a request and wait until its answer begins: the first event of a stream, or all of an error.

        `head`, `timeout`, `limit`, `on_end`: as for `router.net.pool.Pool.request`; the limit holds for the whole stream.
        Raises `ExchangeError`.
        """
        stream: AnswerStream | None = None
        self.running += 1

        def ended() -> None:
            self.running -= 1
            on_end()

        try:
            async with asyncio.timeout(timeout):
                answer = await self._send(head, body, limit)
                response = Response(answer.status, [*answer.raw_headers], b"")
                if answer.status == 200:
                    stream = AnswerStream(answer, ended)
                    await stream.begin()
                    return response, stream
                response.body = await _whole(answer)
        except BaseException as error:
            if stream is None:
                ended()
            else:
                await stream.aclose()
            if isinstance(error, (aiohttp.ClientError, TimeoutError, ValueError)):
                raise _translated(error) from error
            raise
        ended()
        return response, None

    async def close(self) -> None:
        """Break off what still runs."""
        if self._session is not None:
            await self._session.close()

    async def _send(self, head: bytes, body: bytes, limit: float) -> aiohttp.ClientResponse:
        first, *lines = head.decode("ascii").rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ")
        if self._session is None:
            self._session = self._new_session()
        return await self._session.request(
            method,
            URL(f"{self._base}{target}", encoded=True),
            headers=[(name, value) for name, _, value in (line.partition(": ") for line in lines)],
            data=body,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=limit, connect=_CONNECT_TIMEOUT),
        )

    def _new_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self._max_connections, keepalive_timeout=_KEEPALIVE, ssl=self._tls if self._tls is not None else True
        )
        return plain_session(connector, _MAX_LINE)


class AnswerStream:
    """What a function sends, out of the events that carry it. `FunctionStream`, once `begin` has returned."""

    __slots__ = ("_answer", "_decoder", "_failure", "_is_complete", "_on_end", "_ready", "log_tail")

    def __init__(self, answer: aiohttp.ClientResponse, on_end: Callable[[], None]) -> None:
        self.log_tail: str | None = None
        self._answer = answer
        self._decoder = Decoder()
        self._ready: deque[bytes] = deque()
        self._failure: StreamFailed | None = None
        self._is_complete = False
        self._on_end: Callable[[], None] | None = on_end

    async def begin(self) -> None:
        """Wait for the first bytes, or the end. Raises what aiohttp raises."""
        while not (self._ready or self._is_complete or self._failure):
            self._take(await self._answer.content.readany())

    def give(self, outcome: Outcome) -> None:
        """Make this the outcome's stream; what failed before it had begun is the outcome itself."""
        content_type = self._answer.headers.get("Content-Type", CONTENT_TYPE)
        if self._failure is not None and not self._ready:
            broken_off(outcome, self._failure)
            self._end()
        else:
            outcome.stream = self
            outcome.content_type = None if content_type == CONTENT_TYPE else content_type

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            await self.begin()
        except (aiohttp.ClientError, TimeoutError) as error:
            kind = OutcomeKind.TIMEOUT if isinstance(error, TimeoutError) else OutcomeKind.TRANSPORT
            self._failure = StreamFailed(kind.value, f"Lambda's stream broke off: {error or type(error).__name__}")
        if self._ready:
            return self._ready.popleft()
        await self.aclose()
        if self._failure is not None:
            raise self._failure
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """As `Stream.aclose`."""
        self._end()

    def _end(self) -> None:
        """Let go of the connection: closed, but where its answer has been read to the end."""
        self._answer.close()
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end()

    def _take(self, data: bytes) -> None:
        if not data:
            self._failure = StreamFailed(OutcomeKind.TRANSPORT.value, "Lambda's stream ended before it was complete")
            return
        try:
            for message in self._decoder.feed(data):
                self._read(message)
        except EventStreamError as error:
            self._failure = StreamFailed(OutcomeKind.TRANSPORT.value, f"Lambda's stream cannot be read: {error}")

    def _read(self, message: Message) -> None:
        if self._is_complete or self._failure is not None:
            raise EventStreamError("a message after the last one")
        headers = message.headers
        kind = headers.get(":event-type") if headers.get(":message-type") == "event" else None
        if kind == "PayloadChunk":
            if message.payload:
                self._ready.append(message.payload)
        elif kind == "InvokeComplete":
            self._complete(message.payload)
        elif kind is None:
            said = [headers.get(name, "") for name in (":exception-type", ":error-code", ":error-message")]
            text = " ".join(filter(None, [*said, message.payload[:200].decode("utf-8", "replace")]))
            self._failure = StreamFailed(OutcomeKind.TRANSPORT.value, f"Lambda's stream broke off: {text}")

    def _complete(self, payload: bytes) -> None:
        try:
            said = jsontext.loads(payload) if payload else {}
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise EventStreamError("InvokeComplete is no JSON object")
        self._is_complete = True
        tail, code = said.get("LogResult"), said.get("ErrorCode")
        self.log_tail = tail if isinstance(tail, str) else None
        if code:
            details = _error_object(str(code), said.get("ErrorDetails"))
            message = f"the function failed: {code}"
            self._failure = StreamFailed(OutcomeKind.FUNCTION_ERROR.value, message, details, self.log_tail)


def _error_object(code: str, details: object) -> bytes:
    """Lambda's error object: the details, where they are one."""
    text = details if isinstance(details, str) else ""
    try:
        if isinstance(jsontext.loads(text), dict):
            return text.encode("utf-8", "replace")
    except ValueError:
        pass
    return jsontext.dumps({"errorType": code, "errorMessage": text})


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > _MAX_ERROR:
            answer.close()
            raise ValueError(f"the body of an error exceeds {_MAX_ERROR} bytes")
    return bytes(body)


def _translated(error: Exception) -> ExchangeError:
    """By class, the narrower ones first."""
    detail = str(error) or type(error).__name__
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return ConnectFailed(f"no connection in {_CONNECT_TIMEOUT:g} seconds")
    if isinstance(error, TimeoutError):
        return DeadlinePassed("no answer began in time", sent=True)
    if isinstance(error, aiohttp.ClientConnectorError):
        return ConnectFailed(f"cannot connect: {detail}")
    if isinstance(error, (aiohttp.ClientResponseError, ValueError)):
        return ResponseInvalid(f"malformed answer: {detail}")
    return ConnectionLost(f"the connection broke: {detail}", sent=True)
