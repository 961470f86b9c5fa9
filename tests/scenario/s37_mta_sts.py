#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Mail to domains with an MTA-STS policy (RFC 8461): what the policy permits is sent, what it forbids is not."""
from clients import Smtp, message, token
from harness import case, check, contains, equal, run, state_directory, wait_for
from name_servers import RECURSIVE_ADDRESS, ROOT_ADDRESS, SERVER_ADDRESS, NameServer, Recursive, Zone
from policy_web import WEB_ADDRESS, Web, policy
from scripted_smtp import Sink, server_context
from site_under_test import ADDRESS, LDAP_ADDRESS, Gateway, Namespace, Slapd, certificates, population

PEOPLE = [("alice", "Alice-Pw1", "alice@corp.example")]
GOOD, OTHER, PLAIN = "10.54.1.1", "10.54.1.2", "10.54.1.3"

# Domain -> its policy, its MX hosts with their addresses.
DOMAINS = {
    "good": (policy("enforce", "mx0.good.sts.example"), (GOOD,)),
    "pattern": (policy("enforce", "*.pattern.sts.example"), (GOOD,)),
    "deep": (policy("enforce", "*.sts.example"), (GOOD,)),
    "unlisted": (policy("enforce", "mx9.unlisted.sts.example"), (GOOD,)),
    "second": (policy("enforce", "mx1.second.sts.example"), (GOOD, GOOD)),
    "othername": (policy("enforce", "mx0.othername.sts.example"), (OTHER,)),
    "plain": (policy("enforce", "mx0.plain.sts.example"), (PLAIN,)),
    "trial": (policy("testing", "mx9.trial.sts.example"), (OTHER,)),
    "trialplain": (policy("testing", "mx0.trialplain.sts.example"), (PLAIN,)),
    "off": (policy("none"), (PLAIN,)),
}
MORE = """
dns_servers = { "%(dns)s" }
dns_trust_anchor = "%(anchor)s"
"""
OUTBOUND = """
	relay = { "10.54.0.0/16" }
	outbound { retry = { "2s" } delay_notice = 0 idle_timeout = 5s tls_ca = "%s/ca.pem" }
"""


def zone():
    text = ""
    for name, (_, hosts) in DOMAINS.items():
        text += 'mta-sts.%s A %s\n_mta-sts.%s TXT "v=STSv1; id=1;"\n' % (name, WEB_ADDRESS, name)
        for number, address in enumerate(hosts):
            text += "%s MX %d mx%d.%s\nmx%d.%s A %s\n" % (name, number * 10, number, name, number, name, address)
    return text


def names_of_hosts(address):
    return ",".join("DNS:mx%d.%s.sts.example" % (number, name) for name, (_, hosts) in DOMAINS.items()
                    for number, one in enumerate(hosts) if one == address)


class Scene:
    def __init__(self):
        self.state = state = state_directory()
        Namespace(ADDRESS, LDAP_ADDRESS, ROOT_ADDRESS, SERVER_ADDRESS, RECURSIVE_ADDRESS, WEB_ADDRESS, GOOD, OTHER, PLAIN)
        certificates(state, ("slapd", "IP:10.54.0.1"), ("good", names_of_hosts(GOOD)), ("nobody", "DNS:nobody.example"),
                     ("other", names_of_hosts(OTHER)),
                     ("web", ",".join("DNS:mta-sts.%s.sts.example" % name for name in DOMAINS)))
        self.slapd = Slapd(state + "/slapd", population(PEOPLE),
                           with_tls=[state + "/" + name for name in ("slapd.pem", "slapd.key", "ca.pem")])
        dns = NameServer(state + "/nsd", [Zone(".", signed=True), Zone("example."), Zone("sts.example.", zone())])
        Recursive(state + "/unbound")
        self.web = Web(state)
        self.web.answers = {name: (200, "text/plain", text) for name, (text, _) in DOMAINS.items()}
        self.good, self.other, self.plain = (Sink(GOOD, context=self.context("good")),
                                             Sink(OTHER, context=self.context("nobody")), Sink(PLAIN))
        self.gateway = Gateway(state, ["ldap://10.54.0.1"], smtp_more=OUTBOUND % state,
                               more=MORE % dict(dns=RECURSIVE_ADDRESS, anchor=dns.anchor))
        self.gateway.start()

    def context(self, name):
        return server_context("%s/%s.pem" % (self.state, name), "%s/%s.key" % (self.state, name))

    def send(self, domain):
        word = token()
        with Smtp(ADDRESS) as smtp:
            equal("mail to %s is taken" % domain, smtp.transact(
                "alice@corp.example", ["a@%s.sts.example" % domain], message(word, "Hello.\n")).code, 250)
        return word

    def log_of(self, event, domain):
        return wait_for(lambda: next((line for line in self.gateway.log().splitlines() if event in line and
                                      "rcpt=a@%s.sts.example" % domain in line), None)) or ""


def permitted(scene):
    for domain in ("good", "pattern"):
        taken = scene.good.took(scene.send(domain))
        check("%s: sent" % domain, taken and taken.session.tls.startswith("TLS"), taken)
        contains("to the host that it names", scene.log_of("relay.sent", domain), "verified=1")
        check("the policy was read", domain in scene.web.fetched, scene.web.fetched)
    check("a host that the policy does not name is passed over", scene.good.took(scene.send("second")))
    line = scene.log_of("relay.sent", "second")
    check("for the one that it names", "mta=mx1.second.sts.example" in line and "verified=1" in line, line)


def forbidden(scene):
    words = {domain: scene.send(domain) for domain in ("unlisted", "deep", "othername", "plain")}
    for domain, status, why in (("unlisted", "4.7.5", "does not name this host"),
                                ("deep", "4.7.5", "does not name this host"),
                                ("othername", "4.7.5", "certificate"), ("plain", "4.7.4", "STARTTLS")):
        line = scene.log_of("relay.later", domain)
        check("%s: not now, %s" % (domain, status), "status=" + status in line and why in line, line)
        equal("and nothing is sent", [sink.count(words[domain]) for sink in (scene.good, scene.other, scene.plain)],
              [0, 0, 0])
    scene.other.context = scene.context("other")
    taken = scene.other.took(words["othername"])
    check("it is sent when the certificate is right", taken and taken.session.tls.startswith("TLS"), taken)
    contains("and was checked", scene.log_of("relay.sent", "othername"), "verified=1")
    scene.other.context = scene.context("nobody")


def not_enforced(scene):
    taken = scene.other.took(scene.send("trial"))
    check("on trial: sent in spite of host and certificate", taken and taken.session.tls.startswith("TLS"), taken)
    contains("which are not called good", scene.log_of("relay.sent", "trial"), "verified=0")
    check("on trial: sent without TLS", scene.plain.took(scene.send("trialplain")))
    check("both policies were read", {"trial", "trialplain"} <= set(scene.web.fetched), scene.web.fetched)
    check("none: sent", scene.plain.took(scene.send("off")))


def main():
    scene = Scene()
    for test in (permitted, forbidden, not_enforced):
        with case(test.__name__):
            test(scene)


run(main)
