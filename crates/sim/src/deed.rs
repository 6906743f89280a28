//! The border between the world and the platform: what people do, and what they are told.
//!
//! The world answers each day's deeds in a fixed order; the driver carries them to the door and tells the
//! world what came of them; the world may react with further deeds on the same day, a few rounds at most.
//! Nothing here says *why*: causes go from the world to the files of truth, past the platform.

use basics::{Date, Id};
use insight::{Channel, EventKind};

/// A household by its place in the county, from 0. The platform knows it by [`Person::id`] only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HouseholdNo(pub u32);

/// A household as it shows itself at the counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The id under which it enrols.
    pub id: Id,
    /// The village's name.
    pub village: String,
    /// The head's name, plainly made up.
    pub name: String,
    /// The head's resident id, with a right check digit and an area code that is not in use.
    pub resident_id: String,
    /// The head's phone, from a range that is not in use.
    pub phone: String,
    /// What it consents to: purpose and version of the text.
    pub consents: Vec<(String, String)>,
}

/// By which way a deed reaches the lender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// The household's own phone.
    Phone,
    /// The service window of its village, by a clerk.
    Window,
}

/// Something that was bought, earned, given or lost, as a behaviour event without its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lived {
    /// What happened.
    pub kind: EventKind,
    /// In is positive, out is negative, in fen; 0 where no money moved.
    pub amount_fen: i64,
    /// The other side, as an opaque number of the world: a household, merchant, buyer or person elsewhere.
    pub counterparty: Option<u64>,
    /// Balance of the household's account after it, in fen, where the account moved.
    pub balance_after_fen: Option<i64>,
    /// By which lawful way the lender may come to know of it.
    pub channel: Channel,
}

/// A loan, application or change as the household remembers it: its own running number.
pub type Mine = u32;

/// What a household does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Enrols, with consent.
    Enrol(Person),
    /// What happened to it since it was last told, to be folded into its profile: at most one batch a day.
    Live(Vec<Lived>),
    /// Puts cash into its wallet.
    PayIn {
        /// How much, in fen.
        amount_fen: i64,
    },
    /// Takes cash out of its wallet.
    TakeOut {
        /// How much, in fen.
        amount_fen: i64,
    },
    /// Sends money to another household's wallet.
    Give {
        /// To whom.
        to: HouseholdNo,
        /// How much, in fen.
        amount_fen: i64,
    },
    /// Looks at what it could borrow.
    AskLimit,
    /// Applies for a loan.
    Apply {
        /// Its own number of this application.
        mine: Mine,
        /// The product's code.
        product: String,
        /// How much, in fen.
        amount_fen: i64,
        /// For how many months.
        months: u16,
        /// What it says the money is for.
        purpose: String,
        /// Where its fields lie, by the crop calendar, for a product that follows the seasons.
        region: String,
        /// Crops by name with their areas in thousandths of a mu, for the same.
        crops: Vec<(String, u32)>,
    },
    /// Signs what was approved, and draws it.
    Accept {
        /// The application.
        mine: Mine,
    },
    /// Lets an offer go: it withdraws its application.
    Decline {
        /// The application.
        mine: Mine,
    },
    /// Asks that a person decides what was declined without one.
    AskPerson {
        /// The application.
        mine: Mine,
    },
    /// Pays a loan from its wallet.
    Repay {
        /// The application that became the loan.
        mine: Mine,
        /// What it pays.
        pay: Pay,
    },
    /// Asks for its plan to be changed, since its season went otherwise.
    AskReplan {
        /// The loan.
        mine: Mine,
    },
    /// Agrees to a proposed change of a loan.
    Agree {
        /// The loan.
        mine: Mine,
    },
    /// A shopkeeper asks to sell on lines.
    SellOnLines {
        /// What the lender keeps of each sale, hundredths of a percent.
        discount_bp: i64,
    },
    /// Opens a statement line.
    OpenLine {
        /// How much, in fen.
        limit_fen: i64,
        /// For how many months.
        months: u16,
    },
    /// Buys at a shop by its line.
    Buy {
        /// The shopkeeper.
        shop: HouseholdNo,
        /// How much, in fen.
        amount_fen: i64,
    },
    /// Brings its last purchase back to the shop.
    BringBack,
    /// Pays its line from its wallet.
    PayLine {
        /// How much, in fen; what is more than owed is not taken.
        amount_fen: i64,
    },
}

impl Act {
    /// What comes back to the household if the platform says no, in fen: cash that was to go into the wallet is
    /// positive, cash that was to come out of it negative.
    pub const fn back_fen(&self) -> i64 {
        match self {
            Act::PayIn { amount_fen } => *amount_fen,
            Act::TakeOut { amount_fen } => -*amount_fen,
            _ => 0,
        }
    }
}

/// How much a household pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pay {
    /// This much, in fen.
    Fen(i64),
    /// Whatever is due today.
    Due,
    /// Whatever closes the loan today.
    Off,
}

/// A deed: who does what, when and by which way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Who.
    pub household: HouseholdNo,
    /// Second of the day, 0 to 86,399, in the institution's time zone. Deeds of one day come in order of (second, household).
    pub second: u32,
    /// By which way.
    pub way: Way,
    /// What.
    pub act: Act,
}

