//! `auroractl state push`: makes a copy the present state.
//!
//! Only forward. With an older copy in its place, or one that does not have what an interrupted run wrote down,
//! something that was made would be forgotten, and go on running and costing unseen. There is no flag to do it all the
//! same: flags stand in scripts. Who knows better moves the present state away first, and has it then, should it be
//! missed.

use super::state::told;
use crate::args::Keeper;
use crate::exit::{Exit, Failure};
use crate::session::{Recorded, Stack, open_state};
use crate::view;
use auroractl_core::journal::{self, Entry};
use auroractl_core::state::State;
use auroractl_engine::store::{Mode, belongs, read_copy};
use auroractl_stack::StateBackend;
use std::path::Path;

/// What to do about a refusal.
const WAY_OUT: &str = "`auroractl state pull` prints what is there; `auroractl apply` brings an interrupted run to its \
                       end. Where the file is to count all the same, move the present state away first: what it alone \
                       knows is forgotten then";

/// Reads the file, and puts it in the place of the present state.
pub(super) async fn push(file: &Path, keeper: &Keeper) -> Result<Exit, Failure> {
    let stack = Stack::open(&keeper.target)?;
    let bytes = std::fs::read(file).map_err(|error| Failure::io("read", file, &error))?;
    let pushed =
        read_copy(&bytes).map_err(|why| Failure::new(Exit::State, format!("{} is no state: {why}", file.display())))?;
    belongs(&pushed, &stack.id())?;
    let mode = Mode::Write { command: "state push".to_owned() };
    let mut recorded = open_state(&stack, &keeper.login, mode).await?;
    let left = left_behind(&stack);
    let done = replace(&mut recorded, pushed).await.and_then(|text| told(keeper, text));
    if let (Ok(_), Some(left)) = (&done, left) {
        view::note(&left);
    }
    recorded.close(done).await
}

/// A local state beside one in a bucket: it has a lock of its own, so that whoever still has a stack file without the bucket
/// would work on it beside the others.
fn left_behind(stack: &Stack) -> Option<String> {
    let local = stack.dir.join("state.json");
    let both = stack.loaded.config.state.backend == StateBackend::S3 && local.exists();
    both.then(|| {
        format!(
            "the local state in {} can still be used, with a lock of its own, by a stack file that does not name the bucket: move that folder away",
            stack.dir.display()
        )
    })
}

async fn replace(recorded: &mut Recorded, pushed: State) -> Result<String, Failure> {
    let Recorded { state: present, since, fresh, .. } = &*recorded;
    if let Some(why) = forgotten(&pushed, (present, since.as_slice())).filter(|_| !fresh) {
        return Err(Failure::new(Exit::State, format!("{why}; nothing was changed")).hinted(WAY_OUT));
    }
    recorded.store.commit(&pushed).await?;
    let (count, lineage) = (pushed.resources.len(), &pushed.lineage);
    Ok(format!("The state has {count} resources now, of lineage {lineage}."))
}

/// Why something would be forgotten with the pushed state in the place of the present one, of which the lines since its
/// snapshot are a part.
fn forgotten(pushed: &State, (present, since): (&State, &[Entry])) -> Option<String> {
    if pushed.lineage != present.lineage {
        return Some(format!("the file is of lineage {}, the state of {}", pushed.lineage, present.lineage));
    }
    if pushed.serial < present.serial {
        return Some(format!("the file is older: its serial is {}, the state's {}", pushed.serial, present.serial));
    }
    if same(pushed, present) {
        return None;
    }
    if !present.intents.is_empty() && pushed.intents != present.intents {
        return Some("an interrupted run left intents that the file does not have".to_owned());
    }
    if !journal::holds(pushed, since) {
        return Some("an interrupted run wrote down what the file does not have".to_owned());
    }
    // Two that went on from one state by themselves: neither has what the other has made.
    let rivals = pushed.serial == present.serial;
    rivals.then(|| format!("the file is another state of the same serial, {}", present.serial))
}

