//! A disk in memory that tells what is durable from what is only written, and
//! that fails on demand: for tests and simulations of power cuts, kills, full
//! and broken disks.

use super::disk::{Disk, DiskFile, How, Lock, Node, NodeKind};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What happens at an operation that changes something. Operations are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The power goes before it.
    Off,
    /// The power goes in its midst: half of a write is done.
    Half,
    /// It fails once.
    Once(io::ErrorKind),
    /// It and all later ones fail.
    Always(io::ErrorKind),
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct MemDisk(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    files: BTreeMap<u64, Inode>,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    dirs: BTreeSet<PathBuf>,
    next: u64,
    ops: u64,
    faults: BTreeMap<u64, Fault>,
    always: Option<io::ErrorKind>,
    off: bool,
    capacity: Option<u64>,
}

#[derive(Clone, Debug, Default)]
struct Inode {
    now: Vec<u8>,
    durable: Vec<u8>,
    reserved: u64,
    shared: u32,
    exclusive: bool,
}

impl MemDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets an operation fail, counted from the disk's first one.
    pub fn fault(&self, at: u64, fault: Fault) {
        self.inner().faults.insert(at, fault);
    }

    /// How many operations that change something there were.
    #[must_use]
    pub fn ops(&self) -> u64 {
        self.inner().ops
    }

    /// Limits the space, in bytes.
    pub fn limit(&self, capacity: Option<u64>) {
        self.inner().capacity = capacity;
    }

    /// Bytes in use, reserves included.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.inner().used()
    }

    /// The content of a file.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<Vec<u8>> {
        let inner = self.inner();
        Some(inner.files.get(inner.names.get(path)?)?.now.clone())
    }

    /// Puts a file there, durable.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let mut inner = self.inner();
        let id = inner.fresh();
        inner.files.insert(id, Inode { now: bytes.to_vec(), durable: bytes.to_vec(), ..Inode::default() });
        inner.names.insert(path.to_owned(), id);
        inner.durable_names.insert(path.to_owned(), id);
    }

    /// The names of all files.
    #[must_use]
    pub fn names(&self) -> Vec<PathBuf> {
        self.inner().names.keys().cloned().collect()
    }

    /// The disk after the process was killed: everything that was written is there, locks are gone.
    #[must_use]
    pub fn after_kill(&self) -> Self {
        let inner = self.inner();
        inner.surviving(inner.names.clone(), |file| file.now.clone())
    }

    /// The disk after the power was cut. What was durable is there. Of the rest nothing survives with
    /// seed 0, everything with seed 1, and with other seeds every name and every file decides for itself;
    /// a file may end early, have a hole of zeros or keep an end that was cut.
    #[must_use]
    pub fn after_power_cut(&self, seed: u64) -> Self {
        let inner = self.inner();
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut names = BTreeMap::new();
        for name in inner.names.keys().chain(inner.durable_names.keys()) {
            let new = seed == 1 || (seed > 1 && chance.bool());
            let side = if new { &inner.names } else { &inner.durable_names };
            if let Some(id) = side.get(name) {
                names.insert(name.clone(), *id);
            } else {
                names.remove(name);
            }
        }
        inner.surviving(names, |file| match seed {
            0 => file.durable.clone(),
            1 => file.now.clone(),
            _ => torn(file, &mut chance),
        })
    }
}

/// One of the contents that a file may have after a power cut.
fn torn(file: &Inode, chance: &mut fastrand::Rng) -> Vec<u8> {
    let common = file.now.iter().zip(&file.durable).take_while(|(a, b)| a == b).count();
    let mut bytes = file.now.clone();
    match chance.u8(0..5) {
        0 => file.durable.clone(),
        1 => bytes,
        // The new content is there and the new, shorter length is not.
        2 => {
            bytes.extend(file.durable.iter().skip(file.now.len()));
            bytes
        }
        3 => {
            bytes.truncate(chance.usize(common..=bytes.len()));
            bytes
        }
        _ => {
            let (from, len) = (chance.usize(common..=bytes.len()), chance.usize(0..600));
            bytes.iter_mut().skip(from).take(len).for_each(|byte| *byte = 0);
            bytes
        }
    }
}

