//! Customer-managed keys. Each of the first two rotations adds the price of a key, which is not counted: it depends on age.

use super::Priced;
use super::sheet::{Sheet, Used};
use super::site::Site;
use auroractl_core::Model as _;
use auroractl_security::KmsKey;

pub(super) const PRICED: Priced = Priced { kind: KmsKey::KIND, lines };

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    for (at, _) in site.all::<KmsKey>() {
        sheet.add(at, "key", (Used::exactly(1.0), "kms_key"));
    }
}
