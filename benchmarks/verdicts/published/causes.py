"""The causes that count as right where a table of published faults has one word for several."""

OTHER = frozenset(
    {"output-mismatch", "label-noise", "label-mismatch", "poor-initialization", "loss-plateau"}
)
EXPLODING = frozenset({"exploding-gradient", "nonfinite"})
VANISHING = frozenset({"vanishing-gradient"})
DEAD = frozenset({"dead-units"})
SATURATED = frozenset({"saturated-units"})
SLOW = frozenset({"learning-rate-low"})
FAST = frozenset({"learning-rate-high"})
UNDERFIT = frozenset({"underfitting"})
OVERFIT = frozenset({"overfitting"})
RAW_INPUT = frozenset({"unnormalized-input"})
RAW_TARGET = frozenset({"unscaled-target"})
OVER_REGULARIZED = frozenset({"over-regularized"})
OVER_CLIPPED = frozenset({"over-clipped"})
IMBALANCE = frozenset({"class-imbalance"})
