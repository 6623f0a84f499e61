"""Settings in which every caller is believed: for commands that show what becomes of an event, not who may send it.

Secrets need not be set there, and what a sample is signed with nobody else has.
"""

from collections.abc import Mapping
from typing import Any

_PARTS = ("routes", "rules")
"""Where a trigger's parts stand that may have an `auth` of their own."""


def trusting(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Completed settings without any `auth` and without the verification of signatures."""
    triggers = {name: _trigger(trigger) for name, trigger in settings["triggers"].items()}
    return {**settings, "triggers": triggers}


def _trigger(trigger: Mapping[str, Any]) -> dict[str, Any]:
    result = _open(trigger)
    for name in _PARTS:
        if isinstance(trigger.get(name), Mapping):
            result[name] = {key: _open(part) if isinstance(part, Mapping) else part for key, part in trigger[name].items()}
    if isinstance(trigger.get("default"), Mapping):
        result["default"] = _open(trigger["default"])
    if trigger["type"] == "sns":
        signature = trigger.get("signature") or {"certificate_hosts": [], "max_age": None}
        result["signature"] = {**signature, "verify": False, "allow_raw": True}
    return result


def _open(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: "none" if name == "auth" and value is not None else value for name, value in settings.items()}
