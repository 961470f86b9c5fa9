#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Three quota levels a person, by the entries of a real Active Directory (Samba): kept to, told of, counted anew."""
import email
import email.policy
import json
import os
import re
import threading

import core
import harness
from clients import Smtp, message, subjects, token
from harness import TOP, case, check, command, contains, equal, read, run, wait_for
from site_under_test import Lab, tls

PEOPLE = "CN=%s,CN=Users,DC=corp,DC=example"
PASSWORDS = {"alice": "Alice-Pw1", "bob": "Bob-Pw1", "erin": "Erin-Pw1"}
SIZE = 10000
WARN, SEND, RECEIVE = 2 * SIZE + 3000, 4 * SIZE + 1000, 7 * SIZE
SESSIONS, ROOM, GROUP = 200, 50, 40


class Site:
    def __init__(self):
        self.lab = Lab()
        self.state, self.address = self.lab.state, self.lab.address
        self.context = tls(self.lab.values["LAB_CA"])
        self.place = core.Place(self.address, self.lab.values["LAB_CA"], self.context, self.lab.log, [])
        self.conf = self.state + "/postern.conf"

    def prepare(self):
        done = command(TOP + "/ldap-schema/samba.sh", self.state + "/samba/private/sam.ldb", cwd=TOP + "/ldap-schema")
        check("the domain has the attributes", done.returncode == 0, done.stdout)
        template = self.state + "/full.txt"
        with open(template, "w") as file:
            file.write("Subject: Postfach fast voll: %{percent}\n\nF\u00fcr %{address}: %{used} von %{limit}.\n")
        text = re.sub(r'preset = "ad"\n', "", read(self.conf))
        text = text.replace('keytab = "', 'preset = "ad-postern"\n\tcache_positive = 1\n\tkeytab = "', 1)
        # What only bob@sales.example has: the domain's levels, and the server's.
        text = text.replace('domain "sales.example" {', 'domain "sales.example" {\n\tquota_warn = "30K"', 1)
        text += '\nquota {\n\tsend = "5M"\n\towner_copy = "bob@corp.example"\n\ttemplate = "%s"\n}\n' % template
        with open(self.conf, "w") as file:
            file.write(text)
        self.give("alice", posternQuotaWarn=WARN, posternQuotaSend=SEND, posternQuotaReceive=RECEIVE)
        self.lab.stop()
        self.lab.restart()

    def give(self, name, **attributes):
        self.lab.modify("dn: %s\nchangetype: modify\n" % (PEOPLE % name) + "-\n".join(
            "replace: %s\n%s: %s\n" % (key, key, value) for key, value in attributes.items()))

    def deliver(self, address, size=SIZE, parameters=""):
        with Smtp(self.address) as smtp:
            return smtp.transact("x@elsewhere.example", address, message(token(), size=size))

    def quota(self, *words, code=0):
        done = self.lab.inside(harness.POSTERN, "-c", self.conf, "--json", "quota", *words)
        check("quota %s ends with %d" % (" ".join(words), code), done.returncode == code, done.stdout)
        return json.loads(done.stdout)

    def mail(self, user, delete=False):
        return self.place.inbox(user, PASSWORDS[user], delete=delete)

    def stored(self, user):
        """Octets of the files."""
        box = os.path.dirname(self.maildirsize(user))
        return sum(os.path.getsize(os.path.join(box, folder, name))
                   for folder in ("new", "cur") for name in os.listdir(os.path.join(box, folder)))

    def maildirsize(self, user):
        return os.path.join(self.lab.values["LAB_MAIL_ROOT"], "corp.example", user, "maildirsize")


def warnings(texts):
    return [text for text in texts if "Auto-Submitted: auto-generated" in text]


def levels(site):
    row = site.quota("show", "alice@corp.example")[0]
    equal("levels of an entry", [row[key] for key in ("warn", "send", "receive")], [WARN, SEND, RECEIVE])
    equal("and that it is the entry", {row[key + "_source"] for key in ("warn", "send", "receive")}, {"entry"})
    row = site.quota("show", "bob@sales.example")[0]
    equal("of a domain, of the server, of none", [row[key] for key in ("warn", "send", "receive")], [30 << 10, 5 << 20, 0])
    contains("the domain says so", row["warn_source"], "domain")
    contains("the server says so", row["send_source"], "section quota")
    equal("a name is one of the default domain", site.quota("show", "alice")[0]["address"], "alice@corp.example")
    row = site.quota("show", "nobody@corp.example", code=1)[0]
    check("nobody has no mailbox", not row["mailbox"], row)


