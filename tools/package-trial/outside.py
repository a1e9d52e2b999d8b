"""Telegram and Hetzner as far as the trial needs them: every bot token is good, and a
project that is empty and stays so: nothing can be made in it."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Outside(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/bot"):
            number = int(self.path[4:].split(":")[0])
            status, body = 200, {"ok": True, "result": {
                "id": number, "is_bot": True, "first_name": "Trial", "username": "trial_bot"}}
        elif self.command == "GET":
            lists = ("servers", "firewalls", "ssh_keys", "images", "locations", "server_types")
            status, body = 200, {name: [] for name in lists}
            body["pricing"] = {"currency": "EUR"}
            body["meta"] = {"pagination": {"next_page": None}}
        else:
            status, body = 503, {"error": {"code": "unavailable", "message": "not here"}}
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = do_PUT = answer

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", 9999), Outside).serve_forever()
