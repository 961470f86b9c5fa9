#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What Windows domain controllers do and Samba does not: sub-codes, refusals, referrals, limits, fast bind."""
import os

import scripted_ldap as ldap
from clients import Pop3, Smtp
from harness import case, check, contains, equal, lacks, run, state_directory, wait_for
from scripted_ldap import Controller, person, refused
from site_under_test import ADDRESS, PATIENT, Gateway, Namespace, certificates, tls

FIRST, SECOND = "10.54.0.1", "10.54.0.3"
SERVICE = "cn=postern,dc=corp,dc=example"
PASSWORD = "Right-Pw1"
DIRECTORY = "cache_positive = 0\n\tcache_negative = 0\n\tcache_outage = 0\n\tretry_preferred = 1s\n\tnetbios = \"CORP\""
# sub-code of result 49, what the log says, whether the person is told that the password expired
SUB_CODES = (("525", "no such user", False), ("52e", "wrong name or password", False),
             ("530", "outside the permitted logon hours", False), ("531", "not permitted from this workstation", False),
             ("532", "password expired", True), ("533", "account disabled", False), ("701", "account expired", False),
             ("773", "password must be changed", True), ("775", "account locked out", False),
             ("0", "Invalid credentials", False), ("9999", "Invalid credentials", False))
REFUSALS = ((ldap.STRONGER, "00002028: LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity "
             "checking", "set tls ="), (ldap.BUSY, "00002024", "busy"),
            (ldap.UNAVAILABLE, "0000200E", "unavailable"),
            (ldap.UNWILLING, "00002029: LdapErr: DSID-0C0904BC, comment: Sign or Seal are not allowed if TLS is used",
             "write ldap://"), (ldap.OPERATIONS, "000004DC", "anonymous"),
            (ldap.INVALID, refused("80090346"), "LdapEnforceChannelBinding"))


def population():
    # More values than AD gives at once; the state of the account stands behind them.
    many = [b"SMTP:many@corp.example"] + [b"smtp:many%d@corp.example" % n for n in range(10000)]
    gone = [b"SMTP:gone@corp.example"] + [b"smtp:gone%d@corp.example" % n for n in range(10000)]
    ranged = person(905, "ranged")
    ranged[1]["proxyAddresses;range=0-1499"] = ranged[1].pop("proxyAddresses")
    ranged[1]["proxyAddresses;range=1500-*"] = [b"smtp:rest@corp.example"]
    del ranged[1]["mail"], ranged[1]["userPrincipalName"]
    hostile = person(906, "hostile", displayName=[b"*)(uid=*\0"], proxyAddresses=[
        b"SMTP:*)(|(mail=*\0@corp.example", b"smtp:" + b"x" * 100000 + b"@corp.example", b"smtp:\xff\xfe@corp.example",
        b"smtp:hostile@corp.example", b"x500:/o=corp/cn=*)(\\00", b"", b"@", b"smtp:"])
    disabled = person(903, "gone", proxyAddresses=gone)
    state = disabled[1].pop("userAccountControl")
    disabled[1]["userAccountControl"] = [b"514"] if state else []
    people = [person(1, "alice"), person(2, "bob"), person(902, "many", proxyAddresses=many), disabled, ranged, hostile,
              person(907, "twin", mail=[b"twins@corp.example"]), person(908, "other", mail=[b"twins@corp.example"])]
    people += [person(100 + n, "u" + code) for n, (code, _, _) in enumerate(SUB_CODES)]
    return dict(people)


def dn(account):
    return "CN=%s,CN=Users,DC=corp,DC=example" % account


class Site:
    def __init__(self, gateway, context, first, second):
        self.gateway, self.context, self.first, self.second = gateway, context, first, second

    def rcpt(self, recipient="alice@corp.example"):
        with Smtp(ADDRESS) as smtp:
            return smtp.envelope("x@elsewhere.example", recipient)

    def auth(self, user="alice", password=PASSWORD):
        with Smtp(ADDRESS, 465, self.context) as smtp:
            return smtp.login(user, password)

    def login(self, user="alice", password=PASSWORD):
        with Pop3(ADDRESS, 995, self.context) as pop:
            return pop.login(user, password)

    def recovered(self, name):
        check(name + ": afterwards all is well", wait_for(
            lambda: self.rcpt().code == 250 and self.auth().code == 235, step=0.2))

    def restart(self, timeout):
        """With so much patience with a server: little where it is to be silent."""
        self.gateway.stop()
        self.gateway.start(timeout=timeout)
        self.recovered("with a timeout of " + timeout)


def sub_codes(site):
    first, texts = site.first, set()
    for code, meaning, hint in SUB_CODES:
        user = "u" + code
        first.bind_results[dn(user)] = (ldap.INVALID, refused(code))
        mark = site.gateway.mark()
        smtp, pop = site.auth(user), site.login(user)
        if hint:
            contains("data %s: the expiry is told" % code, smtp, "535 5.7.8 Password expired")
            contains("data %s: in POP3 too" % code, pop, "-ERR [AUTH] Password expired")
        else:
            texts |= {smtp, pop}
            check("data %s: refused" % code, smtp.startswith("535 5.7.8") and pop.startswith("-ERR [AUTH]"), (smtp, pop))
        line = site.gateway.logged("auth.refused", mark) or ""
        check("data %s: the log says why" % code, "user=" + user in line and meaning in line, line)
    equal("all of them in the same words, in SMTP and POP3", len(texts), 2)
    site.recovered("sub-codes")


