"""The ways to read leads from a conversation: a row here is the one registration."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from backend.registry import Registry, Row

if TYPE_CHECKING:
    from backend.leads.base import LeadExtractor

ExtractorFactory = Callable[[], "LeadExtractor"]


def _rules() -> ExtractorFactory:
    from backend.leads.rules import RulesExtractor

    return RulesExtractor


EXTRACTORS: Registry[ExtractorFactory] = Registry("lead extractor", {"rules": Row(_rules)})
