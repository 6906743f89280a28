//! Whole-village credit 整村授信: a campaign for one village, from its roll of households to limits that two people approved.
//!
//! The campaign lives in the office's cell. Households of the village are listed; who is on the negative list is told with its
//! source; people of the village appraise the others apart from each other (背靠背评议), and see neither score nor each other's
//! word; the least of appraisal, model and rules, and what the campaign gives is the preliminary limit; the list is published
//! and objections are heard; two people decide. Each household then gets its preliminary limit in its own cell
//! ([`crate::preliminary`]), once. Nothing can be drawn until two members of staff have had it signed.

mod rows;

use basics::{Cell, Id, Money};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Stop, key};
use minicbor::{Decode, Encode};
use policy::village::{Bounds, Mark, RATERS_MIN, appraise, preliminary};

use crate::books::{check_amount, check_text};
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;

pub(crate) use rows::apply;
pub use rows::{
    CampaignState, Objection, ObjectionVerdict, RollState, VillageCampaign, VillageMark, VillageObjection,
    VillageRater, VillageRoll,
};

/// Households of one step at most.
pub const STEP_MAX: usize = 500;
/// Households of a campaign at most.
pub const ROLL_MAX: i64 = 5_000;
/// People of the village who appraise, at most.
const RATERS_MAX: usize = 50;
/// Households of kin that one of them may name.
const KIN_MAX: usize = 50;
/// Days of publication, at least and at most.
const OBJECTION_DAYS: std::ops::RangeInclusive<u16> = 3..=60;
/// Days within which a preliminary limit may be signed, at most.
const SIGN_DAYS_MAX: u16 = 365;
/// Objections to one household's limit.
const OBJECTIONS_MAX: usize = 50;

/// Begin a campaign.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct OpenVillage {
    /// The campaign, made by the caller.
    #[n(0)]
    pub campaign: Id,
    /// The village, as households have it.
    #[n(1)]
    pub village: String,
    /// The product whose rules and bounds the limits keep to.
    #[n(2)]
    pub product: String,
    /// Most for any household.
    #[n(3)]
    pub most: Money,
    /// Most for a household of which too little is known for a score.
    #[n(4)]
    pub unknown_most: Money,
    /// How many people of the village must be heard on a household; at least three.
    #[n(5)]
    pub raters_min: u16,
    /// For how many days the list is published, from the day after.
    #[n(6)]
    pub objection_days: u16,
    /// Within how many days of the grant a household has to sign.
    #[n(7)]
    pub sign_days: u16,
}

/// A campaign as it was begun.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct VillageOpened {
    /// As it was asked for.
    #[n(0)]
    pub asked: OpenVillage,
    /// The least that the product lends, in minor units.
    #[n(1)]
    pub least_minor: i64,
    /// The multiples in which it lends, in minor units.
    #[n(2)]
    pub step_minor: i64,
}

/// Go on with a campaign.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct WorkVillage {
    /// The campaign.
    #[n(0)]
    pub campaign: Id,
    /// What is done.
    #[n(1)]
    pub step: VillageStep,
}

/// A step of a campaign.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum VillageStep {
    /// Put households on the roll; those that are on it stay as they are.
    #[n(0)]
    List {
        /// The households, at most [`STEP_MAX`].
        #[n(0)]
        households: Vec<Id>,
    },
    /// Put a household on the negative list: it gets nothing in this campaign.
    #[n(1)]
    Exclude {
        /// The household.
        #[n(0)]
        household: Id,
        /// Why, in the words of the list.
        #[n(1)]
        ground: String,
        /// Where that is known from: a list, a letter, a person in charge.
        #[n(2)]
        source: String,
    },
    /// Take a household off the negative list.
    #[n(2)]
    Readmit {
        /// The household.
        #[n(0)]
        household: Id,
        /// Why.
        #[n(1)]
        reason: String,
    },
    /// Name a person of the village who appraises, or correct whom it may not be heard on.
    #[n(3)]
    NameRater {
        /// The person.
        #[n(0)]
        rater: Id,
        /// Its own household, where that is enrolled.
        #[n(1)]
        household: Option<Id>,
        /// Households of its kin.
        #[n(2)]
        kin: Vec<Id>,
    },
    /// Hand in what one person said: its sheet, or a part of it. What it says again of a household takes the place of the first.
    #[n(4)]
    Mark {
        /// The person.
        #[n(0)]
        rater: Id,
        /// Households and what each could carry, in minor units; at most [`STEP_MAX`].
        #[n(1)]
        marks: Vec<(Id, i64)>,
    },
    /// Work limits out. Sent by the platform, which has looked at the profiles. From the first on nobody appraises any more.
    #[n(5)]
    Limits {
        /// What model and rules say of each household, at most [`STEP_MAX`].
        #[n(0)]
        seen: Vec<ProfileSeen>,
    },
    /// Publish the list.
    #[n(6)]
    Publish,
    /// Take an objection to a household's place on the list.
    #[n(7)]
    Object {
        /// The household.
        #[n(0)]
        household: Id,
        /// What is said. Who says it is kept on paper, apart.
        #[n(1)]
        text: String,
    },
    /// Answer an objection.
    #[n(8)]
    Answer {
        /// The household.
        #[n(0)]
        household: Id,
        /// The objection.
        #[n(1)]
        objection: Id,
        /// Whether it is right: then the household gets nothing in this campaign.
        #[n(2)]
        verdict: ObjectionVerdict,
        /// Why.
        #[n(3)]
        reason: String,
    },
    /// Approve the campaign or drop it.
    #[n(9)]
    Decide {
        /// Which.
        #[n(0)]
        verdict: CampaignVerdict,
        /// Why.
        #[n(1)]
        reason: String,
    },
}

