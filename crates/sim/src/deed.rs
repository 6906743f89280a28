//! The border between the world and the platform: what people do, and what they are told.
//!
//! The world answers each day's deeds in a fixed order; the driver carries them to the door and tells the
//! world what came of them; the world may react with further deeds on the same day, a few rounds at most.
//! Nothing here says *why*: causes go from the world to the files of truth, past the platform.

use basics::{Date, Id};
use insight::{Channel, EventKind};

/// A household by its place in the county, from 0. The platform knows it by [`Person::id`] only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode)]
pub struct HouseholdNo(#[n(0)] pub u32);

/// A household as it shows itself at the counter.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Person {
    /// The id under which it enrols.
    #[n(0)]
    pub id: Id,
    /// The village's name.
    #[n(1)]
    pub village: String,
    /// The head's name, plainly made up.
    #[n(2)]
    pub name: String,
    /// The head's resident id, with a right check digit and an area code that is not in use.
    #[n(3)]
    pub resident_id: String,
    /// The head's phone, from a range that is not in use.
    #[n(4)]
    pub phone: String,
    /// What it consents to: purpose and version of the text.
    #[n(5)]
    pub consents: Vec<(String, String)>,
    /// The head's spouse, where there is one.
    #[n(6)]
    pub spouse: Option<Spouse>,
}

/// The head's spouse at the counter; it has no phone of its own there.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Spouse {
    /// Its name, plainly made up.
    #[n(0)]
    pub name: String,
    /// Its resident id, as the head's.
    #[n(1)]
    pub resident_id: String,
}

/// By which way a deed reaches the lender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode)]
pub enum Way {
    /// The household's own phone.
    #[n(0)]
    Phone,
    /// The service window of its village, by a clerk.
    #[n(1)]
    Window,
}

/// Something that was bought, earned, given or lost, as a behaviour event without its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Lived {
    /// What happened.
    #[n(0)]
    pub kind: EventKind,
    /// In is positive, out is negative, in fen; 0 where no money moved.
    #[n(1)]
    pub amount_fen: i64,
    /// The other side, as an opaque number of the world: a household, merchant, buyer or person elsewhere.
    #[n(2)]
    pub counterparty: Option<u64>,
    /// Balance of the household's account after it, in fen, where the account moved.
    #[n(3)]
    pub balance_after_fen: Option<i64>,
    /// By which lawful way the lender may come to know of it.
    #[n(4)]
    pub channel: Channel,
    /// What was measured, in the unit of the kind; none for kinds that measure nothing.
    #[n(5)]
    pub measure: Option<i64>,
}

/// A loan, application or change as the household remembers it: its own running number.
pub type Mine = u32;

