#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What a directory says of groups, what is done while it is away, how fast a change is seen: Samba and OpenLDAP."""
import os
import re
import signal
import subprocess
import uuid

import harness
from clients import Smtp
from harness import BUILD, PATIENCE, TOP, at_end, case, check, command, contains, equal, must, read, run, wait_for
from site_under_test import Lab, Slapd, population

BASE = "DC=corp,DC=example"
MANY = 3000  # members of a group of slapd, in one attribute
MORE = 120   # of one of Samba, in several searches
PORT = 3890  # of slapd
PROBE = BUILD + "/tests/scenario/directory_probe"
PLAIN = """
directory "corp" {
	servers = { "ldap://127.0.0.1:%(port)d" }
	preset = "inetorgperson"
	recipient_filter = "(mail=%%{address})"
	attribute_member = "member"
	attribute_member_uid = "memberUid"
	attribute_member_filter = "labeledURI"
	base = "dc=corp,dc=example"
	bind = "simple"
	bind_dn = "cn=postern,dc=corp,dc=example"
	password_file = "%(state)s/password"
	tls = "none"
	allow_plaintext_on_loopback = true
}
domain "corp.example" { directory = "corp" default = true postmaster = "u1@corp.example" }
smtp "probe" { listen "127.0.0.1:2525" { tls = "none" } fqdn = "mail.corp.example" authentication = { "anonymous" } }
store { root = "%(state)s/mail" queue = "%(state)s/queue" }
"""


class Probe:
    """The directory client with one configuration, inside the lab, where its names are known."""

    def __init__(self, lab, configuration):
        self.lab, self.configuration = lab, configuration
        self.environment = dict(os.environ, KRB5_CONFIG=lab.state + "/krb5.conf")
        self.words = ("nsenter", "--target", read(lab.state + "/anchor").strip(), "--net", "--mount", "--wd=" + os.getcwd(),
                      "--", PROBE, configuration)

    def __call__(self, *words):
        return command(*self.words, *words, env=self.environment).stdout.strip()

    def members(self, address):
        """(persons, groups, nobody), or what else was answered."""
        text = self("members", address)
        found = re.search(r"^members \d+ persons=(\d+) groups=(\d+) nobody=(\d+)$", text, re.M)
        return tuple(map(int, found.groups())) if found else text

    def listed(self, address):
        return sorted(line for line in self("list", address).splitlines() if line.startswith(("one ", "nobody ")))

    def session(self):
        return Session(self)


