//! Early warning from the books: which instalments fall due in the next weeks, how likely each is to be missed, and why.
//!
//! Everything is read from the books and nothing is written: instalments from loans with their lives, income and balances from
//! profiles. A look back does the same for days that have passed, with the events that were known on each, so that
//! forecasts are judged, and corrected, by what came.

use std::collections::BTreeMap;

use basics::{Cell, Date, Id, Instant, cbor};
use door::table::{Key, Record};
use door::tables::CellHead;
use door::{Connection, key};
use insight::Profile;
use loan::{LifeEvent, LoanTerms, fold};
use watch::early::{Due, Forecast, LEADS, Model, Reliability, Row, Villages, signs};

use crate::desk::{DeskError, stored_events};
use crate::tables::{BehaviourProfile, Contract, Household, LoanEvent, LoanNote, LoanState};
use crate::vault::{Vault, VaultError};

pub use watch::early::words as chance_words;

/// Days ahead within which an instalment is looked at.
pub const AHEAD_DAYS: i32 = 56;
/// Loans read at once.
const PAGE: usize = 1_000;
/// Households whose profiles are read at once.
const PROFILES: usize = 200;
/// Days after which a loan that was paid off says nothing of its household any more.
const CLOSED_DAYS: i32 = 2 * 365;

/// An instalment to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueAhead {
    /// The cell.
    pub cell: Cell,
    /// The household.
    pub household: Id,
    /// The loan.
    pub loan: Id,
    /// The product.
    pub product: String,
    /// When it falls due.
    pub due_on: Date,
    /// Days until then.
    pub days: i32,
    /// What it asks for, minor units.
    pub amount_minor: i64,
    /// Chance and reasons.
    pub forecast: Forecast,
}

/// Instalments of a household, with the loan of each.
struct Owing {
    cell: Cell,
    household: Id,
    village: u64,
    dues: Vec<Owed>,
}

struct Owed {
    loan: Id,
    product: String,
    drawn_on: Date,
    is_open: bool,
    due: Due,
}

impl Owing {
    /// Its instalments of loans that ran on a day.
    fn known_on(&self, day: Date) -> Vec<Due> {
        self.dues.iter().filter(|owed| owed.drawn_on <= day).map(|owed| owed.due).collect()
    }
}

/// The instalments of all households, as their loans stand on their cell's open day.
pub struct Instalments {
    /// The open day of the first cell.
    pub as_of: Date,
    zone_minutes: i32,
    all: Vec<Owing>,
    villages: Villages,
    missed_after: i32,
}

impl Instalments {
    /// Reads the loans of all cells, a page at a time. Loans paid off more than two years ago are left out.
    ///
    /// Errors if a row cannot be read.
    pub fn read(
        reader: &mut dyn Connection,
        cells: u16,
        zone_minutes: i32,
        model: &Model,
    ) -> Result<Instalments, DeskError> {
        let missed_after = model.missed_after_days;
        let mut read = Instalments {
            as_of: Date::default(),
            zone_minutes,
            all: Vec::new(),
            villages: Villages::default(),
            missed_after,
        };
        for cell in (1..=cells).map(Cell) {
            let today = open_date(reader, cell)?;
            read.as_of = if cell.0 == 1 { today } else { read.as_of.min(today) };
            read.cell(reader, cell, today)?;
        }
        Ok(read)
    }

    fn cell(&mut self, reader: &mut dyn Connection, cell: Cell, today: Date) -> Result<(), DeskError> {
        let mut after: Option<Key> = None;
        loop {
            let rows = reader.scan(LoanNote::table(), &key![cell], after.as_deref(), PAGE)?;
            let is_last = rows.len() < PAGE;
            let mut notes: Vec<LoanNote> = of_rows(&rows)?;
            let Some(last) = notes.last().map(|note| note.household) else { return Ok(()) };
            // A household is read whole: the last of a page may go on in the next.
            if !is_last && notes.iter().any(|note| note.household != last) {
                notes.retain(|note| note.household != last);
            }
            after = notes.last().map(|note| key![cell, note.household, note.id]);
            self.page(reader, (cell, today), &notes)?;
            if is_last {
                return Ok(());
            }
        }
    }

