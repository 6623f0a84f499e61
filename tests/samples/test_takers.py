"""A configuration is made for every sample that takes it, whatever path, topic, queue or carrier was chosen."""

from collections.abc import Callable
from typing import Any

import pytest

from router.samples import KINDS, Context, find, make
from router.samples.takers import taker
from router.settings import Config

Configured = Callable[..., Config]
Play = Callable[..., Any]

SILENT = {
    *("api_gateway/cors-preflight", "lambda_api/dry-run", "s3/test-event"),
    *("sns/subscription-confirmation", "sns/unsubscribe"),
}
CHOSEN: list[tuple[str, dict[str, Any]]] = [
    ("s3/put", {"via": "sns", "path": "/a/b", "topic": "other"}),
    ("s3/put", {"via": "sns,sqs", "queue": "q.fifo", "group": "g"}),
    ("s3/put", {"via": "eventbridge", "bucket": "b"}),
    ("s3/minio-get", {"path": "/x"}),
    ("eventbridge/ec2-state-change", {"via": "sns,sqs"}),
    ("eventbridge/ec2-state-change", {"via": "sqs"}),
    ("eventbridge/put-events", {"bus": "arn:aws:events:eu-west-1:111122223333:event-bus/orders"}),
    ("sns/sqs", {"topic": "arn:aws:sns:us-east-1:999900001111:other"}),
    ("cognito/TokenGeneration_HostedAuth", {"version": "V2_0", "user_pool": "us-east-1_X"}),
    ("lambda_api/sync", {"function": "arn:aws:lambda:eu-west-1:111122223333:function:g"}),
    ("lambda_api/sync", {"function": "g", "qualifier": "live"}),
    ("api_gateway/rest-get", {"path": "/dev"}),
    ("schedule/tick", {"schedule": "beat"}),
]


@pytest.mark.parametrize(("name", "options"), [*((name, {}) for name in KINDS if name not in SILENT), *CHOSEN])
def test_it_takes_the_sample(name: str, options: dict[str, Any], configured: Configured, context: Context, play: Play) -> None:
    made = make(name, options, context)
    config = configured(taker(find(name), made.envelope, context))
    played = play(config, made)
    assert len(played.payloads) == (2 if name == "s3/seaweedfs-rename" else 1)


@pytest.mark.parametrize("name", sorted(SILENT))
def test_it_takes_what_brings_a_function_nothing(name: str, configured: Configured, context: Context, play: Play) -> None:
    made = make(name, {}, context)
    played = play(configured(taker(find(name), made.envelope, context)), made)
    assert played.reply.status in (200, 204)
