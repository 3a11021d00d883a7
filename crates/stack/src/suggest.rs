//! "Did you mean": the nearest known spelling.

/// The known word that is nearest to a misspelt one; `None` when nothing is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
    let (best, away) = known.into_iter().map(|candidate| (candidate, distance(candidate))).min_by_key(|(_, d)| *d)?;
    let near = away <= 1 + word.chars().count() / 4;
    let contained = lower.len() >= 4 && (best.contains(&lower) || (best.len() >= 4 && lower.contains(best)));
    (near || contained).then_some(best)
}

/// The known words as an enumeration in a sentence: "`a`, `b` or `c`".
pub(crate) fn one_of<S: AsRef<str>>(known: &[S]) -> String {
    let quoted: Vec<_> = known.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far() {
        let known = ["retention_days", "window", "copy_tags_to_snapshot"];
        assert_eq!(nearest("retenton_days", known), Some("retention_days"));
        assert_eq!(nearest("retention", known), Some("retention_days"));
        assert_eq!(nearest("Window", known), Some("window"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(one_of(&["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(one_of(&["a"]), "`a`");
    }
}
