"""What visitors said about themselves, on disk: sealed, and found by a keyed hash of their e-mail address or number."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import JsonValue

from backend.security.secrets import SecretBox, read_or_create, require_strong

INDEX_KEY_FILE: Final = "person_index_key"


class PersonIndex:
    """Hashes (HMAC-SHA256, hex) that are the same for the same address or number of a workspace, and tell neither."""

    def __init__(self, key: str) -> None:
        self._key = key.encode("ascii")

    @classmethod
    def open(cls, directory: Path) -> "PersonIndex":
        """By `directory/person_index_key`, made on first use. Raises `StartRefused` as `local_token` does."""
        path = directory / INDEX_KEY_FILE
        key = read_or_create(path, lambda: secrets.token_urlsafe(32)).strip()
        require_strong(key, name=str(path))
        return cls(key)

    def hash(self, workspace_id: UUID, kind: str, value: str) -> str:
        """`kind` is what the value is, such as `email`; case and blanks around it are none of its own."""
        said = f"{workspace_id}\n{kind}\n{value.strip().casefold()}"
        return hmac.new(self._key, said.encode(), hashlib.sha256).hexdigest()


class Sealer:
    """Seals what is kept of a lead; it opens for that lead alone."""

    def __init__(self, box: SecretBox) -> None:
        self._box = box

    def seal(self, workspace_id: UUID, lead_id: UUID, value: JsonValue | Sequence[dict[str, Any]]) -> str:
        return self._box.encrypt(json.dumps(value, ensure_ascii=False), bound_to=_binding(workspace_id, lead_id))

    def unseal(self, workspace_id: UUID, lead_id: UUID, sealed: str) -> Any:
        """Raises `SecretUnreadable` for another lead's, another key and a damaged text."""
        return json.loads(self._box.decrypt(sealed, bound_to=_binding(workspace_id, lead_id)))


def _binding(workspace_id: UUID, lead_id: UUID) -> str:
    return f"lead\n{workspace_id}\n{lead_id}"
