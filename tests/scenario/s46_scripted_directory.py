#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Groups and odd entries at a scripted controller with AD's limits: pages of 1,000, 1,500 values at a time."""
import json
import socket
import threading

import scripted_ldap as ldap
from clients import Smtp, message, token
from harness import BUILD, TOP, Stopwatch, case, check, command, contains, equal, lacks, must, run, state_directory, wait_for
from scripted_directory import Directory
from scripted_ldap import person
from site_under_test import ADDRESS, PATIENT, Gateway, Namespace, certificates, tls

SERVER, ELSEWHERE = "10.54.0.1", "10.54.0.3"
SERVICE = "cn=postern,dc=corp,dc=example"
MANY, FOUND = 20000, 2500
# Two spellings a DN (RFC 4514): as the entry has it, as the group's member has it.
ODD = ((r"CN=Smith\, John,CN=Users,DC=corp,DC=example", r"cn=Smith\2C John, cn=users, dc=CORP,dc=example"),
       (r"CN=a\*\)\(mail=\*,CN=Users,DC=corp,DC=example", r"CN=a\2A\29\28mail=\2A,CN=Users,DC=corp,DC=example"),
       (r"CN=M\C3\BCller \#1\+2,CN=Users,DC=corp,DC=example", "CN=M\u00fcller \\#1\\2B2,CN=Users,DC=corp,DC=example"),
       (r"CN=\ spaces\ ,CN=Users,DC=corp,DC=example", r"CN=\20spaces\20,CN=Users,DC=corp,DC=example"))
# Of one person each: what the entry says, and how RCPT may be answered.
HOSTILE = (
    ("filterish", {"displayName": [b"*)(uid=*"], "proxyAddresses": [b"SMTP:filterish@corp.example", b"smtp:*)(mail=*"]}, ("250",)),
    ("nul", {"proxyAddresses": [b"SMTP:nul@corp.example", b"smtp:a\0b@corp.example", b"\0"]}, ("250", "451")),
    ("overlong", {"proxyAddresses": [b"SMTP:overlong@corp.example", b"smtp:" + b"x" * 200000 + b"@corp.example"]}, ("250", "451")),
    ("latin", {"proxyAddresses": [b"SMTP:latin@corp.example", b"smtp:\xff\xfe@corp.example"]}, ("250", "451")),
    ("thousands", {"proxyAddresses": [b"SMTP:thousands@corp.example"] + [b"smtp:t%d@corp.example" % n for n in range(10000)]}, ("250",)),
    ("quota", {"mDBOverHardQuotaLimit": [b"12 apples"]}, ("451",)),
    ("minus", {"mDBOverHardQuotaLimit": [b"-2"]}, ("451",)),
    ("endless", {"mDBOverHardQuotaLimit": [b"9" * 400]}, ("451",)),
    ("empty", {"mDBOverHardQuotaLimit": [b""]}, ("451",)),
    ("size", {"delivContLength": [b"*)(uid=*"]}, ("451",)),
    ("boolean", {"msExchRequireAuthToSendTo": [b"perhaps"]}, ("451",)),
    ("target", {"targetAddress": [b"SMTP:a@b\r\nRCPT TO:<victim@elsewhere.example>"]}, ("451",)),
    ("targetless", {"targetAddress": [b"\xff\0"]}, ("451",)),
    ("forward", {"altRecipient": [b"CN=*)(objectClass=*,DC=corp"]}, ("451", "550")),
    ("dn", {"altRecipient": [b"no DN at all"]}, ("451", "550")),
    ("senders", {"authOrig": [b"*)(uid=*", b"CN=\\"]}, ("451", "550")),
    ("senderful", {"authOrig": [b"CN=u%d,%s" % (n, b"x" * 200) for n in range(5000)]}, ("451", "550")),
)


def dn(name, unit="CN=Users"):
    return "CN=%s,%s,DC=corp,DC=example" % (name, unit)


def group(number, name, members, **more):
    _, attributes = person(number, name)
    attributes = {key: attributes[key] for key in ("objectGUID", "sAMAccountName", "mail", "proxyAddresses")}
    attributes.update({"objectClass": [b"top", b"group"], "sAMAccountType": [b"268435457"], "groupType": [b"8"]}, **more)
    attributes["member"] = [member.encode() for member in members]
    return dn(name), attributes


