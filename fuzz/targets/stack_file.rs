//! A stack file, with a base beside it that it may extend.
#![no_main]

use auroractl_parser::{Files, Known, Style, load_from};
use std::io;
use std::path::Path;

/// The file, and the production stack as `base.toml`.
struct Two<'a>(&'a [u8]);

impl Files for Two<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.to_str() {
            Some("main.toml") => Ok(self.0.to_vec()),
            Some("base.toml") => Ok(include_bytes!("../../stacks/prod.toml").to_vec()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let shown = match load_from(&Two(bytes), Path::new("main.toml"), &Known) {
        Ok(loaded) => {
            let _ = (loaded.explain(), loaded.config.members(), loaded.config.subnets());
            loaded.warnings.render(Style::plain(80))
        }
        Err(findings) => {
            assert!(findings.has_errors(), "refused without a reason");
            format!("{findings}\n{}", findings.render(Style::plain(80)))
        }
    };
    assert!(shown.len() < 2_000_000, "an answer of {} bytes", shown.len());
    assert!(!shown.contains(['\u{1b}', '\0', '\u{202e}']), "control characters reach the terminal");
});
