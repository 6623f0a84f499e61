"""The explicit table of trigger types. A new type is one module beside this file and one line here."""

from router.model import TriggerType

TYPES: dict[str, TriggerType] = {}
