# SPDX-License-Identifier: ISC
"""What a scenario stands on: a network namespace, certificates, slapd, the gateway, the AD lab."""
import ctypes
import os
import shlex
import signal
import socket
import ssl
import uuid

import harness
from harness import TOP, Process, at_end, check, children, command, must, read, shell, wait_for

CLONE_NEWNET = 0x40000000
PATIENT = "20s"  # `timeout` of a directory that is to be there: so long it may take on a slow machine
ADDRESS = "10.54.0.2"
LDAP_ADDRESS = "10.54.0.1"
HOST = "mail.corp.example"


HOME = os.open("/proc/self/ns/net", os.O_RDONLY)


def set_namespace(fd):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def enter(namespace):
    """This process, and what it starts from here, talks in that network namespace."""
    fd = os.open("/run/netns/" + namespace, os.O_RDONLY)
    set_namespace(fd)
    os.close(fd)


def leave():
    """Before a namespace goes away everybody in it is killed."""
    set_namespace(HOME)


class Namespace:
    """A network namespace of the scenario's own, with addresses on its loopback only."""

    def __init__(self, *addresses):
        self.name = harness.own_name()
        must("ip", "netns", "add", self.name)
        at_end(self.remove)
        must("ip", "-n", self.name, "link", "set", "lo", "up")
        for address in addresses or (ADDRESS, LDAP_ADDRESS):
            must("ip", "-n", self.name, "address", "add", address + "/24", "dev", "lo")
        enter(self.name)

    def remove(self):
        leave()
        for pid in command("ip", "netns", "pids", self.name).stdout.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        command("ip", "netns", "delete", self.name)


def certificates(directory, *more):
    """ca.pem and NAME.pem/.key of the gateway's host and of others: (name, alternative names)."""
    text = "authority_create %s; " % shlex.quote(directory)
    for name, names in ((HOST, "DNS:" + HOST),) + more:
        text += "certificate_create %s %s %s; " % tuple(map(shlex.quote, (directory, name, names)))
    shell(text)


def tls(directory_or_file):
    """A client's context that trusts the scenario's authority and wants the gateway's name."""
    path = directory_or_file
    return ssl.create_default_context(cafile=path if os.path.isfile(path) else path + "/ca.pem")


# --- OpenLDAP ---

class Slapd:
    SUFFIX = "dc=corp,dc=example"

    def __init__(self, directory, ldif, address=LDAP_ADDRESS, port=389, with_tls=None, control=None):
        self.directory, self.address, self.port = directory, address, port
        self.options = (["-t", *with_tls] if with_tls else []) + (["-c", control] if control else [])
        self.uri = "ldap://%s:%d" % (address, port)
        os.makedirs(directory, exist_ok=True)
        with open(directory + "/people.ldif", "w") as file:
            file.write(ldif)
        at_end(self.stop)
        self.start(directory + "/people.ldif")

    def script(self, *words):
        return must(TOP + "/tests/lab/slapd.sh", *words)

    def start(self, ldif=""):
        self.script("start", self.directory, self.port, ldif, "-a", self.address, *self.options)

    def pid(self):
        return int(self.script("pid", self.directory).split()[0])

    def stop(self):
        for pid in self.script("pid", self.directory).split():
            os.kill(int(pid), signal.SIGCONT)
        self.script("stop", self.directory)

    def freeze(self):
        """Returns when all its threads stand still: the signal has to get to each of them."""
        pid = self.pid()
        os.kill(pid, signal.SIGSTOP)
        wait_for(lambda: all(read("/proc/%d/task/%s/stat" % (pid, task)).rpartition(") ")[2][:1] == "T"
                             for task in os.listdir("/proc/%d/task" % pid)), step=0.001)

    def thaw(self):
        os.kill(self.pid(), signal.SIGCONT)

    def modify(self, ldif):
        must("ldapmodify", "-x", "-H", self.uri, "-D", "cn=admin," + self.SUFFIX, "-w", "Admin-Pw1",
             input=ldif, env=dict(os.environ, LDAPTLS_REQCERT="never"))

    def set_password(self, uid, password):
        self.modify("dn: uid=%s,ou=people,%s\nchangetype: modify\nreplace: userPassword\n"
                    "userPassword: %s\n" % (uid, self.SUFFIX, password))


def population(people, realm=""):
    """LDIF: (uid, password, mail...), persons of their own in each realm, and the account cn=postern, Service-Pw1, for the gateway's searches."""
    suffix = Slapd.SUFFIX
    entries = ["dn: %s\nobjectClass: dcObject\nobjectClass: organization\ndc: corp\no: corp" % suffix,
               "dn: cn=postern,%s\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
               "cn: postern\nuserPassword: Service-Pw1" % suffix,
               "dn: ou=people,%s\nobjectClass: organizationalUnit\nou: people" % suffix]
    for uid, password, *mails in people:
        # The same person on every server, as replication makes them.
        identity = uuid.uuid5(uuid.NAMESPACE_DNS, uid + realm)
        entries.append("dn: uid=%s,ou=people,%s\nobjectClass: inetOrgPerson\nuid: %s\ncn: %s\nsn: %s\n%s"
                       "userPassword: %s\nentryUUID: %s" % (
                           uid, suffix, uid, uid, uid, "".join("mail: %s\n" % mail for mail in mails), password,
                           identity))
    return "\n\n".join(entries) + "\n"