/// Do both know the same of the stack? Serials only count, and durations only teach.
fn same(pushed: &State, present: &State) -> bool {
    let (serial, durations) = (present.serial, present.durations.clone());
    *present == State { serial, durations, ..pushed.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::Address;
    use auroractl_core::durations::{Deed, Sample};
    use auroractl_core::identity::StackId;
    use auroractl_core::journal::replay;
    use auroractl_core::state::{Intent, Record, Scope, Verb};
    use serde_json::json;
    use std::collections::BTreeSet;

    fn at(name: &str) -> Address {
        Address::new("vpc", name).unwrap()
    }

    fn made(name: &str) -> Entry {
        let record = Record {
            kind: "vpc".to_owned(),
            version: 1,
            scope: Scope { account: "123456789012".to_owned(), region: "eu-central-1".to_owned() },
            oid: format!("oid-{name}"),
            generation: 0,
            name: String::new(),
            applied: json!({}),
            outputs: json!({"vpc_id": format!("vpc-{name}")}),
            deps: BTreeSet::new(),
            incarnation: None,
            settled: true,
            born: 0,
        };
        Entry::Recorded { address: at(name), record: Box::new(record) }
    }

    fn intended(name: &str) -> Entry {
        Entry::Intent(Intent {
            address: at(name),
            generation: 0,
            oid: format!("oid-{name}"),
            name: String::new(),
            verb: Verb::Create,
            spec: json!({}),
            deps: BTreeSet::new(),
            attempted: false,
            kept_by: None,
        })
    }

    /// A state of this serial that has read these lines.
    fn state(serial: u64, lines: &[Entry]) -> State {
        let stack = StackId { name: "orders".into(), account: String::new(), region: "eu-central-1".into() };
        let mut state = State { serial, ..State::new(stack, "lineage".to_owned()) };
        lines.iter().for_each(|line| replay(&mut state, line));
        state
    }

    fn why(pushed: &State, present: &State, since: &[Entry]) -> String {
        forgotten(pushed, (present, since)).unwrap_or_default()
    }

    #[test]
    fn a_copy_of_the_present_state_is_always_taken() {
        let run = [made("a"), intended("b")];
        let present = state(3, &run);
        assert_eq!(why(&present.clone(), &present, &run), "");
        let sample = Sample { kind: "vpc".to_owned(), deed: Deed::Create, seconds: 2.0 };
        let measured = [made("a"), Entry::Measured { samples: vec![sample] }];
        assert_eq!(why(&state(3, &[made("a")]), &state(3, &measured), &measured[1..]), "", "it only teaches");
    }

    #[test]
    fn nothing_goes_back() {
        assert!(why(&state(2, &[]), &state(3, &[]), &[]).contains("older"));
        let other = State { lineage: "other".to_owned(), ..state(9, &[]) };
        assert!(why(&other, &state(3, &[]), &[]).contains("of lineage other"));
        assert_eq!(why(&state(4, &[]), &state(3, &[made("a")]), &[]), "", "what was committed since is newer");
    }

    #[test]
    fn what_an_interrupted_run_left_is_not_forgotten() {
        let (before, run) = (state(3, &[made("a")]), [made("b"), intended("c")]);
        for serial in [3, 4] {
            let pushed = State { serial, ..before.clone() };
            assert!(why(&pushed, &state(3, &[made("a"), intended("c")]), &run[1..]).contains("intents"), "{serial}");
            let present = state(3, &[made("a"), made("b")]);
            assert!(why(&pushed, &present, &run[..1]).contains("wrote down"), "{serial}: nothing is in doubt any more");
        }
        let later = state(4, &[made("a"), made("b"), made("d")]);
        assert_eq!(why(&later, &state(3, &[made("a"), made("b")]), &run[..1]), "", "it has what the run wrote down");
    }

    #[test]
    fn two_states_of_one_serial_do_not_replace_each_other() {
        let (one, other) = (state(3, &[made("a")]), state(3, &[made("b")]));
        assert!(why(&one, &other, &[]).contains("another state of the same serial, 3"));
    }
}
