"""Answers under load: what the pipeline adds to a provider, many streams at once, many questions at once.

The API is the real one in its own process, the provider a mock server in another, the readers a third; all share this
machine's cores.

- The pipeline over the provider: 50 streamed questions a second for 15 seconds through `POST /chat`, and as many
  straight to the mock, in turn, five rounds each. What is added is the difference of the medians, and at p99 that of
  ours at p99 to the mock's median; of both the median round counts, since a machine that stands still for a tenth of
  a second takes a round's p99 with it. Whole answers, from the request to the last event.
- 300 streams of a model that writes ten words a second without an end, all begun within 10 seconds and left after 30:
  those that broke, and the time between two words.
- 100 questions at the same moment, answered by the built-in provider: the first event.
"""

import json
from collections.abc import Sequence
from statistics import median
from urllib.parse import urlsplit

from benchmarks.figures import Figure, Target
from benchmarks.mock import SERVER, connect, mock
from benchmarks.product import Client, Product, fresh
from benchmarks.search import percentile
from benchmarks.streams import Plan, Stream, read

RATE, SECONDS, ROUNDS = 50.0, 15.0, 5
STREAMS, BEGIN, LEFT = 300, 10.0, 30.0
TOGETHER = 100
QUESTION = "How do I descale the machine?"
FAQS = [
    {"question": QUESTION, "answer": "Fill the tank with descaler and start the program that the manual names."},
    {"question": "What does the warranty cover?", "answer": "Repairs for two years after the purchase."},
]


def measure() -> list[Figure]:
    with (
        fresh() as product,
        mock(product) as fast,
        mock(product, "--drip-seconds", "0.1") as slow,
        product.running("api"),
        product.client() as client,
    ):
        client.ended(client.post("/ingest", {"faqs": FAQS})["job_id"])
        client.quiet()
        agent = client.get("/agents")["items"][0]["id"]
        figures = _together(product, client, agent)
        _use(client, agent, fast, "ok")
        figures += _overhead(product, client, agent, fast)
        _use(client, agent, slow, "drip")
        return figures + _streams(product, client, agent)


def _use(client: Client, agent: str, base_url: str, model: str) -> None:
    connect(client, base_url, model)
    edit = {"provider": SERVER, "model": model}
    client.http.patch(f"/agents/{agent}", json=edit).raise_for_status()


def _asked(product: Product, client: Client, agent: str, **plan: float) -> Sequence[Stream]:
    body = json.dumps({"message": QUESTION, "agent_id": agent, "stream": True})
    return read(Plan(product.api_port, "/chat", body, client.token, **plan))  # type: ignore[arg-type]  # counts and times


def _together(product: Product, client: Client, agent: str) -> list[Figure]:
    _asked(product, client, agent, count=5)
    found = _asked(product, client, agent, count=TOGETHER)
    first = [one.first for one in found]
    failed = sum(not one.is_whole for one in found)
    return [
        Figure(
            f"{TOGETHER} questions at once, first event p95",
            round(percentile(first, 0.95) * 1000),
            "ms",
            Target("at most", 500),
            note=f"p50 {percentile(first, 0.5) * 1000:.0f} ms; all done in {max(one.whole for one in found):.2f} s",
        ),
        Figure(f"{TOGETHER} questions at once, failed", failed, "", Target("at most", 0)),
    ]


def _overhead(product: Product, client: Client, agent: str, base_url: str) -> list[Figure]:
    """Both are given the same question; the mock answers it from the passages that ours would send."""
    count, port = int(RATE * SECONDS), urlsplit(base_url).port or 0
    messages = [{"role": "user", "content": f'<passage n="1">{FAQS[0]["answer"]}</passage> {QUESTION}'}]
    bare = json.dumps({"model": "ok", "messages": messages, "stream": True})
    ours: list[Sequence[Stream]] = []
    theirs: list[Stream] = []
    _asked(product, client, agent, count=5)
    for _ in range(ROUNDS):
        theirs += read(Plan(port, "/v1/chat/completions", bare, count=count, rate=RATE))
        ours.append(_asked(product, client, agent, count=count, rate=RATE))
    failed = sum(not one.is_whole for each in ours for one in each)
    base = median(one.whole for one in theirs)
    added = {
        share: [(percentile([one.whole for one in each], share / 100) - base) * 1000 for each in ours]
        for share in (50, 99)
    }
    note = f"{RATE:.0f} a second; the provider alone {base * 1000:.1f} ms"
    return [
        Figure(f"{RATE:.0f} questions a second, failed", failed, "", Target("at most", 0), note=f"of {ROUNDS * count}"),
        *(
            Figure(
                f"the pipeline adds, p{share}",
                round(median(added[share]), 1),
                "ms",
                Target("at most", limit),
                note=f"{note}; rounds {', '.join(f'{one:.0f}' for one in sorted(added[share]))}",
            )
            for share, limit in ((50, 10.0), (99, 50.0))
        ),
    ]


def _streams(product: Product, client: Client, agent: str) -> list[Figure]:
    found = _asked(product, client, agent, count=STREAMS, rate=STREAMS / BEGIN, seconds=LEFT)
    gaps = [gap for one in found for gap in one.gaps]
    dropped = sum(one.status != 200 or one.whole < LEFT - 0.5 for one in found)
    words = sum(one.events for one in found) / LEFT
    return [
        Figure(f"{STREAMS} streams at once, dropped", dropped, "", Target("at most", 0)),
        Figure(
            f"{STREAMS} streams at once, between two words p99",
            round(percentile(gaps, 0.99) * 1000),
            "ms",
            Target("at most", 250),
            note=f"p50 {percentile(gaps, 0.5) * 1000:.0f} ms; {words:,.0f} words a second arrive, 10 a stream are sent",
        ),
    ]
