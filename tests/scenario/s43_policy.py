#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Who may send, to whom, how much and in whose name, by the entries of a real Active Directory (Samba)."""
import os
import re
import signal

import core
import gss
import harness
from clients import Pop3, Smtp, message, subjects, token
from harness import TOP, case, check, command, contains, equal, lacks, read, run, wait_for
from site_under_test import Lab, tls

PEOPLE = "CN=%s,CN=Users,DC=corp,DC=example"
PASSWORDS = {"alice": "Alice-Pw1", "bob": "Bob-Pw1", "erin": "Erin-Pw1", "grace": "Grace-Pw1"}
SIZE_SEND, SIZE_RECEIVE = 200000, 5000


class Site:
    def __init__(self):
        self.lab = Lab()
        self.state, self.address = self.lab.state, self.lab.address
        self.context = tls(self.lab.values["LAB_CA"])
        self.place = core.Place(self.address, self.lab.values["LAB_CA"], self.context, self.lab.log, [])
        self.conf = self.state + "/postern.conf"
        self.plain = read(self.conf).replace(
            'keytab = "', 'preset = "ad-postern"\n\tcache_positive = 0\n\tcache_negative = 0\n\tkeytab = "', 1)
        self.plain = re.sub(r'preset = "ad"\n', "", self.plain)
        krb5 = self.state + "/client-krb5.conf"
        with open(krb5, "w") as file:
            file.write("[libdefaults]\ndefault_realm = CORP.EXAMPLE\ndns_lookup_realm = false\ndns_lookup_kdc = false\n"
                       "dns_canonicalize_hostname = false\nrdns = false\n[realms]\nCORP.EXAMPLE = {\nkdc = 10.53.0.1\n}\n"
                       "[domain_realm]\n.corp.example = CORP.EXAMPLE\n")
        os.environ["KRB5_CONFIG"] = krb5
        os.environ["KRB5CCNAME"] = "/nonexistent/none"

    def prepare(self):
        """The extension of the schema, and grace, who is in no group."""
        done = command(TOP + "/ldap-schema/samba.sh", self.state + "/samba/private/sam.ldb", cwd=TOP + "/ldap-schema")
        check("the domain has the attributes", done.returncode == 0, done.stdout)
        self.lab.samba_tool("user", "create", "grace", PASSWORDS["grace"], "--mail-address=grace@corp.example")
        text = self.lab.samba_tool("group", "show", "staff", "--attributes=objectSid")
        self.staff = re.search(r"objectSid: (\S+)", text)[1]
        self.give("erin", posternDelegate=PEOPLE % "alice", posternQuotaSend="100")
        self.give("bob", posternDelegate=PEOPLE % "staff", posternSizeReceive=SIZE_RECEIVE)
        self.give("alice", posternSizeSend=SIZE_SEND, posternRecipients="2")
        self.give("grace", posternAcceptFrom=PEOPLE % "alice")
        self.give("bob.sales", posternRejectGroup=PEOPLE % "engineering")
        self.give("engineering", posternAcceptGroup=PEOPLE % "engineering")
        self.give("staff", posternAuthenticatedOnly="TRUE")

    def give(self, name, **attributes):
        self.lab.modify("dn: %s\nchangetype: modify\n" % (PEOPLE % name) + "-\n".join(
            "replace: %s\n%s: %s\n" % (key, key, value) for key, value in attributes.items()))

    def configure(self, submission="", pop3=""):
        text = self.plain.replace('smtp "Submission" {', 'smtp "Submission" {\n' + submission)
        with open(self.conf, "w") as file:
            file.write(text.replace("pop3 {", "pop3 {\n" + pop3))
        ups = self.lab.log().count("master.up")
        os.kill(self.lab.master(), signal.SIGHUP)
        if not wait_for(lambda: self.lab.log().count("master.up") > ups):
            raise RuntimeError("no new generation: " + self.lab.log()[-1500:])

    def login(self, user):
        smtp = Smtp(self.address, 587)
        smtp.start_tls(self.context)
        answer = smtp.login(user, PASSWORDS[user])
        if answer.code != 235:
            raise RuntimeError(answer)
        return smtp

    def submit(self, user, sender, recipients, text):
        with self.login(user) as smtp:
            return smtp.transact(sender, recipients, text)

    def mark(self):
        return len(self.lab.log())

    def logged(self, pattern, mark):
        return wait_for(lambda: next((line for line in self.lab.log()[mark:].splitlines() if re.search(pattern, line)),
                                     None))

    def ticket(self, user):
        cache = "FILE:%s/cc-%s" % (self.state, user)
        done = self.lab.inside("kinit", "-c", cache, user, input=PASSWORDS[user] + "\n", env=os.environ)
        if done.returncode != 0:
            raise RuntimeError("kinit: " + done.stdout)
        return cache

    def kerberos(self, user):
        with gss.secured(self.address, self.context) as connection:
            return gss.smtp(connection, gss.Client("GSSAPI", gss.ticket_cred(self.ticket(user))))


# --- in whose name ---

