//! What nobody on the platform may know: why people did what they did. It goes to a file past the platform.

use basics::Date;

use super::household::Trouble;
use crate::deed::{HouseholdNo, Mine};

/// A kind of fraud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, minicbor::Encode, minicbor::Decode)]
pub enum Typology {
    /// Names lent to an agent who uses the money 借名贷款.
    #[n(0)]
    BorrowedNames,
    /// Loans in the name of people who know nothing of it 冒名贷款.
    #[n(1)]
    StolenNames,
    /// A ring that guarantees each other and stops together 互保圈.
    #[n(2)]
    Ring,
    /// Borrowing from everyone in the same weeks 多头借贷.
    #[n(3)]
    Stacking,
    /// Money used for what it may not be used for 挪用.
    #[n(4)]
    Diversion,
    /// A clerk who pays for borrowers and takes it back with more 内外勾结.
    #[n(5)]
    Insider,
    /// A wallet through which strangers' money runs 跑分.
    #[n(6)]
    Mule,
    /// One user behind many large loans 垒大户.
    #[n(7)]
    BigUser,
}

impl Typology {
    /// All of them.
    pub const ALL: [Typology; 8] = [
        Typology::BorrowedNames,
        Typology::StolenNames,
        Typology::Ring,
        Typology::Stacking,
        Typology::Diversion,
        Typology::Insider,
        Typology::Mule,
        Typology::BigUser,
    ];

    /// Its name in files.
    pub const fn code(self) -> &'static str {
        match self {
            Typology::BorrowedNames => "borrowed-names",
            Typology::StolenNames => "stolen-names",
            Typology::Ring => "ring",
            Typology::Stacking => "stacking",
            Typology::Diversion => "diversion",
            Typology::Insider => "insider",
            Typology::Mule => "mule",
            Typology::BigUser => "big-user",
        }
    }
}

/// Something hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It could not pay what was due.
    CouldNot {
        /// The loan.
        mine: Mine,
        /// What was due, in fen.
        due_fen: i64,
        /// What was missing after everything that could be sold, borrowed and asked for, in fen.
        short_fen: i64,
        /// What had gone against it.
        trouble: Trouble,
    },
    /// It could have paid and did not: what it keeps is worth more to it than what it loses.
    WouldNot {
        /// The loan.
        mine: Mine,
        /// What was due, in fen.
        due_fen: i64,
        /// All that is still to be paid, in fen.
        gain_fen: i64,
        /// What future credit, good name and its own word are worth to it, in fen.
        loss_fen: i64,
    },
    /// It put off paying, since other things came first.
    PutOff {
        /// The loan.
        mine: Mine,
        /// What was due, in fen.
        due_fen: i64,
    },
    /// It could not pay what its line asked for.
    ShortOfMinimum {
        /// What it would have paid, in fen.
        due_fen: i64,
        /// What was missing, in fen.
        short_fen: i64,
        /// What had gone against it.
        trouble: Trouble,
    },
    /// What it had and owed, seen and unseen, when it applied.
    Wealth {
        /// The application.
        mine: Mine,
        /// Cash at home and money put by, in fen.
        hidden_fen: i64,
        /// Owed to other lenders, in fen.
        other_fen: i64,
        /// Owed to people it knows, in fen.
        kin_fen: i64,
        /// Worth of its word, in days of spending.
        word_days: i64,
        /// Patience, percent.
        patience: u8,
        /// What it really wants the money for: the code of the reason.
        reason: &'static str,
    },
    /// A deed of this household on this day belongs to a scheme.
    Scheme {
        /// Which kind.
        kind: Typology,
        /// The scheme's number, from 1.
        scheme: u16,
        /// What was done, in a word.
        deed: &'static str,
    },
    /// Something befell it.
    Befell {
        /// What.
        trouble: Trouble,
        /// What it cost or lost, in fen.
        fen: i64,
    },
}

/// A row of the files of truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TruthRow {
    /// When.
    pub date: Date,
    /// Who.
    pub household: HouseholdNo,
    /// What.
    pub truth: Truth,
}

impl TruthRow {
    /// The heads of its columns; amounts in fen.
    pub const COLUMNS: [&'static str; 8] = ["date", "household", "what", "mine", "cause", "fen", "other_fen", "more"];

    /// The row's cells, in the order of [`TruthRow::COLUMNS`]. What a row does not have is empty.
    pub fn cells(&self) -> [String; 8] {
        let none = String::new;
        let (what, mine, cause, fen, other, more) = match self.truth {
            Truth::CouldNot { mine, due_fen, short_fen, trouble } => {
                ("could-not", Some(mine), trouble.code(), due_fen, Some(short_fen), none())
            }
            Truth::WouldNot { mine, due_fen, gain_fen, loss_fen } => {
                ("would-not", Some(mine), "gain", due_fen, Some(gain_fen), loss_fen.to_string())
            }
            Truth::ShortOfMinimum { due_fen, short_fen, trouble } => {
                ("short-of-minimum", None, trouble.code(), due_fen, Some(short_fen), none())
            }
            Truth::PutOff { mine, due_fen } => ("put-off", Some(mine), "other-things-first", due_fen, None, none()),
            Truth::Wealth { mine, hidden_fen, other_fen, kin_fen, word_days, patience, reason } => {
                let more = format!("kin_fen={kin_fen} word_days={word_days} patience={patience}");
                ("wealth", Some(mine), reason, hidden_fen, Some(other_fen), more)
            }
            Truth::Scheme { kind, scheme, deed } => {
                ("scheme", None, kind.code(), 0, None, format!("scheme={scheme} deed={deed}"))
            }
            Truth::Befell { trouble, fen } => ("befell", None, trouble.code(), fen, None, none()),
        };
        [
            self.date.to_string(),
            self.household.0.to_string(),
            what.to_owned(),
            mine.map_or_else(none, |m| m.to_string()),
            cause.to_owned(),
            fen.to_string(),
            other.map_or_else(none, |f| f.to_string()),
            more,
        ]
    }
}

impl Trouble {
    /// Its name in files.
    pub const fn code(self) -> &'static str {
        match self {
            Trouble::None => "none",
            Trouble::Illness => "illness",
            Trouble::LostWork => "lost-work",
            Trouble::Drought => "drought",
            Trouble::Flood => "flood",
            Trouble::Pest => "pest",
            Trouble::PoorSale => "poor-sale",
            Trouble::Disease => "disease",
            Trouble::Wedding => "wedding",
            Trouble::OtherDebt => "other-debt",
            Trouble::Lent => "lent",
            Trouble::Diverted => "diverted",
        }
    }
}
