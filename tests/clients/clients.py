"""Clients of operators against a running kea-dhcp4 and kea-ctrl-agent: each does what it does against Kea.

    clients.py CLIENT --agent URL --server URL --socket PATH --user USER --password PASSWORD

The server has the subnets 1 (10.0.1.0/24) and 2 (10.0.2.0/24, in the network "net"), the class "voip", a reservation in
subnet 1, and the libraries of commands.
"""

import argparse
import importlib
import json
import subprocess
import sys
import urllib.parse


def kea_exporter(to):
    """Both of its targets: the agent, and the UNIX socket of the server."""
    from prometheus_client import REGISTRY

    from kea_exporter.exporter import Exporter

    for target in (to.agent, to.socket):
        exporter = Exporter([target], client_cert=None, client_key=None)
        assert exporter.targets, target
        exporter.update()
        total = {
            (sample.labels["subnet_id"], sample.labels["pool"]): sample.value
            for metric in REGISTRY.collect()
            if metric.name == "kea_dhcp4_addresses_total"
            for sample in metric.samples
        }
        assert total[("1", "")] == 191 and total[("1", "10.0.1.10-10.0.1.200")] == 191, total
        for metric in list(REGISTRY._collector_to_names):
            REGISTRY.unregister(metric)
    # What it would show of a server, the server shows itself, by the same names.
    import requests

    text = requests.get(to.server + "/metrics", auth=(to.user, to.password), timeout=10).text
    known = {metric._name for metric in Exporter([]).metrics_dhcp4.values()}
    own = {
        f"kea_dhcp4_{name}"
        for name in (
            "leases",
            "lease_writes_pending",
            "lease_write_failures_total",
            "queue_kernel_drops_total",
            "queue_late_drops_total",
        )
    }
    shown = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
    assert shown - known <= own | {"kea_dhcp4_uptime_seconds"}, shown - known
    assert {"kea_dhcp4_packets_received_total", "kea_dhcp4_addresses_assigned_total"} <= shown, shown
    assert 'kea_dhcp4_addresses_total{subnet="10.0.1.0/24",subnet_id="1",pool=""} 191' in text, text


def pykeadhcp(to):
    from pykeadhcp import Kea
    from pykeadhcp.models.dhcp4.subnet import Subnet4

    url = urllib.parse.urlparse(to.agent)
    kea = Kea(host=f"{url.scheme}://{url.hostname}", port=url.port)
    assert kea.dhcp4.version_get().result == 0
    assert kea.dhcp4.status_get().pid > 0
    assert [subnet.id for subnet in kea.dhcp4.subnet4_list()] == [1, 2]
    assert kea.dhcp4.subnet4_get(1).subnet == "10.0.1.0/24"
    assert kea.dhcp4.cached_config["Dhcp4"]["subnet4"][0]["id"] == 1
    # It finds libraries by the names of their files.
    assert "subnet_cmds" in str(kea.dhcp4.hook_libraries), kea.dhcp4.hook_libraries
    assert kea.dhcp4.subnet4_add([Subnet4(id=77, subnet="10.77.0.0/24")]).result == 0
    assert kea.dhcp4.subnet4_del(77).result == 0
    assert [network.name for network in kea.dhcp4.network4_list()] == ["net"]
    kea.dhcp4.lease4_add(ip_address="10.0.1.20", hw_address="aa:bb:cc:dd:ee:ff")
    assert kea.dhcp4.lease4_get("10.0.1.20").hw_address == "aa:bb:cc:dd:ee:ff"
    assert len(kea.dhcp4.lease4_get_page(limit=10, search_from="start").leases) == 1
    assert kea.dhcp4.lease4_del("10.0.1.20").result == 0
    assert kea.ctrlagent.status_get().pid > 0


def pyisckea(to):
    from pyisckea import Kea

    kea = Kea(to.agent)
    assert {subnet.id for subnet in kea.dhcp4.subnet4_list()} == {1, 2}
    assert kea.dhcp4.subnet4_get(2).subnet == "10.0.2.0/24"
    kea.dhcp4.lease4_add(ip_address="10.0.1.21", hw_address="aa:bb:cc:dd:ee:01")
    assert kea.dhcp4.lease4_get("10.0.1.21").hw_address == "aa:bb:cc:dd:ee:01"
    assert kea.dhcp4.lease4_del("10.0.1.21").result == 0
    assert [c.name for c in kea.dhcp4.class_list()] == ["voip"]
    assert kea.dhcp4.config_reload().result == 0
    kea.dhcp4.statistic_get_all()


def plugin(name):
    """A module of a plug-in for NetBox, without NetBox: its package itself does not start outside of one."""
    import importlib.util
    import types

    if "netbox_kea" not in sys.modules:
        package = types.ModuleType("netbox_kea")
        package.__path__ = importlib.util.find_spec("netbox_kea").submodule_search_locations
        sys.modules["netbox_kea"] = package
    return importlib.import_module("netbox_kea." + name)


