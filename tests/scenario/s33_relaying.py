#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Who may send through the gateway to others, and who may fetch what waits: addresses, names, logins, ETRN, ATRN."""
import os
import re

import harness
from clients import Smtp, mailbox, message, subjects, token
from harness import case, check, command, contains, equal, lacks, run, state_directory, wait_for
from name_servers import RECURSIVE_ADDRESS, ROOT_ADDRESS, SERVER_ADDRESS, NameServer, Recursive, Zone
from scripted_smtp import Sink
from site_under_test import ADDRESS, LDAP_ADDRESS, Gateway, Namespace, Slapd, certificates, population, tls

PEOPLE = [("alice", "Alice-Pw1", "alice@corp.example"), ("bob", "Bob-Pw1", "bob@corp.example"),
          ("full", "Full-Pw1", "full@sales.example"), ("carol", "Carol-Pw1", "carol@corp.example"),
          *((name, name.capitalize() + "-Pw1", name + "@corp.example") for name in ("hank", "nora", "lena", "home", "odd", "lost"))]
FAR, FETCH = "10.54.1.1", "10.54.1.2"
# Whose mailboxes the directory says to be where.
HOSTS = dict(hank="[%s]" % FAR, nora="mx.fetch.example", lena="lmtp:[%s]:24" % FAR, home="MAIL.corp.example", odd="no host",
             lost="nowhere.far.example")
# Clients, by what their addresses are.
LISTED, STRANGER = "10.54.2.1", "10.54.2.200"
NAMED, FORGED, NAMELESS, DEAD = "10.54.2.100", "10.54.2.101", "10.54.2.102", "10.54.2.103"

RELAY = """
	relay = { "%s/32", "10.54.2.0/28", ".branch.example" }
	reverse_dns = true
	outbound { retry = { "2s" } delay_notice = 0 idle_timeout = 20s }
""" % ADDRESS
MORE = """
dns_servers = { "%s" }
remote "partner.example" { relay = true }
remote "fetch.example" { trigger = true trigger_accounts = { "bob@corp.example" } }
remote "north.fetch.example" { trigger = true trigger_accounts = { "bob@corp.example" } }
remote "other.example" { trigger = true trigger_accounts = { "carol@corp.example" } }
domain "xn--bcher-kva.example" { alias_of = "corp.example" }
smtp "Logins do not relay" {
	listen "%s:2600" { tls = "none" }
	fqdn = "mail.corp.example"
	authentication = { "anonymous", "basic" }
	basic_without_tls = true
	relay_authenticated = false
}
""" % (RECURSIVE_ADDRESS, ADDRESS)
FORWARD = """
far MX 10 mx.far
mx.far A %(far)s
partner MX 10 mx.far
fetch MX 10 mx.fetch
mx.fetch A %(fetch)s
north.fetch MX 10 mx.fetch
host.branch A %(named)s
forged.branch A 10.54.2.250
""" % dict(far=FAR, fetch=FETCH, named=NAMED)
# The last one is left to a server that knows nothing of it.
REVERSE = """
100.2.54 PTR host.branch.example.
101.2.54 PTR forged.branch.example.
103.2.54 NS ns.example.
"""


class Scene:
    """What all cases stand on."""

    def __init__(self):
        self.state = state_directory()
        Namespace(ADDRESS, LDAP_ADDRESS, ROOT_ADDRESS, SERVER_ADDRESS, RECURSIVE_ADDRESS, FAR, FETCH,
                  LISTED, STRANGER, NAMED, FORGED, NAMELESS, DEAD)
        certificates(self.state, ("slapd", "IP:10.54.0.1"))
        self.slapd = Slapd(self.state + "/slapd", population(PEOPLE),
                           with_tls=[self.state + "/" + name for name in ("slapd.pem", "slapd.key", "ca.pem")])
        self.dns = NameServer(self.state + "/nsd", [Zone(".", signed=True), Zone("example.", FORWARD),
                                                    Zone("10.in-addr.arpa.", REVERSE)])
        Recursive(self.state + "/unbound")
        self.far, self.fetch, self.lmtp = Sink(FAR), Sink(FETCH), Sink(FAR, 24, lmtp=True)
        for uid, host in HOSTS.items():
            self.slapd.modify("dn: uid=%s,ou=people,%s\nchangetype: modify\nadd: objectClass\n"
                              "objectClass: inetLocalMailRecipient\n-\nadd: mailHost\nmailHost: %s\n" % (
                                  uid, Slapd.SUFFIX, host))
        self.gateway = Gateway(self.state, ["ldap://10.54.0.1"], smtp_more=RELAY, more=MORE, level="debug",
                               directory_more='attribute_host = "mailHost"')
        self.gateway.text = self.gateway.text.replace('domain "sales.example" {',
                                                      'domain "sales.example" { quota = 30K')
        self.gateway.start()
        self.context = tls(self.state)

    def client(self, source, port=25, name="client.example", user=None):
        smtp = Smtp(ADDRESS, port, source=source, hello=False)
        smtp.hello = smtp.ask("EHLO " + name)
        if user:
            if port == 587:
                smtp.start_tls(self.context)
            answer = smtp.login(user, user.capitalize() + "-Pw1")
            if answer.code != 235:
                raise RuntimeError("no login: " + answer)
        return smtp

    def inbox(self, user="alice"):
        return mailbox(ADDRESS, self.context, user, user.capitalize() + "-Pw1", delete=True)

    def awaited(self, word, user="alice"):
        """The message in somebody's mailbox that has the word in it."""
        return wait_for(lambda: next((text for text in self.inbox(user) if word in text), None)) or ""