/// What two people say of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum CampaignVerdict {
    /// Its limits are granted.
    #[n(0)]
    Approve,
    /// Nothing comes of it.
    #[n(1)]
    Drop,
}

/// What model and rules say of a household.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ProfileSeen {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// What they would let it have, in minor units; 0 where they decline, none where too little is known of it.
    #[n(1)]
    pub profile_minor: Option<i64>,
    /// Codes of their reasons.
    #[n(2)]
    pub reasons: Vec<String>,
    /// The profile's version that was read.
    #[n(3)]
    pub profile_version: i64,
    /// Hash of the model; empty where none spoke.
    #[n(4)]
    pub model: String,
    /// Hash of the rules.
    #[n(5)]
    pub rules: String,
}

/// Preliminary limits as they were worked out.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct VillageLimits {
    /// The campaign.
    #[n(0)]
    pub campaign: Id,
    /// The limits.
    #[n(1)]
    pub limits: Vec<VillageLimit>,
}

/// The preliminary limit of a household.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct VillageLimit {
    /// What model and rules say.
    #[n(0)]
    pub seen: ProfileSeen,
    /// What the village says, in minor units; none where too few could be heard.
    #[n(1)]
    pub appraised_minor: Option<i64>,
    /// How many were heard.
    #[n(2)]
    pub heard: u32,
    /// How many spoke and were not heard.
    #[n(3)]
    pub recused: u32,
    /// Who was far from the others.
    #[n(4)]
    pub outliers: Vec<Id>,
    /// The limit, in minor units.
    #[n(5)]
    pub limit_minor: i64,
    /// What made it so.
    #[n(6)]
    pub bound_by: String,
}

impl WorkVillage {
    /// The act's name in the permission table.
    pub const fn act(&self) -> &'static str {
        match self.step {
            VillageStep::List { .. } | VillageStep::NameRater { .. } => "prepare_village",
            VillageStep::Exclude { .. } | VillageStep::Readmit { .. } => "keep_negative_list",
            VillageStep::Mark { .. } => "hand_in_appraisal",
            VillageStep::Limits { .. } => "work_out_village",
            VillageStep::Publish => "publish_village",
            VillageStep::Object { .. } => "object_in_village",
            VillageStep::Answer { .. } => "answer_objection",
            VillageStep::Decide { .. } => "decide_village",
        }
    }

    /// The households whose places on the roll it looks at.
    fn households(&self) -> Vec<Id> {
        match &self.step {
            VillageStep::List { households } => households.clone(),
            VillageStep::Mark { marks, .. } => marks.iter().map(|(household, _)| *household).collect(),
            VillageStep::Limits { seen } => seen.iter().map(|seen| seen.household).collect(),
            VillageStep::Exclude { household, .. }
            | VillageStep::Readmit { household, .. }
            | VillageStep::Object { household, .. }
            | VillageStep::Answer { household, .. } => vec![*household],
            VillageStep::NameRater { .. } | VillageStep::Publish | VillageStep::Decide { .. } => Vec::new(),
        }
    }
}

fn refuse<T>(code: &'static str, message: impl Into<String>) -> Result<T, Stop> {
    Err(Refusal::new(code, message).into())
}

