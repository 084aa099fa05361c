//! Completion scripts: flags, files after flags that take one, and the names of commands, which lie in
//! `kea-shell.commands` beside the script for bash.

use std::fmt::Write;

use crate::flags::{FLAGS, Flag};

/// Services of a control agent.
const SERVICES: &str = "dhcp4 dhcp6 d2";

/// What follows a flag.
enum Value {
    Nothing,
    /// With `=` alone.
    Perhaps,
    File,
    Service,
    Word,
}

impl Value {
    fn of(flag: &Flag) -> Self {
        match flag.value {
            "" => Self::Nothing,
            "FILE" | "CA" | "CERT" | "KEY" => Self::File,
            "[SERVICE]" => Self::Service,
            value if value.starts_with("[=") => Self::Perhaps,
            _ => Self::Word,
        }
    }
}

/// The beginning of a flag's help, without what shells take for more than text.
fn brief(flag: &Flag) -> String {
    let end = flag.help.find([';', '(', ',', '.', ':', '\'']).unwrap_or(flag.help.len());
    flag.help.get(..end).unwrap_or_default().trim().to_owned()
}

#[must_use]
pub fn bash() -> String {
    let flags: Vec<String> = FLAGS.iter().map(|flag| format!("--{}", flag.name)).collect();
    let files: Vec<String> = FLAGS
        .iter()
        .filter(|flag| matches!(Value::of(flag), Value::File))
        .map(|flag| format!("--{}", flag.name))
        .collect();
    format!(
        "# Completion of kea-shell for bash.\n\
         _kea_shell() {{\n\
         \x20   local word=\"${{COMP_WORDS[COMP_CWORD]}}\" before=\"${{COMP_WORDS[COMP_CWORD-1]}}\"\n\
         \x20   case \"$before\" in\n\
         \x20   {}) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n\
         \x20   --service) COMPREPLY=($(compgen -W \"{SERVICES}\" -- \"$word\")); return ;;\n\
         \x20   esac\n\
         \x20   if [[ $word == -* ]]; then\n\
         \x20       COMPREPLY=($(compgen -W \"{}\" -- \"$word\"))\n\
         \x20   else\n\
         \x20       local here; here=$(dirname \"$(readlink -f \"${{BASH_SOURCE[0]}}\")\")\n\
         \x20       COMPREPLY=($(compgen -W \"$(cat \"$here/kea-shell.commands\" 2>/dev/null)\" -- \"$word\"))\n\
         \x20   fi\n\
         }}\n\
         complete -F _kea_shell kea-shell\n",
        files.join("|"),
        flags.join(" "),
    )
}

/// For `share/zsh/site-functions`.
#[must_use]
pub fn zsh() -> String {
    let mut text = String::from(
        "#compdef kea-shell\n\
         # Completion of kea-shell for zsh.\n\
         local list=${${(%):-%x}:A:h:h:h}/bash-completion/completions/kea-shell.commands\n\
         local -a commands\n\
         [[ -r $list ]] && commands=(${(f)\"$(cat $list)\"})\n\
         _arguments -s \\\n",
    );
    for flag in FLAGS {
        let (name, help) = (flag.name, brief(flag));
        // Those that may be repeated say so.
        let many = if flag.help.contains("may be repeated") { "*" } else { "" };
        let _ = match Value::of(flag) {
            Value::Nothing => writeln!(text, "    '--{name}[{help}]' \\"),
            Value::Perhaps => writeln!(text, "    '--{name}=-[{help}]::seconds:' \\"),
            Value::File => writeln!(text, "    '{many}--{name}=[{help}]:file:_files' \\"),
            Value::Service => writeln!(text, "    '{many}--{name}=[{help}]:service:({SERVICES})' \\"),
            Value::Word => writeln!(text, "    '{many}--{name}=[{help}]:{}:' \\", flag.value.to_lowercase()),
        };
    }
    text.push_str("    '1:command:($commands)'\n");
    text
}

/// For `share/fish/vendor_completions.d`.
#[must_use]
pub fn fish() -> String {
    let mut text = String::from(
        "# Completion of kea-shell for fish.\n\
         set -g __kea_shell_commands (status dirname)/../../bash-completion/completions/kea-shell.commands\n\
         complete -c kea-shell -f\n\
         complete -c kea-shell -a '(cat $__kea_shell_commands 2>/dev/null)'\n",
    );
    for flag in FLAGS {
        let takes = match Value::of(flag) {
            Value::Nothing | Value::Perhaps => String::new(),
            Value::File => " -r -F".to_owned(),
            Value::Service => format!(" -x -a '{SERVICES}'"),
            Value::Word => " -x".to_owned(),
        };
        let _ = writeln!(text, "complete -c kea-shell -l {}{takes} -d '{}'", flag.name, brief(flag));
    }
    text
}

/// Holds a file of the source tree against what it is made of; with `UPDATE_REFERENCE=1` writes it anew.
#[cfg(test)]
pub(crate) fn check(path: &str, made: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, made).expect("the file can be written");
    }
    assert!(std::fs::read_to_string(&path).is_ok_and(|there| there == made), "{}", path.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Run with `UPDATE_REFERENCE=1` to write them anew.
    #[test]
    fn the_scripts_are_current() {
        check("share/completions/kea-shell", &bash());
        check("share/completions/_kea-shell", &zsh());
        check("share/completions/kea-shell.fish", &fish());
    }

    #[test]
    fn every_flag_is_there_and_no_help_ends_a_word() {
        for (script, option) in [(bash(), "--"), (zsh(), "--"), (fish(), "-l ")] {
            for flag in FLAGS {
                assert!(script.contains(&format!("{option}{}", flag.name)), "{}", flag.name);
            }
        }
        assert!(
            FLAGS.iter().map(brief).all(|text| !text.is_empty() && !text.contains(['\'', '[', ']', ':']))
        );
    }

    /// Where the shells are at hand they say whether they can read their scripts.
    #[test]
    fn the_shells_read_them() {
        for (shell, script) in [("bash", bash()), ("zsh", zsh()), ("fish", fish())] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("script");
            std::fs::write(&path, script).unwrap();
            let Ok(done) = std::process::Command::new(shell).arg("-n").arg(&path).output() else { continue };
            assert!(done.status.success(), "{shell}: {done:?}");
        }
    }
}
