"""What the injected programs are trained on: real digits, and rows drawn from a seed."""

from dataclasses import dataclass, replace

import numpy as np

from gradscope.data import digits

Array = np.ndarray


@dataclass(frozen=True)
class Task:
    """Rows to train on, rows to validate on and rows to score on.

    x, y: what the training gets; first axis: samples.
    val_x, val_y: rows held back as their owner would, with the same flaws as x and y.
    clean_x, clean_y: rows held back with the right labels and all classes alike frequent.
    classes: number of classes, 0 for targets.
    """

    x: Array
    y: Array
    val_x: Array
    val_y: Array
    clean_x: Array
    clean_y: Array
    classes: int = 0


def split(x: Array, y: Array, held: int, classes: int = 0) -> Task:
    """A task whose last `held` rows are held back."""
    return Task(x[:-held], y[:-held], x[-held:], y[-held:], x[-held:], y[-held:], classes)


def digit_rows(rows: int = 1437, images: bool = False) -> Task:
    """The first `rows` of the real digits: float32[n, 64], or [n, 8, 8, 1] as images."""
    x, y, held_x, held_y = digits()
    if images:
        x, held_x = x.reshape(-1, 8, 8, 1), held_x.reshape(-1, 8, 8, 1)
    return Task(x[:rows], y[:rows], held_x, held_y, held_x, held_y, 10)


def mixture(
    seed: int, classes: int = 5, features: int = 20, rows: int = 4000, apart: float = 5.0
) -> Task:
    """Gaussian clouds of σ 1 whose centres are about `apart` from one another."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, features)) * apart / np.sqrt(2 * features)
    y = rng.integers(classes, size=rows + 500)
    x = centres[y] + rng.normal(size=(len(y), features))
    return split(x.astype(np.float32), y, 500, classes)


def spirals(seed: int, arms: int = 3, rows: int = 3000) -> Task:
    """Interleaved spirals in the plane, one class an arm."""
    rng = np.random.default_rng(seed)
    y = rng.integers(arms, size=rows + 500)
    along = rng.uniform(0.15, 1.0, size=len(y))
    angle = 2 * np.pi * (along * 1.1 + y / arms) + rng.normal(size=len(y)) * 0.12
    x = 2 * along[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return split(x.astype(np.float32), y, 500, arms)


def parity(seed: int, bits: int, features: int = 20, rows: int = 6000) -> Task:
    """Vectors of ±1; the class says whether an odd number of the first `bits` is +1."""
    rng = np.random.default_rng(seed)
    x = rng.choice([-1.0, 1.0], size=(rows + 500, features)).astype(np.float32)
    y = (x[:, :bits] > 0).sum(axis=1) % 2
    return split(x, y.astype(np.int64), 500, 2)


def curve(seed: int, rows: int = 3000, noise: float = 0.1) -> Task:
    """Friedman's function of five of ten inputs; inputs and clean targets of σ about 1."""
    rng = np.random.default_rng(seed)
    u = rng.uniform(size=(rows + 500, 10))
    y = 10 * np.sin(np.pi * u[:, 0] * u[:, 1]) + 20 * (u[:, 2] - 0.5) ** 2
    y = ((y + 10 * u[:, 3] + 5 * u[:, 4] - 14.4) / 4.9)[:, None].astype(np.float32)
    x = ((u - 0.5) * np.sqrt(12)).astype(np.float32)
    noisy = (y + noise * rng.normal(size=y.shape)).astype(np.float32)
    return Task(x[:-500], noisy[:-500], x[-500:], noisy[-500:], x[-500:], y[-500:])


def houses(seed: int, scaled_x: bool = True, scaled_y: bool = True, rows: int = 3000) -> Task:
    """Prices of houses from area, rooms, year, distance, income and three flags.

    In the units of the table, euros for the target, unless scaled to mean 0 and σ 1.
    """
    rng = np.random.default_rng(seed)
    n = rows + 500
    area, rooms = rng.gamma(6, 18, size=n), rng.integers(1, 8, size=n)
    year, away = rng.integers(1900, 2024, size=n), rng.exponential(8, size=n)
    income, flags = rng.gamma(5, 9000, size=n), rng.integers(0, 2, size=(n, 3))
    price = area * (1500 + 0.02 * income) * np.exp(-away / 20) + 300 * (year - 1900)
    price = price + 15000 * rooms + flags @ [20000, -15000, 8000] + rng.normal(size=n) * 8000
    x = np.column_stack([area, rooms, year, away, income, flags])
    if scaled_x:
        x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = (price - price.mean()) / price.std() if scaled_y else price
    return split(x.astype(np.float32), y[:, None].astype(np.float32), 500)


