//! Sentences on a terminal, broken at its width. What is broken goes on below its own text, never at the margin.

use owo_colors::OwoColorize as _;
use std::io::{self, Write};

/// Under a heading.
const INDENT: &str = "      ";

/// A sentence below a heading.
pub(super) fn wrapped(out: &mut dyn Write, text: &str) -> io::Result<()> {
    hanging(out, "", text)
}

/// The same behind a sign of its own: `-> `, `* `.
pub(super) fn hanging(out: &mut dyn Write, sign: &str, text: &str) -> io::Result<()> {
    let below = INDENT.len() + sign.chars().count();
    for (number, line) in lines(text, (below, below), width()).iter().enumerate() {
        let before = if number == 0 { sign.to_owned() } else { " ".repeat(sign.chars().count()) };
        writeln!(out, "{INDENT}{before}{line}")?;
    }
    Ok(())
}

/// A bold heading with its sentence.
pub(super) fn headed(out: &mut dyn Write, heading: &str, text: &str) -> io::Result<()> {
    for (number, line) in lines(text, (heading.chars().count() + 1, INDENT.len()), width()).iter().enumerate() {
        match number {
            0 => writeln!(out, "{} {line}", heading.bold())?,
            _ => writeln!(out, "{INDENT}{line}")?,
        }
    }
    Ok(())
}

/// The lines of a sentence below a heading, for who colours them.
pub(super) fn indented(text: &str) -> Vec<String> {
    lines(text, (INDENT.len(), INDENT.len()), width())
}

fn width() -> usize {
    usize::from(super::console_width())
}

/// A text as lines of a terminal of this width, with so much taken before the first and before each other line.
fn lines(text: &str, (first, others): (usize, usize), width: usize) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in words(text, width.saturating_sub(others)) {
        let taken = if lines.is_empty() { first } else { others };
        let room = width.saturating_sub(taken);
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines
}

/// The words of a text. What stands between backticks is copied as a whole, so it stays one where a line has room for it.
fn words(text: &str, room: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut quoted = false;
    for word in text.split(' ') {
        match words.last_mut().filter(|_| quoted) {
            Some(last) => last.extend([" ", word]),
            None => words.push(word.to_owned()),
        }
        quoted ^= word.matches('`').count() % 2 == 1;
    }
    let fits = |word: &String| word.chars().count() <= room;
    let parts = |word: String| match fits(&word) {
        true => vec![word],
        false => word.split(' ').map(str::to_owned).collect(),
    };
    words.into_iter().flat_map(parts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let text = "writer unavailable once for about 15 s (p95 1 min 0 s); 3 readers restarted, one at a time";
        assert_eq!(
            lines(text, (18, 18), 60),
            ["writer unavailable once for about 15 s", "(p95 1 min 0 s); 3 readers restarted, one", "at a time"]
        );
        for width in 30..120 {
            for (number, line) in lines(text, (8, 6), width).iter().enumerate() {
                assert!(line.chars().count() + if number == 0 { 8 } else { 6 } <= width, "{width}: {line}");
            }
            assert_eq!(lines(text, (8, 6), width).join(" "), text);
        }
        assert_eq!(lines("", (6, 6), 80), [""]);
    }

    #[test]
    fn what_is_copied_is_not_broken() {
        let text = "start it first with `aws rds start-db-cluster` and so on";
        assert_eq!(lines(text, (0, 0), 30), ["start it first with", "`aws rds start-db-cluster` and", "so on"]);
        assert_eq!(lines(text, (0, 0), 20)[..2], ["start it first with", "`aws rds"], "no line has room for it");
        assert_eq!(lines("a ` that nobody closes", (0, 0), 12), ["a ` that", "nobody", "closes"]);
    }
}
