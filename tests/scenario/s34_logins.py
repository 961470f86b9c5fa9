#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The gateway's own logins at other servers: passwords and tokens, at Postfix with Dovecot's SASL."""
import os
import re
import signal

from clients import Smtp, message, token
from harness import case, check, contains, equal, lacks, must, read, run, state_directory, wait_for
from providers import Client, Dovecot, Postfix, Tokens, endpoint_context, oauth2_passdb
from scripted_smtp import Sink
from site_under_test import (ADDRESS, LDAP_ADDRESS, Gateway, Namespace, Slapd, certificates, check_log_has_no_secret,
                             population, tls)
from zones import Zones

PEOPLE = [("alice", "Alice-Pw1", "alice@corp.example")]
DNS, PROVIDER, BEYOND, LOGIN = "10.54.0.53", "10.54.1.1", "10.54.1.2", "10.54.1.3"
HTTPS, HTTP = "https://%s:8443" % LOGIN, "http://127.0.0.1:8080"
PASSWORD, OTHER = "Secret-Pw/42=", "Other-Pw/43="
USERS = {"us@provider.example": PASSWORD, "smart@provider.example": PASSWORD, "n,a=me": PASSWORD,
         "other@provider.example": OTHER}

# Port of the provider -> what is special there.
PORTS = {
    587: {}, 588: {"smtpd_sasl_mechanism_filter": "plain"}, 589: {"smtpd_sasl_mechanism_filter": "login"},
    590: {"smtpd_sasl_mechanism_filter": "xoauth2"},
    591: {"smtpd_tls_security_level": "none", "smtpd_tls_auth_only": "no"},
    592: {"smtpd_sasl_auth_enable": "no", "smtpd_relay_restrictions": "reject",
          "smtpd_recipient_restrictions": "reject"},
}
REMOTE = """
remote "%s.example" {
	route = "[smtp.provider.example]:%d"
	tls = "verify"
	tls_ca = "%s/ca.pem"
	%s
}
"""
SMART = """
	relay = { "10.54.0.0/16" }
	outbound {
		retry = { "2s" }
		delay_notice = 0
		idle_timeout = 60s
		smart_host = "[smtp.provider.example]:587"
		tls = "verify"
		tls_ca = "%(state)s/ca.pem"
		login = "basic"
		user = "smart@provider.example"
		password_file = "%(state)s/good"
	}
"""


