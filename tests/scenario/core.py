# SPDX-License-Identifier: ISC
"""What every directory must give: mail in, mail out, the same people under all their names.

The functions take a Place: where the gateway is, and how its people are called.
"""
import dataclasses
import os
import re
import ssl
import tempfile

import clients
from clients import Pop3, Smtp, mailbox, message, submit, subjects, token
from harness import PATIENCE, case, check, contains, equal, lacks, wait_for

UNKNOWN = "no-such-user"


@dataclasses.dataclass
class Place:
    address: str
    ca: str
    context: ssl.SSLContext
    log: object  # a call
    logins: list  # alice's names

    def inbox(self, user="alice", password="Alice-Pw1", delete=True, port=995):
        return mailbox(self.address, self.context, user, password, delete, port)

    def submit(self, user, password, recipients, text, sender="alice@corp.example", port=587):
        return submit(self.address, self.context, user, password, sender, recipients, text, port)

    def pop(self, user="alice", password="Alice-Pw1", waits=True):
        pop = Pop3(self.address, 995, self.context)
        pop.answer = pop.login(user, password, waits)
        return pop

    def logged(self, pattern, seconds=PATIENCE):
        """The first log line that matches, or None."""
        return wait_for(lambda: next((line for line in self.log().splitlines() if re.search(pattern, line)), None),
                        seconds)


def submission(place):
    """Each form of a name, on both submission ports, and the mail is there."""
    sent = []
    for login in place.logins:
        for port in (587, 465):
            with case("submission on %d as %s" % (port, login)):
                word = token()
                refusal = place.submit(login, "Alice-Pw1", ["bob@corp.example"], message(word), port=port)
                check("submission on %d as %s" % (port, login), refusal is None, refusal)
                sent.append(word)
    equal("all that was submitted arrived once", sorted(subjects(place.inbox("bob", "Bob-Pw1"))), sorted(sent))
    with Smtp(place.address, 587) as smtp:
        for mechanism in ("PLAIN", "LOGIN"):
            lacks("587 offers no %s without TLS" % mechanism, smtp.hello, mechanism)
        equal("587 takes nothing without AUTH", smtp.ask("MAIL FROM:<alice@corp.example>").code, 530)


def reading(place):
    """Each form of a name reads the same mailbox, by STLS and by TLS."""
    word = token()
    with Smtp(place.address) as smtp:
        equal("anonymous mail on 25", smtp.transact("x@elsewhere.example", "alice@corp.example", message(word)).code,
              250)
    for login in place.logins:
        for port in (110, 995):
            with case("POP3 on %d as %s" % (port, login)):
                equal("POP3 on %d as %s" % (port, login), subjects(place.inbox(login, delete=False, port=port)), [word])
    with Pop3(place.address) as pop:
        check("110 wants TLS before a password", pop.ask("USER alice").startswith("-ERR"))
        lacks("and does not offer it", pop.many("CAPA"), "USER")
        contains("but STLS", "\n".join(pop.many("CAPA")), "STLS")
    with place.pop() as pop:
        capabilities = "\n".join(pop.many("CAPA"))
        for word in ("TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER", "UTF8", "LANG",
                     "IMPLEMENTATION"):
            contains("CAPA has " + word, capabilities, word)
    with Pop3(place.address, 995, place.context) as pop:
        answer = pop.ask("AUTH PLAIN " + clients.encode("\0alice\0Alice-Pw1"))
        check("AUTH PLAIN in POP3", answer.startswith("+OK"), answer)
    place.inbox()


def recipients(place, table):
    """table: (recipient, code and status, what the reply shows)"""
    for recipient, wanted in table:
        with case("RCPT " + recipient), Smtp(place.address) as smtp:
            answer = smtp.envelope("x@elsewhere.example", recipient)
            check("RCPT %s is answered %s" % (recipient, wanted), answer.startswith(wanted), answer)


def relaying(place):
    with Smtp(place.address) as smtp:
        answer = smtp.envelope("alice@corp.example", "x@partner.example")
        check("relaying without AUTH is denied", answer.startswith("550 5.7.1"), answer)
    with Smtp(place.address, 465, place.context) as smtp:
        smtp.login("alice", "Alice-Pw1")
        answer = smtp.envelope("alice@corp.example", "x@partner.example")
        equal("who has logged in may send to others", answer.code, 250)


