# SPDX-License-Identifier: ISC
"""A fresh machine beside a lab's domain: a network, mounts and a host name of its own.

Its network is joined to the lab's by a pair of interfaces. /etc lies under an overlay, Samba's
folders are empty, so nothing that a join writes touches the machine the tests run on.
"""
import os
import shutil

import harness
from harness import Process, at_end, command, must, read, wait_for

ADDRESS = "10.77.0.2"
GATE = "10.77.0.1"  # the lab's end

SETUP = r"""
set -eu
hostname "$2"
mkdir -p "$1/etc" "$1/work"
mount -t tmpfs tmpfs "$1/etc"
mkdir "$1/etc/upper" "$1/etc/work"
cat /etc/resolv.conf >"$1/etc/upper/resolv.conf"
cat /etc/hosts >"$1/etc/upper/hosts"
mount -t overlay -o "lowerdir=/etc,upperdir=$1/etc/upper,workdir=$1/etc/work" overlay /etc
rm -rf /etc/postern
mkdir -p /etc/samba
cp /usr/share/samba/smb.conf /etc/samba/smb.conf
for folder in /run/samba /run/postern /var/lib/samba /var/cache/samba /var/log/samba; do
	mount -t tmpfs -o mode=755 tmpfs "$folder"
done
mkdir -p /var/lib/samba/private
install -d -m 750 -g winbindd_priv /var/lib/samba/winbindd_privileged # as Debian's winbind has it
mount --bind "$1/var" /var/lib/postern
echo up >"$1/up"
exec sleep infinity
"""


class Member:
    def __init__(self, lab, host="gw"):
        self.lab, self.host = lab, host
        self.state = lab.state + "/" + host
        self.netns = lab.name + "-m"
        os.makedirs(self.state + "/var")
        self.mount_points()
        self.network()
        self.anchor = Process("ip", "netns", "exec", self.netns, "unshare", "--uts", "--mount",
                              "--propagation", "private", "bash", "-c", SETUP, "anchor", self.state, host,
                              log=self.state + "/anchor.log")
        if not wait_for(lambda: os.path.exists(self.state + "/up") or not self.anchor.running()) or \
           not self.anchor.running():
            raise RuntimeError("the member does not come up: " + read(self.state + "/anchor.log"))

    def mount_points(self):
        for path in ("/run/samba", "/run/postern", "/var/lib/postern", "/var/cache/samba", "/var/log/samba"):
            if not os.path.isdir(path):
                os.makedirs(path)
                at_end(os.rmdir, path)

    def network(self):
        folder = "/etc/netns/" + self.netns
        os.makedirs(folder, exist_ok=True)
        at_end(shutil.rmtree, folder, True)
        shutil.copy("/etc/netns/%s/resolv.conf" % self.lab.name, folder)
        with open(folder + "/hosts", "w") as file:
            file.write("127.0.0.1 localhost\n%s gw.corp.example gw mx.corp.example\n" % ADDRESS)
        must("ip", "netns", "add", self.netns)
        at_end(command, "ip", "netns", "delete", self.netns)
        must("ip", "link", "add", "s11m", "netns", self.netns, "type", "veth",
             "peer", "name", "s11l", "netns", self.lab.name)
        must("ip", "-n", self.lab.name, "address", "add", GATE + "/24", "dev", "s11l")
        must("ip", "-n", self.lab.name, "link", "set", "s11l", "up")
        must("ip", "-n", self.netns, "address", "add", ADDRESS + "/24", "dev", "s11m")
        for link in ("lo", "s11m"):
            must("ip", "-n", self.netns, "link", "set", link, "up")
        must("ip", "-n", self.netns, "route", "add", "10.53.0.0/24", "via", GATE)

    def prefix(self):
        return ["nsenter", "--target", self.pid(), "--net", "--mount", "--uts", "--"]

    def pid(self):
        """Of the sleeping anchor itself: unshare and ip exec one another."""
        return str(self.anchor.pid)

    def run(self, *words, **options):
        return command(*self.prefix(), *words, **options)

    def must(self, *words, **options):
        return must(*self.prefix(), *words, **options)

    def postern(self, *words, **options):
        return self.run(harness.POSTERN, *words, **options)

    def process(self, *words, log):
        return Process(*self.prefix(), *words, log=log)

    def path(self, path):
        """The member's file, as this process may open it."""
        return "/proc/%s/root%s" % (self.pid(), path)

    def read(self, path):
        return read(self.path(path))

    def exists(self, path):
        return os.path.lexists(self.path(path))

    def write(self, path, text):
        with open(self.path(path), "w") as file:
            file.write(text)
