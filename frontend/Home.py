"""The entry: registers the pages that this person may open and runs the one that was asked for."""

import streamlit as st

from frontend.config import read_config
from frontend.connection import current_key
from frontend.layout import HOME, PAGES, configure_page, known_person, offered, page_frame
from frontend.views.home import render


def home() -> None:
    render(page_frame(HOME))


configure_page("AI Nexus")
st.session_state["nexus_routed"] = True
signed_out = read_config().needs_sign_in and not current_key()
person = None if signed_out else known_person()
pages = [
    st.Page(home if page is HOME else page.script, title=page.title, icon=page.icon, default=page is HOME)
    for page in offered(PAGES, person)
]
current = st.navigation(pages, position="hidden" if signed_out else "sidebar")
resumed = st.session_state.pop("nexus_next", None)
if resumed is not None:
    script, query = resumed
    st.switch_page(script, query_params=query)
current.run()
