"""What can be known of a training before it runs: one batch, a few seconds, nothing changed.

    preflight.py   preflight(): the checks in order, within the time that they are given
    subject.py     what it was given, checked: model, batch, loss, optimizer
    untouched.py   everything that a try changes, put back bit for bit
    rehearsal.py   one compiled step on the batch: what it shows at first, and how it learns
    batch.py       checks of the numbers: finite, labels, inputs, targets
    output.py      checks of the fit: output activation, loss, labels
    learning.py    checks of the learning: gradients, first loss, capacity
    rates.py       the range test: which learning rates work, and is yours among them
    probing.py     what a loss function takes, found by asking it
    result.py      Check and Preflight: what was found, and how it reads

The room is not called `preflight`, which is the function's name in the package.
"""
