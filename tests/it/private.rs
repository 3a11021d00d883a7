//! What lies about after a run is its owner's alone, and holds no secret.

use crate::exits::told;
use crate::place::{Place, SECRET, STACK, blueprint};
use auroractl_testkit::cli::Finished;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every file and folder below, links not followed.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(below(&path));
        }
        found.push(path);
    }
    found
}

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn everything_written_is_its_owners_alone_under_any_umask() {
    for mask in ["0000", "0022", "0077", "0777"] {
        let place = Place::new(&blueprint("dev.toml"));
        std::fs::create_dir(place.cli.dir().join("out")).unwrap();
        let run = |command: &str, more: &[&str]| {
            let plain = place.cli.command(&[command]);
            let mut shell = place.cli.beside("sh");
            shell.args(["-euc", "umask $0; exec \"$@\"", mask]).arg(plain.get_program()).arg(command).args(more);
            shell.args(["--state-dir", "out/deep/state", "--trace-file", "out/trace"]);
            let output = shell.output().unwrap();
            assert!(output.status.success(), "umask {mask}: {command}: {}", String::from_utf8_lossy(&output.stderr));
        };
        run("plan", &[STACK, "--out", "out/plan"]);
        run("apply", &["out/plan"]);
        place.edit("retention_days = 1", "retention_days = 2");
        run("apply", &[STACK, "--auto-approve"]);
        // An earlier plan that others may read is replaced, not filled.
        std::fs::set_permissions(place.cli.dir().join("out/plan"), Permissions::from_mode(0o644)).unwrap();
        run("plan", &[STACK, "--out", "out/plan"]);
        let found = below(&place.cli.dir().join("out"));
        let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        for expected in
            ["plan", "trace", "deep", "state", "orders-dev", "lock", "journal", "state.json", "state.json.1"]
        {
            assert!(names.contains(&expected), "umask {mask}: no {expected} in {names:?}");
        }
        for path in found {
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode(&path), expected, "umask {mask}: {}", path.display());
        }
    }
}

/// A text as it is, and as a file or a log might hold it.
fn forms(secret: &str) -> Vec<String> {
    let hex = |upper: bool| {
        secret.bytes().fold(String::new(), |mut text, byte| {
            let _ = if upper { write!(text, "{byte:02X}") } else { write!(text, "{byte:02x}") };
            text
        })
    };
    let escaped = secret.replace('/', "%2F").replace('@', "%40");
    let in_json = secret.replace('/', "\\/");
    vec![secret.to_owned(), hex(false), hex(true), escaped, in_json, base64(secret.as_bytes())]
}

/// Without padding, so that it is found within a longer text that begins with it.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = bytes.chunks_exact(3).flat_map(|three| {
        let word = three.iter().fold(0_usize, |word, byte| word << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(DIGITS[word >> shift & 63]))
    });
    whole.collect()
}

/// What was printed, and every file below a folder that no test put there.
struct Leavings {
    texts: BTreeMap<String, Vec<u8>>,
}

impl Leavings {
    fn new() -> Self {
        Self { texts: BTreeMap::new() }
    }

    fn printed(&mut self, what: &str, done: &Finished) {
        let number = self.texts.len();
        self.texts.insert(format!("{number} stdout of {what}"), done.stdout.clone().into_bytes());
        self.texts.insert(format!("{number} stderr of {what}"), done.stderr.clone().into_bytes());
    }

    fn files(&mut self, folder: &Path, own: &[PathBuf]) {
        for path in below(folder).into_iter().filter(|path| path.is_file() && !own.contains(path)) {
            let bytes = std::fs::read(&path).unwrap();
            // The name of a file is something that lies about, too.
            let name = path.display().to_string();
            self.texts.insert(format!("{} name {name}", self.texts.len()), name.clone().into_bytes());
            self.texts.insert(format!("{} file {name}", self.texts.len()), bytes);
        }
    }

    /// Where one of these secrets stands, in whatever form.
    fn with(&self, secrets: &[(&str, String)]) -> Vec<String> {
        let mut found = Vec::new();
        for (name, secret) in secrets {
            assert!(secret.len() >= 12, "{name} is too short to be looked for");
            for form in forms(secret) {
                let holds = |bytes: &[u8]| bytes.windows(form.len()).any(|window| window == form.as_bytes());
                let places = self.texts.iter().filter(|(_, bytes)| holds(bytes));
                found.extend(places.map(|(place, _)| format!("{name} in {place}")));
            }
        }
        found
    }
}

