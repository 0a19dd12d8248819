"""An answer as it comes: read on its own thread, so that Stop works while the model is still silent."""

import queue
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

from contracts.chat import ChatEvent, RagChat
from frontend.api_client import Api, ApiError

TICK = 0.1


@dataclass
class AnswerStream:
    """Batches of events, at most ten a second; an empty batch says that nothing came. Raises `ApiError`."""

    api: Api
    question: RagChat
    _events: "queue.Queue[ChatEvent | ApiError | None]" = field(default_factory=queue.Queue)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def batches(self) -> Iterator[list[ChatEvent]]:
        """Ends after the last event. Leaving it early stops the request after its next event."""
        threading.Thread(target=self._read, daemon=True).start()
        try:
            while True:
                batch, is_over = self._drain()
                yield batch
                if is_over:
                    return
        finally:
            self._stopped.set()

    def _read(self) -> None:
        try:
            with closing(self.api.chat(self.question)) as events:
                for event in events:
                    self._events.put(event)
                    if self._stopped.is_set():
                        return
        except ApiError as error:
            self._events.put(error)
        finally:
            self._events.put(None)

    def _drain(self) -> tuple[list[ChatEvent], bool]:
        """What arrived within one tick, and whether that was all."""
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
                raise event
            batch.append(event)
