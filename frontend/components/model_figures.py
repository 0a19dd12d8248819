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
LOSS: Final = "held_out_loss"
VALIDATION: Final = "validation_loss"
LABELS: Final = {
    FIRST: "Right answer first (hit@1)",
    "hit_at_5": "Right answer in the first five (hit@5)",
    RANK: "How early on average (MRR)",
    LOSS: "How unlikely it finds the held-out answers (loss, lower is better)",
    VALIDATION: "How unlikely it finds the validation answers, which chose what is kept (loss)",
}
LEFT: Final = {"retrieval": "the agents", "answers": "the agents", "embeddings": "the collections"}
USABLE: Final[dict[bool, Look]] = {
    True: ("green", "check", "Usable"),
    False: ("orange", "warning", "Cannot be used"),
}
BETTER: Final[Look] = ("green", "trending_up", "Better")
UNCLEAR: Final[Look] = ("gray", "trending_flat", "No clear change")
WORSE: Final[Look] = ("red", "trending_down", "Worse")
MEANING: Final = """
- **hit@1**: of how many questions the right answer is found first. 100 % is best.
- **hit@5**: of how many it is among the first five.
- **In brackets** stands how far the change may be off by chance: where the range holds 0, nothing is shown yet
  (95 % interval; questions about the same answer count together).
- **MRR**, mean reciprocal rank: 1 where the right answer is first, ½ where it is second, ⅓ where it is third, and so
  on, averaged. 1 is best; it moves also when an answer goes from the fourth place to the second.

- **Loss**: how unlikely a model that writes finds each word of answers that it was not trained on. 0 is best; it says
  how well the model knows the wording, not whether an answer is right. That of the **validation answers** chose which
  state of the training is kept, and so flatters it a little.

**Held-out questions** were in no training. What a model does on them is what you may expect from questions that
nobody has asked yet. **Before** is the same search without this model, or with the model that it began as.
"""


def verdict(model: TunedModel) -> Look | None:
    """Whether the held-out questions find their answers earlier beyond chance, or the loss of the held-out answers
    fell beyond it; None where neither is known."""
    changes = {one.name: one for one in model.changes}
    change = changes.get(LOSS, changes.get(RANK)) if model.held_out else None
    if change is None:
        return None
    if change.low is None or change.high is None:
        return UNCLEAR
    rises, falls = (WORSE, BETTER) if change.name == LOSS else (BETTER, WORSE)
    return rises if change.low > 0 else falls if change.high < 0 else UNCLEAR


def figures_sentence(model: TunedModel) -> str:
    """What comes first for how many, before and after; of a model that answers, its loss."""
    changes = {one.name: one for one in model.changes}
    if (loss := changes.get(LOSS, changes.get(VALIDATION))) is not None:
        return _loss_sentence(loss, verdict(model), plural(model.held_out, "held-out answer"))
    change = changes.get(FIRST)
    if change is None or not model.held_out:
        return "It was asked no held-out question, so what it changes is not known."
    before, after = round(change.before * model.held_out), round(change.after * model.held_out)
    of = plural(model.held_out, "held-out question")
    if before == after:
        return f"The right answer comes first for **{after:,} of {of}**, as before training."
    return f"The right answer comes first for **{after:,} of {of}**; before training for {before:,}."


def _loss_sentence(loss: Change, look: Look | None, held_out: str) -> str:
    """Without held-out answers, by those that training was validated with: no more than what they say."""
    numbers = f"loss {loss.after:.2f}, before {loss.before:.2f}. How well it answers, a comparison tells."
    if look is None:
        return f"It was asked no held-out answer. On those to validate with: {numbers}"
    if look == UNCLEAR:
        return f"On {held_out} it is **not clear** whether it does better than before training: {numbers}"
    return f"On {held_out} it does **{'better' if look == BETTER else 'worse'}** than before training: {numbers}"


def figures_table(model: TunedModel) -> None:
    if not model.changes:
        return
    table = pd.DataFrame(
        {
            "On held-out questions" if _is_all_held_out(model) else "Figure": [
                LABELS.get(one.name, one.name) for one in model.changes
            ],
            "Before": [_value(one, one.before) for one in model.changes],
            "After": [_value(one, one.after) for one in model.changes],
            "Change": [_change(one) for one in model.changes],
        }
    )
    st.table(table, border="horizontal", hide_index=True)
    if verdict(model) == WORSE and model.makes != "answers":
        st.warning(
            f"It finds the answers later than the search without it. Leave {LEFT[model.makes]} as they are: more "
            "approved FAQs, more paraphrases or a lower learning rate may help.",
            icon=":material/warning:",
        )
    if 0 < model.held_out < FEW and any(_is_share(one) for one in model.changes):
        questions = plural(model.held_out, "question is", "questions are")
        st.caption(f"{questions} few: a difference of one or two may be chance. More approved FAQs make it surer.")
    with st.expander("What these figures mean", icon=":material/help:", key="figures_meaning"):
        st.markdown(MEANING)


def _is_all_held_out(model: TunedModel) -> bool:
    return model.held_out > 0 and all(one.name != VALIDATION for one in model.changes)


def _value(change: Change, value: float) -> str:
    return percent(value) if _is_share(change) else f"{value:.2f}"


def _is_share(change: Change) -> bool:
    """Of questions."""
    return change.name.startswith("hit_at_")


def _change(change: Change) -> str:
    by = change.after - change.before
    points = round(by * 100)
    if not _is_share(change):
        text = _signed(change, by) if round(by, 2) else "none"
    else:
        text = f"{_signed(change, by)} {'point' if abs(points) == 1 else 'points'}" if points else "none"
    if change.low is None or change.high is None or change.low == change.high:
        return text
    return f"{text} ({_signed(change, change.low)} to {_signed(change, change.high)})"


def _signed(change: Change, by: float) -> str:
    """In points of a hundred for a share."""
    value = round(by * 100) if _is_share(change) else round(by, 2)
    if not value:
        return "0"
    text = f"{value:+d}" if isinstance(value, int) else f"{value:+.2f}"
    return text.replace("-", "\u2212")
