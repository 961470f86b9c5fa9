#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The methods password-file and local, and the change between methods."""
import base64
import hashlib
import hmac
import json
import os
import pty
import pwd
import signal
import stat
import tempfile

import clients
import core
from clients import Pop3, Smtp, encode, message, subjects, token
from harness import TOP, at_end, case, check, command, contains, equal, lacks, must, run, state_directory, wait_for
from site_under_test import ADDRESS, CONFIGURATION, DIRECTORY, Gateway, Namespace, certificates, tls
import harness

ACCOUNTS = CONFIGURATION.replace(DIRECTORY, "%(method)s\n").replace('directory = "corp" ', "")
PASSWORD_FILE = 'method = "password-file"'
SERVICE = "postern-test-%d" % os.getpid()
LOCAL = 'method = "local"\npam_service = "%s"' % SERVICE
ALICE, BOB, OTHER_BOB = "Alice-Pw1-file", "Bob-Pw1-file", "Bob-Sales-Pw1-file"
WRONG = "Wrong-Pw1-file"
SECRETS = [ALICE, BOB, OTHER_BOB, WRONG, "Alice-Pw2-file", "Local-Pw1-system", "Local-Pw2-system"]


def receive(address, code=250):
    """Mail from outside; its subject."""
    word = token()
    with Smtp(ADDRESS) as smtp:
        equal("mail to %s is answered %d" % (address, code),
              smtp.transact("x@elsewhere.example", address, message(word)).code, code)
    return word


def add(gateway, address, password, *words):
    return gateway.tool("mailbox", "add", address, "--stdin", *words, input=password + "\n")


def accepts(state, user, password):
    with Pop3(ADDRESS, 995, tls(state)) as pop:
        return pop.login(user, password)


