//! One table cell, written as CSV or as JSON. Every number of every file passes through here, so that a re-run on
//! any machine gives the same bytes.
//!
//! Numbers: whole ones without a decimal point, others rounded to six decimals (nine below 1, six significant digits
//! below 0.001) with trailing zeros cut; percentages to four decimals. Unknown is an empty cell, `null` in JSON.
//! Dates: `2023-10-07` on grids of days and weeks, `2023-10-07T05:00:00Z` on finer ones.

use crate::time::{Seconds, Step};
use std::borrow::Cow;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Words. Neutralised in CSV when a spreadsheet would take them for a formula.
    Text(Cow<'a, str>),
    /// A quantity; `NaN` is unknown.
    Number(f64),
    /// A fraction shown in percent (0.42 → 42); `NaN` is unknown.
    Percent(f64),
    /// A whole number.
    Integer(i64),
    /// The start of a period of that length.
    Time(Seconds, Step),
    /// Nothing.
    Empty,
}

impl<'a> Cell<'a> {
    /// Words.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Cell::Text(text.into())
    }

    /// Appends the cell as CSV.
    pub fn push_csv(&self, out: &mut Vec<u8>) {
        match self {
            Cell::Text(text) => push_csv_text(out, text),
            Cell::Number(value) => push_number(out, *value),
            Cell::Percent(value) => push_decimals(out, value * 100.0, 4),
            Cell::Integer(value) => push_integer(out, *value),
            Cell::Time(time, step) => out.extend_from_slice(moment(*time, *step).as_bytes()),
            Cell::Empty => {}
        }
    }

    /// The number that a reader of the CSV finds; `NaN` where there is none.
    pub fn as_read(&self) -> f64 {
        let mut text = Vec::new();
        match self {
            Cell::Number(_) | Cell::Percent(_) | Cell::Integer(_) => self.push_csv(&mut text),
            Cell::Text(_) | Cell::Time(..) | Cell::Empty => {}
        }
        std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
    }

    /// Appends the cell as JSON.
    pub fn push_json(&self, out: &mut Vec<u8>) {
        let unknown = match self {
            Cell::Number(value) | Cell::Percent(value) => !value.is_finite(),
            Cell::Text(text) => text.is_empty(),
            Cell::Empty => true,
            Cell::Integer(_) | Cell::Time(..) => false,
        };
        match self {
            _ if unknown => out.extend_from_slice(b"null"),
            Cell::Text(text) => push_json_text(out, text),
            Cell::Time(time, step) => push_json_text(out, &moment(*time, *step)),
            number => number.push_csv(out),
        }
    }
}

/// Appends one CSV row.
pub fn push_csv_row(out: &mut Vec<u8>, cells: &[Cell<'_>]) {
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        cell.push_csv(out);
    }
    out.push(b'\n');
}

/// Appends one JSON object as a line, without its closing brace and line end, so that members can be added.
pub fn push_json_open(out: &mut Vec<u8>, header: &str, cells: &[Cell<'_>]) {
    out.push(b'{');
    for (i, (column, cell)) in header.split(',').zip(cells).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_json_text(out, column);
        out.push(b':');
        cell.push_json(out);
    }
}

/// Appends `text` as a JSON string.
pub fn push_json_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
}

/// Appends text as a CSV cell: quoted where the format needs it, and with a leading apostrophe where a spreadsheet
/// would run it as a formula (OWASP, "CSV Injection").
pub fn push_csv_text(out: &mut Vec<u8>, text: &str) {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = text.contains(['"', ',', '\n', '\r']);
    if quoted {
        out.push(b'"');
    }
    if formula {
        out.push(b'\'');
    }
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    if quoted {
        out.push(b'"');
    }
}

/// Appends a number as the module describes.
///
/// ```
/// # use floodmark::report::cell::push_number;
/// let text = |x: f64| { let mut out = Vec::new(); push_number(&mut out, x); String::from_utf8(out).unwrap() };
/// assert_eq!(text(1200.0), "1200");
/// assert_eq!(text(2.0 / 3.0), "0.666666667");
/// assert_eq!(text(1.2345678e-9), "1.23457e-9");
/// assert_eq!(text(f64::NAN), "");
/// ```
pub fn push_number(out: &mut Vec<u8>, value: f64) {
    let size = value.abs();
    if size >= 1.0 || size == 0.0 {
        push_decimals(out, value, 6);
    } else if size >= 1e-3 {
        push_decimals(out, value, 9);
    } else if !value.is_nan() {
        push_scientific(out, value, 5);
    }
}

/// Appends a value as short as it can be read back exactly.
pub fn push_exact(text: &mut Vec<u8>, value: f64) {
    let size = value.abs();
    if value.is_nan() {
    } else if value.fract() == 0.0 && size < 1e15 {
        push_integer(text, value as i64);
    } else if (1e-5..1e15).contains(&size) {
        text.extend_from_slice(value.to_string().as_bytes());
    } else {
        text.extend_from_slice(format!("{value:e}").as_bytes());
    }
}

