//! `tianxin credit village`: campaigns of whole-village credit, from the command line: what stands, blank sheets for the
//! appraisal, limits worked out, limits offered.

use std::path::PathBuf;
use std::sync::Arc;

use app::desk::{CampaignView, Desk};
use app::village::{RollState, VillageCampaign};
use basics::money::format_minor;
use basics::{Id, IdKind, PublicId};
use clap::Subcommand;
use door::{Engine, EngineOptions};

use crate::config::{self, Place, Settings, Use};
use crate::failure::Failure;
use crate::sim::write_file;
use crate::terminal::say;
use crate::vault::Keys;
use crate::{clock, lending};

/// Credit for a whole village (整村授信)
///
/// A campaign is begun, appraised, published and decided over the API, where each act has its
/// person. What takes no decision is done here as well: a run that was cut off is started again and does nothing twice.
#[derive(Subcommand)]
pub enum Village {
    /// List the campaigns
    List,
    /// Print one campaign: shares, who appraises, and every household with its preliminary limit
    Show {
        /// The campaign
        #[arg(value_name = "CAMPAIGN", value_parser = campaign_id)]
        campaign: Id,
    },
    /// Write a blank sheet for one person of the village: the households it is heard on, without score or anybody's word
    Sheet {
        /// The campaign
        #[arg(value_name = "CAMPAIGN", value_parser = campaign_id)]
        campaign: Id,
        /// The person who appraises
        #[arg(long, value_name = "ID", value_parser = campaign_id)]
        rater: Id,
        /// Where to write, CSV
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Work out the preliminary limits that are missing
    Limits {
        /// The campaign
        #[arg(value_name = "CAMPAIGN", value_parser = campaign_id)]
        campaign: Id,
    },
    /// Offer its limit to every household of a campaign that two people have approved
    Offer {
        /// The campaign
        #[arg(value_name = "CAMPAIGN", value_parser = campaign_id)]
        campaign: Id,
    },
}

fn campaign_id(text: &str) -> Result<Id, String> {
    uuid::Uuid::try_parse(text)
        .map(Id)
        .map_err(|_| "give the UUID as `tianxin credit village list` shows it".to_owned())
}

impl Village {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let settings = Settings::read(place)?;
        let opened = config::open(place, Use::Write)?;
        let judge = lending::judge(place, &settings)?;
        let engine = Arc::new(Engine::start(opened.tianxin.clone(), opened.backend.clone(), EngineOptions::default())?);
        let keys = Arc::new(Keys::new(opened.keys.clone()));
        let desk = Desk::new(engine.clone(), keys, judge, 2).promoting_from(lending::shelf(place));
        let done = self.with(&desk);
        engine.settle();
        engine.stop();
        done
    }

    fn with(self, desk: &Desk) -> Result<(), Failure> {
        match self {
            Village::List => {
                for row in desk.villages()? {
                    say(line(&row));
                }
            }
            Village::Show { campaign } => show(desk, &desk.campaign(campaign)?),
            Village::Sheet { campaign, rater, out } => sheet(desk, &desk.campaign(campaign)?, rater, &out)?,
            Village::Limits { campaign } => {
                let count = desk.work_out_village(campaign, clock::now())?;
                say(format!("{count} preliminary limits worked out; publish the list at the office"));
            }
            Village::Offer { campaign } => {
                let refused = desk.offer_village(campaign, clock::now())?;
                for (household, why) in &refused {
                    say(format!("{}: {why}", named(desk, *household)));
                }
                let shares = desk.campaign(campaign)?.shares();
                let (offered, all) = (shares.offered, shares.with_limit);
                say(format!("{offered} of {all} preliminary limits offered; each is real once it is signed"));
            }
        }
        Ok(())
    }
}

fn named(desk: &Desk, household: Id) -> String {
    PublicId { kind: IdKind::Household, cell: desk.cell_of(household), id: household }.to_string()
}

fn line(row: &VillageCampaign) -> String {
    let (id, state, village, households) = (row.id, row.state.as_str(), &row.village, row.households);
    format!("{id}  {state:10}  {households:5} households  since {}  {village}", row.opened_on)
}

fn show(desk: &Desk, view: &CampaignView) {
    say(line(&view.campaign));
    let shares = view.shares();
    let (limits, signed) = (format_minor(shares.limit_minor), format_minor(shares.signed_minor));
    say(format!(
        "{} on the roll, {} of them on the negative list; {} with a limit, {limits} in all; {} offered, {} signed for {signed}",
        shares.households, shares.negative, shares.with_limit, shares.offered, shares.signed
    ));
    for rater in &view.raters {
        let (id, marks, outliers) = (rater.row.rater, rater.marks, rater.outliers);
        say(format!("appraises: {id}  {marks} households, far from the others on {outliers}"));
    }
    for (row, marks) in view.roll.iter().zip(&view.marks) {
        let limit = row.limit_minor.map_or("-".to_owned(), format_minor);
        let why = match row.state {
            RollState::Negative => format!("negative list: {}", row.ground.as_deref().unwrap_or_default()),
            RollState::Listed => row.bound_by.clone().unwrap_or_default(),
        };
        say(format!("{}  {marks:3} marks  {limit:>12}  {why}", named(desk, row.household)));
    }
}

/// A blank sheet. Who is on the negative list, and the person's own household and kin, are not on it.
fn sheet(desk: &Desk, view: &CampaignView, rater: Id, out: &std::path::Path) -> Result<(), Failure> {
    let found = view.raters.iter().find(|known| known.row.rater == rater);
    let unknown =
        || Failure::Wrong(format!("{rater} does not appraise in this campaign: name the person at the office first"));
    let person = &found.ok_or_else(unknown)?.row;
    let asked = |row: &&app::village::VillageRoll| row.state == RollState::Listed && !person.is_recused(row.household);
    let rows: Vec<Id> = view.roll.iter().filter(asked).map(|row| row.household).collect();
    write_file(out, |file| {
        writeln!(file, "household,amount")?;
        for household in &rows {
            writeln!(file, "{},", named(desk, *household))?;
        }
        Ok(())
    })?;
    say(format!("{}: {} households", out.display(), rows.len()));
    Ok(())
}
