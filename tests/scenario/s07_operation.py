#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What an administrator does: check, start, look, reload, rotate, stop; and how the roles are confined."""
import json
import os
import pwd
import re
import signal
import time

import harness
from clients import Pop3, Smtp, mailbox, message, subjects, token
from harness import (Process, TOP, case, check, command, contains, equal, in_time, lacks, must, read, run,
                     state_directory, status_of, wait_for)
from site_under_test import ADDRESS, Gateway, Namespace, Slapd, answers, certificates, population, tls

PEOPLE = [("alice", "Alice-Pw1", "alice@corp.example"), ("bob", "Bob-Pw1", "bob@corp.example")]
EXTRA = 'smtp "Extra" { listen "%s:2525" { tls = "none" } fqdn = "mail.corp.example" ' \
        'authentication = { "anonymous" } }' % ADDRESS


def up(gateway, mark):
    return gateway.logged("master.up", mark)


def reload(gateway, **options):
    gateway.write(**options)
    mark = gateway.mark()
    gateway.process.signal(signal.SIGHUP)
    return up(gateway, mark)


def half_message(word):
    """A session that has sent half of a message."""
    smtp = Smtp(ADDRESS)
    smtp.envelope("x@elsewhere.example", "alice@corp.example")
    smtp.ask("DATA")
    smtp.send("Subject: %s\r\n\r\nfirst half\r\n" % word)
    return smtp


def links(pid):
    """What its descriptors lead to, but for those that are closed at this moment."""
    found = []
    for descriptor in os.listdir("/proc/%d/fd" % pid):
        try:
            found.append(os.readlink("/proc/%d/fd/%s" % (pid, descriptor)))
        except FileNotFoundError:
            pass
    return found


