"""The way to the API: one pool for all sessions, one token a session, and how a sign-in begins and ends."""

from http import HTTPStatus

import httpx
import streamlit as st

from contracts.access import Me
from contracts.problem import Problem
from frontend import state
from frontend.api_client import Api, http_client
from frontend.config import UiConfig, read_config
from frontend.sign_ins import COOKIE, sign_ins


@st.cache_resource(show_spinner=False)
def shared_http(base_url: str) -> httpx.Client:
    return http_client(base_url)


def api_as(token: str, config: UiConfig) -> Api:
    return Api(shared_http(config.api_url), token)


def current_api() -> Api:
    """The API as the person of this session; without a token it answers 401."""
    config = read_config()
    return api_as(current_key() if config.needs_sign_in else config.local_token(), config)


def current_key() -> str:
    """The key of this person, "" when nobody is signed in. A new tab, and a refresh, take it up by the cookie."""
    shared = state.session()
    if not shared.sign_in and shared.ended is None:
        shared.sign_in = cookie()
    if not shared.sign_in:
        return ""
    key = sign_ins().key(shared.sign_in)
    if not key:
        state.forget("elsewhere")
    return key


def cookie() -> str:
    """The id that this browser brought when it opened the page."""
    return st.context.cookies.get(COOKIE, "")


def sign_in(key: str, me: Me) -> None:
    """`key` is the one that the API took. The browser's cookie follows when its ticket is exchanged."""
    shared = state.session()
    shared.sign_in, shared.me, shared.ended = sign_ins().start(key), me, None
    shared.ticket = sign_ins().ticket(shared.sign_in)


def sign_out() -> None:
    """In every tab of this browser."""
    sign_ins().end(state.session().sign_in)
    state.forget("here").ticket = sign_ins().ticket("")


def is_key_refused(problem: Problem) -> bool:
    """Whether the API no longer takes the key of this person, who is then signed out."""
    if problem.status != HTTPStatus.UNAUTHORIZED or not read_config().needs_sign_in:
        return False
    shared = state.session()
    if shared.sign_in:
        sign_ins().end(shared.sign_in)
        state.forget("key")
    return True
