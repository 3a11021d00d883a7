//! Weekly and daily windows, in the one spelling that RDS answers with.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What AWS says of another `PreferredMaintenanceWindow`.
pub(crate) const MOVING: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html";

/// A backup window (`03:00-04:00`) or a maintenance window (`sun:04:30-sun:05:30`), in UTC and lower case: RDS lowers
/// what it is sent, so that `Sun:…` would differ for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Window(String);

impl Window {
    /// The text as RDS spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Window {
    fn from(text: &str) -> Self {
        Self(text.trim().to_ascii_lowercase())
    }
}

impl From<String> for Window {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.0
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_means_nothing() {
        assert_eq!(Window::from("Sun:04:30-Sun:05:30"), Window::from("sun:04:30-sun:05:30"));
    }
}
