# SPDX-License-Identifier: ISC
"""Name servers of a scenario: a DNS of its own from the root down, signed where it is told to be, served by nsd;
and unbound, which finds its way through it as the server of a provider does."""
import glob
import os
import signal
import socket

from harness import Process, at_end, must, wait_for

ROOT_ADDRESS = "198.41.0.4"  # of a.root-servers.net, which libunbound knows; the others are not there
SERVER_ADDRESS = "10.54.0.53"
DEAD_ADDRESS = "10.54.0.99"  # takes questions and never answers
RECURSIVE_ADDRESS = "10.54.0.54"
RECURSE = """
server:
  interface: %(address)s@%(port)d
  access-control: 0.0.0.0/0 allow
  username: ""
  chroot: ""
  directory: "%(directory)s"
  pidfile: "%(directory)s/unbound.pid"
  use-syslog: no
  do-daemonize: no
  module-config: "iterator"
  root-hints: "%(directory)s/hints"
  do-ip6: no
  local-zone: "10.in-addr.arpa." nodefault
  local-zone: "d.f.ip6.arpa." nodefault
  infra-cache-max-rtt: 2000
  outgoing-range: 4096
  num-queries-per-thread: 4096
  outbound-msg-retry: 3
remote-control:
  control-enable: no
"""
SERVE = """
server:
  ip-address: %(root)s
  ip-address: %(server)s
  username: ""
  chroot: ""
  zonesdir: "%(directory)s"
  database: ""
  pidfile: "%(directory)s/nsd.pid"
  xfrdfile: "%(directory)s/xfrd.state"
  zonelistfile: "%(directory)s/zone.list"
  hide-version: yes
  server-count: 1
remote-control:
  control-enable: no
"""
HEAD = """$ORIGIN %(origin)s
$TTL 300
@ 300 SOA ns.example. hostmaster.example. %(serial)d 3600 600 86400 60
@ NS ns.example.
"""
ROOT_ZONE = """$ORIGIN .
$TTL 300
. 300 SOA a.root-servers.net. hostmaster.example. %(serial)d 3600 600 86400 60
. NS a.root-servers.net.
a.root-servers.net. A 198.41.0.4
"""


def ask_serial(address, port=53):
    """The serial number of zone example., or None."""
    question = b"\0\1\1\0\0\1\0\0\0\0\0\0\7example\0\0\6\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(1)
        try:
            client.sendto(question, (address, port))
            answer = client.recv(4096)
        except OSError:
            return None
        found = answer.find(b"\nhostmaster\xc0")
        return int.from_bytes(answer[found + 13:found + 17], "big") if found > 0 else None


class Zone:
    """One zone; signed: with a key of its own, whose DS stands in the zone above unless `chained` is false."""

    def __init__(self, origin, text="", signed=False, chained=True):
        self.origin, self.text, self.signed, self.chained = origin, text, signed, chained
        self.key = None

    def parent(self):
        return "." if self.origin.count(".") == 1 else self.origin.split(".", 1)[1]


class NameServer:
    def __init__(self, directory, zones):
        self.directory, self.zones, self.process, self.serial = directory, {zone.origin: zone for zone in zones}, None, 0
        os.makedirs(directory, exist_ok=True)
        for zone in zones:
            if zone.signed:
                zone.key = self.make_key(zone.origin)
        self.anchor = directory + "/anchor.key"
        with open(self.anchor, "w") as file:
            file.write(open(self.zones["."].key + ".key").read())
        at_end(self.stop)
        self.write()
        with open(directory + "/nsd.conf", "w") as file:
            file.write(SERVE % dict(root=ROOT_ADDRESS, server=SERVER_ADDRESS, directory=directory))
            for zone in zones:
                file.write('zone:\n  name: "%s"\n  zonefile: "%s"\n' % (zone.origin, self.file(zone)))
        self.start()

    def file(self, zone):
        return "%s/%szone" % (self.directory, "root." if zone.origin == "." else zone.origin)

    def make_key(self, origin):
        return self.directory + "/" + must("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", origin,
                                           cwd=self.directory).split()[-1]

    def delegations(self, zone):
        for child in self.zones.values():
            if child is zone or child.parent() != zone.origin and not (
                    zone.origin == "." and child.parent() not in self.zones):
                continue
            yield "%s NS ns.example.\n" % child.origin
            if child.origin == "example.":
                yield "ns.example. A %s\n" % SERVER_ADDRESS
            if child.signed:
                # A chain that leads to another key: what stands below is bogus.
                key = child.key if child.chained else self.make_key(child.origin)
                yield must("ldns-key2ds", "-n", "-2", key + ".key")

    def write(self):
        self.serial += 1
        for zone in self.zones.values():
            head = ROOT_ZONE if zone.origin == "." else HEAD
            name = self.file(zone)
            with open(name, "w") as file:
                file.write(head % dict(origin=zone.origin, serial=self.serial) + "".join(self.delegations(zone)) + zone.text)
            if zone.signed:
                must("ldns-signzone", "-n", "-f", name + ".signed", "-o", zone.origin, name, zone.key)
                os.replace(name + ".signed", name)

    def start(self):
        self.process = Process("nsd", "-d", "-c", self.directory + "/nsd.conf", log=self.directory + "/nsd.log")
        if not wait_for(lambda: self.answers(), 60):
            raise RuntimeError("nsd: " + open(self.directory + "/nsd.log").read())

    def answers(self):
        """The zone of the last write is served."""
        return ask_serial(SERVER_ADDRESS) == self.serial

    def change(self, origin, text):
        """Another text for a zone; returns when it is served."""
        self.zones[origin].text = text
        self.stop()
        for name in glob.glob(self.directory + "/*.state"):
            os.unlink(name)
        self.write()
        self.start()

    def stop(self):
        if self.process and self.process.running():
            self.process.signal(signal.SIGTERM)
            self.process.wait(30)
        self.process = None


class Recursive:
    """unbound; it validates nothing itself, and passes signatures on unless it is told not to."""

    def __init__(self, directory, address=RECURSIVE_ADDRESS, port=53, more=""):
        os.makedirs(directory, exist_ok=True)
        with open(directory + "/hints", "w") as file:
            file.write(". 3600 NS a.root-servers.net.\na.root-servers.net. 3600 A %s\n" % ROOT_ADDRESS)
        with open(directory + "/unbound.conf", "w") as file:
            file.write(RECURSE % dict(address=address, port=port, directory=directory) + more)
        self.process = Process("unbound", "-d", "-p", "-c", directory + "/unbound.conf", log=directory + "/unbound.log")
        if not wait_for(lambda: ask_serial(address, port) is not None, 60):
            raise RuntimeError("unbound: " + open(directory + "/unbound.log").read())


def black_hole():
    """An address whose port 53 takes everything and says nothing."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        hole = socket.socket(socket.AF_INET, kind)
        hole.bind((DEAD_ADDRESS, 53))
        if kind == socket.SOCK_STREAM:
            hole.listen(100)
        at_end(hole.close)
