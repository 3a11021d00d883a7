//! NAT gateways: by the hour, and by what goes through them.

use super::Priced;
use super::sheet::{Sheet, Used};
use super::site::Site;
use auroractl_core::Model as _;
use auroractl_core::cost::HOURS;
use auroractl_network::NatGateway;

pub(super) const PRICED: Priced = Priced { kind: NatGateway::KIND, lines };

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    let gateways = site.all::<NatGateway>();
    for (at, _) in &gateways {
        sheet.add(at, "gateway hours", (Used::exactly(HOURS), "nat_hour"));
        let traffic = Used::assumed(site.assumed().nat_gib, ("cost.nat_gib", gateways.len()));
        sheet.add(at, "traffic", (traffic, "nat_gib"));
    }
}
