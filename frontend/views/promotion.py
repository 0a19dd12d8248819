"""A contest's winner is promoted: an alias means it from then on."""

from collections.abc import Sequence
from typing import Final

import streamlit as st
from pydantic import TypeAdapter, ValidationError

from contracts.comparisons import Alias, AliasName, Contest, Promotion
from contracts.problem import Problem
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.comparing import go, names_of
from frontend.components.notices import load, problem_card
from frontend.components.verdict import verdict_line
from frontend.layout import Frame, card_title
from frontend.safe_text import code, plain
from frontend.views.aliases import alias_card, meant_for_agents

FIRST_NAME: Final = "support-default"
MOST_REASON: Final = 1_000
"""Letters."""
_NAME: Final[TypeAdapter[str]] = TypeAdapter(AliasName)
NAME_HELP: Final = (
    "Agents and programs use this name; what it means changes with each promotion. Small letters, digits, dots, "
    "dashes and underscores."
)


def promotion(frame: Frame, contest: Contest, *, evidence: str = "") -> None:
    """What was promoted by this contest, and the form to promote by it, with `evidence` as the reason to begin with."""
    aliases = load("aliases", frame.api.aliases)
    if aliases is None:
        return
    held = [one for one in aliases if one.current.contest_id == contest.id]
    for alias in held:
        alias_card(frame, alias)
    if not frame.can("models.write"):
        return
    with st.container(border=True, key="promotion", gap="small"):
        card_title("Promote", key="promotion")
        _form(frame.api, contest, aliases, evidence)


def _form(api: Api, contest: Contest, aliases: Sequence[Alias], evidence: str) -> None:
    verdict, names = contest.verdict, names_of(contest.contestants)
    st.markdown(
        ":small[:gray[An alias is a name that stays while what it means changes: who asks it gets what was promoted "
        "last, and one click goes back.]]"
    )
    with st.grid(2, min_column_width=260, gap="small"):
        name = st.text_input(
            "Alias",
            _likely_name(contest, aliases),
            key=f"alias_name_{contest.id}",
            max_chars=60,
            help=NAME_HELP,
        )
        chosen = st.selectbox(
            "What it is to mean",
            verdict.order,
            index=_likely_place(contest),
            format_func=names.__getitem__,
            key=f"alias_contestant_{contest.id}",
        )
    _say_who_follows(contest, aliases, name.strip(), chosen)
    is_won = verdict.decided and chosen == verdict.best
    reason = "" if is_won else _reason(contest, names[chosen], evidence)
    refused = state.compare().promotion
    if refused is not None:
        problem_card(refused, key="promotion", retry=False)
    # By what it returns: a callback is bound to what the fields held when they were drawn, before the last edit.
    if st.button(
        f"Promote {plain(names[chosen])}" if is_won else f"Promote {plain(names[chosen])} all the same",
        key="promote",
        type="secondary",
        icon=":material/rocket_launch:",
    ):
        _promote(api, contest, chosen, name.strip(), reason)
        st.rerun()


def _say_who_follows(contest: Contest, aliases: Sequence[Alias], name: str, key: str) -> None:
    alias = next((one for one in aliases if one.name == name), None)
    contestant = next(one for one in contest.contestants if one.key == key)
    if alias is not None and (effect := meant_for_agents(alias, contestant)):
        st.markdown(f":material/smart_toy: {effect}")


def _likely_name(contest: Contest, aliases: Sequence[Alias]) -> str:
    """The alias that means one of these already, or the first one there is."""
    targets = {one.target for one in contest.contestants}
    held = [one.name for one in aliases if one.current.contestant.target in targets]
    return next(iter([*held, *(one.name for one in aliases)]), FIRST_NAME)


def _likely_place(contest: Contest) -> int:
    """In the verdict's order: of the model that the person came from, of whom they voted for, or of who leads."""
    view, order = state.compare(), contest.verdict.order
    keys = [one.key for one in contest.contestants if one.model_id is not None and one.model_id == view.from_model]
    return next((order.index(key) for key in (*keys, view.from_vote) if key in order), 0)


def _reason(contest: Contest, name: str, evidence: str) -> str:
    """What is missing, and the way past it."""
    verdict = contest.verdict
    if verdict.decided:
        text = f"The votes say that another one is better. {verdict_line(verdict)}"
    elif contest.votes:
        text = f"The votes do not say yet that {plain(name)} is better. {verdict_line(verdict)}"
    else:
        text = f"No vote says yet that {plain(name)} is better: compare it, and vote before the names are shown."
    st.warning(text, icon=":material/hourglass_empty:")
    return st.text_input(
        "Promote it all the same, because",
        evidence,
        key=f"alias_reason_{contest.id}",
        max_chars=MOST_REASON,
        placeholder="Such as: it costs a tenth, and nobody could tell them apart",
        help="The reason is kept with the promotion, and in the audit list.",
    )


def _promote(api: Api, contest: Contest, key: str, name: str, reason: str) -> None:
    view = state.compare()
    view.promotion = None
    try:
        _NAME.validate_python(name)
    except ValidationError:
        detail = f"{name!r} is no name for an alias: write small letters, digits, dots, dashes and underscores"
        view.promotion = Problem(title="Nothing was promoted", status=422, detail=detail, code="form")
        return
    try:
        api.promote(name, Promotion(contest_id=contest.id, key=key, reason=reason))
    except ApiError as error:
        view.promotion = error.problem
        return
    go("votes", contest.id)
    state.session().flash = state.Flash(f"{code(name)} means {plain(names_of(contest.contestants)[key])} now")
