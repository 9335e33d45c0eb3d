"""`shunt sidecar` between connectors that somebody else started: stdin and stdout, FIFOs in every open
order, inherited descriptors; with acknowledgements and without.
"""

import fcntl
import itertools
import json
import os
import shutil
import socket
import subprocess
import tempfile

from tests.e2e import harness as h

LINES = "".join(h.record("users", {"id": n}) for n in range(1000)) + h.state("users", {"c": 1}, 1000)


class SidecarCase(h.SyncTest):
    def setUp(self):
        super().setUp()
        self.w.prepare()
        self.report = self.w.path("report.json")
        self.sidecar_flags = ["sidecar", "--connection", "side", "--catalog", self.w.path("catalog.json"),
                              "--store", self.w.store, "--report", self.report]

    def start(self, *flags, stdin=None, stdout=None):
        return self.w.start(*self.sidecar_flags, *flags, stdin=stdin, stdout=stdout, report=self.report)

    def connector(self, side, verb, stdin=None, stdout=None):
        """A peer started by the test, as a shell would."""
        self.w.prepare()
        command = [h.PYTHON, "-I", "-S", h.PEER, self.w.path(side + ".script.json"), verb,
                   "--config", self.w.path(side + ".json")]
        process = subprocess.Popen(command, stdin=stdin or subprocess.DEVNULL, stdout=stdout or subprocess.DEVNULL,
                                   cwd=self.w.root)
        self.addCleanup(h.stop, process)
        return process

    def fifo(self, name):
        os.mkfifo(self.w.path(name))
        return self.w.path(name)


class UnixSockets(SidecarCase):
    def setUp(self):
        super().setUp()
        # A socket's path has at most 107 bytes, and a build tree alone may have more.
        folder = tempfile.mkdtemp(prefix="shunt-socket-", dir="/tmp")
        self.addCleanup(shutil.rmtree, folder)
        self.socket = os.path.join(folder, "socket")

    def start_to(self, end, *flags):
        with open(self.w.write("in", LINES), "rb") as stdin:
            return self.start("--destination-in", end, "--destination-out", end, *flags, stdin=stdin)

    def listen(self):
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.settimeout(h.DEADLINE)
        listener.bind(self.socket)
        listener.listen(1)
        peer, _ = listener.accept()
        self.addCleanup(peer.close)
        peer.settimeout(h.DEADLINE)
        return peer

    def test_who_listens_may_come_later(self):
        running = self.start_to("unix:" + self.socket)
        h.wait_for_file(self.w.path("store.db"), running)
        peer = self.listen()
        received = b"".join(iter(lambda: peer.recv(1 << 16), b""))
        self.assertEqual(received, LINES.encode())
        peer.sendall(LINES.splitlines(keepends=True)[-1].encode())
        peer.close()
        result = running.wait()
        self.assert_exit(result, h.OK)
        self.assertEqual(result.report["states"]["committed"], 1)

    def test_input_that_is_left_unread_is_a_failure(self):
        running = self.start_to("unix:" + self.socket)
        peer = self.listen()
        peer.recv(100)
        peer.close()
        self.assert_exit(running.wait(), h.DESTINATION)

    def test_nobody_comes(self):
        result = self.start_to("unix:" + self.socket, "--open-timeout", "1s").wait()
        self.assert_exit(result, h.TIMEOUT)
        self.assertIn("nobody opened unix:" + self.socket, result.report["failures"][0]["message"])

    def test_what_can_never_be_opened_is_a_wrong_flag(self):
        for end in (self.w.write("file", b""), self.w.path("missing/socket"), self.w.path("x" * 200)):
            self.assert_exit(self.start_to("unix:" + end).wait(), h.USAGE)
        self.assert_exit(self.start_to(self.w.path("missing")).wait(), h.USAGE)


