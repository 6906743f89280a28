//! Who someone says they are: names, resident ids and phones in their proper form.

use std::fmt;

use basics::Date;

/// Weights of the first seventeen digits, GB 11643-1999.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// Check characters by the weighted sum modulo 11.
const CHECKS: &[u8; 11] = b"10X98765432";
/// Codes of provinces that resident ids begin with.
const PROVINCES: [u8; 35] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65, 71, 81, 82, 83,
];
/// Nobody has been older.
const AGE_MAX_YEARS: i16 = 125;
const NAME_CHARS_MAX: usize = 50;

/// Why a claim about a person cannot be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// No name.
    #[error("the name is missing: give it as on the resident card")]
    NameMissing,
    /// A name that cannot be one.
    #[error("this cannot be a name: give 2 to 50 letters as on the resident card, without digits or signs")]
    BadName,
    /// A resident id of the wrong form, or with a mistyped digit.
    #[error("this resident id cannot be right ({0}): compare all 18 characters with the card")]
    BadResidentId(&'static str),
    /// Not a mobile phone number of the mainland.
    #[error("this is no mobile phone number: give 11 digits that begin with 13 to 19")]
    BadPhone,
    /// The service that knows says otherwise.
    #[error("name and resident id do not belong together: compare both with the card")]
    Mismatch,
    /// The service could not be asked.
    #[error("the identity check cannot be reached: try again in a few minutes ({0})")]
    Unreachable(String),
}

impl IdentityError {
    /// A stable code for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            IdentityError::NameMissing => "name_missing",
            IdentityError::BadName => "bad_name",
            IdentityError::BadResidentId(_) => "bad_resident_id",
            IdentityError::BadPhone => "bad_phone",
            IdentityError::Mismatch => "identity_mismatch",
            IdentityError::Unreachable(_) => "identity_unreachable",
        }
    }
}

/// A resident id (居民身份号码) whose check character fits.
///
/// Debug output hides it: it must not get into logs.
///
/// ```
/// use basics::Date;
/// let today = Date::ymd(2026, 3, 6)?;
/// let id = rails::ResidentId::parse("11010519491231002x", today)?;
/// assert_eq!(id.as_str(), "11010519491231002X");
/// assert_eq!(id.born(), Date::ymd(1949, 12, 31)?);
/// assert!(rails::ResidentId::parse("110105194912310021", today).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ResidentId {
    text: String,
    born: Date,
}

impl ResidentId {
    /// Reads a resident id: 18 characters, a province, a birth date not after `today`, the check character.
    pub fn parse(text: &str, today: Date) -> Result<ResidentId, IdentityError> {
        let bad = IdentityError::BadResidentId;
        let text = text.trim().to_ascii_uppercase();
        let bytes = text.as_bytes();
        let [digits @ .., check] = bytes else { return Err(bad("it is empty")) };
        if bytes.len() != 18 {
            return Err(bad("it has not 18 characters"));
        }
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(bad("the first 17 characters are digits"));
        }
        let number = |from: usize, to: usize| {
            digits.get(from..to).unwrap_or_default().iter().fold(0_i16, |sum, digit| sum * 10 + i16::from(digit - b'0'))
        };
        if !PROVINCES.iter().any(|province| i16::from(*province) == number(0, 2)) {
            return Err(bad("no province has its first two digits"));
        }
        let born = Date::ymd(number(6, 10), number(10, 12) as i8, number(12, 14) as i8)
            .map_err(|_| bad("digits 7 to 14 are no date"))?;
        if born > today || i32::from(today.year()) - i32::from(born.year()) > i32::from(AGE_MAX_YEARS) {
            return Err(bad("nobody alive was born on the date in it"));
        }
        let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        if CHECKS.get((sum % 11) as usize) != Some(check) {
            return Err(bad("its check character does not fit"));
        }
        Ok(ResidentId { text, born })
    }

    /// The 18 characters, with a capital X.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The birth date in it.
    pub fn born(&self) -> Date {
        self.born
    }
}

impl fmt::Debug for ResidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResidentId(hidden)")
    }
}

/// A mobile phone number of the mainland, 11 digits.
///
/// ```
/// let phone = rails::Phone::parse("+86 138 0013 8000")?;
/// assert_eq!(phone.as_str(), "13800138000");
/// assert_eq!(phone.masked(), "138****8000");
/// # Ok::<(), rails::IdentityError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(String);

impl Phone {
    /// Reads a phone number; spaces, hyphens and the country's code are left out.
    pub fn parse(text: &str) -> Result<Phone, IdentityError> {
        if text.len() > 40 {
            return Err(IdentityError::BadPhone);
        }
        let kept: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let digits = kept.strip_prefix("+86").unwrap_or(&kept);
        let bytes = digits.as_bytes();
        let is_mobile =
            bytes.first() == Some(&b'1') && bytes.get(1).is_some_and(|second| (b'3'..=b'9').contains(second));
        if bytes.len() != 11 || !bytes.iter().all(u8::is_ascii_digit) || !is_mobile {
            return Err(IdentityError::BadPhone);
        }
        Ok(Phone(digits.to_owned()))
    }

