"""AWS Signature Version 4 of requests whose unchanging parts are prepared once.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, and botocore's
`SigV4Auth`, with which a test compares every byte. Only `Host`, `Content-Type` and `X-Amz-*` have to be signed; the caller
decides what is signed by what it passes. Paths are encoded once more than on the wire, as for every service but S3.
"""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from time import gmtime, strftime
from urllib.parse import quote

_EMPTY_HASH = sha256(b"").hexdigest()
_BLOCK = 64
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
"""HMAC's pads (RFC 2104 §2). The two hashes behind them are begun once a day: `hmac.HMAC` takes three times as long to copy."""


class Signer:
    """One set of keys for one service in one region."""

    __slots__ = (
        *("_day", "_inner", "_outer", "_prefix", "_second", "_secret_key", "_stamp"),
        *("access_key", "region", "service", "token"),
    )

    def __init__(self, access_key: str, secret_key: str, token: str | None, region: str, service: str) -> None:
        self.access_key = access_key
        self.token = token
        self.region = region
        self.service = service
        self._secret_key = secret_key
        self._day = self._stamp = self._prefix = ""
        self._second = -1
        self._inner = self._outer = sha256()

    def prepare(self, method: str, path: str, query: str, headers: Iterable[tuple[str, str]]) -> "Prepared":
        """The request's unchanging parts. `path`, `query`: as on the wire; `headers`: those to sign, `Host` among them."""
        signed = [(name.lower(), " ".join(value.split())) for name, value in headers]
        signed.append(("x-amz-date", ""))
        if self.token:
            signed.append(("x-amz-security-token", self.token))
        folded: dict[str, str] = {}
        for name, value in signed:
            folded[name] = f"{folded[name]},{value}" if name in folded else value
        names = sorted(folded)
        lines = [f"{name}:{folded[name]}\n" for name in names]
        at = names.index("x-amz-date")
        canonical_query = "&".join(f"{key}={value}" for key, value in sorted(_pairs(query)))
        before = "".join([f"{method}\n{canonical_path(path)}\n{canonical_query}\n", *lines[:at], "x-amz-date:"])
        after = "".join(["\n", *lines[at + 1 :], "\n", ";".join(names), "\n"])
        return Prepared(self, before, after, ";".join(names))

    def moment(self, now: float) -> tuple[str, str]:
        """`X-Amz-Date` of epoch seconds `now`, and the credential scope. The signing key changes with the day (UTC)."""
        second = int(now)
        if second != self._second:
            self._second = second
            self._stamp = strftime("%Y%m%dT%H%M%SZ", gmtime(second))
            if self._stamp[:8] != self._day:
                self._day = self._stamp[:8]
                key = self._signing_key().ljust(_BLOCK, b"\0")
                self._inner, self._outer = sha256(key.translate(_INNER)), sha256(key.translate(_OUTER))
            self._prefix = f"{self._day}/{self.region}/{self.service}/aws4_request"
        return self._stamp, self._prefix

    def seal(self, text: str) -> str:
        """The signature of a string to sign, with the key of the last `moment`."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text.encode())
        outer.update(inner.digest())
        return outer.hexdigest()

    def _signing_key(self) -> bytes:
        key = f"AWS4{self._secret_key}".encode()
        for part in (self._day, self.region, self.service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key


class Prepared:
    """A request that only lacks body and time."""

    __slots__ = ("_after", "_authorization", "_before", "_signer", "_token")

    def __init__(self, signer: Signer, before: str, after: str, signed_headers: str) -> None:
        self._signer = signer
        self._before = before
        self._after = after
        self._authorization = f", SignedHeaders={signed_headers}, Signature="
        self._token = f"X-Amz-Security-Token: {signer.token}\r\n" if signer.token else ""

    def sign(self, body: bytes, now: float) -> str:
        """The header lines that the signature adds, each with its CRLF: date, token where there is one, authorization."""
        signer = self._signer
        stamp, scope = signer.moment(now)
        body_hash = sha256(body).hexdigest() if body else _EMPTY_HASH
        canonical = sha256(f"{self._before}{stamp}{self._after}{body_hash}".encode()).hexdigest()
        signature = signer.seal(f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{canonical}")
        return (
            f"X-Amz-Date: {stamp}\r\n{self._token}"
            f"Authorization: AWS4-HMAC-SHA256 Credential={signer.access_key}/{scope}{self._authorization}{signature}\r\n"
        )


def canonical_path(path: str) -> str:
    """`path` without dot segments and empty ones, encoded once more."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    leading = "/" if path.startswith("/") or not path else ""
    trailing = "/" if path.endswith("/") and kept else ""
    return quote(f"{leading}{'/'.join(kept)}{trailing}", safe="/~")


def _pairs(query: str) -> Iterable[tuple[str, str]]:
    if not query:
        return ()
    return ((key, value) for key, _, value in (pair.partition("=") for pair in query.split("&")))
