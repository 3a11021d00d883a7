//! VPC endpoints: an interface endpoint by the hour in every subnet and by traffic, a gateway endpoint nothing.

use super::Priced;
use super::sheet::{Sheet, Used};
use super::site::Site;
use auroractl_core::Model as _;
use auroractl_core::cost::HOURS;
use auroractl_network::{VpcEndpoint, VpcEndpointType};

pub(super) const PRICED: Priced = Priced { kind: VpcEndpoint::KIND, lines };

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    let mut endpoints = site.all::<VpcEndpoint>();
    endpoints.retain(|(_, endpoint)| endpoint.vpc_endpoint_type == VpcEndpointType::Interface);
    for (at, endpoint) in &endpoints {
        let zones = f64::from(u32::try_from(endpoint.subnet_ids.len()).unwrap_or(u32::MAX));
        sheet.add(at, "endpoint hours", (Used::exactly(HOURS * zones), "endpoint_hour"));
        let traffic = Used::assumed(site.assumed().endpoint_gib, ("cost.endpoint_gib", endpoints.len()));
        sheet.add(at, "traffic", (traffic, "endpoint_gib"));
    }
}
