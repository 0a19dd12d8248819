"""What Prometheus sees of the product's own work."""

from uuid import UUID, uuid4

from backend.db.models import Job
from tests.support import Api


async def test_a_scrape_shows_the_jobs_that_wait(api: Api) -> None:
    before = (await api.client.get("/metrics")).text
    workspace = (await api.get("/me"))["workspace_id"]
    async with api.scope.database.write() as session:
        session.add(Job(id=uuid4(), workspace_id=UUID(workspace), kind="ingest", status="pending", version="1"))
    after = (await api.client.get("/metrics")).text

    assert 'nexus_queue_depth{kind="ingest"} 0.0' in before
    assert 'nexus_queue_depth{kind="ingest"} 1.0' in after
