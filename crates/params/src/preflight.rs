//! What can be known to fail before the first write: parameters on which the catalogue has no sure word, and AWS has.
//!
//! Found by the call that edits their group, a wrong one would come when half of the stack is made. Only a plan that
//! sends such a parameter asks, and only for the group that it stands in.

mod lists;

use crate::catalogue::{self, Problem, Scope};
use crate::{DbClusterParameterGroup, DbParameterGroup};
use auroractl_aws::Aws;
use auroractl_core::{Change, Graph, Model as _, Of, Plan};
use auroractl_engine::CallError;
use lists::{Answer, List};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// A parameter that a plan sends, and that AWS never listed for the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// The group that it stands in.
    pub scope: Scope,
    /// The family of the group.
    pub family: String,
    /// Its name, in lower case.
    pub name: String,
    /// The wanted value.
    pub value: String,
}

/// A parameter that AWS would refuse, or may not be asked about.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The parameter.
    pub want: Want,
    /// What is wrong with it.
    pub problem: Problem,
}

/// A list of AWS's: of the groups of one level, for one family.
type Key = (Scope, String);
type Answers = BTreeMap<Key, Answer>;

impl Want {
    /// Those of a plan. What it leaves as it is AWS has taken before, and what leaves a group needs no value.
    #[must_use]
    pub fn of(plan: &Plan, graph: &Graph) -> Vec<Self> {
        plan.changes.iter().flat_map(|change| of_change(change, graph)).collect()
    }

    fn key(&self) -> Key {
        (self.scope, self.family.clone())
    }

    /// The list of the other level.
    fn elsewhere(&self) -> Key {
        (other(self.scope), self.family.clone())
    }

    /// AWS told what there is, and this is not among it.
    fn is_missing(&self, answers: &Answers) -> bool {
        matches!(answers.get(&self.key()), Some(Answer::Listed(list)) if !list.contains_key(&self.name))
    }
}

fn other(scope: Scope) -> Scope {
    match scope {
        Scope::Cluster => Scope::Instance,
        Scope::Instance => Scope::Cluster,
    }
}

fn of_change(change: &Change, graph: &Graph) -> Vec<Want> {
    let Some(node) = graph.node(&change.address) else { return Vec::new() };
    let group = if change.address.kind() == DbClusterParameterGroup::KIND {
        let group = Of::<DbClusterParameterGroup>::spec(&node.spec).ok();
        group.map(|group| (Scope::Cluster, group.family, group.parameters))
    } else if change.address.kind() == DbParameterGroup::KIND {
        let group = Of::<DbParameterGroup>::spec(&node.spec).ok();
        group.map(|group| (Scope::Instance, group.family, group.parameters))
    } else {
        None
    };
    let Some((scope, family, parameters)) = group else { return Vec::new() };
    // A version that has no family is refused with the stack file.
    let Some(major) = catalogue::major(&family) else { return Vec::new() };
    let unsure = parameters.as_map().iter().filter(|(name, _)| !catalogue::is_confirmed(name, major));
    let sent = unsure.filter(|(name, _)| change.sends(&format!("parameters.{name}")));
    sent.map(|(name, value)| Want { scope, family: family.clone(), name: name.clone(), value: value.clone() }).collect()
}

/// Asks AWS what it lists and says everything that it would refuse. Without wants nothing is asked.
///
/// # Errors
/// When AWS can't be asked. A list that the caller may not see is a finding, not an error.
pub async fn check(aws: &Aws, wants: &[Want]) -> Result<Vec<Finding>, CallError> {
    let mut answers = Answers::new();
    ask(aws, &mut answers, wants.iter().map(Want::key).collect()).await?;
    // One that is missing may exist at the other level: then that is said.
    let missing = wants.iter().filter(|want| want.is_missing(&answers)).map(Want::elsewhere).collect();
    ask(aws, &mut answers, missing).await?;
    Ok(judge(wants, &answers))
}

