"""View state: one dataclass a page. What must survive a refresh is in the API or in the query string."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Literal, TypeVar
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from contracts.access import CreatedApiKey, Me
from contracts.agents import Agent
from contracts.chat import ChatAnswer, Citation
from contracts.comparisons import Comparison, Lane, NewComparison, Target
from contracts.faqs import Faq
from contracts.lead_fields import OwnField
from contracts.problem import Problem
from contracts.providers import ProviderCheck
from contracts.smart import LeadEvent
from contracts.system import Readiness

S = TypeVar("S")
View = TypeVar("View", bound=str)
KEPT = ("nexus_routed", "nexus_next")
READY_SECONDS = 10.0
Ended = Literal["here", "elsewhere", "key"]


@dataclass
class Flash:
    """A message for the next run, shown once."""

    text: str
    icon: str = ":material/check_circle:"


@dataclass
class Session:
    """What all pages share: who is signed in, how the server is, the next message.

    `offline_shown`: the banner says that the server is away; `offline_told_by`: else that part of the page does.
    `sign_in` is an id of `frontend/sign_ins.py`, `ticket` waits to become the browser's cookie, `ended` says why the
    person is asked to sign in although they were. `forms` is how many forms were opened in dialogs.
    """

    sign_in: str = field(default="", repr=False)
    ticket: str = field(default="", repr=False)
    ended: Ended | None = None
    me: Me | None = None
    readiness: Readiness | None = None
    readiness_at: float = 0.0
    banner: DeltaGenerator | None = None
    offline_shown: bool = False
    offline_told_by: str = ""
    flash: Flash | None = None
    notice: Problem | None = None
    forms: int = 0

    def begin(self, banner: DeltaGenerator) -> None:
        """A run of a page: nothing was told yet."""
        self.banner, self.offline_shown, self.offline_told_by = banner, False, ""

    @property
    def fresh_readiness(self) -> Readiness | None:
        return self.readiness if monotonic() - self.readiness_at < READY_SECONDS else None


@dataclass
class UndoBar:
    """The decision that can be taken back: its actions, newest last."""

    action_ids: list[UUID]
    text: str


@dataclass
class FaqState:
    """`cursors` are those of the pages before this one; `at` is the card that the keyboard acts on;
    `editing` is the FAQ as it was when its editor opened; `writing` the question that a new FAQ begins with.

    `jobs_since`: documents read since then are counted with those that are being read. `time_left`: the minutes that
    were said of each job. `drafting` is the document that a model is to draft from, `drafting_jobs` are shown also when
    they have ended."""

    uploader: int = 0
    refused: list[tuple[str, Problem]] = field(default_factory=list)
    jobs_since: datetime | None = None
    drafting: UUID | None = None
    drafting_jobs: set[UUID] = field(default_factory=set)
    is_reading: bool = False
    time_left: dict[UUID, int] = field(default_factory=dict)
    cursors: list[str] = field(default_factory=list)
    cursor: str | None = None
    filters: tuple[object, ...] = ()
    at: int = 0
    round: int = 0
    undo: UndoBar | None = None
    is_undo_restored: bool = False
    opened: UUID | None = None
    opened_tab: Literal["source", "edit", "history"] = "source"
    editing: Faq | None = None
    stale_text: tuple[str, str] | None = None
    similar: UUID | None = None
    similar_from: UUID | None = None
    is_rejecting: bool = False
    writing: str | None = None
    deleting: UUID | None = None
    adding: bool = False


@dataclass
class ChatTurn:
    """A question that is not saved yet: being asked, stopped or failed. `captured` is what is known of a visitor with
    it. `hang_up` ends its request at once."""

    question: str
    partial: str = ""
    citations: list[Citation] = field(default_factory=list)
    captured: LeadEvent | None = None
    problem: Problem | None = None
    answer: ChatAnswer | None = None
    started: bool = False
    stopped: bool = False
    running: bool = True
    turns_before: int = 0
    hang_up: Callable[[], None] = lambda: None


@dataclass
class ChatState:
    """`listed` is how many conversations the sidebar shows; `editing` an agent's id, or "new"; `saved` is the agent
    that is to be chosen in the next run; `is_model_lost` whether the address named a model that cannot be asked."""

    collection_id: UUID | None = None
    listed: int = 15
    pending: ChatTurn | None = None
    citation: Citation | None = None
    editing: UUID | str | None = None
    saved: UUID | None = None
    is_model_lost: bool = False


@dataclass
class Cursors:
    """Where a list is that is read page by page: `of` names the list, `before` are the cursors of the pages behind."""

    of: tuple[object, ...] = ()
    before: list[str | None] = field(default_factory=list)
    now: str | None = None


@dataclass
class TuneState:
    """`dialog` is the one that is open, `doomed` what it would delete. `refused` is what the API said of the training
    that the form asked for. `time_left`: the minutes that were said of each job."""

    dialog: Literal["new", "import", "delete_dataset", "delete_model"] | None = None
    doomed: UUID | None = None
    refused: Problem | None = None
    rows: Cursors = field(default_factory=Cursors)
    learnt: Cursors = field(default_factory=Cursors)
    time_left: dict[UUID, int] = field(default_factory=dict)


@dataclass
class Race:
    """A comparison that is not saved yet: being made, stopped or failed. `texts` and `lanes` are by label."""

    new: NewComparison
    names: list[str]
    texts: dict[str, str] = field(default_factory=dict)
    lanes: dict[str, Lane] = field(default_factory=dict)
    compared: Comparison | None = None
    problem: Problem | None = None
    started: bool = False
    stopped: bool = False
    running: bool = True
    hang_up: Callable[[], None] = lambda: None


@dataclass
class LaneChoice:
    """A lane of the form. `key` names its fields; `option` its target, of which `fallback` is told where no list has
    it."""

    key: int
    option: str = ""
    documents: bool = True
    fallback: tuple[str, Target] | None = None


@dataclass
class CompareState:
    """`lanes` are the form's, and `lanes_made` how many there ever were. `dialog` is the one that is open, for what
    `doomed` names. `refused` is what the API said of the form, `promotion` of the promotion. `from_model` is the model
    that was trained here and led to the page, `from_vote` the key of whom the person last voted for."""

    lanes: list[LaneChoice] = field(default_factory=list)
    lanes_made: int = 0
    question: str = ""
    blind: bool = True
    race: Race | None = None
    citation: Citation | None = None
    dialog: Literal["delete_contest", "roll_back"] | None = None
    doomed: UUID | str | None = None
    refused: Problem | None = None
    promotion: Problem | None = None
    from_model: UUID | None = None
    from_vote: str = ""
    contests: Cursors = field(default_factory=Cursors)
    questions: Cursors = field(default_factory=Cursors)
    batches: Cursors = field(default_factory=Cursors)
    audit: Cursors = field(default_factory=Cursors)
    time_left: dict[UUID, int] = field(default_factory=dict)


@dataclass
class OwnRow:
    """A field of the agent's own in its form. `key` names its inputs; `before` is what they begin with."""

    key: int
    before: OwnField | None = None


