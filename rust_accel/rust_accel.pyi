"""Sentence embeddings and exact vector search on the CPU.

Every function releases the interpreter while it computes and may be called from several threads; it holds it while it
reads Python objects that are no arrays: texts, and the codes of `where`. Arrays are read row by row, however they
lie; another dtype or number of axes is a `TypeError`. `MemoryError` is promised for what grows with a call: rows,
hits, pairs, ids and codes, texts, tokens, vectors and weights. A process that has no memory left for anything else,
which takes kB to a few MB, is ended.
"""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Embedder", "VectorIndex"]

@final
class Embedder:
    """An encoder, BERT or MPNet, with its tokenizer, pooling and normalisation, and its own pool of threads.

    A forked process can go on with it: it starts threads of its own.
    """

    def __new__(
        cls,
        model: Path,
        *,
        precision: Literal["f32", "bf16", "int8", "int8-mixed"] | None = None,
        threads: int | None = None,
        max_tokens: int | None = None,
    ) -> Embedder:
        """Load a sentence-transformers folder: `modules.json`, `config.json`, the pooling's `config.json`,
        `tokenizer.json`, `model.safetensors` and, where present, `sentence_bert_config.json` and
        `tokenizer_config.json`. `model_type` in `config.json` is "bert" or "mpnet".

        `precision`: what the linear layers multiply in; sums, softmax and normalisation are f32 in all. Against the
        same model in float64, all-MiniLM-L6-v2's vectors have a cosine of at least .99999 in "f32", .9999 in "bf16",
        .998 on texts of more than 20 characters in "int8-mixed" (bytes where they cost the least accuracy) and .99 in
        "int8" (bytes in all linear layers). None is the fastest of the first two: bf16 where the CPU multiplies it
        (`isa` is avx512bf16), elsewhere f32. `threads`: None is one per core. `max_tokens`: where texts are cut,
        special tokens included; None is the model's own, that of its tokenizer, or as many as it has positions. Raises
        `OSError` for a missing file, `ValueError` naming the file, field or tensor that cannot be used, an unknown
        precision or a `NEXUS_ISA` that this CPU lacks, `MemoryError`. `threads` is 1..1024.
        """

    def embed(self, texts: Sequence[str], /) -> NDArray[np.float32]:
        """float32[len(texts), dimension], unit length, in input order. The empty text is its special tokens.

        Raises `ValueError` for a text with a lone surrogate or one that the tokenizer refuses, naming its place,
        `TypeError` for what is not a sequence of str, `MemoryError`, and `RuntimeError` when `model.safetensors` was
        changed in place since it was loaded; one that was replaced or removed stays in use. A signal, such as Ctrl-C,
        ends a long call.
        """

    def count_tokens(self, texts: Sequence[str], /) -> NDArray[np.int64]:
        """int64[len(texts)]: tokens of each text before it is cut, special ones included. Raises as `embed`."""

    def token_ids(self, texts: Sequence[str], /) -> list[list[int]]:
        """The ids of each text after it is cut, special ones included. Raises as `embed`."""

    @property
    def dimension(self) -> int:
        """Values of a vector."""

    @property
    def max_tokens(self) -> int:
        """Where texts are cut."""

    @property
    def precision(self) -> str:
        """Precision of the weights."""

    @property
    def isa(self) -> str:
        """The instruction set in use: scalar, avx2, avx512, avx512vnni or avx512bf16."""

    @property
    def threads(self) -> int:
        """Threads of the pool."""

