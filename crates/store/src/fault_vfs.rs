//! A disk in memory on which SQLite can be made to suffer: lost writes, torn sectors, a full disk, I/O
//! errors by seed.
//!
//! A [`FaultDisk`] registers itself with SQLite as a VFS under a name of its own; connections opened with
//! that name read and write it and nothing else. What a database claims to survive can then be tried:
//!
//! ```
//! use rusqlite::{Connection, OpenFlags};
//! use store::fault_vfs::FaultDisk;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let disk = FaultDisk::register("example-disk")?;
//! let open = || Connection::open_with_flags_and_vfs("books.db", OpenFlags::default(), "example-disk");
//! let books = open()?;
//! books.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (n)")?;
//! books.execute("INSERT INTO t VALUES (1)", [])?;
//! disk.crash(7); // what was not synced is lost, as seed 7 has it
//! drop(books); // a connection from before the crash only fails
//! let count: i64 = open()?.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?;
//! assert_eq!(count, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Safety
//!
//! This is the one module of the house with `unsafe`: SQLite calls a VFS through C function pointers. Its
//! parts without it are apart: `disk` (what is durable), `locks` (who may write). What remains here rests
//! on four promises.
//!
//! 1. *Registration is for ever.* The VFS record, its name and the `Arc` in `pAppData` are leaked on
//!    purpose, so each pointer that SQLite hands back is valid for the life of the process.
//! 2. *One file, one owner.* `xOpen` puts a boxed [`OpenFile`] behind the file that SQLite allocated with
//!    our `szOsFile`; `xClose` takes it out. SQLite calls no method before a good `xOpen` or after
//!    `xClose`, and calls the methods of one file from one thread at a time. What several files share is
//!    behind the mutex of [`Shared`].
//! 3. *Shared index memory is never a Rust reference.* Its regions are handed to SQLite as raw pointers,
//!    which SQLite itself guards with the slot locks and barriers; they are freed when the last file that
//!    mapped them lets go, and never move.
//! 4. *No unwinding into C.* A panic in an `extern "C"` function aborts the process; none is expected,
//!    and a poisoned mutex is taken over rather than unwrapped.

#![allow(unsafe_code)]

mod disk;
mod locks;
#[cfg(test)]
mod tests;

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt;
use std::ptr;
use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::ffi;

use disk::{Disk, FileRef, Loss, Random, Refusal};
use locks::{FileLocks, Hold, Level, SlotLocks};

pub use disk::{DiskCounters, Operation};

/// The longest file name that the disk takes, in bytes.
const NAME_BYTES_MAX: c_int = 512;
/// SQLite's zero hour is noon on 24 November 4714 BC; this is 2000-01-01, in milliseconds. Time stands
/// still on this disk, so that runs repeat.
const STANDSTILL_MS: i64 = 211_813_488_000_000;

/// A simulated disk. Cloning gives another handle to the same disk.
#[derive(Clone)]
pub struct FaultDisk {
    shared: Arc<Shared>,
}

/// Why a disk could not be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultDiskError {
    /// SQLite knows a VFS of this name; choose another.
    NameTaken(String),
    /// The name is empty or has a zero byte; choose another.
    NameUnusable(String),
    /// SQLite refused with this result code.
    Refused(i32),
}

impl fmt::Display for FaultDiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameTaken(name) => write!(f, "a VFS named {name:?} is registered; choose another name"),
            Self::NameUnusable(name) => {
                write!(f, "{name:?} cannot name a VFS: it is empty or has a zero byte; choose another")
            }
            Self::Refused(code) => write!(f, "SQLite refused to register the VFS, result code {code}"),
        }
    }
}

impl std::error::Error for FaultDiskError {}

