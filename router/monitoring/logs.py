"""Structured log lines on standard error: JSON for machines, or `time level logger message key=value …` for people.

Fields travel in `extra`; a field that is None is left out. WARNING means recovered, ERROR means lost or needs a person.
"""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

from pythonjsonlogger.json import JsonFormatter

from router.settings import Log

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(settings: Log, stream: TextIO | None = None) -> None:
    """Send every record of this process to `stream` (default: standard error), in the configured form and from its level."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_FORMATTERS[settings.format]())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.level.upper())
    for noisy in ("aiohttp.access", "botocore", "aiobotocore", "watchfiles", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def json_formatter() -> logging.Formatter:
    """The form for machines, for handlers of other modules."""
    return _Json()


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD and value is not None}


class _Json(JsonFormatter):
    def __init__(self) -> None:
        super().__init__(json_ensure_ascii=False)

    def process_log_record(self, log_data: dict[str, object]) -> dict[str, object]:
        return {name: value for name, value in log_data.items() if value is not None}

    def add_fields(self, log_data: dict[str, object], record: logging.LogRecord, message_dict: Mapping[str, object]) -> None:
        log_data["time"] = _time(record)
        log_data["level"] = record.levelname.lower()
        log_data["logger"] = record.name
        super().add_fields(log_data, record, dict(message_dict))


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={_value(value)}" for name, value in _fields(record).items())
        line = f"{_time(record)} {record.levelname:<7} {record.name}: {record.getMessage()}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _value(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or any(c in ' "=\n\r\t' for c in text) else text


_FORMATTERS: dict[str, type[logging.Formatter]] = {"json": _Json, "text": _Text}
