"""Interleaved pairs: the base and the subject right after each other, so that what disturbs the machine disturbs
both. The order within a pair alternates. The median of the pairs' ratios counts; least and greatest stand beside."""

import statistics


def rounds(runs, count):
    """Calls every function of `runs` in each of `count` rounds, forwards and backwards in turn. For each of them the
    list of what it returned; what stands at one index was measured side by side."""
    found = [[] for _ in runs]
    for number in range(count):
        turn = list(enumerate(runs))
        for index, run in (turn if number % 2 == 0 else reversed(turn)):
            found[index].append(run())
    return found


def spread(values):
    """Median, least and greatest, and of how many."""
    values = list(values)
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "pairs": len(values)}


def speed(uses, size):
    """What some runs over `size` bytes say about the process in the middle. Peaks are the greatest seen."""
    return {"gb_per_s": size / statistics.median(use.seconds for use in uses) / 1e9,
            "peak_mib": max(use.peak_mib for use in uses),
            "cpu_s_per_gb": statistics.median(use.cpu_seconds for use in uses) / size * 1e9}


def times(subject, base, subject_size=1, base_size=1):
    """How many times the throughput of the base the subject has, pair by pair."""
    return spread((one.seconds / base_size) / (other.seconds / subject_size) for one, other in zip(base, subject))
