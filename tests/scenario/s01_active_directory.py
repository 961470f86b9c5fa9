#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The whole population of the lab on a real Active Directory (Samba), Kerberos bind, real clients."""
import re

import core
from clients import Pop3, Smtp, mailbox, message, subjects, token
from harness import BUILD, TOP, case, check, contains, equal, lacks, must, run, status_of, wait_for, children
from scripted_ldap import Controller, refused
from scripted_smtp import Sink
from site_under_test import Lab, tls

PASSWORDS = ["Alice-Pw1", "Bob-Pw1", "Bob-Sales-Pw1", "Carol-Pw1", "Dave-Pw1", "Erin-Pw1", "Frank-Pw1",
             "Bob-Pw2", "Grace-Pw1", "Wrong-Pw1", "Dave-Pw2", "Admin-Pw1"]
RECIPIENTS = (
    ("a.smith@corp.example", "250"), ("alice@corp-alias.example", "250"), ("a.smith@corp-alias.example", "250"),
    ("Alice@Corp.Example", "250"), ("bob@sales.example", "250"), ("dave@corp.example", "250"),
    ("nobody@corp.example", "550 5.1.1"), ("alice@sales.example", "550 5.1.1"),
    ("carol@corp.example", "550 5.2.1"), ("frank@corp.example", "550 5.2.1"),
    ("x@partner.example", "550 5.7.1"), ("engineering@corp.example", "550"), ("nobody@sales.example", "550 5.1.1"))


def partner(place, lab):
    """The domain's name server knows where the mail of partner.example goes; its server does not know everybody."""
    sink = Sink(lab.values["LAB_SINK_ADDRESS"],
                rcpt=lambda session, line: "550 5.1.1 who?" if "<nobody@" in line else "250 2.1.5 ok")
    word = token()
    with Smtp(place.address, 587) as smtp:
        smtp.start_tls(place.context)
        smtp.login("alice", "Alice-Pw1")
        answer = smtp.transact("alice@corp.example", ["dora@partner.example", "nobody@partner.example"], message(word))
        equal("alice writes to others", answer.code, 250)
    taken = sink.took(word)
    check("partner.example has it", taken and taken.recipients == ["dora@partner.example"] and
          taken.sender == "alice@corp.example", taken and taken.recipients)
    found = wait_for(lambda: [text for text in mailbox(place.address, place.context, "alice", "Alice-Pw1", delete=True)
                              if "nobody@partner.example" in text and "Status: 5.1.1" in text])
    check("and alice a report about the other one", found)


def expired_password(place):
    """dave must change his password; only who knows it is told so."""
    with Smtp(place.address, 465, place.context) as smtp:
        answer = smtp.login("dave", "Dave-Pw1")
        check("dave is told that his password expired", answer.startswith("535 5.7.8 Password expired"), answer)
        answer = smtp.login("dave", "Wrong-Pw1")
        check("with a wrong password he is not", answer.startswith("535 5.7.8") and "expired" not in answer, answer)
    with Pop3(place.address, 995, place.context) as pop:
        answer = pop.login("dave", "Dave-Pw1")
        check("the same in POP3", answer.startswith("-ERR [AUTH] Password expired"), answer)
    line = place.logged(r"auth\.refused .*user=dave") or ""
    check("the log has AD's sub-code", "773" in line or "must" in line, line)


def sub_codes(place):
    """The real cause of each refused login is in the log alone."""
    for user, pattern in (("carol", "disabled"), ("frank", "expired"), ("alice", "52e|password"),
                          (core.UNKNOWN, "no such|no entry|not found|nobody|0 entries")):
        line = place.logged(r"auth\.refused .*user=\S*%s" % user)
        cause = re.search(r"cause=(.*)", line or "")
        check("the log says why %s was refused" % user, cause and re.search(pattern, cause.group(1)), line)


def aliases(place):
    word = token()
    with Smtp(place.address) as smtp:
        for address in ("a.smith@corp.example", "alice@corp-alias.example", "a.smith@corp-alias.example"):
            equal("anonymous mail to " + address,
                  smtp.transact("x@elsewhere.example", address, message(word)).code, 250)
    equal("all of it is in alice's mailbox", subjects(place.inbox()), [word] * 3)


def several_recipients(place):
    """One message to several people is linked, not copied, and each has it once."""
    word = token()
    with Smtp(place.address) as smtp:
        equal("one message to three", smtp.transact(
            "x@elsewhere.example", ["alice@corp.example", "a.smith@corp.example", "bob@corp.example",
                                    "bob@sales.example"], message(word)).code, 250)
    for user, password in (("alice", "Alice-Pw1"), ("bob", "Bob-Pw1"), ("bob.sales", "Bob-Sales-Pw1")):
        equal("%s has it once" % user, subjects(place.inbox(user, password)), [word])


