"""TLS for clients: always verified, sessions resumed.

asyncio has no parameter for the session to resume, but it makes every connection with the context's `wrap_bio`; that is
where the last session of the same server is put in. One context per pool, so a session never meets another server.
"""

import ssl
from pathlib import Path
from typing import Any


class ClientContext(ssl.SSLContext):
    """A client's context that remembers the last session. Make it with `client_context`."""

    session: ssl.SSLSession | None = None

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """As the base class does, resuming the remembered session."""
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session or self.session)

    def remember(self, ssl_object: Any) -> None:
        """Keep a connection's session. In TLS 1.3 it comes after the handshake: call this once an answer has been read.

        A session that was just resumed is good for more: reading another one copies it, certificates and all, which costs as
        much as resuming saves. Where the server takes it no more, a full handshake follows, and its session is kept.
        """
        if ssl_object.session_reused:
            return
        session = ssl_object.session
        if session is not None and session.has_ticket:
            self.session = session


def client_context(ca_file: str | None = None) -> ClientContext:
    """A context that verifies certificate and host name against the system's authorities, or only those of `ca_file`.

    `ca_file`: PEM, or a folder of such files as `openssl rehash` makes it.
    Raises OSError or ssl.SSLError where `ca_file` cannot be read.
    """
    context = ClientContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    elif Path(ca_file).is_dir():
        context.load_verify_locations(capath=ca_file)
    else:
        context.load_verify_locations(ca_file)
    return context
