"""What the README and the pages tell people to type works as it stands."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"`([^`\n]+)`", README) + [
    line for block in re.findall(r"```\n(.*?)```", README, re.DOTALL) for line in block.splitlines()
]


def _larger_files(auth: str) -> None:
    from pathlib import Path

    from frontend.config import UiConfig
    from frontend.views import uploads

    uploads._larger_files(UiConfig("http://127.0.0.1:8000", Path("data"), auth, 200))


def _on_the_page(auth: str) -> str:
    page = AppTest.from_function(_larger_files, default_timeout=30, kwargs={"auth": auth}).run()
    return str(page.code[0].value)


def test_the_command_of_the_installation_is_called_where_it_is() -> None:
    calls = [command for command in COMMANDS if re.search(r"\bnexus (token|key|db|up)\b", command)]
    assert calls
    assert [call for call in calls if ".venv/bin/nexus" not in call] == []
    assert ".venv/bin/nexus token" in _on_the_page("local")
    assert "nexus token" not in _on_the_page("keys")


@pytest.mark.parametrize("place", ["readme", "local", "keys"])
def test_a_file_that_is_sent_is_there(place: str) -> None:
    text = README if place == "readme" else _on_the_page(place)
    files = re.findall(r"-F files=@(\S+)", text)
    assert files
    assert [name for name in files if not (ROOT / name).is_file()] == []


def test_the_page_and_the_readme_send_a_file_alike() -> None:
    [from_readme] = [line for line in COMMANDS if "/faq/upload" in line]
    from_page = " ".join(_on_the_page("local").replace("\\\n", " ").split())
    assert from_page == from_readme.replace("$TOKEN", "$(.venv/bin/nexus token)")
