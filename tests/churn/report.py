# SPDX-License-Identifier: Apache-2.0
"""The figures at the end."""
import statistics
import time

MEMORY_FROM_S = 600             # shorter runs say nothing about growth
GROWTH_KB, GROWTH_PART = 3072, 0.02     # what the second half may add: allocator noise, and a quarantine of 16 MiB that fills


def slope(points):
    """Least squares: what y gains from the first x to the last."""
    mx, my = statistics.fmean(x for x, _ in points), statistics.fmean(y for _, y in points)
    below = sum((x - mx) ** 2 for x, _ in points)
    return sum((x - mx) * (y - my) for x, y in points) / below * (points[-1][0] - points[0][0]) if below else 0.0


def judge_memory(world):
    samples = world.home.samples
    world.memory = None
    half = [(s["t"], s["rss_kb"]) for s in samples if s["t"] > world.options.seconds / 2 and s["t"] <= world.options.seconds]
    if len(half) < 3:
        return
    grown, mean = slope(half), statistics.fmean(y for _, y in half)
    allowed = max(GROWTH_KB, GROWTH_PART * mean)
    judged = world.options.seconds >= MEMORY_FROM_S
    world.memory = (grown, mean, allowed, judged)
    if judged and grown > allowed:
        world.fail("memory", "the home grew by %.0f KiB in the second half (%.0f allowed)" % (grown, allowed), [])


def percentiles(values):
    if not values:
        return "none"
    v = sorted(values)
    return "p50 %.1f  p90 %.1f  p99 %.1f  max %.1f ms  (%d)" % (v[len(v) // 2], v[len(v) * 9 // 10], v[len(v) * 99 // 100], v[-1], len(v))


def print_summary(world):
    c, o = world.count, world.options
    print("\n--- churn: %.0f s, seed %d, %d users, %d phones, %.1f calls a second ---" % (
        time.monotonic() - world.started, o.seed, o.users, c["phones"], o.rate))
    print("%-10s %9s %9s %9s %9s %9s" % ("", "placed", "void", "not owed", "owed", "delivered"))
    for kind in ("calls", "messages", "byes"):
        print("%-10s %9d %9d %9d %9d %9d" % (kind, c[kind], c[kind + " void"], c[kind + " not owed"], c[kind + " owed"],
                                             c[kind + " delivered"]))
    print("time to ring, all flows live: %s" % percentiles(world.ring_clean_ms))
    print("time to ring, in trouble:     %s" % percentiles(world.ring_ms))
    print("time to a message:            %s" % percentiles(world.message_ms))
    shown = {"calls", "messages", "byes", "phones"}
    rest = [k for k in sorted(c) if k.split(" ")[0] not in shown or k.startswith("byes told")]
    print("what happened: " + ", ".join("%s %d" % (k, c[k]) for k in rest))
    for n in world.nodes:
        for g in sorted({s["generation"] for s in n.samples}):
            rows = [s for s in n.samples if s["generation"] == g]
            if g < n.generation - 2 and len(rows) < 12:
                continue
            first, mid, last = rows[0], rows[len(rows) // 2], rows[-1]
            print("%s generation %d, %.0f s: RSS %d / %d / %d KiB, PSS %d KiB at the end; bindings %s / %s / %s, flows %s" % (
                n.name, g, last["t"] - first["t"], first["rss_kb"], mid["rss_kb"], last["rss_kb"], last["pss_kb"],
                first["bindings"], mid["bindings"], last["bindings"], last["flows"]))
    if world.memory:
        grown, mean, allowed, judged = world.memory
        print("home's RSS in the second half: mean %.0f KiB, trend %+.0f KiB (%.0f allowed%s)" % (
            mean, grown, allowed, "" if judged else "; not judged in so short a run"))
    print("failures: %s" % (", ".join("%s %d" % kv for kv in sorted(world.failures.items())) or "none"))