/// Refuses a step that comes too early or too late.
fn in_state(row: &VillageCampaign, states: &[CampaignState]) -> Result<(), Stop> {
    if states.contains(&row.state) {
        return Ok(());
    }
    let names: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    refuse(
        "village_state",
        format!("the campaign is {}, and this is done while it is {}", row.state.as_str(), names.join(" or ")),
    )
}

impl Tianxin {
    pub(crate) fn needs_open_village(&self, command: &OpenVillage, needs: &mut Needs) {
        needs.rows::<VillageCampaign>(key![Cell::OFFICE, command.campaign]);
    }

    pub(crate) fn open_village(&self, slice: &Overlay, command: &OpenVillage, context: &Context) -> Decided<Tianxin> {
        check_text("the village", &command.village, 80)?;
        let product = self.product_on(&command.product, context.open_date)?;
        let currency = self.institution.currency;
        let most = check_amount(command.most, currency)?;
        if command.unknown_most.currency() != currency || !(0..=most).contains(&command.unknown_most.minor()) {
            return refuse(
                "bad_village_terms",
                "the most for who is little known is 0 or more, and no more than the most for all",
            );
        }
        if most > product.amount_max_fen {
            let of = Money::new(product.amount_max_fen, currency);
            return refuse(
                "bad_village_terms",
                format!("{} lends no more than {of}: give no more to a household", product.code),
            );
        }
        if usize::from(command.raters_min) < RATERS_MIN || usize::from(command.raters_min) > RATERS_MAX {
            return refuse(
                "bad_village_terms",
                format!("{RATERS_MIN} to {RATERS_MAX} people of the village have to be heard"),
            );
        }
        if !OBJECTION_DAYS.contains(&command.objection_days) {
            let (from, to) = (OBJECTION_DAYS.start(), OBJECTION_DAYS.end());
            return refuse("bad_village_terms", format!("a list is published for {from} to {to} days"));
        }
        if command.sign_days == 0 || command.sign_days > SIGN_DAYS_MAX {
            return refuse("bad_village_terms", format!("a household signs within 1 to {SIGN_DAYS_MAX} days"));
        }
        if slice.get::<VillageCampaign>(&key![Cell::OFFICE, command.campaign])?.is_some() {
            return refuse("village_exists", "a campaign with this id exists: use a new id");
        }
        let (least_minor, step_minor) = (product.amount_min_fen, product.amount_multiple_fen);
        let opened = VillageOpened { asked: command.clone(), least_minor, step_minor };
        Ok(Change::new(Outcome::Done, vec![Fact::VillageOpened(opened)]))
    }

    pub(crate) fn needs_work_village(&self, command: &WorkVillage, needs: &mut Needs) {
        let (office, campaign) = (Cell::OFFICE, command.campaign);
        needs.rows::<VillageCampaign>(key![office, campaign]);
        for household in command.households() {
            needs.rows::<VillageRoll>(key![office, campaign, household]);
        }
        match &command.step {
            VillageStep::NameRater { .. } | VillageStep::Mark { .. } => {
                needs.rows::<VillageRater>(key![office, campaign])
            }
            VillageStep::Limits { seen } => {
                needs.rows::<VillageRater>(key![office, campaign]);
                for seen in seen {
                    needs.rows::<VillageMark>(key![office, campaign, seen.household]);
                }
            }
            VillageStep::Object { household, .. } | VillageStep::Answer { household, .. } => {
                needs.rows::<VillageObjection>(key![office, campaign, *household]);
            }
            _ => {}
        }
    }

