//! keactrl on an installation whose servers are scripts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A server for keactrl: PID file, SIGHUP and SIGTERM as a Kea server has them. Arguments and signals go to a file.
const SERVER: &str = r#"#!/bin/sh
[ "$1" != -v ] || { echo 9.9.9; exit 0; }
name="${0##*/}"
pid_file="@prefix@/var/run/kea/${name}.${name}.pid"
echo $$ > "$pid_file"
echo "args $*" >> "@prefix@/$name.events"
echo "log ${KEA_LOGGER_DESTINATION-}" >> "@prefix@/$name.events"
trap 'echo hup >> "@prefix@/$name.events"' HUP
trap 'echo term >> "@prefix@/$name.events"; rm -f "$pid_file"; exit 0' TERM
while :; do sleep 0.05; done
"#;

struct Installation {
    dir: TempDir,
}

impl Installation {
    fn new(conf: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let this = Self { dir };
        for directory in ["sbin", "etc/kea", "var/run/kea"] {
            fs::create_dir_all(this.path(directory)).unwrap();
        }
        let script = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("keactrl.in")).unwrap();
        this.script("keactrl", &script);
        this.script("kea-shell", SERVER);
        for name in ["kea-dhcp4", "kea-ctrl-agent"] {
            this.script(name, SERVER);
            fs::write(this.path(&format!("etc/kea/{name}.conf")), "{}").unwrap();
        }
        fs::write(this.path("etc/kea/keactrl.conf"), conf.replace("@prefix@", &this.prefix())).unwrap();
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn prefix(&self) -> String {
        self.dir.path().display().to_string()
    }

