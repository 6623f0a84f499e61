"""Doors and the engine within one loop: what passes between them, and what each does while the other is away."""

import asyncio
import inspect
import os
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.arn import FunctionArn
from router.backends.permits import PermitCount
from router.deliveries import Delivery, Durability
from router.errors import RouterError, StartError, StreamFailed, Unavailable
from router.fakes import FakeClock, FakeInvoker, FakeStream, streaming, succeeded
from router.functions import Function, Invocation
from router.ingress.request import new_id
from router.journal.memory import MemoryJournal
from router.monitoring.totals import Dump
from router.outcome import OutcomeKind
from router.processes.channel import Channel, ChannelLost
from router.processes.door_link import EngineLink, RemoteInvoker, RemoteJournal, RemotePermit, packed
from router.processes.engine_link import DoorLinks, Snapshot
from router.processes.ledger import MOST_LEFT, MOST_OUTLIVED, Ledger
from router.settings import JournalSettings

FUNCTION = Function("work", FunctionArn("eu-west-1", "111122223333", "work"), 3.0, max_concurrency=2)


class Transport:
    """Gives what is written to the other end, in pieces of some size."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.other: Channel | None = None

    def write(self, data: bytes) -> None:
        assert self.other is not None
        for at in range(0, len(data), self.size):
            self.other.data_received(data[at : at + self.size])

    def close(self) -> None:
        assert self.other is not None
        self.other.connection_lost(None)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=300) | st.text(max_size=50) | st.none(), max_size=10), st.integers(1, 50))
async def test_calls_are_answered_however_the_stream_is_cut(payloads: list[Any], size: int) -> None:
    async def answer(payload: Any) -> Any:
        return payload

    there, here = Transport(size), Transport(size)
    far = Channel(lambda channel, kind, payload: answer((kind, payload)), lambda channel: None)
    near = Channel(lambda channel, kind, payload: None, lambda channel: None)
    there.other, here.other = near, far
    far.connection_made(there)  # type: ignore[arg-type]
    near.connection_made(here)  # type: ignore[arg-type]
    answers = await asyncio.gather(*(near.call("echo", payload) for payload in payloads))
    assert answers == [("echo", payload) for payload in payloads]


class Engine:
    """The engine's end, over fakes."""

    def __init__(self, path: str, **settings: Any) -> None:
        self.clock = FakeClock()
        self.journal = MemoryJournal(self.clock, JournalSettings(**settings))
        self.invoker = FakeInvoker({"work": succeeded(b'"done"')})
        self.count = PermitCount()
        self.name = new_id()
        self.own: Dump = {}
        functions = {"work": FUNCTION}
        self.links = DoorLinks(path, functions, self.journal, self.invoker, self.count, lambda: (self.name, self.own))

    async def close(self) -> None:
        await self.links.close(asyncio.get_running_loop().time())


def snapshot(requests: float = 0.0, not_ready: str | None = None) -> Snapshot:
    figures = {"requests": {("shop",): (requests,)}, "in_flight": {("shop",): (1.0,)}}
    finished = {"requests": figures["requests"]}
    return Snapshot(new_id(), os.getpid(), not_ready, figures, finished, {}, {"main": "127.0.0.1:8080"})


Connect = Callable[..., Any]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    running = Engine(str(tmp_path / "engine"))
    await running.links.start()
    yield running
    await running.close()


@pytest.fixture
async def connect(tmp_path: Path) -> AsyncIterator[Connect]:
    """`await connect(snapshot)`: a door's link."""
    links: list[EngineLink] = []

    async def connect_(told: Snapshot | None = None) -> EngineLink:
        link = EngineLink(str(tmp_path / "engine"), lambda: told or snapshot())
        await link.start()
        links.append(link)
        return link

    yield connect_
    for link in links:
        await link.close()


def delivery(id: str, payload: bytes = b"{}") -> Delivery:
    return Delivery(id, "shop", "", "work", None, payload, 1.0, "Root=1-6a514b28-0123456789abcdef01234567", 1.0)


def invocation() -> Invocation:
    return Invocation(FUNCTION, "live", b'{"a":1}', "id-1", "Root=1-6a514b28-0123456789abcdef01234567", trigger="shop")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