    pub(crate) fn work_village(&self, slice: &Overlay, command: &WorkVillage, context: &Context) -> Decided<Tianxin> {
        let row = slice.get::<VillageCampaign>(&key![Cell::OFFICE, command.campaign])?.ok_or_else(|| {
            Refusal::new("unknown_village", "there is no such campaign: look at the list of campaigns")
        })?;
        if command.households().len() > STEP_MAX {
            return refuse(
                "too_many_households",
                format!("at most {STEP_MAX} households at once: hand it in in parts"),
            );
        }
        use CampaignState::{Open, Published, WorkedOut};
        match &command.step {
            VillageStep::List { households } => {
                in_state(&row, &[Open])?;
                return list(slice, &row, households);
            }
            VillageStep::NameRater { rater, household, kin } => {
                in_state(&row, &[Open])?;
                check_rater(slice, &row, *rater, *household, kin)?;
            }
            VillageStep::Exclude { household, ground, source } => {
                in_state(&row, &[Open, WorkedOut, Published])?;
                check_text("the ground", ground, 200)?;
                check_text("the source", source, 200)?;
                if on_roll(slice, &row, *household)?.state == RollState::Negative {
                    return refuse("on_negative_list", "the household is on the negative list already");
                }
            }
            VillageStep::Readmit { household, reason } => {
                // Once limits are worked out it has none, and its place would never be filled.
                in_state(&row, &[Open])?;
                check_text("the reason", reason, 200)?;
                if on_roll(slice, &row, *household)?.state == RollState::Listed {
                    return refuse("not_on_negative_list", "the household is not on the negative list");
                }
            }
            VillageStep::Mark { rater, marks } => {
                in_state(&row, &[Open])?;
                check_marks(slice, &row, *rater, marks)?;
            }
            VillageStep::Limits { seen } => {
                in_state(&row, &[Open, WorkedOut])?;
                return limits(slice, &row, seen);
            }
            VillageStep::Publish => {
                in_state(&row, &[WorkedOut])?;
                let without = row.listed - row.with_limit;
                if without > 0 {
                    return refuse(
                        "limits_missing",
                        format!("{without} households have no limit yet: work them out first"),
                    );
                }
            }
            VillageStep::Object { household, text } => {
                in_state(&row, &[Published])?;
                check_text("the objection", text, 500)?;
                if row.objections_until.is_some_and(|until| context.open_date > until) {
                    return refuse("objections_closed", "the days for objections are over: tell the office in writing");
                }
                if on_roll(slice, &row, *household)?.state == RollState::Negative {
                    return refuse(
                        "on_negative_list",
                        "the household is not on the list: it gets nothing in this campaign",
                    );
                }
                let others = slice.range::<VillageObjection>(&key![Cell::OFFICE, row.id, *household])?;
                if others.len() >= OBJECTIONS_MAX {
                    return refuse(
                        "too_many_objections",
                        format!("there are {OBJECTIONS_MAX} objections already: answer them first"),
                    );
                }
            }
            VillageStep::Answer { household, objection, reason, .. } => {
                in_state(&row, &[Published])?;
                check_text("the reason", reason, 500)?;
                let told = slice.get::<VillageObjection>(&key![Cell::OFFICE, row.id, *household, *objection])?;
                let told = told.ok_or_else(|| Refusal::new("unknown_objection", "there is no such objection"))?;
                if told.state != Objection::Open {
                    return refuse("objection_answered", "the objection is answered already");
                }
            }
            VillageStep::Decide { verdict, reason } => {
                check_text("the reason", reason, 500)?;
                check_decision(&row, *verdict, context)?;
            }
        }
        Ok(Change::new(Outcome::Done, vec![Fact::VillageWorked(command.clone())]))
    }
}

/// A household's place on the roll; refused where it has none.
fn on_roll(slice: &Overlay, row: &VillageCampaign, household: Id) -> Result<VillageRoll, Stop> {
    slice.get::<VillageRoll>(&key![Cell::OFFICE, row.id, household])?.ok_or_else(|| {
        let message = format!("household {household} is not on the roll of this campaign: list it first");
        Refusal::new("not_on_roll", message).into()
    })
}

fn list(slice: &Overlay, row: &VillageCampaign, households: &[Id]) -> Decided<Tianxin> {
    let mut new = Vec::new();
    for household in households {
        let known = slice.get::<VillageRoll>(&key![Cell::OFFICE, row.id, *household])?.is_some();
        if !known && !new.contains(household) {
            new.push(*household);
        }
    }
    if row.households + new.len() as i64 > ROLL_MAX {
        return refuse(
            "too_many_households",
            format!("a campaign has at most {ROLL_MAX} households: make one a hamlet"),
        );
    }
    let step = VillageStep::List { households: new };
    Ok(Change::new(Outcome::Done, vec![Fact::VillageWorked(WorkVillage { campaign: row.id, step })]))
}

fn check_rater(slice: &Overlay, row: &VillageCampaign, rater: Id, own: Option<Id>, kin: &[Id]) -> Result<(), Stop> {
    if kin.len() > KIN_MAX {
        return refuse("bad_rater", format!("name at most {KIN_MAX} households of kin: who has more is no help here"));
    }
    let others = slice.range::<VillageRater>(&key![Cell::OFFICE, row.id])?;
    let others: Vec<&VillageRater> = others.iter().filter(|other| other.rater != rater).collect();
    if others.len() >= RATERS_MAX {
        return refuse("bad_rater", format!("{RATERS_MAX} people appraise already"));
    }
    if own.is_some() && others.iter().any(|other| other.household == own) {
        return refuse(
            "bad_rater",
            "somebody of that household appraises already: who appraises is independent of the others",
        );
    }
    Ok(())
}

