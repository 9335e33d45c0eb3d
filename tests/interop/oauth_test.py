"""A source with single-use refresh tokens, killed again and again: no token that was announced is lost.

The source is `source-declarative-manifest` of airbyte-cdk (tests/interop/run installs it), the destination is the
built-in one, the server is oauth_server.py. Called by tests/interop/run. SHUNT_ROTATIONS: how many; SHUNT_SEED.

What cannot be avoided by anybody is a kill between the moment at which the server spends a token and the moment at
which its successor is durable. That window is measured. A family is revoked exactly when a kill fell into it.
"""

import json
import os
import random
import re
import select
import shlex
import subprocess
import threading
import time

from tests.e2e import harness as h
from tests.interop.oauth_server import OAuthServer

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("SHUNT_INTEROP_SOURCE", "")
ROTATIONS = int(os.environ.get("SHUNT_ROTATIONS", "200"))
DURABLE_SECONDS = 2.0  # what the contract allows from the reading of an update on (decision 10)
PAGES = 12  # of a run that is not killed; each costs a refresh
ANNOUNCED = re.compile(rb"config update of the source \(line \d+\): applied")
SPEC = {"type": "object", "required": ["base_url", "credentials"], "additionalProperties": True, "properties": {
    "base_url": {"type": "string"}, "credentials": {"type": "object", "properties": {
        name: {"type": "string", "airbyte_secret": True}
        for name in ("client_secret", "refresh_token", "access_token")}}}}
CATALOG = {"streams": [{
    "stream": {"name": "items", "json_schema": {"type": "object"}, "supported_sync_modes": ["full_refresh"]},
    "sync_mode": "full_refresh", "destination_sync_mode": "append"}]}


