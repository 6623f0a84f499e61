"""A client's certificate over a real handshake, as functions see it."""

import asyncio
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trustme

from router.ingress.connection import Connection
from router.ingress.incoming import Incoming
from router.ingress.listen import listen
from router.ingress.request import RequestReader
from router.ingress.server import Server
from router.settings import Address, Listener, Tls


async def test_the_certificate_reaches_the_request(tmp_path: Path) -> None:
    ca = trustme.CA(organization_name="Example CA")
    server = ca.issue_cert("127.0.0.1")
    server.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    mine = ca.issue_cert("someone@example.com", common_name="Someone", organization_name="Example")
    seen: list[Mapping[str, Any] | None] = []
    tls = Tls(str(tmp_path / "server.pem"), str(tmp_path / "server.pem"), str(tmp_path / "ca.pem"))
    reader = RequestReader(Listener("main", Address("127.0.0.1", 0), tls))

    class Door:
        async def serve(self, incoming: Incoming, connection: Connection) -> bool:
            seen.append(reader.read(incoming, connection, 0.0).client_certificate)
            connection.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            return False

    listening = await listen(Server(Door()), Address("127.0.0.1", 0), tls, 1.0)
    client = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    mine.configure_cert(client)
    incoming, outgoing = await asyncio.open_connection("127.0.0.1", listening.address.port, ssl=client)
    outgoing.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(10):
        await incoming.read(-1)
    outgoing.close()
    await listening.close()

    (certificate,) = seen
    assert certificate is not None
    moment = re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT")
    assert certificate["clientCertPem"] == mine.cert_chain_pems[0].bytes().decode()
    assert re.fullmatch(r"O=Example,OU=.*,CN=Someone", certificate["subjectDN"])
    assert certificate["issuerDN"].startswith("O=Example CA,OU=")
    assert re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2})*", certificate["serialNumber"])
    assert all(moment.fullmatch(certificate["validity"][end]) for end in ("notBefore", "notAfter"))
    assert set(certificate) == {"clientCertPem", "subjectDN", "issuerDN", "serialNumber", "validity"}
