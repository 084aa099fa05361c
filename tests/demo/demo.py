#!/usr/bin/env python3
"""The servers at work: kea-dhcp4 and kea-ctrl-agent on a minimal configuration in network namespaces of their own,
configured through the backend with kea-shell and curl, leasing to busybox udhcpc, ISC dhclient and dhcpcd.

    demo.py            leaves the servers up until Ctrl-C
    demo.py --once     ends after the last step (what the tests run)
    demo.py --prefix DIR   uses an installation instead of building one
"""

import argparse
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SERVER = f"keademo{os.getpid()}"
CLIENTS = ("udhcpc", "dhclient", "dhcpcd")

# What a client's own script would do, without touching the machine's resolver: set and take away the address.
SCRIPT = r"""#!/bin/sh
event="${reason:-$1}"
case "$event" in
    bound | renew | BOUND | RENEW | REBIND | REBOOT)
        address="${new_ip_address:-$ip}"; bits="${mask:-24}"
        ip -4 address flush dev eth0
        ip address add "$address/$bits" dev eth0 ;;
    deconfig | RELEASE | EXPIRE | STOP)
        ip -4 address flush dev eth0 ;;
esac
exit 0
"""


class Failed(Exception):
    """A step did not do what it should."""


def out(text=""):
    print(text, flush=True)


def title(text):
    out(f"\n\033[1m== {text}\033[0m" if sys.stdout.isatty() else f"\n== {text}")


def table(rows, header):
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(header), *rows]) for i in range(len(header))]
    line = lambda cells: "   " + "  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip()
    out(line(header))
    out("   " + "  ".join("-" * width for width in widths))
    for row in rows:
        out(line(row))


