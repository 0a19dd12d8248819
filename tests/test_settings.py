"""Settings as an operator gives them: text in the environment."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from backend.settings import Settings


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("", ()),
        ("models.example", ("models.example",)),
        ("models.example, 10.0.0.7 ,", ("models.example", "10.0.0.7")),
    ],
)
def test_hosts_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch, text: str, hosts: tuple[str, ...]) -> None:
    monkeypatch.setenv("NEXUS_OUTBOUND_ALLOW", text)
    assert Settings().outbound_allow == hosts


def test_base_models_are_taken_from_every_folder_where_their_owner_alone_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXUS_BASE_MODEL_DIRS", "/srv/models, /mnt/models")
    monkeypatch.setenv("NEXUS_DATA_DIR", "/data")
    assert Settings().base_models is None
    monkeypatch.setenv("NEXUS_AUTH", "keys")
    assert Settings().base_models == tuple(map(Path, ("/data/models", "/srv/models", "/mnt/models")))


@pytest.mark.parametrize("name", ["DATA_DIR", "AUTH", "API_PORT", "LOG_LEVEL", "DATABASE_URL", "OPIK_URL"])
def test_an_empty_variable_leaves_the_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    expected = getattr(Settings(), name.lower())
    monkeypatch.setenv(f"NEXUS_{name}", "")
    assert getattr(Settings(), name.lower()) == expected


@pytest.mark.parametrize(("name", "value"), [("DATABASE_URL", "foo"), ("DB_BUSY_TIMEOUT", "-5")])
def test_a_value_that_cannot_work_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"NEXUS_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_takes_its_default_as_text(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    default = getattr(Settings(), name)
    given = "given" if default is None else ",".join(default) if isinstance(default, tuple) else str(default)
    given = {"log_format": "json", "database_url": "sqlite:///elsewhere.db"}.get(name, given)
    monkeypatch.setenv(f"NEXUS_{name.upper()}", given)
    taken = getattr(Settings(), name)
    text = taken.get_secret_value() if isinstance(taken, SecretStr) else taken
    assert (str(text) if default is None else text) == (given if default is None else default)