def at_terminal(words, dialogue):
    """Runs it at a terminal of its own and answers each question; all that was shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(words[0], words)
    shown = ""
    try:
        for question, answer in dialogue + ((None, None),):
            while question is None or not shown.endswith(question):
                shown += os.read(terminal, 1024).decode()
            os.write(terminal, answer.encode() + b"\n")
    except OSError:  # its end closes the terminal
        pass
    os.close(terminal)
    os.waitpid(pid, 0)
    return shown


# --- password-file ---

def make_mailboxes(gateway):
    for address, password in (("alice@corp.example", ALICE), ("bob@corp.example", BOB),
                              ("bob@sales.example", OTHER_BOB)):
        done = add(gateway, address, password)
        equal("mailbox add " + address, done.returncode, 0)
    again = add(gateway, "alice@corp-alias.example", ALICE)
    check("no second mailbox of that name, not through an alias either",
          again.returncode == 1 and "there already" in again.stdout, again.stdout)
    for password, why in (("short", "fewer than 8"), ("aaaaaaaaaa", "repeated"), ("", "empty")):
        contains("a password that is %s" % why, add(gateway, "carol@corp.example", password).stdout, why)
    contains("--create-user has no meaning here",
             add(gateway, "carol@corp.example", ALICE, "--create-user").stdout, "has no accounts")
    contains("a domain that is not ours", add(gateway, "carol@partner.example", ALICE).stdout, "none of our domains")


def look_at_files(gateway):
    path = gateway.state + "/mailboxes/corp.example/alice"
    status = os.stat(path)
    equal("a mailbox file is the directory role's", pwd.getpwuid(status.st_uid).pw_name, "postern-dir")
    equal("and nobody else's to read", stat.S_IMODE(status.st_mode), 0o600)
    text = harness.read(path)
    check("a yescrypt hash and SCRAM keys in it", "password $y$" in text and "scram-sha-256 " in text, text)
    lacks("no password in it", text, ALICE)


def mail_and_logins(gateway, place):
    state = gateway.state
    words = {address: receive(address) for address in ("alice@corp.example", "bob@corp.example", "bob@sales.example")}
    receive("nobody@corp.example", 550)
    receive("alice@sales.example", 550)
    words["alias"] = receive("ALICE@corp-alias.example")
    for user, password, wanted in (
            ("alice@corp.example", ALICE, [words["alice@corp.example"], words["alias"]]),
            ("Alice@Corp-Alias.Example", ALICE, [words["alice@corp.example"], words["alias"]]),
            ("bob@corp.example", BOB, [words["bob@corp.example"]]),
            ("bob@sales.example", OTHER_BOB, [words["bob@sales.example"]])):
        with case("POP3 as " + user):
            equal("POP3 as " + user, sorted(subjects(place.inbox(user, password, delete=False))), sorted(wanted))
    core.refused_logins(place, (("a wrong password", "alice@corp.example", WRONG),
                                ("the other bob's password", "bob@sales.example", BOB),
                                ("nobody", "nobody@corp.example", ALICE),
                                ("no such domain", "alice@elsewhere.example", ALICE)))
    equal("SMTP AUTH, and mail from one to the other",
          place.submit("bob@sales.example", OTHER_BOB, ["alice@corp.example"], message(token()),
                       sender="bob@sales.example"), None)
    with Smtp(ADDRESS, 465, place.context) as smtp:
        answer = smtp.login("bob@sales.example", BOB)
        check("and with a wrong password 535", answer.code == 535, answer)
    check("two domains with the same local part are two directories",
          all(os.path.isdir("%s/mail/%s/bob" % (state, domain)) for domain in ("corp.example", "sales.example")))


def change_password(gateway):
    state = gateway.state
    done = gateway.tool("passwd", "alice@corp.example", "--stdin", input="Alice-Pw2-file\n")
    equal("postern passwd", done.returncode, 0)
    answer = accepts(state, "alice@corp.example", ALICE)
    check("the old password is refused at once", answer.startswith("-ERR [AUTH]"), answer)
    answer = accepts(state, "alice@corp.example", "Alice-Pw2-file")
    check("the new one is taken at once", answer.startswith("+OK"), answer)
    gateway.tool("passwd", "alice@corp.example", "--stdin", input=ALICE + "\n")
    answer = accepts(state, "alice@corp.example", ALICE)
    check("a password that was wrong a moment ago is taken when it is set", answer.startswith("+OK"), answer)
    contains("no password for nobody", gateway.tool("passwd", "x@corp.example", "--stdin", input=ALICE).stdout,
             "no mailbox x@corp.example")
    shown = at_terminal((harness.POSTERN, "-c", gateway.file, "passwd", "alice@corp.example"),
                        (("New password of alice@corp.example: ", ALICE), ("The same again: ", ALICE)))
    check("at a terminal it is asked for twice and not shown",
          "password changed" in shown and ALICE not in shown, shown)


def lock_and_delete(gateway, place):
    state = gateway.state
    equal("mailbox lock", gateway.tool("mailbox", "lock", "bob@corp.example").returncode, 0)
    word = receive("bob@corp.example")
    answer = accepts(state, "bob@corp.example", BOB)
    check("a locked mailbox takes mail and lets nobody in", answer.startswith("-ERR [AUTH]"), answer)
    check("the log says that it is locked", gateway.logged("mailbox locked by the administrator"), gateway.tail())
    answer = accepts(state, "bob@sales.example", OTHER_BOB)
    check("its namesake is open", answer.startswith("+OK"), answer)
    rows = {row["address"]: row for row in json.loads(gateway.tool("mailbox", "list", "--json").stdout)}
    equal("mailbox list knows all three", sorted(rows),
          ["alice@corp.example", "bob@corp.example", "bob@sales.example"])
    equal("and which is locked", [row["state"] for _, row in sorted(rows.items())], ["open", "locked", "open"])
    one = json.loads(gateway.tool("mailbox", "stat", "bob@corp.example", "--json").stdout)[0]
    check("mailbox stat counts", one["messages"] == 2 and one["octets"] > 200, one)
    equal("mailbox unlock", gateway.tool("mailbox", "unlock", "bob@corp.example").returncode, 0)
    check("what came meanwhile is there", word in subjects(place.inbox("bob@corp.example", BOB, delete=False)))
    asked = gateway.tool("mailbox", "delete", "bob@corp.example")
    check("delete wants to be sure", asked.returncode == 1 and "--yes" in asked.stdout, asked.stdout)
    equal("mailbox delete --yes", gateway.tool("mailbox", "delete", "bob@corp.example", "--yes").returncode, 0)
    answer = accepts(state, "bob@corp.example", BOB)
    check("a deleted mailbox lets nobody in", answer.startswith("-ERR [AUTH]"), answer)

    def refused():
        with Smtp(ADDRESS) as smtp:
            return smtp.envelope("x@e.example", "bob@corp.example").startswith("550 5.1.1")
    check("and is unknown to SMTP", wait_for(refused))
    check("its mail is gone", not os.path.exists(state + "/mail/corp.example/bob"))
    add(gateway, "bob@corp.example", "Bob-Pw2-file")
    equal("a new mailbox of the name is empty", place.inbox("bob@corp.example", "Bob-Pw2-file"), [])
    contains("domain list counts", " ".join(gateway.tool("domain", "list").stdout.split()),
             "corp.example default 2")


def end_point(connection):
    """tls-server-end-point (RFC 5929): the hash of the server's certificate, SHA-256 for these."""
    return hashlib.sha256(connection.socket.getpeercert(True)).digest()


