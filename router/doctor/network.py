"""What is reached over the network without AWS's API: endpoints that are set, and the origins of Lambda@Edge."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from functools import partial
from urllib.parse import urlsplit

from router.doctor.examination import Check, Patient
from router.doctor.findings import Finding, blocked, failed, ok
from router.origins import Origin
from router.triggers.lambda_edge.site import Site


def checks(patient: Patient) -> Iterator[Check]:
    """Each endpoint and each origin once."""
    aws = patient.config.aws
    if aws.endpoint_url is not None:
        yield Check("endpoint", aws.endpoint_url, ("aws", "endpoint_url"), partial(_endpoint, aws.endpoint_url))
    for name, url in aws.endpoints.items():
        yield Check("endpoint", url, ("aws", "endpoints", name), partial(_endpoint, url))
    seen = set[str]()
    for trigger in patient.config.triggers:
        if isinstance(trigger.built, Site):
            for behavior in trigger.built.behaviors:
                for origin in (declared.server for declared in (behavior.origin, *behavior.allowed_origins)):
                    if str(origin) not in seen:
                        seen.add(str(origin))
                        path = ("triggers", trigger.name, "behaviors", behavior.name)
                        yield Check("origin", str(origin), path, partial(_resolved, origin))


async def _endpoint(url: str) -> Sequence[Finding]:
    """Whether something takes connections there."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    try:
        _, writer = await asyncio.open_connection(parts.hostname, port)
    except OSError as error:
        return [blocked(f"it cannot be reached: {error.strerror or error}", "start what should be there, or mend the URL")]
    writer.close()
    return [ok("it takes connections")]


async def _resolved(origin: Origin) -> Sequence[Finding]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except OSError as error:
        return [
            failed(f"its name leads nowhere: {error.strerror or error}", "look at the name, and at this machine's resolver")
        ]
    return [ok(f"its name leads to {found[0][4][0]}")]
