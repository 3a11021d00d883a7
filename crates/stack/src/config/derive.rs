//! What follows from the file without asking AWS: identifiers, members, zones, subnets, the parameter family.
//! Compose and the checks use the same functions, so that they can't disagree.

use super::{Config, CreatedVpc, Member, Nat};
use auroractl_network::cidr::layout;
use ipnet::Ipv4Net;

/// Letters of availability zones, for stacks that say only how many.
const ZONE_LETTERS: [char; 6] = ['a', 'b', 'c', 'd', 'e', 'f'];

/// One member of the cluster, everything filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedMember {
    /// Name within the stack.
    pub name: String,
    /// `DBInstanceIdentifier`.
    pub identifier: String,
    /// Instance class; empty when neither the member nor the cluster names one, which a check has refused.
    pub class: String,
    /// Availability zone; `None` leaves the choice to RDS.
    pub az: Option<String>,
    /// Promotion tier.
    pub promotion_tier: u8,
    /// Whether it is created first.
    pub initial_writer: bool,
    /// Its index in `cluster.members`; `None` when it comes from the `readers` shorthand.
    pub declared: Option<usize>,
}

/// Which side of the network a subnet is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubnetTier {
    /// For the database: no route from the internet.
    Private,
    /// For NAT gateways: a route to the internet gateway.
    Public,
}

/// One subnet to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubnetPlan {
    /// Name within the stack, for example `private-a`.
    pub name: String,
    /// Private or public.
    pub tier: SubnetTier,
    /// Availability zone.
    pub az: String,
    /// Address range.
    pub cidr: Ipv4Net,
    /// Its index in `private_subnets` or `public_subnets`; `None` when it was carved.
    pub declared: Option<usize>,
}

impl Config {
    /// `DBClusterIdentifier`.
    #[must_use]
    pub fn cluster_identifier(&self) -> &str {
        self.cluster.identifier.as_deref().unwrap_or(&self.stack.name)
    }

    /// Alias of the key that the stack makes.
    #[must_use]
    pub fn key_alias(&self) -> String {
        self.security.kms.alias.clone().unwrap_or_else(|| format!("alias/{}", self.stack.name))
    }

    /// Name of the vault of AWS Backup that a stack with a backup plan makes.
    #[must_use]
    pub fn vault_name(&self) -> String {
        let given = self.backup.as_ref().and_then(|backup| backup.vault.clone());
        given.unwrap_or_else(|| format!("{}-backups", self.stack.name))
    }

    /// Major version of the engine, for example 16; `None` when the version is malformed.
    #[must_use]
    pub fn engine_major(&self) -> Option<u32> {
        self.engine_parts().map(|(major, _)| major)
    }

    /// Major and minor version of the engine; `None` when the version is malformed.
    #[must_use]
    pub fn engine_parts(&self) -> Option<(u32, u32)> {
        let (major, minor) = self.cluster.engine_version.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    }

    /// Parameter group family, for example `aurora-postgresql16`.
    #[must_use]
    pub fn parameter_family(&self) -> Option<String> {
        self.engine_major().map(|major| format!("aurora-postgresql{major}"))
    }

    /// Class of members that name none; `None` when nothing says it.
    #[must_use]
    pub fn default_class(&self) -> Option<&str> {
        let fallback = self.cluster.serverless.is_some().then_some("db.serverless");
        self.cluster.class.as_deref().or(fallback)
    }

    /// The members, declared or from the `readers` shorthand, in order of declaration.
    #[must_use]
    pub fn members(&self) -> Vec<ResolvedMember> {
        let mut members =
            if self.cluster.members.is_empty() { self.shorthand_members() } else { self.declared_members() };
        let first = self.cluster.initial_writer.clone().or_else(|| members.first().map(|m| m.name.clone()));
        for member in &mut members {
            member.initial_writer = Some(&member.name) == first.as_ref();
        }
        members
    }

    /// `DBInstanceIdentifier` of the reader that a roll makes.
    #[must_use]
    pub fn surge_identifier(&self) -> String {
        format!("{}-surge", self.cluster_identifier())
    }

    /// The same stack with everything written out that follows from what is said: names, members, zones, ranges, alarms.
    #[must_use]
    pub fn filled(&self) -> Self {
        let mut config = self.clone();
        config.cluster.identifier = Some(self.cluster_identifier().to_owned());
        config.cluster.class = self.default_class().map(str::to_owned);
        config.cluster.insights.retention_days = Some(self.cluster.insights.retention());
        config.cluster.members = self.members().into_iter().map(written_out).collect();
        config.cluster.initial_writer = self.members().into_iter().find(|m| m.initial_writer).map(|m| m.name);
        if let Some(scaling) = &mut config.cluster.autoscaling {
            scaling.target = scaling.target_value();
        }
        if let Some(serverless) = &mut config.cluster.serverless {
            serverless.seconds_until_auto_pause = serverless.auto_pause();
        }
        if self.security.kms.key_arn.is_none() {
            config.security.kms.alias = Some(self.key_alias());
        }
        if let Some(backup) = &mut config.backup {
            backup.vault = Some(self.vault_name());
        }
        if let Some(vpc) = &mut config.network.vpc {
            vpc.availability_zones = self.zones();
            vpc.private_subnets = self.ranges(SubnetTier::Private);
            vpc.public_subnets = self.ranges(SubnetTier::Public);
        }
        config.monitoring.alarms = self.monitoring.alarms.filled();
        config
    }

