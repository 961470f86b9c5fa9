#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The conversations of the demonstration, run inside the lab's namespace: demo.py LAB.ENV POSTERN

Each step prints a comment and the dialogue, and checks what the gateway answered.
"""
import os
import poplib
import shlex
import queue
import re
import smtplib
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from email.message import EmailMessage
from email.utils import formatdate

TIMEOUT = 20
SHOWN = 100  # of a line


def read_environment(path):
    with open(path) as file:
        return dict(line.split("=", 1) for line in shlex.split(file.read()) if "=" in line)


lab = read_environment(sys.argv[1])
postern = [sys.argv[2], "-c", os.path.dirname(lab["LAB_MAIL_ROOT"]) + "/postern.conf"]
tls = ssl.create_default_context(cafile=lab["LAB_CA"])
steps = 0


def step(text):
    global steps
    steps += 1
    print("\n== %d. %s" % (steps, text), flush=True)


def show(who, line):
    line = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
    for part in line.rstrip("\r\n").split("\r\n"):
        part = part if len(part) <= SHOWN else part[:SHOWN] + "..."
        print("   %s: %s" % (who, part), flush=True)


def note(text):
    print("   -- " + text, flush=True)


def expect(condition, text):
    if not condition:
        sys.exit("   !! not as expected: " + text)
    note("good: " + text)


class Smtp(smtplib.SMTP):
    """Shows what is said. The message itself and credentials are left out."""

    asked = False  # for a name or a password

    def send(self, data):
        text = data.decode("ascii", "replace") if isinstance(data, bytes) else data
        if text.endswith("\r\n.\r\n"):
            show("C", "(the message, %d octets, then a line with a dot)" % len(text))
        elif self.asked:
            show("C", "(name or password)")
        elif text.upper().startswith("AUTH "):
            show("C", " ".join(text.split()[:2]) + " (name and password)")
        else:
            show("C", text)
        super().send(data)

    def getreply(self):
        code, text = super().getreply()
        self.asked = code == 334
        lines = text.split(b"\n")
        for line in lines[:-1] if steps == 1 else []:
            show("S", b"%d-%s" % (code, line))
        more = b" (and %d lines more)" % (len(lines) - 1) if steps > 1 and len(lines) > 1 else b""
        show("S", b"%d %s%s" % (code, lines[-1 if steps == 1 else 0], more))
        return code, text


class Pop3(poplib.POP3):
    def _putline(self, line):
        show("C", b"PASS (password)" if line.startswith(b"PASS") else line)
        super()._putline(line)

    def _getresp(self):
        line = super()._getresp()
        show("S", line)
        return line


class Pop3Tls(Pop3, poplib.POP3_SSL):
    pass


class Partner(socketserver.StreamRequestHandler):
    """The mail server of partner.example, which knows dora alone. Shows what it is told; keeps what it takes."""

    taken = queue.Queue()  # of each message recipients and text

    def say(self, line):
        show("partner.example", line)
        self.wfile.write(line.encode() + b"\r\n")

    def message(self):
        self.say("354 go on")
        lines = iter(lambda: self.rfile.readline(), b".\r\n")
        text = b"".join(lines).decode()
        show("the gateway", "(the message, %d octets, then a line with a dot)" % len(text))
        self.say("250 2.0.0 taken")
        return text

    def handle(self):
        recipients = []
        self.say("220 mx.partner.example ESMTP")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            show("the gateway", line)
            verb = line.split()[0].upper()
            if verb == "RCPT" and "<dora@" not in line:
                self.say("550 5.1.1 nobody of that name here")
            elif verb == "DATA" and recipients:
                Partner.taken.put((recipients, self.message()))
                recipients = []
            elif verb == "DATA":
                self.say("554 5.5.1 for whom?")
            else:
                recipients += re.findall("<.*?>", line) if verb == "RCPT" else []
                self.say("221 2.0.0 bye" if verb == "QUIT" else "250 mx.partner.example")
            if verb == "QUIT":
                return


def partner_start():
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    server = socketserver.ThreadingTCPServer((lab["LAB_SINK_ADDRESS"], 25), Partner)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()


def message(sender, recipient, subject, size=0):
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, recipient, subject
    made["Date"] = formatdate()
    made.set_content("Hello.\n" + ("x" * 70 + "\n") * (size // 71))
    return made


def send(recipient, subject, sender="dan@partner.example", login=None, size=0):
    """One message; the code and text of the reply that ended the matter."""
    port = lab["LAB_SUBMISSION_PORT"] if login else lab["LAB_SMTP_PORT"]
    with Smtp(lab["LAB_HOST"], int(port), "client.partner.example", TIMEOUT) as client:
        if login:
            client.starttls(context=tls)
            note("the connection is encrypted now; certificate checked: " + client.sock.version())
            client.login(*login)
        try:
            client.send_message(message(sender, recipient, subject, size), sender, [recipient])
        except smtplib.SMTPRecipientsRefused as refused:
            return refused.recipients[recipient]
        except smtplib.SMTPResponseException as refused:
            return refused.smtp_code, refused.smtp_error
    return 250, b""


def fetch(login, password, implicit):
    """The subjects in a mailbox, which is left empty."""
    if implicit:
        client = Pop3Tls(lab["LAB_HOST"], int(lab["LAB_POP3S_PORT"]), timeout=TIMEOUT, context=tls)
    else:
        client = Pop3(lab["LAB_HOST"], int(lab["LAB_POP3_PORT"]), TIMEOUT)
        client.stls(context=tls)
    client.user(login)
    client.pass_(password)
    count, _ = client.stat()
    subjects = []
    for number in range(1, count + 1):
        lines = client.retr(number)[1]
        subjects += [line[9:].decode() for line in lines if line.startswith(b"Subject: ")]
        for line in lines[: lines.index(b"") if b"" in lines else None]:
            show("S", line)
        note("(and its text)")
        client.dele(number)
    client.quit()
    return subjects


def awaited(login, password, text):
    """The message with that text that comes into the mailbox; "" when none does."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        client = poplib.POP3_SSL(lab["LAB_HOST"], int(lab["LAB_POP3S_PORT"]), timeout=TIMEOUT, context=tls)
        client.user(login)
        client.pass_(password)
        found = [b"\n".join(client.retr(number + 1)[1]).decode() for number in range(client.stat()[0])]
        client.quit()
        for one in found:
            if text in one:
                return one
        time.sleep(0.2)
    return ""


