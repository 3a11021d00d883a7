//! The stack file: TOML with overlays to typed configuration.
pub mod config;
