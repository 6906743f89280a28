//! Double entry: subjects, entries, postings and balances; refuses what does not balance.
