"""How an answer came about: its steps with their times, its ranked sources, and the citations that were checked."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from contracts.chat import Answered, AnswerStep
from frontend.components.citations import Opener
from frontend.components.words import latency_text, plural, sentence, short_model
from frontend.safe_text import plain, told

STEPS: Final = {
    "rewrite": ("Understood as", ":material/edit_note:"),
    "plan": ("Planned", ":material/route:"),
    "search": ("Searched", ":material/search:"),
    "rerank": ("Ranked", ":material/swap_vert:"),
    "answer": ("Answered", ":material/chat:"),
    "verify": ("Checked", ":material/verified:"),
}
OWN: Final = "builtin"
"""The product's own words, which take no tokens."""
FORMS: Final = {"model": "by the model", "rules": "by rules"}


def why_this_answer(answer: Answered, *, key: str, on_open: Opener) -> None:
    with st.expander("Why this answer", icon=":material/account_tree:", key=f"why_{key}", type="compact"):
        if answer.steps:
            _steps(answer.steps, key)
        _judgement(answer)
        _hits(answer, key, on_open)
        _refused(answer)
        _failures(answer)
        st.caption(answer_facts(answer))


def _steps(steps: Sequence[AnswerStep], key: str) -> None:
    with st.container(key=f"steps_{key}", gap="xsmall"):
        for step in steps:
            label, icon = STEPS[step.name]
            form = f" :gray[{FORMS[step.strategy]}]" if step.strategy in FORMS else ""
            with st.container(horizontal=True, horizontal_alignment="distribute", wrap=False, gap="small"):
                st.markdown(f":small[{icon} **{label}**{form}: {plain(step.outcome)}]")
                st.markdown(f":small[:gray[{latency_text(step.ms)}]]", width="content")
            if step.failure:
                st.markdown(f":small[:orange[:material/alt_route:] {sentence(plain(step.failure))}]")


def _judgement(answer: Answered) -> None:
    if answer.confidence is None:
        return
    side = "above" if answer.confidence >= 0 else "below"
    score = f"**{abs(answer.confidence):.2f} {side}**"
    found_in = answer.retrieved[0].collection if answer.retrieved else None
    asks = plain(found_in) if found_in is not None else "this collection"
    st.markdown(f":small[The best source is {score} what {asks} asks of an answer.]")


def _hits(answer: Answered, key: str, on_open: Opener) -> None:
    if not answer.retrieved and answer.confidence is not None:
        st.markdown(":gray[Nothing in the collection comes near this question.]")
    for rank, hit in enumerate(answer.retrieved, start=1):
        with st.container(
            horizontal=True,
            horizontal_alignment="distribute",
            vertical_alignment="center",
            key=f"hit_{key}_{rank}",
            wrap=False,
        ):
            st.button(
                f"{rank}. {plain(hit.title)}",
                key=f"open_{key}_{rank}",
                type="tertiary",
                wrap=True,
                on_click=on_open,
                args=(hit,),
            )
            where = f":gray-badge[{plain(hit.collection)}] " if hit.collection is not None else ""
            st.markdown(f"{where}:gray-badge[score {hit.score:.2f}]", width="content")


def _refused(answer: Answered) -> None:
    """Marks that were taken out: what they stood on is not what their source says, or there is no such source."""
    for check in answer.checks:
        if check.supported:
            continue
        said = sentence(plain(check.sentence))
        why = "does not support" if check.n in range(1, len(answer.retrieved) + 1) else "does not exist, but stood at"
        st.markdown(f":orange[:material/link_off:] Source {check.n} {why}: “{said}” Its mark was taken out.")


def _failures(answer: Answered) -> None:
    for failed in answer.failures:
        said = f"{sentence(plain(failed.title))} {sentence(told(failed.detail))}"
        st.markdown(f":orange[:material/alt_route:] {plain(failed.provider)} was asked first. {said}")


def answer_facts(answer: Answered) -> str:
    parts = [
        f"Provider {plain(answer.provider)}",
        f"model {plain(short_model(answer.model))}",
        latency_text(answer.latency_ms),
    ]
    tokens = answer.usage.input_tokens + answer.usage.output_tokens
    if tokens:
        parts.append(plural(tokens, "token") + (" of the steps before it" if answer.provider == OWN else ""))
    if answer.usage.cost_usd is not None:
        parts.append(f"{answer.usage.cost_usd:.4f} USD")
    if answer.fallback_used:
        parts.append("answered by the fallback")
    return " · ".join(parts)
