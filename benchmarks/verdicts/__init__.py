"""How often the verdicts are right: programs whose fault is known, run, judged and counted."""
