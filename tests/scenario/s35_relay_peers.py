#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Mail that goes out to the servers people have: Postfix with TLS and AUTH, Dovecot's LMTP, smtp-sink."""
import glob
import os
import re
import signal

from clients import Smtp, mailbox, message, token
from harness import Process, at_end, case, check, command, contains, equal, must, read, run, state_directory, wait_for
from name_servers import RECURSIVE_ADDRESS, ROOT_ADDRESS, SERVER_ADDRESS, NameServer, Recursive, Zone
from site_under_test import ADDRESS, LDAP_ADDRESS, Gateway, Namespace, Slapd, answers, certificates, population, tls

PEOPLE = [("alice", "Alice-Pw1", "alice@corp.example")]
POSTFIX, DOVECOT, SINK, OLD_SINK = "10.54.1.1", "10.54.1.2", "10.54.1.3", "10.54.1.4"
ZONE = """
peer MX 10 mx.peer
mx.peer A 10.54.1.1
sink MX 10 mx.sink
mx.sink A 10.54.1.3
old MX 10 mx.old
mx.old A 10.54.1.4
"""

MAIN = """
compatibility_level = 3.6
queue_directory = %(directory)s/queue
data_directory = %(directory)s/data
maillog_file_prefixes = %(directory)s
maillog_file = %(directory)s/maillog
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
sendmail_path = /usr/sbin/sendmail
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.peer.example
mydestination =
mynetworks = 10.255.255.255/32
alias_maps =
local_recipient_maps =
inet_interfaces = %(address)s
inet_protocols = ipv4
virtual_mailbox_domains = peer.example, anywhere.example
virtual_mailbox_maps = inline:{ {user@peer.example = x}, {user@anywhere.example = x} }
virtual_transport = lmtp:inet:%(dovecot)s:24
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_tls_cert_file = %(state)s/postfix.pem
smtpd_tls_key_file = %(state)s/postfix.key
smtpd_tls_received_header = yes
smtpd_sasl_authenticated_header = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = %(state)s/dovecot/run/auth-postfix
message_size_limit = 50000000
"""
MASTER = """
%(address)s:25 inet n - n - - smtpd -o smtpd_tls_security_level=may
%(address)s:587 inet n - n - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
tlsmgr unix - - n 1000? 1 tlsmgr
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
DOVECOT_SETTINGS = """
base_dir = %(directory)s/run
state_dir = %(directory)s/run
log_path = %(directory)s/log
instance_name = scenario
protocols = lmtp
listen = %(address)s
ssl = no
auth_mechanisms = plain login
mail_location = maildir:%(directory)s/boxes/%%u
first_valid_uid = 1
default_internal_user = dovecot
default_login_user = dovenull
passdb {
	driver = passwd-file
	args = scheme=plain %(directory)s/passwords
}
userdb {
	driver = passwd-file
	args = %(directory)s/passwords
}
service lmtp {
	inet_listener lmtp {
		port = 24
	}
}
service auth {
	unix_listener auth-postfix {
		mode = 0666
	}
}
"""
OUTBOUND = """
	relay = { "10.54.0.0/16" }
	message_size = "32M"
	outbound { retry = { "2s" } delay_notice = 0 }
"""
SUBMISSION = """
	relay = { "10.54.0.0/16" }
	outbound {
		retry = { "2s" } delay_notice = 0
		smart_host = "[10.54.1.1]:587" tls = "verify" tls_ca = "%(state)s/ca.pem"
		login = "basic" user = "gateway@peer.example" password_file = "%(state)s/smart.password"
	}
