#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Mail to groups, end to end: each member once, reports, a sender of its own, full mailboxes; kill -9 in the middle.

LISTS_MEMBERS=20000 measures a large group: from the 250 to the last mailbox.
"""
import collections
import os
import re
import signal
import time

from clients import Smtp, message, token
from harness import case, check, equal, read, run, state_directory, wait_for
from site_under_test import ADDRESS, Gateway, Namespace, Slapd, certificates, population

MANY = int(os.environ.get("LISTS_MEMBERS", "2000"))
PATIENCE = 240
PEOPLE = [(name, name.title() + "-Pw1", name + "@corp.example", "the." + name + "@corp.example")
          for name in ("alice", "bob", "carol", "olga", "full")]
GROUPS = {"staff": ("alice", "bob", "carol"), "sales": ("bob", "carol"), "owned": ("alice", "bob"),
          "tight": ("alice", "full"), "nested": ("alice",), "empty": ("nobody",)}
MORE = {"owned": "owner: uid=olga,ou=people,%s\nbusinessCategory: TRUE\n" % Slapd.SUFFIX,
        "nested": "member: cn=staff,ou=people,%s\nmember: cn=nested,ou=people,%s\n" % (Slapd.SUFFIX, Slapd.SUFFIX)}


def group(name, members, more=""):
    suffix = Slapd.SUFFIX
    return ("dn: cn=%s,ou=people,%s\nobjectClass: groupOfNames\nobjectClass: extensibleObject\ncn: %s\n"
            "mail: %s@corp.example\n%s%s\n" % (
                name, suffix, name, name,
                "".join("member: uid=%s,ou=people,%s\n" % (member, suffix) for member in members), more))


def directory():
    people = PEOPLE + [("m%05d" % i, "Member-Pw1", "m%05d@corp.example" % i) for i in range(MANY)]
    text = population(people).replace("uid: full\n", "uid: full\nroomNumber: 400\n")
    return text + "\n" + "\n".join(
        group(name, members, MORE.get(name, "")) for name, members in GROUPS.items()) + "\n" + group(
            "all", ["m%05d" % i for i in range(MANY)])


class Mailboxes:
    def __init__(self, root):
        self.root = root + "/corp.example"

    def files(self, name):
        try:
            return [self.root + "/%s/new/%s" % (name, file) for file in os.listdir(self.root + "/%s/new" % name)]
        except FileNotFoundError:
            return []

    def having(self, name, word):
        return [text for text in map(read, self.files(name)) if word in text]

    def count(self, word, names):
        return {name: len(self.having(name, word)) for name in names}


def waiting(gateway):
    return [file for top, _, files in os.walk(gateway.state + "/queue") if "/.spool" not in top and "badmail" not in top
            for file in files]


def drained(gateway, seconds=PATIENCE):
    return wait_for(lambda: not waiting(gateway), seconds)


def send(recipients, text, sender="alice@corp.example", notify=""):
    with Smtp(ADDRESS) as smtp:
        answer = smtp.ask("MAIL FROM:<%s>" % sender)
        for recipient in recipients:
            if answer.code == 250:
                answer = smtp.ask("RCPT TO:<%s>%s" % (recipient, notify))
        return smtp.data(text) if answer.code == 250 else answer


def once(gateway, boxes):
    """A group, a member of it under another address, and a second group: each has it once."""
    word = token()
    answer = send(["staff@corp.example", "the.alice@corp.example", "sales@corp.example"], message(word))
    equal("a group, a member and another group are accepted", answer.code, 250)
    check("and leave the queue", drained(gateway), gateway.tail())
    equal("each has it once", boxes.count(word, ("alice", "bob", "carol", "olga")),
          {"alice": 1, "bob": 1, "carol": 1, "olga": 0})
    word = token()
    equal("groups in groups, and a loop", send(["nested@corp.example"], message(word)).code, 250)
    drained(gateway)
    equal("reach each once", boxes.count(word, ("alice", "bob", "carol")), {"alice": 1, "bob": 1, "carol": 1})


def reported(gateway, boxes):
    """RFC 3464 section 2.3.3: "expanded", once; the members' arrival is not reported (RFC 3461 section 5.2.7.3)."""
    word = token()
    send(["staff@corp.example"], message(word), "olga@corp.example", " NOTIFY=SUCCESS")
    drained(gateway)
    reports = boxes.having("olga", word)
    equal("one report comes", len(reports), 1)
    equal("of one recipient, expanded", re.findall(r"(?m)^Action: (\S+)", "".join(reports)), ["expanded"])
    check("the group's", "staff@corp.example" in "".join(reports))
    word = token()
    send(["staff@corp.example"], message(word), "olga@corp.example")
    drained(gateway)
    equal("none without NOTIFY", len(boxes.having("olga", word)), 0)


