"""This machine: listeners and their certificates, and the interpreters of local functions. No code of theirs is run."""

import asyncio
import errno
import re
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cryptography import x509

from router.doctor.examination import Check, Patient
from router.doctor.findings import Finding, failed, ok, warning
from router.errors import StartError
from router.functions import LocalFunction
from router.ingress.listen import tls_context
from router.settings import Address, Tls

_SOON = 30
"""Days before a certificate's end at which somebody should know."""


def checks(patient: Patient) -> Iterator[Check]:
    """Addresses, certificates, local functions."""
    config = patient.config
    for name, listener in config.listeners.items():
        path = ("listeners", name)
        yield Check("listener", str(listener.address), path, partial(asyncio.to_thread, address, listener.address))
        if listener.tls is not None:
            look = partial(asyncio.to_thread, certificate, listener.tls, patient.clock.now())
            yield Check("certificate", listener.tls.certificate, (*path, "tls"), look)
    if config.admin.listen is not None:
        look = partial(asyncio.to_thread, address, config.admin.listen)
        yield Check("listener", str(config.admin.listen), ("admin", "listen"), look)
    for name, function in config.functions.items():
        if patient.selection.runs_here(function) and function.local is not None:
            look = partial(asyncio.to_thread, local_function, function.local)
            yield Check("local function", name, ("functions", name, "local"), look)


def address(listen: Address) -> Sequence[Finding]:
    """Whether a listener could be bound; it is let go of at once."""
    if listen.unix is not None:
        return [_socket_file(Path(listen.unix))]
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            listen.host, listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            help_text = "fine where the daemon runs already; else stop the other program, or use another port"
            return [warning("it is in use", help_text)]
        if error.errno in (errno.EACCES, errno.EPERM):
            return [failed(f"it may not be bound: {error.strerror}", "use a port above 1023, or allow CAP_NET_BIND_SERVICE")]
        return [failed(f"it cannot be bound: {error.strerror or error}", "look at the host and at this machine's addresses")]
    return [ok("it is free")]


def _socket_file(path: Path) -> Finding:
    if not path.parent.is_dir():
        return failed(f"the folder {path.parent} is not there", "make it, or use another path")
    if path.is_socket():
        return warning("the socket is there already", "fine where the daemon runs already; else it is replaced at its start")
    if path.exists():
        return failed("a file that is no socket is in the way", "remove it, or use another path")
    return ok("it is free")


def certificate(tls: Tls, now: float) -> Sequence[Finding]:
    """Whether the files can be read, belong together, and are valid at `now` (epoch seconds)."""
    try:
        tls_context(tls)
    except StartError as error:
        return [failed(str(error), "look at the files, and whether the key belongs to the certificate")]
    found = x509.load_pem_x509_certificate(Path(tls.certificate).read_bytes())
    today, first, last = datetime.fromtimestamp(now, UTC), found.not_valid_before_utc, found.not_valid_after_utc
    if today < first:
        return [failed(f"the certificate is valid from {first:%Y-%m-%d} on", "look at the clock, or use another certificate")]
    if today > last:
        return [failed(f"the certificate ended on {last:%Y-%m-%d}", "renew it")]
    days = (last - today).days
    if days < _SOON:
        return [warning(f"the certificate ends on {last:%Y-%m-%d}, in {days} days", "renew it")]
    return [ok(f"the certificate is valid until {last:%Y-%m-%d} and fits its key")]


def local_function(local: LocalFunction) -> Sequence[Finding]:
    """Whether what starts it is there; that its handler is, `validate` has said."""
    if not Path(local.code).is_dir():
        return [failed(f"the folder {local.code} is not there", "look at `code`")]
    if local.attach:
        return [ok("you start its process yourself")]
    program = _program(local)
    found = shutil.which(program, path=None)
    if found is None:
        return [failed(f"there is no program {program}", "install it, or use another runtime")]
    return [ok(f"it runs with {found}")]


def _program(local: LocalFunction) -> str:
    """What would be started, as `router.backends.local.launch` finds it out; no interpreter is asked for its version."""
    if local.command or (local.runtime or "").startswith("provided"):
        argv = local.command or ("./bootstrap",)
        return str(Path(local.code) / argv[0]) if "/" in argv[0] else argv[0]
    if (local.runtime or "").startswith("nodejs"):
        return "node"
    for folder in local.packages:
        if (Path(folder) / "pyvenv.cfg").is_file():
            return str(Path(folder) / "bin" / "python")
    version = re.sub("^python", "", local.runtime or "")
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return sys.executable if version in ("", own) else f"python{version}"
