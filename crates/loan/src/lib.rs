//! A loan from terms to schedule to closed: pure functions over values.
