"""What a start and `nexus db` do with the data directory. Imports no service: those are most of a start."""

from backend.binding import require_loopback
from backend.db.migrate import DatabaseFiles
from backend.errors import StartRefused
from backend.jobs.dbos_database import is_dbos_table, migrate_jobs
from backend.settings import Settings


def database_files(settings: Settings) -> DatabaseFiles:
    return DatabaseFiles(settings.database, settings.data_dir, is_ours=lambda name: not is_dbos_table(name))


def prepare(settings: Settings) -> None:
    """Checks the configuration and brings the database up to date. Blocks. Raises `StartRefused`."""
    if settings.auth == "local":
        require_loopback(settings.api_host, variable="NEXUS_API_HOST")
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StartRefused(f"the data directory {str(settings.data_dir)!r} cannot be made: {exc.strerror}") from exc
    database_files(settings).prepare()
    migrate_jobs(settings.database)
