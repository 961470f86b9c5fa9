#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The SMTP protocol over real sockets: line ends, TLS, pipelining, BDAT, AUTH, limits, trace fields."""
import concurrent.futures
import socket
import threading
import time

import harness
from clients import Pop3, Smtp, encode, mailbox, message, subjects, token
from harness import Stopwatch, case, check, contains, equal, lacks, run, state_directory, status_of, wait_for
from site_under_test import ADDRESS, Gateway, Namespace, Slapd, certificates, population, tls

PEOPLE = [("alice", "Alice-Pw1", "alice@corp.example"), ("bob", "Bob-Pw1", "bob@corp.example"),
          ("m\u00fcller".encode().decode(), "Mueller-Pw1", "m\u00fcller@corp.example")] + \
         [("u%d" % i, "pw%d" % i, "u%d@corp.example" % i) for i in range(8)]

LIMITED = """
smtp "Limited" {
	listen "%s:2525" { tls = "none" }
	fqdn = "mail.corp.example"
	authentication = { "anonymous" }
	message_size = 20K
	session_size = 50K
	recipients = 5
	hops = 3
}
smtp "Impatient" {
	listen "%s:2528" { tls = "none" }
	fqdn = "mail.corp.example"
	authentication = { "anonymous" }
	idle_timeout = 2s
}
smtp "Narrow" {
	listen "%s:2526" { tls = "none" }
	fqdn = "mail.corp.example"
	authentication = { "anonymous" }
	connections = 2
}
smtp "Clear" {
	listen "%s:2527" { tls = "none" }
	fqdn = "mail.corp.example"
	authentication = { "anonymous", "basic" }
	basic_without_tls = true
}
""" % (ADDRESS, ADDRESS, ADDRESS, ADDRESS)


def inbox(context, user="alice", password="Alice-Pw1", delete=True):
    return mailbox(ADDRESS, context, user, password, delete=delete)


def greeting_and_ehlo():
    with Smtp(ADDRESS) as smtp:
        check("greeting names the host", smtp.greeting.startswith("220 mail.corp.example"), smtp.greeting)
        for word in ("PIPELINING", "SIZE 33554432", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN",
                     "ENHANCEDSTATUSCODES", "STARTTLS", "LIMITS RCPTMAX=100", "HELP"):
            check("EHLO offers " + word, any(line[4:] == word for line in smtp.hello.splitlines()), smtp.hello)
        lacks("EHLO without TLS offers no AUTH", smtp.hello, "AUTH")
        for line, code in (("NOOP", 250), ("RSET", 250), ("VRFY alice", 252), ("HELP", 214), ("EXPN x", 502),
                           ("NONSENSE", 500), ("DATA", 503), ("RCPT TO:<alice@corp.example>", 503),
                           ("MAIL FROM:<a@b", 501), ("MAIL FROM:<a@b.example> FOO=1", 555),
                           ("AUTH PLAIN " + encode("\0alice\0Alice-Pw1"), 538), ("QUIT", 221)):
            equal("answer to " + line.split(" ")[0] + " " + line[5:20], smtp.ask(line).code, code)
        check("QUIT closes", smtp.closed())


SMUGGLES = {
    "LF . LF": b"one\n.\nMAIL FROM:<x@evil.example>\r\n",
    "LF . CRLF": b"one\n.\r\nMAIL FROM:<x@evil.example>\r\n",
    "CRLF . LF": b"one\r\n.\nMAIL FROM:<x@evil.example>\r\n",
    "CR . CR": b"one\r.\rMAIL FROM:<x@evil.example>\r\n",
    "CRLF . CR": b"one\r\n.\rMAIL FROM:<x@evil.example>\r\n",
    "bare LF in a line": b"one\ntwo\r\n.\r\n",
    "bare CR in a line": b"one\rtwo\r\n.\r\n",
    "CR CRLF . CRLF": b"one\r\r\n.\r\n",
}