/// What a household is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is enrolled.
    Enrolled,
    /// What it could borrow, product by product, in fen.
    Limits(Vec<(String, i64)>),
    /// Its application was approved: the offer.
    Offered {
        /// The application.
        mine: Mine,
        /// How much, in fen.
        approved_fen: i64,
        /// The yearly rate, ppm.
        rate_ppm: i64,
        /// The all-in annualised cost, ppm.
        cost_ppm: i64,
        /// What would fall due: date and sum in fen.
        dues: Vec<(Date, i64)>,
    },
    /// A person will decide; a visit may come.
    Referred {
        /// The application.
        mine: Mine,
    },
    /// Its application was declined, with the codes of the reasons.
    Refused {
        /// The application.
        mine: Mine,
        /// Codes of the reasons.
        reasons: Vec<String>,
    },
    /// The loan was drawn and paid out into its wallet.
    Drawn {
        /// The application that became the loan.
        mine: Mine,
        /// How much, in fen.
        amount_fen: i64,
        /// What falls due: date and sum in fen.
        dues: Vec<(Date, i64)>,
    },
    /// An instalment falls due soon or is due: a reminder.
    Due {
        /// The loan.
        mine: Mine,
        /// When.
        date: Date,
        /// What is due by then and not paid, in fen.
        amount_fen: i64,
        /// Whole days past due already; 0 before and on the day.
        days_past_due: u32,
    },
    /// A payment was booked.
    Paid {
        /// The loan.
        mine: Mine,
        /// What was paid, in fen.
        amount_fen: i64,
        /// Principal still owed, in fen.
        outstanding_fen: i64,
        /// Whether nothing is owed any more.
        closed: bool,
    },
    /// A change of the plan is proposed: what falls due after it, and what it adds to the cost in fen.
    ChangeProposed {
        /// The loan.
        mine: Mine,
        /// What falls due after it.
        dues: Vec<(Date, i64)>,
        /// Added cost in fen.
        added_fen: i64,
    },
    /// Its plan stays as it is.
    NotChanged {
        /// The loan.
        mine: Mine,
    },
    /// The plan was changed.
    Changed {
        /// The loan.
        mine: Mine,
        /// What falls due now.
        dues: Vec<(Date, i64)>,
    },
    /// Money arrived from another household.
    Received {
        /// From whom.
        from: HouseholdNo,
        /// How much, in fen.
        amount_fen: i64,
    },
    /// The wallet stands at this, in fen, after the deed.
    Wallet {
        /// Balance in fen.
        balance_fen: i64,
    },
    /// A line was opened with this limit, in fen.
    LineOpen {
        /// Limit in fen.
        limit_fen: i64,
    },
    /// A shopkeeper may sell on lines from now on.
    SellsOnLines,
    /// Something was bought by its line.
    Bought {
        /// The shopkeeper.
        shop: HouseholdNo,
        /// How much, in fen.
        amount_fen: i64,
    },
    /// A purchase went back.
    BroughtBack {
        /// The shopkeeper.
        shop: HouseholdNo,
        /// How much, in fen.
        amount_fen: i64,
    },
    /// What its statements ask for: minimum and whole sum in fen, and by when.
    Statement {
        /// What the minimum payments so far still lack, in fen.
        minimum_fen: i64,
        /// All that is billed and not paid, in fen.
        whole_fen: i64,
        /// By when.
        due: Date,
        /// Whole days past due already; 0 before and on the day.
        days_past_due: u32,
    },
    /// A payment of its line was booked.
    LinePaid {
        /// What was paid, in fen.
        amount_fen: i64,
        /// What is owed on it now, in fen.
        owed_fen: i64,
    },
    /// The platform said no to something about a line, with the code of its reason: nothing changed there.
    NotOnLine {
        /// The code.
        code: String,
    },
    /// The platform said no to an act, with the code of its reason: nothing changed there.
    No {
        /// The code.
        code: String,
        /// What of the household's own money this undoes, in fen: what it brought and takes home again is positive, what
        /// it counted on and does not get negative, 0 where no cash was on its way.
        back_fen: i64,
    },
}

impl Told {
    /// The platform says no to an act.
    pub fn no(code: &str, act: &Act) -> Told {
        match act {
            Act::SellOnLines { .. } | Act::OpenLine { .. } | Act::Buy { .. } | Act::BringBack | Act::PayLine { .. } => {
                Told::NotOnLine { code: code.to_owned() }
            }
            Act::AskPerson { mine } => Told::Refused { mine: *mine, reasons: vec![code.to_owned()] },
            _ => Told::No { code: code.to_owned(), back_fen: act.back_fen() },
        }
    }
}

/// What a household is told, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Whom.
    pub household: HouseholdNo,
    /// What.
    pub told: Told,
}

/// What an officer finds on a visit: what can be seen at the gate, not what is hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether somebody lives there and is who they say.
    pub is_known: bool,
    /// What the officer believes the household can pay a month, in fen.
    pub capacity_fen: i64,
    /// What neighbours say of its word, -2 to +2.
    pub standing: i8,
    /// Whether the purpose looked real.
    pub purpose_seen: bool,
}
