"""What is known of a model provider: its state, address, models and prices."""

from decimal import Decimal

import streamlit as st

from contracts.providers import ModelPrice, Provider, ProviderFailure
from frontend.components.words import ago, listed, plural, provider_words, sentence, short_model
from frontend.safe_text import code, plain, told

_SHOWN = 3


def facts(provider: Provider, model: str | None) -> str:
    note = provider_words(provider.label)[1] or "writes answers from the passages"
    parts = [plain(note[0].upper() + note[1:])]
    if provider.base_url:
        parts.append(code(provider.base_url))
    if provider.key_from_environment:
        parts.append(f"key from {code(provider.key_variable or 'the environment')}")
    elif provider.key_hint:
        parts.append(f"key ending in {plain(provider.key_hint)}")
    elif provider.has_key:
        parts.append("key stored")
    if model and model != provider.name:
        parts.append(f"model {plain(short_model(model))}")
    return " · ".join(parts)


def state_badge(provider: Provider, model: str | None) -> None:
    """`model` is the one that is asked: it may be paused by itself."""
    own = next((one for one in provider.failing_models if one.model == model and one.paused_until), None)
    if provider.state == "paused" and provider.paused_until is not None:
        st.badge(f"Paused until {provider.paused_until:%H:%M:%S} UTC", icon=":material/pause_circle:", color="orange")
    elif provider.state == "missing_extra":
        st.badge(f"Not installed: make {provider.missing_extra}", icon=":material/extension_off:", color="gray")
    elif own is not None and own.paused_until is not None:
        st.badge(f"Model paused until {own.paused_until:%H:%M:%S} UTC", icon=":material/pause_circle:", color="orange")
    elif provider.configured and _is_failing(provider, model):
        st.badge("Last request failed", icon=":material/warning:", color="orange")
    elif provider.configured and provider.failing_models:
        st.badge("Another model failed", icon=":material/warning:", color="orange")
    elif provider.configured:
        st.badge("Ready", icon=":material/link:", color="blue")
    else:
        st.badge("Not set up", icon=":material/link_off:", color="gray")


def _is_failing(provider: Provider, model: str | None) -> bool:
    return provider.last_error is not None or any(one.model == model for one in provider.failing_models)


def last_failure(provider: Provider) -> None:
    failure = provider.last_error
    if failure is not None:
        _failure("The last request", failure)
    for one in provider.failing_models[:_SHOWN]:
        paused = f", and the model is paused until {one.paused_until:%H:%M:%S} UTC" if one.paused_until else ""
        _failure(f"The last request to {plain(short_model(one.model))}", one.last_error, paused)
    more = len(provider.failing_models) - _SHOWN
    if more > 0:
        st.markdown(f":orange[:material/warning:] :small[and {plural(more, 'more model')}]")


def _failure(what: str, failure: ProviderFailure, then: str = "") -> None:
    st.markdown(
        f":orange[:material/warning:] :small[{what} failed {ago(failure.at)}{then}: {told(sentence(failure.detail))}]"
    )


def prices(provider: Provider, model: str | None) -> None:
    """Of the model that is in use first; nothing where no price is known."""
    known = [price for price in provider.prices if price.input_usd is not None and price.output_usd is not None]
    known.sort(key=lambda price: price.model != model)
    if known:
        rows = " · ".join(_price(price) for price in known[:_SHOWN])
        st.caption(f"For a million tokens in and out: {rows}")


def after_removal(provider: Provider, called: str) -> str:
    """What becomes of those that use it when it is removed, or why it cannot be."""
    if provider.collections:
        what = "The collection" if len(provider.collections) == 1 else "The collections"
        return (
            f"{what} {plain(listed(provider.collections))} cannot be asked without {called}, which embeds the "
            "questions. First choose another search model, below."
        )
    texts = [f"What was entered for {called} is forgotten."]
    if provider.agents:
        noun = "The agent" if len(provider.agents) == 1 else "The agents"
        verb = "goes" if len(provider.agents) == 1 else "go"
        texts.append(f"{noun} {plain(listed(provider.agents))} {verb} back to the built-in provider.")
    if provider.fallback_of:
        texts.append(f"It is no longer a fallback of {plain(listed(provider.fallback_of))}.")
    return " ".join(texts)


def note(provider: Provider) -> None:
    if provider.note:
        st.caption(f":material/info: {told(provider.note)}")


def _price(price: ModelPrice) -> str:
    assert price.input_usd is not None
    assert price.output_usd is not None
    return f"{plain(price.model)} {_dollars(price.input_usd)} and {_dollars(price.output_usd)}"


def _dollars(value: Decimal) -> str:
    return plain(f"${value:.2f}" if value >= Decimal("0.1") else f"${value.normalize():f}")
