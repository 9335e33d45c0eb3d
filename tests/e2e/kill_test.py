"""kill -9 at a random moment, 200 times, on one store: nothing stored that was not acknowledged, nothing
announced missing, children die, and every later run starts and resumes.

The source resumes from the state it is given and never ends; the destination writes every
acknowledgement to a file before it prints it. While a run lives, a reader notes which config generation
is visible: that is an announcement, and the kill must not take it back. Two chains of kills run side by
side (one for each core), each with a store of its own.
"""

import json
import os
import random
import threading
import time

from tests.e2e import harness as h

KILLS = int(os.environ.get("SHUNT_KILLS", "200"))
CHAINS = 2
STREAM = "users"
FIRST_CONFIG = {"api_key": 0, "start_date": "d"}  # tokens only grow


class Chain:
    """Kills one connection again and again."""

    def __init__(self, number, seed):
        self.rng = random.Random(seed * CHAINS + number)
        self.w = h.Workspace("kill%d" % number)
        self.acked = {0}
        self.ack_files = set()
        self.resumed = 0
        self.error = None
        w = self.w
        w.source_config = FIRST_CONFIG
        os.mkdir(w.path("received"))
        os.mkdir(w.path("acks"))
        spec = h.write_json(w.path("spec.json"), h.SPEC)
        self.flags = ["--source-spec", spec, "--destination-spec", spec]
        w.source = {"read": self.steps(10_000_000)}
        w.destination_config = FIRST_CONFIG
        w.destination = {"write": {"save": w.path("received", "{pid}"), "ack_log": w.path("acks", "{pid}")}}

    def steps(self, rounds):
        return [{"cursor": STREAM, "rounds": rounds, "records": 5, "control_every": 20}]

    def run(self, kills):
        try:
            for number in range(kills):
                self.kill_once(number)
            self.finish()
        except Exception as error:  # shown by the test, in its thread
            self.error = error
        finally:
            self.w.close()

    # One life.

    def kill_once(self, number):
        w = self.w
        before_state, before_token = self.stored_cursor(), self.stored_token()
        for name in ("read.pid", "write.pid"):
            if os.path.exists(w.path("source" if name[0] == "r" else "destination", name)):
                os.unlink(w.path("source" if name[0] == "r" else "destination", name))
        running = w.start_sync("--threads", self.rng.choice(["auto", "dedicated", "compact", "inline"]), *self.flags)
        announced = before_token
        late = self.rng.random() < 0.6
        if late:  # somewhere in the middle of the work, else anywhere from the first instruction on
            h.wait_for_file(w.path("source", "read.pid"), running)
            self.check_start(before_state, before_token)
            if self.rng.random() < 0.5:
                announced = self.stored_token()
        # The random moment: it is the fault, not a wait. A long life sees several commits of checkpoints.
        time.sleep(self.rng.random() * (self.rng.choice([0.08, 0.08, 1.5]) if late else 0.06))
        running.signal(h.KILL)
        result = running.wait()
        assert result.code == -h.KILL, "run %d ended by itself: %s" % (number, result)
        h.wait_until(lambda: not h.processes_with(w.root), "the death of the children of run %d" % number)
        self.check_store(number, before_state, announced)

    def check_start(self, cursor, token):
        """The run was started with what the last one left."""
        given = self.w.given("source", "read", "state")
        got = given[0]["stream"]["stream_state"]["cursor"] if given else 0
        assert got == cursor, "started at %s, the store held %s" % (got, cursor)
        self.resumed += 1 if given else 0
        config = self.w.given("source", "read", "config")["api_key"]
        assert config == token, "started with token %s, the store held %s" % (config, token)

    def check_store(self, number, before, announced):
        cursor = self.stored_cursor()
        assert cursor in self.acknowledged(), "run %d: state %s stored, but never acknowledged" % (number, cursor)
        assert cursor >= before, "run %d: the checkpoint went back from %s to %s" % (number, before, cursor)
        token = self.stored_token()
        assert token >= announced, "run %d: config %s was announced, %s is stored" % (number, announced, token)

    def finish(self):
        """After all the kills: a run to its end, and every record was delivered at least once."""
        w = self.w
        before = self.stored_cursor(), self.stored_token()
        w.source = {"read": self.steps(30)}
        result = w.sync(*self.flags)
        assert result.code == h.OK, str(result)
        self.check_start(*before)
        assert self.stored_cursor() == before[0] + 150, (self.stored_cursor(), before)
        seen = set()
        for name in os.listdir(w.path("received")):
            for row in h.read_bytes(w.path("received", name)).split(b"\n")[:-1]:
                message = json.loads(row)  # whole lines only, whatever was killed
                if message["type"] == "RECORD":
                    seen.add(message["record"]["data"]["id"])
        missing = set(range(1, self.stored_cursor() + 1)) - seen
        assert not missing, "%d records lost, first %d" % (len(missing), min(missing))
        # A directory whose run died before it had its final name is told by its age, which is none yet.
        files = [name for folder, _, names in os.walk(w.runtime) for name in names
                 if not os.path.basename(folder).startswith("new-")]
        assert not files, "the last run swept the directories of dead runs, except %s" % files

    # Evidence.

    def stored_cursor(self):
        if not os.path.exists(self.w.path("store.db")):
            return 0
        states = json.loads(self.w.command("state", "export", "default", code=None) or b"[]")
        return states[0]["stream"]["stream_state"]["cursor"] if states else 0

    def stored_token(self):
        """The stored token; the file's as long as no run came far enough to store anything."""
        result = self.w.start("config", "export", "default/source", "--reveal", "--store", self.w.store).wait()
        return json.loads(result.out)["api_key"] if result.code == h.OK else FIRST_CONFIG["api_key"]

    def acknowledged(self):
        """Cursors of all acknowledgements that were about to be printed. The writers are dead."""
        for name in set(os.listdir(self.w.path("acks"))) - self.ack_files:
            self.ack_files.add(name)
            for row in h.read_bytes(self.w.path("acks", name)).split(b"\n")[:-1]:  # the last may be torn
                self.acked.add(json.loads(row)["state"]["stream"]["stream_state"]["cursor"])
        return self.acked


class Kill(h.unittest.TestCase):
    def test_minus_9_at_a_random_moment(self):
        seed = h.seed()
        chains = [Chain(number, seed) for number in range(CHAINS)]
        threads = [threading.Thread(target=chain.run, args=(KILLS // CHAINS,)) for chain in chains]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for chain in chains:
            if chain.error:
                raise chain.error
        print("%d kills in %.1f s; %d of the lives were seen to resume from a checkpoint"
              % (KILLS, time.monotonic() - started, sum(chain.resumed for chain in chains)))
        self.assertGreater(sum(chain.resumed for chain in chains), KILLS // 10, "the kills were in the middle of work")


if __name__ == "__main__":
    h.main()
