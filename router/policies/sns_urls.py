"""Which URLs of an SNS message may be fetched: those of AWS's own SNS over https, and those of hosts that are declared.

A message is data from a stranger until its signature is checked, and to check it one of its URLs must be fetched. So the rule
is strict and says why: no user-info, no port but the declared one, no fragment, nothing that could be read in two ways.
The trigger applies it before it asks for a `Fetch`, and the edge that performs the step applies it again.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html and semantics/async.md §C.3, §C.4.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

_AWS_HOST = re.compile(r"sns\.[a-zA-Z0-9-]{3,}\.amazonaws\.com(?:\.cn)?", re.ASCII)
_PLAIN = re.compile(r"[!-~]{1,2048}", re.ASCII)
"""Printable ASCII without spaces: line breaks, tabs and other alphabets are where parsers differ."""
_SERVER = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(?P<port>[1-9][0-9]{0,4}))?", re.ASCII
)
_PORTS = {"https": 443, "http": 80}


@dataclass(slots=True, frozen=True)
class Server:
    """Where a URL leads."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


@dataclass(slots=True, frozen=True)
class SafeUrl:
    """A URL that passed the rule. `target`: path and query, as they go out."""

    server: Server
    target: str


def parse_server(text: str) -> Server:
    """A declared host: `sns.example.com`, `sns.example.com:8443`, `http://localhost:4566`. Raises ValueError."""
    match = _SERVER.fullmatch(text)
    if match is None or int(match["port"] or 1) > 65535:
        raise ValueError("it is no host, host and port, or http:// with a host")
    scheme = match["scheme"] or "https"
    return Server(scheme, match["host"].lower(), int(match["port"] or _PORTS[scheme]))


def safe_url(url: str, hosts: Sequence[str]) -> SafeUrl:
    """The parts of a URL that may be fetched. Raises ValueError, which says what is wrong with it."""
    if _PLAIN.fullmatch(url) is None or "\\" in url:
        raise ValueError("it is not printable ASCII of at most 2048 characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("it is no URL") from None
    if parts.scheme not in _PORTS:
        raise ValueError("its scheme is not https")
    if "#" in url:
        raise ValueError("it has a fragment")
    server = Server(parts.scheme, parts.hostname or "", port or _PORTS[parts.scheme])
    if parts.netloc.lower() not in (server.host, f"{server.host}:{server.port}"):
        raise ValueError("its authority is more than host and port")
    if not _is_aws(server) and server not in map(parse_server, hosts):
        raise ValueError(f"{server} is neither SNS's own endpoint nor one of `certificate_hosts`")
    return SafeUrl(server, f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}")


def _is_aws(server: Server) -> bool:
    return server.scheme == "https" and server.port == 443 and _AWS_HOST.fullmatch(server.host) is not None


def check_certificate_url(url: str, topic_arn: str, hosts: Sequence[str]) -> None:
    """Raises ValueError where a signing certificate may not come from there."""
    parsed = safe_url(url, hosts)
    _check_partition(parsed.server, topic_arn)
    path, _, query = parsed.target.partition("?")
    if not path.endswith(".pem") or query:
        raise ValueError("its path does not end in .pem")


def check_confirmation_url(url: str, topic_arn: str, token: str, hosts: Sequence[str]) -> None:
    """Raises ValueError where following the URL would do anything but confirm the subscription of this message."""
    parsed = safe_url(url, hosts)
    _check_partition(parsed.server, topic_arn)
    path, _, query = parsed.target.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    asked = dict(pairs)
    if path != "/" or len(asked) != len(pairs):
        raise ValueError("it is no call of ConfirmSubscription")
    wanted = {"Action": "ConfirmSubscription", "TopicArn": topic_arn, "Token": token}
    for name, value in wanted.items():
        if asked.get(name) != value:
            raise ValueError(f"its {name} is not that of the message")


def _check_partition(server: Server, topic_arn: str) -> None:
    """AWS's China partition signs for its own topics only, and nobody else does."""
    if _AWS_HOST.fullmatch(server.host) and server.host.endswith(".cn") != topic_arn.startswith("arn:aws-cn:"):
        raise ValueError(f"{server.host} belongs to another partition than the topic")
