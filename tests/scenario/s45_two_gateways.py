#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Two gateways and a Dovecot share one Active Directory (Samba), each mailbox is at one of them: mail and POP3 by any."""
import base64
import concurrent.futures
import hashlib
import os
import re
import shutil
import signal

import gss
from clients import Pop3, Smtp, encode, message, subjects, token
from harness import Process, case, check, children, contains, equal, lacks, must, read, run, shell, wait_for
from site_under_test import Gateway, Lab, answers, check_log_has_no_secret, tls

TWO, DOVE, DOWN = "10.53.0.31", "10.53.0.32", "10.53.0.33"
HOST = "physicalDeliveryOfficeName"
PASSWORD = "Many-Pw1"
GATEWAY_PASSWORD = "Gateway-Pw/77="
MANY = 20
PEOPLE = {"gina": "three.corp.example", "heidi": "down.corp.example", "ivan": "lmtp:dove.corp.example:24",
          "judy": "unknown.corp.example", "mallory": "two.corp.example"}
PEOPLE.update(("m%02d" % number, ("mail.corp.example", "two.corp.example")[number % 2]) for number in range(MANY))
PROXY = """
pop3_proxy {
	tls_ca = "%s"
	%s
}
"""
DOVECOT = """
base_dir = %(directory)s/run
log_path = %(directory)s/log
instance_name = s45
protocols = pop3 lmtp
listen = %(address)s
ssl = required
ssl_cert = <%(certificate)s.pem
ssl_key = <%(certificate)s.key
ssl_client_ca_dir = /etc/ssl/certs
auth_mechanisms = plain login
auth_master_user_separator = *
mail_location = maildir:%(directory)s/mail/%%u
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
passdb {
	driver = passwd-file
	args = username_format=%%u %(directory)s/masters
	master = yes
	result_success = continue
}
passdb {
	driver = passwd-file
	args = username_format=%%u %(directory)s/users
}
userdb {
	driver = static
	args = uid=mail gid=mail home=%(directory)s/mail/%%u allow_all_users=yes
}
service stats {
	unix_listener stats-writer {
		mode = 0666
	}
}
service lmtp {
	inet_listener lmtp {
		address = %(address)s
		port = 24
	}
}
service pop3-login {
	chroot =
	inet_listener pop3 {
		port = 110
	}
	inet_listener pop3s {
		port = 0
	}
}
"""


