#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What senders are told of their mail, what nobody can be told of, and the folders pickup and drop."""
import email
import email.policy
import os
import pwd
import re
import signal
import stat

from clients import Smtp, mailbox, message, token
from harness import POSTERND, TOP, case, check, command, contains, equal, lacks, must, read, run, state_directory, wait_for
from scripted_smtp import Sink
from site_under_test import ADDRESS, LDAP_ADDRESS, Gateway, Namespace, Slapd, certificates, population, tls
from zones import Zones

PEOPLE = [("alice", "Alice-Pw1", "alice@corp.example"), ("bob", "Bob-Pw1", "bob@corp.example")]
DNS = "10.54.0.53"
GOOD, REFUSING, LATER, DSN = "10.54.1.1", "10.54.1.2", "10.54.1.3", "10.54.1.4"
ZONES = {"good.example": GOOD, "refusing.example": REFUSING, "later.example": LATER, "dsn.example": DSN}

OUTBOUND = """
	relay = { "10.54.0.0/16" }
	message_size = 1M
	outbound {
		retry = { "1s" }
		delay_notice = %(notice)s
		local_delay_notice = 0
		expiry = %(expiry)s
		badmail = "%(state)s/badmail"
		pickup = "%(state)s/pickup"
		pickup_unstuff = %(unstuff)s
		failure_copy = "bob@corp.example"
		%(templates)s
	}
"""
MORE = """
dns_servers = { "%(dns)s" }
domain "files.example" { directory = "corp" drop = "%(drop)s" }
"""
TEMPLATE = """X-Site: ours
Subject: =Zur\u00fcck= %{subject}

Sehr geehrte Damen und Herren, an %{sender}:
%{recipients}
%{advice}
"""


