//! Address ranges: no host bits (EC2 would mask them silently, and the plan would never be empty), sizes that EC2 makes,
//! subnets inside of their VPC and apart from one another.

use super::{Check, Subject};
use crate::config::{CreatedVpc, Nat, SubnetPlan, SubnetTier};
use crate::diagnostics::Problem;
use crate::path::Path;
use auroractl_network::cidr::layout;
use ipnet::{IpNet, Ipv4Net};

pub(super) const CHECK: Check =
    Check { name: "cidr", about: "Address ranges are exact, of a size that EC2 makes, nested and disjoint.", run };

/// Sizes of VPCs and of subnets.
const LARGEST: u8 = 16;
const SMALLEST: u8 = 28;

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    if let Some(vpc) = &subject.config.network.vpc {
        created(subject, vpc, problems);
    }
    let access = Path::of("network.access.allowed_cidrs");
    for (index, text) in subject.config.network.access.allowed_cidrs.iter().enumerate() {
        client(text, &access.item(index), problems);
    }
}

fn created(subject: &Subject<'_>, vpc: &CreatedVpc, problems: &mut Vec<Problem>) {
    let at = Path::of("network.vpc");
    let outer = range(&vpc.cidr, &at.key("cidr"), problems);
    let lists = [("private_subnets", &vpc.private_subnets), ("public_subnets", &vpc.public_subnets)];
    for (key, list) in lists {
        for (index, text) in list.iter().enumerate() {
            let path = at.key(key).item(index);
            if let (Some(inner), Some(outer)) = (range(text, &path, problems), outer)
                && !outer.contains(&inner)
            {
                problems.push(
                    Problem::error(CHECK.name, format!("the subnet {inner} is not inside of the VPC {outer}"))
                        .at(&path, "outside")
                        .at(&at.key("cidr"), format!("{} to {}", outer.network(), outer.broadcast())),
                );
            }
        }
    }
    let carved = vpc.private_subnets.is_empty() || (vpc.public_subnets.is_empty() && vpc.nat != Nat::None);
    if let Some(outer) = outer.filter(|_| carved)
        && let Err(why) = layout(outer, &subject.config.zones())
    {
        problems.push(
            Problem::error(CHECK.name, why.to_string())
                .at(&at.key("cidr"), "subnets can't be carved from it")
                .help("use a larger block, or give `private_subnets` and `public_subnets`"),
        );
    }
    let sound = |subnet: &SubnetPlan| {
        (LARGEST..=SMALLEST).contains(&subnet.cidr.prefix_len())
            && outer.is_none_or(|outer| outer.contains(&subnet.cidr.trunc()))
    };
    let subnets: Vec<_> = subject.config.subnets().into_iter().filter(sound).collect();
    overlaps(&subnets, problems);
}

fn overlaps(subnets: &[SubnetPlan], problems: &mut Vec<Problem>) {
    for (index, one) in subnets.iter().enumerate() {
        for other in subnets.iter().skip(index + 1) {
            let (a, b) = (one.cidr.trunc(), other.cidr.trunc());
            if !a.contains(&b) && !b.contains(&a) {
                continue;
            }
            let shared = if a.contains(&b) { b } else { a };
            problems.push(
                Problem::error(
                    CHECK.name,
                    format!("the subnets `{}` and `{}` overlap in {shared}", one.name, other.name),
                )
                .at(&path_of(other), format!("{b}"))
                .at(&path_of(one), format!("{a}")),
            );
        }
    }
}

fn path_of(subnet: &SubnetPlan) -> Path {
    let list = match subnet.tier {
        SubnetTier::Private => "network.vpc.private_subnets",
        SubnetTier::Public => "network.vpc.public_subnets",
    };
    match subnet.declared {
        Some(index) => Path::of(list).item(index),
        None => Path::of("network.vpc.cidr"),
    }
}

/// The range of a VPC or subnet, if it is one, without host bits.
fn range(text: &str, path: &Path, problems: &mut Vec<Problem>) -> Option<Ipv4Net> {
    let Ok(net) = text.parse::<Ipv4Net>() else {
        problems.push(not_a_range(text, path, "10.0.0.0/16"));
        return None;
    };
    if !(LARGEST..=SMALLEST).contains(&net.prefix_len()) {
        let size = if net.prefix_len() < LARGEST { "large" } else { "small" };
        problems.push(
            Problem::error(CHECK.name, format!("{net} is too {size}: EC2 makes ranges of /{LARGEST} to /{SMALLEST}"))
                .at(path, format!("/{}", net.prefix_len())),
        );
        return None;
    }
    host_bits(IpNet::V4(net), path, problems);
    Some(net.trunc())
}

/// A range of clients: any size, IPv4 or IPv6.
fn client(text: &str, path: &Path, problems: &mut Vec<Problem>) {
    match text.parse::<IpNet>() {
        Ok(net) => host_bits(net, path, problems),
        Err(_) => problems.push(not_a_range(text, path, "10.20.0.0/16")),
    }
}

fn host_bits(net: IpNet, path: &Path, problems: &mut Vec<Problem>) {
    let masked = net.trunc();
    if masked != net {
        problems.push(
            Problem::error(CHECK.name, format!("{net} has bits set beyond its /{}", net.prefix_len()))
                .at(path, "names a host, not a range")
                .help(format!(
                    "AWS would turn it into {masked}: write that, or {}/{}",
                    net.addr(),
                    net.max_prefix_len()
                )),
        );
    }
}

fn not_a_range(text: &str, path: &Path, example: &str) -> Problem {
    let problem = Problem::error(CHECK.name, format!("`{text}` is not an address range"))
        .at(path, format!("expected a range such as `{example}`"));
    match text.parse::<std::net::IpAddr>() {
        Ok(address) => {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            problem.help(format!("a single address is `{address}/{bits}`"))
        }
        Err(_) => problem,
    }
}
