"""The compiled step on a GPU that has no TensorFlow: export it here, replay it there.

export.py    writes the plain and the recorded steps as StableHLO    TensorFlow
traced.py    ... which it traces here                                TensorFlow
replay.py    compiles, checks and times them                         jax, NumPy
program.py   a StableHLO program as a function of jax                jax, NumPy
running.py   steps that hand their state on; their times             jax, NumPy
manifest.py  what an export holds; reads and writes it               NumPy
state.py     initial values, or how to make them again               NumPy
checks.py    do weights and statistics agree?                        NumPy
hlo.py       what a compiled program consists of                     nothing
cards.py     what a card can do at best                              nothing
table.py     the result as a table                                   nothing
"""
