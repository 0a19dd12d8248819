"""Real English texts of this machine: man pages, the documentation of its packages, docstrings of the standard library.

The order of the files is shuffled with a fixed seed, so the same packages give the same texts.
"""

import gzip
import html
import itertools
import random
import re
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Unavailable

QUERY = "How do I reset my password?"
LARGEST = 2_000_000
_ROFF = re.compile(r"\\f(?:\(..|\[[^]]*]|.)|\\s[-+]?\d|\\[&|^%/,]|\\\*(?:\(..|.)")
_TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]+>", re.DOTALL | re.IGNORECASE)
_DOCSTRING = re.compile(r'"""(.*?)"""', re.DOTALL)
_WORD = re.compile(r"[A-Za-z]{2,}")


def files() -> list[Path]:
    """Everything that may hold prose, shuffled."""
    found = [
        *Path("/usr/share/man").glob("man[1-8]/*.gz"),
        *(path for path in Path("/usr/share/doc").rglob("*") if _is_prose(path)),
        *Path(sysconfig.get_path("stdlib")).glob("*.py"),
    ]
    found.sort()
    random.Random(1).shuffle(found)
    return found


def _is_prose(path: Path) -> bool:
    name = path.name.removesuffix(".gz")
    plain = name.endswith((".txt", ".html", ".htm", ".md", ".rst")) or name.startswith(("README", "NEWS", "FAQ"))
    return plain and path.is_file() and not path.is_symlink()


def paragraphs() -> Iterator[str]:
    """Prose of at least eight words, mostly letters, white space collapsed, each once."""
    seen: set[int] = set()
    for path in files():
        for part in re.split(r"\n\s*\n", _read(path)):
            text = " ".join(part.split())
            letters = sum(character.isalpha() or character == " " for character in text)
            if len(_WORD.findall(text)) >= 8 and letters >= 0.8 * len(text) and hash(text) not in seen:
                seen.add(hash(text))
                yield text


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            return ""
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError):
        return ""
    text = raw.decode("utf-8", "replace")
    if "/man/" in str(path):
        lines = ("" if line.startswith((".", "'")) else line for line in text.splitlines())
        return _ROFF.sub("", "\n".join(lines)).replace("\\-", "-")
    if path.suffix == ".py":
        return "\n\n".join(_DOCSTRING.findall(text))
    return html.unescape(_TAG.sub(" ", text)) if ".htm" in path.name else text


def of_words(words: int) -> Iterator[str]:
    """Runs of so many words, across paragraphs of a file and of the next."""
    stream = (word for text in paragraphs() for word in text.split() if len(word) <= 30)
    while piece := tuple(itertools.islice(stream, words)):
        if len(piece) == words:
            yield " ".join(piece)


def of_tokens(tokens: int, count: int, measure: Callable[[Sequence[str]], NDArray[np.int64]]) -> list[str]:
    """`count` texts within a tenth of `tokens` tokens each. `measure` counts them. Raises `Unavailable`."""
    found: list[str] = []
    pieces = of_words(round(tokens / 1.35))
    while len(found) < count:
        batch = list(itertools.islice(pieces, count))
        if not batch:
            raise Unavailable(f"only {len(found)} texts of {tokens} tokens; install Debian packages with documentation")
        lengths = measure(batch).tolist()
        found += [text for text, n in zip(batch, lengths, strict=True) if abs(n - tokens) <= tokens / 10]
    return found[:count]
