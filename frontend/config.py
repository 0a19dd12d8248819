"""What the pages take from the environment. The API's own settings are its business."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class UiConfig:
    """`upload_limit_mb` is the most one file may have in the browser; larger ones go to the API directly."""

    api_url: str
    data_dir: Path
    auth: str
    upload_limit_mb: int

    @property
    def needs_sign_in(self) -> bool:
        return self.auth == "keys"

    def local_token(self) -> str:
        """The token of this machine, or "" while the API has not written it yet."""
        try:
            return (self.data_dir / "secrets" / "local_token").read_text(encoding="ascii").strip()
        except OSError:
            return ""


def read_config() -> UiConfig:
    env = os.environ
    port = env.get("NEXUS_API_PORT", "8000")
    return UiConfig(
        api_url=env.get("NEXUS_API_URL", f"http://127.0.0.1:{port}").rstrip("/"),
        data_dir=Path(env.get("NEXUS_DATA_DIR", "data")),
        auth=env.get("NEXUS_AUTH", "local"),
        upload_limit_mb=int(env.get("NEXUS_UI_UPLOAD_LIMIT_MB", "200")),
    )
