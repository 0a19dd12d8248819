"""The settings' card of the model on this machine: whose model it is, where it is, and what was saved of it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.agents.providers import Vendor
from backend.agents.providers.local_models import model_files
from contracts.problem import Problem
from contracts.providers import ProviderCheck, ProviderFailure, ProviderSettings
from frontend.api_client import Api, ApiError
from tests.frontend.conftest import Pages
from tests.frontend.looking import field, press, words

SETTINGS = "pages/9_Settings.py"


def told_of_local(pages: Pages, monkeypatch: pytest.MonkeyPatch, **changed: object) -> None:
    told = [one.model_copy(update=changed) if one.name == "local" else one for one in pages.api.providers()]
    monkeypatch.setattr(Api, "providers", lambda _: told)


def test_a_folder_of_ones_own_is_shown_whole_without_what_is_said_of_the_sample(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    detail = "model: '/models/mine' is a folder, and transformers is not installed"
    failure = ProviderFailure(code="provider_rejected", detail=detail, at=datetime(2026, 11, 28, tzinfo=UTC))
    ready = {"state": "ready", "missing_extra": None, "configured": True, "hidden": False, "is_stored": True}
    told_of_local(pages, monkeypatch, **ready, model="/models/mine", last_error=failure)
    page = pages.open(SETTINGS)
    assert "model `` /models/mine ``" in words(page)
    assert not any("is small" in str(one.value) for one in page.caption)
    assert "folder" in field(page.text_input, "model_local").placeholder
    assert words(page).count("transformers is not installed") == 1

    def failed(_api: Api, _name: str) -> ProviderCheck:
        raise ApiError(Problem(title="It refused", status=502, detail=detail, code="provider_rejected"))

    monkeypatch.setattr(Api, "check_provider", failed)
    assert words(press(page, "check_local")).count("transformers is not installed") == 1


def test_to_clear_the_model_goes_back_to_the_sample_and_says_so(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"GGUF\x03\x00\x00\x00")
    monkeypatch.setattr(model_files, "_sample", lambda: file)
    monkeypatch.setattr(Vendor, "missing_extra", None)
    pages.api.save_provider("local", ProviderSettings(model=str(file)))
    page = pages.open(SETTINGS)
    field(page.text_input, "model_local").set_value("")
    button = next(one for one in page.button if one.label == "Save" and "local" in str(one.form_id))
    button.click().run()
    assert next(one for one in pages.api.providers() if one.name == "local").model == model_files.SAMPLE
    assert ["Saved: the sample, `` SmolLM2-135M-Instruct ``." in str(one.value) for one in page.success] == [True]