def smuggling(context):
    for name, data in SMUGGLES.items():
        with case("smuggling " + name), Smtp(ADDRESS) as smtp:
            smtp.envelope("a@elsewhere.example", "alice@corp.example")
            answer = smtp.data(b"Subject: smuggled\r\n\r\n" + data)
            check("smuggling " + name + " is refused", answer.startswith("550 5.5.2"), answer)
            check("smuggling " + name + " closes", smtp.closed())
    with case("commands with bare LF"), Smtp(ADDRESS) as smtp:
        smtp.send(b"NOOP\n")
        check("a command that ends with bare LF is not obeyed", smtp.reply().code == 500)
        check("and closes", smtp.closed())
    lacks("nothing smuggled arrived", "".join(inbox(context)), "smuggled")


def plaintext_behind_starttls(context):
    with Smtp(ADDRESS) as smtp:
        smtp.send("STARTTLS\r\nMAIL FROM:<injected@evil.example>\r\n")
        equal("STARTTLS with injected text answers once", smtp.reply().code, 220)
        smtp.secure(context)
        answer = smtp.ask("NOOP")
        check("what was injected is not answered", answer.code == 250 and "Sender" not in answer, answer)
        equal("nor did it take effect", smtp.ask("RCPT TO:<alice@corp.example>").code, 503)
        equal("EHLO is wanted again", smtp.ask("MAIL FROM:<a@b.example>").code, 503)
        contains("AUTH is offered inside", smtp.ask("EHLO x"), "AUTH PLAIN LOGIN")
        equal("no second STARTTLS", smtp.ask("STARTTLS").code, 503)
    with Pop3(ADDRESS) as pop:
        pop.send("STLS\r\nUSER alice\r\n")
        check("STLS", pop.line().startswith("+OK"))
        pop.secure(context)
        check("an injected USER is forgotten", pop.ask("PASS Alice-Pw1").startswith("-ERR"))


def pipelining(context):
    word = token()
    with Smtp(ADDRESS) as smtp:
        smtp.send("MAIL FROM:<a@elsewhere.example>\r\nRCPT TO:<alice@corp.example>\r\n"
                  "RCPT TO:<nobody@corp.example>\r\nRCPT TO:<bob@corp.example>\r\nDATA\r\n")
        equal("pipelined envelope", [smtp.reply().code for _ in range(5)], [250, 250, 550, 250, 354])
        smtp.send("Subject: %s\r\n\r\n..dot\r\n.\r\nMAIL FROM:<>\r\nRSET\r\nQUIT\r\n" % word)
        equal("pipelined end", [smtp.reply().code for _ in range(4)], [250, 250, 250, 221])
    texts = inbox(context)
    equal("the pipelined message arrived", subjects(texts), [word])
    check("its dot is single again", any("\n.dot" in text for text in texts), texts)
    contains("Return-Path is there", texts[0], "Return-Path: <a@elsewhere.example>")
    contains("Received is there", texts[0], "by mail.corp.example")
    lacks("no recipient is shown when there were several", texts[0], "for <")
    with Smtp(ADDRESS) as smtp:
        equal("all recipients refused", [smtp.ask(line).code for line in (
            "MAIL FROM:<a@b.example>", "RCPT TO:<nobody@corp.example>", "DATA")], [250, 550, 554])


def chunking(context):
    word, body = token(), "\x00binary\x00\nline\n"
    text = ("Subject: %s\r\n\r\nfirst\r\n" % word).encode()
    with Smtp(ADDRESS) as smtp:
        smtp.envelope("a@elsewhere.example", "alice@corp.example")
        smtp.send(b"BDAT %d\r\n" % len(text) + text)
        equal("first chunk", smtp.reply().code, 250)
        equal("DATA inside BDAT", smtp.ask("DATA").code, 503)
        smtp.send(b"BDAT 11 LAST\r\n.\r\nsecond\r\n")
        equal("last chunk", smtp.reply().code, 250)
        smtp.send(b"BDAT 9\r\nNOOP\r\nabc")
        equal("a chunk out of order is swallowed whole", smtp.reply().code, 503)
        equal("and the session goes on", smtp.ask("NOOP").code, 250)
        smtp.envelope("a@elsewhere.example", "bob@corp.example")
        smtp.send(b"BDAT 5 LAST\r\na\nb\r\n")
        check("bare LF in BDAT is refused", smtp.reply().startswith("550 5.5.2"))
        smtp.envelope("a@elsewhere.example", "bob@corp.example", parameters=" BODY=BINARYMIME")
        equal("DATA after BINARYMIME", smtp.ask("DATA").code, 503)
        raw = b"Subject: bin-%s\r\nContent-Transfer-Encoding: binary\r\n\r\n" % word.encode() + body.encode()
        smtp.send(b"BDAT %d LAST\r\n" % len(raw) + raw)
        equal("BINARYMIME by BDAT", smtp.reply().code, 250)
        smtp.envelope("a@elsewhere.example", "bob@corp.example")
        smtp.send(b"BDAT abc\r\n")
        equal("a chunk without a size", smtp.reply().code, 501)
        check("closes", smtp.closed())
    texts = inbox(context)
    check("the chunks arrived as one message, the dot untouched",
          len(texts) == 1 and texts[0].endswith("first\n.\nsecond"), texts)
    contains("the binary message arrived", "".join(inbox(context, "bob", "Bob-Pw1")), "bin-" + word)