    fn page(
        &mut self,
        reader: &mut dyn Connection,
        (cell, today): (Cell, Date),
        notes: &[LoanNote],
    ) -> Result<(), DeskError> {
        let recent = |note: &&LoanNote| note.closed_on.is_none_or(|closed| today - closed <= CLOSED_DAYS);
        let notes: Vec<&LoanNote> = notes.iter().filter(recent).collect();
        let mut owners: Vec<Key> = notes.iter().map(|note| key![cell, note.household]).collect();
        owners.dedup();
        if owners.is_empty() {
            return Ok(());
        }
        let contracts: Vec<Contract> = of_rows(&reader.load_many(Contract::table(), &[0, 1], &owners)?)?;
        let contracts: BTreeMap<Id, Contract> = contracts.into_iter().map(|row| (row.id, row)).collect();
        let mut lives: BTreeMap<Id, Vec<LifeEvent>> = BTreeMap::new();
        for event in of_rows::<LoanEvent>(&reader.load_many(LoanEvent::table(), &[0, 1], &owners)?)? {
            lives.entry(event.loan).or_default().push(cbor::from_bytes(&event.bytes)?);
        }
        let homes: Vec<Household> = of_rows(&reader.load_many(Household::table(), &[0, 1], &owners)?)?;
        let villages: BTreeMap<Id, u64> = homes.iter().map(|home| (home.id, village_key(&home.village))).collect();
        for group in notes.chunk_by(|a, b| a.household == b.household) {
            let Some(household) = group.first().map(|note| note.household) else { continue };
            let village = villages.get(&household).copied().unwrap_or(0);
            let mut owing = Owing { cell, household, village, dues: Vec::new() };
            for note in group {
                let contract = contracts.get(&note.contract);
                let contract =
                    contract.ok_or_else(|| DeskError::Damaged(format!("loan {} has no contract", note.id)))?;
                let terms: LoanTerms = cbor::from_bytes(&contract.terms)?;
                let life = lives.get(&note.id).map_or(&[][..], Vec::as_slice);
                let state = fold(&terms, life, today)
                    .map_err(|error| DeskError::Damaged(format!("loan {}: {error}", note.id)))?;
                for row in &state.instalments {
                    let amount_minor = row.due.principal_fen + row.due.interest_fen + row.due.fee_fen;
                    if amount_minor <= 0 {
                        continue;
                    }
                    let due = Due { on: row.due_on, amount_minor, met_on: row.met_on };
                    if today - due.on > self.missed_after {
                        self.villages.count(village, due.on, due.is_missed(self.missed_after));
                    }
                    let is_open = note.status == LoanState::Open;
                    owing.dues.push(Owed {
                        loan: note.id,
                        product: note.product.clone(),
                        drawn_on: note.drawn_on,
                        is_open,
                        due,
                    });
                }
            }
            self.all.push(owing);
        }
        Ok(())
    }

    /// The next instalment of every open loan that falls due within so many days, the likeliest to be missed first.
    ///
    /// Households whose key is gone are left out. Errors if a row cannot be read.
    pub fn ahead(
        &self,
        reader: &mut dyn Connection,
        vault: &dyn Vault,
        (model, so_far): (&Model, &Reliability),
        days: i32,
    ) -> Result<Vec<DueAhead>, DeskError> {
        let today = self.as_of;
        let next = |owing: &Owing| -> Vec<usize> {
            let mut places: Vec<usize> = (0..owing.dues.len()).collect();
            places.retain(|place| {
                let owed = &owing.dues[*place];
                owed.is_open && owed.due.met_on.is_none() && (1..=days).contains(&(owed.due.on - today))
            });
            places.sort_by_key(|place| (owing.dues[*place].loan, owing.dues[*place].due.on));
            places.dedup_by_key(|place| owing.dues[*place].loan);
            places
        };
        let waiting: Vec<(&Owing, Vec<usize>)> =
            self.all.iter().map(|owing| (owing, next(owing))).filter(|(_, next)| !next.is_empty()).collect();
        let mut found = Vec::new();
        for part in waiting.chunks(PROFILES) {
            let keys: Vec<Key> = part.iter().map(|(owing, _)| key![owing.cell, owing.household]).collect();
            let profiles: Vec<BehaviourProfile> =
                of_rows(&reader.load_many(BehaviourProfile::table(), &[0, 1], &keys)?)?;
            let profiles: BTreeMap<Id, BehaviourProfile> =
                profiles.into_iter().map(|row| (row.household, row)).collect();
            for (owing, places) in part {
                let profile = match profiles.get(&owing.household) {
                    None => Profile::default(),
                    Some(row) => match vault.open(row.person, &row.ciphertext) {
                        Ok(plain) => cbor::from_bytes(&plain)?,
                        Err(VaultError::Erased) => continue,
                        Err(error) => return Err(error.into()),
                    },
                };
                let dues = owing.known_on(today);
                let village = self.villages.known_on(owing.village, today, self.missed_after);
                for owed in places.iter().filter_map(|place| owing.dues.get(*place)) {
                    let signs = signs(&profile, &dues, (owed.due.on, today), village, self.missed_after);
                    found.push(DueAhead {
                        cell: owing.cell,
                        household: owing.household,
                        loan: owed.loan,
                        product: owed.product.clone(),
                        due_on: owed.due.on,
                        days: owed.due.on - today,
                        amount_minor: owed.due.amount_minor,
                        forecast: model.forecast(&signs, so_far),
                    });
                }
            }
        }
        found.sort_by_key(|one| {
            (std::cmp::Reverse((one.forecast.chance_ppm, one.forecast.said_ppm)), one.due_on, one.loan)
        });
        Ok(found)
    }

