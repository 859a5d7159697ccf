//! `plot`: one chart from a result folder or from traffic.

use crate::workdir::{Workdir, traffic};

fn analyzed(options: &str) -> Workdir {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(200));
    dir.run(&format!("analyze a.csv --now 2030-01-01 --charts none --out out {options}")).code(0);
    dir
}

fn svg(dir: &Workdir, options: &[&str]) -> String {
    let mut words = vec!["plot", "out", "--out", "x.svg"];
    words.extend(options);
    dir.run_words(&words).code(0);
    dir.read("x.svg")
}

#[test]
fn a_stored_and_a_computed_series_give_the_same_chart() {
    let dir = analyzed("--series csv");
    let chart = |input: &str, out: &str| {
        let words = ["plot", input, "--outlet", "press tv", "--country", "gb", "--out", out];
        dir.run_words(&words).code(0);
        dir.read(out)
    };
    let stored = chart("out", "csv.svg");
    assert!(stored.contains("Press TV, GB: +") && stored.contains("Hamas attack on Israel"), "{stored}");
    dir.run("analyze a.csv --now 2030-01-01 --charts none --out out --force").code(0);
    assert!(dir.exists("out/series.parquet"));
    assert!(chart("out", "parquet.svg") == stored, "CSV and Parquet give different charts");
    // Traffic that ends in 2023 is not cut by the clock: the same analysis, and but for intervals of other change
    // points, which no file holds, the same words.
    let computed = chart("a.csv", "computed.svg");
    let title =
        |svg: &str| svg.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).map(String::from);
    assert_eq!(title(&computed), title(&stored));
}

#[test]
fn a_picture_has_the_size_the_density_and_the_window_asked_for() {
    let dir = analyzed("");
    let words = ["plot", "out", "--state", "IR", "--index", "--size", "1200x800", "--dpi", "300", "-o", "x.png"];
    dir.run_words(&words).code(0);
    let png = std::fs::read(dir.path("x.png")).expect("a picture");
    let number = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    assert_eq!((number(16), number(20)), (1200, 800));
    let density = png.windows(4).position(|four| four == b"pHYs").expect("a density");
    assert_eq!((number(density + 4), number(density + 8), png[density + 12]), (11_811, 11_811, 1));
    let shown = svg(&dir, &["--outlet", "Press TV", "--country", "GB", "--from", "2023-09-01", "--to", "2023-10-31"]);
    assert!(shown.contains("2023-09-01 to 2023-10-31, UTC"), "{shown}");
}

#[test]
fn labels_none_leaves_no_word() {
    let dir = analyzed("");
    let shown = svg(&dir, &["--outlet", "Press TV", "--country", "GB", "--labels", "none"]);
    let texts: Vec<String> = shown
        .split("<text")
        .skip(1)
        .filter_map(|text| text.split_once('>')?.1.split_once("</text>"))
        .map(|(text, _)| text.trim().to_string())
        .collect();
    assert!(texts.contains(&"Press TV, GB".to_string()), "{texts:?}");
    for text in texts.iter().filter(|text| *text != "Press TV, GB") {
        assert!(text.chars().all(|c| !c.is_alphabetic() || c == 'k' || c == 'M'), "{text}");
    }
    let titled = svg(&dir, &["--outlet", "Press TV", "--country", "GB", "--events", "none", "--title", "Figure <1>"]);
    assert!(titled.contains("<title>Figure &lt;1&gt;</title>") && !titled.contains("Hamas"), "{titled}");
}

#[test]
fn what_does_not_exist_is_answered_with_what_does() {
    let dir = analyzed("");
    for (options, words) in [
        ("--outlet Pres-TV", "outlet Press TV GB"),
        ("--outlet RT --country FR", "outlet RT US"),
        ("--domain presstv.ir", "There is none"),
        ("--state IR --index --country FR", "IR GB"),
        ("", "name a series: --outlet, --domain or --state"),
        ("--state IR --size 10x10", "400 to 6400"),
        ("--state IR --from 2024-01-01 --to 2023-01-01", "--to lies before --from"),
        ("--index", "--state"),
    ] {
        dir.run(&format!("plot out -o x.svg {options}")).code(2).says(words);
    }
    dir.run("plot out --state IR -o x.gif").code(2).says(".png or .svg");
    dir.run("plot absent --state IR -o x.svg").code(2).says("absent");
    dir.run("plot out --state IR -o absent/x.svg").code(2).says("absent/x.svg");
    assert!(!dir.exists("x.svg") && !dir.exists("x.gif"));
}

#[test]
fn names_in_other_scripts_are_drawn() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(200));
    for name in ["RT на русском", "خبرگزاری تسنیم", "人民日报"] {
        let row = format!("presstv.ir,{name},IR,state,state-owned,fa,,,test\n");
        dir.write("d.csv", format!("domain,outlet,state,role,control,language,from,until,source\n{row}"));
        let words = ["plot", "a.csv", "--domains", "d.csv", "--outlet", name, "--country", "GB", "-o", "x.svg"];
        dir.run_words(&words).code(0);
        let svg = dir.read("x.svg");
        assert!(svg.contains(name), "{svg}");
        // Letters that need joining or another font are carried as outlines, with their words for readers.
        assert_eq!(svg.contains("</title></path>"), name != "RT на русском", "{name}");
    }
}
