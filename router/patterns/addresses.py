"""IP addresses in event patterns: equal in every notation, and inside a CIDR block.

Source: semantics/async.md §D.4, §D.7 (event-ruler's CIDR). An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 one.
"""

import ipaddress
import re
from collections.abc import Callable

_LIKELY = re.compile(r"[0-9a-fA-F.:]{2,45}")
_WHOLE = {4: 32, 6: 128}

Address = tuple[int, int]
"""Version and number."""


def address(text: str) -> Address | None:
    """The address that a text is, in whatever notation; None where it is none."""
    if _LIKELY.fullmatch(text) is None:
        return None
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.version, int(found)


Block = tuple[int, int, int]
"""Version, the bits that do not count, and the number without them."""


def block(text: str) -> Block:
    """A CIDR block. Raises ValueError with AWS's text."""
    host, separator, mask = text.partition("/")
    if not separator or not mask or "/" in mask:
        raise ValueError("Malformed CIDR, one '/' required")
    if re.fullmatch(r"[+-]?[0-9]{1,10}", mask, re.ASCII) is None:
        raise ValueError("Malformed CIDR, mask bits must be an integer")
    bits = int(mask)
    if bits < 0:
        raise ValueError("Malformed CIDR, mask bits must not be negative")
    network = address(host)
    if network is None:
        raise ValueError(f"Nonstandard IP address: {host}")
    version, number = network
    whole = _WHOLE[version]
    if bits >= whole:
        raise ValueError(f"IPv{version} mask bits must be < {whole}")
    shift = whole - bits
    return version, shift, number >> shift


def compile_cidr(text: str) -> Callable[[str], bool]:
    """Whether an address lies in a block. Raises ValueError with AWS's text."""
    version, shift, number = block(text)

    def inside(candidate: str) -> bool:
        found = address(candidate)
        return found is not None and found[0] == version and found[1] >> shift == number

    return inside
