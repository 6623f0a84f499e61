"""A way to Lambda: one region, one credential, one endpoint, with its pool, its signer and its idea of AWS's time."""

import logging
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from router.backends.aws.credentials import Credential, Keys
from router.backends.aws.endpoints import Endpoint
from router.backends.aws.streaming import StreamClient
from router.net.pool import Pool
from router.net.sigv4 import Signer
from router.outcome import Outcome

log = logging.getLogger(__name__)

_KEYS_REJECTED = frozenset({"ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredToken"})
_TIME_REJECTED = frozenset({"InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "RequestExpired"})
_TOLERATED_SKEW = 240.0
"""Seconds. AWS takes five minutes; SDKs correct beyond four."""


class Route:
    """Shared by the functions that are reached this way. `skew`: AWS's clock minus ours, in seconds."""

    __slots__ = ("_keys", "_signer", "credential", "endpoint", "pool", "region", "skew", "streams")

    def __init__(self, region: str, endpoint: Endpoint, credential: Credential, pool: Pool, streams: StreamClient) -> None:
        self.region = region
        self.endpoint = endpoint
        self.credential = credential
        self.pool = pool
        self.streams = streams
        self.skew = 0.0
        self._keys: Keys | None = None
        self._signer: Signer | None = None

    def signer(self) -> Signer | None:
        """The signer of the keys that hold now, the same object as long as they do; None: there are no keys."""
        keys = self.credential.keys
        if keys is not None and keys is not self._keys:
            self._keys = keys
            self._signer = Signer(keys.access_key, keys.secret_key, keys.token, self.region, "lambda")
        return self._signer

    def status(self) -> Mapping[str, object]:
        """For the operator. `streams`: answers that are being streamed, over connections that are not among the pool's."""
        return {
            "region": self.region,
            "endpoint": f"{self.endpoint.scheme}://{self.endpoint.host_header}{self.endpoint.base_path}",
            "credential": self.credential.name,
            "clock_skew": self.skew,
            **self.pool.status(),
            "streams": self.streams.running,
        }

    def learn(self, outcome: Outcome, date: str | None, now: float) -> None:
        """Draw what a refusal teaches about keys and clock, for the requests to come. `date`: of the answer; `now`: ours."""
        if outcome.code in _KEYS_REJECTED:
            self.credential.rejected(outcome.message or str(outcome.code))
        elif outcome.code in _TIME_REJECTED and date is not None:
            skew = _epoch(date, now) - now
            if abs(skew - self.skew) > _TOLERATED_SKEW:
                log.warning("The clock differs from AWS's; signatures are dated by AWS's clock.", extra={"seconds": skew})
                self.skew = skew


def _epoch(date: str, default: float) -> float:
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return default