class StandardStreams(SidecarCase):
    def test_between_two_pipes_without_acknowledgements(self):
        source = self.w.write("in", LINES)
        with open(source, "rb") as stdin, open(self.w.path("out"), "wb") as stdout:
            result = self.start(stdin=stdin, stdout=stdout).wait()
        self.assert_exit(result, h.OK)
        self.assertEqual(h.read_bytes(self.w.path("out")), LINES.encode())
        self.assertEqual(result.report["states"]["explained"], 1)
        self.assertEqual(result.report["states"]["committed"], 0)
        self.assertEqual(json.loads(self.w.command("state", "export", "side")), [])
        self.assertIn(b"destination-out", result.err)  # says so
        self.assertEqual(result.err.count(b"destination-out"), 1, "once")

    def test_it_does_not_say_that_it_resumes_a_source_that_it_did_not_start(self):
        state = json.loads(h.state("users", {"c": 0}))["state"]
        source = self.w.write("in", LINES)
        for flags, said in (([], b"has no checkpoint yet"),
                            (["--state", h.write_json(self.w.path("state.json"), [state])],
                             b"has a checkpoint of 1 STREAM state,")):
            with open(source, "rb") as stdin, open(self.w.path("out"), "wb") as stdout:
                result = self.start(*flags, stdin=stdin, stdout=stdout).wait()
            self.assert_exit(result, h.OK)
            self.assertIn(said, result.err)
            self.assertNotIn(b"resumes", result.err)
            self.assertNotIn(b"starts from", result.err)

    def test_in_a_shell_pipeline_with_acknowledgements_to_a_fifo(self):
        acks = self.fifo("acks")
        self.w.source = {"read": [{"write": LINES}]}
        self.w.destination = {"write": {"save": self.w.path("out")}}
        source = self.connector("source", "read", stdout=subprocess.PIPE)
        running = self.start("--destination-out", acks, stdin=source.stdout, stdout=subprocess.PIPE)
        ack_end = h.open_fifo_for_writing(acks, running)
        destination = self.connector("destination", "write", stdin=running.process.stdout, stdout=ack_end)
        os.close(ack_end)
        source.stdout.close()
        running.process.stdout.close()
        self.assert_exit(running.wait(), h.OK)
        destination.wait()
        self.assertEqual(h.read_bytes(self.w.path("out")), LINES.encode())
        self.assertEqual(self.w.stream_states("side"), {"users": {"c": 1}})

    def test_a_destination_that_dies_at_once_is_no_success(self):
        acks = self.fifo("acks")
        self.w.source = {"read": [{"write": LINES}]}
        self.w.destination = {"write": {"before": [{"exit": 1}]}}
        source = self.connector("source", "read", stdout=subprocess.PIPE)
        running = self.start("--destination-out", acks, stdin=source.stdout, stdout=subprocess.PIPE)
        ack_end = h.open_fifo_for_writing(acks, running)
        self.connector("destination", "write", stdin=running.process.stdout, stdout=ack_end)
        os.close(ack_end)
        source.stdout.close()
        running.process.stdout.close()
        result = running.wait()
        # Whether its death is seen in a write or only in the missing acknowledgement is a matter of time.
        self.assertIn(result.code, (h.DESTINATION, h.INCOMPLETE), str(result))
        self.assertEqual(result.report["states"]["committed"], 0)

    def test_the_flags_of_inherited_descriptors_are_not_changed(self):
        read_end, write_end = os.pipe()
        out_read, out_write = os.pipe()
        before = fcntl.fcntl(read_end, fcntl.F_GETFL), fcntl.fcntl(out_write, fcntl.F_GETFL)
        running = self.start(stdin=read_end, stdout=out_write)
        os.write(write_end, h.record("users", {"id": 1}).encode())
        self.assertEqual(h.read_line(out_read, running), h.record("users", {"id": 1}).encode())  # an event: it is routing
        self.assertEqual((fcntl.fcntl(read_end, fcntl.F_GETFL), fcntl.fcntl(out_write, fcntl.F_GETFL)), before)
        for descriptor in (write_end, read_end, out_write):
            os.close(descriptor)
        self.assert_exit(running.wait(), h.OK)
        os.close(out_read)

    def test_a_single_line_is_forwarded_although_no_more_input_comes(self):
        read_end, write_end = os.pipe()
        out_read, out_write = os.pipe()
        running = self.start(stdin=read_end, stdout=out_write)
        for line in (h.record("users", {"id": 1}), h.state("users", {"c": 1}, 1)):
            os.write(write_end, line.encode())
            self.assertEqual(h.read_line(out_read, running), line.encode())
        for descriptor in (write_end, read_end, out_write):
            os.close(descriptor)
        self.assert_exit(running.wait(), h.OK)
        os.close(out_read)

    def test_a_reader_that_goes_away_is_a_failed_destination(self):
        source = self.w.write("in", LINES * 100)
        with open(source, "rb") as stdin:
            running = self.start(stdin=stdin, stdout=subprocess.PIPE)
            h.read_line(running.process.stdout.fileno(), running)
            running.process.stdout.close()
            self.assert_exit(running.wait(), h.DESTINATION)

    def test_a_report_on_stdout_while_data_goes_there_is_refused(self):
        with open(os.devnull, "rb") as stdin:
            result = self.w.start("sidecar", "--connection", "side", "--catalog", self.w.path("catalog.json"),
                                  "--store", self.w.store, "--report", "-", stdin=stdin).wait()
        self.assertEqual(result.code, h.USAGE, str(result))
        self.assertEqual(result.out, b"")


