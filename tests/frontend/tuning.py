"""States of the fine-tune page, made over the API or told by it."""

from collections.abc import Callable
from typing import Any

import pytest

from contracts.datasets import Dataset, NewDataset
from contracts.page import Page
from frontend.api_client import Api
from tests.frontend.conftest import Pages

TUNE = "pages/3_Fine-tune.py"


def make(pages: Pages, **more: Any) -> Dataset:
    accepted = pages.api.create_dataset(NewDataset(name="Support", **more))
    pages.drain()
    return pages.api.dataset(accepted.dataset.id)


def unmade(page: Page[Dataset]) -> Page[Dataset]:
    return Page(items=[one.model_copy(update={"content_hash": None}) for one in page.items])


def told(monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[Any], Any]) -> None:
    """What the client says of a call is changed."""
    asked = getattr(Api, name)
    monkeypatch.setattr(Api, name, lambda *args, **more: change(asked(*args, **more)))
