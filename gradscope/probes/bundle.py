"""Reducing many tensors with few kernels.

A deep model has hundreds of small tensors, and a kernel of its own for each reduction of each
costs more in launching and compiling than in computing. So small tensors of one size and form go
into one stack, and the parts that are left of all of them are added up together.
"""

import math
from collections.abc import Sequence

import tensorflow as tf

from gradscope.probes import reduce

_WASTE = 4
"""Parts are padded to the next power of this, so that few kernels add them up."""


class Bundle:
    """L tensors, small ones of one size and form stacked.

    tensors: of any shapes and number types.
    groups: the places of the tensors in each stack; a large tensor's is its own.
    """

    def __init__(self, tensors: Sequence[tf.Tensor]) -> None:
        self.groups = _groups(tensors)
        places = [place for group in self.groups for place in group]
        self._places = places

    def stacks(self, tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """The stacks, float32 or float64 [k, pieces, length] each.

        tensors: shaped like those that the bundle was made with.
        """
        return [_stack([tensors[place] for place in group]) for group in self.groups]

    def columns(self, *columns: Sequence[tf.Tensor]) -> tuple[tf.Tensor, ...]:
        """For each column, given as [k] for each stack, the float32[L] in the tensors' order."""
        order = range(len(self._places))
        return tuple(self._in_place(_joined(column), order) for column in columns)

    def sums(self, *columns: Sequence[tf.Tensor]) -> tuple[tf.Tensor, ...]:
        """For each column, given as parts [k, p] for each stack, their sums, float32[L]."""
        added = [_add_up(column) for column in columns]
        return tuple(self._in_place(tf.cast(x, tf.float32), order) for x, order in added)

    def roots(self, squares: Sequence[tf.Tensor]) -> tf.Tensor:
        """√ of the sums of a column, given as parts [k, p] for each stack, float32[L]."""
        total, order = _add_up(squares)
        return self._in_place(tf.cast(tf.sqrt(total), tf.float32), order)

    def _in_place(self, column: tf.Tensor, order: Sequence[int]) -> tf.Tensor:
        """The column in the tensors' order. order: which of all entries of the stacks each is."""
        places = [self._places[i] for i in order]
        back = sorted(range(len(places)), key=places.__getitem__)
        return column if places == sorted(places) else tf.gather(column, back)


def norms(bundle: Bundle, stacks: Sequence[tf.Tensor]) -> tf.Tensor:
    """‖x‖₂ of each tensor of a bundle, float32[L].

    stacks: as the bundle gave them. Small tensors, of up to 4096 elements, are squared in float64,
        so that a norm neither overflows nor underflows; of large float32 tensors elements beyond
        about 1e±19 are lost.
    """
    exact = [x.shape[1:].num_elements() in range(reduce.SMALL + 1) for x in stacks]
    wide = [tf.cast(x, tf.float64) if small else x for x, small in zip(stacks, exact, strict=True)]
    squares = [reduce.parts(x * x) for x in wide]
    return bundle.roots(squares)


def _joined(columns: Sequence[tf.Tensor], dtype: tf.DType = tf.float32) -> tf.Tensor:
    return tf.concat([tf.cast(x, dtype) for x in columns], 0) if columns else tf.zeros([0], dtype)


def _add_up(parts: Sequence[tf.Tensor]) -> tuple[tf.Tensor, list[int]]:
    """Σ of each row of all parts, [Σ k], and which row of all each is; float64 where one is."""
    dtype = tf.float64 if any(x.dtype == tf.float64 for x in parts) else tf.float32
    rows: dict[int, list[int]] = {}
    wide: dict[int, list[tf.Tensor]] = {}
    first = 0
    for x in parts:
        width = _wide(x.shape[1])
        rows.setdefault(width, []).extend(range(first, first + x.shape[0]))
        wide.setdefault(width, []).append(_padded(x, width, dtype))
        first += x.shape[0]
    sums = [tf.reduce_sum(tf.concat(of_one_width, 0), 1) for of_one_width in wide.values()]
    return _joined(sums, dtype), [row for of_one_width in rows.values() for row in of_one_width]


def _wide(count: int) -> int:
    return _WASTE ** math.ceil(math.log(max(1, count), _WASTE))


def _padded(parts: tf.Tensor, width: int, dtype: tf.DType) -> tf.Tensor:
    parts = tf.cast(parts, dtype)
    missing = width - parts.shape[1]
    return tf.pad(parts, [[0, 0], [0, missing]]) if missing else parts


def _groups(tensors: Sequence[tf.Tensor]) -> list[list[int]]:
    """The places of the tensors that share a stack."""
    groups: dict[object, list[int]] = {}
    for place, tensor in enumerate(tensors):
        size = math.prod(tensor.shape) if tensor.shape.is_fully_defined() else None
        if size is None or size > reduce.SMALL:
            key = place
        else:
            # A stack holds one form only, and reductions divide by one size.
            key = (size, reduce.form(tensor), tensor.dtype == tf.float64)
        groups.setdefault(key, []).append(place)
    return list(groups.values())


def _stack(tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    entries = [reduce.entry(reduce.real(tensor)) for tensor in tensors]
    return entries[0] if len(entries) == 1 else tf.concat(entries, 0)
