//! Tables, declared once.
//!
//! A table's name, columns, key and class stand in one place, the [`table!`](crate::table!)
//! macro. The typed record, the DDL, the lint and the bulk primitives all come from it.
//! The key is always the first columns; for household tables it begins with `cell`.

use std::sync::Arc;

use basics::{Cell, Currency, Date, Id, Instant};

/// One stored value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// No value.
    Null,
    /// Truth.
    Bool(bool),
    /// A whole number; money is minor units.
    Int(i64),
    /// A 128-bit id.
    Id(Id),
    /// A civil date.
    Date(Date),
    /// A moment.
    Instant(Instant),
    /// Text.
    Text(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
}

/// The values of a row in column order.
pub type Row = Vec<Value>;

/// The first values of a row: its key, or a prefix of it.
pub type Key = Vec<Value>;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Truth.
    Bool,
    /// 64-bit whole number.
    Int,
    /// UUID.
    Id,
    /// Civil date.
    Date,
    /// Moment in microseconds.
    Instant,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it may be empty.
    pub nullable: bool,
}

/// Where a table belongs, which decides what its keys must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Lives in cells: `cell` leads every key and index, and every statement names it.
    Household,
    /// One per institution, no cells.
    Office,
    /// The directory: resident id by keyed hash.
    Directory,
}

/// Where a table's rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Current state, derived from facts; kept in caches.
    State,
    /// Derived from facts, only ever added to, keyed by journal order.
    Log,
    /// Not derived from facts: ciphertext, the journal itself, queues.
    Primary,
}

/// An index beside the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name, unique in the database.
    pub name: &'static str,
    /// Its columns, in order.
    pub columns: &'static [&'static str],
    /// Whether two rows may not share them.
    pub unique: bool,
}

/// A table as declared.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its class.
    pub class: Class,
    /// Where its rows come from.
    pub origin: Origin,
    /// All columns; the key comes first.
    pub columns: &'static [Column],
    /// How many leading columns are the key.
    pub key_len: usize,
    /// Indexes beside the key.
    pub indexes: &'static [Index],
}

impl Table {
    /// The place of a column, by name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }
}

/// A stored row that does not have the shape its table declares: the database was altered by hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a row of table `{table}` cannot be read: column `{column}` holds {found}")]
pub struct RowError {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// What stands there.
    pub found: String,
}

/// A typed row of a declared table.
pub trait Record: Sized {
    /// The declaration.
    fn table() -> &'static Table;
    /// The values in column order.
    fn to_row(&self) -> Row;
    /// Reads the values back.
    fn from_row(row: &[Value]) -> Result<Self, RowError>;
}

/// A Rust type that a column can hold.
pub trait Field: Sized {
    /// The column type.
    const KIND: Kind;
    /// Whether the column may be empty.
    const NULLABLE: bool = false;
    /// To a stored value.
    fn to_value(&self) -> Value;
    /// From a stored value; `None` if it is of another shape.
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! fields {
    ($($type:ty, $kind:ident, |$v:ident| $to:expr, |$s:ident| $from:expr;)*) => {$(
        impl Field for $type {
            const KIND: Kind = Kind::$kind;
            fn to_value(&self) -> Value {
                let $v = self;
                Value::$kind($to)
            }
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::$kind($s) => $from,
                    _ => None,
                }
            }
        }
    )*};
}

fields! {
    bool, Bool, |v| *v, |s| Some(*s);
    i64, Int, |v| *v, |s| Some(*s);
    i32, Int, |v| i64::from(*v), |s| i32::try_from(*s).ok();
    Cell, Int, |v| i64::from(v.0), |s| u16::try_from(*s).ok().map(Cell);
    Id, Id, |v| *v, |s| Some(*s);
    Date, Date, |v| *v, |s| Some(*s);
    Instant, Instant, |v| *v, |s| Some(*s);
    i128, Text, |v| v.to_string().as_str().into(), |s| s.parse().ok();
    String, Text, |v| v.as_str().into(), |s| Some(s.to_string());
    Currency, Text, |v| v.as_str().into(), |s| Currency::parse(s).ok();
    Vec<u8>, Bytes, |v| v.as_slice().into(), |s| Some(s.to_vec());
    Arc<[u8]>, Bytes, |v| v.clone(), |s| Some(s.clone());
}

