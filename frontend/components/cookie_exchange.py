"""The script that has the browser fetch, or drop, the cookie of the sign-in."""

import json
from typing import Final

import streamlit as st

from frontend.session_cookie import PATH, TICKET
from frontend.sign_ins import sign_ins
from frontend.state import Session

# A script runs again when React mounts its element again; the ticket is good once.
_SCRIPT: Final = """<script>
if (window.nexusTicket !== %(ticket)s) {
  window.nexusTicket = %(ticket)s;
  fetch(%(path)s, {method: "POST", headers: {[%(header)s]: %(ticket)s}, credentials: "same-origin"}).catch(() => {});
}
</script>"""


def exchange_ticket(shared: Session) -> None:
    """Drawn until the ticket is exchanged, since a page that is drawn again at once may never have been shown."""
    if not sign_ins().is_waiting(shared.ticket):
        shared.ticket = ""
        return
    values = {"path": PATH, "header": TICKET, "ticket": shared.ticket}
    script = _SCRIPT % {name: json.dumps(value) for name, value in values.items()}
    st.html(script, unsafe_allow_javascript=True)
