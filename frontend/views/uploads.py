"""Adding documents: the uploader, what was refused, and the sample handbook."""

import io
from collections.abc import Sequence
from functools import partial

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from contracts.documents import Upload
from contracts.jobs import Job
from contracts.problem import Problem
from frontend import state
from frontend.api_client import Api, UploadFile
from frontend.components.jobs import count_from
from frontend.components.notices import act, load
from frontend.components.words import plural, sentence
from frontend.config import UiConfig
from frontend.safe_text import plain

TYPES = ["pdf", "docx", "html", "htm", "md", "markdown", "txt"]


def upload_panel(api: Api, config: UiConfig, *, first: bool) -> None:
    """The card that takes files. `first`: nothing is here yet, so it also offers the sample."""
    view = state.faq()
    with st.container(border=True, key="upload_card"):
        files = st.file_uploader(
            "Documents",
            type=TYPES,
            accept_multiple_files=True,
            max_upload_size=config.upload_limit_mb,
            key=f"files_{view.uploader}",
        )
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            label = f"Draft questions from {plural(len(files), 'file')}" if files else "Draft questions"
            asked = st.button(
                label,
                type="primary",
                icon=":material/auto_awesome:",
                key="send_files",
                disabled=not files,
            )
            if first:
                st.button(
                    "Load the sample handbook",
                    key="samples",
                    type="tertiary",
                    icon=":material/menu_book:",
                    on_click=_load_samples,
                    args=(api,),
                )
        _larger_files(config)
    if asked and files:
        _send(api, files)
    _refused()


def _larger_files(config: UiConfig) -> None:
    with st.expander(
        f"Up to {config.upload_limit_mb} MB a file here. Larger files, or many: use the API",
        icon=":material/terminal:",
        key="larger_files",
    ):
        if config.needs_sign_in:
            token, where = "$NEXUS_KEY", "Put your key into NEXUS_KEY"
        else:
            token, where = "$(.venv/bin/nexus token)", "Run this in the folder of AI Nexus"
        st.caption(f"{where}. Name your own file instead of the sample; repeat -F for more files.")
        st.code(
            f'curl -H "Authorization: Bearer {token}" \\\n  -F files=@docs/samples/handbook.pdf \\\n'
            f"  {config.api_url}/faq/upload",
            language="bash",
            wrap_lines=True,
        )


def _send(api: Api, files: list[UploadedFile]) -> None:
    """Passes the files on and renews the uploader's key, so that what it held is freed."""
    originals = _originals(files)
    with st.spinner(f"Sending {plural(len(files), 'file')}"):
        answer = load("upload", partial(api.upload, originals))
    if answer is None:
        return
    view = state.faq()
    names = [file.name for file in files]
    _release(files)
    view.uploader += 1
    view.refused = [(name, item) for name, item in zip(names, answer.jobs, strict=True) if isinstance(item, Problem)]
    _accepted(answer)
    st.rerun()


class _Original(io.BytesIO):
    """The bytes that the browser sent, shared with Streamlit's record of them."""

    def __init__(self, record: UploadedFileRec) -> None:
        super().__init__(record.data)
        self.name, self.type, self.size = record.name, record.type, len(record.data)


def _originals(files: list[UploadedFile]) -> Sequence[UploadFile]:
    """What the widget returns is a deep copy (measured: twice the size while it is sent): send the record instead."""
    context = get_script_run_ctx()
    if context is None:
        return files
    by_id = {
        record.file_id: record
        for record in context.uploaded_file_mgr.get_files(context.session_id, [file.file_id for file in files])
    }
    if len(by_id) != len(files):
        return files
    for file in files:
        file.close()
    return [_Original(by_id[file.file_id]) for file in files]


def _release(files: list[UploadedFile]) -> None:
    """The browser keeps a removed uploader's files on the server until it leaves: let go of them now."""
    context = get_script_run_ctx()
    for file in files:
        if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
            context.uploaded_file_mgr.remove_file(session_id=context.session_id, file_id=file.file_id)


def _accepted(answer: Upload) -> None:
    view = state.faq()
    count_from([item for item in answer.jobs if isinstance(item, Job)])
    view.adding = bool(view.refused)


def _load_samples(api: Api) -> None:
    load_samples(api)


def load_samples(api: Api) -> bool:
    """Puts the sample handbook into this workspace; False when that failed, which the next run shows."""
    return act(lambda: _accepted(api.load_samples()))


def _refused() -> None:
    view = state.faq()
    if not view.refused:
        return
    with st.container(key="refused", gap="small"):
        lines = [
            f"- **{plain(name)}**: {plain(problem.title)}. {plain(sentence(problem.detail))}"
            for name, problem in view.refused
        ]
        st.error(
            "\n".join(lines),
            title=f"{plural(len(view.refused), 'file was', 'files were')} not taken",
            icon=":material/block:",
        )
        st.button("Dismiss", key="dismiss_refused", type="tertiary", on_click=view.refused.clear)
