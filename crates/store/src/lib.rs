//! SQLite and PostgreSQL behind four bulk primitives; migrations, directory and key store.
//!
//! Only this crate speaks SQL. Tables are declared once with [`door::table!`]; their DDL, the lint
//! that guards it and every statement come from the declaration.

#![warn(missing_docs)]

pub mod cluster;
pub mod ddl;
#[cfg(feature = "fault-vfs")]
pub mod fault_vfs;
pub mod keys;
pub mod lint;
pub mod naive;
mod page;
pub mod postgres;
pub mod schema;
mod shape;
pub mod sqlite;
pub mod statements;

pub use ddl::Dialect;
pub use keys::{KeyError, KeyStore, PersonKey};
pub use postgres::{PostgresBackend, PostgresOptions};
pub use schema::Making;
pub use sqlite::{OpenOptions, SqliteBackend};
