//! A book of loans made in bulk: journal, notes and ledger as the door would have left them, without a million commands.
//!
//! Loans are drawn on the days of March, each under a contract with the terms of a shipped product; the facts go through the
//! application's own [`App::apply`], so that the audit proves the book like any other. The days
//! in between are closed by the engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::Tianxin;
use app::fact::{Applied, Booked, ContractSigned, Fact, HouseholdEnrolled, LoanDrawn, PersonFact};
use app::tables::{AccrualGroup, EntryKind, GlBalance, MemberRole, Portfolio};
use basics::merkle::{CompactRange, leaf_hash};
use basics::{Cell, Currency, Date, Id, Instant, Money, cbor};
use door::record::{JournalRecord, Step, VERSION};
use door::table::Key;
use door::tables::Journal;
use door::{Actor, App, Backend, Connection, Overlay, Record, Stamp, Writes, key};
use ledger::{Line, SubAccount};
use loan::product::shipped;
use loan::schedule::schedule_drawn;
use loan::{Happening, LifeEvent, LoanTerms, Product, Term};

use super::super::county::Stream;
use crate::failure::Failure;

/// The day the book begins on.
pub const FIRST: (i16, i8, i8) = (2027, 3, 1);
/// Loans are drawn on so many days from the first, and fall due on the same day of every month.
pub const DRAWING_DAYS: u32 = 28;
/// Loans drawn by one journal record.
const LOANS_A_RECORD: usize = 128;
/// Loans of one household.
const LOANS_A_HOUSEHOLD: usize = 4;
/// Villages they live in.
const VILLAGES: u8 = 200;
/// Cells written in one transaction at most.
const CELLS_AT_ONCE: usize = 256;
/// Of so many loans one is repaid in one sum at its end; the others in equal instalments.
const ONE_BULLET_IN: u64 = 4;

/// What is drawn on each day.
pub struct Book {
    loans: u64,
    touched: u64,
    instalments: Product,
    bullet: Product,
}

impl Book {
    /// A book of so many loans, of which `touched` fall due on the first day of April.
    pub fn new(loans: u64, touched: u64) -> Result<Book, Failure> {
        let wrong = |error: loan::LoanError| Failure::Wrong(error.to_string());
        Ok(Book {
            loans,
            touched: touched.min(loans),
            instalments: shipped("short-working-capital").map_err(wrong)?,
            bullet: shipped("season-bullet").map_err(wrong)?,
        })
    }

    /// The loans drawn on a day, counted from 0: on the first exactly those that are to be touched.
    fn drawn_on(&self, day: u32) -> u64 {
        if day == 0 {
            return self.touched;
        }
        let (rest, days) = (self.loans - self.touched, u64::from(DRAWING_DAYS - 1));
        rest / days + u64::from(u64::from(day - 1) < rest % days)
    }

    /// Draws a day's loans.
    pub fn draw(&self, app: &Arc<Tianxin>, backend: &Arc<dyn Backend>, date: Date, day: u32) -> Result<(), Failure> {
        let cells = u64::from(backend.cells());
        let count = self.drawn_on(day);
        let mut connection = backend.connect()?;
        let all: Vec<Cell> = (1..=backend.cells()).map(Cell).collect();
        for part in all.chunks(CELLS_AT_ONCE.min(usize::from(backend.cells()).div_ceil(4))) {
            connection.begin()?;
            let mut drawing = Drawing::begin(app, connection.as_mut(), part, (backend.cells(), date))?;
            for cell in part {
                // The cells take the loans in turn, beginning elsewhere every day.
                let place = (u64::from(cell.0) + u64::from(day) * 7) % cells;
                let own = count / cells + u64::from(place < count % cells);
                let mut stream = Stream(u64::from(day) << 32 | u64::from(cell.0));
                self.draw_in(&mut drawing, *cell, own, day, &mut stream)?;
            }
            drawing.end(connection.as_mut())?;
            connection.commit()?;
        }
        Ok(())
    }

