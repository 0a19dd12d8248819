"""These tests need the extra `finetune`; where it is missing, they are not even imported."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("trl") else ["test_*.py"]
