"""What a file may say under `auth:`: each mistake, where it stands, and what answers the finding about strangers."""

import pytest

from router.config.load import Loaded, load
from router.config.problem import Severity
from router.fakes import FakeFiles

HEAD = """version: 1
functions:
  hello: arn:aws:lambda:eu-west-1:111122223333:function:hello
"""
ENV = {"T": "s3cret"}


def loaded(text: str, require_env: bool = True) -> Loaded:
    files = FakeFiles({"/etc/router/router.yaml": HEAD + text})
    return load(["/etc/router/router.yaml"], files=files, env=ENV, require_env=require_env)


def trigger(auth: str, require_env: bool = True) -> Loaded:
    lines = ("triggers:", "  t:", "    type: function_url", "    invocation: sync", "    function: hello", f"    auth: {auth}")
    return loaded("\n".join(lines), require_env)


def found(result: Loaded) -> list[tuple[str, int, str]]:
    return [(problem.code, problem.span.column, problem.message) for problem in result.problems]


@pytest.mark.parametrize(
    "auth",
    [
        "none",
        '{bearer: "${T}"}',
        '{bearer: ["${T}", "${T}2"]}',
        '{basic: {user: partner, password: "${T}"}}',
        '{api_key: {value: "${T}"}}',
        '{api_key: {header: x-k, value: "${T}"}}',
        '{hmac: {provider: github, secret: "${T}"}}',
        '{hmac: {provider: stripe, secret: "${T}", tolerance: 1m}}',
        '{hmac: {header: x, secret: "${T}"}}',
        '{hmac: {header: x, secret: "${T}", algorithm: sha1, encoding: base64, prefix: "v=", signed: "{body}!"}}',
        '{hmac: {header: x, secret: "${T}", timestamp: {header: y, unit: milliseconds}}}',
        "{source_ip: 10.0.0.0/8}",
        '[{bearer: "${T}"}, {source_ip: ["10.0.0.0/8", "::1"]}]',
    ],
)
def test_what_may_be_written(auth: str) -> None:
    result = trigger(auth)

    assert found(result) == []
    assert result.config is not None
    assert "s3cret" not in repr(result.config)


UNKNOWN = "the key `{}` is not known here"


@pytest.mark.parametrize(
    ("auth", "finding"),
    [
        ('{bearr: "${T}"}', ("unknown-key", 12, UNKNOWN.format("bearr"))),
        ('{hmac: {provider: github, secret: "${T}", tolerance: 5m}}', ("unknown-key", 53, UNKNOWN.format("tolerance"))),
        ('{hmac: {provider: slack, secret: "${T}", header: x}}', ("unknown-key", 52, UNKNOWN.format("header"))),
        ('{hmac: {provider: gitlab, secret: "${T}"}}', ("unknown-value", 29, "`gitlab` is not `github`, `stripe` or `slack`")),
        ('{hmac: {secret: "${T}"}}', ("missing-key", 12, "the key `header` is missing")),
        ("{hmac: {provider: github}}", ("missing-key", 12, "the key `secret` is missing")),
        ('{basic: {user: "a:b", password: "${T}"}}', ("wrong-form", 26, "`a:b` is not a valid user")),
        ("{bearer: }", ("wrong-type", 20, "text is wanted here, not an empty value")),
        ("{source_ip: 10.0.0.1/8}", ("bad-network", 23, "`10.0.0.1/8` is no network: 10.0.0.1/8 has host bits set")),
        (
            '{hmac: {header: x, secret: "${T}", signed: "{timestamp}{body}"}}',
            ("bad-signature", 54, "`{timestamp}` needs `timestamp:`"),
        ),
        ('{hmac: {header: x, secret: "${T}", signed: "v0"}}', ("bad-signature", 54, "what is signed holds `{body}` once")),
        (
            '{hmac: {header: x, secret: "${T}", signed: "{body}", timestamp: {header: y}}}',
            ("bad-signature", 54, "what is signed holds `{timestamp}` once where a timestamp is declared"),
        ),
        (
            '[{basic: {user: a, password: "${T}"}}, {bearer: "${T}"}]',
            (
                "auth-contradiction",
                51,
                "`bearer` and `basic` both read the header `authorization`, so that nobody could pass both",
            ),
        ),
        (
            "customers",
            (
                "unsupported",
                11,
                "`customers` cannot be used in this version: authorizers are not built yet",
            ),
        ),
        (
            '[none, {bearer: "${T}"}]',
            (
                "unsupported",
                12,
                "`none` cannot be used in this version: authorizers are not built yet",
            ),
        ),
        ("[]", ("too-few", 5, "this list has fewer than 1 items")),
    ],
)
def test_what_may_not_be_written(auth: str, finding: tuple[str, int, str]) -> None:
    result = trigger(auth)

    assert found(result) == [finding]
    assert result.config is None


@pytest.mark.parametrize("auth", ["{bearer: s3cr3t}", "{bearer: [s3cr3t]}", "{basic: {user: a, password: s3cr3t}}"])
def test_a_secret_that_stands_in_the_file_is_a_finding_that_does_not_repeat_it(auth: str) -> None:
    result = trigger(auth)

    assert [(problem.code, problem.severity) for problem in result.problems] == [("literal-secret", Severity.WARNING)]
    assert result.config is not None
    assert "s3cr3t" not in result.problems[0].message


@pytest.mark.parametrize(
    "auth", ['{bearer: "${U}"}', '{source_ip: "${U}"}', '{hmac: {header: x, secret: "${U}", signed: "${U}"}}', '"${U}"']
)
def test_what_is_not_known_yet_is_no_finding(auth: str) -> None:
    assert found(trigger(auth, require_env=False)) == []


# --- strangers -------------------------------------------------------------------------------------------------------

PUBLIC = """
listeners: {{main: {{address: 0.0.0.0:8443, tls: {{certificate: cert.pem, key: key.pem}}}}}}
triggers:
  t:
    type: api_gateway
    api: http
    invocation: sync
    routes: {routes}
"""


@pytest.mark.parametrize(
    "auth", ["none", '{bearer: "${T}"}', '[{source_ip: 10.0.0.0/8}, {hmac: {provider: github, secret: "${T}"}}]']
)
def test_any_auth_answers_the_finding_about_strangers(auth: str) -> None:
    routes = "{GET /a: hello}"

    assert [problem.code for problem in loaded(PUBLIC.format(routes=routes)).problems] == ["no-auth"]
    assert found(loaded(PUBLIC.format(routes=routes) + f"    auth: {auth}\n")) == []


def test_auth_on_every_route_answers_it_too() -> None:
    one, other = "{function: hello, auth: none}", '{function: hello, auth: {bearer: "${T}"}}'

    assert found(loaded(PUBLIC.format(routes=f"{{GET /a: {one}, GET /b: {other}}}"))) == []
    codes = [problem.code for problem in loaded(PUBLIC.format(routes=f"{{GET /a: {one}, GET /b: hello}}")).problems]
    assert codes == ["no-auth"]


def test_findings_of_a_route_stand_at_the_route() -> None:
    result = loaded(PUBLIC.format(routes="{GET /a: {function: hello, auth: {source_ip: nowhere}}}"))

    assert [(problem.code, problem.path) for problem in result.problems] == [
        ("bad-network", ("triggers", "t", "routes", "GET /a", "auth", 0, "source_ip", 0))
    ]
