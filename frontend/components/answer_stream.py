"""An answer as it comes: read on its own thread, so that Stop works while the model is still silent."""

import queue
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from uuid import UUID

from contracts.chat import Chat, ChatEvent, RagChat
from frontend.api_client import Api, ApiError
from frontend.chat_stream import ChatStream

TICK = 0.1


@dataclass
class AnswerStream:
    """Batches of events, at most ten a second; an empty batch says that nothing came. Raises `ApiError`.

    `conversation_id` is None until the API has taken the question.
    """

    api: Api
    question: RagChat | Chat
    _stream: ChatStream | None = None
    _events: "queue.Queue[ChatEvent | ApiError | None]" = field(default_factory=queue.Queue)
    _failed: ApiError | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def conversation_id(self) -> UUID | None:
        stream = self._stream
        return self.question.conversation_id if stream is None else stream.conversation_id

    def stop(self) -> None:
        """Ends the request at once, from any thread and however silent the model is. Harmless after its end."""
        self._stopped.set()
        stream = self._stream
        if stream is not None:
            stream.hang_up()

    def batches(self) -> Generator[list[ChatEvent]]:
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
            with self.api.chat(self.question) as stream:
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

    def _drain(self) -> tuple[list[ChatEvent], bool]:
        """What arrived within one tick, and whether that was all. What came before an error is handed out first."""
        if self._failed is not None:
            raise self._failed
        batch: list[ChatEvent] = []
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
