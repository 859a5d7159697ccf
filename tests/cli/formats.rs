//! Every source through the program: recognised and said, analysed, reduced, refused where its kind forbids.

use crate::workdir::Workdir;
use std::path::Path;

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats").join(name).display().to_string()
}

#[test]
fn every_source_is_reduced_by_its_content_and_says_what_it_was_taken_for() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("fixtures") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        // Real data come by the hour in some, by the day in others.
        let every = if name.starts_with("crux") { "week" } else { "day" };
        let dir = Workdir::new();
        let ran = dir.run(&format!("reduce {} --every {every} --keep-unknown all", fixture(&name))).code(0);
        let ran = ran.says("read as ").says("values of kind");
        assert!(ran.stdout.starts_with("timestamp,domain,country,visits"), "{name}: {}", ran.stdout);
        assert!(ran.stdout.lines().count() > 1, "{name}");
        count += 1;
    }
    assert!(count >= 30, "{count}");
}

#[test]
fn scaled_values_give_lifts_but_no_excess_and_ranks_neither() {
    let dir = Workdir::new();
    let mut trends = String::from("Category: All categories\n\nDay,presstv.ir: (Worldwide)\n");
    let mut wide = String::from("date,presstv.ir\n");
    for day in 0..160 {
        let level = if (128..138).contains(&day) { 90 } else { 30 + day % 7 };
        let date = crate::workdir::date(day);
        trends += &format!("{date},{level}\n");
        wide += &format!("{date},{level}\n");
    }
    dir.write("trends.csv", trends).write("wide.csv", wide);
    let run = |input: &str, more: &str| {
        dir.run(&format!("analyze {input} --charts none --now 2030-01-01 --force --min-visits 0 {more}")).code(0)
    };
    run("trends.csv", "").says("read as Google Trends").says("kind 'scaled'");
    let alerts = dir.read("floodmark-out/alerts.csv");
    let row: Vec<&str> = alerts.lines().nth(1).expect("an alert").split(',').collect();
    let header: Vec<&str> = alerts.lines().next().expect("a header").split(',').collect();
    let cell = |name: &str| row[header.iter().position(|found| *found == name).expect("a column")];
    assert!(!cell("lift_pct").is_empty() && cell("excess").is_empty(), "{alerts}");
    run("wide.csv", "--value-kind rank");
    let lifts = dir.read("floodmark-out/lifts.csv");
    assert!(lifts.lines().skip(1).all(|line| !line.contains("presstv")), "{lifts}");
}

#[test]
fn pages_count_as_their_outlets_when_a_list_says_so() {
    let dir = Workdir::new();
    let items: Vec<String> = (0..160)
        .map(|day| {
            let views = if (128..138).contains(&day) { 9_000 } else { 3_000 + 40 * (day % 7) };
            let stamp = crate::workdir::date(day).replace('-', "");
            format!(
                r#"{{"project":"en.wikipedia","article":"Press_TV","granularity":"daily","timestamp":"{stamp}00","access":"all-access","agent":"user","views":{views}}}"#
            )
        })
        .collect();
    dir.write("a.json", format!(r#"{{"items":[{}]}}"#, items.join(",")));
    dir.write("pages.csv", "project,article,domain\nen.wikipedia,Press TV,presstv.ir\n");
    let options = "--charts none --now 2030-01-01 --force";
    dir.run(&format!("analyze a.json {options}")).code(2).says("--watch all");
    dir.run(&format!("analyze a.json {options} --articles pages.csv")).code(0);
    assert!(dir.read("floodmark-out/alerts.csv").contains("Press TV"));
    dir.run(&format!("analyze a.json {options} --watch all")).code(0);
    assert!(dir.read("floodmark-out/alerts.csv").contains("article:en.wikipedia/Press_TV"));
}

#[test]
fn one_series_of_a_source_can_be_scored() {
    let dir = Workdir::new();
    let ran = dir.run(&format!("detect {}", fixture("wikimedia-article.json"))).code(0).says("read as Wikimedia");
    assert_eq!(ran.stdout.lines().count(), 41);
    assert!(ran.stdout.lines().nth(1).is_some_and(|row| row.starts_with("0,2023-09-01,1000,")), "{}", ran.stdout);
    let raw = dir.run(&format!("detect {}", fixture("timelinevolraw.csv"))).code(0).stdout;
    assert_eq!(raw.lines().count(), 41);
    let several = fixture("wikimedia-top.json");
    dir.run(&format!("detect {several}")).code(2).says("'article:en.wikipedia/Press_TV,ZA'").says("--series");
    let one = dir.run(&format!("detect {several} --series article:en.wikipedia/Press_TV,ZA")).code(0).stdout;
    assert_eq!(one.lines().count(), 5);
    // A plain table stays one: a row for each of its lines.
    let plain = dir.run(&format!("detect {} --value-col rt.com", fixture("wide.csv"))).code(0).stdout;
    assert_eq!(plain.lines().count(), 41);
}

#[test]
fn real_sources_are_read_where_they_are_at_hand() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    for (name, options, rows) in [
        ("tor_users/userstats-relay-country.csv", "", 300),
        ("tor_users/userstats-bridge-transport.csv", "", 500),
        ("tor_users/userstats-bridge-transport-multi.csv", "", 500),
        ("wikipediatrend_cache/wikipediatrend_cache.csv", "", 5_000),
        (
            "gdelt_timelinevol/gdelt_daily.csv",
            "--format wide --value-col trade_geo_vol,fed_vol --value-kind share",
            5_000,
        ),
        ("gpr_daily/gpr_daily.csv", "--format wide --value-col GPRD,GPRD_ACT --value-kind share", 20_000),
        ("wiki_projectviews/projectviews_daily.csv", "", 100_000),
        ("ioda_net_outages/ioda_seed_fetch.csv", "--format wide --value-col hits", 1_000),
    ] {
        let path = folder.join(name);
        if !path.exists() {
            assert!(std::env::var_os("CI").is_none(), "{name} is missing");
            eprintln!("skipped: {name} is not at hand");
            continue;
        }
        let dir = Workdir::new();
        let ran = dir.run(&format!("reduce {} {options}", path.display())).code(0);
        assert!(ran.stdout.lines().count() > rows, "{name}: {} rows\n{}", ran.stdout.lines().count(), ran.stderr);
    }
}

#[test]
fn a_packed_flood_is_refused_in_bounded_memory() {
    let rows = "2023-10-07,rt.com,7\n".repeat(1 << 16);
    let mut packer = zstd::Encoder::new(Vec::new(), 3).expect("memory");
    std::io::Write::write_all(&mut packer, b"date,domain,visits\n").expect("memory");
    for _ in 0..300 {
        std::io::Write::write_all(&mut packer, rows.as_bytes()).expect("memory");
    }
    let dir = Workdir::new();
    dir.write("bomb.csv.zst", packer.finish().expect("memory"));
    dir.run("reduce bomb.csv.zst").code(2).says("bomb.csv.zst: unpacks to more than").says("refused");
    dir.run("analyze bomb.csv.zst").code(2).says("bomb.csv.zst: unpacks to more than");
    // A line without end.
    dir.write("long.csv", format!("date,domain,visits\n{}", "7".repeat(40 << 20)));
    let ran = dir.run("reduce long.csv").code(2).says("long.csv:2: ");
    assert!(ran.stderr.len() < 1_000, "{}", ran.stderr.len());
}
