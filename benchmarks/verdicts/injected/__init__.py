"""Programs with a fault of our own, each with its repaired twin, and healthy ones that look odd.

Written from the meanings of the causes, before the rules and apart from them. The first program of
each cause was then opened to the writers of the rules; the others were judged once unseen (see
docs/accuracy.md) and then opened, too. What is set aside since is `benchmarks.verdicts.aside`.

Sick programs. "accepted": the root causes that are right, the injected one first. "sick" and
"repaired": the scores of the program and of its twin <program>-repaired with seeds 0 and 1,
balanced accuracy for classes, R² for targets (-1 where it is less or not finite), by
`python -m benchmarks.verdicts plain --set development --seeds 0 1`, TensorFlow 2.21, Keras 3.15, CPU.

program                  | accepted                                       | net         | task    | sick        | repaired
sigmoids-eight           | vanishing-gradient                             | mlp         | classes |  0.20  0.20 |  0.97  0.91
sigmoid-autoencoder      | vanishing-gradient                             | autoencoder | targets | -0.01 -0.01 |  0.77  0.77
loud-loop                | exploding-gradient poor-initialization         | rnn         | targets | -1.00 -1.00 |  0.95  0.94
residual-without-norm    | exploding-gradient poor-initialization         | residual    | classes |  0.20  0.20 |  0.97  0.92
log-of-zero              | nonfinite                                      | mlp         | classes |  0.50  0.50 |  1.00  1.00
sigma-of-zero            | nonfinite                                      | cnn         | targets | -1.00 -1.00 |  0.97  0.97
born-dead                | dead-units poor-initialization                 | mlp         | targets | -0.00 -0.01 |  0.92  0.92
burnt-rectifiers         | dead-units learning-rate-high                  | cnn         | classes |  0.10  0.10 |  0.93  0.91
wide-tanh                | saturated-units poor-initialization            | mlp         | classes |  0.71  0.66 |  0.90  0.87
thrown-tanh              | saturated-units learning-rate-high             | cnn         | classes |  0.17  0.17 |  1.00  1.00
cut-encoder              | disconnected-variable                          | mlp         | classes |  0.37  0.38 |  1.00  1.00
rounded-code             | disconnected-variable                          | autoencoder | targets |  0.26  0.23 |  0.56  0.56
zero-weights             | poor-initialization                            | mlp         | classes |  0.10  0.10 |  0.86  0.87
equal-weights            | poor-initialization                            | cnn         | classes |  0.56  0.58 |  1.00  1.00
loud-transformer         | poor-initialization                            | transformer | classes |  0.28  0.26 |  1.00  1.00
faint-weights            | poor-initialization vanishing-gradient         | mlp         | targets | -0.00 -0.00 |  0.91  0.93
adam-1e-8                | learning-rate-low                              | mlp         | classes |  0.07  0.08 |  0.98  0.98
fading-schedule          | learning-rate-low                              | rnn         | targets |  0.23  0.16 |  0.96  0.97
adadelta-default         | learning-rate-low                              | mlp         | classes |  0.15  0.16 |  0.97  0.98
steep-regression         | learning-rate-high                             | mlp         | targets | -1.00 -1.00 |  0.91  0.89
hot-transformer          | learning-rate-high                             | transformer | classes |  0.17  0.17 |  0.99  0.98
swinging-lstm            | learning-rate-high                             | rnn         | classes |  0.33  0.20 |  0.99  1.00
clipnorm-1e-3            | over-clipped                                   | cnn         | classes |  0.41  0.47 |  0.95  0.94
clipped-by-hand          | over-clipped                                   | rnn         | classes |  0.22  0.21 |  1.00  1.00
half-precision-returns   | gradient-underflow unscaled-target             | mlp         | targets | -0.06 -0.10 |  0.83  0.85
half-precision-side-task | gradient-underflow                             | cnn         | classes |  0.19  0.11 |  1.00  1.00
one-by-one               | noisy-gradient learning-rate-high              | mlp         | classes |  0.64  0.57 |  0.96  0.88
two-by-two               | noisy-gradient                                 | residual    | targets |  0.13 -0.12 |  0.84  0.92
l2-and-dropout           | over-regularized                               | mlp         | classes |  0.54  0.55 |  0.88  0.91
heavy-loop               | over-regularized                               | rnn         | targets |  0.68  0.64 |  0.99  0.99
weight-decay-20          | over-regularized                               | transformer | classes |  0.17  0.17 |  1.00  1.00
dropout-0.95             | over-regularized                               | cnn         | classes |  0.17  0.17 |  1.00  1.00
softmax-twice            | output-mismatch                                | embedding   | classes |  0.04  0.05 |  0.97  0.97
one-sided-output         | output-mismatch                                | mlp         | targets |  0.49  0.54 |  0.96  0.97
bounded-forecast         | output-mismatch                                | rnn         | targets |  0.49  0.49 |  1.00  0.99
logits-untold            | output-mismatch                                | cnn         | classes |  0.14  0.17 |  1.00  1.00
softmax-on-one           | output-mismatch                                | rnn         | classes |  0.50  0.50 |  1.00  1.00
raw-pixels               | unnormalized-input                             | cnn         | classes |  0.10  0.10 |  0.94  0.94
raw-table                | unnormalized-input                             | mlp         | targets | -1.00 -1.00 |  0.99  0.99
kelvin                   | unnormalized-input                             | rnn         | classes |  0.20  0.20 |  1.00  1.00
prices-in-euros          | unscaled-target                                | mlp         | targets | -1.00 -1.00 |  0.99  0.99
sales-in-units           | unscaled-target                                | cnn         | targets | -1.00 -1.00 |  0.96  0.96
missing-values           | nonfinite-input                                | residual    | targets | -1.00 -1.00 |  0.94  0.94
log-of-paper             | nonfinite-input                                | cnn         | classes |  0.10  0.10 |  0.88  0.91
one-in-a-hundred         | class-imbalance                                | mlp         | classes |  0.50  0.50 |  0.84  0.92
two-of-six               | class-imbalance                                | cnn         | classes |  0.40  0.65 |  1.00  1.00
sorted-digits            | unshuffled-data                                | cnn         | classes |  0.10  0.10 |  0.93  0.91
sorted-by-target         | unshuffled-data                                | mlp         | targets | -1.00 -1.00 |  0.97  0.98
sorted-topics            | unshuffled-data                                | rnn         | classes |  0.12  0.12 |  0.95  0.95
ids-from-five            | label-mismatch                                 | mlp         | classes |  0.32  0.35 |  0.93  0.92
one-or-two               | label-mismatch output-mismatch                 | cnn         | classes |  0.50  0.50 |  1.00  1.00
all-class-zero           | label-mismatch                                 | embedding   | classes |  0.12  0.12 |  0.98  0.98
random-labels            | label-noise                                    | mlp         | classes |  0.12  0.19 |  0.93  0.92
futures-of-others        | label-noise                                    | rnn         | targets |  0.04  0.03 |  0.99  0.98
tags-of-others           | label-noise                                    | transformer | classes |  0.16  0.17 |  0.98  0.98
straight-layers          | underfitting                                   | mlp         | classes |  0.40  0.37 |  1.00  1.00
one-unit-code            | underfitting                                   | autoencoder | targets |  0.09  0.10 |  0.80  0.80
placeless-attention      | underfitting loss-plateau                      | transformer | classes |  0.29  0.29 |  0.82  1.00
twenty-digits            | overfitting                                    | mlp         | classes |  0.72  0.67 |  0.90  0.91
eighty-texts             | overfitting                                    | rnn         | classes |  0.43  0.48 |  0.94  0.95
forty-points             | overfitting                                    | mlp         | targets |  0.13  0.18 |  0.89  0.89
parity-of-20             | loss-plateau label-noise underfitting          | mlp         | classes |  0.52  0.53 |  1.00  1.00
long-recall              | loss-plateau vanishing-gradient                | rnn         | classes |  0.24  0.24 |  1.00  1.00
whole-numbers            | loss-plateau label-noise unnormalized-input    | cnn         | classes |  0.10  0.10 |  0.93  0.93
bad-shard                | loss-spike unnormalized-input                  | cnn         | targets | -0.00  0.09 |  0.96  0.96
restart-in-flames        | loss-spike learning-rate-high                  | rnn         | targets | -1.00 -1.00 |  0.99  0.99

Healthy programs that look as if something were wrong with them, and their scores.

program                  | net         | task    | score
solved                   | mlp         | classes |  1.00  0.99
saturated-but-well       | mlp         | classes |  0.89  0.90
third-dead               | mlp         | classes |  0.95  0.87
uneven-classes           | mlp         | classes |  0.97  0.89
some-wrong-labels        | cnn         | classes |  1.00  1.00
slow-but-there           | mlp         | classes |  0.88  0.87
fast-but-well            | cnn         | classes |  1.00  0.99
warm-up-and-cosine       | transformer | classes |  1.00  1.00
often-clipped            | rnn         | classes |  0.99  0.99
light-decay              | mlp         | classes |  0.95  0.95
dropout-0.3              | cnn         | classes |  0.93  0.94
by-eight                 | residual    | targets |  0.93  0.91
noise-floor              | mlp         | targets |  0.93  0.94
targets-of-3             | mlp         | targets |  0.99  0.99
inputs-off-centre        | mlp         | targets |  0.95  0.96
few-shots                | embedding   | classes |  1.00  1.00
black-and-white          | autoencoder | targets |  0.89  0.87
margins                  | mlp         | classes |  0.99  1.00
outliers                 | cnn         | targets |  0.96  0.96
sparse-words             | mlp         | classes |  0.98  0.98
half-precision           | mlp         | classes |  0.90  0.91
"""

from benchmarks.verdicts.injected import data, fit, flow, objective, step_size, suspicious
from benchmarks.verdicts.program import Program

# ruff: noqa: E501 - a program is one line of the table

FAMILIES: dict[str, tuple[Program, ...]] = {
    "flow": flow.PROGRAMS,
    "step_size": step_size.PROGRAMS,
    "objective": objective.PROGRAMS,
    "data": data.PROGRAMS,
    "fit": fit.PROGRAMS,
    "suspicious": suspicious.PROGRAMS,
}
"""The programs by the family of their causes; "suspicious" holds healthy ones only."""

PROGRAMS: tuple[Program, ...] = tuple(
    program for programs in FAMILIES.values() for program in programs
)
"""All programs, twins included."""
