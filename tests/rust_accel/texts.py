"""Texts that exercise the real models: short, long, odd scripts, odd characters."""

import random

TEXTS = {
    "question": "How do I reset my password?",
    "statement": "The warranty covers parts and labour for two years from the date of purchase.",
    "empty": "",
    "one token": "hello",
    "spaces": " \t\n  ",
    "emoji": "😀 🚀 done 👩‍👩‍👧‍👦",
    "cjk": "如何重置我的密码？ パスワードを忘れました",
    "accents": "naïve café – Größe, façade; ﬁne ligature and e\u0301",
    "arabic": "كيف يمكنني إعادة تعيين كلمة المرور؟",
    "code": 'for (int i = 0; i < n; ++i) { printf("%d\\n", a[i]); }  # 0xDEADBEEF',
    "one long word": "a" * 10_000,
    "10,000 characters": ("Chapter one explains the settings, the limits and the defaults. " * 160)[:10_000],
    "control": "a\x00b\x07c\u200bd\ufeffe",
    "special tokens": "[CLS] [SEP] [MASK] [PAD] [UNK]",
    "other special tokens": "<s> one</s>two <pad><pad> three <mask> <unk>",
    "mixed case": "The QUICK Brown fOX",
}
"""Name -> text."""

TABLE = list(TEXTS)[:12]
"""The names of the texts whose vectors are committed."""


def around(limit: int) -> dict[str, str]:
    """Texts of one token less than `limit`, of as many, and of one more."""
    return {f"{limit + step} tokens": "word " * (limit + step - 2) for step in (-1, 0, 1)}


def hostile() -> list[str]:
    """Random ones of many scripts; and of ASCII, which takes a way of its own: words, half words, every control
    character, reserved words, long ones."""
    draw = random.Random(7)
    alphabet = [*map(chr, range(32, 127)), *"äöüßéñçøłđ汉字かなカナ한국어😀🚀\u0301\u200d\u00a0\u3000\t\n ﬁ№½Ⅷ"]
    noise = ["".join(draw.choices(alphabet, k=draw.randrange(400))) for _ in range(400)]
    ascii = [chr(code) for code in range(128)]
    noise += ["".join(draw.choices(ascii, k=draw.randrange(300))) for _ in range(300)]
    words = ["Unaffable", "e-mail", "don't", "3.14", "x" * 100, "x" * 101, "A" * 300, "the", *RESERVED]
    for _ in range(200):
        noise.append(draw.choice([" ", "\n", "\t ", ""]).join(draw.choices(words, k=draw.randrange(200))))
    return [*ascii, *noise, *RESERVED, "a\x0bb", "a\x00b\x7fc", " \r\n ", "<ma\x00sk>", "a <MASK> b", "x  <mask>\ty"]


RESERVED = [
    *("[CLS]x", "[SEP]", "[MASK", "[PAD]", "[UNK]", "[unk]"),
    *("<s>", "x</s>", "<pad>", "<PAD>", "<unk>", "<mask>", "a<mask>", " <mask> ", "<s", "< s >"),
]
"""Words that are one token to some model, alone or within others, and what looks like them."""
