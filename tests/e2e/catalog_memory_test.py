"""Whatever catalog and configs there are: the peak memory stays within the budget, or the run is refused with 2 before
anything is started, names the budget that would do, and that budget does. Refusing takes no more than the budget either.

The program is a sidecar here: who waits for it is told the peak of it alone, at its very end.
"""

import json
import os
import re
import subprocess

from tests.e2e import harness as h

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "many_states_peer.py")
MIB = 1 << 20
BUDGET_BYTES = 64 * MIB

# Who starts a program hands its own maximum on to it, so it is started by somebody small.
MEASURE = """
import os, sys
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as out:
    out.write(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"""


def catalog_text(streams, fields):
    """Streams s0, s1, ... with so many fields each."""
    properties = ",".join('"field_%06d":{"type":["null","string"],"format":"date-time"}' % field for field in range(fields))
    element = ('{"stream":{"name":"s%%d","json_schema":{"type":"object","properties":{%s}},"supported_sync_modes":'
               '["full_refresh","incremental"]},"sync_mode":"incremental","destination_sync_mode":"append","cursor_field":["a"],'
               '"primary_key":[["id"]]}' % properties)
    return '{"streams":[%s]}' % ",".join(element % stream for stream in range(streams))


class Sidecar(h.SyncTest):
    def setUp(self):
        super().setUp()
        self.catalog = self.w.write("catalog.json", catalog_text(2, 0))

    def run_sidecar(self, streams=1, records=1, when="each", flags=(), budget=BUDGET_BYTES):
        """Returns exit code, what was said, the report, and the peak in bytes."""
        w = self.w
        paths = {name: w.path(name) for name in ("so", "di", "do")}
        for path in paths.values():
            if not os.path.exists(path):
                os.mkfifo(path)
        peers = [subprocess.Popen(["/bin/sh", "-c", 'exec "$@" %s' % redirection, "sh", h.PYTHON, "-I", "-S", PEER, *arguments])
                 for arguments, redirection in (
                     (["source", str(streams), str(records), "1", "stream", "0", "read"], '> "%s"' % paths["so"]),
                     (["destination", when, "write"], '< "%s" > "%s"' % (paths["di"], paths["do"])))]
        for peer in peers:
            self.addCleanup(h.stop, peer)
        report = w.path("report.json")
        if os.path.exists(report):
            os.remove(report)
        command = [h.program(), "sidecar", "--connection", "c", "--store", w.store, "--catalog", self.catalog, "--report", report,
                   "--source-out", paths["so"], "--destination-in", paths["di"], "--destination-out", paths["do"],
                   "--memory-budget", str(budget), *flags]
        ended = subprocess.run([h.PYTHON, "-I", "-S", "-c", MEASURE, w.path("peak"), *command], env=w.environment(), cwd=w.root,
                               stdin=subprocess.DEVNULL, capture_output=True, timeout=h.DEADLINE)
        for peer in peers:
            h.stop(peer)
        result = h.Result(command, ended.returncode, ended.stdout, ended.stderr,
                          h.read_json(report) if os.path.exists(report) else None)
        peak = int(h.read_bytes(w.path("peak"))) * 1024
        print("%s: exit %d, peak %.1f of %.1f MiB" % (self.id().rpartition(".")[2], result.code, peak / MIB, budget / MIB),
              flush=True)
        self.assertLessEqual(peak, budget)
        return result

    def refused(self, **options):
        """What is refused names a budget."""
        result = self.run_sidecar(**options)
        self.assert_exit(result, h.USAGE)
        named = re.search(rb"--memory-budget (\d+)MiB", result.err)
        self.assertTrue(named, result.err)
        return int(named[1]) * MIB

    def flows(self, records, **options):
        result = self.run_sidecar(records=records, **options)
        self.assert_exit(result, h.OK)
        self.assertEqual(result.report["totals"]["records_committed"], records)
        self.assertEqual(result.report["states"]["committed"], records)
        return result

    def test_a_catalog_of_30_mib_fits(self):
        self.w.write("catalog.json", catalog_text(40, 12_000))
        self.assertGreater(os.path.getsize(self.catalog), 27 * MIB)
        self.flows(40, streams=40)

    def test_a_catalog_of_60_mib_needs_more_and_says_how_much(self):
        self.w.write("catalog.json", catalog_text(80, 12_000))
        self.assertGreater(os.path.getsize(self.catalog), 54 * MIB)
        budget = self.refused()
        self.assertLess(budget, 100 * MIB)
        self.flows(80, streams=80, budget=budget)

    def test_a_catalog_that_is_too_long_is_not_even_read(self):
        for size in (200 * MIB, 1000 * MIB):
            with open(self.catalog, "wb") as file:
                file.truncate(size)  # a hole: it takes no room
            self.assertGreater(self.refused(), size)

    def test_10000_streams_fit(self):
        self.w.write("catalog.json", catalog_text(10_000, 0))
        self.flows(20_000, streams=10_000)

    def test_30000_streams_need_more_and_say_how_much(self):
        self.w.write("catalog.json", catalog_text(30_000, 0))
        budget = self.refused()
        self.flows(60_000, streams=30_000, budget=budget)
        with self.subTest("acknowledged at the end"):
            self.flows(60_000, streams=30_000, budget=budget, when="end")

    def test_more_streams_than_could_be_listed(self):
        for streams in (200_000, 300_000):  # too many for the list, and too long besides
            with self.subTest(streams=streams):
                self.w.write("catalog.json", catalog_text(streams, 0))
                self.assertGreater(self.refused(), streams * 1000)

    def test_mappers_count_and_what_nobody_asked_for_does_not(self):
        text = catalog_text(40, 12_000)
        self.w.write("catalog.json", text)
        budget = self.refused(flags=["--stream-prefix", "p_"])
        self.flows(40, streams=40, flags=["--stream-prefix", "p_"], budget=budget)

    def test_configs_of_16_mib(self):
        for name, config in (("a text", {"token": "x" * (16 * MIB - 64)}),
                             ("a list", {"list": [1] * (16 * MIB // 3 - 64)})):
            with self.subTest(name):
                path = h.write_json(self.w.path("config.json"), config)
                budget = self.refused(flags=["--source-config", path])
                self.flows(1, flags=["--source-config", path], budget=budget)

    def test_states_of_20_mib(self):
        state = [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "s%d" % n}, "stream_state": {"x": "y" * MIB}}}
                 for n in range(20)]
        path = h.write_json(self.w.path("state.json"), state)
        budget = self.refused(flags=["--state", path])
        self.run_sidecar(flags=["--state", path], budget=budget)


if __name__ == "__main__":
    h.main()
