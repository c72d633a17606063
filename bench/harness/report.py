"""Tables in Markdown, and the targets."""


def number(value, digits=0):
    return "–" if value is None else f"{value:,.{digits}f}"


def spread(values, digits=0):
    """Median (min–max)."""
    if not values:
        return "–"
    ordered = sorted(values)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return f"{median:,.{digits}f} ({ordered[0]:,.{digits}f}–{ordered[-1]:,.{digits}f})"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def ratio(runs, name, other, connections, field="rps"):
    """How many times the other's median; None where one wasn't measured."""
    mine, theirs = runs.median(name, connections, field), runs.median(other, connections, field)
    return mine / theirs if mine and theirs else None


def times(value):
    return "–" if value is None else f"{value:.2f}x"


def contenders(runs, names, levels, same, default):
    header = ["proxy"]
    for c in levels:
        header.append(f"RPS c={c}")
    header += [f"p50 µs c={levels[0]}", "p50 µs c=16", "p99 µs c=16", "CPU µs/request c=16", "CPU c=64", "× nginx c=16", "× bare YARP same c=16", "× bare YARP default c=16"]
    rows = []
    for name in names:
        row = [name] + [spread(runs.values(name, c, "rps")) for c in levels]
        row += [spread(runs.values(name, levels[0], "p50")), spread(runs.values(name, 16, "p50")), spread(runs.values(name, 16, "p99"))]
        row += ["–", "–"] if name.startswith("no proxy") else [spread(runs.values(name, c, "cpu"), 1) for c in (16, 64)]
        row += [times(ratio(runs, name, other, 16)) for other in ("nginx", same, default)]
        rows.append(row)
    return table(header, rows)


def ladder(runs, names, levels, reference):
    header = ["what"] + [f"RPS c={c}" for c in levels] + ["p50 µs c=16", "p99 µs c=16", "CPU µs/request c=16", "CPU c=64", f"× plain c={levels[-1]}"]
    rows = []
    for name in names:
        rows.append([name] + [spread(runs.values(name, c, "rps")) for c in levels]
                    + [spread(runs.values(name, 16, field)) if runs.median(name, 16, field) else "–" for field in ("p50", "p99")]
                    + [spread(runs.values(name, c, "cpu"), 1) for c in (16, 64)]
                    + [times(ratio(runs, name, reference, levels[-1]))])
    return table(header, rows)


class Targets:
    """target | reached | figure."""

    def __init__(self):
        self.rows = []

    def at_least(self, target, limit, value, text=None):
        self._add(target, None if value is None else value >= limit, text or times(value))

    def at_most(self, target, limit, value, text):
        self._add(target, None if value is None else value <= limit, "–" if value is None else text)

    def elsewhere(self, target, where):
        self.rows.append([target, "elsewhere", where])

    def _add(self, target, reached, text):
        self.rows.append([target, {True: "yes", False: "**no**", None: "not measured"}[reached], text])

    def __str__(self):
        return table(["target", "reached", "figure"], self.rows)
