//! Statement lines at the door: shops that sell on them, households that open, use and pay them.

use app::code::{CODE_SECONDS_MAX, PayCode, PaymentCode};
use app::command::{Command, Outcome};
use app::desk::{DeskError, Known, Reading, prepare};
use app::line::{LineAct, MoveLine, OpenLine, RegisterMerchant, Settles};
use basics::merkle::leaf_hash;
use basics::{Cell, Id, Rate, cbor};
use door::{Actor, Order, Request};
use loan::Term;

use super::answer::After;
use super::errand::{Made, Making, send};
use super::{DriveError, Driver};
use crate::deed::{HouseholdNo, Reply, Told, Way};

/// The product that households of a county open lines of.
const PRODUCT: &str = "revolving-consumer-line";
/// What village shops sell, as products name categories.
const CATEGORY: &str = "groceries";
/// Days from a statement's due date on which its household is told of it.
const TOLD_ON: [i32; 5] = [-3, 0, 1, 7, 30];

impl Making<'_> {
    fn command(&self, command: Command, step: &str, after: After) -> Made {
        let actor = match self.errand.deed.way {
            Way::Phone => self.own(),
            Way::Window => self.around.staff.clerk,
        };
        send(Request::plain(self.id(step), actor, self.at(), Order::Do(command)), after)
    }

    /// The office puts a shop into its register, by two people.
    pub(super) fn shop(&self, discount_bp: i64) -> Result<Made, DeskError> {
        let register = Command::RegisterMerchant(RegisterMerchant {
            merchant: merchant_of(self.home.id),
            name: format!("小卖部 {}", self.errand.deed.household.0),
            category: CATEGORY.to_owned(),
            settles: self.settles(self.home.cell, self.home.id, discount_bp)?,
            active: true,
        });
        let id = self.id("sells");
        Ok(send(
            Request::plain(id, self.around.staff.officer, self.at(), Order::Propose(register)),
            After::Proposed(id),
        ))
    }

    fn settles(&self, cell: Cell, household: Id, discount_bp: i64) -> Result<Settles, DeskError> {
        let discount = Rate::from_ppm(discount_bp * 100).map_err(|error| DeskError::Damaged(error.to_string()))?;
        Ok(Settles { cell, household, discount })
    }

    pub(super) fn line(&self, limit_fen: i64, months: u16) -> Result<Made, DeskError> {
        if self.home.line.is_some() {
            return Ok(Made::Tell(vec![self.errand.no("line_exists")]));
        }
        let (house, limit) = (&self.around.platform.house, self.money(limit_fen));
        let Ok(product) = house.product(PRODUCT) else {
            return Ok(Made::Tell(vec![self.errand.no("not_offered")]));
        };
        let rate = product.priced_for(Term::Months(months), self.around.day)?.price(None)?;
        let terms = product.line_terms(limit, Term::Months(months), self.around.day, rate)?;
        let line = self.id("line");
        let open = Command::OpenLine(OpenLine {
            cell: self.home.cell,
            household: self.home.id,
            line,
            product: PRODUCT.to_owned(),
            limit,
            rate,
            text_hash: leaf_hash(&cbor::to_bytes(&terms)).to_vec().into(),
            evidence: "read and confirmed on the phone".to_owned(),
            months,
        });
        Ok(self.command(open, "open line", After::LineOpen(line, limit_fen)))
    }

    pub(super) fn purchase(&self, shop: HouseholdNo, amount_fen: i64) -> Result<Made, DeskError> {
        let seller = self.around.book.home(shop).and_then(|home| Some((home, home.discount_bp?)));
        let (Some((seller, discount_bp)), Some(line)) = (seller, self.home.line) else {
            return Ok(Made::Tell(vec![self.errand.no("unknown_merchant")]));
        };
        let act = LineAct::Buy {
            merchant: merchant_of(seller.id),
            category: CATEGORY.to_owned(),
            amount: self.money(amount_fen),
            settles: Some(self.settles(seller.cell, seller.id, discount_bp)?),
        };
        Ok(self.command(self.moves(line, act), "buy", After::Bought(self.id("buy"), shop, amount_fen)))
    }

    /// The shop shows a signed code, the household's phone reads it, and its wallet pays.
    pub(super) fn code_payment(&self, shop: HouseholdNo, amount_fen: i64) -> Result<Made, DeskError> {
        let Some(paid) = self.code_read(shop, amount_fen)? else {
            return Ok(Made::Tell(vec![self.errand.no("unknown_merchant")]));
        };
        Ok(self.command(Command::PayCode(paid), "pay code", After::PaidByCode(shop, amount_fen)))
    }

    /// What was paid by a code becomes known to the profile, as it does where the desk takes the payment.
    pub(super) fn bought_by_code(&self, shop: HouseholdNo, amount_fen: i64, known: &Known) -> Result<Made, DeskError> {
        let Some(paid) = self.code_read(shop, amount_fen)? else { return Ok(Made::Tell(Vec::new())) };
        let event = paid.event(self.id("pay code"), self.around.day);
        let vault = self.around.platform.vault.as_ref();
        let request = known.observation(vault, self.id("paid by code"), &[event], Actor::SYSTEM, self.at())?;
        Ok(send(request, After::Observed(1)))
    }

    /// The command that pays a code which the shop has just shown; none where it is no merchant.
    fn code_read(&self, shop: HouseholdNo, amount_fen: i64) -> Result<Option<PayCode>, DeskError> {
        let seller = self.around.book.home(shop).and_then(|home| Some((home, home.discount_bp?)));
        let Some((seller, discount_bp)) = seller else { return Ok(None) };
        let sign = |told: &[u8]| prepare::code_signature(self.around.platform.vault.as_ref(), told);
        let shown = PaymentCode {
            merchant: merchant_of(seller.id),
            amount: self.money(amount_fen),
            expires: self.at().add_seconds(CODE_SECONDS_MAX),
            id: self.id("code"),
        };
        let settles = self.settles(seller.cell, seller.id, discount_bp)?;
        prepare::code_payment(sign, &shown.text(sign), (self.home.cell, self.home.id), settles, self.at()).map(Some)
    }

    /// The shop gives the money of the last purchase back, by the clerk.
    pub(super) fn refund(&self) -> Made {
        let (Some((purchase, shop, amount_fen)), Some(line)) = (self.home.bought, self.home.line) else {
            return Made::Tell(vec![self.errand.no("unknown_purchase")]);
        };
        let act = LineAct::Refund { purchase, amount: self.money(amount_fen) };
        let order = Order::Do(self.moves(line, act));
        let request = Request::plain(self.id("bring back"), self.around.staff.clerk, self.at(), order);
        send(request, After::BroughtBack(shop, amount_fen))
    }

    pub(super) fn line_payment(&self, amount_fen: i64, known: &Known) -> Result<Made, DeskError> {
        let view = self.home.line.map(|line| known.line(line)).transpose()?.flatten();
        let Some(view) = view else { return Ok(Made::Tell(vec![self.errand.no("unknown_line")])) };
        let amount_fen = amount_fen.min(view.state.owed.total_fen()?);
        if amount_fen <= 0 {
            return Ok(Made::Tell(vec![self.errand.no("nothing_due")]));
        }
        let act = LineAct::Pay { amount: self.money(amount_fen) };
        Ok(self.command(self.moves(view.row.id, act), "pay line", After::LinePaid(amount_fen)))
    }

    fn moves(&self, line: Id, act: LineAct) -> Command {
        Command::MoveLine(MoveLine { cell: self.home.cell, household: self.home.id, line, act })
    }
}

