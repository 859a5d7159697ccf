//! `report.html`: that it is there, whole, self-contained, and that its words and tables are those of the files.

use crate::workdir::{Workdir, traffic};

const NOW: &str = "--now 2030-01-01";

/// What stands between two marks.
fn between<'a>(text: &'a str, open: &str, close: &str) -> &'a str {
    text.split_once(open).and_then(|(_, rest)| rest.split_once(close)).map(|(inner, _)| inner).unwrap_or_default()
}

#[test]
fn the_report_carries_every_table_of_the_folder_byte_by_byte() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(200));
    dir.run(&format!("analyze a.csv {NOW} --charts none --series csv")).code(0);
    let page = dir.read("floodmark-out/report.html");
    let mut tables = 0;
    for file in dir.entries("floodmark-out") {
        let Some(stem) = file.strip_suffix(".csv").filter(|stem| *stem != "series") else { continue };
        let data = between(&page, &format!("id=\"data-{}\">", stem), "</script>");
        let text: String = serde_json::from_str(data).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(text, dir.read(&format!("floodmark-out/{file}")), "{file}");
        tables += 1;
    }
    assert!(tables >= 7, "{tables}");
    assert!(!page.contains("id=\"data-series\""));
    let words = between(&page, "<main>", "</main>");
    assert!(words.contains("outlets affiliated with Iran"), "{words}");
    // The only address in the page is the name space of SVG, if that.
    for mark in ["src=", "@import", "url(", "href=\"http", "http-equiv=\"refresh"] {
        assert!(!page.contains(mark), "{mark}");
    }
    assert!(page.contains("default-src &#x27;none&#x27;") || page.contains("default-src 'none'"));
}

#[test]
fn names_from_the_registry_are_text_in_the_report() {
    let dir = Workdir::new();
    let name = "<script>alert(1)</script>";
    dir.write("a.csv", traffic(200).replace("presstv.ir", "evil.example"));
    dir.write("d.csv", format!("domain,outlet,state,role,control,language,from,until,source\nevil.example,{name},IR,state,state-owned,en,,,x\n"));
    dir.run(&format!("analyze a.csv --domains d.csv {NOW} --charts none")).code(0);
    assert!(dir.read("floodmark-out/alerts.csv").contains(name));
    let page = dir.read("floodmark-out/report.html");
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains(name));
}

#[test]
fn a_run_without_alerts_or_references_says_so() {
    let dir = Workdir::new();
    let quiet: String =
        (0..100).map(|day| format!("{},a.example,{}\n", crate::workdir::date(day), 100 + day % 7)).collect();
    dir.write("a.csv", format!("timestamp,domain,visits\n{quiet}"));
    dir.run(&format!("analyze a.csv --watch all {NOW} --charts none")).code(0);
    let page = dir.read("floodmark-out/report.html");
    let words = between(&page, "<main>", "</main>");
    assert!(words.contains("No surge: none of") && words.contains("No reference outlets"), "{words}");
    assert!(!words.contains("NaN"));
}
