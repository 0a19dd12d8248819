import math

import pytest

from benchmarks.search import buckets, percentile, within

METRICS = """# TYPE nexus_retrieval_seconds histogram
nexus_retrieval_seconds_bucket{store="native",le="0.001"} 40.0
nexus_retrieval_seconds_bucket{store="native",le="0.005"} 80.0
nexus_retrieval_seconds_bucket{store="native",le="+Inf"} 100.0
nexus_retrieval_seconds_bucket{store="other",le="0.001"} 10.0
nexus_retrieval_seconds_bucket{store="other",le="0.005"} 10.0
nexus_retrieval_seconds_bucket{store="other",le="+Inf"} 10.0
nexus_embedding_seconds_bucket{model="m",le="0.001"} 7.0
"""


def test_the_percentile_is_a_value_that_was_seen() -> None:
    assert percentile([30.0, 10.0, 20.0, 40.0], 0.5) == 20.0
    assert percentile([30.0, 10.0, 20.0, 40.0], 0.95) == 40.0
    assert percentile([1.0], 0.0) == 1.0


def test_buckets_add_up_over_the_stores_and_leave_other_metrics_out() -> None:
    assert buckets(METRICS) == {0.001: 50.0, 0.005: 90.0, math.inf: 110.0}


def test_a_quantile_is_linear_within_its_bucket() -> None:
    assert within({0.001: 40.0, 0.005: 80.0, math.inf: 80.0}, 0.75) == pytest.approx(0.003)


def test_a_quantile_beyond_the_last_bound_is_that_bound() -> None:
    assert within({0.001: 40.0, 0.005: 80.0, math.inf: 100.0}, 0.95) == 0.005