/// Asks for the lists that were not asked for yet, all at once.
async fn ask(aws: &Aws, answers: &mut Answers, keys: BTreeSet<Key>) -> Result<(), CallError> {
    let keys: Vec<Key> = keys.into_iter().filter(|key| !answers.contains_key(key)).collect();
    let told =
        futures::future::try_join_all(keys.iter().map(|(scope, family)| lists::ask(aws, *scope, family))).await?;
    answers.extend(keys.into_iter().zip(told));
    Ok(())
}

/// The wants against the answers. Pure: everything that is wrong, at once.
fn judge(wants: &[Want], answers: &Answers) -> Vec<Finding> {
    let finding = |want: &Want| Some(Finding { want: want.clone(), problem: problem(want, answers)? });
    wants.iter().filter_map(finding).collect()
}

fn problem(want: &Want, answers: &Answers) -> Option<Problem> {
    let list = match answers.get(&want.key())? {
        Answer::Listed(list) => list,
        // That is said at the version of the engine.
        Answer::NoFamily => return None,
        Answer::Denied => {
            return Some(Problem::Unseen { name: want.name.clone(), operation: lists::operation(want.scope) });
        }
    };
    let Some(listed) = list.get(&want.name) else { return Some(absent(want, list, answers)) };
    let name = || -> Cow<'static, str> { want.name.clone().into() };
    if !listed.modifiable {
        return Some(Problem::NotModifiable(name()));
    }
    let refused = || {
        let allowed = listed.allowed.clone().into();
        Problem::Value { name: name(), value: want.value.clone(), allowed, unit: "" }
    };
    (!listed.admits(&want.value)).then(refused)
}

