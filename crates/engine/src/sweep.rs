//! After a run that made something: is there anything that carries the stack's tags and should not be there?
//!
//! The rules of an apply prevent second objects; this shows what a lock that was forced open, a copied tag or a fault of
//! ours let through. It reports. A second object of a kind that nothing but the ownership tag tells apart stands in the
//! next plan as one to delete, if nothing uses it; everything else is left to people. The index of tags lags behind the
//! services, so what this run itself made may be seen by the next one only.

use crate::error::CallError;
use crate::kind::{Owned, Registry};
use crate::recover::{Recorded, tag, twins};
use auroractl_core::Address;
use auroractl_core::identity::oid;
use auroractl_core::journal::{Entry, replay};
use auroractl_core::state::{Deposed, State};
use auroractl_core::tags;
use serde::Serialize;
use std::collections::BTreeSet;

/// An object that carries the stack's tags and should not be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stray {
    /// Its ARN.
    pub arn: String,
    /// What is wrong with it.
    #[serde(flatten)]
    pub why: Astray,
}

/// What is wrong with a stray.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Astray {
    /// It carries the identity of a resource that is on record elsewhere.
    Twin {
        /// The resource.
        of: Address,
        /// Nothing uses it: the next plan deletes it.
        planned: bool,
    },
    /// No run on record made it.
    Unknown {
        /// The address on its tag.
        address: String,
    },
    /// It belongs to another stack of the same name.
    Lineage {
        /// The other lineage.
        lineage: String,
    },
}

/// What an inventory shows beside what the state knows: what is gone, or is in doubt, is none of it.
#[must_use]
pub fn strays(state: &State, owned: &[Owned]) -> Vec<Stray> {
    let recorded = Recorded::of(state);
    let twins: BTreeSet<String> = twins(owned, &state.lineage).into_iter().flatten().collect();
    let past = past(state);
    let stray = |object: &Owned| {
        let (lineage, oid) = (tag(object, tags::LINEAGE), tag(object, tags::ID));
        let why = if lineage != state.lineage {
            Astray::Lineage { lineage: lineage.to_owned() }
        } else if let Some(of) = recorded.address(oid) {
            // AWS copies tags too, to snapshots: only another one of the same sort is a twin.
            if recorded.holds(object) || !twins.contains(&object.arn) {
                return None;
            }
            Astray::Twin { of: of.clone(), planned: false }
        } else if past.contains(oid) {
            return None;
        } else {
            Astray::Unknown { address: tag(object, tags::ADDRESS).to_owned() }
        };
        Some(Stray { arn: object.arn.clone(), why })
    };
    owned.iter().filter_map(stray).collect()
}

/// Identities that are in doubt, and those of generations that are used up: deleted, or left behind on purpose.
fn past(state: &State) -> BTreeSet<String> {
    let burned = state
        .generations
        .iter()
        .flat_map(|(at, next)| (0..*next).map(move |generation| oid(&state.lineage, at, generation)));
    burned.chain(state.intents.iter().map(|intent| intent.oid.clone())).collect()
}

/// Twins that nothing uses, as lines for the journal: the next plan deletes them.
///
/// # Errors
/// When one could not be looked at.
pub async fn spares<W: Sync>(
    world: &W,
    registry: &Registry<W>,
    state: &State,
    strays: &mut [Stray],
) -> Result<Vec<Entry>, CallError> {
    // Follows the lines, so that each of several spares of one resource has a generation of its own.
    let (mut known, mut lines) = (state.clone(), Vec::new());
    for Stray { arn, why } in strays {
        let Astray::Twin { of, planned } = why else { continue };
        let (Some(kind), Some(record)) = (registry.get(of.kind()), state.resources.get(of)) else { continue };
        let Some(outputs) = kind.spare(world, arn).await? else { continue };
        *planned = true;
        let spare = Deposed {
            oid: record.oid.clone(),
            generation: known.generation(of).max(record.generation.saturating_add(1)),
            name: record.name.clone(),
            applied: record.applied.clone(),
            outputs,
            deps: record.deps.clone(),
            incarnation: None,
        };
        let line = Entry::Spare { address: of.clone(), spare: Box::new(spare) };
        replay(&mut known, &line);
        lines.push(line);
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::identity::StackId;
    use auroractl_core::state::{Record, Scope};

    fn at() -> Address {
        "vpc.main".parse().unwrap()
    }

    fn state() -> State {
        let stack = StackId { name: "s".into(), account: "1".into(), region: "r".into() };
        let mut state = State::new(stack, "l".to_owned());
        let record = Record {
            kind: "vpc".into(),
            version: 1,
            scope: Scope { account: "1".into(), region: "r".into() },
            oid: oid("l", &at(), 1),
            generation: 1,
            name: String::new(),
            applied: serde_json::json!({}),
            outputs: serde_json::json!({"vpc_id": "vpc-1"}),
            deps: BTreeSet::new(),
            incarnation: None,
            settled: true,
            born: 0,
        };
        state.burn(&at(), 0);
        state.resources.insert(at(), record);
        state
    }

    fn object(id: &str, oid: &str, lineage: &str) -> Owned {
        let tags = [(tags::LINEAGE, lineage), (tags::ADDRESS, "vpc.main"), (tags::ID, oid)];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        Owned { arn: format!("arn:aws:ec2:r:1:{id}"), tags }
    }

    #[test]
    fn what_is_on_record_gone_or_copied_by_aws_is_no_stray() {
        let (now, before) = (oid("l", &at(), 1), oid("l", &at(), 0));
        let owned =
            [object("vpc/vpc-1", &now, "l"), object("vpc/vpc-0", &before, "l"), object("snapshot/snap-1", &now, "l")];
        assert_eq!(strays(&state(), &owned), []);
    }

    #[test]
    fn twins_and_strangers_are() {
        let now = oid("l", &at(), 1);
        let owned = [
            object("vpc/vpc-1", &now, "l"),
            object("vpc/vpc-2", &now, "l"),
            object("vpc/vpc-3", &oid("l", &at(), 7), "l"),
            object("vpc/vpc-4", &oid("m", &at(), 0), "m"),
        ];
        let found: Vec<Astray> = strays(&state(), &owned).into_iter().map(|stray| stray.why).collect();
        let expected = [
            Astray::Twin { of: at(), planned: false },
            Astray::Unknown { address: "vpc.main".to_owned() },
            Astray::Lineage { lineage: "m".to_owned() },
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_spare_one_awaits_its_deletion_under_a_number_of_its_own() {
        let mut state = state();
        let spare = Deposed {
            generation: 2,
            outputs: serde_json::json!({"vpc_id": "vpc-2"}),
            ..state.resources[&at()].depose()
        };
        let line = Entry::Spare { address: at(), spare: Box::new(spare) };
        replay(&mut state, &line);
        replay(&mut state, &line);
        assert_eq!((state.deposed(&at()).len(), state.generation(&at())), (1, 3));
        assert_eq!(strays(&state, &[object("vpc/vpc-2", &oid("l", &at(), 1), "l")]), []);
        replay(&mut state, &Entry::Deleted { address: at(), generation: 2 });
        assert!(state.deposed(&at()).is_empty() && state.resources.contains_key(&at()));
    }
}
