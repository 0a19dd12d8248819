"""Files of a multipart body, written to disk while they arrive: no second copy, no more than a chunk in memory."""

import asyncio
import errno
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from backend.errors import FileTooLarge, InvalidRequest, NexusError, StorageFull

BUFFER: Final = 1024 * 1024
MAX_HEADERS: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file in `path`, or the problem that it was refused for (then nothing is left on disk)."""

    name: str
    path: Path
    size: int
    sha256: str
    problem: NexusError | None = None


class _Part:
    """One file that is arriving."""

    def __init__(self, name: str, path: Path, limit: int) -> None:
        self.name = name
        self.path = path
        self.size = 0
        self.problem: NexusError | None = None
        self._limit = limit
        self._hash = hashlib.sha256()
        self._file: BinaryIO | None = None

    def write(self, data: bytes) -> None:
        """Counts, hashes and stores; past the limit it only counts. Raises `StorageFull`."""
        self.size += len(data)
        if self.problem is not None:
            return
        if self.size > self._limit:
            self.problem = FileTooLarge(f"{self.name!r} is larger than the limit of {self._limit} bytes")
            self.drop()
            return
        try:
            if self._file is None:
                self._file = self.path.open("xb")
            self._file.write(data)
        except OSError as exc:
            self.drop()
            raise _storage_error(exc) from exc
        self._hash.update(data)

    def finish(self) -> ReceivedFile:
        try:
            if self._file is not None:
                self._file.close()
            elif self.problem is None:
                self.path.touch(exist_ok=False)
        except OSError as exc:
            self.drop()
            raise _storage_error(exc) from exc
        return ReceivedFile(self.name, self.path, self.size, self._hash.hexdigest(), self.problem)

    def drop(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self.path.unlink(missing_ok=True)


class _Receiver:
    """Turns the parser's callbacks into finished files. Raises `InvalidRequest` for a body that is not a form."""

    def __init__(self, content_type: str, new_path: Callable[[], Path], *, file_limit: int, file_count: int) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise InvalidRequest("send the files as multipart/form-data in fields named 'files'")
        self._new_path = new_path
        self._file_limit = file_limit
        self._file_count = file_count
        self._headers: dict[bytes, bytes] = {}
        self._header_size = 0
        self._field = b""
        self._value = b""
        self._pending = bytearray()
        self.part: _Part | None = None
        self.finished: list[ReceivedFile] = []
        self.count = 0
        self.is_complete = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    def feed(self, data: bytes) -> None:
        try:
            self._parser.write(data)
        except FormParserError as exc:
            raise InvalidRequest("the multipart body is damaged; send the files again") from exc

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += self._counted(data[start:end])

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += self._counted(data[start:end])

    def _counted(self, data: bytes) -> bytes:
        self._header_size += len(data)
        if self._header_size > MAX_HEADERS:
            raise InvalidRequest(f"the headers of a part exceed {MAX_HEADERS} bytes")
        return data

    def _on_header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._headers, self._header_size = {}, 0
        name = options.get(b"filename")
        if options.get(b"name") != b"files" or name is None:
            raise InvalidRequest(f"unexpected form field {options.get(b'name', b'').decode(errors='replace')!r}")
        self.count += 1
        if self.count > self._file_count:
            raise InvalidRequest(f"at most {self._file_count} files in one upload")
        self.part = _Part(name.decode("utf-8", errors="replace"), self._new_path(), self._file_limit)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._pending += data[start:end]
        if len(self._pending) >= BUFFER:
            self._flush()

    def _on_part_end(self) -> None:
        self._flush()
        if self.part is not None:
            self.finished.append(self.part.finish())
            self.part = None

    def _flush(self) -> None:
        if self.part is not None and self._pending:
            self.part.write(bytes(self._pending))
        self._pending.clear()

    def _on_end(self) -> None:
        self.is_complete = True


async def receive_files(
    body: AsyncIterator[bytes],
    content_type: str,
    new_path: Callable[[], Path],
    *,
    file_limit: int,
    file_count: int,
) -> AsyncGenerator[ReceivedFile]:
    """Each file as soon as it is complete. Whatever ends this early, no partial file is left.

    A file over `file_limit` bytes comes with its problem; when it is the first, reading stops there.
    """
    receiver = _Receiver(content_type, new_path, file_limit=file_limit, file_count=file_count)
    accepted = 0
    try:
        async for data in body:
            await asyncio.to_thread(receiver.feed, data)
            part = receiver.part
            if part is not None and part.problem is not None and accepted == 0 and not receiver.finished:
                raise part.problem
            while receiver.finished:
                file = receiver.finished.pop(0)
                accepted += file.problem is None
                yield file
        if not receiver.is_complete:
            raise InvalidRequest("the multipart body ended early; send the files again")
    finally:
        if receiver.part is not None:
            receiver.part.drop()
        for file in receiver.finished:
            file.path.unlink(missing_ok=True)


def _storage_error(exc: OSError) -> NexusError:
    if exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageFull("there is no room for this file on the server; free some space and try again")
    return NexusError("the file could not be stored; see the server's log")