class Scene:
    def __init__(self):
        self.lab = Lab()
        self.state, self.ca = self.lab.state, self.lab.values["LAB_CA"]
        self.context = tls(self.ca)
        self.one = self.lab.address
        for address in (TWO, DOVE, DOWN):
            must("ip", "-n", self.lab.name, "address", "add", address + "/24", "dev", "lo")
        for name, address in (("two", TWO), ("three", self.one), ("dove", DOVE), ("down", DOWN), ("unknown", DOVE)):
            self.lab.samba_tool("dns", "add", self.lab.values["LAB_DC"], "corp.example", name, "A", address,
                                "-U", "Administrator%" + self.lab.values["LAB_ADMIN_PASSWORD"])
        for name, names in (("one", "mail three"), ("two", "two mail"), ("dove", "dove")):
            shell("certificate_create %s %s.corp.example %s" % (
                self.state, name, ",".join("DNS:%s.corp.example" % one for one in names.split())))
        self.people()
        self.dovecot()
        self.join_two()
        self.plain = read(self.state + "/postern.conf").replace(
            'preset = "ad"', 'preset = "ad"\nattribute_host = "%s"' % HOST)
        self.configure_one('login = "integrated"')
        self.start_two('login = "none"')

    def people(self):
        text = ""
        for name, host in (("alice", "mail.corp.example"), ("bob", "two.corp.example"),
                           ("erin", "lmtp:dove.corp.example:24")):
            text += "dn: CN=%s,CN=Users,DC=corp,DC=example\nchangetype: modify\nadd: %s\n%s: %s\n-\n\n" % (
                name, HOST, HOST, host)
        secret = base64.b64encode(('"%s"' % PASSWORD).encode("utf-16-le")).decode()
        for name, host in PEOPLE.items():
            text += ("dn: CN=%s,CN=Users,DC=corp,DC=example\nchangetype: add\nobjectClass: user\nsAMAccountName: %s\n"
                     "userPrincipalName: %s@corp.example\nmail: %s@corp.example\nunicodePwd:: %s\n"
                     "userAccountControl: 512\n%s: %s\n\n" % (name, name, name, name, secret, HOST, host))
        self.lab.modify(text)

    def dovecot(self):
        """Users with a password of their own there, and one who may act for them."""
        directory = self.dove = self.state + "/dove"
        os.makedirs(directory + "/run")
        os.makedirs(directory + "/mail")
        must("chown", "mail", directory + "/mail")
        for path in (self.state, directory, directory + "/mail"):
            os.chmod(path, 0o755)
        with open(directory + "/users", "w") as file:
            file.write("erin@corp.example:{PLAIN}Erin-Pw1\nivan@corp.example:{PLAIN}Other-Pw1\n")
        with open(directory + "/masters", "w") as file:
            file.write("gateway:{PLAIN}%s\n" % GATEWAY_PASSWORD)
        for name in ("users", "masters"):
            os.chmod(directory + "/" + name, 0o644)
        with open(directory + "/dovecot.conf", "w") as file:
            file.write(DOVECOT % dict(directory=directory, address=DOVE,
                                      certificate=self.state + "/dove.corp.example"))
        process = Process("dovecot", "-F", "-c", directory + "/dovecot.conf", log=directory + "/out")
        if not wait_for(lambda: answers(DOVE, 110) or not process.running()) or not process.running():
            raise RuntimeError("Dovecot: " + read(directory + "/out") + read(directory + "/log"))

    def join_two(self):
        """A computer TWO with a keytab; one's own is known by a third name too."""
        self.keytab = self.state + "/two.keytab"
        done = self.lab.inside(
            "adcli", "join", "--domain=corp.example", "--domain-realm=CORP.EXAMPLE",
            "--domain-controller=" + self.lab.values["LAB_DC"], "--computer-name=TWO", "--host-fqdn=two.corp.example",
            "--host-keytab=" + self.keytab, "--service-name=smtp", "--service-name=pop", "--login-user=Administrator",
            "--stdin-password", input=self.lab.values["LAB_ADMIN_PASSWORD"] + "\n",
            env=dict(os.environ, KRB5_CONFIG=self.state + "/krb5.conf"))
        if done.returncode != 0:
            raise RuntimeError("adcli join: " + done.stdout)
        must("chown", "postern-dir:postern", self.keytab)
        os.chmod(self.keytab, 0o600)
        self.lab.samba_tool("spn", "add", "pop/three.corp.example", "MAIL$")

    def configure_one(self, login):
        text = self.plain.replace("/mail.corp.example.", "/one.corp.example.").replace(
            "pop3 {", 'pop3 {\nproxies = { "MAIL$" }') + PROXY % (self.ca, login)
        with open(self.state + "/postern.conf", "w") as file:
            file.write(text)
        ups = self.lab.log().count("master.up")
        os.kill(self.lab.master(), signal.SIGHUP)
        if not wait_for(lambda: self.lab.log().count("master.up") > ups):
            raise RuntimeError("no new generation: " + self.lab.log()[-1500:])

    def start_two(self, login):
        own = self.state + "/second"
        os.makedirs(own)
        os.chmod(own, 0o755)
        text = self.plain.replace("%", "%%")
        for name in ("/run", "/mail", "/queue", "/log/postern.log"):
            text = text.replace('"%s%s"' % (self.state, name), '"%s%s"' % (own, name))
        text = text.replace(self.lab.address, TWO).replace("mail.corp.example", "two.corp.example")
        text = text.replace("mail.keytab", "two.keytab").replace("MAIL$@", "TWO$@")
        text = text.replace("pop3 {", 'pop3 {\nproxies = { "MAIL$" }')
        self.two = Gateway(own, [], text=text + "%(more)s", address=TWO, log=own + "/log/postern.log")
        self.two.prefix = ["nsenter", "--target", read(self.state + "/anchor").strip(), "--net", "--mount", "--"]
        self.two.start(more=PROXY % (self.ca, login))

    def pop(self, address, user, password, port=995):
        pop = Pop3(address, port, self.context if port == 995 else None)
        if port != 995:
            pop.start_tls(self.context)
        pop.answer = pop.login(user, password)
        return pop

    def inbox(self, address, user, password, port=995):
        """The messages, which are deleted, and then the session is over by QUIT."""
        with self.pop(address, user, password, port) as pop:
            if not pop.answer.startswith("+OK"):
                raise RuntimeError("%s at %s: %s" % (user, address, pop.answer))
            numbers = [line.split()[0] for line in pop.many("LIST")]
            texts = ["\n".join(pop.many("RETR " + number)) + "\n" for number in numbers]
            for number in numbers:
                pop.ask("DELE " + number)
            answer = pop.ask("QUIT")
            if not answer.startswith("+OK") or not pop.closed():
                raise RuntimeError("QUIT of %s: %s" % (user, answer))
            return texts

    def logged(self, pattern, log=None):
        log = log or self.lab.log
        return wait_for(lambda: next((line for line in log().splitlines() if re.search(pattern, line)), None))

    def ticket(self, user, password):
        self.krb5 = self.state + "/client-krb5.conf"
        with open(self.krb5, "w") as file:
            file.write("[libdefaults]\ndefault_realm = CORP.EXAMPLE\ndns_lookup_realm = false\ndns_lookup_kdc = false\n"
                       "dns_canonicalize_hostname = false\nrdns = false\nkdc_timesync = 0\n[realms]\n"
                       "CORP.EXAMPLE = {\nkdc = 10.53.0.1\n}\n[domain_realm]\n.corp.example = CORP.EXAMPLE\n")
        os.environ["KRB5_CONFIG"] = self.krb5
        cache = "FILE:%s/cc-%s" % (self.state, user)
        done = self.lab.inside("kinit", "-c", cache, user, input=password + "\n", env=os.environ)
        if done.returncode != 0:
            raise RuntimeError("kinit: " + done.stdout)
        return cache