def long_lines(context):
    word = token()
    with Smtp(ADDRESS) as smtp:
        equal("a command line of 4,000 octets", smtp.ask("NOOP " + "x" * 4000).code, 500)
        equal("the session goes on", smtp.ask("NOOP").code, 250)
        equal("a text line of 100,000 octets", smtp.transact(
            "a@elsewhere.example", "alice@corp.example", "Subject: %s\n\n%s\n" % (word, "y" * 100000)).code, 250)
    texts = inbox(context)
    check("arrives whole", len(texts) == 1 and "y" * 100000 in texts[0], len(texts))
    with Smtp(ADDRESS) as smtp:
        smtp.send(b"EHLO x\r\n" * 3 + b"NO")
        time.sleep(0.2)
        smtp.send(b"OP\r\n")
        equal("a command in two pieces", [smtp.reply().code for _ in range(4)], [250] * 4)


def authentication(context):
    with Smtp(ADDRESS, 465, context) as smtp:
        equal("AUTH LOGIN prompts for the name", smtp.ask("AUTH LOGIN"), "334 VXNlcm5hbWU6")
        equal("and for the password", smtp.ask(encode("alice")), "334 UGFzc3dvcmQ6")
        check("then it is done", smtp.ask(encode("Alice-Pw1")).startswith("235 2.7.0"))
        equal("no second AUTH", smtp.ask("AUTH LOGIN").code, 503)
        lacks("nor is it offered", smtp.ask("EHLO x"), "AUTH")
    for name, lines in {
        "LOGIN with an initial response": ("AUTH LOGIN " + encode("alice"), encode("Alice-Pw1")),
        "PLAIN with an initial response": ("AUTH PLAIN " + encode("\0alice\0Alice-Pw1"),),
        "PLAIN without": ("AUTH PLAIN", encode("\0alice\0Alice-Pw1")),
        "PLAIN with the same authorization identity": ("auth plain", encode("alice\0alice\0Alice-Pw1")),
        "PLAIN with an authorization identity in another form":
            ("AUTH PLAIN", encode("alice@corp.example\0alice\0Alice-Pw1")),
    }.items():
        with case("AUTH " + name), Smtp(ADDRESS, 465, context) as smtp:
            answers = [smtp.ask(line) for line in lines]
            check("AUTH " + name, answers[-1].code == 235 and all(a.code == 334 for a in answers[:-1]), answers)
    for name, lines, code in (
        ("another's authorization identity", ("AUTH PLAIN " + encode("bob\0alice\0Alice-Pw1"),), 535),
        ("an empty password", ("AUTH PLAIN " + encode("\0alice\0"),), 535),
        ("an empty LOGIN password", ("AUTH LOGIN", encode("alice"), "="), 501),
        ("a star", ("AUTH LOGIN", "*"), 501),
        ("bad base64", ("AUTH PLAIN !!!!",), 501),
        ("an unknown mechanism", ("AUTH CRAM-MD5",), 504),
        ("a NUL in the password", ("AUTH PLAIN " + encode("\0alice\0Alice\0-Pw1"),), 501),
        ("a line of 20,000 octets", ("AUTH PLAIN", "A" * 20000), 500),
        ("LDAP wildcards as a name", ("AUTH PLAIN " + encode("\0al*\0Alice-Pw1"),), 535),
        ("LDAP filter syntax as a name", ("AUTH PLAIN " + encode("\0alice)(uid=*\0Alice-Pw1"),), 535),
    ):
        with case("AUTH with " + name), Smtp(ADDRESS, 465, context) as smtp:
            equal("AUTH with " + name, [smtp.ask(line) for line in lines][-1].code, code)
            equal("AUTH with " + name + ", afterwards", smtp.ask("MAIL FROM:<alice@corp.example>").code, 530)
    with Smtp(ADDRESS, 2527) as smtp:
        contains("basic_without_tls offers AUTH", smtp.hello, "AUTH PLAIN LOGIN")
        equal("and takes it", smtp.login("alice", "Alice-Pw1").code, 235)


