"""The host of the page "Draw a form": it gives manifests and runs what a form sends."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from stripe_plugin import Connection, Host, InvalidInputs, NodeError

host, connection = Host.load(), Connection.emulator()
PAGE = Path("page.html")  # with the bundle in it


class Door(BaseHTTPRequestHandler):
    def do_GET(self):
        _, kind, action = f"{self.path}/".split("/")[:3]
        if kind == "manifest":
            self.send(200, host.manifest(action))
        else:
            self.send(200, PAGE.read_text("utf-8"), "text/html")

    def do_POST(self):
        action = self.path.removeprefix("/run/")
        inputs = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            result = host.run(action, inputs, connection=connection)
            self.send(200, {"output": result.output})
        except NodeError as error:  # InvalidInputs has problems_at: each with path and text
            self.send(error.http_status, error.as_dict())

    def send(self, status, body, kind="application/json"):
        data = body if kind == "text/html" else json.dumps(body)
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.end_headers()
        self.wfile.write(data.encode())


def serve(port):
    return ThreadingHTTPServer(("127.0.0.1", port), Door)
