//! Points from which a run that was cut off goes on: the books and keys of a night between two days, and what county and
//! driver remember beside them.
//!
//! A point is a folder `resume-DATE` in the run's folder. It is made whole under another name and renamed, so that whatever
//! is cut off leaves the one before. What the books hold of later days is given up: those days are lived again, and come out
//! the same.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sim::County;

use super::life::Life;
use super::run::{hash_of, write_file};
use crate::config::{self, Place};
use crate::failure::Failure;

/// What the folders of points begin with; the day that is open follows.
const FOLDER: &str = "resume-";
/// The folder of a point that is being made.
const PART: &str = "resume.part";
const ABOUT: &str = "point.toml";
const COUNTY: &str = "county.toml";
const WORLD: &str = "world.cbor";
const DRIVER: &str = "driver.cbor";
const TRUTH: &str = "truth.csv";
const KEYS: &str = "keys";
/// What of the books there is beside the file itself while it is open.
const BESIDE: [&str; 2] = ["-wal", "-shm"];
/// How points are laid out; another number is another program's.
const LAYOUT: u32 = 1;

/// What a run is, so far as going on with it asks for that.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct About {
    /// How the point is laid out.
    pub layout: u32,
    /// The program's version.
    pub version: String,
    /// The line that repeats the run.
    pub repeat: String,
    /// The seed.
    pub seed: u64,
    /// Households.
    pub households: u32,
    /// The first day.
    pub first: String,
    /// The day that is open in the end.
    pub until: String,
    /// Hash of the county file's text, as in `run.toml`.
    pub county: String,
    /// How many days lie between two points.
    pub keep_every: u16,
}

impl About {
    /// Of a run of this program.
    pub fn new(repeat: &str, (seed, households): (u64, u32), (first, until): (basics::Date, basics::Date)) -> About {
        About {
            layout: LAYOUT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            repeat: repeat.to_owned(),
            seed,
            households,
            first: first.to_string(),
            until: until.to_string(),
            county: String::new(),
            keep_every: 0,
        }
    }
}

/// A point that was read.
pub struct Point {
    folder: PathBuf,
    /// The run.
    pub about: About,
    /// Its county.
    pub county: County,
    /// The county's text.
    pub county_text: String,
    /// What the county's people were.
    pub world: Vec<u8>,
    /// What the driver remembered.
    pub driver: Vec<u8>,
    /// The lines of truth so far.
    pub truth: Vec<u8>,
}

/// Keeps a life in the night before its open day, and drops the point before.
pub fn keep(life: &Life, out: &Path, about: &About, county_text: &str) -> Result<(), Failure> {
    let part = out.join(PART);
    if part.exists() {
        fs::remove_dir_all(&part).map_err(|error| Failure::file(&part, "removed", error))?;
    }
    config::make_private_folder(&part)?;
    let about = toml::to_string(about).map_err(|error| Failure::Wrong(error.to_string()))?;
    let texts: [(&str, &[u8]); 4] = [
        (ABOUT, about.as_bytes()),
        (COUNTY, county_text.as_bytes()),
        (WORLD, &life.world.keep()),
        (DRIVER, &life.driver.keep()),
    ];
    for (name, bytes) in texts {
        write_file(&part.join(name), |file| Ok(file.write_all(bytes)?))?;
    }
    write_file(&part.join(TRUTH), |file| life.write_truth(file))?;
    // Nobody writes between two days, so that the file and its log belong together.
    let books = out.join(config::BOOKS_FILE);
    copy(&books, &part.join(config::BOOKS_FILE))?;
    let (log, kept_log) = (beside(&books, BESIDE[0]), beside(&part.join(config::BOOKS_FILE), BESIDE[0]));
    if log.exists() {
        copy(&log, &kept_log)?;
    }
    copy_folder(&out.join(KEYS), &part.join(KEYS))?;
    let folder = out.join(format!("{FOLDER}{}", life.driver.today()));
    let before = points(out)?;
    fs::rename(&part, &folder).map_err(|error| Failure::file(&folder, "written", error))?;
    durable(out)?;
    drop_all(before.into_iter().filter(|point| *point != folder))
}

/// Drops every point of a run that is whole.
pub fn forget(out: &Path) -> Result<(), Failure> {
    drop_all(points(out)?.into_iter().chain(Some(out.join(PART)).filter(|part| part.exists())))
}

