//! Versions of Aurora PostgreSQL: which RDS can create, which are supported for long, and until when.
//!
//! The rows stand in `data/engines.tsv`; its README says where they come from. They age: what is newer than the table is
//! not judged, and AWS is asked before anything is made.

/// What is known about a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// RDS can create a cluster of it; `None` for a minor that is newer than the table.
    pub creatable: Option<bool>,
    /// It is its major's long-term support minor.
    pub lts: bool,
    /// Last day of its major's standard support, `2029-02-28`.
    pub support_ends: &'static str,
}

/// A version, for example `16.11`; `None` for a major version that the table does not have.
#[must_use]
pub fn of(version: &str) -> Option<Version> {
    let (major, minor) = version.split_once('.')?;
    let mut rows = include_str!("../data/engines.tsv").lines().map(|line| line.split('\t'));
    let mut row = rows.find(|row| row.clone().next() == Some(major))?.skip(1);
    let (minors, lts, support_ends) = (row.next()?, row.next()?, row.next()?);
    let number = |text: &str| text.split('.').next_back().and_then(|minor| minor.parse::<u32>().ok());
    let newest = minors.split(',').filter_map(number).max();
    let known = minors.split(',').any(|one| one == version);
    let newer = number(minor) > newest;
    Some(Version { creatable: (!newer).then_some(known), lts: lts == version, support_ends })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_known_for_what_they_are() {
        let lts = of("16.8").unwrap();
        assert_eq!((lts.creatable, lts.lts, lts.support_ends), (Some(true), true, "2029-02-28"));
        assert_eq!(of("15.4").unwrap().creatable, Some(false), "RDS creates it no longer");
        assert_eq!(of("16.99").unwrap().creatable, None, "newer than the table");
        assert_eq!(of("99.1"), None);
        assert_eq!(of("16"), None);
    }
}
