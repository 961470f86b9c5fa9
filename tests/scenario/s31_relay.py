#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Mail that goes out: every kind of next hop, and what the bad ones do."""
import hashlib
import os
import re
import signal
import socket
import subprocess
import threading

from clients import Smtp, mailbox, message, submit, subjects, token
from harness import PATIENCE, at_end, case, check, contains, equal, lacks, must, run, state_directory, wait_for
from name_servers import RECURSIVE_ADDRESS, ROOT_ADDRESS, SERVER_ADDRESS, NameServer, Recursive, Zone
from scripted_smtp import CLOSE, SILENT, Sink, server_context
from site_under_test import ADDRESS, LDAP_ADDRESS, Gateway, Namespace, Slapd, certificates, population, tls

PEOPLE = [("alice", "Alice-Pw1", "alice@corp.example"), ("bob", "Bob-Pw1", "bob@corp.example")]
HERE = "10.54.1.%d"

# Domain -> (MX hosts: (preference, last octet of the address) ...); no hosts: no MX, the address of the domain.
DOMAINS = {
    "good": ((10, 1),), "two": ((10, 3), (20, 4)), "grey": ((10, 5),), "five": ((10, 6),),
    "greet5": ((10, 7), (20, 8)), "only5": ((10, 7),), "mid421": ((10, 9),), "drop": ((10, 10),),
    "slow": ((10, 11),), "black": ((10, 12), (20, 1)), "oversized": ((10, 13),), "seven": ((10, 14),),
    "tls": ((10, 15),), "badtls": ((10, 16),), "verified": ((10, 15),), "wrongname": ((10, 15),),
    "encrypted": ((10, 1),), "helo": ((10, 17),), "loop": ((10, 200),), "behind": ((10, 1), (20, 200), (30, 6)),
    "broken": ((10, 18), (20, 1)), "burst": ((10, 19),), "busy": ((10, 23),), "six": ((10, 106), (20, 1)),
}

OUTBOUND = """
	relay = { "10.54.0.0/16" }
	outbound {
		retry = { "2s" }
		delay_notice = 0
		idle_timeout = 5s
		%s
	}
"""
SUBMISSION = """
	outbound {
		smart_host = "[10.54.1.20]:2525"
		masquerade = "example.net"
		masquerade_header = true
	}
"""
MORE = """
dns_servers = { "%(dns)s" }
dns_trust_anchor = "%(anchor)s"
remote "encrypted.example" { tls = "encrypt" }
remote "verified.example" { tls = "verify" tls_ca = "%(state)s/ca.pem" }
remote "wrongname.example" { tls = "verify" tls_ca = "%(state)s/ca.pem" }
remote "*.routed.example" { route = "[10.54.1.21]:2526" }
remote "lmtp.example" { route = "lmtp:[10.54.1.22]:24" }
"""


def fingerprint(certificate):
    """Of its key, for TLSA 3 1 1."""
    pem = must("openssl", "x509", "-in", certificate, "-noout", "-pubkey")
    key = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=pem.encode(), check=True,
                         stdout=subprocess.PIPE).stdout
    return hashlib.sha256(key).hexdigest()


def zones(state):
    """One zone that is not signed, and one that is."""
    text = "implicit A %s\nnull MX 0 .\nnothing TXT nothing\n" % (HERE % 2)
    for name, hosts in DOMAINS.items():
        for number, (preference, octet) in enumerate(hosts):
            host = "%s.%s" % ("us" if octet == 200 else "mx%d" % number, name)
            text += "%s MX %d %s\n" % (name, preference, host)
            text += "%s AAAA fd54::6\n" % host if octet == 106 else "%s A %s\n" % (
                host, ADDRESS if octet == 200 else HERE % octet)
    signed = "right MX 10 mx.right\nmx.right A %s\n_25._tcp.mx.right TLSA 3 1 1 %s\n" % (
        HERE % 24, fingerprint(state + "/other.pem"))
    signed += "wrong MX 10 mx.wrong\nmx.wrong A %s\n_25._tcp.mx.wrong TLSA 3 1 1 %s\n" % (HERE % 24, "ab" * 32)
    signed += "plain MX 10 mx.plain\nmx.plain A %s\n_25._tcp.mx.plain TLSA 3 1 1 %s\n" % (HERE % 1, "ab" * 32)
    return [Zone(".", signed=True), Zone("example.", text), Zone("signed.", signed, signed=True)]


