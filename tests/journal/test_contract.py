"""What the ports promise, asked of every engine."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from router.deliveries import Attempt, Condition, Delivery, DeliverySettlement, Durability, Fate, Receipt, Selection
from router.errors import Unavailable
from router.fakes import FakeClock
from router.journal.opening import Engine
from router.settings import JournalSettings

NOW = 1_700_000_000.0
DISK = Durability.DISK
Make = Callable[..., Delivery]


def full_of_everything(delivery: Make, number: int, **fields: Any) -> Delivery:
    return delivery(
        number,
        route="rule",
        qualifier="live",
        payload=b'{"\x00": "\xc3\xa9"}',
        deduplication_id=f"known-{number}",
        group="g",
        hops=3,
        parent_id="00000000-0000-4000-8000-00000000ffff",
        attributes={"key": "w€rt"},
        **fields,
    )


async def test_what_is_appended_is_claimed_whole(engine: Engine, delivery: Make) -> None:
    given = full_of_everything(delivery, 1)
    assert await engine.journal.append([given], DISK) == [Receipt(given.id)]
    assert await engine.journal.claim(NOW, 10, ()) == [full_of_everything(delivery, 1)]
    assert await engine.journal.claim(NOW, 10, ()) == []


async def test_nothing_appended_nothing_claimed(engine: Engine) -> None:
    assert await engine.journal.append([], DISK) == []
    assert await engine.journal.claim(NOW, 10, ()) == []
    await engine.journal.settle([])
    await engine.journal.record([])


async def test_done_is_forgotten(engine: Engine, delivery: Make) -> None:
    await engine.journal.append([delivery(1), delivery(2)], DISK)
    first, _ = await engine.journal.claim(NOW, 10, ())
    await engine.journal.settle([DeliverySettlement(first, Fate.DONE)])
    assert [kept.id for kept in await engine.admin.select(Selection(), 10, None)] == [delivery(2).id]


async def test_later_comes_back_with_its_progress(engine: Engine, delivery: Make) -> None:
    await engine.journal.append([delivery(1)], DISK)
    [claimed] = await engine.journal.claim(NOW, 10, ())
    progress = {
        "due_at": NOW + 60,
        "retries_used": 1,
        "throttles": 2,
        "invoke_count": 3,
        "attempts": [
            Attempt(NOW, 0.25, "function_error", 200, "request", "Unhandled", "boom", "tail"),
            Attempt(NOW, 1.0, "ok"),
        ],
        "condition": Condition.RETRIES_EXHAUSTED,
        "detail": "no",
        "response": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled", "payload": "{}"},
        "pending": ("arn:aws:sqs:eu-west-1:111122223333:failed", "dead"),
    }
    await engine.journal.settle([DeliverySettlement(replace(claimed, **progress), Fate.LATER)])
    assert await engine.journal.claim(NOW + 59.9, 10, ()) == []
    assert await engine.journal.claim(NOW + 60, 10, ()) == [delivery(1, **progress)]


async def test_recorded_progress_keeps_the_claim(engine: Engine, delivery: Make) -> None:
    await engine.journal.append([delivery(1)], DISK)
    [claimed] = await engine.journal.claim(NOW, 10, ())
    await engine.journal.record([replace(claimed, condition=Condition.SUCCESS, pending=("there",))])
    assert await engine.journal.claim(NOW, 10, ()) == []
    [kept] = await engine.admin.select(Selection(), 10, None)
    assert kept == delivery(1, condition=Condition.SUCCESS, pending=("there",), starts=1)


async def test_what_is_not_claimed_cannot_be_settled_or_recorded(engine: Engine, delivery: Make) -> None:
    await engine.journal.append([delivery(1)], DISK)
    with pytest.raises(LookupError):
        await engine.journal.settle([DeliverySettlement(delivery(1), Fate.DONE)])
    with pytest.raises(LookupError):
        await engine.journal.record([delivery(1)])
    assert len(await engine.journal.claim(NOW, 10, ())) == 1


async def test_due_times_order_the_claims_of_a_function(engine: Engine, delivery: Make) -> None:
    due = {1: NOW - 1, 2: NOW - 3, 3: NOW + 1, 4: NOW - 3, 5: NOW}
    await engine.journal.append([delivery(number, due_at=at) for number, at in due.items()], DISK)
    claimed = await engine.journal.claim(NOW, 10, ())
    assert [made.id for made in claimed] == [delivery(number).id for number in (2, 4, 1, 5)]


async def test_functions_take_turns(engine: Engine, delivery: Make) -> None:
    await engine.journal.append([delivery(number, function="greedy") for number in range(20)], DISK)
    await engine.journal.append([delivery(number, function="modest") for number in range(20, 22)], DISK)
    functions = [made.function for made in await engine.journal.claim(NOW, 6, ())]
    assert functions == ["greedy", "modest", "greedy", "modest", "greedy", "greedy"]
    await engine.journal.append([delivery(30, function="modest"), delivery(31, function="new")], DISK)
    assert {made.function for made in await engine.journal.claim(NOW, 3, ())} == {"greedy", "modest", "new"}


async def test_one_at_a_time_each_function_gets_its_turn(engine: Engine, delivery: Make) -> None:
    functions = ("a", "b", "c")
    await engine.journal.append([delivery(number, function=functions[number % 3]) for number in range(9)], DISK)
    claimed = [(await engine.journal.claim(NOW, 1, ()))[0].function for _ in range(9)]
    assert [sorted(claimed[at : at + 3]) for at in (0, 3, 6)] == [["a", "b", "c"]] * 3


async def test_functions_without_a_permit_are_left_out(engine: Engine, delivery: Make) -> None:
    await engine.journal.append([delivery(1, function="busy"), delivery(2, function="idle")], DISK)
    assert [made.function for made in await engine.journal.claim(NOW, 10, {"busy"})] == ["idle"]
    assert [made.function for made in await engine.journal.claim(NOW, 10, ())] == ["busy"]


@pytest.mark.parametrize("fate", [Fate.DONE, Fate.DEAD])
async def test_a_group_goes_one_by_one_in_order(engine: Engine, delivery: Make, fate: Fate) -> None:
    await engine.journal.append([delivery(1, group="g"), delivery(2, group="g"), delivery(3, group="h"), delivery(4)], DISK)
    first, other, free = await engine.journal.claim(NOW, 10, ())
    assert [first, other, free] == [delivery(1, group="g"), delivery(3, group="h"), delivery(4)]
    await engine.journal.settle([DeliverySettlement(replace(first, due_at=NOW + 5), Fate.LATER)])
    assert await engine.journal.claim(NOW, 10, ()) == []
    [again] = await engine.journal.claim(NOW + 5, 10, ())
    await engine.journal.settle([DeliverySettlement(again, fate)])
    assert await engine.journal.claim(NOW + 5, 10, ()) == [delivery(2, group="g")]


async def test_groups_of_other_functions_and_triggers_are_others(engine: Engine, delivery: Make) -> None:
    others = [{}, {"function": "other"}, {"trigger": "other"}, {"route": "other"}]
    await engine.journal.append([delivery(number, group="g", **fields) for number, fields in enumerate(others)], DISK)
    assert len(await engine.journal.claim(NOW, 10, ())) == 4


async def test_a_known_id_is_a_duplicate_even_when_the_first_is_done(
    engine: Engine, delivery: Make, clock: FakeClock, settings: JournalSettings
) -> None:
    first, second = delivery(1, deduplication_id="x"), delivery(2, deduplication_id="x")
    assert await engine.journal.append([first, second], DISK) == [Receipt(first.id), Receipt(first.id, duplicate=True)]
    [claimed] = await engine.journal.claim(NOW, 10, ())
    await engine.journal.settle([DeliverySettlement(claimed, Fate.DONE)])
    assert await engine.journal.append([second], DISK) == [Receipt(first.id, duplicate=True)]
    others = [delivery(3, deduplication_id="x", trigger="other"), delivery(4, deduplication_id="x", route="r"), delivery(5)]
    assert await engine.journal.append(others, DISK) == [Receipt(other.id) for other in others]
    clock.advance(settings.deduplication_window)
    await engine.tidy()
    late = delivery(6, deduplication_id="x", accepted_at=clock.now())
    assert await engine.journal.append([late], DISK) == [Receipt(late.id)]


async def test_dead_letters_wait_for_an_operator(engine: Engine, delivery: Make, clock: FakeClock) -> None:
    await engine.journal.append([delivery(number) for number in range(4)], DISK)
    claimed = await engine.journal.claim(NOW, 3, ())
    gone = [replace(made, condition=Condition.RETRIES_EXHAUSTED, retries_used=2, invoke_count=3) for made in claimed]
    await engine.journal.settle([DeliverySettlement(made, Fate.DEAD) for made in gone])
    assert await engine.admin.select(Selection(dead=True), 10, None) == gone
    assert await engine.admin.count(Selection(dead=False)) == 1
    clock.advance(50)
    assert await engine.admin.redrive([gone[0].id, gone[0].id, delivery(3).id, "unknown"], clock.now()) == 1
    assert await engine.admin.purge([gone[1].id, delivery(3).id, "unknown"]) == 1
    waiting, anew = await engine.journal.claim(clock.now(), 10, ())
    assert waiting == delivery(3)
    assert anew == delivery(0, id=anew.id, parent_id=gone[0].id, accepted_at=clock.now(), due_at=clock.now())
    assert await engine.admin.select(Selection(dead=True), 10, None) == [gone[2]]


async def test_dead_letters_end_with_their_retention(
    engine: Engine, delivery: Make, clock: FakeClock, settings: JournalSettings
) -> None:
    assert settings.dead_letter_retention is not None
    await engine.journal.append([delivery(1)], DISK)
    [claimed] = await engine.journal.claim(NOW, 3, ())
    clock.advance(100)
    await engine.journal.settle([DeliverySettlement(claimed, Fate.DEAD)])
    clock.advance(settings.dead_letter_retention - 1)
    await engine.tidy()
    assert await engine.admin.count(Selection(dead=True)) == 1
    clock.advance(1)
    await engine.tidy()
    assert await engine.admin.count(Selection()) == 0


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), [0, 1, 2, 3]),
        (Selection(dead=True), [0]),
        (Selection(dead=False), [1, 2, 3]),
        (Selection(trigger="t"), [1]),
        (Selection(function="f"), [2]),
        (Selection(condition=Condition.LOOP), [0]),
        (Selection(condition=Condition.SUCCESS), []),
        (Selection(kind="throttled"), [0]),
        (Selection(kind="function_error"), []),
        (Selection(kind="throttled", trigger="t"), []),
        (Selection(older_than=50.0), [0, 1, 2]),
        (Selection(ids=frozenset({"00000000-0000-4000-8000-000000000001", "unknown"})), [1]),
        (Selection(ids=frozenset()), []),
        (Selection(dead=False, trigger="orders", function="worker", older_than=0.0), [3]),
    ],
)
async def test_an_operator_selects(
    engine: Engine, delivery: Make, clock: FakeClock, selection: Selection, expected: list[int]
) -> None:
    made = [
        delivery(0),
        delivery(1, trigger="t", due_at=NOW + 9),
        delivery(2, function="f", due_at=NOW + 9),
        delivery(3, accepted_at=NOW + 60, due_at=NOW + 60),
    ]
    await engine.journal.append(made, DISK)
    [claimed] = await engine.journal.claim(NOW, 1, ())
    attempts = [Attempt(NOW, 0.5, "function_error", 200), Attempt(NOW, 0.1, "throttled", 429)]
    made[0] = replace(claimed, condition=Condition.LOOP, attempts=attempts)
    await engine.journal.settle([DeliverySettlement(made[0], Fate.DEAD)])
    clock.advance(100)
    wanted = [made[number] for number in expected]
    assert await engine.admin.select(selection, 10, None) == wanted
    assert await engine.admin.count(selection) == len(expected)
    assert await engine.admin.select(selection, 1, None) == wanted[:1]
    assert await engine.admin.select(selection, 10, made[0].id) == [one for one in wanted if one is not made[0]]
    assert await engine.admin.select(selection, 10, "unknown") == []


async def test_a_full_journal_refuses_all_of_an_append_and_goes_on_settling(
    engine: Engine, delivery: Make, settings: JournalSettings
) -> None:
    await engine.journal.append([delivery(1)], DISK)
    settings.max_size = 0
    with pytest.raises(Unavailable) as refused:
        await engine.journal.append([delivery(2)], DISK)
    assert refused.value.retry_after == 10
    [claimed] = await engine.journal.claim(NOW, 10, ())
    assert claimed == delivery(1)
    await engine.journal.settle([DeliverySettlement(claimed, Fate.DONE)])
    settings.max_size = 1024**3
    assert await engine.journal.append([delivery(2)], DISK) == [Receipt(delivery(2).id)]


async def test_who_waits_hears_of_appends_and_of_what_was_put_back(engine: Engine, delivery: Make) -> None:
    assert await engine.journal.claim(NOW, 10, ()) == []
    waiting = asyncio.create_task(engine.journal.wait(None))
    await asyncio.sleep(0)
    assert not waiting.done()
    await engine.journal.append([delivery(1)], DISK)
    await waiting
    [claimed] = await engine.journal.claim(NOW, 10, ())
    waiting = asyncio.create_task(engine.journal.wait(None))
    await asyncio.sleep(0)
    assert not waiting.done()
    await engine.journal.settle([DeliverySettlement(claimed, Fate.LATER)])
    await waiting


async def test_who_waits_hears_of_the_clock(engine: Engine, delivery: Make, clock: FakeClock) -> None:
    await engine.journal.append([delivery(1, due_at=NOW + 60), delivery(2, function="busy")], DISK)
    assert await engine.journal.claim(NOW, 10, {"busy"}) == []
    for until, seconds in ((NOW + 30, 30), (None, 30)):
        waiting = asyncio.create_task(engine.journal.wait(until))
        await asyncio.sleep(0)
        assert not waiting.done()
        clock.advance(seconds)
        await waiting
    assert await engine.journal.claim(NOW + 60, 10, {"busy"}) == [delivery(1, due_at=NOW + 60)]


async def test_a_claim_that_is_cancelled_takes_nothing(engine: Engine, delivery: Make) -> None:
    await engine.journal.append([delivery(1)], DISK)
    claiming = asyncio.create_task(engine.journal.claim(NOW, 10, ()))
    asyncio.get_running_loop().call_soon(claiming.cancel)
    [claimed] = await asyncio.gather(claiming, return_exceptions=True)
    if isinstance(claimed, asyncio.CancelledError):
        claimed = await engine.journal.claim(NOW, 10, ())
    assert claimed == [delivery(1)]


async def test_what_is_handed_out_is_a_copy(engine: Engine, delivery: Make) -> None:
    given = delivery(1)
    await engine.journal.append([given], DISK)
    given.attributes["changed"] = "x"
    [claimed] = await engine.journal.claim(NOW, 10, ())
    claimed.attempts.append(Attempt(NOW, 1.0, "ok"))
    [kept] = await engine.admin.select(Selection(), 10, None)
    assert replace(kept, starts=0) == delivery(1)


async def test_the_store_keeps_values(engine: Engine, clock: FakeClock) -> None:
    assert await engine.store.get("room", "key") is None
    await engine.store.put("room", "key", b"1")
    await engine.store.put("other", "key", b"2", clock.now() + 10)
    assert [await engine.store.get(room, "key") for room in ("room", "other")] == [b"1", b"2"]
    assert [
        await engine.store.put_if("room", "key", None, b"3"),
        await engine.store.put_if("room", "key", b"0", b"3"),
        await engine.store.put_if("room", "key", b"1", b"3"),
        await engine.store.put_if("room", "new", b"1", b"4"),
        await engine.store.put_if("room", "new", None, b"4"),
    ] == [False, False, True, False, True]
    clock.advance(10)
    await engine.tidy()
    assert [await engine.store.get(*at) for at in (("room", "key"), ("room", "new"), ("other", "key"))] == [b"3", b"4", None]
    assert await engine.store.put_if("other", "key", None, b"5")
