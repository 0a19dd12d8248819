"""Signing in with an API key (`NEXUS_AUTH=keys`)."""

from typing import Final

import streamlit as st

from frontend.api_client import ApiError
from frontend.components.notices import problem_card
from frontend.config import read_config
from frontend.connection import api_as, sign_in
from frontend.state import Ended, Session

WHY: Final[dict[Ended, str]] = {
    "key": "Your key is no longer valid: it was revoked or has expired. Sign in with another one.",
    "elsewhere": "Your sign-in has ended: in another tab, after 12 hours without use, or with a restart. "
    "Sign in again.",
}


def render(shared: Session) -> None:
    with st.container(key="sign_in", gap="medium"):
        st.title("Sign in", anchor=False)
        st.markdown(
            ":gray[Paste the key that your administrator gave you. You stay signed in on this browser until you sign "
            "out, close it, or leave it unused for 12 hours.]"
        )
        with st.form("sign_in_form", border=True):
            key = st.text_input("Key", type="password", placeholder="nxk_…", autocomplete="current-password")
            asked = st.form_submit_button("Sign in", type="primary", icon=":material/login:", width="stretch")
        if asked:
            _try(key.strip())
        elif shared.ended in WHY:
            st.warning(WHY[shared.ended], icon=":material/lock:")
        st.markdown(
            ":small[:gray[No key yet? An administrator makes one under Settings, or with] `nexus key create`:gray[.]]"
        )


def _try(key: str) -> None:
    if not key:
        st.warning("Paste your key first.", icon=":material/key:")
        return
    try:
        me = api_as(key, read_config()).me()
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
    sign_in(key, me)
    st.rerun()