class Scene:
    """What all cases stand on."""

    def __init__(self):
        self.state = state_directory()
        Namespace(ADDRESS, LDAP_ADDRESS, ROOT_ADDRESS, SERVER_ADDRESS, RECURSIVE_ADDRESS,
                  *[HERE % octet for octet in range(1, 31)])
        certificates(self.state, ("slapd", "IP:10.54.0.1"),
                     ("sink", "DNS:mx0.tls.example,DNS:mx0.verified.example"), ("other", "DNS:nobody.example"))
        self.slapd = Slapd(self.state + "/slapd", population(PEOPLE),
                           with_tls=[self.state + "/" + name for name in ("slapd.pem", "slapd.key", "ca.pem")])
        self.dns = NameServer(self.state + "/nsd", zones(self.state))
        Recursive(self.state + "/unbound")
        context = server_context(self.state + "/sink.pem", self.state + "/sink.key")
        self.good = Sink(HERE % 1)
        self.good.offers += ["CHUNKING", "DSN"]
        self.tls = Sink(HERE % 15, context=context)
        self.gateway = Gateway(self.state, ["ldap://10.54.0.1"], smtp_more=OUTBOUND % "",
                               submission_more=SUBMISSION, level="debug",
                               more=MORE % dict(dns=RECURSIVE_ADDRESS, state=self.state, anchor=self.dns.anchor))
        self.gateway.start()

    def send(self, *recipients, sender="alice@corp.example", body="Hello.\n"):
        """The subject of a message that the gateway has taken."""
        word = token()
        with Smtp(ADDRESS) as smtp:
            answer = smtp.transact(sender, list(recipients), message(word, body))
            if answer.code != 250:
                raise RuntimeError("not taken: " + answer)
        return word

    def log_of(self, event, recipient, mark=0):
        """The first line with that event about the recipient."""
        def find():
            return next((line for line in self.gateway.log_since(mark).splitlines()
                         if event in line and "rcpt=%s" % recipient in line), None)
        return wait_for(find) or ""

    def reports(self):
        return mailbox(ADDRESS, tls(self.state), "alice", "Alice-Pw1", delete=True)

    def report(self, address):
        """The failure report about an address, in alice's mailbox."""
        return wait_for(lambda: next((text for text in self.reports() if address in text), None)) or ""


def plain_ways(scene):
    word = scene.send("a@good.example", "b@good.example")
    taken = scene.good.took(word)
    check("two recipients of one domain travel together", taken and
          sorted(taken.recipients) == ["a@good.example", "b@good.example"], taken and taken.recipients)
    equal("the sender", taken.sender, "alice@corp.example")
    line = scene.log_of("relay.sent", "a@good.example")
    check("the log says where it went", "mta=mx0.good.example" in line and "address=10.54.1.1" in line and
          "smtp; 250" in line, line)
    implicit = Sink(HERE % 2)
    check("without MX the address of the domain", implicit.took(scene.send("a@implicit.example")))
    second = Sink(HERE % 4)
    word = scene.send("a@two.example")
    check("the next host when the first refuses connections", second.took(word))
    equal("at the first attempt", [], [line for line in scene.gateway.log().splitlines()
                                       if "relay.later" in line and "a@two.example" in line])
    check("an address family without a way out costs nothing", scene.good.took(scene.send("a@six.example")))
    helo = Sink(HERE % 17, ehlo="502 5.5.2 what?")
    check("HELO for those who know no EHLO", helo.took(scene.send("a@helo.example")))


def troubles_of_names(scene):
    for address, status in (("a@null.example", "5.1.10"), ("a@missing.example", "5.1.2"),
                            ("a@nothing.example", "5.1.2"), ("a@loop.example", "5.4.6")):
        scene.send(address)
        line = scene.log_of("relay.failed", address)
        check("%s is %s" % (address, status), "status=" + status in line, line)
        contains("and its report says so", scene.report(address), "Status: " + status)
    check("a host that is preferred to us is no loop", scene.good.took(scene.send("a@behind.example")))