class Run:
    """A started sync whose stderr is read as it comes, each announcement with its time."""

    def __init__(self, arguments, environment, directory):
        self.announced, self.err, self.news = [], b"", threading.Condition()
        self.process = subprocess.Popen(arguments, env=environment, cwd=directory, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            with self.news:
                self.err += line
                if ANNOUNCED.search(line):
                    self.announced.append(time.monotonic())
                    self.news.notify()
        with self.news:
            self.news.notify()

    def await_announcements(self, count):
        """False when the run ended before."""
        with self.news:
            self.news.wait_for(lambda: len(self.announced) >= count or not self.reader.is_alive()
                               or self.process.poll() is not None, h.DEADLINE)
            return len(self.announced) >= count

    def children(self):
        """pidfds of all processes below it."""
        pids, found = [self.process.pid], []
        while pids:
            pid = pids.pop()
            try:
                for task in os.listdir("/proc/%d/task" % pid):
                    with open("/proc/%d/task/%s/children" % (pid, task)) as listing:
                        more = [int(child) for child in listing.read().split()]
                    pids += more
                    found += more
            except (FileNotFoundError, ProcessLookupError):
                pass
        descriptors = []
        for pid in found:
            try:
                descriptors.append(os.pidfd_open(pid))
            except ProcessLookupError:
                pass
        return descriptors

    def kill(self):
        """-9, and waits until every connector is gone as well. Returns when it was sent."""
        children = self.children()
        sent_at = time.monotonic()
        self.process.send_signal(h.KILL)
        for descriptor in children:
            if not select.select([descriptor], [], [], h.DEADLINE)[0]:
                raise AssertionError("a connector outlived the program")
            os.close(descriptor)
        self.end()
        return sent_at

    def end(self):
        """Its exit code when it ends by itself."""
        code = self.process.wait(h.DEADLINE)
        self.reader.join(h.DEADLINE)
        self.process.stderr.close()
        return code


class OAuth(h.SyncTest):
    def setUp(self):
        super().setUp()
        self.assertTrue(SOURCE, "run tests/interop/run")
        self.rng = random.Random(h.seed())
        self.server = OAuthServer(latency=lambda: random.random() * 0.02)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.w.catalog = CATALOG
        self.w.destination_config = {"mode": "discard"}
        self.authorise()
        self.lost = False  # the server's newest token is not stored: the next refresh will be a reuse
        self.counts = dict.fromkeys(("runs", "ended", "killed outside of the window", "killed at random", "lost", "revoked"), 0)
        self.windows, self.late_kills = [], []
        self.announced, self.shown = [], b""

    def authorise(self):
        """The user does it, and puts the new token into the file."""
        self.authorised = self.server.authorise()
        self.w.source_config = {
            "__injected_declarative_manifest": h.read_json(os.path.join(HERE, "oauth_manifest.json")),
            "base_url": self.server.url, "pages": PAGES,
            "credentials": {"client_id": "shunt", "client_secret": "interop-client-secret", "refresh_token": self.authorised,
                            "access_token": "", "token_expiry_date": "2000-01-01T00:00:00Z"}}

    # One life.

    def start(self):
        w = self.w
        prepared = w.prepare()
        spec = h.write_json(w.path("spec.json"), SPEC)
        for side, words in (("source", [SOURCE]), ("destination", [h.program(), "connector", "destination"])):
            prepared[prepared.index("--" + side) + 1] = shlex.join(words)
        self.counts["runs"] += 1
        self.first, self.reuses = len(self.server.issued), self.server.reuses
        return Run([h.program(), "sync", "--store", w.store, "--verbose", "--source-spec", spec, "--destination-spec", spec,
                    *prepared], w.environment(), w.root)

    def live(self, plan):
        run, killed = self.start(), None
        if plan == "random" and run.await_announcements(self.rng.randrange(PAGES)):
            time.sleep(self.rng.random() * 0.15)  # until the random moment
            killed = run.kill()
            self.counts["killed at random"] += 1
        elif plan == "outside" and self.hold_a_page(run):
            killed = run.kill()
            self.counts["killed outside of the window"] += 1
        self.server.let_pages_through.set()
        if killed is None:
            self.assertEqual(run.end(), h.SOURCE if self.lost else h.OK, run.err[-3000:].decode())
            self.counts["ended"] += 1
        h.wait_until(lambda: not h.processes_with(self.w.runtime), "the end of what was started meanwhile")
        h.wait_until(self.server.quiet, "the server to be done with the dead")
        self.compare(run, killed, plan == "outside")

    def hold_a_page(self, run):
        """Until the source waits for a page, and every token before it was announced. False: it ended before."""
        if self.lost or not run.await_announcements(self.rng.randrange(1, PAGES - 2)):
            return False
        self.server.page_is_held.clear()
        self.server.let_pages_through.clear()
        if not self.server.page_is_held.wait(h.DEADLINE):
            raise AssertionError("no page was asked for: " + run.err[-3000:].decode())
        return run.await_announcements(len(self.server.issued) - self.first)

    # What came of it.

    def compare(self, run, killed, outside):
        """The server's book against the store, when nobody runs."""
        self.shown += run.err
        issued, count = self.server.issued[self.first:], len(run.announced)
        self.assertLessEqual(count, len(issued), "announced what was never issued")
        self.announced += [token.refresh for token in issued[:count]]
        self.windows += [at - token.issued_at for token, at in zip(issued, run.announced)]
        reused = self.server.reuses - self.reuses
        if self.lost:
            self.assertEqual(issued, [])
            if reused:
                self.counts["revoked"] += 1
                self.lost = False
                self.authorise()
            return
        self.assertEqual(reused, 0, "a family was revoked, though every token was stored: " + run.err[-3000:].decode())
        newest = self.server.issued[-1]
        if newest.refresh in (self.stored(), self.authorised):
            return  # stored, or in the file from where the next start takes it
        # Spent by the server, and not stored. Only a kill can do that, and only between the two.
        self.assertIsNotNone(killed, "lost without a kill: " + run.err[-3000:].decode())
        self.assertFalse(outside, "lost with a kill outside of the window")
        self.assertGreater(len(issued), count, "an announced token was lost")
        for token in issued[count:]:
            self.assertLess(killed - token.issued_at, DURABLE_SECONDS, "it should have been durable by then")
        self.lost = True
        self.counts["lost"] += 1
        self.late_kills.append(killed - newest.issued_at)

    def stored(self):
        known = self.w.command("config", "show", "--json")
        if b"default/source" not in known:
            return None  # killed before the file was taken in
        return self.w.config()["credentials"]["refresh_token"]

    def test_no_announced_token_is_lost(self):
        while self.server.rotations < ROTATIONS:
            self.live(self.rng.choice(["end", "outside", "outside", "random", "random", "random"]))
        self.live("end")  # finds out what the last kill did
        if self.lost or self.server.revoked:
            self.live("end")
        rows = self.w.journal()
        kept = {row["config"]["credentials"]["refresh_token"] for row in self.reveal()}
        self.assertEqual([token for token in self.announced if token not in kept], [])
        self.assertEqual(self.counts["revoked"], self.counts["lost"])
        self.assertEqual(self.server.reuses, self.counts["revoked"])
        for token in self.server.issued:
            for secret in (token.refresh, token.access):
                self.assertNotIn(secret.encode(), self.shown)
        self.print_counts(rows)

    def reveal(self):
        return json.loads(self.w.command("config", "history", "default/source", "--json", "--reveal"))

    def print_counts(self, rows):
        milliseconds = sorted(1000 * width for width in self.windows)
        print("\nOAuth: %d rotations, %d announced, %d journal rows; %s" % (
            self.server.rotations, len(self.announced), len(rows),
            ", ".join("%d %s" % (count, what) for what, count in self.counts.items())))
        print("token response -> announced: median %.1f ms, 99%% %.1f ms, most %.1f ms" % (
            milliseconds[len(milliseconds) // 2], milliseconds[int(len(milliseconds) * 0.99)], milliseconds[-1]))
        print("kills that cost a token came %s ms after the response (negative: before it)" % (
            ", ".join("%.1f" % (1000 * late) for late in self.late_kills) or "never"), flush=True)


if __name__ == "__main__":
    h.main()
