#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Controllers found by DNS: our site's first, then the next closest; killed, frozen, refusing; and back again."""
import re
import socket
import struct
import threading

from clients import Pop3, Smtp
from harness import BUILD, TOP, case, check, command, equal, must, run, state_directory, wait_for
from scripted_ldap import Controller, dns_name, person
from site_under_test import ADDRESS, Gateway, Namespace, certificates, tls
from traffic import Traffic

NAMES, BERLIN, BERLIN2, KIEL, LIMA = "10.54.0.53", "10.54.0.1", "10.54.0.3", "10.54.0.4", "10.54.0.5"
HOSTS = {"berlin.corp.example": BERLIN, "berlin2.corp.example": BERLIN2, "kiel.corp.example": KIEL,
         "lima.corp.example": LIMA}
SERVICE, PASSWORD = "cn=postern,dc=corp,dc=example", "Right-Pw1"
ALL, OURS = "_ldap._tcp.dc._msdcs.corp.example", "_ldap._tcp.Berlin._sites.dc._msdcs.corp.example"
STRANGER = "dc.notcorp.example"  # a liar in the DNS, with a certificate of its own
NOT_NEAR = 0.7  # seconds that a ping of the second takes; after one second none counts


class Dns(threading.Thread):
    """A name server with A and SRV records: {name: [(priority, weight, port, host)]}."""

    def __init__(self):
        super().__init__(daemon=True)
        self.records, self.silent, self.asked = {}, False, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((NAMES, 53))
        self.start()

    def run(self):
        while True:
            query, peer = self.socket.recvfrom(4096)
            if not self.silent:
                self.socket.sendto(self.answer(query), peer)

    def answer(self, query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        name, (kind,) = ".".join(labels), struct.unpack(">H", query[at + 1:at + 3])
        self.asked.append(name)
        question = query[12:at + 5]
        rows = {key.lower(): value for key, value in self.records.items()}.get(name.lower(), [])
        data = []
        if kind == 33:
            data = [struct.pack(">HHH", *row[:3]) + dns_name(row[3]) for row in rows]
        elif kind == 1 and name.lower() in HOSTS:
            data = [socket.inet_aton(HOSTS[name.lower()])]
        known = data or name.lower() in HOSTS or rows
        head = query[:2] + struct.pack(">HHHHH", 0x8580 | (0 if known else 3), 1, len(data), 0, 0)
        return head + question + b"".join(struct.pack(">HHHIH", 0xc00c, kind, 1, 60, len(item)) + item
                                          for item in data)


class Site:
    def __init__(self, gateway, context, controllers, dns):
        self.gateway, self.context, self.dns = gateway, context, dns
        self.berlin, self.berlin2, self.kiel, self.lima = controllers

    def selected(self, name, host, mark):
        line = self.gateway.logged("server=ldap://%s.corp.example:389 state=selected" % host, mark)
        return check("%s: %s is selected" % (name, host), line, self.gateway.log_since(mark)[-1500:])

    def works(self, name):
        def good():
            with Smtp(ADDRESS) as smtp:
                found = smtp.envelope("x@elsewhere.example", "alice@corp.example").code == 250
            with Pop3(ADDRESS, 995, self.context) as pop:
                return found and pop.login("alice", PASSWORD).startswith("+OK")
        check(name + ": recipients are found and people come in", wait_for(good, step=0.2))


def found(site):
    """All records are as good as each other; pings tell our site, and who is nearest in it."""
    log = site.gateway.log()
    check("our site was learnt", site.gateway.logged("directory.site directory=corp site=Berlin next=Kiel"), log[-1500:])
    check("and its own records were asked for", wait_for(lambda: OURS in site.dns.asked), site.dns.asked[-10:])
    site.selected("at the start", "berlin", 0)
    before = [other.searches for other in (site.kiel, site.lima, site.berlin2)]
    site.works("at the start")
    log = site.gateway.log()
    check("a host outside the domain is not believed", "host=%s cause=\"outside the domain" % STRANGER in log, log[:1500])
    equal("nor looked up", STRANGER in site.dns.asked, False)
    equal("no search went elsewhere", [other.searches for other in (site.kiel, site.lima, site.berlin2)], before)


def ways_to_break(one):
    def freeze(frozen):
        one.frozen = frozen

    def refuse(result):
        one.search_result = one.all_binds = result
    return (("killed", one.stop, one.start), ("frozen", lambda: freeze(True), lambda: freeze(False)),
            ("refusing", lambda: refuse((51, "busy")), lambda: refuse(None)))


def listed(site):
    """What can be said of each: the farthest has another site, the one that is down a reason."""
    if "/san-" in BUILD:
        return  # tools of scenarios are built without sanitizers
    binary = BUILD + "/tests/scenario/directory_probe"
    must("make", "-s", "-C", TOP, "TOP=" + BUILD, binary, timeout=1200)
    site.berlin2.stop()
    lines = []

    def measured():
        """Asked anew until pings have come back: on a slow machine they may come too late to count."""
        text = command(*site.gateway.prefix, binary, site.gateway.file, "servers", "alice@corp.example").stdout
        lines[:] = [line for line in text.splitlines() if line.startswith("corp ")]
        return len(lines) == 4 and len(re.findall(r"latency=[1-9]\d*us up", text)) >= 3 and " selected" in lines[0]
    check("four are listed; all but the dead one are measured", wait_for(measured, step=1), lines)
    site.berlin2.start()
    if len(lines) != 4:
        return
    # Nothing was heard of the dead one but that the DNS has it in our site.
    equal("the best first", [re.search(r"site=(\w*) (\S+)", line).groups() for line in lines], [
        ("Berlin", "own-site"), ("", "own-site"), ("Kiel", "next-site"), ("Lima", "elsewhere")])
    check("one is selected", "selected" in lines[0] and str(lines).count(" selected") == 1, lines)


def failover(site):
    """The second of our site has a lower priority from here, so that there is one to come back to."""
    site.gateway.stop()
    site.dns.records[OURS] = [(10, 100, 389, "berlin2.corp.example"), (0, 100, 389, "berlin.corp.example")]
    mark = site.gateway.mark()
    site.gateway.start()
    site.selected("with priorities", "berlin", mark)
    for name, breaks, mends in ways_to_break(site.berlin):
        with case("the first is " + name):
            traffic = Traffic(ADDRESS, site.context, PASSWORD)
            check("%s: there is traffic" % name, wait_for(lambda: len(traffic.accepted) > 5))
            mark = site.gateway.mark()
            breaks()
            site.selected("the first is " + name, "berlin2", mark)
            site.works("the first is " + name)
            mark = site.gateway.mark()
            mends()
            site.selected("the first was " + name, "berlin", mark)
            logins = len(site.berlin.binds)
            check("the first was %s: passwords go there again" % name, wait_for(
                lambda: any(dn != SERVICE and code == 0 for dn, code, _ in site.berlin.binds[logins:])))
            traffic.end("the first is " + name)


def next_sites(site):
    """Without anybody in our site the next closest is used, then any."""
    mark = site.gateway.mark()
    site.berlin2.stop()
    site.berlin.stop()
    site.selected("our site is dark", "kiel", mark)
    site.works("our site is dark")
    mark = site.gateway.mark()
    site.kiel.stop()
    site.selected("the next site too", "lima", mark)
    site.works("the next site too")
    mark = site.gateway.mark()
    site.dns.silent = True
    site.kiel.start()
    site.selected("the next site is back, the name server is not", "kiel", mark)
    mark = site.gateway.mark()
    site.berlin2.start()
    # The most preferred is dead still: it must not hide the second.
    site.selected("one of ours is back", "berlin2", mark)
    mark = site.gateway.mark()
    site.berlin.start()
    site.selected("the nearest is back", "berlin", mark)
    site.works("all are back")
    site.dns.silent = False


def main():
    state = state_directory()
    Namespace(ADDRESS, NAMES, *HOSTS.values())
    certificates(state, ("dc", ",".join("DNS:" + host for host in HOSTS)))
    people = dict([person(1, "alice"), person(2, "bob")])
    passwords = dict({name: PASSWORD for name in people}, **{SERVICE: "Service-Pw1"})
    controllers = []
    for address, site, pause in ((BERLIN, "Berlin", 0), (BERLIN2, "Berlin", NOT_NEAR), (KIEL, "Kiel", 0),
                                 (LIMA, "Lima", 0)):
        one = Controller(address, people, passwords, (state + "/dc.pem", state + "/dc.key"), site=site)
        one.service, one.client_site, one.next_site, one.ping_pause = SERVICE, "Berlin", "Kiel", pause
        controllers.append(one)
    dns = Dns()
    dns.records = {ALL: [(0, 100, 389, host) for host in reversed(HOSTS)] + [(0, 65535, 389, STRANGER)],
                   OURS: [(0, 100, 389, host) for host in ("berlin2.corp.example", "berlin.corp.example")]}
    with open(state + "/resolv.conf", "w") as file:
        file.write("nameserver %s\noptions timeout:5 attempts:2\n" % NAMES)
    gateway = Gateway(state, [], preset="ad", timeout="10s", directory_more="domain = \"corp.example\"\n\tcache_positive = 0\n"
                      "\tcache_negative = 0\n\tretry_preferred = 1s\n\tnetbios = \"CORP\"")
    gateway.prefix = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"',
                      state + "/resolv.conf"]
    gateway.start()
    site = Site(gateway, tls(state), controllers, dns)
    site.works("found by DNS")
    for test in (found, listed, failover, next_sites):
        with case(test.__name__):
            test(site)
    equal("no process died or was restarted", gateway.log().count("role.died"), 0)
    equal("no password ever went out in the clear", sum(one.simple_in_clear for one in controllers), 0)


run(main)