async def test_what_a_door_accepts_is_in_the_engines_journal(engine: Engine, connect: Connect) -> None:
    journal = RemoteJournal(await connect())
    first, second = await journal.append([delivery("d-1"), delivery("d-2")], Durability.DISK)
    assert (first.delivery_id, second.delivery_id) == ("d-1", "d-2")
    assert [each.id for each in await engine.journal.claim(2.0, 10, ())] == ["d-1", "d-2"]


async def test_a_full_journal_is_told_as_it_is(tmp_path: Path, connect: Connect) -> None:
    engine = Engine(str(tmp_path / "engine"), max_size=600)
    await engine.links.start()
    journal = RemoteJournal(await connect())
    with pytest.raises(Unavailable, match="the journal is full") as refusal:
        await journal.append([delivery("d-1", b"x" * 1000)], Durability.DISK)
    assert refusal.value.retry_after is not None
    await engine.close()


async def test_local_functions_run_in_the_engine(engine: Engine, connect: Connect) -> None:
    outcome = await RemoteInvoker(await connect()).invoke(invocation())
    assert (outcome.kind, outcome.payload) == (OutcomeKind.OK, b'"done"')
    assert engine.invoker.invocations == [invocation()]


def streams(engine: Engine, *pieces: bytes | Exception, log_tail: str | None = None) -> FakeStream:
    """The function's next answer is a stream of these pieces."""
    source = FakeStream(*pieces, log_tail=log_tail)
    answer = streaming(content_type="a/b")
    answer.stream = source
    engine.invoker.answers["work"] = answer
    return source


async def test_what_a_local_function_streams_passes_piece_by_piece(engine: Engine, connect: Connect) -> None:
    source = streams(engine, b"ab", b"c", log_tail="bG9n")
    outcome = await RemoteInvoker(await connect()).invoke(invocation())
    assert (outcome.kind, outcome.payload, outcome.content_type) == (OutcomeKind.OK, b"", "a/b")
    assert outcome.stream is not None
    assert [piece async for piece in outcome.stream] == [b"ab", b"c"]
    assert (outcome.stream.log_tail, source.closed) == ("bG9n", 1)
    assert [piece async for piece in outcome.stream] == []
    await outcome.stream.aclose()


class Source:
    """A stream whose pieces the test makes."""

    log_tail = None

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[bytes] = asyncio.Queue()
        self.asked = 0
        self.closed = asyncio.Event()

    def __aiter__(self) -> "Source":
        return self

    async def __anext__(self) -> bytes:
        self.asked += 1
        return await self.pieces.get()

    async def aclose(self) -> None:
        self.closed.set()


async def opened(engine: Engine, link: EngineLink) -> tuple[Source, Any]:
    """A source in the engine, and the stream at the door."""
    source = Source()
    answer = streaming(content_type="a/b")
    answer.stream = source
    engine.invoker.answers["work"] = answer
    outcome = await RemoteInvoker(link).invoke(invocation())
    assert outcome.stream is not None
    return source, outcome.stream


async def test_a_piece_is_asked_for_when_the_caller_wants_it(engine: Engine, connect: Connect) -> None:
    source, stream = await opened(engine, await connect())
    for piece in (b"a", b"b", b"c"):
        source.pieces.put_nowait(piece)
    assert await anext(stream) == b"a"
    assert source.asked == 1
    assert await anext(stream) == b"b"
    assert source.asked == 2


async def test_a_caller_that_leaves_lets_go_of_the_stream(engine: Engine, connect: Connect) -> None:
    source, stream = await opened(engine, await connect())
    await stream.aclose()
    await stream.aclose()
    async with asyncio.timeout(10):
        await source.closed.wait()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_a_door_that_ends_lets_go_of_its_streams(engine: Engine, connect: Connect) -> None:
    link = await connect()
    source, stream = await opened(engine, link)
    reading = asyncio.create_task(anext(stream))
    await until(lambda: source.asked == 1)
    await link.close()
    async with asyncio.timeout(10):
        await source.closed.wait()
    with pytest.raises(StreamFailed, match="is away"):
        await reading


async def test_an_answer_whose_caller_left_before_it_began_is_let_go(engine: Engine, connect: Connect) -> None:
    link = await connect()
    source, begins = Source(), asyncio.Event()
    answer = streaming(content_type="a/b")
    answer.stream = source

    class Slow:
        async def invoke(self, invocation: Invocation) -> Any:
            called.set()
            await begins.wait()
            return answer

        async def close(self) -> None: ...

    called = asyncio.Event()
    engine.links._invoker = Slow()
    asking = asyncio.create_task(RemoteInvoker(link).invoke(invocation()))
    async with asyncio.timeout(10):
        await called.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await link.call("take", "work")  # what was said before has arrived
        begins.set()
        await source.closed.wait()


