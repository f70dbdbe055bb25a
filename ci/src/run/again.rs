//! The command that runs one trial again.

use std::path::Path;

use super::Args;
use proxy_wasm_harness::scenario::Size;
use proxy_wasm_harness::state::show;

/// The command line, ready for a shell: the file, the trial's name in it, and the options that shape what comes out.
pub(super) fn command(args: &Args, file: &Path, label: Option<&str>) -> String {
    let mut words = vec!["proxy-wasm-test".to_owned(), "run".to_owned(), file.display().to_string()];
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
    if let Some(label) = label {
        option("--filter", label.to_owned());
    }
    for (name, module) in &args.plugin {
        let named = if name.is_empty() { String::new() } else { format!("{name}=") };
        option("--plugin", format!("{named}{}", module.display()));
    }
    if let Some(config) = &args.config {
        option("--config", config.display().to_string());
    }
    if let Some(folder) = &args.snapshots {
        option("--snapshots", folder.display().to_string());
    }
    if let Some(cases) = args.schedules.cases {
        option("--cases", cases.to_string());
    }
    if let Some(seed) = args.schedules.seed {
        option("--seed", seed.to_string());
    }
    if let Some(timeout) = args.limits.hang_timeout {
        option("--hang-timeout", show(timeout));
    }
    if let Some(bytes) = args.limits.max_memory {
        option("--max-memory", Size(bytes).to_string());
    }
    words.extend(args.fetching.words());
    if args.google {
        words.insert(2, "--google".to_owned());
    }
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        for (word, want) in [
            ("a/b.yaml", "a/b.yaml"),
            ("", "''"),
            ("two words", "'two words'"),
            ("it's", r"'it'\''s'"),
            ("$x", "'$x'"),
        ] {
            assert_eq!(quoted(word), want);
        }
    }
}
