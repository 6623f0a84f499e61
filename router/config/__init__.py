"""The configuration: one YAML file (with includes and overlays) to a compiled `Config`, or to findings with places.

`load` is the entry point; everything else in here is its own.
"""

from router.config.load import Loaded, load
from router.config.problem import Problem, Severity, render

__all__ = ["Loaded", "Problem", "Severity", "load", "render"]
