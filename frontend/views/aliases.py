"""What was promoted: what an alias means, since when, by whom, on which evidence, and the way back."""

from functools import partial
from typing import Final, Literal

import streamlit as st

from contracts.agents import Agent, AgentEdit
from contracts.comparisons import Alias, AliasMove, Contestant
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.badges import Look, badge
from frontend.components.comparing import KINDS, go
from frontend.components.notices import act, empty_state, load, problem_card
from frontend.components.verdict import verdict_words
from frontend.components.words import ago, listed, sentence
from frontend.layout import Frame, card_title
from frontend.safe_text import code, plain

EVIDENCE: Final[dict[bool, Look]] = {
    True: ("green", "check_circle", "By the votes"),
    False: ("orange", "edit_note", "By a reason"),
}

ALONE: Final = "It then answers from what the model learnt, without its documents."


def alias_list(frame: Frame) -> None:
    aliases = load("aliases", frame.api.aliases)
    if aliases is None:
        return
    if not aliases:
        empty_state(
            "rocket_launch",
            "Nothing was promoted yet",
            "What wins a comparison is promoted here: agents and programs ask it by a name that stays, and one click "
            "goes back to what it meant before.",
            key="aliases",
        )
        with st.container(horizontal_alignment="center"):
            st.button(
                "See the comparisons",
                key="to_contests",
                type="primary",
                icon=":material/how_to_vote:",
                on_click=go,
                args=("votes",),
            )
    for alias in aliases:
        alias_card(frame, alias)


def alias_card(frame: Frame, alias: Alias) -> None:
    with st.container(border=True, key=f"alias_{alias.name}", gap="small"):
        card_title(plain(alias.name), key=f"alias_{alias.name}")
        _meaning(alias.current)
        _users(alias)
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            _use_button(frame, alias)
            if frame.can("models.write") and alias.history:
                st.button(
                    "Roll back",
                    key=f"roll_back_{alias.name}",
                    icon=":material/undo:",
                    on_click=_ask_to_roll_back,
                    args=(alias.name,),
                )
            if alias.current.contest_id is not None:
                st.button(
                    "See the votes",
                    key=f"votes_of_{alias.name}",
                    type="tertiary",
                    icon=":material/how_to_vote:",
                    on_click=go,
                    args=("votes", alias.current.contest_id),
                )
            if frame.can("models.write") and not alias.agents:
                with st.popover("Delete", icon=":material/delete:", type="tertiary", key=f"delete_menu_{alias.name}"):
                    st.markdown("Who asks by this name gets an error from then on. What it meant stays.")
                    st.button(
                        "Delete the alias",
                        key=f"delete_{alias.name}",
                        on_click=_delete,
                        args=(frame.api, alias.name),
                    )
        if alias.history:
            with st.expander("What it meant before", icon=":material/history:", key=f"history_{alias.name}"):
                for move in alias.history:
                    _meaning(move)
    view = state.compare()
    if view.dialog == "roll_back" and view.doomed == alias.name and alias.history:
        _roll_back_dialog(frame.api, alias)


def _delete(api: Api, name: str) -> None:
    act(partial(api.delete_alias, name), f"{plain(name)} deleted")


def _meaning(move: AliasMove) -> None:
    one = move.contestant
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/arrow_forward: **{plain(one.name)}**", width="content")
        badge(EVIDENCE[move.decided])
    lines = [f"{KINDS[one.kind]} · {plain(one.about)}"]
    lines.append(
        f"Promoted {ago(move.created_at)} by {plain(move.author)}. The votes then: {verdict_words(move.verdict)}"
    )
    if move.reason:
        lines.append(f"The reason given: {plain(sentence(move.reason))}")
    st.markdown(":small[:gray[" + "]]  \n:small[:gray[".join(lines) + "]]")


