//! A village campaign as rows of the office: the campaign, its roll, who appraises, what they said, objections.

use basics::{Cell, Currency, Date, Id};
use door::overlay::{Fault, Overlay};
use door::{Stamp, key};

use super::{CampaignVerdict, VillageLimits, VillageOpened, VillageStep, WorkVillage};
use crate::fact::Fact;

door::text_enum! {
    /// Where a campaign stands.
    pub enum CampaignState {
        /// Households are listed and appraised 建档评议中.
        Open = "open",
        /// Limits are worked out; nobody appraises any more 已测算.
        WorkedOut = "worked_out",
        /// The list is published 公示中.
        Published = "published",
        /// Two people approved it 已批准.
        Approved = "approved",
        /// Nothing comes of it 已终止.
        Dropped = "dropped",
    }
}

door::text_enum! {
    /// Where a household of the roll stands.
    pub enum RollState {
        /// It takes part.
        Listed = "listed",
        /// It is on the negative list 负面清单.
        Negative = "negative",
    }
}

door::text_enum! {
    /// Where an objection stands.
    pub enum Objection {
        /// Nobody has answered it.
        Open = "open",
        /// It was right: the household gets nothing 成立.
        Upheld = "upheld",
        /// It was not 不成立.
        Dismissed = "dismissed",
    }
}

door::text_enum! {
    /// What is said to an objection.
    pub enum ObjectionVerdict {
        /// It is right.
        Upheld = "upheld",
        /// It is not.
        Dismissed = "dismissed",
    }
}

door::table! {
    /// A village campaign. Lives in the office's cell, as all its rows do.
    pub struct VillageCampaign = "village_campaign" (Household, State, key 2) {
        /// The office.
        cell: Cell,
        /// The campaign.
        id: Id,
        /// Where it stands.
        state: CampaignState,
        /// The village, as households have it.
        village: String,
        /// The product whose bounds the limits keep to.
        product: String,
        /// The currency.
        currency: Currency,
        /// Most for any household, in minor units.
        most_minor: i64,
        /// Most for a household of which too little is known, in minor units.
        unknown_most_minor: i64,
        /// Least that the product lends, in minor units.
        least_minor: i64,
        /// Limits are multiples of this, in minor units.
        step_minor: i64,
        /// How many people have to be heard on a household.
        raters_min: i64,
        /// For how many days the list is published.
        objection_days: i64,
        /// Within how many days of its grant a household has to sign.
        sign_days: i64,
        /// Households on the roll.
        households: i64,
        /// Those of them that are not on the negative list.
        listed: i64,
        /// Those of these that have a limit, be it nothing.
        with_limit: i64,
        /// Objections that nobody has answered.
        open_objections: i64,
        /// The day it began.
        opened_on: Date,
        /// The day its list was published.
        published_on: Option<Date>,
        /// The last day for objections.
        objections_until: Option<Date>,
        /// The day it was decided.
        decided_on: Option<Date>,
        /// Why it was decided so.
        reason: Option<String>,
    }
}

door::table! {
    /// A household on the roll of a campaign.
    pub struct VillageRoll = "village_roll" (Household, State, key 3) {
        /// The office.
        cell: Cell,
        /// The campaign.
        campaign: Id,
        /// The household.
        household: Id,
        /// Where it stands.
        state: RollState,
        /// Why it is on the negative list, or was taken off it.
        ground: Option<String>,
        /// Where that is known from.
        source: Option<String>,
        /// What the village says, in minor units; none where too few were heard, or it is not worked out.
        appraised_minor: Option<i64>,
        /// How many were heard.
        heard: i64,
        /// How many spoke and were not heard.
        recused: i64,
        /// Who was far from the others, a space between.
        outliers: String,
        /// What model and rules would let it have, in minor units; none where too little is known of it.
        profile_minor: Option<i64>,
        /// The profile's version that was read.
        profile_version: i64,
        /// Codes of what model and rules say, a space between.
        reasons: String,
        /// Hash of the model.
        model: String,
        /// Hash of the rules.
        rules: String,
        /// The preliminary limit, in minor units; none until it is worked out.
        limit_minor: Option<i64>,
        /// Which bound made it so.
        bound_by: Option<String>,
    }
}