impl Inner {
    fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn used(&self) -> u64 {
        let linked: BTreeSet<u64> = self.names.values().copied().collect();
        linked.iter().filter_map(|id| self.files.get(id)).map(|file| file.reserved.max(file.now.len() as u64)).sum()
    }

    fn free(&self) -> u64 {
        self.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(self.used()))
    }

    fn surviving(&self, names: BTreeMap<PathBuf, u64>, mut content: impl FnMut(&Inode) -> Vec<u8>) -> MemDisk {
        let file = |bytes: Vec<u8>| Inode { now: bytes.clone(), durable: bytes, ..Inode::default() };
        let files = self.files.iter().map(|(id, inode)| (*id, file(content(inode)))).collect();
        let (durable_names, dirs, next, capacity) = (names.clone(), self.dirs.clone(), self.next, self.capacity);
        MemDisk(Arc::new(Mutex::new(Self { files, names, durable_names, dirs, next, capacity, ..Self::default() })))
    }

    fn powered(&self) -> io::Result<()> {
        if self.off { Err(io::Error::other("the power is off")) } else { Ok(()) }
    }

    /// Counts an operation; says whether only half of it is to be done.
    fn step(&mut self) -> io::Result<bool> {
        self.powered()?;
        let fault = self.faults.get(&self.ops).copied();
        self.ops += 1;
        match fault {
            Some(Fault::Off | Fault::Half) => self.off = true,
            Some(Fault::Once(kind)) => return Err(kind.into()),
            Some(Fault::Always(kind)) => self.always = Some(kind),
            None => {}
        }
        match (self.always, fault) {
            (Some(kind), _) => Err(kind.into()),
            (None, Some(Fault::Off)) => self.powered().map(|()| false),
            (None, fault) => Ok(fault == Some(Fault::Half)),
        }
    }

    fn id(&self, path: &Path) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn file(&mut self, id: u64) -> io::Result<&mut Inode> {
        self.files.get_mut(&id).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn write(&mut self, id: u64, bytes: &[u8], at: u64) -> io::Result<()> {
        let half = self.step()?;
        let (room, start) = (self.free(), usize::try_from(at).map_err(io::Error::other)?);
        let file = self.file(id)?;
        let has = room.saturating_add(file.reserved.max(file.now.len() as u64));
        let fits = usize::try_from(has.saturating_sub(at)).unwrap_or(usize::MAX);
        let wanted = if half { bytes.len() / 2 } else { bytes.len() };
        let part = bytes.get(..wanted.min(fits)).unwrap_or_default();
        let end = start + part.len();
        if file.now.len() < end {
            file.now.resize(end, 0);
        }
        file.now.iter_mut().skip(start).zip(part).for_each(|(to, from)| *to = *from);
        self.powered()?;
        if wanted > fits { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn reserve(&mut self, id: u64, up_to: u64) -> io::Result<bool> {
        self.step()?;
        self.powered()?;
        let room = self.free();
        let file = self.file(id)?;
        let has = file.reserved.max(file.now.len() as u64);
        if up_to.saturating_sub(has) > room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        file.reserved = file.reserved.max(up_to);
        Ok(true)
    }
}

impl Disk for MemDisk {
    fn node(&self, path: &Path) -> io::Result<Option<Node>> {
        let inner = self.inner();
        inner.powered()?;
        let links = |id: u64| inner.names.values().filter(|other| **other == id).count() as u64;
        let node = |kind, len, mode, links| Some(Node { kind, len, mode, uid: 0, links, written: None });
        if inner.dirs.contains(path) {
            return Ok(node(NodeKind::Dir, 0, 0o700, 1));
        }
        let file = inner.names.get(path).and_then(|id| Some((*id, inner.files.get(id)?)));
        Ok(file.and_then(|(id, file)| node(NodeKind::File, file.now.len() as u64, 0o600, links(id))))
    }

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        inner.powered()?;
        inner.dirs.extend(path.ancestors().map(Path::to_owned));
        Ok(())
    }

    fn make_private(&self, _: &Path) -> io::Result<()> {
        self.inner().step().map(|_| ())
    }

    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn DiskFile>> {
        let mut inner = self.inner();
        inner.powered()?;
        let id = match (inner.names.get(path).copied(), how) {
            (Some(_), How::New) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Some(id), _) => id,
            (None, How::Read) => return Err(io::ErrorKind::NotFound.into()),
            (None, How::Write | How::New) => {
                inner.step()?;
                inner.powered()?;
                let id = inner.fresh();
                inner.files.insert(id, Inode::default());
                inner.names.insert(path.to_owned(), id);
                id
            }
        };
        Ok(Box::new(MemFile { disk: self.clone(), id, held: None }))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        inner.powered()?;
        let id = inner.id(from)?;
        if inner.names.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        inner.names.insert(to.to_owned(), id);
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        inner.powered()?;
        let id = inner.id(from)?;
        // Two names of one file: POSIX leaves both.
        if inner.names.get(to) != Some(&id) {
            inner.names.remove(from);
            inner.names.insert(to.to_owned(), id);
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        inner.powered()?;
        inner.id(path)?;
        inner.names.remove(path);
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        inner.powered()?;
        let within = |name: &Path| name.parent() == Some(path);
        inner.durable_names.retain(|name, _| !within(name));
        let now: Vec<_> =
            inner.names.iter().filter(|(name, _)| within(name)).map(|(name, id)| (name.clone(), *id)).collect();
        inner.durable_names.extend(now);
        Ok(())
    }

    fn free(&self, _: &Path) -> io::Result<u64> {
        let inner = self.inner();
        inner.powered()?;
        Ok(inner.free())
    }
}

/// An open file of a [`MemDisk`].
#[derive(Debug)]
struct MemFile {
    disk: MemDisk,
    id: u64,
    held: Option<Lock>,
}

impl DiskFile for MemFile {
    fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let mut inner = self.disk.inner();
        inner.powered()?;
        Ok(inner.file(self.id)?.now.clone())
    }

    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.disk.inner().write(self.id, bytes, at)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        let mut inner = self.disk.inner();
        inner.step()?;
        inner.powered()?;
        let len = usize::try_from(len).map_err(io::Error::other)?;
        let file = inner.file(self.id)?;
        file.now.resize(len, 0);
        file.reserved = file.reserved.min(len as u64);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut inner = self.disk.inner();
        inner.step()?;
        inner.powered()?;
        let file = inner.file(self.id)?;
        file.durable.clone_from(&file.now);
        Ok(())
    }

    fn reserve(&mut self, up_to: u64) -> io::Result<bool> {
        self.disk.inner().reserve(self.id, up_to)
    }

    fn try_lock(&mut self, lock: Lock) -> io::Result<bool> {
        let mut inner = self.disk.inner();
        inner.powered()?;
        let file = inner.file(self.id)?;
        let free = match lock {
            Lock::Shared => !file.exclusive,
            Lock::Exclusive => !file.exclusive && file.shared == 0,
        };
        if free {
            match lock {
                Lock::Shared => file.shared += 1,
                Lock::Exclusive => file.exclusive = true,
            }
            self.held = Some(lock);
        }
        Ok(free)
    }
}

impl Drop for MemFile {
    fn drop(&mut self) {
        if let (Some(lock), Ok(file)) = (self.held, self.disk.inner().file(self.id)) {
            match lock {
                Lock::Shared => file.shared = file.shared.saturating_sub(1),
                Lock::Exclusive => file.exclusive = false,
            }
        }
    }
}
