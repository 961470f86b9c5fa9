#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Two Samba controllers of one domain, each in a site of its own: one killed, frozen, ahead of the other."""
import json
import os
import re
import shutil
import signal
import tempfile

import core
import harness
from clients import TIMEOUT, Pop3, Smtp
from harness import TOP, Stopwatch, case, check, contains, equal, must, read, run, wait_for
from site_under_test import Lab, tls
from traffic import Traffic

DC1, DC2 = "dc1", "dc2"
HOST, BASE = "mail.corp.example", "DC=corp,DC=example"
SECONDS = 60  # in which a session is to end
THRESHOLD = 5


class Site:
    """The lab with its second controller; the gateway finds both by DNS and binds with its keytab."""

    def __init__(self):
        os.environ["LAB_NO_GATEWAY"] = "1"
        self.lab = Lab()
        self.state, self.address = self.lab.state, self.lab.address
        self.second("names")
        self.lab.samba_tool("sites", "create", "Branch")
        self.lab.samba_tool("sites", "subnet", "create", "10.53.0.0/24", "Default-First-Site-Name")
        self.lab.samba_tool("domain", "passwordsettings", "set", "--account-lockout-threshold=%d" % THRESHOLD,
                            "--account-lockout-duration=30", "--reset-account-lockout-after=30")
        for step in ("join", "start", "publish"):
            self.second(step)
        self.context = tls(self.lab.values["LAB_CA"])
        self.environment = dict(os.environ, KRB5_CONFIG=self.lab.values["LAB_KRB5_CONFIG"])
        self.serial = 0
        self.ticket = self.kinit("alice", "Alice-Pw1")
        self.conf = self.state + "/postern.conf"
        self.gateway("configure")
        text = read(self.conf).replace('preset = "ad"', 'preset = "ad"\n\tretry_preferred = 1s', 1)
        text = text.replace("pop3 {", 'pop3 {\n\tauthentication = { "basic", "integrated" }')
        with open(self.conf, "w") as file:
            file.write(text)
        self.gateway("start")

    def second(self, *words):
        must(TOP + "/tests/lab/second.sh", *words, env=self.lab.environment)

    def gateway(self, word):
        must(TOP + "/tests/lab/gateway.sh", word, env=self.lab.environment)

    def replicate(self):
        self.second("replicate", BASE)

    def tool(self, host, *words):
        """samba-tool against the one controller alone."""
        done = self.lab.inside("samba-tool", *words, "-H", "ldap://%s.corp.example" % host, "--use-kerberos=off", "-U",
                               "Administrator%" + self.lab.values["LAB_ADMIN_PASSWORD"],
                               "--configfile=" + self.state + "/samba/etc/smb.conf")
        if done.returncode != 0:
            raise RuntimeError("samba-tool %s: %s" % (" ".join(words), done.stdout))

    def count(self, host, user, name):
        """A number of the entry as that controller has it; 0 when it is not there."""
        values = self.lab.values
        done = self.lab.inside("ldapsearch", "-x", "-ZZ", "-LLL", "-H", "ldap://%s.corp.example" % host, "-D",
                               "Administrator@corp.example", "-w", values["LAB_ADMIN_PASSWORD"], "-b", BASE,
                               "(sAMAccountName=%s)" % user, name, env=dict(os.environ, LDAPTLS_CACERT=values["LAB_CA"]))
        if done.returncode != 0:
            raise RuntimeError("ldapsearch: " + done.stdout)
        found = re.search(r"(?m)^%s: (\d+)" % name, done.stdout)
        return int(found.group(1)) if found else 0

    def kinit(self, user, password):
        self.serial += 1
        cache = "%s/cc-%d" % (self.state, self.serial)
        done = self.lab.inside("kinit", "-c", "FILE:" + cache, user, input=password + "\n", env=self.environment)
        if done.returncode != 0:
            raise RuntimeError("kinit: " + done.stdout)
        return cache

    def curl(self):
        """alice reads with a ticket for the gateway that is made now: curl's exit code, and what it says."""
        with tempfile.NamedTemporaryFile(dir=self.state) as file:
            shutil.copy(self.ticket, file.name)
            done = self.lab.inside("curl", "-sS", "--max-time", str(TIMEOUT), "--cacert", self.lab.values["LAB_CA"],
                                   "--login-options", "AUTH=GSSAPI", "-u", ":", "-X", "NOOP", "-I", "pop3s://" + HOST,
                                   env=dict(self.environment, KRB5CCNAME="FILE:" + file.name))
        return done.returncode, done.stdout

    def login(self, user, password):
        with Pop3(self.address, 995, self.context) as pop:
            return pop.login(user, password)

    def lookup(self, recipient):
        with Smtp(self.address) as smtp:
            return smtp.envelope("x@elsewhere.example", recipient)

    def mark(self):
        return len(self.lab.log())

    def logged(self, text, mark):
        return wait_for(lambda: text in self.lab.log()[mark:])

    def selected(self, name, host, mark):
        check("%s: %s is selected" % (name, host), self.logged("server=ldap://%s.corp.example:389 state=selected" % host,
                                                               mark), self.lab.log()[mark:][-1500:])

    def works(self, name):
        check(name + ": recipients are found, a password and a ticket come in", wait_for(
            lambda: self.lookup("alice@corp.example").code == 250 and self.curl()[0] == 0 and
            self.login("alice", "Alice-Pw1").startswith(("+OK", "-ERR [IN-USE]")), step=0.2))

    def reload(self):
        """A directory role that knows nothing yet: no connection, no ticket, no answer."""
        mark = self.mark()
        with open(self.conf, "a") as file:
            file.write("# changed\n")
        os.kill(self.lab.master(), signal.SIGHUP)
        check("a new generation", self.logged("master.up", mark), self.lab.log()[mark:])
        return mark