@dataclass
class SmartState:
    """`form` says what the form is of: an agent's id, or a template's; `editing` is the agent as it was when its form
    opened, `own` its rows of own fields, and `own_made` how many there ever were. `refused` is what is wrong with it.
    `dialog` is the one that is open, for the agent `doomed`. `reading` are the jobs that read the sample handbook, and
    `chosen` the documents that the form begins with."""

    form: str = ""
    editing: Agent | None = None
    own: list[OwnRow] = field(default_factory=list)
    own_made: int = 0
    refused: Problem | None = None
    dialog: Literal["delete", "duplicate"] | None = None
    doomed: UUID | None = None
    reading: list[UUID] = field(default_factory=list)
    chosen: list[UUID] = field(default_factory=list)
    pending: ChatTurn | None = None
    citation: Citation | None = None


@dataclass
class SettingsState:
    """`checking` is the provider that is asked when the page is drawn; `asking` the place that says so; `tested` the
    addresses that gave the results in `checks`; `saved` the providers whose settings were just saved."""

    checking: str = ""
    asking: DeltaGenerator | None = None
    checks: dict[str, ProviderCheck | Problem] = field(default_factory=dict)
    tested: dict[str, str] = field(default_factory=dict)
    saved: set[str] = field(default_factory=set)
    created: CreatedApiKey | None = None
    is_key_nameless: bool = False
    keys_made: int = 0


def _of(name: str, kind: type[S]) -> S:
    found = st.session_state.get(name)
    if not isinstance(found, kind):
        found = kind()
        st.session_state[name] = found
    return found


def session() -> Session:
    return _of("nexus_session", Session)


def begin_form() -> None:
    """The dialog that opens next has a form of its own. With the fields of the one before it would begin with what was
    typed there, where it is opened before the run that closed that one is at its end."""
    session().forms += 1


def form_key(name: str) -> str:
    """Of the form, or of one of its fields, in the dialog that is open."""
    return f"{name}_{session().forms}"


def forget(ended: Ended) -> Session:
    """Nothing of the person who was signed in is left in this tab."""
    for name in [name for name in st.session_state if name not in KEPT]:
        del st.session_state[name]
    shared = session()
    shared.ended = ended
    return shared


def faq() -> FaqState:
    return _of("nexus_faq", FaqState)


def chat() -> ChatState:
    return _of("nexus_chat", ChatState)


def tune() -> TuneState:
    return _of("nexus_tune", TuneState)


def compare() -> CompareState:
    return _of("nexus_compare", CompareState)


def smart() -> SmartState:
    return _of("nexus_smart", SmartState)


def settings() -> SettingsState:
    return _of("nexus_settings", SettingsState)


def query_id(name: str) -> UUID | None:
    """The id in the query string, or None where it is absent or no id."""
    try:
        return UUID(st.query_params.get(name, ""))
    except ValueError:
        return None


def show(view: View, ids: Mapping[View, str], which: UUID | None = None, *, without: str) -> None:
    """Puts a page's view, and one thing in it, into the address; `ids` names the things of views there. At once: each
    change is a step of the browser's history."""
    kept = {name: value for name, value in st.query_params.items() if name not in (*ids.values(), without)}
    st.query_params.from_dict({**kept, "view": view, **({ids[view]: str(which)} if which is not None else {})})
