"""What every page shares: configuration, routing, sign-in, header, health and the one style sheet."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from contracts.access import Me
from contracts.system import ComponentStatus, Readiness
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.badges import HEALTH_TEXT, Look, badge, health_dot
from frontend.components.cookie_exchange import exchange_ticket
from frontend.components.notices import problem_card, show_problem
from frontend.config import UiConfig, read_config
from frontend.connection import current_api, current_key, sign_out
from frontend.safe_text import plain
from frontend.style import add_style
from frontend.views import sign_in

STATIC: Final = Path(__file__).parent / "static"
HOME_SCRIPT: Final = "Home.py"


@dataclass(frozen=True)
class PageSpec:
    """`script` is relative to this folder; `needs` is the permission without which the page is not offered. A page
    without a `lead` says one itself."""

    script: str
    title: str
    icon: str
    lead: str
    needs: str | None = None


HOME: Final = PageSpec(
    HOME_SCRIPT, "Home", ":material/home:", "From your documents to answers that your customers can trust."
)
FAQ: Final = PageSpec(
    "pages/1_FAQ_Extraction.py",
    "FAQ extraction",
    ":material/quiz:",
    "Upload documents, review the questions drafted from them, approve the ones you trust.",
    "faqs.read",
)
CHAT: Final = PageSpec(
    "pages/2_Chat.py",
    "Chat",
    ":material/forum:",
    "",
    "chat",
)
TUNE: Final = PageSpec(
    "pages/3_Fine-tune.py",
    "Fine-tune",
    ":material/model_training:",
    "Teach the search from your approved FAQs, and see what that changes.",
    "models.read",
)
COMPARE: Final = PageSpec(
    "pages/4_Compare.py",
    "Compare",
    ":material/compare:",
    "Ask several at once, vote without knowing who wrote what, and promote what wins.",
    "comparisons.read",
)
SMART: Final = PageSpec(
    "pages/5_Smart_agents.py",
    "Smart agents",
    ":material/support_agent:",
    "Agents that talk with your visitors, and keep what these say of themselves with the words they said it in.",
    "chat",
)
SETTINGS: Final = PageSpec(
    "pages/9_Settings.py", "Settings", ":material/settings:", "Providers, keys and this installation.", "settings.read"
)
PAGES: Final = (HOME, FAQ, CHAT, TUNE, COMPARE, SMART, SETTINGS)


@dataclass(frozen=True)
class Frame:
    """What a page works with after `page_frame`. `lead` is the place of the sentence below the title."""

    api: Api
    me: Me
    config: UiConfig
    lead: DeltaGenerator
    actions: DeltaGenerator

    def say_lead(self, sentence: str) -> None:
        self.lead.markdown(f":gray[{sentence}]")

    def can(self, permission: str) -> bool:
        return permission in self.me.permissions


def page_frame(page: PageSpec) -> Frame:
    """Everything around a page; the page goes on only for somebody who is signed in. Call it first."""
    configure_page(f"{page.title} · AI Nexus")
    add_style()
    _logo()
    _through_home(page)
    config = read_config()
    banner = st.container(key="banner", gap="small")
    if config.needs_sign_in:
        _signed_in(banner)
    shared = state.session()
    shared.begin(banner)
    api = current_api()
    lead, actions = _header(page)
    me = _who(api, shared)
    readiness = current_readiness(api)
    _footer(readiness, me, config)
    _messages(shared)
    frame = Frame(api, me, config, lead, actions)
    if page.lead:
        frame.say_lead(page.lead)
    return frame


def configure_page(title: str) -> None:
    """Before `st.navigation` too: without an icon of ours it takes the page's from a server outside."""
    st.set_page_config(page_title=title, page_icon=str(STATIC / "favicon.png"), layout="wide")


def _logo() -> None:
    theme = "dark" if st.context.theme.type == "dark" else "light"
    st.logo(str(STATIC / f"logo-{theme}.svg"), size="large", icon_image=str(STATIC / "mark.svg"))


