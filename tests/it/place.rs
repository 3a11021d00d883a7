//! A place for one test: an AWS account of its own behind a proxy, and the real binary before it.
//!
//! All places share one emulator without delays, since it takes seconds to start.

pub(crate) use auroractl_tests::crash::DATA;

use auroractl_testkit::cli::{Cli, Finished, Running};
use auroractl_testkit::emulator::{Emulator, Launch, fresh_account, workspace};
use auroractl_testkit::proxy::{Options, Proxy};
use auroractl_tests::world::{self, Portrait, Thing};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Divides every wait of the program: horizons of minutes pass in a blink.
const SCALE: f64 = 500.0;
/// The secret key of every test; it must never be printed.
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/// The stack file within the folder of the commands.
pub(crate) const STACK: &str = "stacks/main.toml";

/// The words of a text, one blank between two: a terminal's width breaks sentences anywhere.
pub(crate) fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A place; see the module.
pub(crate) struct Place {
    /// Before the emulator.
    pub(crate) proxy: Proxy,
    /// The program.
    pub(crate) cli: Cli,
    /// The account.
    pub(crate) account: String,
}

/// The emulator without delays.
fn emulator() -> &'static Emulator {
    static SHARED: OnceLock<Emulator> = OnceLock::new();
    SHARED.get_or_init(|| Emulator::start(Some(0.0)).unwrap())
}

/// A file of `stacks/`.
pub(crate) fn blueprint(name: &str) -> String {
    std::fs::read_to_string(workspace().join("stacks").join(name)).unwrap()
}

/// The production stack, ready to be destroyed: in staging, where no rule demands protection.
pub(crate) fn unprotected() -> String {
    auroractl_tests::crash::unprotected().unwrap()
}

/// A place with the small stack.
pub(crate) fn dev() -> Place {
    Place::new(&blueprint("dev.toml"))
}

/// The same, applied.
pub(crate) fn applied() -> Place {
    let place = dev();
    let _ = place.apply().exits(0);
    place
}

impl Place {
    /// A place with a stack file; the account in it becomes this place's.
    pub(crate) fn new(stack: &str) -> Self {
        let account = fresh_account();
        let options =
            Options { upstream: emulator().url().to_owned(), account: Some(account.clone()), ..Options::default() };
        let proxy = Proxy::with(options).unwrap();
        let mut cli = Cli::new(&proxy.url()).unwrap();
        cli.set_time_scale(SCALE);
        cli.set_env("AWS_SECRET_ACCESS_KEY", SECRET);
        cli.set_env("AWS_REGION", "us-east-1");
        let place = Self { proxy, cli, account };
        place.write(stack);
        place
    }

    /// Replaces the stack file.
    pub(crate) fn write(&self, stack: &str) {
        self.cli.write(STACK, &stack.replace("123456789012", &self.account)).unwrap();
    }

