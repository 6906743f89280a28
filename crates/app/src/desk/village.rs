//! Village campaigns at the desk: the roll from the households of a village, limits from their profiles, the grant household by
//! household. Each of the three can be asked again after it was cut off, and does nothing twice.

use basics::{Cell, Id, Instant, Money};
use door::{Actor, DoorError, Order, Request, key};
use insight::feature::features;
use insight::profile::is_thin;

use super::disaster::column;
use super::known::{Known, Reading};
use super::{Desk, DeskError};
use crate::assess::Judge;
use crate::command::Command;
use crate::house::Tianxin;
use crate::preliminary::{MovePreliminary, Preliminary, PreliminaryState, PreliminaryStep};
use crate::tables::{Household, HouseholdStatus};
use crate::vault::Vault;
use crate::village::{
    CampaignState, ProfileSeen, RollState, STEP_MAX, VillageCampaign, VillageMark, VillageObjection, VillageRater,
    VillageRoll, VillageStep, WorkVillage,
};

/// Profiles opened at once: what bounds the memory.
const PART: usize = 200;

/// A campaign with its roll.
#[derive(Clone, Debug, PartialEq)]
pub struct CampaignView {
    /// The campaign.
    pub campaign: VillageCampaign,
    /// Its roll, by household.
    pub roll: Vec<VillageRoll>,
    /// Who appraises.
    pub raters: Vec<RaterView>,
    /// How many sheets say something of each household of the roll, in its order.
    pub marks: Vec<usize>,
    /// Objections, the oldest first.
    pub objections: Vec<VillageObjection>,
    /// Preliminary limits offered so far, over all cells.
    pub offered: Vec<Preliminary>,
}

/// A person of the village who appraises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaterView {
    /// The row.
    pub row: VillageRater,
    /// Households it has said something of.
    pub marks: usize,
    /// Those of them where it was far from the others; 0 until limits are worked out.
    pub outliers: usize,
}

/// The shares that a campaign is reported by, over its listed households.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CampaignShares {
    /// Households of the roll.
    pub households: usize,
    /// On the negative list.
    pub negative: usize,
    /// With a limit above nothing.
    pub with_limit: usize,
    /// Sum of the limits, in minor units.
    pub limit_minor: i64,
    /// Offered in their cells.
    pub offered: usize,
    /// Signed.
    pub signed: usize,
    /// Sum of what is signed, in minor units.
    pub signed_minor: i64,
    /// Taken back before they were signed.
    pub withdrawn: usize,
}

impl CampaignView {
    /// How many households are where.
    pub fn shares(&self) -> CampaignShares {
        let limits = self.roll.iter().filter_map(|row| row.limit_minor).filter(|limit| *limit > 0);
        let signed = || self.offered.iter().filter(|row| row.state == PreliminaryState::Signed);
        CampaignShares {
            households: self.roll.len(),
            negative: self.roll.iter().filter(|row| row.state == RollState::Negative).count(),
            with_limit: limits.clone().count(),
            limit_minor: limits.fold(0, i64::saturating_add),
            offered: self.offered.len(),
            signed: signed().count(),
            signed_minor: signed().map(|row| row.amount_minor).fold(0, i64::saturating_add),
            withdrawn: self.offered.iter().filter(|row| row.state == PreliminaryState::Withdrawn).count(),
        }
    }
}

impl Desk {
    /// All campaigns.
    pub fn villages(&self) -> Result<Vec<VillageCampaign>, DeskError> {
        self.rows(key![Cell::OFFICE])
    }

    /// One campaign.
    pub fn village(&self, id: Id) -> Result<VillageCampaign, DeskError> {
        let rows: Vec<VillageCampaign> = self.rows(key![Cell::OFFICE, id])?;
        let unknown =
            || DeskError::refused("unknown_village", "there is no such campaign: look at the list of campaigns");
        rows.into_iter().next().ok_or_else(unknown)
    }

    /// A campaign with all that belongs to it. What single people said is counted and not shown.
    pub fn campaign(&self, id: Id) -> Result<CampaignView, DeskError> {
        let campaign = self.village(id)?;
        let roll = self.roll(id)?;
        let said: Vec<VillageMark> = self.rows(key![Cell::OFFICE, id])?;
        let marks = roll.iter().map(|row| said.iter().filter(|mark| mark.household == row.household).count()).collect();
        let raters: Vec<VillageRater> = self.rows(key![Cell::OFFICE, id])?;
        let raters = raters.into_iter().map(|row| {
            let name = row.rater.to_string();
            let is_outlier = |place: &&VillageRoll| place.outliers.split(' ').any(|rater| rater == name);
            let outliers = roll.iter().filter(is_outlier).count();
            RaterView { marks: said.iter().filter(|mark| mark.rater == row.rater).count(), outliers, row }
        });
        let raters = raters.collect();
        let mut objections: Vec<VillageObjection> = self.rows(key![Cell::OFFICE, id])?;
        objections.sort_by_key(|row| (row.taken_on, row.id));
        let offered = self.offered(id)?;
        Ok(CampaignView { campaign, roll, raters, marks, objections, offered })
    }

    fn roll(&self, id: Id) -> Result<Vec<VillageRoll>, DeskError> {
        let mut roll: Vec<VillageRoll> = self.rows(key![Cell::OFFICE, id])?;
        roll.sort_by_key(|row| row.household);
        Ok(roll)
    }

    /// The preliminary limits of a campaign, over all cells.
    fn offered(&self, id: Id) -> Result<Vec<Preliminary>, DeskError> {
        let by = column::<Preliminary>("campaign")?;
        let cells = (1..=self.engine.backend().cells()).map(Cell);
        let mut rows: Vec<Preliminary> = self.many(&[0, by], &cells.map(|cell| key![cell, id]).collect::<Vec<_>>())?;
        rows.sort_by_key(|row| row.household);
        Ok(rows)
    }

