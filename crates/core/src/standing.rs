//! What a stack has said of itself in runs that are over, as far as its data hangs on it.
//!
//! A stack file that says `ephemeral` says that its data may go with it, and one mistaken overlay says so of production. So
//! the file alone does not count: it counts together with what an earlier run has written down, as a protection counts
//! that was lifted in an earlier run. What makes a stack stricter is written down before the first call of a run, what makes
//! it looser when the run has ended well. A stack of which nothing is there yet is what its file says from the start:
//! whatever it will hold was made under that.

use crate::journal::Entry;
use crate::plan::Options;
use crate::state::State;
use serde::{Deserialize, Serialize};

/// Which rules a stack stands under, and whether its data may go with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// Its environment. Empty where a plan of an earlier release was applied, which does not say it.
    pub environment: String,
    /// Its data may go with it.
    pub ephemeral: bool,
}

/// What a run makes of a stack's standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn<'a> {
    /// The environment that it leaves and the one that it comes to, where they differ.
    pub environment: Option<(&'a str, &'a str)>,
    /// From the next run on its data may go with it, and until now it may not.
    pub becomes_ephemeral: bool,
}

impl Standing {
    /// What the stack file says.
    #[must_use]
    pub fn wished(options: &Options) -> Self {
        Self { environment: options.environment.clone(), ephemeral: options.ephemeral }
    }
}

/// May data go with the stack? Where its file says so, and it was so before this run.
#[must_use]
pub fn forgoes_data(state: &State, options: &Options) -> bool {
    options.ephemeral && recorded_ephemeral(state)
}

/// What an apply turns the stack into; `None` where nothing is turned, or where nothing is there that could be.
#[must_use]
pub fn turn<'a>(state: &'a State, options: &'a Options) -> Option<Turn<'a>> {
    if options.destroy || is_unborn(state) {
        return None;
    }
    let before = state.standing.as_ref().map(|standing| standing.environment.as_str()).filter(|name| !name.is_empty());
    let now = options.environment.as_str();
    let environment = before.filter(|before| !now.is_empty() && *before != now).map(|before| (before, now));
    let becomes_ephemeral = options.ephemeral && !recorded_ephemeral(state);
    (environment.is_some() || becomes_ephemeral).then_some(Turn { environment, becomes_ephemeral })
}

/// The line that stands before the first call of a run.
#[must_use]
pub fn begun(state: &State, options: &Options) -> Option<Entry> {
    if options.destroy {
        return None;
    }
    let wished = Standing::wished(options);
    let standing = match &state.standing {
        None if is_unborn(state) => wished,
        Some(before) if before.ephemeral && !wished.ephemeral => Standing { ephemeral: false, ..before.clone() },
        _ => return None,
    };
    Some(Entry::Standing { standing: Some(standing) })
}

/// The line at the end of a run that ended well. When all of a stack is gone, the next one under its name begins anew.
#[must_use]
pub fn ended(state: &State, options: &Options) -> Option<Entry> {
    if is_unborn(state) {
        return None;
    }
    let mut standing = match (options.destroy, is_empty(state)) {
        (true, true) => None,
        (true, false) => return None,
        (false, _) => Some(Standing::wished(options)),
    };
    if let (Some(now), Some(before)) = (&mut standing, &state.standing)
        && now.environment.is_empty()
    {
        now.environment.clone_from(&before.environment);
    }
    (standing != state.standing).then_some(Entry::Standing { standing })
}

fn recorded_ephemeral(state: &State) -> bool {
    state.standing.as_ref().is_some_and(|standing| standing.ephemeral)
}

/// Was nothing made yet, and nothing said?
fn is_unborn(state: &State) -> bool {
    state.standing.is_none() && is_empty(state)
}

