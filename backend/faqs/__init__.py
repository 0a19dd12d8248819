"""The ways to draft FAQs from a document: a row here is the one registration."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from backend.registry import Registry, Row

if TYPE_CHECKING:
    from backend.faqs.base import FaqExtractor
    from backend.jobs.children import Children

ExtractorFactory = Callable[["Children"], "FaqExtractor"]


def _rules() -> ExtractorFactory:
    from backend.faqs.extractor import RulesExtractor

    return RulesExtractor


EXTRACTORS: Registry[ExtractorFactory] = Registry("FAQ extractor", {"rules": Row(_rules)})