def disabled_while_running(place, lab):
    def refused():
        with Smtp(place.address) as smtp:
            recipient = smtp.envelope("x@e.example", "grace@corp.example")
        with place.pop("grace", "Grace-Pw1") as pop:
            return recipient.startswith("550 5.2.1") and pop.answer.startswith("-ERR [AUTH]")
    check("grace is welcome", not refused())
    lab.samba_tool("user", "disable", "grace")
    check("disabled while it runs: no mail, no login", wait_for(refused, step=1))
    lab.samba_tool("user", "enable", "grace")
    check("enabled again: both", wait_for(lambda: not refused(), step=1))


def attributes_while_running(place, lab):
    """A proxy address and a quota given with ordinary LDAP tools."""
    lab.modify("dn: CN=grace,CN=Users,DC=corp,DC=example\nchangetype: modify\nadd: proxyAddresses\n"
               "proxyAddresses: smtp:g.hopper@corp.example\nproxyAddresses: smtp:g.alias@corp-alias.example\n"
               "-\nadd: maxStorage\nmaxStorage: 2000\n")
    word = token()
    def accepted():
        with Smtp(place.address) as smtp:
            return smtp.transact("x@e.example", "g.hopper@corp.example", message(word)).code == 250
    check("a new proxy address receives", wait_for(accepted, step=1))
    with Smtp(place.address) as smtp:
        equal("one that is listed in the alias domain alone too",
              smtp.envelope("x@e.example", "g.alias@corp-alias.example").code, 250)
    with place.pop("G.Alias@corp-alias.example", "Grace-Pw1") as pop:
        check("and is a login name", pop.answer.startswith("+OK"), pop.answer)
    def full():
        with Smtp(place.address) as smtp:
            return smtp.envelope("x@e.example", "grace@corp.example", parameters=" SIZE=5000").startswith("552 5.2.2")
    check("a new quota holds", wait_for(full, step=1))
    equal("and is read under the new name", subjects(place.inbox("g.hopper@corp.example", "Grace-Pw1")), [word])


def password_changed_by_tool(place, lab):
    core.changed_password(place, lambda password: lab.samba_tool(
        "user", "setpassword", "bob", "--newpassword=" + password))


def must_change_is_over(place, lab):
    lab.samba_tool("user", "setpassword", "dave", "--newpassword=Dave-Pw2")
    def welcome():
        with place.pop("dave", "Dave-Pw2") as pop:
            return pop.answer.startswith("+OK")
    check("dave has a new password and comes in", wait_for(welcome, step=1))


def locked_out_by_nobody(place, lab):
    """Guessing through the gateway must not lock an account out of the domain."""
    lab.samba_tool("domain", "passwordsettings", "set", "--account-lockout-threshold=5",
                   "--account-lockout-duration=30", "--reset-account-lockout-after=30")
    lab.stop()
    lab.restart()
    for number in range(12):
        with Pop3(place.address, 995, place.context) as pop:
            answer = pop.login("erin", "Guess-Pw%d" % number)
            if not answer.startswith("-ERR"):
                check("a guess is no password", False, answer)
    contains("after some guesses the domain is not asked any more", answer, "[SYS/TEMP]")
    text = lab.samba_tool("user", "show", "erin", "--attributes=lockoutTime,badPwdCount")
    found = re.search(r"lockoutTime: ([1-9]\d*)", text)
    check("erin is not locked out in the domain", not found, text)
    lab.samba_tool("domain", "passwordsettings", "set", "--account-lockout-threshold=0")


def sites(place):
    """The controller was found by DNS, and told our site by LDAP ping: over UDP, before anybody connected."""
    site = place.logged(r"directory\.site .*site=Default-First-Site-Name") or ""
    check("our site was learnt from the controller", site, place.log()[:800])
    line = place.logged(r"directory\.server .*state=selected") or ""
    check("and then one of its controllers was selected", "site=Default-First-Site-Name" in line and
          place.log().find(site) < place.log().find(line), line)


GSSAPI = """
directory "corp" {
	servers = { "ldap://fake.corp.example" }
	base = "DC=corp,DC=example"
	keytab = "%(state)s/mail.keytab"
	principal = "MAIL$@CORP.EXAMPLE"
	krb5_config = "%(state)s/krb5.conf"
}
domain "corp.example" { directory = "corp" default = true }
smtp "probe" { listen "127.0.0.1:2525" { tls = "none" } fqdn = "mail.corp.example" authentication = { "anonymous" } }
store { root = "%(state)s/none" queue = "%(state)s/nothing" }
"""