/// It is not in the list where it would have to be.
fn absent(want: &Want, list: &List, answers: &Answers) -> Problem {
    let elsewhere = answers.get(&want.elsewhere());
    if matches!(elsewhere, Some(Answer::Listed(list)) if list.contains_key(&want.name)) {
        return Problem::WrongGroup { name: want.name.clone().into(), belongs: other(want.scope) };
    }
    let nearest = catalogue::nearest(&want.name, list.keys().map(String::as_str)).map(str::to_owned);
    Problem::Unlisted { name: want.name.clone(), scope: want.scope, family: want.family.clone(), nearest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Parameters;
    use auroractl_core::graph::Desired;
    use auroractl_core::identity::StackId;
    use auroractl_core::{Action, Address, Context, Diff, Group, Tags};
    use aws_sdk_rds::types::Parameter;

    const F16: &str = "aurora-postgresql16";

    fn group(parameters: &[(&str, &str)]) -> DbClusterParameterGroup {
        let parameters: Parameters = parameters.iter().copied().collect();
        DbClusterParameterGroup { family: F16.to_owned(), parameters, tags: Tags::new() }
    }

    /// What a plan asks about that makes one cluster group of another.
    fn asked(action: Action, old: &DbClusterParameterGroup, new: &DbClusterParameterGroup) -> Vec<(String, String)> {
        let (address, observed) = (Address::new("db_cluster_parameter_group", "main").unwrap(), BTreeMap::new());
        let mut diff = Diff::new(Context { address: &address, observed: &observed });
        DbClusterParameterGroup::diff(old, new, &mut diff);
        let change = Change { fields: diff.finish(), ..Change::bare(address.clone(), Group::Params, action) };
        let mut desired = Desired::new(StackId { name: "s".into(), account: "1".into(), region: "r".into() });
        desired.add("main", new).unwrap();
        let wants = Want::of(&Plan { changes: vec![change] }, &desired.check().unwrap());
        assert!(wants.iter().all(|want| want.scope == Scope::Cluster && want.family == F16));
        wants.into_iter().map(|want| (want.name, want.value)).collect()
    }

    #[test]
    fn only_what_is_sent_and_not_confirmed_is_asked_about() {
        let wanted = group(&[("work_mem", "128"), ("APG_new.thing", "1"), ("scram_iterations", "8192")]);
        let told = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let both = [told("apg_new.thing", "1"), told("scram_iterations", "8192")];
        assert_eq!(asked(Action::Create, &group(&[]), &wanted), both);
        assert_eq!(asked(Action::Replace, &wanted, &wanted), both);
        let before = group(&[("work_mem", "64"), ("apg_new.thing", "1"), ("scram_iterations", "4096")]);
        assert_eq!(asked(Action::Update, &before, &wanted), [told("scram_iterations", "8192")]);
        assert!(asked(Action::Update, &wanted, &group(&[("work_mem", "128")])).is_empty(), "they leave the group");
        for action in [Action::NoOp, Action::Delete] {
            assert!(asked(action, &before, &wanted).is_empty(), "{action:?}");
        }
    }

    fn listed(names: &[&str]) -> Answer {
        let parameter = |name: &&str| Parameter::builder().parameter_name(*name).is_modifiable(true);
        Answer::of(names.iter().map(|name| parameter(name).build()).collect())
    }

    fn want(scope: Scope, name: &str, value: &str) -> Want {
        Want { scope, family: F16.to_owned(), name: name.to_owned(), value: value.to_owned() }
    }

    fn said(wants: &[Want], answers: Vec<(Scope, Answer)>) -> Vec<String> {
        let answers = answers.into_iter().map(|(scope, answer)| ((scope, F16.to_owned()), answer)).collect();
        judge(wants, &answers).iter().map(|finding| finding.problem.to_string()).collect()
    }

    #[test]
    fn what_aws_does_not_list_is_told_with_what_is_near() {
        let wants = [
            want(Scope::Cluster, "apg_cah", "1"),
            want(Scope::Cluster, "apg_of_members", "1"),
            want(Scope::Cluster, "apg_cache", "1"),
            want(Scope::Instance, "zzz", "1"),
        ];
        let answers =
            vec![(Scope::Cluster, listed(&["apg_cache", "work_mem"])), (Scope::Instance, listed(&["APG_of_members"]))];
        assert_eq!(
            said(&wants, answers),
            [
                "AWS lists no parameter `apg_cah` for cluster groups of aurora-postgresql16; did you mean `apg_cache`?",
                "`apg_of_members` belongs into the instance parameter group",
                "AWS lists no parameter `zzz` for instance groups of aurora-postgresql16",
            ]
        );
    }

    #[test]
    fn what_aws_would_not_take_is_told() {
        let parameter = |name: &str| Parameter::builder().parameter_name(name);
        let number = parameter("apg_number").data_type("integer").allowed_values("0-100").is_modifiable(true);
        let fixed = parameter("apg_fixed").is_modifiable(false);
        let answers = || vec![(Scope::Cluster, Answer::of(vec![number.clone().build(), fixed.clone().build()]))];
        let cluster = |name, value| said(&[want(Scope::Cluster, name, value)], answers());
        assert_eq!(cluster("apg_fixed", "1"), ["`apg_fixed` is set by AWS and can't be modified"]);
        assert_eq!(cluster("apg_number", "101"), ["`apg_number` can't be `101`: the range is 0-100"]);
        assert_eq!(cluster("apg_number", "100"), [""; 0]);
    }

    #[test]
    fn where_aws_says_nothing_its_call_tells() {
        let wants = [want(Scope::Instance, "apg_new", "1")];
        let denied = said(&wants, vec![(Scope::Instance, Answer::Denied)]);
        assert_eq!(
            denied,
            ["AWS's list of parameters could not be seen, so it is not known whether `apg_new` can be set"]
        );
        assert_eq!(said(&wants, vec![(Scope::Instance, Answer::NoFamily)]), [""; 0]);
        let lonely = said(&wants, vec![(Scope::Instance, listed(&[])), (Scope::Cluster, Answer::Denied)]);
        assert_eq!(lonely, ["AWS lists no parameter `apg_new` for instance groups of aurora-postgresql16"]);
    }

    #[test]
    fn a_list_that_may_not_be_seen_is_a_warning() {
        let answers = [((Scope::Cluster, F16.to_owned()), Answer::Denied)].into();
        let found = judge(&[want(Scope::Cluster, "apg_new", "1")], &answers);
        assert!(found.iter().all(|finding| finding.problem.is_warning()) && found.len() == 1, "{found:?}");
    }
}
