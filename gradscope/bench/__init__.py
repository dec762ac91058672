"""What recording costs, measured on the machine at hand: `gradscope bench`.

    plan.py        what is measured: workloads by name, arms, tasks
    parent.py      starts a child process for each task, keeps its answer
    estimate.py    pairs of times -> ratios with their uncertainty
    result.py      all that was found, as a JSON document
    table.py plot.py    ... as a table, as a picture

    child.py       the child process: one task in, its answer out
    workloads.py   the models and batches
    families.py    recording with one family of statistics alone
    timing.py compiling.py memory.py    what a child measures

Only the child imports TensorFlow: the command starts fast, and no workload is measured in what
another left behind.
"""