def refusals(scene):
    five = Sink(HERE % 6, rcpt="550 5.1.1 no such user here")
    scene.send("a@five.example")
    report = scene.report("a@five.example")
    contains("a refused recipient is reported", report, "smtp; 550 5.1.1 no such user here")
    contains("with who said it", report, "mx0.five.example")
    five.change(rcpt=lambda session, line: "550 5.1.1 no" if "<a@" in line else "250 ok")
    word = scene.send("a@five.example", "b@five.example")
    taken = five.took(word)
    check("the other recipient gets it", taken and taken.recipients == ["b@five.example"], taken)
    Sink(HERE % 7, greeting="554 5.7.1 nobody is welcome")
    other = Sink(HERE % 8)
    check("a host that refuses us with its greeting: the next one", other.took(scene.send("a@greet5.example")))
    scene.send("a@only5.example")
    contains("when all do, it is final", scene.log_of("relay.failed", "a@only5.example"), "nobody is welcome")
    seven = Sink(HERE % 14, offers=["PIPELINING"])
    scene.send("a@seven.example", body="Gr\u00fc\u00dfe\n")
    check("8-bit text for a server of 7 bits is reported", "5.6." in scene.report("a@seven.example"))
    equal("and not sent", seven.messages, [])


def temporary(scene):
    def once(session, line):
        session.sink.rcpt = "250 ok"
        return "451 4.7.1 greylisted, come back"
    grey = Sink(HERE % 5, rcpt=once)
    word = scene.send("a@grey.example")
    check("greylisting: it is tried again", grey.took(word))
    equal("and arrives once", grey.count(word), 1)
    contains("the log has the first answer", scene.log_of("relay.later", "a@grey.example"), "greylisted")

    def drop(session, text):
        session.sink.end = "250 2.0.0 ok"
        return CLOSE
    dropping = Sink(HERE % 10, end=drop)
    word = scene.send("a@drop.example")
    check("a connection that ends behind the message: later, again", dropping.took(word))
    contains("the log says what may have happened", scene.log_of("relay.later", "a@drop.example"), "may have been")
    oversized = Sink(HERE % 13, rcpt="\r\n".join(["250-" + "x" * 1000] * 200) + "\r\n250 ok")
    word = scene.send("a@oversized.example")
    check("a reply without end is cut", scene.log_of("relay.later", "a@oversized.example"))
    oversized.change(rcpt="250 ok")
    check("and later it is sent", oversized.took(word))


def mid_session(scene):
    def second(session, line):
        return "250 ok" if session.messages == 0 else "421 4.3.2 shutting down"
    sink = Sink(HERE % 9, mail=second)
    words = [scene.send("a@mid421.example") for _ in range(3)]
    check("421 in a session that was used before", all(sink.took(word) for word in words))
    equal("costs no attempt", [line for line in scene.gateway.log().splitlines()
                               if "relay.later" in line and "a@mid421.example" in line], [])
    broken = Sink(HERE % 18, mail=CLOSE)
    word = scene.send("a@broken.example")
    check("a host that hangs up: the next one has it", scene.good.took(word))
    check("it was tried", wait_for(lambda: broken.sessions))