/// What a household does.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub enum Act {
    /// Enrols, with consent.
    #[n(0)]
    Enrol(#[n(0)] Person),
    /// What happened to it since it was last told, to be folded into its profile: at most one batch a day.
    #[n(1)]
    Live(#[n(0)] Vec<Lived>),
    /// Puts cash into its wallet.
    #[n(2)]
    PayIn {
        /// How much, in fen.
        #[n(0)]
        amount_fen: i64,
    },
    /// Takes cash out of its wallet.
    #[n(3)]
    TakeOut {
        /// How much, in fen.
        #[n(0)]
        amount_fen: i64,
    },
    /// Sends money to another household's wallet.
    #[n(4)]
    Give {
        /// To whom.
        #[n(0)]
        to: HouseholdNo,
        /// How much, in fen.
        #[n(1)]
        amount_fen: i64,
    },
    /// Looks at what it could borrow.
    #[n(5)]
    AskLimit,
    /// Applies for a loan.
    #[n(6)]
    Apply {
        /// Its own number of this application.
        #[n(0)]
        mine: Mine,
        /// The product's code.
        #[n(1)]
        product: String,
        /// How much, in fen.
        #[n(2)]
        amount_fen: i64,
        /// For how many months.
        #[n(3)]
        months: u16,
        /// What it says the money is for.
        #[n(4)]
        purpose: String,
        /// Where its fields lie, by the crop calendar, for a product that follows the seasons.
        #[n(5)]
        region: String,
        /// Crops by name with their areas in thousandths of a mu, for the same.
        #[n(6)]
        crops: Vec<(String, u32)>,
    },
    /// Signs what was approved, and draws it.
    #[n(7)]
    Accept {
        /// The application.
        #[n(0)]
        mine: Mine,
    },
    /// Brings the papers that its signed contract waits for; with the last of them it is drawn.
    #[n(8)]
    BringPapers {
        /// The application.
        #[n(0)]
        mine: Mine,
        /// The papers.
        #[n(1)]
        papers: Vec<Paper>,
    },
    /// Shows by receipts what the money of a loan was spent on.
    #[n(9)]
    ShowUse {
        /// The loan.
        #[n(0)]
        mine: Mine,
    },
    /// Lets an offer go: it withdraws its application.
    #[n(10)]
    Decline {
        /// The application.
        #[n(0)]
        mine: Mine,
    },
    /// Asks that a person decides what was declined without one.
    #[n(11)]
    AskPerson {
        /// The application.
        #[n(0)]
        mine: Mine,
    },
    /// Pays a loan from its wallet.
    #[n(12)]
    Repay {
        /// The application that became the loan.
        #[n(0)]
        mine: Mine,
        /// What it pays.
        #[n(1)]
        pay: Pay,
    },
    /// Asks for its plan to be changed, since its season went otherwise.
    #[n(13)]
    AskReplan {
        /// The loan.
        #[n(0)]
        mine: Mine,
    },
    /// Agrees to a proposed change of a loan.
    #[n(14)]
    Agree {
        /// The loan.
        #[n(0)]
        mine: Mine,
    },
    /// A shopkeeper asks to sell on lines.
    #[n(15)]
    SellOnLines {
        /// What the lender keeps of each sale, hundredths of a percent.
        #[n(0)]
        discount_bp: i64,
    },
    /// Opens a statement line.
    #[n(16)]
    OpenLine {
        /// How much, in fen.
        #[n(0)]
        limit_fen: i64,
        /// For how many months.
        #[n(1)]
        months: u16,
    },
    /// Buys at a shop by its line.
    #[n(17)]
    Buy {
        /// The shopkeeper.
        #[n(0)]
        shop: HouseholdNo,
        /// How much, in fen.
        #[n(1)]
        amount_fen: i64,
    },
    /// Pays for a purchase out of its wallet, by the code that the shop shows.
    #[n(18)]
    PayByCode {
        /// The shopkeeper.
        #[n(0)]
        shop: HouseholdNo,
        /// How much, in fen.
        #[n(1)]
        amount_fen: i64,
    },
    /// Brings its last purchase back to the shop.
    #[n(19)]
    BringBack,
    /// Pays its line from its wallet.
    #[n(20)]
    PayLine {
        /// How much, in fen; what is more than owed is not taken.
        #[n(0)]
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

    /// The application that is given up if the platform says no; none where it is about something else.
    pub const fn gives_up(&self) -> Option<Mine> {
        match self {
            Act::Apply { mine, .. } | Act::Accept { mine } | Act::Decline { mine } | Act::BringPapers { mine, .. } => {
                Some(*mine)
            }
            _ => None,
        }
    }
}

/// A paper that a household brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub enum Paper {
    /// The spouse has read the contract, and signs it as co-borrower or consents to it.
    #[n(0)]
    Spouse {
        /// Whether it signs as co-borrower.
        #[n(0)]
        signs: bool,
    },
    /// A document that there is no spouse: widowed, or never married.
    #[n(1)]
    NoSpouse {
        /// Whether widowed.
        #[n(0)]
        is_widowed: bool,
    },
}

/// A paper that a signed contract waits for.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub enum Wanted {
    /// The spouse's word, or a paper that there is none.
    #[n(0)]
    Spouse {
        /// Whether it has to sign as co-borrower.
        #[n(0)]
        signs: bool,
    },
    /// Something that people of a county do not have: a guarantor, a certificate, a named payee. In the platform's words.
    #[n(1)]
    Other(#[n(0)] String),
}

/// How much a household pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub enum Pay {
    /// This much, in fen.
    #[n(0)]
    Fen(#[n(0)] i64),
    /// Whatever is due today.
    #[n(1)]
    Due,
    /// Whatever closes the loan today.
    #[n(2)]
    Off,
}

/// A deed: who does what, when and by which way.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Deed {
    /// Who.
    #[n(0)]
    pub household: HouseholdNo,
    /// Second of the day, 0 to 86,399, in the institution's time zone. Deeds of one day come in order of (second, household).
    #[n(1)]
    pub second: u32,
    /// By which way.
    #[n(2)]
    pub way: Way,
    /// What.
    #[n(3)]
    pub act: Act,
}

