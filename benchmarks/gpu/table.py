"""The result of a replay as text."""

from collections.abc import Mapping
from typing import Any

HEAD = (
    "arm          step ms (quartiles)       ratio (quartiles)      compile   memory MB   kernels "
    "fusions reductions   floor ms"
)


def heading(document: Mapping[str, Any]) -> str:
    """Device, versions, date: what stands above the table."""
    device, card, versions = document["device"], document["card"], document["versions"]
    rates = "not in the list of cards: floors are of bytes alone, at the rate of a copy"
    if card:
        rates = (
            f"{card['name']}: {card['bandwidth']:.0f} GB/s, {card['tf32']:.0f} TFLOP/s of TF32 "
            "by its data sheet"
        )
    return "\n".join(
        [
            f"{device['kind']} ({device['platform']}), {document['date']}",
            f"{rates}; a copy runs at {document['copy_rate'] / 1e9:.0f} GB/s",
            f"jax {versions['jax']}, jaxlib {versions['jaxlib']}, NumPy {versions['numpy']}, "
            f"Python {versions['python']}",
        ]
    )


def rows(result: Mapping[str, Any]) -> str:
    """One workload: a line for each arm, then what was checked."""
    exported = result["exported"]
    lines = [
        "",
        f"{result['workload']} ({result['size']}): {result['title']}",
        f"  {result['variables']} variables, {result['layers']} layers; statistics in the form for "
        f"a {result['forms'].upper()}; exported {exported['date']} by TensorFlow "
        f"{exported['tensorflow']}, whose XLA is another snapshot than jaxlib's",
        f"  {HEAD}",
        *(f"  {_arm(name, arm)}" for name, arm in result["arms"].items()),
    ]
    queued = [name for name, arm in result["arms"].items() if arm["queued_share"] > 0.9]
    if queued:
        lines.append(f"  {', '.join(queued)}: the host, queueing steps, took most of the time")
    lines += [f"  {line}" for line in _extra(result)]
    for name, arm in result["arms"].items():
        lines += [f"  {line}" for line in _checked(name, arm, result["compared_after_steps"])]
    lines += [
        f"  {name}: NaN or infinite weights at the end of the timed steps"
        for name, finite in result["finite"].items()
        if not finite
    ]
    return "\n".join(lines)


def _arm(name: str, arm: Mapping[str, Any]) -> str:
    low, middle, high = (1e3 * x for x in arm["step_quartiles"])
    below, ratio, above = arm["ratio_quartiles"]
    memory = arm["memory"]
    megabytes = f"{memory['peak'] / 1e6:9.1f}" if memory else "        ?"
    more = f"×{arm['memory_ratio']:.3f}" if arm["memory_ratio"] else ""
    kernels = arm["kernels"] or {}
    counts = [kernels.get(key, "?") for key in ("launches", "fusions", "reductions")]
    floor = f"{1e3 * arm['floor_seconds']:.3f}" if arm["floor_seconds"] else "?"
    return (
        f"{name:10} {middle:9.3f} ({low:.3f}-{high:.3f})   {ratio:.3f} ({below:.3f}-{above:.3f})   "
        f"{arm['compile_seconds']:5.1f} s ×{arm['compile_ratio']:.2f} {megabytes} {more}   "
        f"{counts[0]} {counts[1]} {counts[2]}   {floor}"
    )


def _extra(result: Mapping[str, Any]) -> list[str]:
    """What each recorded arm adds to the plain one: per variable and layer, and in bytes."""
    lines, plain = [], result["arms"]["plain"]
    places = result["variables"] + result["layers"]
    for name, arm in result["arms"].items():
        if name == "plain" or not (arm["kernels"] and plain["kernels"]):
            continue
        kernels, reductions = (
            arm["kernels"][key] - plain["kernels"][key] for key in ("launches", "reductions")
        )
        written = arm["stablehlo"].get("reduce", 0) - plain["stablehlo"].get("reduce", 0)
        more = (arm["bytes"] or 0) - (plain["bytes"] or 0)
        lines.append(
            f"{name}: {kernels:+} kernels, {reductions:+} reductions (as traced {written:+}) for "
            f"{places} variables and layers: {kernels / places:.1f} kernels and "
            f"{reductions / places:.1f} reductions each; {more / 1e6:+.1f} MB read and written"
        )
    return lines


def _checked(name: str, arm: Mapping[str, Any], steps: int) -> list[str]:
    lines = []
    if weights := arm["weights"]:
        lines.append(f"{name}: weights after {steps} steps {_weights(weights)}")
    if statistics := arm["statistics"]:
        verdict = "as the CPU's" if statistics["agree"] else "NOT as the CPU's"
        lines.append(
            f"{name}: statistics {verdict}: of {statistics['values']} values "
            f"{statistics['beyond']} beyond their limits; median relative difference "
            f"{_number(statistics['median'])}; {statistics['undetermined']} left out, of variables "
            "with a gradient of rounding alone"
        )
        lines += [
            f"  {s['statistic']} {s['name']} step {s['step']}: {_number(s['found'])}, on the CPU "
            f"{_number(s['expected'])}, limit ±{_number(s['limit'])}"
            for s in statistics["stray"][:5]
        ]
    elif name != "plain":
        lines.append(f"{name}: statistics not compared: the export holds none of a CPU")
    return lines


def _weights(found: Mapping[str, Any]) -> str:
    if found["relative"] == 0:
        return "equal to the plain step's, to the bit"
    verdict = "as the plain step's" if found["agree"] else "NOT as the plain step's"
    return (
        f"{verdict}: at most {_number(found['relative'])} apart, relatively, in "
        f"{found['variable']}; rounding alone makes {_number(found['nudged'])} there, limit "
        f"{_number(found['limit'])}"
    )


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"
