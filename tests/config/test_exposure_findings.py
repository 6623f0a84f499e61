"""Strangers and secrets: what can be reached, read or pretended; what must not stand in a file, and is never printed."""

from typing import Any

import pytest

from router.config import Loaded, load, render
from router.fakes import FakeFiles

HOME = "arn:aws:lambda:eu-west-1:111122223333:function:f"
TLS = ", tls: {certificate: c.pem, key: k.pem}"
Finding = tuple[str, str, int, int]


def loaded(text: str, **options: Any) -> Loaded:
    files = FakeFiles({"router.yaml": f"version: 1\n{text}", "run": "", "vars.env": "TOKEN=aaaaaaaaaaaa\n"})
    return load(["router.yaml"], files=files, **{"env": {"TOKEN": "sesame-sesame"}, **options})


def findings(text: str, **options: Any) -> list[Finding]:
    """Code, severity, line and column. The text begins on line 2."""
    return [(each.code, each.severity.value, each.line, each.column) for each in loaded(text, **options).problems]


def door(auth: str, listener: str = "", address: str = "0.0.0.0:8080", kind: str = "type: function_url, function: f") -> str:
    """The listener in line 2 (what follows its address from column 44 on), the trigger in line 4."""
    return (
        f"listeners: {{main: {{address: '{address}'{listener}}}}}\nfunctions: {{f: '{HOME}'}}\n"
        f"triggers: {{t: {{auth: {auth}, invocation: sync, {kind}}}}}\n"
    )


# --- who can reach what ----------------------------------------------------------------------------------------------

HMAC = '{hmac: {provider: github, secret: "${TOKEN}"}}'
PLAIN = [
    ('{bearer: "${TOKEN}"}', "", "0.0.0.0:8080", True),
    ('{basic: {user: a, password: "${TOKEN}"}}', "", "[::]:8080", True),
    ('[{source_ip: 10.0.0.0/8}, {api_key: {value: "${TOKEN}"}}]', "", "0.0.0.0:8080", True),
    ('{bearer: "${TOKEN}"}', TLS, "0.0.0.0:8080", False),
    ('{bearer: "${TOKEN}"}', ", trusted_proxies: 10.0.0.0/8", "0.0.0.0:8080", False),
    ('{bearer: "${TOKEN}"}', "", "127.0.0.1:8080", False),
    ('{bearer: "${TOKEN}"}', "", "unix:/run/x", False),
    (HMAC, "", "0.0.0.0:8080", False),
    ("{source_ip: 10.0.0.0/8}", "", "0.0.0.0:8080", False),
    ("none", "", "0.0.0.0:8080", False),
]


@pytest.mark.parametrize(("auth", "listener", "address", "expected"), PLAIN)
def test_credentials_travel_encrypted(auth: str, listener: str, address: str, expected: bool) -> None:
    assert findings(door(auth, listener, address)) == [("plain-credentials", "warning", 4, 16)] * expected


@pytest.mark.parametrize(
    "kind",
    [
        'type: api_gateway, api: http, routes: {GET /a: {function: f, auth: {bearer: "${TOKEN}"}}}',
        'type: alb, rules: {a: {path: /a, function: f, auth: {bearer: "${TOKEN}"}}}',
        'type: alb, default: {function: f, auth: {bearer: "${TOKEN}"}}',
    ],
)
def test_credentials_of_parts_travel_encrypted(kind: str) -> None:
    assert [each[0] for each in findings(door("none", kind=kind))] == ["plain-credentials"]


@pytest.mark.parametrize(
    ("address", "proxies", "expected"),
    [
        ("0.0.0.0:8080", "[10.0.0.0/8]", []),
        ("0.0.0.0:8080", "[10.0.0.0/8, 0.0.0.0/0]", [("trusts-everybody", "warning", 2, 75)]),
        ("0.0.0.0:8080", "'::/0'", [("trusts-everybody", "warning", 2, 62)]),
        ("127.0.0.1:8080", "[0.0.0.0/0]", []),
        ("127.0.0.1:8080", "[10.0.0.0/8]", [("without-effect", "error", 2, 47)]),
        ("127.0.0.1:8080", "[10.0.0.0/8, 127.0.0.1/32]", []),
        ("unix:/run/x", "['fd00::/8']", [("without-effect", "error", 2, 44)]),
        ("127.0.0.1:8080", '["${NET}"]', []),
    ],
)
def test_proxies(address: str, proxies: str, expected: list[Finding]) -> None:
    text = door("none", f", trusted_proxies: {proxies}", address)
    assert findings(text, require_env=False) == expected


