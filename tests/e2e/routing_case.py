"""What the tests of syncs share: scripted steps on both sides, and what the destination read."""

import json
import os

from tests.e2e import harness as h

USERS_1 = h.record("users", {"id": 1})
USERS_2 = h.record("users", {"id": 2})
BULK = {"repeat": h.record("users", {"text": "x" * 400}), "bytes": 3_000_000}  # more than every pipe holds


def mapper(name, **config):
    return {"name": name, "config": config}


def configured(name, namespace=None, fields=("id",), mappers=None, **more):
    """A stream of a configured catalog, with the fields of its schema and its mappers."""
    element = h.catalog((name, namespace))["streams"][0]
    element["stream"]["json_schema"]["properties"] = {field: {} for field in fields}
    return dict(element, **({"mappers": mappers} if mappers is not None else {}), **more)


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

    def assert_nothing_started(self):
        for side in ("source", "destination"):
            self.assertFalse(os.path.exists(self.w.path(side, "verbs")), side)
