"""Answers as they come: read on a thread of their own, so that Stop works while the model is still silent."""

import queue
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID

from contracts.chat import Chat, ChatEvent, RagChat
from contracts.comparisons import ComparisonEvent, NewComparison
from contracts.smart import SmartChat, SmartEvent
from frontend.api_client import Api, ApiError
from frontend.chat_stream import ChatStream, ComparisonStream, EventStream, SmartStream, TalkStream

TICK = 0.1
E = TypeVar("E")
S = TypeVar("S", bound=EventStream[Any])
T = TypeVar("T", bound=TalkStream[Any])


@dataclass
class Batches(Generic[E, S]):
    """Batches of events, at most ten a second; an empty batch says that nothing came. Raises `ApiError`."""

    open: Callable[[], AbstractContextManager[S]]
    _stream: S | None = None
    _events: "queue.Queue[E | ApiError | None]" = field(default_factory=queue.Queue)
    _failed: ApiError | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Ends the request at once, from any thread and however silent the model is. Harmless after its end."""
        self._stopped.set()
        stream = self._stream
        if stream is not None:
            stream.hang_up()

    def batches(self) -> Generator[list[E]]:
        """Ends after the last event. Leaving it early stops the request."""
        threading.Thread(target=self._read, daemon=True).start()
        try:
            while True:
                batch, is_over = self._drain()
                yield batch
                if is_over:
                    return
        finally:
            self.stop()

    def _read(self) -> None:
        try:
            with self.open() as stream:
                self._stream = stream
                if self._stopped.is_set():  # `stop` came before there was a stream to hang up
                    return
                for event in stream:
                    self._events.put(event)
        except ApiError as error:
            if not self._stopped.is_set():
                self._events.put(error)
        finally:
            self._events.put(None)

    def _drain(self) -> tuple[list[E], bool]:
        """What arrived within one tick, and whether that was all. What came before an error is handed out first."""
        if self._failed is not None:
            raise self._failed
        batch: list[E] = []
        self._stopped.wait(TICK)
        while True:
            try:
                event = self._events.get_nowait()
            except queue.Empty:
                return batch, False
            if event is None:
                return batch, True
            if isinstance(event, ApiError):
                self._failed = event
                if not batch:
                    raise event
                return batch, False
            batch.append(event)


class TalkBatches(Batches[E, T]):
    """`conversation_id` is None until the API has taken the question."""

    def __init__(self, open: Callable[[], AbstractContextManager[T]], asked_in: UUID | None) -> None:
        super().__init__(open)
        self._asked_in = asked_in

    @property
    def conversation_id(self) -> UUID | None:
        stream = self._stream
        return self._asked_in if stream is None else stream.conversation_id


class AnswerStream(TalkBatches[ChatEvent, ChatStream]):
    def __init__(self, api: Api, question: RagChat | Chat) -> None:
        super().__init__(partial(api.chat, question), question.conversation_id)


class SmartAnswerStream(TalkBatches[SmartEvent, SmartStream]):
    """An agent's answer to a visitor."""

    def __init__(self, api: Api, message: SmartChat) -> None:
        super().__init__(partial(api.smart_chat, message), message.conversation_id)


class RaceStream(Batches[ComparisonEvent, ComparisonStream]):
    """The lanes of a comparison; of a blind one there is one event, when all are done."""

    def __init__(self, api: Api, new: NewComparison) -> None:
        super().__init__(partial(api.compare, new))