def gssapi_refused(lab):
    """A controller that refuses the Kerberos bind as Windows does: put off, and the log says what to change."""
    binary = BUILD + "/tests/scenario/directory_probe"
    must("make", "-s", "-C", TOP, "TOP=" + BUILD, binary, timeout=1200)
    lab.samba_tool("spn", "add", "ldap/fake.corp.example", "DC1$")
    with open("/etc/netns/%s/hosts" % lab.name, "a") as file:
        file.write("%s fake.corp.example\n" % lab.values["LAB_SINK_ADDRESS"])
    with open(lab.state + "/probe.conf", "w") as file:
        file.write(GSSAPI % {"state": lab.state})
    fake = Controller(lab.values["LAB_SINK_ADDRESS"], {}, {})
    for result, remedy in (((8, "00002028: LdapErr: DSID-0C090259"), "wants signing or TLS"),
                           ((53, "00002029: LdapErr: DSID-0C0904BC"), "write ldap://, not ldaps://"),
                           ((49, refused("80090346")), "LdapEnforceChannelBinding")):
        fake.sasl_result = result
        text = lab.inside(binary, lab.state + "/probe.conf", "resolve", "alice@corp.example").stdout
        check("Kerberos bind refused with %d" % result[0], "refused" in text and "451 4.3.0" in text and
              "GSSAPI bind as MAIL$" in text and remedy in text, text)
    fake.stop()


def roles(lab):
    """The bind is Kerberos, and the roles are confined."""
    names = {"postern-front": [], "postern-dir": [], "postern-store": [], "postern-relay": [], "postern-resolve": []}
    for pid, name in children(lab.master()).items():
        names.setdefault(name, []).append(pid)
    equal("one directory, two frontends, one relay, one resolver, one store",
          [len(names[name]) for name in sorted(names)], [1, 2, 1, 1, 1])
    for name, pids in names.items():
        for pid in pids:
            status = status_of(pid)
            check("%s does not run as root" % name, status["Uid"].split()[0] != "0", status["Uid"])
            equal("%s has a seccomp filter and no new privileges" % name,
                  (status["Seccomp"], status["NoNewPrivs"]), ("2", "1"))


def main():
    lab = Lab()
    place = core.Place(lab.address, lab.values["LAB_CA"], tls(lab.values["LAB_CA"]), lab.log,
                       ["alice", "CORP\\alice", "alice@corp.example", "a.smith@corp.example"])
    for test, arguments in (
            (core.submission, ()), (core.reading, ()), (core.recipients, (RECIPIENTS,)), (core.relaying, ()),
            (core.refused_logins, ((("a wrong password", "alice", "Wrong-Pw1"),
                                    ("an unknown user", core.UNKNOWN, "Alice-Pw1"),
                                    ("a disabled account", "carol", "Carol-Pw1"),
                                    ("a disabled account, wrong password", "carol", "Wrong-Pw1"),
                                    ("an expired account", "frank", "Frank-Pw1"),
                                    ("another NetBIOS domain", "OTHER\\alice", "Alice-Pw1"),
                                    ("a computer account", "MAIL$", "Alice-Pw1")),)),
            (partner, (lab,)), (expired_password, ()), (sub_codes, ()), (aliases, ()), (several_recipients, ()),
            (core.two_bobs, ()), (core.maildrop, ()),
            (core.postmasters, ((("postmaster@corp.example", "alice", "Alice-Pw1"),
                                 ("Postmaster@sales.example", "bob.sales", "Bob-Sales-Pw1"),
                                 ("POSTMASTER@corp-alias.example", "alice", "Alice-Pw1")),)),
            (core.quota, ("erin", "Erin-Pw1", "erin@corp.example", 256 * 1024)),
            (password_changed_by_tool, (lab,)), (must_change_is_over, (lab,)),
            (core.created_user, (lambda: lab.samba_tool(
                "user", "create", "grace", "Grace-Pw1", "--mail-address=grace@corp.example"),)),
            (disabled_while_running, (lab,)), (attributes_while_running, (lab,)),
            (core.real_clients, ()), (core.explained, ("nobody@corp.example", "nobody")),
            (core.explained, ("carol@corp.example", "(?i)carol.*disabled"))):
        with case(test.__name__):
            test(place, *arguments)
    with case("roles"):
        roles(lab)
    with case("sites"):
        sites(place)
    with case("gssapi_refused"):
        gssapi_refused(lab)
    equal("no process died", lab.log().count("role.died"), 0)
    with case("locked_out_by_nobody"):
        locked_out_by_nobody(place, lab)
    core.no_secret(place, PASSWORDS)


run(main)
