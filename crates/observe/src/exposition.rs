//! The text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

/// Metrics by name, each with its lines.
#[derive(Debug)]
pub struct Exposition {
    prefix: &'static str,
    lines: BTreeMap<&'static str, String>,
}

impl Exposition {
    /// The format's name, as `Content-Type` has it.
    pub const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// `prefix` is put before the name of each metric.
    #[must_use]
    pub fn new(prefix: &'static str) -> Self {
        Self { prefix, lines: BTreeMap::new() }
    }

    pub fn add(&mut self, metric: &'static str, labels: &[(&str, &str)], value: impl Display) {
        let lines = self.lines.entry(metric).or_default();
        let _ = write!(lines, "{}{metric}", self.prefix);
        for (at, (name, value)) in labels.iter().enumerate() {
            let open = if at == 0 { '{' } else { ',' };
            let _ = write!(lines, "{open}{name}=\"{}\"", escaped(value));
        }
        let close = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(lines, "{close} {value}");
    }

    /// All of it; `help` says what a metric tells.
    #[must_use]
    pub fn text(self, help: impl Fn(&str) -> &'static str) -> String {
        let mut out = String::new();
        for (metric, lines) in self.lines {
            let name = format!("{}{metric}", self.prefix);
            let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} gauge", help(metric));
            out.push_str(&lines);
        }
        out
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_together_and_labels_are_escaped() {
        let mut metrics = Exposition::new("x_");
        metrics.add("b", &[("name", "a\"b\\c\nd"), ("id", "1")], 2);
        metrics.add("a", &[], -1);
        metrics.add("b", &[("name", "")], 3);
        assert_eq!(
            metrics.text(|metric| if metric == "a" { "A" } else { "B" }),
            "# HELP x_a A\n# TYPE x_a gauge\nx_a -1\n# HELP x_b B\n# TYPE x_b gauge\n\
             x_b{name=\"a\\\"b\\\\c\\nd\",id=\"1\"} 2\nx_b{name=\"\"} 3\n"
        );
    }
}
