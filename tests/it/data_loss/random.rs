//! No edit loses data: random stacks, random edits of them, random worlds and random flags, over whole lives of a stack.
//! It is the planner that is tried, with the real kinds and without AWS; what its steps do to data is judged apart from it.

use super::judge::{DATA, MEMBER, serves_data};
use super::lies::Lie;
use super::life::{Life, Permits, Planned, Run, Script, Trouble, Wish};
use super::stacks;
use super::tally::Tally;
use super::world::{Meddling, UNTOLD};
use crate::impact::{Field, fields_in_source};
use auroractl_core::lower::Step;
use auroractl_core::plan::RefusalClass;
use auroractl_core::state::Verb;
use auroractl_core::{Address, Deed, Estimate, Level, guard};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Lives that are tried for each field. They are the same each time, so that what they hit can be demanded;
/// `PROPTEST_RNG_SEED` and `PROPTEST_CASES` try others, and more.
const LIVES: u32 = 3;
const SEED: u64 = 20;
/// Lives within which a lie must be seen.
const LIES: u32 = 20;

/// Every field of every kind that holds data or serves it.
pub(super) fn fields() -> &'static [Field] {
    static ALL: OnceLock<Vec<Field>> = OnceLock::new();
    ALL.get_or_init(|| fields_in_source().into_iter().filter(|(kind, _)| serves_data(kind)).collect())
}

fn edits(most: usize) -> impl Strategy<Value = Vec<stacks::Edit>> {
    proptest::collection::vec(
        (any::<u16>(), any::<u16>()).prop_map(|(what, choice)| (what.into(), choice.into())),
        0..=most,
    )
}

fn number() -> impl Strategy<Value = usize> {
    any::<u16>().prop_map(usize::from)
}

fn meddling() -> impl Strategy<Value = (Meddling, usize, usize)> {
    // Edits of single fields are the many.
    let with = prop_oneof![2 => Just(Meddling::Drift), 3 => proptest::sample::select(Meddling::ALL.to_vec())];
    (with, number(), number())
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let part = || 0..100_usize;
    prop_oneof![
        6 => Just(Trouble::None),
        1 => part().prop_map(Trouble::Unsent),
        2 => part().prop_map(Trouble::Unwritten),
        2 => (part(), any::<bool>()).prop_map(|(at, fails)| Trouble::Waiting(at, fails)),
    ]
}

fn permits() -> impl Strategy<Value = Permits> {
    prop_oneof![
        3 => Just(Permits::Nothing),
        2 => number().prop_map(Permits::One),
        2 => number().prop_map(Permits::Some),
        2 => Just(Permits::All),
        1 => Just(Permits::Wrong),
    ]
}

fn run() -> impl Strategy<Value = Run> {
    let fields = proptest::collection::vec((number(), number()), 0..=2);
    let world = proptest::collection::vec(meddling(), 0..=2);
    let flags = (permits(), proptest::bool::weighted(0.2), proptest::bool::weighted(0.9));
    (edits(3), any::<bool>(), fields, world, flags, trouble()).prop_map(
        |(edits, overlay, fields, meddling, (permits, destroy, refresh), trouble)| Run {
            edits,
            overlay,
            fields,
            meddling,
            permits,
            destroy,
            refresh,
            trouble,
        },
    )
}

/// A run that makes the stack, and others after it. One of them asks for another value of a field, and before one somebody
/// else has set it: both are hit however long the list of fields is.
fn scripts(field: usize) -> impl Strategy<Value = Script> {
    let vault = fields()[field].0 == "backup_vault";
    let base = if vault { 0..1_usize } else { 0..5 };
    let seen = || run().prop_map(|run| Run { destroy: false, refresh: true, ..run });
    let runs = (trouble(), (seen(), number()), proptest::collection::vec(run(), 0..=3), (seen(), number()));
    let loose = (any::<bool>(), proptest::bool::weighted(0.3));
    let doubt = proptest::option::weighted(0.25, number());
    (base, (loose, doubt), edits(3), runs).prop_map(
        move |(base, (loose, doubt), birth, (trouble, (mut first, how), mut between, (mut last, other)))| {
            first.fields.push((field, how));
            for run in [&mut first, &mut last] {
                run.meddling.push((Meddling::Drift, field, other));
            }
            let mut runs = vec![Run { trouble, ..quiet() }, first];
            runs.append(&mut between);
            runs.push(last);
            Script { base, loose, birth, doubt, runs }
        },
    )
}

