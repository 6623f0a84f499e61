"""The environment of a function's process, built from zero: nothing of the router's own leaks. Source: semantics/sync.md §12.6.

Order, later wins: defaults, credentials, the user's `environment` (its search paths come before ours), Lambda's reserved names.
"""

import os
from collections.abc import Mapping

from router.backends.local.launch import CLIENTS, Launch
from router.model import Function
from router.settings import Aws

_SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
_SEARCH_PATHS = ("PATH", "PYTHONPATH", "NODE_PATH", "LD_LIBRARY_PATH")
_NEVER = ("AWS_LAMBDA_MAX_CONCURRENCY", "_LAMBDA_TELEMETRY_LOG_FD", "_X_AMZN_TRACE_ID")
"""The first two switch awslambdaric into other modes; the last is set by the runtime for each invocation."""

_NO_CREDENTIALS = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_CONFIG_FILE": os.devnull,
}
"""With `credentials: none` an SDK in the function finds none at once, instead of the developer's own or after a long search."""


def build(
    function: Function, launch: Launch, aws: Aws, credentials: Mapping[str, str], *, runtime_api: str, log_stream: str
) -> dict[str, str]:
    """The variables. `credentials`: the router's own `AWS_*`, handed over only where `local.credentials` is `router`."""
    local = function.local
    assert local is not None
    variables = {
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_LAMBDA_LOG_FORMAT": "Text",
        **(_handed_over(aws, credentials) if local.credentials == "router" else _NO_CREDENTIALS),
        **local.environment,
    }
    ours = {
        "PATH": (*launch.path, *_SYSTEM_PATH),
        "PYTHONPATH": launch.python_path,
        "NODE_PATH": launch.node_path,
        "LD_LIBRARY_PATH": launch.library_path,
    }
    for name in _SEARCH_PATHS:
        parts = [part for part in (local.environment.get(name, ""), *ours[name]) if part]
        if parts:
            variables[name] = ":".join(parts)
    variables.update(_reserved(function, launch, aws, runtime_api, log_stream))
    for name in _NEVER:
        variables.pop(name, None)
    return variables


def _reserved(function: Function, launch: Launch, aws: Aws, runtime_api: str, log_stream: str) -> dict[str, str]:
    local = function.local
    assert local is not None
    region = function.arn.region or aws.region
    reserved = {
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "_HANDLER": local.handler or "",
        "LAMBDA_TASK_ROOT": local.code,
        "LAMBDA_RUNTIME_DIR": str(CLIENTS),
        "AWS_LAMBDA_FUNCTION_NAME": function.arn.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(local.memory // (1024 * 1024)),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.arn.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
    if launch.execution_environment is not None:
        reserved["AWS_EXECUTION_ENV"] = launch.execution_environment
    return reserved


def _handed_over(aws: Aws, credentials: Mapping[str, str]) -> dict[str, str]:
    handed = {name: value for name, value in credentials.items() if name.startswith("AWS_")}
    if aws.profile is not None:
        handed["AWS_PROFILE"] = aws.profile
    if aws.endpoint_url is not None:
        handed["AWS_ENDPOINT_URL"] = aws.endpoint_url
    for service, url in aws.endpoints.items():
        handed[f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"] = url
    return handed