def confinement(gateway):
    users = {"frontend": "postern-front", "directory": "postern-dir", "store": "postern-store",
             "relay": "postern-relay", "resolver": "postern-resolver"}
    roles = gateway.roles()
    equal("how many of each role", {role: len(pids) for role, pids in roles.items()},
          {"frontend": 2, "directory": 1, "store": 1, "relay": 1, "resolver": 1})
    for role, pids in roles.items():
        for pid in pids:
            status = status_of(pid)
            wanted = str(pwd.getpwnam(users[role]).pw_uid)
            equal("%s runs as %s" % (role, users[role]), status["Uid"].split(), [wanted] * 4)
            equal("%s has no capability" % role, {int(status[key], 16) for key in ("CapEff", "CapPrm", "CapInh")}, {0})
            equal("%s: no new privileges, filtered" % role, (status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
            check("%s has no supplementary groups of root" % role, "0" not in status.get("Groups", "").split(),
                  status.get("Groups"))
            root = os.readlink("/proc/%d/root" % pid)
            if role in ("frontend", "relay", "resolver"):
                equal("the root of a %s is an empty directory" % role, (root, os.listdir("/proc/%d/root" % pid)),
                      (gateway.state + "/run/empty", []))
                lacks("a %s holds no file of the mail root" % role, " ".join(links(pid)), gateway.state + "/mail")
    text = read(gateway.state + "/run/posternd.pid") or read(gateway.state + "/run/pid")
    check("the pid file names the master", text.strip() == str(gateway.process.pid), os.listdir(gateway.state + "/run"))


def status_command(gateway):
    done = gateway.tool("status")
    equal("postern status", done.returncode, 0)
    equal("it has a line for each process", [len(re.findall(r"(?m)^%s +\d" % role, done.stdout)) for role in ("frontend", "directory", "store", "relay", "resolver")],
          [2, 1, 1, 1, 1])
    done = gateway.tool("--json", "status")
    rows = json.loads(done.stdout)["processes"]
    equal("--json gives the same pids", sorted(row["pid"] for row in rows if row["role"] != "master"),
          sorted(pid for pids in gateway.roles().values() for pid in pids))
    equal("all are ready", {row["state"] for row in rows}, {"ready"})
    done = gateway.tool("status", "--json")
    check("the option may come behind", done.returncode == 0 and json.loads(done.stdout), done.stdout)
    done = gateway.tool("check")
    check("postern check is content with an LDAP server",
          done.returncode == 0 and "our simple bind is taken" in done.stdout, done.stdout)
    contains("status says how a directory is bound", gateway.tool("status").stdout, "LDAP only")
    done = gateway.tool("nonsense")
    equal("an unknown command is wrong usage", done.returncode, 2)
    second = command(harness.POSTERND, "-c", gateway.file)
    check("a second posternd with the same configuration refuses", second.returncode not in (0, 124), second.stdout)
    check("and the first goes on", answers(ADDRESS, 25))


def reload_keeps_sessions(gateway, context):
    words = [token(), token()]
    with Smtp(ADDRESS) as smtp:
        smtp.transact("x@elsewhere.example", "bob@corp.example", message(words[0]))
    smtp, pop = half_message(words[1]), Pop3(ADDRESS, 995, context)
    idle = Smtp(ADDRESS)
    check("bob is in", pop.login("bob", "Bob-Pw1").startswith("+OK"))
    old = gateway.roles()["frontend"]
    check("reload with a new listener and a new limit", reload(gateway, more=EXTRA, smtp_more="message_size = 1M"))
    check("the new listener answers", wait_for(lambda: answers(ADDRESS, 2525)))
    with Smtp(ADDRESS) as fresh:
        contains("the new limit holds for new sessions", fresh.hello, "SIZE 1048576")
    contains("the old session goes on as it was", idle.ask("EHLO x"), "SIZE 33554432")
    idle.ask("QUIT")
    smtp.send("second half\r\n.\r\n")
    equal("the half message is finished", smtp.reply().code, 250)
    smtp.ask("QUIT")
    contains("bob reads on", "\n".join(pop.many("RETR 1")), words[0])
    pop.ask("DELE 1")
    check("and deletes", pop.ask("QUIT").startswith("+OK"))
    equal("the finished message arrived", subjects(mailbox(ADDRESS, context, "alice", "Alice-Pw1", delete=True)),
          [words[1]])
    check("the old frontends leave when their last session has ended",
          wait_for(lambda: not set(old) & set(gateway.roles()["frontend"])), gateway.roles())
    check("reload without the listener", reload(gateway, more=""))
    check("it is closed", wait_for(lambda: not answers(ADDRESS, 2525)))
    check("the others are not", answers(ADDRESS, 25))


def broken_reload(gateway):
    good = read(gateway.file)
    line = len(good.splitlines()) + 1
    for name, text in (("a syntax error", good + "smtp { {\n"), ("an unknown key", good + "colour = 3\n"),
                       ("a domain without a directory", good + 'domain "x.example" { directory = "none" }\n'),
                       ("a certificate that is not there", good.replace("mail.corp.example.pem", "missing.pem"))):
        with open(gateway.file, "w") as file:
            file.write(text)
        mark = gateway.mark()
        gateway.process.signal(signal.SIGHUP)
        check("%s is refused" % name, gateway.logged("master.reload_failed", mark))
        log = gateway.log_since(mark)
        check("the log says where" if "not there" in name else "the log says file and line of %s" % name,
              re.search(r"conf\.error file=%s line=%s" % (gateway.file, r"\d+" if "not there" in name else line), log),
              log)
        with Smtp(ADDRESS) as smtp:
            equal("the old configuration serves on", smtp.envelope("x@e.example", "alice@corp.example").code, 250)
        done = gateway.tool("reload")
        equal("postern reload with %s fails" % name, done.returncode, 1)
        contains("and says where", done.stdout, gateway.file + ":")
    gateway.write()
    mark = gateway.mark()
    equal("postern reload with a good one", gateway.tool("reload").returncode, 0)
    check("takes it", up(gateway, mark))


def throttle(gateway, context):
    """A role that dies again and again is started again, more and more slowly, and the rest lives."""
    mark = gateway.mark()
    pids = []
    begin = time.monotonic()

    def kill():
        pids.append(wait_for(lambda: next((p for p in gateway.roles()["store"] if p not in pids), None), step=0.02))
        os.kill(pids[-1], signal.SIGKILL)
    for _ in range(6):
        kill()
    check("six deaths took more than the sum of short pauses", time.monotonic() - begin > 3,
          time.monotonic() - begin)
    # The pauses grow; a machine that needs longer than this one for a message kills once more.
    while (answer := delivery()).code == 250 and len(pids) < 14:
        kill()
    check("without the store mail is deferred", answer.code == 451, answer)
    check("the log tells of each", wait_for(
        lambda: gateway.log_since(mark).count("role.died role=store") == len(pids)), gateway.log_since(mark))
    check("in the end it works again", wait_for(lambda: delivery().code == 250, step=0.5))
    rows = json.loads(gateway.tool("--json", "status").stdout)["processes"]
    check("status counts the restarts", [row["restarts"] for row in rows if row["role"] == "store"][0] >= len(pids),
          rows)
    mailbox(ADDRESS, context, "alice", "Alice-Pw1", delete=True)


def delivery():
    with Smtp(ADDRESS) as smtp:
        return smtp.transact("x@e.example", "alice@corp.example", message(token()))


def rotation(gateway):
    old = gateway.log_file + ".1"
    os.rename(gateway.log_file, old)
    gateway.process.signal(signal.SIGHUP)
    check("a new log is made after SIGHUP", wait_for(lambda: "master.up" in gateway.log()), gateway.log())
    size = os.path.getsize(old)
    with Smtp(ADDRESS) as smtp:
        smtp.envelope("x@e.example", "no-one-here@corp.example")
    with Smtp(ADDRESS, 465, tls(gateway.state)) as smtp:
        smtp.login("alice", "Wrong-Pw9")
    check("frontends write to it", gateway.logged("smtp.refused"))
    check("and the directory role", gateway.logged("auth.refused"))
    store = gateway.roles()["store"][0]
    equal("and the store", os.readlink("/proc/%d/fd/2" % store), gateway.log_file)
    lacks("the old one gets no more of it", read(old)[size:], "Wrong-Pw9")
    check("nothing of the new session stands in the old one", "no-one-here" not in read(old)[size:])


DRAIN = 10  # seconds that open sessions have


def drain(gateway, context):
    def attempt(checks):
        try:
            drained(gateway, context, checks)
        except Exception:
            gateway.stop()
            gateway.start()
            for user, password, _ in PEOPLE:
                mailbox(ADDRESS, context, user, password, delete=True)
            raise
    in_time(DRAIN - 1, attempt)


def drained(gateway, context, checks):
    word, kept = token(), token()
    with Smtp(ADDRESS) as smtp:
        smtp.transact("x@elsewhere.example", "bob@corp.example", message(kept))
    smtp, idle, pop = half_message(word), Smtp(ADDRESS), Pop3(ADDRESS, 995, context)
    fresh = Smtp(ADDRESS, hello=False)
    checks.add("bob is in", pop.login("bob", "Bob-Pw1").startswith("+OK"))
    checks.begin()
    gateway.process.signal(signal.SIGTERM)
    for name, session in (("an idle session", idle), ("one that said nothing yet", fresh)):
        answer = session.reply()
        if answer == "":
            answer = session.ask("NOOP")
        checks.add("%s is told 421 4.3.2" % name, answer.startswith("421 4.3.2"), answer)
        checks.add("%s is closed" % name, session.closed())
    checks.add("nobody new comes in", wait_for(lambda: not answers(ADDRESS, 25), DRAIN))
    smtp.send("second half\r\n.\r\n")
    answer = smtp.reply()
    checks.add("an open transaction is finished", answer.code == 250, answer)
    answer = smtp.ask("MAIL FROM:<x@e.example>")
    checks.add("but no other begins", answer.startswith("421 4.3.2") or answer == "", answer)
    text = "\n".join(pop.many("RETR %s" % pop.ask("STAT").split()[1]))
    checks.add("an open maildrop can be read", kept in text, text)
    pop.ask("DELE 1")
    checks.add("and left with its deletions", pop.ask("QUIT").startswith("+OK"))
    checks.end()
    code = gateway.process.wait()
    checks.add("it ends with code 0", code == 0, code)
    gateway.start()
    found = subjects(mailbox(ADDRESS, context, "alice", "Alice-Pw1", delete=True))
    checks.add("the message of the open transaction is there", found == [word], found)
    found = mailbox(ADDRESS, context, "bob", "Bob-Pw1", delete=True)
    checks.add("what was deleted is gone", found == [], found)


def stop_command(gateway):
    equal("postern stop", gateway.tool("stop").returncode, 0)
    equal("ends the gateway with code 0", gateway.process.wait(), 0)
    done = gateway.tool("status")
    check("then status fails and says so", done.returncode == 1 and "control" in done.stdout, done.stdout)


def check_samples(state):
    """The samples with the paths of this machine are good; as they stand every complaint has file and line."""
    for name in ("postern.conf.sample", "postern-2003.conf.sample"):
        path = os.path.join(TOP, "conf", name)
        done = command(harness.POSTERND, "-t", "-c", path)
        if not os.path.isdir("/etc/postern"):
            complaints = done.stdout.splitlines()
            check("%s: its missing files are told, each with its line" % name, done.returncode == 1 and complaints and
                  all(re.match(r"%s:\d+: .+: .+" % re.escape(path), line) for line in complaints), done.stdout)
        text = read(path)
        places = {"/etc/postern/postern.pem": state + "/mail.corp.example.pem",
                  "/etc/postern/postern.key": state + "/mail.corp.example.key",
                  "/etc/postern/postern.keytab": state + "/sample.keytab",
                  "/var/lib/postern": state, "/run/postern": state + "/run"}
        text = re.sub("|".join(sorted(map(re.escape, places), key=len, reverse=True)),
                      lambda found: places[found.group()], text)
        if "store {" not in text:
            text += '\nstore { root = "%s/mail" queue = "%s/queue" }\n' % (state, state)
        text += "" if re.search(r"(?m)^run =", text) else '\nrun = "%s/run"\n' % state
        copy = "%s/%s" % (state, name)
        with open(copy, "w") as file:
            file.write(text)
        done = command(harness.POSTERND, "-t", "-c", copy)
        check("%s with this machine's files is good" % name, done.returncode == 0, done.stdout)


def check_broken(gateway):
    good = gateway.write()
    text = read(good)
    number = {line.strip(): at + 1 for at, line in enumerate(text.splitlines())}
    for name, old, new in (
            ("a wrong size", 'preset = "inetorgperson"', 'preset = "inetorgperson"\n\tquota_unit = 12Q'),
            ("an unknown preset", 'preset = "inetorgperson"', 'preset = "exchange"'),
            ("a plain bind", 'tls = "starttls"\n\ttls_ca', 'tls = "none"\n\ttls_ca'),
            ("a missing password file", gateway.state + "/password", "/nonexistent/password"),
            ("an alias of nothing", 'alias_of = "corp.example"', 'alias_of = "other.example"'),
            ("a listener twice", '%s:465' % ADDRESS, '%s:587' % ADDRESS),
            ("a bad port", '%s:995' % ADDRESS, '%s:99999' % ADDRESS),
            ("a directory that cannot be", 'root = "', 'root = "/etc/passwd'),
            ("an unclosed section", 'log { to', 'log { { to')):
        path = gateway.state + "/broken.conf"
        with open(path, "w") as file:
            file.write(text.replace(old, new))
        done = command(harness.POSTERND, "-t", "-c", path)
        check("posternd -t: %s" % name, done.returncode == 1 and
              re.search(r"(?m)^%s:\d+: .{10,}" % re.escape(path), done.stdout), done.stdout)
    path = gateway.state + "/broken.conf"
    with open(path, "w") as file:
        file.write(text.replace('preset = "inetorgperson"', 'preset = "exchange"'))
    done = command(harness.POSTERND, "-t", "-c", path)
    contains("the line is the right one", done.stdout, "%s:%d:" % (path, number['preset = "inetorgperson"']))
    equal("an empty file is refused", command(harness.POSTERND, "-t", "-c", "/dev/null").returncode, 1)
    equal("a missing one too", command(harness.POSTERND, "-t", "-c", "/nonexistent").returncode, 1)


def ordinary_user(state, slapd, context):
    """Without root, on high ports: all roles keep the user, there is no chroot, and mail flows."""
    below = state + "/user"
    os.makedirs(below)
    for name in ("ca.pem", "mail.corp.example.pem", "mail.corp.example.key"):
        must("cp", state + "/" + name, below)
    gateway = Gateway(below, [slapd.uri])
    gateway.write()
    text = read(gateway.file)
    for port in (25, 587, 465, 110, 995):
        text = text.replace(":%d\"" % port, ":%d\"" % (port + 20000))
    with open(gateway.file, "w") as file:
        file.write(text)
    must("chown", "-R", "nobody:nogroup", below)
    process = Process("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", harness.POSTERND,
                      "-c", gateway.file, log=state + "/user.out")
    check("it comes up", wait_for(lambda: answers(ADDRESS, 20025)), read(state + "/user.out") + gateway.log()[-800:])
    gateway.process = process
    nobody = str(pwd.getpwnam("nobody").pw_uid)
    for role, pids in gateway.roles().items():
        for pid in pids:
            status = status_of(pid)
            equal("as an ordinary user %s keeps the uid and is filtered" % role,
                  (status["Uid"].split()[1], status["Seccomp"], status["NoNewPrivs"]), (nobody, "2", "1"))
    word = token()
    with Smtp(ADDRESS, 20025) as smtp:
        equal("and takes mail", smtp.transact("x@e.example", "alice@corp.example", message(word)).code, 250)
    with Pop3(ADDRESS, 20995, context) as pop:
        pop.login("alice", "Alice-Pw1")
        contains("and gives it", "\n".join(pop.many("RETR 1")), word)
    equal("and ends with code 0", (process.signal(signal.SIGTERM), process.wait())[1], 0)


def check_directory(gateway):
    """posternd -t asks the directory, and says once what is wrong with it and what to do."""
    right = gateway.values["directory_tls"]
    for name, keys, wanted in (
            ("the right authority", right, None),
            ("another authority", 'tls = "starttls"', "set tls_ca to the authority that signed it"),
            ("a base that is not there", right, "is not there: correct it")):
        text = read(gateway.write(directory_tls=keys))
        if "base" in name:
            text = text.replace('base = "dc=corp', 'base = "dc=elsewhere')
            with open(gateway.file, "w") as file:
                file.write(text)
        done = command(harness.POSTERND, "-t", "-c", gateway.file)
        equal("with %s -t ends well" % name, done.returncode, 0)
        warnings = [line for line in done.stdout.splitlines() if "directory" in line]
        equal("%s: lines about the directory" % name, len(warnings), 0 if wanted is None else 1)
        if wanted:
            contains("%s: the line says what to do" % name, warnings[0] if warnings else done.stdout, wanted)
    gateway.write(directory_tls=right)


def main():
    state = state_directory()
    Namespace()
    certificates(state, ("slapd", "IP:10.54.0.1"))
    slapd = Slapd(state + "/slapd", population(PEOPLE),
                  with_tls=(state + "/slapd.pem", state + "/slapd.key", state + "/ca.pem"))
    # A key table as `ktutil` writes it, for the sample that names one.
    must("ktutil", input="add_entry -password -p MAIL$@CORP.EXAMPLE -k 1 -e aes256-cts-hmac-sha1-96\nsecret\n"
                         "write_kt %s/sample.keytab\nquit\n" % state)
    gateway = Gateway(state, [slapd.uri], directory_more="cache_positive = 1s")
    must("chown", "postern-dir:postern", state + "/sample.keytab")
    context = tls(state)
    with case("check_samples"):
        check_samples(state)
    with case("check_broken"):
        check_broken(gateway)
    with case("check_directory"):
        check_directory(gateway)
    gateway.start()
    for test, arguments in ((confinement, ()), (status_command, ()), (reload_keeps_sessions, (context,)),
                            (broken_reload, ()), (rotation, ()), (throttle, (context,)), (drain, (context,)),
                            (stop_command, ())):
        with case(test.__name__):
            test(gateway, *arguments)
    with case("ordinary_user"):
        ordinary_user(state, slapd, context)


run(main)
