"""The `nexus` command."""

import asyncio
import logging
import os
import shlex
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError

from backend.binding import bound_socket, require_loopback
from backend.data_lock import DataLock
from backend.errors import NexusError, StartRefused
from backend.settings import Settings
from backend.supervisor import REFUSED, Program, Supervisor
from backend.tracing.logging import configure_logging
from contracts.access import NewApiKey, NewWorkspace, Role

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="AI Nexus: documents become FAQs that answer.",
)
db = typer.Typer(no_args_is_help=True, help="Back up, restore, check and migrate the database.")
key = typer.Typer(no_args_is_help=True, help="API keys (NEXUS_AUTH=keys).")
app.add_typer(db, name="db")
app.add_typer(key, name="key")

FRONTEND = Path(__file__).parent.parent / "frontend"
Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on.")]


def main() -> None:
    os.umask(0o077)  # documents, conversations and backups are their owner's alone
    app()


@contextmanager
def _refusing() -> Iterator[None]:
    """One clear line instead of a traceback."""
    try:
        yield
    except StartRefused as exc:
        typer.echo(f"nexus: {exc}", err=True)
        raise typer.Exit(REFUSED) from None
    except ValidationError as exc:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in exc.errors())
        typer.echo(f"nexus: {wrong}", err=True)
        raise typer.Exit(1) from None
    except (NexusError, OSError, sqlite3.Error) as exc:
        typer.echo(f"nexus: {exc}", err=True)
        raise typer.Exit(1) from None