def meant_for_agents(alias: Alias, one: Contestant) -> str:
    """What changes for the agents that use the alias once it means this; "" where none does. Of what agents search
    with, only the API knows whether they can follow it to something else."""
    was = alias.current.contestant.kind
    if not alias.agents or (was == "tuned_retrieval" and one.kind not in ("tuned_retrieval", "agent")):
        return ""
    who = plain(listed(alias.agents))
    if one.target.agent_id is not None:
        return f"**{plain(one.name)}** is an agent: the alias cannot mean it while it is used by {who}."
    if one.target.documents:
        return f"The alias is followed by {who}."
    return f"The alias is followed by {who}, from then on without documents, from what the model learnt."


# --- who uses it -------------------------------------------------------------------
def _users(alias: Alias) -> None:
    asked = f"asked by its name: `model` = {code(alias.name)} over the API"
    if alias.agents:
        st.markdown(f":green[:material/check_circle:] Used by {plain(listed(alias.agents))}.")
    elif way_of(alias) is None:
        st.markdown(f":gray[It means an agent, so no other agent uses it; it is {asked}, or in a comparison.]")
    else:
        st.markdown(f":gray[No agent uses it yet. For programs it is {asked}.]")


def _use_button(frame: Frame, alias: Alias) -> None:
    """For whom may change agents, while none uses the alias."""
    way = way_of(alias)
    if alias.agents or way is None or not frame.can("settings.write"):
        return
    agents = load("agents", frame.api.agents)
    default = next((one for one in agents.items if one.is_default), None) if agents is not None else None
    if default is not None:
        st.button(
            f"Use it in {_agent_words(default)}",
            key=f"use_{alias.name}",
            icon=":material/check:",
            help=None if alias.current.contestant.target.documents else ALONE,
            on_click=partial(_use, frame.api, alias, default, way),
        )


def _agent_words(agent: Agent) -> str:
    return "the default agent" if agent.name == "default" else f"{plain(agent.name)}, the default agent"


def way_of(alias: Alias) -> Literal["retrieval_model", "model"] | None:
    """How an agent uses what the alias means: to search with, or to answer; None for another agent."""
    one = alias.current.contestant
    if one.kind == "tuned_retrieval":
        return "retrieval_model"
    return "model" if one.target.agent_id is None else None


def _use(api: Api, alias: Alias, agent: Agent, way: Literal["retrieval_model", "model"]) -> None:
    if way == "model":
        edit = AgentEdit(model=alias.name)
    else:
        edit = AgentEdit(parameters=agent.parameters.model_copy(update={"retrieval_model": alias.name}))
    done = "answers with" if way == "model" else "searches with"
    act(partial(api.edit_agent, agent.id, edit), f"{plain(agent.name)} {done} {plain(alias.name)}")


# --- rolled back ---------------------------------------------------------------------
def _ask_to_roll_back(name: str) -> None:
    view = state.compare()
    view.dialog, view.doomed = "roll_back", name


def _close() -> None:
    state.compare().dialog = None


@st.dialog("Roll back", icon=":material/undo:", on_dismiss=_close)
def _roll_back_dialog(api: Api, alias: Alias) -> None:
    now, before = alias.current.contestant, alias.history[0]
    st.markdown(
        f"**{plain(alias.name)}** means **{plain(now.name)}** now. It returns to **{plain(before.contestant.name)}**, "
        f"promoted {ago(before.created_at)}. Whoever uses the alias is answered by that from the next question on."
    )
    if effect := meant_for_agents(alias, before.contestant):
        st.markdown(effect)
    reason = st.text_input("Why (it is kept in the audit list)", key="roll_back_reason", max_chars=1_000)
    with st.container(horizontal=True, horizontal_alignment="right"):
        cancelled = st.button("Cancel", key="roll_back_cancel")
        confirmed = st.button("Roll back", key="roll_back_confirm", type="primary", icon=":material/undo:")
    if cancelled:
        _close()
        st.rerun()
    if confirmed:
        _roll_back(api, alias, reason)


def _roll_back(api: Api, alias: Alias, reason: str) -> None:
    try:
        now = api.roll_back(alias.name, reason.strip())
    except ApiError as error:
        problem_card(error.problem, key="roll_back", retry=False)
        return
    _close()
    name = plain(now.current.contestant.name)
    state.session().flash = state.Flash(f"{plain(alias.name)} means {name} again")
    st.rerun()
