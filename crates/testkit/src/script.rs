//! Script files: commands with their recorded output, run again and compared.
//!
//! ```text
//! # An empty second plan.
//! $ auroractl plan stack.toml --detailed-exitcode
//! standard output, as recorded
//! ! standard error
//! ? 2
//!
//! -- stack.toml --
//! [stack]
//! ```
//!
//! A `?` line is an exit code other than 0. Output that would read as one of these marks is recorded behind a backslash.
//! Files at the end stand in the working folder when the script begins. Besides `auroractl` a script knows `replace
//! FILE OLD NEW`, `env NAME=VALUE`, `fault JSON` and `calls`, which prints the log's counts and empties it.
//! `UPDATE=1` in the environment rewrites the file instead of comparing.

use crate::cli::{Cli, Finished};
use crate::proxy::Proxy;
use crate::redact::Redactions;
use std::io;
use std::path::{Path, PathBuf};

/// Marks at the beginning of a line.
const MARKS: [&str; 6] = ["$ ", "! ", "? ", "# ", "-- ", "\\"];

/// Where a script runs.
pub struct Stage<'a> {
    /// The program and its folder.
    pub cli: &'a mut Cli,
    /// The proxy before the emulator, for `fault` and `calls`.
    pub proxy: Option<&'a Proxy>,
    /// What is replaced before output is compared or recorded.
    pub redactions: Redactions,
}

/// All scripts (`*.txt`) of a folder, sorted.
///
/// # Errors
/// The folder can't be read.
pub fn scripts(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Runs a script and compares it with what it recorded, or records it anew under `UPDATE=1`.
///
/// # Errors
/// The file can't be read or written, a command can't be run, or the output differs; the message shows where.
pub fn run(path: &Path, stage: &mut Stage<'_>) -> io::Result<()> {
    let recorded = std::fs::read_to_string(path)?;
    let played = play(&recorded, stage)?;
    if recorded == played {
        return Ok(());
    }
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(path, played);
    }
    let place = difference(&recorded, &played);
    Err(io::Error::other(format!("{} differs (UPDATE=1 records it anew)\n{place}", path.display())))
}

/// The text of the script as it comes out now.
fn play(script: &str, stage: &mut Stage<'_>) -> io::Result<String> {
    let (commands, files) = split_files(script);
    for (name, text) in &files {
        stage.cli.write(name, text)?;
    }
    let mut out = String::new();
    let mut lines = commands.lines().peekable();
    while let Some(line) = lines.next() {
        out.extend([line, "\n"]);
        let Some(command) = line.strip_prefix("$ ") else { continue };
        let mut old = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
            old.push(line);
        }
        // Blank lines and comments at the end of a block belong to the next command.
        let kept = old.iter().rev().take_while(|line| line.is_empty() || line.starts_with("# ")).count();
        let finished =
            execute(&words(command), stage).map_err(|error| io::Error::other(format!("{command}: {error}")))?;
        out.push_str(&render(&finished, &stage.redactions));
        for line in old.iter().skip(old.len() - kept) {
            out.extend([line, "\n"]);
        }
    }
    Ok(out + script.get(commands.len()..).unwrap_or(""))
}

/// The commands, and the files (name, text) that follow them.
fn split_files(script: &str) -> (&str, Vec<(&str, String)>) {
    let is_header = |line: &str| line.starts_with("-- ") && line.ends_with(" --");
    let start = script.split_inclusive('\n').take_while(|line| !is_header(line.trim_end())).map(str::len).sum();
    let (commands, rest) = script.split_at_checked(start).unwrap_or((script, ""));
    let mut files: Vec<(&str, String)> = Vec::new();
    for line in rest.split_inclusive('\n') {
        if is_header(line.trim_end()) {
            files.push((line.trim_end().trim_start_matches("-- ").trim_end_matches(" --"), String::new()));
        } else if let Some((_, text)) = files.last_mut() {
            text.push_str(line);
        }
    }
    (commands, files)
}

fn execute(words: &[String], stage: &mut Stage<'_>) -> io::Result<Finished> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let no_proxy = || io::Error::other("this script has no proxy");
    match words.as_slice() {
        ["auroractl", arguments @ ..] => return stage.cli.run(arguments),
        ["replace", file, old, new] => replace(&stage.cli.dir().join(file), old, new)?,
        ["env", assignment] => {
            let (name, value) = assignment.split_once('=').ok_or_else(|| io::Error::other("NAME=VALUE is meant"))?;
            stage.cli.set_env(name, value);
        }
        ["fault", json] => stage.proxy.ok_or_else(no_proxy)?.arm_json(json.as_bytes())?,
        ["calls"] => return Ok(silent(calls(stage.proxy.ok_or_else(no_proxy)?))),
        _ => return Err(io::Error::other("no such command")),
    }
    Ok(silent(String::new()))
}

