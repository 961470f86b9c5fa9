# SPDX-License-Identifier: ISC
"""Mail clients: our own over a socket, for what real ones would not do, and the real ones."""
import base64
import os
import poplib
import re
import smtplib
import socket
import ssl
import tempfile
import time
import uuid

from harness import PATIENCE, command

TIMEOUT = PATIENCE  # far above the 30 seconds in which everything must have been answered
poplib._MAXLINE = 1 << 20  # mail has longer lines than the 2,048 octets that poplib takes


class Reply(str):
    """A whole reply; .code is its number."""

    @property
    def code(self):
        return int(self[:3]) if self[:3].isdigit() else 0


class Lines:
    """A connection that is read by lines."""

    def __init__(self, address, port, context=None, timeout=TIMEOUT, source=None):
        self.socket = socket.create_connection((address, port), timeout, source and (source, 0))
        if context:
            self.secure(context)
        self.buffer, self.over = b"", False

    def secure(self, context):
        self.socket = context.wrap_socket(self.socket, server_hostname="mail.corp.example")

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def line(self):
        """Without its end; "" when the connection is closed."""
        while b"\n" not in self.buffer:
            try:
                more = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLEOFError, BrokenPipeError):
                more = b""
            if not more:
                self.over = True
                rest, self.buffer = self.buffer, b""
                return rest.decode(errors="replace")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode(errors="replace")

    def closed(self, seconds=TIMEOUT):
        """The other side has closed and sent nothing more."""
        self.socket.settimeout(seconds)
        try:
            return self.line() == ""
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(TIMEOUT)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()


class Smtp(Lines):
    def __init__(self, address, port=25, context=None, hello=True, **options):
        super().__init__(address, port, context, **options)
        self.greeting = self.reply()
        if hello and self.greeting.code == 220:
            self.hello = self.ask("EHLO client.example")

    def reply(self):
        lines = []
        while not lines or lines[-1][3:4] == "-":
            lines.append(self.line())
        return Reply("\n".join(lines))

    def ask(self, line):
        self.send(line + "\r\n")
        return self.reply()

    def start_tls(self, context):
        answer = self.ask("STARTTLS")
        if answer.code == 220:
            self.secure(context)
            self.hello = self.ask("EHLO client.example")
        return answer

    def login(self, user, password):
        return self.ask("AUTH PLAIN " + encode("\0%s\0%s" % (user, password)))

    def envelope(self, sender, *recipients, parameters=""):
        """The last reply: that of the last recipient, or of what was refused."""
        answer = self.ask("MAIL FROM:<%s>%s" % (sender, parameters))
        for recipient in recipients:
            if answer.code == 250:
                answer = self.ask("RCPT TO:<%s>" % recipient)
        return answer

    def data(self, text):
        answer = self.ask("DATA")
        if answer.code != 354:
            return answer
        self.send(text if isinstance(text, bytes) else stuffed(text))
        return self.reply()

    def transact(self, sender, recipients, text):
        recipients = [recipients] if isinstance(recipients, str) else recipients
        answer = self.envelope(sender, *recipients)
        return self.data(text) if answer.code == 250 else answer


class Pop3(Lines):
    def __init__(self, address, port=110, context=None, **options):
        super().__init__(address, port, context, **options)
        self.greeting = self.line()

    def ask(self, line):
        self.send(line + "\r\n")
        return self.line()

    def many(self, line):
        """The lines of a multi-line reply without the dot; raises on -ERR."""
        first = self.ask(line)
        if not first.startswith("+OK"):
            raise RuntimeError("%s: %s" % (line, first))
        lines = []
        while (text := self.line()) != ".":
            if self.over:
                raise ConnectionResetError("closed in the middle of an answer")
            lines.append(text[1:] if text.startswith(".") else text)
        return lines

    def start_tls(self, context):
        answer = self.ask("STLS")
        if answer.startswith("+OK"):
            self.secure(context)
        return answer

    def login(self, user, password, waits=True):
        """waits: while the maildrop is in use, since that somebody hung up may not have been noticed yet."""
        end = time.monotonic() + TIMEOUT
        while True:
            answer = self.ask("USER " + user)
            if answer.startswith("+OK"):
                answer = self.ask("PASS " + password)
            if not waits or not answer.startswith("-ERR [IN-USE]") or time.monotonic() > end:
                return answer


def encode(text):
    return base64.b64encode(text.encode()).decode()


def stuffed(text):
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    return ("\r\n".join("." + line if line.startswith(".") else line for line in lines) + "\r\n.\r\n").encode()


def token():
    """A word that occurs nowhere else."""
    return "t" + uuid.uuid4().hex[:16]


def message(subject, body="Hello.\n", sender="someone@elsewhere.example", to="you@corp.example", size=0):
    text = "From: %s\nTo: %s\nSubject: %s\nDate: Sat, 21 Nov 2026 22:00:00 +0000\n" \
           "Message-ID: <%s@elsewhere.example>\n\n%s" % (sender, to, subject, token(), body)
    while len(text) < size:
        text += "0123456789" * 7 + "\n"
    return text


