"""Findings and test results in the formats that other programs read: one module per format, each a function to text.

`junit` and `github` know nothing of findings, so that every command with results writes them alike.
"""
