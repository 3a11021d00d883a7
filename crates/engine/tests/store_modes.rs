//! Modes under any umask. A test of its own process, since the umask is the process's.

use auroractl_core::identity::StackId;
use auroractl_core::state::State;
use auroractl_engine::store::{Local, Mode, Store as _};
use futures::FutureExt as _;
use rustix::fs::Mode as Bits;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

#[test]
fn folders_are_0700_and_files_0600_under_any_umask() {
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    for mask in [0o000, 0o022, 0o077, 0o277, 0o777] {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("state").join("prod");
        let before = rustix::process::umask(Bits::from_bits_retain(mask));
        let (mut store, _) = Local::open(&dir, Mode::Write { command: "apply".to_owned() }).unwrap();
        let stack = StackId { name: "prod".to_owned(), account: String::new(), region: "eu-central-1".to_owned() };
        for _ in 0..3 {
            store.commit(&State::new(stack.clone(), "l".to_owned())).now_or_never().unwrap().unwrap();
        }
        store.probe().unwrap();
        rustix::process::umask(before);
        assert_eq!((mode(&dir), mode(dir.parent().unwrap())), (0o700, 0o700), "umask {mask:04o}");
        let files: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 5, "{files:?}");
        for file in files {
            assert_eq!(mode(&file), 0o600, "umask {mask:04o}: {}", file.display());
        }
    }
}
