"""The explicit table of trigger types. A new type is one module beside this file and one line here."""

from router.model import TriggerType
from router.triggers import lambda_api

TYPES: dict[str, TriggerType] = {
    lambda_api.TYPE.name: lambda_api.TYPE,
}
