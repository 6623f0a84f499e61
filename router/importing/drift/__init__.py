"""Drift: whether a configuration still says what a template says, compared by meaning and not by names."""