impl FaultDisk {
    /// Makes an empty disk and registers it with SQLite as a VFS of this name, for the life of the
    /// process.
    ///
    /// # Errors
    /// When the name cannot be used.
    pub fn register(name: &str) -> Result<Self, FaultDiskError> {
        // Two threads that register one name must not both find it free.
        static REGISTERING: Mutex<()> = Mutex::new(());
        let _one_at_a_time = REGISTERING.lock().unwrap_or_else(PoisonError::into_inner);
        let c_name = CString::new(name)
            .ok()
            .filter(|name| !name.is_empty())
            .ok_or_else(|| FaultDiskError::NameUnusable(name.to_owned()))?;
        // SAFETY: the name is a C string that lives through the call.
        if !unsafe { ffi::sqlite3_vfs_find(c_name.as_ptr()) }.is_null() {
            return Err(FaultDiskError::NameTaken(name.to_owned()));
        }
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            state: Mutex::new(State {
                disk: Disk::new(),
                locks: BTreeMap::new(),
                indexes: BTreeMap::new(),
                next_number: 1,
            }),
        });
        let app_data: *mut Arc<Shared> = Box::into_raw(Box::new(Arc::clone(&shared)));
        let vfs = Box::into_raw(Box::new(vfs_record(c_name.into_raw(), app_data.cast())));
        // SAFETY: the record and all it points to are leaked above, so they live as long as the process.
        match unsafe { ffi::sqlite3_vfs_register(vfs, 0) } {
            ffi::SQLITE_OK => Ok(Self { shared }),
            code => Err(FaultDiskError::Refused(code)),
        }
    }

    /// The name under which SQLite knows this disk.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Limits the bytes of all files together; a write beyond it gives `SQLITE_FULL`. None lifts the
    /// limit.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.shared.lock().disk.set_capacity(bytes);
    }

    /// Lets this many operations succeed; after them all fail, as when power goes, until
    /// [`FaultDisk::heal`] or [`FaultDisk::crash`]. The write that fails first may be half done.
    pub fn fail_after(&self, operations: u64) {
        self.shared.lock().disk.fail_after(operations, operations);
    }

    /// Lets every operation fail with this chance in a million, by a stream of its own from `seed`.
    pub fn fail_with_probability(&self, seed: u64, ppm: u32) {
        use Operation::{Delete, Open, Read, Sync, Write};
        self.fail_operations(seed, ppm, &[Read, Write, Sync, Open, Delete]);
    }

    /// As [`FaultDisk::fail_with_probability`], for some kinds of operations only.
    pub fn fail_operations(&self, seed: u64, ppm: u32, chosen: &[Operation]) {
        self.shared.lock().disk.fail_at_random(seed, ppm, chosen);
    }

    /// Power fails and comes back. Of what was not synced, the seed says what reached the disk: all,
    /// nothing, or some sectors, in part too. Connections opened before only get errors from now on; open
    /// new ones. Injected faults end, the capacity stays.
    pub fn crash(&self, seed: u64) {
        self.shared.lock().crash(Random::new(seed), None);
    }

    /// As [`FaultDisk::crash`]; nothing that was not synced reached the disk.
    pub fn crash_losing_all(&self) {
        self.shared.lock().crash(Random::new(0), Some(Loss::All));
    }

    /// Ends injected faults and the limit of capacity. What is written stays as it is.
    pub fn heal(&self) {
        self.shared.lock().disk.heal();
    }

    /// What has been asked of the disk.
    pub fn counters(&self) -> DiskCounters {
        self.shared.lock().disk.counters
    }

    /// Sets the counters to zero.
    pub fn reset_counters(&self) {
        self.shared.lock().disk.counters = DiskCounters::default();
    }

    /// The bytes of all files together.
    pub fn used_bytes(&self) -> u64 {
        self.shared.lock().disk.used_bytes()
    }

    /// Puts a whole file on the disk, durably and past faults and capacity, as one that was copied there before anything began.
    /// A file of that name is gone.
    pub fn put(&self, file_name: &str, bytes: &[u8]) {
        self.shared.lock().disk.put(file_name, bytes);
    }

    /// A copy of a file as a reader sees it now, if there is one of this name.
    pub fn bytes_of(&self, file_name: &str) -> Option<Vec<u8>> {
        self.shared.lock().disk.bytes_of(file_name).map(<[u8]>::to_vec)
    }
}

impl fmt::Debug for FaultDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultDisk").field("name", &self.name()).finish_non_exhaustive()
    }
}

struct Shared {
    name: String,
    state: Mutex<State>,
}

struct State {
    disk: Disk,
    locks: BTreeMap<u64, FileLocks>,
    indexes: BTreeMap<u64, Arc<Index>>,
    next_number: u64,
}

/// The shared index of one database's log, as long as any file maps it.
#[derive(Default)]
struct Index {
    regions: Mutex<Vec<Region>>,
    slots: Mutex<SlotLocks>,
}

/// Memory that connections share. It is only ever touched by SQLite, through the pointer.
struct Region {
    memory: *mut u8,
    layout: Layout,
}