# --- who may ---

WHO = (
    ("a stranger", STRANGER, None, "far.example", 550, "Relaying denied"),
    ("an address of the list", LISTED, None, "far.example", 250, ""),
    ("a confirmed name", NAMED, None, "far.example", 250, ""),
    ("a name that is not confirmed", FORGED, None, "far.example", 550, "Relaying denied"),
    ("no name", NAMELESS, None, "far.example", 550, "Relaying denied"),
    ("name servers in trouble", DEAD, None, "far.example", 451, "looked up"),
    ("whoever has logged in", STRANGER, "alice", "far.example", 250, ""),
    ("a domain that anybody may send to", STRANGER, None, "partner.example", 250, ""),
    ("not to what is below it", STRANGER, None, "a.partner.example", 550, "Relaying denied"),
    ("not to a domain that is fetched", STRANGER, None, "fetch.example", 550, "Relaying denied"),
    ("our own domains, whoever it is", STRANGER, None, "corp.example", 250, ""),
)
TRICKS = ("alice%far.example@corp.example", "@corp.example:x@far.example", '"x@far.example"@corp.example',
          "x@[10.54.1.1]", "far.example!x@corp.example", "x@far.example@corp.example", "<x@far.example>@corp.example",
          "@corp.example,@partner.example:x@far.example", "x%far.example@partner.example@corp.example", "x@", "@far.example",
          "x@[IPv6:::ffff:10.54.1.1]", "x@[corp.example]", "x@corp.example.far.example", "x@xcorp.example", "x@.corp.example",
          "x@corp.example\0.far.example", "x@169934081", "x@[10.54.0.9]", "x@sub.partner.example", '"\\"@far.example')
# Ours in any spelling: never a question of relaying.
OURS = ("ALICE@CORP.EXAMPLE", '"alice"@corp.example', "alice@xn--bcher-kva.example", "alice@XN--BCHER-KVA.example")


def who_may(scene):
    for name, source, user, domain, code, words in WHO:
        with case(name), scene.client(source, 587 if user else 25, user=user) as smtp:
            answer = smtp.envelope("a@elsewhere.example", "alice@" + domain)
            check("%s: %d" % (name, code), answer.code == code and words in answer, answer)
    with case("a login that does not help"), scene.client(STRANGER, 2600, user="alice") as smtp:
        contains("where logins do not relay: refused", smtp.envelope("a@elsewhere.example", "x@far.example"),
                 "550 5.7.1 This server delivers to its own domains only")
    for address in TRICKS:
        with case(address), scene.client(STRANGER) as smtp:
            answer = smtp.envelope("a@elsewhere.example", address)
            check("no way round it: " + address.replace("\0", "<NUL>"), answer.code in (500, 501, 550, 553), answer)
    for address in OURS:
        with case(address), scene.client(STRANGER) as smtp:
            smtp.ask("MAIL FROM:<a@elsewhere.example> SMTPUTF8")
            equal("ours: " + address, smtp.ask("RCPT TO:<%s>" % address).code, 250)
    with case("a point behind the domain"), scene.client(STRANGER) as smtp:
        answer = smtp.envelope("a@elsewhere.example", "x@far.example.")
        check("does not open anything", answer.code in (501, 550, 553), answer)
    word = token()
    with scene.client(LISTED) as smtp:
        answer = smtp.transact("a@elsewhere.example", ["alice@corp.example", "x@far.example", "y@far.example"],
                               message(word))
        equal("here and elsewhere in one transaction", answer.code, 250)
    taken = scene.far.took(word)
    check("elsewhere", taken and sorted(taken.recipients) == ["x@far.example", "y@far.example"],
          taken and taken.recipients)
    check("without the Return-Path of a mailbox", taken and taken.text.startswith("Received: "),
          taken and taken.text[:80])
    check("and here, with it", scene.awaited(word).startswith("Return-Path: <a@elsewhere.example>"))
    equal("nothing of what was refused got out", [one.recipients for one in scene.far.messages
                                                  if one.subject != word], [])