    fn script(&self, name: &str, text: &str) {
        let path = self.path("sbin").join(name);
        fs::write(&path, text.replace("@prefix@", &self.prefix())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs keactrl: exit code and what it printed. Servers must not hold the pipe, so it is a file.
    fn keactrl(&self, arguments: &str) -> (i32, String) {
        let out = self.path("keactrl.out");
        let file = fs::File::create(&out).unwrap();
        let status = Command::new(self.path("sbin/keactrl"))
            .args(arguments.split_whitespace())
            .env_remove("KEA_PIDFILE_DIR")
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .status()
            .unwrap();
        (status.code().unwrap(), fs::read_to_string(&out).unwrap())
    }

    fn wait_for_event(&self, server: &str, event: &str) {
        let begin = Instant::now();
        let file = self.path(&format!("{server}.events"));
        while !fs::read_to_string(&file).unwrap_or_default().contains(event) {
            assert!(begin.elapsed() < Duration::from_secs(10), "{server} never saw {event}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        let _ = self.keactrl("stop");
    }
}

/// As test suites write it: no word about the agent, blanks before the names.
const FORGE: &str = "
    dhcp4_srv=@prefix@/sbin/kea-dhcp4
    dhcp6_srv=@prefix@/sbin/kea-dhcp6
    kea_dhcp4_config_file=@prefix@/etc/kea/kea-dhcp4.conf
    kea_dhcp6_config_file=@prefix@/etc/kea/kea-dhcp6.conf
    dhcp4=yes
    dhcp6=no
    dhcp_ddns=no
    kea_verbose=no
    netconf=no
";

#[test]
fn start_status_reload_stop() {
    let kea = Installation::new(FORGE);
    let conf = kea.path("etc/kea/kea-dhcp4.conf").display().to_string();
    let status = |dhcp4: &str| {
        format!(
            "DHCPv4 server: {dhcp4}\nDHCPv6 server: inactive\nDHCP DDNS: inactive\n\
             Kea DHCPv4 configuration file: {conf}\n\
             Kea DHCPv6 configuration file: {0}/etc/kea/kea-dhcp6.conf\n\
             Kea DHCP DDNS configuration file: {0}/etc/kea/kea-dhcp-ddns.conf\n\
             keactrl configuration file: {0}/etc/kea/keactrl.conf\n",
            kea.prefix()
        )
    };
    assert_eq!(kea.keactrl("status"), (0, status("inactive")));
    let (code, text) = kea.keactrl("start -- -X -d");
    assert_eq!(code, 0);
    assert_eq!(text, format!("INFO/keactrl: Starting {}/sbin/kea-dhcp4 -c {conf} -X -d\n", kea.prefix()));
    kea.wait_for_event("kea-dhcp4", &format!("args -c {conf} -X -d"));
    assert_eq!(kea.keactrl("status"), (0, status("active")));
    let (code, text) = kea.keactrl("start");
    assert!(code == 0 && text.contains("kea-dhcp4 appears to be running, see: PID "), "{text}");
    let (code, text) = kea.keactrl("reload");
    assert!(code == 0 && text.starts_with("INFO/keactrl: Reloading kea-dhcp4...\n"), "{text}");
    kea.wait_for_event("kea-dhcp4", "hup");
    let begin = Instant::now();
    let (code, text) = kea.keactrl("stop");
    assert!(code == 0 && text.starts_with("INFO/keactrl: Stopping kea-dhcp4...\n"), "{text}");
    assert!(text.contains("INFO/keactrl: kea-dhcp6 isn't running.\n"), "{text}");
    assert!(begin.elapsed() < Duration::from_secs(8));
    // Gone when the command returns.
    assert_eq!(kea.keactrl("status"), (0, status("inactive")));
    assert!(kea.keactrl("reload").1.contains("kea-dhcp4 isn't running."));
}

#[test]
fn stopped_is_who_is_gone() {
    let kea = Installation::new(FORGE);
    // Lives on for a while without its PID file, as a server that closes its sockets.
    let lingers =
        SERVER.replace("exit 0' TERM", "sleep 1; echo gone >> \"@prefix@/$name.events\"; exit 0' TERM");
    assert_ne!(lingers, SERVER);
    kea.script("kea-dhcp4", &lingers);
    assert_eq!(kea.keactrl("start").0, 0);
    kea.wait_for_event("kea-dhcp4", "log");
    assert_eq!(kea.keactrl("stop").0, 0);
    let events = fs::read_to_string(kea.path("kea-dhcp4.events")).unwrap();
    assert!(events.contains("gone"), "{events}");
}

#[test]
fn what_runs_is_reloaded_enabled_or_not() {
    let kea = Installation::new(FORGE);
    assert_eq!(kea.keactrl("start").0, 0);
    let conf = kea.path("etc/kea/keactrl.conf");
    let text = fs::read_to_string(&conf).unwrap();
    assert!(text.contains("dhcp4=yes"), "{text}");
    fs::write(&conf, text.replace("dhcp4=yes", "dhcp4=no")).unwrap();
    let (code, text) = kea.keactrl("reload -s dhcp4");
    assert_eq!((code, text.as_str()), (0, "INFO/keactrl: Reloading kea-dhcp4...\n"));
    kea.wait_for_event("kea-dhcp4", "hup");
    assert_eq!(kea.keactrl("stop").0, 0);
}

#[test]
fn servers_log_to_a_file_until_they_are_configured() {
    let kea = Installation::new(FORGE);
    assert_eq!(kea.keactrl("start").0, 0);
    kea.wait_for_event("kea-dhcp4", &format!("log {}/var/log/kea.log", kea.prefix()));
    assert_eq!(kea.keactrl("stop").0, 0);
}

#[test]
fn the_manual_page_names_all() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/man/keactrl.8");
    let page = fs::read_to_string(page).unwrap().replace("\\-", "-");
    for word in
        ["start", "stop", "reload", "status", "version", "dhcp4", "dhcp6", "dhcp_ddns", "ctrl_agent", "all"]
    {
        assert!(page.contains(word), "{word}");
    }
}

#[test]
fn several_servers_and_their_choice() {
    let kea =
        Installation::new("dhcp4=yes\nctrl_agent=YES\nctrl_agent_cli_options=\"-X  -d\"\nkea_verbose=yes\n");
    let (code, text) = kea.keactrl("start -s ctrl_agent");
    assert!(code == 0 && text.contains("kea-ctrl-agent.conf -X -d -d\n"), "{text}");
    kea.wait_for_event("kea-ctrl-agent", "args");
    let (_, text) = kea.keactrl("status");
    assert!(text.contains("DHCPv4 server: inactive\n") && text.contains("Control Agent: active\n"), "{text}");
    assert_eq!(kea.keactrl("start -s dhcp4,ctrl_agent").0, 0);
    kea.wait_for_event("kea-dhcp4", "args");
    assert_eq!(kea.keactrl("stop -s dhcp4").1, "INFO/keactrl: Stopping kea-dhcp4...\n");
    assert!(kea.keactrl("status -s all").1.contains("Control Agent: active\n"));
    // Not enabled: start passes it over.
    assert_eq!(kea.keactrl("start -s dhcp6"), (0, String::new()));
}

#[test]
fn left_over_pid_files_mislead_nobody() {
    let kea = Installation::new(FORGE);
    for pid in ["", "garbage", "4194304", &std::process::id().to_string()] {
        fs::write(kea.path("var/run/kea/kea-dhcp4.kea-dhcp4.pid"), pid).unwrap();
        assert!(kea.keactrl("status").1.starts_with("DHCPv4 server: inactive\n"), "{pid}");
    }
    assert!(kea.keactrl("start").1.contains("Starting"));
    kea.wait_for_event("kea-dhcp4", "args");
}

#[test]
fn what_is_wrong_is_said() {
    let kea = Installation::new("dhcp6=yes\n");
    for (arguments, text) in [
        ("", "ERROR/keactrl: missing command\nusage: keactrl"),
        ("frobnicate", "ERROR/keactrl: invalid command: frobnicate\nusage: keactrl"),
        ("start -s dhcp5", "ERROR/keactrl: invalid server name: dhcp5\n"),
        ("start -s", "ERROR/keactrl: servers not specified\n"),
        ("start -c", "ERROR/keactrl: keactrl-config-file not specified\n"),
        ("start --frob", "ERROR/keactrl: invalid option: --frob\n"),
        (
            "start -c /nonexistent",
            "ERROR/keactrl: keactrl configuration file doesn't exist in /nonexistent.\n",
        ),
        ("start", "sbin/kea-dhcp6 does not exist or is not a program.\n"),
    ] {
        let (code, out) = kea.keactrl(arguments);
        assert!(code == 1 && out.contains(text), "{arguments}: {code} {out}");
    }
    fs::remove_file(kea.path("etc/kea/kea-dhcp4.conf")).unwrap();
    let other = kea.path("other.conf");
    fs::write(&other, "dhcp4=yes\n").unwrap();
    let (code, out) = kea.keactrl(&format!("start -c {}", other.display()));
    assert!(code == 1 && out.contains("Configuration file for Kea does not exist: "), "{out}");
    assert_eq!(kea.keactrl("-v"), (0, "9.9.9\n".to_owned()));
    assert!(kea.keactrl("version").1.starts_with("keactrl: 9.9.9\nkea-dhcp4: 9.9.9\n"));
}