// SAFETY: the region owns its memory and never reads or writes it after making it, so any thread may hand
// out the pointer or free it.
unsafe impl Send for Region {}

impl Region {
    /// Zeroed memory of this size; none when there is none to have.
    fn new(bytes: usize) -> Option<Self> {
        let layout = Layout::from_size_align(bytes, 16).ok().filter(|layout| layout.size() > 0)?;
        // SAFETY: the layout's size is not zero.
        let memory = unsafe { alloc_zeroed(layout) };
        (!memory.is_null()).then_some(Self { memory, layout })
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: allocated by `new` with this layout. The last file that mapped it has let go of it, after
        // which SQLite does not touch it.
        unsafe { dealloc(self.memory, self.layout) }
    }
}

/// One file that SQLite has open.
struct OpenFile {
    shared: Arc<Shared>,
    file: FileRef,
    /// Tells this opening from others of the same file where locks are held.
    number: u64,
    index: Option<Arc<Index>>,
    /// The name of a file that goes when it is closed.
    temporary: Option<String>,
}

/// How SQLite sees an open file: its own header first.
#[repr(C)]
struct RawFile {
    header: ffi::sqlite3_file,
    open: *mut OpenFile,
}

fn take<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        take(&self.state)
    }
}

impl State {
    fn crash(&mut self, random: Random, loss: Option<Loss>) {
        self.disk.crash(random, loss);
        self.locks.clear();
        self.indexes.clear();
    }

    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }
}

impl OpenFile {
    fn open(shared: &Arc<Shared>, name: Option<&str>, flags: c_int) -> Result<Self, Refusal> {
        let mut state = shared.lock();
        let number = state.number();
        let own_name = name.map_or_else(|| format!("temporary-{number}"), str::to_owned);
        let file = state.disk.open(&own_name, name.is_none() || flags & ffi::SQLITE_OPEN_CREATE != 0)?;
        let is_temporary = name.is_none() || flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0;
        let temporary = is_temporary.then_some(own_name);
        Ok(Self { shared: Arc::clone(shared), file, number, index: None, temporary })
    }

    /// Runs `work` on the disk; a refusal becomes `injected`, the code for this kind of operation.
    fn on_disk<T>(
        &self,
        injected: c_int,
        work: impl FnOnce(&mut Disk, FileRef) -> Result<T, Refusal>,
    ) -> Result<T, c_int> {
        work(&mut self.shared.lock().disk, self.file).map_err(|refusal| code_of(refusal, injected))
    }

    fn lock(&self, wanted: c_int) -> c_int {
        let Some(level) = Level::from_number(wanted) else { return ffi::SQLITE_MISUSE };
        let mut state = self.shared.lock();
        if !state.disk.is_current(self.file) {
            return ffi::SQLITE_IOERR_LOCK;
        }
        let locks = state.locks.entry(self.file.file).or_default();
        if locks.raise(self.number, level) { ffi::SQLITE_OK } else { ffi::SQLITE_BUSY }
    }

    fn unlock(&self, wanted: Level) {
        let mut state = self.shared.lock();
        if !state.disk.is_current(self.file) {
            return;
        }
        if let Some(locks) = state.locks.get_mut(&self.file.file) {
            locks.lower(self.number, wanted);
            if locks.is_free() {
                state.locks.remove(&self.file.file);
            }
        }
    }

    fn is_reserved(&self) -> Result<bool, c_int> {
        let state = self.shared.lock();
        if !state.disk.is_current(self.file) {
            return Err(ffi::SQLITE_IOERR_CHECKRESERVEDLOCK);
        }
        Ok(state.locks.get(&self.file.file).is_some_and(FileLocks::is_reserved))
    }

    /// The address of a region of the shared index; null when it is not there and not to be made.
    fn map_region(&mut self, number: usize, bytes: usize, extend: bool) -> Result<*mut u8, c_int> {
        let mut state = self.shared.lock();
        if !state.disk.is_current(self.file) {
            return Err(ffi::SQLITE_IOERR_SHMMAP);
        }
        let index = match &self.index {
            Some(index) => index,
            None => {
                let index = state.indexes.entry(self.file.file).or_default();
                self.index.insert(Arc::clone(index))
            }
        };
        let mut regions = take(&index.regions);
        while extend && regions.len() <= number {
            regions.push(Region::new(bytes).ok_or(ffi::SQLITE_NOMEM)?);
        }
        Ok(regions.get(number).map_or(ptr::null_mut(), |region| region.memory))
    }

