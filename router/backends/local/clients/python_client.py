"""Runtime client for Python functions whose interpreter has no awslambdaric: `python python_client.py module.handler`.

Runs on any Python 3.8 or later with the standard library alone, and behaves as awslambdaric does towards the handler and
towards the Runtime API; the same tests run against both. It ends when the Runtime API is gone.
"""

import importlib
import json
import os
import socket
import sys
import traceback
from typing import Any, Dict, List, NoReturn, Optional, Tuple

from _lambda_router_runtime import function_log
from _lambda_router_runtime.context import LambdaContext
from _lambda_router_runtime.json_writer import to_json

_FILE = os.path.abspath(__file__)
_BASE = "/2018-06-01/runtime"


class Fault(Exception):
    """An error that the runtime, not the function, reports: `Runtime.…`."""

    def __init__(self, kind: str, message: str, trace: Optional[List[str]] = None) -> None:
        super().__init__(message)
        self.kind = "Runtime." + kind
        self.message = message
        self.trace = trace or []


class Gone(Exception):
    """The Runtime API does not answer any more."""


class RuntimeApi:
    """HTTP/1.1 on one kept connection; importing `http.client` would take longer than the rest of the start."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._host = address
        self._address = (host, int(port))
        self._socket: Optional[socket.socket] = None
        self._rest = b""

    def request(self, method: str, path: str, body: bytes = b"", headers: str = "") -> Tuple[int, Dict[str, str], bytes]:
        """Status, headers by lower-case name, body. Raises Gone."""
        head = "%s %s%s HTTP/1.1\r\nHost: %s\r\n%s" % (method, _BASE, path, self._host, headers)
        if method == "POST":
            head += "Content-Length: %d\r\n" % len(body)
        try:
            if self._socket is None:
                self._socket = socket.create_connection(self._address)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.sendall(head.encode("latin-1", "replace") + b"\r\n" + body)
            return self._answer(self._socket)
        except OSError as error:
            raise Gone(str(error)) from None

    def _answer(self, connection: socket.socket) -> Tuple[int, Dict[str, str], bytes]:
        data = bytearray(self._rest)
        while True:
            end = data.find(b"\r\n\r\n")
            if end >= 0:
                break
            data += _received(connection)
        lines = bytes(data[:end]).decode("utf-8", "replace").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        total = end + 4 + int(headers.get("content-length", "0"))
        while len(data) < total:
            data += _received(connection)
        self._rest = bytes(data[total:])
        return int(lines[0].split(" ")[1]), headers, bytes(data[end + 4 : total])


def _received(connection: socket.socket) -> bytes:
    data = connection.recv(262144)
    if not data:
        raise Gone("the connection was closed")
    return data


def load(handler: str) -> Any:
    """The handler function. Raises Fault, or whatever the function's module raises."""
    module_name, dot, name = handler.rpartition(".")
    if not dot:
        raise Fault("MalformedHandlerName", "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % handler)
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("BuiltInModuleConflict", "Cannot use built-in module %s as a handler module" % module_name)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("ImportModuleError", "Unable to import module '%s': %s" % (module_name, error)) from None
    except SyntaxError as error:
        trace = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        raise Fault("UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error), trace) from None
    try:
        return getattr(module, name)
    except AttributeError:
        raise Fault("HandlerNotFound", "Handler '%s' missing on module '%s'" % (name, module_name)) from None


def error_object(error: BaseException, request_id: str) -> Dict[str, Any]:
    """What is reported of an exception; frames of this file are left out."""
    if isinstance(error, Fault):
        message, kind, trace = error.message, error.kind, error.trace
    else:
        frames = [
            (frame.filename, frame.lineno or 0, frame.name, frame.line) for frame in traceback.extract_tb(error.__traceback__)
        ]
        while len(frames) > 1 and os.path.abspath(frames[0][0]) == _FILE:
            frames.pop(0)
        message, kind, trace = str(error), type(error).__name__, traceback.format_list(frames)
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


class Runtime:
    """Asks for invocations and runs them, one after the other."""

    def __init__(self, api: RuntimeApi) -> None:
        self._api = api

    def run(self, handler_name: str) -> NoReturn:
        """Load the handler, then serve until the Runtime API is gone."""
        try:
            handler = load(handler_name)
        except Exception as error:
            self._init_error(error)
        while True:
            status, headers, event = self._api.request("GET", "/invocation/next")
            if status != 200:
                sys.exit(1)
            self._invoke(handler, headers, event)

    def _init_error(self, error: Exception) -> NoReturn:
        report = error_object(error, "")
        function_log.log_error(report)
        self._post("/init/error", to_json(report), "Lambda-Runtime-Function-Error-Type: %s\r\n" % report["errorType"])
        sys.exit(1)

    def _invoke(self, handler: Any, headers: Dict[str, str], event: bytes) -> None:
        request_id = headers["lambda-runtime-aws-request-id"]
        function_log.Current.request_id = request_id
        function_log.Current.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        _set_trace(headers.get("lambda-runtime-trace-id"))
        path = "/invocation/" + request_id
        try:
            result, kind = self._result(handler, headers, event)
        except Exception as error:
            report = error_object(error, request_id)
            function_log.log_error(report)
            self._post(path + "/error", to_json(report), "")
        else:
            self._api.request("POST", path + "/response", result, "Content-Type: %s\r\n" % kind)

    def _result(self, handler: Any, headers: Dict[str, str], event: bytes) -> Tuple[bytes, str]:
        lambda_context = LambdaContext(
            headers["lambda-runtime-aws-request-id"],
            _json_header(headers.get("lambda-runtime-client-context"), "Client Context"),
            _json_header(headers.get("lambda-runtime-cognito-identity"), "Cognito Identity"),
            int(headers["lambda-runtime-deadline-ms"]),
            headers.get("lambda-runtime-invoked-function-arn"),
            headers.get("lambda-runtime-aws-tenant-id"),
        )
        try:
            value = json.loads(event)
        except Exception as error:
            raise Fault("UnmarshalError", "Unable to unmarshal input: %s" % error) from None
        result = handler(value, lambda_context)
        if isinstance(result, bytes):
            return result, "application/unknown"
        try:
            text = to_json(result)
        except Exception as error:
            raise Fault("MarshalError", "Unable to marshal response: %s" % error) from None
        return text.encode("utf-8"), "application/json"

    def _post(self, path: str, text: str, headers: str) -> None:
        self._api.request(
            "POST", path, text.encode("utf-8", "backslashreplace"), "Content-Type: application/json\r\n" + headers
        )


def _json_header(text: Optional[str], name: str) -> Optional[Dict[str, Any]]:
    if not text:
        return None
    try:
        value: Dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise Fault("LambdaContextUnmarshalError", "Unable to parse %s JSON: %s" % (name, error)) from None
    return value


def _set_trace(trace_id: Optional[str]) -> None:
    if trace_id is None:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    else:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id


def main(arguments: List[str]) -> None:
    """Entry point; `arguments[1]` is the handler, or `_HANDLER` of the environment."""
    # The folder of this file gives way to the function's code, as with `python -m`.
    sys.path[0] = os.getcwd()
    function_log.set_up()
    try:
        Runtime(RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])).run(
            arguments[1] if len(arguments) > 1 else os.environ["_HANDLER"]
        )
    except Gone:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv)