OWN = ("alice@corp.example", "a.smith@corp.example", "A.Smith@Corp-Alias.Example", "")
OTHERS = ("dave@corp.example", "nobody@corp.example", "x@elsewhere.example")
HEADERS = (
    ("her own name", "From: Alice <a.smith@corp.example>", True),
    ("a name that looks like an address", "From: =?utf-8?q?dave=40corp.example?= <alice@corp.example>", True),
    ("a quoted name and a comment", 'From: "dave@corp.example" (dave@corp.example) <alice@corp.example>', True),
    ("another's name", "From: dave@corp.example", False),
    ("another's name in a folded line", "From: Dave\n\t<dave@corp.example>", False),
    ("her own and another's", "From: alice@corp.example, Dave <dave@corp.example>\nSender: alice@corp.example", False),
    ("another's name in a group", "From: Us: alice@corp.example, dave@corp.example;", False),
    ("a second From", "From: alice@corp.example\nFrom: dave@corp.example", False),
    ("another Sender", "From: alice@corp.example\nSender: dave@corp.example", False),
    ("a From that cannot be read", "From: alice@corp.example <", False),
    ("a header without its end in 64 KiB", "From: alice@corp.example\n" + "X-Filler: x\n" * 8000, False))


def own(site):
    with site.login("alice") as smtp:
        for sender in OWN:
            equal("alice sends as <%s>" % sender, smtp.envelope(sender, "alice@corp.example").code, 250)
            smtp.ask("RSET")
        for sender in OTHERS:
            answer = smtp.envelope(sender)
            check("but not as <%s>" % sender, answer.startswith("550 5.7.1"), answer)
        equal("erin has made her a delegate", smtp.envelope("erin@corp.example").code, 250)
        smtp.ask("RSET")
        equal("bob a group that she is in by another", smtp.envelope("bob@corp.example").code, 250)
        smtp.ask("RSET")
    with site.login("grace") as smtp:
        answer = smtp.envelope("bob@corp.example")
        check("grace is in none", answer.startswith("550 5.7.1"), answer)


def header_fields(site):
    with site.login("alice") as smtp:
        for name, lines, good in HEADERS:
            answer = smtp.transact("alice@corp.example", "alice@corp.example", "%s\nSubject: x\n\n%s\n" % (lines, name))
            check("From field: " + name, answer.code == 250 if good else answer.startswith("550 5.7.1"), answer)
        # Size, chunks and what is behind the blank line make no difference.
        body = "From: dave@corp.example\n" + "0123456789\n" * 1000
        text = "From: alice@corp.example\n\n" + body
        equal("a From behind the header is text", smtp.transact("alice@corp.example", "alice@corp.example", text).code, 250)
    with Smtp(site.address) as smtp:
        equal("strangers are not asked", smtp.transact("x@elsewhere.example", "alice@corp.example",
                                                       message(token(), sender="dave@corp.example")).code, 250)
    site.place.inbox()


def reported(site):
    mark = site.mark()
    with site.login("alice") as smtp:
        equal("what would be refused is taken", smtp.transact(
            "dave@corp.example", "alice@corp.example", message(token(), sender="nobody@corp.example")).code, 250)
    for field, address in (("MAIL", "dave@corp.example"), ("From", "nobody@corp.example")):
        line = site.logged(r"policy\.send_as .*address=%s field=%s" % (re.escape(address), field), mark) or ""
        check("and told in the log: " + field, "refused=0" in line and "code=550" in line, line)
    equal("of her own address nothing", len(re.findall(r"policy\.send_as", site.lab.log()[mark:])), 2)
    site.place.inbox()


def anybody(site):
    mark = site.mark()
    equal("send_as = any", site.submit("alice", "dave@corp.example", "alice@corp.example",
                                       message(token(), sender="x@elsewhere.example")).code, 250)
    lacks("and nothing in the log", site.lab.log()[mark:], "policy.send_as")
    site.place.inbox()


# --- to whom ---

def recipients(site):
    """Twice, in turns: an answer for one is none for the next, whichever frontend it was kept by."""
    rules = (("grace@corp.example", ("alice",)), ("engineering@corp.example", ("alice", "bob")),
             ("staff@corp.example", ("alice", "bob", "erin", "grace")), ("bob@sales.example", ("", "erin", "grace")),
             ("alice@corp.example", ("", "alice", "bob", "erin", "grace")))
    for attempt in ("", " again"):
        for user in ("alice", "", "bob", "erin", "grace"):
            with site.login(user) if user else Smtp(site.address) as smtp:
                smtp.ask("MAIL FROM:<%s>" % (user + "@corp.example" if user and user != "erin" else ""))
                for address, welcome in rules:
                    answer = smtp.ask("RCPT TO:<%s>" % address)
                    check("%s to %s%s" % (user or "a stranger", address, attempt),
                          answer.startswith("250" if user in welcome else "550 5.7.1"), answer)
                    if user == "alice" and answer.code == 250:  # who may send to two
                        smtp.ask("RSET")
                        smtp.ask("MAIL FROM:<alice@corp.example>")