fn replace(path: &Path, old: &str, new: &str) -> io::Result<()> {
    let text = std::fs::read_to_string(path)?;
    if !text.contains(old) {
        return Err(io::Error::other(format!("{} has no `{old}`", path.display())));
    }
    std::fs::write(path, text.replacen(old, new, 1))
}

fn calls(proxy: &Proxy) -> String {
    let summary = proxy.summary();
    proxy.clear_log();
    let mut text = format!("{} reads, {} writes, {} failed\n", summary.reads, summary.writes, summary.failed);
    for (action, count) in summary.by_action {
        text.push_str(&format!("{count:5} {action}\n"));
    }
    text
}

fn silent(stdout: String) -> Finished {
    let (stderr, duration) = (String::new(), std::time::Duration::ZERO);
    Finished { code: Some(0), signal: None, stdout, stderr, duration, timed_out: false }
}

fn render(finished: &Finished, redactions: &Redactions) -> String {
    let mut out = String::new();
    for line in redactions.apply(finished.stdout.trim_end()).lines() {
        let mark = if MARKS.iter().any(|mark| line.starts_with(mark)) { "\\" } else { "" };
        out.extend([mark, line.trim_end(), "\n"]);
    }
    for line in redactions.apply(finished.stderr.trim_end()).lines() {
        out.push_str(format!("! {line}").trim_end());
        out.push('\n');
    }
    match (finished.code, finished.signal) {
        (Some(0), _) => {}
        (Some(code), _) => out.push_str(&format!("? {code}\n")),
        (None, signal) => out.push_str(&format!("? signal {}\n", signal.unwrap_or_default())),
    }
    out
}

/// Words of a command line: separated by blanks, held together by single or double quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The first difference, with a few lines around it.
fn difference(recorded: &str, played: &str) -> String {
    const AROUND: usize = 3;
    let same = recorded.lines().zip(played.lines()).take_while(|(a, b)| a == b).count();
    let show = |text: &str, sign: &str| -> String {
        text.lines().skip(same).take(2 * AROUND).map(|line| format!("{sign} {line}\n")).collect()
    };
    let before: String =
        recorded.lines().take(same).skip(same.saturating_sub(AROUND)).map(|l| format!("  {l}\n")).collect();
    format!("line {}:\n{before}{}{}", same + 1, show(recorded, "-"), show(played, "+"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "\
# Says hello.
$ auroractl -c 'cat greeting; echo to nobody >&2; exit 3'
hello
! to nobody
? 3

# Nothing to say.
$ replace greeting hello '$ bye'

$ auroractl greeting.sh
\\$ bye 123
two

lines

-- greeting --
hello
-- greeting.sh --
cat greeting | sed 's/$/ 123/'
printf 'two\\n\\nlines\\n'
";

    fn playing(script: &str) -> io::Result<String> {
        let mut cli = Cli::of_program(Path::new("/bin/sh"), "http://127.0.0.1:1").unwrap();
        play(script, &mut Stage { cli: &mut cli, proxy: None, redactions: Redactions::standard() })
    }

    #[test]
    fn a_true_script_comes_out_as_it_was() {
        assert_eq!(playing(SCRIPT).unwrap(), SCRIPT);
    }

    #[test]
    fn a_false_one_is_recorded_anew_and_stays_true() {
        let wrong = SCRIPT.replace("? 3\n", "").replace("two\n\nlines\n\n--", "three\n\n--");
        assert_eq!(playing(&wrong).unwrap(), SCRIPT);
    }

    #[test]
    fn differences_are_shown_with_their_place() {
        let text = difference("a\nb\nc\n", "a\nB\nc\n");
        assert_eq!(text, "line 2:\n  a\n- b\n- c\n+ B\n+ c\n");
    }

    #[test]
    fn words_may_be_quoted() {
        assert_eq!(words(r#"fault '{"on": "*"}'  x"y z" ''"#), ["fault", r#"{"on": "*"}"#, "xy z", ""]);
    }

    #[test]
    fn unknown_commands_and_missing_texts_are_errors() {
        assert!(playing("$ rm -rf x\n").unwrap_err().to_string().contains("no such command"));
        assert!(playing("$ replace a b c\n-- a --\nx\n").unwrap_err().to_string().contains("has no `b`"));
        assert!(playing("$ calls\n").unwrap_err().to_string().contains("no proxy"));
    }
}
