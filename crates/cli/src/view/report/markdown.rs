//! A plan for a pull request: the same page without its figures, as Markdown that fits into a comment.
//!
//! What others wrote stays text: it neither ends a cell nor begins markup, mentions nobody and is no link.

use super::axis::Axis;
use super::head::{Fact, Figure, Head};
use super::rules::Rules;
use super::{Subject, changes as all_changes, cost as bill, felt};
use crate::view::{roll, words};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// GitHub refuses longer comments, in characters: `body is too long (maximum is 65536 characters)`.
const LIMIT: usize = 65_536;
/// Kept free for the sentences that say what was cut, for the ends of folds, and for the end.
const RESERVE: usize = 1_600;
/// At most so many interruptions, and so many resources of the bill, are told one by one.
const ROWS: usize = 40;

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
    // What has a bounded number of lines comes before the changes, of which there may be any.
    let blocks = [(head(&summary), "the summary"), (impact(subject), "the impact"), (cost(subject), "the cost")];
    for (block, what) in blocks {
        if !sheet.add(&block) {
            left.push(what.to_owned());
        }
    }
    left.extend(changes(&told.sections, &mut sheet));
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
    let _ = writeln!(text, "{}\n\n{}\n", prose(&head.lead, false), prose(&head.standing.text, false));
    for line in &head.ailing {
        let _ = writeln!(text, "> **Not usable at AWS:** {}\n", prose(line, false));
    }
    for line in head.beside.iter().chain(&head.why).chain(&head.hindrances) {
        let _ = writeln!(text, "> {}\n", prose(line, false));
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

/// When users are interrupted, in which order members have their turns, and what the other ways would be like.
fn impact(subject: &Subject<'_>) -> String {
    let (lines, all) = (roll::lines(subject.forecast), subject.forecast.outage.windows.len());
    let felt = felt::felt(subject, &Axis::of(subject));
    let calm = all == 0 && lines.is_empty() && felt.ways.is_empty() && felt.later.is_empty();
    // Of a plan that is refused nothing is done.
    if calm || subject.plan.refused().next().is_some() {
        return String::new();
    }
    let (open, count) = (if all == 0 { "" } else { " open" }, words::count(all, "interruption"));
    let mut text = format!("\n<details{open}><summary>Impact on users of the database: {count}</summary>\n");
    text.push_str(&windows(&felt.rows, all));
    text.push_str(&list("Order", lines.iter().map(|line| line.replace(" -> ", " → "))));
    text.push_str(&ways(&felt.ways));
    text.push_str(&list("", felt.later.into_iter().take(ROWS)));
    text.push_str("\n</details>\n");
    text
}

/// Who is interrupted, when, for how long and by what.
fn windows(rows: &[felt::Row], all: usize) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut text = "\n| Who | Feels | From | For about | p95 | Because of |\n".to_owned();
    text.push_str("|---|---|--:|--:|--:|---|\n");
    for row in rows.iter().take(ROWS) {
        let (who, what, by, fields) = (code(&row.who, true), plain(row.what), code(&row.by, true), plain(&row.fields));
        let times = format!("{} | {} | {}", row.from, row.lasts, row.at_most);
        let _ = writeln!(text, "| {who} | {what} | {times} | {} |", format!("{by} {fields}").trim_end());
    }
    text + &more(all.saturating_sub(rows.len().min(ROWS)))
}

/// The strategies that a stack may choose.
fn ways(ways: &[felt::Way]) -> String {
    if ways.is_empty() {
        return String::new();
    }
    let mut text = "\n**Ways to do it**: `[changes] strategy` in the stack file chooses\n".to_owned();
    text.push_str("\n| Strategy | Users feel | Takes | p95 | Extra cost per hour |\n|---|---|--:|--:|--:|\n");
    for way in ways {
        let name = code(&way.name, true);
        let name = if way.chosen { format!("**{name}** chosen") } else { name };
        let (felt, peak) = (prose(&way.felt, true), plain(&way.peak));
        let _ = writeln!(text, "| {name} | {felt} | {} | {} | {peak} |", way.takes, way.at_most);
    }
    text
}