# --- the gateway ---

DIRECTORY = """
directory "corp" {
	%(where)s
	preset = "%(preset)s"
	base = "dc=corp,dc=example"
	bind = "simple"
	bind_dn = "cn=postern,dc=corp,dc=example"
	password_file = "%(state)s/password"
	timeout = %(timeout)s
	%(directory_tls)s
	%(directory_more)s
}
"""

CONFIGURATION = DIRECTORY + """
run = "%(state)s/run"
frontends = %(frontends)d
%(more)s

domain "corp.example" { directory = "corp" default = true postmaster = "alice@corp.example" %(domain_more)s }
domain "sales.example" { directory = "corp" postmaster = "bob@sales.example" }
domain "corp-alias.example" { alias_of = "corp.example" }

smtp "Default SMTP Virtual Server" {
	listen "%(address)s:25" { tls = "starttls" }
	fqdn = "mail.corp.example"
	certificate = "%(state)s/mail.corp.example.pem"
	key = "%(state)s/mail.corp.example.key"
	authentication = { "anonymous", "basic" }
	%(smtp_more)s
}

smtp "Submission" {
	listen "%(address)s:587" { tls = "starttls" }
	listen "%(address)s:465" { tls = "implicit" }
	fqdn = "mail.corp.example"
	certificate = "%(state)s/mail.corp.example.pem"
	key = "%(state)s/mail.corp.example.key"
	authentication = { "basic" }
	%(submission_more)s
}

pop3 {
	listen "%(address)s:110" { tls = "starttls" }
	listen "%(address)s:995" { tls = "implicit" }
	fqdn = "mail.corp.example"
	certificate = "%(state)s/mail.corp.example.pem"
	key = "%(state)s/mail.corp.example.key"
	%(pop3_more)s
}

store { root = "%(root)s" queue = "%(queue)s" }
log { to = "file" file = "%(log)s" level = "%(level)s" }
"""


class Gateway:
    """The gateway with a configuration of its own in a state directory."""

    def __init__(self, state, servers, **options):
        self.state = state
        self.file = state + "/postern.conf"
        self.text = options.pop("text", CONFIGURATION)
        self.values = dict(state=state, address=ADDRESS, root=state + "/mail", queue=state + "/queue",
                           servers=", ".join('"%s"' % server for server in servers), frontends=2, more="", preset="inetorgperson",
                           directory_more="", domain_more="", smtp_more="", submission_more="",
                           pop3_more="", timeout=PATIENT, level="info", log=state + "/log/postern.log",
                           directory_tls='tls = "starttls"\n\ttls_ca = "%s/ca.pem"' % state)
        self.values.update(options)
        self.address = self.values["address"]
        self.log_file = self.values["log"]
        harness.watched.append(self.log_file)
        self.process = None
        self.prefix = []  # words in front of the program, of a command that becomes it
        at_end(self.check_sanitizers)
        shell("gateway_prepare %s" % shlex.quote(state))
        with open(state + "/password", "w") as file:
            file.write("Service-Pw1\n")
        must("chown", "postern-dir:postern", state + "/password")
        os.chmod(state + "/password", 0o600)

    def write(self, **options):
        self.values.update(options)
        with open(self.file, "w") as file:
            where = "servers = { %(servers)s }" % self.values if self.values["servers"] else ""
            file.write(self.text % dict(self.values, where=where))
        return self.file

    def start(self, seconds=harness.PATIENCE, **options):
        """Returns when all its roles are ready."""
        self.write(**options)
        mark = self.mark()
        self.process = Process(*self.prefix, harness.POSTERND, "-c", self.file, log=self.state + "/posternd.out")
        if not wait_for(lambda: self.answers() or not self.process.running(), seconds):
            raise RuntimeError("the gateway does not come up: " + self.tail())
        if not self.process.running():
            raise RuntimeError("the gateway ended: " + self.tail())
        if not self.logged("master.up", mark, seconds):
            raise RuntimeError("the gateway does not come up: " + self.tail())

    def check_sanitizers(self):
        """When it was built with them: they write where the log goes."""
        text = read(self.state + "/posternd.out") + self.log()
        for line in text.splitlines():
            if "Sanitizer:" in line or "runtime error:" in line:
                check("sanitizers have nothing to say", False, line)
                return

    def answers(self, port=25):
        return answers(self.address, port)

    def tail(self, lines=15):
        return "\n".join(read(self.state + "/posternd.out").splitlines()[-lines:] +
                         read(self.log_file).splitlines()[-lines:])

    def stop(self):
        return self.process.stop() if self.process else None

    def log(self):
        return read(self.log_file)

    def log_since(self, mark):
        return self.log()[mark:]

    def mark(self):
        return len(self.log())

    def logged(self, text, mark=0, seconds=harness.PATIENCE):
        """The first log line behind the mark that holds the text, or None."""
        def find():
            return next((line for line in self.log_since(mark).splitlines() if text in line), None)
        return wait_for(find, seconds)

    def roles(self):
        """role -> pids, as the kernel names the processes; local where there is such a role."""
        names = {"postern-front": "frontend", "postern-dir": "directory", "postern-store": "store",
                 "postern-relay": "relay", "postern-resolve": "resolver"}
        if "postern-local" in children(self.process.pid).values():
            names["postern-local"] = "local"
        found = {role: [] for role in names.values()}
        for pid, name in sorted(children(self.process.pid).items()):
            if name in names:
                found[names[name]].append(pid)
        return found

    def tool(self, *words, **options):
        return command(harness.POSTERN, "-c", self.file, *words, **options)


