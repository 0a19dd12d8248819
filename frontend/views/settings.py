"""Settings: who answers, provider keys, API keys, and what this installation is."""

from collections.abc import Sequence

import streamlit as st
from pydantic import ValidationError

from contracts.agents import Agent, AgentEdit
from contracts.problem import Problem
from contracts.providers import Provider, ProviderCheck, ProviderSettings
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.notices import act, load, problem_card
from frontend.components.words import latency_text, provider_words
from frontend.layout import Frame, current_readiness, section
from frontend.safe_text import code, paragraphs, plain
from frontend.views.access_keys import access_keys


def render(frame: Frame) -> None:
    agents = load("agents", frame.api.agents)
    providers = load("providers", frame.api.providers)
    agent = None
    if agents is not None:
        agent = next((item for item in agents.items if item.name == "default"), next(iter(agents.items), None))
    section("Model providers", key="providers")
    st.markdown(
        ":gray[The built-in provider quotes your documents and needs nothing. The others write answers themselves.]"
    )
    for provider in _offered(providers or [], agent):
        _provider(frame.api, provider, agent, may_write=frame.can("settings.write"))
    if frame.me.auth == "keys" and frame.can("keys"):
        access_keys(frame.api)
    _about(frame)


# --- providers ---------------------------------------------------------------
def _offered(providers: Sequence[Provider], agent: Agent | None) -> list[Provider]:
    """Without those for tests and demos; one that is in use is shown all the same."""
    used = agent.provider if agent is not None else ""
    return [provider for provider in providers if not provider.hidden or provider.name == used]


