//! The first morning of an institution: capital by two people, a share of it for every cell, and its staff.

use app::command::Command;
use app::quota::{Fund, GrantQuota};
use app::staff::SetStaff;
use basics::{Cell, Money};
use door::backend::Durability;
use door::{Actor, DoorError, Order, Request, Role};

use super::staff::Staff;
use super::{DriveError, Driver};

/// With what an institution begins.
#[derive(Clone, Debug)]
pub struct Founding {
    /// Paid-in capital, in fen.
    pub capital_fen: i64,
    /// What each cell may pay out of it at first, in fen.
    pub quota_fen: i64,
    /// Sign-in names and roles.
    pub staff: Vec<(String, Role)>,
    /// The password of all of them, as a hash that fits none where nobody will sign in.
    pub password_hash: String,
    /// The second proof by which every household signs in, as a hash; none where nobody will.
    pub second_proof: Option<String>,
}

impl Founding {
    /// What suits a number of households: enough that the bank balance is no limit on lending.
    pub fn of(households: u32, cells: u16) -> Founding {
        let a_cell = (i64::from(households) * 1_000_000 / i64::from(cells.max(1))).max(20_000_000);
        let staff = [Role::Clerk, Role::Officer, Role::Approver, Role::Accountant];
        Founding {
            capital_fen: a_cell * i64::from(cells) * 4,
            quota_fen: a_cell,
            staff: staff.iter().map(|role| (role.as_str().to_owned(), *role)).collect(),
            password_hash: "nobody signs in".to_owned(),
            second_proof: None,
        }
    }
}

/// The morning's first second.
const EARLY: u32 = 6 * 3_600;
/// What may be booked in one command, in fen.
const AT_ONCE_FEN: i64 = 100_000_000_000;

impl Driver {
    /// Founds the institution on its first day. From here on a day is durable when it is closed: a county that is cut off
    /// is lived again.
    pub fn found(&mut self, founding: &Founding) -> Result<(), DriveError> {
        self.second_proof.clone_from(&founding.second_proof);
        self.stepper.set_durability(Durability::Later)?;
        let currency = self.platform.house.institution.currency;
        let mut left = founding.capital_fen;
        let mut part = 0;
        while left > 0 {
            let amount = Money::new(left.min(AT_ONCE_FEN), currency);
            let fund = Command::Fund(Fund { amount, reference: "paid-in capital".to_owned() });
            let (proposal, approval) = (self.id(&format!("fund {part}")), self.id(&format!("fund {part} approved")));
            let at = self.at(EARLY);
            let propose = Request::plain(proposal, self.staff.accountant, at, Order::Propose(fund));
            self.must("the paid-in capital", propose)?;
            let approve = Order::Approve { cell: Cell::OFFICE, proposal };
            self.must("the paid-in capital", Request::plain(approval, self.staff.approver, at, approve))?;
            left -= amount.minor();
            part += 1;
        }
        let mut requests = Vec::new();
        for to in (1..=self.platform.backend.cells()).map(Cell) {
            let grant = Command::GrantQuota(GrantQuota { to, amount: Money::new(founding.quota_fen, currency) });
            requests.push(self.request(self.id(&format!("quota {to}")), self.staff.accountant, EARLY, grant));
        }
        for (login, role) in &founding.staff {
            let staff = SetStaff {
                staff: Staff::id(self.pace.seed, *role),
                login: login.clone(),
                role: *role,
                active: true,
                password_hash: Some(founding.password_hash.clone()),
            };
            let id = self.id(&format!("staff {login}"));
            requests.push(self.request(id, Actor::SYSTEM, EARLY, Command::SetStaff(staff)));
        }
        for answer in self.send(requests) {
            answer.map_err(|error: DoorError| DriveError::Door {
                date: self.day,
                what: "the founding".to_owned(),
                error,
            })?;
        }
        self.deliver()
    }
}