/// Is nothing there, and nothing in doubt?
fn is_empty(state: &State) -> bool {
    state.resources.is_empty() && state.deposed.is_empty() && state.intents.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::StackId;
    use crate::journal::replay;
    use crate::state::{Intent, Verb};
    use serde_json::json;
    use std::collections::BTreeSet;

    fn options(environment: &str, ephemeral: bool) -> Options {
        Options { environment: environment.to_owned(), ephemeral, ..Options::default() }
    }

    fn state() -> State {
        State::new(StackId { name: "s".into(), account: "1".into(), region: "r".into() }, "l".to_owned())
    }

    /// A state in which something may have been made.
    fn lived_in() -> State {
        let intent = Intent {
            address: "db_cluster.main".parse().unwrap(),
            generation: 0,
            oid: "o".to_owned(),
            name: "orders".to_owned(),
            verb: Verb::Create,
            spec: json!({}),
            deps: BTreeSet::new(),
            attempted: true,
            kept_by: None,
        };
        State { intents: vec![intent], ..state() }
    }

    /// The lines at the beginning and, where it ends well, at the end of a run.
    fn run(state: &mut State, options: &Options, well: bool) {
        begun(state, options).iter().for_each(|line| replay(state, line));
        state.intents = lived_in().intents;
        ended(state, options).filter(|_| well).iter().for_each(|line| replay(state, line));
    }

    #[test]
    fn a_stack_born_ephemeral_may_go_even_after_a_killed_run() {
        let (mut state, dev) = (state(), options("dev", true));
        assert_eq!(turn(&state, &dev), None, "there is nothing yet that could be turned");
        run(&mut state, &dev, false);
        assert!(forgoes_data(&state, &dev));
        assert!(!forgoes_data(&state, &options("dev", false)), "the file has to say it, too");
    }

    #[test]
    fn who_becomes_ephemeral_is_so_from_the_next_run_on() {
        let (mut state, prod, dev) = (state(), options("prod", false), options("dev", true));
        run(&mut state, &prod, true);
        let turned = Turn { environment: Some(("prod", "dev")), becomes_ephemeral: true };
        assert_eq!(turn(&state, &dev), Some(turned));
        assert!(!forgoes_data(&state, &dev));
        run(&mut state, &dev, false);
        assert!(!forgoes_data(&state, &dev), "a run that did not end well says nothing");
        run(&mut state, &dev, true);
        assert!(forgoes_data(&state, &dev));
        assert_eq!((turn(&state, &dev), ended(&state, &dev)), (None, None));
    }

    #[test]
    fn who_is_ephemeral_no_longer_is_so_at_once() {
        let (mut state, prod, dev) = (state(), options("prod", false), options("dev", true));
        run(&mut state, &dev, true);
        run(&mut state, &prod, false);
        assert!(!forgoes_data(&state, &dev), "what that run has made was made to last");
        assert_eq!(state.standing, Some(Standing { environment: "dev".to_owned(), ephemeral: false }));
    }

    #[test]
    fn a_state_that_says_nothing_keeps_its_data() {
        let (mut state, dev) = (lived_in(), options("dev", true));
        assert!(turn(&state, &dev).is_some_and(|turn| turn.becomes_ephemeral));
        assert_eq!(begun(&state, &dev), None);
        assert!(!forgoes_data(&state, &dev));
        run(&mut state, &dev, true);
        assert!(forgoes_data(&state, &dev));
    }

    #[test]
    fn a_stack_that_is_gone_begins_anew() {
        let (mut state, prod) = (state(), options("prod", false));
        run(&mut state, &prod, true);
        let gone = Options { destroy: true, ..options("prod", false) };
        assert_eq!((begun(&state, &gone), ended(&state, &gone)), (None, None), "something is left");
        state.intents.clear();
        ended(&state, &gone).iter().for_each(|line| replay(&mut state, line));
        assert_eq!(state.standing, None);
        run(&mut state, &options("dev", true), false);
        assert!(forgoes_data(&state, &options("dev", true)));
    }
}
