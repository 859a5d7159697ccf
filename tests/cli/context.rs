//! Blocks, outages and annotations beside the analysis: flags, the table, and what is said.

use crate::workdir::{Workdir, traffic};

const OPTIONS: &str = "--now 2030-01-01 --charts none --force --series csv";

/// Rows of `confounders.csv` that belong to an alert of Press TV in a country.
fn rows(dir: &Workdir, country: &str) -> Vec<String> {
    let alerts = dir.read("floodmark-out/alerts.csv");
    let own = alerts.lines().find(|row| row.contains(&format!(",outlet,IR,Press TV,,{country},"))).expect("an alert");
    let id = own.split(',').next().expect("an identity").to_string();
    let table = dir.read("floodmark-out/confounders.csv");
    table.lines().filter(|row| row.starts_with(&id)).map(String::from).collect()
}

fn flags(dir: &Workdir, country: &str) -> String {
    let alerts = dir.read("floodmark-out/alerts.csv");
    let own = alerts.lines().find(|row| row.contains(&format!(",outlet,IR,Press TV,,{country},"))).expect("an alert");
    own.rsplit(',').next().expect("flags").to_string()
}

#[test]
fn what_was_found_looked_at_and_not_looked_at_are_three_things() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(200));
    dir.write(
        "seen.csv",
        "from,until,country,domain,kind,source,evidence\n\
         2023-10-05,2023-10-20,GB,presstv.ir,block,OONI,9 of 10 confirmed\n\
         2023-10-07T05:00:00Z,2023-10-07T09:30:00Z,US,,annotation,Radar,\"=cmd|' /C calc'!A0\"\n\
         2023-09-01,2023-12-31,US,,checked_outage,IODA,\n",
    );
    let ran = dir.run(&format!("analyze a.csv --context seen.csv {OPTIONS}")).code(0);
    assert!(flags(&dir, "GB").contains("blocked_in_country"), "{}", flags(&dir, "GB"));
    assert!(!flags(&dir, "US").contains("blocked_in_country"));
    let gb = rows(&dir, "GB");
    assert!(gb[0].contains(",block,2023-10-05,2023-10-20,GB,presstv.ir,found: 9 of 10 confirmed,OONI"), "{gb:?}");
    assert!(gb[1].contains(",outage,,,GB,,unchecked: nobody looked at this country near the onset,"), "{gb:?}");
    let us = rows(&dir, "US");
    assert!(us.iter().any(|row| row.contains(",annotation,2023-10-07T05:00:00Z,2023-10-07T09:30:00Z,US,")), "{us:?}");
    assert!(
        us.iter().any(|row| row.contains(",outage,2023-09-01,2023-12-31,US,,\"absent: looked at, none found\",IODA")),
        "{us:?}"
    );
    assert!(us.iter().any(|row| row.contains("unchecked: no measurement of the site")), "{us:?}");
    // No cell of it is run by a spreadsheet.
    assert!(!dir.read("floodmark-out/confounders.csv").contains(",=cmd"));
    let ran = ran.says("coincides with block of presstv.ir (9 of 10 confirmed)");
    ran.says("not explained by outage (looked at, none found)").says("not checked: block");
    let run: serde_json::Value = serde_json::from_str(&dir.read("floodmark-out/run.json")).expect("JSON");
    assert_eq!(run["lists"][0]["option"], "context");
    assert!(run["counts"]["confounders_found"].as_u64().expect("a count") > 0);
    dir.run("verify floodmark-out").code(0);
}

#[test]
fn answers_of_the_sources_are_read_as_they_are() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(200));
    let day = |day: &str, confirmed: u32| {
        format!(
            r#"{{"measurement_start_day":"{day}","probe_cc":"GB","measurement_count":10,"ok_count":0,
                "anomaly_count":{confirmed},"confirmed_count":{confirmed},"failure_count":0}}"#
        )
    };
    let days = [day("2023-10-07", 8), day("2023-10-08", 7)].join(",");
    dir.write("ooni_presstv.ir.json", format!(r#"{{"v":0,"result":[{days}]}}"#));
    dir.write(
        "ioda.json",
        r#"{"type":"outages.events","error":null,"requestParameters":{"entityCode":"US","from":"1693526400","until":"1703980800"},
            "data":[{"location":"country/US","start":1696636800,"duration":7200,"datasource":"bgp","score":4711.5}]}"#,
    );
    dir.run(&format!("analyze a.csv --context ooni_presstv.ir.json --context ioda.json {OPTIONS}")).code(0);
    assert!(flags(&dir, "GB").contains("blocked_in_country"));
    assert!(flags(&dir, "US").contains("outage"));
    assert!(rows(&dir, "GB")[0].contains("found: 2 reports; the first: OONI: of 10 usable measurements 8 confirmed"));
    // The outlet lies in no name: nobody guesses.
    dir.write("answer.json", dir.read("ooni_presstv.ir.json"));
    dir.run(&format!("analyze a.csv --context answer.json {OPTIONS}")).code(2).says("answer.json").says("the domain");
    dir.run(&format!("analyze a.csv --context absent.csv {OPTIONS}")).code(2).says("absent.csv");
}

#[test]
fn without_context_the_table_is_empty_and_nothing_is_claimed() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(200));
    let ran = dir.run(&format!("analyze a.csv {OPTIONS}")).code(0);
    assert!(!ran.stderr.contains("not explained by") && !ran.stderr.contains("not checked"), "{}", ran.stderr);
    let table = dir.read("floodmark-out/confounders.csv");
    assert_eq!(table, "alert_id,kind,from,until,country,domain,evidence,source\n");
}
