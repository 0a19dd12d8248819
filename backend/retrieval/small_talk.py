"""What people say beside their questions, and what is said to it: no search, no gap in what the documents know."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backend.retrieval.base import Turn

ABOUT: Final = "Ask me about the documents; I answer from them and show the places."


@dataclass(frozen=True, slots=True)
class _Talk:
    """Phrases of one language with one meaning, as alternatives of an expression, and the reply to them."""

    phrases: str
    reply: str


_TALK: Final = (
    _Talk(
        r"who\s+(?:are\s+you|made\s+you|built\s+you)|what\s+are\s+you|what(?:['’]s|\s+is)\s+your\s+name"
        r"|what\s+can\s+you\s+(?:do|help\s+me\s+with)(?:\s+for\s+me)?|what\s+do\s+you\s+do"
        r"|how\s+(?:does\s+this|do\s+you)\s+work|help(?:\s+me)?"
        r"|are\s+you\s+(?:an?\s+)?(?:human|person|real|(?:chat)?bot|robot|machine|ai|chatgpt)",
        f"I am AI Nexus, a program: I answer from documents that people here have uploaded and reviewed. {ABOUT}",
    ),
    _Talk(
        r"wer\s+(?:bist\s+du|sind\s+sie)|wie\s+(?:heißt\s+du|heißen\s+sie)|was\s+kannst\s+du"
        r"|(?:bist\s+du|sind\s+sie)\s+(?:eine?\s+)?(?:mensch|(?:chat)?bot|roboter|maschine|ki)|hilfe",
        "Ich bin AI Nexus, ein Programm. Fragen Sie mich nach den Dokumenten; ich antworte mit den Stellen.",
    ),
    _Talk(
        r"qui\s+(?:es[-\s]tu|êtes[-\s]vous)|comment\s+(?:t['’]appelles[-\s]tu|vous\s+appelez[-\s]vous)"
        r"|(?:es[-\s]tu|êtes[-\s]vous)\s+un\s+(?:humain|robot|bot)",
        "Je suis AI Nexus, un programme. Posez-moi une question sur les documents ; je cite mes sources.",
    ),
    _Talk(
        r"quién\s+(?:eres|es\s+usted)|cómo\s+(?:te\s+llamas|se\s+llama\s+usted)"
        r"|(?:eres|es\s+usted)\s+(?:un\s+)?(?:humano|robot|bot)",
        "Soy AI Nexus, un programa. Pregúnteme por los documentos; cito mis fuentes.",
    ),
    _Talk(
        r"chi\s+(?:sei|è\s+lei)|come\s+(?:ti\s+chiami|si\s+chiama)|(?:sei|è)\s+un\s+(?:umano|robot|bot)|aiuto",
        "Sono AI Nexus, un programma. Mi faccia una domanda sui documenti; rispondo citando le fonti.",
    ),
    _Talk(
        r"quem\s+(?:és|é\s+você)|como\s+(?:te\s+chamas|você\s+se\s+chama)|(?:você\s+)?é\s+um\s+(?:humano|robô|bot)",
        "Sou o AI Nexus, um programa. Pergunte-me sobre os documentos; respondo citando as fontes.",
    ),
    _Talk(
        r"wie\s+ben\s+(?:je|jij)|wie\s+bent\s+u|hoe\s+heet\s+(?:je|jij|u)|(?:ben\s+je|bent\s+u)\s+een\s+(?:mens|robot|bot)",
        "Ik ben AI Nexus, een programma. Vraag me iets over de documenten; ik antwoord met de bronnen.",
    ),
    _Talk(
        r"kim\s+(?:jesteś|pan\s+jest|pani\s+jest)|jak\s+się\s+nazywasz|(?:czy\s+)?jesteś\s+(?:człowiekiem|robotem|botem)",
        "Jestem AI Nexus, programem. Proszę pytać o dokumenty; odpowiadam, podając źródła.",
    ),
    _Talk(
        r"how\s+are\s+you(?:\s+(?:doing|today))*|how\s+is\s+it\s+going|what['’]s\s+up",
        f"I am a program and always ready. {ABOUT}",
    ),
    _Talk(r"(?:good\s*)?bye|see\s+you(?:\s+(?:later|soon))?|good\s+night|that['’]?s\s+(?:all|it)", "Goodbye!"),
    _Talk(r"tschüss|auf\s+wiedersehen|bis\s+(?:bald|später)|gute\s+nacht", "Auf Wiedersehen!"),
    _Talk(r"au\s+revoir|à\s+bientôt|bonne\s+(?:journée|nuit)", "Au revoir !"),
    _Talk(r"adiós|hasta\s+(?:luego|pronto|mañana)", "¡Hasta luego!"),
    _Talk(r"arrivederci|buona\s+notte|buonanotte|a\s+presto", "Arrivederci!"),
    _Talk(r"tchau|adeus|até\s+(?:logo|breve|amanhã)|boa\s+noite", "Até logo!"),
    _Talk(r"tot\s+(?:ziens|straks|morgen)|doei|welterusten", "Tot ziens!"),
    _Talk(r"do\s+(?:widzenia|zobaczenia)|dobranoc", "Do widzenia!"),
    _Talk(
        r"(?:many\s+)?(?:thanks|thank\s+you|thx|cheers)(?:\s+(?:a\s+lot|so\s+much|very\s+much))?"
        r"|that\s+(?:helped|helps|was\s+helpful)",
        "You're welcome. Ask on whenever you like.",
    ),
    _Talk(r"(?:vielen\s+)?dank(?:e)?(?:\s+(?:schön|sehr))?", "Gern geschehen."),
    _Talk(r"merci(?:\s+(?:beaucoup|bien))?", "Avec plaisir."),
    _Talk(r"(?:muchas\s+)?gracias", "De nada."),
    _Talk(r"grazie(?:\s+(?:mille|tante))?", "Prego."),
    _Talk(r"(?:muito\s+)?obrigad[oa]", "De nada. Pergunte quando quiser."),
    _Talk(r"(?:hartelijk\s+)?(?:bedankt|dank\s+(?:je|u)(?:\s+wel)?|dankjewel)", "Graag gedaan."),
    _Talk(r"dziękuję(?:\s+bardzo)?|dzięki", "Proszę bardzo."),
    _Talk(r"hi|hello|hey|good\s+(?:morning|afternoon|evening|day)|greetings|howdy", f"Hello! {ABOUT}"),
    _Talk(
        r"hallo|guten\s+(?:morgen|tag|abend)|servus|grüezi|moin",
        "Hallo! Fragen Sie mich nach den Dokumenten; ich antworte mit den Stellen, auf denen die Antwort steht.",
    ),
    _Talk(r"bonjour|salut|bonsoir", "Bonjour ! Posez-moi une question sur les documents ; je cite mes sources."),
    _Talk(r"hola|buen(?:os|as)\s+(?:días|tardes|noches)", "¡Hola! Pregúnteme por los documentos; cito mis fuentes."),
    _Talk(
        r"ciao|salve|buongiorno|buonasera|buon\s+giorno|buona\s+sera",
        "Salve! Mi faccia una domanda sui documenti; rispondo citando le fonti.",
    ),
    _Talk(r"olá|oi|bom\s+dia|boa\s+tarde", "Olá! Pergunte-me sobre os documentos; respondo citando as fontes."),
    _Talk(
        r"hoi|(?:goede(?:morgen|middag|navond|avond)|goedendag)",
        "Hallo! Vraag me iets over de documenten; ik antwoord met de bronnen.",
    ),
    _Talk(r"cześć|dzień\s+dobry|dobry\s+wieczór", "Dzień dobry! Proszę pytać o dokumenty; odpowiadam, podając źródła."),
    _Talk(r"yes|yeah|yep|no|nope|please|sure", f"I can only look up whole questions. {ABOUT}"),
    _Talk(r"ja|nein|bitte", "Ich schlage ganze Fragen in den Dokumenten nach. Was möchten Sie wissen?"),
    _Talk(r"oui|non|s['’]il\s+(?:te|vous)\s+plaît", "Je réponds à des questions entières. Que voulez-vous savoir ?"),
    _Talk(r"sí|por\s+favor", "Respondo a preguntas enteras. ¿Qué desea saber?"),
    _Talk(
        r"ok(?:ay)?|k|great|good|nice|cool|fine|perfect|awesome|excellent|super|got\s+it|i\s+see|understood|all\s+right"
        r"|alright|never\s*mind|no\s+problem|(?:that|it)\s+makes\s+sense",
        "Good. Ask on whenever you like.",
    ),
    _Talk(r"alles\s+klar|gut|prima|toll|perfekt|verstanden", "Gut. Fragen Sie gern weiter."),
    _Talk(r"d['’]accord|parfait|très\s+bien|entendu|compris", "Bien. Je reste à votre disposition."),
    _Talk(r"vale|perfecto|muy\s+bien|de\s+acuerdo|entendido", "Bien. Pregunte cuando quiera."),
    _Talk(r"va\s+bene|d['’]accordo|perfetto|capito|benissimo", "Bene. Chieda pure ancora."),
    _Talk(r"tudo\s+bem|está\s+bem|perfeito|percebi|entendi", "Muito bem. Pergunte quando quiser."),
    _Talk(r"begrepen|duidelijk|akkoord|goed\s+zo", "Goed. Vraag gerust verder."),
    _Talk(r"dobrze|rozumiem|świetnie|w\s+porządku", "Dobrze. Proszę pytać dalej."),
)
"""What is said first is answered when several are said at once: "Hi, who are you?" asks who."""

_PHRASES: Final = tuple((re.compile(rf"(?:{talk.phrases})(?![\w'’-])", re.IGNORECASE), talk.reply) for talk in _TALK)
_ADDRESSED: Final = re.compile(
    r"(?:[\s,!.]+(?:there|all|everyone|world|mate|nexus|bot|you|dir|ihnen))+(?![\w'’-])", re.IGNORECASE
)
_SIGNS: Final = re.compile(r"\W*")


def small_talk(text: str) -> str | None:
    """The reply to a text that is small talk from its beginning to its end; None for any other."""
    replies: list[str] = []
    rest = _SIGNS.sub("", text, count=1)
    while rest:
        phrase = _phrase(rest)
        if phrase is None:
            return None
        end, reply = phrase
        replies.append(reply)
        rest = rest[end:]
    order = [talk.reply for talk in _TALK]
    return min(replies, key=order.index) if replies else None


def without_small_talk(text: str) -> str:
    """The rest of a text that begins with small talk set off by a sign: "Thanks! And the scanner?"."""
    rest = text.strip()
    while phrase := _phrase(rest):
        if not re.search(r"[,.!;:]\W*\Z", rest[: phrase[0]]) or phrase[0] == len(rest):
            break
        rest = rest[phrase[0] :]
    return rest


def is_under_way(history: Sequence[Turn]) -> bool:
    """Whether something was asked before that a question may lean on."""
    return any(turn.role == "user" and small_talk(turn.text) is None for turn in history)


def _phrase(text: str) -> tuple[int, str] | None:
    """Where the longest phrase at the beginning ends, with whom it addresses and the signs after it; and its reply."""
    found = [(match.end(), reply) for phrase, reply in _PHRASES if (match := phrase.match(text))]
    if not found:
        return None
    end, reply = max(found, key=lambda one: one[0])
    addressed = _ADDRESSED.match(text, end)
    signs = _SIGNS.match(text, addressed.end() if addressed else end)
    return signs.end() if signs else end, reply
