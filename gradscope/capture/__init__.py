"""Capture: what a training step computes, seen while it is traced."""
