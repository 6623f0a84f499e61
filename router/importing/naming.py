"""Names: of variables, of what CloudFormation names itself, and of triggers, in the forms that the configuration takes."""

import re
from collections.abc import Container

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")
_NOT_IN_HOSTS = re.compile(r"[^a-z0-9]+")
LONGEST = 64


def variable_name(text: str) -> str:
    """`OrdersTable.Arn` is `ORDERS_TABLE_ARN`."""
    name = "_".join(_WORD.findall(text)).upper() or "VALUE"
    return f"_{name}" if name[0].isdigit() else name


def kebab(text: str) -> str:
    """`OrdersApi` is `orders-api`."""
    return "-".join(_WORD.findall(text)).lower()


def key_name(text: str) -> str:
    """A text as a key under `functions:`, `triggers:` and the like: letters, digits, `_`, `.` and `-`."""
    cleaned = _NOT_IN_NAMES.sub("-", text).strip("-_.")
    return cleaned[:LONGEST].rstrip("-_.") or "unnamed"


def host_label(text: str) -> str:
    """A text as a label of a host name."""
    return _NOT_IN_HOSTS.sub("-", text.lower()).strip("-")[:63].rstrip("-") or "unnamed"


def free(name: str, taken: Container[str]) -> str:
    """The name, with a number where it is taken."""
    if name not in taken:
        return name
    number = 2
    while (candidate := f"{name[: LONGEST - len(str(number)) - 1]}-{number}") in taken:
        number += 1
    return candidate
