"""Diagnosis: rules on records, findings, verdicts.

    run ──► rules/*.find ──► Finding ──► engine (causal graph, what came first) ──► Verdict

A new cause is one line in gradscope/causes.py and one file in rules/. Nothing here imports
TensorFlow until a rule needs a posterior (posterior.py).
"""