def warned(site):
    """Once at the crossing, whatever comes behind it; with a copy."""
    for number in (1, 2):
        equal("message %d" % number, site.deliver("alice@corp.example").code, 250)
    equal("below the level nobody is told", warnings(site.mail("alice")), [])
    for number in (3, 4):
        equal("message %d" % number, site.deliver("alice@corp.example").code, 250)
    found = wait_for(lambda: warnings(site.mail("alice")))
    equal("told once", len(found or []), 1)
    parsed = email.message_from_string(found[0], policy=email.policy.default)
    contains("in the words of the template", parsed.get_content(), "F\u00fcr alice@corp.example: ")
    contains("and its subject", parsed["Subject"], "Postfach fast voll: ")
    equal("from the postmaster", parsed["From"], "postmaster@corp.example")
    equal("whom nobody answers", parsed["Return-Path"], "<>")
    check("a copy for the owner", wait_for(lambda: warnings(site.mail("bob"))))
    row = site.quota("show", "alice")[0]
    check("when he was told", row["warned"], row)
    with site.place.pop() as pop:
        answer = pop.ask("XQUOTA")
        equal("POP3 tells who asks", answer, "+OK %d %d" % (site.stored("alice"), RECEIVE))
        contains("and that it does", " ".join(pop.many("CAPA")), "XQUOTA")
    equal("usage is exact", row["octets"], site.stored("alice"))


def prohibited(site):
    with Smtp(site.address, 587) as smtp:
        smtp.start_tls(site.context)
        equal("alice logs in", smtp.login("alice", PASSWORDS["alice"]).code, 235)
        answer = smtp.envelope("alice@corp.example", "bob@corp.example")
        check("above the second level she sends nothing", answer.startswith("552 5.2.2"), answer)
        equal("but receives", site.deliver("alice@corp.example").code, 250)
        while site.quota("show", "alice")[0]["octets"] < RECEIVE - SIZE:
            equal("and receives", site.deliver("alice@corp.example").code, 250)
        answer = site.deliver("alice@corp.example")
        check("above the third nothing", answer.startswith("552 5.2.2"), answer)
        site.give("alice", posternQuotaReceive=2 * RECEIVE, posternQuotaSend=2 * RECEIVE)
        check("more room takes effect by itself",
              wait_for(lambda: site.deliver("alice@corp.example", 2000).code == 250, 60, 1))
        check("for sending too", wait_for(
            lambda: smtp.envelope("alice@corp.example").code == 250 or smtp.ask("RSET") == "", 60, 1))
    equal("still told once", len(warnings(site.mail("alice"))), 1)


def again(site):
    """Below the level and over it: another crossing."""
    site.mail("alice", delete=True)
    equal("an empty mailbox", site.quota("show", "alice")[0]["octets"], 0)
    for number in (1, 2, 3, 4):
        equal("message %d" % number, site.deliver("alice@corp.example").code, 250)
    check("told once more", wait_for(lambda: len(warnings(site.mail("alice"))) == 1))


def unreadable(site):
    """maxStorage is a number; another attribute can say anything."""
    conf = read(site.conf)
    with open(site.conf, "w") as file:
        file.write(conf.replace('preset = "ad-postern"', 'preset = "ad-postern"\n\tattribute_quota = "description"', 1)
                   .replace('domain "corp.example" {', 'domain "corp.example" {\n\tquota = "20M"', 1))
    site.give("bob", description="12 apples")
    row = site.quota("show", "bob@corp.example")[0]
    equal("what cannot be read is the domain's default", row["receive"], 20 << 20)
    site.give("bob", description="none")
    equal("none is none", site.quota("show", "bob@corp.example")[0]["receive"], 0)
    site.give("bob", description="9M")
    equal("with a unit", site.quota("show", "bob@corp.example")[0]["receive"], 9 << 20)
    with open(site.conf, "w") as file:
        file.write(conf)


def tools(site):
    used = site.quota("show", "alice")[0]["octets"]
    with open(site.maildirsize("alice"), "w") as file:
        file.write("%dS\n5 1\n" % (2 * RECEIVE))
    equal("recalc tells what there is", site.quota("recalc", "alice")[0]["octets"], used)
    equal("and the gateway goes on from there", site.deliver("alice@corp.example", 1000).code, 250)
    text = read(site.maildirsize("alice"))
    check("with a count of its own", "%d" % used in text, text)
    rows = site.quota("report")
    equal("report has every mailbox, the fullest first", [row["percent"] for row in rows],
          sorted((row["percent"] for row in rows), reverse=True))
    check("all domains", {row["address"].split("@")[1] for row in rows} >= {"corp.example"}, rows)
    full = site.quota("report", "--domain", "corp.example", "--over", "10")
    check("or those over a limit", full and all(row["percent"] >= 10 for row in full), full)
    equal("recalc of all", len(site.quota("recalc", "--all")), len(rows))
    done = site.lab.inside(harness.POSTERN, "-c", site.conf, "quota", "report")
    contains("as a table too", done.stdout, "alice@corp.example")
    for words in (("quota",), ("quota", "show"), ("quota", "report", "--over", "x"), ("quota", "recalc")):
        done = site.lab.inside(harness.POSTERN, "-c", site.conf, *words)
        equal("usage of %s" % " ".join(words), done.returncode, 2)
    done = site.lab.inside(harness.POSTERN, "-c", site.conf, "quota", "report", "--domain", "x.example")
    equal("a domain that is none", done.returncode, 1)