def door_of(engine: Engine) -> tuple[Channel, Channel]:
    """A door's channel, in memory, and the engine's end of it; the test says when what is written is carried over."""
    there, here = Transport(1000), Transport(1000)
    far = Channel(engine.links._handle, engine.links._gone)
    near = Channel(lambda channel, kind, payload: None, lambda channel: None)
    there.other, here.other = near, far
    far.connection_made(there)  # type: ignore[arg-type]
    near.connection_made(here)  # type: ignore[arg-type]
    near.tell("hello", ({}, snapshot()))
    return near, far


async def test_a_caller_that_leaves_in_the_same_write_lets_go_of_the_stream(engine: Engine) -> None:
    near, far = door_of(engine)
    source = streams(engine, b"a")
    asking = asyncio.create_task(near.call("invoke", (0, packed(invocation()))))
    await asyncio.sleep(0)
    near.tell("leave", 0)
    _, is_stream = await asking
    assert (is_stream, source.closed) == (True, 1)
    with pytest.raises(StreamFailed, match="let go"):
        await near.call("piece", 0)
    for end in (near, far):
        end.connection_lost(None)


async def test_a_stream_that_breaks_off_fails_at_the_door_as_it_failed_in_the_engine(engine: Engine, connect: Connect) -> None:
    failure = StreamFailed("function_error", "failed", b'{"errorType":"Oops"}', "bG9n")
    source = streams(engine, b"a", failure)
    stream = (await RemoteInvoker(await connect()).invoke(invocation())).stream
    assert stream is not None
    assert await anext(aiter(stream)) == b"a"
    with pytest.raises(StreamFailed) as raised:
        await anext(aiter(stream))
    assert (raised.value.name, raised.value.details, raised.value.log_tail) == (failure.name, failure.details, "bG9n")
    assert source.closed == 1


async def test_a_stream_ends_with_its_engine(tmp_path: Path, connect: Connect) -> None:
    engine = Engine(str(tmp_path / "engine"))
    await engine.links.start()
    source, stream = await opened(engine, await connect())
    source.pieces.put_nowait(b"a")
    assert await anext(stream) == b"a"
    await engine.close()
    with pytest.raises(StreamFailed, match="is away"):
        await anext(stream)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_concurrency_is_counted_over_all_doors(engine: Engine, connect: Connect) -> None:
    one, other = RemotePermit(await connect(), "work", 1), RemotePermit(await connect(), "work", 1)
    own = engine.count.of("work", 2)
    assert [await one.take(), await other.take(), await one.take(), await own.take()] == [True, True, False, False]
    other.give_back()
    await until(lambda: engine.count.running["work"] == 1)
    assert [await own.take(), await other.take()] == [True, False]


@pytest.mark.parametrize("turns", range(8))
async def test_what_a_caller_asked_for_who_left_is_given_back(engine: Engine, connect: Connect, turns: int) -> None:
    link = await connect()
    permit = RemotePermit(link, "work", 1)
    asking = asyncio.create_task(permit.take())
    for _ in range(turns):
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await link.call("take", "work")
    await until(lambda: engine.count.running["work"] == 1)
    assert link.held["work"] == 0


async def test_what_was_refused_to_a_caller_who_left_is_not_given_back(engine: Engine, connect: Connect) -> None:
    link, own = await connect(), engine.count.of("work", 2)
    assert [await own.take(), await RemotePermit(link, "work", 1).take()] == [True, True]
    asking = asyncio.create_task(RemotePermit(link, "work", 1).take())
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert [await link.call("take", "work") for _ in range(2)] == [False, False], "what was said before has arrived"
    assert (engine.count.running["work"], link.held["work"]) == (2, 1)


async def test_what_a_door_held_comes_back_when_it_is_gone(engine: Engine, connect: Connect) -> None:
    link = await connect()
    permit = RemotePermit(link, "work", 1)
    assert [await permit.take(), await permit.take()] == [True, True]
    await link.close()
    await until(lambda: engine.count.running["work"] == 0)


