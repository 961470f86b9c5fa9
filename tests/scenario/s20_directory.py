#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The directory client alone: a server half a second away, certificates that must not be believed, a renewed bind."""
import asyncio
import os
import re
import threading

from harness import BUILD, PATIENCE, TOP, check, command, contains, must, run, state_directory
from site_under_test import Namespace, Slapd, certificates, population

NEAR, FAR, NAMELESS = "10.55.0.1", "10.55.0.2", "10.55.0.3"  # the last is not in the certificate
ROUND = 0.5  # seconds to the far server and back
PEOPLE = [("u%d" % n, "pw%d" % n, "u%d@corp.example" % n) for n in range(100)]
CONFIGURATION = """
directory "corp" {
	servers = { "%(uri)s" }
	preset = "inetorgperson"
	base = "dc=corp,dc=example"
	bind = "simple"
	bind_dn = "cn=postern,dc=corp,dc=example"
	password_file = "%(state)s/password"
	tls = "starttls"
	tls_ca = "%(ca)s"
	cache_positive = 0
	cache_negative = 0
	recycle = %(recycle)d
	timeout = 20s
}
domain "corp.example" {
	directory = "corp"
	default = true
}
smtp "probe" {
	listen "127.0.0.1:2525" { tls = "none" }
	fqdn = "mail.corp.example"
	authentication = { "anonymous" }
}
store {
	root = "%(state)s/mail"
	queue = "%(state)s/queue"
}
"""


class Distance(threading.Thread):
    """A TCP relay that holds every octet back, both ways."""

    def __init__(self, address, seconds):
        super().__init__(daemon=True)
        self.address, self.seconds, self.ready = address, seconds, threading.Event()
        self.start()
        self.ready.wait(PATIENCE)

    def run(self):
        asyncio.run(self.serve())

    async def serve(self):
        server = await asyncio.start_server(self.relay, self.address, 389)
        self.ready.set()
        await server.serve_forever()

    async def relay(self, reader, writer):
        far_reader, far_writer = await asyncio.open_connection(NEAR, 389)
        await asyncio.gather(self.pump(reader, far_writer), self.pump(far_reader, writer))

    async def pump(self, reader, writer):
        loop = asyncio.get_running_loop()
        while data := await reader.read(65536):
            loop.call_later(self.seconds, writer.write, data)
        loop.call_later(self.seconds, writer.close)


class Probe:
    def __init__(self, state):
        self.state, self.binary = state, BUILD + "/tests/scenario/directory_probe"
        must("make", "-s", "-C", TOP, "TOP=" + BUILD, self.binary, timeout=1200)

    def __call__(self, *words, server=NEAR, ca="", recycle=600):
        path = self.state + "/probe.conf"
        with open(path, "w") as file:
            file.write(CONFIGURATION % {"uri": "ldap://" + server, "state": self.state, "recycle": recycle,
                                        "ca": ca or self.state + "/ca.pem"})
        return command(self.binary, path, *words).stdout


def rate(text):
    good, bad, per_second = map(int, re.search(r"good (\d+) bad (\d+) rate (\d+)/s", text).groups())
    return good, bad, per_second


def distance(probe):
    Distance(FAR, ROUND / 2)
    contains("a lookup so far away", probe("resolve", "u1@corp.example", server=FAR), "mailbox ")
    good, bad, per_second = rate(probe("load", "64", "20", "u%u@corp.example", "100", server=FAR))
    print("# %d lookups/s over %.1f s with 64 in flight" % (per_second, ROUND))
    # One after the other would be 2 a second at most, however fast the machine; 64 together could be 128,
    # and are more than 2 on one that stands still for half of the time.
    check("lookups are in flight together", bad == 0 and per_second > 1.25 / ROUND, (good, bad, per_second))
    good, bad, per_second = rate(probe("logins", "32", "20", "u5", "pw5", server=FAR))
    print("# %d password checks/s over %.1f s with 32 in flight" % (per_second, ROUND))
    # A search and a bind: 1 a second at most, one after the other.
    check("so are password checks", bad == 0 and per_second > 0.75 / ROUND, (good, bad, per_second))


def renewal(probe):
    answers = probe("watch", "12", "u1@corp.example", recycle=1).splitlines()
    bad = [line for line in answers if " mailbox " not in line]
    check("connections are renewed and nobody notices", len(answers) > 5 and not bad, bad[:3])


def disbelief(probe, state):
    Distance(NAMELESS, 0)
    strangers = state + "/strangers"
    os.mkdir(strangers)
    certificates(strangers)
    text = probe("login", "u5", "pw5", ca=strangers + "/ca.pem")
    contains("a stranger's certificate: temporary", text, "temporary ")
    contains("a stranger's certificate: the cause is told", text, "signed by nobody")
    text = probe("login", "u5", "pw5", server=NAMELESS)
    contains("another's certificate: temporary", text, "temporary ")
    contains("another's certificate: the cause is told", text, "is not for")
    text = probe("login", "u5", "pw5", server="127.0.0.1")
    contains("nobody there: temporary", text, "temporary ")
    contains("nobody there: the cause is told", text, "Connection refused")


def main():
    state = state_directory()
    certificates(state, ("ldap.corp.example", "IP:%s,IP:%s" % (NEAR, FAR)))
    Namespace(NEAR, FAR, NAMELESS)
    with open(state + "/password", "w") as file:
        file.write("Service-Pw1\n")
    os.chmod(state + "/password", 0o600)
    Slapd(state + "/slapd", population(PEOPLE), NEAR,
          with_tls=["%s/%s" % (state, name) for name in ("ldap.corp.example.pem", "ldap.corp.example.key", "ca.pem")])
    probe = Probe(state)
    contains("a login", probe("login", "u5", "pw5"), "ok ")
    contains("a wrong password", probe("login", "u5", "pw6"), "rejected ")
    distance(probe)
    renewal(probe)
    disbelief(probe, state)


run(main)