class Scene:
    """What all cases stand on."""

    def __init__(self):
        self.state = state_directory()
        Namespace(ADDRESS, LDAP_ADDRESS, DNS, *ZONES.values())
        certificates(self.state, ("slapd", "IP:10.54.0.1"))
        self.slapd = Slapd(self.state + "/slapd", population(PEOPLE),
                           with_tls=[self.state + "/" + name for name in ("slapd.pem", "slapd.key", "ca.pem")])
        self.dns = Zones(self.state + "/nsd", DNS,
                         {name: ["@ MX 10 mx", "mx A " + address] for name, address in ZONES.items()})
        self.good, self.later = Sink(GOOD), Sink(LATER)
        self.refusing = Sink(REFUSING, rcpt="550 5.1.1 no such user here")
        self.dsn = Sink(DSN)
        self.dsn.offers.append("DSN")
        self.values = dict(state=self.state, notice="1h", expiry="2h", unstuff="false", templates="")
        self.gateway = Gateway(self.state, ["ldap://10.54.0.1"], smtp_more=OUTBOUND % self.values, level="debug",
                               more=MORE % dict(dns=DNS, drop=self.state + "/mail/drop"))
        os.makedirs(self.state + "/mail", exist_ok=True)
        for folder in ("mail", "mail/drop", "pickup", "badmail"):
            self.folder(folder)
        self.gateway.start()

    def folder(self, name):
        path = os.path.join(self.state, name)
        os.makedirs(path, exist_ok=True)
        owner = pwd.getpwnam("postern-store")
        os.chown(path, owner.pw_uid, owner.pw_gid)
        os.chmod(path, 0o755)
        return path

    def reload(self, **values):
        self.values.update(values)
        mark = self.gateway.mark()
        self.gateway.write(smtp_more=OUTBOUND % self.values)
        self.gateway.process.signal(signal.SIGHUP)
        check("the new configuration is in force", self.gateway.logged("relay.retiring", mark))

    def send(self, recipient, sender="alice@corp.example", mail="", rcpt="", text=None):
        """The subject of a message that the gateway has taken."""
        word = token()
        with Smtp(ADDRESS) as smtp:
            for line in ("MAIL FROM:<%s>%s" % (sender, mail), "RCPT TO:<%s>%s" % (recipient, rcpt)):
                answer = smtp.ask(line)
                if answer.code != 250:
                    raise RuntimeError("%s: %s" % (line, answer))
            answer = smtp.data(text or message(word))
            if answer.code != 250:
                raise RuntimeError("not taken: " + answer)
        return word

    def mails(self, who="alice"):
        return mailbox(ADDRESS, tls(self.state), who, who.title() + "-Pw1")

    def report(self, word, who="alice"):
        """The report about the message with that subject, parsed."""
        def find():
            return next((text for text in self.mails(who) if word in text and "multipart/report" in text), None)
        text = wait_for(find)
        return Report(text) if text else None

    def pickup(self, text, name=None, whole=True):
        """Drops a file; its name."""
        name = name or token() + ".eml"
        hidden = os.path.join(self.state, "pickup", "." + name)
        with open(hidden, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(hidden, 0o644)
        os.rename(hidden, os.path.join(self.state, "pickup", name))
        return name

    def bad(self, part):
        """The three files of the bad mail whose detail has that part: reason, detail, message."""
        folder = os.path.join(self.state, "badmail")

        def find():
            for name in os.listdir(folder):
                stem = os.path.join(folder, name.removesuffix(".BAD"))
                if name.endswith(".BAD") and part in read(stem + ".BDP") + read(stem + ".BDR") + read(stem + ".BAD"):
                    return read(stem + ".BDR"), read(stem + ".BDP"), read(stem + ".BAD")
            return None
        return wait_for(find) or ("", "", "")


class Report:
    """As Python's own reader of mail sees it."""

    def __init__(self, text):
        self.text = text
        self.mail = email.message_from_string(text, policy=email.policy.default)
        self.kind = self.mail.get_content_type()
        parts = list(self.mail.iter_parts())
        self.kinds = [part.get_content_type() for part in parts]
        self.words = parts[0].get_content()
        blocks = parts[1].get_payload()
        self.message, self.recipients = blocks[0], blocks[1:]
        self.original = parts[2]
        self.defects = [str(defect) for part in self.mail.walk() for defect in part.defects]


def failure(scene):
    word = scene.send("nobody@refusing.example", mail=" ENVID=Q+2B1 RET=HDRS",
                      rcpt=" NOTIFY=FAILURE,DELAY ORCPT=rfc822;No+2BBody@refusing.example")
    report = scene.report(word)
    check("a failure is reported", report)
    equal("in the form of RFC 3464", [report.kind, *report.kinds],
          ["multipart/report", "text/plain", "message/delivery-status", "text/rfc822-headers"])
    equal("which Python reads without complaint", report.defects, [])
    equal("its fields", [report.mail["Auto-Submitted"], report.mail["To"], report.mail["From"].addresses[0].addr_spec,
                         report.mail["Subject"], report.mail.get_param("report-type")],
          ["auto-replied", "alice@corp.example", "postmaster@corp.example", "Not delivered: " + word,
           "delivery-status"])
    equal("it comes from nobody", report.mail["Return-Path"], "<>")
    about = report.recipients[0]
    equal("ENVID comes back as it was meant", report.message["Original-Envelope-Id"], "Q+1")
    contains("and who reports", report.message["Reporting-MTA"], "mail.corp.example")
    equal("ORCPT too", about["Original-Recipient"], "rfc822; No+Body@refusing.example")
    equal("who, what, why, by whom", [about["Final-Recipient"], about["Action"], about["Status"], about["Remote-MTA"],
                                      about["Diagnostic-Code"]],
          ["rfc822; nobody@refusing.example", "failed", "5.1.1", "dns; mx.refusing.example",
           "smtp; 550 5.1.1 no such user here"])
    for words in ("nobody@refusing.example", "There is no mailbox of that address.", "Check the spelling",
                  "550 5.1.1 no such user here", word):
        contains("people are told: " + words.replace(word, "the subject"), report.words, words)
    contains("RET=HDRS: the header", report.original.get_content(), "Subject: " + word)
    lacks("and no more", report.original.get_content(), "Hello.")
    check("a copy of it goes where copies go", wait_for(lambda: any(word in text for text in scene.mails("bob"))))
    word = scene.send("nobody@refusing.example")
    report = scene.report(word)
    equal("without RET a small message comes back", report.kinds[2], "message/rfc822")
    contains("all of it", report.original.get_content().get_content(), "Hello.")
    word = scene.send("nobody@refusing.example", rcpt=" NOTIFY=NEVER")
    later = scene.send("nobody@refusing.example")
    check("with NOTIFY=NEVER", scene.report(later))
    check("nobody is told", not any(word in text for text in scene.mails()))


def utf8_and_injection(scene):
    word = token()
    text = message(word, "Gr\u00fc\u00dfe\n").replace(
        "Subject: ", "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_=0D=0ABcc:_evil@corp.example?= ")
    scene.send("nobody@refusing.example", mail=" BODY=8BITMIME", text=text)
    report = scene.report(word)
    equal("a subject is shown as it was meant", report.mail["Subject"],
          "Not delivered: Gr\u00fc\u00dfe   Bcc: evil@corp.example " + word)
    equal("and adds no field", report.mail["Bcc"], None)
    contains("8-bit text comes back", report.text, "\n\nGr\u00fc\u00dfe\n")
    scene.refusing.change(rcpt="550 5.1.1 a\tb \x1b[31mred\x07 " + "long " * 150)
    report = scene.report(scene.send("nobody@refusing.example"))
    code = report.recipients[0]["Diagnostic-Code"]
    check("what a server says cannot break the report", "red" in code and "\x1b" not in report.text, code)
    scene.refusing.change(rcpt="550 5.1.1 no such user here")


def samples(scene):
    """Reports of every kind, in UTF-8 too, by way of tests/scenario/report_sample.c."""
    binary = "build/tests/scenario/report_sample"
    must("make", "-s", "-C", TOP, binary, timeout=1200)
    path = scene.state + "/original.eml"
    with open(path, "wb") as file:
        file.write("From: J\u00fcrgen <j@example.com>\r\nSubject: Gr\u00fc\u00dfe\r\nMessage-ID: <a@b>\r\n\r\n"
                   "--=_report_\r\n.\r\nW\u00f6rter\r\n".encode())
    wanted = {("failed", "plain"): ["text/plain", "message/delivery-status", "message/rfc822"],
              ("failed", "utf8"): ["text/plain", "message/global-delivery-status", "message/global"],
              ("delayed", "plain"): ["text/plain", "message/delivery-status", "text/rfc822-headers"],
              ("delayed", "utf8"): ["text/plain", "message/global-delivery-status", "message/global-headers"],
              ("delivered", "plain"): ["text/plain", "message/delivery-status", "text/rfc822-headers"],
              ("mixed", "plain"): ["text/plain", "message/delivery-status", "message/rfc822"]}
    for words, kinds in wanted.items():
        text = must(TOP + "/" + binary, *words, path)
        mail = email.message_from_bytes(text.encode(), policy=email.policy.default)
        name = " ".join(words)
        equal("%s: the parts" % name, [part.get_content_type() for part in mail.iter_parts()], kinds)
        equal("%s: no defects" % name, [str(defect) for part in mail.walk() for defect in part.defects], [])
        equal("%s: the references" % name, [mail["In-Reply-To"], mail["References"]], ["<a@b>", "<a@b>"])
        status = re.split(r"delivery-status\n", text)[1].split("\n\n--=_report")[0].split("\n\n", 1)[1]
        equal("%s: a block for the message and one for each recipient" % name, len(status.split("\n\n")), 4)
        check("%s: nothing is injected" % name, "\nX-Injected" not in text, text)
        check("%s: what UTF-8 is for" % name, ("Final-Recipient: utf-8; s\u00f8ren@example.net" in status) ==
              (words[1] == "utf8"), status)
        contains("%s: the subject is readable" % name, mail["Subject"], "Gr\u00fc\u00dfe")


def delay(scene):
    scene.reload(notice="3s")
    scene.later.change(rcpt="450 4.2.1 come back")
    word = scene.send("slow@later.example")
    report = scene.report(word)
    check("a delay is told", report)
    equal("in the form of RFC 3464", report.kinds, ["text/plain", "message/delivery-status", "text/rfc822-headers"])
    about = report.recipients[0]
    equal("delayed", [about["Action"], about["Status"], report.mail["Subject"]], ["delayed", "4.2.1", "Delayed: " + word])
    check("with when it ends", about["Will-Retry-Until"], about)
    contains("people need do nothing", report.words, "You do not have to do anything")
    silent = scene.send("slow@later.example", rcpt=" NOTIFY=FAILURE")
    scene.later.change(rcpt="250 ok")
    check("then it is sent", scene.later.took(word) and scene.later.took(silent))
    equal("one report only", sum(word in text for text in scene.mails()), 1)
    equal("and none to who wanted none of delays", sum(silent in text for text in scene.mails()), 0)
    scene.reload(notice="0", expiry="3s")
    scene.later.change(rcpt="450 4.2.1 come back")
    word = scene.send("slow@later.example")
    report = scene.report(word)
    check("what takes too long is given up", report)
    about = report.recipients[0]
    equal("failed, with what was said last", [about["Action"], about["Diagnostic-Code"], report.mail["Subject"]],
          ["failed", "smtp; 450 4.2.1 come back", "Not delivered: " + word])
    scene.later.change(rcpt="250 ok")
    scene.reload(notice="1h", expiry="2h")


def success(scene):
    word = scene.send("a@good.example", rcpt=" NOTIFY=SUCCESS")
    report = scene.report(word)
    check("handed on to a server that reports nothing", report)
    equal("relayed", [report.recipients[0]["Action"], report.mail["Subject"], report.recipients[0]["Remote-MTA"]],
          ["relayed", "Delivered: " + word, "dns; mx.good.example"])
    plain = scene.send("a@good.example")
    word = scene.send("a@dsn.example", mail=" ENVID=X1 RET=FULL", rcpt=" NOTIFY=SUCCESS ORCPT=rfc822;b@c")
    taken = scene.dsn.took(word)
    lines = " ".join(taken.session.lines)
    check("a server that reports itself is asked to", "NOTIFY=SUCCESS" in lines and "ORCPT=rfc822;b@c" in lines and
          "ENVID=X1" in lines and "RET=FULL" in lines, lines)
    check("where it is not asked for", scene.good.took(plain))
    equal("nothing is told", [], [text for text in scene.mails() if plain in text or word in text])
    word = scene.send("bob@corp.example", rcpt=" NOTIFY=SUCCESS")
    report = scene.report(word)
    check("into a mailbox of ours", report)
    equal("delivered", report.recipients[0]["Action"], "delivered")
    equal("which it was, once", sum(word in text for text in scene.mails("bob")), 1)


def nobody_to_tell(scene):
    word = scene.send("nobody@refusing.example", sender="")
    reason, detail, text = scene.bad(word)
    contains("a report that fails is bad mail", text, "Subject: " + word)
    contains("with why", reason, "no sender")
    contains("and what was said", detail, "550 5.1.1 no such user here")
    word = scene.send("nobody@refusing.example", sender="ghost@refusing.example")
    reason, detail, text = scene.bad(word)
    check("so is the report to a sender that is refused", "multipart/report" in text and
          "ghost@refusing.example" in detail, detail)


def templates(scene):
    folder = scene.folder("templates")
    with open(folder + "/failed.txt", "w") as file:
        file.write(TEMPLATE)
    scene.reload(templates='templates = "%s"' % folder)
    word = scene.send("nobody@refusing.example")
    report = scene.report(word)
    equal("an administrator's words", [report.mail["Subject"], report.mail["X-Site"]], ["=Zur\u00fcck= " + word, "ours"])
    contains("in the text too", report.words, "an alice@corp.example:\n    nobody@refusing.example\n    Check")
    with open(folder + "/failed.txt", "a") as file:
        file.write("%{nonsense}\n")
    done = command(POSTERND, "-t", "-c", scene.gateway.file)
    check("a template that is none is told by posternd -t", done.returncode != 0 and "failed.txt" in done.stdout and
          "placeholder" in done.stdout, done.stdout)
    scene.reload(templates="")


def pickup(scene):
    word = token()
    scene.pickup("x-sender: alice@corp.example\nx-receiver: a@good.example\nx-receiver: <b@good.example>\n"
                 "From: Somebody <someone@elsewhere.example>\nTo: nobody@refusing.example\nSubject: %s\n\n"
                 "..one\n.\nlast" % word)
    taken = scene.good.took(word)
    check("x- lines are the envelope", taken and [taken.sender, sorted(taken.recipients)] ==
          ["alice@corp.example", ["a@good.example", "b@good.example"]], taken)
    lacks("and are not sent", taken.text.lower(), "x-receiver")
    contains("lines that begin with points stay", taken.text, "\n..one\n.\nlast\n")
    lacks("nor is a Return-Path", taken.text, "Return-Path:")
    for name in ("Date: ", "Message-ID: <", "Received: by mail.corp.example (pickup)"):
        contains("what is missing is added: " + name, taken.text, name)
    word = token()
    scene.pickup('From: "Adams, Alice" <alice@corp.example>\r\nTo: Team: a@good.example, "B" <b@good.example>;\r\n'
                 "Cc: (c) c@good.example,\r\n\tbob@corp.example\r\nBcc: secret@good.example,\r\n d@good.example\r\n"
                 "Subject: %s\r\n\r\nHello.\r\n" % word)
    taken = scene.good.took(word)
    wait_for(lambda: sum(len(one.recipients) for one in scene.good.messages if one.subject == word) >= 5)
    equal("else To, Cc and Bcc", sorted(sum((one.recipients for one in scene.good.messages if one.subject == word), [])),
          ["%s@good.example" % name for name in ("a", "b", "c", "d", "secret")])
    lacks("Bcc is not sent", taken.text, "secret")
    check("ours get it too", wait_for(lambda: any(word in text for text in scene.mails("bob"))))
    report = token()
    scene.pickup("From: alice@corp.example\nTo: nobody@refusing.example\nSubject: %s\n\nx\n" % report)
    check("what fails is reported like other mail", scene.report(report))
    check("nothing is left", wait_for(lambda: os.listdir(scene.state + "/pickup") == [".postern"] and
                                      not os.listdir(scene.state + "/pickup/.postern")))
    scene.reload(unstuff="true")
    word = token()
    scene.pickup("From: alice@corp.example\nTo: a@good.example\nSubject: %s\n\n..one\n...two\n.x\n" % word)
    contains("points are removed where that is wanted", scene.good.took(word).text, "\n\n.one\n..two\n.x\n")
    scene.reload(unstuff="false")


def pickup_slowly(scene):
    """A file is taken when it is whole."""
    word, path = token(), scene.state + "/pickup/slow.eml"
    file = open(path, "w")
    os.chmod(path, 0o644)
    file.write("From: alice@corp.example\nTo: a@good.example\nSubject: %s\n\n" % word)
    file.flush()
    other = token()
    scene.pickup("From: alice@corp.example\nTo: a@good.example\nSubject: %s\n\nx\n" % other)
    check("while one is being written others go", scene.good.took(other))
    file.write("the end\n")
    file.close()
    taken = scene.good.took(word)
    check("then it goes, whole", taken and taken.text.endswith("the end\n"), taken)
    word = token()
    with open(scene.state + "/pickup/note.tmp", "w") as file:
        file.write("From: alice@corp.example\nTo: a@good.example\nSubject: %s\n\nx\n" % word)
    os.chmod(file.name, 0o644)
    other = token()
    scene.pickup("From: alice@corp.example\nTo: a@good.example\nSubject: %s\n\nx\n" % other)
    check("another goes", scene.good.took(other))
    check("one that is not meant yet stays", os.path.exists(file.name) and not scene.good.count(word))
    os.rename(file.name, scene.state + "/pickup/note.eml")
    check("until it is renamed", scene.good.took(word))


HOSTILE = {
    "no recipient": (b"From: alice@corp.example\nSubject: x\n\nhello\n", "there are no recipients"),
    "no sender": (b"To: a@good.example\n\nhello\n", "neither an x-sender line"),
    "a bad address": (b"From: alice@corp.example\nTo: a@good.example, b@@x\n\nhello\n", "line 2, To: bad domain"),
    "binary": (bytes(range(256)) * 100, "line 1"),
    "UTF-16": ("From: alice@corp.example\nTo: a@good.example\n\nx\n".encode("utf-16"), "line 1"),
    "a NUL in the text": (b"From: alice@corp.example\nTo: a@good.example\n\na\0b\n", "line 4 has a NUL octet"),
    "a lone CR": (b"From: alice@corp.example\nTo: a@good.example\n\na\rRCPT TO:<x@y>\n", "line 4 has a CR"),
    "a long line": (b"From: alice@corp.example\nTo: a@good.example\n\n" + b"x" * 100000, "line 4 is longer than 998"),
    "no header": (b"hello world\n", "line 1, the header: neither a field"),
    "an endless header": (b"From: alice@corp.example\nTo: a@good.example\n" + b"X: y\n" * 100000, "the header is larger"),
    "too large": (b"From: alice@corp.example\nTo: a@good.example\n\n" + (b"x" * 70 + b"\n") * 20000, "larger than message_size"),
    "too many": (b"From: alice@corp.example\n" + b"".join(b"To: r%d@good.example\n" % n for n in range(1001)) + b"\nx\n",
                 "more than 1000 recipients"),
    "a loop": (b"Received: x\n" * 100 + b"From: alice@corp.example\nTo: a@good.example\n\nx\n", "goes round in a circle"),
    "empty": (b"", "neither an x-sender line"),
}


def pickup_hostile(scene):
    pids = scene.gateway.roles()
    for what, (text, why) in HOSTILE.items():
        name = scene.pickup(text, token() + "-\x1b[31m %n.eml")
        reason, detail, kept = scene.bad(name.split("-")[0])
        check("bad mail: %s" % what, why in reason + detail, (reason, detail))
        if len(text) < 1 << 20:
            equal("and the file is there as it was: %s" % what, kept, text.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n"))
    secret = scene.state + "/secret.eml"
    word = token()
    with open(secret, "w") as file:
        file.write("From: alice@corp.example\nTo: a@good.example\nSubject: %s\n\nx\n" % word)
    os.chmod(secret, 0o644)
    os.symlink(secret, scene.state + "/pickup/link.eml")
    os.mkfifo(scene.state + "/pickup/pipe.eml")
    os.makedirs(scene.state + "/pickup/folder.eml")
    os.link(secret, scene.state + "/pickup/hard.eml")
    closed = scene.pickup("From: alice@corp.example\nTo: a@good.example\nSubject: closed\n\nx\n", "closed.eml")
    good = token()
    scene.pickup("From: alice@corp.example\nTo: a@good.example\nSubject: %s\n\nx\n" % good)
    check("between them a good one goes", scene.good.took(good))
    for name, why in (("link.eml", "symbolic link"), ("pipe.eml", "no regular file")):
        line = scene.gateway.logged("file=" + name)
        check("%s is left alone" % name, line and why in line, line)
    equal("what a link points to is not sent", scene.good.count(word), 0)
    check("nor a file that has another name elsewhere", os.path.exists(scene.state + "/pickup/hard.eml"))
    os.remove(secret)
    check("until that is its only one", scene.good.took(word))
    check("the closed one went", closed and scene.good.took("closed"))
    equal("no process died of it", scene.gateway.roles(), pids)
    for name in ("link.eml", "pipe.eml"):
        os.remove(scene.state + "/pickup/" + name)
    os.rmdir(scene.state + "/pickup/folder.eml")


def pickup_deaths(scene):
    """Claimed files survive whoever had them."""
    def kill_store():
        os.kill(wait_for(lambda: scene.gateway.roles()["store"])[0], signal.SIGKILL)

    for pid in scene.gateway.roles()["relay"]:
        os.kill(pid, signal.SIGSTOP)
    words = [token() for _ in range(20)]
    for word in words:
        scene.pickup("From: alice@corp.example\nTo: a@good.example\nSubject: %s\n\nx\n" % word)
    for pid in scene.gateway.roles()["relay"]:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: scene.good.count(words[0]))
    kill_store()
    check("all are sent", wait_for(lambda: all(scene.good.count(word) for word in words)))
    word = token()
    path = scene.state + "/pickup/.postern/1.left.eml"
    with open(path, "w") as file:
        file.write("From: alice@corp.example\nTo: a@good.example\nSubject: %s\n\nx\n" % word)
    os.chmod(path, 0o644)
    kill_store()
    check("what was claimed before a crash is sent", scene.good.took(word))
    check("nothing is left", wait_for(lambda: not os.listdir(scene.state + "/pickup/.postern")))


def drop_files(scene):
    folder = scene.state + "/mail/drop/"
    return {name: read(folder + name) for name in os.listdir(folder)}


def drop(scene):
    word = token()
    with Smtp(ADDRESS) as smtp:
        equal("mail for a domain with a drop", smtp.transact("Some.One@elsewhere.example", [
            "Any.Body@files.example", '"a b"@files.example', "bob@corp.example"], message(word)).code, 250)
    files = [name for name, text in drop_files(scene).items() if word in text]
    equal("is one file at once", len(files), 1)
    text = drop_files(scene)[files[0]]
    check("with the envelope in front", text.startswith(
        'x-sender: Some.One@elsewhere.example\nx-receiver: Any.Body@files.example\nx-receiver: "a b"@files.example\n'
        "Return-Path: <Some.One@elsewhere.example>\n"), text[:200])
    mode = os.stat(scene.state + "/mail/drop/" + files[0])
    equal("whole, readable for its group", [oct(stat.S_IMODE(mode.st_mode)), mode.st_nlink], ["0o640", 1])
    check("and named so", files[0].endswith(".eml") and not files[0].startswith("."), files)
    check("mailboxes get theirs", any(word in one for one in scene.mails("bob")))
    scene.slapd.freeze()
    word = token()
    with Smtp(ADDRESS) as smtp:
        equal("no directory is asked", smtp.transact("", ["x@files.example"], message(word)).code, 250)
    scene.slapd.thaw()
    text = next(text for text in drop_files(scene).values() if word in text)
    check("from nobody", text.startswith("x-sender: <>\nx-receiver: x@files.example\n"), text[:80])
    word = token()
    scene.pickup("From: alice@corp.example\nTo: y@files.example\nSubject: %s\n\nx\n" % word)
    check("from pickup to drop", wait_for(lambda: any(word in text for text in drop_files(scene).values())))
    name, text = next((name, text) for name, text in drop_files(scene).items() if word in text)
    check("also by way of the queue", text.startswith("x-sender: alice@corp.example\nx-receiver: y@files.example\n"),
          text[:90])
    again = token()
    scene.pickup(text.replace("y@files.example", "a@good.example").replace(word, again))
    check("and what was dropped can be picked up", scene.good.took(again))
    must("mount", "-t", "tmpfs", "-o", "size=64k,mode=755,uid=%d" % pwd.getpwnam("postern-store").pw_uid, "tmpfs",
         scene.state + "/mail/drop")
    try:
        with Smtp(ADDRESS) as smtp:
            equal("a full drop is a matter of later", smtp.transact("a@elsewhere.example", [
                "x@files.example"], message(token(), size=200000)).code // 100, 4)
        equal("and leaves nothing", os.listdir(scene.state + "/mail/drop"), [])
    finally:
        must("umount", scene.state + "/mail/drop")


def main():
    scene = Scene()
    for test in (failure, utf8_and_injection, samples, delay, success, nobody_to_tell, templates, pickup, pickup_slowly,
                 pickup_hostile, pickup_deaths, drop):
        with case(test.__name__):
            test(scene)


run(main)
