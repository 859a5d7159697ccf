//! What the embedded fonts can show, how wide it is, how it is shortened.

use super::fonts;
use super::shape::{self, ISOLATE};

/// Width of `text` at `em` pixels to the em.
pub(super) fn width(text: &str, em: f64) -> f64 {
    shape::shape(text).width * em
}

/// A name within a text: its direction does not reach its neighbours, and its own marks of direction not beyond it.
pub(super) fn isolated(name: &str) -> String {
    if shape::plain(name) {
        return name.into();
    }
    let inner: String = name.chars().filter(|c| *c != ISOLATE.0 && *c != ISOLATE.1).collect();
    format!("{}{inner}{}", ISOLATE.0, ISOLATE.1)
}

/// `text` without what the font cannot show and with single spaces; `None` if most of its letters would be lost.
pub(super) fn shown(text: &str) -> Option<String> {
    let spaced: String = text.chars().map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c }).collect();
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let kept: String = spaced.chars().filter(|c| shape::invisible(*c) || fonts::with(*c).is_some()).collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    (letters(&kept) > 0 && 2 * letters(&kept) >= letters(&spaced)).then(|| words.join(" "))
}

/// The first of `names` that can be shown.
pub(super) fn first_shown<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    names.into_iter().find_map(shown)
}

/// `text`, shortened with an ellipsis to fit into `room` pixels; empty if not even that fits.
pub(super) fn fit(text: &str, em: f64, room: f64) -> String {
    if width(text, em) <= room {
        return text.to_string();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let short: String = kept.iter().collect::<String>().trim_end().to_string() + "…";
        if !kept.is_empty() && width(&short, em) <= room {
            return short;
        }
    }
    String::new()
}

/// [`fit`] for `name, country`: the name gives way, the country stays, or rows of one outlet would read the same.
pub(super) fn fit_label(label: &str, em: f64, room: f64) -> String {
    match label.rsplit_once(", ") {
        Some((name, country)) if country.chars().count() <= 4 => {
            let country = format!(", {country}");
            fit(name, em, room - width(&country, em)) + &country
        }
        _ => fit(label, em, room),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_is_too_long_keeps_its_country() {
        let long = "Международное информационное агентство";
        let short = fit_label(&format!("{long}, GB"), 16.0, 160.0);
        assert!(short.ends_with("…, GB") && width(&short, 16.0) <= 160.0, "{short}");
        assert_eq!(fit_label("Press TV, GB", 16.0, 160.0), "Press TV, GB");
        assert!(fit_label(long, 16.0, 160.0).ends_with('…'));
    }

    #[test]
    fn names_in_the_scripts_of_the_registry_are_shown_as_they_are() {
        for name in [
            "Press TV",
            "Sputnik Česká",
            "RT на русском",
            "Ελληνικά",
            "+42% [36, 49]",
            "خبرگزاری تسنیم",
            "العالم",
            "پرس‌تی‌وی",
            "人民日报",
            "新華社",
            "ישראל",
            "Հայաստան",
        ] {
            assert_eq!(shown(name).as_deref(), Some(name));
        }
    }

    #[test]
    fn scripts_without_a_font_are_not_shown() {
        for name in ["ไทยรัฐ", "हिन्दी", "🔥🔥", "", " \n", "\u{0}", "\u{200f}"] {
            assert_eq!(shown(name), None, "{name}");
        }
        assert_eq!(shown("War 🔥 begins").as_deref(), Some("War begins"));
        assert_eq!(first_shown(["ไทยรัฐ", "alalam.ir"]).as_deref(), Some("alalam.ir"));
    }

    #[test]
    fn a_shortened_text_fits_and_ends_with_an_ellipsis() {
        let long = "The Very Long Name of an Outlet That Nobody Can Read";
        let short = fit(long, 16.0, 120.0);
        assert!(short.ends_with('…') && width(&short, 16.0) <= 120.0);
        assert_eq!(fit("RT", 16.0, 120.0), "RT");
        assert_eq!(fit(long, 16.0, 1.0), "");
    }
}