def refused_logins(place, table):
    """table: (what, user, password); each must look exactly the same to the client."""
    smtp_texts, pop_texts = set(), set()
    for what, user, password in table:
        with case("login refused: " + what):
            with Smtp(place.address, 465, place.context) as smtp:
                answer = smtp.login(user, password)
                check("SMTP login refused: " + what, answer.startswith("535 5.7.8"), answer)
                smtp_texts.add(str(answer))
            with Pop3(place.address, 995, place.context) as pop:
                answer = pop.login(user, password)
                check("POP3 login refused: " + what, answer.startswith("-ERR [AUTH]"), answer)
                pop_texts.add(answer)
    check("one text for all of them in SMTP", len(smtp_texts) == 1, smtp_texts)
    check("one text for all of them in POP3", len(pop_texts) == 1, pop_texts)


def two_bobs(place):
    """bob@corp.example and bob@sales.example are two people with two mailboxes."""
    words = token(), token()
    with Smtp(place.address) as smtp:
        smtp.transact("x@elsewhere.example", "bob@corp.example", message(words[0]))
        smtp.transact("x@elsewhere.example", "bob@sales.example", message(words[1]))
    equal("bob reads his mail only", subjects(place.inbox("bob", "Bob-Pw1", delete=False)), [words[0]])
    equal("bob.sales reads his only", subjects(place.inbox("bob.sales", "Bob-Sales-Pw1", delete=False)), [words[1]])
    equal("bob@sales.example is bob.sales", subjects(place.inbox("bob@sales.example", "Bob-Sales-Pw1")), [words[1]])
    equal("bob@corp.example is bob", subjects(place.inbox("bob@corp.example", "Bob-Pw1")), [words[0]])
    for user, password in (("bob", "Bob-Sales-Pw1"), ("bob@sales.example", "Bob-Pw1"), ("bob.sales", "Bob-Pw1")):
        with place.pop(user, password) as pop:
            check("%s with the other's password" % user, pop.answer.startswith("-ERR [AUTH]"), pop.answer)


def maildrop(place):
    """UIDL, DELE, RSET, a lost connection, the lock."""
    words = [token() for _ in range(3)]
    with Smtp(place.address) as smtp:
        for word in words:
            smtp.transact("x@elsewhere.example", "alice@corp.example", message(word, "\n.dot\n..two\nend\n"))
    with place.pop() as pop:
        first = pop.many("UIDL")
        sizes = dict(line.split() for line in pop.many("LIST"))
        for number in ("1", "2", "3"):
            octets = sum(len(line.encode()) + 2 for line in pop.many("RETR " + number))
            equal("LIST of %s equals the octets sent" % number, int(sizes[number]), octets)
        equal("STAT sums them", pop.ask("STAT"), "+OK 3 %d" % sum(map(int, sizes.values())))
        top = pop.many("TOP 2 1")
        check("TOP shows the header and a line", "Subject: " + words[1] in top and top[-1] == "", top[-3:])
        second = place.pop(waits=False)
        check("a second login is told [IN-USE]", second.answer.startswith("-ERR [IN-USE]"), second.answer)
        second.close()
        pop.ask("DELE 1")
        check("a deleted message is gone in the session", pop.ask("RETR 1").startswith("-ERR"))
        pop.ask("RSET")
        equal("RSET brings it back", len(pop.many("UIDL")), 3)
        pop.ask("DELE 2")
        equal("LIST leaves it out", [line.split()[0] for line in pop.many("LIST")], ["1", "3"])
        # The connection is lost: no QUIT.
    with place.pop() as pop:
        equal("a connection lost deletes nothing", pop.many("UIDL"), first)
        check("DELE", pop.ask("DELE 2").startswith("+OK"))
        check("QUIT", pop.ask("QUIT").startswith("+OK"))
    with place.pop() as pop:
        left = [line.split()[1] for line in pop.many("UIDL")]
        equal("QUIT deletes, the others keep their UIDs", left, [first[0].split()[1], first[2].split()[1]])
    equal("and their content", subjects(place.inbox()), [words[0], words[2]])
    equal("then it is empty", place.inbox(), [])


