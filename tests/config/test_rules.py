"""Every rule between settings: a configuration that breaks it, and one that does not."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, int, int]]]

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:orders"
FILES = {
    "code/app.py": "",
    "code/pkg/__init__.py": "",
    "code/src/index.mjs": "",
    ".venv/pyvenv.cfg": "",
    "good.env": "A=1\n",
    "reserved.env": "AWS_REGION=x\n",
    "large.env": f"A={'x' * 4096}\n",
}


def config(*, functions: str = f"orders: {ARN}", trigger: str = "function: orders", more: str = "") -> str:
    """Line 2 is the functions, line 4 the trigger, what is `more` starts on line 5."""
    return f"version: 1\nfunctions: {{{functions}}}\ntriggers:\n  a: {{type: probe, invocation: sync, {trigger}}}\n{more}\n"


def test_a_good_configuration_has_no_findings(found: Found) -> None:
    assert found(config()) == []


FUNCTIONS = [
    ("f: {timeout: 3s}", [("no-target", 2, 13)]),
    ("f: {arn: orders}", [("bad-arn", 2, 22)]),
    (f"f: {{arn: '{ARN}', timeout: 15m}}", []),
    (f"f: {{arn: '{ARN}', timeout: 901s}}", [("bad-timeout", 2, 88)]),
    (f"f: {{arn: '{ARN}', timeout: 0s}}", [("bad-timeout", 2, 88)]),
    (f"f: {{arn: '{ARN}', invoke_role_arn: 'arn:aws:iam::111122223333:role/r'}}", []),
]

LOCAL = [
    ("runtime: python, handler: app.handler", []),
    ("runtime: python3.12, handler: pkg.handler", []),
    ("runtime: nodejs22.x, handler: src/index.handler", []),
    ("runtime: provided", []),
    ("command: ./bootstrap", []),
    ("attach: true", []),
    ("attach: true, runtime: python, handler: app.handler, min_warm: 2", []),
    ("attach: true, command: x", []),
    ("handler: app.handler", [("no-runtime", 2, 17)]),
    ("runtime: python", [("no-handler", 2, 17)]),
    ("runtime: python, command: x", [("without-effect", 2, 37)]),
    ("command: x, runtime_client: builtin", [("without-effect", 2, 49)]),
    ("runtime: nodejs, handler: src/index.h, runtime_client: auto", [("without-effect", 2, 76)]),
    ("runtime: python, handler: handler", [("bad-handler", 2, 63)]),
    ("runtime: nodejs, handler: src/index", [("bad-handler", 2, 63)]),
    ("runtime: python, handler: ap.handler", [("no-handler-file", 2, 63)]),
    ("runtime: python, handler: wrapper.handler, packages: .venv", []),
    ("runtime: python, handler: wrapper.handler, packages: venv", [("no-packages", 2, 90)]),
    ("command: x, environment: {STAGE: dev}", []),
    ("command: x, env_file: good.env", []),
    ("command: x, env_file: reserved.env", [("reserved-variable", 2, 59)]),
    ("command: x, env_file: large.env", [("environment-too-large", 2, 49)]),
    ("command: x, env_file: large.env, environment: {A: short}", []),
    ("command: x, environment: {AWS_REGION: x, _HANDLER: x}", [("reserved-variable", 2, 63), ("reserved-variable", 2, 78)]),
    ("command: x, environment: {a-b: x}", [("bad-variable", 2, 63)]),
    (f"command: x, environment: {{A: {'x' * 4095}}}", []),
    (f"command: x, environment: {{A: {'x' * 4096}}}", [("environment-too-large", 2, 49)]),
]


@pytest.mark.parametrize(("functions", "expected"), FUNCTIONS)
def test_functions(found: Found, functions: str, expected: list[tuple[str, int, int]]) -> None:
    assert found(config(functions=functions, trigger="function: f")) == expected


@pytest.mark.parametrize(("local", "expected"), LOCAL)
def test_local_functions(found: Found, local: str, expected: list[tuple[str, int, int]]) -> None:
    text = config(functions=f"f: {{local: {{code: code, {local}}}}}", trigger="function: f")
    assert found(text, files=FILES) == expected


def test_no_more_is_kept_warm_than_may_run(found: Found) -> None:
    local = "local: {code: code, command: x, min_warm: 3}"
    assert found(config(functions=f"f: {{max_concurrency: 3, {local}}}", trigger="function: f"), files=FILES) == []
    text = config(functions=f"f: {{max_concurrency: 2, {local}}}", trigger="function: f")
    assert found(text, files=FILES) == [("without-effect", 2, 79)]


def test_a_code_folder_is_there(found: Found) -> None:
    text = config(functions="f: {local: {code: nowhere, command: x}}", trigger="function: f")
    assert found(text, files=FILES) == [("no-code", 2, 31)]


def test_a_role_needs_an_arn(found: Found) -> None:
    local = "invoke_role_arn: 'arn:aws:iam::111122223333:role/r', local: {code: code, command: x}"
    assert found(config(functions=f"f: {{{local}}}", trigger="function: f"), files=FILES) == [("without-effect", 2, 17)]


REFERENCES = [
    ("function: orders:live", []),
    ("function: orders:8", []),
    ("function: orders:$LATEST", []),
    (f"function: {ARN}", []),
    (f"function: {ARN}:live", []),
    ("function: ordres", [("unused-function", 2, 13), ("unknown-function", 4, 48)]),
    ("function: 'orders:'", [("bad-reference", 4, 48)]),
    ("function: 'orders:a b'", [("bad-reference", 4, 48)]),
    ("function: arn:aws:lambda:x", [("unused-function", 2, 13), ("bad-reference", 4, 48)]),
    ("function: orders, weights: {live: 95, '8': 5}", []),
    ("function: orders, weights: {live: 0, '8': 0}", [("bad-weights", 4, 56)]),
    ("function: orders:live, weights: {live: 1}", [("without-effect", 4, 61)]),
    ("function: orders, note: wrong", [("probe-note", 4, 62)]),
]


@pytest.mark.parametrize(("trigger", "expected"), REFERENCES)
def test_references(found: Found, trigger: str, expected: list[tuple[str, int, int]]) -> None:
    assert found(config(trigger=trigger)) == expected


def test_weights_beside_a_function_that_is_declared_with_a_qualifier(found: Found) -> None:
    text = config(functions=f"f: {ARN}:live", trigger="function: f, weights: {a: 1}")
    assert found(text) == [("without-effect", 4, 51)]


LISTENERS = [
    ("listeners: {main: 127.0.0.1:8080}", []),
    ('listeners: {main: "[::1]:8080"}', []),
    ("listeners: {main: localhost:0}", []),
    ("listeners: {main: unix:/run/x.sock}", []),
    ("listeners: {main: 8080}", [("bad-address", 5, 19)]),
    ("listeners: {main: 127.0.0.1:99999}", [("bad-address", 5, 19)]),
    ("listeners: {main: 1.2.3:80}", [("bad-address", 5, 19)]),
    ("listeners: {main: '::1:80'}", [("bad-address", 5, 19)]),
    ("listeners: {main: 'unix:'}", [("bad-address", 5, 19)]),
    ("listeners: {main: 'a b:80'}", [("bad-address", 5, 19)]),
    ("listeners: {main: 0.0.0.0:8080}", [("no-auth", 4, 3)]),
    ("listeners: {main: {address: 127.0.0.1:1, trusted_proxies: [10.0.0.0/8, 'fd00::/8']}}", [("without-effect", 5, 42)]),
    ("listeners: {main: {address: 127.0.0.1:1, trusted_proxies: 10.0.0.1/8}}", [("bad-network", 5, 59)]),
    ("listeners: {a: 127.0.0.1:1, b: 127.0.0.1:2}", [("no-listener", 4, 3)]),
    ("admin: {listen: 127.0.0.1:9901}", []),
    ("admin: {listen: 0.0.0.0:9901}", [("no-token", 5, 17)]),
    ('admin: {listen: 0.0.0.0:9901, token: "${TOKEN}"}', []),
    ("admin: {listen: 127.0.0.1:9901, token: abc}", [("literal-secret", 5, 40)]),
    ('admin: {token: "${TOKEN}"}', [("without-effect", 5, 9)]),
    ("admin: {listen: 127.0.0.1:8080}", [("same-address", 5, 17)]),
    *((f"server: {{public_url: '{url}'}}", []) for url in ("https://h", "http://h:8080/base", "https://[::1]:8443")),
    *(
        (f"server: {{public_url: '{url}'}}", [("bad-public-url", 5, 22)])
        for url in (
            "h",
            "//h",
            "ftp://h",
            "https://",
            "https:///x",
            "https://a b",
            "https://u@h",
            "https://h?x",
            "https://h#x",
        )
    ),
    *((f"server: {{public_url: '{url}'}}", [("bad-public-url", 5, 22)]) for url in ("http://h:x", "http://[::1", "http://h:0")),
    ("monitoring: {prometheus: true}", [("without-effect", 5, 14)]),
    ("monitoring: {prometheus: true}\nadmin: {listen: 127.0.0.1:9901}", []),
    ("monitoring: {prometheus: false}", []),
    ("defaults: {loner: {timeout: 3s}}", [("unused-defaults", 5, 12)]),
    ("defaults: {probe: {timeout: 3s}}", []),
]


@pytest.mark.parametrize(("more", "expected"), LISTENERS)
def test_listeners(found: Found, more: str, expected: list[tuple[str, int, int]]) -> None:
    assert found(config(more=more), env={"TOKEN": "abc"}) == expected


def test_two_listeners_on_one_address(found: Found) -> None:
    more = "listeners: {a: 127.0.0.1:1, b: 127.0.0.1:1, c: 127.0.0.1:2, d: 127.0.0.1:0, e: 127.0.0.1:0}"
    unused = [("unused-listener", 5, column) for column in (29, 45, 61, 77)]
    expected = [*unused[:1], ("same-address", 5, 32), *unused[1:]]
    assert found(config(trigger="function: orders, listener: a", more=more)) == expected
    more = 'listeners: {a: 127.0.0.1:1, b: 0.0.0.0:1, c: "[::]:1"}'
    expected = [*unused[:1], ("same-address", 5, 32), ("unused-listener", 5, 43)]
    assert found(config(trigger="function: orders, listener: a", more=more)) == expected


def test_listeners_are_declared(found: Found) -> None:
    assert found(config(trigger="function: orders, listener: main")) == []
    assert found(config(trigger="function: orders, listener: mian")) == [("unknown-listener", 4, 66)]


def test_auth_none_answers_for_strangers(found: Found) -> None:
    assert found(config(trigger="function: orders, auth: none", more="listeners: {main: 0.0.0.0:8080}")) == []


def test_the_invocation_fits_the_type(load_text: Callable[..., object], found: Found) -> None:
    text = config(more="  b: {type: loner, invocation: sync, function: orders, hosts: b.example.com}")
    assert found(text) == [("bad-invocation", 5, 32)]


CLAIMS = [
    ("type: probe, invocation: sync, function: orders, hosts: a.example.com", []),
    ("type: probe, invocation: sync, function: orders, hosts: b.example.com, routes: {y: ''}", []),
    ("type: probe, invocation: sync, function: orders, hosts: b.example.com, routes: {X: ''}", [("same-route", 5, 87)]),
    (
        "type: loner, invocation: [sync], function: orders, hosts: b.example.com",
        [("same-claim", 5, 3), ("bad-invocation", 5, 33)],
    ),
    ("type: loner, invocation: [sync], function: orders, hosts: b.example.com, enabled: false", [("bad-invocation", 5, 33)]),
]


@pytest.mark.parametrize(("other", "expected"), CLAIMS)
def test_claims(found: Found, other: str, expected: list[tuple[str, int, int]]) -> None:
    text = config(trigger="function: orders, hosts: b.example.com, routes: {x: ''}", more=f"  b: {{{other}}}")
    assert found(text) == expected


def test_each_trigger_is_told_once_what_is_in_its_way(found: Found) -> None:
    same = "  %s: {type: loner, invocation: [async], function: orders, hosts: b.example.com}"
    text = config(trigger="function: orders, hosts: b.example.com", more="\n".join(same % name for name in "bcd"))
    assert found(text) == [("same-claim", line, 3) for line in (5, 6, 7)]


def test_a_trigger_that_claims_nothing_needs_no_listener(found: Found) -> None:
    more = "listeners: {a: 127.0.0.1:1, b: 127.0.0.1:2}"
    unused = [("unused-listener", 5, 13), ("unused-listener", 5, 29)]
    assert found(config(trigger="function: orders, note: silent", more=more)) == unused
    expected = [("without-effect", 4, 70), *unused]
    assert found(config(trigger="function: orders, note: silent, listener: a", more=more)) == expected


def test_disabled_triggers_are_checked(found: Found) -> None:
    assert found(config(trigger="function: orders, enabled: false, note: wrong")) == [("probe-note", 4, 78)]


def test_unused_functions_are_a_warning(load_text: Callable[..., object], found: Found) -> None:
    assert found(config(functions=f"orders: {ARN}, spare: {{arn: '{ARN}2'}}")) == [("unused-function", 2, 76)]


def test_rules_say_nothing_about_unknown_values(found: Found) -> None:
    text = config(
        functions='orders: {arn: "${ARN}", timeout: "${T}", max_concurrency: "${M}", '
        'local: {code: "${C}", runtime: python, handler: "${H}", min_warm: 3}}',
        trigger='function: "${F}", note: "${NOTE}", payload: "${P}", weights: {a: "${W}"}, listener: "${L}"',
        more='listeners: {a: "${A}", b: "${B}"}\nadmin: {listen: "${ADMIN}", token: "${TOKEN}"}',
    )
    assert found(text, require_env=False) == []
