"""The way to the API: one pool for all sessions, one token a session."""

import httpx
import streamlit as st

from frontend import state
from frontend.api_client import Api, http_client
from frontend.config import UiConfig, read_config


@st.cache_resource(show_spinner=False)
def shared_http(base_url: str) -> httpx.Client:
    return http_client(base_url)


def api_as(token: str, config: UiConfig) -> Api:
    return Api(shared_http(config.api_url), token)


def current_api() -> Api:
    """The API as the person of this session; without a token it answers 401."""
    config = read_config()
    return api_as(state.session().key if config.needs_sign_in else config.local_token(), config)
