//! What the programs say about themselves.

use std::fmt::Write;

use crate::paths::Paths;

/// Name of the product.
pub const PRODUCT: &str = "kea-rs";
/// Version of the product.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The version of Kea whose commands, configuration and files the product understands. Tools read it as
/// MAJOR.MINOR.PATCH from `-v` and `version-get`.
pub const KEA_VERSION: &str = "3.3.1";

/// One line per fact, such as `Memfile backend 3.1`: what `-V` prints below the version.
pub type Component = (&'static str, &'static str);

/// The text of `-V` and of `extended` in `version-get`, without a final line feed.
#[must_use]
pub fn extended(components: &[Component]) -> String {
    let mut text = format!("{KEA_VERSION}\n{PRODUCT} {VERSION}");
    for (name, value) in components {
        let _ = write!(text, "\n{name} {value}");
    }
    text
}

/// The text of `-W` and of `build-report`.
#[must_use]
pub fn build_report(paths: &Paths, components: &[Component]) -> String {
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {:<20}{value}", format!("{name}:"));
    };
    line("Name", PRODUCT);
    line("Version", VERSION);
    line("Kea version", KEA_VERSION);
    line("OS family", std::env::consts::OS);
    line("Architecture", std::env::consts::ARCH);
    line("Build", profile);
    line("Prefix", &paths.prefix.to_string_lossy());
    line("Configuration", &paths.etc.to_string_lossy());
    line("Data directory", &paths.data_dir.to_string_lossy());
    line("Runtime directory", &paths.run_dir.to_string_lossy());
    line("Log directory", &paths.log_dir.to_string_lossy());
    line("Hooks directory", &paths.hooks_dir.to_string_lossy());
    line("Scripts directory", &paths.scripts_dir.to_string_lossy());
    for (name, value) in components {
        line(name, value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_line_is_the_version_that_tools_parse() {
        let text = extended(&[("Memfile backend", "3.1")]);
        assert_eq!(text, format!("3.3.1\nkea-rs {VERSION}\nMemfile backend 3.1"));
        assert_eq!(KEA_VERSION.split('.').filter_map(|part| part.parse::<u32>().ok()).count(), 3);
    }

    #[test]
    fn report_names_the_directories() {
        let paths = Paths::from(Some(std::path::Path::new("/opt/kea/sbin/x")), |_| None).unwrap();
        let report = build_report(&paths, &[("Memfile backend", "3.1")]);
        assert!(report.contains("  Hooks directory:    /opt/kea/lib/kea/hooks\n"), "{report}");
        assert!(report.ends_with("  Memfile backend:    3.1\n"), "{report}");
    }
}