    /// The preliminary limits of a household.
    pub fn preliminaries(&self, household: Id) -> Result<Vec<Preliminary>, DeskError> {
        self.rows(key![self.cell_of(household), household])
    }

    /// Puts every household that lives in the campaign's village on its roll; how many were new.
    pub fn list_village(&self, id: Id, actor: Actor, at: Instant) -> Result<usize, DeskError> {
        let campaign = self.village(id)?;
        let by = column::<Household>("village")?;
        let cells = (1..=self.engine.backend().cells()).map(Cell);
        let keys: Vec<_> = cells.map(|cell| key![cell, campaign.village.clone()]).collect();
        let living: Vec<Household> = self.many(&[0, by], &keys)?;
        let known: Vec<Id> = self.roll(id)?.into_iter().map(|row| row.household).collect();
        let mut new: Vec<Id> = living
            .into_iter()
            .filter(|row| row.status == HouseholdStatus::Active && !known.contains(&row.id))
            .map(|row| row.id)
            .collect();
        new.sort_unstable();
        for part in new.chunks(STEP_MAX) {
            let households = part.to_vec();
            self.step_village(id, "list", part, VillageStep::List { households }, actor, at)?;
        }
        Ok(new.len())
    }

    /// Works out the preliminary limits that are missing, from profiles, model, rules and what the village said; how many.
    pub fn work_out_village(&self, id: Id, at: Instant) -> Result<usize, DeskError> {
        let campaign = self.village(id)?;
        let judge = self.judge()?;
        let is_missing = |row: &VillageRoll| row.state == RollState::Listed && row.limit_minor.is_none();
        let missing: Vec<Id> = self.roll(id)?.into_iter().filter(is_missing).map(|row| row.household).collect();
        for part in missing.chunks(PART) {
            let places: Vec<(Cell, Id)> = part.iter().map(|household| (self.cell_of(*household), *household)).collect();
            let known = self.readers.with(|reader| Ok(Known::read_many(reader, &places, Reading::Lending)))??;
            let seen: Result<Vec<ProfileSeen>, DeskError> = known
                .iter()
                .map(|known| known.seen_for(self.house(), &judge, self.vault.as_ref(), &campaign.product))
                .collect();
            self.step_village(id, "limits", part, VillageStep::Limits { seen: seen? }, Actor::SYSTEM, at)?;
        }
        Ok(missing.len())
    }

    fn step_village(
        &self,
        campaign: Id,
        what: &str,
        part: &[Id],
        step: VillageStep,
        actor: Actor,
        at: Instant,
    ) -> Result<(), DeskError> {
        // Of what is sent, so that the same part again is the same command.
        let name = part.iter().fold(campaign.derive(what), |id, household| id.derive(&household.to_string()));
        let command = Command::WorkVillage(WorkVillage { campaign, step });
        self.engine.call(Request::plain(name, actor, at, Order::Do(command)))?;
        Ok(())
    }

    /// Offers its limit to every household of an approved campaign that was not offered it yet; who got none, and why.
    pub fn offer_village(&self, id: Id, at: Instant) -> Result<Vec<(Id, String)>, DeskError> {
        let campaign = self.village(id)?;
        if campaign.state != CampaignState::Approved {
            let message = "two people have not approved the campaign: nothing is granted";
            return Err(DeskError::refused("not_decided", message));
        }
        let sign_days = u16::try_from(campaign.sign_days).unwrap_or(u16::MAX);
        let offered: Vec<Id> = self.offered(id)?.into_iter().map(|row| row.household).collect();
        let today = self.open_date(Cell::OFFICE)?;
        let commands = self.roll(id)?.into_iter().filter_map(|row| {
            let amount_minor = row.limit_minor.filter(|limit| *limit > 0 && row.state == RollState::Listed)?;
            if offered.contains(&row.household) {
                return None;
            }
            let command = Command::MovePreliminary(MovePreliminary {
                cell: self.cell_of(row.household),
                household: row.household,
                campaign: id,
                step: PreliminaryStep::Offer { amount: Money::new(amount_minor, campaign.currency), sign_days },
            });
            // Of the day, so that who could not be offered it once is asked again on another.
            Some((row.household, id.derive(&format!("offer {} {today}", row.household)), command))
        });
        self.send_all(commands.collect(), at)
    }
}

impl Known {
    /// What model and rules would let a household have of a product, for a campaign.
    fn seen_for(
        &self,
        house: &Tianxin,
        judge: &Judge,
        vault: &dyn Vault,
        product: &str,
    ) -> Result<ProfileSeen, DeskError> {
        let (profile, profile_version) = self.judged_profile(vault)?;
        let said = judge.model.as_ref().and_then(|model| model.say(&features(&profile, self.open_date)));
        let product = house.product_on(product, self.open_date).map_err(DoorError::from)?;
        let standing = self.standing(vault, None)?;
        let limit = self.limit_of(product, judge, said.as_ref(), &profile, &standing)?;
        // Without a score the rules have no amount of their own, unless they decline.
        let is_unknown = is_thin(&profile) || said.is_none();
        let profile_minor = match limit.outcome {
            policy::Outcome::Decline => Some(0),
            _ if is_unknown => None,
            _ => Some(limit.limit_minor),
        };
        Ok(ProfileSeen {
            household: self.household,
            profile_minor,
            reasons: limit.reasons.into_iter().map(|reason| reason.code).collect(),
            profile_version,
            model: judge.model_hash().to_owned(),
            rules: judge.rules.hash.clone(),
        })
    }
}
