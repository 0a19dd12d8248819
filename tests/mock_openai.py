"""A model server for tests and demos. The model's name, or what follows its `@`, chooses how it behaves.

Run it by hand: `python -m tests.mock_openai --port 9100`. It speaks OpenAI's chat completions under
`http://127.0.0.1:9100/v1`, Anthropic's Messages and Gemini's generateContent under `http://127.0.0.1:9100`, Mistral's
dialect under `http://127.0.0.1:9100/mistral` and Ollama's `/api/chat` under `http://127.0.0.1:9100/ollama`.

ok (and any other name)  answers from the passages in the prompt, citing them
badcite                  also cites a passage that does not exist
unsure                   says that the passages do not answer
slow, drip, hang         waits first; sends words for ever; never answers
think                    reasons for two seconds, then answers
flaky, flaky-500, ...    two failures of that status (503), then an answer
429, 429-seconds, 429-date, 429-hour, 429-garbage, 503-hour, ...   with that kind of Retry-After
status-400, status-503, ...                         that status; `leak-401` repeats the key in its text
unpulled                 is not there (Ollama)
cut, cut-clean, garbage, garbage-sse, other-schema  breaks off (`cut-clean` as if it were whole); no JSON; no readable
                                                    events; events of another API
invent                   drafts a FAQ that the passage does not hold; asked for drafts, the others draft its sentences
longer                   asked which of two answers is better, the longer one; the others the one that comes first
badjson, badjson-twice   structured output that is wrong once, or always
"""

import argparse
import sys

import uvicorn

from tests.mock_llm.server import MODELS, MockServer
from tests.mock_llm.server import MockLlm as MockOpenAI

__all__ = ["MODELS", "MockOpenAI", "MockServer"]


def main() -> None:
    parser = argparse.ArgumentParser(description="A model server that answers from the given passages.")
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--delta-seconds", type=float, default=0.03, help="pause between two deltas")
    parser.add_argument("--drip-seconds", type=float, default=0.02, help="pause between two words of `drip`")
    parser.add_argument("--slow-seconds", type=float, default=2.0, help="how long `slow` waits first")
    options = parser.parse_args()
    sys.stdout.write(f"http://127.0.0.1:{options.port}/v1  models: {', '.join(MODELS)}\n")
    app = MockOpenAI(
        delta_seconds=options.delta_seconds, drip_seconds=options.drip_seconds, slow_seconds=options.slow_seconds
    )
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", lifespan="off", ws="none")


if __name__ == "__main__":
    main()