def answers(address, port):
    """Somebody takes connections there, and on a port that greets has greeted."""
    try:
        with socket.create_connection((address, port), 30) as connection:
            return port in (465, 995) or connection.recv(1) != b""
    except OSError:
        return False


# --- the Active Directory lab ---

class Lab:
    """The lab of tests/lab under a name of its own, with the same addresses in its own namespace."""

    def __init__(self):
        self.name = harness.own_name()
        self.directory = os.path.join(harness.BUILD, "test", self.name)
        self.environment = dict(os.environ, LAB_NAME=self.name, LAB_DIR=self.directory,
                                POSTERND=harness.POSTERND,
                                LAB_DIRECTORY_TIMEOUT=PATIENT)
        at_end(self.down)
        done = command(TOP + "/tests/lab/lab-up.sh", env=self.environment, timeout=1200)
        if done.returncode != 0:
            state = os.path.join(harness.LABS, self.name)
            logs = [read(os.path.join(state, name))[-1500:] for name in ("join.log", "provision.log", "samba.log")]
            raise RuntimeError("lab-up.sh: %s\n%s" % (done.stdout, "\n".join(logs)))
        text = must("bash", "-c", '. "$0" && for v in ${!LAB_@}; do echo "$v=${!v}"; done',
                    self.directory + "/lab.env")
        self.values = dict(line.split("=", 1) for line in text.splitlines())
        self.state = os.path.join(harness.LABS, self.name)
        self.address = self.values["LAB_ADDRESS"]
        self.log_file = self.values["LAB_LOG"]
        harness.watched.append(self.log_file)
        enter(self.name)
        if "LAB_NO_GATEWAY" not in os.environ:
            self.logged("master.up")

    def down(self):
        leave()
        must(TOP + "/tests/lab/lab-down.sh", env=self.environment)

    def master(self):
        return int(read(self.state + "/gateway.pid").split()[0])

    def stop(self):
        master = self.master()
        os.kill(master, signal.SIGTERM)
        if not wait_for(lambda: not os.path.exists("/proc/%d" % master)):
            raise RuntimeError("the gateway does not end")

    def restart(self):
        ups = self.log().count("master.up")
        must("bash", "-c", self.values["LAB_RESTART"], env=self.environment)
        wait_for(lambda: self.log().count("master.up") > ups)

    def inside(self, *words, **options):
        """In the lab's network and mount namespaces, with its names."""
        anchor = read(self.state + "/anchor").strip()
        return command("nsenter", "--target", anchor, "--net", "--mount", "--wd=" + os.getcwd(), "--",
                       *words, **options)

    def samba_tool(self, *words):
        done = self.inside("samba-tool", *words, "--configfile=" + self.state + "/samba/etc/smb.conf")
        if done.returncode != 0:
            raise RuntimeError("samba-tool %s: %s" % (" ".join(words), done.stdout))
        return done.stdout

    def modify(self, ldif):
        """As an administrator with ordinary LDAP tools, over TLS."""
        done = self.inside("ldapmodify", "-x", "-ZZ", "-H", "ldap://" + self.values["LAB_DC"],
                           "-D", "Administrator@corp.example", "-w", self.values["LAB_ADMIN_PASSWORD"],
                           input=ldif, env=dict(os.environ, LDAPTLS_CACERT=self.values["LAB_CA"]))
        if done.returncode != 0:
            raise RuntimeError("ldapmodify: " + done.stdout)

    def log(self):
        return read(self.log_file)

    def logged(self, text, also=lambda line: True):
        """The first log line that holds the text and is also what is asked for, or None."""
        return wait_for(lambda: next((line for line in self.log().splitlines() if text in line and also(line)), None))


def check_log_has_no_secret(name, log, secrets):
    """No password stands in the log, plain or in base64."""
    import base64
    found = [secret for secret in secrets
             if secret in log or base64.b64encode(secret.encode()).decode() in log]
    check(name, not found, "in the log: %s" % found)
