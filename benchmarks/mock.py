"""The mock provider in a process of its own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.product import Client, Product, answers, free_port, stop, until

SERVER = "openai-compatible"


@contextmanager
def mock(product: Product, *options: str) -> Iterator[str]:
    """Its base URL. Without a pause between words; `options` are those of `python -m tests.mock_openai`."""
    port = free_port()
    process = product.spawn(
        sys.executable, "-m", "tests.mock_openai", "--port", str(port), "--delta-seconds", "0", *options
    )
    try:
        base_url = f"http://127.0.0.1:{port}/v1"
        until(lambda: answers(f"{base_url}/models"), seconds=60, what="the mock answers")
        yield base_url
    finally:
        stop(process)


def connect(client: Client, base_url: str, model: str) -> None:
    settings = {"base_url": base_url, "model": model}
    client.http.put(f"/providers/{SERVER}", json=settings).raise_for_status()
