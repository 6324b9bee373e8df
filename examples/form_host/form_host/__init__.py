"""What does a form need of a host? `form-host PORT` draws all installed actions on one page."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files

from stripe_plugin import Connection, Host, NodeError, RunContext


class Door(BaseHTTPRequestHandler):
    def do_GET(self):
        action, host = self.path.removeprefix("/actions/"), self.server.host
        if self.path == "/":
            self.answer(200, "text/html", files("form_host").joinpath("page.html").read_bytes())
        else:
            self.tell(host.catalog if self.path == "/actions" else lambda: host.manifest(action))

    def do_POST(self):
        if self.headers["Content-Type"] == "application/json":  # other sites' pages cannot say so
            inputs = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.tell(lambda: self.run(self.path.removeprefix("/actions/"), inputs))

    def run(self, action, inputs):
        once = RunContext(idempotency_key=self.headers["Idempotency-Key"])
        done = self.server.host.run(action, inputs, connection=self.server.connection, context=once)
        return done.plain()  # whole: some secrets are shown only once

    def tell(self, compute):
        try:
            status, data = 200, compute()
        except NodeError as error:
            status, data = error.http_status, error.as_dict()
        self.answer(status, "application/json", json.dumps(data).encode())

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.exit("Usage: form-host PORT, such as form-host 8000")
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Door)
    server.host, server.connection = Host.load(), Connection.from_env()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
