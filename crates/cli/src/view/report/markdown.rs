//! A plan for a pull request: the same page, as Markdown that fits into a comment.
//!
//! What others wrote stays text: it neither ends a cell nor begins markup, mentions nobody and is no link.

use super::cost::Cost;
use super::head::{Fact, Figure, Head};
use super::rules::Rules;
use super::{Subject, changes as all_changes};
use crate::view::words;
use std::fmt::Write as _;

/// GitHub refuses longer comments, in characters: `body is too long (maximum is 65536 characters)`.
const LIMIT: usize = 65_536;
/// Kept free for the sentences that say what was cut, for the ends of folds, and for the end.
const RESERVE: usize = 1_600;

/// A comment that grows until it is full.
#[derive(Default)]
struct Sheet {
    text: String,
    used: usize,
}

impl Sheet {
    /// Adds a block, if it fits.
    fn add(&mut self, block: &str) -> bool {
        let length = block.chars().count();
        let fits = self.used + length + RESERVE <= LIMIT;
        if fits {
            self.text.push_str(block);
            self.used += length;
        }
        fits
    }
}

/// The comment.
pub(crate) fn markdown(subject: &Subject<'_>) -> String {
    let summary = super::head::head(subject);
    let told = all_changes::changes(subject);
    let verdict = subject.rules.map(|report| super::rules::rules(subject.stack, report));
    let mut sheet = Sheet::default();
    let mut left = Vec::new();
    if !sheet.add(&head(&summary)) {
        left.push("the summary".to_owned());
    }
    left.extend(changes(&told.sections, &mut sheet));
    let bill = if subject.plan.is_empty() { String::new() } else { cost(&super::cost::cost(subject)) };
    if !sheet.add(&bill) {
        left.push("what it costs".to_owned());
    }
    if !sheet.add(&verdict.as_ref().map(rules).unwrap_or_default()) {
        left.push("the findings of the design rules".to_owned());
    }
    if told.brief > 0 {
        let what = words::count(told.brief, "more change");
        let _ = writeln!(sheet.text, "\nDetails of {what} are left out: `auroractl plan --json` has all of them.");
    }
    if !left.is_empty() {
        let what = left.join(" and ");
        let _ = writeln!(
            sheet.text,
            "\n**Cut:** {what} did not fit into a comment. `auroractl plan --html FILE` writes the whole of it."
        );
    }
    sheet.text.push_str(&foot(&summary));
    sheet.text
}

/// Where it stands, and the figures as one row.
fn head(head: &Head) -> String {
    let mut text =
        format!("### Plan of {} ({}): {}\n\n", code(&head.stack, false), plain(&head.environment), head.standing.word);
    let _ = writeln!(text, "{}\n\n{}\n", plain(&head.lead), plain(&head.standing.text));
    for line in &head.ailing {
        let _ = writeln!(text, "> **Not usable at AWS:** {}\n", plain(line));
    }
    for line in head.why.iter().chain(&head.hindrances) {
        let _ = writeln!(text, "> {}\n", plain(line));
    }
    let names: Vec<&str> = head.figures.iter().map(|figure| figure.name).collect();
    let _ = writeln!(text, "| {} |\n|{}", names.join(" | "), "---|".repeat(names.len()));
    let cell = |figure: &Figure| {
        let note = if figure.note.is_empty() { String::new() } else { format!("<br>{}", plain(&figure.note)) };
        format!("**{}**{note}", plain(&figure.value))
    };
    let cells: Vec<String> = head.figures.iter().map(cell).collect();
    let _ = writeln!(text, "| {} |", cells.join(" | "));
    text
}

/// The changes that fit; what does not is named in the answer.
fn changes(sections: &[all_changes::Section], sheet: &mut Sheet) -> Vec<String> {
    let mut cut = 0;
    for section in sections {
        let open = if section.grave { " open" } else { "" };
        let heading = format!("\n<details{open}><summary>{} ({})</summary>\n\n", section.title, section.count);
        if !sheet.add(&heading) {
            cut += section.count;
            continue;
        }
        for part in &section.parts {
            for (index, entry) in part.entries.iter().enumerate() {
                let name = if index == 0 { format!("**{}**\n\n", part.name) } else { String::new() };
                let end = if index + 1 == part.entries.len() { "\n" } else { "" };
                let fits = cut == 0 && sheet.add(&format!("{name}{}{end}", change(entry)));
                cut += usize::from(!fits);
            }
        }
        sheet.text.push_str("\n</details>\n");
    }
    if cut == 0 { Vec::new() } else { vec![words::count(cut, "change")] }
}

