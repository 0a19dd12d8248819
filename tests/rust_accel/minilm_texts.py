"""Texts that exercise the packaged model: short, long, odd scripts, odd characters."""

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
    "256 tokens": "word " * 254,
    "255 tokens": "word " * 253,
    "257 tokens": "word " * 255,
    "control": "a\x00b\x07c\u200bd\ufeffe",
    "special tokens": "[CLS] [SEP] [MASK] [PAD] [UNK]",
    "mixed case": "The QUICK Brown fOX",
}
"""Name -> text."""

TABLE = list(TEXTS)[:12]
"""The names of the texts whose vectors are committed."""
