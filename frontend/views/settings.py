"""Settings: who answers, provider keys, API keys, and what this installation is."""

import streamlit as st

from frontend.components.notices import load
from frontend.layout import Frame, current_readiness, section
from frontend.safe_text import code, plain
from frontend.views.access_keys import access_keys
from frontend.views.provider_settings import provider_settings
from frontend.views.search_models import search_models


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
    finish = provider_settings(frame.api, providers or [], agent, may_write=frame.can("settings.write"))
    section("Search models", key="models")
    st.markdown(":gray[What finds the passages that answer a question, by their meaning.]")
    search_models(frame.api, may_fetch=frame.can("settings.write"), may_switch=frame.can("collections.write"))
    if frame.me.auth == "keys" and frame.can("keys"):
        access_keys(frame.api)
    _about(frame)
    finish()


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
    st.caption("Light or dark follows your system.")


def _token_words(frame: Frame) -> str:
    if frame.me.auth == "keys":
        return "The same API, with a key of its own."
    return "The same API, with the token of this machine. Run it in the folder of AI Nexus."


def _token_lines(frame: Frame) -> str:
    url = frame.config.api_url
    if frame.me.auth == "keys":
        return f'curl -H "Authorization: Bearer nxk_…" "{url}/faqs?status=approved"'
    return f'curl -H "Authorization: Bearer $(.venv/bin/nexus token)" "{url}/faqs?status=approved"'
