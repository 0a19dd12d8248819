"""A batch that compares tuned with untuned retrieval on real manuals, with the rows that its verdict is made of.

The four FAQs with question headings (see benchmarks/retrieval_set) are uploaded, all drafts of the rules approved, and
retrieval is tuned on a dataset with its defaults. Both lanes are then asked the retrieval set's questions, which share
few words with the text, as a dataset that was imported: each with the FAQ of the section that answers it.
`results/tuned_batch.csv` keeps of each question and lane what was measured, without the manuals' words: the means, and
who is ahead on how many questions, can be counted in it by hand.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from backend.datasets.formats import export
from backend.datasets.rows import FaqSource, FileSource, Provenance, Row, Split
from benchmarks.adapter import SPLIT, fill, succeeded, tuned_on
from benchmarks.figures import Figure, Measured, Unavailable
from benchmarks.product import Client, fresh
from benchmarks.retrieval_set import hardness, manuals
from benchmarks.retrieval_set.hardness import Question

MEASURED: Final = ("hit_at_k", "mrr", "similarity", "support", "refusal")
COLUMNS: Final = ("question", "name", "answered", *MEASURED)
ROWS: Final = "tuned_batch.csv"
UNTUNED, TUNED = "untuned", "tuned"


def measure() -> Measured:
    asked = [manual for manual in manuals.MANUALS if manual.asked == "questions"]
    if missing := sorted(manual.package for manual in asked if not manual.paths()):
        raise Unavailable(f"install the Debian packages {' '.join(missing)}")
    keys = {manual.key for manual in asked}
    questions = [
        one for one in hardness.load() if one.split == SPLIT and one.manual in keys and one.kind == "answerable"
    ]
    with fresh() as product, product.running("api"), product.client() as client:
        fill(client, asked)
        tuned = tuned_on(client, "manuals")
        untuned_id = _agent(client, UNTUNED)
        tuned_id = _agent(client, TUNED, retrieval_model=tuned.model["name"])
        body = {
            "dataset_id": _imported(client, questions),
            "split": "held_out",
            "lanes": [{"agent_id": tuned_id}, {"agent_id": untuned_id}],
        }
        job = succeeded(client.ended(client.post("/comparisons/batch", body)["id"]))
        batch = client.get(f"/comparisons/batch/{job['id']}")
        rows = [json.loads(line) for line in client.lines(f"/comparisons/batch/{job['id']}/export", format="jsonl")]
    table = _table(rows, {one.question: one.id for one in questions})
    return Measured(list(_figures(batch, len(questions))), {ROWS: table})


def _agent(client: Client, name: str, **parameters: object) -> str:
    return str(client.post("/agents", {"name": name, "provider": "builtin", "parameters": parameters})["id"])


def _imported(client: Client, questions: Sequence[Question]) -> str:
    """A dataset of the questions, all held out. One that no FAQ answers has the passage's words as its answer."""
    sections = list(_sections(client))
    rows: list[Row] = []
    for number, one in enumerate(questions, start=1):
        quotes = [gold.quote for gold in one.gold]
        faq = next((faq for faq, text in sections if any(quote in text for quote in quotes)), None)
        source = FaqSource(UUID(faq["id"]), faq["revision"]) if faq is not None else FileSource("questions.csv", number)
        answer = faq["answer"] if faq is not None else quotes[0]
        rows.append(Row(one.question, answer, Provenance(source), split=Split.HELD_OUT))
    accepted = client.take(
        "/datasets/import?name=questions", "questions.csv", "".join(export(rows, "csv", with_metadata=True))
    )
    succeeded(client.ended(accepted["job"]["id"]))
    return str(accepted["dataset"]["id"])


def _sections(client: Client) -> Iterator[tuple[dict[str, Any], str]]:
    """Every approved FAQ with the whole section that it is from."""
    page = client.get("/faqs", status="approved", limit=200)
    while page["items"]:
        for faq in page["items"]:
            yield faq, client.get(f"/faqs/{faq['id']}/source")["text"]
        if page["next_cursor"] is None:
            return
        page = client.get("/faqs", status="approved", limit=200, cursor=page["next_cursor"])


def _table(rows: Sequence[Mapping[str, Any]], ids: Mapping[str, str]) -> str:
    """Numbers as they are, so that reading gives the same."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        cells = {**row, "question": ids[row["question"]]}
        writer.writerow(["" if cells[name] is None else cells[name] for name in COLUMNS])
    return out.getvalue()


def _figures(batch: dict[str, Any], questions: int) -> Iterator[Figure]:
    results, names = batch["results"], {one["key"]: one["name"] for one in batch["contestants"]}
    found = {(names[one["lane"]], one["metric"]): one for one in results["metrics"]}
    duels = {one["metric"]: one for one in results["duels"]}
    for metric in MEASURED:
        before, after = found[UNTUNED, metric], found[TUNED, metric]
        if before["mean"] is None or after["mean"] is None:
            continue
        yield Figure(
            f"tuned beside untuned: {metric}",
            round(after["mean"], 3),
            "",
            peer=round(before["mean"], 3),
            note=f"{after['n']} of {questions} questions, split {SPLIT}; {duels[metric]['text']}",
        )