def waves(seed: int, length: int = 24, rows: int = 2500) -> Task:
    """Noisy sines of random pitch and phase, [n, length, 1]; target: two steps ahead."""
    rng = np.random.default_rng(seed)
    pitch = rng.uniform(0.2, 0.8, size=(rows + 400, 1))
    phase = rng.uniform(0, 2 * np.pi, size=(rows + 400, 1))
    series = np.sin(pitch * np.arange(length + 2) + phase) * np.sqrt(2)
    x = series[:, :length] + 0.05 * rng.normal(size=(rows + 400, length))
    return split(x[..., None].astype(np.float32), series[:, -1:].astype(np.float32), 400)


def tones(seed: int, classes: int = 5, length: int = 32, rows: int = 3000) -> Task:
    """Noisy sines, [n, length, 1]; the class is the pitch."""
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=rows + 400)
    phase = rng.uniform(0, 2 * np.pi, size=(len(y), 1))
    pitch = (0.3 + 0.35 * y)[:, None]
    x = np.sin(pitch * np.arange(length) + phase) + 0.4 * rng.normal(size=(len(y), length))
    return split(x[..., None].astype(np.float32), y, 400, classes)


def recall(seed: int, delay: int, symbols: int = 4, rows: int = 4000) -> Task:
    """Token sequences, int32[n, delay + 1]; the class is the first token, the rest is noise."""
    rng = np.random.default_rng(seed)
    x = rng.integers(symbols, 2 * symbols, size=(rows + 400, delay + 1)).astype(np.int32)
    y = rng.integers(symbols, size=len(x))
    x[:, 0] = y
    return split(x, y, 400, symbols)


def topics(
    seed: int,
    classes: int = 8,
    words: int = 400,
    length: int = 24,
    rows: int = 4000,
    own: float = 0.3,
) -> Task:
    """Texts of `length` word ids, int32; a word is one of its topic's 20 with chance `own`."""
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=rows + 500)
    vocabulary = rng.integers(words, size=(classes, 20))
    x = rng.integers(words, size=(len(y), length))
    told = vocabulary[y[:, None], rng.integers(20, size=x.shape)]
    x = np.where(rng.uniform(size=x.shape) < own, told, x)
    return split(x.astype(np.int32), y, 500, classes)


def bags(task: Task, words: int = 400) -> Task:
    """The same texts as counts of words, float32[n, words]."""

    def count(x: Array) -> Array:
        found = np.zeros((len(x), words), np.float32)
        np.add.at(found, (np.arange(len(x))[:, None], x), 1)
        return found

    held = count(task.val_x)
    return Task(count(task.x), task.y, held, task.val_y, held, task.clean_y, task.classes)


def sums(seed: int, symbols: int = 6, length: int = 12, rows: int = 3000) -> Task:
    """Tokens and tags, int32[n, length]; a tag: token plus the one before, modulo `symbols`."""
    rng = np.random.default_rng(seed)
    x = rng.integers(symbols, size=(rows + 300, length)).astype(np.int32)
    y = (x + np.concatenate([np.zeros((len(x), 1), np.int32), x[:, :-1]], axis=1)) % symbols
    return split(x, y.astype(np.int32), 300, symbols)


def gratings(seed: int, classes: int = 6, size: int = 12, rows: int = 2000) -> Task:
    """Noisy stripes, [n, size, size, 1], values about -1 to 1; the class is the direction."""
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=rows + 400)
    angle, phase = np.pi * y / classes, rng.uniform(0, 2 * np.pi, size=len(y))
    grid = np.arange(size)
    along = np.cos(angle)[:, None, None] * grid + np.sin(angle)[:, None, None] * grid[:, None]
    x = np.sin(1.3 * along + phase[:, None, None]) + 0.5 * rng.normal(size=along.shape)
    return split(x[..., None].astype(np.float32), y, 400, classes)


def columns(task: Task) -> Task:
    """The same with its labels of two classes as a column of 0.0 and 1.0."""

    def column(y: Array) -> Array:
        return y[:, None].astype(np.float32)

    return replace(task, y=column(task.y), val_y=column(task.val_y), clean_y=column(task.clean_y))


def itself(task: Task) -> Task:
    """The task of saying the inputs again, for autoencoders."""
    return Task(task.x, task.x, task.val_x, task.val_x, task.clean_x, task.clean_x)
