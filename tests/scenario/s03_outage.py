#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The directory goes away and comes back: stopped, frozen, black-holed, closing at once; then with two servers."""
import os
import re
import signal
import socket
import threading
import time

from clients import Pop3, Smtp, mailbox, message, subjects, token
from harness import PATIENCE, Stopwatch, case, check, equal, run, state_directory, wait_for
from site_under_test import ADDRESS, Gateway, Namespace, Slapd, certificates, population, tls

LIMIT = 30  # seconds in which everything is to be answered
FAR_TOO_LONG = 90  # as long as this no machine stands still; a client that waits for ever would
FIRST, SECOND = "10.54.0.1", "10.54.0.3"
PEOPLE = [("alice", "Alice-Pw1", "alice@corp.example"), ("bob", "Bob-Pw1", "bob@corp.example")]


class Traffic:
    """Mail for alice and for somebody unknown, all the time, while things break."""

    def __init__(self):
        self.answers, self.accepted, self.slowest = [], [], 0.0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(3)]
        for thread in self.threads:
            thread.start()

    def work(self):
        while not self.stopping.is_set():
            try:
                self.one()
            except OSError as error:
                self.answers.append(("error", str(error)))
            time.sleep(0.05)

    def one(self):
        word = token()
        with Smtp(ADDRESS) as smtp:
            watch = Stopwatch()
            answer = smtp.envelope("x@elsewhere.example", "alice@corp.example")
            self.note("alice", answer, watch)
            if answer.code == 250:
                answer = smtp.data(message(word))
                self.note("data", answer, watch)
                if answer.code == 250:
                    self.accepted.append(word)
            smtp.ask("RSET")
            watch = Stopwatch()
            self.note("unknown", smtp.envelope("x@elsewhere.example", "nobody@corp.example"), watch)

    def note(self, what, answer, watch):
        self.answers.append((what, str(answer)))
        self.slowest = max(self.slowest, watch.seconds)

    def codes(self, what):
        return sorted({text[:9] for kind, text in self.answers if kind == what})

    def end(self, name, context):
        self.stopping.set()
        for thread in self.threads:
            thread.join(2 * PATIENCE)
        codes = [code for code in self.codes("alice") if code[:3] not in ("250", "451")]
        equal(name + ": a known recipient is never refused for good", codes, [])
        codes = [code for code in self.codes("unknown") if code[:3] not in ("550", "451")]
        equal(name + ": an unknown one is never accepted", codes, [])
        equal(name + ": no session broke", self.codes("error"), [])
        print("# %s: the slowest answer took %.1f s; %d are promised" % (name, self.slowest, LIMIT), flush=True)
        check(name + ": nothing waited for ever", self.slowest < FAR_TOO_LONG, self.slowest)
        got = subjects(mailbox(ADDRESS, context, "alice", "Alice-Pw1", delete=True))
        equal(name + ": all that was acknowledged is there once", sorted(got), sorted(self.accepted))
        check(name + ": some was", self.accepted)


def timed(name, call, wanted):
    watch = Stopwatch()
    answer = call()
    check("%s: %s" % (name, wanted), answer.startswith(wanted), answer)
    print("# %s: %.1f s; %d are promised" % (name, watch.seconds, LIMIT), flush=True)
    check("%s: in time" % name, watch.seconds < FAR_TOO_LONG, watch.seconds)


def rcpt():
    with Smtp(ADDRESS) as smtp:
        return smtp.envelope("x@elsewhere.example", "bob@corp.example")


def auth(context):
    with Smtp(ADDRESS, 465, context) as smtp:
        return smtp.login("bob", "Bob-Pw1")


def login(context):
    with Pop3(ADDRESS, 995, context) as pop:
        return pop.login("bob", "Bob-Pw1")


