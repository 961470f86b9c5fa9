#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Logins with domain credentials on a real Active Directory (Samba): Kerberos, negotiation, NTLM, certificates."""
import os
import re
import shutil
import signal
import tempfile
import threading

import core
import gss
from clients import TIMEOUT, Pop3, Smtp, message, subjects, token
from harness import PATIENCE, TOP, case, check, contains, equal, lacks, run, wait_for
from site_under_test import Lab, tls

HOST = "mail.corp.example"
PASSWORDS = {"alice": "Alice-Pw1", "bob": "Bob-Pw1", "erin": "Erin-Pw1", "grace": "Grace-Pw1",
             "many": "Many-Pw1", "heidi": "Heidi-Pw1"}
GROUPS = 1000
USERS = "CN=Users,DC=corp,DC=example"


class Site:
    """The lab, its configuration, and tickets."""

    def __init__(self):
        self.lab = Lab()
        self.context = tls(self.lab.values["LAB_CA"])
        self.address, self.state = self.lab.address, self.lab.state
        self.conf = self.state + "/postern.conf"
        with open(self.conf) as file:
            self.plain = file.read()
        self.place = core.Place(self.address, self.lab.values["LAB_CA"], self.context, self.lab.log, ["alice"])
        # libraries in this process do not see the lab's resolver
        self.krb5 = self.state + "/client-krb5.conf"
        with open(self.krb5, "w") as file:
            file.write("[libdefaults]\ndefault_realm = CORP.EXAMPLE\ndns_lookup_realm = false\n"
                       "dns_lookup_kdc = false\ndns_canonicalize_hostname = false\nrdns = false\n"
                       "kdc_timesync = 0\n"
                       "[realms]\nCORP.EXAMPLE = {\nkdc = 10.53.0.1\n}\n"
                       "[domain_realm]\n.corp.example = CORP.EXAMPLE\n")
        os.environ["KRB5_CONFIG"] = self.krb5
        os.environ["KRB5CCNAME"] = "/nonexistent/none"
        self.serial = 0

    def configure(self, methods=None, more=""):
        """Writes the methods of login and what goes with them into every server, and reloads."""
        text = self.plain
        if methods:
            words = ", ".join('"%s"' % method for method in methods)
            text = re.sub(r'authentication = \{ "anonymous".*\}', 'authentication = { "anonymous", %s }\n%s' % (
                words, more), text)
            text = re.sub(r'authentication = \{ "basic".*\}', 'authentication = { %s }\n%s' % (words, more), text)
            text = text.replace("pop3 {", "pop3 {\nauthentication = { %s }\n%s" % (words, more))
        with open(self.conf, "w") as file:
            file.write(text)
        before = self.lab.log().count("master.up")
        os.kill(self.lab.master(), signal.SIGHUP)
        if not wait_for(lambda: self.lab.log().count("master.up") > before):
            raise RuntimeError("no new generation: " + self.lab.log()[-1500:])

    def mark(self):
        return len(self.lab.log())

    def logged(self, pattern, mark, seconds=PATIENCE):
        return wait_for(lambda: next((line for line in self.lab.log()[mark:].splitlines()
                                      if re.search(pattern, line)), None), seconds)

    def ticket(self, user):
        """A new cache with a ticket-granting ticket of the user."""
        self.serial += 1
        cache = "FILE:%s/cc-%d" % (self.state, self.serial)
        done = self.lab.inside("kinit", "-c", cache, user, input=PASSWORDS[user] + "\n", env=os.environ)
        if done.returncode != 0:
            raise RuntimeError("kinit: " + done.stdout)
        return cache

    def fresh(self, cache):
        """A copy, in which no ticket for the gateway is yet: what it gets is of now."""
        self.serial += 1
        copy = "FILE:%s/cc-%d" % (self.state, self.serial)
        shutil.copy(cache[5:], copy[5:])
        return copy

    def program(self, *words, cache=None, **options):
        return self.lab.inside(*words, env=dict(os.environ, KRB5CCNAME=cache or "/nonexistent/none"), **options)

    def curl(self, mechanism, user, url, *words, cache=None):
        return self.program("curl", "-sS", "--max-time", str(TIMEOUT), "--cacert", self.lab.values["LAB_CA"], "--ssl-reqd",
                            "--login-options", "AUTH=" + mechanism, "-u", user, url, *words, cache=cache)

    def send(self, mechanism, user, word, *words, cache=None, port=587):
        """curl's exit code for a message to bob."""
        with tempfile.NamedTemporaryFile("wb", suffix=".eml") as file:
            file.write(message(word).replace("\n", "\r\n").encode())
            file.flush()
            return self.curl(mechanism, user, "smtp://%s:%d/client.example" % (HOST, port), "--mail-from", "alice@corp.example",
                             "--mail-rcpt", "bob@corp.example", "-T", file.name, *words, cache=cache)

    def exchange(self, mechanism, cache=None, bindings=None, **options):
        """The reply to an exchange over SMTP with TLS; bindings: a call of the connection."""
        cred = options.pop("cred", None) or gss.ticket_cred(cache)
        initial = options.pop("initial", False)
        with gss.secured(self.address, self.context) as connection:
            client = gss.Client(mechanism, cred, bindings=bindings(connection) if bindings else None, **options)
            return gss.smtp(connection, client, initial=initial)