def netbox_kea(to):
    """The client of the plug-in for NetBox, with the commands of its views, to the server itself."""
    kea = plugin("kea")
    client = kea.KeaClient(to.server, username=to.user, password=to.password, timeout=30)

    def command(name, arguments=None, check=(0,)):
        (answer,) = client.command(name, arguments=arguments, check=check)
        return answer

    assert command("version-get")["arguments"]["extended"]
    assert command("status-get")["arguments"]["pid"] > 0
    assert len(command("subnet4-list")["arguments"]["subnets"]) == 2
    command("lease4-get-page", {"from": "0.0.0.0", "limit": 50}, check=(3,))
    command("lease4-add", {"ip-address": "10.0.1.22", "hw-address": "aa:bb:cc:dd:ee:02", "hostname": "x.y"})
    page = command("lease4-get-page", {"from": "0.0.0.0", "limit": 50}, check=(0, 3))["arguments"]
    assert (page["count"], page["leases"][0]["ip-address"]) == (1, "10.0.1.22"), page
    command("lease4-get", {"ip-address": "10.0.1.22"}, check=(0, 3))
    assert command("lease4-get", {"ip-address": "10.0.1.23"}, check=(0, 3)).get("arguments") is None
    command("lease4-get-by-hw-address", {"hw-address": "aa:bb:cc:dd:ee:02"})
    command("lease4-get-by-hostname", {"hostname": "x.y"})
    command("lease4-get-by-client-id", {"client-id": "01:02"}, check=(3,))
    command("lease4-del", {"ip-address": "10.0.1.22"})
    try:
        command("lease4-del", {"ip-address": "not an address"})
    except kea.KeaException as error:
        assert "returned result[0] 1" in str(error), error
    else:
        raise AssertionError("a mistake is no error")
    command("reservation-get-page", {"limit": 10, "subnet-id": 1})
    # The whole configuration as it comes is a configuration.
    config = command("config-get")["arguments"]
    config.pop("hash")
    command("config-test", config)


def netbox_kea_ng(to):
    """The client of that plug-in's successor, to the server itself and through the agent."""
    import ipaddress
    import types

    kea, leases = plugin("kea"), plugin("leases")
    guard = types.SimpleNamespace(refuse=lambda operation: None)
    for url, user, password, service in ((to.server, to.user, to.password, False), (to.agent, None, None, True)):
        client = kea.KeaClient(
            url,
            username=user,
            password=password,
            send_service=service,
            persist_config=False,
            timeout=30,
            max_unpaged_leases=1000,
            write_guard=guard,
            on_write=lambda family, configuration: None,
        )
        assert client.daemon_version(4).extended and client.daemon_status(4).pid > 0
        assert 1 in client.subnet_utilization(4)
        assert client.subnet_definition(4, 2).network == ipaddress.ip_network("10.0.2.0/24")
        assert client.shared_network_exists(4, "net") and not client.shared_network_exists(4, "none")
        address = ipaddress.ip_address("10.0.1.24")
        arguments = {"ip-address": str(address), "hw-address": "aa:bb:cc:dd:ee:04", "hostname": "z"}
        client.command(kea.KeaCommand("lease4-add"), 4, arguments)
        identity = leases.LeaseIdentity(family=4, kind="address", address=address)
        found = client.lease_get_fresh(identity)
        assert found.body["hw-address"] == "aa:bb:cc:dd:ee:04", found
        assert client.lease_update(4, found.body | {"hostname": "w"})
        snapshot = client.lease_get_all(4, server_id=1)
        assert len(snapshot.records) == 1 and not snapshot.diagnostics, snapshot
        assert client.lease_delete(identity) and not client.lease_delete(identity)
        client.network_subnet_del(4, "net", 2)
        client.network_subnet_add(4, "net", 2)
        client.dhcp_disable(4, 60)
        client.dhcp_enable(4)


def kea_connector(to):
    """Debian's python3-kea-connector, the module of Kea's own shell."""
    sys.path.insert(0, "/usr/lib/python3/dist-packages/kea")
    from kea_conn import CARequest
    from kea_connector3 import send_to_control_agent

    url = urllib.parse.urlparse(to.agent)
    request = CARequest()
    request.http_host, request.http_port = url.hostname, url.port
    request.command, request.service, request.args = "statistic-get", ["dhcp4"], '"name": "pkt4-received"'
    request.generate_body()
    request.generate_headers()
    response = send_to_control_agent(request)
    assert response.status == 200 and "pkt4-received" in response.body, response.body


def kea_shell(to):
    """Debian's kea-shell of Kea 2.2.0."""
    url = urllib.parse.urlparse(to.agent)
    line = ["/usr/sbin/kea-shell", "--host", url.hostname, "--port", str(url.port), "--service", "dhcp4"]
    for command, arguments, part in [
        ("list-commands", "", "lease4-add"),
        ("subnet4-get", '"id": 1', "10.0.1.0/24"),
        ("no-such-command", "", "command not supported"),
    ]:
        run = subprocess.run([*line, command], input=arguments, capture_output=True, text=True, timeout=30)
        assert run.returncode == 0 and part in json.dumps(json.loads(run.stdout)), (command, run)


def main():
    clients = {
        function.__name__.replace("_", "-"): function
        for function in (
            kea_exporter,
            pykeadhcp,
            pyisckea,
            netbox_kea,
            netbox_kea_ng,
            kea_connector,
            kea_shell,
        )
    }
    parser = argparse.ArgumentParser()
    parser.add_argument("client", choices=clients)
    for name in ("agent", "server", "socket", "user", "password"):
        parser.add_argument(f"--{name}", required=True)
    to = parser.parse_args()
    clients[to.client](to)


if __name__ == "__main__":
    main()
