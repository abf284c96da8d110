"""A profile as text, 120 columns wide."""

# Title -> width; texts are to the left, numbers (negative widths) to the right
STEPS = {"layer": 22, "operation": 26, "ms": -8, "%": -4, "GFLOP/s": -8, "peak%": -5, "MB": -8, "GB/s": -6, "roof%": -5,
         "FLOP/B": -7, "algorithm": 9}  # fmt: skip
LAYERS = {"layer": 30, "forward ms": -10, "backward ms": -11, "update ms": -9, "ms": -9, "%": -4, "GFLOP/s": -8,
          "GB/s": -6, "roof%": -5}  # fmt: skip
NOTE = """\
GFLOP/s and peak% count plain sums: an algorithm that needs fewer operations may pass 100. GB/s count each array once.
roof%: the time that arithmetic and memory allow at best, the longer of both, of the time that it took; memory as fast
as for arrays of that size, so a step whose arrays are still in a smaller cache may pass 100."""


def text(profile):
    """Roofs, steps, sums of layers and totals."""
    roofs, total = profile.roofs, sum(step.seconds for step in profile.steps)
    head = [
        profile.title,
        f"peaks of this machine: {roofs.arithmetic / 1e9:.0f} GFLOP/s; GB/s of memory: "
        + ", ".join(f"{rate / 1e9:.1f} on {size / 1e6:.3g} MB" for size, rate in roofs.memory),
    ]
    steps = [_step_cells(step, roofs, total) for step in profile.steps]
    groups = {}
    for step in profile.steps:
        groups.setdefault(step.layers[-1], []).append(step)
    layers = [_layer_cells(name, group, total) for name, group in groups.items()]
    layers.append(_layer_cells("total", profile.steps, total))
    whole = f"sum of the steps {total * 1e3:.3f} ms; the program as a whole takes {profile.seconds * 1e3:.3f} ms"
    parts = ["\n".join(head), _table(STEPS, steps), _table(LAYERS, layers), f"{whole}\n{NOTE}"]
    return "\n\n".join(parts)


def _table(columns, rows):
    lines = [_line(columns, columns), "-" * (sum(map(abs, columns.values())) + len(columns) - 1)]
    return "\n".join([*lines, *(_line(columns, row) for row in rows)])


def _line(columns, cells):
    pairs = zip(columns.values(), cells, strict=True)
    fitted = (f"{shorter(c.strip(), w):<{w}}" if w > 0 else f"{c.strip():>{-w}}" for w, c in pairs)
    return " ".join(fitted).rstrip()


def shorter(text, width):
    """A text that is too long without its middle."""
    if len(text) <= width:
        return text
    left = (width - 1) // 2
    return f"{text[:left]}~{text[len(text) - (width - 1 - left) :]}"


def _percent(part, whole):
    return f"{100 * part / whole:.0f}" if whole else "-"


def _rate(amount, seconds):
    return f"{amount / seconds / 1e9:.1f}" if seconds else "-"


def _step_cells(step, roofs, total):
    flops, nbytes, seconds = step.flops, step.bytes, step.seconds
    return [step.layers[-1], step.operation, f"{seconds * 1e3:.3f}", _percent(seconds, total), _rate(flops, seconds),
            _percent(flops / roofs.arithmetic, seconds), f"{nbytes / 1e6:.3f}", _rate(nbytes, seconds),
            _percent(step.least, seconds), f"{flops / nbytes:.1f}" if nbytes else "-",
            step.algorithm]  # fmt: skip


def _layer_cells(name, steps, total):
    seconds, flops, nbytes, least = (sum(getattr(step, field) for step in steps)
                                     for field in ("seconds", "flops", "bytes", "least"))  # fmt: skip
    parts = [sum(step.seconds for step in steps if step.part == part) for part in ("forward", "backward", "update")]
    shown = [f"{part * 1e3:.3f}" if part else "" for part in (*parts, seconds)]
    return [
        name,
        *shown,
        _percent(seconds, total),
        _rate(flops, seconds),
        _rate(nbytes, seconds),
        _percent(least, seconds),
    ]