def owner(gateway, boxes):
    """Failures of a group that reports to its owner are the owner's: he is the envelope's sender."""
    word = token()
    send(["owned@corp.example"], message(word), "carol@corp.example")
    drained(gateway)
    equal("its members have it", boxes.count(word, ("alice", "bob")), {"alice": 1, "bob": 1})
    check("from the owner", all("Return-Path: <olga@corp.example>" in text for text in boxes.having("alice", word)),
          boxes.having("alice", word))


def full(gateway, boxes):
    word = token()
    send(["tight@corp.example"], message(word, size=2000), "olga@corp.example")
    drained(gateway)
    equal("who has room has it", boxes.count(word, ("alice", "full")), {"alice": 1, "full": 0})
    reports = "".join(boxes.having("olga", word))
    check("the sender is told of who has none", "full@corp.example" in reports and "5.2.2" in reports, reports[:2000])
    check("and of nobody else", "alice@corp.example" not in reports.replace("X-Postern", ""), reports[:2000])


def struck(gateway, boxes):
    """kill -9 of each role while a large group is expanded and delivered to."""
    word = token()
    equal("a large group is accepted", send(["all@corp.example"], message(word)).code, 250)
    names = ["m%05d" % i for i in range(MANY)]
    strokes = 0
    while waiting(gateway) and strokes < 9:
        role = ("directory", "relay", "store")[strokes % 3]
        for pid in gateway.roles()[role]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        strokes += 1
        time.sleep(0.7)
    check("roles were killed meanwhile", strokes >= 3, str(strokes))
    check("and it leaves the queue", drained(gateway), "%s\n%s" % (waiting(gateway), gateway.tail()))
    counts = collections.Counter(boxes.count(word, names).values())
    equal("all have it, once", counts, {1: MANY})


def measured(gateway, boxes):
    word = token()
    began = time.monotonic()
    equal("a group of %d is accepted" % MANY, send(["all@corp.example"], message(word)).code, 250)
    accepted = time.monotonic()
    check("and leaves the queue", drained(gateway), gateway.tail())
    took = time.monotonic() - accepted
    print("%d members: 250 after %.2f s, all delivered %.1f s later, %.0f a second" % (
        MANY, accepted - began, took, MANY / took))
    equal("all have it, once", collections.Counter(boxes.count(word, ["m%05d" % i for i in range(MANY)]).values()),
          {1: MANY})


def main():
    state = state_directory()
    Namespace()
    certificates(state, ("slapd", "IP:10.54.0.1"))
    Slapd(state + "/slapd", directory(), with_tls=(state + "/slapd.pem", state + "/slapd.key", state + "/ca.pem"))
    gateway = Gateway(state, ["ldap://10.54.0.1"],
                      smtp_more='outbound { retry = { "2s" } }', domain_more='group_senders = "anybody"', directory_more='attribute_quota = "roomNumber"\n\tattribute_report_owner = "businessCategory"')
    gateway.start()
    boxes = Mailboxes(state + "/mail")
    if "LISTS_MEMBERS" in os.environ:
        for what in ("mailboxes are made", "mailboxes are there"):
            with case(what):
                measured(gateway, boxes)
        return
    for test in (once, reported, owner, full, struck):
        with case(test.__name__):
            test(gateway, boxes)


run(main)
