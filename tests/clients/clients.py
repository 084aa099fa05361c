"""Clients of operators against running servers: each does what it does against Kea, through the control agent and to
the servers themselves, for as many of them as it knows.

    clients.py CLIENT --agent URL --server URL --socket PATH --server6 URL --socket6 PATH --ddns URL \\
        --user USER --password PASSWORD

kea-dhcp4 has the subnets 1 (10.0.1.0/24) and 2 (10.0.2.0/24, in the network "net"), the class "voip", a reservation in
subnet 1, and the libraries of commands; kea-dhcp6 has the same with 2001:db8:1::/64 (and prefixes) and 2001:db8:2::/64.
"""

import argparse
import base64
import importlib
import json
import subprocess
import sys
import urllib.parse


def kea_exporter(to):
    """All of its targets: the agent, for both servers, and the UNIX socket of each."""
    from prometheus_client import REGISTRY

    from kea_exporter.exporter import Exporter

    for target, families in ((to.agent, (4, 6)), (to.socket, (4,)), (to.socket6, (6,))):
        exporter = Exporter([target], client_cert=None, client_key=None)
        assert exporter.targets, target
        exporter.update()
        total = {
            (metric.name, sample.labels["subnet_id"], sample.labels.get("pool", "")): sample.value
            for metric in REGISTRY.collect()
            if metric.name in ("kea_dhcp4_addresses_total", "kea_dhcp6_na_total", "kea_dhcp6_pd_total")
            for sample in metric.samples
        }
        if 4 in families:
            assert total[("kea_dhcp4_addresses_total", "1", "")] == 191, (target, total)
            assert total[("kea_dhcp4_addresses_total", "1", "10.0.1.10-10.0.1.200")] == 191, (target, total)
        if 6 in families:
            assert total[("kea_dhcp6_na_total", "1", "")] == 16, (target, total)
            assert total[("kea_dhcp6_pd_total", "1", "")] == 4096, (target, total)
        for metric in list(REGISTRY._collector_to_names):
            REGISTRY.unregister(metric)
    # What it would show of a server, the server shows itself, by the same names.
    import requests

    exporter = Exporter([])
    own = (
        "leases",
        "lease_writes_pending",
        "lease_write_failures_total",
        "queue_kernel_drops_total",
        "queue_late_drops_total",
        "uptime_seconds",
        "pd_pool_assigned_total",
        "pd_pool_reclaimed_total",
        "pd_pool_total",
    )
    for server, metrics, prefix, wanted in (
        (
            to.server,
            exporter.metrics_dhcp4,
            "kea_dhcp4_",
            ('addresses_total{subnet="10.0.1.0/24",subnet_id="1",pool=""} 191', "packets_received_total"),
        ),
        (
            to.server6,
            exporter.metrics_dhcp6,
            "kea_dhcp6_",
            ('pd_total{subnet="2001:db8:1::/64",subnet_id="1",pool=""} 4096', "packets_received_total"),
        ),
    ):
        text = requests.get(server + "/metrics", auth=(to.user, to.password), timeout=10).text
        known = {metric._name for metric in metrics.values()}
        shown = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
        assert shown - known <= {prefix + name for name in own}, shown - known
        assert all(prefix + part in text for part in wanted), text
    text = requests.get(to.ddns + "/metrics", auth=(to.user, to.password), timeout=10).text
    assert 'kea_ddns_name_change_requests_total{result="received"} 0' in text, text


def pykeadhcp(to):
    """Through the agent, and to each DHCP server itself."""
    from pykeadhcp import Kea
    from pykeadhcp.models.dhcp4.subnet import Subnet4
    from pykeadhcp.models.dhcp6.subnet import Subnet6

    def connect(to_whom, **login):
        url = urllib.parse.urlparse(to_whom)
        return Kea(host=f"{url.scheme}://{url.hostname}", port=url.port, **login)

    login = {"use_basic_auth": True, "username": to.user, "password": to.password}
    for kea in (connect(to.agent), connect(to.server, **login)):
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
    for kea in (connect(to.agent), connect(to.server6, **login)):
        assert kea.dhcp6.version_get().result == 0
        assert kea.dhcp6.status_get().pid > 0
        assert [subnet.id for subnet in kea.dhcp6.subnet6_list()] == [1, 2]
        assert kea.dhcp6.subnet6_get(2).subnet == "2001:db8:2::/64"
        assert kea.dhcp6.subnet6_add([Subnet6(id=77, subnet="2001:db8:77::/64")]).result == 0
        assert kea.dhcp6.subnet6_del(77).result == 0
        assert [network.name for network in kea.dhcp6.network6_list()] == ["net"]
        kea.dhcp6.lease6_add(ip_address="2001:db8:1::11", duid="01:02:03:04:05", iaid=7)
        assert kea.dhcp6.lease6_get("2001:db8:1::11").duid == "01:02:03:04:05"
        assert len(kea.dhcp6.lease6_get_page(limit=10, search_from="start").leases) == 1
        assert kea.dhcp6.lease6_del("2001:db8:1::11").result == 0
    kea = connect(to.agent)
    assert kea.ctrlagent.status_get().pid > 0
    # It calls kea-dhcp-ddns by a name that no Kea knows.
    assert kea.ddns.config_get().result == 1


