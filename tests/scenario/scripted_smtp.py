# SPDX-License-Identifier: ISC
"""A mail server that does as it is told, for what real ones will not do.

A Sink's attributes are its script and may be changed while it serves: what it says to each
command, or CLOSE (hangs up), or SILENT (answers nothing more), or a callable that is given the
session and the line. What it took stands in .messages, what it was told in .sessions.
"""
import re
import socket
import ssl
import threading

from harness import PATIENCE, at_end, wait_for

CLOSE, SILENT, OPEN = "(close)", "(silent)", "(open)"


class Taken:
    def __init__(self, session, sender, recipients, text):
        self.session, self.sender, self.recipients, self.text = session, sender, recipients, text
        self.subject = (re.search(r"(?m)^Subject: (\S+)", text) or ["", ""])[1]


class Over(Exception):
    pass


class Session:
    """One connection."""

    def __init__(self, sink, connection, peer):
        self.sink, self.connection, self.peer = sink, connection, peer
        self.lines, self.buffer, self.tls, self.messages = [], b"", "", 0
        self.sender, self.recipients = None, []

    def send(self, text):
        self.connection.sendall(text.encode("latin-1", "replace"))

    def say(self, reply, line=""):
        """True when it is a good answer."""
        if callable(reply):
            reply = reply(self, line)
        if reply == CLOSE:
            raise Over
        if reply == SILENT:
            self.sink.stopping.wait(PATIENCE)
            raise Over
        if reply:
            self.send(reply + "\r\n")
        return bool(reply) and reply[0] in "23"

    def more(self):
        data = self.connection.recv(65536)
        if not data:
            raise Over
        self.buffer += data

    def line(self):
        while b"\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode("latin-1")

    def take(self, count):
        while len(self.buffer) < count:
            self.more()
        text, self.buffer = self.buffer[:count], self.buffer[count:]
        return text

    def ehlo(self, line):
        offers = [offer for offer in self.sink.offers if not (offer == "STARTTLS" and self.tls)]
        reply = self.sink.ehlo
        if reply == OPEN:
            words = [self.sink.name] + offers
            reply = "\r\n".join("250%s%s" % (" " if number == len(words) - 1 else "-", word)
                                for number, word in enumerate(words))
        self.say(reply, line)

    def start_tls(self, line):
        if not self.say(self.sink.starttls, line):
            return
        self.connection = self.sink.context.wrap_socket(self.connection, server_side=True)
        self.tls, self.buffer = self.connection.version(), b""

    def mail(self, line):
        self.sender, self.recipients = None, []
        if self.say(self.sink.mail, line):
            self.sender = re.search(r"<(.*?)>", line)[1]

    def rcpt(self, line):
        if self.say(self.sink.rcpt, line):
            self.recipients.append(re.search(r"<(.*?)>", line)[1])

    def data(self, line):
        if not self.recipients:
            self.say("554 no valid recipients")
        elif self.say(self.sink.data, line):
            text = []
            while (one := self.line()) != ".":
                text.append(one[1:] if one.startswith(".") else one)
            self.end("\n".join(text) + "\n")

    def bdat(self, line):
        words = line.split()
        text = self.take(int(words[1])).decode("latin-1")
        if self.recipients:
            self.end(text.replace("\r\n", "\n"))
        else:
            self.say("554 no valid recipients")

    def end(self, text):
        taken = Taken(self, self.sender, self.recipients, text)
        if self.sink.lmtp:
            good = [name for name in self.recipients if self.say(self.sink.end, name)]
            taken.recipients = good
        else:
            good = self.say(self.sink.end, text)
        if good:
            self.messages += 1
            self.sink.messages.append(taken)

    def command(self, line):
        verb = line.split(" ")[0].upper()
        steps = {"EHLO": self.ehlo, "LHLO": self.ehlo, "STARTTLS": self.start_tls, "MAIL": self.mail,
                 "RCPT": self.rcpt, "DATA": self.data, "BDAT": self.bdat}
        if verb == "QUIT":
            self.say("221 bye")
            raise Over
        if verb in steps:
            steps[verb](line)
        else:
            self.say({"HELO": "250 " + self.sink.name, "RSET": "250 ok", "NOOP": "250 ok"}.get(verb, "502 what?"))

    def serve(self):
        try:
            self.say(self.sink.greeting)
            while True:
                line = self.line()
                self.lines.append(line)
                self.command(line)
        except (Over, OSError):
            pass
        finally:
            self.connection.close()


class Sink:
    """Listens until the scenario ends."""

    def __init__(self, address, port=25, name="sink.example", lmtp=False, context=None, **script):
        self.address, self.port, self.name, self.lmtp, self.context = address, port, name, lmtp, context
        self.greeting, self.ehlo, self.starttls = "220 %s ESMTP" % name, OPEN, "220 go on"
        self.mail = self.rcpt = self.end = "250 2.0.0 ok"
        self.data = "354 go on"
        self.offers = ["PIPELINING", "SIZE 50000000", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if context:
            self.offers.append("STARTTLS")
        self.change(**script)
        self.messages, self.sessions = [], []
        self.stopping = threading.Event()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.create_server((address, port), family=family, backlog=200)
        threading.Thread(target=self.accept, daemon=True).start()
        at_end(self.stop)

    def change(self, **script):
        for name, value in script.items():
            setattr(self, name, value)
        return self

    def accept(self):
        while True:
            try:
                connection, peer = self.socket.accept()
            except OSError:
                return
            session = Session(self, connection, peer[0])
            self.sessions.append(session)
            threading.Thread(target=session.serve, daemon=True).start()

    def stop(self):
        self.stopping.set()
        self.socket.close()

    def took(self, subject, seconds=PATIENCE):
        """The first message with that subject, or None."""
        def find():
            return next((one for one in self.messages if one.subject == subject), None)
        return wait_for(find, seconds)

    def count(self, subject):
        return sum(one.subject == subject for one in self.messages)


def server_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