    fn ranges(&self, tier: SubnetTier) -> Vec<String> {
        self.subnets().iter().filter(|subnet| subnet.tier == tier).map(|subnet| subnet.cidr.to_string()).collect()
    }

    fn declared_members(&self) -> Vec<ResolvedMember> {
        let default_class = self.default_class();
        let members = self.cluster.members.iter().enumerate();
        let resolve = |(index, member): (usize, &Member)| ResolvedMember {
            name: member.name.clone(),
            identifier: format!("{}-{}", self.cluster_identifier(), member.name),
            class: member.class.as_deref().or(default_class).unwrap_or_default().to_owned(),
            az: member.az.clone(),
            promotion_tier: member.promotion_tier,
            initial_writer: false,
            declared: Some(index),
        };
        members.map(resolve).collect()
    }

    /// The number is part of the name, so that the zone of a member never depends on other members.
    fn shorthand_members(&self) -> Vec<ResolvedMember> {
        let count = usize::from(self.cluster.readers.unwrap_or(0)) + 1;
        let zones = self.zones();
        let resolve = |index: usize| {
            let name = format!("instance-{}", index + 1);
            ResolvedMember {
                identifier: format!("{}-{name}", self.cluster_identifier()),
                name,
                class: self.default_class().unwrap_or_default().to_owned(),
                az: zones.get(index % zones.len().max(1)).cloned(),
                promotion_tier: 1,
                initial_writer: false,
                declared: None,
            }
        };
        (0..count).map(resolve).collect()
    }

    /// Zones of the VPC that the stack makes; empty for an existing network.
    #[must_use]
    pub fn zones(&self) -> Vec<String> {
        let Some(vpc) = &self.network.vpc else { return Vec::new() };
        if !vpc.availability_zones.is_empty() {
            return vpc.availability_zones.clone();
        }
        let count = usize::from(vpc.az_count);
        ZONE_LETTERS.iter().take(count).map(|letter| format!("{}{letter}", self.stack.region)).collect()
    }

    /// Subnets of the VPC that the stack makes, private ones first. Ranges that are malformed or can't be carved are left
    /// out; a check has refused them.
    #[must_use]
    pub fn subnets(&self) -> Vec<SubnetPlan> {
        let Some(vpc) = &self.network.vpc else { return Vec::new() };
        let mut plans = self.tier(vpc, SubnetTier::Private);
        if vpc.nat != Nat::None {
            plans.extend(self.tier(vpc, SubnetTier::Public));
        }
        plans
    }

    fn tier(&self, vpc: &CreatedVpc, tier: SubnetTier) -> Vec<SubnetPlan> {
        let (declared, word) = match tier {
            SubnetTier::Private => (&vpc.private_subnets, "private"),
            SubnetTier::Public => (&vpc.public_subnets, "public"),
        };
        let plan = |(index, az): (usize, String)| {
            let cidr = if declared.is_empty() {
                carve(&vpc.cidr, tier, &az)?
            } else {
                declared.get(index)?.parse::<Ipv4Net>().ok()?
            };
            let suffix = az.strip_prefix(self.stack.region.as_str()).unwrap_or(&az).trim_start_matches('-').to_owned();
            let name = format!("{word}-{suffix}");
            Some(SubnetPlan { name, tier, az, cidr, declared: (!declared.is_empty()).then_some(index) })
        };
        self.zones().into_iter().enumerate().filter_map(plan).collect()
    }
}

fn written_out(member: ResolvedMember) -> Member {
    let class = Some(member.class).filter(|class| !class.is_empty());
    Member { name: member.name, class, az: member.az, promotion_tier: member.promotion_tier }
}

/// The block for one zone. A zone's place follows from its letter, so that no other zone moves it.
fn carve(vpc: &str, tier: SubnetTier, zone: &str) -> Option<Ipv4Net> {
    let vpc: Ipv4Net = vpc.parse().ok()?;
    let blocks = layout(vpc.trunc(), &[zone.to_owned()]).ok()?.remove(zone)?;
    Some(if tier == SubnetTier::Private { blocks.private } else { blocks.public })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carving_is_by_letter() {
        let block = |tier, zone| carve("10.0.0.0/16", tier, zone).unwrap().to_string();
        assert_eq!(block(SubnetTier::Private, "eu-west-1a"), "10.0.0.0/20");
        assert_eq!(block(SubnetTier::Private, "eu-west-1c"), "10.0.32.0/20");
        assert_eq!(block(SubnetTier::Public, "eu-west-1a"), "10.0.128.0/22");
        assert_eq!(carve("10.0.0.0/27", SubnetTier::Private, "eu-west-1b"), None, "a /27 has no room for two zones");
    }
}
