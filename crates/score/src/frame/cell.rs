//! What one cell of text can be: nothing, a number, a date.

/// Whether a cell says that nothing is known.
pub fn is_missing(cell: &str) -> bool {
    matches!(cell, "" | "NA" | "N/A" | "n/a" | "NaN" | "nan" | "NULL" | "null" | "?")
}

/// The number of a cell, infinite ones included; none if it is no number. `$1,200.50` and `13.5 %` are numbers too, the sign of
/// a currency, commas between thousands and a percent sign being left out.
pub fn number(cell: &str) -> Option<f64> {
    let first = cell.bytes().next()?;
    // Rust reads `infinity` and `nan` as numbers; `nan` is a missing cell here.
    let may_be_plain = first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.' | b'i' | b'I');
    if let Some(number) = cell.parse::<f64>().ok().filter(|_| may_be_plain) {
        return Some(number).filter(|n| !n.is_nan());
    }
    adorned(cell)
}

/// A number with the sign of a currency, commas between thousands or a percent sign.
fn adorned(cell: &str) -> Option<f64> {
    let last = cell.chars().next_back()?;
    if !cell.contains(['$', '€', '£', '¥', '￥', '%', ',']) || !(last.is_ascii_digit() || last == '%' || last == '.')
    {
        return None;
    }
    let bare = cell.strip_suffix('%').map_or(cell, str::trim_end);
    let (sign, bare) = bare.strip_prefix('-').map_or(("", bare), |rest| ("-", rest));
    let bare = bare.strip_prefix(['$', '€', '£', '¥', '￥']).map_or(bare, str::trim_start);
    let (whole, rest) = bare.split_once('.').map_or((bare, ""), |(whole, rest)| (whole, rest));
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let are_thousands = whole.contains(',') && first.len() <= 3 && groups.all(|g| g.len() == 3 && is_digits(g));
    let is_plain = !whole.contains(',') || are_thousands;
    if first.is_empty() || !is_digits(first) || !is_plain || !is_digits(rest) {
        return None;
    }
    format!("{sign}{}.{rest}0", whole.replace(',', "")).parse().ok()
}

/// A number written with a decimal comma, with a point in its place; none if it is not one.
pub fn with_point(cell: &str) -> Option<String> {
    let (whole, rest) = cell.split_once(',')?;
    let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_digits(digits) && is_digits(rest)).then(|| format!("{whole}.{rest}"))
}

/// Days since 1970-01-01 of `2016-03-05`, `2016/3/5`, or either followed by a time of day.
pub fn date(cell: &str) -> Option<f64> {
    let day = cell.split(['T', ' ']).next()?;
    let separator = if day.contains('-') { '-' } else { '/' };
    let mut parts = day.split(separator);
    let (year, month, rest) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() > 2 || rest.len() > 2 {
        return None;
    }
    let whole = |text: &str| text.parse::<u16>().ok().map(i64::from);
    let (y, m, d) = (whole(year)?, whole(month)?, whole(rest)?);
    let is_leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    let days_in_month = match m {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    ((1..=days_in_month).contains(&d)).then(|| days_since_1970(y, m, d) as f64)
}

/// Counted from 1 March, so that the leap day is the last of a year (Fliegel and Van Flandern's method).
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_what_they_look_like() {
        for (cell, is, as_date) in [
            ("1.50", Some(1.5), None),
            ("-7", Some(-7.0), None),
            ("1e3", Some(1000.0), None),
            ("-", None, None),
            ("A12", None, None),
            ("inf", Some(f64::INFINITY), None),
            ("$1,200.50", Some(1200.5), None),
            ("-¥12", Some(-12.0), None),
            ("13.56%", Some(13.56), None),
            ("1,234,567", Some(1_234_567.0), None),
            ("12,34", None, None),
            ("1,2,3", None, None),
            ("$", None, None),
            ("%", None, None),
            ("36 months", None, None),
            ("1970-01-01", None, Some(0.0)),
            ("2000/2/29", None, Some(11_016.0)),
            ("2016-03-05 10:11:12", None, Some(16_865.0)),
            ("1900-02-29", None, None),
            ("2016-13-01", None, None),
        ] {
            assert_eq!((number(cell), date(cell)), (is, as_date), "{cell}");
        }
        assert_eq!(with_point("-12,5").as_deref(), Some("-12.5"));
        assert!(["1,2,3", ",5", "5,", "a,1", "12"].iter().all(|cell| with_point(cell).is_none()));
        assert!(is_missing("") && is_missing("NaN") && !is_missing("-") && !is_missing("None"));
    }
}
