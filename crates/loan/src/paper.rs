//! What a signed contract waits for before it is paid out: the spouse's word, guarantees, documents, a payee.
//!
//! A product names its conditions, the contract keeps them, papers meet them. Which are still open is a pure function of
//! both, so that the page, the clerk and the drawdown say the same.

use std::fmt;

use basics::{Cell, Id};
use minicbor::{Decode, Encode};

use crate::{GuaranteeNeed, LoanTerms, PayoutMode, SpouseRule};

/// Code of the document that shows an insurance a loan depends on.
pub const POLICY: &str = "insurance-policy";

/// Code of the document that shows what self-paid money was spent on 用途凭证.
pub const USE_OF_FUNDS: &str = "use-of-funds";

/// A paper on a contract.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Paper {
    /// The borrower's spouse gave its word on the text of the contract.
    #[n(0)]
    Spouse {
        /// The spouse.
        #[n(0)]
        person: Id,
        /// What was said.
        #[n(1)]
        word: SpouseWord,
    },
    /// There is no spouse to ask, as a document shows.
    #[n(1)]
    NoSpouse {
        /// Why not.
        #[n(0)]
        why: NoSpouse,
    },
    /// A guarantor signed, in the form and for the period that the contract names.
    #[n(2)]
    Guarantee {
        /// The guarantor's household.
        #[n(0)]
        household: Id,
        /// Its cell.
        #[n(1)]
        cell: Cell,
        /// The guarantor.
        #[n(2)]
        person: Id,
        /// Up to how much principal, minor units.
        #[n(3)]
        amount_fen: i64,
    },
    /// A document was seen and kept.
    #[n(3)]
    Document {
        /// What it shows: a code that the product asks for, or [`USE_OF_FUNDS`].
        #[n(0)]
        code: String,
    },
    /// Whom the money is paid to for the borrower 受托支付.
    #[n(4)]
    Payee {
        /// The payee's household.
        #[n(0)]
        household: Id,
        /// Its cell.
        #[n(1)]
        cell: Cell,
    },
}

/// What the spouse said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum SpouseWord {
    /// It knows of the loan and consents 知情同意.
    #[n(0)]
    Consents,
    /// It signed as co-borrower 共同借款.
    #[n(1)]
    Signed,
}

/// Why there is no spouse to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum NoSpouse {
    /// Never married 未婚.
    #[n(0)]
    Unmarried,
    /// Divorced 离异.
    #[n(1)]
    Divorced,
    /// Widowed 丧偶.
    #[n(2)]
    Widowed,
    /// Married, and the spouse cannot be reached 下落不明.
    #[n(3)]
    Absent,
}

/// A condition that is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The spouse has to consent.
    SpouseConsent,
    /// The spouse has to sign.
    SpouseSignature,
    /// Guarantees have to cover so much more principal, minor units.
    Guarantee(i64),
    /// A document has to be seen, by its code.
    Document(String),
    /// The payee has to be named.
    Payee,
}

impl Missing {
    /// In Chinese.
    pub fn zh(&self) -> String {
        match self {
            Missing::SpouseConsent => "配偶知情同意书，或无配偶证明".to_owned(),
            Missing::SpouseSignature => "配偶共同签字，或无配偶证明".to_owned(),
            Missing::Guarantee(fen) => format!("保证人签字，还差 {} 元", basics::money::format_minor(*fen)),
            Missing::Document(code) => format!("材料 {code}"),
            Missing::Payee => "受托支付的收款人".to_owned(),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::SpouseConsent => f.write_str("the spouse's consent, or a paper that there is no spouse"),
            Missing::SpouseSignature => f.write_str("the spouse's signature, or a paper that there is no spouse"),
            Missing::Guarantee(fen) => {
                write!(f, "a guarantor's signature for {} more", basics::money::format_minor(*fen))
            }
            Missing::Document(code) => write!(f, "the document `{code}`"),
            Missing::Payee => f.write_str("the payee whom the money is paid to for the borrower"),
        }
    }
}

/// How the money of a contract is paid out: as the product says for its whole principal.
pub fn payout_mode(terms: &LoanTerms) -> PayoutMode {
    terms.payout.as_ref().map_or(PayoutMode::SelfPay, |rule| rule.mode_of(terms.principal.minor()))
}

/// What a contract still waits for before it may be paid out, in the order in which a clerk asks for it.
pub fn missing(terms: &LoanTerms, papers: &[Paper]) -> Vec<Missing> {
    let mut open = Vec::new();
    if let Some(conditions) = &terms.conditions {
        let no_spouse = papers.iter().any(|paper| matches!(paper, Paper::NoSpouse { .. }));
        let said = |wanted: &[SpouseWord]| {
            no_spouse || papers.iter().any(|paper| matches!(paper, Paper::Spouse { word, .. } if wanted.contains(word)))
        };
        match conditions.spouse {
            SpouseRule::NotAsked => {}
            SpouseRule::Consents if said(&[SpouseWord::Consents, SpouseWord::Signed]) => {}
            SpouseRule::Consents => open.push(Missing::SpouseConsent),
            SpouseRule::Signs if said(&[SpouseWord::Signed]) => {}
            SpouseRule::Signs => open.push(Missing::SpouseSignature),
        }
        if conditions.guarantee.is_some_and(|rule| rule.need == GuaranteeNeed::Required) {
            let carried = papers.iter().map(|paper| match paper {
                Paper::Guarantee { amount_fen, .. } => i128::from(*amount_fen),
                _ => 0,
            });
            let short = i128::from(terms.principal.minor()) - carried.sum::<i128>();
            if let Ok(short) = i64::try_from(short)
                && short > 0
            {
                open.push(Missing::Guarantee(short));
            }
        }
        let policy = conditions.insurance.as_ref().map(|_| POLICY);
        let wanted = conditions.evidence.iter().map(String::as_str);
        for code in wanted.chain(policy.filter(|policy| conditions.evidence.iter().all(|code| code != policy))) {
            if !shown(papers, code) {
                open.push(Missing::Document(code.to_owned()));
            }
        }
    }
    let entrusted = payout_mode(terms) == PayoutMode::Entrusted;
    if entrusted && !papers.iter().any(|paper| matches!(paper, Paper::Payee { .. })) {
        open.push(Missing::Payee);
    }
    open
}