def submission_fields(context):
    word = token()
    with Smtp(ADDRESS, 465, context) as smtp:
        equal("submission without AUTH", smtp.ask("MAIL FROM:<alice@corp.example>").code, 530)
        smtp.login("alice", "Alice-Pw1")
        equal("submission", smtp.transact("alice@corp.example", "alice@corp.example",
                                          "Subject: %s\n\nNo date.\n" % word).code, 250)
        equal("a name without a domain gets the default one",
              smtp.transact("alice", "bob", "Subject: short-%s\nDate: today\nMessage-ID: <own@x>\n\nx\n" % word).code,
              250)
    head = inbox(context)[0].split("\n\n")[0]
    for field in ("Date: ", "Message-ID: <", "Received: ", "Return-Path: <alice@corp.example>"):
        check("submission adds " + field, any(line.startswith(field) for line in head.splitlines()), head)
    contains("Received tells of AUTH and TLS", head, "with ESMTPSA")
    contains("and of the one recipient", head, "for <alice@corp.example>")
    text = inbox(context, "bob", "Bob-Pw1")[0]
    equal("what is there is not added again", (text.count("\nDate: "), text.count("\nMessage-ID: ")), (1, 1))
    with Smtp(ADDRESS) as smtp:
        smtp.transact("a@elsewhere.example", "alice@corp.example", "Subject: %s\n\nNo date.\n" % word)
    lacks("mail from elsewhere is not mended", inbox(context)[0], "\nDate: ")


def limits(gateway):
    def limited():
        return Smtp(ADDRESS, 2525)
    with limited() as smtp:
        smtp.ask("MAIL FROM:<a@b.example>")
        codes = [smtp.ask("RCPT TO:<u%d@corp.example>" % i) for i in range(6)]
        equal("recipients", [answer.code for answer in codes], [250] * 5 + [452])
        check("the sixth is told so", codes[-1].startswith("452 4.5.3"), codes[-1])
        equal("the five get it", smtp.data(message(token())).code, 250)
    with limited() as smtp:
        answer = smtp.ask("MAIL FROM:<a@b.example> SIZE=20481")
        check("a message declared too big", answer.startswith("552 5.3.4"), answer)
        equal("one declared small", smtp.envelope("a@b.example", "u1@corp.example", parameters=" SIZE=100").code, 250)
        answer = smtp.data(message(token(), size=30000))
        check("but too big", answer.startswith("552 5.3.4"), answer)
        equal("and the session goes on", smtp.ask("NOOP").code, 250)
    with limited() as smtp:
        codes = [smtp.transact("a@b.example", "u2@corp.example", message(token(), size=18000)) for _ in range(3)]
        equal("mail of a session", [answer[:9] for answer in codes], ["250 2.0.0"] * 2 + ["552 5.3.4"])
    with limited() as smtp:
        hops = "".join("Received: from a by b; Sat, 21 Nov 2026 22:00:00 +0000\n" for _ in range(4))
        answer = smtp.transact("a@b.example", "u3@corp.example", hops + message(token()))
        check("four hops of three", answer.startswith("554 5.4.6"), answer)
        equal("three of three", smtp.transact("a@b.example", "u3@corp.example",
                                              hops.split("\n", 1)[1] + message(token())).code, 250)
    watch = Stopwatch()  # from before the connection: the machine may stand still after it
    with Smtp(ADDRESS, 2528, hello=False) as smtp:
        answer = smtp.reply()
        check("an idle session is told 421 4.4.2", answer.startswith("421 4.4.2"), answer)
        check("not before two seconds", watch.seconds > 1.5, watch.seconds)
        check("and closed", smtp.closed())
    with case("connections"):
        held = [Smtp(ADDRESS, 2526, hello=False) for _ in range(6)]
        greetings = [smtp.greeting.code for smtp in held]
        check("at most two connections are served", greetings.count(220) in (1, 2), greetings)
        check("the others are told 421", greetings.count(421) == 6 - greetings.count(220), greetings)
        refused = next(smtp for smtp in held if smtp.greeting.code == 421)
        check("and closed at once", refused.closed())
        for smtp in held:
            smtp.close()

        def greeting():
            with Smtp(ADDRESS, 2526, hello=False) as smtp:
                return smtp.greeting.code
        check("later there is room again", wait_for(lambda: greeting() == 220))
        check("the log tells", gateway.logged("connection.refused server=Narrow"))
    with case("bad commands"), Smtp(ADDRESS) as smtp:
        answers = [smtp.ask("BAD")]
        while answers[-1].code == 500 and len(answers) < 100:
            answers.append(smtp.ask("BAD"))
        equal("too many bad commands", answers[-1][:9], "421 4.7.0")
    with case("a browser"), Smtp(ADDRESS, hello=False) as smtp:
        equal("HTTP is cut off", smtp.ask("GET / HTTP/1.1").code, 500)
        check("at once", smtp.closed())


