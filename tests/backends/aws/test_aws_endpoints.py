"""Which endpoint is called, in which order of precedence."""

from pathlib import Path
from typing import Any

import pytest

from router.backends.aws.endpoints import Endpoint, look_up, parse_endpoint
from router.errors import BackendError
from router.settings import Aws

HOME = Endpoint("http", "127.0.0.1", 4566, "127.0.0.1:4566", "", True)


def amazon(host: str) -> Endpoint:
    return Endpoint("https", host, 443, host, "", False)


def other(host: str) -> Endpoint:
    return Endpoint("http", host, 80, host, "", True)


@pytest.mark.parametrize(
    ("region", "settings", "environment", "expected"),
    [
        ("eu-west-1", {}, {}, amazon("lambda.eu-west-1.amazonaws.com")),
        ("cn-north-1", {}, {}, amazon("lambda.cn-north-1.amazonaws.com.cn")),
        ("us-gov-west-1", {}, {}, amazon("lambda.us-gov-west-1.amazonaws.com")),
        ("us-east-1", {}, {"AWS_USE_FIPS_ENDPOINT": "true"}, amazon("lambda-fips.us-east-1.amazonaws.com")),
        ("us-east-1", {}, {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, amazon("lambda.us-east-1.api.aws")),
        ("eu-west-1", {"endpoint_url": "http://127.0.0.1:4566"}, {}, HOME),
        ("eu-west-1", {"endpoints": {"lambda": "http://127.0.0.1:4566"}, "endpoint_url": "http://x"}, {}, HOME),
        ("eu-west-1", {"endpoints": {"sts": "http://x"}}, {}, amazon("lambda.eu-west-1.amazonaws.com")),
        ("eu-west-1", {}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, HOME),
        ("eu-west-1", {}, {"AWS_ENDPOINT_URL": "http://x", "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:4566"}, HOME),
        ("eu-west-1", {}, {"AWS_ENDPOINT_URL_STS": "http://x"}, amazon("lambda.eu-west-1.amazonaws.com")),
        (
            "eu-west-1",
            {},
            {"AWS_ENDPOINT_URL": "http://x", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            amazon("lambda.eu-west-1.amazonaws.com"),
        ),
        ("eu-west-1", {"endpoint_url": "http://127.0.0.1:4566"}, {"AWS_ENDPOINT_URL_LAMBDA": "http://x"}, HOME),
        ("eu-west-1", {"profile": "emulator"}, {}, other("profile.test")),
        ("eu-west-1", {"profile": "services"}, {}, other("service.test")),
        ("eu-west-1", {}, {"AWS_PROFILE": "emulator"}, other("profile.test")),
    ],
)
def test_the_endpoint(
    aws_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    region: str,
    settings: dict[str, Any],
    environment: dict[str, str],
    expected: Endpoint,
) -> None:
    (aws_home / "config").write_text(
        "[profile emulator]\nendpoint_url=http://profile.test\n"
        "[profile services]\nservices=mine\n[services mine]\nlambda =\n  endpoint_url = http://service.test\n"
    )
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert look_up(Aws("eu-west-1", "111122223333", **settings), [region]).endpoints == {region: expected}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"profile": "absent"}, r"The AWS configuration cannot be used: .*absent"),
        ({"endpoint_url": "ftp://x"}, "'ftp://x' is not an http or https URL"),
        ({"endpoint_url": "127.0.0.1:4566"}, "is not an http or https URL"),
        ({"endpoint_url": "http://ä.test"}, "is not an http or https URL"),
        ({"endpoint_url": "http://x:port"}, "cannot be used"),
    ],
)
def test_what_cannot_be_used(aws_home: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BackendError, match=message):
        look_up(Aws("eu-west-1", "111122223333", **settings), ["eu-west-1"])


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://vpce-1.lambda.eu-west-1.vpce.amazonaws.com/", amazon("vpce-1.lambda.eu-west-1.vpce.amazonaws.com")),
        ("http://[::1]:4566/a/b/", Endpoint("http", "::1", 4566, "[::1]:4566", "/a/b", False)),
        ("https://X.test:443", amazon("x.test")),
    ],
)
def test_a_url_in_parts(url: str, expected: Endpoint) -> None:
    assert parse_endpoint(url, False) == expected


@pytest.mark.parametrize("names", [["AWS_CA_BUNDLE"], ["REQUESTS_CA_BUNDLE"], ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"], []])
def test_the_authorities(aws_home: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]) -> None:
    for name in names:
        monkeypatch.setenv(name, f"/etc/{name}.pem")
    found = look_up(Aws("eu-west-1", "111122223333"), [])
    assert found.endpoints == {}
    assert found.ca_file == f"/etc/{names[0]}.pem" if names else Path(found.ca_file).is_file()


@pytest.mark.parametrize(("bypass", "expected"), [("", 1), ("127.0.0.1", 0)])
def test_a_proxy_that_is_not_used_is_mentioned(
    aws_home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, bypass: str, expected: int
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.test:3128")
    monkeypatch.setenv("no_proxy", bypass)
    look_up(Aws("eu-west-1", "111122223333", endpoint_url="http://127.0.0.1:4566"), ["eu-west-1"])
    assert [record.message for record in caplog.records] == [
        "A proxy is set in the environment; the Lambda API is called directly."
    ] * expected