class Scene:
    """What all cases stand on."""

    def __init__(self):
        self.state, self.secrets, self.remotes = state_directory(), [PASSWORD, OTHER], {}
        Namespace(ADDRESS, LDAP_ADDRESS, DNS, PROVIDER, BEYOND, LOGIN)
        certificates(self.state, ("slapd", "IP:" + LDAP_ADDRESS), ("smtp", "DNS:smtp.provider.example"),
                     ("login", "IP:" + LOGIN))
        self.slapd = Slapd(self.state + "/slapd", population(PEOPLE),
                           with_tls=[self.state + "/" + name for name in ("slapd.pem", "slapd.key", "ca.pem")])
        self.dns = Zones(self.state + "/nsd", DNS, {"provider.example": ["smtp A " + PROVIDER]})
        self.beyond = Sink(BEYOND, 2525)
        self.tokens = Tokens((LOGIN, 8443, endpoint_context(self.state + "/login")), ("127.0.0.1", 8080, None))
        self.dovecot = Dovecot(self.state + "/dovecot", "plain login scram-sha-256 xoauth2", USERS,
                               oauth2_passdb(self.state, HTTP))
        self.postfix = Postfix(self.state + "/postfix", PROVIDER, "smtp.provider.example", PORTS, self.dovecot.sasl,
                               "[%s]:2525" % BEYOND, self.state + "/smtp")
        self.gateway = Gateway(self.state, ["ldap://" + LDAP_ADDRESS], level="debug",
                               smtp_more=SMART % dict(state=self.state))
        self.file("good", PASSWORD + "\n")
        self.file("wrong", "Wrong-Pw/44=\n")
        self.secrets.append("Wrong-Pw/44=")

    def file(self, name, text):
        """A file that only root and the directory role read."""
        path = self.state + "/" + name
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o600)
        must("chown", "postern-dir:postern", path)
        return path

    def basic(self, name, port, user="us@provider.example", file="good"):
        self.remotes[name] = REMOTE % (name, port, self.state,
                                       'login = "basic" user = "%s" password_file = "%s/%s"' % (user, self.state, file))

    def oauth(self, name, url=HTTPS, more="", **attributes):
        """A domain that wants tokens, and the application at the endpoint."""
        client = Client("us@provider.example", **attributes)
        words = ['login = "oauth2"', 'user = "us@provider.example"', 'token_url = "%s/token"' % url,
                 'client_id = "%s"' % name, 'scope = "https://provider.example/.default"',
                 'token_ca = "%s/ca.pem"' % self.state]
        if client.secret:
            words.append('client_secret_file = "%s"' % self.file(name + ".secret", client.secret + "\n"))
            self.secrets.append(client.secret)
        if client.refresh:
            words.append('refresh_token_file = "%s"' % self.file(name + ".refresh", client.refresh + "\n"))
            self.secrets.append(client.refresh)
        self.tokens.clients[name] = client
        self.remotes[name] = REMOTE % (name, 590, self.state, "\n\t".join(words) + more)
        return client

    def configuration(self):
        return 'dns_servers = { "%s" }\n' % DNS + "".join(self.remotes.values())

    def reload(self):
        mark = self.gateway.mark()
        self.gateway.write(more=self.configuration())
        self.gateway.process.signal(signal.SIGHUP)
        if not self.gateway.logged("master.up", mark):
            raise RuntimeError("no new generation: " + self.gateway.tail())

    def send(self, domain):
        """The subject of a message that the gateway has taken."""
        word = token()
        with Smtp(ADDRESS) as smtp:
            answer = smtp.transact("alice@corp.example", "x@%s.example" % domain, message(word))
            if answer.code != 250:
                raise RuntimeError("not taken: " + answer)
        return word

    def sent(self, domain):
        return self.beyond.took(self.send(domain))

    def later(self, domain, words, mark=0):
        """The first relay.later of the domain that says so."""
        def find():
            return next((line for line in self.gateway.log_since(mark).splitlines()
                         if "relay.later" in line and "rcpt=x@%s.example" % domain in line and words in line), None)
        return wait_for(find) or ""

    def waited(self, domain):
        return [line for line in self.gateway.log().splitlines()
                if "relay.later" in line and "rcpt=x@%s.example" % domain in line]


# --- passwords ---

def methods(scene):
    for name, mechanism, user in (("scram", "SCRAM-SHA-256", "us@provider.example"), ("plain", "PLAIN", "us@provider.example"),
                                  ("login", "LOGIN", "us@provider.example"), ("odd", "SCRAM-SHA-256", "n,a=me"),
                                  ("anywhere", "SCRAM-SHA-256", "smart@provider.example")):
        taken = scene.sent(name)
        check("%s: the mail is there" % name, taken)
        contains("%s: who had logged in" % name, taken.text, "(Authenticated sender: %s)" % user)
        check("%s: by %s" % (name, mechanism), scene.postfix.logged(
            r"sasl_method=%s, sasl_username=%s" % (mechanism, re.escape(user))))
        equal("%s: at the first attempt" % name, scene.waited(name), [])


def refusals(scene):
    for name in ("wrongplain", "wrongscram"):
        words = [scene.send(name)]
        line = scene.later(name, "535 ")
        check("%s: the mail waits, with the server's words" % name, "authentication failed" in line, line)
        scene.dovecot.set_users(dict(USERS, **{name: "Wrong-Pw/44="}))
        check("%s: it goes when the server knows the password" % name, scene.beyond.took(words[0]))
        scene.dovecot.set_users(USERS)