def population():
    people = {}

    def add(name, attributes):
        people[name] = attributes
    for number in range(MANY):
        add(dn("m%d" % number, "OU=Many"), dict(person(1000 + number, "m%d" % number)[1], **(
            {"department": [b"found"]} if number < FOUND else {})))
    add(*person(1, "alice"))
    add(*group(2, "everybody", [dn("m%d" % number, "OU=Many") for number in range(MANY)]))
    for number, (own, _) in enumerate(ODD):
        add(own, person(100 + number, "odd%d" % number)[1])
    add(*group(3, "odd", [said for _, said in ODD]))
    add(*group(4, "found", [], objectClass=[b"top", b"group", b"msExchDynamicDistributionList"],
               msExchDynamicDLFilter=[b"(department=found)"], msExchDynamicDLBaseDN=[b"OU=Many,DC=corp,DC=example"]))
    # 3,200 names in three ranges: ten people in each, the rest was deleted long ago.
    some = [dn("gone%d" % number) for number in range(3200)]
    for number in range(30):
        some[number * 107] = dn("m%d" % number, "OU=Many")
    add(*group(5, "some", some))
    add(*group(6, "injected", [], objectClass=[b"top", b"group", b"msExchDynamicDistributionList"],
               msExchDynamicDLFilter=[b"(department=found))(objectClass=*"]))
    add(*group(7, "abroad", [], objectClass=[b"top", b"group", b"msExchDynamicDistributionList"],
               msExchDynamicDLFilter=[b"ldap://%s/dc=corp,dc=example??sub?(objectClass=*)" % ELSEWHERE.encode()]))
    # The 20,000 again as a tree: ten groups of 3,000, a third of each in the next one too, and a circle.
    add(*group(10, "tree", [dn("branch%d" % branch) for branch in range(10)]))
    for branch in range(10):
        members = [dn("m%d" % (number % MANY), "OU=Many") for number in range(2000 * branch, 2000 * branch + 3000)]
        add(*group(11 + branch, "branch%d" % branch, members + [dn("tree")]))
    for number, (name, attributes, _) in enumerate(HOSTILE):
        add(*person(200 + number, name, **attributes))
    return people


class Elsewhere:
    """Where referrals lead: nobody may come."""

    def __init__(self):
        self.visits = 0
        self.listener = socket.create_server((ELSEWHERE, 389))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            self.visits += 1
            connection.close()


class Site:
    def __init__(self, gateway, context, server, elsewhere):
        self.gateway, self.context, self.server, self.elsewhere = gateway, context, server, elsewhere
        self.probe = BUILD + "/tests/scenario/directory_probe"

    def rcpt(self, recipient):
        with Smtp(ADDRESS) as smtp:
            return smtp.envelope("x@elsewhere.example", recipient)

    def send(self, recipient):
        word = token()
        with Smtp(ADDRESS) as smtp:
            equal("mail for %s is taken" % recipient, smtp.transact("x@elsewhere.example", recipient, message(word)).code, 250)
        return word

    def holders(self, word):
        """The names of the mailboxes that have it, each as often as it does."""
        found = command("grep", "-rl", word, self.gateway.values["root"]).stdout.splitlines()
        return sorted(name for path in found for name in path.split("/") if name.startswith("m") and name[1:].isdigit())

    def waiting(self):
        return [one["id"] for one in json.loads(self.gateway.tool("--json", "queue", "list").stdout or "[]")]

    def members(self, name):
        """As the directory role reads them, by the same code: "members MS persons=N ...", or "failed ..."."""
        done = command(self.probe, self.gateway.file, "members", name + "@corp.example")
        return next((line for line in done.stdout.splitlines() if line.startswith(("members", "failed"))), done.stdout)

    def recovered(self, name):
        check(name + ": afterwards all is well", wait_for(lambda: self.rcpt("alice@corp.example").code == 250, step=0.2))


def whole(site):
    """Whatever the limits, all of them, each once."""
    answer = site.members("everybody")
    contains("a group of 20,000", answer, "persons=%d groups=0 nobody=0" % MANY)
    print("# 20,000 members: %s" % answer)
    ranges = sorted({request.first for request in site.server.requests if any("range" in name for name in request.asked)})
    equal("in ranges of 1,500", ranges, list(range(1500, MANY, 1500)))
    contains("of a filter, in pages", site.members("found"), "persons=%d groups=0 nobody=0" % FOUND)
    contains("names that are gone are told of", site.members("some"), "persons=30 groups=0 nobody=3170")
    contains("DNs in other spellings are the same", site.members("odd"), "persons=%d groups=0 nobody=0" % len(ODD))


def broken(site):
    """A chain that breaks is no shorter list."""
    server = site.server
    for name, way in (("closed", "close"), ("torn", "cut"), ("silent", "silent"), ("going down", "notice"),
                      ("busy", (ldap.BUSY, "busy")), ("unavailable", (ldap.UNAVAILABLE, "")),
                      ("sizeLimitExceeded", (ldap.SIZE_LIMIT, "")), ("a referral", (ldap.REFERRAL, ""))):
        server.referral = ["ldap://%s/dc=corp,dc=example" % ELSEWHERE]
        server.script = lambda request: way if request.first >= 1500 else None
        contains("ranges, %s: no part of it" % name, site.members("some"), "failed")
        server.script = lambda request: way if request.first >= 1000 else None
        contains("pages, %s: no part of it" % name, site.members("found"), "failed")
        server.script = lambda request: None
    for name, lie in (("a gap", "member;range=1600-2999"), ("again the first", "member;range=0-1499"),
                      ("nothing more", None), ("no end", "member;range=1500-1499"), ("nonsense", "member;range=x-*")):
        server.range_lies = {1500: lie}
        contains("ranges, %s: no part of it" % name, site.members("some"), "failed")
    server.range_lies = {}
    contains("afterwards it is whole", site.members("some"), "persons=30")
    equal("nobody followed a referral", site.elsewhere.visits, 0)


