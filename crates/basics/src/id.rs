//! Ids and cells.
//!
//! Inside the system a thing is `(cell, id)`; outside it is one piece of text:
//! kind prefix, cell, the UUID in 26 letters and digits, and a check character, such as
//! `hh-7-06b2w3…-k`. A mistyped id is caught before anything is looked up.

use std::fmt;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::cbor;

/// A 128-bit id made by whoever makes the thing: UUIDv7 in production.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Id(pub Uuid);

impl Id {
    /// The id with these 128 bits.
    pub const fn from_u128(bits: u128) -> Id {
        Id(Uuid::from_u128(bits))
    }

    /// A UUIDv7 from milliseconds since 1970 and ten random bytes.
    pub fn v7(millis: u64, random: &[u8; 10]) -> Id {
        Id(uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid())
    }

    /// The id that follows from another one and a purpose, always the same.
    ///
    /// Follow-up commands (the answer to a transfer, a day's close in a cell) get their
    /// command ids this way, so that a repeated step is recognised.
    #[must_use]
    pub fn derive(self, purpose: &str) -> Id {
        let mut hash = Sha256::new();
        hash.update(self.0.as_bytes());
        hash.update(purpose.as_bytes());
        let digest = hash.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Id(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The sixteen bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<C> minicbor::Encode<C> for Id {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(self.0.as_bytes())?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Id {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Uuid::from_slice(d.bytes()?).map(Id).map_err(|_| minicbor::decode::Error::message("an id has sixteen bytes"))
    }
}

/// A cell: the unit of order and of growth. Households live in cells 1 to N, the office in cell 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cell(pub u16);

impl Cell {
    /// The office: products, staff, partners, bank accounts, settlements, quotas.
    pub const OFFICE: Cell = Cell(0);

    /// The cell of a household, fixed at enrolment: 1 + the first 8 bytes of SHA-256(id) mod `cells`.
    ///
    /// `cells` is the number of household cells of the database; it must not be 0.
    pub fn of(household: Id, cells: u16) -> Cell {
        let digest = Sha256::digest(household.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        let slot = u64::from_be_bytes(first) % u64::from(cells.max(1));
        Cell(1 + slot as u16)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cell {}", self.0)
    }
}

cbor::as_int!(Cell, u16, |c| c.0, |v| Ok(Cell(v)));

macro_rules! id_kinds {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal,)*) => {
        /// What a public id names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum IdKind { $($(#[$doc])* $name,)* }

        impl IdKind {
            /// The two letters a public id of this kind begins with.
            pub const fn prefix(self) -> &'static str {
                match self { $(IdKind::$name => $prefix,)* }
            }

            fn from_prefix(prefix: &str) -> Option<IdKind> {
                match prefix { $($prefix => Some(IdKind::$name),)* _ => None }
            }
        }
    };
}

id_kinds! {
    /// Household 农户.
    Household = "hh",
    /// Person 自然人.
    Person = "pn",
    /// Wallet account 钱包账户.
    Wallet = "wl",
    /// Facility 授信.
    Facility = "fa",
    /// Contract 合同.
    Contract = "ct",
    /// Loan note 借据.
    Loan = "ln",
    /// Statement line 循环消费额度.
    Line = "cl",
    /// Application 申请.
    Application = "ap",
    /// Transfer 转账.
    Transfer = "tr",
    /// Proposal waiting for a second person 待复核事项.
    Proposal = "pr",
    /// Staff member 员工.
    Staff = "st",
    /// Decision record 决策记录.
    Decision = "dc",
    /// Teller drawer 尾箱.
    Drawer = "dw",
}

/// A thing as it is named outside: kind, cell and id, as text with a check character.
///
/// ```
/// use basics::{Cell, Id, IdKind, PublicId};
/// let public = PublicId { kind: IdKind::Household, cell: Cell(7), id: Id::from_u128(42) };
/// let text = public.to_string();
/// assert_eq!(PublicId::parse(&text)?, public);
/// assert!(PublicId::parse(&text.replace('7', "8")).is_err());
/// # Ok::<(), basics::id::PublicIdError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PublicId {
    /// What it names.
    pub kind: IdKind,
    /// Where it lives.
    pub cell: Cell,
    /// Its id there.
    pub id: Id,
}

