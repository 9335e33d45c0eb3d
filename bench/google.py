"""Runs programs of Google Benchmark and reads what they say."""

import json
import os
import subprocess
import tempfile

from bench import processes, setting as places


def results(setting, program, only=None):
    """Name -> figures of one program, a target or a path. CPU times count, except where the name says /real_time."""
    out = setting.path("google.json")
    arguments = [program if os.path.isabs(program) else places.built(program),
                 "--benchmark_out=" + out, "--benchmark_out_format=json",
                 "--benchmark_min_time=%s" % ("0.001" if setting.quick else "0.2")]
    if only:
        arguments.append("--benchmark_filter=" + only)
    done = subprocess.run(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          env=dict(setting.environment(), **({"SHUNT_BENCH_QUICK": "1"} if setting.quick else {}),
                                   TMPDIR=tempfile.gettempdir()))
    if done.returncode:
        raise processes.Failed("%s: exit code %d\n%s" % (program, done.returncode, done.stderr[-2000:]))
    with open(out, encoding="utf-8") as source:
        found = {}
        for one in json.load(source)["benchmarks"]:
            if one.get("error_occurred"):
                raise processes.Failed("%s: %s: %s" % (program, one["name"], one["error_message"]))
            found[one["name"]] = one
    os.unlink(out)
    return found
