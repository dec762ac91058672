"""28 published faults with their repairs, and four nets that their authors call normal.

Rebuilt from what the papers say of them: TheDeepChecker's injected faults (Ben Braiek & Khomh 2022,
"tdc"), AUTOTRAINER's nets of circles and blobs (Zhang et al. 2021, "at", normal ones "atn"),
DeepCrime's mutants (Humbatova et al. 2021, "dc") and a study program of UMLAUT (Schoop et al.
2021). No training needs a download: small data sets stand in for MNIST, auto-mpg and Reuters.
"""

from benchmarks.verdicts.published import digits, shapes, tables

PROGRAMS = (*tables.PROGRAMS, *digits.PROGRAMS, *shapes.PROGRAMS)