def subjects(texts):
    return [match.group(1) for text in texts for match in re.finditer(r"(?m)^Subject: (\S+)", text)]


# --- Python's own ---

def pop(address, context, port=995):
    if port == 995:
        connection = poplib.POP3_SSL("mail.corp.example", port, context=context, timeout=TIMEOUT)
    else:
        connection = poplib.POP3("mail.corp.example", port, timeout=TIMEOUT)
        connection.stls(context)
    return connection


class Resolved:
    """While it is entered, the gateway's name leads to its address, for libraries that check names."""

    def __init__(self, address):
        self.address, self.real = address, socket.getaddrinfo

    def __enter__(self):
        def lookup(host, *rest, **named):
            return self.real(self.address if host == "mail.corp.example" else host, *rest, **named)
        socket.getaddrinfo = lookup
        return self

    def __exit__(self, *ignored):
        socket.getaddrinfo = self.real


def opened(address, context, user, password, port):
    """The maildrop, as soon as nobody else has it: that somebody hung up may not have been noticed yet."""
    end = time.monotonic() + TIMEOUT
    while True:
        with Resolved(address):
            connection = pop(address, context, port)
        connection.user(user)
        try:
            connection.pass_(password)
            return connection
        except poplib.error_proto as error:
            connection.close()
            if b"[IN-USE]" not in error.args[0] or time.monotonic() > end:
                raise


def mailbox(address, context, user, password, delete=False, port=995):
    """All messages of somebody, as texts."""
    connection = opened(address, context, user, password, port)
    count = connection.stat()[0]
    texts = [b"\n".join(connection.retr(number + 1)[1]).decode(errors="replace") for number in range(count)]
    for number in range(count if delete else 0):
        connection.dele(number + 1)
    connection.quit()
    return texts


def submit(address, context, user, password, sender, recipients, text, port=587):
    """With smtplib. The refusal's (code, text), or None."""
    with Resolved(address):
        if port == 465:
            client = smtplib.SMTP_SSL("mail.corp.example", port, timeout=TIMEOUT, context=context,
                                      local_hostname="client.example")
        else:
            client = smtplib.SMTP("mail.corp.example", port, timeout=TIMEOUT, local_hostname="client.example")
            client.starttls(context=context)
    try:
        client.login(user, password)
        client.sendmail(sender, recipients, text)
    except smtplib.SMTPResponseException as error:
        return error.smtp_code, error.smtp_error.decode()
    except smtplib.SMTPRecipientsRefused as error:
        return next((code, text.decode()) for code, text in error.recipients.values())
    finally:
        client.close()
    return None


# --- programs ---

def swaks(address, *words):
    return command("swaks", "--server", address, "--helo", "client.example", "--timeout", str(TIMEOUT), *words)


def curl(address, ca, url, *words, input=None):
    return command("curl", "-sS", "--max-time", TIMEOUT, "--cacert", ca, "--resolve",
                   "mail.corp.example:%s:%s" % (url.split(":")[2].split("/")[0], address), url, *words,
                   input=input)


def openssl(address, ca, port, protocol, text):
    """What a person sees who types the text into openssl s_client."""
    return command("openssl", "s_client", "-quiet", "-verify_return_error", "-CAfile", ca, "-crlf",
                   "-verify_hostname", "mail.corp.example", "-connect", "%s:%d" % (address, port),
                   *(["-starttls", protocol] if protocol else []), input=text)


def msmtp(address, ca, user, password, sender, recipient, text, auth="plain"):
    with tempfile.TemporaryDirectory() as home:
        path = home + "/msmtprc"
        with open(path, "w") as file:
            file.write("account a\nhost mail.corp.example\nport 587\ntls on\ntls_starttls on\n"
                       "tls_trust_file %s\nauth %s\nuser %s\npassword %s\nfrom %s\n"
                       % (ca, auth, user, password, sender))
        os.chmod(path, 0o600)
        return in_names(address, "msmtp", "--file=" + path, "--account=a", recipient, input=text)


def mpop(address, ca, user, password, home, auth="plain"):
    """Fetches all into home/box and leaves it on the server."""
    path = home + "/mpoprc"
    with open(path, "w") as file:
        file.write("account a\nhost mail.corp.example\nport 995\ntls on\ntls_starttls off\ntls_trust_file %s\n"
                   "auth %s\nuser %s\npassword %s\nkeep on\nuidls_file %s/uidls\ndelivery mbox %s/box\n"
                   % (ca, auth, user, password, home, home))
    os.chmod(path, 0o600)
    return in_names(address, "mpop", "--file=" + path, "a")


def in_names(address, *words, **options):
    """For programs that only know names: a hosts file of their own over the machine's."""
    with tempfile.NamedTemporaryFile("w", suffix=".hosts") as hosts:
        hosts.write("127.0.0.1 localhost\n%s mail.corp.example\n" % address)
        hosts.flush()
        return command("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"',
                       hosts.name, *words, **options)
