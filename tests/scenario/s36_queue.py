#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What the administrator sees of waiting mail and does to it, with a gateway and without; what a restart keeps of it."""
import json
import os
import re
import signal
import threading
import time

import harness
from clients import Smtp, mailbox, message, token
from harness import PATIENCE, case, check, command, contains, equal, lacks, run, state_directory, wait_for
from scripted_smtp import Sink
from site_under_test import ADDRESS, LDAP_ADDRESS, Gateway, Namespace, Slapd, certificates, population, tls
from zones import Zones

PEOPLE = [("alice", "Alice-Pw1", "alice@corp.example"), ("bob", "Bob-Pw1", "bob@corp.example")]
DNS = "10.54.0.53"
GOOD, DEAD, SLOW, GREY, MANY, LATE = ("10.54.1.%d" % octet for octet in range(1, 7))
ZONES = {"good.example": GOOD, "dead.example": DEAD, "slow.example": SLOW, "grey.example": GREY,
         "many.example": MANY, "late.example": LATE}
OUTBOUND = """
	relay = { "10.54.0.0/16" }
	outbound { retry = { %s } delay_notice = %s expiry = %s local_delay_notice = 0 }
"""
PATIENT, HASTY = ('"1h"', "0", "2d"), ('"2s", "3s"', "4s", "40s")
MORE = """
dns_servers = { "%s" }
remote "fetched.example" { trigger = true trigger_accounts = { "bob@corp.example" } }
""" % DNS
CROWD = 1500


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
        self.good = Sink(GOOD)
        self.grey = Sink(GREY, rcpt="450 4.7.1 greylisted, come back")
        self.gate = threading.Event()
        self.slow = Sink(SLOW, end=lambda session, text: self.gate.wait(PATIENCE) and "250 2.0.0 ok")
        self.gateway = Gateway(self.state, ["ldap://10.54.0.1"], smtp_more=OUTBOUND % PATIENT, more=MORE, level="debug")

    def send(self, *recipients, sender="alice@corp.example", count=1):
        """The subjects of messages that the gateway has taken."""
        words = [token() for _ in range(count)]
        with Smtp(ADDRESS) as smtp:
            for word in words:
                answer = smtp.transact(sender, list(recipients), message(word))
                if answer.code != 250:
                    raise RuntimeError("not taken: " + answer)
        return words

    def queue(self, *words):
        return self.gateway.tool("queue", *words)

    def list(self, *which):
        done = self.gateway.tool("--json", "queue", "list", *which)
        return json.loads(done.stdout) if done.returncode == 0 else []

    def ids(self, *which):
        return sorted(one["id"] for one in self.list(*which))

    def waiting(self, count, *which):
        """The list when it has so many messages, or the last one."""
        wait_for(lambda: len(self.list(*which)) == count)
        return self.list(*which)

    def tried(self, domain, count):
        """So many recipients of that domain were tried."""
        def find():
            all_of_them = [fate for one in self.list("--domain", domain) for fate in one["recipients"]]
            return sum(fate["attempts"] > 0 for fate in all_of_them) >= count
        return wait_for(find)

    def reports(self):
        return [text for text in mailbox(ADDRESS, tls(self.state), "alice", "Alice-Pw1")
                if "multipart/report" in text]

    def report(self, *parts):
        return wait_for(lambda: next((text for text in self.reports() if all(part in text for part in parts)), None))


def without_gateway(scene):
    scene.gateway.write()
    done = scene.queue("retry", "--domain", "*")
    check("nothing to do is no success", done.returncode == 1 and "no such message waits" in done.stdout, done.stdout)
    os.rename(scene.state + "/queue", scene.state + "/away")
    done = scene.queue("list")
    check("a missing folder is named", done.returncode == 1 and scene.state + "/queue: No such" in done.stdout, done.stdout)
    os.rename(scene.state + "/away", scene.state + "/queue")
    scene.gateway.start()
    equal("an empty queue", scene.queue("list").stdout, "0 messages, 0 octets\n")
    equal("as JSON", scene.list(), [])
    equal("an empty summary", json.loads(scene.gateway.tool("queue", "summary", "--json").stdout), [])


