import re
import subprocess
import sys

import pytest

from backend.agents.providers import PROVIDERS
from backend.errors import InvalidRequest


def test_vendors_are_listed_by_host_for_the_outbound_policy() -> None:
    assert PROVIDERS.public_hosts() == {
        "api.openai.com",
        "api.anthropic.com",
        "generativelanguage.googleapis.com",
        "api.mistral.ai",
        "api.groq.com",
        "api.together.xyz",
        "api.fireworks.ai",
        "openrouter.ai",
    }


def test_neither_a_start_nor_the_table_imports_a_vendor_library() -> None:
    code = (
        "import sys, backend.app; from backend.agents.providers import PROVIDERS\n"
        "[PROVIDERS.get(name) for name, row in PROVIDERS.vendors.items() if not row.missing_extra]\n"
        "sdks = {'openai', 'anthropic', 'google.genai', 'mistralai', 'pydantic_ai', 'genai_prices', 'pypi_simple'}\n"
        "assert not sdks & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("name", "model", "says"),
    [
        ("openai", "gpt", ""),
        ("local", "/models/some.gguf", ""),
        ("local", "", ""),
        ("local", "/", "judge.provider: the model '/' cannot judge"),
        ("builtin", "", "judge.provider: 'builtin' cannot judge; choose one that writes structured answers"),
    ],
)
def test_who_writes_no_answers_of_a_given_form_is_refused_by_name(name: str, model: str, says: str) -> None:
    if not says:
        PROVIDERS.check_structured(name, model, field="judge.provider", to="judge")
        return
    with pytest.raises(InvalidRequest, match=f"^{re.escape(says)}"):
        PROVIDERS.check_structured(name, model, field="judge.provider", to="judge")
