# SPDX-License-Identifier: ISC
"""The web server of a scenario's MTA-STS policies (RFC 8461)."""
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import at_end

WEB_ADDRESS = "10.54.0.80"


def policy(mode, *patterns, age=86400):
    return ("version: STSv1\r\nmode: %s\r\n" % mode + "".join("mx: %s\r\n" % pattern for pattern in patterns) +
            "max_age: %d\r\n" % age).encode()


class Web:
    """Policies by HTTPS; counts what is fetched from each host."""

    def __init__(self, state):
        self.answers = {}  # host without "mta-sts." and zone -> status, type, body
        self.fetched = []
        self.state = state
        self.open()

    def open(self):
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.headers["Host"].split(".")[1]
                web.fetched.append(name)
                status, kind, body = web.answers[name]
                if self.path != "/.well-known/mta-sts.txt":
                    status = 404
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Location", "https://mta-sts.good.sts.example/.well-known/mta-sts.txt")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer((WEB_ADDRESS, 443), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.state + "/web.pem", self.state + "/web.key")
        other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        other.load_cert_chain(self.state + "/mail.corp.example.pem", self.state + "/mail.corp.example.key")

        def choose(connection, name, _):
            if name and ".wrongname." in name:
                connection.context = other
        context.sni_callback = choose
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        at_end(self.close)

    def close(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None
