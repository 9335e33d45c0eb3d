"""Interleaved pairs: the base and the subject right after each other, so that what disturbs the machine disturbs
both. The order within a pair alternates. The median of the pairs' ratios counts; least and greatest stand beside."""

import statistics


def pairs(base, subject, count):
    """Runs both `count` times; a list of (what base returned, what subject returned)."""
    found = []
    for number in range(count):
        if number % 2 == 0:
            first = base()
            found.append((first, subject()))
        else:
            second = subject()
            found.append((base(), second))
    return found


def ratio(values):
    """Median, least and greatest, and of how many."""
    values = list(values)
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "pairs": len(values)}


def speed(uses, size):
    """What some runs over `size` bytes say about the process in the middle. Peaks are the greatest seen."""
    return {"gb_per_s": size / statistics.median(use.seconds for use in uses) / 1e9,
            "peak_mib": max(use.peak_mib for use in uses),
            "cpu_s_per_gb": statistics.median(use.cpu_seconds for use in uses) / size * 1e9}


def faster(found, base_size, subject_size):
    """How many times the throughput of the base the subject has, pair by pair."""
    return ratio((base.seconds / base_size) / (subject.seconds / subject_size) for base, subject in found)
