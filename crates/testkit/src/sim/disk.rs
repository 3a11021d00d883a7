//! A disk that loses power or fails at a chosen operation, and that says at which.

use super::mishap::Boundary;
use super::mutants::Lapse;
use super::process::DiskTrouble;
use super::world::World;
use auroractl_engine::store::disk::{Disk, DiskFile, How, Lock, Node};
use auroractl_engine::store::memory::{Fault, MemDisk};
use std::io;
use std::path::{Path, PathBuf};

/// The disk of one process.
#[derive(Clone, Debug)]
pub(super) struct Trap {
    pub(super) disk: MemDisk,
    pub(super) world: World,
}

impl Trap {
    /// Before an operation that changes something.
    fn step(&self, what: &'static str, path: &Path) {
        let off = [(Boundary::Disk, Fault::Off), (Boundary::HalfDisk, Fault::Half)];
        let struck = off.into_iter().find(|(boundary, _)| !self.world.passes(*boundary));
        if let Some((boundary, fault)) = struck {
            self.disk.fault(self.disk.ops(), fault);
            self.world.note_cut(boundary, what, path);
            return;
        }
        match self.world.disk_trouble(what) {
            Some(DiskTrouble::Fails(fault)) => self.disk.fault(self.disk.ops(), fault),
            Some(DiskTrouble::Full) => self.disk.limit(Some(self.disk.used() + 100)),
            None => {}
        }
    }

    fn file(&self, file: Box<dyn DiskFile>, path: &Path) -> Box<dyn DiskFile> {
        Box::new(TrapFile { file, trap: self.clone(), path: path.to_owned() })
    }
}

impl Disk for Trap {
    fn node(&self, path: &Path) -> io::Result<Option<Node>> {
        self.disk.node(path)
    }
    fn make_dir(&self, path: &Path) -> io::Result<()> {
        self.step("make", path);
        self.disk.make_dir(path)
    }
    fn make_private(&self, path: &Path) -> io::Result<()> {
        self.step("chmod", path);
        self.disk.make_private(path)
    }
    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn DiskFile>> {
        if how != How::Read && self.disk.node(path).is_ok_and(|node| node.is_none()) {
            self.step("create", path);
        }
        Ok(self.file(self.disk.open(path, how)?, path))
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("link", to);
        self.disk.link(from, to)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.world.lapse() == Some(Lapse::SnapshotInPlace) && to.ends_with("state.json") {
            let bytes = self.disk.open(from, How::Read)?.read_all()?;
            let mut file = self.open(to, How::Write)?;
            file.set_len(0)?;
            file.sync()?;
            file.write_at(&bytes, 0)?;
            return self.disk.remove(from);
        }
        self.step("rename", to);
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step("remove", path);
        self.disk.remove(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.step("sync", path);
        self.disk.sync_dir(path)
    }
    fn free(&self, path: &Path) -> io::Result<u64> {
        self.disk.free(path)
    }
}

/// An open file of a [`Trap`].
#[derive(Debug)]
struct TrapFile {
    file: Box<dyn DiskFile>,
    trap: Trap,
    path: PathBuf,
}

impl DiskFile for TrapFile {
    fn read_all(&mut self) -> io::Result<Vec<u8>> {
        self.file.read_all()
    }
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.trap.step("write", &self.path);
        self.file.write_at(bytes, at)
    }
    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.trap.step("cut", &self.path);
        self.file.set_len(len)
    }
    fn sync(&mut self) -> io::Result<()> {
        if self.trap.world.lapse() == Some(Lapse::NoFsync) && self.path.ends_with("journal") {
            return Ok(());
        }
        self.trap.step("sync", &self.path);
        let synced = self.file.sync();
        if self.trap.world.lapse() == Some(Lapse::FsyncErrorIgnored) { Ok(()) } else { synced }
    }
    fn reserve(&mut self, up_to: u64) -> io::Result<bool> {
        self.trap.step("reserve", &self.path);
        self.file.reserve(up_to)
    }
    fn try_lock(&mut self, lock: Lock) -> io::Result<bool> {
        let free = self.file.try_lock(lock)?;
        Ok(free || self.trap.world.lapse() == Some(Lapse::LockIsIgnored))
    }
}
