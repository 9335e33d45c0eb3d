"""An authorisation server as strict as RFC 9700 asks for, with a small API behind it.

A refresh token is good for one refresh. Using it again revokes the whole family: every token that came of the same
authorisation is dead from then on, and only a new authorisation by the user helps. Access tokens live for a second.

What happened is in `issued`, in order, with times of the monotonic clock; the test reads it under `lock`. Pages can be
held back: a client that waits for one has nothing else under way.
"""

import json
import secrets
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ACCESS_SECONDS = 1.0


class Issued:
    """One refresh token. `asked_at`: when its request came; `issued_at`: when the server had made up its mind."""

    def __init__(self, asked_at):
        self.asked_at, self.issued_at = asked_at, time.monotonic()
        self.refresh, self.access = "rt-" + secrets.token_urlsafe(24), "at-" + secrets.token_urlsafe(24)


class OAuthServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, latency):
        """`latency`: called for each request, the seconds that the network takes."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.latency = latency
        self.lock = threading.Lock()
        self.issued, self.access = [], {}
        self.spent = set()
        self.rotations = self.reuses = self.refused = self.pages = self.connections = 0
        self.revoked = False
        self.let_pages_through = threading.Event()
        self.let_pages_through.set()
        self.page_is_held = threading.Event()
        self.authorise()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.server_address[1]

    def authorise(self):
        """What the user does in a browser: a new family. Returns its first refresh token."""
        with self.lock:
            self.spent |= {token.refresh for token in self.issued}
            self.issued.append(Issued(time.monotonic()))
            self.access, self.revoked = {}, False
            return self.issued[-1].refresh

    def refresh(self, token, asked_at):
        """The answer to a refresh: status and body."""
        with self.lock:
            if not self.revoked and token == self.issued[-1].refresh:
                self.spent.add(token)
                new = Issued(asked_at)
                self.issued.append(new)
                self.access[new.access] = new.issued_at
                self.rotations += 1
                # Too short to be used twice, so that every page needs a refresh.
                return 200, {"access_token": new.access, "refresh_token": new.refresh, "expires_in": 0,
                             "token_type": "bearer"}
            if not self.revoked and token in self.spent:
                self.reuses += 1
                self.revoked = True
            self.refused += 1
            return 400, {"error": "invalid_grant"}

    def quiet(self):
        """Whether nobody is connected: everything that a dead client had asked for is done."""
        with self.lock:
            return self.connections == 0

    def page(self, header, cursor):
        if not self.let_pages_through.is_set():
            self.page_is_held.set()
            self.let_pages_through.wait()
        with self.lock:
            issued_at = self.access.get(header.removeprefix("Bearer "))
            self.pages += 1
            if self.revoked or issued_at is None or time.monotonic() - issued_at > ACCESS_SECONDS:
                return 401, {"error": "invalid_token"}
        return 200, {"items": [{"id": cursor * 10 + n} for n in range(10)], "next": cursor + 1}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        asked_at = time.monotonic()
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        time.sleep(self.server.latency())
        self.answer(*self.server.refresh(form.get("refresh_token", [""])[0], asked_at))

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        time.sleep(self.server.latency())
        self.answer(*self.server.page(self.headers.get("Authorization", ""), int(query.get("cursor", ["0"])[0])))

    def handle(self):
        with self.server.lock:
            self.server.connections += 1
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client was killed
        finally:
            with self.server.lock:
                self.server.connections -= 1

    def log_message(self, *_):
        pass
