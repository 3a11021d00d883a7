//! What a walk is made of: a command with what it must lead to, an edit, somebody else's script.

use super::edits::Edit;
use auroractl_testkit::cli::Cli;
use std::io::{self, Write};
use std::path::PathBuf;

/// Where a walk takes place, and who watches.
pub struct Walk<'a> {
    /// The program and its folder.
    pub cli: &'a Cli,
    /// The endpoint for others' scripts.
    pub endpoint: String,
    /// A Python that has boto3, for what others do.
    pub python: PathBuf,
    /// Gets the commands and the remarks between them.
    pub out: &'a mut dyn Write,
    /// Whether others' scripts print to this process's own streams.
    pub echo: bool,
}

/// What a command must lead to.
#[derive(Default)]
pub(super) struct Expect {
    code: i32,
    out: Vec<&'static str>,
    err: Vec<&'static str>,
    without: Vec<&'static str>,
}

impl Expect {
    /// Its exit code.
    pub(super) fn exit(code: i32) -> Self {
        Self { code, ..Self::default() }
    }

    /// It prints this result.
    pub(super) fn out(mut self, text: &'static str) -> Self {
        self.out.push(text);
        self
    }

    /// It prints this on standard error.
    pub(super) fn err(mut self, text: &'static str) -> Self {
        self.err.push(text);
        self
    }

    /// It prints none of these words.
    pub(super) fn without(mut self, words: &[&'static str]) -> Self {
        self.without.extend(words);
        self
    }

    /// What did not come true.
    fn missing(&self, code: Option<i32>, (out, err): (&str, &str)) -> Option<String> {
        if code != Some(self.code) {
            return Some(format!("it must exit with {}, not {code:?}", self.code));
        }
        let absent = |texts: &[&'static str], all: &str| texts.iter().find(|text| !all.contains(**text)).copied();
        let said = self.without.iter().find(|word| out.contains(**word) || err.contains(**word));
        absent(&self.out, out)
            .map(|text| format!("its result must say `{text}`"))
            .or_else(|| absent(&self.err, err).map(|text| format!("it must report `{text}`")))
            .or_else(|| said.map(|word| format!("it must not say `{word}`")))
    }
}

impl Walk<'_> {
    /// A heading.
    pub(super) fn chapter(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n# {text}\n")
    }

    /// Runs the program.
    pub(super) fn auroractl(&mut self, arguments: &[&str], expect: &Expect) -> io::Result<()> {
        let line = format!("auroractl {}", arguments.join(" "));
        writeln!(self.out, "$ {line}")?;
        self.out.flush()?;
        let done = self.cli.run(arguments)?;
        if done.code != Some(0) {
            writeln!(self.out, "(exit code {})", done.code.unwrap_or_default())?;
        }
        writeln!(self.out)?;
        match expect.missing(done.code, (&done.stdout, &done.stderr)) {
            None => Ok(()),
            Some(why) => Err(io::Error::other(format!("`{line}`: {why}\n{}\n{}", done.stdout, done.stderr))),
        }
    }

    /// Edits a file, and shows how.
    pub(super) fn edit(&mut self, file: &str, edits: &[Edit]) -> io::Result<()> {
        let path = self.cli.dir().join(file);
        let mut text = std::fs::read_to_string(&path)?;
        writeln!(self.out, "{file}:")?;
        for Edit { old, new } in edits {
            if !text.contains(old) {
                return Err(io::Error::other(format!("{file} has no `{old}`")));
            }
            text = text.replacen(old, new, 1);
            let differs = |line: &&str, other: &str| !other.lines().any(|same| same == *line);
            for line in old.lines().filter(|line| differs(line, new)) {
                writeln!(self.out, "  - {line}")?;
            }
            for line in new.lines().filter(|line| differs(line, old)) {
                writeln!(self.out, "  + {line}")?;
            }
        }
        writeln!(self.out)?;
        std::fs::write(path, text)
    }

    /// Runs a script of somebody else's against the same AWS.
    pub(super) fn python(&mut self, what: &str, script: &str) -> io::Result<()> {
        writeln!(self.out, "$ python  # {what}")?;
        for line in script.lines().filter(|line| !line.is_empty()) {
            writeln!(self.out, "  {line}")?;
        }
        self.out.flush()?;
        let mut command = self.cli.beside(&self.python);
        command.args(["-c", script]);
        command.env("AWS_ENDPOINT_URL", &self.endpoint).env("AWS_DEFAULT_REGION", "us-east-1");
        let output = command.output()?;
        if self.echo {
            io::stdout().write_all(&output.stdout)?;
        }
        writeln!(self.out)?;
        if output.status.success() {
            return Ok(());
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Err(io::Error::other(format!("{what}: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))))
    }
}