def mail(scene):
    """By SMTP between the gateways, by LMTP to the Dovecot; each once, and nowhere else."""
    sent = {}
    for gateway in (scene.one, TWO):
        for user in ("alice", "bob", "erin"):
            sent[gateway, user] = token()
            with Smtp(gateway) as smtp:
                answer = smtp.transact("x@elsewhere.example", user + "@corp.example", message(sent[gateway, user]))
                equal("mail for %s is taken at %s" % (user, gateway), answer.code, 250)
    for user, password in (("alice", "Alice-Pw1"), ("bob", "Bob-Pw1")):
        words = sorted((sent[scene.one, user], sent[TWO, user]))
        got = []
        for address in (TWO, scene.one):
            wait_for(lambda: got.extend(subjects(scene.inbox(address, user, password))) or len(got) >= 2, step=0.3)
        equal("%s gets each once" % user, sorted(got), words)
    root = scene.dove + "/mail"
    def delivered():
        return sorted(subjects([read(os.path.join(path, name)) for path, _, names in os.walk(root) for name in names
                                if os.path.basename(path) in ("new", "cur")]))
    words = sorted((sent[scene.one, "erin"], sent[TWO, "erin"]))
    check("by LMTP each once", wait_for(lambda: delivered() == words), delivered())
    for state, user in ((scene.state, "bob"), (scene.two.state, "alice")):
        check("no mailbox of %s at the other gateway" % user,
              not os.path.exists("%s/mail/corp.example/%s/new" % (state, user)) or
              not os.listdir("%s/mail/corp.example/%s/new" % (state, user)))


