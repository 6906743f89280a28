//! A set of loans: its card, its table, and the outer folds written out for everyone alike.

use std::path::{Path, PathBuf};

use score::frame::{Schema, SchemaSpec, Target};
use score::sample::deal;
use serde_json::Value;

use super::tables;

/// The seed of the outer folds.
const SEED: u64 = 20_260_101;

/// A set with its folds.
pub struct Set {
    pub name: String,
    pub rows: usize,
    pub target: String,
    pub positive: String,
    pub folds: Vec<Fold>,
}

/// One outer fold: files for the training and the test rows, and the truth of the latter.
pub struct Fold {
    pub folder: PathBuf,
    pub bad: Vec<bool>,
}

impl Fold {
    pub fn train(&self) -> PathBuf {
        self.folder.join("train.csv")
    }

    pub fn test(&self) -> PathBuf {
        self.folder.join("test.csv")
    }
}

/// The sets of a folder: those asked for, or all that have a target of two classes in one table.
pub fn names(data: &Path, asked: &[String]) -> Result<Vec<String>, String> {
    if !asked.is_empty() {
        return Ok(asked.to_vec());
    }
    let entries = std::fs::read_dir(data).map_err(|error| format!("{}: {error}", data.display()))?;
    let mut found: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| {
            card(&data.join(name)).is_ok_and(|card| {
                card["target"]["bad_or_positive_value"].is_string()
                    || card["target"]["bad_or_positive_value"].is_number()
            })
        })
        .filter(|name| table_of(&data.join(name)).exists())
        .collect();
    found.sort();
    Ok(found)
}

/// The table of a set: `train.csv.gz`, or `data.csv.gz` where it was not parted.
fn table_of(folder: &Path) -> PathBuf {
    let train = folder.join("train.csv.gz");
    if train.exists() { train } else { folder.join("data.csv.gz") }
}

fn card(folder: &Path) -> Result<Value, String> {
    let path = folder.join("card.json");
    let text = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))
}

impl Set {
    /// Opens a set and writes its folds below `cache`, named by the content of its table.
    pub fn open(folder: &Path, name: &str, cache: &Path) -> Result<Set, String> {
        let card = card(folder)?;
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let (column, positive) = (text(&card["target"]["column"]), text(&card["target"]["bad_or_positive_value"]));
        let path = table_of(folder);
        let table = tables::read(&path)?;
        let told = |error: score::ScoreError| format!("{name}: {error}");
        let target = Target::of(&table, &column, Some(&positive)).map_err(told)?;
        let bad = target.outcomes(&table).map_err(told)?;
        let dropped = card["drop_from_features"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let dropped: Vec<String> = dropped.filter(|d| table.position(d).is_ok()).map(str::to_owned).collect();
        let mut spec = SchemaSpec { left_out: dropped.iter().cloned().collect(), ..SchemaSpec::default() };
        spec.left_out.insert(column.clone());
        let schema = Schema::learn(&table, &spec).map_err(told)?;
        let twins = schema.read(&table).map_err(told)?.0.twin_keys();
        let count = match table.rows() {
            0..2_000 => 10,
            2_000..12_000 => 5,
            _ => 3,
        };
        let fold_of = deal(&bad, &twins, count, SEED);
        let kept: Vec<usize> = (0..table.names().len()).filter(|at| !dropped.contains(&table.names()[*at])).collect();
        let home = cache.join(format!("{name}-{:016x}", tables::digest(&table)));
        let mut folds = Vec::new();
        for fold in 0..count {
            let rows =
                |held: bool| (0..table.rows()).filter(|row| (fold_of[*row] == fold) == held).collect::<Vec<usize>>();
            let found =
                Fold { folder: home.join(fold.to_string()), bad: rows(true).iter().map(|row| bad[*row]).collect() };
            tables::write(&found.train(), &tables::csv(&table, &kept, &rows(false)))?;
            tables::write(&found.test(), &tables::csv(&table, &kept, &rows(true)))?;
            folds.push(found);
        }
        Ok(Set { name: name.to_owned(), rows: table.rows(), target: column, positive, folds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    #[test]
    fn folds_part_the_rows_and_leave_out_what_tells_the_outcome() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("made-up");
        std::fs::create_dir(&folder).unwrap();
        let mut text = "id,x,note,bad\n".to_owned();
        for i in 0..100 {
            text += &format!("{i},{},\"a, b\",{}\n", i / 2, u8::from(i / 2 % 5 == 0));
        }
        let mut packed = GzEncoder::new(File::create(folder.join("train.csv.gz")).unwrap(), Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        packed.finish().unwrap();
        let card = r#"{"target": {"column": "bad", "bad_or_positive_value": 1}, "drop_from_features": ["id"]}"#;
        std::fs::write(folder.join("card.json"), card).unwrap();

        assert_eq!(names(home.path(), &[]).unwrap(), ["made-up"]);
        let set = Set::open(&folder, "made-up", &home.path().join("cache")).unwrap();
        assert_eq!((set.folds.len(), set.rows, set.positive.as_str()), (10, 100, "1"));
        let mut seen = 0;
        for fold in &set.folds {
            let test = std::fs::read_to_string(fold.test()).unwrap();
            let train = std::fs::read_to_string(fold.train()).unwrap();
            assert!(test.starts_with("x,note,bad\n") && test.contains("\"a, b\""));
            // Twins are on one side.
            assert!(test.lines().skip(1).all(|line| !train.lines().any(|other| other == line)));
            seen += fold.bad.len();
            let written = test.lines().skip(1).map(|line| line.ends_with('1'));
            assert!(written.eq(fold.bad.iter().copied()));
        }
        assert_eq!(seen, 100);
        std::fs::write(folder.join("card.json"), "{}").unwrap();
        assert!(Set::open(&folder, "made-up", home.path()).is_err());
    }
}
