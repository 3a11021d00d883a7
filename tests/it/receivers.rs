//! Who is told of alarms stays told: entries that are renamed, spelled otherwise, or exchanged.

use crate::place::{Place, blueprint};

const RECEIVERS: &str = r#"
[[monitoring.subscriptions]]
name = "ops"
protocol = "email"
endpoint = "Ops@example.com"

[[monitoring.subscriptions]]
name = "dba"
protocol = "email"
endpoint = "dba@example.com"
"#;

/// The stack's topic has just these receivers.
#[track_caller]
fn told(place: &Place, receivers: &str) {
    place.behind_our_back(&format!(
        "found = sorted(one['Endpoint'].lower() for one in aws('sns').list_subscriptions()['Subscriptions'])
assert found == {receivers}, found"
    ));
}

fn subscribed() -> Place {
    let place = Place::new(&format!("{}{RECEIVERS}", blueprint("dev.toml")));
    let _ = place.apply().exits(0);
    told(&place, "['dba@example.com', 'ops@example.com']");
    place
}

/// SNS answers the create of the new entry with the subscription of the old one, which is not unsubscribed then.
#[test]
fn an_entry_with_another_name_and_case_is_the_same_subscription() {
    let place = subscribed();
    place.edit("Ops@example.com", "ops@example.com");
    place.settled();
    place.edit("name = \"ops\"", "name = \"on-call\"");
    let _ = place.apply().exits(0);
    told(&place, "['dba@example.com', 'ops@example.com']");
    place.settled();
}

/// Each of the two predecessors is by then the successor of the other.
#[test]
fn two_entries_that_exchange_their_receivers_lose_none() {
    let place = subscribed();
    place.edit("Ops@example.com", "swap@example.com");
    place.edit("dba@example.com", "Ops@example.com");
    place.edit("swap@example.com", "dba@example.com");
    let _ = place.apply().exits(0);
    told(&place, "['dba@example.com', 'ops@example.com']");
    place.settled();
}

/// One that leaves is still unsubscribed.
#[test]
fn an_entry_that_leaves_is_told_nothing_more() {
    let place = subscribed();
    place.edit(&RECEIVERS[..RECEIVERS.find("\n[[monitoring.subscriptions]]\nname = \"dba\"").unwrap()], "");
    let _ = place.apply().exits(0);
    told(&place, "['dba@example.com']");
    place.settled();
}
