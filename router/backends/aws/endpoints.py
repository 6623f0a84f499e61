"""Where the Lambda API of a region is: the configuration's word, else whatever botocore would call.

botocore knows the partitions (`lambda.cn-north-1.amazonaws.com.cn`), FIPS and dual-stack settings, `AWS_ENDPOINT_URL`,
`AWS_ENDPOINT_URL_LAMBDA` and the profile's `services` section. Its models are read from disk: call this in a thread.
"""

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.httpsession import get_cert_path

from router.errors import BackendError
from router.settings import Aws

log = logging.getLogger(__name__)


@dataclass(slots=True, frozen=True)
class Endpoint:
    """A URL in parts. `host_header`: as signed. `base_path`: without trailing slash.

    `foreign`: somebody set it, so it may be an emulator.
    """

    scheme: str
    host: str
    port: int
    host_header: str
    base_path: str
    foreign: bool


@dataclass(slots=True, frozen=True)
class Surroundings:
    """What botocore's files and environment say. `ca_file`: see `authorities`."""

    endpoints: dict[str, Endpoint]
    ca_file: str


def look_up(aws: Aws, regions: Iterable[str]) -> Surroundings:
    """The Lambda endpoint of each region. Blocks. Raises `BackendError` where a profile or an endpoint cannot be used."""
    session = botocore.session.Session(profile=aws.profile)
    configured = aws.endpoints.get("lambda") or aws.endpoint_url
    try:
        found = {
            region: parse_endpoint(configured, True) if configured is not None else _from_botocore(session, region)
            for region in regions
        }
        for endpoint in found.values():
            _mention_proxy(endpoint)
        return Surroundings(found, authorities(session))
    except (BotoCoreError, ValueError) as error:
        raise BackendError(f"The AWS configuration cannot be used: {error}") from error


def authorities(session: botocore.session.Session) -> str:
    """The PEM bundle, or the folder of authorities, to verify servers with: botocore's order (`Endpoint._get_verify_value`)."""
    return str(session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE") or get_cert_path(True))


def parse_endpoint(url: str, foreign: bool) -> Endpoint:
    """The parts of an endpoint URL. Raises ValueError where it is none."""
    parts = urlsplit(url)
    default_port = {"http": 80, "https": 443}.get(parts.scheme)
    if default_port is None or not parts.hostname or not parts.hostname.isascii():
        raise ValueError(f"the endpoint {url!r} is not an http or https URL")
    port = parts.port or default_port
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    header = name if port == default_port else f"{name}:{port}"
    return Endpoint(parts.scheme, parts.hostname, port, header, parts.path.rstrip("/"), foreign)


def _from_botocore(session: botocore.session.Session, region: str) -> Endpoint:
    url = _url(session, region, ignore_configured=False)
    return parse_endpoint(url, url != _url(session, region, ignore_configured=True))


def _mention_proxy(endpoint: Endpoint) -> None:
    proxy = getproxies().get(endpoint.scheme)
    if proxy and not proxy_bypass(endpoint.host):
        log.warning("A proxy is set in the environment; the Lambda API is called directly.", extra={"host": endpoint.host})


def _url(session: botocore.session.Session, region: str, ignore_configured: bool) -> str:
    client = session.create_client(
        "lambda",
        region_name=region,
        aws_access_key_id="unused",
        aws_secret_access_key="unused",
        config=Config(ignore_configured_endpoint_urls=True) if ignore_configured else None,
    )
    return str(client.meta.endpoint_url)