/// A run without anything.
fn quiet() -> Run {
    Run {
        edits: Vec::new(),
        overlay: false,
        fields: Vec::new(),
        meddling: Vec::new(),
        permits: Permits::Nothing,
        destroy: false,
        refresh: true,
        trouble: Trouble::None,
    }
}

/// A life in whose last run the question that a lie is about is asked.
fn pointed(mut script: Script, lie: Lie) -> Script {
    let Some(last) = script.runs.last_mut().filter(|_| lie != Lie::None) else { return script };
    (last.permits, last.destroy) = (Permits::All, true);
    script.loose = (true, false);
    match lie {
        Lie::None | Lie::Keyless => {}
        Lie::Unprotected => script.loose.0 = false,
        Lie::Saved => script.loose.1 = true,
        Lie::Ephemeral | Lie::Permitted => last.permits = Permits::Nothing,
        Lie::Unneeded => {
            script.loose.1 = true;
            last.meddling.push((Meddling::Save, 0, 0));
        }
        Lie::Ours => last.meddling.extend((0..8).map(|which| (Meddling::Remake, which, which))),
        Lie::Unsettled => {
            last.destroy = false;
            last.meddling.extend((0..8).map(|which| (Meddling::Vanish, which, which)));
        }
    }
    script
}

/// Tries lives until one loses something.
fn tried((field, lives): (usize, u32), lie: Lie, tally: &RefCell<Tally>) -> Result<(), String> {
    let mut config = ProptestConfig { cases: lives, failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(SEED + u64::try_from(field).unwrap());
    }
    // What is caught on purpose need not be told in the fewest words.
    config.max_shrink_iters = if lie == Lie::None { 2000 } else { 0 };
    let one = |script: Script| {
        tally.borrow_mut().count("lives");
        let script = pointed(script, lie);
        let mut life = Life::new(&script);
        for (index, run) in script.runs.iter().enumerate() {
            if index == 1 {
                script.doubt.iter().for_each(|which| life.doubt_one(*which));
            }
            let losses = life.run(run, lie, &mut tally.borrow_mut());
            prop_assert!(losses.is_empty(), "{losses:#?}");
        }
        Ok(())
    };
    TestRunner::new(config).run(&scripts(field), one).map_err(|why| why.to_string())
}

#[test]
fn no_edit_loses_data() {
    let tally = RefCell::new(Tally::default());
    let lives = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(LIVES);
    for (field, (kind, _)) in fields().iter().enumerate() {
        // Few stacks have a vault, and it has few fields.
        let lives = if kind == "backup_vault" { 3 * lives } else { lives };
        tried((field, lives), Lie::None, &tally).unwrap_or_else(|why| panic!("{why}"));
    }
    let tally = tally.into_inner();
    println!("{}", tally.told());
    if std::env::var_os("PROPTEST_RNG_SEED").is_some() {
        return;
    }
    for field in fields() {
        let (kind, name) = (field.0.as_str(), field.1.as_str());
        let [file, wish, drift, _] = tally.fields.get(field).copied().unwrap_or_default();
        assert!(file + wish > 0, "no edit hit {kind}.{name}");
        assert!(drift > 0 || UNTOLD.contains(&(kind, name)), "nobody else edited {kind}.{name}");
    }
    for kind in DATA.into_iter().chain([MEMBER]) {
        for what in ["edited", "removed", "refused", "deleted", "in doubt"] {
            let hit = tally.kinds.get(kind).and_then(|counts| counts.get(what));
            assert!(hit.is_some(), "no {kind} was {what}");
        }
    }
    for what in
        ["holds data", "protected", "somebody else's", "vanished", "not seen"].map(|what| format!("refused: {what}"))
    {
        assert!(tally.counts.contains_key(what.as_str()), "nothing was {what}");
    }
    assert!(tally.counts["stacks as overlays"] > 0);
}

/// What the judge calls data is what the product calls so, of the kinds that there are.
#[test]
fn the_judge_knows_every_kind_that_holds_data() {
    let registry = auroractl_stack::registry();
    let all: BTreeSet<&str> = registry.iter().map(|kind| kind.name()).filter(|kind| guard::holds_data(kind)).collect();
    assert_eq!(all, DATA.into());
    assert_eq!(guard::MEMBER, MEMBER);
    let kinds: BTreeSet<&str> = fields().iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, DATA.into_iter().chain([MEMBER]).collect());
}

