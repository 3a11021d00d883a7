//! Engine versions: which one satisfies which wish, and which way an edit goes.

use std::cmp::Ordering;

/// How an edit of the version would go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing to do: the wish is satisfied.
    None,
    /// A newer minor version.
    Minor,
    /// A newer major version.
    Major,
    /// An older version.
    Back,
}

/// The way from the version that AWS runs to the one that the stack states.
///
/// `16` and `16.8` are satisfied by `16.8.2`. With `auto_minor`, AWS installs newer minor versions by itself: then
/// the stack's version is the least one, and being ahead of it is no difference.
pub(crate) fn step(runs: &str, wanted: &str, auto_minor: bool) -> Step {
    let (runs, wanted) = (parts(runs), parts(wanted));
    if runs.starts_with(&wanted) {
        return Step::None;
    }
    match (runs.first() == wanted.first(), runs.cmp(&wanted)) {
        (true, Ordering::Greater) if auto_minor => Step::None,
        (_, Ordering::Greater | Ordering::Equal) => Step::Back,
        (true, Ordering::Less) => Step::Minor,
        (false, Ordering::Less) => Step::Major,
    }
}

/// Is the running version a newer minor one than the stack states?
pub(crate) fn ahead(runs: &str, wanted: &str) -> bool {
    let (runs, wanted) = (parts(runs), parts(wanted));
    !runs.starts_with(&wanted) && runs.first() == wanted.first() && runs > wanted
}

/// Numbers of a version; a suffix such as `-limitless` counts as its own part.
fn parts(version: &str) -> Vec<Part> {
    version
        .split(['.', '-'])
        .map(|part| part.parse().map_or_else(|_| Part::Text(part.to_owned()), Part::Number))
        .collect()
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u32),
    Text(String),
}

/// Orders versions as AWS releases them: 16.8 before 16.11.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    parts(a).cmp(&parts(b))
}

/// The major version.
pub(crate) fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps() {
        for (runs, wanted, auto, expected) in [
            ("16.8", "16.8", false, Step::None),
            ("16.8.2", "16.8", false, Step::None),
            ("16.8", "16", false, Step::None),
            ("16.11", "16.8", true, Step::None),
            ("16.11", "16.8", false, Step::Back),
            ("16.8", "16.11", true, Step::Minor),
            ("16.11", "17.4", true, Step::Major),
            ("17.4", "16.11", true, Step::Back),
        ] {
            assert_eq!(step(runs, wanted, auto), expected, "{runs} -> {wanted}, auto {auto}");
        }
    }

    #[test]
    fn newer_minor_versions_are_ahead() {
        let ahead = |pairs: [(&str, &str); 5]| pairs.map(|(runs, wanted)| ahead(runs, wanted));
        let pairs = [("16.11", "16.8"), ("16.8", "16.11"), ("16.8.2", "16.8"), ("16.8", "16"), ("17.4", "16.11")];
        assert_eq!(ahead(pairs), [true, false, false, false, false]);
    }

    #[test]
    fn order_is_by_number() {
        assert_eq!(compare("16.8", "16.11"), Ordering::Less);
        assert_eq!(major("16.11"), "16");
    }
}
