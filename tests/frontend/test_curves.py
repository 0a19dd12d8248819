"""The curves of a training: what they are counted in, and lines that cover each other."""

import pytest
from streamlit.testing.v1 import AppTest

from contracts.finetuning import CurvePoint
from tests.frontend.looking import words

EQUAL = "are the same at every point"


def drawn(points: list[CurvePoint]) -> AppTest:
    def page(points):  # type: ignore[no-untyped-def]  # its source runs elsewhere, without the names of this module
        from frontend.components.curves import curves

        curves(points)

    return AppTest.from_function(page, kwargs={"points": points}).run(timeout=60)


def validated(*, mrr: list[float], hit_at_1: list[float], steps: int = 1, epochs: float = 1.0) -> list[CurvePoint]:
    return [
        CurvePoint(name=name, step=at * steps, epoch=at * epochs, value=value)
        for name, values in (("mrr", mrr), ("hit_at_1", hit_at_1))
        for at, value in enumerate(values)
    ]


def test_of_two_equal_curves_it_is_said_that_one_covers_the_other() -> None:
    assert f"MRR and hit@1 {EQUAL}" in words(drawn(validated(mrr=[0.5, 1.0], hit_at_1=[0.5, 1.0])))


def test_of_curves_that_differ_nothing_is_said() -> None:
    assert EQUAL not in words(drawn(validated(mrr=[0.5, 1.0], hit_at_1=[0.5, 0.9])))
    assert EQUAL not in words(drawn(validated(mrr=[0.5, 1.0], hit_at_1=[])))


@pytest.mark.parametrize(
    ("steps", "epochs", "counted", "span"), [(1, 1.0, "Epoch", "epoch 0 to 2"), (7, 0.111, "Step", "step 0 to 14")]
)
def test_curves_are_counted_in_whole_epochs_or_steps(steps: int, epochs: float, counted: str, span: str) -> None:
    from frontend.components.curves import SHARES, _alt, _chart

    points = validated(mrr=[0.1, 0.2, 0.3], hit_at_1=[0.1, 0.2, 0.2], steps=steps, epochs=epochs)
    axis = _chart(points, SHARES).to_dict()["encoding"]["x"]
    assert (axis["title"], axis["axis"]) == (counted, {"tickMinStep": 1, "format": "d"})
    assert span in _alt(points, SHARES)
