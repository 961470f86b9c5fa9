#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Two directories, each with its mail domain and a bob; one that answers nobody holds up only its own."""
import threading

from clients import Pop3, Smtp, message, subjects, token, mailbox
from harness import PATIENCE, case, check, contains, equal, run, state_directory, wait_for
from site_under_test import ADDRESS, Gateway, Namespace, Slapd, certificates, population, tls

FIRST, SECOND = "10.54.0.1", "10.54.0.3"
CORP = [("bob", "Corp-Pw1", "bob@corp.example"), ("alice", "Alice-Pw1", "alice@corp.example")]
BRANCH = [("bob", "Branch-Pw1", "bob@branch.example"), ("carol", "Carol-Pw1", "carol@branch.example")]
KEYS = 'lookups = 4\n\tpassword_checks = 4\n\tcache_positive = 0\n\tcache_negative = 0\n\tcache_outage = 0\n\t'
MORE = """
directory "branch" {
	servers = { "ldap://%(address)s" }
	preset = "inetorgperson"
	base = "dc=corp,dc=example"
	bind = "simple"
	bind_dn = "cn=postern,dc=corp,dc=example"
	password_file = "%(state)s/password"
	tls_ca = "%(state)s/ca.pem"
	netbios = "BRANCH"
	timeout = 20s
	%(keys)s
}
domain "branch.example" { directory = "branch" postmaster = "bob@corp.example" }
"""


class Site:
    def __init__(self, gateway, context):
        self.gateway, self.context = gateway, context

    def rcpt(self, recipient):
        with Smtp(ADDRESS) as smtp:
            return smtp.envelope("x@elsewhere.example", recipient)

    def auth(self, user, password):
        with Smtp(ADDRESS, 465, self.context) as smtp:
            return smtp.login(user, password)

    def login(self, user, password):
        with Pop3(ADDRESS, 995, self.context) as pop:
            return pop.login(user, password)


def same_name(site):
    """Who bob is depends on the domain he says, and only his own password is his."""
    for user, password, other in (("CORP\\bob", "Corp-Pw1", "Branch-Pw1"), ("BRANCH\\bob", "Branch-Pw1", "Corp-Pw1"),
                                  ("bob@corp.example", "Corp-Pw1", "Branch-Pw1"),
                                  ("bob@branch.example", "Branch-Pw1", "Corp-Pw1"), ("bob", "Corp-Pw1", "Branch-Pw1")):
        equal("%s comes in" % user, site.auth(user, password).code, 235)
        contains("%s by POP3" % user, site.login(user, password), "+OK")
        equal("%s not with the other's password" % user, site.auth(user, other).code, 535)
    equal("NOBODYS\\bob is nobody", site.auth("NOBODYS\\bob", "Corp-Pw1").code, 535)
    words = {}
    for recipient in ("bob@corp.example", "bob@branch.example"):
        words[recipient] = token()
        with Smtp(ADDRESS) as smtp:
            equal("mail for " + recipient, smtp.transact("x@e.example", recipient, message(words[recipient])).code, 250)
    for user, password in (("bob@corp.example", "Corp-Pw1"), ("bob@branch.example", "Branch-Pw1")):
        equal("%s has his own mail" % user, subjects(mailbox(ADDRESS, site.context, user, password, delete=True)),
              [words[user]])
    contains("carol is not of the other domain", site.rcpt("carol@corp.example"), "550 5.1.1")


class Crowd:
    """Many who ask the directory that does not answer."""

    def __init__(self, site, count):
        self.answers = []
        steps = (lambda: site.rcpt("bob@corp.example"), lambda: site.auth("CORP\\bob", "Corp-Pw1"),
                 lambda: site.login("alice", "Alice-Pw1"), lambda: site.rcpt("postmaster@branch.example"))
        self.threads = [threading.Thread(target=lambda step=steps[n % len(steps)]: self.answers.append(step()),
                                         daemon=True) for n in range(count)]
        for thread in self.threads:
            thread.start()

    def waiting(self):
        return sum(thread.is_alive() for thread in self.threads)

    def end(self):
        for thread in self.threads:
            thread.join(PATIENCE)
        strange = [text for text in self.answers if not text.startswith(("451 4.3.0", "454 4.7.0", "-ERR [SYS/TEMP]"))]
        equal("all who asked the silent one are put off", (strange[:3], self.waiting()), ([], 0))