/// Whether a run can be gone on with.
pub fn is_there(out: &Path) -> bool {
    points(out).is_ok_and(|points| !points.is_empty())
}

/// The last point of a run that was cut off.
pub fn read(out: &Path) -> Result<Point, Failure> {
    let Some(folder) = points(out)?.pop() else {
        return Err(Failure::Usage(format!(
            "{} has no point to go on from (none was kept yet, or it is no folder of a run that was cut off): run it from \
             its beginning",
            out.display()
        )));
    };
    let bytes = |name: &str| {
        let path = folder.join(name);
        fs::read(&path).map_err(|error| Failure::file(&path, "read", error))
    };
    let text = |name: &str| {
        let wrong = |error| Failure::Unreachable(format!("{}: {error}", folder.join(name).display()));
        String::from_utf8(bytes(name)?).map_err(wrong)
    };
    let wrong = |what: &str| Failure::Unreachable(format!("{}: {what}: run it from its beginning", folder.display()));
    let about: About = toml::from_str(&text(ABOUT)?).map_err(|error| wrong(&error.to_string()))?;
    if (about.layout, about.version.as_str()) != (LAYOUT, env!("CARGO_PKG_VERSION")) {
        return Err(wrong(&format!("it was kept by version {} of the program, and this is another", about.version)));
    }
    let county_text = text(COUNTY)?;
    if hash_of(&county_text) != about.county {
        return Err(wrong(&format!("{COUNTY} is not the county that was lived in")));
    }
    let county = County::parse(COUNTY, &county_text).map_err(|error| wrong(&error.to_string()))?;
    let (world, driver, truth) = (bytes(WORLD)?, bytes(DRIVER)?, bytes(TRUTH)?);
    Ok(Point { about, county, county_text, world, driver, truth, folder })
}

impl Point {
    /// Puts the books and keys of the point in the place of those that were left. Cut off, it can be done again.
    pub fn restore(&self, place: &Place) -> Result<(), Failure> {
        let books = place.data.join(config::BOOKS_FILE);
        for left in BESIDE.iter().map(|end| beside(&books, end)).filter(|left| left.exists()) {
            fs::remove_file(&left).map_err(|error| Failure::file(&left, "removed", error))?;
        }
        let kept = self.folder.join(config::BOOKS_FILE);
        copy(&kept, &books)?;
        let log = beside(&kept, BESIDE[0]);
        if log.exists() {
            copy(&log, &beside(&books, BESIDE[0]))?;
        }
        let keys = place.data.join(KEYS);
        for (path, _) in files(&keys)? {
            fs::remove_file(&path).map_err(|error| Failure::file(&path, "removed", error))?;
        }
        copy_folder(&self.folder.join(KEYS), &keys)
    }
}

/// The points of a folder, the last one last; none where there is no such folder.
fn points(out: &Path) -> Result<Vec<PathBuf>, Failure> {
    let read = match fs::read_dir(out) {
        Ok(read) => read,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::file(out, "read", error)),
    };
    let mut points = Vec::new();
    for entry in read {
        let entry = entry.map_err(|error| Failure::file(out, "read", error))?;
        if entry.file_name().to_string_lossy().starts_with(FOLDER) {
            points.push(entry.path());
        }
    }
    points.sort();
    Ok(points)
}

fn drop_all(points: impl Iterator<Item = PathBuf>) -> Result<(), Failure> {
    for point in points {
        fs::remove_dir_all(&point).map_err(|error| Failure::file(&point, "removed", error))?;
    }
    Ok(())
}

/// A file that SQLite keeps beside another.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let written = fs::copy(from, to).and_then(|_| File::open(to)?.sync_all());
    written.map_err(|error| super::run::not_written(to, error))
}

fn files(folder: &Path) -> Result<Vec<(PathBuf, std::ffi::OsString)>, Failure> {
    let read = |error| Failure::file(folder, "read", error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        let entry = entry.map_err(read)?;
        if entry.file_type().map_err(read)?.is_file() {
            files.push((entry.path(), entry.file_name()));
        }
    }
    Ok(files)
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    if !to.exists() {
        config::make_private_folder(to)?;
    }
    for (path, name) in files(from)? {
        copy(&path, &to.join(name))?;
    }
    Ok(())
}

fn durable(folder: &Path) -> Result<(), Failure> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| Failure::file(folder, "written", error))
}
