"""Diagnosis: rules on records, findings, verdicts."""
