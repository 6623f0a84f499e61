"""Whether output is coloured, as the environment wants it."""

from collections.abc import Mapping


def colour(env: Mapping[str, str]) -> bool | None:
    """Whether to colour whatever reads the output: https://no-color.org wins, then https://force-color.org; None: as it is."""
    if env.get("NO_COLOR"):
        return False
    return True if env.get("FORCE_COLOR") else None
