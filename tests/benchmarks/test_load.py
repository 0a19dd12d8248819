import asyncio

import pytest

from benchmarks.load import Load, read_answer


def reader_of(*answers: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    for answer in answers:
        reader.feed_data(answer)
    reader.feed_eof()
    return reader


async def test_answers_on_one_connection_are_told_apart_by_their_length() -> None:
    reader = reader_of(
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nHTTP", b"HTTP/1.1 422 No\r\ncontent-length: 0\r\n\r\n"
    )

    assert [await read_answer(reader), await read_answer(reader)] == ["200", "422"]


async def test_an_answer_without_a_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="no Content-Length"):
        await read_answer(reader_of(b"HTTP/1.1 200 OK\r\n\r\nbody"))


def test_a_request_says_its_length_in_bytes_and_carries_the_token() -> None:
    [request] = Load(port=1, path="/x", bodies=['"ä"'], token="secret").requests()

    head, _, body = request.partition(b"\r\n\r\n")
    assert b"Content-Length: 4" in head.split(b"\r\n")
    assert b"Authorization: Bearer secret" in head.split(b"\r\n")
    assert body.decode() == '"ä"'
