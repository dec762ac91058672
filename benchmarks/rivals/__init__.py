"""What recording costs with gradscope, and with what one would take instead.

    python -m benchmarks.rivals [mlp cnn] [--pairs 15] [--torch-python PATH] [--output DIR]

Each rival trains the same network on the same batch as a plain step of its own kind, and its figure
is the ratio to that plain step. They do not record the same; what each sees of a step:

=====================  ===========================================================================
gradscope              all of docs/statistics.md, for each variable and layer: norms, maxima,
                       zeros and non-finite elements of gradients, weights and updates, size of
                       outputs and of gradients there, dead and saturated units; and verdicts from
                       them. Written to disk. No histograms of single elements.
summaries, inside      `tf.summary` in the step: for each variable the norm of its gradient and the
                       histograms of gradient and weight; the loss. Nothing of layer outputs or
                       units. XLA refuses such a step, so it runs without.
summaries, outside     the same from Python, after an XLA step that also returns its gradients.
TensorBoard callback   under `model.fit`: histograms of weights, once an epoch. No gradients.
check_numerics         stops at the first operation whose result holds NaN or Inf. Records nothing.
                       Without XLA.
Debugger V2            FULL_HEALTH: for each tensor of the step its size and how many elements are
                       negative, zero, positive, NaN and ±Inf. Written to disk. No norms, no
                       histograms. Without XLA.
wandb hooks            what `wandb.watch(log="all")` does with its hooks, written anew with torch
                       alone: histograms of each parameter and its gradient, written to a file. What
                       wandb adds in its other process is left out, so the figure is a lower bound.
wandb                  wandb itself, offline, where it is installed.
Cockpit                its economy configuration: per parameter gradient norm, update size, distance
                       from the start; a histogram of gradient elements; loss curvature along the
                       step; and three noise tests that need the gradient of each sample alone.
                       Kept in memory. No outputs or units.
=====================  ===========================================================================

TensorFlow's rivals need what the project needs. Those of PyTorch run under another interpreter,
`--torch-python`, which needs PyTorch, a build for the CPU, and NumPy; backpack-for-pytorch and
cockpit-for-pytorch (with setuptools < 81, which it imports) for Cockpit, and wandb for wandb. Rows
that could not be had say so. Tried with PyTorch 2.13, BackPACK 1.7.1, Cockpit 1.0.2, wandb 0.31.

How it is measured: `schedule.py`. Add a rival: a file with its arm, its line in `rivals.py`.
"""
