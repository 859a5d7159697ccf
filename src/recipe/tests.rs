use super::*;
use crate::simulate::{PlantedKind, simulate};

const HEAD: &str = "seed = 1\nstart = 2023-01-01\nend = 2023-01-03\n";
const REST: &str = "[[country]]\ncode = 'NZ'\nvisits = 1e6\n[[country]]\ncode = 'GB'\nvisits = 1e6\n\
    [[outlet]]\nname = 'One, Two'\nstate = 'IR'\nshare = 1e-3\ndomains = ['b.example', { name = 'a.example', part = 1e-6 }]\n";

fn made(head: &str, rest: &str) -> BTreeMap<String, String> {
    let recipe = parse(&format!("{HEAD}{head}{REST}{rest}")).expect("a recipe");
    files(&recipe, &simulate(&recipe).expect("possible")).into_iter().collect()
}

#[test]
fn rows_are_sorted_and_late_rows_stand_apart() {
    let files = made("late = { country = 'NZ', from = 2023-01-03 }\n", "");
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["_truth.csv", "total.csv", "traffic-2023-01.csv", "traffic-late.csv"]);
    let keys = |name: &str| -> Vec<String> {
        files[name].lines().skip(1).map(|row| row.rsplit_once(',').expect("columns").0.to_string()).collect()
    };
    assert_eq!(keys("traffic-late.csv"), ["2023-01-03,a.example,NZ", "2023-01-03,b.example,NZ"]);
    let month = keys("traffic-2023-01.csv");
    assert_eq!((month.len(), month[0].as_str()), (10, "2023-01-01,a.example,GB"));
    assert!(month.is_sorted());
    assert_eq!(keys("total.csv").len(), 6);
}

#[test]
fn gaps_are_absent_rows_zeros_are_zeros_and_censored_counts_are_bounds() {
    let gap = "[[gap]]\ndomain = 'b.example'\ncountries = ['GB']\nfrom = 2023-01-02\nto = 2023-01-02\n";
    let files = made("censoring = { below = 10, countries = ['NZ'] }\n", gap);
    let month = &files["traffic-2023-01.csv"];
    assert!(!month.contains("2023-01-02,b.example,GB") && month.contains("2023-01-01,b.example,GB"));
    assert!(month.contains("2023-01-01,a.example,GB,0\n") && month.contains("2023-01-01,a.example,NZ,<10\n"));
}

#[test]
fn the_truth_quotes_names_and_leaves_unknown_lifts_empty() {
    let plants = "[[bot]]\noutlet = 'One, Two'\ncountries = ['NZ']\nonset = 2023-01-02\nlift = 1.5\n\
        [[news]]\nonset = 2023-01-01\nprofile = [[0, 0.1], [1, 0.1]]\n";
    let files = made("", plants);
    let rows: Vec<&str> = files["_truth.csv"].lines().skip(1).collect();
    assert_eq!(rows[0], ",,,,,2023-01-01,2023-01-02,10.00,news,,,,");
    assert!(rows[1].starts_with("outlet,IR,\"One, Two\",,NZ,2023-01-02,2023-01-02,175.00,bot,150.00,"), "{}", rows[1]);
    assert_eq!(PlantedKind::from_name("bot"), Some(PlantedKind::Bot));
}

#[test]
fn hours_are_stamped_with_time_and_zone() {
    let files = made("every = 'hour'\n", "");
    let month = &files["traffic-2023-01.csv"];
    assert_eq!(month.lines().count(), 1 + 72 * 4);
    assert!(month.contains("\n2023-01-03T23:00:00Z,b.example,NZ,"));
}

#[test]
fn what_is_not_understood_is_refused() {
    let refused =
        |head: &str, rest: &str| parse(&format!("{HEAD}{head}{REST}{rest}")).expect_err("refused").to_string();
    assert!(refused("wek = 1\n", "").contains("wek"));
    assert!(refused("every = 'month'\n", "").contains("month"));
    assert!(refused("", "[[news]]\nstate = 'IR'\nonset = 2023-01-01\nprofile = [[0, 1.0]]\n").contains("IR"));
    assert!(refused("", "[[bot]]\nonset = 07:00:00\nlift = 1.0\n").contains("date"));
}