def unread_replies(gateway):
    """Who asks by the thousand and takes no answer makes nothing grow, and gets all of it when he does."""
    def resident():
        return sum(int(status_of(pid)["VmRSS"].split()[0]) for pid in gateway.roles()["frontend"])

    def ask_on(talker):
        """Until the other side takes no more for a second."""
        sent, asks = 0, b"EHLO x\r\n" * 8192
        talker.setblocking(True)
        talker.settimeout(1)
        try:
            while sent < 100 * len(asks):
                sent += talker.send(asks[sent % len(asks):])
        except TimeoutError:
            pass
        return sent

    talkers = []
    for _ in range(30):
        talker = socket.socket()
        for buffer in socket.SO_RCVBUF, socket.SO_SNDBUF:
            talker.setsockopt(socket.SOL_SOCKET, buffer, 65536)
        talker.connect((ADDRESS, 25))
        talkers.append(talker)
    before = resident()
    with concurrent.futures.ThreadPoolExecutor(len(talkers)) as pool:
        sent = list(pool.map(ask_on, talkers))
    grown = resident() - before
    if "/san-" not in harness.BUILD:  # a sanitizer keeps what was freed
        check("replies that nobody takes are not hoarded", grown < 30 * 400, "%d KB for 30 clients" % grown)
    one, got = talkers.pop(), b""
    one.settimeout(2 * harness.PATIENCE)
    rest = threading.Thread(target=one.sendall, args=(b"EHLO x\r\n"[sent[-1] % 8:] + b"QUIT\r\n",))
    rest.start()  # while we read: neither side takes anything more from the other
    while more := one.recv(65536):
        got += more
    rest.join()
    equal("each gets its reply in the end", got.count(b"250 HELP\r\n"), sent[-1] // 8 + 1)
    check("to the last", got.endswith(b"\r\n221 2.0.0 Bye\r\n"), got[-100:])
    for talker in talkers:
        talker.close()


def internationalized(context):
    word = token()
    with Smtp(ADDRESS) as smtp:
        answer = smtp.envelope("a@b.example", "m\u00fcller@corp.example")
        check("UTF-8 needs SMTPUTF8", answer.startswith("553 5.6.7"), answer)
    with Smtp(ADDRESS) as smtp:
        answer = smtp.envelope("\u00e4@b.example", "alice@corp.example", parameters=" SMTPUTF8 BODY=8BITMIME")
        equal("a UTF-8 sender", answer.code, 250)
        smtp.data("Subject: %s-\u00e4\n\n\u00fc\n" % word)
    text = inbox(context)[0]
    contains("UTF-8 arrives as it was sent", text, "Subject: %s-\u00e4" % word)
    contains("with a UTF8 protocol in Received", text, "with UTF8SMTP")
    with Smtp(ADDRESS) as smtp:
        equal("overlong UTF-8 is no address",
              smtp.envelope("a@b.example", parameters=" SMTPUTF8").code and
              (smtp.send(b"RCPT TO:<\xc0\xaf@corp.example>\r\n"), smtp.reply().code)[1], 501)


def addresses(context):
    with Smtp(ADDRESS) as smtp:
        for path, code in (("<alice@corp.example>", 250), ("<@relay.example:alice@corp.example>", 250),
                           ("<\"alice\"@corp.example>", 250), ("<ALICE@CORP.EXAMPLE>", 250),
                           ("<alice@corp-alias.example>", 250), ("<postmaster@corp.example>", 250),
                           ("<Postmaster>", 250), ("<alice@[10.54.0.2]>", 550), ("<alice@remote.example>", 550),
                           ("<alice%remote.example@corp.example>", 550), ("<>", 501), ("alice@corp.example", 501),
                           ("<alice..b@corp.example>", 501), ("<al ice@corp.example>", 501),
                           ("<*@corp.example>", 550), ("<alice)(mail=*@corp.example>", 501)):
            smtp.ask("RSET")
            smtp.ask("MAIL FROM:<>")
            equal("RCPT TO:" + path, smtp.ask("RCPT TO:" + path).code, code)
        smtp.ask("RSET")
        smtp.ask("MAIL FROM:<> RET=HDRS ENVID=QQ314159")
        equal("DSN parameters", smtp.ask("RCPT TO:<alice@corp.example> NOTIFY=SUCCESS,DELAY "
                                         "ORCPT=rfc822;Bob@corp.example").code, 250)
        equal("wrong DSN parameters", smtp.ask("RCPT TO:<bob@corp.example> NOTIFY=NEVER,DELAY").code, 501)
        equal("from the null sender", smtp.data(message(token())).code, 250)
    contains("Return-Path of the null sender", inbox(context)[0], "Return-Path: <>")


def harvesting(gateway):
    with Smtp(ADDRESS) as smtp:
        smtp.ask("MAIL FROM:<>")
        codes = [smtp.ask("RCPT TO:<guess%d@corp.example>" % number).code for number in range(20)]
        equal("guessed names are refused", codes, [550] * 20)
        contains("and twenty of them end the session", smtp.reply(), "421 4.7.0 Too many refused recipients")
    with Smtp(ADDRESS) as smtp:
        smtp.ask("MAIL FROM:<>")
        codes = {smtp.ask("RCPT TO:<%s@corp.example>" % name).code
                 for number in range(30) for name in ("guess%d" % number, "alice")}
        equal("a list of which every second address is bad goes on", codes, {250, 550})
        equal("to its end", smtp.ask("NOOP").code, 250)
    check("the log has both", wait_for(lambda: "Too many refused recipients" in gateway.log()))


def disconnected(gateway, context):
    """A client that goes away in the middle of a message has sent nothing."""
    mark = gateway.mark()
    for rest in (b"Subject: cut\r\n\r\nhalf", b"Subject: cut\r\n\r\nhalf\r\n", b"Subject: cut\r\n\r\n.\r"):
        smtp = Smtp(ADDRESS)
        smtp.envelope("a@b.example", "alice@corp.example")
        smtp.ask("DATA")
        smtp.send(rest)
        smtp.socket.shutdown(socket.SHUT_WR)
        smtp.close()
    check("that they went was noticed", wait_for(lambda: gateway.log_since(mark).count("smtp.gone ") >= 3),
          gateway.log_since(mark))
    equal("half messages do not arrive", inbox(context), [])


def main():
    state = state_directory()
    Namespace()
    certificates(state, ("slapd", "IP:10.54.0.1"))
    Slapd(state + "/slapd", population(PEOPLE).replace("uid=m\u00fcller", "uid=mueller"),
          with_tls=(state + "/slapd.pem", state + "/slapd.key", state + "/ca.pem"))
    gateway = Gateway(state, ["ldap://10.54.0.1"], more=LIMITED, level="debug")
    gateway.start()
    context = tls(state)
    for test, arguments in ((greeting_and_ehlo, ()), (smuggling, (context,)), (plaintext_behind_starttls, (context,)),
                            (pipelining, (context,)), (chunking, (context,)), (long_lines, (context,)),
                            (authentication, (context,)), (submission_fields, (context,)), (limits, (gateway,)),
                            (unread_replies, (gateway,)),
                            (internationalized, (context,)), (addresses, (context,)), (harvesting, (gateway,)),
                            (disconnected, (gateway, context))):
        with case(test.__name__):
            test(*arguments)
    equal("no process died", gateway.log().count("role.died"), 0)


run(main)
