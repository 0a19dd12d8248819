"""Reading an answer on its way, and hanging up."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from contracts.chat import RagChat, TokenEvent
from frontend.api_client import Api, http_client
from frontend.components.answer_stream import AnswerStream

CONVERSATION = UUID("7d8c1f0e-3a52-4b1c-9a41-0d2f8f7d6c01")
HEAD = (
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
    f"X-Conversation-ID: {CONVERSATION}\r\n\r\n"
)


def _chunk(text: str) -> bytes:
    return f"{len(text):x}\r\n{text}\r\n".encode()


def _token(text: str) -> bytes:
    return _chunk(f"event: token\ndata: {TokenEvent(text=text).model_dump_json()}\n\n")


@dataclass
class SilentServer:
    """Answers one request with `says` and then nothing. `left` is set when its client hangs up."""

    says: bytes = b""
    asked: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)
    head: bytes = b""
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def answer(self) -> None:
        connection, _ = self.listener.accept()
        with connection:
            while b"\r\n\r\n" not in self.head or not self.head.endswith(b"}"):
                self.head += connection.recv(65536)
            connection.sendall(HEAD.encode() + self.says)
            self.asked.set()
            if connection.recv(1) == b"":
                self.left.set()


@contextmanager
def _silent(says: bytes = b"") -> Iterator[SilentServer]:
    server = SilentServer(says)
    thread = threading.Thread(target=server.answer, daemon=True)
    thread.start()
    with server.listener:
        yield server
    thread.join(10)
    assert not thread.is_alive()


def _question() -> RagChat:
    return RagChat(message="Hello?", collection_id=uuid4())


def test_stopping_hangs_up_at_once_although_nothing_comes() -> None:
    with _silent() as server, http_client(server.url) as http:
        stream = AnswerStream(Api(http, "secret"), _question())
        batches = stream.batches()
        while stream.conversation_id is None:
            assert next(batches) == []
        assert stream.conversation_id == CONVERSATION

        stream.stop()

        assert server.left.wait(10)
        assert [batch for batch in batches if batch] == []


def test_leaving_an_answer_hangs_up_too_and_keeps_what_came() -> None:
    with _silent(_token("One ")) as server, http_client(server.url) as http:
        batches = AnswerStream(Api(http, "secret"), _question()).batches()
        assert next(batch for batch in batches if batch) == [TokenEvent(text="One ")]

        batches.close()

        assert server.left.wait(10)


def test_an_answer_has_a_connection_of_its_own() -> None:
    with _silent() as server, http_client(server.url) as http:
        stream = AnswerStream(Api(http, "secret"), _question())
        batches = stream.batches()
        next(batches)
        assert server.asked.wait(10)
        assert b"connection: close" in server.head.lower()
        stream.stop()
        assert list(batches)[-1:] in ([], [[]])


def test_stopping_twice_and_after_the_end_is_harmless() -> None:
    with _silent() as server, http_client(server.url) as http:
        stream = AnswerStream(Api(http, "secret"), _question())
        stream.stop()
        assert list(stream.batches())[-1:] == [[]]
        stream.stop()
        assert server.left.wait(10)