/// One change as an item with what stands below it.
fn change(entry: &all_changes::Entry) -> String {
    let mut line = format!("- {} {} {}", code(entry.sign, false), code(&entry.address, false), plain(entry.verb));
    let more = [entry.impact.to_owned(), about(&entry.duration), entry.costs.clone().unwrap_or_default()];
    let more: Vec<String> = more.into_iter().filter(|text| !text.is_empty()).collect();
    if !more.is_empty() {
        let _ = write!(line, ": {}", plain(&more.join(", ")));
    }
    line.push('\n');
    let Some(detail) = &entry.detail else { return line };
    if let Some((message, way_out)) = &detail.refusal {
        let _ = writeln!(line, "  - **{}** → {}", plain(message), plain(way_out));
    }
    for (what, steps) in &detail.operations {
        let _ = writeln!(line, "  - or: {}", plain(what));
        for (step, number) in steps.iter().zip(1..) {
            let _ = writeln!(line, "    {number}. {}", plain(step));
        }
    }
    for reason in &detail.reasons {
        let _ = writeln!(line, "  - {}", plain(reason));
    }
    for field in &detail.fields {
        let felt = if field.impact.is_empty() { String::new() } else { format!(" ({})", plain(&field.impact)) };
        let (path, before, after) = (code(&field.path, false), code(&field.before, false), code(&field.after, false));
        let _ = writeln!(line, "  - {path}: {before} → {after}{felt}");
    }
    for (path, value) in &detail.pending {
        let _ = writeln!(line, "  - pending at AWS: {} {}", code(path, false), code(value, false));
    }
    line
}

fn about(duration: &str) -> String {
    if duration.is_empty() { String::new() } else { format!("about {duration}") }
}

/// What it costs, of which the figure above is the sum only.
fn cost(cost: &Cost) -> String {
    let mut text = format!("\n<details><summary>Cost: {}</summary>\n\n", plain(&cost.headline));
    for note in &cost.notes {
        let _ = writeln!(text, "- {}", plain(note));
    }
    text.push_str("\n</details>\n");
    text
}

/// The findings as a table.
fn rules(rules: &Rules) -> String {
    if rules.findings.is_empty() {
        return String::new();
    }
    let mut text = format!("\n<details><summary>Design rules: {}</summary>\n\n", plain(&rules.counts));
    text.push_str("| Rule | What | Where |\n|---|---|---|\n");
    for finding in &rules.findings {
        let place = if finding.place.is_empty() { String::new() } else { code(&finding.place, true) };
        let (rule, standing, sentence) = (plain(&finding.rule), plain(&finding.standing), plain(&finding.sentence));
        let _ = writeln!(text, "| {rule} {standing} | {sentence} | {place} |");
    }
    if rules.left_out > 0 {
        let _ = writeln!(text, "\n{} more: `auroractl check` has all of them.", rules.left_out);
    }
    text.push_str("\n</details>\n");
    text
}

/// Where it comes from.
fn foot(head: &Head) -> String {
    // What others name may be long; our own sentences are not, and say nothing without their ends.
    let most = |fact: &Fact| if fact.code { 80 } else { 160 };
    let fact = |fact: &Fact| format!("{} {}", fact.name, code(&super::short(&fact.value, most(fact)), false));
    let facts = head.facts.iter().map(fact);
    format!("\n<sub>{}</sub>\n", facts.collect::<Vec<_>>().join(" · "))
}

/// Shown as nothing, it keeps what stands around it from being one word to GitHub: a mention, a reference, an address.
const NOTHING: &str = "<!-- -->";

/// A text that neither ends its cell or line nor begins markup of its own.
fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let (before, rest) = text.split_at_checked(at).unwrap_or_default();
        match character {
            '|' | '\\' | '[' | ']' | '*' | '_' | '`' | '~' => safe.extend(['\\', character]),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '#' => safe.extend(["\\#", NOTHING]),
            '@' => safe.extend(["@", NOTHING]),
            ':' if rest.starts_with("://") => safe.extend([":", NOTHING]),
            '.' if before.get(at.saturating_sub(3)..).is_some_and(|word| word.eq_ignore_ascii_case("www")) => {
                safe.extend([NOTHING, "."]);
            }
            '\n' | '\r' | '\t' => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

/// A text as code: between more backticks than it has in a row itself. In a table a bar ends the cell even there.
fn code(text: &str, in_table: bool) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let text = text.replace(['\n', '\r', '\t'], " ");
    let text = if in_table { text.replace('|', "\\|") } else { text };
    let space = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_stays_text() {
        assert_eq!(plain("a|b <b> @team *x* `y`"), r"a\|b &lt;b&gt; @<!-- -->team \*x\* \`y\`");
        assert_eq!(plain("https://a.b, WWW.a.b, #12: a"), r"https:<!-- -->//a.b, WWW<!-- -->.a.b, \#<!-- -->12: a");
        assert_eq!(code("a`b``c", false), "```a`b``c```");
        assert_eq!(code("`", false), "`` ` ``");
        assert_eq!(code("a|b\nc", true), r"`a\|b c`");
    }

    #[test]
    fn a_full_sheet_takes_no_more() {
        let mut sheet = Sheet::default();
        assert!(sheet.add(&"ä".repeat(LIMIT - RESERVE)) && !sheet.add("a"));
        assert_eq!(sheet.text.chars().count(), LIMIT - RESERVE);
    }
}