def waiting():
    """What `postern queue list` says."""
    show("$", "postern queue list")
    done = subprocess.run(postern + ["queue", "list"], stdout=subprocess.PIPE, text=True, timeout=2 * TIMEOUT)
    for line in done.stdout.splitlines():
        print("      " + line, flush=True)
    return done.stdout


def login(name, password):
    """The reply to a name and a password on the submission port."""
    with Smtp(lab["LAB_HOST"], int(lab["LAB_SUBMISSION_PORT"]), "client.corp.example", TIMEOUT) as client:
        client.starttls(context=tls)
        client.ehlo()
        client.user, client.password = name, password
        try:
            return client.auth("PLAIN", client.auth_plain)
        except smtplib.SMTPAuthenticationError as refused:
            return refused.smtp_code, refused.smtp_error


def send_by_ticket(user, password, recipient, subject):
    """By curl, which gets no password: kinit did, once. True when curl is content."""
    with tempfile.TemporaryDirectory() as place:
        ours = dict(os.environ, KRB5_CONFIG=lab["LAB_KRB5_CONFIG"], KRB5CCNAME=place + "/tickets")
        show("$", "kinit %s" % user)
        subprocess.run(["kinit", user], input=password + "\n", stdout=subprocess.DEVNULL, check=True, text=True,
                       env=ours, timeout=TIMEOUT)
        words = ["curl", "--user", user.lower() + ":", "--mail-from", user.lower(), "--mail-rcpt", recipient,
                 "--ssl-reqd", "smtp://%s:%s" % (lab["LAB_HOST"], lab["LAB_SUBMISSION_PORT"])]
        print("   $: %s ..." % " ".join(words), flush=True)
        text = message(user.lower(), recipient, subject).as_bytes().replace(b"\n", b"\r\n")
        done = subprocess.run(words + ["-sSv", "--login-options", "AUTH=GSSAPI", "--cacert", lab["LAB_CA"], "-T", "-"],
                              input=text, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ours,
                              timeout=2 * TIMEOUT)
    said = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line[:2] in ("> ", "< ")]
    for line in said[said.index("> AUTH GSSAPI") if "> AUTH GSSAPI" in said else 0:]:
        words = line.split()
        token = len(words[-1]) > 40 and (len(words) == 2 or words[1] == "334")
        show("C" if line[0] == ">" else "S", "(a token of Kerberos)" if token else line[2:])
    return done.returncode == 0


def explain(words, keys):
    """What `postern explain` says of these; they are shown."""
    show("$", "postern explain " + " ".join(words))
    done = subprocess.run(postern + ["explain", *words], stdout=subprocess.PIPE, text=True, timeout=2 * TIMEOUT)
    lines = done.stdout.splitlines()
    shown = [line for line in lines if line.lstrip().split("  ")[0].endswith(keys) or line.startswith(keys)]
    for line in shown:
        print("      " + line, flush=True)
    note("(and %d lines more)" % (len(lines) - len(shown)))
    return "\n".join(shown)


def logged_cause():
    """Of the last login that was refused, from the gateway's log."""
    with open(lab["LAB_LOG"]) as file:
        causes = [line.split(" cause=", 1)[1] for line in file if ": auth.refused " in line]
    show("log", "auth.refused ... cause=" + causes[-1])
    return causes[-1]


