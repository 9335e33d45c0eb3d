"""A real PostgreSQL server of one test: in a directory of its own, on a unix socket and nowhere else.

A server refuses to run as root, so root becomes somebody else in a user namespace, which also works inside a
build sandbox.
"""

import glob
import os
import shutil
import signal
import subprocess
import tempfile

from tests.e2e import harness as h

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


def programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not found:
        raise RuntimeError("there is no PostgreSQL server on this machine: run tools/install")
    return found[0]


def as_postgres(argv):
    # The death signal must be set after the change of identity, which clears it.
    prefix = ["setpriv", "--pdeathsig", "KILL", "--"]
    if os.geteuid() == 0:
        prefix = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"] + prefix
    return prefix + argv


class Server:
    def __init__(self):
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
        self.root = tempfile.mkdtemp(prefix="shunt-pg-", dir=base)
        self.data = os.path.join(self.root, "data")
        subprocess.run(as_postgres([programs() + "/initdb", "--no-sync", "--auth=trust", "--username=shunt",
                                    "--encoding=UTF8", "--locale=C", "--pgdata=" + self.data]),
                       env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL, timeout=h.DEADLINE)
        self.process = None
        self.start()

    def url(self, database="postgres"):
        return "postgresql://shunt@/%s?host=%s" % (database, self.root)

    def start(self, wait=True):
        self.process = subprocess.Popen(
            as_postgres([programs() + "/postgres", "-D", self.data, "-k", self.root, "-c", "listen_addresses=", "-c",
                         "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=60", "-c",
                         "logging_collector=on", "-c", "log_directory=" + self.root, "-c", "log_filename=log"]),
            env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if wait:
            h.wait_until(lambda: self.try_query("SELECT 1") is not None, "the server")

    def stop(self, how=signal.SIGQUIT):
        """SIGINT: fast. SIGQUIT: immediate. SIGKILL: a crash."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(h.DEADLINE)
            self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def try_query(self, sql, database="postgres"):
        """The rows as lines; None when the server does not answer."""
        result = subprocess.run(["psql", "-XAtq", "-h", self.root, "-U", "shunt", "-c", sql, database],
                                env=ENVIRONMENT, capture_output=True, check=False, timeout=h.DEADLINE)
        return result.stdout.decode().splitlines() if result.returncode == 0 else None
