//! The written form of a state: `state.json`.
//!
//! Indented JSON whose first member is the SHA-256 of everything else, byte by
//! byte. Not of the parsed value: reading a decimal fraction and writing it
//! again may change its last digit, and then a sound file would look damaged.

use auroractl_core::exact;
use auroractl_core::state::{FORMAT, State};
use data_encoding::HEXLOWER;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// This release.
pub(super) const TOOL: &str = env!("CARGO_PKG_VERSION");
/// Members of the file that are not the state's.
const EPOCH: &str = "epoch";
const WRITTEN_BY: &str = "tool";
const UPTO: &str = "journal_upto";
/// No serial, epoch or line comes near this number, so adding to one never overflows.
pub(super) const LARGEST: u64 = 1 << 53;
/// How the file begins, up to the checksum and behind it.
const HEAD: (&[u8], &[u8]) = (b"{\n  \"checksum\": \"", b"\",\n");

/// Brings a file's members from one format to the next.
type Migration = fn(&mut Map<String, Value>);
/// The migration at index 0 leads from format 1 to 2, and so on.
const MIGRATIONS: &[Migration] = &[];

/// What a snapshot says beside the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// Fencing epoch; the local store keeps what it finds.
    pub epoch: u64,
    /// Number of the last journal line that the state holds.
    pub upto: u64,
}

/// A snapshot that was read.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// The state.
    pub state: State,
    /// What it says beside.
    pub head: Head,
    /// Its checksum.
    pub checksum: String,
    /// Its format, if that was an older one.
    pub migrated: Option<u32>,
}

/// Why a snapshot can't be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// No bytes.
    Empty,
    /// Not what was written.
    Damaged(String),
    /// Something that only a newer release knows.
    Newer { found: String, tool: String },
}

/// The first number that is none of ours.
pub(super) fn beyond(numbers: &[u64]) -> Option<u64> {
    numbers.iter().copied().find(|number| *number > LARGEST)
}

/// The bytes of a snapshot and their checksum.
pub(super) fn encode(state: &State, head: &Head) -> Result<(Vec<u8>, String), serde_json::Error> {
    if let Some(huge) = beyond(&[state.serial, head.epoch, head.upto]) {
        // Nobody could read it again.
        return Err(serde::ser::Error::custom(format_args!("it counts to {huge}")));
    }
    let mut members = serde_json::to_value(state)?;
    if let Some(members) = members.as_object_mut() {
        members.insert(EPOCH.to_owned(), head.epoch.into());
        members.insert(UPTO.to_owned(), head.upto.into());
        members.insert(WRITTEN_BY.to_owned(), TOOL.into());
    }
    seal(&members)
}

/// An object as indented JSON whose first member is the checksum of the rest; with that checksum.
pub(super) fn seal(members: &Value) -> Result<(Vec<u8>, String), serde_json::Error> {
    let body = format!("{}\n", serde_json::to_string_pretty(members)?);
    // The body begins with the brace and line feed that the head has, too.
    let rest = body.strip_prefix("{\n").unwrap_or(&body);
    let checksum = HEXLOWER.encode(&Sha256::digest(rest));
    let bytes = [HEAD.0, checksum.as_bytes(), HEAD.1, rest.as_bytes()].concat();
    Ok((bytes, checksum))
}

/// The members of a sealed object, and its checksum. A format above `newest` is refused first: it may be sealed otherwise.
pub(super) fn unseal(bytes: &[u8], newest: u32) -> Result<(Map<String, Value>, String), Unusable> {
    if bytes.is_empty() {
        return Err(Unusable::Empty);
    }
    if let Ok(members) = serde_json::from_slice::<Map<String, Value>>(bytes) {
        refuse_newer(&members, newest)?;
    }
    let checksum = verified(bytes)?;
    let mut members = match exact::parse(bytes) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return Err(Unusable::Damaged("it is no JSON object".to_owned())),
        Err(why) => return Err(Unusable::Damaged(why.to_string())),
    };
    members.remove("checksum");
    Ok((members, checksum))
}

/// A state as the bytes of a `state.json`: what `auroractl state pull` gives.
///
/// # Errors
/// When it has no written form.
pub fn written_copy(state: &State) -> Result<Vec<u8>, serde_json::Error> {
    encode(state, &Head::default()).map(|(bytes, _)| bytes)
}

/// Reads the bytes of a `state.json` that somebody kept elsewhere.
///
/// # Errors
/// What is wrong with them.
pub fn read_copy(bytes: &[u8]) -> Result<State, String> {
    decode(bytes).map(|snapshot| snapshot.state).map_err(|why| match why {
        Unusable::Empty => "it is empty".to_owned(),
        Unusable::Damaged(why) => format!("it is damaged: {why}"),
        Unusable::Newer { found, tool } if tool.is_empty() => format!("it is of a newer auroractl: {found}"),
        Unusable::Newer { found, tool } => format!("it is of auroractl {tool}, which is newer: {found}"),
    })
}

/// Reads a snapshot.
pub(super) fn decode(bytes: &[u8]) -> Result<Snapshot, Unusable> {
    decode_with(bytes, MIGRATIONS)
}

