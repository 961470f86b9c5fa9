# SPDX-License-Identifier: ISC
"""Servers at which the gateway logs in: Postfix with Dovecot's SASL, and a token endpoint of OAuth 2."""
import http.server
import json
import os
import re
import secrets
import ssl
import threading
import time
import urllib.parse

from harness import Process, at_end, command, must, read, wait_for

MAIN = """
compatibility_level = 3.6
queue_directory = %(directory)s/queue
data_directory = %(directory)s/data
maillog_file_prefixes = %(directory)s
maillog_file = %(directory)s/maillog
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
sendmail_path = /usr/sbin/sendmail
mail_owner = postfix
setgid_group = postdrop
myhostname = %(host)s
mydestination =
mynetworks = 10.255.255.255/32
alias_maps =
local_recipient_maps =
inet_interfaces = %(address)s
inet_protocols = ipv4
relayhost = %(relayhost)s
smtp_address_preference = ipv4
smtp_host_lookup = native
disable_dns_lookups = yes
smtpd_peername_lookup = no
smtpd_sasl_type = dovecot
smtpd_sasl_path = %(sasl)s
smtpd_sasl_auth_enable = yes
smtpd_sasl_authenticated_header = yes
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = %(certificate)s.pem
smtpd_tls_key_file = %(certificate)s.key
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
"""
MASTER = """
tlsmgr    unix - - n 1000? 1 tlsmgr
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Listens on each of the ports (port -> options of its smtpd) and sends on to relayhost, who sees who has logged in."""

    def __init__(self, directory, address, host, ports, sasl, relayhost, certificate):
        self.directory = directory
        os.makedirs(directory + "/queue")
        os.makedirs(directory + "/data")
        must("chown", "postfix", directory + "/data")
        with open(directory + "/main.cf", "w") as file:
            file.write(MAIN % dict(directory=directory, address=address, host=host, sasl=sasl, relayhost=relayhost,
                                   certificate=certificate))
        with open(directory + "/master.cf", "w") as file:
            for port, options in ports.items():
                file.write("%s:%d inet n - n - - smtpd%s\n" % (
                    address, port, "".join(" -o %s=%s" % one for one in options.items())))
            file.write(MASTER)
        done = command("postfix", "-c", directory, "start")
        at_end(self.stop)
        if done.returncode != 0 or not wait_for(lambda: "daemon started" in self.log()):
            raise RuntimeError("Postfix: %s%s" % (done.stdout, self.log()))

    def log(self):
        return read(self.directory + "/maillog")

    def logged(self, pattern):
        return wait_for(lambda: re.search(pattern, self.log()))

    def stop(self):
        pid = read(self.directory + "/queue/pid/master.pid").strip()
        command("postfix", "-c", self.directory, "stop")
        wait_for(lambda: not pid or not os.path.exists("/proc/" + pid))


DOVECOT = """
base_dir = %(directory)s/run
state_dir = %(directory)s/run
log_path = %(directory)s/log
instance_name = %(name)s
protocols =
ssl = no
disable_plaintext_auth = no
default_internal_user = dovecot
default_login_user = dovenull
auth_mechanisms = %(mechanisms)s
auth_failure_delay = 0
auth_verbose = yes
auth_username_chars =
%(more)s
passdb {
	driver = passwd-file
	args = scheme=PLAIN username_format=%%u %(directory)s/users
	mechanisms = plain login scram-sha-256
}
userdb {
	driver = static
	args = uid=postern-store gid=postern home=/nonexistent
}
service anvil {
	unix_listener anvil-auth-penalty {
		mode = 0
	}
}
service stats {
	unix_listener stats-writer {
		mode = 0666
	}
}
service auth {
	unix_listener auth-postfix {
		mode = 0666
	}
}
"""


