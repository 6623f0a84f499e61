"""Who may call, check by check: what passes, what is refused and with which words, and that nothing else ever happens."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import Forbidden, RequestError, Unauthorized
from router.fakes import request
from router.policies.webhook_auth import OPEN, Auth, compile_auth

NOW = 1_783_711_144.123
SECRET = "s€cret"


def auth(*checks: dict[str, Any]) -> Auth:
    return compile_auth([*checks], "shop")


def judged(checks: Auth, headers: list[tuple[str, str]], body: bytes = b"", **fields: Any) -> RequestError | None:
    """What a request is refused with; None where it passes."""
    try:
        for verify in checks.admit(request("POST", "/", headers, **{"received_at": NOW, **fields})):
            verify(body)
    except (Unauthorized, Forbidden) as error:
        return error
    return None


def passes(checks: Auth, headers: list[tuple[str, str]], body: bytes = b"", **fields: Any) -> bool:
    return judged(checks, headers, body, **fields) is None


def test_none_lets_everybody_in() -> None:
    assert compile_auth("none", "shop") == OPEN == Auth(())
    assert passes(OPEN, [])


def test_what_is_not_written_is_inherited() -> None:
    outer = auth({"bearer": ["x"]})

    assert compile_auth(None, "shop", outer) is outer
    assert compile_auth("none", "shop", outer) == OPEN
    assert compile_auth(None, "shop") == OPEN


# --- tokens, keys, passwords -----------------------------------------------------------------------------------------

BEARER = auth({"bearer": ["old", SECRET]})
BASIC = auth({"basic": {"user": "jörg", "password": ["pass:word", SECRET]}})
KEY = auth({"api_key": {"header": "X-Hook-Key", "value": ["k1", "k2"]}})


def basic(text: str, scheme: str = "Basic", encoding: str = "utf-8") -> list[tuple[str, str]]:
    return [("Authorization", f"{scheme} {base64.b64encode(text.encode(encoding)).decode()}")]


@pytest.mark.parametrize("value", ["Bearer old", f"bearer {SECRET}", "BEARER   old "])
def test_a_bearer_token_passes(value: str) -> None:
    assert passes(BEARER, [("authorization", value)])


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "")],
        [("Authorization", "Bearer")],
        [("Authorization", "Bearer ")],
        [("Authorization", "old")],
        [("Authorization", "Basic old")],
        [("Authorization", "Bearer OLD")],
        [("Authorization", "Bearer old old")],
        [("Authorization", "Bearer ol")],
        [("Authorization", "Bearer old"), ("authorization", "Bearer old")],
        [("Authorization", "Bearer \udce9")],
    ],
)
def test_a_bearer_token_is_refused(headers: list[tuple[str, str]]) -> None:
    error = judged(BEARER, headers)

    assert isinstance(error, Unauthorized)
    assert error.challenge == "Bearer"


@pytest.mark.parametrize("headers", [basic("jörg:pass:word"), basic(f"jörg:{SECRET}", "bASIC")])
def test_basic_credentials_pass(headers: list[tuple[str, str]]) -> None:
    assert passes(BASIC, headers)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        basic("jörg"),
        basic("jörg:"),
        basic(":pass:word"),
        basic("jörg:pass"),
        basic("jorg:pass:word"),
        basic("jörg:pass:word", encoding="latin-1"),
        basic("jörg:pass:word", "Bearer"),
        [("Authorization", "Basic jörg:pass:word")],
        [("Authorization", "Basic !!!!")],
        [("Authorization", "Basic")],
        basic("jörg:pass:word") * 2,
    ],
)
def test_basic_credentials_are_refused(headers: list[tuple[str, str]]) -> None:
    error = judged(BASIC, headers)

    assert isinstance(error, Unauthorized)
    assert error.challenge == 'Basic realm="shop", charset="UTF-8"'


def test_an_api_key_passes_whole_once_and_in_its_own_header_only() -> None:
    assert passes(KEY, [("x-hook-key", "k1")])
    assert passes(KEY, [("X-HOOK-KEY", "k2")])
    refused = [
        [],
        [("x-hook-key", "K1")],
        [("x-hook-key", "k1"), ("x-hook-key", "k2")],
        [("x-api-key", "k1")],
        [("x-hook-key", "")],
    ]
    errors = [judged(KEY, headers) for headers in refused]
    assert [type(error) for error in errors] == [Unauthorized] * 5
    assert {error.challenge for error in errors if isinstance(error, Unauthorized)} == {None}


# --- addresses -------------------------------------------------------------------------------------------------------

NETWORKS = auth({"source_ip": ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]})


@pytest.mark.parametrize("address", ["10.255.0.1", "192.0.2.7", "2001:db8::1", "::ffff:10.1.2.3"])
def test_an_address_passes(address: str) -> None:
    assert passes(NETWORKS, [], client_ip=address)


@pytest.mark.parametrize("address", ["11.0.0.1", "192.0.2.8", "2001:db9::1", "::ffff:11.0.0.1", "::10.0.0.1", "unknown", ""])
def test_an_address_is_refused(address: str) -> None:
    assert isinstance(judged(NETWORKS, [], client_ip=address), Forbidden)


def test_the_address_is_the_one_that_trusted_proxies_report() -> None:
    assert passes(NETWORKS, [], peer="198.51.100.1", client_ip="10.0.0.1")
    assert not passes(NETWORKS, [], peer="10.0.0.1", client_ip="198.51.100.1")


# --- signatures ------------------------------------------------------------------------------------------------------

GITHUB = auth({"hmac": {"provider": "github", "secret": ["new", "It's a Secret to Everybody"]}})
GITHUB_SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
SLACK = auth({"hmac": {"provider": "slack", "secret": ["8f742231b10e8888abcd99yyyzzz85a5"], "tolerance": 300.0}})
SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121"
    b".803a0bc887a14d10d2c447fce8b6703c"
)
SLACK_SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
SLACK_TIME = 1531420618
STRIPE = auth({"hmac": {"provider": "stripe", "secret": ["whsec_new", "whsec_old"], "tolerance": 300.0}})


def signed(text: bytes, secret: str = "whsec_old", algorithm: str = "sha256") -> str:
    return hmac.new(secret.encode(), text, getattr(hashlib, algorithm)).hexdigest()


def test_github_signs_as_its_documentation_shows() -> None:
    assert passes(GITHUB, [("X-Hub-Signature-256", GITHUB_SIGNATURE)], b"Hello, World!")
    assert passes(GITHUB, [("X-Hub-Signature-256", GITHUB_SIGNATURE.upper().replace("SHA", "sha"))], b"Hello, World!")
    assert not passes(GITHUB, [("X-Hub-Signature-256", GITHUB_SIGNATURE)], b"Hello, World?")
    assert not passes(GITHUB, [("X-Hub-Signature", GITHUB_SIGNATURE)], b"Hello, World!")
    assert not passes(GITHUB, [("X-Hub-Signature-256", GITHUB_SIGNATURE)] * 2, b"Hello, World!")
    assert not passes(GITHUB, [("X-Hub-Signature-256", GITHUB_SIGNATURE.removeprefix("sha256="))], b"Hello, World!")


@pytest.mark.parametrize(("age", "fits"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_slack_signs_as_its_documentation_shows_and_only_for_a_while(age: int, fits: bool) -> None:
    headers = [("X-Slack-Signature", SLACK_SIGNATURE), ("X-Slack-Request-Timestamp", str(SLACK_TIME))]

    assert passes(SLACK, headers, SLACK_BODY, received_at=SLACK_TIME + age) is fits


def test_slack_signs_the_timestamp_too() -> None:
    headers = [("X-Slack-Signature", SLACK_SIGNATURE), ("X-Slack-Request-Timestamp", str(SLACK_TIME + 1))]

    assert not passes(SLACK, headers, SLACK_BODY, received_at=SLACK_TIME)


TIME = int(NOW)
FIT = signed(b"%d.{}" % TIME)


@pytest.mark.parametrize(
    "header",
    [
        f"t={TIME},v1={FIT}",
        f"t={TIME}, v1={FIT}, v0=ignored",
        f"v1={FIT},t={TIME}",
        f"t={TIME},v1={'0' * 64},v1={FIT}",
        f"t={TIME},v1={FIT},scheme",
    ],
)
def test_stripe_passes(header: str) -> None:
    assert passes(STRIPE, [("Stripe-Signature", header)], b"{}")


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"t={TIME}",
        f"v1={FIT}",
        f"t={TIME},v0={FIT}",
        f"t={TIME},v1={'0' * 64}",
        f"t={TIME},t={TIME},v1={FIT}",
        f"t={TIME + 1},v1={FIT}",
        f"t={TIME - 301},v1={signed(b'%d.{}' % (TIME - 301))}",
        f"t=-1,v1={FIT}",
        f"t=1e9,v1={FIT}",
        f"t=٣,v1={FIT}",
        f"t={'9' * 5000},v1={FIT}",
        f"t={TIME},v1=xyz",
        f"t={TIME},v1={FIT}é",
        f"t={TIME},v1= {FIT}",
        f"t={TIME}," + ",".join([f"v1={FIT}"] * 9),
    ],
)
def test_stripe_is_refused(header: str) -> None:
    assert isinstance(judged(STRIPE, [("Stripe-Signature", header)], b"{}"), Unauthorized)


def generic(**settings: Any) -> Auth:
    defaults = {"header": "X-Sig", "secret": [SECRET], "algorithm": "sha256", "encoding": "hex", "prefix": "", "signed": None}
    return auth({"hmac": {**defaults, "timestamp": None, **settings}})


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
def test_the_generic_form_takes_each_algorithm(algorithm: str) -> None:
    checks = generic(algorithm=algorithm)

    assert passes(checks, [("x-sig", signed(b"\xffbody", SECRET, algorithm))], b"\xffbody")
    assert not passes(checks, [("x-sig", signed(b"\xffbody", SECRET, "md5"))], b"\xffbody")


def test_the_generic_form_takes_base64_and_a_prefix() -> None:
    checks = generic(encoding="base64", prefix="v1,")
    value = base64.b64encode(bytes.fromhex(signed(b"body", SECRET))).decode()

    assert passes(checks, [("x-sig", f"v1,{value}")], b"body")
    refused = [value, f"v1,{value[:-1]}", f"v1,{value}!", f"v1,{signed(b'body', SECRET)}", "v1,"]
    assert [passes(checks, [("x-sig", each)], b"body") for each in refused] == [False] * 5


@pytest.mark.parametrize(("unit", "factor"), [("seconds", 1), ("milliseconds", 1000)])
def test_the_generic_form_takes_a_timestamp(unit: str, factor: int) -> None:
    checks = generic(timestamp={"header": "X-Time", "tolerance": 60.0, "unit": unit})

    def sent(age: int) -> bool:
        stamp = str((TIME - age) * factor)
        value = signed(f"{stamp}.body".encode(), SECRET)
        return passes(checks, [("x-sig", value), ("x-time", stamp)], b"body")

    assert [sent(age) for age in (0, 59, -60, 61, -62)] == [True, True, True, False, False]
    assert not passes(checks, [("x-sig", signed(b".body", SECRET))], b"body")


def test_the_generic_form_takes_a_template() -> None:
    checks = generic(signed="v9|{timestamp}|{body}|end", timestamp={"header": "X-Time", "tolerance": 60.0, "unit": "seconds"})
    headers = [("x-sig", signed(b"v9|%d|{timestamp}{body}|end" % TIME, SECRET)), ("x-time", str(TIME))]

    assert passes(checks, headers, b"{timestamp}{body}")
    assert not passes(checks, headers, b"{timestamp}{body}!")


def test_a_missing_signature_is_refused_before_the_body_is_wanted() -> None:
    with pytest.raises(Unauthorized):
        GITHUB.admit(request("POST", "/", []))
    assert len(GITHUB.admit(request("POST", "/", [("x-hub-signature-256", GITHUB_SIGNATURE)]))) == 1
    assert BEARER.admit(request("POST", "/", [("authorization", "Bearer old")])) == []


# --- all together ----------------------------------------------------------------------------------------------------


def test_every_check_of_a_list_must_pass() -> None:
    both = auth({"source_ip": ["10.0.0.0/8"]}, {"bearer": ["t"]})
    good = [("Authorization", "Bearer t")]

    assert passes(both, good, client_ip="10.0.0.1")
    assert isinstance(judged(both, good, client_ip="11.0.0.1"), Forbidden)
    assert isinstance(judged(both, [], client_ip="10.0.0.1"), Unauthorized)


EVERY = (BEARER, BASIC, KEY, GITHUB, SLACK, STRIPE, generic(encoding="base64"))
NAMES = ("authorization", "x-hook-key", "x-hub-signature-256", "x-slack-signature", "x-slack-request-timestamp", "x-sig")
VALUES = st.one_of(
    st.text(max_size=80),
    st.sampled_from(["Bearer ", "Basic ", "sha256=", "v0=", "t=1,v1=", "t=", str(TIME)]).flatmap(
        lambda start: st.text(max_size=70).map(lambda rest: start + rest)
    ),
)


@given(
    st.lists(st.tuples(st.sampled_from((*NAMES, "stripe-signature")), VALUES), max_size=4),
    st.text(max_size=20),
    st.binary(max_size=20),
)
def test_whatever_comes_is_refused_and_never_raises_anything_else(
    headers: list[tuple[str, str]], address: str, body: bytes
) -> None:
    assert [type(judged(checks, headers, body)) for checks in EVERY] == [Unauthorized] * len(EVERY)
    assert isinstance(judged(NETWORKS, headers, client_ip=address), Forbidden)


@pytest.mark.parametrize("checks", [*EVERY, NETWORKS])
def test_no_secret_is_in_a_repr_or_in_a_refusal(checks: Auth) -> None:
    said = repr(checks) + str(judged(checks, [])) + str(judged(checks, [("authorization", "Bearer guess")]))

    for secret in ("old", SECRET, "jörg", "pass:word", "k1", "k2", "Everybody", "8f742231b10e8888abcd99yyyzzz85a5", "guess"):
        assert secret not in said