    fn lock_slots(&self, first: usize, count: usize, flags: c_int) -> c_int {
        let state = self.shared.lock();
        let Some(index) = &self.index else { return ffi::SQLITE_IOERR_SHMLOCK };
        let mut slots = take(&index.slots);
        if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
            slots.release(self.number, first, count);
            return ffi::SQLITE_OK;
        }
        if !state.disk.is_current(self.file) {
            return ffi::SQLITE_IOERR_SHMLOCK;
        }
        let hold = if flags & ffi::SQLITE_SHM_SHARED != 0 { Hold::Shared } else { Hold::Exclusive };
        if slots.take(self.number, first, count, hold) { ffi::SQLITE_OK } else { ffi::SQLITE_BUSY }
    }

    /// Lets go of the shared index. Its last user takes it away, so that the next one rebuilds it from the
    /// log, as it would after a restart.
    fn unmap(&mut self) {
        let Some(index) = self.index.take() else { return };
        take(&index.slots).release_all(self.number);
        let mut state = self.shared.lock();
        // Two are left when nobody else maps it: ours and the one in the table.
        if state.disk.is_current(self.file) && Arc::strong_count(&index) <= 2 {
            state.indexes.remove(&self.file.file);
        }
    }

    fn close(mut self) {
        self.unmap();
        self.unlock(Level::None);
        let mut state = self.shared.lock();
        if let Some(name) = self.temporary.take().filter(|_| state.disk.is_current(self.file)) {
            // A temporary file that stays is no harm.
            let _ = state.disk.delete(&name, false);
        }
        state.disk.close(self.file);
    }
}

fn code_of(refusal: Refusal, injected: c_int) -> c_int {
    match refusal {
        Refusal::Full => ffi::SQLITE_FULL,
        Refusal::Injected | Refusal::PoweredOff | Refusal::Absent => injected,
    }
}

fn result_code(outcome: Result<(), c_int>) -> c_int {
    outcome.err().unwrap_or(ffi::SQLITE_OK)
}

fn size_from(number: i64) -> Result<usize, c_int> {
    usize::try_from(number).map_err(|_| ffi::SQLITE_MISUSE)
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(x_close),
    xRead: Some(x_read),
    xWrite: Some(x_write),
    xTruncate: Some(x_truncate),
    xSync: Some(x_sync),
    xFileSize: Some(x_file_size),
    xLock: Some(x_lock),
    xUnlock: Some(x_unlock),
    xCheckReservedLock: Some(x_check_reserved_lock),
    xFileControl: Some(x_file_control),
    xSectorSize: Some(x_sector_size),
    xDeviceCharacteristics: Some(x_device_characteristics),
    xShmMap: Some(x_shm_map),
    xShmLock: Some(x_shm_lock),
    xShmBarrier: Some(x_shm_barrier),
    xShmUnmap: Some(x_shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

fn vfs_record(name: *const c_char, app_data: *mut c_void) -> ffi::sqlite3_vfs {
    ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: size_of::<RawFile>() as c_int,
        mxPathname: NAME_BYTES_MAX,
        pNext: ptr::null_mut(),
        zName: name,
        pAppData: app_data,
        xOpen: Some(x_open),
        xDelete: Some(x_delete),
        xAccess: Some(x_access),
        xFullPathname: Some(x_full_pathname),
        xDlOpen: Some(x_dl_open),
        xDlError: Some(x_dl_error),
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(x_randomness),
        xSleep: Some(x_sleep),
        xCurrentTime: Some(x_current_time),
        xGetLastError: Some(x_get_last_error),
        xCurrentTimeInt64: Some(x_current_time_int64),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

/// # Safety
/// `vfs` is one that [`FaultDisk::register`] made.
unsafe fn shared_of<'a>(vfs: *mut ffi::sqlite3_vfs) -> &'a Arc<Shared> {
    // SAFETY: `register` put a leaked `Arc` there (promise 1).
    unsafe { &*(*vfs).pAppData.cast::<Arc<Shared>>() }
}

/// # Safety
/// `file` was opened by [`x_open`] and is not closed; SQLite is in no other call for it.
unsafe fn open_of<'a>(file: *mut ffi::sqlite3_file) -> &'a mut OpenFile {
    // SAFETY: `x_open` put a box there (promise 2).
    unsafe { &mut *(*file.cast::<RawFile>()).open }
}

/// # Safety
/// `name` is null or a C string that outlives the returned text.
unsafe fn text_of<'a>(name: *const c_char) -> Option<&'a str> {
    // SAFETY: as this function asks of its caller.
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }).and_then(|name| name.to_str().ok())
}

// SAFETY of all functions below: SQLite calls them with the pointers its documentation of `sqlite3_vfs`
// and `sqlite3_io_methods` promises: `vfs` and `file` are ours, out parameters are writable, buffers are
// as long as said, names are C strings.

unsafe extern "C" fn x_open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: see above.
    unsafe {
        let raw = file.cast::<RawFile>();
        (*raw).header.pMethods = ptr::null();
        (*raw).open = ptr::null_mut();
        let own_name = text_of(name);
        if own_name.is_none() && !name.is_null() {
            return ffi::SQLITE_CANTOPEN;
        }
        match OpenFile::open(shared_of(vfs), own_name, flags) {
            Ok(open) => {
                (*raw).open = Box::into_raw(Box::new(open));
                (*raw).header.pMethods = &raw const METHODS;
                if !out_flags.is_null() {
                    *out_flags = flags;
                }
                ffi::SQLITE_OK
            }
            Err(refusal) => code_of(refusal, ffi::SQLITE_CANTOPEN),
        }
    }
}

