"""The secret files: who may read them, who wins a race, what a key opens."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.errors import StartRefused
from backend.security.secrets import (
    LOCAL_TOKEN_FILE,
    MASTER_KEY_FILE,
    SecretBox,
    SecretUnreadable,
    is_token,
    local_token,
    require_strong,
)

URL = "workspace-1 https://api.example.com/v1"
BOX = SecretBox([Fernet.generate_key().decode()])


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def test_the_first_start_makes_files_that_only_their_owner_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "secrets"
    before = os.umask(0)
    try:
        token = local_token(folder)
        SecretBox.open(folder)
    finally:
        os.umask(before)
    assert mode_of(folder) == 0o700
    assert sorted(path.name for path in folder.iterdir()) == [LOCAL_TOKEN_FILE, MASTER_KEY_FILE]
    assert {mode_of(path) for path in folder.iterdir()} == {0o600}
    assert token.startswith("nxt_")
    assert len(token) == 47


def test_the_second_start_finds_the_same_token_and_keys(tmp_path: Path) -> None:
    assert local_token(tmp_path) == local_token(tmp_path)
    ciphertext = SecretBox.open(tmp_path).encrypt("key", bound_to=URL)
    assert SecretBox.open(tmp_path).decrypt(ciphertext, bound_to=URL) == "key"


def test_processes_that_start_together_agree_on_one_token(tmp_path: Path) -> None:
    together = Barrier(8)

    def start(_: int) -> str:
        together.wait()
        return local_token(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(start, range(8)))
    assert len(tokens) == 1
    assert [path.name for path in tmp_path.iterdir()] == [LOCAL_TOKEN_FILE]


@pytest.mark.fault("F1")
@pytest.mark.parametrize("mode", [0o644, 0o604, 0o640, 0o660, 0o606, 0o602, 0o601])
@pytest.mark.parametrize("name", [LOCAL_TOKEN_FILE, MASTER_KEY_FILE])
def test_a_secret_file_that_others_can_use_refuses_the_start(tmp_path: Path, name: str, mode: int) -> None:
    local_token(tmp_path)
    SecretBox.open(tmp_path)
    (tmp_path / name).chmod(mode)
    with pytest.raises(StartRefused, match=f"can be used by others .mode {mode:04o}.; run: chmod 600 .*{name}"):
        (local_token if name == LOCAL_TOKEN_FILE else SecretBox.open)(tmp_path)


@pytest.mark.fault("F1")
@pytest.mark.parametrize(
    "token",
    ["changeme", "x" * 31, "x" * 64, "change-me-0123456789-abcdefghijklmn", "MyDefaultPassword0123456789abcdefgh"],
)
def test_a_short_or_placeholder_token_refuses_the_start(tmp_path: Path, token: str) -> None:
    write(tmp_path / LOCAL_TOKEN_FILE, token)
    with pytest.raises(StartRefused, match="delete it to have one made") as refusal:
        local_token(tmp_path)
    assert token not in str(refusal.value)


@pytest.mark.fault("F1")
@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe" * 30, b"a" * 70_000])
def test_a_damaged_secret_file_is_neither_used_nor_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / MASTER_KEY_FILE
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(StartRefused, match="empty or damaged"):
        SecretBox.open(tmp_path)
    assert path.read_bytes() == content


def test_a_folder_or_a_pipe_in_a_secrets_place_refuses_the_start(tmp_path: Path) -> None:
    (tmp_path / LOCAL_TOKEN_FILE).mkdir(mode=0o700)
    os.mkfifo(tmp_path / MASTER_KEY_FILE, 0o600)
    with pytest.raises(StartRefused, match="not a regular file"):
        local_token(tmp_path)
    with pytest.raises(StartRefused, match="not a regular file"):
        SecretBox.open(tmp_path)


def test_a_folder_that_cannot_be_made_refuses_the_start_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StartRefused, match="cannot be") as refusal:
        local_token(tmp_path / "file" / "secrets")
    assert "\n" not in str(refusal.value)


def test_a_strong_secret_is_accepted() -> None:
    require_strong(Fernet.generate_key().decode(), name="NEXUS_X")


@pytest.mark.parametrize("presented", ["", "nxt_", "é", "\ud800", "' OR '1'='1"], ids=ascii)
def test_only_the_token_itself_is_the_token(tmp_path: Path, presented: str) -> None:
    token = local_token(tmp_path)
    assert is_token(token, token)
    assert not is_token(presented, token)
    assert not is_token(token + presented, token) or presented == ""


@settings(deadline=None)
@given(st.text(), st.text())
def test_what_was_encrypted_is_decrypted_for_the_same_address(secret: str, binding: str) -> None:
    ciphertext = BOX.encrypt(secret, bound_to=binding)
    assert BOX.decrypt(ciphertext, bound_to=binding) == secret


def test_a_ciphertext_shows_nothing_and_differs_each_time() -> None:
    first, second = (BOX.encrypt("sk-canary", bound_to=URL) for _ in range(2))
    assert first != second
    assert "canary" not in first


def test_a_credential_does_not_open_for_another_address() -> None:
    ciphertext = BOX.encrypt("sk-1", bound_to=URL)
    with pytest.raises(SecretUnreadable, match="another address or workspace"):
        BOX.decrypt(ciphertext, bound_to="workspace-1 https://attacker.example")


@pytest.mark.parametrize("damage", ["", "x", "é", "\ud800", "cut", "flipped", "other key", "other payload"], ids=ascii)
def test_a_damaged_credential_is_unreadable_and_its_text_is_not_quoted(damage: str) -> None:
    key = Fernet.generate_key().decode()
    whole = SecretBox([key]).encrypt("sk-1", bound_to=URL)
    ciphertext = {
        "cut": whole[:-5],
        "flipped": whole[:40] + ("A" if whole[40] != "A" else "B") + whole[41:],
        "other key": BOX.encrypt("sk-1", bound_to=URL),
        "other payload": Fernet(key).encrypt(b"7").decode(),
    }.get(damage, damage)
    with pytest.raises(SecretUnreadable) as failure:
        SecretBox([key]).decrypt(ciphertext, bound_to=URL)
    assert "sk-1" not in str(failure.value)


def test_credentials_stay_readable_when_a_key_is_put_before_the_old_one(tmp_path: Path) -> None:
    old = SecretBox.open(tmp_path).encrypt("sk-1", bound_to=URL)
    path = tmp_path / MASTER_KEY_FILE
    new = Fernet.generate_key().decode()
    path.write_text(f"{new}\n{path.read_text()}")
    box = SecretBox.open(tmp_path)
    assert box.decrypt(old, bound_to=URL) == "sk-1"
    assert SecretBox([new]).decrypt(box.encrypt("sk-2", bound_to=URL), bound_to=URL) == "sk-2"
    with pytest.raises(SecretUnreadable):
        SecretBox([new]).decrypt(old, bound_to=URL)


@pytest.mark.parametrize("keys", [[], ["short"], ["é" * 44], ["x" * 44, "A" * 43 + "="]], ids=ascii)
def test_unusable_master_keys_refuse_the_start_without_being_quoted(keys: list[str]) -> None:
    with pytest.raises(StartRefused, match=r"master.key") as refusal:
        SecretBox(keys)
    assert not any(key in str(refusal.value) for key in keys)