door::table! {
    /// A person of the village who appraises.
    pub struct VillageRater = "village_rater" (Household, State, key 3) {
        /// The office.
        cell: Cell,
        /// The campaign.
        campaign: Id,
        /// The person.
        rater: Id,
        /// Its own household, where that is enrolled.
        household: Option<Id>,
        /// Households of its kin, a space between.
        kin: String,
    }
}

impl VillageRater {
    /// Whether it may not be heard on a household: its own, or its kin's.
    pub fn is_recused(&self, household: Id) -> bool {
        self.household == Some(household) || self.kin.split(' ').any(|kin| kin == household.to_string())
    }
}

door::table! {
    /// What one person said of one household. Never shown to others of the village, nor to staff before limits are worked out.
    pub struct VillageMark = "village_mark" (Household, State, key 4) {
        /// The office.
        cell: Cell,
        /// The campaign.
        campaign: Id,
        /// The household.
        household: Id,
        /// The person.
        rater: Id,
        /// What the household could carry, in minor units.
        amount_minor: i64,
    }
}

door::table! {
    /// An objection to a household's place on the published list.
    pub struct VillageObjection = "village_objection" (Household, State, key 4) {
        /// The office.
        cell: Cell,
        /// The campaign.
        campaign: Id,
        /// The household.
        household: Id,
        /// The objection.
        id: Id,
        /// Where it stands.
        state: Objection,
        /// What is said.
        text: String,
        /// The day it was taken.
        taken_on: Date,
        /// What was answered.
        answer: Option<String>,
    }
}

fn joined(ids: &[Id]) -> String {
    ids.iter().map(Id::to_string).collect::<Vec<_>>().join(" ")
}

/// Turns a fact of campaigns into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    match fact {
        Fact::VillageOpened(opened) => apply_opened(books, stamp, opened),
        Fact::VillageWorked(worked) => apply_step(books, stamp, worked)?,
        Fact::VillageLimits(limits) => apply_limits(books, stamp, limits)?,
        other => return Err(Fault::Broken(format!("{other:?} is no fact of a village campaign"))),
    }
    Ok(())
}

fn apply_opened(books: &mut Overlay, stamp: &Stamp, opened: &VillageOpened) {
    let asked = &opened.asked;
    books.put(&VillageCampaign {
        cell: stamp.cell,
        id: asked.campaign,
        state: CampaignState::Open,
        village: asked.village.clone(),
        product: asked.product.clone(),
        currency: asked.most.currency(),
        most_minor: asked.most.minor(),
        unknown_most_minor: asked.unknown_most.minor(),
        least_minor: opened.least_minor,
        step_minor: opened.step_minor,
        raters_min: i64::from(asked.raters_min),
        objection_days: i64::from(asked.objection_days),
        sign_days: i64::from(asked.sign_days),
        households: 0,
        listed: 0,
        with_limit: 0,
        open_objections: 0,
        opened_on: stamp.booking_date,
        published_on: None,
        objections_until: None,
        decided_on: None,
        reason: None,
    });
}

fn campaign_row(books: &Overlay, cell: Cell, campaign: Id) -> Result<VillageCampaign, Fault> {
    books
        .get::<VillageCampaign>(&key![cell, campaign])?
        .ok_or_else(|| Fault::Broken(format!("there is no village campaign {campaign}")))
}

fn roll_row(books: &Overlay, cell: Cell, campaign: Id, household: Id) -> Result<VillageRoll, Fault> {
    books
        .get::<VillageRoll>(&key![cell, campaign, household])?
        .ok_or_else(|| Fault::Broken(format!("household {household} is not on the roll of {campaign}")))
}

