import numpy as np
import pytest

from backend.errors import InvalidVector
from backend.vectors.checks import unit_vectors


def test_lengths_far_from_one_are_brought_to_one() -> None:
    vectors = np.array([[3e38, 3e38], [1e-40, 0], [0.6, 0.8]], dtype=np.float32)
    units = unit_vectors(vectors, dimension=2)
    assert units.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(units, axis=1), 1, atol=1e-6)


def test_the_first_bad_row_is_named() -> None:
    vectors = np.ones((4, 2), dtype=np.float32)
    vectors[2] = 0
    with pytest.raises(InvalidVector, match="vector 2 is zero"):
        unit_vectors(vectors, dimension=2)
    vectors[1, 1] = np.nan
    with pytest.raises(InvalidVector, match="vector 1 has a value"):
        unit_vectors(vectors, dimension=2)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (1, 2, 2)])
def test_another_shape_is_refused_with_both(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidVector, match="dimension 2"):
        unit_vectors(np.ones(shape, dtype=np.float32), dimension=2)
