//! What tags tell of a lost state: which object was born as which generation of which address.
//!
//! Pure. An oid can't be read backwards, but there are few that it can be: those of the stack's addresses, of the
//! addresses that they had before a move, and of a few generations of each.

use crate::kind::Owned;
use auroractl_core::Address;
use auroractl_core::identity::oid;
use auroractl_core::tags;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The last generation that is tried where nothing but a name tells, and that a life without a loss should reach.
pub const LAST_GENERATION: u32 = 32;
/// From so many generations the one is drawn with which what left nothing begins anew.
const DRAWN: u32 = 991;
/// The last generation that a tag is compared with: what was made anew may have been replaced since.
const FURTHEST: u32 = LAST_GENERATION + DRAWN + LAST_GENERATION;

/// With which generation to begin where nobody knows which ones were used up: the same token, sent again, would be answered
/// with what is gone. By chance, as far as a clock is: two losses within a quarter of an hour never draw the same one.
pub(super) fn drawn(now: Timestamp) -> u32 {
    let second = now.as_second().rem_euclid(i64::from(DRAWN));
    LAST_GENERATION + 1 + u32::try_from(second).unwrap_or_default()
}

/// An identity that an object may have been made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Birth {
    /// The address then; a move changes the address alone.
    pub(super) address: Address,
    pub(super) generation: u32,
    pub(super) oid: String,
}

/// What was found by tags, and which addresses there were before.
#[derive(Clone, Copy, Debug)]
pub struct Traces<'a> {
    /// Everything that carries the stack's ownership tags.
    pub owned: &'a [Owned],
    /// The addresses that a resource had before it moved to this one.
    pub former: &'a BTreeMap<Address, Vec<Address>>,
}

impl Traces<'_> {
    /// All identities that a resource may carry: those of its address and of its former ones, and what is marked as
    /// its own though it was born under an address that nobody remembers.
    pub(super) fn births(&self, lineage: &str, at: &Address) -> Vec<Birth> {
        let known = || std::iter::once(at).chain(self.former.get(at).into_iter().flatten());
        let mut births: Vec<Birth> = known().flat_map(|address| all_of(lineage, address)).collect();
        for object in self.owned.iter().filter(|object| of(object, lineage)) {
            let (address, oid) = (tag(object, tags::ADDRESS), tag(object, tags::ID));
            let Some(marked) = known().find(|known| known.as_str() == address) else { continue };
            if oid.is_empty() || births.iter().any(|birth| birth.oid == oid) {
                continue;
            }
            let unknown = || Birth { address: at.clone(), generation: 0, oid: oid.to_owned() };
            births.extend(later(lineage, marked, oid).or_else(|| (marked == at).then(unknown)));
        }
        births
    }

    /// What the objects of this identity are called at AWS. Not those of its copies: AWS gives a snapshot the tags of what it
    /// is of, and names that no other kind may have.
    pub(super) fn names(&self, lineage: &str, birth: &Birth) -> BTreeSet<&str> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        let born = self.owned.iter().filter(|object| of(object, lineage) && tag(object, tags::ID) == birth.oid);
        let arns = born.map(|object| object.arn.trim_end_matches(":*"));
        let arns = arns.filter(|arn| !sort(arn).1.contains("snapshot"));
        arns.map(id).filter(|name| !name.is_empty() && name.chars().all(plain)).collect()
    }

    /// Is there an object with this identity?
    pub(super) fn shows(&self, lineage: &str, birth: &Birth) -> bool {
        self.owned.iter().any(|object| of(object, lineage) && tag(object, tags::ID) == birth.oid)
    }
}

/// Objects of one type that carry one identity: a create that was executed twice, or tags that were copied.
pub(crate) fn twins(owned: &[Owned], lineage: &str) -> Vec<Vec<String>> {
    let mut groups: BTreeMap<(&str, (&str, &str)), Vec<String>> = BTreeMap::new();
    for object in owned.iter().filter(|object| of(object, lineage) && !tag(object, tags::ID).is_empty()) {
        groups.entry((tag(object, tags::ID), sort(&object.arn))).or_default().push(object.arn.clone());
    }
    groups.into_values().filter(|arns| arns.len() > 1).collect()
}

