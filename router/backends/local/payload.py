"""Whether an event is JSON, as Lambda checks before it runs anything.

Source: semantics/sync.md §1.5, InvalidRequestContentException.
"""

import json

import orjson

from router import jsontext


def json_problem(payload: bytes) -> str | None:
    """What is wrong with the payload, or None. An empty one is taken; NaN and Infinity are not JSON."""
    if not payload:
        return None
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        pass
    else:
        return None
    # orjson also refuses some JSON (lone surrogates); the standard library has the last word.
    try:
        jsontext.check_depth(payload)
    except ValueError:
        return "nested too deeply"
    try:
        json.loads(payload, parse_constant=_refuse_constant)
    except RecursionError:
        return "nested too deeply"
    except ValueError as error:
        return str(error)
    return None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"Unrecognized token '{name}'")
