"""A fleet: 8 workers of different connections share one connector's config on one PostgreSQL.

They emit random updates with clocks that differ by minutes, exact ties among them. Meanwhile workers are
stopped (SIGSTOP) and go on, and the server is restarted in the middle of their commits. What must hold at the
end: each update is in the journal once; each key has the value of the highest order key of all; and whatever
a reader has seen meanwhile never went back.
"""

import json
import os
import random
import signal
import threading
import time

from tests.e2e import harness as h
from tests.e2e import postgres

WORKERS, LIVES, ROUNDS, UPDATES = 8, 2, 6, 7  # 672 updates: the journal remembers 1,000
KEYS = ["api_key", "start_date", "k2", "k3", "k4", "k5", "k6", "k7"]
SHARED = "shared/source"
GRID_MS = 250
EPOCH_MS = 1_770_000_000_000
FAULTS = ["restart", "stop", "crash", "stop and crash", "none", "restart"]


class Worker:
    """One connection, and what its source will say."""

    def __init__(self, number, rng, store):
        self.number, self.rng = number, rng
        self.w = h.Workspace("fleet%d" % number)
        self.w.store = store
        self.w.source_config = self.w.destination_config = {"api_key": "first", "start_date": "first"}
        self.skew_ms = rng.randrange(-480, 480) * GRID_MS  # two minutes slow or fast
        self.running = None

    def updates(self, life, turn, base_ms):
        for index in range(UPDATES):
            value = "w%d.%d.%d.%d" % (self.number, life, turn, index)
            keys = self.rng.sample(KEYS, self.rng.randrange(1, 4))
            # On a grid: ties between workers are common. Many are behind the last ones.
            at = base_ms + self.skew_ms + self.rng.randrange(-40, 40) * GRID_MS + self.rng.choice([0, 0, 0.125])
            yield h.config_update({key: value for key in keys}, at)

    def start(self, life):
        steps = []
        for turn in range(ROUNDS):
            # A minute passes between two rounds, as far as the clocks say.
            minutes = (life * ROUNDS + turn) * 60_000
            lines = "".join(self.updates(life, turn, EPOCH_MS + minutes))
            steps += [{"await": self.gate(life, turn)}, {"write": lines}]
        self.w.source = {"read": steps + [{"await": self.gate(life, "end")}]}
        spec = h.write_json(self.w.path("spec.json"), h.SPEC)
        self.running = self.w.start_sync(
            "--source-id", SHARED, "--destination-id", "shared/destination", "--source-spec", spec,
            "--destination-spec", spec, connection="fleet-%d" % self.number)

    def gate(self, life, turn):
        return self.w.path("go-%d-%s" % (life, turn))


class Reader(threading.Thread):
    """Looks at the shared config all the time; whatever it has seen was announced."""

    def __init__(self, w):
        super().__init__()
        self.w, self.stopped, self.seen, self.error = w, threading.Event(), [], None

    def run(self):
        try:
            while not self.stopped.is_set():
                config = self.w.config(SHARED)
                if not self.seen or self.seen[-1] != config:
                    self.seen.append(config)
        except Exception as error:  # shown by the test, in its thread
            self.error = error


class FleetTest(h.SyncTest):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("SHUNT_SEED", random.randrange(1 << 32)))
        self.rng = random.Random(self.seed)
        self.server = postgres.Server()
        self.addCleanup(self.server.close)
        self.w.store = self.server.url()
        self.restarts = self.stops = 0
        self.workers = [Worker(number, random.Random(self.rng.random()), self.w.store) for number in range(WORKERS)]
        for worker in self.workers:
            self.addCleanup(worker.w.close)

    def durable(self):
        rows = self.server.try_query("SELECT count(*) FROM shunt.config_journal WHERE verdict <> 'pending'"
                                     " AND writer <> 'file'")
        return int(rows[0]) if rows else -1

    def await_durable(self, count, what):
        def there():
            for worker in self.workers:
                self.assertFalse(worker.running.ended(), str(worker.running.result()))
            return self.durable() >= count
        h.wait_until(there, what)

    def restart_server(self, how):
        time.sleep(self.rng.random() * 0.1)  # the random moment: it is the fault, not a wait
        self.server.stop(how)
        self.server.start(wait=False)
        self.restarts += 1

    def play(self, life, turn, fault):
        done = (life * ROUNDS + turn) * WORKERS * UPDATES
        stopped = self.rng.sample(self.workers, 2) if "stop" in fault else []
        for worker in self.workers:
            h.touch(worker.gate(life, turn))
        if stopped:
            time.sleep(self.rng.random() * 0.1)  # likewise
        for worker in stopped:
            worker.running.signal(signal.SIGSTOP)
            self.stops += 1
        if "restart" in fault:
            self.restart_server(signal.SIGINT)
        if "crash" in fault:
            self.restart_server(signal.SIGQUIT)
        others = WORKERS - len(stopped)
        self.await_durable(done + others * UPDATES, "the updates of those who are not stopped, " + fault)
        for worker in stopped:
            worker.running.signal(signal.SIGCONT)
        self.await_durable(done + WORKERS * UPDATES, "all updates of a round, " + fault)

    def test_the_highest_order_key_wins_whatever_happens(self):
        reader = Reader(self.w)
        for life in range(LIVES):
            for worker in self.workers:
                worker.start(life)
            if life == 0:
                h.wait_until(lambda: self.server.try_query("SELECT 1 FROM shunt.configs LIMIT 1"), "a first config")
                reader.start()
            faults = self.rng.sample(FAULTS, len(FAULTS))
            for turn in range(ROUNDS):
                self.play(life, turn, faults[turn])
            for worker in self.workers:
                h.touch(worker.gate(life, "end"))
                self.assert_exit(worker.running.wait(), h.OK)
        reader.stopped.set()
        reader.join()
        self.assertIsNone(reader.error, reader.error)
        self.check(reader.seen + [self.w.config(SHARED)])

    def check(self, seen):
        rows = self.revealed_journal()
        updates = WORKERS * LIVES * ROUNDS * UPDATES
        self.assertEqual(len(rows), updates, "each update once")
        self.assertLessEqual({row["verdict"] for row in rows}, {"applied", "superseded", "duplicate"})
        order, final = {"first": (float("-inf"), 0, 0)}, {}
        for row in rows:
            rank = (float(row["emitted_at"]), row["epoch"], row["seq"])
            for key, value in row["config"].items():
                order[value] = rank
                if rank > final.get(key, ((float("-inf"), 0, 0), None))[0]:
                    final[key] = (rank, value)
        self.assertEqual(len({rank for rank in order.values()}), updates + 1, "no two are the same")
        self.assertEqual(seen[-1], {key: value for key, (_, value) in final.items()}, "seed %d" % self.seed)
        for before, after in zip(seen, seen[1:]):
            for key, value in before.items():
                self.assertGreaterEqual(order[after[key]], order[value], "%s went back, seed %d" % (key, self.seed))
        ties = updates - len({row["emitted_at"] for row in rows})
        print("%d updates of %d workers (%d with the time of another), %d restarts of the server, %d stopped workers, "
              "%d configs seen meanwhile, seed %d" % (updates, WORKERS, ties, self.restarts, self.stops, len(seen),
                                                      self.seed))

    def revealed_journal(self):
        rows = json.loads(self.w.command("config", "history", SHARED, "--json", "--reveal"))
        return [row for row in rows if row["writer"] != "file"]


if __name__ == "__main__":
    h.main()