def scram(ask, user, password, mechanism="SCRAM-SHA-256", flag="n", bound=b"", authzid=""):
    """RFC 5802 as a client: `ask` sends base64 and returns what the server answers; all its answers."""
    header = "%s,%s," % (flag, "a=" + authzid if authzid else "")
    bare = "n=%s,r=%s" % (user.replace("=", "=3D").replace(",", "=2C"), token())
    answers = [ask("AUTH %s %s" % (mechanism, encode(header + bare)))]
    challenge = challenge_of(answers[-1])
    if challenge is None:
        return answers
    parts = dict(part.split("=", 1) for part in challenge.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
    key = hmac.digest(salted, b"Client Key", "sha256")
    without = "c=%s,r=%s" % (base64.b64encode(header.encode() + bound).decode(), parts["r"])
    signed = ",".join((bare, challenge, without)).encode()
    signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
    proof = bytes(a ^ b for a, b in zip(key, signature))
    answers.append(ask(encode("%s,p=%s" % (without, base64.b64encode(proof).decode()))))
    last = challenge_of(answers[-1])
    if last is None:
        return answers
    server = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
    if last != "v=" + base64.b64encode(server).decode():
        return answers + ["the server's signature is wrong"]
    return answers + [ask("")]


def challenge_of(answer):
    """The text of a challenge of SMTP or POP3; None when it is none."""
    for mark in ("334 ", "+ "):
        if answer.startswith(mark):
            return base64.b64decode(answer[len(mark):]).decode()
    return None


def scram_logins(gateway, place):
    state, user = gateway.state, "alice@corp.example"
    with Smtp(ADDRESS, 465, place.context) as smtp:
        offered = next((line for line in smtp.hello.splitlines() if "AUTH" in line), "")
        check("SCRAM is offered inside TLS", "SCRAM-SHA-256-PLUS SCRAM-SHA-256" in offered, offered)
        answers = scram(smtp.ask, user, ALICE)
        check("SCRAM-SHA-256 over SMTP", answers[-1].startswith("235"), answers)
    with Smtp(ADDRESS, 587) as smtp:
        lacks("not outside", smtp.hello, "SCRAM")
    for what, options, good in (
            ("the server's end point", dict(mechanism="SCRAM-SHA-256-PLUS", flag="p=tls-server-end-point"), True),
            ("another end point", dict(mechanism="SCRAM-SHA-256-PLUS", flag="p=tls-server-end-point",
                                       bound=b"x" * 32), False),
            ("-PLUS that binds nothing", dict(mechanism="SCRAM-SHA-256-PLUS"), False),
            ("tls-unique", dict(mechanism="SCRAM-SHA-256-PLUS", flag="p=tls-unique", bound=b"x" * 12), False),
            ("a client who was told of no -PLUS", dict(flag="y"), False),
            ("the same person as authorization identity", dict(authzid=user), True),
            ("another person as authorization identity", dict(authzid="bob@corp.example"), False)):
        with case("SCRAM: " + what), Smtp(ADDRESS, 465, place.context) as smtp:
            if options.get("flag") == "p=tls-server-end-point":
                options.setdefault("bound", end_point(smtp))
            answers = scram(smtp.ask, user, ALICE, **options)
            check("SCRAM: " + what, answers[-1].startswith("235" if good else "535 5.7.8"), answers)
    with Pop3(ADDRESS, 995, place.context) as pop:
        answers = scram(pop.ask, user, ALICE, "SCRAM-SHA-256-PLUS", "p=tls-server-end-point", end_point(pop))
        check("SCRAM-SHA-256-PLUS over POP3", answers[-1].startswith("+OK"), answers)
        check("opens the mailbox", pop.ask("STAT").startswith("+OK"))
    seen = []
    for who, password in ((user, WRONG), ("nobody@corp.example", ALICE), ("nobody@corp.example", ALICE)):
        with Pop3(ADDRESS, 995, place.context) as pop:
            answers = scram(pop.ask, who, password)
            check("SCRAM refused: " + who, len(answers) == 2 and answers[-1].startswith("-ERR [AUTH]"), answers)
            seen.append(challenge_of(answers[0]).split(",", 1)[1])
    check("who is not there has a salt too, always the same", seen[1] == seen[2] and seen[0] != seen[1] and
          seen[0].endswith("i=100000") and seen[1].endswith("i=100000"), seen)
    check("the log has the mechanism", gateway.logged("mechanism=SCRAM-SHA-256-PLUS"), gateway.tail())
    word = token()
    done = clients.msmtp(ADDRESS, state + "/ca.pem", user, ALICE, user, "bob@sales.example", message(word),
                         auth="scram-sha-256")
    check("msmtp sends with SCRAM-SHA-256", done.returncode == 0, done.stdout)
    with tempfile.TemporaryDirectory() as home:
        done = clients.mpop(ADDRESS, state + "/ca.pem", "bob@sales.example", OTHER_BOB, home, auth="scram-sha-256")
        check("mpop fetches it with SCRAM-SHA-256", word in harness.read(home + "/box"), done.stdout)
        done = clients.mpop(ADDRESS, state + "/ca.pem", "bob@sales.example", WRONG, home, auth="scram-sha-256")
        check("and not with a wrong password", done.returncode != 0, done.stdout)


def sessions_end(gateway, place):
    """Open sessions end when the password is changed or the mailbox locked; nobody else's."""
    sessions = {user: Pop3(ADDRESS, 995, place.context)
                for user in ("alice@corp.example", "bob@sales.example", "bob@corp.example")}
    for (user, session), password in zip(sessions.items(), (ALICE, OTHER_BOB, BOB)):
        answer = session.login(user, password)
        check("a session of " + user, answer.startswith("+OK"), answer)
    gateway.tool("passwd", "alice@corp.example", "--stdin", input="Alice-Pw2-file\n")
    gateway.tool("mailbox", "lock", "bob@sales.example")
    check("it ends with a changed password", sessions["alice@corp.example"].closed(2 * harness.PATIENCE))
    check("it ends with a locked mailbox", sessions["bob@sales.example"].closed(2 * harness.PATIENCE))
    answer = sessions["bob@corp.example"].ask("NOOP")
    check("the namesake's goes on", answer.startswith("+OK"), answer)
    for session in sessions.values():
        session.close()
    gateway.tool("passwd", "alice@corp.example", "--stdin", input=ALICE + "\n")
    gateway.tool("mailbox", "unlock", "bob@sales.example")


def quota(gateway, place):
    add(gateway, "dora@corp.example", ALICE, "--quota", "8K")
    with Smtp(ADDRESS) as smtp:
        equal("a message within the mailbox's own quota",
              smtp.transact("x@e.example", "dora@corp.example", message(token(), size=5000)).code, 250)
        answer = smtp.transact("x@e.example", "dora@corp.example", message(token(), size=5000))
        check("one that would go over it is refused", answer.startswith("552 5.2.2"), answer)
    gateway.tool("mailbox", "delete", "dora@corp.example", "--yes")


def malformed_file(gateway):
    path = gateway.state + "/mailboxes/corp.example/eve"
    with open(path, "w") as file:
        file.write("postern-mailbox 1\nid short\n")
    receive("eve@corp.example", 451)
    answer = accepts(gateway.state, "eve@corp.example", ALICE)
    check("a broken mailbox file is temporary trouble, not a wrong password",
          answer.startswith("-ERR [SYS/TEMP]"), answer)
    os.unlink(path)


def method_change(gateway):
    """With mailboxes there the method stays; without any it may change."""
    gateway.write(method=LOCAL)
    done = command(harness.POSTERND, "-c", gateway.file, "-t")
    check("posternd -t refuses another method", done.returncode == 1 and
          'were made with method "password-file"' in done.stdout and "postern mailbox delete" in done.stdout,
          done.stdout)
    check("and names the line of the key", ":1: " in done.stdout or ":2: " in done.stdout, done.stdout)
    done = gateway.tool("reload")
    equal("so does reload", done.returncode, 1)
    contains("so does mailbox add", add(gateway, "x@corp.example", ALICE).stdout, "were made with")
    gateway.write(method=PASSWORD_FILE)
    for row in json.loads(gateway.tool("mailbox", "list", "--json").stdout):
        equal("delete " + row["address"], gateway.tool("mailbox", "delete", row["address"], "--yes").returncode, 0)
    gateway.write(method=LOCAL)
    done = command(harness.POSTERND, "-c", gateway.file, "-t")
    check("without mailboxes it is taken", done.returncode == 0, done.stdout)


# --- local ---

USER = "pt13-%d" % os.getpid()
SECOND = "pu13-%d" % os.getpid()


def remove_user(name):
    if command("getent", "passwd", name).returncode == 0:
        must("userdel", name)


def pam_service():
    path = "/etc/pam.d/" + SERVICE
    at_end(lambda: os.path.exists(path) and os.unlink(path))
    with open(TOP + "/conf/postern.pam") as source, open(path, "w") as file:
        file.write(source.read())


def local_accounts(gateway, place):
    state = gateway.state
    at_end(remove_user, USER)
    at_end(remove_user, SECOND)
    address = USER + "@corp.example"
    missing = add(gateway, address, "Local-Pw1-system", "--no-create-user")
    check("--no-create-user wants the account", missing.returncode == 1 and "no account" in missing.stdout,
          missing.stdout)
    done = add(gateway, address, "Local-Pw1-system")
    equal("mailbox add makes the account", done.returncode, 0)
    entry = pwd.getpwnam(USER)
    equal("which may not log on locally", (entry.pw_shell, entry.pw_dir), ("/usr/sbin/nologin", "/nonexistent"))
    word = receive(address)
    receive("root@corp.example", 550)
    for user in (USER, address, USER + "@corp-alias.example"):
        with case("POP3 as " + user):
            equal("POP3 through PAM as " + user,
                  subjects(place.inbox(user, "Local-Pw1-system", delete=False)), [word])
    core.refused_logins(place, (("a wrong password", USER, WRONG), ("an account without a mailbox", "root", WRONG),
                                ("nobody", "no-such-user", WRONG)))
    equal("SMTP AUTH through PAM",
          place.submit(USER, "Local-Pw1-system", [address], message(token()), sender=address), None)
    twice = add(gateway, USER + "@sales.example", "Local-Pw1-system")
    check("a user name is unique over all domains",
          twice.returncode == 1 and "unique over all domains" in twice.stdout, twice.stdout)
    check("and no file was made for it", not os.path.exists("%s/mailboxes/sales.example/%s" % (state, USER)))
    contains("root gets no mailbox", add(gateway, "root@corp.example", WRONG).stdout, "administrator")
    equal("postern passwd changes the account's password", gateway.tool(
        "passwd", address, "--stdin", input="Local-Pw2-system\n").returncode, 0)
    answer = accepts(state, USER, "Local-Pw2-system")
    check("and it is taken at once", answer.startswith("+OK"), answer)
    answer = accepts(state, USER, "Local-Pw1-system")
    check("the old one is not", answer.startswith("-ERR [AUTH]"), answer)
    must("chage", "--expiredate", "2020-01-01", USER)
    answer = accepts(state, USER, "Local-Pw2-system")
    check("an expired account is refused", answer.startswith("-ERR [AUTH]"), answer)
    must("chage", "--expiredate", "-1", USER)


def local_role(gateway):
    """The role has no privilege, and its death costs a moment."""
    pids = gateway.roles()["local"]
    equal("one local role", len(pids), 1)
    status = harness.status_of(pids[0])
    check("it is postern-local, without capabilities",
          pwd.getpwuid(int(status["Uid"].split()[0])).pw_name == "postern-local" and
          int(status["CapEff"], 16) == 0 and int(status["CapPrm"], 16) == 0, status["Uid"])
    equal("and can gain none", (status["NoNewPrivs"], status["Seccomp"] if "CapBnd" in status else ""), ("1", status["Seccomp"]))
    check("it has its checkers", wait_for(lambda: len(harness.children(pids[0])) == 4), harness.children(pids[0]))
    checkers = list(harness.children(pids[0]))
    os.kill(checkers[0], signal.SIGKILL)
    check("a dead checker is replaced", wait_for(
        lambda: len(harness.children(pids[0])) == 4 and checkers[0] not in harness.children(pids[0])))
    os.kill(pids[0], signal.SIGKILL)
    answers = []

    def logs_in():
        answers.append(accepts(gateway.state, USER, "Local-Pw2-system"))
        return answers[-1].startswith("+OK")
    check("when the role dies, the next one answers", wait_for(logs_in), answers)
    check("and meanwhile nobody is told that his password is wrong",
          all(answer.startswith(("+OK", "-ERR [SYS/TEMP]")) for answer in answers), answers)
    os.kill(gateway.roles()["directory"][0], signal.SIGKILL)
    check("a new directory role meets the local one", wait_for(
        lambda: accepts(gateway.state, USER, "Local-Pw2-system").startswith("+OK")))
    contains("postern status shows it", gateway.tool("status").stdout, "local")
    mark = gateway.mark()
    equal("a reload", gateway.tool("reload").returncode, 0)
    check("brings a new one", gateway.logged("master.up generation=2", mark), gateway.tail())
    answer = accepts(gateway.state, USER, "Local-Pw2-system")
    check("that answers", answer.startswith("+OK"), answer)


def local_end(gateway):
    must("userdel", USER)
    receive(USER + "@corp.example", 550)
    done = add(gateway, SECOND + "@sales.example", "Local-Pw1-system", "--create-user")
    equal("a second account", done.returncode, 0)
    equal("delete --delete-user", gateway.tool(
        "mailbox", "delete", SECOND + "@sales.example", "--yes", "--delete-user").returncode, 0)
    check("takes the account along", command("getent", "passwd", SECOND).returncode != 0)


def main():
    state = state_directory()
    Namespace()
    certificates(state)
    pam_service()
    gateway = Gateway(state, [], text=ACCOUNTS, method=PASSWORD_FILE)
    gateway.start()
    place = core.Place(ADDRESS, state + "/ca.pem", tls(state), gateway.log, [])
    for test, arguments in ((make_mailboxes, (gateway,)), (look_at_files, (gateway,)),
                            (mail_and_logins, (gateway, place)), (change_password, (gateway,)),
                            (scram_logins, (gateway, place)),
                            (sessions_end, (gateway, place)), (lock_and_delete, (gateway, place)), (quota, (gateway, place)),
                            (malformed_file, (gateway,)), (method_change, (gateway,))):
        with case(test.__name__):
            test(*arguments)
    gateway.stop()
    gateway.start(method=LOCAL)
    for test, arguments in ((local_accounts, (gateway, place)), (local_role, (gateway,)),
                            (local_end, (gateway,))):
        with case(test.__name__):
            test(*arguments)
    log = gateway.log()
    check("no password in the log", not [secret for secret in SECRETS if secret in log])
    gateway.stop()


run(main)
