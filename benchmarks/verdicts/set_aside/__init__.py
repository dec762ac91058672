"""x."""
from benchmarks.verdicts.program import Program
from benchmarks.verdicts.set_aside import flow, step_size, objective, data, fit, suspicious
FAMILIES = {"flow": flow.PROGRAMS, "step_size": step_size.PROGRAMS, "objective":objective.PROGRAMS, "data":data.PROGRAMS, "fit":fit.PROGRAMS,"suspicious":suspicious.PROGRAMS}
PROGRAMS: tuple[Program, ...] = tuple(p for f in FAMILIES.values() for p in f)
