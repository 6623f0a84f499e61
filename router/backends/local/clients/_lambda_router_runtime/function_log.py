"""Logging of a Python function, as awslambdaric sets it up: one root handler, text or JSON, on standard output."""

import json
import logging
import os
import sys
import time
import traceback
from typing import Any, Dict, List, Optional

from _lambda_router_runtime.json_writer import to_json

JSON_FORMAT = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
_DATE = "%Y-%m-%dT%H:%M:%SZ"
_NO_BREAK_SPACE = "\u00a0"
_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"aws_request_id", "tenant_id", "message", "asctime"}


class Current:
    """The invocation that runs now."""

    request_id: Optional[str] = None
    tenant_id: Optional[str] = None


class Unbuffered:
    """A stream that flushes after each write."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def __enter__(self) -> "Unbuffered":
        return self

    def __exit__(self, *exception: Any) -> None:
        pass

    def write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()

    def writelines(self, lines: List[str]) -> None:
        self.stream.writelines(lines)
        self.stream.flush()


class LambdaLoggerHandler(logging.Handler):
    """Writes each record to standard output, wherever that points now."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stdout.write(self.format(record))


class LambdaLoggerFilter(logging.Filter):
    """Adds the request id to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = Current.request_id or ""
        record.tenant_id = Current.tenant_id
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object per record."""

    def format(self, record: logging.LogRecord) -> str:
        level = min(50, max(0, record.levelno)) // 10 * 10
        kind, error, trace = record.exc_info if record.exc_info else (None, None, None)
        message = record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage()
        result: Dict[str, Any] = {
            "timestamp": self.formatTime(record, _DATE),
            "level": logging.getLevelName(level),
            "message": message,
            "logger": record.name,
            "stackTrace": traceback.format_tb(trace) if record.exc_info else None,
            "errorType": kind.__name__ if kind else None,
            "errorMessage": str(error) if record.exc_info else None,
            "requestId": getattr(record, "aws_request_id", None),
            "location": "%s:%s:%s" % (record.pathname, record.funcName, record.lineno) if record.exc_info else None,
            "tenantId": getattr(record, "tenant_id", None),
        }
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD_FIELDS and key not in result}
        result.update(extra)
        shown = {key: value for key, value in result.items() if value is not None}
        return json.dumps(shown, ensure_ascii=False, default=str) + "\n"


def set_up() -> None:
    """Install the root handler; done before the function's code is loaded."""
    sys.stdout = Unbuffered(sys.stdout)
    sys.stderr = Unbuffered(sys.stderr)
    logging.Formatter.converter = time.gmtime
    handler = LambdaLoggerHandler()
    if JSON_FORMAT:
        handler.setFormatter(JsonFormatter())
    else:
        line = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
        handler.setFormatter(logging.Formatter(line, "%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(LambdaLoggerFilter())
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper().replace("TRACE", "DEBUG")
    if level in ("DEBUG", "INFO", "WARN", "WARNING", "ERROR", "CRITICAL", "FATAL"):
        logging.getLogger().setLevel(level)
    logging.getLogger().addHandler(handler)


def log_error(error: Dict[str, Any]) -> None:
    """Print an error that the function did not catch: one JSON object, or one record whose lines a carriage return joins."""
    if JSON_FORMAT:
        shown = dict({"timestamp": time.strftime(_DATE, time.gmtime()), "level": "ERROR"}, **error)
        sys.stdout.write(to_json(shown) + "\n")
        return
    parts = ["[ERROR]"]
    if error["errorType"]:
        parts.append(error["errorType"] + (":" if error["errorMessage"] else ""))
    if error["errorMessage"]:
        parts.append(error["errorMessage"])
    lines = [" ".join(parts), "Traceback (most recent call last):"]
    for element in error["stackTrace"]:
        lines += [_hard_indent(line) for line in element.splitlines()] or [""]
    sys.stdout.write("\r".join(lines) + "\n")


def _hard_indent(line: str) -> str:
    text = line.lstrip(" ")
    return _NO_BREAK_SPACE * (len(line) - len(text)) + text
