//! Commands about the process and its configuration file.

use base::Clock;
use control::Answer;
use daemon::{Audit, PathKind};
use json::{Map, Value};

use crate::Site;

/// The answer to `config-set` and `config-test` without arguments.
#[must_use]
pub fn missing_arguments() -> Answer {
    Answer::error("Missing mandatory 'arguments' parameter.")
}

/// `config-write`: the configuration to the file of the start, or to `filename` beside it.
pub async fn config_write(site: &Site, arguments: Option<&Value>, config: &Value) -> Answer {
    let path = match arguments.map(Value::as_map) {
        None => site.file.clone(),
        Some(None) => return Answer::error("Argument must be a map"),
        Some(Some(map)) => match map.get("filename").map(Value::as_str) {
            None | Some(Some("")) => site.file.clone(),
            Some(None) => return Answer::error("passed parameter 'filename' is not a string"),
            Some(Some(name)) => {
                let mut audit = Audit::new(&site.paths, &site.file, site.relaxed);
                let path = audit.path(PathKind::Config, "'filename' parameter is invalid", name);
                let report = audit.finish();
                match path {
                    Some(path) => {
                        report.log_warnings();
                        path
                    }
                    None => return Answer::error(report.error_text().unwrap_or_default()),
                }
            }
        },
    };
    let text = format!("{}\n", json::to_string_pretty(config, 4));
    let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let shown = path.to_string_lossy().into_owned();
    let written = tokio::task::spawn_blocking(move || daemon::replace_file(&path, text.as_bytes())).await;
    match written {
        Ok(Ok(())) => Answer::full(
            format!("Configuration written to {shown} successful"),
            [("filename", Value::from(shown.as_str())), ("size", size.into())],
        ),
        Ok(Err(error)) => {
            Answer::error(format!("Error during config-write: unable to write file {shown}: {error}"))
        }
        Err(_) => Answer::error("Error during config-write: internal error"),
    }
}

/// `exit-value` of `shutdown`, as far as a parent process sees it; 0 without.
///
/// # Errors
/// The answer to arguments that are none.
pub fn exit_value(arguments: Option<&Value>) -> Result<u8, Answer> {
    let Some(arguments) = arguments else { return Ok(0) };
    let Some(map) = arguments.as_map() else { return Err(Answer::error("Argument must be a map")) };
    match map.get("exit-value").map(Value::as_int) {
        None => Ok(0),
        Some(None) => Err(Answer::error("parameter 'exit-value' is not an integer")),
        Some(Some(value)) => Ok(u8::try_from(value.rem_euclid(256)).unwrap_or(0)),
    }
}

/// `status-get`, of a process that started, and was configured, at these steady microseconds.
#[must_use]
pub fn status(clock: &dyn Clock, started: u64, reloaded: u64) -> Answer {
    let now = clock.steady();
    let seconds = |since: u64| Value::from(now.saturating_sub(since) / 1_000_000);
    let mut status = Map::new();
    status.insert("pid".to_owned(), std::process::id().into());
    status.insert("uptime".to_owned(), seconds(started));
    status.insert("reload".to_owned(), seconds(reloaded));
    Answer::arguments(status)
}
