"""ARNs and Lambda function names: parse, print, complete.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (FunctionName) and semantics/sync.md §1.1.
"""

import re
from dataclasses import dataclass

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"

_FUNCTION_ARN = re.compile(
    r"arn:(?P<partition>aws[a-zA-Z-]*):lambda:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d{1,2}):(?P<account>\d{12})"
    r":function:(?P<name>[a-zA-Z0-9-_.]{1,140})(?::(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9-_]{1,128}))?",
    re.ASCII,
)
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
"""What the names of regions begin with, outside AWS's commercial partition."""


def partition_of(region: str) -> str:
    """The partition that a region belongs to: `aws`, `aws-cn`, `aws-us-gov`, …"""
    return next((partition for start, partition in _PARTITIONS.items() if region.startswith(start)), "aws")


@dataclass(slots=True, frozen=True)
class FunctionArn:
    """`arn:<partition>:lambda:<region>:<account>:function:<name>[:<qualifier>]`."""

    region: str
    account: str
    name: str
    qualifier: str | None = None
    partition: str = "aws"

    def __str__(self) -> str:
        unqualified = f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:{self.name}"
        return f"{unqualified}:{self.qualifier}" if self.qualifier else unqualified

    def qualified(self, qualifier: str | None) -> "FunctionArn":
        """The same function with another qualifier, or with none."""
        return FunctionArn(self.region, self.account, self.name, qualifier, self.partition)


def parse_function_arn(text: str) -> FunctionArn | None:
    """The parts of a full function ARN, or None where `text` is not one."""
    match = _FUNCTION_ARN.fullmatch(text)
    if match is None:
        return None
    return FunctionArn(match["region"], match["account"], match["name"], match["qualifier"], match["partition"])
