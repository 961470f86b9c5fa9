#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Groups, contacts, forwarding, sub-addresses, catch-all and old names on a real Active Directory (Samba)."""
import re

import core
import harness
from clients import Smtp, mailbox, message, subjects, token
from harness import BUILD, TOP, case, check, command, equal, must, run, wait_for
from scripted_smtp import Sink
from site_under_test import Lab, tls

BASE = "DC=corp,DC=example"
TEAM, INNER = "CN=Team,CN=Users," + BASE, "CN=Inner,CN=Users," + BASE
LEGACY = "/o=Corp/cn=Old"


def dn(name):
    return "CN=%s,CN=Users,%s" % (name, BASE)


def add(name, classes, **attributes):
    """An entry as LDIF."""
    lines = ["dn: " + dn(name), "changetype: add", "objectClass: " + classes]
    for attribute, values in attributes.items():
        for value in values if isinstance(values, list) else [values]:
            lines.append("%s: %s" % (attribute, value))
    return "\n".join(lines) + "\n\n"


def person(name, **attributes):
    """Enabled, without a password: it gets mail and does not log in."""
    return add(name, "user", sAMAccountName=name, userAccountControl="544", mail=name + "@corp.example", **attributes)


def group(name, members, **attributes):
    return add(name, "group", sAMAccountName=name, mail=name.lower() + "@corp.example", groupType="2",
               member=members, **attributes)


def members(name, *more):
    """By itself: an entry may name one that comes later."""
    return "dn: %s\nchangetype: modify\nadd: member\n%s\n" % (dn(name), "".join("member: %s\n" % one for one in more))


def populate(lab):
    users = {name: re.search(r"^dn: (.*)$", lab.samba_tool("user", "show", name, "--attributes=mail"), re.M)[1]
             for name in ("alice", "bob", "carol", "erin")}
    ldif = add("Kim", "contact", mail="kim@partner.example", proxyAddresses="smtp:kim@corp.example")
    ldif += person("moved", posternForward=users["bob"])
    ldif += person("copied", posternForward=users["bob"], posternForwardKeep="TRUE")
    ldif += person("away", posternForwardAddress="kim@partner.example")
    ldif += person("round", posternRoutingAddress="about@corp.example")
    ldif += person("about", posternForwardAddress="round@corp.example")
    ldif += person("renamed", posternRoutingAddress="bob@corp.example")
    ldif += person("far", posternMailHost="[10.54.0.9]:2525")
    ldif += person("rewritten", posternMailHost="[10.54.0.9]:2525", posternRoutingAddress="r@inside.example")
    ldif += person("spoilt", posternMailHost="two words")
    ldif += person("small", posternSizeReceive="1000")
    ldif += person("shy", posternAcceptFrom=users["alice"])
    ldif += person("old", legacyExchangeDN=LEGACY)
    ldif += person("older", proxyAddresses=["SMTP:older@corp.example", "x500:/o=Corp/cn=Older (1)"])
    ldif += group("Inner", [users["erin"], users["carol"], dn("Kim"), dn("copied")])
    ldif += group("Team", [users["alice"], users["bob"], INNER, dn("moved")])
    ldif += group("Owned", [users["bob"]], managedBy=users["erin"], posternReportOwner="TRUE")
    ldif += group("Closed", [users["bob"]], posternRejectFrom=users["alice"])
    ldif += group("Narrow", [users["bob"], dn("small")])
    ldif += group("Outer", [TEAM, dn("Closed"), dn("Owned")])
    lab.modify(ldif)
    lab.modify(members("Inner", TEAM))  # a circle


class Probe:
    def __init__(self, lab):
        self.lab, self.binary = lab, BUILD + "/tests/scenario/routing_probe"
        must("make", "-s", "-C", TOP, "TOP=" + BUILD, self.binary, timeout=1200)

    def __call__(self, *words):
        return self.lab.inside(self.binary, self.lab.state + "/postern.conf", *words).stdout

    def becomes(self, address, login="alice@corp.example"):
        """(members by list, refused), and what else was said."""
        lists, refused, text = {}, [], self("expand", address, login)
        for word, *rest in (line.split(" ") for line in text.splitlines()):
            if word == "list":
                last = lists.setdefault(rest[0], [])
            elif word == "member":
                last.append(" ".join(rest))
            elif word == "refused":
                refused.append("%s %s" % tuple(rest[:2]))
        return {name: sorted(value) for name, value in lists.items()}, sorted(refused), text


def answers(place):
    for recipient, wanted in (
            ("moved@corp.example", "250"), ("copied@corp.example", "250"), ("away@corp.example", "250"),
            ("kim@corp.example", "250"), ("renamed@corp.example", "250"), ("rewritten@corp.example", "250"),
            ("alice+tag@corp.example", "250"), ("alice+tag+more@corp-alias.example", "250"),
            ("alice+tag@sales.example", "250"),  # by its catch-all
            ("whoever@sales.example", "250"), ("whoever@corp.example", "550 5.1.1"),
            ("IMCEAEX-_o=Corp_cn=Old@corp.example", "250"), ("IMCEAEX-_O=CORP_CN=older+20+281+29@corp.example", "250"),
            ("IMCEAEX-_o=Corp_cn=Nobody@corp.example", "550 5.1.1"),
            ("carol@corp.example", "550 5.2.1"), ("spoilt@corp.example", "451 4.3.5"),
            ("round@corp.example", "554 5.4.6"), ("shy@corp.example", "550 5.7.1"),
            ("team@corp.example", "550 5.7.1")):
        with Smtp(place.address) as smtp:
            answer = smtp.envelope("x@elsewhere.example", recipient)
        check("RCPT %s: %s" % (recipient, wanted), answer.startswith(wanted), answer)


