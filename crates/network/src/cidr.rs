//! Where the subnets of a VPC lie when the stack file names no blocks. Pure.
//!
//! The VPC's block is laid out once and for all, so that nothing moves when a zone is added or the list of zones is
//! written in another order. A zone's place follows from the letter at the end of its name (`us-east-1a` is place 0),
//! and there are eight places:
//!
//! | part of the VPC | holds | in 10.0.0.0/16 |
//! |---|---|---|
//! | first half | eight private subnets | 10.0.0.0/20, 10.0.16.0/20, … 10.0.112.0/20 |
//! | next eighth | eight public subnets, a quarter of the size | 10.0.128.0/22, 10.0.132.0/22, … 10.0.156.0/22 |
//! | the rest | nothing: room for subnets of other purposes | from 10.0.160.0 |
//!
//! Smaller VPCs follow the same rule until AWS's smallest subnet, /28, is reached: from /23 on public subnets take more
//! than an eighth, a /24 is full, and a /25 or /26 has four or two places. A /27 has no room for two zones.

use ipnet::Ipv4Net;
use std::collections::BTreeMap;
use std::fmt;

/// The largest and the smallest block that AWS takes, for a VPC as for a subnet, as prefix lengths.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html>
pub const PREFIXES: std::ops::RangeInclusive<u8> = 16..=28;
/// Places for zones, if the VPC is large enough. No region has more zones.
const PLACES: u8 = 8;

/// The subnets of one zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZoneBlocks {
    /// For the database.
    pub private: Ipv4Net,
    /// For NAT gateways.
    pub public: Ipv4Net,
}

/// Why no blocks can be derived; the stack file has to name them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoLayout {
    /// AWS makes no VPC of this size.
    #[error("{0} is not between /{first} and /{last}", first = PREFIXES.start(), last = PREFIXES.end())]
    Size(Ipv4Net),
    /// The zone's place is beyond what the block has room for.
    #[error(
        "{vpc} has room for {places} availability zones, by the letters {letters}, and {zone} is not among them; take a larger block or name the subnets' blocks"
    )]
    Room {
        /// The VPC's block.
        vpc: Ipv4Net,
        /// How many places it has.
        places: u8,
        /// Their letters.
        letters: Letters,
        /// The zone.
        zone: String,
    },
    /// The zone's name ends in no letter.
    #[error("`{0}` is not the name of an availability zone, such as us-east-1a; name the subnets' blocks")]
    Zone(String),
    /// Two zones of one letter: a local zone beside an ordinary one.
    #[error("{0} and {1} would take the same place; name the subnets' blocks")]
    SamePlace(String, String),
}

/// The letters from `a` on, of so many places: `a-d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letters(u8);

impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("none"),
            1 => f.write_str("a"),
            count => write!(f, "a-{}", char::from(b'a' + count - 1)),
        }
    }
}

/// The blocks of each zone's subnets.
///
/// # Errors
/// When the VPC is too small or a zone has no place of its own.
pub fn layout(vpc: Ipv4Net, zones: &[String]) -> Result<BTreeMap<String, ZoneBlocks>, NoLayout> {
    if !PREFIXES.contains(&vpc.prefix_len()) {
        return Err(NoLayout::Size(vpc));
    }
    let mut taken: BTreeMap<u8, &String> = BTreeMap::new();
    let mut blocks = BTreeMap::new();
    for zone in zones {
        let place = place(zone)?;
        if let Some(other) = taken.insert(place, zone).filter(|other| *other != zone) {
            return Err(NoLayout::SamePlace(other.clone(), zone.clone()));
        }
        blocks.insert(zone.clone(), at(vpc, place).ok_or_else(|| no_room(vpc, zone))?);
    }
    Ok(blocks)
}

fn no_room(vpc: Ipv4Net, zone: &str) -> NoLayout {
    let places = places(vpc);
    NoLayout::Room { vpc, places, letters: Letters(places), zone: zone.to_owned() }
}

/// A zone's place, by the last letter of its name.
fn place(zone: &str) -> Result<u8, NoLayout> {
    let last = zone.bytes().last().filter(u8::is_ascii_lowercase);
    last.map(|letter| letter - b'a').ok_or_else(|| NoLayout::Zone(zone.to_owned()))
}

/// How many places a VPC has: as many /28 as its first half holds, eight at most.
fn places(vpc: Ipv4Net) -> u8 {
    let smallest = *PREFIXES.end();
    match smallest.checked_sub(vpc.prefix_len() + 1) {
        Some(doublings) => {
            1_u8.checked_shl(doublings.into()).map_or(PLACES, |count| if doublings > 3 { PLACES } else { count })
        }
        None => 0,
    }
}

