"""Tables in plain text, line by line as results come, and in Markdown; means; the line about the machine."""

import datetime
import math
import os
import platform
import statistics

# Column title -> width in the plain table; texts are to the left, numbers (negative widths) to the right
LAYER = {"layer": 14, "shape": 52, "step": 8, "cnnc ms": -9, "rate": -14, "PyTorch ms": -10, "setting": 14,
         "ratio": -6, "error": -8}  # fmt: skip
NETWORK = {"network": 10, "mode": 5, "batch": -5, "cnnc ms": -8, "images/s": -8, "PyTorch": -8, "ONNX Runtime": -12,
           "OpenVINO": -8, "best": 30, "ratio": -5, "error": -6, "cnnc MB": -7, "best MB": -7}  # fmt: skip
LIBRARIES = ("PyTorch", "ONNX Runtime", "OpenVINO")

WAITING = ("OMP_WAIT", "GOMP_SPIN")  # how idle threads wait: the environment variables that change every time


def number(value, digits=3):
    """At least three significant digits and no exponent: 0.0123, 1.23, 123, 12346; "-" for None."""
    if value is None:
        return "-"
    decimals = 0 if value == 0 else max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"


def plain(columns, cells):
    """One line of a plain table."""
    pairs = zip(columns.values(), cells, strict=True)
    return "  ".join(f"{cell:<{width}}" if width > 0 else f"{cell:>{-width}}" for width, cell in pairs).rstrip()


def markdown(columns, rows):
    """The whole table in Markdown."""
    lines = [list(columns), [":--" if width > 0 else "--:" for width in columns.values()], *rows]
    return "\n".join("| " + " | ".join(cell.strip() for cell in line) + " |" for line in lines)


def geometric_mean(values):
    """exp(mean(log(values))); None for no values."""
    values = list(values)
    return math.exp(math.fsum(map(math.log, values)) / len(values)) if values else None


def means(results):
    """Lines with the geometric means of the ratios by family and step, convolutions first."""
    lines = []
    groups = {}
    for result in results:
        if "ratio" in result:
            groups.setdefault((result["family"], result["step"]), []).append(result)
    for (family, step), members in groups.items():
        ratio, ratio_min = (geometric_mean(member[key] for member in members) for key in ("ratio", "ratio_min"))
        worst = min(members, key=lambda member: member["ratio"])
        lines.append(f"{family}, {step}: {number(ratio)} over {len(members)} (fastest rounds {number(ratio_min)}), "
                     f"least {number(worst['ratio'])} ({worst['name']})")  # fmt: skip
    return lines


def disturbance(results):
    """A line about the turns that other processes disturbed; None if there were hardly any."""
    shares = [result["disturbed"] for result in results if "disturbed" in result]
    share = sum(shares) / len(shares) if shares else 0
    if share < 0.02:
        return None
    return f"other processes disturbed {share:.0%} of the turns: repeat on an idle machine before you believe a ratio"


def layer_cells(result):
    """The cells of a measured layer; a result with "wrong" has that instead of times."""
    head = [result["name"], result["shape"], result["step"]]
    if "wrong" in result:
        return [*head, "wrong", "-", "-", "", "-", "-"]
    amount, unit = result["work"]
    rate = f"{number(amount / result['seconds'] / 1e9)} {unit.removesuffix('GFLOP/s')}".strip()
    peer = result.get("peer_seconds")
    return [*head, number(result["seconds"] * 1e3), rate, number(peer and peer * 1e3), result.get("peer", ""),
            number(result.get("ratio")), f"{result['error']:.0e}"]  # fmt: skip


def network_cells(result):
    """The cells of a measured network: images/s of each library at its best, "~" before those not measured to the end.

    The best of the others in time and the best in memory need not be the same.
    """
    head = [result["name"], result["step"], str(result["images"])]
    if "wrong" in result:
        return [*head, "wrong", *"-----", "", *"----"][: len(NETWORK)]
    images, measured = result["images"], result["times"]
    rates = []
    for library in LIBRARIES:
        mine = {name: s for name, s in result["tried"].items() if name.startswith(library)}
        mine |= {name: statistics.median(measured[name]) for name in mine if name in measured}
        best = min(mine, key=mine.get, default=None)
        rates.append("-" if best is None else f"{'' if best in measured else '~'}{number(images / mine[best])}")
    ours, *others = result["bytes"].values()
    return [*head, number(result["seconds"] * 1e3), number(images / result["seconds"]), *rates, result.get("peer", ""),
            number(result.get("ratio")), f"{result['error']:.0e}", number(ours / 1e6),
            number(min(others) / 1e6 if others else None)]  # fmt: skip


def machine(threads, isa, versions):
    """One line: processor, threads and how they wait, instruction set, versions, date.

    Args:
        threads: int.
        isa: the instruction set in force.
        versions: name -> version.
    """
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    settings = "".join(f" {name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(WAITING))
    return (f"{_processor()}, {os.cpu_count()} CPUs, {threads} threads{settings}, {isa}; {named}, "
            f"Python {platform.python_version()}; {datetime.date.today()}")  # fmt: skip


def _processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
