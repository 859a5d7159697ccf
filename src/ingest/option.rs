//! Values of options as users write them.

use crate::error::{Error, Result};

/// Refuses what is no list of country codes, naming the option.
///
/// # Errors
/// A code is not two capital letters.
pub fn check_codes(option: &str, codes: &[String]) -> Result<()> {
    match codes.iter().find(|code| code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase())) {
        Some(code) => {
            Err(Error::usage(format!("--{option} '{code}': expected ISO 3166-1 codes of two letters, such as IR,RU")))
        }
        None => Ok(()),
    }
}

/// `8w`, `56d`, `36h` → days.
///
/// # Errors
/// No such span; names the option.
pub fn span_days(option: &str, text: Option<&str>) -> Result<f64> {
    let text = text.unwrap_or("").trim();
    let fault = || Error::usage(format!("--{option} '{text}': expected a span such as 8w, 56d or 36h"));
    let unit = text.chars().last().ok_or_else(fault)?;
    let days = match unit {
        'w' => 7.0,
        'd' => 1.0,
        'h' => 1.0 / 24.0,
        _ => return Err(fault()),
    };
    let number: f64 = text[..text.len() - 1].trim().parse().map_err(|_| fault())?;
    if number.is_finite() && (0.0..=40_000.0).contains(&number) { Ok(number * days) } else { Err(fault()) }
}

/// The beginning of a text, for messages: lines of broken files may be long.
pub(super) fn short(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_string(),
    }
}