def no_way(scene):
    for name, words in (("clear", "STARTTLS"), ("nothing", "does not offer AUTH"), ("unsuitable", "offers: XOAUTH2")):
        scene.send(name)
        line = scene.later(name, words)
        check("%s: the mail waits, and why" % name, line, scene.waited(name))
    lacks("no login came where there was no TLS", scene.postfix.log(), "591: client=")
    check("and nobody was told that it cannot be", not re.search("relay.failed.*(clear|nothing|unsuitable).example",
                                                                 scene.gateway.log()))


def another_file(scene):
    scene.file("changed", "\n")
    word = scene.send("changed")
    check("a password file that is empty", scene.later("changed", "should be its first line"))
    scene.file("changed", PASSWORD + "\r\nnotes\n")
    check("filled it counts without a reload", scene.beyond.took(word))
    mark = scene.gateway.mark()
    scene.basic("changed", 588, "other@provider.example", "fresh")
    scene.file("fresh", OTHER + "\n")
    scene.reload()
    taken = scene.sent("changed")
    check("another file after a reload", taken and "sender: other@provider.example" in taken.text, taken)
    equal("without a failure", [line for line in scene.gateway.log_since(mark).splitlines()
                                if "relay.later" in line and "changed" in line], [])


# --- tokens ---

def granted(scene):
    for name in ("credentials", "refresh", "loopback"):
        taken = scene.sent(name)
        check("%s: the mail is there" % name, taken)
        contains("%s: who had logged in" % name, taken.text, "(Authenticated sender: us@provider.example)")
    check("by XOAUTH2", scene.postfix.logged("sasl_method=XOAUTH2"))
    form = scene.tokens.clients["credentials"].forms[0]
    equal("what was asked", {key: form.get(key) for key in ("grant_type", "client_id", "scope")},
          dict(grant_type="client_credentials", client_id="credentials", scope="https://provider.example/.default"))
    equal("the other way to ask", scene.tokens.clients["refresh"].forms[0]["grant_type"], "refresh_token")


def remembered(scene):
    words = [scene.send("credentials") for _ in range(45)]
    check("many messages arrive", all(scene.beyond.took(word) for word in words))
    count = len(re.findall("sasl_method=XOAUTH2", scene.postfix.log()))
    check("by several logins", count >= 5, count)
    equal("with one token", len(scene.tokens.clients["credentials"].forms), 1)


def renewed(scene):
    """Each message on a connection of its own: the server ends it."""
    client = scene.tokens.clients["short"]
    words = []

    def another():
        words.append(scene.send("short"))
        return scene.beyond.took(words[-1]) and len(client.forms) >= 3
    check("a token that is about to expire is renewed", wait_for(another, step=0.5))
    equal("nobody waits for that", scene.waited("short"), [])
    used = [form["refresh_token"] for form in client.forms]
    equal("each time with the newest refresh token", len(set(used)), len(used))
    scene.secrets.extend(used)


def endpoint_troubles(scene):
    client = scene.tokens.clients["troubled"]
    client.error = 401, b'{"error":"invalid_client","error_description":"PT7000215: the secret has expired"}'
    word = scene.send("troubled")
    line = scene.later("troubled", "invalid_client")
    contains("a refusal of the endpoint: the mail waits with its words", line, "PT7000215: the secret has expired")
    client.error = 503, b"<html>busy</html>"
    check("an answer that is none", scene.later("troubled", "HTTP 503"))
    client.error = None
    check("it goes when there is a token", scene.beyond.took(word))
    scene.tokens.stop(0)
    word = scene.send("down")
    line = scene.later("down", HTTPS)
    check("an endpoint that is down: the mail waits, and why", "onnect" in line, line)
    check("who has a token goes on", scene.sent("credentials"))
    scene.tokens.start(0)
    check("it goes when the endpoint is back", scene.beyond.took(word))
    word = scene.send("stranger")
    check("a certificate nobody vouches for", scene.later("stranger", "certificate"))
    equal("and nothing was sent there", scene.tokens.clients["stranger"].forms, [])


