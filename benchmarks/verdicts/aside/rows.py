"""What the programs set aside are trained on: a real table, and rows drawn from a seed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer

from benchmarks.verdicts.injected.tasks import Array, Task, split

Change = Callable[[Array], Array]


def changed(task: Task, x: Change | None = None, y: Change | None = None) -> Task:
    """The task with something done to all its inputs or to all its labels."""
    if x is not None:
        task = replace(task, x=x(task.x), val_x=x(task.val_x), clean_x=x(task.clean_x))
    if y is not None:
        task = replace(task, y=y(task.y), val_y=y(task.val_y), clean_y=y(task.clean_y))
    return task


def first(task: Task, rows: int) -> Task:
    """The task with fewer rows to train on."""
    return replace(task, x=task.x[:rows], y=task.y[:rows])


def cancer(scaled: bool = True) -> Task:
    """569 tumours by 30 measured features, of which some are about 0.01, others about 1000."""
    table: Any = load_breast_cancer()
    order = np.random.default_rng(0).permutation(len(table.target))
    x, y = table.data[order], table.target[order]
    x = (x - x.mean(axis=0)) / x.std(axis=0) if scaled else x
    return split(x.astype(np.float32), y.astype(np.int64), 150, 2)


def shapes(seed: int, rows: int = 2000, noise: float = 0.1) -> Task:
    """Pictures [n, 16, 16, 1], 0 to 1, of a disc, ring, square, plus or cross somewhere."""
    rng = np.random.default_rng(seed)
    n = rows + 400
    y = rng.integers(5, size=n)
    dx, dy, r = _around(rng, n, 3.0, 5.0)
    away, far = np.hypot(dx, dy), np.maximum(abs(dx), abs(dy))
    kinds = [
        away < r,
        abs(away - r) < 0.9,
        abs(far - 0.85 * r) < 0.7,
        (np.minimum(abs(dx), abs(dy)) < 1) & (far < r),
        (abs(abs(dx) - abs(dy)) < 1.2) & (far < 0.8 * r),
    ]
    ink = np.choose(y[:, None, None], kinds) * rng.uniform(0.6, 1.0, size=(n, 1, 1))
    x = np.clip(ink + noise * rng.normal(size=ink.shape), 0, 1)
    return split(x[..., None].astype(np.float32), y, 400, 5)


def places(seed: int, rows: int = 2000) -> Task:
    """Pictures [n, 16, 16, 1] of a disc; targets [n, 2]: where it is, σ about 1."""
    rng = np.random.default_rng(seed)
    n = rows + 400
    dx, dy, r = _around(rng, n, 2.0, 4.0)
    x = (np.hypot(dx, dy) < r) + 0.2 * rng.normal(size=dx.shape)
    y = -np.stack([dx[:, 7, 0] + 0.5, dy[:, 0, 7] + 0.5], axis=1) / 1.7
    return split(x[..., None].astype(np.float32), y.astype(np.float32), 400)


def _around(rng: np.random.Generator, n: int, least: float, most: float) -> tuple[Array, ...]:
    """How far each pixel of n pictures is from a centre, by row and by column; radii."""
    grid = np.arange(16.0)
    centre = rng.uniform(4.5, 10.5, size=(2, n, 1, 1))
    dx = np.broadcast_to(grid[:, None] - centre[0], (n, 16, 16))
    dy = np.broadcast_to(grid - centre[1], (n, 16, 16))
    return dx, dy, rng.uniform(least, most, size=(n, 1, 1))


def beats(seed: int, rows: int = 2500, noise: float = 0.2) -> Task:
    """Signals [n, 64, 1] with one pulse somewhere; the class is one of its four forms."""
    rng = np.random.default_rng(seed)
    n = rows + 400
    y = rng.integers(4, size=n)
    t = np.arange(64.0) - rng.uniform(16, 48, size=(n, 1))
    width = rng.uniform(2.5, 4.0, size=(n, 1))

    def bump(at: Array) -> Array:
        return np.exp(-np.square(at) / 2)

    s = t / width
    kinds = [bump(s), bump(s - 2) + bump(s + 2), 1.6 * s * bump(s), 1.0 * (abs(s) < 2.5)]
    drift = 0.3 * np.sin(t / 15 + rng.uniform(0, 6, size=(n, 1)))
    x = 3 * np.choose(y[:, None], kinds) + drift + noise * rng.normal(size=t.shape)
    return split(x[..., None].astype(np.float32), y, 400, 4)


def motion(seed: int, rows: int = 2400, noise: float = 0.4) -> Task:
    """Three axes of acceleration, [n, 40, 3], σ about 1; the class is one of five activities."""
    rng = np.random.default_rng(seed)
    n = rows + 400
    y = rng.integers(5, size=n)
    pitch = np.array([0.0, 0.3, 0.6, 0.3, 0.45])[y][:, None] * rng.uniform(0.9, 1.1, size=(n, 1))
    angle = pitch * np.arange(40) + rng.uniform(0, 2 * np.pi, size=(n, 1))
    second = (y == 3)[:, None] * np.sin(2 * angle)
    turned = np.where((y == 4)[:, None], np.cos(angle), np.sin(angle))
    moves = np.stack([np.sin(angle), turned + second, second - np.sin(angle)], axis=2)
    x = 1.3 * moves * (y > 0)[:, None, None] + noise * rng.normal(size=moves.shape)
    return split(x.astype(np.float32), y, 400, 5)


def energy(seed: int, rows: int = 3000) -> Task:
    """A region's load, σ 1, from hour, temperature, wind, price, a holiday flag and the week."""
    rng = np.random.default_rng(seed)
    n = rows + 500
    hour, heat = rng.uniform(0, 24, size=n), rng.normal(size=n)
    wind, price, holiday = rng.normal(size=n), rng.normal(size=n), rng.integers(2, size=n)
    week = rng.uniform(0, 1, size=n)
    y = np.sin((hour - 8) / 24 * 2 * np.pi) * (1.2 - 0.7 * holiday) + 0.6 * np.square(heat)
    y = y - 0.4 * price + 0.3 * wind * heat + 0.5 * np.cos(2 * np.pi * week)
    y = (y - y.mean()) / y.std() + 0.1 * rng.normal(size=n)
    clock = hour / 24 * 2 * np.pi
    x = [np.sin(clock), np.cos(clock), heat, wind, price, holiday - 0.5, 3.5 * week - 1.75]
    return split(np.column_stack(x).astype(np.float32), y[:, None].astype(np.float32), 500)