TOPIC = (
    "type: sns, source: {http: /h}, topics: 'arn:aws:sns:eu-west-1:111122223333:t', subscriptions: {a: f}, "
    "signature: {verify: false}"
)


@pytest.mark.parametrize(
    ("auth", "address", "expected"),
    [
        ("none", "0.0.0.0:8080", ["unproved-messages"]),
        (HMAC, "0.0.0.0:8080", []),
        ("none", "127.0.0.1:8080", []),
    ],
)
def test_messages_are_proved(auth: str, address: str, expected: list[str]) -> None:
    text = door(auth, address=address, kind=TOPIC).replace("invocation: sync", "invocation: async")
    assert [each[0] for each in findings(text + "monitoring: {cloudwatch: {}}\n")] == expected


@pytest.mark.parametrize(
    ("auth", "functions", "expected"),
    [
        ("none", "all", [("everything-open", "warning", 4, 75)]),
        ("none", "f", []),
        (HMAC, "all", []),
    ],
)
def test_not_everything_is_open(auth: str, functions: str, expected: list[Finding]) -> None:
    assert findings(door(auth, kind=f"type: lambda_api, functions: {functions}")) == expected


@pytest.mark.parametrize(
    ("auth", "credentials", "address", "expected"),
    [
        ("none", "router", "0.0.0.0:8080", ["shared-credentials"]),
        ("none", "none", "0.0.0.0:8080", []),
        (HMAC, "router", "0.0.0.0:8080", []),
        ("none", "router", "127.0.0.1:8080", []),
    ],
)
def test_credentials_that_strangers_come_near(auth: str, credentials: str, address: str, expected: list[str]) -> None:
    function = f"{{local: {{command: run, credentials: {credentials}}}}}"
    assert [each[0] for each in findings(door(auth, address=address).replace(f"'{HOME}'", function))] == expected


# --- secrets ---------------------------------------------------------------------------------------------------------

KEY = "AKIA" + "QWERTYUIOPASDFGH"
STRIPE = "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc"
PEM = "-----BEGIN " + "RSA PRIVATE KEY-----"
HASHED = "gh" + "p_" + "a1B2" * 9
BY_LOOK = [
    (KEY, "an AWS access key"),
    (f"key={KEY};", "an AWS access key"),
    ("ASIA" + "QWERTYUIOPASDFGH", "an AWS access key"),
    (PEM, "a private key"),
    ("postgres://shop:correct-horse@db/shop", "a URL with a password"),
    ("redis://:correct-horse@cache:6379", "a URL with a password"),
    (HASHED, "a token of GitHub"),
    ("glpat-" + "a1B2c3D4e5F6g7H8i9J0", "a token of GitLab"),
    ("xoxb-" + "12345678901-abcdef", "a token of Slack"),
    (STRIPE, "a key of Stripe"),
]
HARMLESS = [
    "AKIAIOSFODNN7EXAMPLE",
    "AKIA",
    "XAKIA" + "QWERTYUIOPASDFGH",
    "postgres://shop@db/shop",
    "http://db:5432/a@b",
    "https://example.com/a:b@c",
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----",
    "ghp_short",
]


def with_variable(name: str, value: str) -> str:
    """The value stands in line 7, from column 12 on where the name has one character."""
    return f"""functions:
  f:
    local:
      command: run
      environment: {{
        {name}: '{value}' }}
triggers: {{t: {{type: function_url, invocation: sync, function: f}}}}
"""


@pytest.mark.parametrize(("value", "what"), BY_LOOK)
def test_secrets_by_their_look(value: str, what: str) -> None:
    found = loaded(with_variable("X", value))
    (problem,) = found.problems
    assert (problem.code, problem.severity.value, problem.line, problem.column) == ("literal-secret", "warning", 7, 12)
    assert problem.message == f"{what} stands in the file as it is"
    assert value not in render(problem, found.sources) + str(problem.to_json()) + "".join(found.sources.values())
    assert value not in found.redact(f"it is {value} there")


