"""Functions in AWS, or behind an emulator's endpoint: the Invoke API without an SDK on the way.

One call of `invoke` is at most one request that Lambda can act on (`router.net.pool`): SDKs repeat a POST that timed out,
and so run a function twice. The pool waits for an answer somewhat longer than the function may run.
"""

import asyncio
from collections.abc import Callable, Mapping

from router import jsontext
from router.backends.aws.credentials import AssumedRole, Chain, Credential
from router.backends.aws.endpoints import Surroundings, look_up
from router.backends.aws.requests import Call, invocation_path, is_field_value, streaming_path
from router.backends.aws.routes import Route
from router.backends.aws.streaming import StreamClient
from router.backends.permits import Permit, PermitCount
from router.errors import BackendError, Invoked
from router.model import Function, Invocation
from router.net.errors import DeadlinePassed, ExchangeError
from router.net.pool import Pool, PoolOptions
from router.net.response import Response
from router.net.sigv4 import Signer
from router.net.tls import ClientContext, client_context
from router.outcome import READ_HEADERS, Outcome, from_response, refused, throttled, timed_out, transport
from router.ports import Clock
from router.settings import Aws

ACTIONS = {"invoke": "lambda:InvokeFunction"}
"""What is called, and the permission that it needs, whatever the type of the invocation, streamed or not."""
_MARGIN = 5.0
"""Seconds beyond the function's timeout: cold start, and Lambda's own handling."""
_HAND_OVER_LIMIT = 30.0
"""Seconds for `Event` and `DryRun`, which do not wait for the function."""
_START_PATIENCE = 10.0
_WANTED = READ_HEADERS | {"date"}
_LIMIT_REACHED = "ReservedFunctionConcurrentInvocationLimitExceeded"


class _Target:
    """One function: its way, its path, its limits, and the calls that were prepared with the signer of now."""

    __slots__ = ("calls", "function", "limit", "path", "permit", "route", "signer", "streaming_path")

    def __init__(self, function: Function, route: Route, permit: Permit | None) -> None:
        self.function = function
        self.route = route
        self.path = invocation_path(route.endpoint.base_path, function.arn)
        self.streaming_path = streaming_path(route.endpoint.base_path, function.arn)
        self.limit = function.timeout + _MARGIN
        self.permit = permit
        self.signer: Signer | None = None
        self.calls: dict[tuple[str, str | None, bool, bool], Call] = {}

    def call(self, signer: Signer, invocation: Invocation) -> Call:
        qualifier = invocation.qualifier or self.function.qualifier
        path = self.streaming_path if invocation.stream else self.path
        if invocation.client_context is not None or invocation.tenant_id is not None:
            return Call(signer, self.route.endpoint.host_header, path, invocation, qualifier)
        if signer is not self.signer:
            self.signer = signer
            self.calls = {}
        key = (invocation.type, qualifier, invocation.log_tail, invocation.stream)
        call = self.calls.get(key)
        if call is None:
            call = self.calls[key] = Call(signer, self.route.endpoint.host_header, path, invocation, qualifier)
        return call