def postmasters(place, table):
    """table: (address, user, password)"""
    for address, user, password in table:
        with case("postmaster " + address):
            word = token()
            with Smtp(place.address) as smtp:
                equal("mail to %s is accepted" % address,
                      smtp.transact("", address, message(word)).code, 250)
            contains("and read by %s" % user, subjects(place.inbox(user, password)), word)


def quota(place, user, password, address, limit):
    """A mailbox of `limit` octets, empty at the beginning."""
    half = message(token(), size=limit * 6 // 10)
    with Smtp(place.address) as smtp:
        equal("the first message fits", smtp.transact("x@e.example", address, half).code, 250)
        answer = smtp.envelope("x@e.example", address, parameters=" SIZE=%d" % len(half))
        check("the second is refused at RCPT with SIZE", answer.startswith("552 5.2.2"), answer)
        smtp.ask("RSET")
        answer = smtp.envelope("x@e.example", "alice@corp.example", address)
        equal("without SIZE it is let in", answer.code, 250)
        answer = smtp.data(half)
        equal("at the end of data the others get it", answer.code, 250)
        check("the log says who is full, and that he is reported",
              place.logged(r"quota\.refused .*id=\S+ rcpt=%s reported=1 to=.*alice" % re.escape(address)))
        answer = smtp.transact("x@e.example", address, half)
        check("alone he is refused there, with his name",
              answer.startswith("552 5.2.2 <%s>: mailbox is full" % address), answer)
        check("the log has the figures of both refusals",
              place.logged(r"quota\.refused .*rcpt=%s quota=%d used=\d+ declared=\d+" % (re.escape(address), limit)) and
              place.logged(r"quota\.refused .*cause=.*quota %d" % limit))
        other = smtp.envelope("x@e.example", address, "alice@corp.example", parameters=" SIZE=100")
        equal("a small one still goes, and others are not concerned", other.code, 250)
        smtp.ask("RSET")
        equal("the mailbox holds one", len(place.inbox(user, password)), 1)
        answer = wait_for(lambda: (smtp.ask("RSET"), smtp.transact("x@e.example", address, half))[1].code == 250)
        check("after it was deleted mail is accepted again", answer)
    equal("and arrives", len(place.inbox(user, password)), 1)


def changed_password(place, change):
    """change(password) sets bob's."""
    change("Bob-Pw2")
    def login(password):
        with place.pop("bob", password) as pop:
            return pop.answer.startswith("+OK")
    check("the new password is good", wait_for(lambda: login("Bob-Pw2"), step=1))
    check("the old one is not", wait_for(lambda: not login("Bob-Pw1"), step=1))
    change("Bob-Pw1")
    check("and back", wait_for(lambda: login("Bob-Pw1"), step=1))


def created_user(place, create):
    """create() makes grace@corp.example with Grace-Pw1. Nobody knows her before."""
    word = token()
    def accepted():
        with Smtp(place.address) as smtp:
            return smtp.transact("x@e.example", "grace@corp.example", message(word)).code == 250
    check("nobody yet", not accepted())
    create()
    check("a user made while it runs receives", wait_for(accepted, step=1))
    equal("and reads", subjects(place.inbox("grace", "Grace-Pw1")), [word])


def real_clients(place):
    """swaks, curl, msmtp, mpop, openssl s_client, as people have them."""
    words = {name: token() for name in ("swaks", "swaks-tls", "curl", "curl-smtps", "msmtp", "openssl")}
    head = "From: alice@corp.example\nTo: bob@corp.example\nSubject: %s\n\nHello.\n"
    alice = ("--auth-user", "alice", "--auth-password", "Alice-Pw1", "--from", "alice@corp.example",
             "--to", "bob@corp.example", "--tls-verify", "--tls-ca-path", place.ca)
    done = clients.swaks(place.address, "--port", "587", "-tls", "--auth", "LOGIN", *alice,
                         "--header", "Subject: " + words["swaks"])
    equal("swaks submits with STARTTLS and AUTH LOGIN", done.returncode, 0)
    done = clients.swaks(place.address, "--port", "465", "-tlsc", "--auth", "PLAIN", *alice,
                         "--header", "Subject: " + words["swaks-tls"])
    equal("swaks submits with TLS and AUTH PLAIN", done.returncode, 0)
    for name, url, more in (("curl", "smtp://mail.corp.example:587", ("--ssl-reqd",)),
                            ("curl-smtps", "smtps://mail.corp.example:465", ())):
        done = clients.curl(place.address, place.ca, url, *more, "-u", "alice:Alice-Pw1", "--mail-from",
                            "alice@corp.example", "--mail-rcpt", "bob@corp.example", "-T", "-", "--crlf",
                            input=head % words[name])
        equal("%s submits" % name, (done.returncode, done.stdout), (0, ""))
    done = clients.msmtp(place.address, place.ca, "alice", "Alice-Pw1", "alice@corp.example", "bob@corp.example",
                         head % words["msmtp"])
    equal("msmtp submits", (done.returncode, done.stdout), (0, ""))
    done = clients.openssl(place.address, place.ca, 25, "smtp", "EHLO x\nMAIL FROM:<a@b.example>\n"
                           "RCPT TO:<bob@corp.example>\nDATA\nSubject: %s\n\nHello.\n.\nQUIT\n" % words["openssl"])
    contains("openssl s_client with STARTTLS", done.stdout, "221 2.0.0")
    done = clients.openssl(place.address, place.ca, 995, "", "USER bob\nPASS Bob-Pw1\nSTAT\nQUIT\n")
    contains("openssl s_client reads", done.stdout, "+OK %d " % len(words))
    done = clients.curl(place.address, place.ca, "pop3s://mail.corp.example:995/1", "-u", "bob:Bob-Pw1")
    contains("curl fetches by POP3S", done.stdout, "Subject: ")
    done = clients.curl(place.address, place.ca, "pop3://mail.corp.example:110/2", "--ssl-reqd", "-u", "bob:Bob-Pw1")
    contains("curl fetches by STLS", done.stdout, "Subject: ")
    with tempfile.TemporaryDirectory() as home:
        done = clients.mpop(place.address, place.ca, "bob", "Bob-Pw1", home)
        equal("mpop fetches", done.returncode, 0)
        with open(os.path.join(home, "box"), errors="replace") as file:
            got = subjects([file.read()])
        equal("mpop has them all", sorted(got), sorted(words.values()))
        clients.mpop(place.address, place.ca, "bob", "Bob-Pw1", home)
        equal("a second run fetches nothing again", os.path.getsize(os.path.join(home, "box")) and
              len(subjects([open(os.path.join(home, "box"), errors="replace").read()])), len(words))
    place.inbox("bob", "Bob-Pw1")


def explained(place, recipient, pattern):
    """A refusal is understood from the log alone: by the session's id one finds who, what and why."""
    for _ in range(2):  # the second is answered from a cache
        with Smtp(place.address) as smtp:
            smtp.envelope("x@elsewhere.example", recipient)
    place.logged(r"smtp\.refused .*%s" % re.escape(recipient))
    lines = [text for text in place.log().splitlines()
             if re.search(r"smtp\.refused .*%s" % re.escape(recipient), text)]
    line = lines[-1] if lines else ""
    session = re.search(r"session=(\S+)", line)
    if not check("the refusal of %s is in the log with its session" % recipient, session, line):
        return
    lines = [text for text in place.log().splitlines() if "session=" + session.group(1) in text]
    text = "\n".join(lines)
    check("its lines say the client, the reply and the cause",
          "client=" in text and re.search(r"reply=\"550", text) and re.search(pattern, text), text)


def no_secret(place, passwords):
    log = place.log()
    found = [password for password in passwords
             if password in log or clients.encode(password).rstrip("=")[:-1] in log]
    check("no credential stands in the log", not found, found)
    check("the log is there", "smtp.accepted" in log or "smtp.message" in log)