def lists(probe):
    everybody = sorted("%s@corp.example" % name for name in ("alice", "bob", "erin", "copied")) + ["kim@partner.example"]
    got, refused, text = probe.becomes("team@corp.example")
    equal("a group in a group, in a circle: each once", got, {"-": everybody})
    equal("nobody is refused", refused, [])
    got, refused, text = probe.becomes("outer@corp.example")
    # bob is in a group whose failures are its owner's, and in one where they are not: the first that is read counts.
    equal("further groups: each once", sorted(sum(got.values(), [])), everybody)
    equal("and where alice may not send she is told so", refused, ["closed@corp.example 5.7.1"])
    got, refused, text = probe.becomes("owned@corp.example")
    equal("failures are the owner's", got, {"erin@corp.example": ["bob@corp.example"]})
    for name, wanted in (("copied", ["bob@corp.example", "copied@corp.example"]), ("away", ["kim@partner.example"]),
                         ("kim", ["kim@partner.example"]), ("rewritten", ["r@inside.example [10.54.0.9]:2525"])):
        got, refused, text = probe.becomes(name + "@corp.example", "-")
        equal(name + " becomes", (got, refused), ({"-": wanted}, []))
    got, refused, text = probe.becomes("team@corp.example", "-")
    check("a stranger's mail becomes nothing", "perm 5.7.1" in text and not got, text)


def explanation(probe):
    text = probe("resolve", "moved+x@corp.example", "-")
    for line in ("asked: moved+x@corp.example", "directory: corp", "without tag: moved", "entry: " + dn("moved"),
                 "decided: attribute_forward: 1 entries", "route: mailbox bob@corp.example", "reply: 250 2.1.5"):
        check("explained: " + line, line in text, text)
    text = probe("resolve", "shy@corp.example", "bob@corp.example")
    check("and the policy", "policy: refused: neither accept_from nor accept_groups" in text, text)
    text = probe("sender", "bob@corp.example", "alice@corp.example")
    check("alice does not send as bob", "perm 550 5.7.1" in text, text)
    check("but as herself", "ok " in probe("sender", "a.smith@corp.example", "alice@corp.example").splitlines()[-1], "")


def delivery(place, lab):
    """alice writes to all of it at once; each person has it once, whoever was named how often."""
    sink = Sink(lab.values["LAB_SINK_ADDRESS"])
    word = token()
    with Smtp(place.address, 587) as smtp:
        smtp.start_tls(place.context)
        smtp.login("alice", "Alice-Pw1")
        answer = smtp.transact("alice@corp.example", ["team@corp.example", "bob@corp.example", "copied@corp.example",
                                                      "erin+list@corp.example", "moved@corp.example"], message(word))
        equal("alice writes to a group and its members", answer.code, 250)
    taken = sink.took(word)
    check("the contact has it, once", taken and taken.recipients == ["kim@partner.example"], taken and taken.recipients)

    def waiting():
        return lab.inside(harness.POSTERN, "-c", lab.state + "/postern.conf", "queue", "list").stdout
    check("nothing of it waits", wait_for(lambda: "alice@corp.example" not in waiting()), waiting())
    for user, password in (("alice", "Alice-Pw1"), ("bob", "Bob-Pw1"), ("erin", "Erin-Pw1")):
        equal("%s has it once" % user, subjects(place.inbox(user, password)).count(word), 1)
    found = must("find", lab.state + "/mail/corp.example/copied", "-type", "f", "-path", "*/new/*").split()
    equal("who keeps a copy has it once", len(found), 1)


def sizes(place):
    """A message that one member does not take: the others have it, and who sent it is told."""
    word = token()
    with Smtp(place.address, 587) as smtp:
        smtp.start_tls(place.context)
        smtp.login("alice", "Alice-Pw1")
        equal("a large message to a group", smtp.transact("alice@corp.example", "narrow@corp.example",
                                                          message(word, size=20000)).code, 250)
    check("bob has it", wait_for(lambda: word in subjects(place.inbox("bob", "Bob-Pw1"))))
    found = wait_for(lambda: [text for text in mailbox(place.address, place.context, "alice", "Alice-Pw1", delete=True)
                              if "small@corp.example" in text and "Status: 5.2.3" in text])
    check("alice is told who does not take it", found)


def main():
    lab = Lab()
    place = core.Place(lab.address, lab.values["LAB_CA"], tls(lab.values["LAB_CA"]), lab.log, [])
    must(TOP + "/ldap-schema/samba.sh", lab.state + "/samba/private/sam.ldb")
    with open(lab.state + "/postern.conf") as file:
        text = file.read()
    text = text.replace('preset = "ad"', 'preset = "ad-postern"\n\tcache_positive = 0\n\tcache_negative = 0')
    text = text.replace('default = true', 'default = true\n\tsubaddress = "+"', 1)
    text = text.replace('postmaster = "bob@sales.example"', 'postmaster = "bob@sales.example"\n\tcatch_all = "bob@corp.example"')
    with open(lab.state + "/postern.conf", "w") as file:
        file.write(text)
    lab.stop()
    lab.restart()
    populate(lab)
    probe = Probe(lab)
    with case("what is answered"):
        answers(place)
    with case("what lists become"):
        lists(probe)
    with case("the explanation"):
        explanation(probe)
    with case("delivery"):
        delivery(place, lab)
    with case("sizes"):
        sizes(place)


run(main)