/// Each question that the planner asks is worth something: told a lie, it loses data, and that is seen.
#[test]
fn a_planner_that_is_lied_to_is_caught() {
    for lie in Lie::ALL {
        let tally = RefCell::default();
        // Wherever the last field leads: a lie is about no single one.
        let caught = tried((fields().len() - 1, LIES), lie, &tally);
        let why = caught.expect_err(&format!("{lie:?} was not seen"));
        let loss = why.lines().find(|line| line.contains(": ") && line.starts_with(' ')).unwrap_or(&why);
        println!("{lie:?}, by life {}: {}", tally.into_inner().counts["lives"], loss.trim());
    }
}

/// A stack as it is after a run, and what a further one without edits would do: nothing.
fn applied(base: usize, permits: Permits) -> (Life, Wish, Planned) {
    let mut life = Life::new(&Script { base, loose: (false, false), birth: Vec::new(), doubt: None, runs: Vec::new() });
    assert_eq!(life.run(&quiet(), Lie::None, &mut Tally::default()), Vec::<String>::new());
    let wish = life.wish(&Run { permits, ..quiet() });
    let planned = life.plan(&wish, true, Lie::None);
    assert!(planned.plan.is_empty() && planned.program.steps.is_empty(), "{:?}", planned.plan);
    (life, wish, planned)
}

/// What a run without permission would do: what is refused, and its steps.
fn planned(life: &mut Life, refresh: bool) -> (Vec<(String, RefusalClass)>, usize) {
    let wish = life.wish(&Run { refresh, ..quiet() });
    let planned = life.plan(&wish, refresh, Lie::None);
    assert_eq!(life.judged(&wish, &planned, refresh), Vec::<String>::new());
    let refused =
        planned.plan.refused().map(|change| (change.address.to_string(), change.refusal.as_ref().unwrap().class));
    (refused.collect(), planned.program.steps.iter().filter(|step| serves_data(step.address.kind())).count())
}

fn refused(at: &str, class: RefusalClass) -> Vec<(String, RefusalClass)> {
    vec![(at.to_owned(), class)]
}

/// What was found here: a plan that goes by the records alone forgot what an interrupted run had made.
#[test]
fn what_was_not_looked_for_is_not_forgotten() {
    let (mut life, ..) = applied(0, Permits::Nothing);
    life.doubt("db_instance.c");
    life.rewrite(|file| drop(stacks::members(file).pop()));
    assert_eq!(planned(&mut life, false), (refused("db_instance.c", RefusalClass::Unknown), 0));
    assert_eq!(planned(&mut life, true), (Vec::new(), 1), "a look finds it, and two others serve on");
}

/// And a cluster whose creation had failed was to be deleted while its protection was on.
#[test]
fn what_never_was_usable_is_not_deleted_while_it_is_protected() {
    let (mut life, ..) = applied(0, Permits::Nothing);
    let at: Address = "db_cluster.main".parse().unwrap();
    let id = life.state.resources[&at].outputs["id"].as_str().unwrap().to_owned();
    life.state.resources.get_mut(&at).unwrap().settled = false;
    life.state.resources.retain(|at, _| at.kind() != MEMBER);
    life.world.objects.retain(|_, object| object.kind != MEMBER);
    life.world.fail(&id);
    assert_eq!(planned(&mut life, true).0, refused("db_cluster.main", RefusalClass::Protected));
    life.world.objects.get_mut(&id).unwrap().spec["deletion_protection"] = false.into();
    assert_eq!(planned(&mut life, true).0, Vec::new());
}

