"""Changed code is used by the next invocation; what runs ends where it is."""

import asyncio
import json
import os

from router.outcome import OutcomeKind


async def write_until_reloaded(shop, path, text):
    """The watcher says when it saw a change, not when it is watching: so write until it did."""
    before = shop.invoker.reloads
    async with asyncio.timeout(20):
        while shop.invoker.reloads == before:
            path.write_text(text)
            await asyncio.sleep(0.2)


async def test_new_code_serves_new_invocations_and_old_ones_finish(start, tmp_path):
    code = tmp_path / "code"
    code.mkdir()
    app = code / "app.py"
    source = (
        "import pathlib, time\n"
        "def handler(event, context):\n"
        "    if 'started' in event: pathlib.Path(event['started']).touch()\n"
        "    while not pathlib.Path(event.get('until', '/')).exists(): time.sleep(0.005)\n"
        "    return '{}'\n"
    )
    app.write_text(source.replace("{}", "old"))
    shop = await start(handler="app.handler", code=str(code), invoker={"watch": True})
    assert (await shop.call()).payload == b'"old"'
    event = {"started": str(tmp_path / "started"), "until": str(tmp_path / "go")}
    running = asyncio.create_task(shop.call(json.dumps(event).encode()))
    while not (tmp_path / "started").exists():
        await asyncio.sleep(0.005)
    await write_until_reloaded(shop, app, source.replace("{}", "new"))
    assert (await shop.call()).payload == b'"new"'
    (tmp_path / "go").touch()
    outcome = await running
    assert (outcome.kind, outcome.payload) == (OutcomeKind.OK, b'"old"')
    assert (await shop.call()).payload == b'"new"'


async def test_broken_code_is_an_error_until_it_is_mended(start, tmp_path):
    app = tmp_path / "app.py"
    app.write_text("def handler(event, context): return 1\n")
    shop = await start(handler="app.handler", code=str(tmp_path), invoker={"watch": True})
    await write_until_reloaded(shop, app, "def handler(event, context) return 1\n")
    assert json.loads((await shop.call()).payload)["errorType"] == "Runtime.UserCodeSyntaxError"
    await write_until_reloaded(shop, app, "def handler(event, context): return 22\n")
    assert (await shop.call()).payload == b"22"


async def test_a_file_that_takes_the_routers_own_lines_is_not_code(start, tmp_path, capfd):
    (tmp_path / "app.py").write_text("def handler(event, context): return 1\n")
    shop = await start(handler="app.handler", code=str(tmp_path), invoker={"watch": True})
    with capfd.disabled(), (tmp_path / "said").open("w") as said:
        standard = os.dup(2)
        try:
            os.dup2(said.fileno(), 2)
            os.write(2, b"a line\n")
            await write_until_reloaded(shop, tmp_path / "other.py", "# a change\n")
            os.write(2, b"another line\n")
            await write_until_reloaded(shop, tmp_path / "other.py", "# another change\n")
        finally:
            os.dup2(standard, 2)
            os.close(standard)
    assert shop.invoker.reloads == 2


async def test_what_is_not_code_does_not_count(start, tmp_path):
    (tmp_path / "app.py").write_text("def handler(event, context): return 1\n")
    (tmp_path / "__pycache__").mkdir()
    shop = await start(handler="app.handler", code=str(tmp_path), invoker={"watch": True})
    for name in ("__pycache__/app.pyc", "debug.log", "state.sqlite-journal"):
        (tmp_path / name).write_text("x")
    await write_until_reloaded(shop, tmp_path / "other.py", "# a change\n")
    assert shop.invoker.reloads == 1