fn apply_step(books: &mut Overlay, stamp: &Stamp, worked: &WorkVillage) -> Result<(), Fault> {
    let (cell, campaign) = (stamp.cell, worked.campaign);
    let mut row = campaign_row(books, cell, campaign)?;
    match &worked.step {
        VillageStep::List { households } => {
            for household in households {
                books.put(&listed(cell, campaign, *household));
            }
            row.households += households.len() as i64;
            row.listed += households.len() as i64;
        }
        VillageStep::Exclude { household, ground, source } => {
            let words = (ground.clone(), Some(source.clone()));
            exclude(books, &mut row, *household, words)?;
        }
        VillageStep::Readmit { household, reason } => {
            let place = roll_row(books, cell, campaign, *household)?;
            books.put(&VillageRoll { state: RollState::Listed, ground: Some(reason.clone()), ..place });
            row.listed += 1;
        }
        VillageStep::NameRater { rater, household, kin } => {
            let (rater, household, kin) = (*rater, *household, joined(kin));
            books.put(&VillageRater { cell, campaign, rater, household, kin });
        }
        VillageStep::Mark { rater, marks } => {
            for (household, amount_minor) in marks {
                let (household, rater, amount_minor) = (*household, *rater, *amount_minor);
                books.put(&VillageMark { cell, campaign, household, rater, amount_minor });
            }
        }
        VillageStep::Publish => {
            row.state = CampaignState::Published;
            row.published_on = Some(stamp.booking_date);
            row.objections_until = Some(stamp.booking_date.add_days(row.objection_days as i32));
        }
        VillageStep::Object { household, text } => {
            books.put(&VillageObjection {
                cell,
                campaign,
                household: *household,
                id: stamp.command_id,
                state: Objection::Open,
                text: text.clone(),
                taken_on: stamp.booking_date,
                answer: None,
            });
            row.open_objections += 1;
        }
        VillageStep::Answer { household, objection, verdict, reason } => {
            let told = books
                .get::<VillageObjection>(&key![cell, campaign, *household, *objection])?
                .ok_or_else(|| Fault::Broken(format!("there is no objection {objection}")))?;
            let state = match verdict {
                ObjectionVerdict::Upheld => Objection::Upheld,
                ObjectionVerdict::Dismissed => Objection::Dismissed,
            };
            books.put(&VillageObjection { state, answer: Some(reason.clone()), ..told });
            row.open_objections -= 1;
            if state == Objection::Upheld {
                exclude(books, &mut row, *household, (reason.clone(), Some(format!("objection {objection}"))))?;
            }
        }
        VillageStep::Decide { verdict, reason } => {
            row.state = match verdict {
                CampaignVerdict::Approve => CampaignState::Approved,
                CampaignVerdict::Drop => CampaignState::Dropped,
            };
            row.decided_on = Some(stamp.booking_date);
            row.reason = Some(reason.clone());
        }
        VillageStep::Limits { .. } => {
            return Err(Fault::Broken("limits are told as they were worked out".to_owned()));
        }
    }
    books.put(&row);
    Ok(())
}

fn listed(cell: Cell, campaign: Id, household: Id) -> VillageRoll {
    VillageRoll {
        cell,
        campaign,
        household,
        state: RollState::Listed,
        ground: None,
        source: None,
        appraised_minor: None,
        heard: 0,
        recused: 0,
        outliers: String::new(),
        profile_minor: None,
        profile_version: 0,
        reasons: String::new(),
        model: String::new(),
        rules: String::new(),
        limit_minor: None,
        bound_by: None,
    }
}

/// Puts a household on the negative list; what limit it had is nothing. One that is there already stays as it is.
fn exclude(
    books: &mut Overlay,
    row: &mut VillageCampaign,
    household: Id,
    (ground, source): (String, Option<String>),
) -> Result<(), Fault> {
    let place = roll_row(books, row.cell, row.id, household)?;
    if place.state == RollState::Negative {
        return Ok(());
    }
    row.listed -= 1;
    row.with_limit -= i64::from(place.limit_minor.is_some());
    let limit_minor = place.limit_minor.map(|_| 0);
    books.put(&VillageRoll { state: RollState::Negative, ground: Some(ground), source, limit_minor, ..place });
    Ok(())
}

fn apply_limits(books: &mut Overlay, stamp: &Stamp, told: &VillageLimits) -> Result<(), Fault> {
    let (cell, campaign) = (stamp.cell, told.campaign);
    let row = campaign_row(books, cell, campaign)?;
    for limit in &told.limits {
        let place = roll_row(books, cell, campaign, limit.seen.household)?;
        books.put(&VillageRoll {
            appraised_minor: limit.appraised_minor,
            heard: i64::from(limit.heard),
            recused: i64::from(limit.recused),
            outliers: joined(&limit.outliers),
            profile_minor: limit.seen.profile_minor,
            profile_version: limit.seen.profile_version,
            reasons: limit.seen.reasons.join(" "),
            model: limit.seen.model.clone(),
            rules: limit.seen.rules.clone(),
            limit_minor: Some(limit.limit_minor),
            bound_by: Some(limit.bound_by.clone()),
            ..place
        });
    }
    let with_limit = row.with_limit + told.limits.len() as i64;
    books.put(&VillageCampaign { state: CampaignState::WorkedOut, with_limit, ..row });
    Ok(())
}
