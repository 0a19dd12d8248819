"""API keys of the workspace: made, shown once, revoked (administrators, keys sign-in)."""

from typing import Final

import streamlit as st

from contracts.access import ApiKey, NewApiKey, Role
from frontend import state
from frontend.api_client import Api
from frontend.components.notices import act, load
from frontend.components.words import ago
from frontend.layout import section
from frontend.safe_text import plain

ROLES: Final[dict[Role, str]] = {
    Role.ANALYST: "Analyst: uploads documents and reviews FAQs",
    Role.ML_ENGINEER: "ML engineer: the same, and models",
    Role.SALES: "Sales: reads FAQs and asks",
    Role.DEVOPS: "DevOps: jobs, health and metrics",
    Role.ADMIN: "Administrator: everything",
}


def access_keys(api: Api) -> None:
    section("API keys", key="keys")
    keys = load("keys", api.keys)
    _created()
    with st.expander("Create a key", icon=":material/add:", key="create_key"):
        _form(api)
    for key in keys or []:
        _row(api, key)


def _form(api: Api) -> None:
    view = state.settings()
    turn = view.keys_made
    with st.form("new_key", border=False):
        st.text_input("Name", max_chars=200, placeholder="Who or what uses it", key=f"new_key_name_{turn}")
        st.selectbox("Role", list(ROLES), format_func=ROLES.__getitem__, key=f"new_key_role_{turn}")
        st.form_submit_button("Create key", icon=":material/key:", on_click=_create, args=(api, turn))
    if view.is_key_nameless:
        st.warning("Give the key a name, so that you know later what to revoke.", icon=":material/key:")


def _create(api: Api, turn: int) -> None:
    """The second click of a double click interrupts this where it reads the session, and it runs once more: all of
    that is read first, and whoever comes with a turn that was taken makes no second key."""
    view = state.settings()
    name = str(st.session_state.get(f"new_key_name_{turn}", "")).strip()
    role = st.session_state.get(f"new_key_role_{turn}", Role.ANALYST)
    if turn != view.keys_made:
        return
    view.is_key_nameless = not name and view.created is None
    if not name:
        return
    view.keys_made += 1

    def create() -> None:
        view.created = api.create_key(NewApiKey(name=name, role=role))

    act(create)


def _created() -> None:
    view = state.settings()
    if view.created is None:
        return
    with st.container(key="created_key", border=True, gap="small"):
        st.success(
            "Copy it now: it is shown this once.",
            title=f"Key for {plain(view.created.record.name)}",
            icon=":material/key:",
        )
        st.code(view.created.key, language=None, wrap_lines=True)
        st.button("I have copied it", key="created_done", on_click=_forget)


def _forget() -> None:
    state.settings().created = None


def _row(api: Api, key: ApiKey) -> None:
    used = f"used {ago(key.last_used_at)}" if key.last_used_at else "never used"
    with st.container(
        border=True,
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
        key=f"key_{key.id}",
    ):
        st.markdown(
            f"**{plain(key.name)}** :gray-badge[{key.role.replace('_', ' ')}]  \n"
            f":small[:gray[begins with {plain(key.hint)} · created {ago(key.created_at)} · {used}]]",
            width="content",
        )
        with st.popover("Revoke", icon=":material/key_off:", type="tertiary", key=f"revoke_menu_{key.id}"):
            st.markdown("Whoever uses this key is signed out at once.")
            st.button("Revoke key", key=f"revoke_{key.id}", on_click=_revoke, args=(api, key))


def _revoke(api: Api, key: ApiKey) -> None:
    act(lambda: api.revoke_key(key.id), f"{plain(key.name)} revoked")