"""
MORE = """
dns_servers = { "%s" }
remote "lmtp.example" { route = "lmtp:[10.54.1.2]:24" }
"""


def dovecot_start(state):
    directory = state + "/dovecot"
    os.makedirs(directory + "/run")
    os.makedirs(directory + "/boxes")
    uid, gid = must("id", "-u", "postern-store").strip(), must("id", "-g", "postern-store").strip()
    must("chown", "-R", "postern-store", directory + "/boxes")
    with open(directory + "/passwords", "w") as file:
        for name, password in (("gateway@peer.example", "Gateway-Pw1"), ("user@peer.example", "x"),
                               ("user@anywhere.example", "x"), ("user@lmtp.example", "x")):
            file.write("%s:%s:%s:%s::%s/boxes::\n" % (name, password, uid, gid, directory))
    with open(directory + "/dovecot.conf", "w") as file:
        file.write(DOVECOT_SETTINGS % dict(directory=directory, address=DOVECOT))
    Process("dovecot", "-F", "-c", directory + "/dovecot.conf", log=directory + "/out")
    if not wait_for(lambda: answers(DOVECOT, 24), 60):
        raise RuntimeError("Dovecot: " + read(directory + "/log"))


def postfix_start(state):
    directory = state + "/postfix"
    os.makedirs(directory + "/queue")
    os.makedirs(directory + "/data")
    must("chown", "postfix", directory + "/data")
    for name, text in (("main.cf", MAIN), ("master.cf", MASTER)):
        with open("%s/%s" % (directory, name), "w") as file:
            file.write(text % dict(directory=directory, state=state, address=POSTFIX, dovecot=DOVECOT))
    must("postfix", "-c", directory, "start")
    at_end(command, "postfix", "-c", directory, "stop")
    if not wait_for(lambda: answers(POSTFIX, 25), 60):
        raise RuntimeError("Postfix: " + read(directory + "/maillog"))


class Scene:
    def __init__(self):
        self.state = state = state_directory()
        Namespace(ADDRESS, LDAP_ADDRESS, ROOT_ADDRESS, SERVER_ADDRESS, RECURSIVE_ADDRESS, POSTFIX, DOVECOT, SINK,
                  OLD_SINK)
        certificates(state, ("slapd", "IP:10.54.0.1"), ("postfix", "DNS:mx.peer.example,IP:10.54.1.1"))
        Slapd(state + "/slapd", population(PEOPLE),
              with_tls=[state + "/" + name for name in ("slapd.pem", "slapd.key", "ca.pem")])
        NameServer(state + "/nsd", [Zone(".", signed=True), Zone("example.", ZONE)])
        Recursive(state + "/unbound")
        dovecot_start(state)
        postfix_start(state)
        self.gateway = Gateway(state, ["ldap://10.54.0.1"], smtp_more=OUTBOUND, more=MORE % RECURSIVE_ADDRESS,
                               submission_more=SUBMISSION % dict(state=state))
        self.password("Gateway-Pw1")
        self.gateway.start()

    def password(self, word):
        path = self.state + "/smart.password"
        with open(path, "w") as file:
            file.write(word + "\n")
        os.chmod(path, 0o600)
        must("chown", "postern-dir", path)

    def send(self, recipient, port=25, body="Hello.\n"):
        word = token()
        with Smtp(ADDRESS, port) as smtp:
            if port != 25:
                smtp.start_tls(tls(self.state))
                smtp.login("alice", "Alice-Pw1")
            answer = smtp.transact("alice@corp.example", recipient, message(word, body))
            if answer.code != 250:
                raise RuntimeError("not taken: " + answer)
        return word

    def arrived(self, recipient, word):
        """Its text in Dovecot's mailbox."""
        def find():
            return next((text for text in map(read, glob.glob("%s/dovecot/boxes/%s/new/*" % (self.state, recipient)))
                         if "Subject: " + word in text), None)
        return wait_for(find) or ""

    def report(self, text):
        found = []

        def find():
            found.extend(mailbox(ADDRESS, tls(self.state), "alice", "Alice-Pw1", delete=True))
            return next((one for one in found if text in one), None)
        return wait_for(find) or ""


def through_postfix(scene):
    text = scene.arrived("user@peer.example", scene.send("user@peer.example"))
    check("Postfix has it, and hands it to Dovecot", text)
    check("under TLS", re.search(r"\(using TLSv1\.3 ", text), text[:1500])
    scene.send("nobody@peer.example")
    report = scene.report("nobody@peer.example")
    contains("its refusal in the report", report, "Remote-MTA: dns; mx.peer.example")
    contains("word for word", report, "User unknown in virtual mailbox table")


def login_at_the_smart_host(scene):
    text = scene.arrived("user@anywhere.example", scene.send("user@anywhere.example", port=587))
    contains("logged in", text, "(Authenticated sender: gateway@peer.example)")
    line = scene.gateway.logged("rcpt=user@anywhere.example")
    check("on a verified connection", "relay.sent" in line and "verified=1" in line, line)
    scene.password("Wrong-Pw1")
    mark = scene.gateway.mark()
    scene.gateway.process.signal(signal.SIGHUP)
    scene.gateway.logged("relay.retiring", mark)
    mark = scene.gateway.mark()
    word = scene.send("user@anywhere.example", port=587)
    line = scene.gateway.logged("relay.later", mark)
    check("a wrong password: the mail waits", line and "535" in line, line)
    scene.password("Gateway-Pw1")
    scene.gateway.process.signal(signal.SIGHUP)
    check("until it is right", scene.arrived("user@anywhere.example", word))


def lmtp(scene):
    word = scene.send("user@lmtp.example", body=("0123456789" * 7 + "\n") * 72000)
    text = scene.arrived("user@lmtp.example", word)
    check("a large message by LMTP", len(text) > 5000000 and text.endswith("0123456789" * 7 + "\n"), len(text))
    scene.send("nobody@lmtp.example")
    contains("who is not there is reported", scene.report("nobody@lmtp.example"), "Status: 5.1.1")


def sinks(scene):
    """smtp-sink counts; the second one speaks as servers did in 1990."""
    for address, options in ((SINK, ()), (OLD_SINK, ("-e", "-p", "-8", "-E"))):
        directory = scene.state + "/sink-" + address
        os.makedirs(directory, mode=0o777)
        os.chmod(directory, 0o777)
        Process("smtp-sink", *options, "-u", "postfix", "-d", directory + "/%M.", address + ":25", "100",
                log=scene.state + "/sink.log")
        domain = "sink.example" if address == SINK else "old.example"
        if not wait_for(lambda: answers(address, 25)):
            raise RuntimeError(read(scene.state + "/sink.log"))
        before = len(os.listdir(directory))
        words = [scene.send("u%d@%s" % (number, domain)) for number in range(60)]

        def texts():
            return "".join(read(path) for path in glob.glob(directory + "/*"))
        check("smtp-sink %s has all" % " ".join(options), wait_for(lambda: all(
            "Subject: " + word in texts() for word in words)), len(os.listdir(directory)) - before)
        equal("each once", sum(texts().count("Subject: " + word) for word in words), len(words))


def main():
    scene = Scene()
    for test in (through_postfix, login_at_the_smart_host, lmtp, sinks):
        with case(test.__name__):
            test(scene)
    equal("no process died", scene.gateway.log().count("role.died"), 0)


run(main)