def run(*command, check=True, stdin=None, timeout=60):
    done = subprocess.run(command, input=stdin, text=True, capture_output=True, timeout=timeout)
    if check and done.returncode:
        raise Failed(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def inside(namespace, *command, **how):
    return run("ip", "netns", "exec", namespace, *command, **how)


class Demo:
    def __init__(self, prefix):
        self.work = tempfile.mkdtemp(prefix="kea-demo-")
        self.prefix = prefix
        self.processes = []
        self.namespaces = []
        self.clients = {}

    # -- the machine ---------------------------------------------------------------------------------------------

    def build(self):
        if self.prefix:
            self.home = os.path.join(self.work, "kea")
            shutil.copytree(self.prefix, self.home, ignore=shutil.ignore_patterns("*.csv", "*.sock", "*.db*"))
        else:
            self.home = os.path.join(self.work, "kea")
            subprocess.run(["cargo", "xtask", "install", "--prefix", self.home], cwd=ROOT, check=True)

    def network(self):
        """A server and three clients on one link."""
        def namespace(name):
            run("ip", "netns", "add", name)
            self.namespaces.append(name)
            inside(name, "ip", "link", "set", "lo", "up")

        namespace(SERVER)
        inside(SERVER, "ip", "link", "add", "lan", "type", "bridge")
        inside(SERVER, "ip", "link", "set", "lan", "up")
        for address in ("192.0.2.1/24", "198.51.100.1/24"):
            inside(SERVER, "ip", "address", "add", address, "dev", "lan")
        for number, client in enumerate(CLIENTS, 1):
            name = f"{SERVER}-{client}"
            namespace(name)
            port = f"to-{client}"
            run("ip", "-n", SERVER, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
            inside(SERVER, "ip", "link", "set", port, "master", "lan", "up")
            inside(name, "ip", "link", "set", "eth0", "address", f"02:00:5e:00:53:0{number}")
            inside(name, "ip", "link", "set", "eth0", "up")
        script = os.path.join(self.work, "script")
        with open(script, "w", encoding="ascii") as file:
            file.write(SCRIPT)
        os.chmod(script, 0o755)

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def start(self):
        socket = self.path("var/run/kea/kea-dhcp4.sock")
        dhcp4 = {"Dhcp4": {
            "server-tag": "headquarters",
            "interfaces-config": {"interfaces": ["lan"]},
            "control-socket": {"socket-type": "unix", "socket-name": socket},
            "hooks-libraries": [{"library": "libdhcp_cb_cmds.so"}, {"library": "libdhcp_subnet_cmds.so"}],
            "config-control": {"config-databases": [{"type": "sqlite", "name": "kea-config.db"}]},
            "lease-database": {"type": "memfile", "name": "kea-leases4.csv"},
            "loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output-options": [{"output": "kea-dhcp4.log"}]}],
        }}
        agent = {"Control-agent": {"http-host": "127.0.0.1", "http-port": 8080, "control-sockets": {
            "dhcp4": {"socket-type": "unix", "socket-name": socket}}}}
        for name, config in (("kea-dhcp4", dhcp4), ("kea-ctrl-agent", agent)):
            file = self.path(f"etc/kea/{name}.conf")
            with open(file, "w", encoding="ascii") as target:
                json.dump(config, target, indent=4)
            os.chmod(file, 0o640)
            log = open(os.path.join(self.work, f"{name}.out"), "w", encoding="utf-8")
            self.processes.append(subprocess.Popen(
                ["ip", "netns", "exec", SERVER, self.path("sbin", name), "-c", file],
                stdout=log, stderr=subprocess.STDOUT))
        self.until("the servers answer", lambda: self.shell("version-get")["result"] == 0)

    def until(self, what, condition, seconds=15):
        end = time.monotonic() + seconds
        reason = ""
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except (Failed, ValueError, KeyError, IndexError, OSError) as error:
                reason = f": {error}"
            time.sleep(0.1)
        raise Failed(f"waited {seconds} s in vain until {what}{reason}")

    # -- commands ------------------------------------------------------------------------------------------------

    def shell(self, command, body=""):
        """By kea-shell; arguments in its own bare form."""
        text = inside(SERVER, self.path("sbin/kea-shell"), "--host", "127.0.0.1", "--port", "8080",
                      "--service", "dhcp4", command, stdin=body)
        return json.loads(text)[0]

    def curl(self, command, arguments=None):
        """By curl."""
        body = {"command": command, "service": ["dhcp4"]}
        if arguments is not None:
            body["arguments"] = arguments
        text = inside(SERVER, "curl", "-s", "-X", "POST", "-H", "Content-Type: application/json",
                      "-d", json.dumps(body), "http://127.0.0.1:8080/")
        return json.loads(text)[0]

    def tell(self, how, command, arguments):
        if how == "kea-shell":
            answer = self.shell(command, json.dumps(arguments)[1:-1])
        else:
            answer = self.curl(command, arguments)
        if answer["result"] != 0:
            raise Failed(f"{command}: {answer}")
        return [how, command, answer["text"]]

    def subnet(self, number, prefix, pool, tags, network, **more):
        return {"server-tags": tags, "subnets": [dict({
            "id": number, "subnet": prefix, "shared-network-name": network, "pools": [{"pool": pool}]}, **more)]}

    def configure(self):
        title("1. Servers, a shared network, subnets and options, created through the backend")
        rows = [self.tell("kea-shell", "remote-server4-set", {"servers": [
                    {"server-tag": "headquarters", "description": "The machine at HQ (v4)"}]}),
                self.tell("curl", "remote-server4-set", {"servers": [
                    {"server-tag": "branch", "description": "The machine at the branch (v4)"}]}),
                self.tell("kea-shell", "remote-option-def4-set", {"server-tags": ["all"], "option-defs": [
                    {"name": "motd", "code": 222, "type": "string", "space": "dhcp4"}]}),
                self.tell("curl", "remote-option4-global-set", {"server-tags": ["all"], "options": [
                    {"name": "domain-name-servers", "code": 6, "data": "192.0.2.53, 192.0.2.54"}]}),
                self.tell("kea-shell", "remote-option4-global-set", {"server-tags": ["headquarters"], "options": [
                    {"code": 222, "name": "motd", "data": "hello from the backend", "always-send": True}]}),
                self.tell("kea-shell", "remote-global-parameter4-set", {"server-tags": ["headquarters"],
                    "parameters": {"valid-lifetime": 600}}),
                self.tell("curl", "remote-network4-set", {"server-tags": ["headquarters"], "shared-networks": [
                    {"name": "campus", "interface": "lan"}]}),
                self.tell("curl", "remote-subnet4-set", self.subnet(
                    1, "192.0.2.0/24", "192.0.2.100 - 192.0.2.101", ["headquarters"], "campus",
                    **{"option-data": [{"name": "routers", "data": "192.0.2.1"}]})),
                self.tell("kea-shell", "remote-subnet4-set", self.subnet(
                    2, "198.51.100.0/24", "198.51.100.100 - 198.51.100.199", ["headquarters"], "campus")),
                self.tell("curl", "remote-subnet4-set", self.subnet(
                    3, "203.0.113.0/24", "203.0.113.10 - 203.0.113.20", ["branch"], None)),
                self.tell("kea-shell", "remote-option4-subnet-set", {"subnets": [{"id": 2}], "options": [
                    {"name": "routers", "code": 3, "data": "198.51.100.1"}]})]
        table(rows, ("by", "command", "answer"))
        refused = self.curl("remote-subnet4-set", self.subnet(
            4, "192.0.2.128/25", "192.0.2.200 - 192.0.2.210", ["headquarters"], None))
        if refused["result"] != 1:
            raise Failed(f"an overlapping subnet was taken: {refused}")
        out(f"\n   A mistake is refused before it reaches a server:\n   {refused['text']}")

    def shown(self):
        title("2. In the database, and what this server (tag headquarters) runs: served without a restart")
        answer = self.curl("remote-subnet4-list", {"server-tags": ["headquarters", "branch"]})
        table([(s["id"], s["subnet"], s["shared-network-name"] or "-",
                ", ".join(tag["server-tag"] if isinstance(tag, dict) else tag
                          for tag in s["metadata"]["server-tags"]))
               for s in answer["arguments"]["subnets"]], ("id", "subnet", "shared network", "server tags"))
        self.until("the subnets are served", lambda: {s["id"] for s in self.running()} == {1, 2})
        out()
        table([(s["id"], s["subnet"], s["shared-network-name"] or "-") for s in self.running()],
              ("id", "running subnet", "shared network"))

    def running(self):
        return self.curl("subnet4-list").get("arguments", {}).get("subnets", [])

    # -- clients -------------------------------------------------------------------------------------------------

    def client(self, name):
        """Starts a client in the foreground of its namespace."""
        space, script = f"{SERVER}-{name}", os.path.join(self.work, "script")
        pid, leases = os.path.join(self.work, f"{name}.pid"), os.path.join(self.work, f"{name}.leases")
        command = {
            "udhcpc": ["busybox", "udhcpc", "-f", "-i", "eth0", "-s", script, "-t", "8", "-T", "1", "-O", "222"],
            "dhclient": ["dhclient", "-4", "-d", "-sf", script, "-pf", pid, "-lf", leases, "eth0"],
            "dhcpcd": ["dhcpcd", "-4", "-B", "-d", "-f", "/dev/null", "-c", "/bin/true", "--noarp", "eth0"],
        }[name]
        # dhcpcd keeps its state in fixed places: give it its own.
        wrap = ["unshare", "--mount", "sh", "-c",
                "mkdir -p /run/dhcpcd /var/lib/dhcpcd; mount -t tmpfs none /run/dhcpcd;"
                " mount -t tmpfs none /var/lib/dhcpcd; exec \"$@\"", "sh"] if name == "dhcpcd" else []
        log = open(os.path.join(self.work, f"{name}.out"), "w", encoding="utf-8")
        process = subprocess.Popen(["ip", "netns", "exec", space, *wrap, *command], stdout=log,
                                   stderr=subprocess.STDOUT)
        self.processes.append(process)
        self.clients[name] = process

    def address(self, name):
        text = inside(f"{SERVER}-{name}", "ip", "-j", "-4", "address", "show", "dev", "eth0", check=False)
        found = [a["local"] for link in json.loads(text or "[]") for a in link.get("addr_info", [])]
        return found[0] if found else None

    def leases(self):
        """The lease file: the last row of an address counts."""
        rows = {}
        with open(self.path("var/lib/kea/kea-leases4.csv"), encoding="utf-8") as file:
            for row in csv.DictReader(file):
                rows[row["address"]] = row
        return rows

    def held(self):
        return {a: r for a, r in self.leases().items() if r["valid_lifetime"] != "0" and r["state"] == "0"}

    def lease(self):
        title("3. Real clients lease addresses")
        for name in CLIENTS:
            self.client(name)
            self.until(f"{name} has an address", lambda name=name: self.address(name), 30)
        self.show_leases()
        addresses = [self.address(name) for name in CLIENTS]
        if len(set(addresses)) != len(CLIENTS):
            raise Failed(f"an address was given twice: {addresses}")
        if not any(a.startswith("198.51.100.") for a in addresses):
            raise Failed("the full pool did not lead into the second subnet of the shared network")
        out("\n   The first pool has two addresses: the third client got one from the other subnet of the network.")

    def show_leases(self):
        held = self.held()
        rows = []
        for name in CLIENTS:
            address = self.address(name)
            row = held.get(address, {})
            rows.append((name, address or "-", row.get("hwaddr", "-"), row.get("subnet_id", "-"),
                         row.get("valid_lifetime", "-"), row.get("hostname") or "-"))
        table(rows, ("client", "address", "hardware address", "subnet", "lifetime", "host name"))

    def renew(self):
        title("4. They renew")
        before = {name: self.address(name) for name in CLIENTS}
        acks = self.statistic("pkt4-ack-sent")
        self.clients_signal("udhcpc", signal.SIGUSR1)
        # dhclient and dhcpcd renew when they are started again: INIT-REBOOT.
        for name in ("dhclient", "dhcpcd"):
            self.end(name)
            self.client(name)
        self.until("all renewed", lambda: self.statistic("pkt4-ack-sent") >= acks + 3, 30)
        self.until("all have their addresses",
                   lambda: all(self.address(name) == before[name] for name in CLIENTS), 30)
        table([(name, before[name], self.address(name)) for name in CLIENTS], ("client", "before", "after"))

    def clients_signal(self, name, number):
        run("pkill", f"-{int(number)}", "-P", str(self.clients[name].pid), check=False)
        self.clients[name].send_signal(number)

    def end(self, name, number=signal.SIGTERM):
        process = self.clients.pop(name)
        process.send_signal(number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.processes.remove(process)

    def statistic(self, name):
        answer = self.curl("statistic-get", {"name": name})
        return answer["arguments"][name][0][0]

    def release(self):
        title("5. One releases")
        address = self.address("udhcpc")
        self.clients_signal("udhcpc", signal.SIGUSR2)
        self.until("the lease is released", lambda: address not in self.held())
        row = self.leases()[address]
        table([("udhcpc", address, {"3": "released", "0": "deleted"}.get(row["state"], row["state"]),
                self.statistic("pkt4-release-received"))], ("client", "address", "lease is now", "RELEASEs received"))
        self.end("udhcpc")

    def change(self):
        title("6. A pool changes while they run: the next client is served from it, without a restart")
        self.tell("curl", "remote-subnet4-set", self.subnet(
            1, "192.0.2.0/24", "192.0.2.150 - 192.0.2.160", ["headquarters"], "campus",
            **{"option-data": [{"name": "routers", "data": "192.0.2.1"}]}))
        pools = lambda: [p["pool"] for s in self.curl("subnet4-get", {"id": 1})["arguments"]["subnet4"]
                         for p in s["pools"]]
        start = time.monotonic()
        self.until("the new pool is served", lambda: pools() == ["192.0.2.150-192.0.2.160"]
                   or pools() == ["192.0.2.150 - 192.0.2.160"])
        took = time.monotonic() - start
        # The network prefers the subnet that served last; fill that one's place by taking it away.
        self.tell("curl", "remote-subnet4-del-by-id", {"subnets": [{"id": 2}]})
        self.until("one subnet is left", lambda: {s["id"] for s in self.running()} == {1})
        inside(f"{SERVER}-udhcpc", "ip", "link", "set", "eth0", "address", "02:00:5e:00:53:99")
        self.client("udhcpc")
        self.until("udhcpc has an address", lambda: self.address("udhcpc"), 30)
        table([("udhcpc", self.address("udhcpc"), f"{took:.1f} s")], ("client", "address", "change served after"))
        if not self.address("udhcpc").startswith("192.0.2.15"):
            raise Failed(f"{self.address('udhcpc')} is not of the new pool")

    def figures(self):
        title("7. What the server counted")
        names = ("pkt4-received", "pkt4-discover-received", "pkt4-offer-sent", "pkt4-request-received",
                 "pkt4-ack-sent", "pkt4-nak-sent", "pkt4-release-received", "pkt4-receive-drop",
                 "cumulative-assigned-addresses")
        table([(name, self.statistic(name)) for name in names], ("statistic", "value"))

    def stay(self):
        title("The servers are up until Ctrl-C")
        enter = f"ip netns exec {SERVER}"
        out(f"   {enter} {self.path('sbin/kea-shell')} --port 8080 --service dhcp4 list-commands </dev/null")
        out(f"   echo '{{ \"command\": \"config-get\" }}' | socat {self.path('var/run/kea/kea-dhcp4.sock')} -,ignoreeof")
        out(f"   {enter} curl -s -d '{{ \"command\": \"status-get\", \"service\": [ \"dhcp4\" ] }}'"
            " -H 'Content-Type: application/json' http://127.0.0.1:8080/ | jq")
        out(f"   log: {self.path('var/log/kea/kea-dhcp4.log')}")
        signal.pause()

    def clean(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(8)
            except subprocess.TimeoutExpired:
                process.kill()
        for name in self.namespaces:
            # What a client left behind ends with its namespace.
            for pid in run("ip", "netns", "pids", name, check=False).split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except (OSError, ValueError):
                    pass
            run("ip", "netns", "delete", name, check=False)
        shutil.rmtree(self.work, ignore_errors=True)

    def logs(self):
        for name in sorted(os.listdir(self.work)):
            if name.endswith(".out"):
                with open(os.path.join(self.work, name), encoding="utf-8", errors="replace") as file:
                    out(f"--- {name}\n{file.read()[-3000:]}")
        log = self.path("var/log/kea/kea-dhcp4.log")
        if os.path.exists(log):
            with open(log, encoding="utf-8", errors="replace") as file:
                out(f"--- kea-dhcp4.log\n{file.read()[-6000:]}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--once", action="store_true", help="end after the last step")
    arguments.add_argument("--prefix", help="use this installation")
    arguments = arguments.parse_args()
    if os.geteuid():
        os.execvp("sudo", ["sudo", "env", f"PATH={os.environ['PATH']}", f"HOME={os.environ.get('HOME', '/root')}",
                           sys.executable, *sys.argv])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    demo = Demo(arguments.prefix)
    try:
        demo.build()
        demo.network()
        demo.start()
        for step in (demo.configure, demo.shown, demo.lease, demo.renew, demo.release, demo.change, demo.figures):
            step()
        if arguments.once:
            out("\nAll steps passed.")
        else:
            demo.stay()
        return 0
    except KeyboardInterrupt:
        return 0
    except (Failed, subprocess.SubprocessError, OSError, KeyError, ValueError, IndexError) as error:
        out(f"\nfailed: {type(error).__name__}: {error}")
        demo.logs()
        return 1
    finally:
        out("\ncleaning up")
        demo.clean()


if __name__ == "__main__":
    sys.exit(main())
