"""The compiled configuration, whole."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network

import pytest

from router.arn import FunctionArn
from router.config import Loaded
from router.config.addresses import collide, is_private, parse_address
from router.config.env_file import EnvFileError, parse_env_file
from router.model import Function, LocalFunction, SiteClaim, Target
from router.settings import Address, Admin, Aws, JournalSettings, Listener, Log, Tls

LoadText = Callable[..., Loaded]

FULL = """\
version: 1
labels: {team: platform}
aws:
  region: eu-west-1
  account_id: 012345678901
  profile: prod
  endpoint_url: http://127.0.0.1:4566
  endpoints: {lambda: http://127.0.0.1:3001}
  max_connections: 7
listeners:
  public:
    address: 0.0.0.0:8443
    tls: {certificate: cert.pem, key: /etc/key.pem, client_ca: ca/ca.pem}
    trusted_proxies: [10.0.0.0/8, "fd00::/8"]
    max_body: 1MiB
    error_headers: false
  internal: "[::1]:8080"
  socket: unix:run/router.sock
server: {drain_timeout: 1m30s}
admin: {listen: 127.0.0.1:9901, token: "${TOKEN}"}
monitoring: {prometheus: false}
log: {level: debug, format: text, access: true}
functions:
  orders:
    arn: arn:aws:lambda:eu-central-1:111122223333:function:shop-orders:live
    invoke_role_arn: arn:aws:iam::444455556666:role/invoker
    timeout: 30s
    max_concurrency: 20
  thumbnail:
    max_concurrency: 5
    local:
      runtime: python3.12
      handler: app.handler
      code: code
      packages: [libs]
      memory: 256MiB
      environment: {STAGE: dev, BOTH: environment}
      env_file: dev.env
      credentials: router
      min_warm: 2
      init_timeout: 5s
      runtime_client: builtin
triggers:
  a: {type: probe, invocation: sync, listener: public, auth: none, function: orders, hosts: a.example.com, labels: {x: "1"}}
  b: {type: probe, invocation: sync, listener: internal, function: thumbnail, weights: {blue: 1, "8": 2}}
  c:
    type: probe
    invocation: sync
    listener: internal
    function: arn:aws:lambda:eu-west-1:111122223333:function:far:3
    hosts: c.example.com
  d:
    type: probe
    invocation: sync
    listener: socket
    function: arn:aws:lambda:eu-central-1:111122223333:function:shop-orders:5
  off: {type: probe, invocation: sync, listener: internal, function: orders, enabled: false}
"""
FILES = {"code/app.py": "", "libs/x.py": "", "dev.env": "FROM_FILE=1\nBOTH=file\n"}

ORDERS = Function(
    name="orders",
    arn=FunctionArn("eu-central-1", "111122223333", "shop-orders"),
    timeout=30.0,
    max_concurrency=20,
    invoke_role_arn="arn:aws:iam::444455556666:role/invoker",
    qualifier="live",
)
THUMBNAIL = Function(
    name="thumbnail",
    arn=FunctionArn("eu-west-1", "012345678901", "thumbnail"),
    timeout=3.0,
    max_concurrency=5,
    declared_arn=False,
    local=LocalFunction(
        runtime="python3.12",
        handler="app.handler",
        code="/etc/router/code",
        packages=("/etc/router/libs",),
        memory=256 * 1024 * 1024,
        environment={"FROM_FILE": "1", "BOTH": "environment", "STAGE": "dev"},
        credentials="router",
        min_warm=2,
        runtime_client="builtin",
        init_timeout=5.0,
    ),
)
FAR = Function(name="far", arn=FunctionArn("eu-west-1", "111122223333", "far"), timeout=900.0)


def test_everything(load_text: LoadText) -> None:
    loaded = load_text(FULL, files=FILES, env={"TOKEN": "secret"})
    assert [problem.code for problem in loaded.problems] == ["cross-account-role", "local-weights"]
    config = loaded.config
    assert config is not None
    assert config.aws == Aws(
        "eu-west-1",
        "012345678901",
        "prod",
        "http://127.0.0.1:4566",
        {"lambda": "http://127.0.0.1:3001"},
        7,
    )
    assert config.listeners == {
        "public": Listener(
            "public",
            Address("0.0.0.0", 8443),
            Tls("/etc/router/cert.pem", "/etc/key.pem", "/etc/router/ca/ca.pem"),
            (ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
            1024 * 1024,
            False,
        ),
        "internal": Listener("internal", Address("::1", 8080)),
        "socket": Listener("socket", Address(unix="/etc/router/run/router.sock")),
    }
    assert (config.admin, config.log) == (Admin(Address("127.0.0.1", 9901), "secret"), Log("debug", "text", True))
    assert (config.drain_timeout, config.public_url, config.prometheus) == (90.0, None, False)
    assert config.labels == {"team": "platform"}
    assert config.functions == {"orders": ORDERS, "thumbnail": THUMBNAIL, "far": FAR}
    assert [(trigger.name, trigger.listener, trigger.claims, trigger.built) for trigger in config.triggers] == [
        ("a", "public", (SiteClaim("a.example.com"),), Target(ORDERS, "live")),
        ("b", "internal", (SiteClaim(None),), Target(THUMBNAIL, None, (("blue", 1), ("8", 2)))),
        ("c", "internal", (SiteClaim("c.example.com"),), Target(FAR, "3")),
        ("d", "socket", (SiteClaim(None),), Target(ORDERS, "5")),
    ]
    assert config.triggers[0].labels == {"team": "platform", "x": "1"}
    assert config.triggers[0].invocation == frozenset({"sync"})


def test_next_to_nothing(load_text: LoadText) -> None:
    loaded = load_text("version: 1\n", env={"AWS_DEFAULT_REGION": "ap-south-1"})
    assert loaded.problems == []
    config = loaded.config
    assert config is not None
    assert config.listeners == {"main": Listener("main", Address("127.0.0.1", 8080))}
    assert config.aws == Aws("ap-south-1", "000000000000")
    assert (config.admin, config.log, config.functions, config.triggers) == (Admin(None), Log(), {}, ())
    assert (config.drain_timeout, config.public_url, config.prometheus) == (30.0, None, True)
    assert config.journal == JournalSettings("sqlite:/etc/router/var/journal", 1024**3, 512 * 1024**2, 3600.0, 14 * 86400.0)


@pytest.mark.parametrize(
    ("url", "built"),
    [
        ("memory", "memory"),
        ('"memory:"', "memory:"),
        ("sqlite:../journal", "sqlite:/etc/journal"),
        ("sqlite:/var/lib/journal", "sqlite:/var/lib/journal"),
    ],
)
def test_the_journal(load_text: LoadText, url: str, built: str) -> None:
    text = f"""
version: 1
journal:
  url: {url}
  max_size: 5GB
  {"" if url.startswith(("memory", '"memory')) else "min_free_disk: 0B"}
  deduplication_window: 1h30m
  dead_letter_retention: 7d
"""
    loaded = load_text(text)
    assert [problem.code for problem in loaded.problems] == ["idle-setting"]
    assert loaded.config is not None
    assert loaded.config.journal == JournalSettings(
        built, 5_000_000_000, 0 if built.startswith("sqlite") else 512 * 1024**2, 5400.0, 7 * 86400.0
    )


def test_an_implicit_function_does_not_take_a_declared_name(load_text: LoadText) -> None:
    far = "arn:aws:lambda:eu-west-1:111122223333:function:orders"
    text = f"version: 1\nfunctions: {{orders: {far}2}}\ntriggers:\n  a: {{type: probe, invocation: sync, function: '{far}'}}\n"
    config = load_text(text).config
    assert config is not None
    assert config.functions[far] == replace(FAR, name=far, arn=FunctionArn("eu-west-1", "111122223333", "orders"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)),
        ("[::1]:0", Address("::1", 0)),
        ("LocalHost:65535", Address("localhost", 65535)),
        ("unix:/run/x", Address(unix="/run/x")),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8080",
        ":8080",
        "host:",
        "host:x",
        "host:65536",
        "1.2.3.4.5:1",
        "300.1.1.1:1",
        "::1:80",
        "[zz]:1",
        "a_b:1",
        "host:²",
        "unix:",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_address(text)


def test_who_can_reach_an_address_and_which_collide() -> None:
    private = ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/x"]
    public = ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.com:1"]
    assert [is_private(parse_address(text)) for text in private + public] == [True] * 5 + [False] * 4
    pairs = [
        ("127.0.0.1:1", "127.0.0.1:1", True),
        ("127.0.0.1:1", "127.0.0.1:2", False),
        ("127.0.0.1:0", "127.0.0.1:0", False),
        ("0.0.0.0:1", "127.0.0.1:1", True),
        ("[::]:1", "[::1]:1", True),
        ("[::]:1", "127.0.0.1:1", False),
        ("unix:/a", "unix:/a", True),
        ("unix:/a", "unix:/b", False),
        ("unix:/a", "127.0.0.1:1", False),
    ]
    assert [collide(parse_address(one), parse_address(other)) for one, other, _ in pairs] == [
        expected for _, _, expected in pairs
    ]


def test_env_files() -> None:
    text = '# comment\n\nA=1\nexport B = two words # comment\nC=\'single # kept\'\nD="double" # gone\nE=\nF=a#b\nG="\n'
    assert parse_env_file(text) == {
        "A": "1",
        "B": "two words",
        "C": "single # kept",
        "D": "double",
        "E": "",
        "F": "a#b",
        "G": '"',
    }
    with pytest.raises(EnvFileError, match="line 2"):
        parse_env_file("A=1\n2B=1\n")
