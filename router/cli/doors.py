"""How a client on this machine reaches a listener of the configuration."""

from router.config.addresses import is_private
from router.samples.curl import Door
from router.settings import Address, Listener

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses that mean every interface are reached on loopback."""


def door_of(listener: Listener) -> Door:
    """Its URL, or the path of its socket."""
    scheme = "https" if listener.tls is not None else "http"
    certificate = listener.tls.certificate if listener.tls is not None else None
    if listener.address.unix is not None:
        return Door(f"{scheme}://localhost", listener.address.unix, certificate, True)
    host = _EVERYWHERE.get(listener.address.host, listener.address.host)
    reached = Address(host, listener.address.port)
    return Door(f"{scheme}://{reached}", None, certificate, is_private(reached))
