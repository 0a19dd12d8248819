import logging
from pathlib import Path

import sqlalchemy as sa

from backend.jobs.dbos_database import is_dbos_table, migrate_jobs, quieten_dbos
from tests.jobs.site import make_database


def test_every_table_that_dbos_makes_is_named_and_none_of_ours(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'only.db'}"
    migrate_jobs(url)
    engine = sa.create_engine(url)
    assert {name for name in sa.inspect(engine).get_table_names() if not is_dbos_table(name)} == set()
    engine.dispose()
    both = sa.create_engine(make_database(tmp_path)[0])
    names = sa.inspect(both).get_table_names()
    both.dispose()
    assert {"job", "workspace", "document"} <= {name for name in names if not is_dbos_table(name)}
    assert {"workflow_status", "operation_outputs", "queues"} <= {name for name in names if is_dbos_table(name)}


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    url, _ = make_database(tmp_path)
    migrate_jobs(url)
    migrate_jobs(url)


def test_dbos_reports_faults_to_our_log_but_not_what_we_do_on_purpose() -> None:
    class DBOSWorkflowCancelledError(BaseException):
        pass

    quieten_dbos()
    logger = logging.getLogger("dbos")
    assert logger.propagate
    cancelled = (DBOSWorkflowCancelledError, DBOSWorkflowCancelledError(), None)
    fault = (KeyError, KeyError(), None)

    def passes(message: str, exc_info: object = None) -> bool:
        record = logger.makeRecord("dbos", logging.ERROR, __file__, 1, message, (), exc_info)  # type: ignore[arg-type]  # a bare tuple
        return bool(logger.filter(record))

    assert not passes("Exception encountered in asynchronous workflow:", cancelled)
    assert not passes("Asyncio task cancelled for workflow or step <function>")
    assert passes("Exception encountered in asynchronous workflow:", fault)
    assert passes("DBOS failed to launch:")