def branch_is_served(site, name, crowd=None):
    """Each of these is answered; whether the crowd waits still."""
    for what, call, wanted in (("RCPT", lambda: site.rcpt("carol@branch.example"), "250"),
                               ("an unknown one", lambda: site.rcpt("nobody@branch.example"), "550 5.1.1"),
                               ("AUTH", lambda: site.auth("carol@branch.example", "Carol-Pw1"), "235"),
                               ("DOMAIN\\user", lambda: site.auth("BRANCH\\bob", "Branch-Pw1"), "235"),
                               ("a wrong password", lambda: site.auth("BRANCH\\bob", "Wrong-%s" % token()), "535"),
                               ("POP3", lambda: site.login("bob@branch.example", "Branch-Pw1"), "+OK")):
        answer = call()
        check("%s: %s in the other domain: %s" % (name, what, wanted), answer.startswith(wanted), answer)
    return crowd and crowd.waiting() > 20


def silent(site, corp):
    """The other one is served while a crowd waits: seen once on a machine that serves it before the crowd is put off."""
    with case("one directory falls silent"):
        waiting, tries = False, 0
        while not waiting and tries < 8:
            corp.freeze()
            crowd, tries = Crowd(site, 60), tries + 1
            waiting = branch_is_served(site, "frozen", crowd)
            crowd.end()
            branch_is_served(site, "known to be frozen")
            corp.thaw()
            check("afterwards it is asked again", wait_for(
                lambda: site.rcpt("bob@corp.example").code == 250 and
                site.auth("CORP\\bob", "Corp-Pw1").code == 235, step=0.2))
        check("it was served while the crowd waited", waiting, tries)


def silent_from_the_start(site, corp):
    """Nothing is known of it, not even its name."""
    site.gateway.stop()
    corp.freeze()
    mark = site.gateway.mark()
    site.gateway.start()
    branch_is_served(site, "frozen from the start")
    log = site.gateway.log_since(mark)
    check("nobody had to wait until it was given up", "directory.outage directory=corp" not in log, log[-800:])
    contains("its own are put off", site.auth("CORP\\bob", "Corp-Pw1"), "454 4.7.0")
    contains("so is who may be its", site.auth("UNKNOWN\\bob", "Corp-Pw1"), "454 4.7.0")
    branch_is_served(site, "given up")
    corp.thaw()
    check("then it is found", wait_for(lambda: site.auth("CORP\\bob", "Corp-Pw1").code == 235, step=0.2))


def stopped(site, corp):
    corp.stop()
    check("one is stopped: its recipients are put off", wait_for(
        lambda: site.rcpt("bob@corp.example").startswith("451 4.3.0"), step=0.2))
    branch_is_served(site, "stopped")
    corp.start()
    check("and found again", wait_for(lambda: site.rcpt("bob@corp.example").code == 250, step=0.2))


def main():
    state = state_directory()
    Namespace(ADDRESS, FIRST, SECOND)
    certificates(state, ("slapd", "IP:%s,IP:%s" % (FIRST, SECOND)))
    with_tls = (state + "/slapd.pem", state + "/slapd.key", state + "/ca.pem")
    corp = Slapd(state + "/slapd1", population(CORP), FIRST, with_tls=with_tls)
    Slapd(state + "/slapd2", population(BRANCH, ".branch"), SECOND, with_tls=with_tls)
    gateway = Gateway(state, [corp.uri], directory_more=KEYS + 'netbios = "CORP"',
                      more=MORE % {"address": SECOND, "state": state, "keys": KEYS})
    gateway.start()
    site = Site(gateway, tls(state))
    check("both are reached", wait_for(lambda: site.rcpt("bob@corp.example").code == 250 and
                                       site.rcpt("bob@branch.example").code == 250))
    with case("the same name in both"):
        same_name(site)
    silent(site, corp)
    with case("one directory is silent from the start"):
        silent_from_the_start(site, corp)
    with case("one directory is stopped"):
        stopped(site, corp)
    equal("no process died or was restarted", gateway.log().count("role.died"), 0)


run(main)