fn all_of(lineage: &str, address: &Address) -> impl Iterator<Item = Birth> {
    (0..=LAST_GENERATION).map(move |generation| born(lineage, address, generation))
}

fn born(lineage: &str, address: &Address, generation: u32) -> Birth {
    Birth { address: address.clone(), generation, oid: oid(lineage, address, generation) }
}

/// The same of one that began anew after a loss.
fn later(lineage: &str, address: &Address, oid: &str) -> Option<Birth> {
    let mut drawn = (LAST_GENERATION + 1..=FURTHEST).map(|generation| born(lineage, address, generation));
    drawn.find(|birth| birth.oid == oid)
}

/// Which generation of the address on its tag an object was born as, if its oid says so too.
pub(super) fn birth(lineage: &str, object: &Owned) -> Option<Birth> {
    let address: Address = tag(object, tags::ADDRESS).parse().ok().filter(|_| of(object, lineage))?;
    let oid = tag(object, tags::ID);
    let early = all_of(lineage, &address).find(|birth| birth.oid == oid);
    early.or_else(|| later(lineage, &address, oid))
}

/// The lineages that the tags name, and how many objects each has.
#[must_use]
pub fn lineages(owned: &[Owned]) -> BTreeMap<&str, usize> {
    let mut found = BTreeMap::new();
    for lineage in owned.iter().map(|object| tag(object, tags::LINEAGE)).filter(|lineage| !lineage.is_empty()) {
        *found.entry(lineage).or_insert(0) += 1;
    }
    found
}

fn of(object: &Owned, lineage: &str) -> bool {
    tag(object, tags::LINEAGE) == lineage
}

/// A tag's value, empty where there is none.
pub(crate) fn tag<'o>(object: &'o Owned, key: &str) -> &'o str {
    object.tags.get(key).map_or("", String::as_str)
}

/// Service and type of an ARN: `arn:aws:rds:…:cluster-snapshot:x` is another sort than `arn:aws:rds:…:cluster:x`.
fn sort(arn: &str) -> (&str, &str) {
    let resource = resource(arn);
    let kind = resource.split([':', '/']).next().filter(|kind| kind.len() < resource.len()).unwrap_or_default();
    (arn.split(':').nth(2).unwrap_or_default(), kind)
}

/// The resource's own id in an ARN, without its type.
pub(super) fn id(arn: &str) -> &str {
    let resource = resource(arn);
    resource.split_once([':', '/']).map_or(resource, |(_, id)| id)
}

