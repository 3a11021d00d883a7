//! Public IPv4 addresses, charged in use and out of it since 2024-02-01.

use super::Priced;
use super::sheet::{Sheet, Used};
use super::site::Site;
use auroractl_core::Model as _;
use auroractl_core::cost::HOURS;
use auroractl_network::ElasticIp;

pub(super) const PRICED: Priced = Priced { kind: ElasticIp::KIND, lines };

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    for (at, _) in site.all::<ElasticIp>() {
        sheet.add(at, "public address hours", (Used::exactly(HOURS), "public_ipv4"));
    }
}