def trace(scene):
    for name, source, hello, mark in (
            ("the name in EHLO", NAMED, "host.branch.example", r"\(host\.branch\.example \[10\.54\.2\.100\]\)\s+by "),
            ("another name", NAMED, "client.example",
             r"\(host\.branch\.example \[10\.54\.2\.100\]\) \(unverified\)\s+by "),
            ("a forged name", FORGED, "forged.branch.example", r"\(\[10\.54\.2\.101\]\) \(unverified\)\s+by "),
            ("no name", NAMELESS, "client.example", r"\(\[10\.54\.2\.102\]\) \(unverified\)\s+by "),
            ("no answer", DEAD, "client.example", r"\(\[10\.54\.2\.103\]\) \(RDNS failed\)\s+by ")):
        word = token()
        with case("Received: " + name), scene.client(source, name=hello) as smtp:
            equal("Received: %s is taken" % name, smtp.transact("a@elsewhere.example", "alice@corp.example",
                                                                message(word)).code, 250)
            text = scene.awaited(word)
            check("Received: " + name, re.search(r"Received: from %s\s+%s" % (re.escape(hello), mark), text), text[:400])


def open_relays(scene):
    """What would be an open relay does not start."""
    good = harness.read(scene.gateway.file)
    for name, old, new in (
            ("all-except", "reverse_dns = true", 'relay_list = "all-except"'),
            ("all of IPv4", '"10.54.2.0/28"', '"0.0.0.0/0"'),
            ("all of IPv6", '"10.54.2.0/28"', '"::/0"'),
            ("half of it twice", '"10.54.2.0/28"', '"0.0.0.0/1", "128.0.0.0/1"'),
            ("a top-level domain", '".branch.example"', '".example"'),
            ("everybody to everywhere", 'remote "partner.example"', 'remote "*"')):
        path = scene.state + "/open.conf"
        for allowed in (False, True):
            with open(path, "w") as file:
                text = good.replace(old, new)
                file.write(text.replace("relay = {", "open_relay = true\n\trelay = {") if allowed and "*" not in new
                           else text)
            done = command(harness.POSTERND, "-t", "-c", path)
            if not allowed:
                check("posternd -t refuses " + name, done.returncode != 0 and "open_relay = true" in done.stdout,
                      done.stdout)
            elif "*" not in new:
                equal("unless it is meant: " + name, (done.returncode, done.stdout), (0, done.stdout))


# --- what waits ---

def put(scene, address):
    word = token()
    with scene.client(LISTED) as smtp:
        answer = smtp.transact("alice@corp.example", address, message(word))
        if answer.code != 250:
            raise RuntimeError("not taken: " + answer)
    return word


def etrn(scene):
    with scene.client(STRANGER) as smtp:
        contains("ETRN is offered", smtp.hello, "ETRN")
        for domain in ("fetch.example", "far.example", "corp.example", "nowhere.example"):
            equal("a stranger may not: " + domain, smtp.ask("ETRN " + domain).code, 459)
        equal("syntax", smtp.ask("ETRN #queue").code, 501)
    with scene.client(LISTED) as smtp:
        equal("nothing waits", smtp.ask("ETRN fetch.example").code, 251)
    word = put(scene, "x@fetch.example")
    contains("it waits", scene.gateway.tool("queue", "list").stdout, "fetch.example")
    done = command("fetchmail", "-p", "ETRN", "--fetchmailrc", "/dev/null", "--pidfile", scene.state + "/fetchmail.pid",
                   "--fetchdomains", "fetch.example", "-v", ADDRESS,
                   env=dict(os.environ, HOME=scene.state, FETCHMAILHOME=scene.state))
    check("fetchmail's ETRN", "253" in done.stdout, done.stdout)
    check("the message goes out", scene.fetch.took(word), scene.gateway.tail())
    word, below = put(scene, "x@fetch.example"), put(scene, "x@north.fetch.example")
    with scene.client(STRANGER, 587, user="carol") as smtp:
        equal("another account may not", smtp.ask("ETRN fetch.example").code, 459)
    with scene.client(STRANGER, 587, user="bob") as smtp:
        contains("an account of the domain may", smtp.ask("ETRN fetch.example"), "253 2.0.0 OK, 1 pending messages")
        check("and gets it", scene.fetch.took(word))
        equal("the one below waits on", scene.fetch.count(below), 0)
        contains("all below", smtp.ask("ETRN @fetch.example"), "253 2.0.0 OK, 1 pending messages")
        check("go out", scene.fetch.took(below))
        equal("not in a transaction", [smtp.ask("MAIL FROM:<>").code, smtp.ask("ETRN fetch.example").code], [250, 503])


