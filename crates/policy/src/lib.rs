//! The design rules: pure functions over typed facts, with the waivers that may excuse a finding.
