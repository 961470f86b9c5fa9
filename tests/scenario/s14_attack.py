#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Guessing and spraying against a real Active Directory (Samba), and open sessions whose account changes."""
import json
import os
import re
import signal
import threading
import time

import core
import harness
from clients import Pop3, Smtp, message, subjects, token
from harness import Stopwatch, case, check, command, contains, equal, lacks, read, run, wait_for
from site_under_test import Lab, tls

OWNER, HOME = "10.53.0.40", "10.53.0.41"
STRANGERS = ["10.53.0.%d" % n for n in range(50, 55)]
SPRAYER = "10.53.0.60"
SECONDS = 60  # in which a session is to end; longer than twice that no machine stands still
BASE = "DC=corp,DC=example"


class Site:
    """The lab, with logins from any address of its network."""

    def __init__(self, lab):
        self.lab, self.context = lab, tls(lab.values["LAB_CA"])
        self.conf = lab.state + "/postern.conf"

    def smtp(self, user, password, source=OWNER):
        smtp = Smtp(self.lab.address, 465, self.context, source=source)
        smtp.answer = smtp.login(user, password)
        return smtp

    def pop(self, user, password, source=OWNER):
        pop = Pop3(self.lab.address, 995, self.context, source=source)
        pop.answer = pop.login(user, password)
        return pop

    def answer(self, protocol, user, password, source):
        with (self.smtp if protocol == "smtp" else self.pop)(user, password, source) as session:
            return session.answer

    def comes_in(self, user, password, source=OWNER):
        return (self.answer("pop", user, password, source).startswith(("+OK", "-ERR [IN-USE]")) and
                self.answer("smtp", user, password, source).startswith("235"))

    def attribute(self, user, name):
        """As the controller has it; 0 when it is not there."""
        values = self.lab.values
        done = self.lab.inside("ldapsearch", "-x", "-ZZ", "-LLL", "-H", "ldap://" + values["LAB_DC"],
                               "-D", "Administrator@corp.example", "-w", values["LAB_ADMIN_PASSWORD"], "-b", BASE,
                               "(sAMAccountName=%s)" % user, name, env=dict(os.environ, LDAPTLS_CACERT=values["LAB_CA"]))
        if done.returncode != 0:
            raise RuntimeError("ldapsearch: " + done.stdout)
        found = re.search(r"(?mi)^%s: (\d+)" % name, done.stdout)
        return int(found.group(1)) if found else 0

    def guess_elsewhere(self, user, password):
        """A wrong password at the controller itself."""
        self.lab.inside("ldapsearch", "-x", "-ZZ", "-H", "ldap://" + self.lab.values["LAB_DC"], "-D",
                        user + "@corp.example", "-w", password, "-b", "", "-s", "base",
                        env=dict(os.environ, LDAPTLS_CACERT=self.lab.values["LAB_CA"]))

    def explain(self, name, alone=False):
        """Exit code, and the facts."""
        done = (self.lab.inside if alone else command)(harness.POSTERN, "-c", self.conf, "--json", "explain", "login",
                                                       name)
        try:
            return done.returncode, json.loads(done.stdout)
        except ValueError:
            return done.returncode, {"output": done.stdout}

    def user(self, name, password):
        self.lab.samba_tool("user", "create", name, password, "--mail-address=%s@corp.example" % name)

    def reload(self):
        ups = self.lab.log().count("master.up")
        os.kill(self.lab.master(), signal.SIGHUP)
        return wait_for(lambda: self.lab.log().count("master.up") > ups)

    def held(self, pattern):
        """What the log says of how long the answers were held."""
        return [int(match.group(1)) for match in re.finditer(r"(?m)^.*%s.* held=(\d+)$" % pattern, self.lab.log())]


def never_locked(site, user, below):
    check("%s is not locked out in the domain" % user, site.attribute(user, "lockoutTime") == 0)
    count = site.attribute(user, "badPwdCount")
    check("%s: the domain counts fewer wrong passwords than its threshold" % user, count < below, count)