def arm(seed: int, rows: int = 3000) -> Task:
    """Where a robot's arm of three links ends, [n, 2], from its joints' angles, [n, 3]."""
    rng = np.random.default_rng(seed)
    joints = rng.uniform(-1.7, 1.7, size=(rows + 500, 3))
    bends = np.cumsum(joints, axis=1)
    links = np.array([1.0, 0.8, 0.6])
    y = np.stack([np.cos(bends) @ links - 0.7, np.sin(bends) @ links], axis=1)
    return split(joints.astype(np.float32), y.astype(np.float32), 500)


def spectra(seed: int, rows: int = 2500) -> Task:
    """Spectra [n, 80], 0 to about 2, of three substances; targets: how much of each, σ 1."""
    rng = np.random.default_rng(seed)
    amount = rng.gamma(2.0, 0.5, size=(rows + 400, 3))
    peaks = np.array([[12, 30], [26, 52], [58, 70]])[:, :, None]
    pure = np.exp(-np.square(np.arange(80) - peaks) / 40).sum(axis=1)
    x = 2 * np.tanh(amount @ pure / 2) + 0.03 * rng.normal(size=(len(amount), 80))
    y = (amount - 1) / np.sqrt(0.5)
    return split(x.astype(np.float32), y.astype(np.float32), 400)