def refusals(site):
    """The server did not look at the password: nobody is told that it was wrong."""
    for result, diagnostic, remedy in REFUSALS:
        name = "result %d" % result
        site.first.all_binds = (result, diagnostic)
        mark = site.gateway.mark()
        contains(name + ": SMTP", site.auth(), "454 4.7.0")
        contains(name + ": POP3", site.login("bob"), "-ERR [SYS/TEMP]")
        line = site.gateway.logged("auth.temporary", mark) or ""
        contains(name + ": the log has the cause and the remedy", line, remedy)
        equal(name + ": recipients are still found", site.rcpt().code, 250)
        site.first.all_binds = None
        site.recovered(name)


def silence(site):
    site.restart("2s")
    for way in ("silent", "close", "cut", "notice"):
        site.first.bind_way = way
        before = len(site.first.binds)
        contains("bind, %s: SMTP" % way, site.auth(), "454 4.7.0")
        check("bind, %s: the password went out once" % way, len(site.first.binds) - before <= 1,
              site.first.binds[before:])
        contains("bind, %s: POP3" % way, site.login("bob"), "-ERR [SYS/TEMP]")
        site.first.bind_way = "answer"
        site.recovered("bind, " + way)
    for way in ("silent", "close", "cut", "notice"):
        site.first.search_way = way
        contains("search, %s: RCPT" % way, site.rcpt(), "451 4.3.0")
        contains("search, %s: an unknown recipient too" % way, site.rcpt("nobody@corp.example"), "451 4.3.0")
        contains("search, %s: SMTP" % way, site.auth(), "454 4.7.0")
        site.first.search_way = "answer"
        site.recovered("search, " + way)


def slowness(site):
    site.restart(PATIENT)
    site.first.bind_way = "slow"
    equal("bind, octet by octet", site.auth().code, 235)
    site.first.bind_way = "answer"
    site.first.search_way = "slow"
    equal("search, octet by octet", site.rcpt().code, 250)
    site.first.search_way = "answer"


def searches(site):
    """Whatever a search comes to, nobody is called unknown."""
    first = site.first
    for result in (1, 3, 8, 10, 11, 32, 50, 51, 52, 53, 80, 4):
        first.search_result = (result, "0000208D: NameErr: DSID-0310020A")
        first.referral = ["ldap://child.corp.example/DC=child,DC=corp,DC=example"] if result == 10 else []
        mark = site.gateway.mark()
        contains("search, result %d: RCPT" % result, site.rcpt(), "451 4.3.0")
        contains("search, result %d: SMTP" % result, site.auth(), "454 4.7.0")
        contains("search, result %d: POP3" % result, site.login("bob"), "-ERR [SYS/TEMP]")
        check("search, result %d: the log says so" % result, site.gateway.logged("routing.refused", mark), "")
        first.search_result, first.referral = None, []
        site.recovered("search, result %d" % result)


def references(site):
    first = site.first
    first.references = ["ldap://ForestDnsZones.corp.example/DC=ForestDnsZones,DC=corp,DC=example"] * 3
    equal("continuation references beside an entry", site.rcpt().code, 250)
    contains("and alone: nobody", site.rcpt("nobody@corp.example"), "550 5.1.1")
    equal("nobody follows them", site.auth().code, 235)
    first.references = []
    first.search_end = (ldap.SIZE_LIMIT, "")
    contains("one entry and sizeLimitExceeded: not all is known", site.rcpt(), "451 4.3.0")
    contains("two and sizeLimitExceeded: ambiguous", site.rcpt("twins@corp.example"), "451 4.1.4")
    first.search_end = (ldap.TIME_LIMIT, "")
    contains("an entry and timeLimitExceeded", site.rcpt(), "451 4.3.0")
    contains("none and timeLimitExceeded", site.rcpt("nobody@corp.example"), "451 4.3.0")
    first.search_end = (0, "")
    contains("two entries", site.rcpt("twins@corp.example"), "451 4.1.4")


def hostile_values(site):
    for recipient, wanted in (("many@corp.example", "250"), ("many9999@corp.example", "250"),
                              ("gone@corp.example", "550 5.2.1"), ("gone9999@corp.example", "550 5.2.1"),
                              ("ranged@corp.example", "250"), ("hostile@corp.example", "250"),
                              ('"*)(mail=*"@corp.example', "550 5.1.1"), ('"a\\\\2a"@corp.example', "550 5.1.1")):
        answer = site.rcpt(recipient)
        check("%s: %s" % (recipient, wanted), answer.startswith(wanted), answer)
    contains("the one whose addresses came cut has a mailbox", site.login("ranged"), "+OK")
    contains("the one with 10,000 too", site.login("many9999@corp.example"), "+OK")
    contains("and the disabled one none", site.login("gone9999@corp.example"), "-ERR [AUTH]")
    equal("no process died", site.gateway.log().count("role.died"), 0)