/// Whether a document of a code is among papers.
pub fn shown(papers: &[Paper], code: &str) -> bool {
    papers.iter().any(|paper| matches!(paper, Paper::Document { code: known } if known == code))
}

#[cfg(test)]
mod tests {
    use basics::{Currency, Date, Money};

    use super::*;
    use crate::{GuaranteeForm, GuaranteeRule, Term, product};

    fn terms(code: &str, yuan: i64) -> LoanTerms {
        let product = product::shipped(code).unwrap();
        let (start, term) = (Date::ymd(2026, 3, 5).unwrap(), Term::Months(12));
        let rate = product.priced_for(term, start).unwrap().pricing.rates()[0];
        product.terms(Money::new(yuan * 100, Currency::CNY), term, start, rate).unwrap()
    }

    fn told(terms: &LoanTerms, papers: &[Paper]) -> String {
        let open: Vec<String> = missing(terms, papers).iter().map(ToString::to_string).collect();
        if open.is_empty() { "nothing".to_owned() } else { open.join("; ") }
    }

    fn document(code: &str) -> Paper {
        Paper::Document { code: code.to_owned() }
    }

    #[test]
    fn each_product_waits_for_its_own_papers() {
        let cases = [
            ("short-working-capital", 5_000),
            ("revolving-credit", 5_000),
            ("green-agriculture", 5_000),
            ("disaster-insurance-loan", 5_000),
            ("order-finance", 5_000),
            ("quarterly-interest", 100_000),
            ("long-working-capital", 199_000),
            ("long-working-capital", 200_000),
        ];
        let table: Vec<String> =
            cases.map(|(code, yuan)| format!("{code} {yuan}: {}", told(&terms(code, yuan), &[]))).into();
        insta::assert_snapshot!(table.join("\n"), @r"
        short-working-capital 5000: nothing
        revolving-credit 5000: the spouse's consent, or a paper that there is no spouse
        green-agriculture 5000: the spouse's consent, or a paper that there is no spouse; the document `green-certificate`
        disaster-insurance-loan 5000: the spouse's consent, or a paper that there is no spouse; the document `insurance-policy`
        order-finance 5000: the spouse's consent, or a paper that there is no spouse; the document `confirmed-order`; the document `assignment`
        quarterly-interest 100000: the spouse's signature, or a paper that there is no spouse
        long-working-capital 199000: the spouse's signature, or a paper that there is no spouse
        long-working-capital 200000: the spouse's signature, or a paper that there is no spouse; the payee whom the money is paid to for the borrower
        ");
    }

    #[test]
    fn papers_meet_what_they_are_for_and_nothing_else() {
        let spouse = |word| Paper::Spouse { person: Id::from_u128(1), word };
        let no_spouse = Paper::NoSpouse { why: NoSpouse::Widowed };
        let payee = Paper::Payee { household: Id::from_u128(2), cell: Cell(1) };
        let guarantee = |amount_fen| Paper::Guarantee {
            household: Id::from_u128(3),
            cell: Cell(1),
            person: Id::from_u128(4),
            amount_fen,
        };
        let mut guaranteed = terms("long-working-capital", 200_000);
        let rule =
            GuaranteeRule { need: GuaranteeNeed::Required, form: GuaranteeForm::JointAndSeveral, period_months: 36 };
        guaranteed.conditions.as_mut().unwrap().guarantee = Some(rule);
        let (revolving, insured) = (terms("revolving-credit", 5_000), terms("disaster-insurance-loan", 5_000));
        let cases: [(&str, &LoanTerms, Vec<Paper>); 8] = [
            ("consent where it is asked", &revolving, vec![spouse(SpouseWord::Consents)]),
            ("a signature is more than consent", &revolving, vec![spouse(SpouseWord::Signed)]),
            ("no spouse", &revolving, vec![no_spouse.clone()]),
            ("another document", &insured, vec![no_spouse.clone(), document("photo")]),
            ("the policy", &insured, vec![no_spouse.clone(), document(POLICY)]),
            ("consent is no signature", &guaranteed, vec![spouse(SpouseWord::Consents), payee.clone()]),
            ("half guaranteed", &guaranteed, vec![no_spouse.clone(), payee.clone(), guarantee(10_000_000)]),
            ("by two together", &guaranteed, vec![no_spouse, payee, guarantee(10_000_000), guarantee(10_000_000)]),
        ];
        let table: Vec<String> =
            cases.iter().map(|(name, terms, papers)| format!("{name}: {}", told(terms, papers))).collect();
        insta::assert_snapshot!(table.join("\n"), @r"
        consent where it is asked: nothing
        a signature is more than consent: nothing
        no spouse: nothing
        another document: the document `insurance-policy`
        the policy: nothing
        consent is no signature: the spouse's signature, or a paper that there is no spouse; a guarantor's signature for 200000.00 more
        half guaranteed: a guarantor's signature for 100000.00 more
        by two together: nothing
        ");
    }
}