def pyisckea(to):
    """Through the agent, and to each DHCP server itself."""
    from httpx import BasicAuth, Client
    from pyisckea import Kea

    login = BasicAuth(to.user, to.password)
    for kea in (Kea(to.agent, client=Client()), Kea(to.server, auth=login, client=Client())):
        assert {subnet.id for subnet in kea.dhcp4.subnet4_list()} == {1, 2}
        assert kea.dhcp4.subnet4_get(2).subnet == "10.0.2.0/24"
        kea.dhcp4.lease4_add(ip_address="10.0.1.21", hw_address="aa:bb:cc:dd:ee:01")
        assert kea.dhcp4.lease4_get("10.0.1.21").hw_address == "aa:bb:cc:dd:ee:01"
        assert kea.dhcp4.lease4_del("10.0.1.21").result == 0
        assert [c.name for c in kea.dhcp4.class_list()] == ["voip"]
        assert kea.dhcp4.config_reload().result == 0
        kea.dhcp4.statistic_get_all()
    for kea in (Kea(to.agent, client=Client()), Kea(to.server6, auth=login, client=Client())):
        assert {subnet.id for subnet in kea.dhcp6.subnet6_list()} == {1, 2}
        assert kea.dhcp6.subnet6_get(2).subnet == "2001:db8:2::/64"
        kea.dhcp6.lease6_add(ip_address="2001:db8:1::12", duid="01:02:03:04:06", iaid=8)
        assert kea.dhcp6.lease6_get("2001:db8:1::12").duid == "01:02:03:04:06"
        assert kea.dhcp6.lease6_del("2001:db8:1::12").result == 0
        assert [c.name for c in kea.dhcp6.class_list()] == ["voip"]
        assert kea.dhcp6.config_reload().result == 0
        kea.dhcp6.statistic_get_all()


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
    """The client of the plug-in for NetBox, with the commands of its views, to the servers themselves."""
    kea = plugin("kea")

    def connect(server):
        client = kea.KeaClient(server, username=to.user, password=to.password, timeout=30)

        def command(name, arguments=None, check=(0,)):
            (answer,) = client.command(name, arguments=arguments, check=check)
            return answer

        return command

    families = (
        (4, to.server, "0.0.0.0", "10.0.1.2", {"hw-address": "aa:bb:cc:dd:ee:02"}, "hw-address"),
        (6, to.server6, "::", "2001:db8:1::1", {"duid": "01:02:03:04:07", "iaid": 9}, "duid"),
    )
    for family, server, first, stem, whose, key in families:
        command = connect(server)
        lease = f"lease{family}"
        address, other = stem + "2", stem + "3"
        assert command("version-get")["arguments"]["extended"]
        assert command("status-get")["arguments"]["pid"] > 0
        assert len(command(f"subnet{family}-list")["arguments"]["subnets"]) == 2
        command(f"{lease}-get-page", {"from": first, "limit": 50}, check=(3,))
        command(f"{lease}-add", {"ip-address": address, "hostname": "x.y", **whose})
        page = command(f"{lease}-get-page", {"from": first, "limit": 50}, check=(0, 3))["arguments"]
        assert (page["count"], page["leases"][0]["ip-address"]) == (1, address), page
        command(f"{lease}-get", {"ip-address": address}, check=(0, 3))
        assert command(f"{lease}-get", {"ip-address": other}, check=(0, 3)).get("arguments") is None
        command(f"{lease}-get-by-{key}", {key: whose[key]})
        command(f"{lease}-get-by-hostname", {"hostname": "x.y"})
        if family == 4:
            command("lease4-get-by-client-id", {"client-id": "01:02"}, check=(3,))
        command(f"{lease}-del", {"ip-address": address})
        try:
            command(f"{lease}-del", {"ip-address": "not an address"})
        except kea.KeaException as error:
            assert "returned result[0] 1" in str(error), error
        else:
            raise AssertionError("a mistake is no error")
        command("reservation-get-page", {"limit": 10, "subnet-id": 1})
        # The whole configuration as it comes is a configuration.
        config = command("config-get")["arguments"]
        config.pop("hash")
        command("config-test", config)
    command = connect(to.ddns)
    assert command("version-get")["arguments"]["extended"]
    assert command("status-get")["arguments"]["pid"] > 0
    config = command("config-get")["arguments"]
    config.pop("hash")
    command("config-test", config)


