//! A page of HTML as a parser sees it: elements that fit into one another, their attributes, and the text.

use html5gum::{Token, Tokenizer};
use std::collections::{BTreeMap, BTreeSet};

/// Elements that have no end tag.
const VOID: [&str; 6] = ["meta", "br", "hr", "img", "link", "input"];
/// What makes a page ask for something, or do something by itself.
const ACTIVE: [&str; 14] = [
    "script",
    "link",
    "img",
    "iframe",
    "object",
    "embed",
    "form",
    "base",
    "video",
    "audio",
    "source",
    "use",
    "image",
    "foreignobject",
];

/// One element.
#[derive(Debug)]
pub(crate) struct Element {
    /// Its name.
    pub(crate) name: String,
    /// Its attributes.
    pub(crate) attributes: BTreeMap<String, String>,
}

/// A page that was read.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// All elements, in their order.
    pub(crate) elements: Vec<Element>,
    /// All text outside of the style sheet.
    pub(crate) text: String,
}

impl Page {
    /// Reads a page.
    ///
    /// Panics where it is not well-formed: a syntax error, or elements that do not fit into one another.
    #[track_caller]
    pub(crate) fn read(html: &str) -> Self {
        let mut page = Self::default();
        let mut open: Vec<String> = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        for token in Tokenizer::new(html) {
            match token.unwrap() {
                Token::StartTag(tag) => {
                    let name = text(&tag.name);
                    let attributes = tag.attributes.iter().map(|(name, value)| (text(name), text(value))).collect();
                    if !tag.self_closing && !VOID.contains(&name.as_str()) {
                        open.push(name.clone());
                    }
                    page.elements.push(Element { name, attributes });
                }
                Token::EndTag(tag) => assert_eq!(open.pop(), Some(text(&tag.name)), "within {open:?}"),
                Token::String(string) if open.last().is_none_or(|name| name != "style") => {
                    page.text.push_str(&text(&string));
                }
                Token::Error(error) => panic!("{error:?} within {open:?}"),
                Token::String(_) | Token::Comment(_) | Token::Doctype(_) => {}
            }
        }
        assert_eq!(open, Vec::<String>::new(), "elements without an end");
        page
    }

    /// The elements of a class.
    pub(crate) fn of_class(&self, class: &str) -> Vec<&Element> {
        let has = |element: &&Element| {
            element.attributes.get("class").is_some_and(|all| all.split_whitespace().any(|one| one == class))
        };
        self.elements.iter().filter(has).collect()
    }

    /// Asserts what every report keeps: it does nothing, asks for nothing, and what it names exists.
    #[track_caller]
    pub(crate) fn is_inert_and_whole(&self) {
        let mut ids = BTreeSet::new();
        for Element { name, attributes } in &self.elements {
            assert!(!ACTIVE.contains(&name.as_str()), "a {name} in a report");
            for (attribute, value) in attributes {
                let inert = !attribute.starts_with("on") && attribute != "style" && attribute != "src";
                assert!(inert, "{name} has {attribute}={value}");
            }
            if let Some(id) = attributes.get("id") {
                assert!(ids.insert(id.as_str()), "two elements are called {id}");
            }
        }
        for Element { attributes, .. } in &self.elements {
            let link = attributes.get("href").map(String::as_str).unwrap_or("https://");
            let local = link.strip_prefix('#');
            assert!(local.map_or(link.starts_with("https://"), |id| ids.contains(id)), "a link to {link}");
            for id in attributes.get("aria-labelledby").into_iter().flat_map(|all| all.split_whitespace()) {
                assert!(ids.contains(id), "nothing is called {id}");
            }
        }
        let policies = self.elements.iter().filter_map(|element| element.attributes.get("content"));
        assert!(policies.into_iter().any(|text| text.starts_with("default-src 'none'")), "no policy");
        assert_eq!(self.elements.iter().filter(|element| element.name == "h1").count(), 1);
    }
}