impl<const N: usize> Field for [u8; N] {
    const KIND: Kind = Kind::Bytes;

    fn to_value(&self) -> Value {
        Value::Bytes(self.as_slice().into())
    }

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => <[u8; N]>::try_from(&bytes[..]).ok(),
            _ => None,
        }
    }
}

impl<T: Field> Field for Option<T> {
    const KIND: Kind = T::KIND;
    const NULLABLE: bool = true;

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

/// An enum stored as text: `text_enum! { /// Doc. pub enum State { Open = "open", Closed = "closed" } }`.
#[macro_export]
macro_rules! text_enum {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// All values, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The stored text.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),* }
            }

            /// Reads the stored text.
            pub fn parse(text: &str) -> Option<$name> {
                match text { $($text => Some($name::$variant),)* _ => None }
            }
        }

        impl $crate::table::Field for $name {
            const KIND: $crate::table::Kind = $crate::table::Kind::Text;
            fn to_value(&self) -> $crate::table::Value {
                $crate::table::Value::Text(self.as_str().into())
            }
            fn from_value(value: &$crate::table::Value) -> Option<Self> {
                match value {
                    $crate::table::Value::Text(text) => $name::parse(text),
                    _ => None,
                }
            }
        }

        basics::cbor::as_text!(
            $name,
            |v: &$name| v.as_str().to_owned(),
            |text: &str| $name::parse(text).ok_or_else(|| format!("`{text}` is no {}", stringify!($name)))
        );
    };
}

/// Declares a table and its typed record in one place.
///
/// ```
/// use basics::{Cell, Id};
/// door::table! {
///     /// A village.
///     pub struct Village = "village" (Household, State, key 2) {
///         /// Its cell.
///         cell: Cell,
///         /// Its id.
///         id: Id,
///         /// Its name.
///         name: String,
///     }
///     index "village_name" ["cell", "name"];
/// }
/// use door::table::Record;
/// assert_eq!(Village::table().columns.len(), 3);
/// ```
#[macro_export]
macro_rules! table {
    ($(#[$doc:meta])* $vis:vis struct $name:ident = $table:literal ($class:ident, $origin:ident, key $key:literal) {
        $($(#[$fdoc:meta])* $field:ident : $type:ty),* $(,)?
    }
    $(index $iname:literal [$($icol:literal),*];)*
    $(unique $uname:literal [$($ucol:literal),*];)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        $vis struct $name { $($(#[$fdoc])* pub $field: $type),* }

        impl $crate::table::Record for $name {
            fn table() -> &'static $crate::table::Table {
                static TABLE: $crate::table::Table = $crate::table::Table {
                    name: $table,
                    class: $crate::table::Class::$class,
                    origin: $crate::table::Origin::$origin,
                    columns: &[$($crate::table::Column {
                        name: stringify!($field),
                        kind: <$type as $crate::table::Field>::KIND,
                        nullable: <$type as $crate::table::Field>::NULLABLE,
                    }),*],
                    key_len: $key,
                    indexes: &[
                        $($crate::table::Index { name: $iname, columns: &[$($icol),*], unique: false },)*
                        $($crate::table::Index { name: $uname, columns: &[$($ucol),*], unique: true },)*
                    ],
                };
                &TABLE
            }

            fn to_row(&self) -> $crate::table::Row {
                vec![$($crate::table::Field::to_value(&self.$field)),*]
            }

            fn from_row(row: &[$crate::table::Value]) -> Result<Self, $crate::table::RowError> {
                let mut values = row.iter();
                Ok($name {
                    $($field: {
                        let value = values.next().unwrap_or(&$crate::table::Value::Null);
                        $crate::table::Field::from_value(value).ok_or_else(|| $crate::table::RowError {
                            table: $table,
                            column: stringify!($field),
                            found: format!("{value:?}").chars().take(60).collect(),
                        })?
                    }),*
                })
            }
        }
    };
}

/// A key from anything a column can hold: `key![cell, household]`.
#[macro_export]
macro_rules! key {
    ($($value:expr),* $(,)?) => { ::std::vec::Vec::from([$($crate::table::Field::to_value(&$value)),*]) };
}
