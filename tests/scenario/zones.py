# SPDX-License-Identifier: ISC
"""The domain's name server: nsd with the zones of a scenario."""
import os

from harness import Process, command, must, wait_for

SETTINGS = """server:
	ip-address: %(address)s
	port: 53
	username: ""
	chroot: ""
	zonesdir: "%(directory)s"
	database: ""
	logfile: "%(directory)s/nsd.log"
	pidfile: "%(directory)s/nsd.pid"
	xfrdfile: "%(directory)s/xfrd.state"
	zonelistfile: "%(directory)s/zone.list"
	server-count: 1
remote-control:
	control-enable: no
"""


class Zones:
    """zones: name -> lines of records, without SOA and NS."""

    def __init__(self, directory, address, zones):
        self.directory, self.address = directory, address
        os.makedirs(directory, exist_ok=True)
        text = SETTINGS % dict(directory=directory, address=address)
        for name, records in zones.items():
            with open("%s/%s.zone" % (directory, name), "w") as file:
                file.write("$ORIGIN %s.\n$TTL 60\n@ SOA ns.%s. root.%s. 1 3600 600 86400 60\n@ NS ns\nns A %s\n%s\n"
                           % (name, name, name, address, "\n".join(records)))
            text += 'zone:\n\tname: "%s"\n\tzonefile: "%s.zone"\n' % (name, name)
        with open(directory + "/nsd.conf", "w") as file:
            file.write(text)
        must("nsd-checkconf", directory + "/nsd.conf")
        self.process = Process("nsd", "-d", "-c", directory + "/nsd.conf", log=directory + "/nsd.out")
        name = next(iter(zones))
        if not wait_for(lambda: command("drill", "-Q", "@" + address, name, "SOA").stdout.strip()):
            raise RuntimeError("nsd does not answer: " + open(directory + "/nsd.out").read())
