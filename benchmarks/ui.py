"""Memory of the UI's process while a person uploads a large file on the FAQ page.

`nexus up`, the page in Chromium, a small file uploaded first so that everything is loaded; then one text file of 150 MB
(under the page's limit of 200 MB) chosen and sent. The UI's resident memory is read before, every 50 ms during, and ten
seconds after the server accepted it and the page shows the empty uploader again. While sending, the UI may hold the
file once; afterwards it must be within 50 MB of where it was.
"""

import tempfile
import time
from itertools import chain, repeat
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.browser import RUN, opened
from benchmarks.figures import Figure, Target
from benchmarks.product import MIB, WARM_UP, Client, family, fresh, until
from benchmarks.samples import text_pieces
from benchmarks.watch import watching

FILE_BYTES = 150 * MIB
PAGE = "/FAQ_Extraction"
SETTLE = 10.0


def measure() -> list[Figure]:
    with fresh() as product, tempfile.TemporaryDirectory(prefix="nexus-bench-") as folder:
        small, large = Path(folder) / "boiler.md", Path(folder) / "large.txt"
        small.write_bytes(WARM_UP)
        piece = b"".join(text_pieces(MIB))
        with large.open("wb") as file:
            file.writelines(chain(repeat(piece, FILE_BYTES // MIB)))
        with product.running("up") as supervisor, product.client() as client, opened(product.ui_url + PAGE) as page:
            ui = next(one for one in family(supervisor.pid) if "streamlit" in one.cmdline())
            _send(page, client, small)
            client.quiet()
            page.reload()
            page.locator(RUN).wait_for(timeout=60_000)
            with watching(product.url, ui.pid) as seen:
                _send(page, client, large)
                time.sleep(SETTLE)
            for job in client.get("/jobs", limit=200)["items"]:
                if job["status"] in ("pending", "running"):
                    client.post(f"/jobs/{job['id']}/cancel")
    held = seen.growth_mib / (FILE_BYTES / MIB)
    levels = f"from {seen.memory_before / MIB:.0f} MiB; while it was sent at most +{seen.growth_mib:.0f} MiB"
    note = f"{levels} ({held:.1f} times the file)"
    return [
        Figure("UI memory after a 150 MB upload", round(seen.left_mib, 1), "MiB", Target("at most", 50), note=note),
        seen.health_figure("a 150 MB upload on the page"),
    ]


def _send(page: Page, client: Client, path: Path) -> None:
    """Chooses the file, presses the button, and waits until its document is there and the uploader is empty."""
    adding = page.get_by_role("button", name="Add documents")
    if adding.count():  # the uploader is folded away once there are documents
        adding.click()
    page.locator('input[type="file"]').set_input_files(str(path), timeout=120_000)
    button = page.get_by_role("button", name="Draft questions from 1 file")
    button.wait_for(timeout=120_000)
    button.click(timeout=120_000)

    def is_there() -> bool:
        return any(document["name"] == path.name for document in client.get("/documents", limit=200)["items"])

    until(is_there, seconds=120, what=f"{path.name} is accepted", pause=0.2)
    button.wait_for(state="detached", timeout=120_000)
    page.locator(RUN).wait_for(timeout=60_000)