class Turned:
    """The client of ATRN after it has become the server. drop: hangs up at that verb."""

    def __init__(self, smtp, drop=""):
        self.smtp, self.drop, self.messages, self.verbs = smtp, drop, [], []

    def serve(self):
        self.smtp.send("220 branch.example ready\r\n")
        while line := self.smtp.line():
            verb = line.split(" ")[0].upper()
            self.verbs.append(verb)
            if verb == self.drop:
                self.smtp.close()
                return self
            if verb == "EHLO":
                self.smtp.send("250-branch.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
            elif verb == "DATA":
                self.smtp.send("354 go on\r\n")
                text = []
                while (one := self.smtp.line()) != ".":
                    text.append(one)
                self.messages.append("\n".join(text))
                self.smtp.send("250 got it\r\n")
            else:
                self.smtp.send("%d ok\r\n" % (221 if verb == "QUIT" else 250))
            if verb == "QUIT":
                return self
        return self


def atrn(scene):
    with scene.client(STRANGER) as smtp:
        contains("ATRN is offered", smtp.hello, "ATRN")
        equal("without a login", smtp.ask("ATRN fetch.example").code, 530)
    with scene.client(STRANGER, 587, user="bob") as smtp:
        for line, code in (("ATRN fetch.example", 453), ("ATRN", 453), ("ATRN other.example", 450),
                           ("ATRN fetch.example,other.example", 450), ("ATRN far.example", 450), ("ATRN a..b", 501)):
            equal(line, smtp.ask(line).code, code)
    words = [put(scene, "x@fetch.example") for _ in range(3)] + [put(scene, "x@north.fetch.example")]
    with scene.client(STRANGER, 587, user="carol") as smtp:
        equal("another's mail", smtp.ask("ATRN fetch.example").code, 450)
    with scene.client(STRANGER, 587, user="bob") as smtp:
        equal("the connection is turned round", smtp.ask("ATRN").code, 250)
        turned = Turned(smtp, drop="DATA").serve()
    equal("a client that hangs up gets nothing", turned.messages, [])
    got = []
    with case("ATRN again"):
        def fetch():
            with scene.client(STRANGER, 587, user="bob") as smtp:
                if smtp.ask("ATRN").code == 250:
                    got.extend(subjects(Turned(smtp).serve().messages))
            return sorted(got) == sorted(words)
        check("nothing is lost by that, and nothing comes twice", wait_for(fetch), (got, words))
    with scene.client(STRANGER, 587, user="bob") as smtp:
        equal("and no more", smtp.ask("ATRN").code, 453)
    equal("none of it went out by itself", [scene.fetch.count(word) for word in words], [0] * 4)


# --- what a sender asks for ---

def requires_tls(scene):
    with scene.client(STRANGER) as smtp:
        lacks("REQUIRETLS is offered inside TLS only", smtp.hello, "REQUIRETLS")
        equal("and taken there only", smtp.ask("MAIL FROM:<a@elsewhere.example> REQUIRETLS").code, 555)
    word = token()
    with scene.client(STRANGER, 587, user="bob") as smtp:
        contains("offered inside TLS", smtp.hello, "REQUIRETLS")
        answer = smtp.envelope("bob@corp.example", "x@far.example", parameters=" REQUIRETLS")
        equal("taken", smtp.data(message(word)).code if answer.code == 250 else answer, 250)
    text = scene.awaited("x@far.example", "bob")
    contains("what cannot be sent so is returned", text, "5.7.")
    equal("and never sent without", scene.far.count(word), 0)


def success_reports(scene):
    word = token()
    with scene.client(STRANGER, 587, user="bob") as smtp:
        smtp.ask("MAIL FROM:<bob@corp.example> RET=HDRS ENVID=envelope-" + word)
        equal("NOTIFY", smtp.ask("RCPT TO:<alice@corp.example> NOTIFY=SUCCESS ORCPT=rfc822;orig@corp.example").code, 250)
        equal("is taken", smtp.data(message(word)).code, 250)
    check("the message arrives", scene.awaited(word))
    text = scene.awaited("envelope-" + word, "bob")
    contains("and a report of success", text, "Action: delivered")
    contains("with the original recipient", text, "orig@corp.example")


def full_mailbox(scene):
    big = "x" * 70 + "\n"
    with scene.client(STRANGER) as smtp:
        equal("a mailbox fills", smtp.transact("bob@corp.example", "full@sales.example", message(token(), big * 300)).code,
              250)
        answer = smtp.transact("bob@corp.example", "full@sales.example", message(token(), big * 200))
        check("the only recipient: refused", answer.startswith("552 5.2.2"), answer)
        word = token()
        answer = smtp.transact("bob@corp.example", ["full@sales.example", "alice@corp.example"],
                               message(word, big * 200))
        equal("one of two: taken", answer.code, 250)
    check("the other one has it", scene.awaited(word))
    text = scene.awaited("full@sales.example", "bob")
    contains("the sender is told of the full one", text, "5.2.2")


# --- mailboxes elsewhere ---

def hosts(scene):
    with case("mailHost"), scene.client(STRANGER) as smtp:
        for user, sink in (("hank", scene.far), ("nora", scene.fetch), ("lena", scene.lmtp)):
            word = token()
            for time in ("asked", "known"):
                equal("a stranger may send to %s, %s" % (user, time),
                      smtp.transact("a@elsewhere.example", user + "@corp.example", message(word + time)).code, 250)
                taken = sink.took(word + time)
                equal("and it goes there: " + HOSTS[user], taken and taken.recipients, [user + "@corp.example"])
        word = token()
        equal("our own name", smtp.transact("a@elsewhere.example", "home@corp.example", message(word)).code, 250)
        check("is the mailbox here", scene.awaited(word, "home"))
        mark = scene.gateway.mark()
        contains("no host at all: later", smtp.envelope("a@elsewhere.example", "odd@corp.example"), "451 4.3.5")
        check("and the administrator is told", scene.gateway.logged("directory.fault", mark))
        smtp.ask("RSET")
        word = token()
        equal("both kinds in one transaction", smtp.transact(
            "a@elsewhere.example", ["alice@corp.example", "hank@corp.example"], message(word)).code, 250)
        check("here", scene.awaited(word))
        taken = scene.far.took(word)
        equal("and there", taken and taken.recipients, ["hank@corp.example"])
    with case("a report to who is elsewhere"), scene.client(STRANGER) as smtp:
        word = token()
        equal("a full mailbox and another one", smtp.transact(
            "hank@corp.example", ["full@sales.example", "alice@corp.example"],
            message(word, ("x" * 70 + "\n") * 200)).code, 250)
        report = wait_for(lambda: next((one for one in scene.far.messages
                                        if "full@sales.example" in one.text and one.sender == ""), None))
        equal("the report goes to that server", report and report.recipients, ["hank@corp.example"])
        check("as the log says", scene.gateway.logged("relay.moved"))
    with case("a server that no name server knows"), scene.client(STRANGER) as smtp:
        mark = scene.gateway.mark()
        equal("is a slip of ours", smtp.transact("hank@corp.example", "lost@corp.example", message(token())).code, 250)
        check("so it waits", scene.gateway.logged("relay.later", mark))
        contains("and is no failure", scene.gateway.log_since(mark), "4.4.4")
        lacks("for the sender", scene.gateway.log_since(mark), "relay.failed")
    with case("what waits is nothing"):
        check("all of it went out", wait_for(lambda: "hank@corp.example" not in scene.gateway.tool("queue", "list", "--recipient", "hank@corp.example").stdout))


def main():
    scene = Scene()
    for part in (who_may, trace, open_relays, etrn, atrn, requires_tls, success_reports, full_mailbox, hosts):
        with case(part.__name__):
            part(scene)
    equal("the gateway goes down in order", scene.gateway.stop(), 0)


run(main)
