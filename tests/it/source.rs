//! The workspace's own source, parsed: what the house rules are checked on.

use auroractl_testkit::emulator::workspace;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};

/// One file.
pub(crate) struct Source {
    /// Its path from the root of the workspace.
    pub(crate) path: PathBuf,
    /// Its text.
    pub(crate) text: String,
    /// Nothing in it is part of the product: a test, or a module that only tests see.
    pub(crate) test: bool,
    tree: syn::File,
}

/// One function outside tests.
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// The line of its `fn`.
    pub(crate) line: usize,
    /// Lines from `fn` to the closing brace.
    pub(crate) lines: usize,
    /// Types of arguments and result, by the last part of their paths.
    pub(crate) types: BTreeSet<String>,
}

/// All files under `crates/` and `tests/`, sorted.
pub(crate) fn all() -> io::Result<Vec<Source>> {
    under(&["crates".into(), "tests".into()])
}

/// The product's part of the crates whose folders are named.
pub(crate) fn of_crates(names: &[&str]) -> io::Result<Vec<Source>> {
    let folders: Vec<PathBuf> = names.iter().map(|name| Path::new("crates").join(name).join("src")).collect();
    let mut sources = under(&folders)?;
    sources.retain(|source| !source.test);
    Ok(sources)
}

fn under(folders: &[PathBuf]) -> io::Result<Vec<Source>> {
    let root = workspace();
    let mut paths = Vec::new();
    for folder in folders {
        walk(&root.join(folder), &mut paths)?;
    }
    paths.sort();
    let mut sources = paths.iter().map(|path| read(&root, path)).collect::<io::Result<Vec<_>>>()?;
    let hidden: BTreeSet<PathBuf> = sources.iter().flat_map(Source::modules_for_tests).collect();
    for source in &mut sources {
        source.test |= source.path.ancestors().any(|path| hidden.contains(&path.with_extension("")));
    }
    Ok(sources)
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

fn read(root: &Path, path: &Path) -> io::Result<Source> {
    let text = std::fs::read_to_string(path)?;
    let path = path.strip_prefix(root).unwrap_or(path).to_owned();
    let tree = syn::parse_file(&text).map_err(|why| io::Error::other(format!("{}: {why}", path.display())))?;
    let test = path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "examples");
    let test = test || path.ends_with("tests.rs");
    Ok(Source { path, text, test, tree })
}

impl Source {
    /// The module of a kind or the file of a crate: its file name without `.rs`.
    pub(crate) fn stem(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Modules that this file declares for tests only, as paths without `.rs`.
    fn modules_for_tests(&self) -> Vec<PathBuf> {
        let dir = self.path.parent().unwrap_or(Path::new(""));
        let inside = match self.stem().as_str() {
            "lib" | "main" | "mod" => dir.to_owned(),
            stem => dir.join(stem),
        };
        let outlined = |item: &syn::Item| match item {
            syn::Item::Mod(module) if module.content.is_none() && for_tests(&module.attrs) => {
                Some(inside.join(module.ident.to_string()))
            }
            _ => None,
        };
        self.tree.items.iter().filter_map(outlined).collect()
    }

    /// Lines without modules for tests.
    pub(crate) fn lines(&self) -> usize {
        let tests = |item: &syn::Item| match item {
            syn::Item::Mod(syn::ItemMod { attrs, mod_token, content: Some((brace, _)), .. }) if for_tests(attrs) => {
                // With the line of its attribute.
                Some(brace.span.close().end().line + 2 - mod_token.span.start().line)
            }
            _ => None,
        };
        self.text.lines().count() - self.tree.items.iter().filter_map(tests).sum::<usize>()
    }

    /// Its text up to the first module for tests, without comments that fill a line.
    pub(crate) fn product(&self) -> String {
        let lines = self.text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
        lines.filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect()
    }

    /// Functions outside tests.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let mut found = Functions::default();
        found.visit_file(&self.tree);
        found.0
    }

    /// Names of macros that are called outside tests.
    pub(crate) fn macros(&self) -> BTreeSet<String> {
        let mut found = Macros::default();
        found.visit_file(&self.tree);
        found.0
    }

    /// String constants of this name, in impls.
    pub(crate) fn constants(&self, name: &str) -> Vec<String> {
        let mut found = Constants { name, values: Vec::new() };
        found.visit_file(&self.tree);
        found.values
    }
}

/// Is this item there for tests only?
fn for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        syn::Meta::NameValue(_) => false,
    })
}

#[derive(Default)]
struct Functions(Vec<Function>);

impl Functions {
    fn take(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let (first, last) = (signature.fn_token.span.start().line, block.brace_token.span.close().end().line);
        let mut types = Types::default();
        types.visit_signature(signature);
        self.0.push(Function {
            name: signature.ident.to_string(),
            line: first,
            lines: last + 1 - first,
            types: types.0,
        });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if !for_tests(&function.attrs) {
            self.take(&function.sig, &function.block);
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.take(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.take(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[derive(Default)]
struct Types(BTreeSet<String>);

impl<'ast> Visit<'ast> for Types {
    fn visit_type_path(&mut self, path: &'ast syn::TypePath) {
        self.0.extend(path.path.segments.last().map(|segment| segment.ident.to_string()));
        visit::visit_type_path(self, path);
    }
}

#[derive(Default)]
struct Macros(BTreeSet<String>);

impl<'ast> Visit<'ast> for Macros {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.0.extend(call.path.segments.last().map(|segment| segment.ident.to_string()));
    }
}

struct Constants<'a> {
    name: &'a str,
    values: Vec<String>,
}

impl<'ast> Visit<'ast> for Constants<'_> {
    fn visit_impl_item_const(&mut self, constant: &'ast syn::ImplItemConst) {
        if constant.ident == self.name
            && let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &constant.expr
        {
            self.values.push(text.value());
        }
    }
}
