//! What an apply turns the stack into, in a sentence: people read it before they approve.

use auroractl_core::plan::Options;
use auroractl_core::standing::{Turn, turn};
use auroractl_core::state::State;

/// The sentence; `None` where the stack stays what it is.
pub(crate) fn told(stack: &str, state: &State, options: &Options) -> Option<String> {
    turn(state, options).map(|turn| sentence(stack, turn))
}

/// Is what this apply gives a permission? Then it is asked for, also where nothing else is to be done.
pub(crate) fn permits(state: &State, options: &Options) -> bool {
    turn(state, options).is_some_and(|turn| turn.becomes_ephemeral)
}

fn sentence(stack: &str, turn: Turn<'_>) -> String {
    let environment = turn.environment.map(|(from, to)| {
        format!("stack `{stack}` goes from environment `{from}` to `{to}`, and is judged by the rules of `{to}`")
    });
    let ephemeral = turn.becomes_ephemeral.then(|| {
        format!(
            "stack `{stack}` becomes ephemeral by this apply: from the next run on its data is deleted without `--allow-delete`, \
             and without a final snapshot where the stack file wants none"
        )
    });
    environment.into_iter().chain(ephemeral).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_told_in_one_line() {
        let turn = Turn { environment: Some(("prod", "dev")), becomes_ephemeral: true };
        let told = sentence("orders", turn);
        assert!(told.contains("from environment `prod` to `dev`") && told.contains("becomes ephemeral"), "{told}");
        assert!(!told.contains('\n'), "{told}");
    }
}