def nobody_waits(scene):
    """A black hole, and one who is silent, hold up nobody else."""
    hole = socket.create_server((HERE % 12, 25), backlog=0)
    at_end(hole.close)
    fillers = []
    for _ in range(4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex((HERE % 12, 25))
        fillers.append(one)
    silent = Sink(HERE % 11, mail=SILENT)
    late = scene.send("a@black.example")
    word = scene.send("a@slow.example")
    check("others go on", scene.good.took(scene.send("b@good.example")))
    line = scene.log_of("relay.later", "a@slow.example")
    check("a silent server is given up", "no answer for" in line and "MAIL" in line, line)
    silent.change(mail="250 ok")
    check("and served when it speaks", silent.took(word))
    check("behind the black hole the next host", scene.good.took(late))
    for one in fillers:
        one.close()


def encryption(scene):
    check("TLS where it is offered", scene.tls.took(scene.send("a@tls.example")).session.tls.startswith("TLS"))
    contains("the log has it", scene.log_of("relay.sent", "a@tls.example"), "tls=TLS")
    bad = Sink(HERE % 16, starttls=lambda session, line: session.send("220 go on\r\nnonsense\r\n" * 20) or CLOSE)
    bad.offers.append("STARTTLS")
    word = scene.send("a@badtls.example")
    taken = bad.took(word)
    check("a handshake that fails: without TLS", taken and taken.session.tls == "", taken)
    check("verified", scene.tls.took(scene.send("a@verified.example")))
    contains("and the log says so", scene.log_of("relay.sent", "a@verified.example"), "verified=1")
    word = scene.send("a@wrongname.example")
    line = scene.log_of("relay.later", "a@wrongname.example")
    check("a certificate of another name is not good enough", "certificate" in line, line)
    equal("and nothing is sent", scene.tls.count(word), 0)
    word = scene.send("a@encrypted.example")
    line = scene.log_of("relay.later", "a@encrypted.example")
    check("no TLS where it must be", "TLS" in line, line)
    equal("nothing is sent either", scene.good.count(word), 0)


def dane(scene):
    """Names that DNSSEC vouches for say which certificate is right; RFC 7672, and RFC 8689 on top of it."""
    sink = Sink(HERE % 24, context=server_context(scene.state + "/other.pem", scene.state + "/other.key"))
    sink.offers.append("REQUIRETLS")
    check("a certificate that TLSA names is right", sink.took(scene.send("a@right.signed")))
    contains("whoever vouches for it", scene.log_of("relay.sent", "a@right.signed"), "verified=1")
    wrong, plain = scene.send("a@wrong.signed"), scene.send("a@plain.signed")
    line = scene.log_of("relay.later", "a@wrong.signed")
    check("another is not", "status=4.7.5" in line and "TLSA" in line, line)
    line = scene.log_of("relay.later", "a@plain.signed")
    check("nor is a host without TLS", "STARTTLS" in line, line)
    equal("nothing is sent", (sink.count(wrong), scene.good.count(plain)), (0, 0))
    for domain in ("right.signed", "tls.example"):
        word = token()
        with Smtp(ADDRESS) as smtp:
            smtp.start_tls(tls(scene.state))
            smtp.ask("MAIL FROM:<alice@corp.example> REQUIRETLS")
            smtp.ask("RCPT TO:<r@%s>" % domain)
            equal("REQUIRETLS is taken for " + domain, smtp.data(message(word)).code, 250)
        if domain == "right.signed":
            taken = sink.took(word)
            check("and asked of the next server", taken and any(
                line.startswith("MAIL") and line.endswith("REQUIRETLS") for line in taken.session.lines), taken)
        else:
            contains("an MX that nobody vouches for will not do", scene.report("r@tls.example"), "Status: 5.7.30")


def routes(scene):
    routed = Sink(HERE % 21, 2526)
    check("a route for all below a domain", routed.took(scene.send("a@x.routed.example")))
    lmtp = Sink(HERE % 22, 24, lmtp=True,
                end=lambda session, name: "550 5.2.0 not here" if name.startswith("bad") else "250 2.1.5 ok")
    word = scene.send("good@lmtp.example", "bad@lmtp.example")
    taken = lmtp.took(word)
    check("LMTP: a result for each recipient", taken and taken.recipients == ["good@lmtp.example"], taken)
    check("in the way of LMTP", taken and taken.session.lines[0].startswith("LHLO "), taken)
    contains("and the other one's report", scene.report("bad@lmtp.example"), "not here")
    smart = Sink(HERE % 20, 2525)
    word = token()
    equal("a user submits", submit(ADDRESS, tls(scene.state), "alice", "Alice-Pw1", "alice@corp.example",
                                   ["x@anywhere.example"], message(word, sender="Alice <alice@corp.example>")), None)
    taken = smart.took(word)
    check("all goes to the smart host", taken)
    equal("masquerade: the sender", taken.sender, "alice@example.net")
    contains("and the From field", taken.text, "From: Alice <alice@example.net>\n")
    lacks("and only there", taken.text.replace("Received: ", ""), "To: you@example.net")


def reuse(scene):
    """Many messages for one domain: few connections, each for 20 messages at most."""
    sink = Sink(HERE % 19)
    words = []

    def some():
        words.extend(scene.send("a@burst.example") for _ in range(25))
    threads = [threading.Thread(target=some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check("all arrive", wait_for(lambda: len(sink.messages) >= 100))
    equal("once", sorted(one.subject for one in sink.messages), sorted(words))
    check("on few connections", len(sink.sessions) <= 40, len(sink.sessions))
    check("20 messages each", max(session.messages for session in sink.sessions) <= 20)
    wait_for(lambda: all("QUIT" in session.lines for session in sink.sessions))
    check("which are closed in order", all("QUIT" in session.lines for session in sink.sessions))


def deaths(scene):
    """The relay is killed in the middle; the configuration is read again in the middle."""
    busy = Sink(HERE % 23, data=SILENT)
    word = scene.send("a@busy.example")
    wait_for(lambda: busy.sessions and "DATA" in busy.sessions[-1].lines)
    pid = scene.gateway.roles()["relay"][0]
    os.kill(pid, signal.SIGKILL)
    busy.change(data="354 go on")
    check("a dead relay's job is sent by the next one", busy.took(word))
    busy.change(data=SILENT)
    word, sessions = scene.send("a@busy.example"), len(busy.sessions)
    wait_for(lambda: len(busy.sessions) > sessions and "DATA" in busy.sessions[-1].lines)
    mark = scene.gateway.mark()
    os.kill(scene.gateway.roles()["store"][0], signal.SIGKILL)
    busy.change(data="354 go on")
    check("a dead store: what was being sent is cut off", scene.gateway.logged("the queue is gone", mark))
    check("and sent again", busy.took(word))
    equal("once", busy.count(word), 1)
    gate = threading.Event()
    busy.change(end=lambda session, text: gate.wait(PATIENCE) and "250 2.0.0 ok")
    word = scene.send("a@busy.example")
    old = scene.gateway.roles()["relay"]
    wait_for(lambda: any(word in line for line in [str(session.lines) for session in busy.sessions]) or
             len(busy.sessions) > 2 or scene.gateway.log().count("a@busy.example") > 0)
    mark = scene.gateway.mark()
    scene.gateway.process.signal(signal.SIGHUP)
    check("a reload: the old relay retires", scene.gateway.logged("relay.retiring", mark))
    check("the new one works", scene.good.took(scene.send("c@good.example")))
    gate.set()
    check("what was under way is finished", busy.took(word))
    check("and the old one leaves", wait_for(lambda: old[0] not in scene.gateway.roles()["relay"]))
    equal("nothing was sent twice", busy.count(word), 1)


def reloads(scene):
    """What a relay has sent is written down before it leaves: nothing is sent again by the next one."""
    words, done = [], threading.Event()

    def steadily():
        while not done.is_set():
            words.append(scene.send("many@good.example"))
    threads = [threading.Thread(target=steadily) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        mark = scene.gateway.mark()
        scene.gateway.process.signal(signal.SIGHUP)
        scene.gateway.logged("relay.left", mark)
    done.set()
    for thread in threads:
        thread.join()
    check("mail through reloads arrives", all(scene.good.took(word) for word in words), len(words))
    equal("once", [word for word in words if scene.good.count(word) != 1], [])


def direct_first(scene):
    """The smart host only when the MX hosts do not answer."""
    mark = scene.gateway.mark()
    scene.gateway.write(smtp_more=OUTBOUND % 'direct_first = true smart_host = "[10.54.1.20]:2525"')
    scene.gateway.process.signal(signal.SIGHUP)
    scene.gateway.logged("relay.retiring", mark)
    smart = next(one for one in SINKS if one.port == 2525)
    check("direct", scene.good.took(scene.send("d@good.example")))
    word = scene.send("a@loop.example")
    check("no way there: the smart host", smart.took(word))
    check("no such domain here: the smart host", smart.took(scene.send("a@missing.example")))


SINKS = []


def main():
    made = Sink.__init__

    def noted(self, *arguments, **options):
        made(self, *arguments, **options)
        SINKS.append(self)
    Sink.__init__ = noted
    scene = Scene()
    for test in (plain_ways, troubles_of_names, refusals, temporary, mid_session, nobody_waits, encryption, dane,
                 routes, reuse, deaths, reloads, direct_first):
        with case(test.__name__):
            test(scene)
    log = scene.gateway.log()
    dead = re.findall(r"role.died.*", log)
    check("no process died but those that were killed", len(dead) <= 2, dead)


run(main)
