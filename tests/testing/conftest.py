"""Tests of a configuration in memory: YAML in, results out."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from router.config.case_files import load_case_file
from router.fakes import FakeFiles
from router.testing.configurations import Configurations, inline, of_file
from router.testing.coverage import Coverage
from router.testing.runner import Runner
from router.testing.snapshots import Snapshots
from router.testing.words import Result

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:"
CONFIG = f"""\
version: 1
functions:
  f: {{arn: "{ARN}f", async: {{delivery: managed, on_failure: sqs:failed, dead_letter: sqs:dlq, on_success: function:g}}}}
  g: {{arn: "{ARN}g", async: {{delivery: managed}}}}
  live: {{arn: "{ARN}live:prod"}}
triggers:
  bus:
    type: eventbridge
    invocation: async
    bus: default
    auth: none
    rules:
      paid: {{pattern: {{source: [shop]}}, function: f}}
      all: {{pattern: {{source: [{{prefix: ""}}]}}, function: g}}
  shop:
    type: api_gateway
    api: http
    invocation: sync
    auth: {{bearer: "${{TOKEN}}"}}
    routes:
      GET /orders/{{id}}: f
      POST /orders: live
  jobs: {{type: sqs, invocation: async, queue: jobs, function: g, report_batch_item_failures: true}}
  work:
    type: step_functions
    invocation: sync
    activity: arn:aws:states:eu-west-1:111122223333:activity:work
    function: g
"""

Play = Callable[..., Any]


async def results(tests: str, config: str = CONFIG, env: Mapping[str, str] | None = None, **files: str) -> list[Result]:
    """Of a `*.test.yaml`, or of the tests in the configuration where there is no text."""
    given = {"router.yaml": config, "a.test.yaml": tests, **{name.replace("__", "/"): text for name, text in files.items()}}
    known = Configurations(FakeFiles(given), env or {})
    cases = inline("router.yaml", known.loaded("router.yaml"))
    if tests:
        file = load_case_file("a.test.yaml", files=known.files, env=env or {})
        assert file.problems == []
        cases = of_file(file, "router.yaml", known.loaded("router.yaml", file.env))
    else:
        assert known.loaded("router.yaml").config is not None, known.loaded("router.yaml").problems
    runner = Runner(known, Snapshots(known.files), Coverage())
    return await runner.run(cases)


@pytest.fixture
def play() -> Play:
    return results
