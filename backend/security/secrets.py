"""Secrets on disk: the local token, and the master keys that provider credentials are encrypted with.

Both files live in `<data>/secrets/`, readable by their owner only; a process refuses to start with anything else.
"""

import hmac
import json
import os
import re
import secrets
import shlex
import stat
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from backend.errors import NexusError, StartRefused

LOCAL_TOKEN_FILE: Final = "local_token"
MASTER_KEY_FILE: Final = "master_key"
TOKEN_PREFIX: Final = "nxt_"
MIN_SECRET: Final = 32

_MAX_FILE: Final = 64 * 1024
_OTHERS: Final = 0o077
# Words of seven letters and more: a random token must not contain one by chance.
_PLACEHOLDER: Final = re.compile(r"change.?me|placeholder|example|default|password|replace.?(?:me|this)", re.IGNORECASE)


class SecretUnreadable(NexusError):
    code, status, title = "secret_unreadable", 500, "A stored secret cannot be decrypted"


def local_token(directory: Path) -> str:
    """The token in `directory/local_token`, made on first use. Processes that race get the same one.

    Raises `StartRefused` when others may read the file, or when its content is short or a placeholder.
    """
    path = directory / LOCAL_TOKEN_FILE
    token = read_or_create(path, lambda: TOKEN_PREFIX + secrets.token_urlsafe(32)).strip()
    require_strong(token, name=str(path))
    return token


def is_token(presented: str, token: str) -> bool:
    """Whether the presented text is the token, in constant time; any text may be presented."""
    return hmac.compare_digest(presented.encode("utf-8", "surrogatepass"), token.encode("utf-8", "surrogatepass"))


def require_strong(secret: str, *, name: str) -> None:
    """Raises `StartRefused` for a secret under 32 characters, of few different ones, or out of a manual."""
    if len(secret) < MIN_SECRET:
        raise StartRefused(
            f"the secret in {name} has {len(secret)} characters; it needs {MIN_SECRET}: delete it to have one made"
        )
    if len(set(secret)) < 10 or _PLACEHOLDER.search(secret):
        raise StartRefused(f"the secret in {name} looks like a placeholder; delete it to have one made")


class SecretBox:
    """Encrypts credentials (Fernet: AES-128-CBC with HMAC-SHA256). The first key encrypts, every key decrypts.

    A ciphertext is bound to what it is for, such as a workspace and a base URL: with another binding it does not open,
    so a stored key cannot be sent to an address that it was not given for.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises `StartRefused` for no keys or one that is not 32 bytes of url-safe base64."""
        if not keys:
            raise StartRefused("there is no master key; restore the master_key file from a backup")
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as exc:
            raise StartRefused("a master key is damaged; restore the master_key file from a backup") from exc

    @classmethod
    def open(cls, directory: Path) -> "SecretBox":
        """The box of `directory/master_key`, made on first use. Raises `StartRefused` as `local_token` does."""
        return cls(_master_keys(directory))

    def encrypt(self, secret: str, *, bound_to: str) -> str:
        payload = json.dumps([bound_to, secret])
        return self._fernet.encrypt(payload.encode("ascii")).decode("ascii")

    def decrypt(self, ciphertext: str, *, bound_to: str) -> str:
        """Raises `SecretUnreadable` for another key, another binding or a damaged text."""
        try:
            binding, secret = json.loads(self._fernet.decrypt(ciphertext))
        except (InvalidToken, ValueError, TypeError) as exc:
            raise SecretUnreadable(
                "a stored credential was encrypted with another master key or is damaged; enter it again"
            ) from exc
        if binding != bound_to or not isinstance(secret, str):
            raise SecretUnreadable("a stored credential belongs to another address or workspace; enter it again")
        return secret


def _master_keys(directory: Path) -> list[str]:
    text = read_or_create(directory / MASTER_KEY_FILE, lambda: Fernet.generate_key().decode("ascii"))
    return [line for raw in text.splitlines() if (line := raw.strip())]


def read_or_create(path: Path, make: Callable[[], str]) -> str:
    """The file's text. It appears whole or not at all, and the first of several processes decides what it says."""
    try:
        return _read_private(path)
    except FileNotFoundError:
        pass
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = _draft(path, make() + "\n")
        try:
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_directory(path.parent)
        return _read_private(path)
    except OSError as exc:
        raise StartRefused(
            f"the secret file {str(path)!r} cannot be made ({exc.strerror}); make its folder writable"
        ) from exc


def _draft(path: Path, text: str) -> Path:
    # mkstemp opens with O_EXCL and mode 0600, whatever the umask says.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_private(path: Path) -> str:
    """Raises `FileNotFoundError`, or `StartRefused` for a file that others may read or that is no secret file."""
    # Not blocking: a named pipe in the file's place is refused below instead of waited for.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as exc:
        raise StartRefused(f"the secret file {str(path)!r} cannot be read ({exc.strerror}); check its owner") from exc
    try:
        _require_private(os.fstat(descriptor), path)
        raw = os.read(descriptor, _MAX_FILE + 1)
    finally:
        os.close(descriptor)
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError:
        text = ""
    if not text.strip() or len(raw) > _MAX_FILE:
        raise StartRefused(f"the secret file {str(path)!r} is empty or damaged; restore it from a backup or delete it")
    return text


def _require_private(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise StartRefused(f"{str(path)!r} is not a regular file; move it away to have one made")
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS:
        raise StartRefused(
            f"the secret file {str(path)!r} can be used by others (mode {mode:04o}); "
            f"run: chmod 600 {shlex.quote(str(path))}"
        )
