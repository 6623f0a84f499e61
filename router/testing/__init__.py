"""Tests of a configuration: cases in YAML become simulations, and what happened is held against what was expected."""
