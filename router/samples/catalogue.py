"""Every kind of sample by name, and how a name that somebody wrote finds its kind.

`s3` is the first variant of its type, `cognito/PreSignUp` the first trigger source of its operation.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from router.envelopes import Addressed
from router.samples import cognito, eventbridge, http, lambda_api, s3, schedule, sns, sqs, step_functions
from router.samples.words import Context, Kind, SampleError, said_of
from router.triggers.cognito.operations import OPERATIONS

_ALL: tuple[Iterator[Kind], ...] = (
    http.kinds(),
    cognito.kinds(),
    eventbridge.kinds(),
    lambda_api.kinds(),
    s3.kinds(),
    schedule.kinds(),
    sns.kinds(),
    sqs.kinds(),
    step_functions.kinds(),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in sorted(chain(*_ALL), key=lambda kind: kind.type)}
"""By `type/variant`; within a type the one that stands for the type comes first."""


def _aliases() -> dict[str, str]:
    found: dict[str, str] = {}
    for kind in KINDS.values():
        found.setdefault(kind.type, kind.name)
    return found | {f"cognito/{name}": f"cognito/{operation.sources[0]}" for name, operation in OPERATIONS.items()}


ALIASES: Mapping[str, str] = _aliases()
"""Shorter names."""


def find(name: str) -> Kind:
    """The kind of a name. Raises SampleError that says which there are."""
    kind = KINDS.get(ALIASES.get(name, name))
    if kind is not None:
        return kind
    type, slash, variant = name.partition("/")
    known = {each.variant: each for each in KINDS.values() if each.type == type}
    if slash and known:
        raise SampleError(f"there is no sample `{name}`; of `{type}` {said_of(variant, known)}")
    types = {each.type: each for each in KINDS.values()}
    raise SampleError(f"there is no sample `{name}`; {said_of(type, types)}")


def make(kind: str, options: Mapping[str, Any], context: Context) -> Addressed:
    """A sample by its name. `options`: as in YAML or as text. Raises SampleError."""
    found = find(kind)
    return Addressed(found.build(found.read(options), context), note=f"{found.name}: {found.summary}")
