"""Every cause once: what it means, what it can bring about, which rule finds it.

A cause is one line here, one rule (gradscope/diagnosis/rules), one page (docs/causes), one seeded
fault and one healthy twin (tests/faults). Slugs are stable.
"""

from dataclasses import dataclass
from typing import Literal

Family = Literal["flow", "step size", "objective", "data", "fit"]


@dataclass(frozen=True)
class Cause:
    """One line of the catalogue.

    slug: its stable name.
    family: where in a training the trouble sits.
    meaning: one line for a person.
    explains: slugs of the causes that it brings about directly; together they are the causal
        graph, which has no cycle.
    rule: the module of gradscope.diagnosis.rules whose `find` reports it.
    shows: the statistic of the catalogue in which a person sees it.
    alone: said only where no other rule found anything worse than a remark.
    """

    slug: str
    family: Family
    meaning: str
    explains: tuple[str, ...]
    rule: str
    shows: str = "loss"
    alone: bool = False

    @property
    def page(self) -> str:
        """The docs page, relative to the repository's root."""
        return f"docs/causes/{self.slug}.md"


# fmt: off
CAUSES: tuple[Cause, ...] = (
    Cause("vanishing-gradient", "flow", "the gradient is lost on its way back, so that the early layers don't learn", ("learning-rate-low", "label-noise", "underfitting", "loss-plateau"), "vanishing_gradient", "grad_norm"),
    Cause("exploding-gradient", "flow", "gradients or updates grow out of all proportion and take the loss with them", ("nonfinite", "vanishing-gradient", "dead-units", "saturated-units", "loss-spike", "loss-plateau"), "exploding_gradient", "grad_norm"),
    Cause("nonfinite", "flow", "NaN or Inf in the inputs, activations, loss, gradients or weights", ("vanishing-gradient", "dead-units", "loss-plateau"), "nonfinite", "grad_norm"),
    Cause("dead-units", "flow", "half of a layer's rectified units or more never fire, and so never learn", ("vanishing-gradient", "label-noise", "underfitting", "loss-plateau"), "dead_units", "dead_fraction"),
    Cause("saturated-units", "flow", "a squashing layer sits on its flat ends, where no gradient passes", ("vanishing-gradient", "learning-rate-low", "label-noise", "underfitting", "loss-plateau"), "saturated_units", "saturated_fraction"),
    Cause("disconnected-variable", "flow", "trainable weights that no gradient can reach, though their layer ran", ("label-noise", "underfitting", "loss-plateau"), "disconnected_variable", "grad_norm"),
    Cause("poor-initialization", "flow", "first weights that are equal or of the wrong size, so that training can't start", ("dead-units", "saturated-units", "vanishing-gradient", "exploding-gradient", "nonfinite", "learning-rate-high", "learning-rate-low", "loss-spike", "label-noise", "underfitting", "loss-plateau"), "poor_initialization", "weight_norm"),
    Cause("over-regularized", "objective", "the penalty on the weights outweighs the data, so that little is learnt", ("vanishing-gradient", "dead-units", "label-noise", "underfitting", "loss-plateau"), "over_regularized", "regularization_grad_share"),
    Cause("output-mismatch", "objective", "output activation, loss and labels contradict each other", ("exploding-gradient", "vanishing-gradient", "nonfinite", "dead-units", "saturated-units", "learning-rate-high", "learning-rate-low", "class-imbalance", "label-noise", "noisy-gradient", "underfitting", "loss-spike", "loss-plateau"), "output_mismatch", "loss"),
    Cause("unnormalized-input", "data", "the inputs' scale, offset or spread is far from one, and training suffers from it", ("exploding-gradient", "vanishing-gradient", "nonfinite", "dead-units", "saturated-units", "learning-rate-high", "learning-rate-low", "loss-spike", "noisy-gradient", "label-noise", "underfitting", "loss-plateau"), "unnormalized_input", "input_max_abs"),
    Cause("unscaled-target", "data", "the targets' scale or offset is far from one, and training suffers from it", ("exploding-gradient", "vanishing-gradient", "nonfinite", "dead-units", "saturated-units", "learning-rate-high", "learning-rate-low", "gradient-underflow", "loss-spike", "noisy-gradient", "label-noise", "underfitting", "loss-plateau"), "unscaled_target", "target_std"),
    Cause("nonfinite-input", "data", "NaN or Inf in the inputs or targets, and the training breaks on it", ("nonfinite", "exploding-gradient", "vanishing-gradient", "dead-units", "saturated-units", "learning-rate-low", "loss-spike", "loss-plateau"), "nonfinite_input", "input_max_abs"),
    Cause("label-mismatch", "data", "labels that are none of the classes, or all of one class", ("nonfinite", "exploding-gradient", "vanishing-gradient", "dead-units", "saturated-units", "learning-rate-high", "class-imbalance", "label-noise", "overfitting", "underfitting", "loss-plateau"), "label_mismatch", "target_max"),
    Cause("learning-rate-low", "step size", "updates so small that the run gets nowhere in the time it is given", (), "learning_rate_low", "update_ratio"),
    Cause("learning-rate-high", "step size", "updates too large for the weights, though the gradients began as usual", ("exploding-gradient", "nonfinite", "dead-units", "saturated-units", "vanishing-gradient", "loss-spike", "noisy-gradient", "label-noise", "underfitting", "loss-plateau"), "learning_rate_high", "update_ratio"),
    Cause("over-clipped", "step size", "the gradient is cut at nearly every step, down to updates that get nowhere", ("learning-rate-low", "label-noise", "underfitting", "loss-plateau"), "over_clipped", "clip_fraction"),
    Cause("gradient-underflow", "step size", "gradients too small for float16, and no loss scale that lifts them", ("vanishing-gradient", "learning-rate-low", "dead-units", "label-noise", "underfitting", "loss-plateau"), "gradient_underflow", "grad_underflow_share"),
    Cause("noisy-gradient", "step size", "batches of a few samples, whose updates undo each other at this learning rate", ("loss-spike", "exploding-gradient", "nonfinite", "dead-units", "saturated-units", "vanishing-gradient", "label-noise", "underfitting", "loss-plateau"), "noisy_gradient", "loss"),
    Cause("loss-spike", "fit", "the loss jumps within a step or two, and the run does not come back from it", ("dead-units", "saturated-units", "vanishing-gradient", "loss-plateau"), "loss_spike", "loss"),
    Cause("class-imbalance", "data", "rare classes are ignored, or learnt by heart only", ("overfitting", "underfitting", "loss-plateau"), "class_imbalance", "class_loss"),
    Cause("unshuffled-data", "data", "samples come in an order, so that each batch shows one sort of them only", ("learning-rate-high", "exploding-gradient", "nonfinite", "dead-units", "saturated-units", "vanishing-gradient", "noisy-gradient", "loss-spike", "label-noise", "overfitting", "underfitting", "loss-plateau"), "unshuffled_data", "label_entropy"),
    Cause("label-noise", "data", "labels that don't follow from the inputs, so that nothing that lasts is to be learnt", ("overfitting", "underfitting", "loss-plateau"), "label_noise", "loss"),
    Cause("underfitting", "fit", "a model that can't express what it is to learn", (), "underfitting", "loss"),
    Cause("overfitting", "fit", "the training data are learnt by heart, and validation is much worse", (), "overfitting", "loss"),
    Cause("loss-plateau", "fit", "the loss does not fall, for a reason that no other rule knows", (), "loss_plateau", "loss", alone=True),
)
# fmt: on

BY_SLUG: dict[str, Cause] = {cause.slug: cause for cause in CAUSES}
"""The catalogue by slug."""


def explained_by(slug: str, causes: dict[str, Cause] | None = None) -> frozenset[str]:
    """The slugs of all causes that this one can bring about, directly or through others.

    causes: the catalogue to look in; None for `BY_SLUG`. A slug that it lacks explains nothing.

    >>> "dead-units" in explained_by("learning-rate-high")
    True
    >>> explained_by("overfitting")
    frozenset()
    """
    catalogue = BY_SLUG if causes is None else causes
    reached: set[str] = set()
    ahead = [slug]
    while ahead:
        cause = catalogue.get(ahead.pop())
        new = [one for one in (cause.explains if cause else ()) if one not in reached]
        reached.update(new)
        ahead.extend(new)
    return frozenset(reached)