class Samba:
    """The processes of a controller: the session of the one that was started."""

    def __init__(self, site, host):
        self.site, self.host = site, host
        self.file = site.state + ("/samba.pid" if host == DC1 else "/samba2.pid")
        harness.at_end(self.signal, signal.SIGCONT)

    def pids(self):
        leader = int(read(self.file).split()[0])
        found = []
        for pid in os.listdir("/proc"):
            try:
                if pid.isdigit() and os.getsid(int(pid)) == leader and "\nState:\tZ" not in read("/proc/%s/status" % pid):
                    found.append(int(pid))
            except (ProcessLookupError, PermissionError):
                pass
        return found

    def signal(self, number):
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self):
        self.signal(signal.SIGKILL)
        if not wait_for(lambda: not self.pids()):
            raise RuntimeError("%s does not die" % self.host)

    def start(self):
        if self.host == DC2:
            self.site.second("start")
        else:
            harness.shell('. "$0/tests/lab/domain.sh"; domain_start', env=self.site.lab.environment)


def by_site(site):
    """Both are in the DNS; our subnet is in the first one's site."""
    contains("our site was learnt", site.lab.log(), "directory.site directory=corp site=Default-First-Site-Name")
    site.selected("at the start", DC1, 0)
    site.works("at the start")
    done = site.lab.inside(harness.POSTERN, "-c", site.conf, "--json", "check")
    findings = json.loads(done.stdout)
    equal("check has no error", [one for one in findings if one["level"] == "error"], [])
    for host in (DC1, DC2):
        good = {one["what"] for one in findings if host + ".corp.example:389" in one["where"] and one["level"] == "good"}
        wanted = {"clock", "certificate", "bind", "signing", "channel-binding"}
        check("and a finding of each kind for " + host, wanted <= good, good)


def moved_to_the_other_site(site):
    """The subnet is given to the other site: its controller is the nearest now; and back."""
    for name, host in (("Branch", DC2), ("Default-First-Site-Name", DC1)):
        for controller in ("samba", "samba2"):  # on each, as replication would bring it
            done = site.lab.inside("samba-tool", "sites", "subnet", "set-site", "10.53.0.0/24", name,
                                   "--configfile=%s/%s/etc/smb.conf" % (site.state, controller))
            if done.returncode != 0:
                raise RuntimeError(done.stdout)
        mark = site.reload()
        check("our site is " + name, site.logged("directory.site directory=corp site=" + name, mark))
        site.selected("our subnet is in " + name, host, mark)
        site.works("our subnet is in " + name)


def failover(site, samba):
    for name, breaks, mends in (("killed", samba.kill, samba.start),
                                ("frozen", lambda: samba.signal(signal.SIGSTOP), lambda: samba.signal(signal.SIGCONT))):
        with case("the first is " + name):
            tickets = []
            begin = site.mark()
            traffic = Traffic(site.address, site.context, "Alice-Pw1", lambda: tickets.append(site.curl()))
            check("%s: there is traffic" % name, wait_for(lambda: len(traffic.accepted) > 5 and tickets))
            mark = site.mark()
            breaks()
            site.selected("the first is " + name, DC2, mark)
            site.works("the first is " + name)
            mark = site.mark()
            mends()
            site.selected("the first was " + name, DC1, mark)
            site.works("the first was " + name)
            traffic.end("the first is " + name)
            print("# tickets: %d, not at once: %r" % (len(tickets), [one for one in tickets if one[0]][:5]), flush=True)
            refused = re.findall(r"auth\.refused .*", site.lab.log()[begin:])
            equal("nobody's ticket is called wrong", refused[:2], [])


