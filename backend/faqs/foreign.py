"""Questions in German, French and Spanish headings that lack their question mark. Their words are kept."""

import re

from backend.faqs.headings import Asked
from backend.faqs.language import Language

_FORMS: dict[Language, re.Pattern[str]] = {
    "de": re.compile(
        r"(?:wie|was|warum|wann|wo|woher|wohin|welche[rsnm]?|wer|wozu)\s"
        r"(?:(?:\S+\s)?(?:ist|sind|kann|können|muss|müssen|soll|sollte|sollten|darf|wird|werden|hat|haben|gibt|funktioniert|"
        r"funktionieren|bedeutet|brauche|mache|geht)\b|\w+e\sich\b)",
        re.IGNORECASE,
    ),
    "fr": re.compile(
        r"(?:comment|pourquoi|quand|où|combien|qu['’]est-ce|que faire|quel(?:le)?s?|qui)\s+\S", re.IGNORECASE
    ),
    "es": re.compile(r"(?:cómo|qué|por qué|cuándo|dónde|cuál(?:es)?|quién(?:es)?|cuánt[oa]s?)\s+\S", re.IGNORECASE),
}


def ask(heading: str, language: Language) -> Asked | None:
    form = _FORMS.get(language)
    if form is None or not form.match(heading) or len(heading.split()) < 3 or heading.endswith((".", ":")):
        return None
    marked = {"de": f"{heading}?", "fr": f"{heading} ?", "es": f"¿{heading}?"}[language]
    return Asked(marked, "question", 0.8, "heading is a question")