fn resource(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn object(arn: &str, address: &str, oid: &str) -> Owned {
        let tags = [(tags::LINEAGE, "l"), (tags::ADDRESS, address), (tags::ID, oid)];
        Owned { arn: arn.to_owned(), tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into() }
    }

    #[test]
    fn arns_are_told_by_sort_and_id() {
        let cases = [
            ("arn:aws:ec2:r:1:vpc/vpc-1", ("ec2", "vpc"), "vpc-1"),
            ("arn:aws:rds:r:1:cluster:orders", ("rds", "cluster"), "orders"),
            ("arn:aws:rds:r:1:cluster-snapshot:orders", ("rds", "cluster-snapshot"), "orders"),
            ("arn:aws:sns:r:1:topic", ("sns", ""), "topic"),
            ("arn:aws:logs:r:1:log-group:/aws/rds/x", ("logs", "log-group"), "/aws/rds/x"),
        ];
        for (arn, kind, name) in cases {
            assert_eq!((sort(arn), id(arn)), (kind, name), "{arn}");
        }
    }

    #[test]
    fn an_identity_is_told_by_address_and_generation() {
        let (vpc, main) =
            (at("vpc.main"), object("arn:aws:ec2:r:1:vpc/vpc-1", "vpc.main", &oid("l", &at("vpc.main"), 3)));
        assert_eq!(birth("l", &main).unwrap().generation, 3);
        assert_eq!(birth("m", &main), None, "another lineage");
        assert_eq!(birth("l", &object("a", "vpc.other", &oid("l", &vpc, 3))), None, "another address");
        assert_eq!(birth("l", &object("a", "vpc.main", &oid("l", &vpc, FURTHEST + 1))), None, "too far");
    }

    #[test]
    fn a_resource_that_moved_is_found_by_its_old_address_or_by_its_mark() {
        let (old, new) = (at("vpc.old"), at("vpc.new"));
        let moved = [object("arn:aws:ec2:r:1:vpc/vpc-1", "vpc.old", &oid("l", &old, 0))];
        let former = BTreeMap::from([(new.clone(), vec![old.clone()])]);
        let traces = Traces { owned: &moved, former: &former };
        let shown: Vec<Birth> = traces.births("l", &new).into_iter().filter(|birth| traces.shows("l", birth)).collect();
        assert_eq!(shown, [Birth { address: old.clone(), generation: 0, oid: oid("l", &old, 0) }]);
        let marked = [object("arn:aws:ec2:r:1:vpc/vpc-1", "vpc.new", &oid("l", &old, 0))];
        let traces = Traces { owned: &marked, former: &BTreeMap::new() };
        assert!(traces.births("l", &new).iter().any(|birth| traces.shows("l", birth)));
    }

    #[test]
    fn what_began_anew_after_a_loss_is_told_by_its_tags() {
        let (first, second) = (drawn(Timestamp::UNIX_EPOCH), drawn(Timestamp::from_second(1_800_000_000).unwrap()));
        assert_eq!(first, LAST_GENERATION + 1);
        assert!(second > LAST_GENERATION && second != first && second + LAST_GENERATION <= FURTHEST, "{second}");
        let (old, table) = (at("route_table.old"), at("route_table.a"));
        for (tagged, former) in
            [(&table, BTreeMap::new()), (&old, BTreeMap::from([(table.clone(), vec![old.clone()])]))]
        {
            let oid = oid("l", tagged, second);
            let owned = [object("arn:aws:ec2:r:1:route-table/rtb-1", tagged.as_str(), &oid)];
            let traces = Traces { owned: &owned, former: &former };
            let mut births = traces.births("l", &table).into_iter();
            assert_eq!(
                births.find(|birth| birth.oid == oid).unwrap(),
                Birth { address: tagged.clone(), generation: second, oid }
            );
            assert_eq!(birth("l", &owned[0]).unwrap().generation, second);
        }
    }

    #[test]
    fn what_waits_to_be_renamed_is_known_by_its_arn() {
        let (old, oid) = (at("db_instance.c"), oid("l", &at("db_instance.c"), 0));
        let owned = [
            object("arn:aws:rds:r:1:db:orders-c", "db_instance.c", &oid),
            object("arn:aws:rds:r:1:cluster-snapshot:rds:orders-c", "db_instance.c", &oid),
            object("arn:aws:rds:r:1:db:orders-d", "db_instance.d", "other"),
        ];
        let traces = Traces { owned: &owned, former: &BTreeMap::new() };
        let birth = Birth { address: old, generation: 0, oid };
        assert_eq!(traces.names("l", &birth), BTreeSet::from(["orders-c"]));
        assert!(traces.names("m", &birth).is_empty());
    }

    #[test]
    fn twins_are_of_one_sort() {
        let one = oid("l", &at("db_cluster.main"), 0);
        let cluster = object("arn:aws:rds:r:1:cluster:a", "db_cluster.main", &one);
        let snapshot = object("arn:aws:rds:r:1:cluster-snapshot:a", "db_cluster.main", &one);
        let copy = object("arn:aws:rds:r:1:cluster:b", "db_cluster.main", &one);
        // AWS calls instances and clusters by different sorts, and their snapshots again.
        assert!(twins(&[cluster.clone(), snapshot], "l").is_empty());
        assert_eq!(twins(&[cluster, copy], "l").len(), 1);
    }
}
