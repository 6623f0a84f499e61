"""`monitoring.cloudwatch:` compiled."""

from collections.abc import Mapping
from typing import Any

from router.settings import CloudWatch, CloudWatchLogs


def cloudwatch(settings: Mapping[str, Any] | None, region: str) -> CloudWatch | None:
    """None where it is not written."""
    if settings is None:
        return None
    return CloudWatch(
        region=settings["region"] or region,
        metrics=settings["metrics"],
        namespace=settings["namespace"],
        file=settings["file"],
        logs=_logs(settings["logs"]) if settings["logs"] is not None else None,
    )


def _logs(settings: Mapping[str, Any]) -> CloudWatchLogs:
    retention = settings["retention"]
    days = None if retention == "forever" else int(retention.removesuffix("d"))
    return CloudWatchLogs(settings["group"], settings["what"], settings["sample"], settings["payloads"], days)
