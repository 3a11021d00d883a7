//! The files a stack is read from: reading them with limits, their masked texts, lines and columns.

use crate::diagnostics::{At, Problem};
use crate::path::Place;
use crate::secrets;
use std::io::{self, Read};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

/// Largest file that is read. A stack file has a few kilobytes; more is a mistake.
pub const MAX_BYTES: usize = 1024 * 1024;
const BOM: &str = "\u{feff}";

/// Where files come from.
pub trait Files {
    /// The bytes of a file, at most [`MAX_BYTES`] and one.
    ///
    /// # Errors
    /// As the file system says.
    fn read(&self, path: &FilePath) -> io::Result<Vec<u8>>;

    /// Where a path leads when links are followed.
    ///
    /// # Errors
    /// As the file system says.
    fn real(&self, path: &FilePath) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }
}

/// The file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    /// Reads regular files only: opening a pipe would wait for a writer.
    fn read(&self, path: &FilePath) -> io::Result<Vec<u8>> {
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn real(&self, path: &FilePath) -> io::Result<PathBuf> {
        std::fs::canonicalize(path)
    }
}

/// One file: its name and its text as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    name: String,
    shown: Arc<str>,
}

impl SourceFile {
    /// The path as it was given, or as it follows from `extends`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text with secrets masked; bytes stand where they stand in the file.
    #[must_use]
    pub fn shown(&self) -> Arc<str> {
        Arc::clone(&self.shown)
    }

    /// Line and column of a byte, both from 1, the column in characters.
    #[must_use]
    pub fn line_column(&self, byte: usize) -> (usize, usize) {
        let before = self.shown.get(..byte).unwrap_or(&self.shown);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        (before.matches('\n').count() + 1, column)
    }
}

/// All files that a stack was read from; the one that was named is the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    files: Vec<SourceFile>,
    secrets: secrets::Hidden,
}

impl Sources {
    /// A file by index.
    #[must_use]
    pub fn get(&self, file: usize) -> Option<&SourceFile> {
        self.files.get(file)
    }

    /// The files in the order in which they were read: the named one, then what it extends.
    pub fn iter(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }

    /// Adds a file and returns its text, or what is wrong with its bytes. A file that can't be used is added too, so that it can
    /// be shown.
    pub(crate) fn add(&mut self, name: &str, bytes: Vec<u8>) -> (usize, Result<String, Problem>) {
        let file = self.files.len();
        let checked = check_bytes(file, name, bytes);
        let shown = match &checked {
            Ok(text) | Err((_, text)) => secrets::mask_text(text),
        };
        self.files.push(SourceFile { name: name.to_owned(), shown: shown.into() });
        (file, checked.map_err(|(problem, _)| problem))
    }

    /// Hides more of the files, and texts wherever they occur: in the files and in every message.
    pub(crate) fn hide(&mut self, places: &[Place], texts: Vec<String>) {
        self.secrets.extend(texts);
        for (index, source) in self.files.iter_mut().enumerate() {
            let own = places.iter().filter(|place| place.file == index).map(|place| place.start..place.end);
            let hidden: Vec<_> = own.chain(self.secrets.find(&source.shown)).collect();
            if !hidden.is_empty() {
                source.shown = secrets::mask_places(&source.shown, &hidden).into();
            }
        }
    }

    /// The place of a byte of a TOML text, counted in the text itself; `None` where escapes make it stand elsewhere in the file.
    pub(crate) fn within(&self, place: Place, offset: usize) -> Option<Place> {
        let raw = self.get(place.file)?.shown.get(place.start..place.end)?;
        let quotes = if raw.starts_with("'''") || raw.starts_with("\"\"\"") { 3 } else { 1 };
        if raw.starts_with('"') && raw.contains('\\') {
            return None;
        }
        // TOML drops a line break right behind the opening quotes of a multi-line text.
        let inner = raw.get(quotes..)?;
        let dropped =
            if quotes == 1 { 0 } else { inner.len() - inner.trim_start_matches('\r').trim_start_matches('\n').len() };
        let dropped = dropped.min(if inner.starts_with('\r') { 2 } else { 1 });
        let start = place.start + quotes + dropped + offset;
        (start < place.end).then(|| Place::new(place.file, start..start + 1))
    }

    /// A message without the secrets that were found, and without what could drive a terminal.
    pub(crate) fn scrub(&self, message: &str) -> String {
        let mut clean = message.to_owned();
        for place in self.secrets.find(message).into_iter().rev() {
            clean.replace_range(place, "***");
        }
        if clean.contains(secrets::steers) {
            clean = clean.replace(secrets::steers, "?");
        }
        clean
    }
}

/// The text of a file, or a problem and what to show of the text.
fn check_bytes(file: usize, name: &str, bytes: Vec<u8>) -> Result<String, (Problem, String)> {
    if bytes.len() > MAX_BYTES {
        let problem = Problem::error("file", format!("`{name}` is larger than 1 MiB"))
            .help("a stack file has a few kilobytes: is this the right file?");
        return Err((problem, String::new()));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let lossy = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let place = Place::new(file, at..at + '\u{fffd}'.len_utf8());
        let problem = Problem::error("file", format!("`{name}` is not UTF-8"))
            .mark(At::Place(place), "the first byte that is not UTF-8")
            .help("save the file as UTF-8 without a byte order mark");
        (problem, lossy)
    })?;
    if let Some(rest) = text.strip_prefix(BOM) {
        let problem = Problem::error("file", format!("`{name}` begins with a byte order mark"))
            .mark(At::Place(Place::new(file, 0..0)), "before the first character")
            .help("save the file as UTF-8 without a byte order mark");
        return Err((problem, rest.to_owned()));
    }
    Ok(text)
}
