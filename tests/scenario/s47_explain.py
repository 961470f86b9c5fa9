#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What `postern explain` says of mail is what a client is told, on a real Active Directory (Samba)."""
import json
import os
import signal

from clients import Smtp, message, token
from harness import POSTERN, case, check, command, contains, equal, read, run, wait_for
from site_under_test import Lab, tls

DEFAULT, SUBMISSION = "Default SMTP Virtual Server", "Submission"
# A contact, a group with members of all kinds, a circle, two entries with one address, a group for who has logged in.
ENTRIES = """dn: CN=Dora,CN=Users,DC=corp,DC=example
objectClass: contact
mail: dora@partner.example
proxyAddresses: SMTP:dora@partner.example
proxyAddresses: smtp:dora@corp.example

dn: CN=everyone,CN=Users,DC=corp,DC=example
objectClass: group
sAMAccountName: everyone
mail: everyone@corp.example
member: CN=staff,CN=Users,DC=corp,DC=example
member: CN=Dora,CN=Users,DC=corp,DC=example
member: CN=carol,CN=Users,DC=corp,DC=example

dn: CN=empty,CN=Users,DC=corp,DC=example
objectClass: group
sAMAccountName: empty
mail: empty@corp.example

dn: CN=twin one,CN=Users,DC=corp,DC=example
objectClass: contact
mail: twins@corp.example

dn: CN=twin two,CN=Users,DC=corp,DC=example
objectClass: contact
mail: twins@corp.example
"""
CIRCLE = """dn: CN=staff,CN=Users,DC=corp,DC=example
changetype: modify
add: member
member: CN=everyone,CN=Users,DC=corp,DC=example
"""
# The kind, the address, what the route has to say.
ADDRESSES = (
    ("a person", "alice@corp.example", "a mailbox here"),
    ("an alias", "a.smith@corp.example", "a mailbox here"),
    ("an alias domain", "A.Smith@corp-alias.example", "a mailbox here"),
    ("another domain", "bob@sales.example", "a mailbox here"),
    ("postmaster", "postmaster@sales.example", "a mailbox here"),
    ("a group", "engineering@corp.example", "refused"),
    ("a nested group", "staff@corp.example", "refused"),
    ("a group with all kinds", "everyone@corp.example", "refused"),
    ("an empty group", "empty@corp.example", "refused"),
    ("a contact", "dora@corp.example", "becomes others"),
    ("a disabled person", "carol@corp.example", "refused"),
    ("an expired person", "frank@corp.example", "refused"),
    ("nobody", "nobody@corp.example", "refused"),
    ("odd characters", '"*)(mail=*"@corp.example', "refused"),
    ("two entries", "twins@corp.example", "refused"),
    ("a domain of others", "x@partner.example", "a domain of others"),
    ("an address literal", "x@[192.0.2.1]", "a domain of others"),
)


class Place:
    def __init__(self, lab):
        self.lab, self.address, self.context = lab, lab.address, tls(lab.values["LAB_CA"])
        self.file = lab.state + "/postern.conf"

    def explain(self, *words):
        """(exit code, what it says)"""
        done = self.lab.inside(POSTERN, "-c", self.file, "--json", "explain", *words)
        try:
            return done.returncode, json.loads(done.stdout)
        except ValueError:
            return done.returncode, {"error": done.stdout}

    def session(self, port=25, user=None):
        smtp = Smtp(self.address, port)
        if user:
            smtp.start_tls(self.context)
            answer = smtp.login(*user)
            if answer.code != 235:
                raise RuntimeError(answer)
        return smtp


def said(told, verb, server=DEFAULT):
    if verb in told:
        return told[verb]
    return next((line.removeprefix(server + ": ") for line in told.get(verb + " at", []) if line.startswith(server + ": ")), "")


def same(place, name, recipient):
    """Explained and asked: the same, and the exit code knows it."""
    code, told = place.explain(recipient)
    with place.session() as smtp:
        reply = smtp.envelope("x@elsewhere.example", recipient)
    equal("%s: the reply" % name, said(told, "RCPT"), reply)
    equal("%s: the exit code" % name, code, 0 if reply.code == 250 else 1)
    return told


def addresses(place):
    for name, recipient, route in ADDRESSES:
        with case(name):
            told = same(place, name, recipient)
            contains("%s: the route" % name, told.get("route", ""), route)
    told = place.explain("erin@corp.example")[1]
    steps = [next(iter(step.items())) for step in told["recipient"]]
    keys = [key for key, _ in steps]
    check("the steps are told", keys[:4] == ["asked", "directory", "server", "filter"] and {"entry", "decided", "quota receive"} <= set(keys), keys)
    equal("the mailbox", told.get("mailbox"), "erin@corp.example")
    code, told = place.explain("everyone@corp.example")
    reached = sorted(step["reaches"].rpartition(": ")[2] for step in told["expansion"] if "reaches" in step)
    equal("a group with a circle: whom it reaches", reached,
          ["alice@corp.example", "bob@corp.example", "dora@partner.example", "erin@corp.example"])
    equal("and how many", (told.get("becomes"), told.get("groups")), ("4", "3"))
    check("and who is left out", any("carol" in str(step) for step in told["expansion"]), told["expansion"])
    code, told = place.explain("x@partner.example")
    contains("relaying: the rule", str(told.get("relaying")), "relay_list")
    done = command(POSTERN, "-c", place.file, "explain", "alice@corp.example")
    contains("as text", done.stdout, "RCPT                               250 2.1.5 Recipient ok")


