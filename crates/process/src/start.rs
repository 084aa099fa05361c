//! From the arguments to a process that has its log, its PID file and its signals.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use base::Clock;
use daemon::{Action, Arguments, Paths, PidFile, PidFileError, Program, RealClock, Signals, version};
use observe::{Logging, LoggingEnd, StartUp};

use crate::{Faults, messages};

/// Where a program runs, and by which rules.
#[derive(Clone, Debug)]
pub struct Site {
    pub paths: Paths,
    /// The configuration file given at start.
    pub file: PathBuf,
    /// `-X`.
    pub relaxed: bool,
}

impl Site {
    #[must_use]
    pub fn new(arguments: &Arguments, paths: Paths) -> Self {
        let file = arguments.config.clone().unwrap_or_default();
        Self { paths, file, relaxed: arguments.relaxed }
    }
}

/// What a process has once it runs.
pub struct Started {
    pub clock: Arc<dyn Clock>,
    pub logging: Logging,
    /// Dropped, it writes the last lines.
    pub end: LoggingEnd,
    pub signals: Signals,
    /// Goes with the process.
    pub pid_file: PidFile,
}

/// Starts a program that log messages call `name`; or says why there can be none, and gives the exit code.
///
/// # Errors
/// When it runs already, or has no log, PID file or signals.
pub fn start(program: &Program, name: &str, arguments: &Arguments, site: &Site) -> Result<Started, ExitCode> {
    let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
    let start = StartUp {
        root: program.name.to_owned(),
        verbose: arguments.verbose,
        destination: std::env::var("KEA_LOGGER_DESTINATION").ok(),
        locks: site.paths.log_locks.clone(),
    };
    let logging = Logging::start(start, Arc::clone(&clock)).map_err(|error| failed(&error))?;
    let end = logging.end();
    let product = format!("{} {}", version::PRODUCT, version::VERSION);
    observe::log!(messages::Starting {
        name,
        pid: std::process::id(),
        version: version::KEA_VERSION,
        product
    });
    if daemon::is_root() {
        observe::log!(messages::RootUser { program: program.name });
    }
    let pid_file = PidFile::create(&site.paths.pid_dir, &site.file, program.name).map_err(|error| {
        match &error {
            PidFileError::Running { .. } | PidFileError::Held { .. } => {
                observe::log!(messages::AlreadyRunning { name, error });
            }
            PidFileError::Io { .. } | PidFileError::Name(_) => {
                observe::log!(messages::PidFile { name, error });
            }
        }
        failed(&format!("Launch failed: {error}"))
    })?;
    let signals = Signals::new().map_err(|error| failed(&error))?;
    Ok(Started { clock, logging, end, signals, pid_file })
}

/// A program from its command line to its exit code: prints what is asked for, checks a configuration, or runs on one
/// thread.
pub fn main<R: Future<Output = ExitCode>>(
    program: &Program,
    check: fn(&Arguments, Paths) -> ExitCode,
    run: fn(Arguments, Paths) -> R,
) -> ExitCode {
    let arguments = match program.parse(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("Usage error: {error}\n{}", program.usage());
            return ExitCode::FAILURE;
        }
    };
    let paths = match Paths::discover() {
        Ok(paths) => paths,
        Err(error) => return failed(&error),
    };
    match arguments.action {
        Action::Version => println!("{}", version::KEA_VERSION),
        Action::ExtendedVersion => println!("{}", version::extended(&[])),
        Action::BuildReport => print!("{}", version::build_report(&paths, &[])),
        Action::Help => print!("{}", program.usage()),
        Action::Check | Action::FullCheck => return check(&arguments, paths),
        Action::Run => {
            daemon::restrict_umask();
            // All is waiting for others; what is large is looked through by threads of its own.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            return match runtime {
                Ok(runtime) => runtime.block_on(run(arguments, paths)),
                Err(error) => failed(&error),
            };
        }
    }
    ExitCode::SUCCESS
}

/// Prints why there is no program.
pub fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("Service failed: {error}");
    ExitCode::FAILURE
}

/// `-t`: prints the summary of a configuration that is one, or what is wrong with it.
#[must_use]
pub fn check(outcome: Result<String, Faults>) -> ExitCode {
    match outcome {
        Ok(summary) => {
            println!("Configuration check successful: {summary}");
            ExitCode::SUCCESS
        }
        Err(faults) => {
            for fault in &faults.0 {
                let what = if fault.syntax { "Syntax check failed with" } else { "Error encountered" };
                eprintln!("{what}: {}", fault.text);
            }
            ExitCode::FAILURE
        }
    }
}