class AwsInvoker:
    """The `Invoker` for functions that have an ARN. `start` it before the first `invoke`.

    `permits(name, limit)`: what counts a function's `max_concurrency`; by default the invoker itself.
    """

    def __init__(
        self,
        aws: Aws,
        functions: Mapping[str, Function],
        clock: Clock,
        permits: Callable[[str, int], Permit] | None = None,
    ) -> None:
        self._permits = permits or PermitCount().of
        self._aws = aws
        self._functions = functions
        self._clock = clock
        self._targets: dict[str, _Target] = {}
        self._routes: dict[tuple[str, str | None], Route] = {}
        self._credentials: dict[str | None, Credential] = {}

    async def start(self) -> None:
        """Look up endpoints and fetch credentials. Missing credentials do not fail it: see `not_ready`.

        Raises `BackendError` where a profile, an endpoint or a CA bundle cannot be used.
        """
        regions = {function.arn.region for function in self._functions.values()}
        found = await asyncio.to_thread(look_up, self._aws, regions)
        emulated = bool(found.endpoints) and all(endpoint.foreign for endpoint in found.endpoints.values())
        chain = Chain(self._aws, emulated)
        for function in self._functions.values():
            limit = function.max_concurrency
            permit = None if limit is None else self._permits(function.name, limit)
            self._targets[function.name] = _Target(function, self._route(function, found, chain), permit)
        await asyncio.gather(*(credential.start(_START_PATIENCE) for credential in self._credentials.values()))

    def not_ready(self) -> str | None:
        """What keeps functions from being invoked at the moment; None: nothing."""
        return "; ".join(credential.problem for credential in self._credentials.values() if credential.problem) or None

    def has_credentials(self, function: Function) -> bool:
        """Whether there are some to call this function with."""
        return self._targets[function.name].route.signer() is not None

    def status(self) -> Mapping[str, object]:
        """For the operator: endpoints, their connections, credentials. No secrets."""
        return {
            "routes": [route.status() for route in self._routes.values()],
            "credentials": {credential.name: credential.problem or "ok" for credential in self._credentials.values()},
        }

    async def invoke(self, invocation: Invocation) -> Outcome:
        """See `Invoker.invoke`. `max_concurrency` counts callers who wait alone: the delivery engine counts its own."""
        target = self._targets.get(invocation.function.name)
        if target is None:
            arn = invocation.function.arn
            return refused(404, "ResourceNotFoundException", f"Function not found: {arn.qualified('$LATEST')}", invocation.id)
        signer = target.route.signer()
        if signer is None:
            return transport(target.route.credential.problem or "there are no credentials", sent=False)
        wrong = _unfit_header(invocation)
        if wrong is not None:
            return refused(400, "InvalidParameterValueException", f"The value of {wrong} is not valid.", invocation.id)
        waits = invocation.type == "RequestResponse"
        permit = target.permit if waits and not invocation.asynchronous else None
        if permit is not None and not await permit.take():
            return throttled(_LIMIT_REACHED, request_id=invocation.id)
        limit = target.limit if waits else _HAND_OVER_LIMIT
        head = target.call(signer, invocation).head(
            invocation.payload, invocation.trace_id, self._clock.now() + target.route.skew
        )
        started = self._clock.monotonic()
        on_end = None if permit is None else permit.give_back
        try:
            if invocation.stream:
                return await self._stream(target, head, invocation, on_end or _nothing)
            response = await target.route.pool.request(
                head, invocation.payload, timeout=invocation.timeout, limit=limit, on_end=on_end
            )
        except DeadlinePassed as error:
            invoked = Invoked.UNKNOWN if error.sent else Invoked.NO
            outcome = timed_out(limit if invocation.timeout is None else min(invocation.timeout, limit), invoked)
        except ExchangeError as error:
            outcome = transport(str(error), error.sent)
        else:
            outcome = self._read(response, target.route)
        outcome.function_seconds = self._clock.monotonic() - started
        return outcome

    async def close(self) -> None:
        """Close connections and stop renewing credentials."""
        await asyncio.gather(
            *(route.pool.close() for route in self._routes.values()),
            *(route.streams.close() for route in self._routes.values()),
            *(credential.close() for credential in self._credentials.values()),
        )

    async def _stream(self, target: _Target, head: bytes, invocation: Invocation, on_end: Callable[[], None]) -> Outcome:
        """The outcome when the answer begins. Raises `ExchangeError`."""
        started = self._clock.monotonic()
        response, stream = await target.route.streams.request(
            head, invocation.payload, timeout=invocation.timeout, limit=target.limit, on_end=on_end
        )
        outcome = self._read(response, target.route)
        if stream is not None:
            stream.give(outcome)
        outcome.function_seconds = self._clock.monotonic() - started
        return outcome

    def _read(self, response: Response, route: Route) -> Outcome:
        headers = response.headers(_WANTED)
        if 200 <= response.status < 300:
            return from_response(response.status, headers, response.body, None)
        outcome = from_response(response.status, headers, response.body, _error_body(response.body))
        route.learn(outcome, headers.get("date"), self._clock.now())
        return outcome

    def _route(self, function: Function, found: Surroundings, chain: Chain) -> Route:
        region, role = function.arn.region, function.invoke_role_arn
        known = self._routes.get((region, role))
        if known is not None:
            return known
        endpoint = found.endpoints[region]
        tls = _tls(found.ca_file) if endpoint.scheme == "https" else None
        pool = Pool(endpoint.host, endpoint.port, tls, PoolOptions(max_connections=self._aws.max_connections))
        base = f"{endpoint.scheme}://{endpoint.host_header}"
        streams = StreamClient(base, tls, self._aws.max_connections)
        route = self._routes[region, role] = Route(region, endpoint, self._credential(role, chain), pool, streams)
        return route

    def _credential(self, role: str | None, chain: Chain) -> Credential:
        known = self._credentials.get(role)
        if known is None:
            source = chain if role is None else AssumedRole(chain, self._aws, role, self._clock)
            known = self._credentials[role] = Credential(role or "the default chain", source, self._clock)
        return known


def _nothing() -> None:
    """Nobody counts this function's calls."""


def _tls(ca_file: str) -> ClientContext:
    try:
        return client_context(ca_file)
    except OSError as error:
        raise BackendError(f"The CA bundle {ca_file} cannot be read: {error}") from error


def _unfit_header(invocation: Invocation) -> str | None:
    if invocation.client_context is not None and not is_field_value(invocation.client_context):
        return "X-Amz-Client-Context"
    if invocation.tenant_id is not None and not is_field_value(invocation.tenant_id):
        return "X-Amz-Tenant-Id"
    return None


def _error_body(body: bytes) -> Mapping[str, object] | None:
    try:
        error = jsontext.loads(body)
    except ValueError:
        return None
    return error if isinstance(error, dict) else None
