"""Stands in for `backend/agents/providers/local_models/child.py`: the mock server in a child, told by its file's name.

`refuse` cannot be loaded, `silent` ends without a word; any other file or folder is served.
"""

import json
import os
import signal
import sys
from pathlib import Path

from backend.agents.providers.local_models.child import KEY_VARIABLE, die_with_parent
from tests.mock_llm.server import MockServer


def main() -> None:
    die_with_parent()
    file = Path(sys.argv[1])
    assert os.environ[KEY_VARIABLE]
    if file.stem == "refuse":
        sys.stderr.write("0.00.076.114 E srv    load_model: failed to load model\n")
    if file.stem in ("refuse", "silent"):
        raise SystemExit(1)
    with MockServer() as server:
        sys.stdout.write(json.dumps({"url": server.root}) + "\n")
        sys.stdout.flush()
        signal.sigwait([signal.SIGTERM])


if __name__ == "__main__":
    main()
