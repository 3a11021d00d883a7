//! A rolling class change under a probe that asks who writes, again and again: no moment without an available writer beyond
//! the one that the plan announced. And the same change as three calls at once, which is how it is done without a roll.

use crate::scene::{NO_WAITS, STACK, Scene};
use crate::table::Row;
use auroractl_testkit::emulator::{Emulator, Launch};
use serde::Deserialize;
use serde_json::Value;
use std::io;
use std::process::{Command, Stdio};

/// So many times as fast as AWS: what the probe misses between two questions counts as so many times as long.
const SPEED: f64 = 40.0;
/// Asks until the file `stop` is there, and prints the moments without a writer in AWS's seconds. A cluster has one when it is
/// not failing over and the instance that it names is available.
const PROBE: &str = r#"
import boto3, json, os, sys, time
rds, speed, stop = boto3.client("rds"), float(sys.argv[1]), sys.argv[2]
gaps, since, asked = [], None, 0
while True:
    at = time.monotonic()
    cluster, = rds.describe_db_clusters()["DBClusters"]
    status = {m["DBInstanceIdentifier"]: m["DBInstanceStatus"] for m in rds.describe_db_instances()["DBInstances"]}
    writers = [m["DBInstanceIdentifier"] for m in cluster["DBClusterMembers"] if m["IsClusterWriter"]]
    serves = cluster["Status"] != "failing-over" and [status.get(name) for name in writers] == ["available"]
    asked += 1
    if not serves and since is None:
        since = at
    if serves and since is not None:
        gaps, since = gaps + [(time.monotonic() - since) * speed], None
    if os.path.exists(stop) and since is None:
        print(json.dumps({"asked": asked, "gaps": gaps}))
        break
    time.sleep(0.005)
"#;
/// The same change without a roll.
const AT_ONCE: &str = r#"
import boto3, time
rds = boto3.client("rds")
members = [m["DBInstanceIdentifier"] for m in rds.describe_db_instances()["DBInstances"]]
for member in members:
    rds.modify_db_instance(DBInstanceIdentifier=member, DBInstanceClass="db.r7g.2xlarge", ApplyImmediately=True)
while {m["DBInstanceStatus"] for m in rds.describe_db_instances()["DBInstances"]} != {"available"}:
    time.sleep(0.05)
"#;

/// What the probe found.
#[derive(Debug, Deserialize)]
struct Found {
    asked: u32,
    /// Seconds of AWS's time.
    gaps: Vec<f64>,
}

/// Measures both.
pub(crate) fn rows() -> io::Result<Vec<Row>> {
    let emulator = Emulator::start(Some(0.0))?;
    let mut scene = Scene::new(&emulator, NO_WAITS)?;
    let _ = scene.measure(&["apply", STACK, "--auto-approve"])?;
    let text = std::fs::read_to_string(scene.cli.dir().join(STACK))?;
    scene.cli.write(STACK, &text.replace("class = \"db.r7g.large\"", "class = \"db.r7g.xlarge\""))?;
    let plan: Value = serde_json::from_str(&scene.measure(&["plan", STACK, "--json"])?.usage.stdout)?;
    let announced = plan.pointer("/outage/writer_unavailable").cloned().unwrap_or_default();
    let figure = |key: &str| announced.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let _ = emulator.admin("POST", "speed", &serde_json::json!({"factor": SPEED}))?;
    scene.cli.set_time_scale(SPEED);
    let rolled = probed(&scene, |scene| scene.measure(&["apply", STACK, "--auto-approve"]).map(drop))?;
    let at_once = probed(&scene, |scene| python(scene, AT_ONCE, &[])?.exits(0).map(drop))?;
    let longest = |found: &Found| found.gaps.iter().copied().fold(0.0, f64::max);
    let times = |found: &Found| f64::from(u32::try_from(found.gaps.len()).unwrap_or(u32::MAX));
    let what = "rolling class change of three members: writer unavailable";
    Ok(vec![
        Row::at_most(&format!("{what}, times (as announced)"), (times(&rolled), figure("times")), ""),
        Row::at_most(&format!("{what}, longest (p95 as announced)"), (longest(&rolled), figure("p95_seconds")), "s"),
        Row::new(format!("{what}: questions of the probe"), rolled.asked.to_string()),
        Row {
            target: format!("> {:.0} s, or the roll is for nothing", longest(&rolled)),
            reached: Some(longest(&at_once) > longest(&rolled)),
            ..Row::new("the same as three calls at once: longest", format!("{:.0} s", longest(&at_once)))
        },
    ])
}

/// Does something while the probe asks.
fn probed(scene: &Scene, work: impl FnOnce(&Scene) -> io::Result<()>) -> io::Result<Found> {
    let stop = scene.cli.dir().join("stop");
    let probe =
        command(scene, PROBE, &[&SPEED.to_string(), &stop.to_string_lossy()])?.stdout(Stdio::piped()).spawn()?;
    let worked = work(scene);
    std::fs::write(&stop, "")?;
    let output = probe.wait_with_output()?;
    std::fs::remove_file(&stop)?;
    worked?;
    serde_json::from_slice(&output.stdout).map_err(io::Error::other)
}

fn command(scene: &Scene, script: &str, arguments: &[&str]) -> io::Result<Command> {
    let mut command = scene.cli.beside(Launch::find()?.python);
    command.args(["-c", script]).args(arguments).env("AWS_DEFAULT_REGION", "us-east-1");
    Ok(command)
}

fn python(scene: &Scene, script: &str, arguments: &[&str]) -> io::Result<crate::usage::Usage> {
    crate::usage::run(&mut command(scene, script, arguments)?)
}
