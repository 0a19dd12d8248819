import subprocess
import sys

from backend.agents.providers import PROVIDERS


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