    fn draw_in(
        &self,
        drawing: &mut Drawing<'_>,
        cell: Cell,
        count: u64,
        day: u32,
        stream: &mut Stream,
    ) -> Result<(), Failure> {
        let mut left = count;
        while left > 0 {
            let take = left.min(LOANS_A_RECORD as u64);
            left -= take;
            let mut facts = Vec::new();
            let mut lines = Vec::new();
            let mut total = 0;
            let mut household = Id::default();
            for n in 0..take {
                let first_of_household = n.is_multiple_of(LOANS_A_HOUSEHOLD as u64);
                if first_of_household {
                    household = drawing.household_of(cell, stream);
                }
                let terms = self.terms(drawing.date, day, stream)?;
                if first_of_household {
                    facts.push(enrolled(household));
                    facts.push(applied(household, &terms));
                }
                let (loan, principal) = (stream.id(drawing.at), terms.principal);
                facts.extend(drawing.drawn(household, loan, terms, stream)?);
                let account = Some(SubAccount { book: app::books::BOOK_LOAN, owner: household, id: loan });
                lines.push(Line::debit(drawing.app.subjects.loan_principal, account, principal.minor()));
                total += principal.minor();
            }
            // Paid out from the cell's share of the bank balance, which came in as capital.
            let bank = drawing.app.subjects.bank;
            let capital = vec![Line::debit(bank, None, total), Line::credit(drawing.app.subjects.capital, None, total)];
            lines.push(Line::credit(bank, None, total));
            facts.push(booked(EntryKind::Capital, drawing.date, capital)?);
            facts.push(booked(EntryKind::Disbursement, drawing.date, lines)?);
            drawing.record(cell, facts, stream)?;
        }
        Ok(())
    }

    /// What one household signs. Whatever falls due first falls due a month after it was drawn.
    fn terms(&self, start: Date, day: u32, stream: &mut Stream) -> Result<LoanTerms, Failure> {
        let wrong = |error: loan::LoanError| Failure::Wrong(error.to_string());
        let bullet = day > 0 && stream.bits().is_multiple_of(ONE_BULLET_IN);
        let product = if bullet { &self.bullet } else { &self.instalments };
        let rating = ["A", "B", "C"][stream.below(3)];
        let rate = product.price(Some(rating)).or_else(|_| product.price(None)).map_err(wrong)?;
        let amount = Money::new(100_000 + 10_000 * stream.below(490) as i64, Currency::CNY);
        let months = if bullet { 6 + stream.below(7) } else { 12 };
        product.terms(amount, Term::Months(months as u16), start, rate).map_err(wrong)
    }
}

/// A household with its head, of whom nothing is known.
fn enrolled(household: Id) -> Fact {
    let head = PersonFact { person: household.derive("head"), role: MemberRole::Head, commitments: Vec::new() };
    let village = format!("bench village {:03}", household.as_bytes()[15] % VILLAGES);
    let consents = vec![("account".to_owned(), "bench".to_owned())];
    Fact::HouseholdEnrolled(HouseholdEnrolled {
        household,
        village,
        currency: Currency::CNY,
        persons: vec![head],
        consents,
    })
}

fn applied(household: Id, terms: &LoanTerms) -> Fact {
    Fact::Applied(Applied {
        household,
        application: household.derive("application"),
        product: terms.product.code.clone(),
        product_version: terms.product.version,
        amount: terms.principal,
        term_months: 12,
        purpose: "farming-inputs".to_owned(),
        season: None,
    })
}

fn booked(kind: EntryKind, date: Date, lines: Vec<Line>) -> Result<Fact, Failure> {
    let entry = ledger::Entry::new(date, Currency::CNY, lines).map_err(|e| Failure::Wrong(e.to_string()))?;
    Ok(Fact::Booked(Booked { kind, entry, memo: None, reverses: None }))
}

/// The drawings of one day in some cells, on their way to the database.
struct Drawing<'a> {
    app: &'a Tianxin,
    date: Date,
    at: Instant,
    books: Overlay,
    heads: BTreeMap<Cell, (door::backend::Head, CompactRange)>,
    cells: u16,
    journal: Vec<door::table::Row>,
}