def fill(scene):
    scene.dead = scene.send("a@dead.example", count=20) + scene.send("b@dead.example", "c@grey.example")
    scene.greylisted = scene.send("g@grey.example", count=3, sender="bob@corp.example")
    scene.slowly = scene.send("s@slow.example", count=2)
    scene.fetched = scene.send("f@fetched.example")
    check("nobody waits for a dead domain", scene.good.took(scene.send("x@good.example")[0]))
    scene.mixed = scene.send("d@dead.example", "x@good.example")
    check("nor who is in the same message", scene.good.took(scene.mixed[0]))
    check("the dead ones were tried", scene.tried("dead.example", 1))
    check("the greylisted ones too", scene.tried("grey.example", 4))
    check("what is being sent", wait_for(lambda: any("DATA" in one.lines for one in scene.slow.sessions)))
    scene.waiting(28)


def lists(scene):
    whole = scene.list()
    equal("all that waits is in the list", len(whole), 28)
    equal("a recipient who has it is not", [], [fate for one in whole for fate in one["recipients"]
                                                if "good" in fate["address"]])
    one = scene.list("--domain", "grey.example", "--sender", "bob@*")[0]
    check("a message in JSON", one["sender"] == "bob@corp.example" and not one["held"] and one["octets"] > 100 and
          one["server"] == "Default SMTP Virtual Server" and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}Z", one["arrived"]),
          one)
    fate = one["recipients"][0]
    check("its recipient", fate["address"] == "g@grey.example" and fate["state"] == "waiting" and
          fate["hop"] == "grey.example" and fate["attempts"] == 1 and fate["next"] > one["arrived"] and
          fate["status"] == "4.7.1" and "450 4.7.1 greylisted" in fate["reason"] and fate["host"] == "mx.grey.example",
          fate)
    text = scene.queue("list", "--domain", "grey.example").stdout
    contains("the same for people", text, "to g@grey.example, 1 attempt, next 2")
    contains("with the reason", text, "4.7.1 smtp; 450 4.7.1 greylisted, come back (mx.grey.example)")
    check("and a sum", re.search(r"\n4 messages, \d+ octets\n$", text), text)
    fate = scene.list("--domain", "fetched.example")[0]["recipients"][0]
    equal("mail that is fetched", (fate["hop"], fate["next"]), ("trigger:fetched.example", "when asked for"))
    one = scene.list("--recipient", "b@dead.example")[0]
    for words, count in (("--sender bob@corp.example", 3), ("--sender ALICE@*", 25), ("--recipient ?@dead.example", 22),
                         ("--domain *.example", 28), ("--domain dead.*", 22), ("--domain nobody.example", 0),
                         ("--reason GREYLISTED", 4), ("--reason 4.7.1", 4), ("--server nobody", 0), ("--older 1d", 0),
                         ("--newer 1d", 28), ("--newer 30m --domain slow.example", 2), ("--held", 0), (one["id"], 1),
                         ("--sender bob@* --domain dead.example", 0), (one["id"] + " --domain grey.*", 1)):
        equal("list " + words.replace(one["id"], "ID"), len(scene.list(*words.split())), count)


def summaries(scene):
    rows = json.loads(scene.gateway.tool("--json", "queue", "summary").stdout)
    equal("each recipient is in the summary", sum(row["recipients"] for row in rows), 29)
    equal("most first", rows, sorted(rows, key=lambda row: -row["recipients"]))
    grey = [row for row in rows if row["domain"] == "grey.example"]
    check("with its reason and age", len(grey) == 1 and grey[0]["recipients"] == 4 and
          "greylisted" in grey[0]["reason"] and 0 <= grey[0]["oldest_seconds"] < 3600, grey)
    text = scene.queue("summary", "--domain", "grey.example").stdout.splitlines()
    check("for people", len(text) == 2 and text[0].split() == ["recipients", "oldest", "domain", "reason"] and
          re.match(r" +4 +\d+m  grey\.example +4\.7\.1 smtp; 450 4\.7\.1 greylisted", text[1]), text)