def offered(site):
    with Smtp(site.address, 587) as smtp:
        contains("GSSAPI and GSS-SPNEGO are offered", smtp.hello, "AUTH GSSAPI GSS-SPNEGO\n")
        smtp.start_tls(site.context)
        contains("in TLS passwords too", smtp.hello, "AUTH GSSAPI GSS-SPNEGO PLAIN LOGIN")
        equal("NTLM is not known", smtp.ask("AUTH NTLM").code, 504)
        equal("nor is DIGEST-MD5", smtp.ask("AUTH DIGEST-MD5").code, 504)
    with Pop3(site.address, 995, site.context) as pop:
        check("POP3 lists the same", any(line == "SASL GSSAPI GSS-SPNEGO PLAIN LOGIN" for line in pop.many("CAPA")))


def curl_with_a_ticket(site):
    cache, words = site.ticket("alice"), [token(), token()]
    for word, port in zip(words, (587, 25)):
        done = site.send("GSSAPI", ":", word, cache=cache, port=port)
        equal("curl sends with a ticket on %d" % port, done.returncode, 0)
    equal("the mail is there", subjects(site.place.inbox("bob", "Bob-Pw1")), words)
    for url in ("pop3://%s:110" % HOST, "pop3s://%s" % HOST):
        done = site.curl("GSSAPI", ":", url, cache=cache)
        check("curl reads with a ticket: " + url, done.returncode == 0, done.stdout)
    done = site.curl("GSSAPI", ":", "pop3s://%s" % HOST)
    check("without a ticket it does not", done.returncode != 0, done.stdout)


def other_programs_with_a_ticket(site):
    cache, word = site.ticket("alice"), token()
    with tempfile.TemporaryDirectory() as home:
        def config(name, text):
            with open(home + "/" + name, "w") as file:
                file.write(text.replace("CA", site.lab.values["LAB_CA"]).replace("HOME", home))
            os.chmod(home + "/" + name, 0o600)
            return home + "/" + name
        done = site.program("msmtp", "--file=" + config(
            "msmtprc", "account a\nhost %s\nport 587\ntls on\ntls_starttls on\ntls_trust_file CA\nauth gssapi\n"
            "user alice\nfrom alice@corp.example\n" % HOST), "--account=a", "alice@corp.example",
            input=message(word), cache=cache)
        check("msmtp sends with a ticket", done.returncode == 0, done.stdout)
        done = site.program("mpop", "--file=" + config(
            "mpoprc", "account a\nhost %s\nport 995\ntls on\ntls_starttls off\ntls_trust_file CA\nauth gssapi\n"
            "user alice\nkeep on\nuidls_file HOME/uidls\ndelivery mbox HOME/box\n" % HOST), "a", cache=cache)
        check("mpop reads with a ticket", done.returncode == 0, done.stdout)
        contains("what was sent", open(home + "/box").read(), word)
        # it asks to act as "alice", whatever the ticket's name
        done = site.program("fetchmail", "--nosyslog", "--nodetach", "-f", config(
            "fetchmailrc", 'set idfile "HOME/ids"\npoll %s proto pop3 auth gssapi user alice there ssl sslcertck '
            'sslcertfile CA nokeep mda "cat >HOME/fetched"\n' % HOST), cache=cache)
        check("fetchmail reads with a ticket", done.returncode == 0, done.stdout)
        contains("the same mail", open(home + "/fetched").read(), word)


