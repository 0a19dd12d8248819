"""The `nexus` command."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from backend.errors import NexusError, StartRefused
from backend.settings import Settings
from backend.supervisor import REFUSED, Program, Supervisor
from backend.tracing.logging import configure_logging
from contracts.access import NewApiKey, Role

app = typer.Typer(no_args_is_help=True, add_completion=False, help="AI Nexus: documents become FAQs that answer.")
db = typer.Typer(no_args_is_help=True, help="Back up, restore, check and migrate the database.")
key = typer.Typer(no_args_is_help=True, help="API keys (NEXUS_AUTH=keys).")
app.add_typer(db, name="db")
app.add_typer(key, name="key")

FRONTEND = Path(__file__).parent.parent / "frontend"
Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on.")]


def main() -> None:
    app()


@contextmanager
def _refusing() -> Iterator[None]:
    """One clear line instead of a traceback."""
    try:
        yield
    except StartRefused as exc:
        typer.echo(f"nexus: {exc}", err=True)
        raise typer.Exit(REFUSED) from None
    except NexusError as exc:
        typer.echo(f"nexus: {exc}", err=True)
        raise typer.Exit(1) from None


def _settings(**overrides: object) -> Settings:
    settings = Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]  # validated by pydantic
    configure_logging(level=settings.log_level.upper(), format=settings.log_format or "auto")
    return settings


@app.command()
def up() -> None:
    """Run the API and the UI on this machine; Ctrl-C stops both."""
    with _refusing():
        settings = _settings()
        from backend.app import prepare

        prepare(settings)
        url = f"http://{settings.ui_host}:{settings.ui_port}"
        environment = {**os.environ, "NEXUS_API_URL": settings.api, "NEXUS_DATA_DIR": str(settings.data_dir.absolute())}
        programs = [
            Program("api", [sys.executable, "-m", "backend.cli", "api"], f"{settings.api}/health", environment),
            Program("ui", [sys.executable, "-m", "backend.cli", "ui"], f"{url}/_stcore/health", environment),
        ]
        supervisor = Supervisor(programs, grace=settings.shutdown_seconds + 5, say=lambda line: typer.echo(line))
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
        from backend.app import prepare
        from backend.server import run_worker

        prepare(settings)
        asyncio.run(run_worker(settings))


@app.command()
def ui(host: Host = None, port: Port = None) -> None:
    """Run the Streamlit pages alone; NEXUS_API_URL says where the API is."""
    settings = _settings(ui_host=host, ui_port=port)
    environment = {
        **os.environ,
        "NEXUS_API_URL": settings.api,
        "NEXUS_UI_UPLOAD_LIMIT_MB": str(settings.ui_upload_limit_mb),
        "NEXUS_DATA_DIR": str(settings.data_dir.absolute()),
        "PYTHONPATH": str(FRONTEND.parent),
    }
    command = [sys.executable, "-m", "streamlit", "run", str(FRONTEND / "app.py")]
    options = {
        "server.address": settings.ui_host,
        "server.port": settings.ui_port,
        "server.maxUploadSize": settings.ui_upload_limit_mb,
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    os.chdir(FRONTEND)
    os.execve(sys.executable, [*command, *arguments], environment)


@app.command()
def token() -> None:
    """Print the token of NEXUS_AUTH=local, for other programs on this machine."""
    with _refusing():
        from backend.security.secrets import local_token

        typer.echo(local_token(_settings().secrets_dir))


@db.command()
def migrate() -> None:
    """Bring the database up to date; a backup is made before."""
    with _refusing():
        from backend.app import prepare

        prepare(_settings())
        typer.echo("the database is up to date")


@db.command()
def backup(target: Annotated[Path | None, typer.Argument(help="Where to; default: data/backups.")] = None) -> None:
    """Copy the database while it is in use."""
    with _refusing():
        from backend.app import database_files

        typer.echo(database_files(_settings()).backup(target))


@db.command()
def restore(source: Annotated[Path, typer.Argument(help="A backup.", exists=True)]) -> None:
    """Put a backup in place; the replaced database is kept beside it. Stop AI Nexus first."""
    with _refusing():
        from backend.app import database_files
        from backend.jobs.executor_lock import ExecutorLock

        settings = _settings()
        lock = ExecutorLock(settings.data_dir, settings.executor_id)
        try:
            replaced = database_files(settings).restore(source)
        finally:
            lock.release()
        typer.echo(f"restored {source}" + (f"; the replaced database is {replaced}" if replaced else ""))


@db.command()
def check() -> None:
    """Check the database's integrity."""
    with _refusing():
        from backend.app import database_files

        problems = database_files(_settings()).check()
    for line in problems:
        typer.echo(line)
    typer.echo("the database is sound" if not problems else f"{len(problems)} problems found")
    raise typer.Exit(1 if problems else 0)


@key.command("create")
def create_key(
    role: Annotated[Role, typer.Option(help="What the key may do.")],
    workspace: Annotated[str, typer.Option(help="Made when absent.")] = "default",
    name: Annotated[str, typer.Option(help="For people to read.")] = "created on the command line",
) -> None:
    """Make an API key and print it, this once."""
    with _refusing():
        from backend.app import prepare

        settings = _settings()
        prepare(settings)
        typer.echo(asyncio.run(_create_key(settings, role, workspace, name)))


async def _create_key(settings: Settings, role: Role, workspace: str, name: str) -> str:
    from backend.container import Container

    container = Container(settings)
    try:
        async with container.loop_scope() as scope:
            access = scope.services.access
            made = await access.create_key((await access.workspace(workspace)).id, NewApiKey(name=name, role=role))
            return made.key
    finally:
        await container.close()


if __name__ == "__main__":
    main()
