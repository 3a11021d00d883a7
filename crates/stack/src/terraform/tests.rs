//! Every kind has its mapping, no edge of the graph is lost, and equal stacks give equal bytes.

use super::{Document, MAPPINGS, NO_ACCOUNT, document};
use crate::{Known, compose, load, registry};
use auroractl_core::reference::promises;
use auroractl_core::{Address, Graph};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const STACKS: [&str; 4] = ["prod", "staging", "dev", "existing-vpc"];

fn graph(stack: &str) -> Graph {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stacks").join(stack).with_extension("toml");
    compose(&load(&file, &Known).unwrap()).unwrap().desired.check().unwrap()
}

fn json(document: &Document) -> Value {
    serde_json::to_value(document).unwrap()
}

/// The resources of the configuration by address, as Terraform addresses them.
fn configured(document: &Value) -> BTreeMap<String, Value> {
    let resources = document["configuration"]["root_module"]["resources"].as_array().unwrap();
    resources.iter().map(|one| (one["address"].as_str().unwrap().to_owned(), one.clone())).collect()
}

/// Everything that an expression refers to, at any depth.
fn references(of: &Value) -> BTreeSet<String> {
    match of {
        Value::Object(map) => match map.get("references") {
            Some(names) => names.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect(),
            None => map.values().flat_map(references).collect(),
        },
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn every_kind_has_a_mapping() {
    let registry = registry();
    let kinds: Vec<&str> = registry.iter().map(|kind| kind.name()).collect();
    let mapped: Vec<&str> = MAPPINGS.iter().map(|mapping| mapping.kind()).collect();
    assert_eq!(mapped.iter().copied().collect::<BTreeSet<_>>(), kinds.into_iter().collect());
    assert!(mapped.is_sorted(), "one line each, in alphabetical order: {mapped:?}");
}

#[test]
fn no_two_kinds_are_one_type() {
    let types: BTreeSet<&str> = MAPPINGS.iter().map(|mapping| mapping.main_type()).collect();
    assert_eq!(types.len(), MAPPINGS.len());
}

#[test]
fn the_page_names_every_type() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scanners.md");
    let page = std::fs::read_to_string(page).unwrap();
    for mapping in MAPPINGS {
        let row = format!("| `{}` | `{}`", mapping.kind(), mapping.main_type());
        assert!(page.contains(&row), "docs/scanners.md has no row {row}");
    }
}

#[test]
fn no_edge_of_the_graph_is_lost() {
    for stack in STACKS {
        let graph = graph(stack);
        let known = configured(&json(&document(&graph).unwrap()));
        // An address ends with its label, and no two kinds are one type: so a type and a label are one resource.
        let said = |at: &Address| {
            let main = MAPPINGS.iter().find(|mapping| mapping.kind() == at.kind()).unwrap();
            let types = [main.main_type(), "aws_vpc_security_group_egress_rule"];
            types.iter().map(|of| format!("{of}.{}", at.name())).find(|of| known.contains_key(of)).unwrap()
        };
        for at in graph.order() {
            let node = graph.node(at).unwrap();
            let written = &known[&said(at)];
            let refers = references(&written["expressions"]);
            assert!(refers.iter().filter(|name| name.matches('.').count() == 1).all(|name| known.contains_key(name)));
            for promise in promises(&node.spec) {
                // The VPC of a DB subnet group follows from its subnets.
                let implied = at.kind() == "db_subnet_group" && promise.of.kind() == "vpc";
                assert!(implied || refers.contains(&said(&promise.of)), "{stack}: {at} lost {}", promise.of);
            }
            let after: BTreeSet<String> = node.after.iter().map(&said).collect();
            let depends: BTreeSet<String> = serde_json::from_value(written["depends_on"].clone()).unwrap_or_default();
            assert_eq!(after, depends, "{stack}: {at}");
        }
    }
}

#[test]
fn a_value_is_known_or_unknown_and_stands_in_both_views() {
    for stack in STACKS {
        let document = json(&document(&graph(stack)).unwrap());
        let planned = document["planned_values"]["root_module"]["resources"].as_array().unwrap();
        let changes = document["resource_changes"].as_array().unwrap();
        assert_eq!(planned.len(), changes.len());
        for (planned, change) in planned.iter().zip(changes) {
            assert_eq!((&planned["address"], &planned["values"]), (&change["address"], &change["change"]["after"]));
            let unknown = change["change"]["after_unknown"].as_object().unwrap();
            let known = planned["values"].as_object().unwrap();
            let both: Vec<_> = unknown.keys().filter(|name| known.contains_key(*name)).collect();
            assert!(both.is_empty(), "{stack}: {}: {both:?}", planned["address"]);
        }
    }
}

#[test]
fn names_that_the_stack_gives_are_known_through_references() {
    let document = json(&document(&graph("prod")).unwrap());
    let planned = document["planned_values"]["root_module"]["resources"].as_array().unwrap();
    let value = |address: &str, name: &str| {
        let found = planned.iter().find(|one| one["address"] == address).unwrap();
        found["values"][name].clone()
    };
    assert_eq!(value("aws_rds_cluster_instance.a", "cluster_identifier"), "orders");
    assert_eq!(value("aws_appautoscaling_policy.readers", "resource_id"), "cluster:orders");
    assert_eq!(value("aws_rds_cluster.main", "kms_key_id"), Value::Null);
}

#[test]
fn equal_stacks_give_equal_bytes() {
    let text = || serde_json::to_string_pretty(&document(&graph("dev")).unwrap()).unwrap();
    assert_eq!(text(), text());
    assert!(text().contains(&format!("arn:aws:logs:us-east-1:{NO_ACCOUNT}:*")), "the key's policy names an account");
    insta::assert_snapshot!("dev", text());
}