const TOKEN: &str = "FwoGZXIvYXdzCANARYsession0token/with+signs==";
const IN_FILE: &str = "cAnArY/In+The+Credentials+File/0123456789";

#[test]
fn no_secret_is_left_behind() {
    let mut place = Place::new(&blueprint("dev.toml"));
    place.cli.set_env("AWS_SESSION_TOKEN", TOKEN);
    let home = place.cli.dir().parent().unwrap().join("home");
    let credentials = home.join(".aws/credentials");
    std::fs::create_dir_all(credentials.parent().unwrap()).unwrap();
    let profile = format!("[spare]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {IN_FILE}\n");
    std::fs::write(&credentials, profile).unwrap();
    let refused = place.cli.dir().join("stacks/refused.toml");
    let text = blueprint("dev.toml").replace(
        "Owner = \"payments\"",
        "Owner = \"postgres://me:canary-in-a-url@db.example.com/x\"\nmaster_password = \"canary-in-a-key\"",
    );
    std::fs::write(&refused, text).unwrap();

    let mut left = Leavings::new();
    let run = |left: &mut Leavings, arguments: &[&str], code: i32| {
        let traced = ["validate", "output", "state", "graph"].iter().all(|command| arguments.first() != Some(command));
        let trace: &[&str] = if traced { &["--trace-file", "trace.jsonl"] } else { &[] };
        let done = place.cli.run(&[arguments, trace].concat()).unwrap().exits(code);
        left.printed(&arguments.join(" "), &done);
    };
    for command in [&["validate"][..], &["plan"], &["apply", "--auto-approve"], &["graph"]] {
        let arguments = [&command[..1], &["stacks/refused.toml"], &command[1..]].concat();
        run(&mut left, &arguments, 6);
    }
    run(&mut left, &["validate", STACK, "--explain"], 0);
    run(&mut left, &["plan", STACK, "--out", "next.plan"], 0);
    run(&mut left, &["plan", STACK, "--json"], 0);
    run(&mut left, &["apply", "next.plan"], 0);
    run(&mut left, &["apply", STACK, "--auto-approve"], 0);
    run(&mut left, &["status", STACK, "--profile", "spare"], 0);
    run(&mut left, &["plan", STACK, "--profile", "nobody"], 7);
    for format in ["table", "json", "dotenv"] {
        run(&mut left, &["output", STACK, "--format", format], 0);
    }
    run(&mut left, &["graph", STACK], 0);
    run(&mut left, &["state", "list", STACK, "--json"], 0);
    run(&mut left, &["state", "show", "db_cluster.main", STACK], 0);
    place.proxy.arm(auroractl_testkit::proxy::fault::Fault::on(
        "rds:ModifyDBCluster",
        auroractl_testkit::proxy::fault::Effect::AccessDenied,
    ));
    place.edit("retention_days = 1", "retention_days = 2");
    run(&mut left, &["apply", STACK, "--auto-approve"], 10);
    place.proxy.disarm();
    // A journal with lines in it, as a kill leaves it.
    left.files(&place.cli.dir(), std::slice::from_ref(&refused));
    run(&mut left, &["destroy", STACK, "--auto-approve", "--json"], 0);
    left.files(place.cli.dir().parent().unwrap(), &[refused, credentials]);

    let secrets = [
        ("the secret key", SECRET.to_owned()),
        ("the session token", TOKEN.to_owned()),
        ("the profile's key", IN_FILE.to_owned()),
        ("the password in a URL", "canary-in-a-url".to_owned()),
        ("the password under a key", "canary-in-a-key".to_owned()),
    ];
    // The master password is made by RDS and kept in Secrets Manager; nobody here ever asks for it.
    let asked = place.proxy.calls().into_iter().filter(|call| call.name().starts_with("secretsmanager:")).count();
    assert_eq!(asked, 0, "secrets are not looked at");
    assert!(left.texts.len() > 60, "everything that a life leaves was looked at: {}", left.texts.len());
    assert_eq!(left.with(&secrets), Vec::<String>::new());

    // The search finds what is there: the same secrets, planted one by one in each form.
    for (name, secret) in &secrets {
        for form in forms(secret) {
            let mut planted = Leavings::new();
            let file = place.cli.dir().join("deep/down/planted");
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, [b"\0\xffbefore ", form.as_bytes(), b" behind"].concat()).unwrap();
            planted.files(&place.cli.dir(), &[]);
            assert!(!planted.with(std::slice::from_ref(&(*name, secret.clone()))).is_empty(), "{name} as {form}");
        }
    }
}

