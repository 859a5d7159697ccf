//! Charts from outside: no case fails, nothing is drawn off the page, no text hides another, equal input equal bytes.
#![cfg(feature = "chart")]

mod cases;

use floodmark::chart::Size;

fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let start = tag.find(&format!(" {name}=\"")).map(|at| at + name.len() + 3).unwrap();
    &tag[start..start + tag[start..].find('"').unwrap()]
}

/// Words and place of every text of an SVG.
fn texts(svg: &str) -> Vec<(String, f64, f64)> {
    let tags = svg.split("<text").skip(1).map(|rest| {
        let (tag, rest) = rest.split_once(">\n").unwrap();
        let words = rest.split_once("\n</text>").unwrap().0.to_string();
        let number = |name: &str| attribute(&format!(" {tag}"), name).parse::<f64>().unwrap();
        (words, number("x"), number("y"))
    });
    tags.collect()
}

#[test]
fn every_case_gives_a_png_and_an_svg_without_numbers_gone_wrong() {
    for (name, figure) in cases::all() {
        let png = figure.png().unwrap();
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n", "{name}");
        let svg = figure.svg().unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
    }
}

#[test]
fn equal_figures_give_equal_bytes() {
    let (first, second) = (cases::all(), cases::all());
    for (a, b) in first.iter().zip(&second).step_by(4) {
        assert!(a.1.png().unwrap() == b.1.png().unwrap(), "{}", a.0);
        assert!(a.1.svg().unwrap() == b.1.svg().unwrap(), "{}", a.0);
    }
}

#[test]
fn every_text_starts_on_the_page() {
    for (name, figure) in cases::all() {
        for (words, x, y) in texts(&figure.svg().unwrap()) {
            let inside = (0.0..=1600.0).contains(&x) && (0.0..=f64::from(figure.size.height)).contains(&y);
            assert!(inside, "{name}: '{words}' at {x}, {y}");
        }
    }
}

#[test]
fn the_title_says_what_was_found_even_for_a_long_name() {
    let cases = cases::all();
    let title = |name: &str| {
        let svg = cases.iter().find(|case| case.0 == name).unwrap().1.svg().unwrap();
        svg.split("<title>").nth(1).unwrap().split("</title>").next().unwrap().to_string()
    };
    assert_eq!(title("series_daily"), "Press TV, GB: +42% [36, 50] in 7 days from 2023-10-07 (q = 0.002)");
    assert!(title("series_long_title").ends_with("…: +42% [36, 50] in 40 days from 2023-10-07 (q = 0.002)"));
    assert!(title("series_weekly").starts_with("\u{2068}العالم\u{2069}, GB: "));
    // A script that no font of the program has: the domain stands for the name.
    assert!(title("series_thai").starts_with("example.ir, GB: "));
    assert!(title("series_rank").starts_with("РИА Новости, GB: surge of 7 days"));
    assert!(title("overview_0").starts_with("No alerts"));
}

#[test]
fn no_alerts_is_said_in_the_picture() {
    let (_, figure) = cases::all().into_iter().find(|case| case.0 == "overview_0").unwrap();
    assert!(texts(&figure.svg().unwrap()).iter().any(|text| text.0 == "no alerts"));
}

#[test]
fn any_size_is_drawn() {
    for (width, height) in [(0, 0), (400, 100), (800, 450), (400, 100_000)] {
        for (name, mut figure) in cases::all().into_iter().step_by(5) {
            figure.size = Size { width, height };
            assert!(figure.png().is_ok(), "{name} {width} {height}");
        }
    }
}