class Dovecot:
    """Who may log in, for Postfix, at .sasl. users: name -> password."""

    def __init__(self, directory, mechanisms, users, more="", env=None):
        self.directory, self.sasl = directory, directory + "/run/auth-postfix"
        os.makedirs(directory + "/run")
        self.set_users(users)
        with open(directory + "/dovecot.conf", "w") as file:
            file.write(DOVECOT % dict(directory=directory, name=os.path.basename(directory), mechanisms=mechanisms,
                                      more=more))
        self.process = Process("dovecot", "-F", "-c", directory + "/dovecot.conf", log=directory + "/out", env=env)
        if not wait_for(lambda: os.path.exists(self.sasl) or not self.process.running()) or not self.process.running():
            raise RuntimeError("Dovecot: " + read(directory + "/out") + self.log())

    def set_users(self, users):
        with open(self.directory + "/users", "w") as file:
            for name, password in users.items():
                file.write("%s:{PLAIN}%s\n" % (name, password))
        os.chmod(self.directory + "/users", 0o644)

    def log(self):
        return read(self.directory + "/log")


OAUTH2 = """
introspection_mode = post
introspection_url = %s/introspect
username_attribute = user
active_attribute = active
active_value = true
"""


def oauth2_passdb(directory, url):
    """For Dovecot's `more`: tokens are asked about at the endpoint."""
    with open(directory + "/oauth2.conf", "w") as file:
        file.write(OAUTH2 % url)
    return "passdb {\n\tdriver = oauth2\n\targs = %s/oauth2.conf\n\tmechanisms = xoauth2\n}\n" % directory


class Client:
    """An application that is registered at the endpoint; its attributes may be changed."""

    def __init__(self, user, secret="", refresh="", lives=3600):
        self.user, self.secret, self.refresh, self.lives = user, secret, refresh, lives
        self.error = None  # (status, octets): what it is told instead of a token
        self.refused = False  # its tokens are no good at the mail server
        self.forms = []  # what it asked


class Tokens:
    """A token endpoint; each of `places` is an address, a port and a TLS context or None."""

    def __init__(self, *places):
        self.clients, self.given, self.places, self.servers = {}, {}, places, []
        self.lock = threading.Lock()
        self.start()
        at_end(self.stop)

    def start(self, number=None):
        """All places, or one of them."""
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = dict(urllib.parse.parse_qsl(text))
                with endpoint.lock:
                    status, octets = (endpoint.introspect if self.path == "/introspect" else endpoint.token)(form)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

            def log_message(self, *ignored):
                pass

        for address, port, context in self.places if number is None else [self.places[number]]:
            server = http.server.ThreadingHTTPServer((address, port), Handler)
            if context:
                server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.servers.append(server)

    def stop(self, number=None):
        for server in [one for one in self.servers if number is None or one.server_address == self.places[number][:2]]:
            self.servers.remove(server)
            server.shutdown()
            server.server_close()

    def token(self, form):
        client = self.clients.get(form.get("client_id"))
        if not client:
            return 400, b'{"error":"unauthorized_client"}'
        client.forms.append(form)
        if client.error:
            return client.error
        if form.get("client_secret", "") != client.secret:
            return 401, b'{"error":"invalid_client","error_description":"no such secret"}'
        answer = {"token_type": "Bearer", "expires_in": client.lives, "access_token": secrets.token_urlsafe(900)}
        if client.refresh:
            if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != client.refresh:
                return 400, b'{"error":"invalid_grant","error_description":"this refresh token was used"}'
            client.refresh = answer["refresh_token"] = "Refresh-" + secrets.token_urlsafe(20)
        elif form.get("grant_type") != "client_credentials":
            return 400, b'{"error":"unsupported_grant_type"}'
        self.given[answer["access_token"]] = client, time.time()
        return 200, json.dumps(answer).encode()

    def introspect(self, form):
        client = self.given.get(form.get("token"), (None, 0))[0]
        good = client and not client.refused
        return 200, json.dumps({"active": True, "user": client.user} if good else {"active": False}).encode()


def endpoint_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate + ".pem", certificate + ".key")
    return context