@pytest.mark.parametrize("value", HARMLESS)
def test_what_looks_like_none(value: str) -> None:
    assert findings(with_variable("X", value)) == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DB_PASSWORD", "correct-horse", True),
        ("api_key", "a1b2c3d4", True),
        ("APIKEY", "a1b2c3d4", True),
        ("SLACK_TOKEN", "not-so-secret", True),
        ("STRIPE_SIGNING_KEY", "a1b2c3d4", True),
        ("DB_PASSWORD", "short", False),
        ("DB_PASSWORD", "${TOKEN}", False),
        ("DB_PASSWORD", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db", False),
        ("DB_PASSWORD", "/run/secrets/db", False),
        ("TOKEN_TABLE", "tokens-of-production", False),
        ("DB_SECRET_NAME", "production/database", False),
        ("MONKEY", "chimpanzee", False),
    ],
)
def test_secrets_by_the_name_of_their_variable(name: str, value: str, expected: bool) -> None:
    assert [each[0] for each in findings(with_variable(name, value))] == ["literal-secret"] * expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("x-api-key", "a1b2c3d4", True),
        ("X-Origin-Secret", "correct-horse", True),
        ("Authorization", "Basic c2hvcDpob3JzZQ==", True),
        ("x-api-key", "${TOKEN}", False),
        ("x-forwarded-host", "shop.example.com", False),
    ],
)
def test_secrets_by_the_name_of_their_header(name: str, value: str, expected: bool) -> None:
    origin = f"{{url: 'http://origin:8000', custom_headers: {{{name}: '{value}'}}}}"
    kind = f"type: lambda_edge, auth: none, behaviors: {{'*': {{origin: {origin}}}}}"
    found = loaded(f"triggers: {{t: {{invocation: sync, {kind}}}}}\n")
    assert [each.code for each in found.problems] == ["literal-secret"] * expected
    assert not expected or value not in "".join(found.sources.values()) + found.redact(f"it is {value} there")


def test_secrets_anywhere() -> None:
    schedule = f"{{a: {{expression: rate(1 hour), function: f, input: {{deep: [1, {KEY}]}}}}}}"
    text = (
        f"functions: {{f: '{HOME}'}}\ntriggers: {{t: {{type: schedule, invocation: async, schedules: {schedule}}}}}\n"
        "monitoring: {cloudwatch: {}}\n"
    )
    found = loaded(text)
    assert [(each.code, each.path[-3:]) for each in found.problems] == [("literal-secret", ("input", "deep", 1))]


def test_a_secret_is_told_of_once() -> None:
    assert [each[0] for each in findings(door(f"{{bearer: {KEY}}}", address="127.0.0.1:1"))] == ["literal-secret"]
    shared = f"x-env: &env {{X: {KEY}}}\n"
    functions = "functions: {f: {local: {command: run, environment: *env}}, g: {local: {command: run, environment: *env}}}\n"
    text = f"{shared}{functions}triggers: {{t: {{type: lambda_api, invocation: sync, functions: all}}}}\n"
    assert [(each[0], each[2]) for each in findings(text)] == [("literal-secret", 2)]


def test_no_other_finding_quotes_a_secret() -> None:
    origin = "http://shop:correct-horse@origin:8000"
    kind = f"type: lambda_edge, behaviors: {{'*': {{origin: '{origin}'}}}}"
    found = loaded(f"triggers: {{t: {{invocation: sync, {kind}}}}}\n")
    assert sorted(each.code for each in found.problems) == ["bad-origin", "literal-secret"]
    assert "correct-horse" not in "".join(str(each.to_json()) + render(each, found.sources) for each in found.problems)


def test_what_comes_from_variables_and_env_files_is_no_finding() -> None:
    text = with_variable("X", "${KEY}")
    assert findings(text, env={"KEY": KEY}) == []
    local = "functions: {f: {local: {command: run, env_file: vars.env}}}\n"
    assert findings(local + "triggers: {t: {type: function_url, invocation: sync, function: f}}\n") == []


def test_long_texts_are_searched_in_no_time() -> None:
    """Every expression goes over a text once: a million characters of one kind would take minutes else."""
    for text in ("a" * 1_000_000, "://" * 300_000, "AKIA" * 250_000, "gh" * 500_000):
        command = f"functions: {{f: {{local: {{command: [run, '{text}']}}}}}}\n"
        assert findings(command + "triggers: {t: {type: function_url, invocation: sync, function: f}}\n") == []
