"""Functions in AWS: the Invoke API, endpoints, credentials."""

from router.backends.aws.invoker import AwsInvoker

__all__ = ["AwsInvoker"]
