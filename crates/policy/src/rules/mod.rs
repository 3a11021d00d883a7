//! The rules: one file each, one line in [`RULES`].

mod ext_001;
mod ext_002;
mod ext_003;
mod ext_004;
mod ext_005;
mod ext_006;
mod ext_008;
mod ext_009;
mod ext_010;
mod ext_013;
mod ext_014;
mod ext_015;
mod ext_016;
mod ext_017;
mod ext_018;
mod ext_019;
mod ext_020;
mod ext_021;
mod ext_025;
mod ext_028;
mod ext_029;
mod ext_030;
mod ext_031;
mod ext_032;
mod ext_033;
mod ext_034;
mod ext_035;
mod ext_037;
mod rule_001;
mod rule_002;
mod rule_003;
mod rule_004;
mod rule_005;
mod rule_006;
mod rule_007;
mod rule_008;
mod rule_009;
mod rule_010;
mod rule_101;
mod rule_102;
mod rule_103;
mod rule_104;
mod rule_105;
mod rule_106;
mod rule_107;
mod rule_108;
mod rule_109;
mod rule_110;
mod rule_201;
mod rule_202;
mod rule_203;
mod rule_204;
mod rule_205;
mod rule_206;
mod rule_207;
mod rule_208;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod near;
#[cfg(test)]
pub(crate) mod tests;

use crate::rule::Rule;

pub use ext_019::CURRENT as AUTHORITIES;

/// All rules: the 28 design rules, then what they leave out.
pub const RULES: &[Rule] = &[
    rule_001::RULE,
    rule_002::RULE,
    rule_003::RULE,
    rule_004::RULE,
    rule_005::RULE,
    rule_006::RULE,
    rule_007::RULE,
    rule_008::RULE,
    rule_009::RULE,
    rule_010::RULE,
    rule_101::RULE,
    rule_102::RULE,
    rule_103::RULE,
    rule_104::RULE,
    rule_105::RULE,
    rule_106::RULE,
    rule_107::RULE,
    rule_108::RULE,
    rule_109::RULE,
    rule_110::RULE,
    rule_201::RULE,
    rule_202::RULE,
    rule_203::RULE,
    rule_204::RULE,
    rule_205::RULE,
    rule_206::RULE,
    rule_207::RULE,
    rule_208::RULE,
    ext_001::RULE,
    ext_002::RULE,
    ext_003::RULE,
    ext_004::RULE,
    ext_005::RULE,
    ext_006::RULE,
    ext_008::RULE,
    ext_009::RULE,
    ext_010::RULE,
    ext_013::RULE,
    ext_014::RULE,
    ext_015::RULE,
    ext_016::RULE,
    ext_017::RULE,
    ext_018::RULE,
    ext_019::RULE,
    ext_020::RULE,
    ext_021::RULE,
    ext_025::RULE,
    ext_028::RULE,
    ext_029::RULE,
    ext_030::RULE,
    ext_031::RULE,
    ext_032::RULE,
    ext_033::RULE,
    ext_034::RULE,
    ext_035::RULE,
    ext_037::RULE,
];

/// A rule by its code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(code))
}
