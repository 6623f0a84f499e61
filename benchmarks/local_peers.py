"""Peers that run local functions behind an HTTP API: serverless-offline (npm), ministack (PyPI), each in a folder of its own.

They are installed into benchmarks/out/peers at the first use; one that cannot be had is left out by name.
"""

import io
import json
import shutil
import subprocess
import sys
import time
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import boto3

PEERS = Path(__file__).parent / "out" / "peers"
SERVERLESS = ("serverless@3.40.0", "serverless-offline@13.10.1")
"""The fourth serverless asks for a login; what measures here is the plugin."""
MINISTACK = "ministack==1.5.33"
INSTALL_SECONDS = 600
PATIENCE = 60

SERVERLESS_YAML = """
service: bench
frameworkVersion: "3"
provider: {{name: aws, runtime: nodejs20.x, region: eu-west-1}}
plugins: [serverless-offline]
custom: {{serverless-offline: {{host: 127.0.0.1, httpPort: {port}, lambdaPort: {other}, noPrependStageInUrl: true}}}}
functions: {{hello: {{handler: hello.handler, events: [{{httpApi: {{method: get, path: "/hello/{{name}}"}}}}]}}}}
"""


class LeftOut(Exception):
    """A peer that is not here, and why."""


def serverless_offline(folder: Path, code: Path, port: int, other: int) -> list[str]:
    """The command that serves `code`'s hello.js on `port`, in `folder`. Raises `LeftOut`."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise LeftOut("there is no npm")
    home = PEERS / "serverless-offline-13"
    _once(home, lambda: _run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(home), *SERVERLESS]))
    shutil.copy(code / "hello.js", folder)
    (folder / "node_modules").symlink_to(home / "node_modules")
    (folder / "serverless.yml").write_text(SERVERLESS_YAML.format(port=port, other=other))
    return ["node", "node_modules/serverless/bin/serverless.js", "offline", "start"]


SERVERLESS_ENVIRONMENT = {"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off"}


def ministack() -> list[str]:
    """The command that serves on `GATEWAY_PORT`. Raises `LeftOut`."""
    home = PEERS / MINISTACK.replace("==", "-")
    python = home / "bin" / "python"

    def install() -> None:
        venv.create(home, clear=True, with_pip=True)
        _run([str(python), "-m", "pip", "install", "--quiet", MINISTACK])

    _once(home, install)
    return [str(python), "-c", "from ministack.app import main; main()"]


def ministack_environment(folder: Path, port: int) -> dict[str, str]:
    """Settings of a quiet one that runs functions itself, without Docker."""
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "SERVICES": "lambda,apigateway,apigatewayv2,iam,logs",
        "LAMBDA_EXECUTOR": "local",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(folder),
    }


def ministack_api(code: Path, port: int) -> str:
    """Create the function and an HTTP API before it; the API's host name."""
    wait_for(f"http://127.0.0.1:{port}/_ministack/health")

    def client(service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", **keys)

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.write(code / "hello.py", "hello.py")
    function = client("lambda").create_function(
        FunctionName="hello",
        Runtime=f"python3.{sys.version_info[1]}",
        Role="arn:aws:iam::000000000000:role/bench",
        Handler="hello.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    gateway = client("apigatewayv2")
    api = gateway.create_api(Name="bench", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function["FunctionArn"], PayloadFormatVersion="2.0"
    )
    gateway.create_route(ApiId=api, RouteKey="GET /hello/{name}", Target=f"integrations/{integration['IntegrationId']}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    return f"{api}.execute-api.localhost:{port}"


def wait_for(url: str) -> None:
    """Until somebody answers there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urlopen(url, timeout=1):
                return
        except (URLError, OSError) as error:
            if time.monotonic() > deadline:
                raise LeftOut(f"it did not answer within {PATIENCE} s: {error}") from error
            time.sleep(0.05)


def _once(home: Path, install: Callable[[], None]) -> None:
    finished = home / "finished"
    if not finished.exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        print(f"Installing into {home} …", file=sys.stderr)
        install()
        finished.write_text(json.dumps({"installed": time.strftime("%Y-%m-%d")}))


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.SubprocessError as error:
        output = str(getattr(error, "stderr", "") or error).strip()
        raise LeftOut(f"it could not be installed: {output.splitlines()[-1] if output else error}") from error