/// And members that are to be made anew, or are gone, counted as ones that serve on.
#[test]
fn who_is_away_does_not_serve() {
    let alone = |file: &mut toml::Table| stacks::members(file).retain(|member| member["name"].as_str() == Some("c"));
    let (mut life, ..) = applied(0, Permits::Nothing);
    life.rewrite(|file| {
        alone(file);
        stacks::set(file, "cluster.initial_writer", "-");
        stacks::set(file, "cluster.autoscaling", "-");
    });
    assert_eq!(planned(&mut life, true), (Vec::new(), 2), "the last one serves on");
    let id = life.state.resources[&"db_instance.c".parse::<Address>().unwrap()].outputs["id"].clone();
    life.rewrite(|file| stacks::members(file)[0]["az"] = "us-east-1b".into());
    let all = ["db_instance.a", "db_instance.b", "db_instance.c"];
    let (losing, _) = planned(&mut life, true);
    assert!(
        !losing.is_empty()
            && losing.iter().all(|(at, class)| all.contains(&at.as_str()) && *class == RefusalClass::DataBearing),
        "{losing:?}"
    );
    life.rewrite(|file| stacks::members(file)[0]["az"] = "us-east-1c".into());
    let _ = life.world.objects.remove(id.as_str().unwrap());
    let (losing, _) = planned(&mut life, true);
    assert!(!losing.is_empty() && losing.iter().all(|(_, class)| *class == RefusalClass::DataBearing), "{losing:?}");
    // Nor is it nobody who was made by a run that did not live to tell.
    let (mut life, ..) = applied(3, Permits::Nothing);
    life.doubt("db_instance.instance-1");
    life.rewrite(|file| {
        stacks::set(file, "cluster.readers", "-");
        stacks::set(file, "cluster.members", "[{ name = 'z' }]");
    });
    assert_eq!(planned(&mut life, true).0, refused("db_instance.instance-1", RefusalClass::DataBearing));
}

/// What the judge says to these steps beside the planner's.
fn planted((life, wish, planned): &mut (Life, Wish, Planned), steps: &[(Verb, &str)]) -> Vec<String> {
    planned.program.steps.clear();
    for (verb, at) in steps {
        let address: Address = at.parse().unwrap();
        let (after, deed) = (BTreeSet::new(), Deed::of(*verb, Level::None));
        let (generation, target, estimate) = (0, None, Estimate::NOTHING);
        planned.program.steps.push(Step {
            address,
            verb: *verb,
            generation,
            target,
            after,
            deed,
            estimate,
            undoes: None,
            look_after: 0.0,
        });
    }
    life.judged(wish, planned, true)
}

#[test]
fn the_judge_sees_what_is_planted() {
    use Verb::{Create, Delete, Forget};
    // Of the production stack, where all is protected.
    let mut prod = applied(0, Permits::Nothing);
    let holders: Vec<String> =
        prod.0.state.resources.keys().filter(|at| DATA.contains(&at.kind())).map(ToString::to_string).collect();
    assert_eq!(holders.len(), 5, "{holders:?}");
    for at in &holders {
        for steps in [&[(Delete, at.as_str())][..], &[(Delete, at), (Create, at)], &[(Forget, at)]] {
            assert_eq!(planted(&mut prod, steps).len(), 1, "{steps:?}");
        }
    }
    let members = [(Delete, "db_instance.a"), (Delete, "db_instance.b"), (Delete, "db_instance.c")];
    assert_eq!(planted(&mut prod, &members[1..]), Vec::<String>::new(), "one is left");
    assert_eq!(planted(&mut prod, &members).len(), 3);
    let mut prod = applied(0, Permits::All);
    assert_eq!(planted(&mut prod, &members), Vec::<String>::new(), "all were named");
    let said =
        |losses: Vec<String>| losses.iter().map(|loss| loss.split(": ").last().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(said(planted(&mut prod, &[(Delete, "db_cluster.main")])), ["its protection is on"]);
    assert_eq!(said(planted(&mut prod, &[(Delete, "kms_key.main")])), ["it decrypts what stays"]);
    // Of a small one whose data counts and whose protection is off.
    let mut lasting = applied(3, Permits::All);
    assert_eq!(planted(&mut lasting, &[(Delete, "db_cluster.main")]), Vec::<String>::new(), "named and saved");
    let both = [(Delete, "db_cluster.main"), (Delete, "kms_key.main")];
    assert_eq!(said(planted(&mut lasting, &both)), ["it decrypts what stays"], "the snapshot needs it");
    let anew = [(Delete, "log_group.postgresql"), (Create, "log_group.postgresql")];
    assert_eq!(said(planted(&mut lasting, &anew)), ["an empty one takes its place"]);
    let cluster = lasting.0.state.resources.get_mut(&"db_cluster.main".parse::<Address>().unwrap()).unwrap();
    cluster.applied["skip_final_snapshot"] = true.into();
    assert_eq!(said(planted(&mut lasting, &[(Delete, "db_cluster.main")])), ["it leaves no snapshot"]);
    lasting.0.world.objects.retain(|_, object| object.kind != "db_cluster");
    assert_eq!(
        said(planted(&mut lasting, &[(Create, "db_cluster.main")])),
        ["an empty one takes the place of what was lost"]
    );
    assert_eq!(planted(&mut lasting, &[(Forget, "db_cluster.main")]), Vec::<String>::new(), "it is gone");
}