def passwords(scene):
    """By either gateway, on both ports; the answers and what is said before the login."""
    word = token()
    with Smtp(TWO) as smtp:
        smtp.transact("x@elsewhere.example", "bob@corp.example", message(word))
    for port in (110, 995):
        with scene.pop(scene.one, "bob", "Bob-Pw1", port) as pop:
            check("bob's mailbox by the other gateway, port %d" % port, pop.answer.startswith("+OK"), pop.answer)
            equal("his message", subjects("\n".join(pop.many("RETR 1")).splitlines()), [word])
            check("DELE", pop.ask("DELE 1").startswith("+OK"))
            # The connection is lost.
    line = scene.logged(r"auth\.ok .*user=MAIL\$.* who=bob@corp\.example by=\S*MAIL\$", scene.two.log)
    check("the host's log has both names", line, [line for line in scene.two.log().splitlines() if "auth" in line][-2:])
    line = scene.logged(r"pop3\.proxied .*who=bob@corp\.example .*host=two\.corp\.example address=%s tls=verified" % TWO)
    check("and ours says where to", line)
    equal("a lost connection removed nothing", subjects(scene.inbox(scene.one, "bob", "Bob-Pw1")), [word])
    check("what went either way is logged", scene.logged(r"pop3\.proxy_ended .*who=bob\S* .*up=[1-9]\d* down=[1-9]\d*"))
    equal("QUIT removed it", scene.inbox(scene.one, "bob", "Bob-Pw1"), [])
    for name in ("bob", "CORP\\bob", "bob@corp.example"):
        with scene.pop(scene.one, name, "Bob-Pw1") as pop:
            check("as " + name, pop.answer.startswith("+OK"), pop.answer)
            capabilities = "\n".join(pop.many("CAPA"))
            lacks("the host's own CAPA, inside", capabilities, "SASL")
            pop.ask("QUIT")
    for name in ("alice", "alice@corp.example"):
        with scene.pop(TWO, name, "Alice-Pw1") as pop:
            check("with the client's own password as " + name, pop.answer.startswith("+OK"), pop.answer)
            pop.ask("QUIT")
    with Pop3(TWO, 995, scene.context) as pop:
        answer = pop.ask("AUTH PLAIN " + encode("\0alice\0Alice-Pw1"))
        check("AUTH PLAIN too", answer.startswith("+OK"), answer)
        pop.send("STAT\r\nNOOP\r\nQUIT\r\n")
        equal("commands in a row", [line[:3] for line in (pop.line(), pop.line(), pop.line())], ["+OK"] * 3)
        check("and the end", pop.closed())
    for gateway, user in ((scene.one, "bob"), (TWO, "alice")):
        with scene.pop(gateway, user, "Wrong-Pw1") as pop:
            check("a wrong password is refused here", pop.answer.startswith("-ERR [AUTH]"), pop.answer)


def kerberos(scene):
    cred = gss.ticket_cred(scene.ticket("bob", "Bob-Pw1"))
    with Pop3(scene.one, 995, scene.context) as pop:
        answer = gss.pop3(pop, gss.Client("GSSAPI", cred, service="pop@mail.corp.example"))
        check("a ticket here, the machine's ticket there", answer.startswith("+OK"), answer)
        check("and the mailbox is his", pop.ask("STAT").startswith("+OK 0"))
        pop.ask("QUIT")
    cred = gss.ticket_cred(scene.ticket("alice", "Alice-Pw1"))
    with Pop3(TWO, 995, scene.context) as pop:
        answer = gss.pop3(pop, gss.Client("GSSAPI", cred, service="pop@two.corp.example"))
        check("where only the client's password is shown a ticket does not do",
              answer.startswith("-ERR [SYS/PERM]"), answer)
    check("and the log says what to do", scene.logged(r"pop3\.elsewhere .*set login", scene.two.log))


