#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The resolver role against name servers of its own: MX, DANE, MTA-STS, names of addresses, and servers that fail."""
import hashlib
import json
import os
import socket
import subprocess
import threading
import time

import harness
from harness import at_end, case, check, children, contains, equal, must, read, run, state_directory, status_of, wait_for
from name_servers import (DEAD_ADDRESS, RECURSIVE_ADDRESS, ROOT_ADDRESS, SERVER_ADDRESS, NameServer, Recursive, Zone,
                          black_hole)
from policy_web import WEB_ADDRESS, Web, policy
from site_under_test import Namespace, certificates

PROBE = harness.BUILD + "/tests/scenario/resolver_probe"
DIGEST = hashlib.sha256(b"a key").hexdigest()
CONFIGURATION = """
run = "%(state)s/run"
%(dns)s
directory "d" { preset = "inetorgperson" servers = { "ldap://127.0.0.1:389" } base = "dc=corp,dc=example"
	bind = "simple" bind_dn = "cn=x" password_file = "/x" tls = "none" allow_plaintext_on_loopback = true }
domain "corp.example" { directory = "d" default = true }
smtp "Out" { listen "10.54.0.2:25" { tls = "none" } fqdn = "mail.corp.example" authentication = { "anonymous" }
	outbound { tls_ca = "%(state)s/ca.pem" } }
store { root = "%(state)s/mail" }
log { to = "file" file = "%(state)s/log" }
"""

