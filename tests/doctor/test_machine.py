"""This machine: addresses, certificates, interpreters, disk, names."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from router.doctor.disk import journal_folder
from router.doctor.findings import Finding, Status
from router.doctor.machine import address, certificate, local_function
from router.functions import LocalFunction
from router.settings import Address, JournalSettings, Tls

OK, WARNING, FAILED = Status.OK, Status.WARNING, Status.FAILED


def told(findings: Any) -> list[tuple[Status, str]]:
    return [(finding.status, finding.message) for finding in findings]


# --- addresses -------------------------------------------------------------------------------------------------------


def test_a_free_port() -> None:
    assert told(address(Address("127.0.0.1", 0))) == [(OK, "it is free")]


def test_a_port_in_use() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert told(address(Address("127.0.0.1", other.getsockname()[1]))) == [(WARNING, "it is in use")]


def test_an_address_of_another_machine() -> None:
    ((status, message),) = told(address(Address("192.0.2.1", 80)))
    assert status is FAILED
    assert message.startswith("it cannot be bound: ")


def test_sockets(tmp_path: Path) -> None:
    path = tmp_path / "router.sock"
    assert told(address(Address(unix=str(path)))) == [(OK, "it is free")]
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        assert told(address(Address(unix=str(path)))) == [(WARNING, "the socket is there already")]
    (tmp_path / "file").touch()
    assert told(address(Address(unix=str(tmp_path / "file")))) == [(FAILED, "a file that is no socket is in the way")]
    assert told(address(Address(unix=str(tmp_path / "no" / "s")))) == [(FAILED, f"the folder {tmp_path / 'no'} is not there")]


# --- certificates ----------------------------------------------------------------------------------------------------

EXPIRES = datetime(2035, 6, 1, tzinfo=UTC)


@pytest.fixture
def issue(tmp_path: Path) -> Callable[[str], Tls]:
    """Write a certificate and its key."""
    authority = trustme.CA()

    def write(name: str) -> Tls:
        made = authority.issue_cert("localhost", not_after=EXPIRES)
        certificate_file, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        made.cert_chain_pems[0].write_to_path(certificate_file)
        made.private_key_pem.write_to_path(key)
        return Tls(str(certificate_file), str(key))

    return write


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2030, 1, 1, tzinfo=UTC), (OK, "the certificate is valid until 2035-06-01 and fits its key")),
        (datetime(2035, 5, 12, tzinfo=UTC), (WARNING, "the certificate ends on 2035-06-01, in 20 days")),
        (datetime(2035, 6, 2, tzinfo=UTC), (FAILED, "the certificate ended on 2035-06-01")),
        (datetime(1999, 1, 1, tzinfo=UTC), (FAILED, "the certificate is valid from 2000-01-01 on")),
    ],
)
def test_validity(issue: Callable[[str], Tls], now: datetime, expected: Any) -> None:
    assert told(certificate(issue("server"), now.timestamp())) == [expected]


def test_a_key_of_another_certificate(issue: Callable[[str], Tls]) -> None:
    one, other = issue("one"), issue("other")
    ((status, message),) = told(certificate(Tls(one.certificate, other.key), EXPIRES.timestamp()))
    assert status is FAILED
    assert "Cannot load the certificate" in message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    ((status, _),) = told(certificate(Tls(missing, missing), 0))
    assert status is FAILED


# --- local functions -------------------------------------------------------------------------------------------------


def function(code: Path, **settings: Any) -> LocalFunction:
    return LocalFunction(**{"runtime": "python", "handler": "app.handler", "code": str(code), **settings})


def test_what_runs_functions(tmp_path: Path) -> None:
    (found,) = local_function(function(tmp_path))
    assert (found.status, found.message.startswith("it runs with ")) == (OK, True)
    assert told(local_function(function(tmp_path, attach=True))) == [(OK, "you start its process yourself")]
    missing = [(FAILED, "there is no program python3.99")]
    assert told(local_function(function(tmp_path, runtime="python3.99"))) == missing
    bootstrap = tmp_path / "bootstrap"
    provided = function(tmp_path, runtime="provided", handler=None)
    assert told(local_function(provided)) == [(FAILED, f"there is no program {bootstrap}")]
    bootstrap.write_text("#!/bin/sh\n")
    bootstrap.chmod(0o755)
    assert told(local_function(provided)) == [(OK, f"it runs with {bootstrap}")]


def test_code_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert told(local_function(function(missing))) == [(FAILED, f"the folder {missing} is not there")]


def test_packages_bring_their_interpreter(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "pyvenv.cfg").touch()
    expected = [(FAILED, f"there is no program {venv / 'bin' / 'python'}")]
    assert told(local_function(function(tmp_path, packages=(str(venv),)))) == expected


# --- the journal's disk ----------------------------------------------------------------------------------------------


class Stopwatch:
    """Each look is so many seconds after the one before."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._now = 0.0

    def __call__(self) -> float:
        self._now += self._seconds
        return self._now


def journal(folder: Path, seconds: float = 0.001, **settings: Any) -> list[Finding]:
    made = JournalSettings(f"sqlite:{folder}", **{"max_size": 1, "min_free_disk": 1, **settings})
    return list(journal_folder(made, Stopwatch(seconds)))


def test_a_folder_with_room(tmp_path: Path) -> None:
    room, speed = journal(tmp_path)
    assert (room.status, speed.status, speed.message) == (OK, OK, "an fsync takes 1.0 ms")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_will_be_made(tmp_path: Path) -> None:
    assert [finding.status for finding in journal(tmp_path / "var" / "journal")] == [OK, OK]
    assert list(tmp_path.iterdir()) == []


def test_a_slow_disk(tmp_path: Path) -> None:
    _, speed = journal(tmp_path, 0.0305)
    assert (speed.status, speed.message) == (WARNING, "an fsync takes 30.5 ms: every acknowledgement waits for one")


def test_no_room(tmp_path: Path) -> None:
    assert journal(tmp_path, min_free_disk=2**60)[0].status is FAILED
    assert journal(tmp_path, max_size=2**60)[0].status is WARNING


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "var").touch()
    (finding,) = journal(tmp_path / "var" / "journal")
    assert (finding.status, finding.message) == (FAILED, f"{tmp_path / 'var'} is no folder")


# --- names -----------------------------------------------------------------------------------------------------------

EDGE = """\
functions: {check: 'arn:aws:lambda:us-east-1:123456789012:function:check'}
triggers:
  edge:
    type: lambda_edge
    invocation: sync
    hosts: [www.example.com]
    behaviors:
      "*":
        origin: {url: "http://localhost:8000"}
        allowed_origins: ["http://nowhere.invalid"]
        origin_request: "check:1"
"""


async def test_origins_are_looked_up(doctor: Any, findings: Any) -> None:
    found = findings(await doctor(EDGE), "origin")
    assert set(found) == {("origin", "http://localhost:8000"), ("origin", "http://nowhere.invalid:80")}
    ((status, message),) = found["origin", "http://localhost:8000"]
    assert (status, message.startswith("its name leads to ")) == (OK, True)
    ((status, message),) = found["origin", "http://nowhere.invalid:80"]
    assert (status, message.startswith("its name leads nowhere: ")) == (FAILED, True)