@final
class VectorIndex:
    """Vectors with 64-bit ids in memory, searched exactly by inner product (the cosine, for unit vectors).

    Readers run at the same time; a writer waits for them and they for it. Every call is atomic. A forked process has
    the index as it was, and threads of its own; where another thread was in a call of it at the fork, the calls of the
    child raise `RuntimeError`.
    """

    def __new__(
        cls,
        dimension: int,
        *,
        columns: int = 0,
        storage: Literal["f32", "bf16", "int8"] = "int8",
        keep_f32: bool = True,
    ) -> VectorIndex:
        """`dimension`: 1..65536. `columns`: codes a row to filter by, 0..64.

        `storage`: what a search reads, 4, 2 or 1 bytes a value. With `keep_f32` the f32 values are kept beside it and
        every row that the compact ones cannot rule out is scored with them: hits, order and scores are those of "f32",
        to the bit. Without, memory is a quarter (int8) or half (bf16) of f32's and scores are those of rounded rows: a
        value is off by at most 2**-8 of itself (bf16) or 1/253 of the row's largest (int8), which is about .0005 in
        the cosine of int8 rows of 384 values; values below 2**-126, and int8 rows with none above 2**-119, may be off
        by more. Raises `ValueError` for another storage or size, f32 without `keep_f32`, or a `NEXUS_ISA` that this CPU
        lacks.
        """

    def add(
        self, ids: NDArray[np.uint64], vectors: NDArray[np.float32], codes: NDArray[np.uint32] | None = None
    ) -> None:
        """Add uint64[n], float32[n, dimension], uint32[n, columns]; rows of equal id are replaced, the last one wins.

        Raises `ValueError` for NaN, infinity, a vector whose squared length is above 6e37, another shape, or the id
        2**64 - 1, naming the row; nothing is added then. `MemoryError` likewise. A row that another thread makes such a
        one during the call is a `ValueError` after which the index has none of `ids`.
        """

    def remove(self, ids: NDArray[np.uint64], /) -> int:
        """Remove rows and return how many there were; unknown ids are passed over. None after a `MemoryError`."""

    def compact(self) -> None:
        """Give back the memory of removed rows."""

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        *,
        allowed: NDArray[np.uint64] | None = None,
        where: Sequence[tuple[int, Sequence[int]]] = (),
    ) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
        """The best k rows of each of float32[q, dimension]: (ids uint64[q, m], scores float32[q, m]), m = min(k, rows).

        Sorted by score descending, then id ascending. Where a filter leaves fewer, a row is padded with id 2**64 - 1
        and score -inf. Any k from 0 on is allowed; one beyond the rows asks for all of them. A score depends on the
        query and the row alone: not on the other queries, nor on the row's place. The same instruction set gives the
        same bits. `allowed`: only these ids; unknown ones are passed over. `where`: (column, codes) pairs that must all
        hold, also those of one column; no code matches nothing. Raises `ValueError` for NaN, infinity, a query whose
        squared length is above 6e37, another dimension, an unknown column, a code that is no uint32, or a negative k,
        and `MemoryError`.
        """

    def pairs(self, threshold: float, *, limit: int = 10_000_000) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
        """All pairs of rows with an inner product of at least `threshold`: (ids uint64[m, 2], scores float32[m]).

        The lower id first, sorted by ids. Compares all rows with all rows, and scores with `threshold` as a float64.
        Raises `ValueError` for NaN or when there are more than `limit` pairs, and `MemoryError`.
        """

    def save(self, path: str | PathLike[str], /) -> None:
        """Write the rows to a file, mode 0600: to a new one beside it, flushed to the disk, then renamed.

        A link is replaced. The folder is flushed as well where the system lets us (one that may be written but not read
        cannot be): otherwise, after a crash of the machine, the old file may be back. Raises `OSError` as the system
        says, `ValueError` for a path with a NUL character or of a device, pipe or socket, and `MemoryError`; what was
        at `path` is untouched then.
        """

    @staticmethod
    def load(path: str | PathLike[str], /) -> VectorIndex:
        """The index that `save` wrote, removed rows left out. It finds the same rows with the same scores.

        Raises `ValueError` naming the file when it is not an index or no regular file, of a later version, or not as it
        was written, and for a `NEXUS_ISA` that this CPU lacks, `OSError` when it cannot be read, `MemoryError`.
        """

    def __len__(self) -> int: ...
    @property
    def dead(self) -> int:
        """Removed rows whose memory is neither given back nor used again yet."""

    @property
    def dimension(self) -> int:
        """Values of a vector."""

    @property
    def columns(self) -> int:
        """Codes of a row."""

    @property
    def storage(self) -> Literal["f32", "bf16", "int8"]:
        """What a search reads."""

    @property
    def keep_f32(self) -> bool:
        """Whether the f32 values are kept."""

    @property
    def nbytes(self) -> int:
        """Bytes held for rows, codes and ids."""

    @property
    def isa(self) -> str:
        """The instruction set in use: scalar, avx2, avx512, avx512vnni or avx512bf16."""
