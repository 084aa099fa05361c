//! Scripts run beside the server: a thread starts them, a bounded number at a time, and takes note of their ends.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use engine::Announcement;

use super::Settings;
use super::messages::{Ended, Failed, Loaded, Lost, SyncIgnored};

/// Scripts that run at a time.
const AT_A_TIME: usize = 32;
/// Events that wait for a script.
const WAITING: usize = 4096;
/// How often the ends of scripts are looked for.
const LOOK: Duration = Duration::from_millis(20);

/// Runs the script for events, in their order.
#[derive(Debug)]
pub struct Runner {
    settings: Settings,
    events: SyncSender<Announcement>,
    lost: AtomicU64,
}

impl Runner {
    /// Starts the thread.
    ///
    /// # Errors
    /// When there can be no further thread.
    pub fn start(settings: &Settings) -> std::io::Result<Self> {
        let (events, waiting) = sync_channel(WAITING);
        let script = settings.script.clone();
        std::thread::Builder::new().name("run-script".to_owned()).spawn(move || run(&script, &waiting))?;
        observe::log!(Loaded);
        if settings.sync {
            observe::log!(SyncIgnored);
        }
        Ok(Self { settings: settings.clone(), events, lost: AtomicU64::new(0) })
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Has the script run for each; never waits. What there is no room for is lost, and told in the log.
    pub fn run(&self, announcements: Vec<Announcement>) {
        for announcement in announcements {
            match self.events.try_send(announcement) {
                Ok(()) => {
                    let lost = self.lost.swap(0, Ordering::Relaxed);
                    // Of the first one the log has told.
                    if lost > 1 {
                        observe::log!(Lost { count: lost - 1 });
                    }
                }
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                    // The first at once, the others together when there is room again.
                    if self.lost.fetch_add(1, Ordering::Relaxed) == 0 {
                        observe::log!(Lost { count: 1 });
                    }
                }
            }
        }
    }
}

/// A script that runs.
struct Running {
    point: &'static str,
    child: Child,
}

fn run(script: &PathBuf, events: &Receiver<Announcement>) {
    let mut running: Vec<Running> = Vec::new();
    loop {
        let event = if running.is_empty() {
            events.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else if running.len() < AT_A_TIME {
            events.recv_timeout(LOOK)
        } else {
            std::thread::sleep(LOOK);
            Err(RecvTimeoutError::Timeout)
        };
        match event {
            Ok(event) => match start(script, &event) {
                Ok(child) => running.push(Running { point: event.point, child }),
                Err(reason) => observe::log!(Failed { script: script.display(), reason }),
            },
            Err(RecvTimeoutError::Timeout) => {}
            // Those that still run are waited for by nobody when the server is gone.
            Err(RecvTimeoutError::Disconnected) if running.is_empty() => return,
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK),
        }
        running.retain_mut(|one| match one.child.try_wait() {
            Ok(None) => true,
            Ok(Some(status)) => {
                if !status.success() {
                    observe::log!(Ended { script: script.display(), point: one.point, status });
                }
                false
            }
            Err(reason) => {
                observe::log!(Failed { script: script.display(), reason });
                false
            }
        });
    }
}

/// Starts the script with the name of the hook point and, as its whole environment, the data of the event.
fn start(script: &PathBuf, event: &Announcement) -> std::io::Result<Child> {
    // A NUL, as a client may send it, ends no variable.
    let clean = event.variables.iter().map(|(name, value)| (&**name, value.replace('\0', "")));
    Command::new(script)
        .arg(event.point)
        .env_clear()
        .envs(clean)
        .envs(interface(event))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

/// The number of the interface that the query came in on.
fn interface(event: &Announcement) -> Option<(String, String)> {
    let (name, interface) = event.variables.iter().find(|(name, _)| name.ends_with("_IFACE_NAME"))?;
    let index = std::fs::read_to_string(format!("/sys/class/net/{interface}/ifindex")).unwrap_or_default();
    Some((name.replace("_IFACE_NAME", "_IFACE_INDEX"), index.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::time::Instant;

    use super::*;

    #[test]
    fn the_script_is_told_in_its_environment() {
        let folder = tempfile::tempdir().unwrap();
        let (script, output) = (folder.path().join("script.sh"), folder.path().join("output"));
        let text = format!(
            "#!/bin/sh\necho \"$1 $QUERY4_IFACE_NAME $QUERY4_IFACE_INDEX $A_B $HOME\" >> {}\nexit 3\n",
            output.display()
        );
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        let runner = Runner::start(&Settings { script, sync: false }).unwrap();
        let variables = vec![
            ("QUERY4_IFACE_NAME".into(), "lo".to_owned()),
            ("A_B".into(), "a\0 \"b\" $(exit)".to_owned()),
        ];
        let announcement = Announcement { point: "lease4_renew", variables };
        runner.run(vec![announcement.clone(), announcement]);
        let line = "lease4_renew lo 1 a \"b\" $(exit) \n";
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(20) {
            if std::fs::read_to_string(&output).is_ok_and(|text| text == line.repeat(2)) {
                return;
            }
            std::thread::sleep(LOOK);
        }
        panic!("{:?}", std::fs::read_to_string(&output));
    }

    #[test]
    fn nobody_waits_for_scripts() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script.sh");
        std::fs::write(&script, "#!/bin/sh\nexec sleep 2\n").unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        let runner = Runner::start(&Settings { script, sync: false }).unwrap();
        let begin = Instant::now();
        let event = || Announcement { point: "lease4_renew", variables: Vec::new() };
        runner.run((0..2 * WAITING).map(|_| event()).collect());
        assert!(begin.elapsed() < Duration::from_secs(2));
        assert!(runner.lost.load(Ordering::Relaxed) > 0);
    }
}