def delivered(site):
    """By the gateway itself: whole, or later, and nobody twice."""
    everyone = ["m%d" % number for number in range(30)]
    word = site.send("some@corp.example")
    wait_for(lambda: site.holders(word) == sorted(everyone))
    equal("a list of 3,200 names: its 30 people have it once", site.holders(word), sorted(everyone))
    for name, way in (("closed", "close"), ("torn", "cut"), ("busy", (ldap.BUSY, "busy")), ("a referral", (ldap.REFERRAL, ""))):
        mark = site.gateway.mark()
        site.server.script = lambda request: way if request.first >= 1500 else None
        word = site.send("some@corp.example")
        line = site.gateway.logged("relay.later", mark) or ""
        contains("ranges, %s: the list is put off" % name, line, "some@corp.example")
        equal("ranges, %s: nobody has a part" % name, site.holders(word), [])
        site.server.script = lambda request: None
        site.recovered("ranges, " + name)
        site.gateway.tool("queue", "retry", *site.waiting())
        wait_for(lambda: site.holders(word) == sorted(everyone))
        equal("ranges, %s: afterwards all have it once" % name, site.holders(word), sorted(everyone))
        check("ranges, %s: and nothing waits" % name, wait_for(lambda: not site.waiting()), site.gateway.tool("queue", "list").stdout)


def explained(site):
    watch = Stopwatch()
    done = site.gateway.tool("--json", "explain", "tree@corp.example")
    print("# a tree of 20,000 members in ten groups: %.1f s" % watch.seconds)
    told = json.loads(done.stdout)
    equal("a tree of groups: each of the 20,000 once", (told.get("becomes"), told.get("groups"), done.returncode), (str(MANY), "11", 0))
    shown = sum("reaches" in step for step in told["expansion"])
    equal("explain: of whom a hundred are shown", (shown, told["expansion"][-1]), (100, {
        "left out": '%d more of "reaches"' % (MANY - 100)}))


def foreign_filters(site):
    contains("two filters in one are none", site.members("injected"), "failed")
    contains("another server is not asked", site.members("abroad"), "failed")
    equal("nor connected to", site.elsewhere.visits, 0)


def slow(site):
    site.server.script = lambda request: "slow"
    contains("octet by octet: it is waited for", site.rcpt("alice@corp.example"), "250")
    site.server.script = lambda request: "silent"
    contains("no answer", site.rcpt("alice@corp.example"), "451 4.3.0")
    site.server.script = lambda request: None
    site.recovered("slow")


def hostile_values(site):
    for name, _, wanted in HOSTILE:
        answer = site.rcpt(name + "@corp.example")
        check("%s: %s" % (name, " or ".join(wanted)), answer[:3] in wanted, answer)
    lacks("an address with a line end goes nowhere", site.gateway.log(), "rcpt=victim@")
    for local in ('"*)(mail=*"', '"a\\\\2a"', "'*'", '"(|(uid=\\"x"', "*", '"\\\\00"'):
        answer = site.rcpt(local + "@corp.example")
        check("%s is nobody" % local, answer[:3] in ("550", "553", "501"), answer)
    equal("what came in was never taken for a filter", site.server.strange_filters(), [])
    equal("no process died", site.gateway.log().count("role.died"), 0)


def main():
    state = state_directory()
    Namespace(ADDRESS, SERVER, ELSEWHERE)
    certificates(state, ("dc", "IP:%s" % SERVER))
    server = Directory(SERVER, population(), {SERVICE: "Service-Pw1"}, certificate=(state + "/dc.pem", state + "/dc.key"))
    server.service = SERVICE
    gateway = Gateway(state, ["ldap://" + SERVER], preset="ad-exchange", timeout="2s", domain_more='group_senders = "anybody"',
                      directory_more="cache_positive = 0\n\tcache_negative = 0\n\tcache_outage = 0\n\tretry_preferred = 1s")
    gateway.start()
    site = Site(gateway, tls(state), server, Elsewhere())
    probed = () if "/san-" in BUILD else (whole, broken, foreign_filters)  # tools of scenarios are built without sanitizers
    if probed:
        must("make", "-s", "-C", TOP, "TOP=" + BUILD, site.probe, timeout=1200)
    site.recovered("at the start")
    for test in (*probed, explained, delivered, slow, hostile_values):
        with case(test.__name__):
            test(site)


run(main)
