//! Links the released program at a fixed address.
//!
//! The generated SDKs hold 160,000 pointers: in a program that may lie anywhere, every start writes each of them, which is a
//! fifth of an offline plan's time and 6 MiB of every command's memory. Linkers pack such tables only for glibc 2.36 and
//! later, which is too new. Fixed addresses are what the Go toolchain gives Terraform, too; heap, stack and libraries still
//! lie anywhere, and the workspace's own code has no `unsafe`.

use std::env::var;

fn main() {
    let is = |name: &str, value: &str| var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
