//! SQLite and PostgreSQL behind four bulk primitives; migrations, directory and key store.