def single_ones(scene):
    one = scene.ids("--recipient", "b@dead.example")[0]
    text = scene.queue("show", one).stdout
    check("show has all recipients", "b@dead.example" in text and "c@grey.example" in text, text)
    mixed = json.loads(scene.gateway.tool("--json", "queue", "show", scene.ids("--recipient", "d@*")[0]).stdout)
    equal("those that are done too", sorted((fate["address"], fate["state"]) for fate in mixed[0]["recipients"]),
          [("d@dead.example", "waiting"), ("x@good.example", "relayed")])
    text = scene.queue("export", one).stdout
    check("export has the message", scene.dead[-1] in text and text.startswith("Return-Path: <alice@corp.example>\nReceived: ") and
          text.endswith("\nHello.\n"), text)
    lacks("and nothing of ours", text, "complete")
    for words in ("show %s", "export %s", "retry %s", "remove %s"):
        done = scene.queue(*(words % "nobody.1").split())
        check("%s of a wrong id" % words.split()[0], done.returncode == 1 and "no message nobody.1 waits" in done.stdout,
              done.stdout)
    done = scene.queue("hold", one, "nobody.1")
    check("a right one beside it is done", done.returncode == 1 and "1 of 1 message held" in done.stdout and
          "no message nobody.1" in done.stdout, done.stdout)
    scene.queue("release", one)
    for words in ("", "retry", "remove --older x", "list --older 0", "export", "show", "export a b", "eat --domain *",
                  "list --nothing", "summary --newer 5w"):
        done = scene.queue(*words.split())
        check("wrong usage: queue " + words, done.returncode == 2 and "usage:" in done.stdout, done.stdout)
    done = command("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", harness.POSTERN, "-c",
                   scene.gateway.file, "queue", "list")
    check("another user is told who may", done.returncode == 1 and "needs root" in done.stdout, done.stdout)


def restart(scene, how):
    """All its processes end; then it is up again."""
    before = scene.ids()
    family = [pid for pids in scene.gateway.roles().values() for pid in pids] + [scene.gateway.process.pid]
    if how == signal.SIGKILL:
        for pid in reversed(family):
            os.kill(pid, how)
    else:
        scene.gateway.process.signal(how)
    wait_for(lambda: not any(os.path.exists("/proc/%d" % pid) for pid in family if pid != scene.gateway.process.pid))
    scene.gateway.process.wait()
    equal("all of it is there without a gateway", scene.ids(), before)
    if how == signal.SIGTERM:
        done = scene.queue("retry", "--domain", "*")
        check("acts say that none runs", done.returncode == 1 and "is posternd running" in done.stdout and
              done.stdout.count("is posternd running") == 1, done.stdout)
        contains("show works", scene.queue("show", before[0]).stdout, before[0])
        contains("export too", scene.queue("export", before[0]).stdout, "Hello.")
        contains("and the summary", scene.queue("summary").stdout, "grey.example")
    scene.gateway.start()


def holding(scene):
    done = scene.gateway.tool("--json", "queue", "hold", "--domain", "grey.example", "--sender", "bob@*")
    equal("hold tells how many", json.loads(done.stdout), {"held": 3, "meant": 3})
    equal("they are listed", len(scene.list("--held")), 3)
    contains("for people too", scene.queue("list", "--held").stdout, "next when released")
    scene.grey.change(rcpt="250 ok")
    for how in (signal.SIGTERM, signal.SIGKILL):
        restart(scene, how)
        equal("held ones are held after signal %d" % how, len(scene.list("--held")), 3)
        scene.queue("retry", "--sender", "*")
        check("the one that is not held goes out", scene.grey.took(scene.dead[-1]))
    equal("the held ones do not", [scene.grey.count(word) for word in scene.greylisted], [0, 0, 0])
    equal("release tells how many", scene.queue("release", "--held").stdout, "3 of 3 messages released\n")
    check("and they go out", all([scene.grey.took(word) for word in scene.greylisted]))
    scene.waiting(0, "--domain", "grey.example")


def retrying(scene):
    check("one that was being sent when we were killed goes out again", wait_for(
        lambda: len([one for one in scene.slow.sessions if "DATA" in one.lines]) >= 2))
    scene.gate.set()
    check("and arrives", all([scene.slow.took(word) for word in scene.slowly]))
    scene.waiting(0, "--domain", "slow.example")
    scene.tried("dead.example", 1)
    sink = Sink(DEAD)
    one = scene.ids("--recipient", "d@dead.example")[0]
    equal("retry of one", scene.queue("retry", one).stdout, "1 of 1 message retried\n")
    check("it goes at once, and the others with it: the domain answers", sink.took(scene.mixed[0]))
    scene.queue("retry", "--domain", "dead.example")
    check("all go", all([sink.took(word) for word in scene.dead]))
    equal("once", [sink.count(word) for word in scene.dead], [1] * len(scene.dead))
    equal("only what is fetched is left", [one["recipients"][0]["address"] for one in scene.waiting(1)],
          ["f@fetched.example"])


