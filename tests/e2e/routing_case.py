"""What the tests of syncs share: scripted steps on both sides, and what the destination read."""

import json

from tests.e2e import harness as h

USERS_1 = h.record("users", {"id": 1})
USERS_2 = h.record("users", {"id": 2})
BULK = {"repeat": h.record("users", {"text": "x" * 400}), "bytes": 3_000_000}  # more than every pipe holds


class RoutingCase(h.SyncTest):
    def run_sync(self, *steps, flags=(), code=h.OK, **write):
        self.w.source["read"] = list(steps)
        self.w.destination.setdefault("write", {"save": self.w.path("received")}).update(write)
        result = self.w.sync(*flags)
        if code is not None:
            self.assert_exit(result, code)
        return result

    def received(self):
        return h.read_bytes(self.w.path("received"))

    def received_lines(self):
        return [json.loads(line) for line in self.received().splitlines()]

    def assert_failure(self, result, origin, message, index=0):
        failure = result.report["failures"][index]
        self.assertEqual((failure["origin"], failure["message"]), (origin, message), str(result))
        return failure