class Session:
    """One that goes on, with what it remembers."""

    def __init__(self, probe):
        self.popen = subprocess.Popen([*probe.words, "shell"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, text=True, env=probe.environment)
        at_end(self.stop)

    def stop(self):
        if self.popen.poll() is None:
            self.popen.stdin.close()
            self.popen.wait(PATIENCE)

    def ask(self, words):
        self.popen.stdin.write(words + "\n")
        self.popen.stdin.flush()
        return self.popen.stdout.readline().strip()


# --- OpenLDAP ---

def groups(suffix):
    group = "dn: cn=%s," + suffix + "\nobjectClass: %s\nobjectClass: extensibleObject\ncn: %s\nmail: %s@corp.example\n%s"

    def entry(name, members, kind="groupOfNames"):
        return group % (name, kind, name, name, "\n".join(members))

    people = ["uid=u%d,ou=people,%s" % (number, suffix) for number in range(MANY)]
    dynamic = "labeledURI: ldap:///ou=people,%s??one?" % suffix
    return [entry("all", ["member: " + dn for dn in people]),
            entry("top", ["member: cn=all," + suffix, "member: uid=gone,ou=people," + suffix, "member: " + people[0]]),
            entry("loop", ["member: cn=ring," + suffix, "member: " + people[7]]),
            entry("ring", ["member: cn=loop," + suffix]),
            entry("unix", ["gidNumber: 1000", "memberUid: u1", "memberUid: u2", "memberUid: nobody"], "posixGroup"),
            entry("sevens", ["member: " + people[0], dynamic + "(|(uid=u7*)(uid=u77*))"]),
            entry("everybody", ["member: " + people[0], dynamic + "(objectClass=inetOrgPerson)"]),
            entry("elsewhere", ["member: " + people[0], "labeledURI: ldap://other.example/dc=x??sub?(uid=*)"])]


def openldap(lab, state):
    suffix = Slapd.SUFFIX
    os.makedirs(state)
    people = [("u%d" % number, "pw", "u%d@corp.example" % number) for number in range(MANY)]
    # slapd.sh: no more than 1000 entries for who is not its administrator.
    slapd = Slapd(state + "/slapd", population(people) + "\n" + "\n\n".join(groups(suffix)) + "\n", "127.0.0.1", PORT)
    for name, text in (("password", "Service-Pw1\n"), ("probe.conf", PLAIN % {"port": PORT, "state": state})):
        with open(state + "/" + name, "w") as file:
            file.write(text)
    probe = Probe(lab, state + "/probe.conf")
    equal("a group of %d" % MANY, probe.members("all@corp.example"), (MANY, 0, 0))
    equal("a group in a group, and one who has gone", probe.listed("top@corp.example"),
          ["nobody uid=gone,ou=people," + suffix, "one cn=all," + suffix, "one uid=u0,ou=people," + suffix])
    equal("user names", probe.members("unix@corp.example"), (2, 0, 1))
    sevens = sum(str(number).startswith("7") for number in range(MANY))
    equal("those that an LDAP URL finds, once", probe.members("sevens@corp.example"), (sevens + 1, 0, 0))
    contains("more than the server gives is no answer", str(probe.members("everybody@corp.example")), "failed ")
    contains("another server is not asked", str(probe.members("elsewhere@corp.example")), "names a server")
    for group, wanted in (("top", "yes"), ("cn=all," + suffix, "yes"), ("unix", "no"), ("ring", "no"), ("nonsense", "no")):
        contains("a member of %s: %s" % (group, wanted), probe("member", "u77@corp.example", group), wanted + " ")
    contains("groups in a circle", probe("member", "u7@corp.example", "nonsense", "ring"), "yes ring")
    contains("by user name", probe("member", "u2@corp.example", "unix"), "yes unix")
    contains("by rule", probe("member", "u77@corp.example", "everybody", "sevens"), "yes everybody")
    away(probe.session(), slapd.stop, slapd.start)


def away(session, stop, start):
    """A directory stops answering; what was known is still known, nothing else is said."""
    contains("one who is there", session.ask("object u5@corp.example"), "one uid=u5")
    contains("and one who is not", session.ask("object nobody@corp.example"), "nobody ")
    stop()
    check("who was not there is not refused", wait_for(lambda: session.ask("object nobody@corp.example").startswith("failed")))
    contains("nor is who was never asked for", session.ask("object u6@corp.example"), "failed")
    check("who was known is", wait_for(lambda: session.ask("object u5@corp.example").endswith(" stale")), "no stale answer")
    start()
    check("afterwards everybody is asked for again", wait_for(lambda: session.ask("object u6@corp.example").startswith("one ")))
    check("and it is as before", wait_for(lambda: not session.ask("object u5@corp.example").endswith(" stale")))
    session.stop()


# --- Samba ---

def add(lab, name, kind, *lines):
    lab.modify("dn: CN=%s,CN=Users,%s\nchangetype: add\nobjectClass: %s\n%s\n" % (name, BASE, kind, "\n".join(lines)))


def populate(lab):
    contacts = ["dn: CN=k%d,CN=Users,%s\nchangetype: add\nobjectClass: contact\nmail: k%d@elsewhere.example\n"
                % (number, BASE, number) for number in range(MORE)]
    lab.modify("\n".join(contacts))
    add(lab, "mute", "contact")
    add(lab, "wide", "group", "sAMAccountName: wide", "mail: wide@corp.example", "groupType: 2",
        *("member: CN=k%d,CN=Users,%s" % (number, BASE) for number in range(MORE)),
        *("member: CN=%s,CN=Users,%s" % (name, BASE) for name in ("mute", "carol", "staff", "alice")))
    add(lab, "first", "group", "sAMAccountName: first", "mail: first@corp.example",
        "member: CN=erin,CN=Users," + BASE, "member: CN=bob,CN=Users," + BASE)
    # From here on erin is not among the values of `member`.
    sid = re.search(r"objectSid: S-.*-(\d+)", lab.samba_tool("group", "show", "first"))
    lab.modify("dn: CN=erin,CN=Users,%s\nchangetype: modify\nreplace: primaryGroupID\nprimaryGroupID: %s\n" % (BASE, sid[1]))
    add(lab, "outer", "group", "sAMAccountName: outer", "groupType: 2", "member: CN=first,CN=Users," + BASE)


def active_directory(lab, probe):
    populate(lab)
    contains("alice's addresses", probe("object", "a.smith@corp.example"), "addresses=2 ")
    equal("members, one who is disabled, one without an address, and a group", probe.members("wide@corp.example"),
          (MORE + 1, 1, 2))
    equal("whose primary group it is", probe.listed("first@corp.example"),
          ["one CN=%s,CN=Users,%s" % (name, BASE) for name in ("bob", "erin")])
    for who, group, wanted in (("alice", "staff", "yes"), ("alice", "wide", "yes"), ("alice", "first", "no"),
                               ("erin", "first", "yes"), ("erin", "outer", "yes"), ("bob", "outer", "yes"),
                               ("dave", "outer", "no"), ("alice", "CN=staff,CN=Users," + BASE, "yes"),
                               ("alice", "no such group", "no")):
        contains("%s in %s: %s" % (who, group, wanted), probe("member", who + "@corp.example", group), wanted + " ")


def changes(lab, configuration):
    """Answers may be an hour old, and yet a change is seen."""
    text = read(lab.state + "/postern.conf")
    with open(configuration, "w") as file:
        file.write(text.replace('preset = "ad"', 'preset = "ad"\n\tcache_positive = 1h\n\tcache_negative = 1h\n'
                                                 '\tpoll_changes = 1s', 1))
    session = Probe(lab, configuration).session()
    contains("not there", session.ask("resolve late@corp.example"), "refused ")
    contains("there", session.ask("resolve bob@corp.example"), "mailbox ")
    contains("a group", session.ask("object wide@corp.example"), "one ")
    lab.modify("dn: CN=alice,CN=Users,%s\nchangetype: modify\nadd: proxyAddresses\nproxyAddresses: smtp:late@corp.example\n" % BASE)
    check("a new address is found", wait_for(lambda: session.ask("resolve late@corp.example").startswith("mailbox ")))
    lab.modify("dn: CN=bob,CN=Users,%s\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 514\n" % BASE)
    check("who is disabled gets no more mail", wait_for(lambda: " 5.2.1 " in session.ask("resolve bob@corp.example")))
    lab.modify("dn: CN=bob,CN=Users,%s\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 512\n" % BASE)
    check("until he is not", wait_for(lambda: session.ask("resolve bob@corp.example").startswith("mailbox ")))
    lab.modify("dn: CN=alice,CN=Users,%s\nchangetype: modify\ndelete: proxyAddresses\nproxyAddresses: smtp:late@corp.example\n"
               "\ndn: CN=dave,CN=Users,%s\nchangetype: modify\nadd: proxyAddresses\nproxyAddresses: smtp:late@corp.example\n"
               % (BASE, BASE))
    contains("frank", session.ask("object frank@corp.example"), "one CN=frank,")
    lab.samba_tool("user", "delete", "frank")  # which our account does not see
    check("who was deleted", wait_for(lambda: session.ask("object frank@corp.example").startswith("nobody ")))
    check("an address that another has now", wait_for(lambda: "CN=dave," in session.ask("object late@corp.example")))
    session.stop()


def catalog(lab, configuration):
    """By the global catalog on port 3268, which does not hold everything."""
    text = read(lab.state + "/postern.conf")
    with open(configuration, "w") as file:
        file.write(text.replace('preset = "ad"', 'preset = "ad"\n\tglobal_catalog = true', 1))
    probe = Probe(lab, configuration)
    probe.environment["PROBE_LOG"] = "3"
    contains("alice, with what stands at home alone", probe("object", "alice@corp.example"), " addresses=2 ")
    text = probe("login", "alice", "Alice-Pw1")
    contains("her login", text, "ok ")
    check("a catalog was asked", ":3268 state=selected" in text, text)
    contains("that it lacks an attribute is told", text, "attribute=proxyAddresses")
    contains("which she is found by all the same", probe("object", "a.smith@corp.example"), "one CN=alice,")
    contains("nobody", probe("object", "nobody@corp.example"), "nobody ")


def rcpt(lab, recipient):
    with Smtp(lab.address) as smtp:
        return smtp.envelope("x@elsewhere.example", recipient)


def outage(lab):
    """The controller dies under the gateway."""
    equal("mail for alice", rcpt(lab, "alice@corp.example").code, 250)
    equal("and for nobody", rcpt(lab, "nobody@corp.example").code, 550)
    os.kill(int(read(lab.state + "/samba.pid").split()[0]), signal.SIGKILL)
    check("the outage is noticed", lab.logged("directory.outage", lambda line: "state=begin" in line))
    # The frontends' own memory is a second long here.
    check("alice is known from before", wait_for(lambda: rcpt(lab, "alice@corp.example").code == 250 and
                                                 "state=known" in lab.log()))
    for who in ("nobody", "bob"):
        equal("of %s nothing is known" % who, rcpt(lab, who + "@corp.example").code, 451)
    equal("alice again", rcpt(lab, "alice@corp.example").code, 250)
    equal("that is told once", lab.log().count("state=known"), 1)


def main():
    must("make", "-s", "-C", TOP, "TOP=" + BUILD, PROBE, timeout=1200)
    os.environ["LAB_NO_GATEWAY"] = "1"
    lab = Lab()
    must(TOP + "/tests/lab/gateway.sh", "configure", env=lab.environment)
    probe = Probe(lab, lab.state + "/postern.conf")
    with case("OpenLDAP"):
        openldap(lab, lab.state + "/openldap")
    with case("Samba"):
        active_directory(lab, probe)
    with case("changes"):
        changes(lab, lab.state + "/changes.conf")
    with case("global catalog"):
        catalog(lab, lab.state + "/catalog.conf")
    with case("outage"):
        text = read(probe.configuration)
        with open(probe.configuration, "w") as file:
            file.write(text.replace('preset = "ad"', 'preset = "ad"\n\tcache_positive = 1s\n\tcache_negative = 1s', 1))
        must(TOP + "/tests/lab/gateway.sh", "start", env=lab.environment)
        lab.logged("master.up")
        outage(lab)


run(main)