impl Driver {
    /// Notes what came of an act about a line, and says it. Nothing is said, and false answered, where the answer is none to it.
    pub(super) fn shopped(&mut self, no: HouseholdNo, after: &After, outcome: &Outcome, told: &mut Vec<Told>) -> bool {
        let Some(home) = self.book.home_mut(no) else { return false };
        match (after, outcome) {
            (After::SellsOnLines(discount_bp), Outcome::Done) => {
                home.discount_bp = Some(*discount_bp);
                told.push(Told::SellsOnLines);
            }
            (After::LineOpen(line, limit_fen), Outcome::Done) => {
                home.line = Some(*line);
                self.counts.lines += 1;
                told.push(Told::LineOpen { limit_fen: *limit_fen });
            }
            (After::Bought(purchase, shop, amount_fen), Outcome::LineMoved { .. }) => {
                home.bought = Some((*purchase, *shop, *amount_fen));
                self.book.sold.insert(*shop);
                told.push(Told::Bought { shop: *shop, amount_fen: *amount_fen });
            }
            (After::PaidByCode(shop, amount_fen), Outcome::Done | Outcome::OnItsWay { .. }) => {
                self.book.sold.insert(*shop);
                told.push(Told::PaidByCode { shop: *shop, amount_fen: *amount_fen });
            }
            (After::BroughtBack(shop, amount_fen), Outcome::LineMoved { .. }) => {
                home.bought = None;
                told.push(Told::BroughtBack { shop: *shop, amount_fen: *amount_fen });
            }
            (After::LinePaid(amount_fen), Outcome::LineMoved { owed_minor, .. }) => {
                told.push(Told::LinePaid { amount_fen: *amount_fen, owed_fen: *owed_minor });
            }
            _ => return false,
        }
        true
    }

    /// Tells what statements ask for: some days ahead of their due date, on it, and while they are not paid.
    pub(super) fn bill(&self) -> Result<Vec<Reply>, DriveError> {
        let Ok(product) = self.platform.house.product(PRODUCT) else { return Ok(Vec::new()) };
        let Some(rules) = &product.line else { return Ok(Vec::new()) };
        let is_due = |days: &i32| i64::from(self.day.add_days(-days).day()) == i64::from(rules.due_day);
        if !TOLD_ON.iter().any(is_due) {
            return Ok(Vec::new());
        }
        let lines: Vec<_> =
            self.book.homes().filter_map(|(no, home)| Some((no, home.cell, home.id, home.line?))).collect();
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<(Cell, Id)> = lines.iter().map(|(_, cell, household, _)| (*cell, *household)).collect();
        let mut told = Vec::new();
        for ((no, .., line), known) in lines.iter().zip(self.read(&keys, Reading::Lines)?) {
            let view = known.line(*line).map_err(|error| self.desk_error("a statement", error))?;
            let Some(state) = view.map(|view| view.state).filter(|state| state.billed_fen > 0) else { continue };
            let due = state.oldest_unmet_due.or(state.statement().map(|statement| statement.due));
            told.push(Reply {
                household: *no,
                told: Told::Statement {
                    minimum_fen: state.minimum_fen,
                    whole_fen: state.billed_fen,
                    due: due.unwrap_or(self.day),
                    days_past_due: state.days_past_due,
                },
            });
        }
        Ok(told)
    }

    /// Tells shopkeepers who sold on lines where their wallets stand now that they were paid.
    pub(super) fn tell_shops(&mut self) -> Result<Vec<Reply>, DriveError> {
        let sold = std::mem::take(&mut self.book.sold);
        self.wallets(sold)
    }
}

/// A shop in the office's register, by its keeper's household.
fn merchant_of(household: Id) -> Id {
    household.derive("merchant")
}