async def test_what_a_door_asked_for_when_it_went_is_not_taken(engine: Engine) -> None:
    near, far = door_of(engine)
    asking = asyncio.create_task(near.call("take", "work"))
    await asyncio.sleep(0)
    near._flush()
    far.connection_lost(None)
    for _ in range(5):
        await asyncio.sleep(0)
    assert engine.count.running["work"] == 0
    near.connection_lost(None)
    with pytest.raises(ChannelLost):
        await asking


def every(kind: type[RouterError]) -> Iterator[type[RouterError]]:
    for below in kind.__subclasses__():
        yield below
        yield from every(below)


SHARED_ERRORS = sorted(
    {kind for kind in every(RouterError) if kind.__module__ == "router.errors"}, key=lambda kind: kind.__name__
)


@pytest.mark.parametrize("kind", SHARED_ERRORS)
def test_every_error_is_the_same_in_the_other_process(kind: type[RouterError]) -> None:
    parameters = [*inspect.signature(kind.__init__).parameters.values()][1:]
    wanted = [each for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    error = kind(*(7 if each.annotation is int else f"some {each.name}" for each in wanted))
    there = pickle.loads(pickle.dumps(error))
    assert (type(there), there.args, vars(there)) == (kind, error.args, vars(error))


async def test_while_the_engine_is_away_its_work_is_refused_and_the_rest_goes_on(tmp_path: Path, connect: Connect) -> None:
    engine = Engine(str(tmp_path / "engine"))
    await engine.links.start()
    link = await connect()
    permit = RemotePermit(link, "work", 1)
    assert await permit.take()
    await engine.close()
    await until(lambda: not link.is_open)
    with pytest.raises(Unavailable, match="the engine is away") as refusal:
        await RemoteJournal(link).append([delivery("d-1")], Durability.DISK)
    assert refusal.value.retry_after == 1
    outcome = await RemoteInvoker(link).invoke(invocation())
    assert (outcome.kind, outcome.invoked.value) == (OutcomeKind.TRANSPORT, "no")
    assert not await permit.take(), "its share is one, and one runs"
    successor = Engine(str(tmp_path / "engine"))
    await successor.links.start()
    await until(lambda: link.is_open and successor.count.running["work"] == 1)
    permit.give_back()
    await until(lambda: successor.count.running["work"] == 0)
    await successor.close()


async def test_a_call_that_the_engine_died_in_may_have_reached_it() -> None:
    near, far = Transport(10), Transport(10)
    caller = Channel(lambda channel, kind, payload: None, lambda channel: None)
    silent = Channel(lambda channel, kind, payload: asyncio.Event().wait(), lambda channel: None)
    near.other, far.other = silent, caller
    caller.connection_made(near)  # type: ignore[arg-type]
    silent.connection_made(far)  # type: ignore[arg-type]
    call = asyncio.create_task(caller.call("append", None))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    far.close()
    with pytest.raises(ChannelLost) as lost:
        await call
    assert lost.value.sent
    with pytest.raises(ChannelLost) as refused:
        await caller.call("append", None)
    assert not refused.value.sent
    for task in silent._tasks:
        task.cancel()


async def test_figures_are_summed_up_and_those_of_a_door_that_ended_stay(engine: Engine, connect: Connect) -> None:
    first = await connect(snapshot(3.0))
    await connect(snapshot(4.0, "starting"))
    assert await engine.links.figures() == {"requests": {("shop",): (7.0,)}, "in_flight": {("shop",): (2.0,)}}
    assert engine.links.not_ready() is None
    await first.close()
    await until(lambda: len(engine.links.status()) == 1)
    assert await engine.links.figures() == {"requests": {("shop",): (7.0,)}, "in_flight": {("shop",): (1.0,)}}
    assert engine.links.not_ready() == "starting"
    assert engine.links.status()[0]["listeners"] == {"main": "127.0.0.1:8080"}


async def test_figures_outlive_the_engine(tmp_path: Path, connect: Connect) -> None:
    """Those of doors that had ended, of a door that ends while no engine is there, and of the engine itself."""
    first = Engine(str(tmp_path / "engine"))
    first.own = {"accepted": {("shop",): (5.0,)}}
    await first.links.start()
    gone, staying, leaving = await connect(snapshot(1.0)), await connect(snapshot(2.0)), await connect(snapshot(4.0))
    await gone.close()
    await until(lambda: len(first.links.status()) == 2)
    assert (await first.links.figures())["requests"] == {("shop",): (7.0,)}
    await first.close()
    await until(lambda: not leaving.is_open)
    await leaving.close()
    second = Engine(str(tmp_path / "engine"))
    second.own = {"accepted": {("shop",): (1.0,)}}
    await second.links.start()
    await until(lambda: staying.is_open and len(second.links.status()) == 1)
    sums = {"requests": {("shop",): (7.0,)}, "accepted": {("shop",): (5.0,)}, "in_flight": {("shop",): (1.0,)}}
    assert await second.links.figures() == sums
    await second.close()
    third = Engine(str(tmp_path / "engine"))
    await third.links.start()
    await until(lambda: staying.is_open and len(third.links.status()) == 1)
    assert await third.links.figures() == sums | {"accepted": {("shop",): (6.0,)}}
    await third.close()


def test_the_figures_of_many_that_ended_become_one_sum(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "figures")
    for number in range(2 * MOST_LEFT):
        ledger.tell(str(number), {"requests": {("shop",): (1.0,)}})
        ledger.end(str(number))
    ledger.tell("here", {"requests": {("shop",): (100.0,)}})
    ledger.write()
    assert ledger.sums() == {"requests": {("shop",): (2.0 * MOST_LEFT,)}}
    assert len(pickle.loads((tmp_path / "figures").read_bytes())[1]) == MOST_LEFT + 1
    assert Ledger(tmp_path / "figures").sums() == {"requests": {("shop",): (2.0 * MOST_LEFT + 100,)}}


def test_many_that_outlive_the_engine_are_counted_once(tmp_path: Path) -> None:
    """Whatever ends first, and whoever tells again last."""
    first = Ledger(tmp_path / "figures")
    doors = [str(number) for number in range(3 * MOST_LEFT)]
    for door in doors:
        first.tell(door, {"requests": {("shop",): (1.0,)}})
    first.write()
    second = Ledger(tmp_path / "figures")
    for door in doors:
        second.tell(door, {"requests": {("shop",): (2.0,)}})
        second.end(door)
    assert second.sums() == {"requests": {("shop",): (2.0 * len(doors),)}}
    second.write()
    assert Ledger(tmp_path / "figures").sums() == second.sums()


def test_what_engines_leave_that_die_again_and_again_stays_small(tmp_path: Path) -> None:
    for number in range(2 * MOST_OUTLIVED):
        ledger = Ledger(tmp_path / "figures")
        ledger.tell(str(number), {"requests": {("shop",): (1.0,)}})
        ledger.write()
    assert Ledger(tmp_path / "figures").sums() == {"requests": {("shop",): (2.0 * MOST_OUTLIVED,)}}
    assert len(pickle.loads((tmp_path / "figures").read_bytes())[1]) == MOST_OUTLIVED + 1


@pytest.mark.parametrize("content", [b"", b"rubbish", pickle.dumps(7)])
def test_figures_that_cannot_be_read_begin_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "figures").write_bytes(content)
    assert Ledger(tmp_path / "figures").sums() == {}