def _provider(api: Api, provider: Provider, agent: Agent | None, *, may_write: bool) -> None:
    in_use = agent is not None and agent.provider == provider.name
    with st.container(border=True, key=f"provider_{provider.name}", gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(
                f"**{plain(provider_words(provider.label)[0])}**  \n:small[:gray[{_facts(provider, agent)}]]",
                width="content",
            )
            with st.container(horizontal=True, width="content", gap="small", vertical_alignment="center"):
                _states(provider, in_use=in_use)
        _check_result(provider)
        if not may_write:
            return
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            _provider_actions(api, provider, agent, in_use=in_use)
        if provider.needs_key or provider.needs_url:
            label = "Change connection" if provider.configured else "Set up"
            with st.expander(label, icon=":material/tune:", key=f"setup_{provider.name}"):
                _form(api, provider)


def _facts(provider: Provider, agent: Agent | None) -> str:
    note = provider_words(provider.label)[1] or "writes answers from the passages"
    parts = [plain(note[0].upper() + note[1:])]
    if provider.base_url:
        parts.append(code(provider.base_url))
    if provider.key_hint:
        where = " from the environment" if provider.key_from_environment else ""
        parts.append(f"key ending in {plain(provider.key_hint)}{where}")
    model: str | None = agent.model if agent is not None and agent.provider == provider.name else provider.model
    if model and model != provider.name:
        parts.append(f"model {plain(model)}")
    return " · ".join(parts)


def _states(provider: Provider, *, in_use: bool) -> None:
    if in_use:
        st.badge("Used for answers", icon=":material/check_circle:", color="green")
    if provider.configured:
        st.badge("Ready", icon=":material/link:", color="blue")
    else:
        st.badge("Not set up", icon=":material/link_off:", color="gray")


def _provider_actions(api: Api, provider: Provider, agent: Agent | None, *, in_use: bool) -> None:
    name = provider.name
    if not provider.configured:
        return
    if agent is not None and not in_use:
        st.button(
            "Use for answers",
            key=f"use_{name}",
            icon=":material/check:",
            on_click=_use,
            args=(api, agent, provider),
        )
    st.button(
        "Test connection", key=f"check_{name}", icon=":material/network_check:", on_click=_check, args=(api, name)
    )
    if provider.key_hint and not provider.key_from_environment:
        with st.popover("Remove", icon=":material/delete:", type="tertiary", key=f"remove_menu_{name}"):
            note = " Answers go back to the built-in provider." if in_use else ""
            st.markdown(f"The key and the address of {plain(provider.label)} are forgotten.{note}")
            st.button("Remove connection", key=f"remove_{name}", on_click=_remove, args=(api, provider))


def _form(api: Api, provider: Provider) -> None:
    """The fields have keys of their own: saving one provider leaves what is typed for another as it is."""
    url, key, model = _fields(provider.name)
    for field, value in ((url, provider.base_url), (key, ""), (model, provider.model)):
        st.session_state.setdefault(field, value or "")
    with st.form(f"provider_{provider.name}", border=False):
        st.text_input(
            "Base URL",
            key=url,
            placeholder="https://api.example.com/v1",
            help="A stored key belongs to its address: with another address, give the key again.",
        )
        st.text_input(
            "API key",
            type="password",
            key=key,
            placeholder=f"Stored, ends in {provider.key_hint}" if provider.key_hint else "Paste the key",
            autocomplete="off",
            help="Write-only: it is stored on the server and never shown again.",
        )
        st.text_input(
            "Model",
            key=model,
            placeholder=", ".join(provider.models[:3]) or "The model's name at this provider",
        )
        st.form_submit_button("Save", type="primary", icon=":material/save:", on_click=_save, args=(api, provider))


def _fields(name: str) -> tuple[str, str, str]:
    """The keys of base URL, API key and model."""
    return f"base_url_{name}", f"api_key_{name}", f"model_{name}"


def _save(api: Api, provider: Provider) -> None:
    view = state.settings()
    url, key, model = _fields(provider.name)
    typed = {"base_url": url, "api_key": key, "model": model}
    values = {name: str(st.session_state[field]).strip() for name, field in typed.items()}
    if values["base_url"] and not values["base_url"].startswith(("http://", "https://")):
        view.checks[provider.name] = _refused("base_url")
        return
    try:
        settings = ProviderSettings.model_validate({name: value for name, value in values.items() if value})
    except ValidationError as error:
        view.checks[provider.name] = _refused(str(error.errors()[0]["loc"][0]))
        return
    try:
        api.save_provider(provider.name, settings)
    except ApiError as error:
        view.checks[provider.name] = error.problem
        return
    st.session_state[key] = ""
    view.checks.pop(provider.name, None)
    state.session().flash = state.Flash(f"{plain(provider.label)} saved")


def _refused(field: str) -> Problem:
    details = {
        "base_url": "The address must be a whole URL, such as https://api.example.com/v1.",
        "api_key": "The key is longer than any provider's: paste the key alone.",
    }
    detail = details.get(field, "The model's name is too long or has characters that no model's name has.")
    return Problem(title="Nothing was saved", status=422, detail=detail, code="not_saved")


def _use(api: Api, agent: Agent, provider: Provider) -> None:
    edit = AgentEdit(provider=provider.name, model=provider.model or next(iter(provider.models), None))
    act(lambda: api.edit_agent(agent.id, edit), f"{plain(provider.label)} answers from now on")


def _remove(api: Api, provider: Provider) -> None:
    if act(lambda: api.remove_provider(provider.name), f"{plain(provider.label)} removed"):
        view = state.settings()
        view.checks.pop(provider.name, None)
        for field in _fields(provider.name):
            st.session_state.pop(field, None)


def _check(api: Api, name: str) -> None:
    try:
        state.settings().checks[name] = api.check_provider(name)
    except ApiError as error:
        state.settings().checks[name] = error.problem


def _check_result(provider: Provider) -> None:
    result = state.settings().checks.get(provider.name)
    if isinstance(result, Problem):
        problem_card(result, key=f"check_{provider.name}", retry=False)
    elif isinstance(result, ProviderCheck):
        _check_answer(provider, result)


def _check_answer(provider: Provider, result: ProviderCheck) -> None:
    """The built-in one quotes: of a test question, which no document answers, it says only that."""
    text = f"{plain(provider_words(provider.label)[0])} answered in {latency_text(result.latency_ms)}"
    if result.model != provider.name:
        text = f"{text}, model {plain(result.model)}: {paragraphs(result.reply) or 'nothing'}"
    if result.ok:
        st.success(text, icon=":material/check_circle:")
    else:
        st.warning(text, icon=":material/warning:")


# --- about -------------------------------------------------------------------
def _about(frame: Frame) -> None:
    section("About this installation", key="about")
    readiness = current_readiness(frame.api)
    me = frame.me
    rows = [
        ("Version", plain(readiness.version) if readiness else "unknown"),
        ("Sign-in", "API keys" if me.auth == "keys" else "This machine only"),
        ("Workspace", plain(me.workspace)),
        ("Signed in as", plain(f"{me.name}, {me.role.replace('_', ' ')}")),
        ("API", code(frame.config.api_url)),
    ]
    with st.container(border=True, key="about", gap="small"), st.grid(3, min_column_width=200, gap="small"):
        for label, value in rows:
            st.markdown(f":small[:gray[{label}]]  \n{value}")
    with st.container(border=True, key="programs", gap="small"):
        st.markdown(f"**For other programs**  \n:gray[{_token_words(frame)}]")
        st.code(_token_lines(frame), language="bash", wrap_lines=True)
    st.caption("Light or dark follows your system; the menu at the top right changes it for this browser.")


def _token_words(frame: Frame) -> str:
    if frame.me.auth == "keys":
        return "The same API, with a key of its own."
    return "The same API, with the token of this machine. Run it in the folder of AI Nexus."


def _token_lines(frame: Frame) -> str:
    url = frame.config.api_url
    if frame.me.auth == "keys":
        return f'curl -H "Authorization: Bearer nxk_…" {url}/faqs?status=approved'
    return f'curl -H "Authorization: Bearer $(.venv/bin/nexus token)" {url}/faqs?status=approved'