def key_ahead(site):
    """The machine's password is changed on the second; the first does not know of it yet."""
    admin = site.kinit("Administrator", site.lab.values["LAB_ADMIN_PASSWORD"])
    keytab = site.state + "/mail.keytab"
    tickets, traffic = [], None
    traffic = Traffic(site.address, site.context, "Alice-Pw1", lambda: tickets.append(site.curl()))
    wait_for(lambda: len(traffic.accepted) > 5 and tickets)
    done = site.lab.inside("adcli", "update", "--domain=corp.example", "--domain-controller=dc2.corp.example",
                           "--computer-name=MAIL", "--host-fqdn=" + HOST, "--host-keytab=" + keytab,
                           "--computer-password-lifetime=0", "--login-ccache=" + admin, env=site.environment)
    check("a new machine password on the second", done.returncode == 0, done.stdout)
    equal("the key versions differ", site.count(DC2, "MAIL$", "msDS-KeyVersionNumber") -
          site.count(DC1, "MAIL$", "msDS-KeyVersionNumber"), 1)
    before = len(tickets), len(traffic.accepted)
    check("mail and tickets go on", wait_for(lambda: len(tickets) > before[0] + 10 and
                                             len(traffic.accepted) > before[1] + 10))
    site.reload()
    site.works("with new connections")
    site.replicate()
    equal("replicated", site.count(DC1, "MAIL$", "msDS-KeyVersionNumber"), site.count(DC2, "MAIL$", "msDS-KeyVersionNumber"))
    site.reload()
    site.works("both have the new key")
    traffic.end("key versions that differ")
    equal("no ticket was refused", [one for one in tickets if one[0]][:3], [])


def password_ahead(site):
    """bob's password is changed on the second: what the first says counts until it knows."""
    check("bob comes in", site.login("bob", "Bob-Pw1").startswith("+OK"))
    site.tool(DC2, "user", "setpassword", "bob", "--newpassword=Bob-Pw2")
    # A mail program that has it already, and tries again and again.
    answers = {site.login("bob", "Bob-Pw2") for _ in range(8)}
    check("the new one is not known yet", all(answer.startswith("-ERR") for answer in answers), answers)
    equal("and counts once", [site.count(host, "bob", "badPwdCount") for host in (DC1, DC2)], [1, 0])
    check("the old one is good where it is known", site.login("bob", "Bob-Pw1").startswith("+OK"))
    site.replicate()
    check("replicated: the new one is good", wait_for(
        lambda: site.login("bob", "Bob-Pw2").startswith("+OK"), step=0.5))
    check("and the old one is not", wait_for(
        lambda: site.login("bob", "Bob-Pw1").startswith("-ERR [AUTH]"), step=0.5))
    for host in (DC1, DC2):
        equal("%s: bob is not locked out" % host, site.count(host, "bob", "lockoutTime"), 0)
        count = site.count(host, "bob", "badPwdCount")
        check("%s: below the threshold" % host, count < THRESHOLD, count)


def disabled_ahead(site):
    """Disabled on the second: sessions end when the first has learnt it."""
    with Pop3(site.address, 995, site.context) as pop, Smtp(site.address, 465, site.context) as smtp:
        check("erin comes in", pop.login("erin", "Erin-Pw1").startswith("+OK") and
              smtp.login("erin", "Erin-Pw1").code == 235)
        site.tool(DC2, "user", "disable", "erin")
        check("the sessions go on", pop.ask("NOOP").startswith("+OK") and smtp.ask("NOOP").code == 250)
        site.replicate()
        watch = Stopwatch()
        equal("POP3 ends, without a word", pop.line(), "")
        contains("SMTP says why", smtp.line(), "421 4.7.0")
        print("# both after %.0f s; %d are promised" % (watch.seconds, SECONDS), flush=True)
        check("in time, but for a machine that stands still", watch.seconds < 2 * SECONDS, watch.seconds)
    check("and erin does not come in", wait_for(
        lambda: site.login("erin", "Erin-Pw1").startswith("-ERR [AUTH]"), step=0.5))


def main():
    site = Site()
    first = Samba(site, DC1)
    for test, arguments in ((by_site, ()), (failover, (first,)), (key_ahead, ()), (password_ahead, ()),
                            (disabled_ahead, ()), (moved_to_the_other_site, ())):
        with case(test.__name__):
            watch = Stopwatch()
            test(site, *arguments)
        print("# %s: %.0f s" % (test.__name__, watch.seconds), flush=True)
    equal("no process died", site.lab.log().count("role.died"), 0)
    core.no_secret(type("Place", (), {"log": site.lab.log}), ["Alice-Pw1", "Bob-Pw1", "Bob-Pw2", "Erin-Pw1"])


run(main)
