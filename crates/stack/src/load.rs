//! From a file name to typed configuration with provenance, or to everything that is wrong with it.

use crate::checks::{self, ParameterCatalogue, Subject};
use crate::config::Config;
use crate::diagnostics::{At, Diagnostics, Problem, Severity};
use crate::merge::{Layer, merge_layers};
use crate::path::{Path, Place};
use crate::source::{Disk, Files, Sources};
use crate::tree::{self, Data, Node, SpanMap};
use crate::{schema, secrets, syntax, validate};
use serde_json::Value;
use std::path::{Component, Path as FilePath, PathBuf};
use std::sync::Arc;
use toml::de::DeTable;

/// Longest chain of `extends`.
const MOST_LAYERS: usize = 16;

/// A stack file that was read, with the place of everything it says.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it says, defaults filled in.
    pub config: Config,
    /// For every path that a file sets: where.
    pub spans: SpanMap,
    /// The files it was read from; the one that was named is the first.
    pub sources: Arc<Sources>,
    /// What somebody should look at.
    pub warnings: Diagnostics,
}

/// Who set a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A stack file, there.
    File(Place),
    /// The generation of defaults that the stack has pinned.
    Default,
}

impl Loaded {
    /// Who set the value at a path. A table counts as set where any of its files opens it.
    #[must_use]
    pub fn origin(&self, path: &Path) -> Origin {
        self.spans.get(path).map_or(Origin::Default, |spans| Origin::File(spans.value))
    }

    /// The place to point at for a path: the value, or else the nearest enclosing setting.
    #[must_use]
    pub fn place(&self, path: &Path) -> Option<Place> {
        self.spans
            .get(path)
            .map(|spans| spans.value)
            .or_else(|| self.spans.nearest(path).map(|spans| spans.key.unwrap_or(spans.value)))
    }

    /// File, source text and span of a path, as miette wants them.
    #[must_use]
    pub fn miette_span(&self, path: &Path) -> Option<(miette::NamedSource<Arc<str>>, miette::SourceSpan)> {
        let place = self.place(path)?;
        let source = self.sources.get(place.file)?;
        Some((miette::NamedSource::new(source.name(), source.shown()), (place.start..place.end).into()))
    }

    /// Turns problems that later stages found (rules, refusals) into diagnostics that point into the files.
    #[must_use]
    pub fn diagnose(&self, problems: Vec<Problem>) -> Diagnostics {
        Diagnostics::new(problems, &self.spans, Arc::clone(&self.sources))
    }
}

/// Reads and checks a stack file from the file system.
///
/// # Errors
/// Everything that is wrong with it, at once.
pub fn load(path: &FilePath, catalogue: &dyn ParameterCatalogue) -> Result<Loaded, Box<Diagnostics>> {
    load_from(&Disk, path, catalogue)
}

/// Reads and checks a stack file from anywhere.
///
/// # Errors
/// Everything that is wrong with it, at once.
pub fn load_from(
    files: &dyn Files,
    path: &FilePath,
    catalogue: &dyn ParameterCatalogue,
) -> Result<Loaded, Box<Diagnostics>> {
    let mut reader = Reader { files, sources: Sources::default(), problems: Vec::new() };
    let Some(layers) = reader.layers(path) else { return Err(reader.fail()) };
    let Some(root) = merge_layers(layers.into_iter().rev(), &mut reader.problems) else { return Err(reader.fail()) };
    let (value, spans) = tree::flatten(&root);
    let config = reader.check(&root, value, &spans, catalogue);
    let sources = Arc::new(reader.sources);
    let findings = Diagnostics::new(reader.problems, &spans, Arc::clone(&sources));
    match config {
        Some(config) if !findings.has_errors() => Ok(Loaded { config, spans, sources, warnings: findings }),
        _ => Err(Box::new(findings)),
    }
}

