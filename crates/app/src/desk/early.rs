//! Early warning at the desk: a look at all loans that is made beside the requests and shown until the next one is.

use std::sync::{Arc, Mutex, PoisonError};

use basics::{Cell, Instant};
use watch::early::Model;

use super::{Desk, DeskError};
use crate::early::{AHEAD_DAYS, EarlyView, view};

/// Looks back at most, so that a large book is judged by a draw of its households.
const LOOKS_MAX: usize = 6_000;
/// Seconds after which the books are looked at again on the same day.
const AGAIN_SECONDS: i64 = 3_600;

#[derive(Default)]
pub(super) struct Early(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Its points; those of the platform if none were given.
    model: Option<Model>,
    seen: Option<Arc<EarlyView>>,
}

impl Desk {
    /// The same desk, whose early warnings go by the institution's own points.
    #[must_use]
    pub fn warning_by(self, model: Model) -> Desk {
        self.early.0.lock().unwrap_or_else(PoisonError::into_inner).model = Some(model);
        self
    }

    /// The last look at the instalments to come; none while the first one since the start is being made.
    pub fn early(&self) -> Option<Arc<EarlyView>> {
        self.early.0.lock().unwrap_or_else(PoisonError::into_inner).seen.clone()
    }

    /// Looks at the instalments to come anew, where the last look is of another day or an hour old. Whether it did.
    ///
    /// Meant to be called beside the requests: it reads all loans, and opens the profile of each household with an instalment to come.
    pub fn look_ahead(&self, at: Instant) -> Result<bool, DeskError> {
        let day = self.open_date(Cell(1))?;
        let (model, seen) = {
            let inner = self.early.0.lock().unwrap_or_else(PoisonError::into_inner);
            (inner.model.clone(), inner.seen.clone())
        };
        if seen.is_some_and(|seen| seen.as_of == day && at < seen.made_at.add_seconds(AGAIN_SECONDS)) {
            return Ok(false);
        }
        let usual = || Model::usual().map_err(|error| DeskError::Damaged(error.to_string()));
        let model = model.map_or_else(usual, Ok)?;
        let backend = self.engine.backend();
        let mut reader = backend.connect()?;
        let place = (backend.cells(), self.house().institution.zone_minutes);
        let made = view(reader.as_mut(), self.vault.as_ref(), place, &model, (at, AHEAD_DAYS, LOOKS_MAX))?;
        self.early.0.lock().unwrap_or_else(PoisonError::into_inner).seen = Some(Arc::new(made));
        Ok(true)
    }
}
