//! Which model judges: put forward by one person, approved by another, a fact of the office's journal.
//!
//! The books hold the name of the model's file, which is the hash of its content, and who judged before it; the file
//! itself is kept by that name beside the books. There is one champion, and at most one challenger, which is asked beside
//! it and never heeded.

use basics::{Cell, Date, Instant};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Stamp, key};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::books::check_text;
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;

door::text_enum! {
    /// What a model does.
    pub enum ModelPlace {
        /// It judges 冠军模型.
        Champion = "champion",
        /// It is asked beside the champion, and never heeded 挑战模型.
        Challenger = "challenger",
        /// It did one of these, and does not any more.
        Retired = "retired",
    }
}

door::table! {
    /// A model that two people gave a place. Lives in the office's cell.
    pub struct JudgingModel = "judging_model" (Household, State, key 2) {
        /// The office.
        cell: Cell,
        /// SHA-256 of its file, hex.
        name: String,
        /// What it does now.
        place: ModelPlace,
        /// `scorecard` or `portfolio`.
        kind: String,
        /// The day it came to this place.
        since: Date,
        /// The instant it came to this place: what orders changes of one day.
        since_at: Instant,
        /// The champion that it took the place of, if it was ever made champion.
        before: Option<String>,
        /// Why it has this place.
        reason: String,
    }
}

/// Give a model a place.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct PromoteModel {
    /// SHA-256 of its file.
    #[n(0)]
    pub model: ByteVec,
    /// The place; retired takes the one it has away.
    #[n(1)]
    pub place: ModelPlace,
    /// `scorecard` or `portfolio`.
    #[n(2)]
    pub kind: String,
    /// Why: what it was compared with, and who looked at it.
    #[n(3)]
    pub reason: String,
}

/// A model came to a place.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ModelPromoted {
    /// SHA-256 of its file.
    #[n(0)]
    pub model: ByteVec,
    /// The place.
    #[n(1)]
    pub place: ModelPlace,
    /// `scorecard` or `portfolio`.
    #[n(2)]
    pub kind: String,
    /// Why.
    #[n(3)]
    pub reason: String,
}

impl PromoteModel {
    /// The model's name, hex.
    pub fn name(&self) -> String {
        hex(&self.model)
    }
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a model's name; none if it is no SHA-256 in hexadecimal digits.
pub fn name_bytes(name: &str) -> Option<Vec<u8>> {
    let digits = name.as_bytes();
    if digits.len() != 64 || !digits.iter().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(digit)) {
        return None;
    }
    digits.chunks(2).map(|pair| std::str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok())).collect()
}

/// The model in a place, of all rows.
pub fn in_place(rows: &[JudgingModel], place: ModelPlace) -> Option<&JudgingModel> {
    rows.iter().find(|row| row.place == place)
}

impl Tianxin {
    pub(crate) fn needs_models(&self, needs: &mut Needs) {
        // A handful a year: all of them.
        needs.rows::<JudgingModel>(key![Cell::OFFICE]);
    }

    pub(crate) fn promote_model(&self, slice: &Overlay, command: &PromoteModel, _: &Context) -> Decided<Tianxin> {
        check_text("the reason", &command.reason, 300)?;
        if command.model.len() != 32 {
            return Err(Refusal::new("bad_model_name", "a model is named by the SHA-256 of its file").into());
        }
        if !["scorecard", "portfolio"].contains(&command.kind.as_str()) {
            return Err(Refusal::new("bad_model_kind", "a model is a scorecard or a portfolio").into());
        }
        let name = command.name();
        let rows = slice.range::<JudgingModel>(&key![Cell::OFFICE])?;
        let now = rows.iter().find(|row| row.name == name).map(|row| row.place);
        let refused = match (now, command.place) {
            (Some(ModelPlace::Champion), ModelPlace::Challenger) => {
                Some("the model is the champion: it cannot be its own challenger")
            }
            (Some(place), wanted) if place == wanted => Some("the model has this place already"),
            (None, ModelPlace::Retired) => Some("the model has no place that could be taken away"),
            _ => None,
        };
        if let Some(why) = refused {
            return Err(Refusal::new("model_in_place", why).into());
        }
        let fact = Fact::ModelPromoted(ModelPromoted {
            model: command.model.clone(),
            place: command.place,
            kind: command.kind.clone(),
            reason: command.reason.clone(),
        });
        Ok(Change::new(Outcome::Done, vec![fact]))
    }
}

/// Turns a promotion into rows: who had the place is retired.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, promoted: &ModelPromoted) -> Result<(), Fault> {
    let cell = stamp.cell;
    let name = hex(&promoted.model);
    let rows = books.range::<JudgingModel>(&key![cell])?;
    let own = rows.iter().find(|row| row.name == name);
    let mut before = own.and_then(|row| row.before.clone());
    if promoted.place != ModelPlace::Retired
        && let Some(other) = in_place(&rows, promoted.place).filter(|row| row.name != name)
    {
        if promoted.place == ModelPlace::Champion {
            before = Some(other.name.clone());
        }
        books.put(&JudgingModel {
            place: ModelPlace::Retired,
            since: stamp.booking_date,
            since_at: stamp.at,
            ..other.clone()
        });
    }
    books.put(&JudgingModel {
        cell,
        name,
        place: promoted.place,
        kind: promoted.kind.clone(),
        since: stamp.booking_date,
        since_at: stamp.at,
        before,
        reason: promoted.reason.clone(),
    });
    Ok(())
}