def renamed(site):
    """A mailbox is its owner's, whatever address he has, and whoever has the old one."""
    equal("mail for dave", site.deliver("dave@corp.example", 3000).code, 250)
    site.give("dave", mail="david@corp.example", posternQuotaReceive=123456)
    site.give("carol", mail="dave@corp.example")
    row = wait_for(lambda: next((row for row in site.quota("report") if row["address"] == "david@corp.example"), None))
    check("report has the new address", row, site.quota("report"))
    check("with his mail", row["octets"] > 3000 and row["messages"] == 1, row)
    equal("and his limit", (row["receive"], row["receive_source"]), (123456, "entry"))
    site.give("dave", mail="dave@corp.example")
    site.give("carol", mail="carol@corp.example")


def crowd(site):
    """200 at once into a mailbox with room for 50: never more, and nothing that was accepted is missing."""
    words, answers = [token() for _ in range(SESSIONS)], {}
    site.mail("erin", delete=True)
    site.give("erin", posternQuotaReceive=ROOM * 2300, maxStorage=ROOM * 2300)
    check("the limit is known", wait_for(
        lambda: site.quota("show", "erin")[0]["receive"] == ROOM * 2300, 60, 1))
    gate = threading.Barrier(SESSIONS)

    def one(word):
        with Smtp(site.address) as smtp:
            smtp.envelope("x@elsewhere.example", "erin@corp.example")
            gate.wait(harness.PATIENCE)
            answers[word] = smtp.data(message(word, size=2000))

    threads = [threading.Thread(target=one, args=(word,)) for word in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = {word for word, answer in answers.items() if answer.code == 250}
    refused = {str(answer)[:9] for word, answer in answers.items() if word not in good}
    texts = site.mail("erin")
    equal("all were answered", len(answers), SESSIONS)
    equal("those that did not fit were refused", refused, {"552 5.2.2"})
    check("the limit is kept", sum(len(text) for text in texts) <= ROOM * 2300, len(texts))
    check("and used", len(good) >= ROOM - 10, len(good))
    equal("what was accepted is there", {word for word in words if any(word in text for text in texts)}, good)


def through_a_group(site):
    """The same by a group: whoever has no room gets nothing, the others all, and the sender is told."""
    words = [token() for _ in range(GROUP)]
    members = "".join("member: %s\n" % (PEOPLE % name) for name in ("bob", "erin"))
    site.lab.modify("dn: %s\nchangetype: add\nobjectClass: group\nsAMAccountName: Crowd\nmail: crowd@corp.example\n"
                    "groupType: 2\n%s" % (PEOPLE % "Crowd", members))
    for user in ("bob", "erin"):
        site.mail(user, delete=True)
    gate = threading.Barrier(GROUP)
    answers = []

    def one(word):
        with Smtp(site.address, 587) as smtp:
            smtp.start_tls(site.context)
            smtp.login("bob", PASSWORDS["bob"])
            smtp.envelope("bob@corp.example", "crowd@corp.example")
            gate.wait(harness.PATIENCE)
            answers.append(smtp.data(message(word, sender="bob@corp.example", size=5000)).code)

    threads = [threading.Thread(target=one, args=(word,)) for word in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal("all are accepted", answers, [250] * GROUP)

    def told():
        """All of what came of it: copies of bob's, of erin's, what bob was told of."""
        texts = site.mail("bob")
        reports = [text for text in texts if "delivery-status" in text]
        own = subjects(text for text in texts if text not in reports)
        others = subjects(site.mail("erin"))
        return (own, others, reports) if len(own) + len(others) + len(reports) >= 2 * GROUP else None

    own, others, reports = wait_for(told) or ([], [], [])
    equal("bob has each once", sorted(own), sorted(words))
    equal("erin has each once, or bob is told", sorted(others + [
        word for text in reports for word in words if word in text]), sorted(words))
    check("erin's limit is kept and used", ROOM * 2300 - 6000 < site.quota("show", "erin")[0]["octets"] <= ROOM * 2300,
          len(others))
    check("and said to be the reason", reports and all("5.2.2" in text for text in reports), reports[:1])


def main():
    site = Site()
    with case("prepare"):
        site.prepare()
    for test in (levels, warned, prohibited, again, unreadable, tools, renamed, crowd,
                 through_a_group):
        with case(test.__name__):
            test(site)
    equal("no process died", site.lab.log().count("role.died"), 0)


run(main)
