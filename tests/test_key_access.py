"""What the command line's keys cost."""

import subprocess
import sys


def test_the_keys_of_the_command_line_take_no_other_service() -> None:
    """In a fresh interpreter: others have imported much here."""
    code = (
        "import sys, backend.key_access;"
        "print(sorted({'backend.container', 'backend.services.chat', 'backend.services.app_services', 'fastapi'}"
        " & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