/// What changes of the bill, the dearest difference first.
fn cost(subject: &Subject<'_>) -> String {
    let money = &subject.forecast.money;
    let bill = bill::cost(subject);
    if money.delta.is_empty() && bill.notes.is_empty() {
        return String::new();
    }
    let changed: BTreeSet<String> = money.delta.keys().map(ToString::to_string).collect();
    let rows: Vec<&bill::Row> = bill.rows.iter().filter(|row| changed.contains(&row.name)).take(ROWS).collect();
    // A summary is HTML, in which the escapes of Markdown would show.
    let headline = bill.headline.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut text = format!("\n<details><summary>Cost: {headline}</summary>\n");
    if !rows.is_empty() {
        text.push_str("\n| Resource | Before | After | Change a month |\n|---|--:|--:|--:|\n");
        let named = rows.iter().map(|row| (code(&row.name, true), *row));
        let all = bill.total.iter().map(|row| (format!("**{}**", row.name), row));
        for (name, row) in named.chain(all) {
            let (before, after, change) = (plain(&row.before), plain(&row.after), plain(&row.change));
            let _ = writeln!(text, "| {name} | {before} | {after} | {change} |");
        }
        text.push_str(&more(changed.len().saturating_sub(rows.len())));
    }
    text + &list("", bill.notes.into_iter().chain(bill.legend)) + "\n</details>\n"
}

/// Lines, below a name if they have one; nothing where there are none.
fn list(name: &str, lines: impl Iterator<Item = String>) -> String {
    let name = if name.is_empty() { String::new() } else { format!("\n**{name}**\n") };
    let lines: String = lines.map(|line| format!("- {}\n", prose(&line, false))).collect();
    if lines.is_empty() { lines } else { format!("{name}\n{lines}") }
}

/// What a table leaves out.
fn more(left: usize) -> String {
    if left == 0 { String::new() } else { format!("\n{left} more: `auroractl plan --json` has all of them.\n") }
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
        let _ = writeln!(line, "  - **{}** → {}", plain(message), prose(way_out, false));
    }
    for (what, steps) in &detail.operations {
        let _ = writeln!(line, "  - or: {}", prose(what, false));
        for (step, number) in steps.iter().zip(1..) {
            let _ = writeln!(line, "    {number}. {}", prose(step, false));
        }
    }
    for reason in &detail.reasons {
        let _ = writeln!(line, "  - {}", prose(reason, false));
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

/// A sentence with code between backticks, as the page reads it, too. Whoever wrote either, it stays text.
fn prose(text: &str, in_table: bool) -> String {
    let runs = text.split('`').enumerate().filter(|(_, run)| !run.is_empty());
    runs.map(|(index, run)| if index % 2 == 0 { plain(run) } else { code(run, in_table) }).collect()
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
    fn code_within_a_sentence_is_code() {
        assert_eq!(prose("say `--x a|b` *now*", true), r"say `--x a\|b` \*now\*");
        assert_eq!(prose("`@team`` <b>` and `#12", false), "`@team`` <b>` and `#12`");
        assert_eq!(prose("``` <b>", false), "` <b>`");
        assert_eq!(list("", std::iter::empty()), "");
        assert_eq!(list("Order", ["a -> `b`".to_owned()].into_iter()), "\n**Order**\n\n- a -&gt; `b`\n");
    }

    #[test]
    fn a_full_sheet_takes_no_more() {
        let mut sheet = Sheet::default();
        assert!(sheet.add(&"ä".repeat(LIMIT - RESERVE)) && !sheet.add("a"));
        assert_eq!(sheet.text.chars().count(), LIMIT - RESERVE);
    }
}