struct Reader<'a> {
    files: &'a dyn Files,
    sources: Sources,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn fail(self) -> Box<Diagnostics> {
        Box::new(Diagnostics::new(self.problems, &SpanMap::default(), Arc::new(self.sources)))
    }

    /// The named file and what it extends, nearest first; `None` when one of them can't be used.
    fn layers(&mut self, path: &FilePath) -> Option<Vec<Layer>> {
        let mut layers = Vec::new();
        let mut seen: Vec<PathBuf> = Vec::new();
        let mut next = Some((normal(path), None));
        while let Some((path, said)) = next.take() {
            if let Some(problem) = endless(&path, &seen, said) {
                self.problems.push(problem);
                return None;
            }
            seen.push(path.clone());
            let layer = self.layer(&path, said)?;
            next = match &layer.extends {
                None => None,
                Some((base, place)) => Some((self.base(&path, base, *place)?, Some(*place))),
            };
            layers.push(layer);
        }
        Some(layers)
    }

    /// The file that is extended. Nothing else than a stack file is opened for it, since an error message quotes what it
    /// finds: who may propose a stack file must not be able to read `/proc/self/environ` with it.
    fn base(&mut self, path: &FilePath, base: &str, said: Place) -> Option<PathBuf> {
        let is_toml = |path: &FilePath| path.extension().is_some_and(|extension| extension == "toml");
        let (base, shown) = (FilePath::new(base), base.escape_debug());
        let whole = beside(path, base);
        let problem = if base.is_absolute() {
            format!("`extends` takes a path relative to this file, not `{shown}`")
        } else if !is_toml(base) {
            format!("`extends` takes a stack file, whose name ends in `.toml`, not `{shown}`")
        } else if self.files.real(&whole).is_ok_and(|real| !is_toml(&real)) {
            format!("`{shown}` is a link to something else than a `.toml` file")
        } else {
            return Some(whole);
        };
        self.problems.push(Problem::error("overlay", problem).mark(At::Place(said), "named here"));
        None
    }

    fn layer(&mut self, path: &FilePath, said: Option<Place>) -> Option<Layer> {
        let name = path.display().to_string();
        let bytes = match self.files.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let problem = Problem::error("file", format!("can't read `{name}`: {}", reason(&error)));
                self.problems.push(match said {
                    Some(place) => problem.mark(At::Place(place), "named here"),
                    None => problem,
                });
                return None;
            }
        };
        let (file, text) = self.sources.add(&name, bytes);
        let text = text.map_err(|problem| self.problems.push(problem)).ok()?;
        let root = self.parse(file, &text)?;
        if matches!(&root.data, Data::Table(table) if table.is_empty()) {
            let problem = Problem::error("file", format!("`{name}` declares no resources")).help(
                "an empty stack file would mean: delete everything. Use `auroractl destroy` for that, or `auroractl init` \
                 to begin",
            );
            self.problems.push(problem);
            return None;
        }
        Some(Layer::new(root, &mut self.problems))
    }

    /// Parses one file. Syntax errors don't stop the search for secrets.
    fn parse(&mut self, file: usize, text: &str) -> Option<Node> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let root = tree::from_toml(file, &table, &mut self.problems);
        let secrets = secrets::find(&root);
        self.sources.hide(&secrets.places, secrets.texts);
        self.problems.extend(secrets.problems);
        self.problems.extend(syntax::explain(&syntax::Broken { file, text, root: &root }, &errors));
        errors.is_empty().then_some(root)
    }

    /// Schema, types and checks; `None` when the file has no typed form.
    fn check(
        &mut self,
        root: &Node,
        value: Value,
        spans: &SpanMap,
        catalogue: &dyn ParameterCatalogue,
    ) -> Option<Config> {
        let secret_paths = secrets::find(root).paths;
        let verdict = validate::validate(&value, &schema::merged());
        let mut bad = verdict.bad;
        bad.extend(secret_paths.iter().cloned());
        let shown = |problem: &Problem| !problem.paths().any(|path| secret_paths.iter().any(|s| path.is_within(s)));
        self.problems.extend(verdict.problems.into_iter().filter(shown));
        let mut sound = value;
        validate::prune(&mut sound, &bad);
        let config: Config = match serde_json::from_value(sound) {
            Ok(config) => config,
            Err(error) => {
                if !self.problems.iter().any(|problem| problem.severity == Severity::Error) {
                    self.problems.push(Problem::error("schema", format!("the file can't be used: {error}")));
                }
                return None;
            }
        };
        let subject = Subject { config: &config, spans, catalogue };
        let related = |path: &Path| bad.iter().any(|bad| path.is_within(bad) || bad.is_within(path) && bad != path);
        let sound = |problem: &Problem| !problem.paths().any(related);
        self.problems.extend(checks::run(&subject).into_iter().filter(sound));
        Some(config)
    }
}

fn endless(path: &FilePath, seen: &[PathBuf], said: Option<Place>) -> Option<Problem> {
    let at = |problem: Problem| match said {
        Some(place) => problem.mark(At::Place(place), "named here"),
        None => problem,
    };
    if let Some(first) = seen.iter().position(|earlier| earlier == path) {
        let mut names: Vec<_> = seen.iter().skip(first).map(|path| path.display().to_string()).collect();
        names.push(path.display().to_string());
        let message = format!("`extends` goes round in a circle: {}", names.join(" → "));
        return Some(at(Problem::error("overlay", message)).help("let the last file extend none of the others"));
    }
    (seen.len() >= MOST_LAYERS)
        .then(|| at(Problem::error("overlay", format!("more than {MOST_LAYERS} files extend one another"))))
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// The path of a base, relative to the file that extends it.
fn beside(path: &FilePath, base: &FilePath) -> PathBuf {
    normal(&path.parent().unwrap_or(FilePath::new("")).join(base))
}

/// A path without `.` and with `..` resolved in the text, so that a circle is seen.
fn normal(path: &FilePath) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(clean.components().next_back(), Some(Component::Normal(_))) => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean
}
