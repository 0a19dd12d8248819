"""SmolLM2-135M-Instruct learns a real FAQ by LoRA on the running product, as `make finetune` installs it.

The FAQ of R (see benchmarks/retrieval_set), all drafts of the rules approved; dataset and training have their defaults,
but one epoch. The loss is that of the held-out rows' answers, memory the most that the training process held.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, Final

from benchmarks.adapter import fill, succeeded
from benchmarks.figures import Figure, Unavailable
from benchmarks.product import Client, fresh
from benchmarks.retrieval_set.manuals import MANUALS

MANUAL: Final = next(manual for manual in MANUALS if manual.key == "r-faq")
PARAMETERS: Final = {"epochs": 1, "evaluations": 4}
HOURS: Final = 3 * 3600.0


def measure() -> list[Figure]:
    if find_spec("trl") is None:
        raise Unavailable("it needs the extra: run it in .finetune, which `make finetune` makes")
    if not MANUAL.paths():
        raise Unavailable(f"install the Debian package {MANUAL.package}")
    with fresh() as product, product.running("api"), product.client() as client:
        fill(client, [MANUAL])
        accepted = client.post("/datasets", {"name": MANUAL.key})
        succeeded(client.ended(accepted["job"]["id"]))
        body = {"dataset_id": accepted["dataset"]["id"], "method": "lora", "parameters": PARAMETERS}
        job = succeeded(client.ended(client.post("/finetune", body)["id"], seconds=HOURS))
        return list(_figures(client, job))


def _figures(client: Client, job: dict[str, Any]) -> Iterator[Figure]:
    points = client.get(f"/finetune/{job['id']}/points")
    model = client.get(f"/models/{job['result']['model_id']}")
    change = next(one for one in model["changes"] if one["name"] == "held_out_loss")
    steps = max(point["step"] for point in points)
    rows = client.get(f"/datasets/{model['dataset_id']}")
    yield Figure(
        "held-out loss",
        round(change["after"], 3),
        "",
        peer=round(change["before"], 3),
        note=f"{model['held_out']} rows, before and after {steps} steps over {rows['train']} rows; the change is "
        f"{change['low']:.3f} to {change['high']:.3f}",
    )
    took = model["took"]
    yield Figure("seconds a step", round(took["seconds_per_step"], 2), "s", note="4 rows a step")
    yield Figure("memory of the training, most", round(took["peak_memory_mb"]), "MB")
