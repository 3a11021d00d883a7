//! The written form of the journal: frames one after another.
//!
//! A frame is `u32` length, `u32` CRC-32 over length and payload, both little
//! endian, and a JSON payload `{n, prev, synced, …}`. `prev` is the hash of the
//! payload before, so frames can't change places. `synced` is the number of the
//! last line that was known to be durable when this one was written: it tells
//! a hole that a power cut left in lines nobody relied on from damage to lines
//! that somebody did.

use super::snapshot::LARGEST;
use auroractl_core::exact;
use auroractl_core::journal::Entry;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Bytes before a payload.
const HEADER: usize = 8;
/// Characters of a payload's hash.
const HASH: usize = 16;
/// How every payload begins, since its members stand in a fixed order.
const OPENING: &[u8] = b"{\"n\":";

/// One frame's payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Frame<E> {
    /// Its number; the numbers go on for as long as the stack lives.
    pub n: u64,
    /// Hash of the payload before; empty in the first frame of a file.
    pub prev: String,
    /// The last line that was known to be durable.
    pub synced: u64,
    /// What it says.
    pub says: Says<E>,
}

/// What a frame says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Says<E> {
    /// The journal continues this snapshot. The first frame of a file, numbered as the snapshot's last line.
    Base {
        /// Serial of the snapshot.
        serial: u64,
        /// Checksum of the snapshot.
        checksum: String,
    },
    /// A line.
    Line(E),
}

/// Where a journal ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    /// Bytes that are sound.
    pub bytes: u64,
    /// Number of the last frame.
    pub n: u64,
    /// Hash of the last frame's payload.
    pub hash: String,
}

/// A journal that was read.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Its sound frames.
    pub frames: Vec<Frame<Entry>>,
    /// Where they end.
    pub end: End,
    /// Bytes behind the end: a write that a power cut or a kill interrupted.
    pub torn: u64,
}

/// What is wrong with a journal, and at which byte.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Durable lines were changed or lost.
    Corrupt { at: u64, why: String },
    /// A sound frame says what this release does not know.
    Newer { found: String },
}

/// A frame's bytes and its payload's hash.
pub(super) fn encode(frame: &Frame<&Entry>) -> Result<(Vec<u8>, String), serde_json::Error> {
    if frame.n > LARGEST {
        return Err(serde::ser::Error::custom(format_args!("it counts to {}", frame.n)));
    }
    let payload = serde_json::to_vec(frame)?;
    let len = u32::try_from(payload.len()).map_err(serde::ser::Error::custom)?.to_le_bytes();
    let bytes = [&len, &crc(len, &payload).to_le_bytes(), payload.as_slice()].concat();
    Ok((bytes, hash(&payload)))
}

/// Reads a journal up to its end.
pub(super) fn scan(bytes: &[u8]) -> Result<Scan, Fault> {
    let mut scan = Scan::default();
    let mut at = 0;
    while let Some(payload) = sound(bytes, at) {
        let frame = read(payload)?;
        follows(&frame, &scan.end, at)?;
        at += HEADER + payload.len();
        scan.end = End { bytes: at as u64, n: frame.n, hash: hash(payload) };
        scan.frames.push(frame);
    }
    scan.torn = (bytes.len() - at) as u64;
    if scan.frames.is_empty() && !begun(bytes) {
        let why = "it does not begin as a journal does: something else was written over it".to_owned();
        return Err(Fault::Corrupt { at: 0, why });
    }
    match relied_on(bytes, at, &scan) {
        true => Err(Fault::Corrupt { at: at as u64, why: "durable lines are unreadable".to_owned() }),
        false => Ok(scan),
    }
}

/// May an interrupted write of the first frame have left this? Its end may be missing, and a hole of zeros be in it. What else
/// begins otherwise is no torn end: there is nothing that it could be the end of.
fn begun(bytes: &[u8]) -> bool {
    bytes.iter().skip(HEADER).zip(OPENING).all(|(found, meant)| found == meant || *found == 0)
}

/// Does a sound frame behind the first unsound one say that the unsound one was durable?
fn relied_on(bytes: &[u8], from: usize, scan: &Scan) -> bool {
    let lost = if scan.frames.is_empty() { 0 } else { scan.end.n + 1 };
    let behind = (from + 1..bytes.len()).filter_map(|at| read(sound(bytes, at)?).ok());
    behind.into_iter().any(|frame| frame.synced >= lost)
}

/// The payload of a whole frame at this offset.
fn sound(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let header = bytes.get(at..at + HEADER)?;
    let (len, sum) = header.split_first_chunk::<4>()?;
    let end = (at + HEADER).checked_add(usize::try_from(u32::from_le_bytes(*len)).ok()?)?;
    let payload = bytes.get(at + HEADER..end)?;
    // The opening is a cheap test where a search comes by at every offset.
    let fits = payload.starts_with(OPENING) && sum == crc(*len, payload).to_le_bytes();
    fits.then_some(payload)
}

fn read(payload: &[u8]) -> Result<Frame<Entry>, Fault> {
    let newer = |found| Fault::Newer { found };
    let value = exact::parse(payload).map_err(|why| newer(why.to_string()))?;
    exact::typed(&value).map_err(newer)
}

/// Is this frame the one after that end?
fn follows(frame: &Frame<Entry>, end: &End, at: usize) -> Result<(), Fault> {
    let corrupt = |why| Err(Fault::Corrupt { at: at as u64, why });
    if frame.n > LARGEST {
        return corrupt(format!("it counts to {}", frame.n));
    }
    if end.bytes == 0 || (frame.n == end.n + 1 && frame.prev == end.hash) {
        return Ok(());
    }
    corrupt(format!("line {} does not follow line {}", frame.n, end.n))
}

fn crc(len: [u8; 4], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&len);
    hasher.update(payload);
    hasher.finalize()
}

fn hash(payload: &[u8]) -> String {
    let mut text = HEXLOWER.encode(&Sha256::digest(payload));
    text.truncate(HASH);
    text
}