/// A public id that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicIdError {
    /// Not of the shape prefix-cell-body-check.
    #[error("`{0}` is not an id: copy it again, whole, as it was shown")]
    Malformed(String),
    /// The check character does not fit: a character was mistyped.
    #[error("`{0}` has a mistyped character: copy it again as it was shown")]
    Check(String),
    /// The id names another kind of thing than was asked for.
    #[error("`{0}` does not begin with `{1}-`: it names another kind of thing")]
    Kind(String, &'static str),
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl PublicId {
    /// Reads a public id. Errors name what is wrong with the text.
    pub fn parse(text: &str) -> Result<PublicId, PublicIdError> {
        let shown: String = text.chars().take(60).collect();
        let malformed = || PublicIdError::Malformed(shown.clone());
        let parts: Vec<&str> = text.split('-').collect();
        let [prefix, cell, body, check] = parts[..] else { return Err(malformed()) };
        let kind = IdKind::from_prefix(prefix).ok_or_else(malformed)?;
        let plain_number = !cell.is_empty() && (cell == "0" || !cell.starts_with('0'));
        if body.len() != 26 || !plain_number || !cell.bytes().all(|b| b.is_ascii_digit()) {
            return Err(malformed());
        }
        let cell = Cell(cell.parse().map_err(|_| malformed())?);
        let mut bits: u128 = 0;
        for (index, byte) in body.bytes().enumerate() {
            let digit = ALPHABET.iter().position(|a| *a == byte).ok_or_else(malformed)? as u128;
            if index == 0 && digit > 7 {
                return Err(malformed());
            }
            bits = bits << 5 | digit;
        }
        let public = PublicId { kind, cell, id: Id::from_u128(bits) };
        if check.len() == 1 && check.starts_with(public.check()) {
            Ok(public)
        } else {
            Err(PublicIdError::Check(shown))
        }
    }

    /// Reads a public id that must be of `kind`.
    pub fn parse_kind(text: &str, kind: IdKind) -> Result<PublicId, PublicIdError> {
        let public = PublicId::parse(text)?;
        if public.kind == kind {
            Ok(public)
        } else {
            Err(PublicIdError::Kind(text.chars().take(60).collect(), kind.prefix()))
        }
    }

    fn body(&self) -> String {
        let bits = self.id.0.as_u128();
        (0..26).rev().map(|place| char::from(ALPHABET[(bits >> (place * 5) & 31) as usize])).collect()
    }

    /// ISO/IEC 7064 MOD 37,36 over prefix, cell and body: catches every single wrong
    /// character and almost every swap of two.
    fn check(&self) -> char {
        let text = format!("{}{}{}", self.kind.prefix(), self.cell, self.body());
        let mut product = 36;
        for byte in text.bytes() {
            let value = match byte {
                b'0'..=b'9' => byte - b'0',
                _ => byte - b'a' + 10,
            };
            let sum = (product + u32::from(value)) % 36;
            product = if sum == 0 { 36 } else { sum } * 2 % 37;
        }
        char::from_digit((37 - product) % 36, 36).unwrap_or('0')
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}-{}", self.kind.prefix(), self.cell, self.body(), self.check())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_cell_of_a_household_never_changes() {
        // Stored history depends on this mapping.
        assert_eq!(Cell::of(Id::from_u128(1), 16), Cell::of(Id::from_u128(1), 16));
        let mut seen = std::collections::BTreeSet::new();
        for n in 0..1000 {
            let cell = Cell::of(Id::from_u128(n), 16);
            assert!((1..=16).contains(&cell.0));
            seen.insert(cell);
        }
        assert_eq!(seen.len(), 16);
    }

    proptest! {
        #[test]
        fn public_ids_survive_the_trip(cell in 0u16..5000, bits: u128) {
            let public = PublicId { kind: IdKind::Loan, cell: Cell(cell), id: Id::from_u128(bits) };
            prop_assert_eq!(PublicId::parse(&public.to_string()), Ok(public));
        }

        #[test]
        fn one_wrong_character_is_caught(bits: u128, at in 0usize..30, with in 0usize..32) {
            let public = PublicId { kind: IdKind::Wallet, cell: Cell(12), id: Id::from_u128(bits) };
            let text = public.to_string();
            let mut bytes = text.clone().into_bytes();
            let at = at % bytes.len();
            bytes[at] = ALPHABET[with];
            let wrong = String::from_utf8(bytes).unwrap();
            prop_assert!(wrong == text || PublicId::parse(&wrong).is_err());
        }

        #[test]
        fn any_text_is_answered(text in ".{0,60}") {
            let _ = PublicId::parse(&text);
        }
    }
}
