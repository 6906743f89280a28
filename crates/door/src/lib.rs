//! The one door: queue, batch, slices, overlay, commit, idempotency, journal and audit.