fn decode_with(bytes: &[u8], migrations: &[Migration]) -> Result<Snapshot, Unusable> {
    let (mut members, checksum) = unseal(bytes, FORMAT)?;
    let migrated = migrate(&mut members, migrations);
    let number = |members: &mut Map<String, Value>, key: &str| {
        let value = members.remove(key).and_then(|value| value.as_u64());
        value.ok_or_else(|| Unusable::Damaged(format!("it has no `{key}`")))
    };
    let head = Head { epoch: number(&mut members, EPOCH)?, upto: number(&mut members, UPTO)? };
    let tool = members.remove(WRITTEN_BY).and_then(|tool| tool.as_str().map(str::to_owned)).unwrap_or_default();
    let state: State = exact::typed(&Value::Object(members)).map_err(|found| Unusable::Newer { found, tool })?;
    match beyond(&[state.serial, head.epoch, head.upto]) {
        Some(huge) => Err(Unusable::Damaged(format!("it counts to {huge}"))),
        None => Ok(Snapshot { state, head, checksum, migrated }),
    }
}

/// The checksum, if the bytes have it.
fn verified(bytes: &[u8]) -> Result<String, Unusable> {
    let damaged = |why: &str| Unusable::Damaged(why.to_owned());
    let rest = bytes.strip_prefix(HEAD.0).ok_or_else(|| damaged("it does not begin with its checksum"))?;
    let (sum, rest) = rest.split_at_checked(64).ok_or_else(|| damaged("it ends within its checksum"))?;
    let rest = rest.strip_prefix(HEAD.1).ok_or_else(|| damaged("its checksum is not 64 digits long"))?;
    let actual = HEXLOWER.encode(&Sha256::digest(rest));
    if sum == actual.as_bytes() { Ok(actual) } else { Err(damaged("its content does not have its checksum")) }
}

fn format_of(members: &Map<String, Value>) -> Option<u64> {
    members.get("format")?.as_u64()
}

/// A newer format may have another checksum, so this is asked first.
fn refuse_newer(members: &Map<String, Value>, newest: u32) -> Result<(), Unusable> {
    let format = format_of(members).unwrap_or(0);
    if format <= u64::from(newest) {
        return Ok(());
    }
    let tool = members.get(WRITTEN_BY).and_then(Value::as_str).unwrap_or_default().to_owned();
    Err(Unusable::Newer { found: format!("its format is {format}, this release knows {newest}"), tool })
}

/// Brings members of an older format up to date; says from which.
fn migrate(members: &mut Map<String, Value>, migrations: &[Migration]) -> Option<u32> {
    let newest = u32::try_from(migrations.len()).ok()?.saturating_add(1);
    let from = u32::try_from(format_of(members)?).ok().filter(|from| (1..newest).contains(from))?;
    for step in migrations.iter().skip(usize::try_from(from).ok()?.saturating_sub(1)) {
        step(members);
    }
    members.insert("format".to_owned(), newest.into());
    Some(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::support::sample;

    #[test]
    fn what_is_written_is_read() {
        let head = Head { epoch: 3, upto: 12 };
        let (bytes, checksum) = encode(&sample(5), &head).unwrap();
        let read = decode(&bytes).unwrap();
        assert_eq!((read.state, read.head, read.checksum, read.migrated), (sample(5), head, checksum, None));
    }

    #[test]
    fn fractions_do_not_look_like_damage() {
        // Read by serde_json, this number comes back as 90.3.
        let mut state = sample(1);
        for record in state.resources.values_mut() {
            record.applied = serde_json::json!({"threshold": 90.300_000_000_000_01_f64, "min": 0.5});
        }
        assert!(decode(&encode(&state, &Head::default()).unwrap().0).is_ok());
    }

    #[test]
    fn every_cut_and_every_flip_is_noticed() {
        let (bytes, _) = encode(&sample(2), &Head::default()).unwrap();
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                assert!(decode(&flipped).is_err(), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn newer_formats_and_unknown_fields_are_refused_by_name() {
        let (bytes, _) = encode(&sample(1), &Head::default()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let newer = text
            .replace("\"format\": 1", "\"format\": 99")
            .replace(&format!("\"tool\": \"{TOOL}\""), "\"tool\": \"9.1.0\"");
        let found = "its format is 99, this release knows 1".to_owned();
        assert_eq!(decode(newer.as_bytes()).unwrap_err(), Unusable::Newer { found, tool: "9.1.0".to_owned() });

        for (within, path) in [("\"lineage\": \"", "colour"), ("\"region\": \"", "resources.vpc.r0.scope.colour")] {
            let grown = text.replacen(within, &format!("\"colour\": \"red\", {within}"), 1);
            let Err(Unusable::Newer { found, .. }) = decode(&resealed(&grown)) else { panic!("{path} was accepted") };
            assert!(found.contains("colour"), "{found} does not name {path}");
        }
    }

    #[test]
    fn older_formats_are_brought_up_to_date() {
        let (bytes, _) = encode(&sample(1), &Head::default()).unwrap();
        let old = String::from_utf8(bytes).unwrap().replace("\"lineage\": ", "\"line\": ");
        let to_two: Migration = |members| {
            if let Some(line) = members.remove("line") {
                members.insert("lineage".to_owned(), line);
            }
        };
        let read = decode_with(&resealed(&old), &[to_two]).unwrap();
        assert_eq!((read.migrated, read.state.format, read.state.lineage), (Some(1), 2, sample(1).lineage));
    }

    /// The same content under a checksum that fits.
    fn resealed(text: &str) -> Vec<u8> {
        let rest = &text[HEAD.0.len() + 64 + HEAD.1.len()..];
        let sum = HEXLOWER.encode(&Sha256::digest(rest));
        [HEAD.0, sum.as_bytes(), HEAD.1, rest.as_bytes()].concat()
    }
}