def checker(seed: int, rows: int = 4000) -> Task:
    """Points of the plane; the class is the colour of their field on a chessboard of 3×3."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.5, 1.5, size=(rows + 500, 2))
    y = np.floor(x + 1.5).astype(np.int64).sum(axis=1) % 2
    return split(x.astype(np.float32), y, 500, 2)


def reviews(seed: int, rows: int = 4000, told: float = 0.4) -> Task:
    """Texts int32[n, 20], 0 for padding; the class is their mood, which 1 ("not") turns round.

    told: the share of words that say something about the mood.
    """
    rng = np.random.default_rng(seed)
    n = rows + 500
    y = rng.integers(2, size=n)
    mood = y[:, None] ^ (rng.uniform(size=(n, 20)) < 0.1)
    turned = np.zeros((n, 20), bool)
    turned[:, 1:] = rng.uniform(size=(n, 19)) < 0.15
    word = 2 + 30 * (mood ^ turned) + rng.integers(30, size=(n, 20))
    plain = rng.uniform(size=(n, 20)) >= told
    x = np.where(plain, rng.integers(62, 150, size=(n, 20)), word)
    before = np.roll(turned & ~plain, -1, axis=1)
    x[before] = 1
    x[np.arange(20) >= rng.integers(10, 21, size=(n, 1))] = 0
    return split(x.astype(np.int32), y, 500, 2)


def languages(seed: int, rows: int = 3000, length: int = 20, kinds: int = 6) -> Task:
    """Words of letters 1 to 16, int32[n, length], of languages with their own pairs of letters."""
    rng = np.random.default_rng(seed)
    after = rng.dirichlet(np.full(16, 0.4), size=(kinds, 16)).cumsum(axis=2)
    y = rng.integers(kinds, size=rows + 500)
    x = np.zeros((len(y), length), np.int64)
    letter = rng.integers(16, size=len(y))
    for place in range(length):
        x[:, place] = letter
        drawn = rng.uniform(size=(len(y), 1))
        letter = np.minimum((after[y, letter] < drawn).sum(axis=1), 15)
    return split((x + 1).astype(np.int32), y, 500, kinds)


def ratings(seed: int, rows: int = 8000, noise: float = 0.3) -> Task:
    """Who and what, int32[n, 2], of 150 people and 100 films; target: the rating, σ about 1."""
    rng = np.random.default_rng(seed)
    people, films = rng.normal(size=(150, 3)), rng.normal(size=(100, 3))
    pairs = rng.permutation(150 * 100)[: rows + 1000]
    x = np.stack([pairs // 100, pairs % 100], axis=1)
    y = (people[x[:, 0]] * films[x[:, 1]]).sum(axis=1) / np.sqrt(3)
    y = y + noise * rng.normal(size=len(y))
    return split(x.astype(np.int32), y[:, None].astype(np.float32), 1000)


def adding(seed: int, length: int, rows: int = 4000) -> Task:
    """Numbers and marks, [n, length, 2]; target: the sum of the two numbers marked, σ 1."""
    rng = np.random.default_rng(seed)
    n = rows + 400
    number, mark = rng.uniform(size=(n, length)), np.zeros((n, length))
    half = length // 2
    for low, high in ((0, half), (half, length)):
        mark[np.arange(n), rng.integers(low, high, size=n)] = 1
    y = ((number * mark).sum(axis=1, keepdims=True) - 1) * np.sqrt(6)
    x = np.stack([number - 0.5, mark], axis=2)
    return split(x.astype(np.float32), y.astype(np.float32), 400)


def mirror(seed: int, rows: int = 4000, symbols: int = 6, length: int = 8) -> Task:
    """Tokens int32[n, length]; each place is to be given the token of the mirrored one."""
    rng = np.random.default_rng(seed)
    x = rng.integers(symbols, size=(rows + 300, length)).astype(np.int32)
    return split(x, np.ascontiguousarray(x[:, ::-1]), 300, symbols)


def names(seed: int, share: float, rows: int = 4000) -> Task:
    """Sentences and tags, int32[n, 16]: after a title comes a person, after "in" a place.

    share: of words that start a name; a tag is 0 (none), 1 (person) or 2 (place).
    """
    rng = np.random.default_rng(seed)
    shape = (rows + 600, 16)
    x = rng.integers(10, 80, size=shape)
    begins = np.where(rng.uniform(size=shape) < share, rng.integers(1, 3, size=shape), 0)
    begins[:, -1] = 0
    y = np.roll(begins, 1, axis=1)
    begins[y > 0] = 0
    y = np.roll(begins, 1, axis=1)
    x = np.where(begins == 1, rng.integers(0, 5, size=shape), x)
    x = np.where(begins == 2, rng.integers(5, 10, size=shape), x)
    return split(x.astype(np.int32), y.astype(np.int32), 600, 3)


def returns(seed: int, pull: float, rows: int = 12000) -> Task:
    """Twenty days' returns, σ 1; the class: will the next one be positive?

    pull: how much of a day's return comes again the day after, with its sign turned.
    """
    rng = np.random.default_rng(seed)
    shocks = rng.normal(size=(rows + 500, 21)) * np.sqrt(1 - pull**2)
    series = [rng.normal(size=rows + 500)]
    for day in range(1, 21):
        series.append(-pull * series[-1] + shocks[:, day])
    walk = np.stack(series, axis=1)
    return split(walk[:, :20].astype(np.float32), (walk[:, 20] > 0).astype(np.int64), 500, 2)


def wiggle(seed: int, pitch: float, rows: int = 3000) -> Task:
    """A sine of one number between -1 and 1."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, size=(rows + 400, 1))
    return split(x.astype(np.float32), (1.4 * np.sin(pitch * x)).astype(np.float32), 400)


def choices(seed: int, rows: int = 6000) -> Task:
    """Customers by eight features; the class is which of four offers they take."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows + 500, 8))
    hidden = np.tanh(x @ rng.normal(size=(8, 12)))
    y = (hidden @ rng.normal(size=(12, 4))).argmax(axis=1)
    return split(x.astype(np.float32), y, 500, 4)