def _through_home(page: PageSpec) -> None:
    """On a fresh server a deep link runs the page without `Home.py`: go through it once, and come back."""
    if not st.session_state.get("nexus_routed"):
        st.session_state["nexus_next"] = (page.script, st.query_params.to_dict())
        st.switch_page(HOME_SCRIPT)


def _signed_in(banner: DeltaGenerator) -> None:
    """The page goes on for somebody who is signed in; anybody else is asked for a key."""
    is_known = bool(current_key())
    shared = state.session()
    shared.begin(banner)
    with banner:
        exchange_ticket(shared)
    if not is_known:
        sign_in.render(shared)
        st.stop()


def _header(page: PageSpec) -> tuple[DeltaGenerator, DeltaGenerator]:
    """The places of the lead and of the actions."""
    with st.container(
        key="page_header", horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute", gap="medium"
    ):
        with st.container(key="page_title", gap=None, width="content"):
            st.title(page.title, anchor=False)
            lead = st.container()
        return lead, st.container(key="page_actions", horizontal=True, width="content", gap="small")


def known_person() -> Me | None:
    """Who is signed in, asked before the pages are registered. None without an answer: the page then says why."""
    shared = state.session()
    if shared.me is None and read_config().needs_sign_in:
        with suppress(ApiError):
            shared.me = current_api().me()
    return shared.me


def _who(api: Api, shared: state.Session) -> Me:
    """Who is signed in, asked once a session. Without an answer the page stops here, saying why."""
    if shared.me is not None:
        return shared.me
    try:
        shared.me = api.me()
    except ApiError as error:
        show_problem(error, key="who")
        st.stop()
    return shared.me


def current_readiness(api: Api) -> Readiness | None:
    """How the parts are, asked at most every ten seconds; None when the server does not answer."""
    shared = state.session()
    if shared.fresh_readiness is not None:
        return shared.fresh_readiness
    try:
        shared.readiness, shared.readiness_at = api.ready(), monotonic()
    except ApiError as error:
        shared.readiness = None
        show_problem(error, key="ready")
    return shared.readiness


def _footer(readiness: Readiness | None, me: Me, config: UiConfig) -> None:
    status = readiness.status if readiness else ComponentStatus.DOWN
    with st.sidebar, st.container(key="footer", gap="small"):
        st.markdown(f":small[{health_dot(status)} {HEALTH_TEXT[status]}]", width="content")
        version = f"AI Nexus {plain(readiness.version)}" if readiness else "AI Nexus"
        if not config.needs_sign_in:
            st.caption(version)
            return
        st.caption(f"{version}  \n{plain(me.name)} · {me.role.replace('_', ' ')} · {plain(me.workspace)}")
        st.button("Sign out", key="sign_out", icon=":material/logout:", type="tertiary", on_click=_sign_out)


def _sign_out() -> None:
    sign_out()
    st.query_params.clear()


def _messages(shared: state.Session) -> None:
    if shared.flash is not None:
        st.toast(shared.flash.text, icon=shared.flash.icon)
        shared.flash = None
    if shared.notice is not None and shared.banner is not None:
        with shared.banner:
            problem_card(shared.notice, key="notice")
        shared.notice = None


def section(title: str, *, key: str) -> None:
    st.container(key=f"section_{key}").header(title, anchor=False)


def titled(title: str, looks: Sequence[Look], *, key: str) -> None:
    """The heading of the one thing that is shown, its states behind it."""
    with st.container(key=f"titled_{key}", horizontal=True, vertical_alignment="center", gap="small"):
        st.container(key=f"section_{key}", width="content").header(title, anchor=False, width="content")
        for look in looks:
            badge(look)


def card_title(title: str, *, key: str) -> None:
    """The heading of a card: of the same rank as a section's, and smaller."""
    st.container(key=f"cardtitle_{key}").header(title, anchor=False)


def offered(pages: Sequence[PageSpec], me: Me | None) -> list[PageSpec]:
    """The pages that `me` may open; all of them while that is not known yet."""
    return [page for page in pages if me is None or page.needs is None or page.needs in me.permissions]
