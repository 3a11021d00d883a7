//! The stable name of a resource in its stack: `kind.name`, never an index.
//!
//! An address is hashed into identities, so its spelling is for good.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest name part of an address, in characters.
pub const MAX_NAME: usize = 120;

/// `subnet.private-a`: the kind, a dot, and the name within the kind.
///
/// Cheap to clone: the text is shared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    text: Arc<str>,
    dot: usize,
}

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no dot between kind and name.
    #[error("`{0}` is not an address: expected `kind.name`")]
    NoDot(String),
    /// A part has a character that addresses may not have.
    #[error("`{0}` is not an address: use lower-case letters, digits, `-`, `_` and `.` after the kind")]
    Character(String),
    /// A part is empty or too long.
    #[error("`{0}` is not an address: each part needs 1 to {MAX_NAME} characters")]
    Length(String),
}

impl Address {
    /// Makes an address of a kind and a name.
    ///
    /// # Errors
    /// When either part is empty, too long, or has a character outside `a-z 0-9 - _` (and `.` in the name).
    pub fn new(kind: &str, name: &str) -> Result<Self, AddressError> {
        let whole = format!("{kind}.{name}");
        if kind.is_empty() || name.is_empty() || name.len() > MAX_NAME || kind.len() > MAX_NAME {
            return Err(AddressError::Length(whole));
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if !kind.chars().all(plain) || !name.chars().all(|c| plain(c) || c == '.') {
            return Err(AddressError::Character(whole));
        }
        Ok(Self { text: Arc::from(whole.as_str()), dot: kind.len() })
    }

    /// The kind, for example `subnet`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text.get(..self.dot).unwrap_or_default()
    }

    /// The name within the kind, for example `private-a`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.get(self.dot + 1..).unwrap_or_default()
    }

    /// The whole text, for example `subnet.private-a`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (kind, name) = text.split_once('.').ok_or_else(|| AddressError::NoDot(text.to_owned()))?;
        Self::new(kind, name)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_an_address() {
        let at: Address = "subnet.private-a".parse().unwrap();
        assert_eq!((at.kind(), at.name(), at.as_str()), ("subnet", "private-a", "subnet.private-a"));
        let dotted: Address = "route.private-a.0.0.0.0".parse().unwrap();
        assert_eq!((dotted.kind(), dotted.name()), ("route", "private-a.0.0.0.0"));
    }

    #[test]
    fn what_is_not_an_address() {
        for text in ["subnet", "", "subnet.", ".a", "Subnet.a", "subnet.A", "subnet.a b", "subnet.é"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
        assert!(Address::new("subnet", &"a".repeat(MAX_NAME + 1)).is_err());
    }
}
