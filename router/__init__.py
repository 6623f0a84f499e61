"""lambda-router: a daemon that brings events to AWS Lambda functions."""

from importlib.util import find_spec

__version__ = "0.1.0"


def is_compiled() -> bool:
    """Whether what every request passes through runs as C extensions (docs/performance.md), not as the Python beside them."""
    found = find_spec("router.jsontext")
    return found is not None and not str(found.origin).endswith(".py")