def ending(scene):
    """Removed without a word; given back with one."""
    scene.grey.change(rcpt="451 4.3.2 not now")
    kept, gone, back = (scene.send("%s@grey.example" % name)[0] for name in ("kept", "gone", "back"))
    scene.tried("grey.example", 3)
    equal("remove", scene.queue("remove", "--recipient", "gone@*").stdout, "1 of 1 message removed\n")
    equal("bounce", scene.queue("bounce", "--recipient", "back@*").stdout, "1 of 1 message returned\n")
    report = scene.report("back@grey.example", back) or ""
    contains("its sender is told", report, "Status: 5.0.0")
    contains("by whom", report, "returned by the administrator")
    equal("nobody is told of the other", [], [text for text in scene.reports() if "gone@" in text])
    equal("the third one waits", [one["recipients"][0]["address"] for one in scene.waiting(1, "--domain", "grey.*")],
          ["kept@grey.example"])
    scene.gate.clear()
    under_way = scene.send("u@slow.example")[0]
    wait_for(lambda: any(under_way in str(one.recipients) or one.recipients == ["u@slow.example"]
                         for one in scene.slow.sessions))
    equal("remove while it is being sent", scene.queue("remove", "--domain", "slow.*").stdout, "1 of 1 message removed\n")
    equal("it is gone from the list", scene.list("--domain", "slow.*"), [])
    scene.gate.set()
    check("what was under way may arrive", scene.slow.took(under_way))
    check("and the gateway goes on", scene.good.took(scene.send("x@good.example")[0]))
    scene.grey.change(rcpt="250 ok")
    scene.queue("retry", "--sender", "*")
    check("the third one goes", scene.grey.took(kept))


def thousands(scene):
    scene.send("m@many.example", count=CROWD)
    equal("all are listed", len(scene.waiting(CROWD, "--domain", "many.example")), CROWD)
    check("nobody waits for them", scene.good.took(scene.send("x@good.example")[0]))
    for word, done in (("hold", "held"), ("release", "released"), ("retry", "retried")):
        equal("%s for all" % word, scene.queue(word, "--domain", "many.*").stdout,
              "%d of %d messages %s\n" % (CROWD, CROWD, done))
    some = scene.ids("--domain", "many.*")[:400]
    equal("remove by id", scene.queue("remove", *some).stdout, "400 of 400 messages removed\n")
    equal("remove for the rest", json.loads(scene.gateway.tool("queue", "remove", "--domain", "many.*", "--json").stdout),
          {"removed": CROWD - 400, "meant": CROWD - 400})
    equal("none is left", scene.list("--domain", "many.*"), [])


def times(scene):
    """Retries, the notice and the end at the times of the configuration."""
    mark = scene.gateway.mark()
    scene.gateway.write(smtp_more=OUTBOUND % HASTY)
    scene.gateway.process.signal(signal.SIGHUP)
    check("the new configuration is in force", scene.gateway.logged("relay.retiring", mark))
    moments = []

    def later(session, line):
        moments.append(time.time())
        return "450 4.2.1 later"
    Sink(LATE, rcpt=later)
    sent = time.time()
    word = scene.send("l@late.example")[0]
    delayed = scene.report("l@late.example", "Action: delayed")
    check("the sender is told of the delay", delayed)
    failed = scene.report("l@late.example", "Action: failed") or ""
    contains("and of the end", failed, "Status: 4.")
    contains("with what was said last", failed, "450 4.2.1 later")
    check("which comes when the configuration says", time.time() - sent > 38, time.time() - sent)
    gaps = [later - earlier for earlier, later in zip(moments, moments[1:])]
    check("it was tried several times", len(moments) > 3, gaps)
    check("not sooner than the configuration says", gaps and gaps[0] > 0.9 and all(gap > 1.9 for gap in gaps[1:]), gaps)
    equal("then it is gone", scene.list("--domain", "late.example"), [])
    equal("one notice, one report", len([text for text in scene.reports() if word in text]), 2)


def main():
    scene = Scene()
    for test in (without_gateway, fill, lists, summaries, single_ones, holding, retrying, ending, thousands, times):
        with case(test.__name__):
            test(scene)
    died = [line for line in scene.gateway.log().splitlines() if "role.died" in line]
    equal("no process died by itself", died, [])


run(main)
