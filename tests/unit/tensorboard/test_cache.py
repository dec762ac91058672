import threading

import numpy as np
import pytest

from gradscope.tensorboard.cache import Cache


def array(nbytes, value=0):
    return np.full(nbytes, value, np.uint8)


def never():
    raise AssertionError("it was to be kept")


def test_it_keeps_what_holds():
    cache = Cache(100)
    first = cache.get("a", 1, lambda: array(10))
    assert cache.get("a", 1, never) is first


def test_another_stamp_makes_it_anew_and_forgets_the_old():
    cache = Cache(100)
    cache.get("a", 1, lambda: array(60))
    assert cache.get("a", 2, lambda: array(70, 7))[0] == 7
    assert cache.nbytes == 70
    assert cache.get("a", 1, lambda: array(1, 9))[0] == 9


def test_what_was_used_longest_ago_goes_first():
    cache = Cache(100)
    cache.get("a", 1, lambda: array(40))
    cache.get("b", 1, lambda: array(40))
    cache.get("a", 1, never)
    cache.get("c", 1, lambda: array(40))
    assert cache.nbytes == 80
    cache.get("a", 1, never)
    cache.get("c", 1, never)
    assert cache.get("b", 1, lambda: array(1, 5))[0] == 5


def test_what_is_too_large_is_handed_out_and_not_kept():
    cache = Cache(100)
    cache.get("small", 1, lambda: array(50))
    assert len(cache.get("large", 1, lambda: array(101))) == 101
    assert cache.nbytes == 50
    cache.get("small", 1, never)


def test_a_failure_is_raised_and_not_kept():
    cache = Cache(100)
    with pytest.raises(AssertionError):
        cache.get("a", 1, never)
    assert cache.get("a", 1, lambda: array(3, 3))[0] == 3


def test_threads_that_ask_at_once_wait_for_one():
    cache = Cache(1000)
    begun, go, made = threading.Event(), threading.Event(), []

    def make():
        begun.set()
        assert go.wait(10)
        made.append(1)
        return array(10)

    got = []
    threads = [
        threading.Thread(target=lambda: got.append(cache.get("a", 1, make))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    # Another key is not held up by the one that is being made.
    assert cache.get("b", 1, lambda: array(1, 4))[0] == 4
    go.set()
    for thread in threads:
        thread.join(10)
    assert len(made) == 1 and len(got) == 8 and len({id(one) for one in got}) == 1


def test_many_threads_never_exceed_the_bytes():
    cache = Cache(100)
    worst = []

    def work(seed):
        for turn in range(200):
            key = (seed * turn) % 7
            assert cache.get(key, turn % 2, lambda: array(10 + key))[0] == 0  # noqa: B023
            worst.append(cache.nbytes)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(worst) == 1000
    assert cache.nbytes <= 100