def relaying(site):
    for user, good in (("alice", True), ("grace", False)):
        with site.login(user) as smtp:
            answer = smtp.envelope(user + "@corp.example", "x@partner.example")
            check("%s %s to others" % (user, "sends" if good else "does not send"),
                  answer.startswith("250" if good else "550 5.7.1"), answer)
            equal("and to people here", smtp.ask("RCPT TO:<alice@corp.example>").code, 250)


# --- how much ---

def sizes(site):
    with site.login("alice") as smtp:
        answer = smtp.envelope("alice@corp.example", parameters=" SIZE=%d" % (SIZE_SEND + 1))
        check("larger than alice may send, told at MAIL", answer.startswith("552 5.3.4"), answer)
        answer = smtp.transact("alice@corp.example", "alice@corp.example",
                               message(token(), sender="alice@corp.example", size=SIZE_SEND + 100))
        check("and without SIZE at the end", answer.startswith("552 5.3.4"), answer)
        answer = smtp.envelope("alice@corp.example", "alice@corp.example", "erin@corp.example", "bob@corp.example")
        check("she may write to two at once", answer.startswith("452 4.5.3"), answer)
    with Smtp(site.address) as smtp:
        answer = smtp.envelope("x@e.example", "bob@corp.example", parameters=" SIZE=%d" % (SIZE_RECEIVE + 1))
        check("larger than bob takes, told at RCPT", answer.startswith("552 5.2.3"), answer)
        smtp.ask("RSET")
        text = message(token(), size=SIZE_RECEIVE + 100)
        answer = smtp.transact("x@e.example", "bob@corp.example", text)
        check("and without SIZE at the end", answer.startswith("552 5.2.3"), answer)
        equal("a smaller one he gets", smtp.transact("x@e.example", "bob@corp.example", message("small")).code, 250)
    word = token()
    with site.login("alice") as smtp:
        text = message(word, sender="alice@corp.example", size=SIZE_RECEIVE + 100)
        equal("with others it is taken", smtp.transact("alice@corp.example", ["bob@corp.example", "erin@corp.example"],
                                                       text).code, 250)
    equal("they have it", subjects(site.place.inbox("erin", PASSWORDS["erin"], delete=False)), [word])
    equal("bob has not", subjects(site.place.inbox("bob", PASSWORDS["bob"])), ["small"])
    found = wait_for(lambda: [text for text in site.place.inbox() if "bob@corp.example" in text and "5.2.3" in text])
    check("and alice is told", found)


def full(site):
    """erin's mailbox has more than she may have to send."""
    with site.login("erin") as smtp:
        answer = smtp.envelope("erin@corp.example", "alice@corp.example")
        check("a full mailbox sends nothing", answer.startswith("552 5.2.2"), answer)
        site.place.inbox("erin", PASSWORDS["erin"])
        equal("an empty one does", smtp.envelope("erin@corp.example", "alice@corp.example").code, 250)


# --- who logs in ---

def groups(site):
    with Smtp(site.address, 587) as smtp:
        smtp.start_tls(site.context)
        wrong = smtp.login("erin", "Wrong-Pw1")
        mark = site.mark()
        equal("erin is refused as with a wrong password", smtp.login("erin", PASSWORDS["erin"]), wrong)
    check("why is in the log", site.logged(r"auth\.refused .*user=erin .*login_groups", mark))
    with Pop3(site.address, 995, site.context) as pop:
        wrong = pop.login("erin", "Wrong-Pw1")
        equal("likewise in POP3", pop.login("erin", PASSWORDS["erin"]), wrong)
    check("and with a ticket", site.kerberos("erin").startswith("535 5.7.8"))
    check("alice's is good", site.kerberos("alice").startswith("235"))
    with site.login("alice"), site.place.pop() as pop:
        check("and her password at both", pop.answer.startswith("+OK"), pop.answer)
    with Smtp(site.address, 25) as smtp:
        smtp.start_tls(site.context)
        equal("a server without groups lets erin in", smtp.login("erin", PASSWORDS["erin"]).code, 235)
    text = site.lab.inside(harness.POSTERN, "-c", site.conf, "explain", "login", "erin").stdout
    contains("explain tells it", text, "refused like a wrong password")
    site.lab.samba_tool("group", "addmembers", "engineering", "erin")
    with site.login("erin"), site.place.pop("erin", PASSWORDS["erin"]) as pop:
        check("erin in the group comes in", pop.answer.startswith("+OK"), pop.answer)


def main():
    site = Site()
    with case("prepare"):
        site.prepare()
    site.configure('send_as = "own"\nrelay_groups = { "%s" }' % site.staff)
    for test in (own, header_fields, recipients, relaying, sizes, full):
        with case(test.__name__):
            test(site)
    with case("reported"):
        site.configure()
        reported(site)
    with case("anybody"):
        site.configure('send_as = "any"')
        anybody(site)
    with case("groups"):
        site.configure('login_groups = { "engineering" }', 'login_groups = { "%s" }' % PEOPLE % "engineering")
        groups(site)
    equal("no process died", site.lab.log().count("role.died"), 0)
    core.no_secret(site.place, list(PASSWORDS.values()))


run(main)