def main():
    step("alice submits a message with her domain password, over STARTTLS on port 587")
    code, _ = send("bob@corp.example", "From alice to bob", "alice@corp.example", ("alice", "Alice-Pw1"))
    expect(code == 250, "accepted: on disk and in bob's mailbox before the 250")

    step("A stranger writes to alice's second address (proxyAddresses), on port 25")
    code, _ = send("a.smith@corp.example", "To a proxy address")
    expect(code == 250, "accepted without a login, because the address is ours")

    step("A stranger writes to nobody we know")
    code, text = send("nobody@corp.example", "Lost")
    expect(code == 550 and text.startswith(b"5.1.1"), "refused at RCPT, so no bounce is ever needed")

    step("A message of 300 KiB for erin, whose quota in the directory is 256 KiB")
    code, text = send("erin@corp.example", "Too much", size=300 * 1024)
    expect(code == 552 and text.startswith(b"5.2.2"), "refused by the declared size, before it is sent")

    step("bob@corp.example and bob@sales.example are two persons; each gets one")
    code, _ = send("bob@corp.example", "For bob of corp")
    expect(code == 250, "accepted for bob of corp")
    code, _ = send("bob@sales.example", "For bob of sales")
    expect(code == 250, "accepted for bob of sales")

    step("alice fetches her mail by POP3, TLS from the first octet (port 995)")
    expect(fetch("alice", "Alice-Pw1", True) == ["To a proxy address"], "the one for her proxy address")

    step("bob of corp fetches his, TLS by STLS on port 110")
    found = fetch("bob@corp.example", "Bob-Pw1", False)
    expect(sorted(found) == ["For bob of corp", "From alice to bob"], "alice's and his own, not the other bob's")

    step("bob of sales fetches his")
    found = fetch("bob@sales.example", "Bob-Sales-Pw1", True)
    expect(found == ["For bob of sales"], "only his own")

    step("erin's mailbox stayed empty")
    expect(fetch("erin", "Erin-Pw1", True) == [], "nothing was stored of the refused message")

    step("alice sends with a Kerberos ticket; her program knows no password")
    expect(send_by_ticket("alice@CORP.EXAMPLE", "Alice-Pw1", "bob@corp.example", "By ticket"), "accepted")
    expect(fetch("bob", "Bob-Pw1", True) == ["By ticket"], "and it is with bob")

    step("alice writes to the group staff: bob, a group that she is in, and erin")
    code, _ = send("staff@corp.example", "To all of us", "alice@corp.example", ("alice", "Alice-Pw1"))
    expect(code == 250, "accepted: the group becomes its members in the queue, whole or not at all")
    for name in ("alice", "bob", "erin"):
        expect("To all of us" in awaited(name, name.capitalize() + "-Pw1", "To all of us"), "%s has it" % name)

    step("A stranger writes to the group; the administrator asks what becomes of alice's mail to it")
    code, text = send("staff@corp.example", "Buy this", "mallory@elsewhere.example")
    expect(code == 550 and text.startswith(b"5.7.1"), "refused: only who has logged in may")
    told = explain(("send", "alice@corp.example", "staff@corp.example", "--as", "alice"),
                   ("entry", "decided", "policy", "group", "reaches", "RCPT"))
    expect("erin@corp.example" in told, "the groups on the way, and whom it reaches")

    partner_start()
    step("alice writes to dora@partner.example: the gateway finds that domain's server by its MX and hands it on")
    code, _ = send("dora@partner.example", "Beyond our domain", "alice@corp.example", ("alice", "Alice-Pw1"))
    expect(code == 250, "accepted: on disk in the queue before the 250")
    recipients, text = Partner.taken.get(timeout=TIMEOUT)
    expect(recipients == ["<dora@partner.example>"] and "Subject: Beyond our domain" in text, "partner.example has it")

    step("A stranger, who has not logged in, wants to send there through the gateway")
    code, text = send("dora@partner.example", "Not through us", "mallory@elsewhere.example")
    expect(code == 550 and text.startswith(b"5.7.1"), "refused: only who has logged in may")

    step("alice writes to somebody whom partner.example does not know")
    code, _ = send("nobody@partner.example", "To nobody", "alice@corp.example", ("alice", "Alice-Pw1"))
    expect(code == 250, "accepted: only the other server can tell")
    report = awaited("alice", "Alice-Pw1", "multipart/report")
    told = report[report.find("Your message was not"):report.find("What you can do")].strip()
    print("".join("   | %s\n" % line for line in told.splitlines()), end="", flush=True)
    expect("Status: 5.1.1" in report and "nobody of that name" in report, "a report in her mailbox says what became of it")
    expect("0 messages" in waiting(), "nothing waits any more")

    step("bob mistypes his password; the administrator asks why he cannot log in")
    code, wrong = login("bob", "Bbo-Pw1")
    expect(code == 535 and "wrong name or password" in logged_cause(), "refused, and the log has the cause")
    told = explain(("login", "bob"), ("state", "lockout threshold", "mailbox", "right password"))
    expect("235" in told, "nothing is wrong with the account: with the right password he comes in")

    step("carol's account is disabled; her password is right")
    code, text = login("carol", "Carol-Pw1")
    expect(code == 535 and text == wrong, "refused as a wrong password is, so that strangers learn nothing")
    told = explain(("login", "carol"), ("userAccountControl", "state", "cause"))
    expect("account disabled" in told, "the administrator is told the cause")
    print("\nEvery step gave the answer it should.")


main()
