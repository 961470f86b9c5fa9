#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""More than the gateway is made for; others must not notice.

  - 5,000 connections at once from a hundred addresses: each is greeted;
  - hundreds of senders with one octet a second;
  - half-open TLS: connections to the implicit TLS ports that say nothing or half a ClientHello;
  - a flood from one address where connections_per_address is set: the limit is kept, the rest is
    told 421 (SMTP) or [SYS/TEMP] (POP3) and closed; the same for connections of a whole server.

Meanwhile a probe from an address of its own delivers and reads a message again and again, and
each time must be served; how long that took is printed, and what it takes when nothing else is
going on. At the end descriptors and memory are given back.

That the checks can fail: with limits set in the configuration to less than what is opened, the
first check is turned round, and it is asked that it fails.

  overload.py [--short]
"""
import selectors
import socket
import ssl
import threading
import time
import uuid

from ground import ADDRESS, Ground, PASSWORD, People, full_or_short
from harness import PATIENCE, case, check, run, wait_for
from letters import letter, stuffed
from senders import Closed, Talk
from site_under_test import tls
from verdict import idle, kept_too_many

MANY = full_or_short(5000, 2000)
SLOW = full_or_short(400, 150)
PROBE = "127.0.0.77"
PER_ADDRESS = 60
ALL = 200  # connections of the submission server


# --- the probe ---

class Probe(threading.Thread):
    """Somebody else, who only wants his mail."""

    def __init__(self, port=25):
        super().__init__(daemon=True)
        self.port, self.running = port, True
        self.times, self.failures = [], []
        self.start()

    def run(self):
        while self.running:
            begin = time.monotonic()
            try:
                self.once()
            except (Closed, OSError, ValueError) as error:
                self.failures.append("%s: %s" % (type(error).__name__, error))
            self.times.append(time.monotonic() - begin)
            time.sleep(0.1)

    def once(self):
        token = uuid.uuid4().hex
        talk = Talk(ADDRESS, self.port, PROBE)
        want(talk.reply(), "220")
        want(talk.ask("EHLO probe.example"), "250")
        want(talk.ask("MAIL FROM:<x@elsewhere.example>"), "250")
        want(talk.ask("RCPT TO:<probe@sales.example>"), "250")
        want(talk.ask("DATA"), "354")
        talk.send(stuffed(letter(token, ["probe@sales.example"], large=False)))
        want(talk.ask("."), "250")
        talk.close()
        self.read(token)

    def read(self, token):
        talk = Talk(ADDRESS, 110, PROBE)
        want(talk.line(), "+OK")
        for line in ("USER probe@sales.example", "PASS " + PASSWORD, "RETR 1"):
            talk.send(line.encode() + b"\r\n")
            want(talk.line(), "+OK")
        found = False
        while (line := talk.line()) != ".":
            found |= token in line
        if not found:
            raise ValueError("the message is not there")
        for line in ("DELE 1", "QUIT"):
            talk.send(line.encode() + b"\r\n")
            want(talk.line(), "+OK")
        talk.close()

    def end(self, name):
        wait_for(lambda: len(self.times) > 2)
        self.running = False
        self.join(4 * PATIENCE)
        check("%s: others are served" % name, not self.failures and len(self.times) > 2,
              "%d of %d failed: %s" % (len(self.failures), len(self.times), self.failures[:3]))
        middle = sorted(self.times)[len(self.times) // 2] if self.times else 0
        print("# %s: of %d the middle one took %.2f s, the slowest %.2f s" % (
            name, len(self.times), middle, max(self.times, default=0)))
        check("%s: nor do they wait for a minute, half of the time at least" % name, middle < 60, self.times)


def want(line, start):
    if not line.startswith(start):
        raise ValueError("%r, wanted %s" % (line, start))


# --- crowds ---

class Crowd:
    """Connections that are all there at once, without a thread for each."""

    def __init__(self, port, addresses, count):
        self.selector = selectors.DefaultSelector()
        self.sockets, self.texts, self.closed, self.failed = [], {}, set(), 0
        for number in range(count):
            one = socket.socket()
            one.setblocking(False)
            try:
                one.bind((addresses[number % len(addresses)], 0))
                one.connect_ex((ADDRESS, port))
            except OSError:
                self.failed += 1
                one.close()
                continue
            self.sockets.append(one)
            self.texts[one] = b""
            self.selector.register(one, selectors.EVENT_READ)
            if number % 200 == 199:
                self.listen(0)

    def listen(self, seconds):
        """Takes what is said, until nothing has been said for a while or the time is over."""
        end = time.monotonic() + seconds
        while True:
            events = self.selector.select(max(0, min(1, end - time.monotonic())))
            for key, _ in events:
                try:
                    text = key.fileobj.recv(4096)
                except OSError:
                    text = b""
                self.texts[key.fileobj] += text
                if not text:
                    self.closed.add(key.fileobj)
                    self.selector.unregister(key.fileobj)
            if time.monotonic() >= end:
                return

    def greeted(self, start):
        return sum(text.startswith(start) for text in self.texts.values())

    def until(self, condition, seconds):
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            self.listen(0.2)
        return condition()

    def send(self, data):
        for one in self.sockets:
            if one not in self.closed:
                try:
                    one.send(data)
                except OSError:
                    pass

    def alive(self):
        return len(self.sockets) - len(self.closed)

    def close(self):
        self.selector.close()
        for one in self.sockets:
            one.close()


def hundred(number=100):
    return ["127.0.1.%d" % (i + 1) for i in range(number)]


def many(name, count, patience=PATIENCE, expect=True):
    probe = Probe()
    crowd = Crowd(25, hundred(), count)
    got = crowd.until(lambda: crowd.greeted(b"220") >= count, patience)
    if expect:
        check("%s: each is greeted" % name, got, "%d of %d; %d not even connected" % (
            crowd.greeted(b"220"), count, crowd.failed))
        crowd.send(b"EHLO crowd.example\r\n")
        crowd.until(lambda: sum(text.count(b"\n") > 3 for text in crowd.texts.values()) >= count, PATIENCE)
        answered = sum(b"250" in text for text in crowd.texts.values())
        check("%s: each is answered" % name, answered == count, answered)
        crowd.listen(full_or_short(5, 0.5))
        probe.end(name)
    else:
        probe.running = False
        check("%s: that not each is greeted is seen" % name, not got, crowd.greeted(b"220"))
    crowd.close()


def slow_senders(name):
    crowd = Crowd(25, hundred(), SLOW)
    crowd.until(lambda: crowd.greeted(b"220") >= SLOW, PATIENCE)
    for line in (b"EHLO slow.example\r\n", b"MAIL FROM:<x@elsewhere.example>\r\n",
                 b"RCPT TO:<slow@sales.example>\r\n", b"DATA\r\n"):
        crowd.send(line)
        crowd.listen(0.5)
    crowd.until(lambda: sum(b"\n354" in text for text in crowd.texts.values()) >= SLOW, PATIENCE)
    begun = sum(b"\n354" in text for text in crowd.texts.values())
    check("%s: %d messages are begun" % (name, SLOW), begun == SLOW, begun)
    probe = Probe()
    for letter_ in b"Subject: sl"[:full_or_short(11, 3)]:
        crowd.send(bytes([letter_]))
        crowd.listen(1)
    probe.end(name)
    check("%s: nobody was cut off" % name, crowd.alive() == SLOW, crowd.alive())
    crowd.send(b"ow\r\n\r\nat last\r\n.\r\n")
    crowd.until(lambda: sum(b"\n250 2.0.0" in text for text in crowd.texts.values()) >= SLOW, PATIENCE)
    done = sum(text.rsplit(b"\n", 2)[-2].startswith(b"250") for text in crowd.texts.values())
    check("%s: each message is taken in the end" % name, done == SLOW, done)
    crowd.close()


def client_hello():
    """The first flight of a client, from Python's own library."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="mail.corp.example")
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def half_open(name, context):
    hello = client_hello()
    crowds = [Crowd(port, hundred(), SLOW) for port in (465, 995) for _ in range(2)]
    for crowd, part in zip(crowds, (b"", hello[:len(hello) // 2], b"", hello[:7])):
        crowd.listen(0.3)
        if part:
            crowd.send(part)
    probe = Probe()
    end = time.monotonic() + full_or_short(6, 2)
    latest = end + PATIENCE
    shook = 0
    while time.monotonic() < end or shook <= 5 and time.monotonic() < latest:
        with socket.create_connection((ADDRESS, 995), PATIENCE, (PROBE, 0)) as plain:
            with context.wrap_socket(plain, server_hostname="mail.corp.example") as secure:
                shook += secure.recv(3) == b"+OK"
        time.sleep(0.1)
    probe.end(name)
    check("%s: others shake hands" % name, shook > 5, shook)
    for crowd in crowds:
        crowd.close()


def flood(name, port, limit, addresses, refusal, welcome):
    probe = Probe()
    crowd = Crowd(port, addresses, limit * 4)
    crowd.until(lambda: crowd.greeted(welcome) + crowd.greeted(refusal) >= limit * 4, PATIENCE)
    check("%s: %d may stay" % (name, limit), crowd.greeted(welcome) == limit, crowd.greeted(welcome))
    check("%s: the rest is told %s" % (name, refusal.decode()), crowd.greeted(refusal) == limit * 3,
          crowd.greeted(refusal))
    gone = crowd.until(lambda: len(crowd.closed) == limit * 3, PATIENCE)
    check("%s: and closed" % name, gone, len(crowd.closed))
    end = time.monotonic() + full_or_short(5, 1)
    while time.monotonic() < end:  # knocking on without pause
        Crowd(port, addresses, 50).close()
    probe.end(name)
    crowd.close()
    welcomed = []
    check("%s: afterwards they may come again" % name,
          wait_for(lambda: welcomed.append(comes_again(port, addresses, limit, welcome)) or
                   welcomed[-1] == limit, step=0.5), welcomed)


def comes_again(port, addresses, limit, welcome):
    """How many of as many as may come are welcome; until it has been seen that others went, not all."""
    crowd = Crowd(port, addresses, limit)
    crowd.until(lambda: sum(text != b"" for text in crowd.texts.values()) == limit, PATIENCE)
    welcomed = crowd.greeted(welcome)
    crowd.close()
    return welcomed


def calm():
    """What the probe takes on this machine when it is alone."""
    probe = Probe()
    wait_for(lambda: len(probe.times) >= 5)
    probe.end("calm")


def memory(gateway):
    """Resident, of all roles, in KB."""
    total = 0
    for pid in gateway.pids():
        with open("/proc/%d/smaps_rollup" % pid) as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return total


def main():
    people = [("probe", PASSWORD, "probe@sales.example"), ("slow", PASSWORD, "slow@sales.example")]
    ground = Ground(People(1, 0, 1), more_people=people)
    gateway = ground.gateway
    gateway.start()
    pids = gateway.pids()
    with case("calm"):
        calm()
    with case("warm"):
        many("warm", 300)
    before, room = idle(gateway), memory(gateway)
    with case("many"):
        many("%d connections at once" % MANY, MANY)
    with case("slow senders"):
        slow_senders("one octet a second")
    with case("half-open TLS"):
        half_open("half-open TLS", tls(ground.state))
    wait_for(lambda: not kept_too_many(before, idle(gateway) or {}))
    kept = kept_too_many(before, idle(gateway) or {})
    check("descriptors are given back", not kept, kept)
    check("memory is given back", wait_for(lambda: memory(gateway) < room + 40000, step=1), "%d KB, was %d KB" % (memory(gateway), room))
    check("by the same processes", gateway.pids() == pids, "%s, were %s" % (gateway.pids(), pids))
    limited(ground)


def limited(ground):
    """The same gateway with limits."""
    gateway = ground.gateway
    gateway.stop()
    per_address = "connections_per_address = %d" % PER_ADDRESS
    gateway.start(smtp_more=per_address, submission_more="connections = %d" % ALL,
                  pop3_more="basic_without_tls = true\n" + per_address)
    one = ["127.0.2.1"]
    with case("SMTP flood"):
        flood("SMTP flood from one address", 25, PER_ADDRESS, one, b"421", b"220")
    with case("POP3 flood"):
        flood("POP3 flood from one address", 110, PER_ADDRESS, one, b"-ERR [SYS/TEMP]", b"+OK")
    with case("a server's limit"):
        flood("a whole server's limit", 587, ALL, hundred(), b"421", b"220")
    with case("the check can fail"):
        many("more than the limits allow", PER_ADDRESS * 101, patience=5, expect=False)
    check("no process died", "role.died" not in gateway.log())
    gateway.stop()


run(main)
