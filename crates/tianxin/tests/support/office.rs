//! Staff who act on drawn loans: alone, by two, day after day.

use std::sync::Arc;

use app::Tianxin;
use app::command::{Command, Outcome};
use app::posting::Role as Subject;
use app::service::{LoanAct, LoanShown, ServiceLoan};
use app::tables::{GlBalance, LoanNote};
use basics::{Currency, Date, Id, Instant, Money};
use door::{Actor, Backend, Order, Request, Role, Stepper, audit};
use loan::act::{Alteration, AlteredPlan};
use loan::season::{BorrowerConsent, Consent, Consents, GuarantorConsent};

use super::lending::{Wish, close_day, day_begins, lender, pays, told};
use super::proof::records;
use super::{cell_of, founding, household, id, morning, open_date, staff};

/// An institution whose households have drawn their loans, and whose staff act on them one by one.
pub struct County {
    pub stepper: Stepper<Tianxin>,
    pub house: Arc<Tianxin>,
    pub backend: Arc<dyn Backend>,
    pub day: Date,
    pub next: u128,
}

pub fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

pub fn wish(n: u64, product: &'static str, fen: i64, months: u16) -> Wish {
    let household = household(n);
    Wish { household, cell: cell_of(household), product, fen, months }
}

impl County {
    pub fn new(backend: Arc<dyn Backend>, wishes: &[Wish]) -> County {
        County::of(lender(), backend, wishes)
    }

    /// The households of an institution of its own, in its currency.
    pub fn of(house: Arc<Tianxin>, backend: Arc<dyn Backend>, wishes: &[Wish]) -> County {
        let mut stepper = Stepper::new(house.clone(), backend.clone(), 256);
        for request in founding(wishes.len() as u64) {
            told(stepper.step(vec![in_currency(request, house.institution.currency)]).remove(0));
        }
        stepper.deliver();
        for request in wishes.iter().flat_map(|wish| wish.commands(&house, morning())) {
            told(stepper.step(vec![request]).remove(0));
        }
        County { stepper, house, backend, day: open_date(), next: 0 }
    }

    /// Goes on with the same books under other settings.
    pub fn serve(&mut self, house: Arc<Tianxin>) {
        self.stepper = Stepper::new(house.clone(), self.backend.clone(), 256);
        self.house = house;
    }

    /// Any command, proposed by one and approved by another.
    pub fn command_by_two(&mut self, proposer: Actor, command: Command) -> Result<Outcome, String> {
        let cell = app::command::cell_of(&command);
        let shown = self.order(proposer, Order::Propose(command))?;
        let proposal = id(0x5E00_0000 + self.next);
        let done = self.order(staff(9, Role::Approver), Order::Approve { cell, proposal })?;
        assert_eq!(shown, done, "what was shown is what was done");
        Ok(done)
    }

    pub fn until(&mut self, day: &str) {
        while self.day < date(day) {
            told(self.stepper.step(vec![close_day(self.day)]).remove(0));
            self.stepper.deliver();
            self.day = self.day.add_days(1);
        }
    }

    pub fn order(&mut self, actor: Actor, order: Order<Command>) -> Result<Outcome, String> {
        self.next += 1;
        let request = Request::plain(id(0x5E00_0000 + self.next), actor, day_begins(self.day), order);
        let answer = self.stepper.step(vec![request]).remove(0).map_err(|e| e.to_string())?;
        Ok(answer.outcome::<Tianxin>().unwrap())
    }

    pub fn alone(&mut self, actor: Actor, wish: &Wish, what: LoanAct) -> Result<Outcome, String> {
        self.order(actor, Order::Do(act(wish, what)))
    }

    /// Proposed by one, approved by another; what was shown, and the id of the event, which is the approval's.
    pub fn by_two(
        &mut self,
        proposer: Actor,
        wish: &Wish,
        what: LoanAct,
    ) -> Result<(LoanShown, LoanShown, Id), String> {
        let shown = self.order(proposer, Order::Propose(act(wish, what)))?;
        let proposal = id(0x5E00_0000 + self.next);
        let done = self.order(staff(9, Role::Approver), Order::Approve { cell: wish.cell, proposal })?;
        assert_eq!(shown, done, "what was shown is what was done");
        let Outcome::Serviced { before, after } = done else { panic!("{done:?}") };
        Ok((before, after, id(0x5E00_0000 + self.next)))
    }

    pub fn pay(&mut self, wish: &Wish, fen: i64) {
        for request in pays(wish, fen, self.day) {
            told(self.stepper.step(vec![in_currency(request, self.house.institution.currency)]).remove(0));
        }
    }

    pub fn balance(&self, role: Subject) -> i64 {
        let code = i64::from(self.house.subjects.roles.code(role).0);
        let rows = records::<GlBalance>(self.backend.as_ref());
        rows.iter().filter(|row| row.subject == code).map(|row| row.balance_minor).sum()
    }

    pub fn note(&self, wish: &Wish) -> LoanNote {
        records::<LoanNote>(self.backend.as_ref()).into_iter().find(|note| note.id == wish.loan()).unwrap()
    }

    pub fn verify(&self) {
        audit::verify(self.house.as_ref(), self.backend.as_ref(), None).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}

/// The same request with its money in another currency.
fn in_currency(mut request: Request<Command>, currency: Currency) -> Request<Command> {
    if let Order::Do(command) = &mut request.order {
        let amount = match command {
            Command::Fund(c) => Some(&mut c.amount),
            Command::GrantQuota(c) => Some(&mut c.amount),
            Command::TopUp(c) => Some(&mut c.amount),
            Command::Repay(c) => Some(&mut c.amount),
            _ => None,
        };
        if let Some(amount) = amount {
            *amount = Money::new(amount.minor(), currency);
        }
    }
    request
}

pub fn act(wish: &Wish, what: LoanAct) -> Command {
    let (cell, household, loan) = (wish.cell, wish.household, wish.loan());
    Command::ServiceLoan(ServiceLoan { cell, household, loan, what, reason: "letter of the day".into() })
}

pub fn until(day: &str) -> Alteration {
    let consent = Consent { by: id(7), at: Instant(1), evidence: [7; 32] };
    Alteration {
        plan: AlteredPlan::Until(date(day)),
        rates: None,
        reason: "sale put off".into(),
        consent: Consents { borrower: BorrowerConsent::Given(consent), guarantor: GuarantorConsent::NoGuarantor },
    }
}

pub fn fen(amount: i64) -> Money {
    Money::new(amount, Currency::CNY)
}
