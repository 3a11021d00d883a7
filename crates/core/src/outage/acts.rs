//! What the steps of a program do to whoever uses the database, each in its place in time.

use super::{Lasts, Scene};
use crate::address::Address;
use crate::durations::{Estimate, narrow};
use crate::guard;
use crate::impact::{Level, When};
use crate::lower::{Step, StepId};
use crate::plan::{Action, Change, Reason, taken_along};
use crate::queue::seconds;
use crate::rehearse::Span;
use crate::state::Verb;

/// Fields whose edit makes clients connect elsewhere, beside what their grade says.
const ELSEWHERE: &[(&str, &str)] = &[("db_cluster", "port")];

/// What a step does to whoever uses the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// A member can be used.
    Comes,
    /// A member goes.
    Leaves(Parting),
    /// A member restarts with an edit: somebody takes over from the writer, if there is one who can.
    Restarts,
    /// A member is told to restart: nobody takes over.
    Reboots,
    /// The writer's role moves to this member.
    TakesOver,
    /// All members of the cluster restart at once.
    AllRestart,
    /// The cluster goes, or a member with it.
    Ends,
    /// Clients are cut off.
    Drops,
    /// Clients have to connect elsewhere.
    Moves,
}

/// What comes after a member that goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parting {
    /// Another one comes in its place.
    Replaced,
    /// Another one has come in its place.
    Succeeded,
    /// Those are back that it stood in for.
    StoodIn,
    /// Nothing.
    ForGood,
}

/// An effect in time.
#[derive(Clone)]
pub(super) struct Act<'a> {
    pub(super) id: StepId,
    pub(super) at: &'a Address,
    pub(super) effect: Effect,
    pub(super) from: f32,
    pub(super) lasts: Estimate,
    pub(super) fields: Vec<String>,
}

/// The effects of a step. What interrupts is placed at the step's end: the work before it is done beside the running
/// member.
pub(super) fn acts_of<'a>(
    (id, step, span): (StepId, &'a Step, Span),
    change: &Change,
    scene: &Scene<'a>,
) -> Vec<Act<'a>> {
    let (start, end) = (narrow(seconds(span.start)), narrow(seconds(span.end)));
    let act = |effect, from, lasts| Act { id, at: &step.address, effect, from, lasts, fields: Vec::new() };
    let left_over = change.deposed.contains(&step.generation);
    match step.verb {
        Verb::Create if scene.cast.contains_key(&step.address) => vec![act(Effect::Comes, end, Estimate::NOTHING)],
        // A member whose successor was made by an interrupted run serves until it goes.
        Verb::Delete if left_over && scene.cast.contains_key(&step.address) => {
            vec![act(Effect::Drops, start, scene.lasts.edit(guard::MEMBER, "", Level::Reconnect))]
        }
        Verb::Delete if !left_over => {
            deletion((id, step), change, scene).map(|(effect, lasts)| act(effect, start, lasts)).into_iter().collect()
        }
        Verb::Update | Verb::Adopt => {
            let mut acts = Vec::new();
            for (effect, lasts, fields) in edits((change, When::Now), scene.lasts) {
                let lasts = within(lasts, step.estimate);
                acts.push(Act { fields, ..act(effect, (end - lasts.p50).max(start), lasts) });
            }
            acts
        }
        Verb::Restart => {
            let lasts = within(scene.lasts.edit(guard::MEMBER, "", Level::RebootOne), step.estimate);
            vec![act(Effect::Reboots, start, lasts)]
        }
        Verb::Failover | Verb::Failback => {
            let act = |at| Act { at, ..act(Effect::TakesOver, start, step.estimate) };
            step.target.as_ref().map(act).into_iter().collect()
        }
        Verb::Create | Verb::Delete | Verb::Forget | Verb::Settle | Verb::Pause | Verb::Resume => Vec::new(),
    }
}

/// An interruption is no longer than the step that it is part of.
pub(super) fn within(lasts: Estimate, step: Estimate) -> Estimate {
    let p50 = lasts.p50.min(step.p50);
    Estimate { p50, p95: lasts.p95.min(step.p95).max(p50) }
}

/// What the deletion of a resource does.
fn deletion((id, step): (StepId, &Step), change: &Change, scene: &Scene<'_>) -> Option<(Effect, Estimate)> {
    let (at, program) = (&step.address, scene.program);
    let replaced = change.action == Action::Replace;
    if let Some(member) = scene.cast.get(at) {
        let ends = scene.plan.changes.iter().any(|other| other.address == member.cluster && is_deleted(other));
        let made = program.forward(at).and_then(|made| Some((made, program.steps.get(made)?.estimate)));
        let lasts = made.map_or(Estimate::NOTHING, |(_, estimate)| step.estimate.then(estimate));
        let dropped = scene.lasts.edit(guard::MEMBER, "", Level::Reconnect);
        return Some(match change.reasons.contains(&Reason::StandsIn) {
            _ if ends => (Effect::Ends, lasts),
            true => (Effect::Leaves(Parting::StoodIn), dropped),
            false if !replaced => (Effect::Leaves(Parting::ForGood), dropped),
            false if made.is_some_and(|(made, _)| program.waits_for(id, made)) => {
                (Effect::Leaves(Parting::Succeeded), dropped)
            }
            false => (Effect::Leaves(Parting::Replaced), lasts),
        });
    }
    if at.kind() == guard::PARENT {
        return (!replaced).then_some((Effect::Ends, Estimate::NOTHING));
    }
    if replaced && is_deserted(id, scene) {
        return None;
    }
    // Clients that it admitted are cut off.
    scene.lasts.get(&format!("{}.delete", at.kind())).map(|lasts| (Effect::Drops, lasts))
}

