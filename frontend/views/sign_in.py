"""Signing in with an API key (`NEXUS_AUTH=keys`)."""

import streamlit as st

from frontend.api_client import Api, ApiError
from frontend.components.notices import problem_card
from frontend.config import read_config
from frontend.connection import api_as
from frontend.state import Session


def render(shared: Session) -> None:
    with st.container(key="sign_in", gap="medium"):
        st.title("Sign in", anchor=False)
        st.markdown(":gray[Paste the key that your administrator gave you. It stays in this browser session.]")
        with st.form("sign_in_form", border=True):
            key = st.text_input("Key", type="password", placeholder="nxk_…", autocomplete="current-password")
            asked = st.form_submit_button("Sign in", type="primary", icon=":material/login:", width="stretch")
        if asked:
            _try(shared, api_as(key.strip(), read_config()), key.strip())
        elif shared.sign_in_problem is not None:
            st.warning("Your key is no longer valid. Sign in again.", icon=":material/lock:")
        st.caption("No key yet? An administrator makes one under Settings, or with `nexus key create`.")


def _try(shared: Session, api: Api, key: str) -> None:
    if not key:
        st.warning("Paste your key first.", icon=":material/key:")
        return
    try:
        shared.me = api.me()
    except ApiError as error:
        if error.problem.status == 401:
            st.error(
                "Check that it was copied whole, and that it was not revoked.",
                title="This key is not known",
                icon=":material/error:",
            )
        else:
            problem_card(error.problem, key="sign_in")
        return
    shared.key, shared.sign_in_problem = key, None
    st.rerun()
