"""Probes: tensor -> a few numbers, inside the step's own XLA program."""