    /// What was known four, two and one week before instalments that have come out since, and whether they were missed: those of the last
    /// `since` days, of at most about `most` rows. Where there are more, households are drawn by their ids.
    ///
    /// Events count from the day on which they became known. Plans are those that loans have now. Errors if a row cannot be read.
    pub fn looked_back(
        &self,
        reader: &mut dyn Connection,
        vault: &dyn Vault,
        since: i32,
        most: usize,
    ) -> Result<Vec<Row>, DeskError> {
        let mut drawn: Vec<&Owing> = self.all.iter().collect();
        drawn.sort_by_key(|owing| basics::merkle::leaf_hash(owing.household.as_bytes()));
        let mut rows = Vec::new();
        for owing in drawn {
            if rows.len() >= most {
                break;
            }
            let mut looks = self.looks(owing, since);
            if looks.is_empty() {
                continue;
            }
            looks.sort_by_key(|(day, _, _)| *day);
            let mut events = match stored_events(reader, vault, (owing.cell, owing.household)) {
                Ok(events) => events,
                Err(DeskError::Vault(VaultError::Erased)) => continue,
                Err(error) => return Err(error),
            };
            let known_on = |event: &insight::Event| {
                event.known.map_or(event.date, |known| known.at.date_at_offset(self.zone_minutes))
            };
            events.sort_by_key(|event| (known_on(event), event.known.map(|known| known.place), event.id));
            let mut events = events.iter().peekable();
            let mut profile = Profile::default();
            for (day, lead_days, due) in looks {
                while let Some(event) = events.next_if(|event| known_on(event) <= day) {
                    profile.fold(event).map_err(|error| DeskError::Damaged(error.to_string()))?;
                }
                let village = self.villages.known_on(owing.village, day, self.missed_after);
                let signs = signs(&profile, &owing.known_on(day), (due.on, day), village, self.missed_after);
                let is_missed = due.is_missed(self.missed_after);
                rows.push(Row { due_on: due.on, lead_days, signs, is_missed });
            }
        }
        Ok(rows)
    }

    /// The days on which instalments would have been looked at, whose outcome is known.
    fn looks(&self, owing: &Owing, since: i32) -> Vec<(Date, i32, Due)> {
        let today = self.as_of;
        let known = |owed: &&Owed| (self.missed_after + 1..=since).contains(&(today - owed.due.on));
        let of = |owed: &Owed| {
            let (due, drawn_on) = (owed.due, owed.drawn_on);
            LEADS.into_iter().filter_map(move |lead| {
                let day = due.on.add_days(-lead);
                (day >= drawn_on && due.met_on.is_none_or(|met| met > day)).then_some((day, lead, due))
            })
        };
        owing.dues.iter().filter(known).flat_map(of).collect()
    }
}

fn of_rows<R: Record>(rows: &[door::table::Row]) -> Result<Vec<R>, DeskError> {
    rows.iter().map(|row| R::from_row(row).map_err(|error| DeskError::Damaged(error.to_string()))).collect()
}

fn open_date(reader: &mut dyn Connection, cell: Cell) -> Result<Date, DeskError> {
    let heads: Vec<CellHead> = of_rows(&reader.load_many(CellHead::table(), &[0], &[key![cell]])?)?;
    let unknown = || DeskError::refused("unknown_cell", format!("there is no {cell:?} in this database"));
    heads.first().map(|head| head.open_date).ok_or_else(unknown)
}

fn village_key(name: &str) -> u64 {
    basics::merkle::leaf_hash(name.as_bytes()).iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte))
}

/// A look at the books at one moment.
#[derive(Clone, Debug)]
pub struct EarlyView {
    /// The open day of the books.
    pub as_of: Date,
    /// When it was made.
    pub made_at: Instant,
    /// Code and version of the points.
    pub model: (String, u32),
    /// Of what the points were learnt.
    pub origin: String,
    /// Days after which an instalment counts as missed.
    pub missed_after_days: i32,
    /// What came of forecasts as they would have been made of the past year.
    pub counted: Reliability,
    /// Their figures.
    pub figures: watch::early::Figures,
    /// Instalments to come, the likeliest to be missed first.
    pub ahead: Vec<DueAhead>,
}

/// Days back for which forecasts are judged.
pub const JUDGED_DAYS: i32 = 365;

/// Looks back and ahead. At most about `most` looks back.
pub fn view(
    reader: &mut dyn Connection,
    vault: &dyn Vault,
    (cells, zone_minutes): (u16, i32),
    model: &Model,
    (at, days, most): (Instant, i32, usize),
) -> Result<EarlyView, DeskError> {
    let instalments = Instalments::read(reader, cells, zone_minutes, model)?;
    let rows = instalments.looked_back(reader, vault, JUDGED_DAYS, most)?;
    let (judged, counted) = watch::early::as_it_came(model, &rows);
    let ahead = instalments.ahead(reader, vault, (model, &counted), days)?;
    Ok(EarlyView {
        as_of: instalments.as_of,
        made_at: at,
        model: (model.code.clone(), model.version),
        origin: model.origin.clone(),
        missed_after_days: model.missed_after_days,
        counted,
        figures: watch::early::judge(&judged),
        ahead,
    })
}
