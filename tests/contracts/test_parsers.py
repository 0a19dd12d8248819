"""Every parser against the contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.jobs.children import Children
from backend.parsing.child import ChildParser
from tests.contracts.parser import ParserContract


@pytest.mark.process
class TestChildParser(ParserContract):
    @pytest.fixture
    async def parser(self, tmp_path: Path) -> AsyncIterator[ChildParser]:
        children = Children(spool=tmp_path / "spool")
        yield ChildParser(children)
        children.close()