    /// The stack file.
    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(self.cli.dir().join(STACK)).unwrap()
    }

    /// Edits the stack file; the text must be there.
    pub(crate) fn edit(&self, old: &str, new: &str) {
        let text = self.text();
        assert!(text.contains(old), "the stack has no `{old}`");
        self.cli.write(STACK, &text.replacen(old, new, 1)).unwrap();
    }

    /// Runs a command on the stack.
    pub(crate) fn run(&self, command: &str, more: &[&str]) -> Finished {
        self.cli.run(&[&[command, STACK], more].concat()).unwrap()
    }

    /// Starts a command on the stack; kills of the proxy mean it.
    pub(crate) fn spawn(&self, command: &str, more: &[&str]) -> Running {
        self.proxy.set_victim(None);
        let running = self.cli.spawn(&[&[command, STACK], more].concat()).unwrap();
        self.proxy.set_victim(Some(running.pid()));
        running
    }

    /// Applies without asking.
    pub(crate) fn apply(&self) -> Finished {
        self.run("apply", &["--auto-approve"])
    }

    /// Destroys without asking, data included.
    pub(crate) fn destroy(&self) -> Finished {
        match self.data() {
            none if none.is_empty() => self.run("destroy", &["--auto-approve"]),
            data => self.run("destroy", &["--auto-approve", "--allow-delete", &data]),
        }
    }

    /// What of [`DATA`] the stack has: a name that it never had is refused.
    pub(crate) fn data(&self) -> String {
        let known = self.cli.run(&["state", "pull", STACK]).unwrap().stdout;
        let data: Vec<&str> = DATA.split(',').filter(|address| known.contains(&format!("\"{address}\""))).collect();
        data.join(",")
    }

    /// Asserts that there is nothing to do.
    #[track_caller]
    pub(crate) fn settled(&self) {
        let _ = self.run("plan", &["--detailed-exitcode"]).exits(0);
    }

    /// What lives in the account.
    pub(crate) fn inventory(&self) -> Vec<Thing> {
        assert!(self.proxy.wait_idle(Duration::from_secs(20)), "calls are still under way");
        world::inventory(emulator(), &self.account).unwrap()
    }

    /// The account with all attributes, for comparison with another.
    pub(crate) fn portrait(&self) -> Portrait {
        assert!(self.proxy.wait_idle(Duration::from_secs(20)), "calls are still under way");
        Portrait::take(emulator(), &self.account).unwrap()
    }

    /// What lives and is meant to: without what AWS keeps for a while.
    pub(crate) fn living(&self) -> Vec<Thing> {
        self.inventory().into_iter().filter(|thing| !thing.is_remains()).collect()
    }

    /// Asserts that the account holds each recorded resource once and nothing beside.
    #[track_caller]
    pub(crate) fn sound(&self) {
        let living = self.living();
        let mut seen: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for thing in &living {
            if let Some(oid) = thing.tags.get("auroractl:id") {
                let address = thing.tags.get("auroractl:address").map_or("no address", String::as_str);
                seen.entry(oid).or_default().push(format!("{} ({address}, {})", thing.arn, thing.status));
            }
        }
        let twice: Vec<_> = seen.iter().filter(|(_, arns)| arns.len() > 1).collect();
        assert!(twice.is_empty(), "more than one object: {twice:#?}");
        let known = self.oids();
        let orphans: Vec<_> = seen.iter().filter(|(oid, _)| !known.contains(**oid)).collect();
        assert!(orphans.is_empty(), "not in the state: {orphans:#?}");
    }

    /// How many of each type live.
    pub(crate) fn census(&self) -> BTreeMap<String, usize> {
        self.living().into_iter().fold(BTreeMap::new(), |mut census, thing| {
            *census.entry(thing.kind).or_default() += 1;
            census
        })
    }

    /// The identities that the state records.
    fn oids(&self) -> BTreeSet<String> {
        let state = self.state();
        let records = state["resources"].as_object().map(|all| all.values().cloned().collect()).unwrap_or_default();
        let records: Vec<Value> = records;
        records.iter().filter_map(|record| record["oid"].as_str().map(str::to_owned)).collect()
    }

    /// The state file; its name follows from the stack's.
    pub(crate) fn state_file(&self) -> std::path::PathBuf {
        let folders = std::fs::read_dir(self.cli.dir().join("state")).unwrap();
        let files = folders.flatten().map(|folder| folder.path().join("state.json"));
        files.into_iter().find(|file| file.exists()).unwrap()
    }

    /// The state, wherever it is: snapshot and journal.
    pub(crate) fn state(&self) -> Value {
        self.cli.run(&["state", "pull", STACK]).unwrap().exits(0).json().unwrap()
    }

    /// Waits until the proxy has seen `count` writes.
    pub(crate) fn wait_for_writes(&self, count: u64) {
        let start = Instant::now();
        while self.proxy.summary().writes < count {
            assert!(start.elapsed() < Duration::from_secs(60), "the writes never came");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Lets what exists fail at AWS (`db-cluster`, `db-instance`), by its name.
    #[track_caller]
    pub(crate) fn fail(&self, kind: &str, name: &str, state: &str) {
        let body = json!({ "action": kind, "name": name, "state": state, "account": self.account });
        let answer = emulator().admin("POST", "fail", &body).unwrap();
        assert_eq!(answer["failed"], true, "there is no {kind} {name}");
    }

    /// Runs somebody else's boto3 script (`aws(service)` makes a client) in this account.
    #[track_caller]
    pub(crate) fn behind_our_back(&self, script: &str) {
        let text = format!("import boto3\naws = lambda name: boto3.client(name)\n{script}");
        let mut command = self.cli.beside(Launch::find().unwrap().python);
        let output = command.args(["-c", &text]).env("AWS_DEFAULT_REGION", "us-east-1").output().unwrap();
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    }
}