def senders(place):
    """In whose name, and to whom, by both servers."""
    users = {"alice": ("alice", "Alice-Pw1"), "erin": ("erin", "Erin-Pw1")}
    for name, sender, recipient in (
            ("", "x@elsewhere.example", "alice@corp.example"), ("", "<>", "alice@corp.example"),
            ("", "alice@corp.example", "x@partner.example"), ("", "x@elsewhere.example", "nobody@corp.example"),
            ("alice", "alice@corp.example", "x@partner.example"), ("alice", "a.smith@corp.example", "bob@corp.example"),
            ("alice", "alice@corp.example", "staff@corp.example"), ("erin", "x@elsewhere.example", "carol@corp.example")):
        words = ("send", sender, recipient) + (("--as", name) if name else ())
        with case(" ".join(words)):
            code, told = place.explain(*words)
            for server, port in ((DEFAULT, 25), (SUBMISSION, 587)):
                with place.session(port, users.get(name)) as smtp:
                    mail = smtp.ask("MAIL FROM:<%s>" % sender.strip("<>"))
                    rcpt = smtp.ask("RCPT TO:<%s>" % recipient) if mail.code == 250 else ""
                equal("%s, %s: MAIL" % (" ".join(words), server), said(told, "MAIL", server), mail)
                if rcpt:
                    equal("%s, %s: RCPT" % (" ".join(words), server), said(told, "RCPT", server), rcpt)
    code, told = place.explain("send", "alice@corp.example", "x@partner.example", "--as", "alice")
    check("the next hop", any("partner.example" in hop for hop in told.get("next hop", [])), told)
    code, told = place.explain("send", "bob@corp.example", "alice@corp.example", "--as", "alice")
    check("in bob's name: only logged that it would be refused", len(told.get("only logged", [])) == 2 and
          "550 5.7.1" in told["only logged"][0], told)
    for user, why in (("nobody", "535"), ("carol", "535"), ("dave", "535")):
        code, told = place.explain("send", "alice@corp.example", "bob@corp.example", "--as", user)
        check("as %s: no login, no mail" % user, code == 1 and told.get("AUTH", "").startswith(why), told)


def full(place):
    """erin has 262,144 octets."""
    told = same(place, "room in the mailbox", "erin@corp.example")
    equal("the quota", told.get("quota"), "262144")
    for number in range(30):
        with place.session() as smtp:
            if smtp.transact("x@elsewhere.example", "erin@corp.example", message(token(), size=40000)).code != 250:
                break
    with place.session() as smtp:
        smtp.transact("x@elsewhere.example", "erin@corp.example", message(token(), size=262144))
    told = same(place, "a mailbox that is nearly full", "erin@corp.example")
    contains("how full", told.get("quota state", ""), " of 262144 octets used")
    place.lab.modify("dn: CN=erin,CN=Users,DC=corp,DC=example\nchangetype: modify\nreplace: maxStorage\nmaxStorage: 1000\n")
    place.lab.stop()  # it has no need to wait until the cache has forgotten
    place.lab.restart()
    told = same(place, "a full mailbox", "erin@corp.example")
    contains("is called full", told.get("quota state", ""), "full")
    contains("by both", told.get("RCPT", ""), "552 5.2.2")


def mistakes(place):
    for words in (("nobody",), ("send", "a@b"), ("send", "a@corp.example", "b@corp.example", "c"), ("a@b", "--as", "alice"), ()):
        equal("%s: usage" % " ".join(words), command(POSTERN, "-c", place.file, "explain", *words).returncode, 2)
    code, told = place.explain("a b@corp.example")
    check("no address", code == 1 and "no address" in told, told)
    code, told = place.explain("send", "alice", "bob@corp.example")
    check("no sender", code == 1 and "no address" in told, told)


def alone(place):
    """Without a gateway the command asks the directory itself and says the same."""
    chosen = [row for row in ADDRESSES if row[0] in ("an alias", "a group with all kinds", "nobody", "two entries",
                                                     "a domain of others")]
    before = {recipient: place.explain(recipient) for _, recipient, _ in chosen}
    place.lab.stop()
    for name, recipient, _ in chosen:
        code, told = place.explain(recipient)
        equal("alone, %s: the reply" % name, (code, said(told, "RCPT"), told.get("route"), told.get("becomes")),
              (before[recipient][0], said(before[recipient][1], "RCPT"), before[recipient][1].get("route"),
               before[recipient][1].get("becomes")))
        contains("alone, %s: who asked" % name, told.get("asked by", ""), "no gateway is running")
    place.lab.restart()


def down(place):
    """No controller: nobody is called unknown, by either."""
    for pid in command("ip", "netns", "pids", place.lab.name).stdout.split():
        if os.path.realpath("/proc/%s/exe" % pid) == "/usr/sbin/samba":
            os.kill(int(pid), signal.SIGKILL)
    check("the controllers are gone", wait_for(lambda: place.explain("gone@corp.example")[1].get("RCPT", "").startswith("451")))
    for name, recipient in (("known a moment ago", "alice@corp.example"), ("never asked about", "u1@corp.example"),
                            ("a domain of others", "x@partner.example")):
        same(place, "down, " + name, recipient)


def main():
    lab = Lab()
    place = Place(lab)
    for ldif in (ENTRIES, CIRCLE):
        done = lab.inside("ldapmodify", *(() if "changetype" in ldif else ("-a",)), "-x", "-ZZ", "-H", "ldap://" + lab.values["LAB_DC"],
                          "-D", "Administrator@corp.example", "-w", lab.values["LAB_ADMIN_PASSWORD"], input=ldif,
                          env=dict(os.environ, LDAPTLS_CACERT=lab.values["LAB_CA"]))
        if done.returncode != 0:
            raise RuntimeError(done.stdout)
    for test in (addresses, senders, full, mistakes, alone, down):
        with case(test.__name__):
            test(place)
    equal("no process died", read(lab.log_file).count("role.died"), 0)


run(main)
