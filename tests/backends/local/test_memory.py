"""The memory limit: resident size of the whole process tree, sampled."""

import json
import re

import pytest

REQUEST = "8f5e4f3e-0b43-4b6e-9e0a-2f9b5a5c1d11"


@pytest.mark.parametrize("handler", ["eats_memory", "child_eats_memory"])
async def test_a_function_that_outgrows_its_memory_is_ended(start, handler, log_of):
    shop = await start(handler=f"local_python.{handler}")
    outcome = await shop.call(b'{"megabytes": 200}', id=REQUEST, log_tail=True)
    assert json.loads(outcome.payload) == {
        "errorType": "Runtime.OutOfMemory",
        "errorMessage": f"RequestId: {REQUEST} Error: Runtime exited with error: signal: killed",
    }
    used = re.search(r"Max Memory Used: (\d+) MB", log_of(outcome))
    assert used is not None
    assert int(used[1]) > 128


async def test_the_next_call_works(start):
    shop = await start(handler="local_python.eats_memory")
    await shop.call(b'{"megabytes": 200}')
    assert ((await shop.call(b"{}")).payload, shop.status.cold_starts) == (b'"fed"', 2)
