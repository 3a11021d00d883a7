//! What a command may write to. A path comes from a flag or from the environment, and may be that of the stack file, of the
//! state or of its journal: none of them is replaced by a plan, a report or a trace.

use crate::exit::{Exit, Failure};
use auroractl_engine::private;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Files by which a folder is told to be the state of a stack.
const OF_A_STATE: [&str; 2] = ["state.json", "journal.remote"];
/// So many bytes of a file tell what it is.
const HEAD: u64 = 4096;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A saved plan.
    Plan,
    /// A report as a page.
    Page,
    /// A text for a pull request.
    Text,
    /// A plan document for scanners.
    Export,
    /// A trace, which is added to.
    Trace,
}

/// Refuses a path of the state, and one where something else stands than what is written there.
///
/// What has a second name is left to the writing: it is not lost by that. So are links and what is no file.
pub(crate) fn allows(path: &Path, kind: Kind) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new(""));
    if OF_A_STATE.iter().any(|name| folder.join(name).is_file()) {
        let why = format!("{} lies in the folder of a state; nothing was changed", path.display());
        return Err(Failure::new(Exit::Invalid, why).hinted("name a file elsewhere: what stands there is the state's"));
    }
    let Ok(meta) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !meta.is_file() || meta.nlink() > 1 || meta.len() == 0 {
        return Ok(());
    }
    // What can't be read can't be told to be ours.
    let head = private::opening(path, HEAD).map_err(|error| Failure::io("read", path, &error))?;
    if kind.may_replace(path, &head) {
        return Ok(());
    }
    let why = format!("{} is {}, and would be lost; nothing was changed", path.display(), kind.missed());
    Err(Failure::new(Exit::Invalid, why).hinted("name another file, or remove this one first if nobody needs it"))
}

impl Kind {
    /// Does a file that begins so hold what is written there anew?
    fn may_replace(self, path: &Path, head: &[u8]) -> bool {
        let text = String::from_utf8_lossy(head);
        // White space is no part of the form.
        let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).take(64).collect();
        match self {
            Self::Plan => packed.starts_with("{\"format_version\":") && text.contains("\"tool_version\""),
            Self::Page => text.contains("content=\"auroractl "),
            // It has no mark, and people add to such files: what is certainly something else is spared.
            Self::Text => !packed.starts_with('{') && path.extension().is_none_or(|ext| ext != "toml"),
            Self::Export => packed.starts_with("{\"format_version\":\""),
            Self::Trace => packed.starts_with("{\"time\":"),
        }
    }

    /// What a file is that is none of these.
    fn missed(self) -> &'static str {
        match self {
            Self::Plan => "no saved plan",
            Self::Page => "no report of auroractl",
            Self::Text => "a stack file, or data of some program",
            Self::Export => "no plan document",
            Self::Trace => "no trace",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 5] = [Kind::Plan, Kind::Page, Kind::Text, Kind::Export, Kind::Trace];

    /// Which kinds may be written over a file of this name that begins so.
    fn over(name: &str, text: &str) -> Vec<Kind> {
        KINDS.into_iter().filter(|kind| kind.may_replace(Path::new(name), text.as_bytes())).collect()
    }

    #[test]
    fn only_its_like_is_replaced() {
        assert_eq!(over("prod.toml", "[stack]\nname = \"orders\"\n"), []);
        assert_eq!(over("state.json", "{\"format\":1,\"body\":{}}"), []);
        assert_eq!(over("a.plan", "{\n  \"format_version\": 1,\n  \"tool_version\": \"0.1.0\",\n"), [Kind::Plan]);
        assert_eq!(over("a.json", "{\n  \"format_version\": \"1.2\",\n  \"terraform_version\": \"1\""), [Kind::Export]);
        assert_eq!(over("t", "{\"time\":\"2026-01-01T00:00:00Z\",\"service\":\"rds\"}\n"), [Kind::Trace]);
        let page = "<!doctype html>\n<meta name=\"generator\" content=\"auroractl 0.1.0\">";
        assert_eq!(over("a.html", page), [Kind::Page, Kind::Text]);
        assert_eq!(over("plan.md", "### Plan of `orders`"), [Kind::Text]);
        assert_eq!(over("index.html", "<!doctype html><title>Orders</title>"), [Kind::Text]);
    }

    #[test]
    fn nothing_is_written_into_a_state() {
        let folder = std::env::temp_dir().join(format!("auroractl-target-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        let at = |name: &str| folder.join(name);
        for kind in KINDS {
            assert!(allows(&at("new"), kind).is_ok(), "{kind:?}");
        }
        std::fs::write(at("empty"), "").unwrap();
        std::fs::write(at("notes"), "precious").unwrap();
        assert!(allows(&at("empty"), Kind::Plan).is_ok(), "made for us by `mktemp`");
        assert_eq!(allows(&at("notes"), Kind::Plan).unwrap_err().exit, Exit::Invalid);
        std::fs::write(at("state.json"), "{}").unwrap();
        for kind in KINDS {
            for name in ["new", "empty", "journal", "state.json"] {
                assert_eq!(allows(&at(name), kind).unwrap_err().exit, Exit::Invalid, "{kind:?} {name}");
            }
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
