"""Settings as an operator gives them: text in the environment."""

import pytest
from pydantic import SecretStr

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


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_takes_its_default_as_text(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    default = getattr(Settings(), name)
    given = "given" if default is None else ",".join(default) if isinstance(default, tuple) else str(default)
    if name == "log_format":
        given = "json"
    monkeypatch.setenv(f"NEXUS_{name.upper()}", given)
    taken = getattr(Settings(), name)
    text = taken.get_secret_value() if isinstance(taken, SecretStr) else taken
    assert text == (given if default is None else default)
