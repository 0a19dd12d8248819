"""The model providers of the settings page: those that are set up as cards, the others as a list to choose from."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st
from pydantic import ValidationError

from contracts.agents import Agent, AgentEdit
from contracts.problem import Problem
from contracts.providers import Provider, ProviderCheck, ProviderSettings
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.notices import act, problem_card
from frontend.components.provider_facts import after_removal, facts, last_failure, note, prices, state_badge
from frontend.components.words import latency_text, listed, provider_words, short_model
from frontend.safe_text import code, paragraphs, plain


def provider_settings(
    api: Api, providers: Sequence[Provider], agent: Agent | None, *, may_write: bool
) -> Callable[[], None]:
    """Returns what is left to do when the whole page is drawn: the test of a connection, which may take long."""
    used = agent.provider if agent is not None else ""
    offered = [provider for provider in providers if not provider.hidden or provider.name == used]
    cards = [provider for provider in offered if provider.configured or provider.name == used]
    for provider in cards:
        _card(api, provider, agent, may_write=may_write)
    others = [provider for provider in offered if provider not in cards]
    if others and may_write:
        with st.container(border=True, key="more_providers", gap="xsmall"):
            st.markdown("**More providers**  \n:small[:gray[Choose one to set it up.]]")
            for provider in others:
                _row(api, provider)
    checked = next((provider for provider in cards if provider.name == state.settings().checking), None)
    return partial(_check, api, checked) if checked is not None else _nothing


def _nothing() -> None:
    return None


def _card(api: Api, provider: Provider, agent: Agent | None, *, may_write: bool) -> None:
    in_use = agent is not None and agent.provider == provider.name
    model = agent.model if agent is not None and in_use else provider.model
    with st.container(border=True, key=f"provider_{provider.name}", gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(
                f"**{_called(provider)}**  \n:small[:gray[{facts(provider, model)}]]",
                width="content",
            )
            with st.container(horizontal=True, width="content", gap="small", vertical_alignment="center"):
                if in_use:
                    st.badge("Used for answers", icon=":material/check_circle:", color="green")
                state_badge(provider, model)
        note(provider)
        prices(provider, model)
        last_failure(provider)
        _check_result(provider)
        if not may_write:
            return
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            _provider_actions(api, provider, agent, in_use=in_use)
        if provider.is_settable:
            with st.expander(
                "Change model" if provider.serves_files else "Change connection",
                icon=":material/tune:",
                key=f"setup_{provider.name}",
            ):
                _form(api, provider)


def _row(api: Api, provider: Provider) -> None:
    """One line that opens to a form."""
    name, about = provider_words(provider.label)
    needs = "an API key" if provider.needs_key else "an address"
    if provider.missing_extra:
        needs = f"make {provider.missing_extra}"
    about = f"{plain(about)} · needs {needs}" if about else f"needs {needs}"
    with (
        st.container(key=f"provider_{provider.name}", gap=None),
        st.expander(f"Set up **{plain(name)}** :gray[· {about}]", icon=":material/add:", key=f"setup_{provider.name}"),
    ):
        if provider.missing_extra:
            note(provider)
            st.markdown("An optional package is missing. In the folder of AI Nexus, run this and start it again:")
            st.code(f"make {provider.missing_extra}", language="bash", wrap_lines=True)
            return
        prices(provider, provider.model)
        if provider.key_variable:
            st.markdown(f":small[:gray[Or set] {code(provider.key_variable)} :gray[where the API runs.]]")
        _check_result(provider)
        _form(api, provider)


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
        "Test connection",
        key=f"check_{name}",
        icon=":material/network_check:",
        disabled=bool(state.settings().checking),
        on_click=_begin_check,
        args=(name,),
    )
    if provider.is_stored:
        with st.popover("Remove", icon=":material/delete:", type="tertiary", key=f"remove_menu_{name}"):
            st.markdown(after_removal(provider, _called(provider)))
            if not provider.collections:
                st.button("Remove connection", key=f"remove_{name}", on_click=_remove, args=(api, provider))


def _form(api: Api, provider: Provider) -> None:
    """The fields have keys of their own: saving one provider leaves what is typed for another as it is."""
    url, key, model = _fields(provider.name)
    for field, value in ((url, provider.base_url), (key, ""), (model, provider.model)):
        st.session_state.setdefault(field, value or "")
    with st.form(f"provider_{provider.name}", border=False):
        if provider.serves_files:
            st.text_input(
                "Model",
                key=model,
                placeholder="/home/me/models/some-model.gguf",
                help="Where the API runs: the whole path of a .gguf file, or of the folder of a Hugging Face model; or "
                "the sample's name.",
            )
        else:
            _connection_fields(provider)
        st.form_submit_button("Save", type="primary", icon=":material/save:", on_click=_save, args=(api, provider))


def _connection_fields(provider: Provider) -> None:
    url, key, model = _fields(provider.name)
    if provider.collections:
        st.caption(
            f":material/info: At this address questions to {plain(listed(provider.collections))} are embedded. Before "
            "another one is entered, choose another search model below."
        )
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
        placeholder=_key_words(provider),
        autocomplete="off",
        help="Write-only: it is stored on the server and never shown again.",
    )
    st.text_input("Model", key=model, placeholder=", ".join(provider.models[:3]) or "The model's name at this provider")


def _key_words(provider: Provider) -> str:
    if provider.key_hint:
        return f"Stored, ends in {provider.key_hint}"
    return "A key is stored" if provider.has_key else "Paste the key"


def _fields(name: str) -> tuple[str, str, str]:
    """The keys of base URL, API key and model."""
    return f"base_url_{name}", f"api_key_{name}", f"model_{name}"


def _save(api: Api, provider: Provider) -> None:
    view = state.settings()
    view.tested.pop(provider.name, None)
    view.saved.discard(provider.name)
    url, key, model = _fields(provider.name)
    typed = {"base_url": url, "api_key": key, "model": model}
    values = {name: str(st.session_state[field]).strip() for name, field in typed.items()}
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
    view.saved.add(provider.name)
    state.session().flash = state.Flash(f"{_called(provider)} saved")


def _refused(field: str) -> Problem:
    details = {
        "base_url": "The address must be a whole URL, such as https://api.example.com/v1.",
        "api_key": "The key is longer than any provider's: paste the key alone.",
    }
    detail = details.get(field, "The model's name is too long or has characters that no model's name has.")
    return Problem(title="Nothing was saved", status=422, detail=detail, code="not_saved")


def _use(api: Api, agent: Agent, provider: Provider) -> None:
    edit = AgentEdit(provider=provider.name, model=provider.model or next(iter(provider.models), None))
    act(lambda: api.edit_agent(agent.id, edit), f"{_called(provider)} answers from now on")


def _remove(api: Api, provider: Provider) -> None:
    if act(lambda: api.remove_provider(provider.name), f"{_called(provider)} removed"):
        view = state.settings()
        view.checks.pop(provider.name, None)
        view.tested.pop(provider.name, None)
        view.saved.discard(provider.name)
        for field in _fields(provider.name):
            st.session_state.pop(field, None)


def _called(provider: Provider) -> str:
    return plain(provider_words(provider.label)[0])


def _begin_check(name: str) -> None:
    view = state.settings()
    view.checking = name
    view.saved.discard(name)
    view.checks.pop(name, None)
    view.tested.pop(name, None)


def _check(api: Api, provider: Provider) -> None:
    view = state.settings()
    name, view.checking = provider.name, ""
    assert view.asking is not None
    view.tested[name] = provider.base_url or ""
    with view.asking, st.spinner(_asking(provider), show_time=True):
        try:
            view.checks[name] = api.check_provider(name)
        except ApiError as error:
            view.checks[name] = error.problem
    st.rerun()


def _asking(provider: Provider) -> str:
    model = (
        f", model {plain(short_model(provider.model))}," if provider.model and provider.model != provider.name else ""
    )
    then = " It is loaded first, which may take a minute." if provider.serves_files else ""
    return f"Asking {_called(provider)}{model} for one word.{then}"


def _check_result(provider: Provider) -> None:
    """In one place whether there is one or not: what follows keeps its own, or it would be seen twice for a while."""
    view = state.settings()
    place = st.container()
    if view.checking == provider.name:
        view.asking = place
    result = view.checks.get(provider.name)
    with place:
        if provider.name in view.saved:
            _saved(provider)
        if isinstance(result, Problem):
            problem_card(result, key=f"check_{provider.name}", retry=False)
        elif isinstance(result, ProviderCheck):
            _check_answer(provider, result)
        if result is not None and view.tested.get(provider.name):
            where = code(view.tested[provider.name])
            st.caption(f"Asked with the saved settings, at {where}. What is typed and not saved was not used.")


def _saved(provider: Provider) -> None:
    """What stands on the server now, and what it still lacks."""
    has_key = provider.has_key or provider.key_from_environment
    known = [f"address {code(provider.base_url)}"] if provider.base_url and not provider.serves_files else []
    known += [_known_key(provider)] if provider.has_key else []
    known += [f"model {code(short_model(provider.model))}"] if provider.model else []
    missing = ["the address"] if provider.needs_url and not provider.base_url else []
    missing += ["the API key"] if provider.needs_key and not has_key else []
    missing += ["the model"] if provider.configured and not (provider.model or provider.models) else []
    said = f"Saved: {', '.join(known)}." if known else "Saved."
    if missing:
        st.warning(f"{said} Still missing: {listed(missing)}.", icon=":material/warning:")
    else:
        st.success(f"{said} Whether it answers, **Test connection** tells.", icon=":material/check_circle:")


def _known_key(provider: Provider) -> str:
    return f"key ending in {plain(provider.key_hint)}" if provider.key_hint else "a key"


def _check_answer(provider: Provider, result: ProviderCheck) -> None:
    """The built-in one quotes: of a test question, which no document answers, it says only that."""
    text = f"{_called(provider)} answered in {latency_text(result.latency_ms)}"
    if result.model != provider.name:
        text = f"{text}, model {plain(result.model)}: {paragraphs(result.reply) or 'nothing'}"
    if result.ok:
        st.success(text, icon=":material/check_circle:")
    else:
        st.warning(text, icon=":material/warning:")
