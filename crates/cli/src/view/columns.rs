//! Columns of a table that is wider than the terminal: which gives way, and where its texts break.
//!
//! Left to itself a table gives every column the same room, so that a name is cut in two beside a column that is half empty.

use std::array;

/// What joins the parts of a name: a line may end behind it.
const JOINTS: [char; 4] = ['.', '_', '-', '/'];

/// Rows whose texts are broken so that the table is no wider than this. Names of the first column stay whole as long as there
/// is room for one in any other, then those of the second, and so on; amounts are never cut.
pub(super) fn fitted<const N: usize>(rows: Vec<[String; N]>, room: usize) -> Vec<[String; N]> {
    let whole = longest(&rows, length);
    if sum(&whole) <= room {
        return rows;
    }
    let widths = widths(&rows, whole, room);
    let broken = |row: [String; N]| {
        let mut widths = widths.iter();
        row.map(|text| broken(&text, widths.next().copied().unwrap_or(usize::MAX)))
    };
    rows.into_iter().map(broken).collect()
}

fn widths<const N: usize>(rows: &[[String; N]], whole: [usize; N], room: usize) -> [usize; N] {
    let mut widths = longest(rows, |text| text.split(' ').flat_map(parts).map(length).max().unwrap_or(0));
    let words = longest(rows, |text| text.split(' ').map(length).max().unwrap_or(0));
    let mut left = room.saturating_sub(sum(&widths));
    for (width, word) in widths.iter_mut().zip(words) {
        let more = word.saturating_sub(*width);
        if more <= left {
            *width += more;
            left -= more;
        }
    }
    // A letter at a time to the column that lacks most.
    for _ in 0..left {
        let lacking = widths.iter_mut().zip(whole).max_by_key(|(width, whole)| whole.saturating_sub(**width));
        if let Some((width, _)) = lacking {
            *width += 1;
        }
    }
    widths
}

/// The most that any text of each column comes to.
fn longest<const N: usize>(rows: &[[String; N]], measure: impl Fn(&str) -> usize) -> [usize; N] {
    array::from_fn(|column| rows.iter().filter_map(|row| row.get(column)).map(|text| measure(text)).max().unwrap_or(0))
}

fn sum(widths: &[usize]) -> usize {
    widths.iter().sum()
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// A text in lines, broken between words, and within a word only where it is longer than a line.
fn broken(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut put = |part: &str, gap: &str| match lines.last_mut() {
        Some(line) if length(line) + length(gap) + length(part) <= width => line.extend([gap, part]),
        _ => lines.push(part.to_owned()),
    };
    for word in text.split(' ') {
        if length(word) <= width {
            put(word, " ");
        } else {
            parts(word)
                .into_iter()
                .zip([" "].into_iter().chain(std::iter::repeat("")))
                .for_each(|(part, gap)| put(part, gap));
        }
    }
    lines.join("\n")
}

/// The parts of a word, each with its joint. What follows is a letter: a point within an amount joins nothing.
fn parts(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    for ((at, sign), next) in word.char_indices().zip(word.chars().skip(1)) {
        if JOINTS.contains(&sign) && next.is_alphabetic() {
            let end = at + sign.len_utf8();
            parts.extend(word.get(from..end));
            from = end;
        }
    }
    parts.extend(word.get(from..));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(texts: [&str; 3]) -> [String; 3] {
        texts.map(str::to_owned)
    }

    /// How wide the columns are in all.
    fn width(rows: &[[String; 3]]) -> usize {
        sum(&longest(rows, |text| text.lines().map(length).max().unwrap_or(0)))
    }

    #[test]
    fn names_stay_whole_and_amounts_too() {
        let rows = vec![
            row(["db_instance.instance-1", "not stated (cost.recovery_point_gib)", "$51.10 to $1,635.20"]),
            row(["", "1 secret-month", "unknown (insights_advanced)"]),
        ];
        assert_eq!(fitted(rows.clone(), 200), rows, "there is room");
        for room in 42..85 {
            let told = fitted(rows.clone(), room);
            assert!(width(&told) <= room, "{room}: {told:?}");
            assert_eq!(told[0][0], "db_instance.instance-1", "{room}");
            assert!(told[0][2].contains("$1,635.20") && told[1][2].contains("unknown"), "{room}: {told:?}");
            for (told, text) in told.iter().flatten().zip(rows.iter().flatten()) {
                assert_eq!(told.replace(['\n', ' '], ""), text.replace(' ', ""), "nothing is lost");
            }
        }
        assert_eq!(fitted(rows, 45)[1][2], "unknown\n(insights_\nadvanced)");
    }

    #[test]
    fn a_name_without_room_breaks_at_a_joint() {
        assert_eq!(broken("metric_alarm.acu-utilization", 15), "metric_alarm.\nacu-utilization");
        assert_eq!(broken("a metric_alarm.cpu", 10), "a metric_\nalarm.cpu");
        assert_eq!(parts("$1,635.20"), ["$1,635.20"]);
        assert_eq!(parts("(cost.io_millions)"), ["(cost.", "io_", "millions)"]);
        assert_eq!(broken("", 5), "");
    }
}