def guess(site, user, count, per_round=10, owner=None):
    """Different wrong passwords from several addresses over both protocols; owner(round) in between."""
    answers = set()
    for number in range(count):
        protocol = "smtp" if number % 2 else "pop"
        answers.add(str(site.answer(protocol, user, "Guess-%s-%d" % (user, number), STRANGERS[number % len(STRANGERS)])))
        if owner and number % per_round == per_round - 1:
            owner(number // per_round)
    return answers


def guessing(site, user, password, threshold, count):
    check("%s comes in" % user, site.comes_in(user, password))
    refused = []

    def owner(number):
        # From where he was before, and from an address nobody has seen.
        for source in (OWNER, "10.53.0.%d" % (100 + number)):
            if not site.comes_in(user, password, source):
                refused.append((number, source))
    answers = guess(site, user, count, owner=owner)
    never_locked(site, user, threshold)
    check("the right password of %s works all the time, from everywhere" % user, not refused, refused)
    check("no guess came in", not any(answer.startswith(("+OK", "235")) for answer in answers), answers)
    # Now without the owner, whose right password makes the domain forget.
    answers = guess(site, user, 20)
    never_locked(site, user, threshold)
    check("the answers are those of a wrong password, then of a trouble that passes",
          {answer[:3] for answer in answers} <= {"-ER", "535", "454"}, answers)
    check("and the owner comes in after it", site.comes_in(user, password))


def guessing_all_at_once(site, user, password, threshold):
    """Forty connections at once: what is in flight counts."""
    threads = [threading.Thread(target=site.answer, args=("pop" if n % 2 else "smtp", user, "Flood-%d" % n,
                                                          STRANGERS[n % len(STRANGERS)])) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    never_locked(site, user, threshold)
    check("%s comes in after a flood" % user, site.comes_in(user, password))


def fine_grained(site):
    """A password settings object with a stricter threshold."""
    site.user("ivan", "Ivan-Pw1")
    site.lab.samba_tool("domain", "passwordsettings", "pso", "create", "strict", "1", "--account-lockout-threshold=3",
                        "--account-lockout-duration=30", "--reset-account-lockout-after=30", "--complexity=off",
                        "--min-pwd-length=0", "--history-length=0", "--min-pwd-age=0", "--max-pwd-age=0")
    site.lab.samba_tool("domain", "passwordsettings", "pso", "apply", "strict", "ivan")
    code, facts = site.explain("ivan")
    check("explain names the policy", "CN=strict" in facts.get("lockout policy", ""), facts)
    equal("and its threshold", facts.get("lockout threshold"), "3")
    contains("which our account may not read, as by default: it is assumed", facts.get("lockout policy", ""), "assumed")
    check("the log says so", site.lab.logged("directory.policy dn=\"CN=strict"), "no line directory.policy")
    guessing(site, "ivan", "Ivan-Pw1", 3, 30)


def fine_grained_readable(site):
    """With the right to read them."""
    site.user("nora", "Nora-Pw1")
    site.lab.samba_tool("dsacl", "set", "--objectdn=CN=Password Settings Container,CN=System," + BASE,
                        "--sddl=(A;CI;GR;;;AU)")
    site.lab.samba_tool("domain", "passwordsettings", "pso", "create", "mild", "2", "--account-lockout-threshold=4",
                        "--account-lockout-duration=10", "--reset-account-lockout-after=10", "--complexity=off",
                        "--min-pwd-length=0", "--history-length=0", "--min-pwd-age=0", "--max-pwd-age=0")
    site.lab.samba_tool("domain", "passwordsettings", "pso", "apply", "mild", "nora")
    facts = site.explain("nora")[1]
    equal("a policy that may be read is read", (facts.get("lockout threshold"), facts.get("lockout window")),
          ("4", "600 s"))
    lacks("and not assumed", facts.get("lockout policy", ""), "assumed")
    guessing(site, "nora", "Nora-Pw1", 4, 30)


def seen_elsewhere(site):
    """What the controller has counted at other places leaves less for us."""
    site.user("judy", "Judy-Pw1")
    for number in range(3):
        site.guess_elsewhere("judy", "Elsewhere-%d" % number)
    equal("the controller has counted three", site.attribute("judy", "badPwdCount"), 3)
    answer = site.answer("pop", "judy", "Guess-Pw1", STRANGERS[0])
    check("a stranger is put off", answer.startswith("-ERR [SYS/TEMP]"), answer)
    equal("and nothing was asked", site.attribute("judy", "badPwdCount"), 3)
    code, facts = site.explain("judy")
    contains("explain knows of them", facts.get("wrong passwords", ""), "3 counted by the directory")
    contains("and of the back-off", facts.get("back-off", ""), "strangers are put off")


def stale_password(site, user):
    """A mail program that repeats a wrong password: it counts once."""
    for number in range(6):
        site.answer("smtp" if number % 2 else "pop", user, "Stale-Pw1", STRANGERS[number % 2])
    threads = [threading.Thread(target=site.answer, args=("pop", user, "Stale-Pw2", STRANGERS[n % 5])) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal("two wrong passwords, one six times and one eight times at once, count twice",
          site.attribute(user, "badPwdCount"), 2)
    return time.monotonic()


def stale_password_later(site, user, since):
    wait_for(lambda: time.monotonic() - since > 33)
    answer = site.answer("pop", user, "Stale-Pw1", STRANGERS[0])
    check("it is refused", answer.startswith("-ERR [AUTH]"), answer)
    equal("and more than half a minute later it counts no more", site.attribute(user, "badPwdCount"), 2)
    site.lab.samba_tool("user", "setpassword", user, "--newpassword=Stale-Pw1")
    check("it is asked about at once when it has become the password",
          wait_for(lambda: site.comes_in(user, "Stale-Pw1"), step=1))


def add_victims(site, count):
    site.lab.modify("\n".join(
        "dn: CN=victim%d,CN=Users,%s\nchangetype: add\nobjectClass: user\nsAMAccountName: victim%d\n"
        "userAccountControl: 544\nmail: victim%d@corp.example\n" % (n, BASE, n, n) for n in range(count)))


def spraying(site):
    """One password for fifty accounts: slower and slower there, and nowhere else."""
    add_victims(site, 50)
    check("a neighbour of the sprayer comes in", site.comes_in("alice", "Alice-Pw1", SPRAYER))
    elsewhere = []
    for number in range(50):
        answer = site.answer("pop", "victim%d" % number, "Spring-2026", SPRAYER)
        if answer.startswith("+OK"):
            check("spraying does not get in", False, answer)
        if number % 10 == 9:
            elsewhere.append(site.comes_in("bob", "Bob-Pw1", HOME))
    held = site.held(r"auth\.refused .*client=%s " % re.escape(SPRAYER))
    check("the answers to the last are held for a second", len(held) >= 50 and min(held[-5:]) >= 900, held)
    # Not for that: but every refusal is held for as long as a slow machine's password checks take.
    print("# the answers to the first were held for %s ms" % held[:5], flush=True)
    check("another address comes in meanwhile", all(elsewhere) and len(elsewhere) == 5, elsewhere)
    equal("and at full speed", set(site.held(r"auth\.ok .*client=%s " % re.escape(HOME))), {0})
    spraying_all_at_once(site)


def spraying_all_at_once(site):
    """Many connections do not help, and whoever is known at the address is not put off."""
    answers, put_off = [], []

    def one(number):
        answers.append(str(site.answer("pop", "nobody%d" % number, "Spring-2026", SPRAYER)))
    for wave in range(5):  # on a slow machine they may come one after the other
        before = site.lab.log().count("too many accounts failed from this address")
        threads = [threading.Thread(target=one, args=(40 * wave + n,)) for n in range(40)]
        for thread in threads:
            thread.start()
        check("the neighbour comes in during it", site.comes_in("alice", "Alice-Pw1", SPRAYER))
        for thread in threads:
            thread.join()
        equal("everybody was answered", len(answers), 40 * (wave + 1))
        put_off.append(site.lab.log().count("too many accounts failed from this address") - before)
        if put_off[-1] >= 20:
            break
    check("most of what came at once was put off unasked", put_off[-1] >= 20, put_off)


def same_text(place):
    core.refused_logins(place, (("a wrong password", "bob.sales", "Wrong-Pw1"),
                                ("an unknown user", core.UNKNOWN, "Alice-Pw1"),
                                ("a disabled account", "carol", "Carol-Pw1"),
                                ("a disabled account, wrong password", "carol", "Wrong-Pw1"),
                                ("an expired account", "frank", "Frank-Pw1"),
                                ("must change, wrong password", "dave", "Wrong-Pw1")))


def configured_hint(site):
    text = read(site.conf)
    with open(site.conf, "w") as file:
        file.write('password_expired_text = "Time for a new password: https://pw.corp.example"\n' + text)
    check("the gateway takes the configuration", site.reload(), site.lab.log()[-1500:])
    equal("the hint for the right password in SMTP", site.answer("smtp", "dave", "Dave-Pw1", OWNER),
          "535 5.7.8 Time for a new password: https://pw.corp.example")
    equal("and in POP3", site.answer("pop", "dave", "Dave-Pw1", OWNER),
          "-ERR [AUTH] Time for a new password: https://pw.corp.example")
    lacks("none for a wrong one", site.answer("pop", "dave", "Wrong-Pw9", OWNER), "Time")


class Live:
    """Sessions of one person in both protocols; in POP3 a message is marked for deletion."""

    def __init__(self, site, user, password):
        self.site, self.user, self.password, self.word = site, user, password, token()
        with Smtp(site.lab.address, source=OWNER) as smtp:
            check("mail for " + user, smtp.transact("x@elsewhere.example", user + "@corp.example",
                                                    message(self.word)).code == 250)
        self.smtp, self.idle = site.smtp(user, password), site.smtp(user, password)
        self.pop = site.pop(user, password)
        equal("a session that is in a transaction",
              self.smtp.envelope(user + "@corp.example", "alice@corp.example").code, 250)
        check("a message is marked", self.pop.ask("DELE 1").startswith("+OK"))
        self.watch = Stopwatch()

    def alive(self):
        return self.smtp.ask("NOOP").code == 250 and self.pop.ask("NOOP").startswith("+OK")

    def end(self, what):
        """Each of them ends by itself within the time, and nothing was deleted."""
        answers = []

        def ended(session, ask):
            while self.watch.seconds < 2 * SECONDS:
                answer = ask("NOOP")
                if not answer.startswith(("250", "+OK")):
                    answers.append(answer)
                    return True
                time.sleep(1)
            return False
        check(what + ": POP3 ends in time", ended(self.pop, self.pop.ask))
        check(what + ": SMTP in a transaction ends in time", ended(self.smtp, self.smtp.ask))
        print("# %s: ended after %.0f s; %d are promised" % (what, self.watch.seconds, SECONDS), flush=True)
        equal(what + ": POP3 says nothing", answers[:1], [""])
        contains(what + ": SMTP says why", answers[-1], "421 4.7.0")
        contains(what + ": an idle one is told by itself", self.idle.line(), "421 4.7.0")
        check(what + ": and closed", self.idle.closed() and self.smtp.closed() and self.pop.closed())

    def undeleted(self, password):
        equal("nothing was deleted", subjects(core.clients.mailbox(
            self.site.lab.address, self.site.context, self.user, password, False, 995)), [self.word])


LINE, DOWNLOAD = "0123456789" * 7 + "\n", 24 << 20
FILETIME = 11644473600  # seconds from 1601 to 1970


def expire(site, user, at):
    """accountExpires, as unix seconds."""
    site.lab.modify("dn: CN=%s,CN=Users,%s\nchangetype: modify\nreplace: accountExpires\naccountExpires: %d\n" % (
        user, BASE, (at + FILETIME) * 10**7))


def expire_soon(site, user):
    """Then nobody touches the account: the time passes."""
    expires = int(time.time()) + 5
    expire(site, user, expires)
    wait_for(lambda: time.time() > expires)


def lock(site, user):
    """Wrong passwords at the controller itself, until it locks."""
    for number in range(5):
        site.guess_elsewhere(user, "Locking-%d" % number)
    check("%s is locked out in the domain" % user, site.attribute(user, "lockoutTime") != 0)


def endings(site):
    """Each way in which an account ends, all at once; the sprayer is at work meanwhile."""
    ways = (("kate", "disabled", lambda: site.lab.samba_tool("user", "disable", "kate")),
            ("liam", "password changed", lambda: site.lab.samba_tool(
                "user", "setpassword", "liam", "--newpassword=Liam-Pw2")),
            ("mona", "deleted", lambda: site.lab.samba_tool("user", "delete", "mona")),
            ("pete", "expired", lambda: expire_soon(site, "pete")),
            ("quinn", "locked out", lambda: lock(site, "quinn")))
    for user, *_ in ways:
        site.user(user, user.title() + "-Pw1")
    # liam's sessions are of a generation that retires, by a reload with another configuration.
    lives = {"liam": Live(site, "liam", "Liam-Pw1")}
    text = read(site.conf)
    with open(site.conf, "w") as file:
        file.write(text.replace("pop3 {", 'pop3 {\n\tauthentication = { "basic", "integrated" }'))
    check("a reload: tickets are taken in POP3", site.reload(), site.lab.log()[-1500:])
    curl = download_with_a_ticket(site)
    for user, *_ in ways:
        if user not in lives:
            lives[user] = Live(site, user, user.title() + "-Pw1")
    other = site.pop("nora", "Nora-Pw1")
    for user, live in lives.items():
        check("%s: the sessions live" % user, live.alive())
    threads = []
    for user, what, change in ways:
        live = lives[user]
        live.watch = Stopwatch()
        change()
        if user == "pete":
            live.watch = Stopwatch()
        threads.append(threading.Thread(target=live.end, args=(what,)))
        threads[-1].start()
    if curl:
        site.lab.samba_tool("user", "disable", "olga")
        threads.append(threading.Thread(target=download_ends, args=(site, *curl)))
        threads[-1].start()
    with case("spraying"):
        spraying(site)
    for thread in threads:
        thread.join()
    check("another person's session goes on", other.ask("NOOP").startswith("+OK"))
    other.close()
    ended = set(re.findall(r'auth\.ended .*cause="?([^"\n]*)', site.lab.log()))
    for cause in ("account disabled", "account expired", "account locked out"):
        check("the log says: " + cause, cause in ended, ended)
    site.lab.samba_tool("user", "enable", "kate")
    expire(site, "pete", 4 * 10**9)
    for user, password in (("kate", "Kate-Pw1"), ("liam", "Liam-Pw2"), ("pete", "Pete-Pw1")):
        check("%s comes in again" % user, wait_for(lambda: site.comes_in(user, password), step=1))
        lives[user].undeleted(password)


def download_with_a_ticket(site):
    """How the login was proved makes no difference: a Kerberos ticket that is good for hours, a download under way."""
    lab, cache = site.lab, "FILE:%s/olga.cc" % site.lab.state
    environment = dict(os.environ, KRB5_CONFIG=lab.values["LAB_KRB5_CONFIG"], KRB5CCNAME=cache)
    site.user("olga", "Olga-Pw1")
    with Smtp(lab.address, source=OWNER) as smtp:
        equal("a large message", smtp.transact("x@elsewhere.example", "olga@corp.example",
                                               message(token(), body=LINE * (DOWNLOAD // len(LINE)))).code, 250)
    for which in ("rmem", "wmem"):  # what lies in them is read on when the gateway has closed
        done = lab.inside("sysctl", "-w", "net.ipv4.tcp_%s=4096 16384 65536" % which)
        check("small buffers: tcp_" + which, done.returncode == 0, done.stdout)
    done = lab.inside("kinit", "-c", cache, "olga", input="Olga-Pw1\n", env=environment)
    check("olga has a ticket", done.returncode == 0, done.stdout)
    curl = harness.Process(
        "nsenter", "--target", read(lab.state + "/anchor").strip(), "--net", "--mount", "--", "curl", "-sS",
        "--cacert", lab.values["LAB_CA"], "--login-options", "AUTH=GSSAPI", "-u", ":", "--limit-rate", "20k",
        "-o", lab.state + "/curl.message", "pop3s://mail.corp.example:995/1", log=lab.state + "/curl.out", env=environment)
    line = lab.logged("auth.ok ", lambda line: re.search(r"mechanism=GSSAPI .*user=\"?olga", line))
    good = check("and comes in with it", line, read(lab.state + "/curl.out"))
    return (curl, re.search(r"session=(\S+)", line).group(1)) if good else None


def download_ends(site, curl, session):
    """The gateway ends it, as its log tells; curl ends when it has read what had been sent, at its 20 KB a second."""
    ended = site.lab.logged("auth.ended session=%s " % session)
    check("disabled: her download is ended", ended, read(site.lab.state + "/curl.out"))
    code = curl.wait(2 * harness.PATIENCE)
    size = os.path.getsize(site.lab.state + "/curl.message")
    check("in the middle of it", code is not None and 0 < size < DOWNLOAD - (1 << 20), (code, size, read(site.lab.state + "/curl.out")))


def outage_ends_nothing(site):
    """A controller that does not answer for longer than two rounds of questions."""
    live = site.pop("alice", "Alice-Pw1")
    samba = int(read(site.lab.state + "/samba.pid").split()[0])
    harness.at_end(continue_process, samba)
    os.kill(samba, signal.SIGSTOP)
    end = time.monotonic() + 50
    answers = set()
    while time.monotonic() < end:
        answers.add(live.ask("NOOP")[:3])
        time.sleep(2)
    os.kill(samba, signal.SIGCONT)
    equal("a session outlives an outage of the directory", answers, {"+OK"})
    check("and is good afterwards", wait_for(lambda: site.comes_in("bob", "Bob-Pw1"), step=1) and
          live.ask("NOOP").startswith("+OK"))
    live.close()


def continue_process(pid):
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass


def explained(site):
    for name, code, wanted in (
            ("alice", 0, {"found": "one entry", "account": "alice", "state": "good", "directory": "corp",
                          "lockout threshold": "5", "mailbox": "alice@corp.example",
                          "right password, SMTP": "235 2.7.0 Authentication successful"}),
            ("CORP\\alice", 0, {"account": "alice"}),
            ("a.smith@corp.example", 0, {"account": "alice"}),
            ("carol", 0, {"state": "account disabled", "cause": "account disabled",
                          "right password, SMTP": "535 5.7.8 Authentication credentials invalid",
                          "right password, POP3": "-ERR [AUTH] Invalid user name or password"}),
            ("frank", 0, {"state": "account expired", "cause": "account expired"}),
            ("dave", 0, {"state": "password must be changed", "pwdLastSet": "0 (must be changed at the next logon)"}),
            (core.UNKNOWN, 1, {"found": "nobody", "right password, SMTP":
                               "535 5.7.8 Authentication credentials invalid"}),
            ("OTHER\\alice", 1, {"found": "nobody", "cause": "no directory of that domain"})):
        got, facts = site.explain(name)
        equal("explain login %s: exit code" % name, got, code)
        equal("explain login %s" % name, {key: facts.get(key) for key in wanted}, wanted)
    facts = site.explain("alice")[1]
    check("every fact has a name", all(facts), facts)
    contains("the filter is shown", facts["search"][0], "(sAMAccountName=alice)")
    contains("and what it found, where", facts["search"][0], "one entry at ldap://dc1.corp.example")
    contains("bits have names", facts["userAccountControl"], "(normal account)")
    contains("the running gateway answers", facts["asked by"], "the running gateway")
    done = command(harness.POSTERN, "-c", site.conf, "explain", "login", "carol")
    check("as text", done.returncode == 0 and re.search(r"(?m)^state +account disabled$", done.stdout), done.stdout)
    equal("wrong usage", command(harness.POSTERN, "-c", site.conf, "explain", "login").returncode, 2)


def explained_alone(site):
    """Without a gateway the command asks the directory itself."""
    site.lab.stop()
    code, facts = site.explain("carol", alone=True)
    equal("explained without a gateway", (code, facts.get("state")), (0, "account disabled"))
    contains("and says so", facts.get("asked by", ""), "no gateway is running")
    site.lab.restart()


def stale_after_restart(site, user):
    """What was remembered is gone with the gateway: it counts once more, and the domain's count is known."""
    before = site.attribute(user, "badPwdCount")
    for number in range(4):
        site.answer("pop", user, "Stale-Pw9", STRANGERS[number])
    equal("after a restart a wrong password counts once again", site.attribute(user, "badPwdCount"), before + 1)


def main():
    lab = Lab()
    site = Site(lab)
    lab.samba_tool("domain", "passwordsettings", "set", "--account-lockout-threshold=5",
                   "--account-lockout-duration=30", "--reset-account-lockout-after=30")
    place = core.Place(lab.address, lab.values["LAB_CA"], site.context, lab.log, [])
    since = None
    with case("stale password"):
        since = stale_password(site, "erin")
    for test, arguments in ((same_text, (place,)), (guessing, (site, "bob", "Bob-Pw1", 5, 100)),
                            (guessing_all_at_once, (site, "bob", "Bob-Pw1", 5)), (fine_grained, (site,)),
                            (fine_grained_readable, (site,)),
                            (guessing_all_at_once, (site, "ivan", "Ivan-Pw1", 3)), (seen_elsewhere, (site,)),
                            (stale_password_later, (site, "erin", since)), (explained, (site,)), (configured_hint, (site,)),
                            (endings, (site,)), (outage_ends_nothing, (site,)), (explained_alone, (site,)),
                            (stale_after_restart, (site, "alice"))):
        with case(test.__name__):
            test(*arguments)
    equal("no process died", lab.log().count("role.died"), 0)
    core.no_secret(place, ["Alice-Pw1", "Bob-Pw1", "Ivan-Pw1", "Stale-Pw1", "Spring-2026", "Guess-bob-1"])


run(main)
