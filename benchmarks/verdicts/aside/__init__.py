"""Programs that were judged before a writer of rules had seen one; see docs/accuracy.md.

What was said wrongly of them has been read since, so that the next round needs others.

Each sick one fails in a way that is common in daily life, and its twin <program>-repaired is the
same training without the fault. Written from the meanings of the causes, apart from the rules.
The nets, data, losses and optimizers are others than those of `benchmarks.verdicts.injected`.

Sick programs. "accepted": the root causes that are right, the injected one first. "sick" and
"repaired": the scores of the program and of its twin with seeds 0 and 1, balanced accuracy for
classes, R² for targets (-1 where it is less or not finite), by
`python -m benchmarks.verdicts plain --set set-aside --seeds 0 1`, TensorFlow 2.21, Keras 3.15, CPU.

program              | accepted                               | net         | task    | sick        | repaired
sigmoid-filters      | vanishing-gradient                     | cnn         | classes |  0.20  0.20 |  1.00  0.94
padding-unmasked     | vanishing-gradient loss-plateau        | rnn         | classes |  0.33  0.33 |  0.72  0.91
sigmoid-joints       | vanishing-gradient                     | mlp         | targets | -0.00 -0.02 |  1.00  1.00
rectifiers-unclipped | exploding-gradient learning-rate-high  | rnn         | classes |  0.20  0.28 |  1.00  1.00
euler-too-far        | exploding-gradient poor-initialization | residual    | targets | -1.00 -1.00 |  0.98  0.96
root-of-nothing      | nonfinite                              | mlp         | targets | -1.00 -1.00 |  1.00  0.99
mean-of-no-words     | nonfinite                              | embedding   | classes |  0.50  0.50 |  0.91  0.90
weights-all-negative | dead-units poor-initialization         | cnn         | classes |  0.20  0.20 |  1.00  0.99
threshold-for-cap    | dead-units                             | cnn         | classes |  0.25  0.25 |  0.99  1.00
almost-binary        | saturated-units vanishing-gradient     | mlp         | targets |  0.53  0.38 |  0.99  0.99
gates-shut           | saturated-units poor-initialization    | rnn         | classes |  0.30  0.36 |  0.89  0.90
argmax-between       | disconnected-variable                  | mlp         | classes |  0.62  0.50 |  0.95  0.95
branch-left-out      | disconnected-variable                  | mlp         | targets |  0.60  0.69 |  0.98  0.99
weights-by-rand      | poor-initialization exploding-gradient | mlp         | targets | -1.00 -1.00 |  0.96  0.99
factors-of-zero      | poor-initialization vanishing-gradient | embedding   | targets | -0.00 -0.00 |  0.89  0.87
sgd-1e-5             | learning-rate-low                      | cnn         | classes |  0.25  0.25 |  1.00  1.00
fine-tuning-rate     | learning-rate-low                      | transformer | classes |  0.57  0.43 |  0.92  0.91
decay-each-step      | learning-rate-low                      | mlp         | targets |  0.35  0.41 |  0.95  0.97
adam-of-one          | learning-rate-high                     | cnn         | targets | -0.11 -0.24 |  0.97  0.99
sum-of-squares       | learning-rate-high exploding-gradient  | autoencoder | targets | -1.00 -1.00 |  0.78  0.78
hot-letters          | learning-rate-high                     | rnn         | classes |  0.26  0.26 |  0.71  0.79
clipvalue-1e-5       | over-clipped                           | mlp         | targets | -0.75 -0.21 |  0.99  0.99
global-clip-1e-3     | over-clipped                           | rnn         | classes |  0.60  0.65 |  0.96  0.96
temperature-of-1000  | gradient-underflow                     | cnn         | classes |  0.16  0.26 |  1.00  1.00
divided-once-more    | gradient-underflow                     | autoencoder | targets | -0.63 -0.54 |  0.88  0.88
one-picture-a-step   | noisy-gradient learning-rate-high      | cnn         | targets |  0.59  0.65 |  0.90  0.88
no-baseline          | noisy-gradient                         | mlp         | classes |  0.54  0.41 |  0.79  0.72
lasso-on-filters     | over-regularized                       | cnn         | classes |  0.20  0.20 |  1.00  1.00
forgetful-letters    | over-regularized                       | rnn         | classes |  0.32  0.34 |  0.81  0.88
ridge-by-hand        | over-regularized                       | mlp         | targets |  0.46  0.53 |  0.94  0.93
one-unit-for-four    | output-mismatch label-mismatch         | mlp         | classes |  0.25  0.25 |  0.81  0.77
each-with-each       | output-mismatch label-mismatch         | mlp         | targets |  0.03  0.02 |  0.97  0.97
stars-from-sigmoid   | output-mismatch unscaled-target        | embedding   | targets | -1.00 -1.00 |  0.85  0.86
places-rectified     | output-mismatch                        | cnn         | targets |  0.49  0.47 |  0.98  0.98
tumours-unscaled     | unnormalized-input                     | mlp         | classes |  0.50  0.51 |  0.96  0.95
seconds-since-1970   | unnormalized-input                     | mlp         | targets | -1.00 -1.00 |  0.93  0.90
thousandths-of-g     | unnormalized-input                     | rnn         | classes |  0.64  0.66 |  0.98  1.00
sixteen-bits         | unnormalized-input                     | cnn         | classes |  0.20  0.20 |  0.98  1.00
load-in-megawatts    | unscaled-target                        | mlp         | targets | -1.00 -1.00 |  0.93  0.94
sums-in-cents        | unscaled-target                        | rnn         | targets |  0.03  0.02 |  1.00  1.00
blank-pictures       | nonfinite-input                        | cnn         | classes |  0.20  0.20 |  0.93  0.96
log-of-no-light      | nonfinite-input                        | mlp         | targets | -1.00 -1.00 |  0.98  0.98
fifty-glad-to-one    | class-imbalance                        | rnn         | classes |  0.50  0.50 |  0.85  0.74
mostly-normal        | class-imbalance                        | cnn         | classes |  0.35  0.25 |  0.85  0.96
few-names            | class-imbalance                        | embedding   | classes |  0.33  0.33 |  1.00  1.00
activity-by-activity | unshuffled-data                        | cnn         | classes |  0.60  0.61 |  1.00  1.00
sorted-by-load       | unshuffled-data                        | mlp         | targets |  0.36  0.62 |  0.98  0.98
folder-by-folder     | unshuffled-data                        | rnn         | classes |  0.17  0.17 |  0.84  0.91
masks-of-255         | label-mismatch output-mismatch         | autoencoder | targets | -1.00 -1.00 |  0.83  0.83
minus-one-or-one     | label-mismatch output-mismatch         | embedding   | classes |  0.59  0.58 |  0.91  0.91
head-of-the-file     | label-mismatch class-imbalance         | rnn         | classes |  0.20  0.24 |  0.98  0.94
one-row-off          | label-noise                            | cnn         | classes |  0.18  0.23 |  0.88  0.97
tomorrows-price      | label-noise                            | mlp         | classes |  0.51  0.48 |  0.85  0.83
amounts-of-others    | label-noise                            | cnn         | targets | -0.01 -0.00 |  0.99  0.99
line-through-a-board | underfitting                           | mlp         | classes |  0.50  0.50 |  0.95  0.96
pixel-by-pixel       | underfitting                           | cnn         | classes |  0.30  0.32 |  0.99  0.98
memory-of-one        | underfitting                           | rnn         | classes |  0.31  0.29 |  0.92  0.95
forty-beats          | overfitting                            | cnn         | classes |  0.66  0.55 |  0.97  0.97
three-ratings-each   | overfitting                            | embedding   | targets | -0.15 -0.14 |  0.87  0.86
sixty-reviews        | overfitting                            | transformer | classes |  0.66  0.73 |  0.90  0.86
sum-in-a-long-row    | loss-plateau vanishing-gradient        | rnn         | targets |  0.02  0.03 |  1.00  1.00
sine-of-many-periods | loss-plateau underfitting              | mlp         | targets | -0.00 -0.00 |  0.98  0.97
minus-999            | loss-spike unscaled-target             | mlp         | targets | -1.00 -1.00 |  0.98  0.98
restarts-that-grow   | loss-spike learning-rate-high          | cnn         | targets | -1.00 -0.72 |  0.97  0.99

Healthy programs that look as if something were wrong with them, and their scores.

program              | net         | task    | score
done-early           | mlp         | classes |  0.97  0.96
labels-smoothed      | cnn         | classes |  1.00  1.00
steps-of-one-size    | rnn         | classes |  0.84  0.92
features-left-alone  | mlp         | targets |  0.92  0.92
rate-in-cycles       | mlp         | targets |  0.98  0.98
long-tail            | rnn         | classes |  0.91  0.93
slow-drift           | mlp         | targets |  0.96  0.98
noise-on-purpose     | autoencoder | targets |  0.82  0.86
counts-by-poisson    | mlp         | targets |  0.89  0.93
rarely-touched-rows  | embedding   | targets |  0.88  0.86
late-start           | transformer | classes |  1.00  1.00
focal-loss           | cnn         | classes |  1.00  0.99
capped-and-clipped   | cnn         | classes |  1.00  1.00
normalised-inside    | mlp         | targets |  0.96  0.98
"""

from benchmarks.verdicts.aside import data, fit, flow, objective, odd, step_size
from benchmarks.verdicts.program import Program

# ruff: noqa: E501 - a program is one line of the table

FAMILIES: dict[str, tuple[Program, ...]] = {
    "flow": flow.PROGRAMS,
    "step_size": step_size.PROGRAMS,
    "objective": objective.PROGRAMS,
    "data": data.PROGRAMS,
    "fit": fit.PROGRAMS,
    "odd": odd.PROGRAMS,
}
"""The programs by the family of their causes; "odd" holds healthy ones only."""

PROGRAMS: tuple[Program, ...] = tuple(
    program for programs in FAMILIES.values() for program in programs
)
"""All programs, twins included."""