/// What a household is told.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub enum Told {
    /// It is enrolled.
    #[n(0)]
    Enrolled,
    /// What it could borrow, product by product, in fen.
    #[n(1)]
    Limits(#[n(0)] Vec<(String, i64)>),
    /// Its application was approved: the offer.
    #[n(2)]
    Offered {
        /// The application.
        #[n(0)]
        mine: Mine,
        /// How much, in fen.
        #[n(1)]
        approved_fen: i64,
        /// The yearly rate, ppm.
        #[n(2)]
        rate_ppm: i64,
        /// The all-in annualised cost, ppm.
        #[n(3)]
        cost_ppm: i64,
        /// What would fall due: date and sum in fen.
        #[n(4)]
        dues: Vec<(Date, i64)>,
    },
    /// A person will decide; a visit may come.
    #[n(3)]
    Referred {
        /// The application.
        #[n(0)]
        mine: Mine,
    },
    /// Its application was declined, with the codes of the reasons.
    #[n(4)]
    Refused {
        /// The application.
        #[n(0)]
        mine: Mine,
        /// Codes of the reasons.
        #[n(1)]
        reasons: Vec<String>,
    },
    /// The loan was drawn and paid out into its wallet.
    #[n(5)]
    Drawn {
        /// The application that became the loan.
        #[n(0)]
        mine: Mine,
        /// How much, in fen.
        #[n(1)]
        amount_fen: i64,
        /// What falls due: date and sum in fen.
        #[n(2)]
        dues: Vec<(Date, i64)>,
    },
    /// What was signed waits for papers before it can be drawn.
    #[n(6)]
    PapersWanted {
        /// The application.
        #[n(0)]
        mine: Mine,
        /// The papers.
        #[n(1)]
        papers: Vec<Wanted>,
    },
    /// What the money of a loan is spent on has to be shown.
    #[n(7)]
    UseWanted {
        /// The loan.
        #[n(0)]
        mine: Mine,
        /// By when.
        #[n(1)]
        by: Date,
    },
    /// The use of a loan was shown.
    #[n(8)]
    UseShown {
        /// The loan.
        #[n(0)]
        mine: Mine,
    },
    /// An instalment falls due soon or is due: a reminder.
    #[n(9)]
    Due {
        /// The loan.
        #[n(0)]
        mine: Mine,
        /// When.
        #[n(1)]
        date: Date,
        /// What is due by then and not paid, in fen.
        #[n(2)]
        amount_fen: i64,
        /// Whole days past due already; 0 before and on the day.
        #[n(3)]
        days_past_due: u32,
    },
    /// A payment was booked.
    #[n(10)]
    Paid {
        /// The loan.
        #[n(0)]
        mine: Mine,
        /// What was paid, in fen.
        #[n(1)]
        amount_fen: i64,
        /// Principal still owed, in fen.
        #[n(2)]
        outstanding_fen: i64,
        /// Whether nothing is owed any more.
        #[n(3)]
        closed: bool,
    },
    /// A change of the plan is proposed: what falls due after it, and what it adds to the cost in fen.
    #[n(11)]
    ChangeProposed {
        /// The loan.
        #[n(0)]
        mine: Mine,
        /// What falls due after it.
        #[n(1)]
        dues: Vec<(Date, i64)>,
        /// Added cost in fen.
        #[n(2)]
        added_fen: i64,
    },
    /// Its plan stays as it is.
    #[n(12)]
    NotChanged {
        /// The loan.
        #[n(0)]
        mine: Mine,
    },
    /// The plan was changed.
    #[n(13)]
    Changed {
        /// The loan.
        #[n(0)]
        mine: Mine,
        /// What falls due now.
        #[n(1)]
        dues: Vec<(Date, i64)>,
    },
    /// Money arrived from another household.
    #[n(14)]
    Received {
        /// From whom.
        #[n(0)]
        from: HouseholdNo,
        /// How much, in fen.
        #[n(1)]
        amount_fen: i64,
    },
    /// The wallet stands at this, in fen, after the deed.
    #[n(15)]
    Wallet {
        /// Balance in fen.
        #[n(0)]
        balance_fen: i64,
    },
    /// A line was opened with this limit, in fen.
    #[n(16)]
    LineOpen {
        /// Limit in fen.
        #[n(0)]
        limit_fen: i64,
    },
    /// A shopkeeper may sell on lines from now on.
    #[n(17)]
    SellsOnLines,
    /// Something was bought by its line.
    #[n(18)]
    Bought {
        /// The shopkeeper.
        #[n(0)]
        shop: HouseholdNo,
        /// How much, in fen.
        #[n(1)]
        amount_fen: i64,
    },
    /// Something was paid for by a shop's code.
    #[n(19)]
    PaidByCode {
        /// The shopkeeper.
        #[n(0)]
        shop: HouseholdNo,
        /// How much, in fen.
        #[n(1)]
        amount_fen: i64,
    },
    /// A purchase went back.
    #[n(20)]
    BroughtBack {
        /// The shopkeeper.
        #[n(0)]
        shop: HouseholdNo,
        /// How much, in fen.
        #[n(1)]
        amount_fen: i64,
    },
    /// What its statements ask for: minimum and whole sum in fen, and by when.
    #[n(21)]
    Statement {
        /// What the minimum payments so far still lack, in fen.
        #[n(0)]
        minimum_fen: i64,
        /// All that is billed and not paid, in fen.
        #[n(1)]
        whole_fen: i64,
        /// By when.
        #[n(2)]
        due: Date,
        /// Whole days past due already; 0 before and on the day.
        #[n(3)]
        days_past_due: u32,
    },
    /// A payment of its line was booked.
    #[n(22)]
    LinePaid {
        /// What was paid, in fen.
        #[n(0)]
        amount_fen: i64,
        /// What is owed on it now, in fen.
        #[n(1)]
        owed_fen: i64,
    },
    /// The platform said no to something about a line, with the code of its reason: nothing changed there.
    #[n(23)]
    NotOnLine {
        /// The code.
        #[n(0)]
        code: String,
    },
    /// The platform said no to an act, with the code of its reason: nothing changed there.
    #[n(24)]
    No {
        /// The code.
        #[n(0)]
        code: String,
        /// What of the household's own money this undoes, in fen: what it brought and takes home again is positive, what
        /// it counted on and does not get negative, 0 where no cash was on its way.
        #[n(1)]
        back_fen: i64,
        /// The application that is given up with it; none where the act was about something else.
        #[n(2)]
        gives_up: Option<Mine>,
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
            _ => Told::No { code: code.to_owned(), back_fen: act.back_fen(), gives_up: act.gives_up() },
        }
    }
}

/// What a household is told, and when.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Reply {
    /// Whom.
    #[n(0)]
    pub household: HouseholdNo,
    /// What.
    #[n(1)]
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
