//! `kea-lfc`: the lease file cleanup as a program of its own, with the flags of Kea's.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use base::{Clock, Family, Micros};
use lexopt::Arg::{Short, Value};
use memfile::messages::lfc as m;
use memfile::{LeaseFiles, LfcError, OsStorage, clean};

/// Kea's version whose lease files these are.
const KEA_VERSION: &str = "3.3.1";

const USAGE: &str = "\
Usage: kea-lfc
 [-4|-6] -p file -x file -i file -o file -f file -c file
   -4 or -6 clean a set of v4 or v6 lease files
   -p <file>: PID file
   -x <file>: previous or ex lease file
   -i <file>: copy of lease file
   -o <file>: output lease file
   -f <file>: finish file
   -c <file>: configuration file (not read; everything is on the command line)
   -v: print version number and exit
   -V: print extended version information and exit
   -W: print the build report and exit
   -d: verbose output
   -h: print this message
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    Clean { family: Family, files: LeaseFiles, config: PathBuf, verbose: bool },
    Print(String),
    Usage,
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Task, String> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut family = None;
    let mut verbose = false;
    let [mut pid, mut previous, mut input, mut output, mut finish, mut config] =
        [const { None::<PathBuf> }; 6];
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        let slot = match argument {
            Short('4') => {
                family = Some(Family::V4);
                continue;
            }
            Short('6') => {
                family = Some(Family::V6);
                continue;
            }
            Short('d') => {
                verbose = true;
                continue;
            }
            Short('v') => return Ok(Task::Print(KEA_VERSION.to_owned())),
            Short('V') => return Ok(Task::Print(extended_version(family))),
            Short('W') => return Ok(Task::Print(build_report())),
            Short('h') => return Ok(Task::Usage),
            Short('p') => &mut pid,
            Short('x') => &mut previous,
            Short('i') => &mut input,
            Short('o') => &mut output,
            Short('f') => &mut finish,
            Short('c') => &mut config,
            Value(_) => return Err("Extraneous parameters.".to_owned()),
            _ => return Err("Unknown argument".to_owned()),
        };
        *slot = Some(parser.value().map_err(|_| "Missing option argument".to_owned())?.into());
    }
    let family = family.ok_or("DHCP version required")?;
    let need = |file: Option<PathBuf>, name: &str| {
        file.filter(|file| !file.as_os_str().is_empty()).ok_or_else(|| format!("{name} file not specified"))
    };
    let pid = need(pid, "PID")?;
    let previous = need(previous, "Previous")?;
    let input = need(input, "Copy")?;
    let output = need(output, "Output")?;
    let finish = need(finish, "Finish")?;
    let config = need(config, "Config")?;
    // The live file is not the business of a cleanup.
    let files = LeaseFiles { live: input.clone(), input, previous, output, finish, pid };
    Ok(Task::Clean { family, files, config, verbose })
}

fn extended_version(family: Option<Family>) -> String {
    let mut text = format!("{KEA_VERSION} (kea-rs {})", env!("CARGO_PKG_VERSION"));
    match family {
        Some(Family::V4) => text.push_str("\nbackend: Memfile backend 3.0"),
        Some(Family::V6) => text.push_str("\nbackend: Memfile backend 5.0"),
        None => {}
    }
    text
}

fn build_report() -> String {
    format!(
        "Package:\n  Name:              kea-rs\n  Version:           {}\n  Kea version:       {KEA_VERSION}\n  \
         Architecture:      {}\n  System:            {}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        std::env::consts::OS
    )
}

/// The clocks of the machine, for the times of log lines.
struct MachineClock(Instant);

impl Clock for MachineClock {
    #[allow(clippy::disallowed_methods, reason = "a program of its own; the library takes no time at all")]
    fn now(&self) -> Micros {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }

    fn steady(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

fn main() -> ExitCode {
    match parse(std::env::args_os().skip(1)) {
        Ok(Task::Print(text)) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Ok(Task::Usage) => {
            eprint!("{USAGE}");
            ExitCode::SUCCESS
        }
        Ok(Task::Clean { family, files, config, verbose }) => run(family, &files, &config, verbose),
        Err(error) => {
            eprint!("Usage error: {error}\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}

/// The lines of a run go to the system log, as those of Kea's do, or to standard output with `-d`; what went wrong
/// goes to standard error as well.
fn run(family: Family, files: &LeaseFiles, config: &std::path::Path, verbose: bool) -> ExitCode {
    if verbose {
        println!(
            "Protocol version:    DHCPv{}\nPrevious or ex lease file: {}\nCopy lease file:           {}\n\
             Output lease file:         {}\nFinish file:               {}\nConfig file:               {}\n\
             PID file:                  {}\n",
            if family == Family::V4 { 4 } else { 6 },
            files.previous.display(),
            files.input.display(),
            files.output.display(),
            files.finish.display(),
            config.display(),
            files.pid.display()
        );
    }
    let start = observe::StartUp {
        root: "DhcpLFC".to_owned(),
        verbose,
        destination: Some(if verbose { "stdout" } else { "syslog" }.to_owned()),
        locks: observe::LogLocks::Off,
    };
    let logging = match observe::Logging::start(start, Arc::new(MachineClock(Instant::now()))) {
        Ok(logging) => Some(logging),
        Err(error) => {
            // A machine without a system log has its leases cleaned up all the same.
            eprintln!("kea-lfc: {error}");
            None
        }
    };
    let _end = logging.as_ref().map(observe::Logging::end);
    observe::log!(m::Start);
    observe::log!(m::Processing { previous: files.previous.display(), copy: files.input.display() });
    let result = clean(&OsStorage, family, files, &AtomicBool::new(false));
    match &result {
        Ok(stats) => {
            observe::log!(m::ReadStats {
                leases: stats.rows - stats.errors,
                attempts: stats.rows,
                errors: stats.errors
            });
            observe::log!(m::WriteStats { leases: stats.leases, attempts: stats.leases, errors: 0 });
        }
        Err(LfcError::Running(_)) => observe::log!(m::Running),
        Err(error @ LfcError::Lock { .. }) => observe::log!(m::FailPidCreate { error }),
        Err(error @ LfcError::Rotate { .. }) => observe::log!(m::FailRotate { error }),
        Err(error) => observe::log!(m::FailProcess { error }),
    }
    observe::log!(m::Terminate);
    match result {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kea-lfc: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(line: &str) -> Result<Task, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn all_files_are_needed() {
        let whole = "-4 -p pid -x l.2 -i l.1 -o l.output -f l.completed -c c.conf";
        let Ok(Task::Clean { family, files, config, verbose }) = task(whole) else { panic!("refused") };
        assert_eq!((family, verbose, config), (Family::V4, false, PathBuf::from("c.conf")));
        assert_eq!((files.previous, files.input), (PathBuf::from("l.2"), PathBuf::from("l.1")));
        assert!(matches!(
            task(&format!("-d {}", whole.replace("-4", "-6"))),
            Ok(Task::Clean { verbose: true, .. })
        ));
        for (missing, error) in [
            ("-4 ", "DHCP version required"),
            ("-p pid ", "PID file not specified"),
            ("-x l.2 ", "Previous file not specified"),
            ("-i l.1 ", "Copy file not specified"),
            ("-o l.output ", "Output file not specified"),
            ("-f l.completed ", "Finish file not specified"),
            (" -c c.conf", "Config file not specified"),
        ] {
            assert_eq!(task(&whole.replace(missing, "")), Err(error.to_owned()));
        }
        assert_eq!(task(&format!("{whole} extra")), Err("Extraneous parameters.".to_owned()));
        assert_eq!(task("-4 -q"), Err("Unknown argument".to_owned()));
        assert_eq!(task("-4 -p"), Err("Missing option argument".to_owned()));
    }

    #[test]
    fn the_manual_page_names_all() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/man/kea-lfc.8");
        let page = std::fs::read_to_string(page).unwrap();
        for flag in ["4", "6", "p", "x", "i", "o", "f", "c", "v", "V", "W", "d", "h"] {
            assert!(USAGE.contains(&format!("-{flag}")) && page.contains(&format!("\\-{flag}")), "-{flag}");
        }
    }

    #[test]
    fn versions_and_usage() {
        assert_eq!(task("-v"), Ok(Task::Print(KEA_VERSION.to_owned())));
        assert_eq!(task("-h -4"), Ok(Task::Usage));
        assert!(matches!(task("-4 -V"), Ok(Task::Print(text)) if text.contains("Memfile backend 3.0")));
    }
}
