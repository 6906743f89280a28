//! Who judges now: the models that two people gave a place, taken from their files when a place changes hands.

use std::sync::{Arc, PoisonError, RwLock};

use crate::assess::Judge;
use crate::promote::{JudgingModel, ModelPlace, in_place};
use crate::scorer::Scorer;

/// Where model files are kept by name. Answers none for a file that is not there or may not judge, and has then said why.
pub type Shelf = Arc<dyn Fn(&str) -> Option<Arc<Scorer>> + Send + Sync>;

/// Models and rules in force.
pub(super) struct Judges {
    /// Rules, and the model that judges until one is promoted.
    start: Judge,
    shelf: Option<Shelf>,
    now: RwLock<Serving>,
}

struct Serving {
    /// Names of champion and challenger in the books.
    wanted: (Option<String>, Option<String>),
    /// Whether the model in force was promoted, and not only named by the settings.
    promoted: bool,
    judge: Arc<Judge>,
}

impl Judges {
    /// Judges by one model until a shelf is given.
    pub(super) fn new(start: Judge) -> Judges {
        let judge = Arc::new(start.clone());
        Judges { start, shelf: None, now: RwLock::new(Serving { wanted: (None, None), promoted: false, judge }) }
    }

    /// Takes promoted models from a shelf.
    pub(super) fn set_shelf(&mut self, shelf: Shelf) {
        self.shelf = Some(shelf);
    }

    /// A model of the shelf.
    pub(super) fn take(&self, name: &str) -> Option<Arc<Scorer>> {
        self.shelf.as_ref().and_then(|shelf| shelf(name))
    }

    /// Who judges by these rows of the books.
    ///
    /// A champion whose file cannot be used does not judge: whoever judged before goes on, after a restart the champion
    /// before it, and without one the model of the settings. A challenger whose file cannot be used is left out.
    pub(super) fn in_force(&self, rows: &[JudgingModel]) -> Arc<Judge> {
        let name = |place| in_place(rows, place).map(|row| row.name.clone());
        let wanted = (name(ModelPlace::Champion), name(ModelPlace::Challenger));
        {
            let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
            if now.wanted == wanted {
                return now.judge.clone();
            }
        }
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        if now.wanted == wanted {
            return now.judge.clone();
        }
        let take = |name: &str| self.take(name);
        let (model, promoted) = match &wanted.0 {
            None => (self.start.model.clone(), false),
            Some(champion) => match take(champion) {
                Some(model) => (Some(model), true),
                None if now.promoted => (now.judge.model.clone(), true),
                None => match predecessor(rows, champion, take) {
                    Some(model) => (Some(model), true),
                    None => (self.start.model.clone(), false),
                },
            },
        };
        let challenger = wanted.1.as_deref().and_then(take);
        let judge = Arc::new(Judge { model, challenger, rules: self.start.rules.clone(), cells: self.start.cells });
        *now = Serving { wanted, promoted, judge };
        now.judge.clone()
    }
}

/// The nearest champion before this one whose file can be used.
fn predecessor(
    rows: &[JudgingModel],
    champion: &str,
    take: impl Fn(&str) -> Option<Arc<Scorer>>,
) -> Option<Arc<Scorer>> {
    let before = |name: &str| rows.iter().find(|row| row.name == name)?.before.clone();
    let mut name = before(champion);
    // A model that came back to its place may close a circle.
    for _ in 0..rows.len() {
        match take(name.as_deref()?) {
            Some(model) => return Some(model),
            None => name = name.as_deref().and_then(before),
        }
    }
    None
}