def another_takes_it(site):
    """With a second controller a refusal of the first costs nobody a login."""
    site.gateway.stop()
    site.gateway.start(servers='"ldap://%s", "ldap://%s"' % (FIRST, SECOND))
    for result, diagnostic, _ in REFUSALS:
        site.first.all_binds = (result, diagnostic)
        answer = site.auth()
        equal("result %d of the first: the second is asked" % result, answer.code, 235)
        site.first.all_binds = None
    before = len(site.first.binds)
    check("after a pause the first is asked again", wait_for(
        lambda: site.auth().code == 235 and len(site.first.binds) > before, step=0.2))

    def shown():
        return [server.address for server in (site.first, site.second) for who, _, _ in server.binds if who == dn("bob")]
    before = len(shown())
    equal("a wrong password", site.auth("bob", "Wrong-Pw1").code, 535)
    equal("is shown to one controller only", len(shown()), before + 1)


def fast_bind(site):
    site.gateway.stop()
    for offered, name in (([], "not offered"), ([ldap.FAST_BIND], "offered")):
        site.first.extensions = offered
        site.gateway.start(servers='"ldap://%s"' % FIRST, directory_more=DIRECTORY + "\n\tfast_bind = true")
        before = len(site.first.binds)
        equal("fast bind %s: a login" % name, site.auth().code, 235)
        equal("fast bind %s: a wrong password" % name, site.auth("bob", "Wrong-Pw1").code, 535)
        users = [fast for who, _, fast in site.first.binds[before:] if who != SERVICE]
        equal("fast bind %s: it was%s used" % (name, "" if offered else " not"), users, [bool(offered)] * 2)
        services = [fast for who, _, fast in site.first.binds[before:] if who == SERVICE]
        check("fast bind %s: searches are never bound so" % name, not any(services), services)
        equal("fast bind %s: the connection is used again" % name, site.first.fast_binds, 1 if offered else 0)
        site.gateway.stop()
    site.first.extensions = []


def service_refused(site):
    """Our own bind is refused: an outage with a name and a remedy, never a wrong password of somebody's."""
    for result, diagnostic, words in (
            (ldap.INVALID, refused("52e"), ("wrong name or password", "check bind_dn and password_file")),
            (ldap.INVALID, refused("532"), ("password expired", "check bind_dn")),
            (ldap.INVALID, refused("533"), ("account disabled",)),
            (ldap.STRONGER, "00002028: LdapErr: DSID-0C090259", ("(8)", "set tls =")),
            (ldap.UNWILLING, "00002029", ("(53)", "write ldap://")),
            (ldap.INVALID, refused("80090346"), ("channel binding", "LdapEnforceChannelBinding"))):
        site.first.service_result = (result, diagnostic)
        mark = site.gateway.mark()
        site.gateway.start(servers='"ldap://%s"' % FIRST, directory_more=DIRECTORY)
        line = site.gateway.logged("directory.outage", mark) or ""
        name = "our bind: %s" % words[0]
        check(name + ": the log says what to do", all(word in line for word in words), line)
        contains(name + ": RCPT", site.rcpt(), "451 4.3.0")
        contains(name + ": SMTP", site.auth(), "454 4.7.0")
        contains(name + ": POP3", site.login(), "-ERR [SYS/TEMP]")
        site.first.service_result = None
        site.recovered(name)
        site.gateway.stop()


def main():
    state = state_directory()
    Namespace(ADDRESS, FIRST, SECOND)
    certificates(state, ("dc", "IP:%s,IP:%s" % (FIRST, SECOND)))
    people = population()
    passwords = dict({name: PASSWORD for name in people}, **{SERVICE: "Service-Pw1"})
    first, second = (Controller(address, people, passwords, (state + "/dc.pem", state + "/dc.key"))
                     for address in (FIRST, SECOND))
    first.service = second.service = SERVICE
    gateway = Gateway(state, ["ldap://" + FIRST], preset="ad", directory_more=DIRECTORY)
    gateway.start()
    site = Site(gateway, tls(state), first, second)
    equal("a recipient", site.rcpt().code, 250)
    equal("a login", site.auth().code, 235)
    equal("nobody", site.rcpt("nobody@corp.example").code, 550)
    for test in (sub_codes, refusals, silence, slowness, searches, references, hostile_values, another_takes_it, fast_bind,
                 service_refused):
        with case(test.__name__):
            test(site)
    equal("no password ever went out in the clear", first.simple_in_clear + second.simple_in_clear, 0)
    log = gateway.log()
    lacks("no password stands in the log", log, PASSWORD)
    equal("no process died or was restarted", log.count("role.died"), 0)
    check("the log file is there", os.path.getsize(gateway.log_file))


run(main)