def probe(name, context):
    """All three at once, as in life; then again when the outage is known."""
    for turn in ("at first", "when it is known"):
        calls = ((rcpt, (), "451 4.3.0"), (auth, (context,), "454 4.7.0"), (login, (context,), "-ERR [SYS/TEMP]"))
        threads = [threading.Thread(target=timed, args=("%s, %s, %s" % (name, call.__name__, turn),
                                                        lambda c=call, a=arguments: c(*a), wanted))
                   for call, arguments, wanted in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def recovered(name, context):
    check(name + ": recipients are found again", wait_for(lambda: rcpt().code == 250, step=0.5))
    check(name + ": logins work again", wait_for(lambda: auth(context).code == 235, step=0.5))
    check(name + ": and POP3", wait_for(lambda: login(context).startswith("+OK"), step=0.5))


class Closing(threading.Thread):
    """Something at the directory's address that hangs up on everybody."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server((FIRST, 389), reuse_port=False)
        self.start()

    def run(self):
        try:
            while True:
                self.socket.accept()[0].close()
        except OSError:
            pass

    def end(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Hole:
    """A listener whose queue is full: connections are neither taken nor refused."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((FIRST, 389))
        self.socket.listen(0)
        self.fill = []
        for _ in range(3):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex((FIRST, 389))
            self.fill.append(client)

    def end(self):
        for item in [self.socket] + self.fill:
            item.close()


def outages(slapd, gateway, context):
    class Frozen:
        def __init__(self):
            slapd.freeze()

        def end(self):
            slapd.thaw()

    class Stopped:
        def __init__(self):
            slapd.stop()

        def end(self):
            slapd.start()

    def replaced(by):
        class Replaced(Stopped):
            def __init__(self):
                super().__init__()
                self.other = by()

            def end(self):
                self.other.end()
                super().end()
        return Replaced

    for name, kind in (("stopped", Stopped), ("frozen", Frozen), ("black-holed", replaced(Hole)),
                       ("closing", replaced(Closing))):
        with case("directory " + name):
            mark = gateway.mark()
            traffic = Traffic()
            wait_for(lambda: len(traffic.accepted) > 3)
            outage = kind()
            try:
                probe("directory " + name, context)
            finally:
                outage.end()
            recovered("directory " + name, context)
            traffic.end("directory " + name, context)

            def told(state):
                return re.search(r"directory\.outage .*state=" + state, gateway.log_since(mark))
            check("directory %s: the log tells of the outage's begin and end" % name,
                  wait_for(lambda: told("begin") and told("end")), gateway.log_since(mark)[-1500:])


def selected(gateway, address, mark):
    return gateway.logged("directory.server directory=corp server=ldap://%s:389 state=selected" % address, mark)


def failover(first, second, gateway, context):
    mark = gateway.mark()
    gateway.start(servers='"%s", "%s"' % (first.uri, second.uri))
    check("the preferred server is selected", selected(gateway, FIRST, mark))
    for name, breaks, mends in (
            ("dies", lambda: os.kill(first.pid(), signal.SIGKILL), first.start),
            ("is frozen", first.freeze, first.thaw)):
        with case("the first server " + name):
            traffic = Traffic()
            wait_for(lambda: len(traffic.accepted) > 3)
            mark = gateway.mark()
            breaks()
            check("when the first %s the second is selected" % name, selected(gateway, SECOND, mark))
            check("and recipients are found", wait_for(lambda: rcpt().code == 250, step=0.2))
            check("and people come in", wait_for(lambda: login(context).startswith("+OK"), step=0.5))
            mark = gateway.mark()
            mends()
            check("when it is back it is preferred again", selected(gateway, FIRST, mark))
            traffic.end("the first " + name, context)
    equal("no process died or was restarted", gateway.log().count("role.died"), 0)


def main():
    state = state_directory()
    Namespace(ADDRESS, FIRST, SECOND)
    certificates(state, ("slapd", "IP:%s,IP:%s" % (FIRST, SECOND)))
    with_tls = (state + "/slapd.pem", state + "/slapd.key", state + "/ca.pem")
    first = Slapd(state + "/slapd1", population(PEOPLE), FIRST, with_tls=with_tls)
    gateway = Gateway(state, [first.uri], timeout="5s", directory_more="cache_positive = 0\n\tcache_negative = 0\n\tcache_outage = 0\n"
                      "\tretry_preferred = 2s")
    gateway.start()
    context = tls(state)
    outages(first, gateway, context)
    equal("no process died in the outages", gateway.log().count("role.died"), 0)
    gateway.stop()
    second = Slapd(state + "/slapd2", population(PEOPLE), SECOND, with_tls=with_tls)
    failover(first, second, gateway, context)


run(main)