unsafe extern "C" fn x_delete(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: see above.
    let (shared, name) = unsafe { (shared_of(vfs), text_of(name)) };
    let Some(name) = name else { return ffi::SQLITE_IOERR_DELETE };
    match shared.lock().disk.delete(name, sync_folder != 0) {
        Ok(()) => ffi::SQLITE_OK,
        Err(Refusal::Absent) => ffi::SQLITE_IOERR_DELETE_NOENT,
        Err(refusal) => code_of(refusal, ffi::SQLITE_IOERR_DELETE),
    }
}

unsafe extern "C" fn x_access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: see above.
    unsafe {
        let exists = text_of(name).is_some_and(|name| shared_of(vfs).lock().disk.exists(name));
        *out = c_int::from(exists);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_full_pathname(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    out_bytes: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: see above; the copy is made only when it fits, with its closing zero.
    unsafe {
        let bytes = CStr::from_ptr(name).to_bytes_with_nul();
        if bytes.len() > usize::try_from(out_bytes).unwrap_or(0) {
            return ffi::SQLITE_CANTOPEN;
        }
        ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len());
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_dl_open(_vfs: *mut ffi::sqlite3_vfs, _name: *const c_char) -> *mut c_void {
    ptr::null_mut()
}

unsafe extern "C" fn x_dl_error(_vfs: *mut ffi::sqlite3_vfs, bytes: c_int, out: *mut c_char) {
    if bytes > 0 {
        // SAFETY: see above; there is room for one byte.
        unsafe { *out = 0 }
    }
}

unsafe extern "C" fn x_randomness(vfs: *mut ffi::sqlite3_vfs, bytes: c_int, out: *mut c_char) -> c_int {
    let mut entropy = vec![0u8; usize::try_from(bytes).unwrap_or(0)];
    // SAFETY: see above.
    unsafe {
        shared_of(vfs).lock().disk.entropy(&mut entropy);
        ptr::copy_nonoverlapping(entropy.as_ptr().cast(), out, entropy.len());
    }
    bytes
}

unsafe extern "C" fn x_sleep(_vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    std::thread::sleep(Duration::from_micros(u64::try_from(microseconds).unwrap_or(0)));
    microseconds
}

unsafe extern "C" fn x_current_time(_vfs: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: see above.
    unsafe { *out = STANDSTILL_MS as f64 / 86_400_000.0 }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_current_time_int64(_vfs: *mut ffi::sqlite3_vfs, out: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: see above.
    unsafe { *out = STANDSTILL_MS }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_get_last_error(_vfs: *mut ffi::sqlite3_vfs, _bytes: c_int, _out: *mut c_char) -> c_int {
    0
}

unsafe extern "C" fn x_close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: see above; the box is taken out once, and SQLite does not use the file after this.
    let open = unsafe {
        let raw = file.cast::<RawFile>();
        (*raw).header.pMethods = ptr::null();
        Box::from_raw(std::mem::replace(&mut (*raw).open, ptr::null_mut()))
    };
    open.close();
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_read(
    file: *mut ffi::sqlite3_file,
    out: *mut c_void,
    bytes: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    let (Ok(count), Ok(offset)) = (size_from(i64::from(bytes)), size_from(offset)) else {
        return ffi::SQLITE_IOERR_READ;
    };
    // SAFETY: see above; SQLite gives the buffer's memory to us for the length of the call. It may not be
    // initialised, so it is zeroed before a slice is made of it.
    let (open, buffer) = unsafe {
        ptr::write_bytes(out.cast::<u8>(), 0, count);
        (open_of(file), std::slice::from_raw_parts_mut(out.cast::<u8>(), count))
    };
    match open.on_disk(ffi::SQLITE_IOERR_READ, |disk, file| disk.read(file, offset, buffer)) {
        Ok(read) if read == count => ffi::SQLITE_OK,
        Ok(_) => ffi::SQLITE_IOERR_SHORT_READ,
        Err(code) => code,
    }
}

unsafe extern "C" fn x_write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    count: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    let (Ok(count), Ok(offset)) = (size_from(i64::from(count)), size_from(offset)) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    // SAFETY: see above.
    let (open, bytes) = unsafe { (open_of(file), std::slice::from_raw_parts(bytes.cast::<u8>(), count)) };
    result_code(open.on_disk(ffi::SQLITE_IOERR_WRITE, |disk, file| disk.write(file, offset, bytes)))
}

unsafe extern "C" fn x_truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    let Ok(size) = size_from(size) else { return ffi::SQLITE_IOERR_TRUNCATE };
    // SAFETY: see above.
    let open = unsafe { open_of(file) };
    result_code(open.on_disk(ffi::SQLITE_IOERR_TRUNCATE, |disk, file| disk.truncate(file, size)))
}

unsafe extern "C" fn x_sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: see above.
    let open = unsafe { open_of(file) };
    result_code(open.on_disk(ffi::SQLITE_IOERR_FSYNC, Disk::sync))
}

unsafe extern "C" fn x_file_size(file: *mut ffi::sqlite3_file, out: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: see above.
    let open = unsafe { open_of(file) };
    let size = open.on_disk(ffi::SQLITE_IOERR_FSTAT, Disk::size);
    result_code(size.map(|size| {
        // SAFETY: see above.
        unsafe { *out = size as ffi::sqlite3_int64 }
    }))
}

unsafe extern "C" fn x_lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: see above.
    unsafe { open_of(file) }.lock(level)
}