/// Appends `value` rounded to `decimals` places (at most 9), trailing zeros cut. `NaN` appends nothing.
pub fn push_decimals(out: &mut Vec<u8>, value: f64, decimals: usize) {
    if value.is_nan() {
        return;
    }
    let unit = 10u64.pow(decimals as u32);
    let scaled = (value.abs() * unit as f64).round();
    if scaled >= 9.0e15 {
        return push_large(out, value);
    }
    let scaled = scaled as u64;
    if value < 0.0 && scaled > 0 {
        out.push(b'-');
    }
    push_unsigned(out, scaled / unit);
    let mut rest = scaled % unit;
    if rest == 0 {
        return;
    }
    let mut digits = [b'0'; 9];
    for digit in digits[..decimals].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let end = digits[..decimals].iter().rposition(|&d| d != b'0').map_or(0, |i| i + 1);
    out.push(b'.');
    out.extend_from_slice(&digits[..end]);
}

/// Appends a whole number.
pub fn push_integer(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    push_unsigned(out, value.unsigned_abs());
}

fn push_unsigned(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Numbers too large for six decimals: whole up to 2^63, in scientific notation beyond.
fn push_large(out: &mut Vec<u8>, value: f64) {
    if value.abs() < i64::MAX as f64 {
        push_integer(out, value.round() as i64);
    } else {
        push_scientific(out, value, 15);
    }
}

fn push_scientific(out: &mut Vec<u8>, value: f64, decimals: usize) {
    if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"inf" } else { b"-inf" });
        return;
    }
    let text = format!("{value:.decimals$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    out.extend_from_slice(mantissa.trim_end_matches('0').trim_end_matches('.').as_bytes());
    out.push(b'e');
    out.extend_from_slice(exponent.as_bytes());
}

/// A period's start as text: a date where periods are days or longer, otherwise a UTC time stamp.
///
/// ```
/// # use floodmark::{report::cell::moment, time::Step};
/// assert_eq!(moment(1_696_636_800, Step::DAY), "2023-10-07");
/// assert_eq!(moment(1_696_654_800, Step::HOUR), "2023-10-07T05:00:00Z");
/// ```
pub fn moment(time: Seconds, step: Step) -> String {
    let Ok(stamp) = jiff::Timestamp::from_second(time) else { return String::new() };
    let mut text = stamp.to_string();
    if step.seconds() % Step::DAY.seconds() == 0 && time.rem_euclid(Step::DAY.seconds()) == 0 {
        text.truncate(text.find('T').unwrap_or(text.len()));
    }
    text
}

/// The moment that [`moment`] wrote; `None` for any other text.
///
/// ```
/// # use floodmark::report::cell::read_moment;
/// assert_eq!(read_moment("2023-10-07"), Some(1_696_636_800));
/// assert_eq!(read_moment("2023-10-07T05:00:00Z"), Some(1_696_654_800));
/// assert_eq!(read_moment("soon"), None);
/// ```
pub fn read_moment(text: &str) -> Option<Seconds> {
    let whole = if text.contains('T') { text.to_string() } else { format!("{text}T00:00:00Z") };
    whole.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(cell: Cell<'_>) -> String {
        let mut out = Vec::new();
        cell.push_csv(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn numbers_are_short_and_stable() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (12.5, "12.5"),
            (-3.25, "-3.25"),
            (1e15, "1000000000000000"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1234567.123456789, "1234567.123457"),
            (0.05, "0.05"),
            (0.000999, "9.99e-4"),
            (1e300, "1e300"),
            (f64::INFINITY, "inf"),
            (-1e-12, "-1e-12"),
        ] {
            assert_eq!(csv(Cell::Number(value)), text, "{value:?}");
        }
        assert_eq!(csv(Cell::Percent(0.423456789)), "42.3457");
    }

    #[test]
    fn a_number_read_back_differs_by_less_than_a_millionth() {
        for i in 1..2000 {
            let value = (f64::from(i) * 0.0077).exp() / 977.0;
            let back: f64 = csv(Cell::Number(value)).parse().expect("a number");
            assert!((back - value).abs() <= 1e-6 * value.abs().max(1.0), "{value} came back as {back}");
        }
    }

    #[test]
    fn formulas_in_names_are_disarmed_and_numbers_are_left_alone() {
        assert_eq!(csv(Cell::text("=HYPERLINK(1)")), "'=HYPERLINK(1)");
        assert_eq!(csv(Cell::text("-x,\"y\"")), "\"'-x,\"\"y\"\"\"");
        assert_eq!(csv(Cell::text("@a")), "'@a");
        assert_eq!(csv(Cell::text("Press TV")), "Press TV");
        assert_eq!(csv(Cell::Number(-5.0)), "-5");
    }

    #[test]
    fn json_has_null_for_what_is_unknown_and_escapes_text() {
        let mut out = Vec::new();
        push_json_open(&mut out, "a,b,c", &[Cell::Number(f64::NAN), Cell::text("x\"\n"), Cell::Percent(0.5)]);
        assert_eq!(String::from_utf8(out).expect("text"), r#"{"a":null,"b":"x\"\n","c":50"#);
    }

    #[test]
    fn a_value_is_read_back_exactly() {
        for value in [0.1, 1.0 / 3.0, 5e-324, 1.797e308, 123_456_789.125, -7.0, 1e15, 0.0] {
            let mut text = Vec::new();
            push_exact(&mut text, value);
            let back: f64 = String::from_utf8(text).expect("text").parse().expect("a number");
            assert_eq!(back, value);
        }
    }
}
