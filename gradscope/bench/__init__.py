"""What recording costs, measured on the machine at hand: `gradscope bench`.

plan.py       what is measured: workloads by name, arms, tasks        no TensorFlow
parent.py     starts a child process for each task, keeps its answer  no TensorFlow
estimate.py   pairs of times -> ratios with their uncertainty         no TensorFlow
result.py     the JSON document                                       no TensorFlow
table.py plot.py    ... as a table, as a picture                      no TensorFlow
child.py      the child process: one task in, its answer out
workloads.py  the models and batches
families.py   recording with one family of statistics alone
timing.py memory.py    what a child measures
"""
