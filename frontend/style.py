"""The one style sheet, through `st-key-*` classes."""

import streamlit as st

_SHEET = """
.st-key-page_title { min-width: min(100%%, 20rem); }
[class*="st-key-cardtitle_"] h2 { font-size: 1.0625rem; padding: 0 0 .5rem; }
[class*="st-key-titled_"] h2 { padding: 0 0 1rem; }
[class*="st-key-empty_"] { padding: 2rem 1rem; }
.st-key-faq_current { border-color: %(accent)s !important; box-shadow: inset 3px 0 0 %(accent)s; }
.st-key-sign_in { max-width: 26rem; margin: 12vh auto 0; }
.st-key-bulk_bar { padding: .5rem .75rem; border-radius: .625rem; background: %(soft)s; }
[class*="st-key-passage_"] p { line-height: 1.65; overflow-wrap: anywhere; }
[class*="st-key-faq_"] p, .st-key-chat_log p { overflow-wrap: anywhere; }
.st-key-chat_log, .st-key-question, .st-key-above_field { max-width: 52rem; margin: 0 auto; width: 100%%; }
.st-key-conversations button, .st-key-conversations button > div,
[class*="st-key-cite_"] button, [class*="st-key-open_"] button,
[class*="st-key-source_"] button { justify-content: flex-start; text-align: left; }
.st-key-conversations button *, [class*="st-key-cite_"] button *, [class*="st-key-open_"] button *,
[class*="st-key-source_"] button * { text-align: left; }
[class*="st-key-hit_"] > :first-child { flex: 0 1 auto; min-width: 0; }
[class*="st-key-hit_"] > :last-child { flex: none; white-space: nowrap; }
.st-key-undo_bar {
  position: fixed; bottom: 1.5rem; right: 2rem; z-index: 90; width: min(30rem, calc(100vw - 2rem));
  padding: .5rem .75rem; border-radius: .625rem; border: 1px solid %(accent)s; background: %(soft)s;
  box-shadow: 0 6px 24px rgba(0, 0, 0, .18);
}
[data-testid="stCheckbox"] label:not(:has(:checked)) > div:first-of-type,
[data-testid="stRadioOption"]:not(:has(:checked)) > div > div:first-of-type { border-color: %(control)s; }
[data-testid="stRadio"] code { color: inherit; background: none; padding: 0; }
@media (min-width: 641px) {
  [class*="st-key-foot_"] { flex-wrap: nowrap; }
  [class*="st-key-foot_"] > :first-child { flex: 0 1 auto; min-width: 0; }
  [class*="st-key-foot_"] > :last-child { flex: none; }
}
.st-key-conversations button > div > span { align-items: flex-start; }
.st-key-conversations button [data-testid="stIconMaterial"] { position: relative; top: .2rem; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding-top: 3.75rem; }
  .st-key-undo_bar { right: 1rem; bottom: 1rem; }
  .st-key-page_header { gap: .75rem; }
  .st-key-steps, .st-key-bulk_bar > :has(> .st-key-steps), .st-key-bulk_bar > :has(> [data-testid="stSpace"]) {
    display: none;
  }
  [data-testid="stColumn"]:has(.st-key-lead_card) { order: -1; }
  .st-key-status_tabs button { padding-inline: .5rem; }
  .st-key-review_tools > :has([data-testid="stSelectbox"]) { flex: 1 1 100%%; width: 100%% !important; }
}
"""


_DARK = """
[data-testid="stBaseButton-primary"]:not(:disabled) *,
[data-testid="stBaseButton-primaryFormSubmit"]:not(:disabled) *,
[data-testid="stMultiSelectTagsContainer"] span[title], [data-testid="stMultiSelectTagsContainer"] span[title] ~ * {
  color: #06201D;
}
"""
"""By test id: every primary button and everything chosen of several, whose white text on the dark theme's teal would be
2.5 to 1."""

_LIGHT = """
[data-testid="stButtonGroup"] button[data-selected="true"]:is(:hover, :focus-visible) * { color: #0B5A54; }
"""
"""By test id: the chosen option under the pointer, whose text on the light theme's darker tint would be 4.1 to 1."""


def add_style() -> None:
    dark = st.context.theme.type == "dark"
    colours = {
        "accent": "#2FB5A6" if dark else "#0F766E",
        "soft": "#182027" if dark else "#F4F6F8",
        "control": "#7C8B99" if dark else "#6B7A88",
    }
    st.html(f"<style>{_SHEET % colours}{_DARK if dark else _LIGHT}</style>")