class Fifos(SidecarCase):
    def test_every_open_order(self):
        for order in itertools.permutations(("shunt", "source", "destination")):
            with self.subTest(order=order):
                self.route(order)

    def route(self, order):
        w = self.w = h.Workspace("fifo")
        self.addCleanup(w.close)
        w.source = {"read": [{"write": LINES}]}
        w.destination = {"write": {"save": w.path("out")}}
        w.prepare()
        source_out, destination_in, destination_out = (self.fifo(n) for n in ("source.out", "dest.in", "dest.out"))
        report = w.path("report.json")

        def shell(side, verb, redirections):
            # A shell opens redirections in order and blocks in each, as the platform's wrapper does.
            command = "exec %s %s --config %s %s" % (w.peer(side), verb, w.path(side + ".json"), redirections)
            process = subprocess.Popen(["/bin/sh", "-c", command], cwd=w.root, stdin=subprocess.DEVNULL)
            self.addCleanup(h.stop, process)

        starts = {
            "shunt": lambda: w.start("sidecar", "--connection", "side", "--catalog", w.path("catalog.json"), "--store",
                                     w.store, "--report", report, "--source-out", source_out, "--destination-in",
                                     destination_in, "--destination-out", destination_out, report=report),
            "source": lambda: shell("source", "read", "> source.out"),
            "destination": lambda: shell("destination", "write", "> dest.out < dest.in"),
        }
        running = [starts[who]() for who in order][order.index("shunt")]
        self.assert_exit(running.wait(), h.OK)
        self.assertEqual(h.read_bytes(w.path("out")), LINES.encode())
        self.assertEqual(w.stream_states("side"), {"users": {"c": 1}})

    def test_a_destination_that_opens_its_input_first(self):
        w = self.w
        w.source, w.destination = {"read": [{"write": LINES}]}, {"write": {"save": w.path("out")}}
        names = [self.fifo(name) for name in ("source.out", "dest.in", "dest.out")]
        running = self.start("--source-out", names[0], "--destination-in", names[1], "--destination-out", names[2])
        w.prepare()
        for side, verb, redirections in (("destination", "write", "< dest.in > dest.out"), ("source", "read", "> source.out")):
            command = "exec %s %s --config %s %s" % (w.peer(side), verb, w.path(side + ".json"), redirections)
            process = subprocess.Popen(["/bin/sh", "-c", command], cwd=w.root, stdin=subprocess.DEVNULL)
            self.addCleanup(h.stop, process)
        self.assert_exit(running.wait(), h.OK)
        self.assertEqual(h.read_bytes(w.path("out")), LINES.encode())

    def test_inherited_descriptors_by_number(self):
        w = self.w
        data = os.open(w.write("in", LINES), os.O_RDONLY)
        out = os.open(w.path("out"), os.O_WRONLY | os.O_CREAT, 0o600)
        process = subprocess.run([h.program(), *self.sidecar_flags, "--source-out", "fd:%d" % data, "--destination-in",
                                  "fd:%d" % out], env=w.environment(), pass_fds=(data, out), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=h.DEADLINE)
        self.assertEqual(process.returncode, h.OK, process.stderr)
        self.assertEqual(h.read_bytes(w.path("out")), LINES.encode())
        self.assertEqual(process.stdout, b"")
        os.close(data)
        os.close(out)


class ConfigUpdates(SidecarCase):
    def test_are_merged_into_the_given_config_and_validated(self):
        w = self.w
        base = h.write_json(w.path("base.json"), h.CONFIG_EXAMPLE)
        spec = h.write_json(w.path("spec.json"), h.SPEC)
        text = h.config_update({"api_key": 456}, 1700000000000) + LINES
        with open(w.write("in", text), "rb") as stdin, open(w.path("out"), "wb") as stdout:
            result = self.start("--source-config", base, "--source-spec", spec, stdin=stdin, stdout=stdout).wait()
        self.assert_exit(result, h.OK)
        self.assertEqual(w.config("side/source"), {"api_key": 456, "start_date": "01-01-2022"})
        self.assertEqual(h.read_bytes(w.path("out")), LINES.encode())

    def test_a_refused_one_ends_the_run_with_6(self):
        w = self.w
        base = h.write_json(w.path("base.json"), h.CONFIG_EXAMPLE)
        spec = h.write_json(w.path("spec.json"), h.SPEC)
        with open(w.write("in", h.config_update({"start_date": 1}, 1700000000000)), "rb") as stdin:
            result = self.start("--source-config", base, "--source-spec", spec, stdin=stdin).wait()
        self.assert_exit(result, h.CONFIG)
        self.assertEqual(w.config("side/source"), h.CONFIG_EXAMPLE)


if __name__ == "__main__":
    h.main()
