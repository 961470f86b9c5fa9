#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The core on OpenLDAP: preset inetorgperson, simple binds over StartTLS, a quota for the domain."""
import core
from clients import Smtp, message, token
from harness import case, check, equal, run, state_directory, wait_for
from site_under_test import ADDRESS, Gateway, Namespace, Slapd, certificates, population, tls

PEOPLE = [("alice", "Alice-Pw1", "alice@corp.example", "a.smith@corp.example"),
          ("bob", "Bob-Pw1", "bob@corp.example"), ("bob.sales", "Bob-Sales-Pw1", "bob@sales.example"),
          ("erin", "Erin-Pw1", "erin@corp.example"), ("hugo", "Hugo-Pw1"),
          ("twin1", "Twin-Pw1", "twin@corp.example"), ("twin2", "Twin-Pw2", "twin@corp.example")]
QUOTA = 256 * 1024

GRACE = """dn: uid=grace,ou=people,dc=corp,dc=example
changetype: add
objectClass: inetOrgPerson
uid: grace
cn: grace
sn: grace
mail: grace@corp.example
userPassword: Grace-Pw1
"""


def twins(place):
    """Two entries with one address: neither of them, and both in the log."""
    with Smtp(place.address) as smtp:
        answer = smtp.envelope("x@e.example", "twin@corp.example")
        check("an ambiguous address is 451 4.1.4", answer.startswith("451 4.1.4"), answer)
    with place.pop("twin@corp.example", "Twin-Pw1") as pop:
        check("nor does it log in", pop.answer.startswith("-ERR"), pop.answer)
    line = place.logged("directory.ambiguous") or ""
    check("the log names both", "uid=twin1" in line and "uid=twin2" in line, line)


def without_mailbox(place):
    """hugo has no address: he may send, and has nothing to read."""
    equal("an account without an address submits",
          place.submit("hugo", "Hugo-Pw1", ["alice@corp.example"], message(token())), None)
    with place.pop("hugo", "Hugo-Pw1") as pop:
        check("and is told that there is no mailbox", pop.answer.startswith("-ERR [SYS/PERM]"), pop.answer)
    place.inbox()


def bind_is_never_plain(slapd, gateway):
    """With a certificate of the wrong authority nothing is asked and no password sent."""
    gateway.write(directory_tls='tls = "starttls"\n\ttls_ca = "%s/other/ca.pem"' % gateway.state)
    mark = gateway.mark()
    gateway.stop()
    gateway.start()
    with Smtp(ADDRESS) as smtp:
        answer = smtp.envelope("x@e.example", "alice@corp.example")
        check("an untrusted directory is a temporary failure", answer.startswith("451 4.3.0"), answer)
    line = gateway.logged("state=down", mark)
    check("and the log says why", line and "certificate" in line.lower(), line)


def main():
    state = state_directory()
    Namespace()
    certificates(state, ("slapd", "IP:10.54.0.1"))
    certificates(state + "/other")
    slapd = Slapd(state + "/slapd", population(PEOPLE),
                  with_tls=(state + "/slapd.pem", state + "/slapd.key", state + "/ca.pem"))
    gateway = Gateway(state, ["ldap://10.54.0.1"], domain_more="quota = 256K")
    gateway.start()
    place = core.Place(ADDRESS, state + "/ca.pem", tls(state), gateway.log,
                       ["alice", "alice@corp.example", "a.smith@corp.example", "ALICE"])
    table = (
        ("alice@corp-alias.example", "250"), ("a.smith@corp.example", "250"), ("BOB@corp.example", "250"),
        ("nobody@corp.example", "550 5.1.1"), ("hugo@corp.example", "550 5.1.1"),
        ("alice@sales.example", "550 5.1.1"), ("bob.sales@corp.example", "550 5.1.1"), ("x@y.example", "550 5.7.1"))
    for test, arguments in (
            (core.submission, ()), (core.reading, ()), (core.recipients, (table,)), (core.relaying, ()),
            (core.refused_logins, ((("a wrong password", "alice", "Wrong-Pw1"),
                                    ("an unknown user", core.UNKNOWN, "Alice-Pw1"),
                                    ("a wildcard", "a*", "Alice-Pw1"),
                                    ("another domain", "alice@sales.example", "Alice-Pw1"),
                                    ("no such domain", "alice@elsewhere.example", "Alice-Pw1")),)),
            (core.two_bobs, ()), (core.maildrop, ()),
            (core.postmasters, ((("postmaster@corp.example", "alice", "Alice-Pw1"),
                                 ("PostMaster@sales.example", "bob.sales", "Bob-Sales-Pw1"),
                                 ("postmaster@corp-alias.example", "alice", "Alice-Pw1")),)),
            (core.quota, ("erin", "Erin-Pw1", "erin@corp.example", QUOTA)),
            (core.changed_password, (lambda password: slapd.set_password("bob", password),)),
            (core.created_user, (lambda: slapd.modify(GRACE),)), (twins, ()), (without_mailbox, ()),
            (core.real_clients, ()), (core.explained, ("nobody@corp.example", r"nobody")),
            (core.no_secret, ([person[1] for person in PEOPLE] + ["Wrong-Pw1", "Service-Pw1"],))):
        with case(test.__name__):
            test(place, *arguments)
    equal("no process died", gateway.log().count("role.died"), 0)
    with case("bind_is_never_plain"):
        bind_is_never_plain(slapd, gateway)


run(main)