def _settings(**overrides: object) -> Settings:
    """Raises `StartRefused` for a setting that is not usable."""
    try:
        settings = Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]  # validated by pydantic
    except ValidationError as exc:
        wrong = "; ".join(f"NEXUS_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in exc.errors())
        raise StartRefused(f"a setting is not usable: {wrong}") from None
    configure_logging(level=settings.log_level.upper(), format=settings.log_format or "auto")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return settings


@app.command()
def up() -> None:
    """Run the API and the UI on this machine; Ctrl-C stops both."""
    with _refusing():
        settings = _settings()
        # At once, and for the pages too: what another program answers on their port could be taken for them.
        bound_socket(settings.api_host, settings.api_port, variable="NEXUS_API_PORT").close()
        bound_socket(settings.ui_host, settings.ui_port, variable="NEXUS_UI_PORT").close()
        url = f"http://{settings.ui_host}:{settings.ui_port}"
        environment = {**os.environ, "NEXUS_API_URL": settings.api, "NEXUS_DATA_DIR": str(settings.data_dir.absolute())}
        programs = [
            Program(
                "api",
                [sys.executable, "-m", "backend.cli", "api"],
                f"{settings.api}/health",
                environment,
                names_itself=True,
            ),
            Program("ui", [sys.executable, "-m", "backend.cli", "ui"], f"{url}/_stcore/health", environment),
        ]
        supervisor = Supervisor(programs, grace=settings.shutdown_seconds + 5, say=typer.echo)
        status = supervisor.run(f"\n  AI Nexus is ready: {url}\n\n  Ctrl-C stops it.\n")
    raise typer.Exit(status)


@app.command()
def api(host: Host = None, port: Port = None) -> None:
    """Run the API alone, with the job runner inside unless NEXUS_JOBS=worker."""
    with _refusing():
        settings = _settings(api_host=host, api_port=port)
        from backend.server import serve

        serve(settings)


@app.command()
def worker(executor_id: Annotated[str, typer.Option(help="Stable over restarts, one a process.")] = "worker-1") -> None:
    """Run jobs without an API."""
    with _refusing():
        settings = _settings(executor_id=executor_id)
        from backend.server import run_worker

        asyncio.run(run_worker(settings))


@app.command()
def ui(host: Host = None, port: Port = None) -> None:
    """Run the Streamlit pages alone; NEXUS_API_URL says where the API is."""
    with _refusing():
        settings = _settings(ui_host=host, ui_port=port)
        if settings.auth == "local":
            require_loopback(settings.ui_host, variable="NEXUS_UI_HOST")
        bound_socket(settings.ui_host, settings.ui_port, variable="NEXUS_UI_PORT").close()
    environment = {
        **os.environ,
        "NEXUS_API_URL": settings.api,
        "NEXUS_AUTH": settings.auth,
        "NEXUS_UI_UPLOAD_LIMIT_MB": str(settings.ui_upload_limit_mb),
        "NEXUS_DATA_DIR": str(settings.data_dir.absolute()),
        "PYTHONPATH": str(FRONTEND.parent),
    }
    command = [sys.executable, "-m", "streamlit", "run", str(FRONTEND / "app.py")]
    options = {
        "server.address": settings.ui_host,
        "server.port": settings.ui_port,
        "server.maxUploadSize": settings.ui_upload_limit_mb,
        "logger.hideWelcomeMessage": "true",
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    os.chdir(FRONTEND)
    os.execve(sys.executable, [*command, *arguments], environment)


@app.command()
def token() -> None:
    """Print the token of NEXUS_AUTH=local, for other programs on this machine."""
    with _refusing():
        from backend.security.secrets import local_token

        settings = _settings()
        if settings.auth != "local":
            raise StartRefused("NEXUS_AUTH=keys has no local token; `nexus key create` makes a key")
        typer.echo(local_token(settings.secrets_dir))


@db.command()
def migrate() -> None:
    """Bring the database up to date; a backup is made before."""
    with _refusing():
        from backend.preparation import prepare

        prepare(_settings())
        typer.echo("the database is up to date")


@db.command()
def backup(target: Annotated[Path | None, typer.Argument(help="Where to; default: data/backups.")] = None) -> None:
    """Copy the database while it is in use."""
    with _refusing():
        from backend.preparation import database_files

        typer.echo(database_files(_settings()).backup(target))


@db.command()
def restore(source: Annotated[Path, typer.Argument(help="A backup.", exists=True)]) -> None:
    """Put a backup in place; the replaced database is kept beside it. Stop AI Nexus first."""
    with _refusing():
        from backend.preparation import database_files

        settings = _settings()
        lock = DataLock(settings.data_dir, alone=True)
        try:
            replaced = database_files(settings).restore(source)
        finally:
            lock.release()
        typer.echo(f"restored {source}" + (f"; the replaced database is {replaced}" if replaced else ""))


@db.command()
def check() -> None:
    """Check the database's integrity."""
    with _refusing():
        from backend.preparation import database_files

        problems = database_files(_settings()).check()
    for line in problems:
        typer.echo(line)
    typer.echo("the database is sound" if not problems else f"{len(problems)} problems found")
    raise typer.Exit(1 if problems else 0)


@key.command("create")
def create_key(
    role: Annotated[Role, typer.Option(help="What the key may do.")],
    workspace: Annotated[str, typer.Option(help="Made when absent.")] = "default",
    name: Annotated[str, typer.Option(help="For people to read; without one the role's name.")] = "",
) -> None:
    """Make an API key and print it, this once."""
    with _refusing():
        new = NewApiKey(name=name or f"{role.value} key", role=role)
        into = NewWorkspace(workspace=workspace).workspace
        typer.echo(asyncio.run(_create_key(_prepared(), into, new)))


@key.command("list")
def list_keys(workspace: Annotated[str, typer.Option(help="Whose keys.")] = "default") -> None:
    """The keys of a workspace: id, role, last characters, when last used, name."""
    with _refusing():
        lines = asyncio.run(_list_keys(_prepared(), workspace))
    for line in lines:
        typer.echo(line)


@key.command("revoke")
def revoke_key(
    key_id: Annotated[UUID, typer.Argument(help="The id that `nexus key list` shows.")],
    workspace: Annotated[str, typer.Option(help="Whose key it is.")] = "default",
) -> None:
    """Make a key unusable; running processes refuse it within 30 s."""
    with _refusing():
        was_last_admin = asyncio.run(_revoke_key(_prepared(), workspace, key_id))
    typer.echo(f"revoked {key_id}")
    if was_last_admin:
        line = f"no admin key is left; `nexus key create --role admin --workspace {shlex.quote(workspace)}` makes one"
        typer.echo(f"nexus: warning: {line}", err=True)


def _prepared() -> Settings:
    from backend.preparation import prepare

    settings = _settings()
    prepare(settings)
    return settings


async def _create_key(settings: Settings, workspace: str, new: NewApiKey) -> str:
    from backend.key_access import key_access

    async with key_access(settings) as access:
        made = await access.create_key((await access.workspace(workspace)).id, new)
        return made.key


async def _list_keys(settings: Settings, workspace: str) -> list[str]:
    from backend.key_access import key_access

    async with key_access(settings) as access:
        keys = await access.keys(await access.operator(workspace))
    used = [one.last_used_at.isoformat(timespec="seconds") if one.last_used_at else "never used" for one in keys]
    return [f"{one.id}  {one.role:<11}  {one.hint}  {when}  {one.name}" for one, when in zip(keys, used, strict=True)]


async def _revoke_key(settings: Settings, workspace: str, key_id: UUID) -> bool:
    from backend.key_access import key_access

    async with key_access(settings) as access:
        return await access.revoke_key_on_site(await access.operator(workspace), key_id)


if __name__ == "__main__":
    main()
