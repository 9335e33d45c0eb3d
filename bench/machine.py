"""What was measured, and where: a figure without it is worth nothing."""

import os
import subprocess


def first_line(arguments, directory=None):
    try:
        done = subprocess.run(arguments, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.split("\n")[0].strip() if done.returncode == 0 else ""


def fields(path, separator=":"):
    with open(path, encoding="utf-8") as lines:
        parts = [line.partition(separator) for line in lines]
    return {key.strip(): value.strip() for key, _, value in reversed(parts)}


def machine():
    cpu = fields("/proc/cpuinfo")
    flags = cpu.get("flags", "").split()
    return {"cpu": cpu.get("model name", "unknown"), "cores": len(os.sched_getaffinity(0)),
            "simd": next((name for name in ("avx512vbmi2", "avx2", "sse4_2") if name in flags), "none"),
            "memory_gib": round(int(fields("/proc/meminfo")["MemTotal"].split()[0]) / 2**20, 1),
            "kernel": os.uname().release, "hypervisor": "hypervisor" in flags, "load": round(os.getloadavg()[0], 2)}


def build(program, root):
    commit = first_line(["git", "rev-parse", "--short", "HEAD"], root)
    dirty = bool(first_line(["git", "status", "--porcelain", "--untracked-files=no"], root))
    return {"version": first_line([program, "--version"]), "commit": commit + ("+" if dirty else ""),
            "compiler": first_line(["g++", "--version"])}


def describe(figures):
    """Two lines for the head of the page."""
    place, made = figures["machine"], figures["build"]
    return ["machine  %s%s, %d cores (%s), %.0f GiB, Linux %s, load %.1f" % (
                place["cpu"], " in a virtual machine" if place["hypervisor"] else "", place["cores"], place["simd"],
                place["memory_gib"], place["kernel"], place["load"]),
            "build    %s, commit %s, %s" % (made["version"], made["commit"] or "unknown", made["compiler"])]