def refused_token(scene):
    client = scene.tokens.clients["refused"]
    client.refused = True
    word = scene.send("refused")
    line = scene.later("refused", "535")
    check("a token that the server does not take: the mail waits", line, scene.waited("refused"))
    check("the next words say whom to ask", scene.later("refused", "may refused send as us@provider.example?"))
    check("another one is asked for", wait_for(lambda: len(client.forms) >= 2))
    client.refused = False
    check("and the mail goes when it is good", scene.beyond.took(word))


# --- secrets ---

def memory_of(pid):
    """What could be read of a process by who could read all of it."""
    text = b""
    with open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for line in read("/proc/%d/maps" % pid).splitlines():
            begin, end = (int(part, 16) for part in line.split()[0].split("-"))
            if " rw" in line and "[v" not in line:
                memory.seek(begin)
                try:
                    text += memory.read(end - begin)
                except OSError:
                    pass
    return text


def secrets_stay(scene):
    scene.reload()
    roles = scene.gateway.roles()
    for name in ("scram", "plain", "login", "credentials"):
        check("%s: a login in a new generation" % name, scene.sent(name))
    relay = wait_for(lambda: [pid for pid in scene.gateway.roles()["relay"] if pid in roles["relay"]])[-1]
    files = [client.secret for client in scene.tokens.clients.values() if client.secret]
    memory = memory_of(relay)
    equal("no secret of a file stays in the relay role", [one for one in files + [PASSWORD, OTHER] if one.encode() in memory], [])
    for line in read("/proc/%d/limits" % relay).splitlines():
        if line.startswith("Max core file size"):
            equal("which leaves no core", line.split()[4:6], ["0", "0"])
    for role, pids in scene.gateway.roles().items():
        for pid in pids:
            text = read("/proc/%d/cmdline" % pid) + read("/proc/%d/environ" % pid)
            check("no secret in what ps shows of %s" % role, not any(one in text for one in scene.secrets))
    log = scene.gateway.log()
    check_log_has_no_secret("nor in the log", log, scene.secrets + list(scene.tokens.given))
    for word in ("auth=Bearer", "AUTH PLAIN AH"):
        lacks("nor %r" % word, log, word)


def domains(scene):
    for name, port in (("scram", 587), ("plain", 588), ("login", 589)):
        scene.basic(name, port)
    scene.basic("odd", 587, "n,a=me")
    scene.basic("wrongplain", 588, "wrongplain", "wrong")
    scene.basic("wrongscram", 587, "wrongscram", "wrong")
    scene.basic("clear", 591)
    scene.basic("nothing", 592)
    scene.basic("unsuitable", 590)
    scene.basic("changed", 588, file="changed")
    scene.file("changed", "Wrong-Pw/44=\n")
    for name in ("credentials", "troubled", "down", "refused", "stranger"):
        scene.oauth(name, secret="Client-Secret/%s+" % name)
    scene.remotes["stranger"] = re.sub("\ttoken_ca = .*\n", "", scene.remotes["stranger"])
    scene.oauth("loopback", HTTP, secret="Client-Secret/loopback+")
    scene.oauth("refresh", secret="Client-Secret/refresh+", refresh="Refresh-First/refresh+")
    scene.oauth("short", refresh="Refresh-First/short+", lives=8)


def main():
    scene = Scene()
    domains(scene)
    scene.gateway.start(more=scene.configuration())
    for test in (methods, refusals, no_way, another_file, granted, remembered, renewed, endpoint_troubles,
                 refused_token, secrets_stay):
        with case(test.__name__):
            test(scene)
    equal("no process died", scene.gateway.log().count("role.died"), 0)
    lacks("nobody sent what he may not", scene.gateway.log(), "work.culprit")


run(main)