fn check_marks(slice: &Overlay, row: &VillageCampaign, rater: Id, marks: &[(Id, i64)]) -> Result<(), Stop> {
    let who = slice.get::<VillageRater>(&key![Cell::OFFICE, row.id, rater])?;
    let who =
        who.ok_or_else(|| Refusal::new("unknown_rater", "nobody of that id appraises here: name the person first"))?;
    if marks.is_empty() {
        return refuse("bad_mark", "the sheet is empty");
    }
    let most = Money::new(row.most_minor, row.currency);
    for (household, amount_minor) in marks {
        if on_roll(slice, row, *household)?.state == RollState::Negative {
            return refuse(
                "on_negative_list",
                format!("household {household} is on the negative list and is not appraised"),
            );
        }
        if who.is_recused(*household) {
            let message =
                format!("who appraises may not be heard on household {household}: it is the own one, or kin's");
            return refuse("rater_recused", message);
        }
        if !(0..=row.most_minor).contains(amount_minor) {
            return refuse("bad_mark", format!("a mark is 0.00 to {most}, the most of this campaign"));
        }
    }
    Ok(())
}

/// Joins what the village says with what model and rules say. The rows decide; nothing of the sum comes from outside.
fn limits(slice: &Overlay, row: &VillageCampaign, seen: &[ProfileSeen]) -> Decided<Tianxin> {
    let raters = slice.range::<VillageRater>(&key![Cell::OFFICE, row.id])?;
    let mut found: Vec<VillageLimit> = Vec::new();
    for seen in seen {
        let place = on_roll(slice, row, seen.household)?;
        let twice = found.iter().any(|limit| limit.seen.household == seen.household);
        if place.limit_minor.is_some() || place.state == RollState::Negative || twice {
            continue;
        }
        let said = slice.range::<VillageMark>(&key![Cell::OFFICE, row.id, seen.household])?;
        let marks: Vec<Mark> = said.iter().map(|mark| heard(&raters, mark)).collect();
        let appraised = appraise(&marks, usize::try_from(row.raters_min).unwrap_or(RATERS_MIN));
        let (limit_minor, bound_by) = preliminary(&Bounds {
            appraised_minor: appraised.as_ref().map(|said| said.amount_minor),
            profile_minor: seen.profile_minor,
            most_minor: row.most_minor,
            unknown_most_minor: row.unknown_most_minor,
            least_minor: row.least_minor,
            step_minor: row.step_minor,
        });
        let recused = marks.iter().filter(|mark| mark.recused).count();
        found.push(VillageLimit {
            seen: seen.clone(),
            appraised_minor: appraised.as_ref().map(|said| said.amount_minor),
            heard: (marks.len() - recused) as u32,
            recused: recused as u32,
            outliers: appraised.map(|said| said.outliers).unwrap_or_default(),
            limit_minor,
            bound_by: bound_by.as_str().to_owned(),
        });
    }
    Ok(Change::new(Outcome::Done, vec![Fact::VillageLimits(VillageLimits { campaign: row.id, limits: found })]))
}

/// What somebody said, and whether it may be heard: a tie may have been told after the sheet came in.
fn heard(raters: &[VillageRater], mark: &VillageMark) -> Mark {
    let rater = raters.iter().find(|rater| rater.rater == mark.rater);
    let recused = rater.is_none_or(|rater| rater.is_recused(mark.household));
    Mark { rater: mark.rater, amount_minor: mark.amount_minor, recused }
}

fn check_decision(row: &VillageCampaign, verdict: CampaignVerdict, context: &Context) -> Result<(), Stop> {
    use CampaignState::{Open, Published, WorkedOut};
    if verdict == CampaignVerdict::Drop {
        return in_state(row, &[Open, WorkedOut, Published]);
    }
    in_state(row, &[Published])?;
    if row.open_objections > 0 {
        return refuse("objections_open", format!("{} objections are not answered yet", row.open_objections));
    }
    match row.objections_until {
        Some(until) if context.open_date > until => Ok(()),
        until => {
            let until = until.map(|day| day.to_string()).unwrap_or_default();
            refuse("still_published", format!("the list is published until {until}: decide on a later day"))
        }
    }
}
