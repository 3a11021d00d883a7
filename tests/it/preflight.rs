//! What only AWS knows of a stack file: parameters that the catalogue has no word on, and certificate authorities. It
//! is asked before anything is changed, about these alone.

use crate::place::{Place, applied, dev};
use auroractl_testkit::cli::Finished;
use auroractl_testkit::proxy::fault::{Effect, Fault};

/// The calls that ask: for cluster groups, instance groups, authorities.
const LOOKS: [&str; 3] =
    ["rds:DescribeEngineDefaultClusterParameters", "rds:DescribeEngineDefaultParameters", "rds:DescribeCertificates"];
/// The groups have what the stack wants of what only AWS knows.
const TAKEN: &str = r#"
rds = aws("rds")
def own(groups, key): return [g[key] for g in groups if not g[key].startswith("default.")]
cluster, = own(rds.describe_db_cluster_parameter_groups()["DBClusterParameterGroups"], "DBClusterParameterGroupName")
instance, = own(rds.describe_db_parameter_groups()["DBParameterGroups"], "DBParameterGroupName")
found = rds.describe_db_cluster_parameters(DBClusterParameterGroupName=cluster, Source="user")["Parameters"]
found += rds.describe_db_parameters(DBParameterGroupName=instance, Source="user")["Parameters"]
found = {p["ParameterName"]: p["ParameterValue"] for p in found if p["ParameterName"].startswith("apg_")}
assert found == {"apg_enable_subquery_cache": "1", "apg_subquery_cache_check_interval": "1000"}, found
"#;

/// Gives the stack a section more.
fn add(place: &Place, section: &str) {
    place.edit("[monitoring]\n", &format!("{section}\n\n[monitoring]\n"));
}

fn authority(place: &Place, name: &str) {
    place.edit("[cluster]\n", &format!("[cluster]\nca_certificate = \"{name}\"\n"));
}

/// How often each look was sent.
fn looks(place: &Place) -> [usize; 3] {
    let calls = place.proxy.calls();
    LOOKS.map(|look| calls.iter().filter(|call| call.name() == look).count())
}

/// Asserts that it says so, wherever it breaks its lines.
#[track_caller]
fn tells(done: &Finished, sentences: &[&str]) {
    let squeezed = |text: &str| text.replace('│', "").split_whitespace().collect::<String>();
    let told = squeezed(&done.stderr);
    for sentence in sentences {
        assert!(told.contains(&squeezed(sentence)), "it must say `{sentence}`\n{}", done.stderr);
    }
}

#[test]
fn a_parameter_that_only_aws_knows_is_looked_up_and_set() {
    let place = dev();
    add(&place, "[params.cluster]\napg_enable_subquery_cache = true");
    add(&place, "[params.instance]\nAPG_subquery_cache_check_interval = 1000");
    let done = place.run("plan", &[]).exits(0);
    tells(&done, &["the catalogue knows no parameter `apg_enable_subquery_cache`"]);
    let [cluster, instance, authorities] = looks(&place);
    assert!(cluster > 1 && instance > 1, "both lists have several pages: {cluster}, {instance}");
    assert_eq!(authorities, 0);
    let _ = place.apply().exits(0);
    place.behind_our_back(TAKEN);
    place.proxy.clear_log();
    place.settled();
    assert_eq!(looks(&place), [0; 3], "what AWS has taken is not asked about");
    // One edit asks for the list of its group alone.
    place.edit("check_interval = 1000", "check_interval = 3000000000");
    let done = place.apply().exits(6);
    tells(
        &done,
        &["`apg_subquery_cache_check_interval` can't be `3000000000`: the range is 0-2147483647", "not allowed"],
    );
    assert_eq!((looks(&place)[0], looks(&place)[2], place.proxy.summary().writes), (0, 0, 0));
    place.behind_our_back(TAKEN);
}

#[test]
fn what_only_aws_knows_to_be_wrong_is_told_at_once() {
    let place = dev();
    authority(&place, "rds-ca-2099");
    add(&place, "[params.cluster]\napg_enable_subquery_cash = 1\napg_subquery_cache_hit_rate_threshold = 2");
    add(&place, "[params.instance]\napg_subquery_cache_check_interval = \"often\"\napg_enable_subquery_cache = \"on\"");
    for (command, more) in [("plan", &[][..]), ("apply", &["--auto-approve"])] {
        let done = place.run(command, more).exits(6);
        let missing = "AWS lists no parameter `apg_enable_subquery_cash` for cluster groups of aurora-postgresql16";
        tells(
            &done,
            &[
                "stacks/main.toml has 5 errors; nothing was changed",
                &format!("{missing}; did you mean `apg_enable_subquery_cache`?"),
                "`apg_subquery_cache_hit_rate_threshold` can't be `2`: the range is 0-1",
                "`apg_subquery_cache_check_interval` can't be `often`: the range is 0-2147483647",
                "`apg_enable_subquery_cache` can't be `on`: one of 0, 1",
                "this account has no certificate authority `rds-ca-2099` in this region",
                "help: there are rds-ca-ecc384-g1, rds-ca-rsa2048-g1, rds-ca-rsa4096-g1",
            ],
        );
        assert!(done.stderr.contains("main.toml:"), "each has its place: {}", done.stderr);
    }
    assert_eq!(place.proxy.summary().writes, 0);
}

#[test]
fn who_may_not_look_is_told_and_goes_on() {
    let place = dev();
    authority(&place, "rds-ca-2099");
    add(&place, "[params.cluster]\napg_enable_subquery_cache = 1");
    for look in LOOKS {
        place.proxy.arm(Fault::on(look, Effect::AccessDenied));
    }
    let done = place.run("plan", &[]).exits(0);
    tells(
        &done,
        &[
            "it is not known whether `apg_enable_subquery_cache` can be set",
            "help: allow rds:DescribeEngineDefaultClusterParameters",
            "it is not known whether there is `rds-ca-2099`",
            "help: allow rds:DescribeCertificates",
        ],
    );
    place.edit("rds-ca-2099", "rds-ca-ecc384-g1");
    let _ = place.apply().exits(0);
    place.settled();
}

#[test]
fn an_ordinary_stack_costs_no_look() {
    let place = applied();
    authority(&place, "rds-ca-rsa4096-g1");
    add(&place, "[params.cluster]\nwork_mem = 8192");
    let _ = place.apply().exits(0);
    place.settled();
    assert_eq!(looks(&place), [0; 3]);
}
