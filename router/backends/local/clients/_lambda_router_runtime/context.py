"""The context object that a Python handler gets, attribute for attribute that of awslambdaric 4."""

import os
import sys
import time
from typing import Any, Dict, Optional, Tuple

_W3C_FIELDS = ("traceparent", "tracestate", "baggage")


class _Fields:
    """An object whose attributes are filled from a dictionary; what is missing there is None."""

    _names: Tuple[str, ...] = ()

    def __init__(self, values: Dict[str, Any]) -> None:
        for name in self._names:
            setattr(self, name, values.get(name))

    def __repr__(self) -> str:
        fields = ",".join("%s=%s" % (name, getattr(self, name)) for name in self._names)
        return "%s([%s])" % (type(self).__name__, fields)


class CognitoIdentity(_Fields):
    """Who calls, when a Cognito identity does."""

    _names = ("cognito_identity_id", "cognito_identity_pool_id")


class Client(_Fields):
    """The calling application, as the mobile SDKs describe it."""

    _names = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


class ClientContext(_Fields):
    """What the caller sent as `X-Amz-Client-Context`."""

    _names = ("custom", "env", "client")


class LambdaContext:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    def __init__(
        self,
        invoke_id: str,
        client_context: Optional[Dict[str, Any]],
        cognito_identity: Optional[Dict[str, Any]],
        epoch_deadline_time_in_ms: int,
        invoked_function_arn: Optional[str] = None,
        tenant_id: Optional[str] = None,
    ) -> None:
        self.aws_request_id = invoke_id
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = invoked_function_arn
        self.tenant_id = tenant_id
        self._w3c_fields = _take_w3c(client_context)
        self.client_context = None if client_context is None else ClientContext(client_context)
        client = None if client_context is None else client_context.get("client")
        if self.client_context is not None and client is not None:
            setattr(self.client_context, "client", Client(client))  # noqa: B010
        identity = cognito_identity or {}
        self.identity = CognitoIdentity(
            {
                "cognito_identity_id": identity.get("cognitoIdentityId"),
                "cognito_identity_pool_id": identity.get("cognitoIdentityPoolId"),
            }
        )
        self._epoch_deadline_time_in_ms = epoch_deadline_time_in_ms

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function times out."""
        return max(self._epoch_deadline_time_in_ms - int(time.time() * 1000), 0)

    def w3c(self) -> Dict[str, str]:
        """The W3C trace context of this invocation."""
        return dict(self._w3c_fields)

    def log(self, msg: Any) -> None:
        """Print to the function's log as it is."""
        sys.stdout.write(str(msg))

    def __repr__(self) -> str:
        names = (
            "aws_request_id",
            "log_group_name",
            "log_stream_name",
            "function_name",
            "memory_limit_in_mb",
            "function_version",
            "invoked_function_arn",
            "client_context",
            "identity",
            "tenant_id",
        )
        return "LambdaContext([%s])" % ",".join("%s=%s" % (name, getattr(self, name)) for name in names)


def _take_w3c(client_context: Optional[Dict[str, Any]]) -> Dict[str, str]:
    """awslambdaric keeps `w3c` out of the handler's client context and offers its known text fields through `w3c()`."""
    fields = client_context.pop("w3c", None) if isinstance(client_context, dict) else None
    if not isinstance(fields, dict):
        return {}
    return {name: fields[name] for name in _W3C_FIELDS if isinstance(fields.get(name), str)}