    /// The 11 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With its middle hidden, to be shown.
    pub fn masked(&self) -> String {
        format!("{}****{}", self.0.get(..3).unwrap_or_default(), self.0.get(7..).unwrap_or_default())
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({})", self.masked())
    }
}

/// Checks that a name could be one, and gives it without spaces around it.
pub fn check_name(text: &str) -> Result<String, IdentityError> {
    let name = text.trim();
    if name.is_empty() {
        return Err(IdentityError::NameMissing);
    }
    // The middle dot of names such as 买买提·艾力 comes in two shapes.
    let fits = |c: char| c.is_alphabetic() || matches!(c, '·' | '•' | ' ' | '-' | '\'' | '.');
    let chars = name.chars().count();
    if !(2..=NAME_CHARS_MAX).contains(&chars) || !name.chars().all(fits) || !name.chars().any(char::is_alphabetic) {
        return Err(IdentityError::BadName);
    }
    Ok(name.to_owned())
}

/// What a person says of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Name as on the card.
    pub name: String,
    /// Resident id.
    pub resident_id: ResidentId,
    /// Phone that a one-time code was sent to.
    pub phone: Phone,
}

impl Claim {
    /// Reads a claim. Errors name the first field that cannot be right.
    pub fn parse(name: &str, resident_id: &str, phone: &str, today: Date) -> Result<Claim, IdentityError> {
        Ok(Claim {
            name: check_name(name)?,
            resident_id: ResidentId::parse(resident_id, today)?,
            phone: Phone::parse(phone)?,
        })
    }
}

/// How far a claim was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The form is right; nobody was asked whether the person exists.
    FormOnly,
    /// A service that knows has confirmed that name and resident id belong together.
    Confirmed,
}

impl Proof {
    /// A stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Proof::FormOnly => "form_only",
            Proof::Confirmed => "confirmed",
        }
    }
}

/// The port to whoever can confirm an identity. Called outside of commands; may block.
pub trait IdentityCheck: Send + Sync {
    /// Checks a claim, and says how far.
    fn check(&self, claim: &Claim) -> Result<Proof, IdentityError>;
}

/// Asks nobody: the form was checked when the claim was read, and that is all.
#[derive(Clone, Copy, Debug, Default)]
pub struct FormOnly;

impl IdentityCheck for FormOnly {
    fn check(&self, _: &Claim) -> Result<Proof, IdentityError> {
        Ok(Proof::FormOnly)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> Date {
        Date::ymd(2026, 3, 6).unwrap()
    }

    #[test]
    fn any_wrong_digit_is_caught() {
        let right = "11010519491231002X";
        assert!(ResidentId::parse(right, today()).is_ok());
        for at in 0..17 {
            for digit in b'0'..=b'9' {
                let mut bytes = right.as_bytes().to_vec();
                if bytes[at] == digit {
                    continue;
                }
                bytes[at] = digit;
                let wrong = String::from_utf8(bytes).unwrap();
                assert!(ResidentId::parse(&wrong, today()).is_err(), "{wrong}");
            }
        }
    }

    #[test]
    fn forms_that_cannot_be_are_refused() {
        let cases = [
            ("", "not 18"),
            ("11010519491231002", "not 18"),
            ("1101051949123100２X", "not 18"),
            ("11010519491331002X", "no date"),
            ("99010519491231002X", "province"),
            ("11010520991231002X", "nobody"),
            ("1101051949123100XX", "digits"),
        ];
        for (text, why) in cases {
            let error = ResidentId::parse(text, today()).unwrap_err().to_string();
            assert!(error.contains(why) || text.is_empty(), "{text}: {error}");
        }
        assert_eq!(ResidentId::parse("1", today()).unwrap_err().code(), "bad_resident_id");
    }

    #[test]
    fn phones_and_names() {
        for good in ["13800138000", "+8619912345678", "177-1234-5678"] {
            assert!(Phone::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "12800138000", "1380013800", "138001380000", "١٣٨٠٠١٣٨٠٠٠", "+86"] {
            assert_eq!(Phone::parse(bad), Err(IdentityError::BadPhone), "{bad}");
        }
        for good in ["王芳", "买买提·艾力", "Anna O'Neil", " 李雷 "] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["王", "王1", "王\n芳", "··", "<b>x</b>"] {
            assert_eq!(check_name(bad), Err(IdentityError::BadName), "{bad}");
        }
        assert_eq!(check_name("  "), Err(IdentityError::NameMissing));
    }

    #[test]
    fn nothing_personal_is_printed() {
        let claim = Claim::parse("王芳", "11010519491231002X", "13800138000", today()).unwrap();
        let shown = format!("{:?} {:?}", claim.resident_id, claim.phone);
        assert!(!shown.contains("1949") && !shown.contains("13800138000"), "{shown}");
    }
}
