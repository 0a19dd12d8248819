import subprocess
import sys

from backend.agents.providers import PROVIDERS, VENDORS
from backend.agents.providers.vendors import vendor_hosts


def test_every_provider_has_a_row_of_facts() -> None:
    assert set(PROVIDERS.names) == set(VENDORS)
    assert all(row.label for row in VENDORS.values())


def test_vendors_are_listed_by_host_for_the_outbound_policy() -> None:
    assert vendor_hosts() == {"api.openai.com"}


def test_the_table_imports_no_vendor_library() -> None:
    code = (
        "import sys; from backend.agents.providers import PROVIDERS\n"
        "[PROVIDERS.get(name) for name in PROVIDERS.names]\n"
        "assert not {'openai', 'pydantic_ai', 'genai_prices'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
