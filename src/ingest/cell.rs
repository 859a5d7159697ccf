//! What may stand in a cell of a table: a value, a country.

use crate::series::Kind;

/// A value as written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    /// A number, finite and not negative.
    Number(f64),
    /// Nothing: not observed.
    Empty,
    /// `<5`: known only to lie below; of a rank, `>1000`: known only to lie beyond.
    Below(f64),
}

/// From here on, squares and sums of many values would no longer be numbers.
pub(super) const TOO_LARGE: f64 = 1e100;

/// Reads a value that is no rank; the error says what was expected.
#[cfg(feature = "ingest")]
pub(super) fn value(text: &str) -> Result<Value, &'static str> {
    bounded(text, '<')
}

/// Reads a value of a kind: a list of ranks ends somewhere, so what is known of the rest is `>1000`.
pub(super) fn value_of(text: &str, kind: Kind) -> Result<Value, &'static str> {
    match kind {
        Kind::Rank if unquoted(text).starts_with('<') => {
            Err("a rank such as 7, or >1000 for one beyond the list's end")
        }
        Kind::Rank => bounded(text, '>'),
        _ => bounded(text, '<'),
    }
}

fn bounded(text: &str, sign: char) -> Result<Value, &'static str> {
    let text = unquoted(text);
    if text.is_empty() {
        return Ok(Value::Empty);
    }
    let (text, below) = match text.strip_prefix(sign) {
        Some(rest) => (rest.trim_start(), true),
        None => (text, false),
    };
    match text.parse::<f64>() {
        Ok(number) if !number.is_finite() => Err("a finite number; leave the field empty where nothing was observed"),
        Ok(number) if number >= TOO_LARGE => Err("a number below 1e100"),
        Ok(number) if number < 0.0 => Err("a number that is not negative"),
        Ok(number) if below && number > 0.0 => Ok(Value::Below(number)),
        Ok(_) if below => Err("a bound above zero"),
        Ok(number) => Ok(Value::Number(number)),
        Err(_) => Err("a number such as 1234 or 12.5 without thousands separators"),
    }
}

/// Reads a country: two letters in any case; `UK` and `EL` are `GB` and `GR`; `??`, `unknown`, … are `ZZ`; nothing is
/// all countries together (empty). The error says what was expected.
pub(super) fn country(text: &str) -> Result<String, &'static str> {
    let code = unquoted(text).to_ascii_uppercase();
    match code.as_str() {
        "" => Ok(code),
        "??" | "-" | "UNKNOWN" | "(NOT SET)" | "(OTHER)" | "XX" | "A1" | "A2" | "T1" | "O1" => Ok("ZZ".into()),
        "UK" => Ok("GB".into()),
        "EL" => Ok("GR".into()),
        _ if crate::calendar::is_code(&code) => Ok(code),
        _ => Err("an ISO 3166-1 code of two letters such as GB, ?? for unknown, or nothing for all countries"),
    }
}

/// Without spaces around and a pair of quotes around, which some writers put outside the separators.
pub(super) fn unquoted(text: &str) -> &str {
    let text = text.trim();
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) => inner.trim(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_nothing_and_a_bound_are_three_things() {
        assert_eq!(value("0"), Ok(Value::Number(0.0)));
        assert_eq!(value(" "), Ok(Value::Empty));
        assert_eq!(value("<1"), Ok(Value::Below(1.0)));
        assert_eq!(value(" \"12.5\" "), Ok(Value::Number(12.5)));
        assert_eq!(value("1e3"), Ok(Value::Number(1000.0)));
    }

    #[test]
    fn what_is_no_count_is_refused() {
        for text in ["-1", "NaN", "inf", "-inf", "abc", "1,234", "<", "<0", "<-1", "1 2", "0x10"] {
            assert!(value(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_could_not_be_added_up_is_refused() {
        assert_eq!(value("1e99"), Ok(Value::Number(1e99)));
        assert!(value("1e308").is_err() && value("1e100").is_err() && value("<1e308").is_err());
    }

    #[test]
    fn beyond_the_end_of_a_list_of_ranks_is_a_bound_and_below_it_is_none() {
        assert_eq!(value_of(">1000", Kind::Rank), Ok(Value::Below(1000.0)));
        assert_eq!(value_of("<5", Kind::Share), Ok(Value::Below(5.0)));
        assert!(value_of("<5", Kind::Rank).is_err() && value_of(">5", Kind::Count).is_err());
    }

    #[test]
    fn countries_come_in_many_spellings() {
        let read = |text| country(text).unwrap();
        assert_eq!([read("gb"), read("UK"), read(" US "), read("na")], ["GB", "GB", "US", "NA"]);
        assert_eq!([read("??"), read("(not set)"), read("(other)"), read("")], ["ZZ", "ZZ", "ZZ", ""]);
        assert!(country("USA").is_err() && country("Iran").is_err() && country("1a").is_err());
    }
}
