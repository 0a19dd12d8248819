"""Calls that come together are computed together, and nobody notices. The encoder is one that waits to be let go on."""

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar

import numpy as np
import pytest

from backend.embeddings.base import Vectors
from backend.embeddings.batching import BATCH_CHARACTERS, BATCH_TEXTS, FEW, SHORT, Batcher, is_short
from backend.errors import InvalidRequest, StartRefused

PATIENCE = 30
BAD = "bad"


class Encoder:
    """A text's vector is its number. `closed` holds every call until `open`."""

    def __init__(self, *, closed: bool = False) -> None:
        self.calls: list[list[str]] = []
        self._began = threading.Semaphore(0)
        self._may_go = threading.Event()
        if not closed:
            self.open()

    def open(self) -> None:
        self._may_go.set()

    async def has_begun(self) -> None:
        """Until one more call has begun."""
        assert await asyncio.to_thread(self._began.acquire, timeout=PATIENCE)

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.calls.append(list(texts))
        self._began.release()
        assert self._may_go.wait(PATIENCE)
        if BAD in texts:
            raise InvalidRequest(f"text {list(texts).index(BAD)} is bad")
        return rows(*texts)


def rows(*texts: str) -> Vectors:
    return np.array([[float(text.strip("x"))] for text in texts], dtype=np.float32)


async def all_have_asked() -> None:
    """Tasks made before run up to their first wait."""
    await asyncio.sleep(0)


@asynccontextmanager
async def busy(encoder: Encoder, batcher: Batcher) -> AsyncIterator[asyncio.Task[Vectors]]:
    """Inside, the text "0" is being computed; afterwards the encoder goes on."""
    first = asyncio.create_task(batcher.embed(["0"]))
    await encoder.has_begun()
    yield first
    await all_have_asked()
    encoder.open()
    await asyncio.wait([first])


async def test_a_lone_call_is_one_call_of_the_encoder_with_its_texts_alone() -> None:
    encoder = Encoder()
    np.testing.assert_array_equal(await Batcher(encoder).embed(["7"]), rows("7"))
    assert encoder.calls == [["7"]]


async def test_calls_of_the_same_moment_are_one_call_of_the_encoder() -> None:
    encoder = Encoder()
    batcher = Batcher(encoder)
    found = await asyncio.gather(*(batcher.embed([str(n)]) for n in range(50)))
    assert encoder.calls == [[str(n) for n in range(50)]]
    for n, vectors in enumerate(found):
        np.testing.assert_array_equal(vectors, rows(str(n)))


async def test_what_comes_while_the_encoder_is_busy_is_its_next_call() -> None:
    encoder = Encoder(closed=True)
    batcher = Batcher(encoder)
    async with busy(encoder, batcher) as first:
        later = [asyncio.create_task(batcher.embed([str(n)])) for n in range(1, 11)]
    await asyncio.gather(*later)
    assert encoder.calls == [["0"], [str(n) for n in range(1, 11)]]
    np.testing.assert_array_equal(first.result(), rows("0"))


async def test_calls_of_several_texts_get_their_own_rows_back_in_order() -> None:
    encoder = Encoder()
    batcher = Batcher(encoder)
    wanted = [["5", "3"], ["9"], ["1", "1", "2"], ["9"]]
    found = await asyncio.gather(*map(batcher.embed, wanted))
    assert len(encoder.calls) == 1
    for texts, vectors in zip(wanted, found, strict=True):
        np.testing.assert_array_equal(vectors, rows(*texts))


async def test_a_result_does_not_hold_on_to_its_neighbours() -> None:
    batcher = Batcher(Encoder())
    one, _ = await asyncio.gather(batcher.embed(["1"]), batcher.embed(["2"]))
    assert one.base is None


async def test_a_text_that_cannot_be_embedded_fails_its_own_call_only() -> None:
    batcher = Batcher(Encoder())
    found = await asyncio.gather(
        batcher.embed(["1"]), batcher.embed(["2", BAD]), batcher.embed(["3"]), return_exceptions=True
    )
    assert isinstance(found[1], InvalidRequest)
    assert "text 1 is bad" in str(found[1])  # counted in its own call
    np.testing.assert_array_equal(found[0], rows("1"))
    np.testing.assert_array_equal(found[2], rows("3"))


async def test_a_failure_that_no_text_is_to_blame_for_is_everyones_and_the_next_call_is_tried() -> None:
    broken = [StartRefused("the model is missing")]
    calls: list[list[str]] = []

    def encoder(texts: Sequence[str]) -> Vectors:
        calls.append(list(texts))
        if broken:
            raise broken[0]
        return rows(*texts)

    batcher = Batcher(encoder)
    found = await asyncio.gather(*(batcher.embed([str(n)]) for n in range(3)), return_exceptions=True)
    assert all(isinstance(one, StartRefused) for one in found)
    assert len(calls) == 1
    broken.clear()
    np.testing.assert_array_equal(await batcher.embed(["4"]), rows("4"))


async def test_a_call_cancelled_while_it_waits_is_left_out() -> None:
    encoder = Encoder(closed=True)
    batcher = Batcher(encoder)
    async with busy(encoder, batcher):
        one, two, three = [asyncio.create_task(batcher.embed([str(n)])) for n in (1, 2, 3)]
        await all_have_asked()
        two.cancel()
    await asyncio.wait([one, two, three])
    assert encoder.calls == [["0"], ["1", "3"]]
    assert two.cancelled()
    np.testing.assert_array_equal(three.result(), rows("3"))