unsafe extern "C" fn x_unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    let Some(level) = Level::from_number(level) else { return ffi::SQLITE_MISUSE };
    // SAFETY: see above.
    unsafe { open_of(file) }.unlock(level);
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: see above.
    let outcome = unsafe { open_of(file) }.is_reserved();
    result_code(outcome.map(|reserved| {
        // SAFETY: see above.
        unsafe { *out = c_int::from(reserved) }
    }))
}

unsafe extern "C" fn x_file_control(_file: *mut ffi::sqlite3_file, _operation: c_int, _argument: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn x_sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    disk::SECTOR_BYTES as c_int
}

/// The same promise that SQLite's own VFS for Unix makes, so that it does the same work here.
unsafe extern "C" fn x_device_characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn x_shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    bytes: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    let (Ok(region), Ok(bytes)) = (size_from(i64::from(region)), size_from(i64::from(bytes))) else {
        return ffi::SQLITE_IOERR_SHMMAP;
    };
    // SAFETY: see above.
    unsafe {
        *out = ptr::null_mut();
        result_code(open_of(file).map_region(region, bytes, extend != 0).map(|memory| {
            *out = memory.cast();
        }))
    }
}

unsafe extern "C" fn x_shm_lock(file: *mut ffi::sqlite3_file, first: c_int, count: c_int, flags: c_int) -> c_int {
    let (Ok(first), Ok(count)) = (size_from(i64::from(first)), size_from(i64::from(count))) else {
        return ffi::SQLITE_IOERR_SHMLOCK;
    };
    // SAFETY: see above.
    unsafe { open_of(file) }.lock_slots(first, count, flags)
}

unsafe extern "C" fn x_shm_barrier(_file: *mut ffi::sqlite3_file) {
    fence(Ordering::SeqCst);
}

unsafe extern "C" fn x_shm_unmap(file: *mut ffi::sqlite3_file, _delete: c_int) -> c_int {
    // SAFETY: see above.
    unsafe { open_of(file) }.unmap();
    ffi::SQLITE_OK
}
