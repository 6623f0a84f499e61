"""Calls of services that speak AWS JSON, with botocore off the way: for what the daemon calls all the time.

One call is at most one request that the service can act on (`router.net.pool`). A caller who is cancelled breaks the exchange
off. Answers are the JSON as it stands; errors are read as botocore's parser reads them, with which a test compares.
Source: https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html and aws-query-protocol.html (`awsQueryCompatible`).
"""

from collections.abc import Mapping
from http.client import responses
from typing import Any

from router import __version__, jsontext
from router.backends.aws.credentials import Keys
from router.backends.aws.endpoints import Endpoint
from router.net.pool import Pool, PoolOptions
from router.net.response import Response
from router.net.sigv4 import Prepared, Signer
from router.net.tls import ClientContext
from router.ports import Clock

_LONGEST_ANSWER = 16 * 1024 * 1024
"""Bytes. Ten messages have 1 MiB together, before JSON escapes them."""
_LEAST_ERROR = 301
"""botocore's own border."""


class Refusal(Exception):
    """The service answered with an error. `code`: as the service says it, else the status."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class JsonCalls:
    """Calls of one service at one endpoint with one set of keys. `prefix`: of the operations' names (`AmazonSQS`).

    `limit`: seconds for one call. `close` it when done.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        tls: ClientContext | None,
        keys: Keys,
        region: str,
        *,
        service: str,
        prefix: str,
        limit: float,
        connections: int,
        clock: Clock,
    ) -> None:
        self._endpoint = endpoint
        self._signer = Signer(keys.access_key, keys.secret_key, keys.token, region, service)
        self._prefix = prefix
        self._limit = limit
        self._clock = clock
        options = PoolOptions(max_connections=connections, max_body=_LONGEST_ANSWER)
        self._pool = Pool(endpoint.host, endpoint.port, tls, options)
        self._prepared: dict[str, tuple[str, Prepared]] = {}

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer. Raises Refusal, `router.net.errors.ExchangeError`, and ValueError where it is no JSON object."""
        body = jsontext.dumps(parameters)
        lines, prepared = self._prepared.get(operation) or self._prepare(operation)
        head = f"{lines}Content-Length: {len(body)}\r\n{prepared.sign(body, self._clock.now())}\r\n"
        response = await self._pool.request(head.encode("ascii"), body, limit=self._limit, breaks_off=True)
        if response.status >= _LEAST_ERROR:
            raise refusal(response)
        return answer(response.body)

    async def close(self) -> None:
        """Break off what is under way."""
        await self._pool.close()

    def _prepare(self, operation: str) -> tuple[str, Prepared]:
        headers = [
            ("Host", self._endpoint.host_header),
            ("Content-Type", "application/x-amz-json-1.0"),
            ("X-Amz-Target", f"{self._prefix}.{operation}"),
            ("x-amzn-query-mode", "true"),
        ]
        path = f"{self._endpoint.base_path}/"
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers)
        lines = f"POST {path} HTTP/1.1\r\n{fields}User-Agent: lambda-router/{__version__}\r\n"
        made = self._prepared[operation] = lines, self._signer.prepare("POST", path, "", headers)
        return made


def answer(body: bytes) -> Mapping[str, Any]:
    """The JSON object of an answer; nothing at all is an empty one. Raises ValueError."""
    said = jsontext.loads(body) if body else {}
    if not isinstance(said, dict):
        raise ValueError("the answer is not a JSON object")
    return said


def refusal(response: Response) -> Refusal:
    """What an answer says that is an error."""
    headers, body, status = response.headers(), response.body, response.status
    if status >= 500 and (not body or body.strip().startswith(b"<html>")):
        return Refusal(str(status), responses.get(status, ""))
    try:
        said = answer(body)
    except ValueError:
        said = {"message": body.decode("utf-8", "replace")}
    query_code, separator, _ = headers.get("x-amzn-query-error", "").partition(";")
    code = str(said.get("__type", status)).partition(":")[0].rpartition("#")[2]
    return Refusal(query_code if separator else code, str(said.get("message", said.get("Message", ""))))