async def test_a_call_cancelled_while_it_is_computed_does_not_disturb_the_others() -> None:
    encoder = Encoder(closed=True)
    batcher = Batcher(encoder)
    one, two = [asyncio.create_task(batcher.embed([str(n)])) for n in (1, 2)]
    await encoder.has_begun()
    one.cancel()
    await asyncio.wait([one])
    three = asyncio.create_task(batcher.embed(["3"]))
    await all_have_asked()
    encoder.open()
    np.testing.assert_array_equal(await two, rows("2"))
    np.testing.assert_array_equal(await three, rows("3"))
    assert encoder.calls == [["1", "2"], ["3"]]


async def test_when_everyone_has_left_nothing_is_computed_and_the_next_call_is() -> None:
    encoder = Encoder()
    batcher = Batcher(encoder)
    gone = asyncio.create_task(batcher.embed(["1"]))
    await all_have_asked()
    gone.cancel()
    await asyncio.wait([gone])
    np.testing.assert_array_equal(await batcher.embed(["2"]), rows("2"))
    assert encoder.calls == [["2"]]


async def test_a_batch_is_bounded_in_texts() -> None:
    encoder = Encoder()
    batcher = Batcher(encoder)
    await asyncio.gather(*(batcher.embed([str(n), str(n)]) for n in range(BATCH_TEXTS)))
    assert [len(call) for call in encoder.calls] == [BATCH_TEXTS, BATCH_TEXTS]


async def test_a_batch_is_bounded_in_characters() -> None:
    encoder = Encoder()
    batcher = Batcher(encoder)
    text = "1".ljust(SHORT, "x")
    await asyncio.gather(*(batcher.embed([text]) for _ in range(20)))
    assert [len(call) for call in encoder.calls] == [BATCH_CHARACTERS // SHORT] * 2 + [4]


async def test_a_call_larger_than_a_batch_is_a_batch() -> None:
    encoder = Encoder()
    await Batcher(encoder).embed(["1"] * (BATCH_TEXTS + 1))
    assert [len(call) for call in encoder.calls] == [BATCH_TEXTS + 1]


def test_several_loops_use_one_batcher_at_the_same_time() -> None:
    encoder = Encoder()
    batcher = Batcher(encoder)
    together = threading.Barrier(4)
    wrong: list[int] = []

    async def ask(first: int) -> None:
        for _ in range(5):
            await asyncio.to_thread(together.wait, PATIENCE)
            found = await asyncio.gather(*(batcher.embed([str(first + n)]) for n in range(30)))
            wrong.extend(first + n for n, one in enumerate(found) if one.tolist() != [[first + n]])

    threads = [threading.Thread(target=asyncio.run, args=(ask(1000 * loop),)) for loop in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []
    assert sum(map(len, encoder.calls)) == 4 * 5 * 30
    assert len(encoder.calls) == 4 * 5


async def test_a_batch_of_one_loop_does_not_hold_up_another_loop() -> None:
    encoder = Encoder(closed=True)
    may_answer = threading.Event()

    def compute(texts: Sequence[str]) -> Vectors:
        if texts[0] == "0":
            return encoder(texts)
        may_answer.set()
        return rows(*texts)

    batcher = Batcher(compute)
    async with busy(encoder, batcher) as first:
        other = await asyncio.to_thread(lambda: asyncio.run(batcher.embed(["5"])))
        np.testing.assert_array_equal(other, rows("5"))
        assert not first.done()


async def test_batches_run_in_no_callers_context() -> None:
    request: ContextVar[str] = ContextVar("request", default="none")
    seen: list[str] = []
    encoder = Encoder(closed=True)

    class Loop(Batcher):
        def _start(self, loop: asyncio.AbstractEventLoop) -> None:
            seen.append(request.get())
            super()._start(loop)

    batcher = Loop(encoder)

    async def ask(name: str) -> str:
        request.set(name)
        await batcher.embed(["0"])
        return request.get()

    first = asyncio.create_task(ask("first"))
    await encoder.has_begun()
    second = asyncio.create_task(ask("second"))
    await all_have_asked()
    encoder.open()
    assert list(await asyncio.gather(first, second)) == ["first", "second"]
    assert set(seen) == {"none"}


async def test_a_loop_whose_threads_are_stopped_says_so_instead_of_hanging() -> None:
    batcher = Batcher(Encoder())
    await asyncio.get_running_loop().shutdown_default_executor()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="shutdown"):
            await batcher.embed(["1"])


def test_a_loop_that_ends_with_a_batch_running_leaves_no_thread() -> None:
    encoder = Encoder(closed=True)
    batcher = Batcher(encoder)
    before = threading.active_count()

    async def leave() -> None:
        calls = [asyncio.create_task(batcher.embed([str(n)])) for n in range(3)]
        await encoder.has_begun()
        calls[0].cancel()
        encoder.open()

    asyncio.run(leave())
    assert threading.active_count() == before
    np.testing.assert_array_equal(asyncio.run(batcher.embed(["8"])), rows("8"))


def test_a_loop_that_was_closed_in_the_middle_is_forgotten() -> None:
    encoder = Encoder(closed=True)
    batcher = Batcher(encoder)

    async def leave() -> None:
        call = asyncio.create_task(batcher.embed(["1"]))
        await encoder.has_begun()
        call.cancel()
        await asyncio.wait([call])

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    loop.close()
    encoder.open()
    known = weakref.ref(loop)
    del loop
    asyncio.run(batcher.embed(["2"]))
    gc.collect()
    assert known() is None


@pytest.mark.parametrize(
    ("texts", "short"),
    [
        ([], False),
        (["question"], True),
        ([""], True),
        (["question"] * FEW, True),
        (["question"] * (FEW + 1), False),
        (["x" * SHORT], True),
        (["x" * SHORT, "x"], False),
        ("text", False),
    ],
)
def test_only_a_few_short_texts_share(texts: Sequence[str], short: bool) -> None:
    assert is_short(texts) is short
