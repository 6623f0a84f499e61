"""The environment of a function's process is built from zero."""

import json
import os
import sys
from pathlib import Path

import pytest

from router.backends.local.launch import CLIENTS
from router.settings import Aws

VERSION = "{}.{}".format(*sys.version_info[:2])
FUNCTIONS = str(Path(__file__).parents[2] / "functions")
BIN = str(Path(sys.executable).parent)


async def variables_of(start, **fields) -> dict[str, str]:
    shop = await start(handler="local_python.environment", **fields)
    found = json.loads((await shop.call()).payload)
    assert found.pop("AWS_LAMBDA_RUNTIME_API") == shop.status.addresses[0]
    stream = found.pop("AWS_LAMBDA_LOG_STREAM_NAME")
    assert stream[4::3][:2] == "//"
    assert stream[10:20] == "/[$LATEST]"
    found.pop("LC_CTYPE", None)  # set by Python itself where the locale is not installed
    return found


LAMBDA = {
    "_HANDLER": "local_python.environment",
    "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EXECUTION_ENV": f"AWS_Lambda_python{VERSION}",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_FUNCTION_NAME": "shop",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_LOG_FORMAT": "Text",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/shop",
    "AWS_REGION": "eu-west-1",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    "LAMBDA_RUNTIME_DIR": str(CLIENTS),
    "LAMBDA_TASK_ROOT": FUNCTIONS,
    "LANG": "en_US.UTF-8",
    "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
    "PYTHONPATH": FUNCTIONS,
    "TZ": ":UTC",
}
NO_CREDENTIALS = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_CONFIG_FILE": os.devnull,
}


@pytest.mark.parametrize("runtime_client", ["awslambdaric", "builtin"])
async def test_nothing_of_the_routers_environment_leaks(start, monkeypatch, runtime_client):
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_LAMBDA_MAX_CONCURRENCY",
        "PYTHONPATH",
        "HOME",
        "SECRET_OF_THE_ROUTER",
    ):
        monkeypatch.setenv(name, "leak")
    assert await variables_of(start, runtime_client=runtime_client) == {**LAMBDA, **NO_CREDENTIALS}


async def test_the_users_variables_are_added_but_lambdas_stay(start):
    environment = {
        "STAGE": "dev",
        "PATH": "/opt/tools",
        "PYTHONPATH": "/opt/lib",
        "TZ": "Europe/Berlin",
        "AWS_LAMBDA_FUNCTION_NAME": "another",
        "AWS_LAMBDA_MAX_CONCURRENCY": "4",
        "_LAMBDA_TELEMETRY_LOG_FD": "9",
    }
    assert await variables_of(start, environment=environment) == {
        **LAMBDA,
        **NO_CREDENTIALS,
        "STAGE": "dev",
        "PATH": f"/opt/tools:{LAMBDA['PATH']}",
        "PYTHONPATH": f"/opt/lib:{FUNCTIONS}",
        "TZ": "Europe/Berlin",
    }


async def test_the_routers_credentials_are_handed_over_only_when_asked_for(start):
    own = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "HOME": "/nowhere"}
    invoker = {
        "credentials": lambda: own,
        "aws": Aws("eu-west-1", "1", "dev", "http://127.0.0.1:4566", {"sqs": "http://127.0.0.1:9324"}),
    }
    assert await variables_of(start, invoker=invoker) == {**LAMBDA, **NO_CREDENTIALS}
    assert await variables_of(start, invoker=invoker, credentials="router") == {
        **LAMBDA,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_PROFILE": "dev",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:9324",
    }


async def test_the_functions_folder_comes_first_and_ours_is_not_there(start):
    for client in ("awslambdaric", "builtin"):
        shop = await start(handler="local_python.import_path", runtime_client=client)
        seen = json.loads((await shop.call()).payload)
        assert (seen["cwd"], seen["path"][0]) == (FUNCTIONS, FUNCTIONS)
        assert str(CLIENTS) not in seen["path"]