def acting(scene):
    """Nobody but those whom `proxies` names opens another's mailbox."""
    for user, password in (("alice", "Alice-Pw1"), ("mallory", PASSWORD)):
        with Pop3(TWO, 995, scene.context) as pop:
            answer = pop.ask("AUTH PLAIN " + encode("bob\0%s\0%s" % (user, password)))
            check("%s may not act as bob" % user, answer.startswith("-ERR [AUTH]"), answer)
    cred = gss.ticket_cred(scene.ticket("mallory", PASSWORD))
    with Pop3(TWO, 995, scene.context) as pop:
        answer = gss.pop3(pop, gss.Client("GSSAPI", cred, service="pop@two.corp.example", authzid=b"bob"))
        check("nor by ticket", answer.startswith("-ERR [AUTH]"), answer)
    keytab = "FILE:%s/cc-two" % scene.state
    done = scene.lab.inside("kinit", "-c", keytab, "-k", "-t", scene.keytab, "TWO$", env=os.environ)
    equal("the machine two has a ticket", done.returncode, 0)
    with Pop3(scene.one, 995, scene.context) as pop:
        answer = gss.pop3(pop, gss.Client("GSSAPI", gss.ticket_cred(keytab), service="pop@mail.corp.example",
                                          authzid=b"alice"))
        check("a machine that is not named may not", answer.startswith("-ERR [AUTH]"), answer)
    shutil.copy(scene.state + "/mail.keytab", scene.state + "/mail.copy")
    keytab = "FILE:%s/cc-mail" % scene.state
    done = scene.lab.inside("kinit", "-c", keytab, "-k", "-t", scene.state + "/mail.copy", "MAIL$", env=os.environ)
    equal("the machine one has a ticket", done.returncode, 0)
    for who, wanted in (("nobody-by-this-name", "-ERR [AUTH]"), ("carol", "-ERR [AUTH]"), ("", "-ERR [AUTH]"),
                        ("bob", "+OK")):
        with Pop3(TWO, 995, scene.context) as pop:
            answer = gss.pop3(pop, gss.Client("GSSAPI", gss.ticket_cred(keytab), service="pop@two.corp.example",
                                              authzid=who.encode()))
            check("the gateway for %s: %s" % (who or "itself", wanted), answer.startswith(wanted), answer)
    with Smtp(TWO, 587) as smtp:
        smtp.start_tls(scene.context)
        answer = gss.smtp(smtp, gss.Client("GSSAPI", gss.ticket_cred(keytab), service="smtp@two.corp.example",
                                           authzid=b"bob"))
        equal("and not in SMTP", answer.code, 535)


def loops(scene):
    """three.corp.example is the first gateway, which does not know itself by that name."""
    with scene.pop(scene.one, "gina", PASSWORD) as pop:
        check("by a gateway's login: ended", pop.answer.startswith("-ERR [SYS/PERM]"), pop.answer)
    check("with an error in the log", scene.logged(r"error pop3\.loop .*who=gina@corp\.example by=\S*MAIL\$"))
    with scene.pop(TWO, "gina", PASSWORD) as pop:
        check("by the client's password: ended", pop.answer.startswith("-ERR [SYS/PERM]"), pop.answer)
    check("with an error in the log, too", scene.logged(r"error pop3\.loop .*why=\"another gateway"))


def trouble(scene):
    for gateway in (scene.one, TWO):
        with scene.pop(gateway, "heidi", PASSWORD) as pop:
            check("nobody listens there", pop.answer.startswith("-ERR [SYS/TEMP]"), pop.answer)
            answer = pop.login("judy", PASSWORD)
            check("a certificate of another name", answer.startswith("-ERR [SYS/TEMP]"), answer)
    check("the log says why", scene.logged(r"pop3\.proxy_failed .*host=down\.\S+ .*why=\"connection refused"))
    line = scene.logged(r"pop3\.proxy_failed .*host=unknown\.")
    check("and of the certificate", line and "certificate" in line, line)
    with scene.pop(scene.one, "bob", "Bob-Pw1") as pop:
        check("a session is open", pop.answer.startswith("+OK"), pop.answer)
        scene.two.stop()
        check("the host goes, and so does the session", pop.closed())
    with scene.pop(scene.one, "bob", "Bob-Pw1") as pop:
        check("while it is down", pop.answer.startswith("-ERR [SYS/TEMP]"), pop.answer)
    word = token()
    with Smtp(scene.one) as smtp:
        equal("mail waits", smtp.transact("x@e.example", "bob@corp.example", message(word)).code, 250)
    check("for the host", scene.logged(r"relay\.later .*rcpt=bob@corp\.example"))
    scene.two.start()
    with scene.pop(scene.one, "bob", "Bob-Pw1") as pop:
        check("and when it is back", pop.answer.startswith("+OK"), pop.answer)
        pop.ask("QUIT")