def test_figures_that_cannot_be_kept_stay_in_memory(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "nowhere" / "figures")
    ledger.tell("one", {"requests": {("shop",): (1.0,)}})
    ledger.end("one")
    ledger.write()
    assert ledger.sums() == {"requests": {("shop",): (1.0,)}}


async def test_readiness_is_asked_for_not_remembered(engine: Engine) -> None:
    told = [snapshot(0.0, "starting")]
    link = EngineLink(engine.links._path, lambda: told[0])
    await link.start()
    await until(lambda: engine.links.not_ready() == "starting")
    told[0] = snapshot()
    await engine.links.look()
    assert engine.links.not_ready() is None
    told[0] = snapshot(0.0, "draining")
    link.tell_state()
    await until(lambda: engine.links.not_ready() == "draining")
    await link.close()


async def test_an_engine_that_cannot_listen_does_not_start(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 120) / "engine"
    with pytest.raises(
        StartError, match=r"The engine cannot listen on .*: AF_UNIX path too long\. TMPDIR names a folder for it"
    ):
        await Engine(str(path)).links.start()


async def test_without_an_engine_no_door_starts(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="The engine cannot be reached"):
        await EngineLink(str(tmp_path / "nothing"), snapshot).start()


async def test_no_door_is_not_ready(engine: Engine) -> None:
    assert engine.links.not_ready() == "no door is up"
