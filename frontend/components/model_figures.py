"""What training changed on held-out questions, in words and in a table."""

from typing import Final

import pandas as pd
import streamlit as st

from contracts.finetuning import Change, TunedModel
from frontend.components.badges import Look
from frontend.components.tuning import percent
from frontend.components.words import plural

FEW: Final = 100
FIRST: Final = "hit_at_1"
RANK: Final = "mrr"
LABELS: Final = {
    FIRST: "Right answer first (hit@1)",
    "hit_at_5": "Right answer in the first five (hit@5)",
    RANK: "How early on average (MRR)",
}
USABLE: Final[dict[bool, Look]] = {
    True: ("green", "check", "Usable"),
    False: ("orange", "warning", "Cannot be used"),
}
WORSE: Final[Look] = ("red", "trending_down", "Worse")
MEANING: Final = """
- **hit@1**: of how many questions the right answer is found first. 100 % is best.
- **hit@5**: of how many it is among the first five.
- **MRR**, mean reciprocal rank: 1 where the right answer is first, ½ where it is second, ⅓ where it is third, and so
  on, averaged. 1 is best; it moves also when an answer goes from the fourth place to the second.

**Held-out questions** were in no training. What a model does on them is what you may expect from questions that
nobody has asked yet. **Before** is the same search without this model.
"""


def verdict(model: TunedModel) -> Look | None:
    """Whether the held-out questions find their answers earlier; None without such questions."""
    change = next((one for one in model.changes if one.name == RANK), None)
    if change is None or not model.held_out:
        return None
    if change.after > change.before:
        return "green", "trending_up", "Better"
    return WORSE if change.after < change.before else ("gray", "trending_flat", "No change")


def figures_sentence(model: TunedModel) -> str:
    """What comes first for how many, before and after."""
    change = next((one for one in model.changes if one.name == FIRST), None)
    if change is None or not model.held_out:
        return "It was asked no held-out question, so what it changes is not known."
    before, after = round(change.before * model.held_out), round(change.after * model.held_out)
    of = plural(model.held_out, "held-out question")
    if before == after:
        return f"The right answer comes first for **{after:,} of {of}**, as before training."
    return f"The right answer comes first for **{after:,} of {of}**; before training for {before:,}."


def figures_table(model: TunedModel) -> None:
    if not model.changes:
        return
    table = pd.DataFrame(
        {
            "On held-out questions": [LABELS.get(one.name, one.name) for one in model.changes],
            "Before": [_value(one, one.before) for one in model.changes],
            "After": [_value(one, one.after) for one in model.changes],
            "Change": [_change(one) for one in model.changes],
        }
    )
    st.table(table, border="horizontal", hide_index=True)
    if verdict(model) == WORSE:
        st.warning(
            "It finds the answers later than the search without it. Leave the agents as they are: more approved FAQs, "
            "more paraphrases or a lower learning rate may help.",
            icon=":material/warning:",
        )
    if model.held_out < FEW:
        questions = plural(model.held_out, "question is", "questions are")
        st.caption(f"{questions} few: a difference of one or two may be chance. More approved FAQs make it surer.")
    with st.expander("What these figures mean", icon=":material/help:", key="figures_meaning"):
        st.markdown(MEANING)


def _value(change: Change, value: float) -> str:
    return f"{value:.2f}" if change.name == RANK else percent(value)


def _change(change: Change) -> str:
    by = change.after - change.before
    if change.name == RANK:
        return f"{by:+.2f}".replace("-", "\u2212") if round(by, 2) else "none"
    points = round(by * 100)
    text = f"{points:+d} {'point' if abs(points) == 1 else 'points'}" if points else "none"
    return text.replace("-", "\u2212")