def changes(scene):
    """A role dies, the configuration is read anew: whoever is there stays, whoever comes is served."""
    scene.configure_one('login = "integrated"')
    pop = scene.pop(scene.one, "bob", "Bob-Pw1")
    relay = next(pid for pid, name in children(scene.lab.master()).items() if name == "postern-relay")
    ready = scene.lab.log().count("role.ready role=relay")
    os.kill(relay, signal.SIGKILL)
    check("the relay is started again", wait_for(lambda: scene.lab.log().count("role.ready role=relay") > ready))
    def connects():
        with scene.pop(scene.one, "m01", PASSWORD) as other:
            return other.answer.startswith("+OK") and other.ask("QUIT").startswith("+OK")
    check("and connects", wait_for(connects))
    check("an open session needs it no more", pop.ask("NOOP").startswith("+OK"))
    scene.configure_one('login = "integrated"')
    check("and outlives a reload", pop.ask("STAT").startswith("+OK"))
    equal("QUIT", (pop.ask("QUIT")[:3], pop.closed()), ("+OK", True))
    with scene.pop(scene.one, "bob", "Bob-Pw1") as pop:
        check("a new one is served", pop.answer.startswith("+OK"), pop.answer)
        pop.ask("QUIT")


def many(scene):
    """Twenty at a time, each way ten, with a large message: no octet is another."""
    text = message(token(), body="\n".join(base64.b64encode(os.urandom(54)).decode() for _ in range(28000)) +
                   "\n.\n..dots\n")
    people = sorted(name for name in PEOPLE if name[0] == "m" and name[1:].isdigit())
    with Smtp(scene.one) as smtp:
        equal("one message for all", smtp.transact("x@elsewhere.example", [name + "@corp.example" for name in people],
                                                   text).code, 250)
    wanted = hashlib.sha256(text.split("\n\n", 1)[1].encode()).hexdigest()

    def fetch(number):
        name = people[number]
        address = (TWO, scene.one)[number % 2]
        got = []
        wait_for(lambda: got.extend(scene.inbox(address, name, PASSWORD)) or got, step=0.5)
        return [hashlib.sha256(one.split("\n\n", 1)[1].encode()).hexdigest() for one in got]

    with concurrent.futures.ThreadPoolExecutor(MANY) as pool:
        found = list(pool.map(fetch, range(MANY)))
    equal("each has it once, whole", found, [[wanted]] * MANY)


def dovecot(scene):
    """The other host need not be of our kind."""
    with scene.pop(TWO, "erin@corp.example", "Erin-Pw1") as pop:
        check("with her own password", pop.answer.startswith("+OK"), pop.answer)
        equal("both messages are there", pop.ask("STAT").split()[1], "2")
        pop.ask("QUIT")
    with scene.pop(TWO, "ivan@corp.example", PASSWORD) as pop:
        check("a password that is right here and wrong there", pop.answer.startswith("-ERR [AUTH]"), pop.answer)
    check("the log says whose fault", scene.logged(r"pop3\.proxy_refused .*who=ivan.*right here", scene.two.log))
    path = scene.state + "/dove.password"
    for secret, wanted in ((GATEWAY_PASSWORD, "+OK"), ("Wrong-Pw/44=", "-ERR [SYS/PERM]")):
        with open(path, "w") as file:
            file.write(secret + "\n")
        os.chmod(path, 0o600)
        must("chown", "postern-dir:postern", path)
        if wanted == "+OK":
            scene.configure_one('login = "basic"\n\tuser = "gateway"\n\tpassword_file = "%s"' % path)
        with scene.pop(scene.one, "erin", "Erin-Pw1") as pop:
            check("as its master user: " + wanted, pop.answer.startswith(wanted), pop.answer)
            if wanted == "+OK":
                equal("her mailbox", pop.ask("STAT").split()[1], "2")
    line = scene.logged(r"pop3\.proxy_refused .*who=erin")
    check("the log says that it is our login", line and "the login of pop3_proxy" in line, line)


def main():
    scene = Scene()
    for test in (mail, passwords, kerberos, acting, loops, many, dovecot, changes, trouble):
        with case(test.__name__):
            test(scene)
    equal("none of the processes died but the one that was killed",
          [log.count("role.died") for log in (scene.lab.log(), scene.two.log())], [1, 0])
    for log in (scene.lab.log(), scene.two.log()):
        lacks("nobody sent what he may not", log, "culprit")
        check_log_has_no_secret("no secret in the log", log,
                                ["Alice-Pw1", "Bob-Pw1", "Erin-Pw1", PASSWORD, GATEWAY_PASSWORD, "Wrong-Pw/44="])


run(main)
