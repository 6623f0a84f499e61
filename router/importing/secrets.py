"""Texts that must not be copied out of a template: by the name that they stand under, or by their form."""

import re

_NAMES = re.compile(
    r"pass(word|wd|phrase)?$|passw|(?:^|_)pwd?$|secret|token|credential|api_?key|access_?key|private_?key|signing_?key|auth_?key|_key$|^key$"
    r"|dsn$|connection_?string|verify$|webhook_url",
    re.IGNORECASE,
)
_PLAIN_NAMES = re.compile(r".*_(?:name|id|arn|header|url|path|ttl|file)", re.IGNORECASE)
_PLAIN_VALUES = re.compile(r"(?:true|false|[0-9]{1,5}|)", re.IGNORECASE)
_FORMS = re.compile(
    r"\A(?:A(?:KI|SI)A[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{20,}|xox[abprs]-\S+|sk_(?:live|test)_\S+|eyJ[\w-]+\.[\w-]+\.[\w-]*)\Z"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@"
)


def looks_secret(name: str, value: str) -> bool:
    """Whether a literal under this name is better not shown."""
    if _FORMS.search(value):
        return True
    return (
        bool(_NAMES.search(name.replace("-", "_"))) and not _PLAIN_NAMES.fullmatch(name) and not _PLAIN_VALUES.fullmatch(value)
    )
