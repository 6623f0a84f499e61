"""lambda-router: a daemon that brings events to AWS Lambda functions."""

__version__ = "0.1.0"