impl<'a> Drawing<'a> {
    fn begin(
        app: &'a Tianxin,
        connection: &mut dyn Connection,
        cells: &[Cell],
        (all, date): (u16, Date),
    ) -> Result<Drawing<'a>, Failure> {
        let mut heads = BTreeMap::new();
        for head in connection.lock_heads(cells)? {
            let range = CompactRange::from_bytes(&head.range)
                .ok_or_else(|| Failure::Wrong(format!("the head of {:?} is damaged", head.cell)))?;
            heads.insert(head.cell, (head, range));
        }
        let mut books = Overlay::default();
        let keys: Vec<Key> = cells.iter().map(|cell| key![*cell]).collect();
        for table in [GlBalance::table(), AccrualGroup::table(), Portfolio::table()] {
            let rows = connection.load_many(table, &[0], &keys)?;
            books.fill(table, keys.clone(), rows);
        }
        let at = Instant(i64::from(date.days()) * 86_400_000_000 + 3_600_000_000);
        Ok(Drawing { app, date, at, books, heads, cells: all, journal: Vec::new() })
    }

    /// A household whose own cell this is: ids say where they live.
    fn household_of(&self, cell: Cell, stream: &mut Stream) -> Id {
        loop {
            let household = stream.id(self.at);
            if Cell::of(household, self.cells) == cell {
                return household;
            }
        }
    }

    /// The facts of one loan: its contract, and that it was drawn.
    fn drawn(&self, household: Id, loan: Id, terms: LoanTerms, stream: &mut Stream) -> Result<[Fact; 2], Failure> {
        let wrong = |error: loan::LoanError| Failure::Wrong(error.to_string());
        let principal = terms.principal;
        let plan = schedule_drawn(&terms, principal.minor(), self.date).map_err(wrong)?;
        let contract = stream.id(self.at);
        let event = LifeEvent {
            id: stream.id(self.at),
            value_date: self.date,
            what: Happening::Disbursed { amount_fen: principal.minor() },
        };
        let stands = self.app.standing_of(&terms, std::slice::from_ref(&event), self.date).map_err(wrong)?;
        let product = terms.product.code.clone();
        let signed = ContractSigned {
            household,
            contract,
            application: household.derive("application"),
            facility: household.derive("facility"),
            terms: Box::new(terms),
            text_hash: contract.derive("text").as_bytes().to_vec().into(),
            evidence: "made for a benchmark".to_owned(),
        };
        let drawn = LoanDrawn {
            household,
            loan,
            contract,
            product,
            principal,
            maturity: plan.maturity(),
            next_due: plan.rows.first().map(|row| row.due),
            event,
            stands: Some(stands),
        };
        Ok([Fact::ContractSigned(signed), Fact::LoanDrawn(drawn)])
    }

    fn record(&mut self, cell: Cell, facts: Vec<Fact>, stream: &mut Stream) -> Result<(), Failure> {
        let (head, range) = self.heads.get_mut(&cell).ok_or_else(|| Failure::Wrong(format!("{cell:?} is not open")))?;
        let command_id = stream.id(self.at);
        let record = JournalRecord {
            version: VERSION,
            cell,
            seq: head.seq + 1,
            command_id,
            actor: Actor::SYSTEM,
            at: self.at,
            booking_date: head.open_date,
            digest: leaf_hash(command_id.as_bytes()).to_vec().into(),
            step: Step::Decided,
            outcome: cbor::to_bytes(&app::Outcome::Done).into(),
            facts: facts.iter().map(|fact| cbor::to_bytes(fact).into()).collect(),
            opens: None,
        };
        let bytes = cbor::to_bytes(&record);
        let leaf = leaf_hash(&bytes);
        range.append(leaf);
        head.seq = record.seq;
        for (index, fact) in facts.iter().enumerate() {
            let stamp = Stamp {
                cell,
                seq: record.seq,
                index: index as i64,
                command_id,
                booking_date: record.booking_date,
                at: record.at,
                actor: record.actor,
            };
            self.app.apply(&mut self.books, &stamp, fact).map_err(|fault| Failure::Wrong(fault.to_string()))?;
        }
        let row = Journal { cell, seq: record.seq, command_id, leaf: leaf.to_vec(), bytes: bytes.into() };
        self.journal.push(row.to_row());
        Ok(())
    }

    fn end(mut self, connection: &mut dyn Connection) -> Result<(), Failure> {
        let heads =
            self.heads.into_values().map(|(head, range)| door::backend::Head { range: range.to_bytes(), ..head });
        let writes = Writes {
            changes: self.books.changes(),
            journal: self.journal,
            heads: heads.collect(),
            ..Writes::default()
        };
        Ok(writes.send(connection)?)
    }
}
