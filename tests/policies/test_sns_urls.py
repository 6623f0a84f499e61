"""The URLs that SNS messages may lead to: AWS's own hosts and declared ones, and every trick that is refused."""

from urllib.parse import quote

import pytest

from router.policies.sns_urls import (
    SafeUrl,
    Server,
    check_certificate_url,
    check_confirmation_url,
    parse_server,
    safe_url,
)

TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"
PEM = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
AWS = "sns.eu-west-1.amazonaws.com"
CONFIRM = f"https://{AWS}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t0k"


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("sns.example.com", Server("https", "sns.example.com", 443)),
        ("SNS.example.com:8443", Server("https", "sns.example.com", 8443)),
        ("https://sns.example.com", Server("https", "sns.example.com", 443)),
        ("http://localhost", Server("http", "localhost", 80)),
        ("http://127.0.0.1:4566", Server("http", "127.0.0.1", 4566)),
    ],
)
def test_a_declared_host(text: str, server: Server) -> None:
    assert parse_server(text) == server


@pytest.mark.parametrize(
    "text", ["", "a b", "user@a", "a/path", "ftp://a", "a:0", "a:65536", "a:x", "*.a", "a.", "-a", "http://", "[::1]:80"]
)
def test_what_is_no_declared_host(text: str) -> None:
    with pytest.raises(ValueError, match="it is no host"):
        parse_server(text)


@pytest.mark.parametrize(
    ("url", "hosts", "safe"),
    [
        (f"https://{AWS}{PEM}", (), SafeUrl(Server("https", AWS, 443), PEM)),
        (f"https://{AWS}:443/a", (), SafeUrl(Server("https", AWS, 443), "/a")),
        (f"HTTPS://{AWS.upper()}/a?b=c", (), SafeUrl(Server("https", AWS, 443), "/a?b=c")),
        (f"https://{AWS}", (), SafeUrl(Server("https", AWS, 443), "/")),
        (
            "https://sns.cn-north-1.amazonaws.com.cn/a",
            (),
            SafeUrl(Server("https", "sns.cn-north-1.amazonaws.com.cn", 443), "/a"),
        ),
        ("https://own.example:8443/a", ("own.example:8443",), SafeUrl(Server("https", "own.example", 8443), "/a")),
        ("http://localhost:4566/?a=b", ("x", "http://localhost:4566"), SafeUrl(Server("http", "localhost", 4566), "/?a=b")),
    ],
)
def test_where_a_url_may_lead(url: str, hosts: tuple[str, ...], safe: SafeUrl) -> None:
    assert safe_url(url, hosts) == safe


@pytest.mark.parametrize(
    "url",
    [
        f"http://{AWS}{PEM}",
        f"http://{AWS}:443{PEM}",
        f"https://user@{AWS}{PEM}",
        f"https://user:pw@{AWS}{PEM}",
        f"https://{AWS}@evil.example{PEM}",
        f"https://evil.example\\@{AWS}{PEM}",
        f"https://evil.example#@{AWS}{PEM}",
        f"https://{AWS}#{PEM}",
        f"https://{AWS}:8443{PEM}",
        f"https://{AWS}:{PEM}",
        f"https://{AWS}:0443{PEM}",
        f"https://{AWS}:70000{PEM}",
        f"https://{AWS}.{PEM}",
        f"https://{AWS}.evil.example{PEM}",
        f"https://{AWS}.cn.evil.example{PEM}",
        f"https://evil-{AWS}{PEM}",
        f"https://x.{AWS}{PEM}",
        "https://sns.amazonaws.com/a.pem",
        "https://sns.eu.west.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonawsXcom/a.pem",
        "https://sns-eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com.de/a.pem",
        "https://sns.eu-west-1.amazonaws.co/a.pem",
        "https://bucket.s3.amazonaws.com/a.pem",
        "https://sns.\u0435u-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws\u3002com/a.pem",
        f"https://{AWS}/a\r\nHost: evil",
        f"https://{AWS}/a b",
        f" https://{AWS}/a",
        f"https://{AWS}\t/a",
        f"//{AWS}/a.pem",
        f"{AWS}/a.pem",
        f"file://{AWS}/a.pem",
        f"https:/{AWS}/a.pem",
        f"https:///{AWS}/a.pem",
        "https://[::1]/a.pem",
        "https://169.254.169.254/a.pem",
        "https://own.example/a.pem",
        "http://own.example:8443/a.pem",
        "https://[own.example:8443/a.pem",
        f"https://{AWS}/{'a' * 2048}",
        "",
    ],
)
def test_where_a_url_may_not_lead(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(?:it is|its scheme|its authority|it has|https?://[a-z0-9.:-]+ is neither)"):
        safe_url(url, ("own.example:8443",))


@pytest.mark.parametrize(
    ("url", "topic", "reason"),
    [
        (f"https://{AWS}/a.txt", TOPIC, "does not end in .pem"),
        (f"https://{AWS}/a.pem?x=y", TOPIC, "does not end in .pem"),
        (f"https://{AWS}/?x=.pem", TOPIC, "does not end in .pem"),
        ("https://sns.cn-north-1.amazonaws.com.cn/a.pem", TOPIC, "another partition"),
        (f"https://{AWS}/a.pem", "arn:aws-cn:sns:cn-north-1:111122223333:alerts", "another partition"),
    ],
)
def test_where_no_certificate_comes_from(url: str, topic: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_certificate_url(url, topic, ())


def test_where_certificates_come_from() -> None:
    check_certificate_url(f"https://{AWS}{PEM}", TOPIC, ())
    check_certificate_url("https://own.example/a.pem", TOPIC, ("own.example",))
    china = "arn:aws-cn:sns:cn-north-1:111122223333:alerts"
    check_certificate_url("https://sns.cn-north-1.amazonaws.com.cn/a.pem", china, ())


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (CONFIRM.replace("ConfirmSubscription", "Unsubscribe"), "its Action"),
        (CONFIRM.replace("alerts", "others"), "its TopicArn"),
        (CONFIRM.replace("t0k", "other"), "its Token"),
        (CONFIRM.replace("&Token=t0k", ""), "its Token"),
        (CONFIRM + "&Action=DeleteTopic", "no call of ConfirmSubscription"),
        (CONFIRM.replace("/?", "/other?"), "no call of ConfirmSubscription"),
        (CONFIRM.replace(AWS, "evil.example"), "neither SNS's own"),
        (CONFIRM.replace(AWS, "sns.cn-north-1.amazonaws.com.cn"), "another partition"),
        (CONFIRM.replace("https", "http"), "neither SNS's own"),
    ],
)
def test_what_is_not_followed(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_confirmation_url(url, TOPIC, "t0k", ())


def test_what_is_followed() -> None:
    check_confirmation_url(CONFIRM, TOPIC, "t0k", ())
    check_confirmation_url(CONFIRM.replace(TOPIC, quote(TOPIC, safe="")), TOPIC, "t0k", ())
    check_confirmation_url(CONFIRM + "&AuthenticateOnUnsubscribe=true", TOPIC, "t0k", ())
    check_confirmation_url(CONFIRM.replace(f"https://{AWS}", "http://localhost:4566"), TOPIC, "t0k", ("http://localhost:4566",))
