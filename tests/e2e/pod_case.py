"""The other side of `shunt sidecar --source-dir --destination-dir`: a pod of the platform, played by scripts.

An init container has made the directories, FIFOs and files; each connector runs under a shell wrapper like the
platform's: it opens stderr, stdout and then stdin, runs the connector, looks for TERMINATED meanwhile (the
platform every 10 s, here more often), and leaves exitCode.txt by rename.
"""

import os
import shutil
import subprocess

from tests.e2e import harness as h

USERS = "".join(h.record("users", {"id": n}) for n in range(1000))
LINES = USERS + h.state("users", {"c": 1}, 1000)

# $1: the command, $2: its redirections, which come before anything of the command is looked at. The subshell
# becomes the connector, so that `kill` reaches it.
WRAPPER = """
eval "(eval \\"exec \\$1\\") $2 &"
CHILD=$!
(while [ ! -f TERMINATED ]; do sleep 0.05; done; kill $CHILD) 2>/dev/null &
POLL=$!
wait $CHILD
CODE=$?
kill $POLL 2>/dev/null
%s
exit $CODE
"""
LEAVE_CODE = "echo $CODE > TEMP; mv TEMP exitCode.txt"
PLATFORM_ORDER = {"source": "2> stderr > stdout", "dest": "2> stderr > stdout < stdin"}


class PodCase(h.SyncTest):
    def setUp(self):
        super().setUp()
        self.make_pod()

    def make_pod(self):
        """What the init container leaves."""
        w = self.w
        w.source.setdefault("read", [{"write": LINES}])
        w.destination.setdefault("write", {"save": w.path("received")})
        w.prepare()
        self.runs = 0
        shutil.rmtree(w.path("pod"), ignore_errors=True)
        for side, config, fifos in (("source", w.source_config, ("stdout", "stderr")),
                                    ("dest", w.destination_config, ("stdout", "stderr", "stdin"))):
            os.makedirs(self.file(side))
            h.write_json(self.file(side, "connectorConfig.json"), config)
            h.write_json(self.file(side, "catalog.json"), w.catalog)
            for name in fifos:
                os.mkfifo(self.file(side, name))

    def file(self, side, *name):
        return self.w.path("pod", side, *name)

    def use_again(self):
        """For another run in the same directories, as scripts outside of the platform do."""
        self.w.prepare()
        for side in ("source", "dest"):
            for name in ("exitCode.txt", "TERMINATED"):
                if os.path.exists(self.file(side, name)):
                    os.unlink(self.file(side, name))

    def shunt(self, *flags):
        self.runs += 1
        report = self.w.path("report-%d.json" % self.runs)
        return self.w.start("sidecar", "--connection", "pod", "--store", self.w.store, "--report", report,
                            "--source-dir", self.file("source"), "--destination-dir", self.file("dest"), *flags,
                            report=report)

    def wrapper(self, side, redirections=None, leave=LEAVE_CODE, state="inputState.json"):
        verb, peer = ("read", "source") if side == "source" else ("write", "destination")
        command = "%s %s --config $PWD/connectorConfig.json --catalog $PWD/catalog.json" % (self.w.peer(peer), verb)
        if side == "source":
            command += " $([ -f {0} ] && echo --state $PWD/{0})".format(state)
        process = subprocess.Popen(
            ["/bin/sh", "-c", WRAPPER % leave, "wrapper", command, redirections or PLATFORM_ORDER[side]],
            cwd=self.file(side), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(h.stop, process)
        return process

    def run_pod(self, *flags, code=h.OK):
        wrappers = [self.wrapper("source"), self.wrapper("dest")]
        result = self.shunt(*flags).wait()
        self.assert_exit(result, code)
        self.assert_over(*wrappers)
        return result

    def assert_over(self, *wrappers):
        """Both sides were told that it is over, and are."""
        for side in ("source", "dest"):
            self.assertTrue(os.path.exists(self.file(side, "TERMINATED")), side)
        for wrapper in wrappers:
            wrapper.wait(h.DEADLINE)
        # Also those that lost their wrapper.
        h.wait_until(lambda: not self.w.leftovers()[0], "the end of everybody in the pod")

    def received(self):
        return h.read_bytes(self.w.path("received"))

    def has_reader(self, side, name):
        try:
            os.close(os.open(self.file(side, name), os.O_WRONLY | os.O_NONBLOCK))
            return True
        except OSError:
            return False

    def await_end_of_output(self, text):
        """Until shunt has seen the end of the source's output behind `text`, and closed the FIFO."""
        h.wait_until(lambda: os.path.exists(self.w.path("received")) and self.received() == text.encode(), "all records")
        h.wait_until(lambda: not self.has_reader("source", "stdout"), "the end of the source's output")

    def states(self):
        return self.w.stream_states("pod")

    def assert_failure(self, result, origin, *words):
        failure = result.report["failures"][0]
        self.assertEqual(failure["origin"], origin, str(result))
        for word in words:
            self.assertIn(word, failure["message"], str(result))