def exchanges_by_hand(site):
    cache = site.ticket("alice")
    for mechanism in ("GSSAPI", "GSS-SPNEGO"):
        for initial in (False, True):
            equal("%s, initial response: %s" % (mechanism, initial),
                  site.exchange(mechanism, cache, initial=initial).code, 235)
        with Pop3(site.address, 995, site.context) as pop:
            client = gss.Client(mechanism, gss.ticket_cred(cache), "pop@" + HOST)
            contains("%s over POP3" % mechanism, gss.pop3(pop, client), "+OK")
    with Smtp(site.address, 587) as smtp:
        equal("GSSAPI outside TLS", gss.smtp(smtp, gss.Client("GSSAPI", gss.ticket_cred(cache))).code, 235)
    for authzid, code in ((b"alice", 235), (b"CORP\\alice", 235), (b"a.smith@corp.example", 235),
                          (b"bob", 535), (b"nobody-here", 535), (b"a\xff", 535)):
        equal("acting as %r" % authzid, site.exchange("GSSAPI", cache, authzid=authzid).code, code)


def exchanges_that_end_badly(site):
    cache = site.ticket("alice")
    with gss.secured(site.address, site.context) as smtp:
        equal("no token", smtp.ask("AUTH GSSAPI YWJj").code, 535)
        equal("nor in negotiation", smtp.ask("AUTH GSS-SPNEGO YWJj").code, 535)
        equal("a challenge", smtp.ask("AUTH GSSAPI")[:3], "334")
        equal("given up", smtp.ask("*").code, 501)
        client = gss.Client("GSSAPI", gss.ticket_cred(cache))
        equal("then a login", gss.smtp(smtp, client).code, 235)
    first = gss.Client("GSS-SPNEGO", gss.ticket_cred(cache)).respond(b"")
    mark = site.mark()
    for name, codes in (("a token", (334, 235)), ("the same once more", (535,))):
        with gss.secured(site.address, site.context) as smtp:
            replies = [smtp.ask("AUTH GSS-SPNEGO " + gss.encode(first)).code]
            if replies == [334]:
                replies.append(smtp.ask("").code)
            equal(name, tuple(replies), codes)
    check("the log calls it a replay", site.logged(r"auth\.refused .*replay", mark))
    with gss.secured(site.address, site.context) as smtp:  # and goes away in the middle of an exchange
        smtp.ask("AUTH GSSAPI " + gss.encode(gss.Client("GSSAPI", gss.ticket_cred(cache)).respond(b"")))


def negotiation_lets_no_ntlm_in(site):
    cred = gss.ntlm_cred("CORP\\alice", "Alice-Pw1", site.state)
    mark = site.mark()
    equal("NTLM inside GSS-SPNEGO is refused while it is off",
          site.exchange("GSS-SPNEGO", cred=cred, ntlm=True).code, 535)
    check("winbind was not asked", not site.logged(r"auth\.ntlm", mark, 1))