/// The blocks of one place, if there is such a place.
fn at(vpc: Ipv4Net, place: u8) -> Option<ZoneBlocks> {
    if place >= places(vpc) {
        return None;
    }
    let smallest = *PREFIXES.end();
    let (private, public) = ((vpc.prefix_len() + 4).min(smallest), (vpc.prefix_len() + 6).min(smallest));
    let start = u32::from(vpc.network());
    let size = |prefix: u8| 1_u32.checked_shl(32 - u32::from(prefix));
    let half = size(vpc.prefix_len() + 1)?;
    let nth = |from: u32, prefix: u8| {
        let address = from.checked_add(size(prefix)?.checked_mul(place.into())?)?;
        Ipv4Net::new(address.into(), prefix).ok()
    };
    Some(ZoneBlocks { private: nth(start, private)?, public: nth(start.checked_add(half)?, public)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> Ipv4Net {
        text.parse().unwrap()
    }

    fn zones(letters: &str) -> Vec<String> {
        letters.chars().map(|letter| format!("us-east-1{letter}")).collect()
    }

    fn texts(vpc: &str, letters: &str) -> Vec<String> {
        let blocks = layout(net(vpc), &zones(letters)).unwrap();
        blocks.values().map(|zone| format!("{} {}", zone.private, zone.public)).collect()
    }

    #[test]
    fn a_slash_16_is_laid_out_for_good() {
        // Subnets of running stacks hang on these values: they may never change.
        assert_eq!(
            texts("10.0.0.0/16", "abc"),
            ["10.0.0.0/20 10.0.128.0/22", "10.0.16.0/20 10.0.132.0/22", "10.0.32.0/20 10.0.136.0/22"]
        );
        assert_eq!(texts("10.0.0.0/16", "h"), ["10.0.112.0/20 10.0.156.0/22"]);
        assert_eq!(
            texts("192.168.4.0/24", "bc"),
            ["192.168.4.16/28 192.168.4.144/28", "192.168.4.32/28 192.168.4.160/28"]
        );
        assert_eq!(texts("10.9.9.64/26", "ab"), ["10.9.9.64/28 10.9.9.96/28", "10.9.9.80/28 10.9.9.112/28"]);
    }

    #[test]
    fn neither_order_nor_company_moves_a_zone() {
        let all = layout(net("10.0.0.0/16"), &zones("fedcba")).unwrap();
        for zone in zones("abcdef") {
            let alone = layout(net("10.0.0.0/16"), std::slice::from_ref(&zone)).unwrap();
            assert_eq!(alone.get(&zone), all.get(&zone));
        }
    }

    #[test]
    fn all_blocks_lie_in_the_vpc_and_none_overlaps() {
        for prefix in 16..=26 {
            let vpc = Ipv4Net::new("172.16.0.0".parse().unwrap(), prefix).unwrap();
            let letters: String = (0..places(vpc)).map(|place| char::from(b'a' + place)).collect();
            let blocks = layout(vpc, &zones(&letters)).unwrap();
            let nets: Vec<Ipv4Net> = blocks.values().flat_map(|zone| [zone.private, zone.public]).collect();
            assert!(letters.len() >= 2 && nets.len() == letters.len() * 2);
            for (index, a) in nets.iter().enumerate() {
                assert!(vpc.contains(a) && PREFIXES.contains(&a.prefix_len()), "{a} in {vpc}");
                assert_eq!(*a, a.trunc());
                for b in nets.iter().skip(index + 1) {
                    assert!(!a.contains(b) && !b.contains(a), "{a} and {b} in {vpc}");
                }
            }
        }
    }

    #[test]
    fn what_has_no_layout_says_why() {
        let why = |vpc: &str, zones: &[String]| layout(net(vpc), zones).unwrap_err().to_string();
        assert_eq!(why("10.0.0.0/15", &zones("a")), "10.0.0.0/15 is not between /16 and /28");
        let text = why("10.0.0.0/26", &zones("abc"));
        assert!(
            text.starts_with(
                "10.0.0.0/26 has room for 2 availability zones, by the letters a-b, and us-east-1c is not"
            ),
            "{text}"
        );
        assert!(why("10.0.0.0/28", &zones("a")).contains("room for 0 availability zones, by the letters none"));
        assert!(why("10.0.0.0/16", &["use1-az1".to_owned()]).starts_with("`use1-az1` is not the name"));
        let both = ["us-west-2a".to_owned(), "us-west-2-lax-1a".to_owned()];
        assert!(why("10.0.0.0/16", &both).starts_with("us-west-2a and us-west-2-lax-1a would take the same place"));
    }
}