/// Have clients been made to connect elsewhere before this step? Then nobody is left whom it could cut off.
fn is_deserted(id: StepId, scene: &Scene<'_>) -> bool {
    let elsewhere = |change: &&Change| {
        let kind = change.address.kind();
        change.fields.iter().any(|field| ELSEWHERE.contains(&(kind, field.path.as_str())))
    };
    let moves = scene.plan.changes.iter().filter(elsewhere);
    moves.filter_map(|change| scene.program.forward(&change.address)).any(|edit| scene.program.waits_for(id, edit))
}

fn is_deleted(change: &Change) -> bool {
    change.action == Action::Delete
}

/// What the edits of a change do that count at this time: each effect with how long it lasts and the fields that have it.
pub(super) fn edits((change, when): (&Change, When), lasts: &Lasts) -> Vec<(Effect, Estimate, Vec<String>)> {
    let kind = change.address.kind();
    let mut found: Vec<(Effect, Estimate, Vec<String>)> = Vec::new();
    let mut add = |effect: Effect, lasts: Estimate, path: &str| match found.iter_mut().find(|one| one.0 == effect) {
        Some((_, longest, fields)) => {
            *longest = Estimate { p50: longest.p50.max(lasts.p50), p95: longest.p95.max(lasts.p95) };
            fields.push(path.to_owned());
        }
        None => found.push((effect, lasts, vec![path.to_owned()])),
    };
    for field in change.fields.iter().filter(|field| field.impact.when == when) {
        if let Some(effect) = effect(kind, field.impact.level) {
            add(effect, lasts.edit(kind, &field.path, field.impact.level), &field.path);
        }
        if ELSEWHERE.contains(&(kind, field.path.as_str())) {
            add(Effect::Moves, Estimate::NOTHING, &field.path);
        }
    }
    let (taken, level) = match kind {
        guard::PARENT => (Effect::AllRestart, Level::RebootAll),
        _ => (Effect::Restarts, Level::RebootOne),
    };
    // A call takes along what was left to the window; the window takes nothing along that it would not do anyway.
    for path in taken_along(change).filter(|_| when == When::Now) {
        add(taken, lasts.edit(kind, path, level), path);
    }
    found
}

fn effect(kind: &str, level: Level) -> Option<Effect> {
    match level {
        Level::Reconnect => Some(Effect::Drops),
        Level::RebootOne | Level::Failover | Level::RebootAll | Level::WriteOutage => match kind {
            guard::MEMBER => Some(Effect::Restarts),
            guard::PARENT => Some(Effect::AllRestart),
            _ => Some(Effect::Drops),
        },
        Level::EndpointChange => Some(Effect::Moves),
        Level::None | Level::Replace | Level::Impossible => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::FieldChange;
    use crate::impact::Impact;
    use crate::model::Group;
    use serde_json::Value;

    #[test]
    fn a_call_applies_what_was_deferred_and_that_is_felt() {
        let felt = |address: &str, path: &str, pending: &str| {
            let field = FieldChange {
                path: path.to_owned(),
                before: Value::Null,
                after: Value::Null,
                impact: Impact::new(Level::None, "a page"),
            };
            let change = Change {
                fields: vec![field],
                pending: [(pending.to_owned(), Value::Null)].into(),
                generation: 1,
                ..Change::bare(address.parse().unwrap(), Group::Cluster, Action::Update)
            };
            let found = edits((&change, When::Now), &Lasts::default()).into_iter();
            found.map(|(effect, _, fields)| (effect, fields.join(" "))).collect::<Vec<_>>()
        };
        let version = felt("db_instance.a", "promotion_tier", "engine_version");
        assert_eq!(version, [(Effect::Restarts, "engine_version".to_owned())]);
        assert_eq!(felt("db_instance.a", "promotion_tier", "db_instance_class"), [], "it is taken back");
        assert_eq!(felt("db_instance.a", "promotion_tier", "db_parameter_group_name"), []);
        let version = felt("db_cluster.main", "backup_retention_period", "engine_version");
        assert_eq!(version, [(Effect::AllRestart, "engine_version".to_owned())]);
        assert_eq!(felt("db_cluster.main", "deletion_protection", "engine_version"), []);
    }
}