#[test]
fn plans_and_traces_are_not_written_through_other_names() {
    let place = Place::new(&blueprint("dev.toml"));
    let (precious, name) = (place.cli.dir().join("precious"), place.cli.dir().join("name"));
    std::fs::write(&precious, "precious").unwrap();
    let mut record = String::new();
    let mut refuses = |what: &str, arguments: &[&str]| {
        let done = place.run("plan", arguments);
        writeln!(record, "== {what}: exit {:?}\n{}\n", done.code.unwrap_or(-1), told(&place, &done)).unwrap();
        assert!(!done.exits(1).stderr.is_empty());
    };
    symlink(&precious, &name).unwrap();
    refuses("plan through a link", &["--out", "name"]);
    refuses("trace through a link", &["--trace-file", "name"]);
    std::fs::remove_file(&name).unwrap();
    assert!(Command::new("mkfifo").arg(&name).status().unwrap().success());
    refuses("plan into a pipe", &["--out", "name"]);
    refuses("trace into a pipe", &["--trace-file", "name"]);
    std::fs::remove_file(&name).unwrap();
    std::fs::hard_link(&precious, &name).unwrap();
    refuses("trace into a second name", &["--trace-file", "name"]);
    let _ = place.run("plan", &["--out", "name"]).exits(0);
    assert_eq!(std::fs::read(&precious).unwrap(), b"precious");
    assert_eq!(mode(&name), 0o600);
    // A saved plan may be read through a link: it is the user who names it, and its digest says what it is.
    std::fs::rename(&name, place.cli.dir().join("kept.plan")).unwrap();
    symlink("kept.plan", &name).unwrap();
    let _ = place.cli.run(&["apply", "name"]).unwrap().exits(0);
    for no_plan in ["/dev/zero", "stacks", "."] {
        let done = place.cli.run(&["apply", "--plan", no_plan]).unwrap().exits(1);
        assert!(done.stderr.contains("not a regular file"), "{}", done.stderr);
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("plans_and_traces_elsewhere", record.trim_end());
    });
}

#[test]
fn a_saved_plan_that_is_not_what_was_saved_is_refused() {
    let place = Place::new(&blueprint("dev.toml"));
    let _ = place.run("plan", &["--out", "next.plan"]).exits(0);
    let file = place.cli.dir().join("next.plan");
    let (good, calls) = (std::fs::read_to_string(&file).unwrap(), place.proxy.summary().calls);
    let mut record = String::new();
    for (what, text) in [
        ("empty", String::new()),
        ("cut", good[..good.len() / 2].to_owned()),
        ("edited", good.replacen("10.2.0.0/16", "10.3.0.0/16", 1)),
        ("of another file", good.replacen("stacks/main.toml", "stacks/else.toml", 1)),
        ("newer", good.replacen("\"format_version\": 1", "\"format_version\": 99", 1)),
        ("with a further member", good.replacen("\"serial\"", "\"force\": true, \"serial\"", 1)),
        ("with a further member deep down", good.replacen("\"changes\"", "\"force\": true, \"changes\"", 1)),
        ("with a member twice", good.replacen("\"lineage\"", "\"lineage\": \"x\", \"lineage\"", 1)),
        ("nested", "{\"a\":".repeat(100_000)),
    ] {
        assert_ne!(text, good, "{what}");
        std::fs::write(&file, text).unwrap();
        let done = place.cli.run(&["apply", "--plan", "next.plan"]).unwrap();
        writeln!(record, "== {what}: exit {:?}\n{}\n", done.code.unwrap_or(-1), told(&place, &done)).unwrap();
        let _ = done.exits(6);
    }
    assert_eq!(place.proxy.summary().calls, calls);
    std::fs::write(&file, good).unwrap();
    let _ = place.cli.run(&["apply", "next.plan"]).unwrap().exits(0);
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("saved_plans_that_are_none", record.trim_end());
    });
}