def netbox_kea_ng(to):
    """The client of that plug-in's successor, to the server itself and through the agent."""
    import ipaddress
    import types

    kea, leases = plugin("kea"), plugin("leases")
    guard = types.SimpleNamespace(refuse=lambda operation: None)
    families = (
        (4, to.server, "10.0.2.0/24", "10.0.1.24", {"hw-address": "aa:bb:cc:dd:ee:04"}),
        (6, to.server6, "2001:db8:2::/64", "2001:db8:1::14", {"duid": "01:02:03:04:08", "iaid": 10}),
    )
    for family, server, network, text, whose in families:
        for url, user, password, service in ((server, to.user, to.password, False), (to.agent, None, None, True)):
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
            assert client.daemon_version(family).extended and client.daemon_status(family).pid > 0
            assert 1 in client.subnet_utilization(family)
            assert client.subnet_definition(family, 2).network == ipaddress.ip_network(network)
            assert client.shared_network_exists(family, "net")
            assert not client.shared_network_exists(family, "none")
            address = ipaddress.ip_address(text)
            arguments = {"ip-address": text, "hostname": "z", **whose}
            client.command(kea.KeaCommand(f"lease{family}-add"), family, arguments)
            identity = leases.LeaseIdentity(family=family, kind="address", address=address)
            found = client.lease_get_fresh(identity)
            assert all(found.body[name] == value for name, value in whose.items()), found
            assert client.lease_update(family, found.body | {"hostname": "w"})
            snapshot = client.lease_get_all(family, server_id=1)
            assert len(snapshot.records) == 1 and not snapshot.diagnostics, snapshot
            assert client.lease_delete(identity) and not client.lease_delete(identity)
            client.network_subnet_del(family, "net", 2)
            client.network_subnet_add(family, "net", 2)
            client.dhcp_disable(family, 60)
            client.dhcp_enable(family)


def kea_connector(to):
    """Debian's python3-kea-connector, the module of Kea's own shell."""
    sys.path.insert(0, "/usr/lib/python3/dist-packages/kea")
    from kea_conn import CARequest
    from kea_connector3 import send_to_control_agent

    for target, service, statistic in (
        (to.agent, ["dhcp4"], "pkt4-received"),
        (to.agent, ["dhcp6"], "pkt6-received"),
        (to.agent, ["d2"], "ncr-received"),
        (to.server, [], "pkt4-received"),
        (to.server6, [], "pkt6-received"),
        (to.ddns, [], "ncr-received"),
    ):
        url = urllib.parse.urlparse(target)
        request = CARequest()
        request.http_host, request.http_port = url.hostname, url.port
        request.command, request.service, request.args = "statistic-get", service, f'"name": "{statistic}"'
        request.generate_body()
        request.generate_headers()
        if not service:
            login = base64.b64encode(f"{to.user}:{to.password}".encode()).decode()
            request.headers["Authorization"] = "Basic " + login
        response = send_to_control_agent(request)
        assert response.status == 200 and statistic in response.body, (target, response.body)


def kea_shell(to):
    """Debian's kea-shell of Kea 2.2.0."""
    login = ["--auth-user", to.user, "--auth-password", to.password]
    for target, options, asked in (
        (to.agent, ["--service", "dhcp4"], [("list-commands", "", "lease4-add"), ("subnet4-get", '"id": 1', "10.0.1.0/24")]),
        (to.agent, ["--service", "dhcp6"], [("list-commands", "", "lease6-add"), ("subnet6-get", '"id": 2', "2001:db8:2::")]),
        (to.agent, ["--service", "d2"], [("statistic-get", '"name": "ncr-received"', "ncr-received")]),
        (to.agent, [], [("status-get", "", "uptime")]),
        (to.server, login, [("subnet4-list", "", "10.0.2.0/24")]),
        (to.server6, login, [("subnet6-list", "", "2001:db8:2::/64")]),
        (to.ddns, login, [("config-get", "", "DhcpDdns")]),
    ):
        url = urllib.parse.urlparse(target)
        line = ["/usr/sbin/kea-shell", "--host", url.hostname, "--port", str(url.port), *options]
        for command, arguments, part in [*asked, ("no-such-command", "", "not supported")]:
            run = subprocess.run([*line, command], input=arguments, capture_output=True, text=True, timeout=30)
            assert run.returncode == 0 and part in json.dumps(json.loads(run.stdout)), (target, command, run)


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
    for name in ("agent", "server", "socket", "server6", "socket6", "ddns", "user", "password"):
        parser.add_argument(f"--{name}", required=True)
    to = parser.parse_args()
    clients[to.client](to)


if __name__ == "__main__":
    main()
