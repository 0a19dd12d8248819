from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from backend.vectors.keys import point_key


@given(st.uuids(), st.uuids())
def test_keys_fit_a_signed_column_and_sort_as_their_ids(first: UUID, second: UUID) -> None:
    low, high = sorted((first, second))
    assert 0 <= point_key(low) <= point_key(high) < 2**63
