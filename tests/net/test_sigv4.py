"""Every signature equals botocore's."""

from datetime import UTC, datetime
from unittest.mock import patch

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from router.net.sigv4 import Signer

SEGMENT = st.text(alphabet="abcXYZ019-._~%:$@+ é", max_size=8)
PATHS = st.lists(SEGMENT, max_size=4).map(lambda parts: "/" + "/".join(parts))
WORDS = st.text(alphabet="abcXYZ019-._~%", min_size=1, max_size=6)
QUERIES = st.lists(st.tuples(WORDS, WORDS), max_size=4).map(lambda pairs: "&".join(f"{key}={value}" for key, value in pairs))
VALUES = st.text(alphabet=[chr(code) for code in range(0x20, 0x7F)], max_size=20)
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "X-Amz-Invocation-Type", "X-Amz-Client-Context", "x-amz-zone", "X-Amz-Tenant-Id"]), VALUES
)
TIMES = st.integers(0, 4_000_000_000)


def botocore_lines(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes, keys: Credentials, region: str, now: int
) -> str:
    request = AWSRequest(method, f"https://lambda.example.com{path}{'?' if query else ''}{query}", headers, body)
    with patch("botocore.auth.get_current_datetime", return_value=datetime.fromtimestamp(now, UTC)):
        SigV4Auth(keys, "lambda", region).add_auth(request)
    token = f"X-Amz-Security-Token: {keys.token}\r\n" if keys.token else ""
    return f"X-Amz-Date: {request.headers['X-Amz-Date']}\r\n{token}Authorization: {request.headers['Authorization']}\r\n"


@settings(max_examples=300)
@given(
    st.sampled_from(["GET", "POST", "PUT", "HEAD"]),
    PATHS,
    QUERIES,
    HEADERS,
    st.binary(max_size=100),
    st.none() | st.text(alphabet="ABC+/=", min_size=1, max_size=30),
    TIMES,
)
def test_signatures_equal_those_of_botocore(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes, token: str | None, now: int
) -> None:
    headers = {"Host": "lambda.example.com", **headers}
    signer = Signer("AKID", "secret", token, "eu-west-1", "lambda")
    ours = signer.prepare(method, path, query, headers.items()).sign(body, now + 0.9)
    assert ours == botocore_lines(method, path, query, headers, body, Credentials("AKID", "secret", token), "eu-west-1", now)


@given(st.lists(TIMES, min_size=2, max_size=5))
def test_a_prepared_request_is_signed_again_at_any_time(times: list[int]) -> None:
    headers = {"Host": "lambda.example.com", "X-Amz-Invocation-Type": "Event"}
    signer = Signer("AKID", "secret", "token", "us-east-1", "lambda")
    prepared = signer.prepare("POST", "/2015-03-31/functions/a/invocations", "", headers.items())
    keys = Credentials("AKID", "secret", "token")
    for now in times:
        expected = botocore_lines("POST", "/2015-03-31/functions/a/invocations", "", headers, b"{}", keys, "us-east-1", now)
        assert prepared.sign(b"{}", now) == expected
