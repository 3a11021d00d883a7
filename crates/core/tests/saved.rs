//! Damage to a saved plan: its bytes and its structure. The plan in `fuzz/seeds` is one that the program wrote; what
//! `make fuzz` finds is put beside it and is tried here from then on.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "all of it is test code")]

#[path = "../../../fuzz/oracles/mutate.rs"]
mod mutate;
#[path = "../../../fuzz/oracles/saved.rs"]
mod oracle;

use auroractl_core::saved::{Saved, Unusable};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use std::path::PathBuf;

fn seeds() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/saved_plan")
}

fn plan() -> Vec<u8> {
    std::fs::read(seeds().join("dev.plan")).unwrap()
}

fn document() -> Value {
    serde_json::from_slice(&plan()).unwrap()
}

#[test]
fn the_seed_is_understood() {
    let saved = Saved::read(&plan()).unwrap();
    assert!(saved.plan.changes.len() > 10);
    assert_eq!(saved.written().unwrap(), plan());
    assert_eq!(Saved::read(&oracle::sealed(&document())).unwrap(), saved, "a digest that fits is taken");
}

#[test]
fn whatever_was_found_once_is_answered() {
    for entry in std::fs::read_dir(seeds()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        oracle::judge(&bytes);
        if let Ok(document) = serde_json::from_slice(&bytes) {
            oracle::judge(&oracle::sealed(&document));
        }
    }
}

#[test]
fn every_member_is_covered_by_the_digest() {
    let own = ["format_version", "digest"];
    for member in document().as_object().unwrap().keys().filter(|member| !own.contains(&member.as_str())) {
        let mut edited = document();
        edited[member] = match &edited[member] {
            Value::String(_) => "x".into(),
            Value::Number(_) => 4711.into(),
            // Another plan of the same shape: one resource less, one permission more.
            other => {
                let mut other = other.clone();
                match member.as_str() {
                    "plan" => drop(other["changes"].as_array_mut().unwrap().pop()),
                    "stack" => other["account"] = "210987654321".into(),
                    "options" => other["ephemeral"] = (!other["ephemeral"].as_bool().unwrap()).into(),
                    _ => other["stack"]["region"] = "eu-west-1".into(),
                }
                other
            }
        };
        let read = Saved::read(&serde_json::to_vec(&edited).unwrap());
        assert_eq!(read.unwrap_err(), Unusable::Edited, "{member}");
    }
}

#[test]
fn it_is_for_one_account_and_region() {
    let saved = Saved::read(&plan()).unwrap();
    assert_eq!(saved.at_home(&saved.stack), Ok(()));
    let mut elsewhere = saved.stack.clone();
    elsewhere.account = "210987654321".to_owned();
    let why = saved.at_home(&elsewhere).unwrap_err().to_string();
    assert!(why.contains("account 123456789012") && why.contains("account 210987654321"), "{why}");
    elsewhere.account.clear();
    assert!(saved.at_home(&elsewhere).unwrap_err().to_string().contains("AWS was not asked"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn bytes_of_a_plan(at in any::<Index>(), bit in 0..8_u8, cut in any::<bool>()) {
        let mut bytes = plan();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
        oracle::judge(&bytes);
    }

    #[test]
    fn structure_of_a_plan(at in any::<usize>(), how in 0..mutate::KINDS) {
        let mut value = document();
        mutate::structure(&mut value, at, how);
        oracle::judge(&serde_json::to_vec(&value).unwrap());
        oracle::judge(&oracle::sealed(&value));
        if let Some(text) = mutate::twice(&document(), at) {
            prop_assert!(Saved::read(text.as_bytes()).is_err());
        }
    }
}
