"""What a program consists of, read from the text of StableHLO and of optimized HLO."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from benchmarks.gpu.manifest import Spec

TYPES: Mapping[str, str] = {
    **{f"f{bits}": f"float{bits}" for bits in (16, 32, 64)},
    **{f"i{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"ui{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
    "i1": "bool",
    "bf16": "bfloat16",
}
"""Element types of StableHLO, as NumPy names them."""

_FREE = frozenset(
    "parameter constant tuple get-tuple-element bitcast after-all partition-id replica-id".split()
)
"""Instructions that run nothing."""

_CONTROL = frozenset("call while conditional async-start async-update async-done".split())
"""Instructions that run other computations; those are counted in their stead, a loop's once."""


@dataclass(frozen=True)
class Signature:
    """What a StableHLO module takes and gives.

    carried: number of an input -> number of the output that may take its memory.
    """

    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]
    carried: Mapping[int, int]


def signature(module: str) -> Signature:
    """The signature of a module's main function, from the module's text.

    Raises ValueError where there is no main function.
    """
    main = re.search(r"func\.func (?:public )?@main\((.*?)\)\s*->\s*(.*?)\s*\{\n", module, re.S)
    if main is None:
        raise ValueError(f"expected a function @main, got a module that begins {module[:80]!r}")
    head = module[: main.start()]
    alias = re.findall(r"parameter_number = (\d+)[^}]*\}, output_index = array<i64: (\d+)>", head)
    return Signature(
        tuple(_specs(main[1])), tuple(_specs(main[2])), {int(i): int(o) for i, o in alias}
    )


def operations(module: str) -> dict[str, int]:
    """How often each operation stands in the main function of a StableHLO module, by name.

    Only what its results depend on: TensorFlow writes down what it traced, and leaves it to XLA to
    drop what nobody reads.
    """
    found: Counter[str] = Counter()
    wanted: set[str] = set()
    for statement in reversed(_statements(module)):
        match = re.match(r"(?:(%\w+)(?::\d+)? = )?\"?([\w.]+)\"?(.*)", statement, re.S)
        if match is None or not (match[2].endswith("return") or match[1] in wanted):
            continue
        wanted.update(re.findall(r"%\w+", match[3]))
        dialect, _, name = match[2].rpartition(".")
        found[name] += dialect == "stablehlo"
    return {name: found[name] for name in sorted(found) if found[name]}


def _statements(module: str) -> list[str]:
    """The statements of the main function, each with the regions that it holds."""
    _, _, main = module.partition("@main(")
    statements: list[str] = []
    for line in main.splitlines()[1:]:
        indent = len(line) - len(line.lstrip())
        if indent < 4:
            break
        if indent == 4 and line[4] not in "})":
            statements.append(line[4:])
        elif statements:
            statements[-1] += line
    return statements


def _specs(text: str) -> Iterator[Spec]:
    for inner in re.findall(r"tensor<([^<>]*)>", text):
        *shape, kind = inner.split("x")
        yield Spec(tuple(int(n) for n in shape), TYPES[kind])


@dataclass
class Kernels:
    """What a compiled program runs in a step, as far as its text tells.

    launches: instructions that compute or copy something: kernels, or calls of a library.
    fusions, copies, products (matrix products and convolutions left to XLA): of these.
    libraries: of these, too: custom call target -> number.
    reductions: all reduce operations, also those inside fusions.
    """

    launches: int = 0
    fusions: int = 0
    copies: int = 0
    products: int = 0
    reductions: int = 0
    libraries: Counter[str] = field(default_factory=Counter)


def kernels(text: str) -> Kernels:
    """What an optimized HLO module runs.

    text: as XLA prints it. Bodies of loops are counted once, since how often they run is not told.

    Raises ValueError where the text has no entry computation.
    """
    computations, entry = _computations(text)
    found = Kernels()
    if entry is None:
        raise ValueError(f"expected an HLO module with an ENTRY, got {text[:80]!r}")
    todo, seen = [entry], {entry}
    while todo:
        for opcode, line in computations.get(todo.pop(), ()):
            if opcode in _CONTROL:
                fresh = [name for name in _called(line) if name not in seen]
                seen.update(fresh)
                todo += fresh
            elif opcode not in _FREE:
                _count(found, opcode, line, computations)
    return found


def _count(
    found: Kernels, opcode: str, line: str, computations: dict[str, list[tuple[str, str]]]
) -> None:
    found.launches += 1
    found.copies += opcode in ("copy", "copy-start")
    found.products += opcode in ("dot", "convolution")
    found.reductions += opcode in ("reduce", "reduce-window")
    if opcode == "custom-call":
        target = re.search(r'custom_call_target="([^"]*)"', line)
        found.libraries[target[1] if target else "?"] += 1
    if opcode == "fusion":
        found.fusions += 1
        found.reductions += _reductions_inside(line, computations)


def _reductions_inside(line: str, computations: dict[str, list[tuple[str, str]]]) -> int:
    body = re.search(r"calls=%?([\w.\-]+)", line)
    count = 0
    for opcode, inner in computations.get(body[1], ()) if body else ():
        count += opcode in ("reduce", "reduce-window")
        if opcode == "fusion":
            count += _reductions_inside(inner, computations)
    return count


def _computations(text: str) -> tuple[dict[str, list[tuple[str, str]]], str | None]:
    """(name -> (opcode, line) of each instruction, the entry's name)."""
    computations: dict[str, list[tuple[str, str]]] = {}
    entry, inside = None, None
    for line in text.splitlines():
        head = re.match(r"(ENTRY )?%?([\w.\-]+)\s.*\{\s*$", line)
        if head and not line.startswith("HloModule"):
            inside = computations.setdefault(head[2], [])
            entry = head[2] if head[1] else entry
        elif inside is not None and (opcode := _opcode(line)):
            inside.append((opcode, line))
    return computations, entry


def _opcode(line: str) -> str | None:
    """What an instruction does; None for a line that is none."""
    match = re.match(r"\s+(?:ROOT )?%?[\w.\-]+ = (.*)", line)
    if match is None:
        return None
    rest = match[1]
    if rest.startswith("("):  # a tuple's type, which may hold further ones
        depth = 0
        for place, letter in enumerate(rest):
            depth += (letter == "(") - (letter == ")")
            if depth == 0:
                rest = rest[place + 1 :]
                break
    else:
        rest = rest.partition(" ")[2]
    opcode = re.match(r"\s*([\w\-]+)\(", rest)
    return opcode[1] if opcode else None


def _called(line: str) -> list[str]:
    groups = re.findall(
        r"(?:to_apply|body|condition|calls|true_computation|false_computation|called_computations|"
        r"branch_computations)=(\{[^}]*\}|%?[\w.\-]+)",
        line,
    )
    return [name for group in groups for name in re.findall(r"[\w.\-]+", group)]