def bindings(site):
    cache = site.ticket("alice")
    foreign = b"tls-server-end-point:" + bytes(32)
    for mechanism in ("GSSAPI", "GSS-SPNEGO"):
        equal("%s bound to this connection" % mechanism,
              site.exchange(mechanism, cache, bindings=gss.end_point).code, 235)
        equal("%s bound to another one" % mechanism,
              site.exchange(mechanism, cache, bindings=lambda _: foreign).code, 535)
        connection, other = [gss.secured_with_exporter(site.address, site.place.ca) for _ in range(2)]
        with connection[0], other[0]:
            reply = gss.smtp(connection[0], gss.Client(mechanism, gss.ticket_cred(cache), bindings=other[1]))
            equal("%s bound by an exporter to another one" % mechanism, reply.code, 535)
            reply = gss.smtp(connection[0], gss.Client(mechanism, gss.ticket_cred(cache), bindings=connection[1]))
            equal("%s bound by an exporter to this one" % mechanism, reply.code, 235)
    site.configure(["basic", "integrated"], 'channel_binding = "require"')
    with Smtp(site.address, 587) as smtp:
        lacks("where they are required nothing is offered outside TLS", smtp.hello, "AUTH")
        equal("nor taken", smtp.ask("AUTH GSSAPI").code // 100, 5)
    for mechanism in ("GSSAPI", "GSS-SPNEGO"):
        equal("%s bound, required" % mechanism,
              site.exchange(mechanism, cache, bindings=gss.end_point).code, 235)
        mark = site.mark()
        equal("%s not bound, required" % mechanism, site.exchange(mechanism, cache).code, 535)
        check("the log says why", site.logged(r"auth\.refused .*no channel bindings", mark))
    site.configure()


def state_of_the_account(site):
    """A ticket is good for hours; what has happened to the account since counts."""
    site.lab.samba_tool("user", "create", "grace", PASSWORDS["grace"], "--mail-address=grace@corp.example")
    cache = site.ticket("grace")
    equal("grace has a ticket", site.exchange("GSSAPI", cache).code, 235)
    mark = site.mark()
    site.lab.samba_tool("user", "disable", "grace")
    equal("disabled, with the same ticket", site.exchange("GSSAPI", cache).code, 535)
    check("the log says why", site.logged(r"auth\.refused .*mechanism=GSSAPI .*disabled", mark))
    site.lab.samba_tool("user", "enable", "grace")
    equal("enabled again", site.exchange("GSSAPI", cache).code, 235)
    site.lab.modify("dn: CN=grace,%s\nchangetype: modify\nreplace: pwdLastSet\npwdLastSet: 0\n" % USERS)
    reply = site.exchange("GSS-SPNEGO", cache)
    contains("with a password that must be changed", reply, "535 5.7.8 Password expired")
    site.lab.modify("dn: CN=grace,%s\nchangetype: modify\nreplace: pwdLastSet\npwdLastSet: -1\n" % USERS)
    equal("and again", site.exchange("GSSAPI", cache).code, 235)
    # the name is another one, the account is the same
    site.lab.samba_tool("user", "rename", "grace", "--samaccountname=hopper", "--upn=hopper@corp.example")
    equal("renamed, with the old name in the ticket", site.exchange("GSSAPI", cache).code, 235)
    site.lab.samba_tool("user", "create", "heidi", PASSWORDS["heidi"])
    site.lab.samba_tool("user", "rename", "heidi", "--samaccountname=grace", "--upn=heidi@corp.example")
    mark = site.mark()
    equal("even when the name is somebody else's now", site.exchange("GSSAPI", cache).code, 235)
    line = site.logged(r"auth\.ok .*who=grace@corp\.example", mark)
    check("who is told by the identifier", line and "CN=heidi" not in line, line or site.lab.log()[mark:])
    site.lab.samba_tool("user", "delete", "hopper")
    mark = site.mark()
    equal("deleted", site.exchange("GSSAPI", cache).code, 535)
    check("and nobody else", site.logged(r"auth\.refused .*nobody in the directories", mark))


def many_groups(site):
    """A ticket of many kilobytes: domain-local groups are in it as whole identifiers."""
    site.lab.samba_tool("user", "create", "many", PASSWORDS["many"], "--mail-address=many@corp.example")
    site.lab.modify("".join(
        "dn: CN=a group with a number %d,%s\nchangetype: add\nobjectClass: group\nsAMAccountName: g%d\n"
        "groupType: -2147483644\nmember: CN=many,%s\n\n" % (i, USERS, i, USERS) for i in range(GROUPS)))
    cache = site.ticket("many")
    for mechanism in ("GSSAPI", "GSS-SPNEGO"):
        with gss.secured(site.address, site.context) as smtp:
            client = gss.Client(mechanism, gss.ticket_cred(cache))
            equal("somebody in %d groups, %s" % (GROUPS, mechanism), gss.smtp(smtp, client).code, 235)
            size = max(len(gss.encode(sent)) for sent in client.sent)
            check("in a line of more than 12,288 octets", size > 12288, size)
    with Pop3(site.address, 995, site.context) as pop:
        reply = gss.pop3(pop, gss.Client("GSSAPI", gss.ticket_cred(cache), "pop@" + HOST), initial=True)
        contains("in one line of POP3", reply, "+OK")


def tickets_for_others(site):
    cache, mark = site.ticket("alice"), site.mark()
    done = site.program("kvno", "-c", cache, "smtp/other.corp.example")
    check("a name nobody has gets no ticket", done.returncode != 0, done.stdout)
    reply = site.exchange("GSSAPI", cache, service="ldap@dc1.corp.example")
    contains("a ticket for the controller is of no use here", reply, "454 4.7.0")
    line = site.logged(r"auth\.temporary .*no keytab has the ticket's key", mark)
    check("the log says which", line and "ldap/dc1" in line, line)
    equal("nor inside negotiation", site.exchange("GSS-SPNEGO", cache, service="ldap@dc1.corp.example").code, 454)
    machine, mark = "FILE:%s/cc-machine" % site.state, site.mark()
    done = site.lab.inside("kinit", "-c", machine, "-k", "-t", site.state + "/mail.keytab", "MAIL$", env=os.environ)
    equal("a computer gets a ticket", done.returncode, 0)
    equal("and is no person who could log in by password either", site.exchange("GSSAPI", machine).code, 535)
    check("the log says what keeps it out", site.logged(r"auth\.refused .*login_filter does not let in CN=MAIL", mark))


def wrong_clock(site):
    cache, mark = site.ticket("alice"), site.mark()
    site.program("kvno", "-c", cache, "smtp/" + HOST)
    words = ("/usr/bin/python3", TOP + "/tests/scenario/gss.py", site.address, cache)
    contains("with the right clock", site.program(*words).stdout, "235")
    done = site.program("faketime", "-f", "+10m", *words)
    contains("ten minutes ahead", done.stdout, "535")
    check("the log says why", site.logged(r"auth\.refused .*[Cc]lock skew", mark))


def rotation(site):
    """The machine's password is changed while people log in: nobody notices."""
    cache, mark = site.ticket("alice"), site.mark()
    over, failures, done = threading.Event(), [], []

    def work(mechanism):
        while not over.is_set():
            reply = site.exchange(mechanism, site.fresh(cache))
            (done if reply.code == 235 else failures).append(reply)
    threads = [threading.Thread(target=work, args=(mechanism,)) for mechanism in ("GSSAPI", "GSS-SPNEGO")]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(done) + len(failures) >= 10)
    admin = site.state + "/cc-admin"
    site.lab.inside("kinit", "-c", admin, "Administrator", input=site.lab.values["LAB_ADMIN_PASSWORD"] + "\n")
    for _ in range(2):
        before = len(done)
        result = site.lab.inside(
            "adcli", "update", "--domain=corp.example", "--domain-controller=dc1.corp.example",
            "--computer-name=MAIL", "--host-fqdn=" + HOST, "--host-keytab=%s/mail.keytab" % site.state,
            "--computer-password-lifetime=0", "--login-ccache=" + admin,
            env=dict(os.environ, KRB5_CONFIG=site.state + "/krb5.conf"))
        check("a new machine password", result.returncode == 0, result.stdout)
        wait_for(lambda: len(done) >= before + 20 or failures, 2 * PATIENCE)
    over.set()
    for thread in threads:
        thread.join()
    check("the new keys were read", site.logged(r"auth\.keytab .*read again", mark))
    causes = re.findall(r"auth\.(?:temporary|refused) .*", site.lab.log()[mark:])
    check("of %d logins meanwhile none failed" % len(done), not failures, "%d: %s" % (len(failures), causes))


