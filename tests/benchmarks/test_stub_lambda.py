"""What the stub counts, over plain connections and over TLS, and the connections that it closes."""

from pathlib import Path

import pytest

from benchmarks.measuring import load
from benchmarks.subjects import Certificate, Stub, stub_lambda
from benchmarks.tls import certificate, counts

QUICK = ("--connections", "2", "--seconds", "0.2")


@pytest.fixture
def made(tmp_path: Path) -> Certificate:
    return certificate(tmp_path)


def ask(stub: Stub, made: Certificate, *options: str) -> dict[str, float]:
    return load("load", stub.port, *QUICK, "--ca", str(made.authority), *options)


def test_connections_and_resumed_sessions_are_counted(made: Certificate, tmp_path: Path) -> None:
    with stub_lambda(tmp_path, made) as stub:
        first = counts(stub)
        fresh = ask(stub, made, "--reconnect")
        second = counts(stub)
        again = ask(stub, made, "--reconnect", "--resume")
        third = counts(stub)
    assert fresh["connections"] > 2
    assert second["connections"] - first["connections"] - 1 == fresh["connections"]
    assert second["resumed"] == first["resumed"] == fresh["resumed"] == 0
    assert third["resumed"] == again["resumed"] > 0
    assert again["resumed"] >= again["connections"] - 2, "all but the first of each that began at once"