PLAIN = """
@ MX 10 mx1
@ MX 10 mx2
@ MX 20 mx3
mx1 A 10.54.1.1
mx1 AAAA fd54::1
mx2 A 10.54.1.2
mx3 A 10.54.1.3
onlya A 10.54.1.9
nothing TXT "no mail here"
null MX 0 .
gone MX 10 nohost
literal MX 10 192.0.2.1.
literal MX 20 mx1
onlyliteral MX 10 192.0.2.1.
cname CNAME @
loop1 CNAME loop2
loop2 CNAME loop1
mxcname MX 10 alias
alias CNAME mx1
xn--bcher-kva MX 5 mx2
half MX 10 host.dead.example.
half MX 20 mx1
deadmx MX 10 host.dead.example.
short 1 MX 10 short
short 2 A 10.54.1.7
mail A 10.54.0.2
""" + "".join("many MX %d m%d\nm%d A 10.54.2.%d\n" % (n // 20, n, n, n + 1) for n in range(60))

SIGNED = """
@ MX 10 mx
mx A 10.54.3.1
_25._tcp.mx TLSA 3 1 1 %(digest)s
_25._tcp.mx TLSA 0 0 1 %(digest)s
_24._tcp.mx TLSA 2 0 1 %(digest)s
expanded MX 10 cmx
cmx CNAME real
real A 10.54.3.2
_25._tcp.real TLSA 3 1 1 %(digest)s
initial MX 10 dmx
dmx CNAME bare
bare A 10.54.3.3
_25._tcp.dmx TLSA 3 1 1 %(digest)s
none MX 10 nmx
nmx A 10.54.3.4
unusable MX 10 umx
umx A 10.54.3.5
_25._tcp.umx TLSA 1 0 1 %(digest)s
tlsadead MX 10 tmx
tmx A 10.54.3.6
_tcp.tmx NS ns.dead.example.
plainhost MX 10 mx1.plain.example.
outward MX 10 omx
omx CNAME mx1.plain.example.
outwardtlsa MX 10 pmx
pmx CNAME mx1.plain.example.
_25._tcp.pmx TLSA 3 1 1 %(digest)s
""" % dict(digest=DIGEST)

BOGUS = "@ MX 10 mx\nmx A 10.54.4.1\n"
REVERSE = """
2.0.54 PTR mail.plain.example.
2.0.54 PTR forged.corp.example.
3.0.54 PTR onlya.plain.example.
4.0.54 PTR host.dead.example.
"""


def sts_zone(records):
    """records: name -> TXT texts. Each name has an MX and a policy host."""
    text = "@ MX 10 mx\nmx A 10.54.5.1\n"
    for name, texts in records.items():
        text += "%s MX 10 mx\nmta-sts.%s 1 A %s\n" % (name, name, WEB_ADDRESS)
        text += "".join('_mta-sts.%s 1 TXT %s\n' % (name, words) for words in texts)
    return text


STS = {"good": ['"v=STSv1; id=1;"'], "testing": ['"v=STSv1;" " id=2"'], "none": ['"v=STSv1; id=3;"'],
       "many": ['"v=STSv1; id=4;"'], "wrongname": ['"v=STSv1; id=5;"'], "redirect": ['"v=STSv1; id=6;"'],
       "large": ['"v=STSv1; id=7;"'], "html": ['"v=STSv1; id=8;"'], "malformed": ['"v=STSv1; id=9;"'],
       "two": ['"v=STSv1; id=10;"', '"v=STSv1; id=11;"'], "unrelated": ['"v=spf1 -all"'], "absent": [],
       "changes": ['"v=STSv1; id=20;"'], "breaks": ['"v=STSv1; id=30;"'], "goes": ['"v=STSv1; id=40;"'],
       "ages": ['"v=STSv1; id=50;"']}


class Resolver:
    """The role, by tests/scenario/resolver_probe.c, with an /etc/resolv.conf of its own."""

    def __init__(self, state, anchor=None, servers=(), system_anchor=None):
        self.state = state
        dns = 'dns_trust_anchor = "%s"\n' % anchor if anchor else ""
        if servers:
            dns += "dns_servers = { %s }\n" % ", ".join('"%s"' % server for server in servers)
        os.makedirs(state, exist_ok=True)
        with open(state + "/postern.conf", "w") as file:
            file.write(CONFIGURATION % dict(state=state, dns=dns))
        with open(state + "/resolv.conf", "w") as file:
            file.write("nameserver %s\n" % RECURSIVE_ADDRESS)
        self.log = open(state + "/probe.log", "w")
        words = 'mount --bind "$0" /etc/resolv.conf && exec "$1" "$2"'
        if system_anchor:
            words = 'mount -t tmpfs none /usr/share && mkdir /usr/share/dns && cp "$3" /usr/share/dns/root.key && ' + words
        self.process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", words, state + "/resolv.conf",
             PROBE, state + "/postern.conf", system_anchor or ""],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        at_end(self.stop)
        harness.watched.extend((state + "/probe.log", state + "/log"))
        self.asked, self.answers, self.lock, self.over = 0, {}, threading.Condition(), False
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            answer = json.loads(line)
            with self.lock:
                self.answers[answer["n"]] = answer
                self.lock.notify_all()
        with self.lock:
            self.over = True
            self.lock.notify_all()

    def send(self, question):
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        self.asked += 1
        return self.asked

    def wait(self, number):
        with self.lock:
            if not self.lock.wait_for(lambda: number in self.answers or self.over, harness.PATIENCE) or self.over:
                raise RuntimeError("no answer to question %d" % number)
            return self.answers[number]

    def hosts(self, *words):
        return self.wait(self.send("hosts " + " ".join(words)))

    def names(self, address):
        return self.wait(self.send("names " + address))

    def role(self):
        """The pid of the role itself."""
        return next(iter(children(self.process.pid)))

    def stop(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def names_of(answer):
    return [host["name"] for host in answer["hosts"]]


def exchanges(resolver):
    found = resolver.hosts("plain.example")
    equal("MX by preference", [host["preference"] for host in found["hosts"]], [10, 10, 20])
    equal("all hosts are there", sorted(names_of(found)), ["mx%d.plain.example" % n for n in (1, 2, 3)])
    first = next(host for host in found["hosts"] if host["name"] == "mx1.plain.example")
    equal("a host has its addresses of both families", sorted(first["addresses"]), ["10.54.1.1", "fd54::1"])
    check("an answer is good for what the zone says", 5 <= found["good_for"] <= 300, found["good_for"])
    orders = {tuple(names_of(resolver.hosts("plain.example"))[:2]) for _ in range(40)}
    equal("equal ones are shuffled anew for each answer", len(orders), 2)
    many = resolver.hosts("many.plain.example")
    equal("of many hosts the best ones", (len(many["hosts"]), [host["preference"] for host in many["hosts"]]),
          (32, [0] * 20 + [1] * 12))
    equal("a name in capitals is the same", sorted(names_of(resolver.hosts("PLAIN.Example"))), sorted(names_of(found)))
    equal("a domain by its U-label", names_of(resolver.hosts("bücher.plain.example")), ["mx2.plain.example"])
    equal("and by its A-label", names_of(resolver.hosts("xn--bcher-kva.plain.example")), ["mx2.plain.example"])
    found = resolver.hosts("onlya.plain.example")
    equal("without MX the domain itself", (names_of(found), found["hosts"][0]["addresses"]),
          (["onlya.plain.example"], ["10.54.1.9"]))
    equal("an alias of a domain has its MX", sorted(names_of(resolver.hosts("cname.plain.example"))), sorted(
        "mx%d.plain.example" % n for n in (1, 2, 3)))
    found = resolver.hosts("mxcname.plain.example")
    equal("an MX that is an alias keeps its name", (names_of(found), sorted(found["hosts"][0]["addresses"])),
          (["alias.plain.example"], ["10.54.1.1", "fd54::1"]))
    equal("an MX that is a literal address is passed over", names_of(resolver.hosts("literal.plain.example")),
          ["mx1.plain.example"])
    found = resolver.hosts("short.plain.example")
    equal("a short life is not below five seconds", found["good_for"], 5)
    found = resolver.hosts("mx1.plain.example", "host")
    equal("a host without its MX", (names_of(found), found["mx_secure"]), (["mx1.plain.example"], 1))
    found = resolver.hosts("192.0.2.9", "host")
    equal("an address is its own answer", (found["outcome"], found["hosts"][0]["addresses"]), ("found", ["192.0.2.9"]))


def nothing_there(resolver):
    for domain, outcome, part in (("nosuch.plain.example", "none", "there is no domain"),
                                  ("nosuchtop", "none", "there is no domain"),
                                  ("nothing.plain.example", "none", "neither"),
                                  ("null.plain.example", "null", "null MX"),
                                  ("gone.plain.example", "none", "do not exist"),
                                  ("onlyliteral.plain.example", "none", "no valid names"),
                                  ("bad..name", "none", "no name of a domain"),
                                  ("deadmx.plain.example", "trouble", "do not answer"),
                                  ("mail.dead.example", "trouble", "MX of"),
                                  ("loop1.plain.example", "trouble", "")):
        found = resolver.hosts(domain)
        equal("%s: %s" % (domain, outcome), (found["outcome"], found["hosts"]), (outcome, []))
        contains("and the text says why", found["text"], part)
    found = resolver.hosts("nohost.plain.example", "host")
    equal("a host that does not exist", found["outcome"], "none")
    found = resolver.hosts("half.plain.example")
    equal("where one host cannot be looked up the other is used", (found["outcome"], names_of(found)),
          ("found", ["mx1.plain.example"]))
    check("and that is looked at again soon", found["good_for"] <= 30, found["good_for"])


def together(resolver):
    """A dead domain keeps nobody waiting, and who asks the same gets the same answer."""
    slow = [resolver.send("hosts another%d.dead.example" % number) for number in range(20)]
    same = [resolver.send("hosts same.dead.example") for number in range(200)]
    quick = resolver.hosts("plain.example")
    check("others are answered meanwhile", quick["outcome"] == "found" and not any(n in resolver.answers for n in same),
          [n for n in same if n in resolver.answers])
    equal("every question is answered", {resolver.wait(number)["outcome"] for number in slow + same}, {"trouble"})


def dane(resolver):
    def one(domain, *words):
        found = resolver.hosts(domain, "dane", *words)
        return found["hosts"][0] if found["hosts"] else found
    usable = "3 1 1 " + DIGEST
    host = one("signed.example")
    equal("TLSA of a signed host, without those that are of no use", (host["secure"], host["tlsa"], host["unusable"]),
          (1, [usable], 0))
    equal("by port", one("signed.example", "24")["tlsa"], ["2 0 1 " + DIGEST])
    equal("not when it is not asked for", resolver.hosts("signed.example")["hosts"][0]["tlsa"], [])
    host = one("expanded.signed.example")
    equal("where a CNAME leads", (host["name"], host["base"], host["tlsa"]),
          ("cmx.signed.example", "real.signed.example", [usable]))
    host = one("initial.signed.example")
    equal("where it starts, if nothing is there", (host["name"], host["base"], host["tlsa"]),
          ("dmx.signed.example", "", [usable]))
    host = one("none.signed.example")
    equal("none", (host["secure"], host["tlsa"], host["trouble"], host["unusable"]), (1, [], 0, 0))
    host = one("unusable.signed.example")
    equal("only such that are of no use", (host["secure"], host["tlsa"], host["unusable"]), (1, [], 1))
    host = one("tlsadead.signed.example")
    equal("they cannot be looked up: not to be used", (host["secure"], host["trouble"]), (1, 1))
    equal("a host in a zone without signatures", one("plainhost.signed.example")["secure"], 0)
    equal("an alias into such", one("outward.signed.example")["secure"], 0)
    host = one("outwardtlsa.signed.example")
    equal("one that has them itself", (host["secure"], host["base"], host["tlsa"]), (1, "", [usable]))
    equal("MX without signatures", (one("plain.example")["secure"], one("plain.example")["trouble"]), (0, 0))
    equal("a host without MX", one("mx.signed.example", "host")["tlsa"], [usable])
    found = resolver.hosts("bogus.example", "dane")
    equal("what is bogus is a trouble", (found["outcome"], found["hosts"]), ("trouble", []))
    contains("and the text says so", found["text"], "DNSSEC")


def sts(resolver, web, servers):
    good = (200, "text/plain", policy("enforce", "mx.sts.example", "*.mail.example"))
    web.answers = dict(good=good, testing=(200, "text/plain; charset=utf-8", policy("testing", "mx.sts.example")),
                       none=(200, "text/plain", policy("none")), wrongname=good, redirect=(302, "text/plain", good[2]),
                       many=(200, "text/plain", policy("enforce", *["m%d.other.example" % n for n in range(100)],
                                                       "mx.sts.example")),
                       large=(200, "text/plain", good[2] + b"x: " + b"y" * 70000 + b"\r\n"),
                       html=(200, "text/html", good[2]), malformed=(200, "text/plain", good[2].replace(b"STSv1", b"STSv2")),
                       two=good, changes=good, breaks=good, goes=good,
                       ages=(200, "text/plain", policy("enforce", "mx.sts.example", age=2)))

    def ask(name):
        found = resolver.hosts(name + ".sts.example", "sts")
        return found["policy"], found["id"], found["patterns"]
    enforced = ("enforce", "1", ["mx.sts.example", "*.mail.example"])
    equal("a policy", ask("good"), enforced)
    equal("a second time", ask("good"), enforced)
    equal("it was fetched once", web.fetched.count("good"), 1)
    equal("a policy on trial, its record in two pieces", ask("testing"), ("testing", "2", ["mx.sts.example"]))
    equal("a policy that says none", ask("none"), ("none", "", []))
    mode, _, patterns = ask("many")
    equal("of more patterns than there is room for, those that count", (mode, patterns), ("enforce", ["mx.sts.example"]))
    for name, what in (("wrongname", "the certificate of another host"), ("redirect", "a redirect"),
                       ("large", "more than 64 KiB"), ("html", "another type"), ("malformed", "a malformed policy"),
                       ("two", "two records"), ("unrelated", "another record"), ("absent", "no record")):
        equal("%s: no policy" % what, ask(name), ("none", "", []))
    equal("a failed fetch is not tried again at once", (ask("html")[0], web.fetched.count("html")), ("none", 1))
    equal("not asked for: not looked for", resolver.hosts("good.sts.example")["policy"], "none")
    for name in ("changes", "breaks", "goes", "ages"):
        equal("a policy of %s" % name, ask(name)[0], "enforce")
    changed = dict(STS, changes=['"v=STSv1; id=21;"'], breaks=['"v=STSv1; id=31;"'], goes=[], ages=[])
    web.answers.update(changes=(200, "text/plain", policy("testing", "mx.sts.example")), breaks=(500, "text/plain", b"x"))
    servers.change("sts.example.", sts_zone(changed))
    check("another id: fetched anew", wait_for(lambda: ask("changes")[:2] == ("testing", "21"), 30), ask("changes"))
    check("another id, and no policy to be had: the one before holds",
          wait_for(lambda: ask("breaks")[:2] == ("enforce", "30") and web.fetched.count("breaks") == 2, 30),
          (ask("breaks"), web.fetched))
    equal("no record any more: it holds", ask("goes")[0], "enforce")
    check("until its time is over", wait_for(lambda: ask("ages")[0] == "none", 30), ask("ages"))
    web.close()
    equal("the policy is kept although the host is gone", ask("good"), enforced)


def names(resolver):
    equal("names of an address that have it", resolver.names("10.54.0.2")["names"], ["mail.plain.example"])
    found = resolver.names("10.54.0.3")
    equal("a name with another address is none", (found["names"], found["trouble"]), ([], 0))
    found = resolver.names("10.54.0.4")
    equal("a name that cannot be looked up", (found["names"], found["trouble"]), ([], 1))
    found = resolver.names("10.54.0.77")
    equal("an address without a name", (found["names"], found["trouble"]), ([], 0))
    equal("an IPv6 address", resolver.names("fd54::1")["names"], ["mx1.plain.example"])


def confined(resolver):
    pid = resolver.role()
    status = status_of(pid)
    equal("no root, no capability, a filter", (status["Uid"].split()[0] != "0", int(status["CapEff"], 16),
                                               status["NoNewPrivs"], status["Seccomp"]),
          (True, 0, "1", "0" if "/san-" in harness.BUILD else "2"))
    equal("an empty root", os.listdir("/proc/%d/root" % pid), [])
    equal("one thread", len(os.listdir("/proc/%d/task" % pid)), 1)


def culprit(state, anchor):
    resolver = Resolver(state + "/culprit", anchor)
    resolver.send("nonsense")
    resolver.process.wait(60)
    check("what is not asked here ends the channel", resolver.process.returncode == 1, resolver.process.returncode)


class Stripping:
    """A name server that knows no DNSSEC: it takes the wish for signatures out of each question and asks another, or
    refuses questions for keys."""

    def __init__(self, port, refuses=False):
        self.refuses, self.stripped = refuses, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((RECURSIVE_ADDRESS, port))
        self.port = port
        at_end(self.socket.close)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                question, client = self.socket.recvfrom(4096)
            except OSError:
                return
            threading.Thread(target=self.pass_on, args=(question, client), daemon=True).start()

    def pass_on(self, question, client):
        # The OPT record at the end (RFC 6891): its flags stand before the length of its data, which is 0.
        if self.refuses and question[-16:-11] == b"\0\0\x30\0\1":
            self.stripped += 1
            self.socket.sendto(question[:2] + b"\x81\x84" + question[4:], client)
            return
        if question[-11:-8] == b"\0\0\x29":
            question = question[:-4] + b"\0\0" + question[-2:]
            self.stripped += 1
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.settimeout(20)
            try:
                server.sendto(question, (RECURSIVE_ADDRESS, 53))
                self.socket.sendto(server.recv(65536), client)
            except OSError:
                pass


class Picky(Stripping):
    """A name server that leaves questions about one domain unanswered."""

    def pass_on(self, question, client):
        if b"\x04dead" not in question:
            super().pass_on(question, client)


def dead_domains_alone(state, servers):
    """After many seconds of questions that nobody answers the server is not taken for dead."""
    picky = Resolver(state + "/picky", servers=["%s@%d" % (RECURSIVE_ADDRESS, Picky(5356).port)])
    dead = []
    for turn in range(40):
        dead += [picky.send("hosts x%d-%d.dead.example" % (turn, number)) for number in range(20)]
        time.sleep(0.5)
    equal("a domain that lives is found", picky.hosts("plain.example")["outcome"], "found")
    equal("the dead ones are a trouble", {picky.wait(number)["outcome"] for number in dead}, {"trouble"})


def servers_without_dnssec(state, servers):
    """With the system's anchor mail goes on, and DANE is off; with one that was named nothing is believed."""
    where = ["%s@5354" % RECURSIVE_ADDRESS]
    for what, stripping, place in (("leave signatures out", Stripping(5354), "default"),
                                   ("refuse to give keys", Stripping(5355, True), "refusing")):
        default = Resolver(state + "/" + place, servers=["%s@%d" % (RECURSIVE_ADDRESS, stripping.port)],
                           system_anchor=servers.anchor)
        check("the log says that servers " + what,
              wait_for(lambda: "resolver.no_dnssec" in read(state + "/" + place + "/probe.log"), 60))
        found = default.hosts("signed.example", "dane")
        equal("hosts are found, not proved", (names_of(found), found["mx_secure"]), (["mx.signed.example"], 0))
        check("the server did " + what, stripping.stripped > 0)
    strict = Resolver(state + "/strict", servers=where, anchor=servers.anchor)
    equal("an anchor that was named is kept to", strict.hosts("signed.example", "dane")["outcome"], "trouble")
    good = Resolver(state + "/good", system_anchor=servers.anchor)
    equal("with servers that send them the system's anchor proves",
          good.hosts("signed.example", "dane")["hosts"][0]["secure"], 1)


def other_servers(state, servers):
    silent = Resolver(state + "/silent", servers=[DEAD_ADDRESS])
    number = silent.send("hosts plain.example")
    Recursive(state + "/other", port=5353)
    forward = Resolver(state + "/forward", servers=[RECURSIVE_ADDRESS + "@5353"], anchor=servers.anchor)
    equal("servers of the configuration are asked", sorted(names_of(forward.hosts("plain.example"))),
          ["mx%d.plain.example" % n for n in (1, 2, 3)])
    equal("and their answers checked", forward.hosts("signed.example", "dane")["hosts"][0]["secure"], 1)
    plain = Resolver(state + "/plain")
    equal("without an anchor nothing is secure", plain.hosts("signed.example", "dane")["hosts"][0]["secure"], 0)
    equal("and nothing bogus", names_of(plain.hosts("bogus.example", "dane")), ["mx.bogus.example"])
    found = silent.wait(number)
    equal("servers that are silent", found["outcome"], "trouble")


def build_probe():
    top, options = harness.BUILD, []
    if "/san-" in top:
        top, options = os.path.dirname(top), ["SAN=address,undefined", "O=-O1"]
    must("make", "-s", "-C", harness.TOP, "TOP=" + top, *options, PROBE, timeout=1200)


def main():
    build_probe()
    Namespace("10.54.0.2", ROOT_ADDRESS, SERVER_ADDRESS, RECURSIVE_ADDRESS, DEAD_ADDRESS, WEB_ADDRESS)
    state = state_directory()
    os.chmod(state, 0o755)
    certificates(state, ("web", ",".join("DNS:mta-sts.%s.sts.example" % name for name in STS if name != "wrongname")))
    for place in ("main", "culprit", "silent", "forward", "plain", "default", "refusing", "strict", "good", "picky"):
        os.makedirs(state + "/" + place)
        must("cp", state + "/ca.pem", state + "/" + place + "/ca.pem")
    black_hole()
    servers = NameServer(state + "/dns", [
        Zone(".", signed=True),
        Zone("example.", "ns A %s\ndead NS ns.dead\nns.dead A %s\n" % (SERVER_ADDRESS, DEAD_ADDRESS), signed=True),
        Zone("plain.example.", PLAIN), Zone("signed.example.", SIGNED, signed=True),
        Zone("bogus.example.", BOGUS, signed=True, chained=False), Zone("sts.example.", sts_zone(STS)),
        Zone("10.in-addr.arpa.", REVERSE),
        Zone("4.5.d.f.ip6.arpa.", "%s PTR mx1.plain.example.\n" % ".".join("1" + "0" * 27))])
    Recursive(state + "/recursive")
    web = Web(state)
    resolver = Resolver(state + "/main", servers.anchor)
    for part, arguments in ((exchanges, ()), (nothing_there, ()), (together, ()), (dane, ()), (sts, (web, servers)),
                            (names, ()), (confined, ())):
        with case(part.__name__):
            part(resolver, *arguments)
    with case("culprit"):
        culprit(state, servers.anchor)
    for part in (other_servers, servers_without_dnssec, dead_domains_alone):
        with case(part.__name__):
            part(state, servers)


run(main)