# --- NTLM ---

def ntlm(site):
    word, mark = token(), site.mark()
    with Smtp(site.address, 587) as smtp:
        lacks("NTLM is not offered outside TLS", smtp.hello, "NTLM")
        equal("nor taken", smtp.ask("AUTH NTLM").code // 100, 5)
        smtp.start_tls(site.context)
        contains("inside it is", smtp.hello, "NTLM")
    for user in ("alice", "CORP\\alice", "corp.example\\alice", "alice@corp.example"):
        done = site.send("NTLM", user + ":Alice-Pw1", word)
        check("curl sends with NTLM as " + user, done.returncode == 0, done.stdout)
    done = site.curl("NTLM", "CORP\\alice:Alice-Pw1", "pop3s://" + HOST)
    check("curl reads with NTLM", done.returncode == 0, done.stdout)
    equal("the mail is there", subjects(site.place.inbox("bob", "Bob-Pw1")), [word] * 4)
    line = site.logged(r"auth\.ntlm .*user=.*alice", mark)
    check("the log tells who uses it, and from where", line and "client=" in line and "version=2" in line, line)
    for user, password in (("alice", "Wrong-Pw1"), ("carol", "Carol-Pw1"), ("frank", "Frank-Pw1"),
                           ("no-such-user", "Alice-Pw1")):
        done = site.send("NTLM", "%s:%s" % (user, password), word)
        check("%s with %s is refused" % (user, password), done.returncode == 67, done.stdout)


def ntlm_by_hand(site):
    def cred():
        return gss.ntlm_cred("CORP\\alice", "Alice-Pw1", site.state)
    foreign = b"tls-server-end-point:" + bytes(32)
    for mechanism in ("NTLM", "GSS-SPNEGO"):
        equal("NTLM by %s" % mechanism, site.exchange(mechanism, cred=cred(), ntlm=True).code, 235)
        equal("NTLM by %s, bound" % mechanism,
              site.exchange(mechanism, cred=cred(), ntlm=True, bindings=gss.end_point).code, 235)
        mark = site.mark()
        equal("NTLM by %s, passed on from another connection" % mechanism,
              site.exchange(mechanism, cred=cred(), ntlm=True, bindings=lambda _: foreign).code, 535)
        check("which the log knows", site.logged(r"auth\.refused", mark))
    equal("a ticket in negotiation is taken as before",
          site.exchange("GSS-SPNEGO", site.ticket("alice")).code, 235)
    for password, code in (("Alice-Pw1", 235), ("Wrong-Pw2", 535)):
        mark = site.mark()
        with gss.secured(site.address, site.context) as smtp:
            client = gss.Client("NTLM", gss.ntlm_cred("CORP\\alice", password, site.state), ntlm=True)
            client.mechanism = "GSS-SPNEGO"  # as Windows does it when it has nothing else to offer
            equal("NTLM without the frame of negotiation, %s" % code, gss.smtp(smtp, client).code, code)
        check("is guarded like any other", site.logged(r"auth\.ntlm .*user=.*alice", mark))
    with gss.secured(site.address, site.context) as smtp:
        equal("a message that is none", smtp.ask("AUTH NTLM YWJj").code, 535)
        client = gss.Client("NTLM", cred(), ntlm=True)
        smtp.ask("AUTH NTLM " + gss.encode(client.respond(b"")))
        equal("half of a last message", smtp.ask(gss.encode(b"NTLMSSP\0\3\0\0\0" + bytes(20))).code, 535)


def ntlm_required_bindings(site):
    site.configure(["integrated", "ntlm"], 'channel_binding = "require"')
    cred = gss.ntlm_cred("CORP\\alice", "Alice-Pw1", site.state)
    equal("NTLM not bound, required", site.exchange("NTLM", cred=cred, ntlm=True).code, 535)
    equal("NTLM bound, required",
          site.exchange("NTLM", cred=cred, ntlm=True, bindings=gss.end_point).code, 235)
    with Smtp(site.address, 465, site.context) as smtp:
        lacks("without basic no password is taken", smtp.hello, "PLAIN")
    with Pop3(site.address, 995, site.context) as pop:
        check("nor in POP3", pop.ask("USER alice").startswith("-ERR"))


def ntlm_without_winbind(site):
    pipe = "/run/samba/winbindd/pipe"
    site.lab.inside("mv", pipe, pipe + ".away")
    try:
        with gss.secured(site.address, site.context) as smtp:
            client = gss.Client("NTLM", gss.ntlm_cred("CORP\\bob", "Bob-Pw1", site.state), ntlm=True)
            equal("without winbind the trouble is ours", gss.smtp(smtp, client).code, 454)
    finally:
        site.lab.inside("mv", pipe + ".away", pipe)
    check("and over when it is back", wait_for(lambda: site.exchange(
        "NTLM", cred=gss.ntlm_cred("CORP\\bob", "Bob-Pw1", site.state), ntlm=True).code == 235))


def ntlm_locks_nobody_out(site):
    site.lab.samba_tool("domain", "passwordsettings", "set", "--account-lockout-threshold=5",
                        "--account-lockout-duration=30", "--reset-account-lockout-after=30")
    try:
        site.configure(["basic", "integrated", "ntlm"])  # a new directory role learns the policy
        for number in range(12):
            site.send("NTLM", "CORP\\erin:Guess-Pw%d" % number, "x")
        text = site.lab.samba_tool("user", "show", "erin", "--attributes=lockoutTime,badPwdCount")
        check("a dozen guesses do not lock erin out", not re.search(r"lockoutTime: [1-9]", text), text)
        check("since the domain was not asked every time",
              site.logged(r"auth\.temporary .*mechanism=NTLM .*too many wrong", 0))
    finally:
        site.lab.samba_tool("domain", "passwordsettings", "set", "--account-lockout-threshold=0")


# --- certificates ---

def person(site, name, extensions, authority="people"):
    """A certificate of the authority, made with openssl."""
    script = (
        'cd "$1"; [ -e $4.pem ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 '
        '-subj "/C=DE/ST=Hesse/O=Example/CN=$4" -addext basicConstraints=critical,CA:TRUE -keyout $4.key -out $4.pem; '
        'openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=Example/CN=$2" -keyout p-$2.key '
        '-out p-$2.csr; printf "%b\\n" "basicConstraints=CA:FALSE\\nsubjectKeyIdentifier=hash\\n$3" >p-$2.ext; '
        'openssl x509 -req -in p-$2.csr -CA $4.pem -CAkey $4.key -set_serial 0x112233 -days 30 -out p-$2.pem '
        '-extfile p-$2.ext')
    done = site.lab.inside("bash", "-ec", script, "x", site.state, name, extensions, authority)
    if done.returncode != 0:
        raise RuntimeError(done.stdout)
    return ("--cert", "%s/p-%s.pem" % (site.state, name), "--key", "%s/p-%s.key" % (site.state, name))


def upn(name, purpose="clientAuth"):
    return "extendedKeyUsage=%s\\nsubjectAltName=otherName:1.3.6.1.4.1.311.20.2.3;UTF8:%s" % (purpose, name)


def certificates(site):
    alice = person(site, "alice", upn("alice@corp.example"))
    bob = person(site, "bob", "extendedKeyUsage=clientAuth")
    stranger = person(site, "stranger", upn("alice@corp.example"), "elsewhere")
    server = person(site, "server", upn("alice@corp.example", "serverAuth"))
    carol = person(site, "carol", upn("carol@corp.example"))
    site.configure(["basic", "integrated", "certificate"], 'client_ca = "%s/people.pem"' % site.state)
    with gss.secured(site.address, site.context) as smtp:
        lacks("without a certificate EXTERNAL is not offered", smtp.hello, "EXTERNAL")
        equal("nor taken", smtp.ask("AUTH EXTERNAL =").code // 100, 5)
    word = token()
    for name, words, user, code in (
            ("alice", alice, "alice", 0), ("alice as herself", alice, "alice@corp.example", 0),
            ("alice as bob", alice, "bob", 67), ("bob, whom nothing names", bob, "bob", 67),
            ("a stranger's authority", stranger, "alice", 67), ("a server's certificate", server, "alice", 67),
            ("a disabled account", carol, "carol", 67)):
        done = site.send("EXTERNAL", user + ":", word, *words)
        check("certificate: " + name, done.returncode == code, done.stdout)
    done = site.curl("EXTERNAL", "alice:", "pop3s://" + HOST, *alice)
    check("in POP3", done.returncode == 0, done.stdout)
    equal("the mail is there", subjects(site.place.inbox("bob", "Bob-Pw1")), [word] * 2)
    text = site.lab.inside("openssl", "x509", "-in", site.state + "/p-bob.pem", "-noout", "-ext",
                           "subjectKeyIdentifier").stdout
    ski = text.strip().splitlines()[-1].strip().replace(":", "")
    for identity in ("X509:<SKI>" + ski, "X509:<I>C=DE,S=Hesse,O=Example,CN=people<SR>332211",
                     "X509:<I>C=DE,S=Hesse,O=Example,CN=people<S>O=Example,CN=bob"):
        site.lab.modify("dn: CN=bob,%s\nchangetype: modify\nreplace: altSecurityIdentities\n"
                        "altSecurityIdentities: %s\n" % (USERS, identity))
        done = site.send("EXTERNAL", "bob:", word, *bob)
        check("bob by " + identity, done.returncode == 0, done.stdout)
    subjects(site.place.inbox("bob", "Bob-Pw1"))
    with gss.secured(site.address, site.context) as smtp:
        equal("a ticket beside it", gss.smtp(smtp, gss.Client("GSSAPI", gss.ticket_cred(site.ticket("alice")))).code, 235)


def main():
    with tempfile.NamedTemporaryFile("w", suffix=".lsan") as file:  # gss-ntlmssp 1.2.0 loses 32 octets a login
        file.write("leak:gssntlmssp.so\n")
        file.flush()
        os.chmod(file.name, 0o644)
        os.environ["LSAN_OPTIONS"] = "print_suppressions=0:suppressions=" + file.name
        logins(Site())


def logins(site):
    site.lab.inside("chgrp", "winbindd_priv", site.state + "/samba/state/winbindd_privileged")
    for test in (offered, curl_with_a_ticket, other_programs_with_a_ticket, exchanges_by_hand,
                 exchanges_that_end_badly, negotiation_lets_no_ntlm_in, bindings, state_of_the_account, many_groups,
                 tickets_for_others, wrong_clock, rotation):
        with case(test.__name__):
            test(site)
    with case("ntlm is on"):
        site.configure(["basic", "integrated", "ntlm"])
    for test in (ntlm, ntlm_by_hand, ntlm_without_winbind, ntlm_locks_nobody_out, ntlm_required_bindings, certificates):
        with case(test.__name__):
            test(site)
    equal("no process died", site.lab.log().count("role.died"), 0)
    lacks("nobody sent what he may not", site.lab.log(), "work.culprit")
    said = [line for line in site.lab.log().splitlines() if "Sanitizer:" in line or "runtime error:" in line]
    check("sanitizers have nothing to say", not said, said)
    core.no_secret(site.place, list(PASSWORDS.values()) + ["Carol-Pw1", "Frank-Pw1", "Wrong-Pw1"])


run(main)
