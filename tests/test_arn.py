"""Function ARNs: what is one, what is not, and that text and parts are the same."""

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.arn import FunctionArn, parse_function_arn, partition_of

PLAIN = FunctionArn("eu-west-1", "111122223333", "orders")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("arn:aws:lambda:eu-west-1:111122223333:function:orders", PLAIN),
        ("arn:aws:lambda:eu-west-1:111122223333:function:orders:live", PLAIN.qualified("live")),
        ("arn:aws:lambda:eu-west-1:111122223333:function:orders:7", PLAIN.qualified("7")),
        ("arn:aws:lambda:eu-west-1:111122223333:function:orders:$LATEST", PLAIN.qualified("$LATEST")),
        ("arn:aws:lambda:eu-west-1:111122223333:function:orders:$LATEST.PUBLISHED", PLAIN.qualified("$LATEST.PUBLISHED")),
        (
            "arn:aws-us-gov:lambda:us-gov-west-1:000000000000:function:a_b-c.d",
            FunctionArn("us-gov-west-1", "000000000000", "a_b-c.d", partition="aws-us-gov"),
        ),
        (
            "arn:aws-cn:lambda:cn-north-1:000000000000:function:x",
            FunctionArn("cn-north-1", "000000000000", "x", partition="aws-cn"),
        ),
    ],
)
def test_arns(text: str, parts: FunctionArn) -> None:
    assert parse_function_arn(text) == parts
    assert str(parts) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "orders",
        "111122223333:function:orders",
        "arn:aws:lambda:eu-west-1:111122223333:function:",
        "arn:aws:lambda:eu-west-1:111122223333:function:orders:",
        "arn:aws:lambda:eu-west-1:111122223333:function:orders:$OTHER",
        "arn:aws:lambda:eu-west-1:111122223333:function:orders:a:b",
        "arn:aws:lambda:eu-west-1:111122223333:function:or ders",
        "arn:aws:lambda:eu-west-1:11112222333:function:orders",
        "arn:aws:lambda:somewhere:111122223333:function:orders",
        "arn:aws:lambda::111122223333:function:orders",
        "arn:aws:sqs:eu-west-1:111122223333:orders",
        "arn:gcp:lambda:eu-west-1:111122223333:function:orders",
        "arn:aws:lambda:eu-west-1:111122223333:layer:orders:1",
        "arn:aws:lambda:eu-west-1:111122223333:function:orders\n",
        "arn:aws:lambda:eu-west-1:" + "١" * 12 + ":function:orders",
        "arn:aws:lambda:eu-west-1:111122223333:function:" + "a" * 141,
    ],
)
def test_what_is_no_function_arn(text: str) -> None:
    assert parse_function_arn(text) is None


def test_a_qualifier_is_replaced_or_dropped() -> None:
    assert PLAIN.qualified("live").qualified("8") == PLAIN.qualified("8")
    assert PLAIN.qualified("live").qualified(None) == PLAIN


@given(st.text())
def test_any_text_is_an_arn_or_none(text: str) -> None:
    parsed = parse_function_arn(text)
    assert parsed is None or str(parsed) == text


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("us-east-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("us-isof-south-1", "aws-iso-f"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_regions_belong_to_partitions(region: str, partition: str) -> None:
    assert partition_of(region) == partition
    session = botocore.session.Session()
    assert session.get_partition_for_region(region) == partition
