"""`kmeans`: Lloyd's algorithm against the tutorial's loop, and its promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import naive
import pillow_kmq
from pillow_kmq import kmeans
from pillow_kmq.errors import OptionError, OptionTypeError
from pillow_kmq.quant.clustering.assign import BLOCK
from pillow_kmq.quant.clustering.lloyd import Clusters


def cloud(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, d)).astype(np.uint8)


@pytest.mark.parametrize("d", [1, 2, 3, 4])
@pytest.mark.parametrize("k", [1, 2, 7])
def test_equals_the_tutorial_loop_from_the_same_start(d, k):
    points = cloud(200, d)
    start = np.unique(points, axis=0)[:: max(1, 150 // k)][:k].astype(float)
    centroids, labels, inertia = naive.tutorial_kmeans(points.tolist(), start.tolist(), 20)
    result = kmeans(points, len(start), init=start, max_iter=20)
    assert result.inertia == pytest.approx(inertia, rel=1e-9)
    np.testing.assert_allclose(result.centroids, centroids, rtol=1e-9)
    np.testing.assert_array_equal(result.labels, labels)


@pytest.mark.jit
@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 3 * BLOCK),
    d=st.integers(1, 4),
    k=st.integers(1, 40),
    levels=st.sampled_from([1, 2, 5, 256]),
    init=st.sampled_from(["k-means++", "random", "wu"]),
    weighted=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_labels_inertia_and_count_belong_to_the_centroids(n, d, k, levels, init, weighted, seed):
    random = np.random.default_rng(seed)
    points = random.integers(0, levels, (n, d))
    weights = random.integers(0, 4, n) if weighted else None
    if weights is not None:
        weights[0] = 1
    result = kmeans(points, k, weights=weights, init=init, seed=seed)
    mass = np.ones(n) if weights is None else weights
    distinct = len(np.unique(points[mass > 0], axis=0))
    assert len(result.centroids) == min(k, distinct)
    distances = ((points[:, None, :] - result.centroids[None]) ** 2).sum(-1)
    assert (distances[np.arange(n), result.labels] <= distances.min(1) * (1 + 1e-9) + 1e-9).all()
    assert result.inertia == pytest.approx((distances.min(1) * mass).sum(), rel=1e-9, abs=1e-9)
    if distinct <= k:
        assert result.inertia == pytest.approx(0.0, abs=1e-9)
    assert result.converged


@pytest.mark.jit
@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 400), k=st.integers(1, 300), d=st.integers(1, 4), dtype=st.sampled_from(["f4", "f8"]))
def test_pruned_assignment_equals_brute_force(n, k, d, dtype):
    random = np.random.default_rng(n * 1000 + k)
    points, centroids = np.zeros((4, n), dtype), np.zeros((4, k), dtype)
    points[:d], centroids[:d] = random.integers(0, 64, (d, n)), random.integers(0, 64, (d, k))
    clusters = Clusters.start(points, np.ones(n, dtype), centroids)
    clusters.labels[:] = random.integers(0, k, n)
    clusters.assign()
    distances = ((points[:, :, None] - centroids[:, None, :]) ** 2).sum(0)
    np.testing.assert_array_equal(clusters.labels, distances.argmin(1))  # small integers: exact, ties to the lowest
    np.testing.assert_array_equal(clusters.distances, distances.min(1))


@pytest.mark.jit
@settings(max_examples=100, deadline=None)
@given(n=st.integers(2, 200), k=st.integers(2, 100), dtype=st.sampled_from(["f4", "f8"]), seed=st.integers(0, 10**6))
def test_points_at_centroids_stay_there(n, k, dtype, seed):
    points = np.random.default_rng(seed).normal(0, 30, (4, n)).astype(dtype)
    points = np.ascontiguousarray(points[:, np.arange(n) % k])
    clusters = Clusters.start(points, np.ones(n, dtype), np.ascontiguousarray(points[:, : min(k, n)]))
    for _ in range(2):  # the second time, the largest distance to the previous centroid is 0
        clusters.assign()
        assert (clusters.distances == 0).all()
        np.testing.assert_array_equal(clusters.labels, np.arange(n) % k)


@pytest.mark.jit
def test_inertia_never_rises():
    points = np.random.default_rng(1).random((4, 3000))
    clusters = Clusters.start(points, np.ones(3000), points[:, :40])
    last = np.inf
    for _ in range(60):
        clusters.assign()
        clusters.update()
        now = clusters.sums[:, 5].sum()
        assert now <= last * (1 + 1e-12)
        last = now


def test_an_empty_cluster_gets_a_new_place():
    points = np.array([[0.0], [1.0], [10.0], [11.0]])
    result = kmeans(points, 2, init=[[0.5], [100.0]])
    np.testing.assert_allclose(np.sort(result.centroids.ravel()), [0.5, 10.5])


def test_random_init_picks_distinct_colours():
    points = np.concatenate([np.zeros((1000, 3)), np.full((1, 3), 9.0)])
    for seed in range(20):
        assert len(np.unique(kmeans(points, 2, init="random", max_iter=0, seed=seed).centroids, axis=0)) == 2


@pytest.mark.jit
def test_more_starts_are_never_worse():
    points = cloud(2000, 3, 5)
    one = [kmeans(points, 16, init="random", seed=s).inertia for s in range(3)]
    assert kmeans(points, 16, init="random", n_init=8, seed=0).inertia <= one[0]
    assert len(set(one)) > 1


@pytest.mark.jit
def test_same_seed_same_result_and_other_seed_other_result():
    points = cloud(1500, 3, 2)
    a, b, c = (kmeans(points, 12, seed=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(a.centroids, b.centroids)
    np.testing.assert_array_equal(a.labels, b.labels)
    assert not np.array_equal(a.centroids, c.centroids)


@pytest.mark.jit
def test_stops_at_max_iter_and_says_so():
    points = cloud(3000, 3, 7)
    result = kmeans(points, 20, max_iter=2)
    assert result.n_iter == 2
    assert not result.converged
    assert kmeans(points, 20, max_iter=0).n_iter == 0


@pytest.mark.jit
def test_tol_stops_earlier():
    points = cloud(3000, 3, 7)
    assert kmeans(points, 20, tol=0.01).n_iter < kmeans(points, 20).n_iter


def test_weights_count_like_repeated_points():
    points, weights = cloud(300, 3, 1), np.random.default_rng(0).integers(1, 5, 300)
    start = points[:5].astype(float)
    weighted = kmeans(points, 5, weights=weights, init=start)
    repeated = kmeans(np.repeat(points, weights, axis=0), 5, init=start)
    assert weighted.inertia == pytest.approx(repeated.inertia)
    np.testing.assert_allclose(weighted.centroids, repeated.centroids)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"points": [[float("nan")]]}, OptionError, "finite"),
        ({"points": [[float("inf")]]}, OptionError, "finite"),
        ({"points": [[1e300]]}, OptionError, "scale"),
        ({"points": [1, 2, 3]}, OptionError, "shape"),
        ({"points": np.zeros((3, 5))}, OptionError, "shape"),
        ({"points": np.zeros((0, 3))}, OptionError, "shape"),
        ({"points": [["a"]]}, OptionTypeError, "integers or floats"),
        ({"k": 0}, OptionError, "k must be"),
        ({"k": -1}, OptionError, "k must be"),
        ({"k": 2.0}, OptionTypeError, "integer"),
        ({"k": "2"}, OptionTypeError, "integer"),
        ({"k": True}, OptionTypeError, "integer"),
        ({"weights": [1]}, OptionError, "weights must have shape"),
        ({"weights": [0, 0, 0]}, OptionError, "not all zero"),
        ({"weights": [1, -1, 1]}, OptionError, "finite, 0 to"),
        ({"weights": [1, 1e300, 1]}, OptionError, "0 to 1e\\+80"),
        ({"weights": ["a", "b", "c"]}, OptionTypeError, "weights"),
        ({"init": "best"}, OptionError, "k-means"),
        ({"init": [[1, 2, 3]]}, OptionError, "init must have shape"),
        ({"init": [[1], [float("nan")]]}, OptionError, "finite"),
        ({"max_iter": -1}, OptionError, "max_iter"),
        ({"max_iter": 1.5}, OptionTypeError, "max_iter"),
        ({"tol": -1}, OptionError, "tol"),
        ({"tol": float("nan")}, OptionError, "tol"),
        ({"n_init": 0}, OptionError, "n_init"),
        ({"seed": -1}, OptionError, "seed"),
    ],
)
def test_bad_arguments_get_a_clear_error(arguments, error, words):
    given = {"points": [[1], [2], [3]], "k": 2, **arguments}
    with pytest.raises(error, match=words) as caught:
        kmeans(**given)
    assert isinstance(caught.value, pillow_kmq.errors.KmqError)
