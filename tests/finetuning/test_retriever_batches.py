"""The batches of contrastive training: every pair once, and nothing that says the same in one batch."""

from hypothesis import given
from hypothesis import strategies as st

from backend.finetuning.retriever_batches import ApartBatches


@given(st.lists(st.integers(0, 12), max_size=120), st.integers(2, 40), st.integers(0, 5))
def test_each_pair_comes_once_an_epoch_and_no_two_of_a_group_in_one_batch(
    groups: list[int], batch: int, epoch: int
) -> None:
    made = ApartBatches(groups, batch=batch, seed=1)
    made.set_epoch(epoch)
    batches = list(made)
    assert len(batches) == len(made)
    assert sorted(at for one in batches for at in one) == list(range(len(groups)))
    for one in batches:
        assert len(one) <= batch
        assert len({groups[at] for at in one}) == len(one)


def test_batches_are_as_large_as_the_groups_allow() -> None:
    sizes = {len(one) for one in ApartBatches([at // 3 for at in range(300)], batch=32, seed=0)}
    assert sizes == {30}


def test_epochs_differ_and_the_same_epoch_of_the_same_seed_comes_again() -> None:
    first, again, other = (ApartBatches(list(range(50)), batch=8, seed=seed) for seed in (3, 3, 4))
    assert list(first) == list(again) != list(other)
    again.set_epoch(1)
    assert list(first) != list(again)
