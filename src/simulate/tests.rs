use super::*;
use crate::series::{Key, Level};

const DAYS: Grid = Grid { start: 1_672_531_200, step: Step::DAY, len: 140 };

fn scope(domain: &str, countries: &[&str]) -> Scope {
    let countries = countries.iter().map(|c| c.to_string()).collect();
    Scope { domain: domain.into(), countries, ..Scope::default() }
}

fn quiet() -> Recipe {
    let mut recipe = Recipe::plain(7, DAYS, 3, 4, &["GB", "NZ"]);
    recipe.noise = Noise::gaussian(0.0);
    recipe
}

fn values<'a>(simulation: &'a Simulation, domain: &str, country: &str) -> &'a [f64] {
    let mut series = simulation.panel.series.iter();
    &series.find(|s| s.key.domain == domain && s.key.country == country).expect("in the panel").values
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn the_same_recipe_gives_the_same_panel_and_another_seed_another() {
    let recipe = Recipe::plain(1, DAYS, 2, 2, &["GB"]);
    let other = Recipe { seed: 2, ..recipe.clone() };
    assert_eq!(simulate(&recipe).unwrap(), simulate(&recipe).unwrap());
    assert_ne!(simulate(&recipe).unwrap().panel, simulate(&other).unwrap().panel);
}

#[test]
fn another_outlet_does_not_move_the_numbers_of_the_others() {
    let few = simulate(&Recipe::plain(1, DAYS, 2, 2, &["GB"])).unwrap();
    let more = simulate(&Recipe::plain(1, DAYS, 3, 2, &["GB", "NZ"])).unwrap();
    assert_eq!(values(&few, "state2.example", "GB"), values(&more, "state2.example", "GB"));
}

#[test]
fn a_planted_index_rises_by_what_was_asked_whatever_the_news_does() {
    let mut recipe = quiet();
    let onset = DAYS.time(70);
    let rise = |state: &str, lift| Plant::Index {
        state: state.into(),
        countries: Vec::new(),
        onset,
        profile: Profile(vec![(0, lift), (6, lift), (21, 0.28), (27, 0.28)]),
    };
    recipe.plants = vec![Plant::News { countries: vec![], onset, profile: Profile::flat(0.5, 20) }, rise("XS", 0.42)];
    // A share of a fifth: the state's own rise is a good part of the rise of the total.
    recipe.outlets[0].share = 0.2;
    let simulation = simulate(&recipe).unwrap();
    let share = |day: usize| {
        let state = ["state1.example", "state2.example", "state3.example"];
        let visits: f64 = state.iter().map(|domain| values(&simulation, domain, "GB")[day]).sum();
        visits / simulation.panel.totals["GB"][day]
    };
    // 1.1 million visits counted: the counting noise is a tenth of a percent.
    assert!((share(72) / share(65) - 1.42).abs() < 0.004, "{}", share(72) / share(65));
    assert!((share(93) / share(65) - 1.28).abs() < 0.004);
    let row = simulation.truth.iter().find(|row| row.kind == PlantedKind::Surge).unwrap();
    assert!((row.index_week1 - 0.42).abs() < 1e-12 && (row.index_week4 - 0.28).abs() < 1e-12);
    assert!(row.net_lift > row.index_lift, "the total grows with the state");
    assert_eq!((row.level, row.key.state.as_str(), row.end), (Some(Level::State), "XS", DAYS.time(97)));
}

#[test]
fn two_indexes_at_once_are_both_met() {
    let mut recipe = quiet();
    let rise = |state: &str, lift| Plant::Index {
        state: state.into(),
        countries: vec!["NZ".into()],
        onset: DAYS.time(70),
        profile: Profile::flat(lift, 10),
    };
    recipe.plants = vec![rise("XS", 1.0), rise("XR", 0.5)];
    let expected = expect::Expected::of(&recipe).unwrap();
    let share = |state: &str, full: bool| {
        let series = expected.series.iter().filter(|m| m.key.state == state && m.key.country == "NZ");
        let total = &expected.totals["NZ"];
        let visits: f64 = series.map(|m| if full { m.full[72] } else { m.base[72] }).sum();
        visits / if full { total.full[72] } else { total.base[72] }
    };
    assert!((share("XS", true) / share("XS", false) - 2.0).abs() < 1e-12);
    assert!((share("XR", true) / share("XR", false) - 1.5).abs() < 1e-12);
}

#[test]
fn a_blocked_domain_falls_to_what_is_left_and_its_mirror_gains_the_share_asked() {
    let mut recipe = quiet();
    let mirror = Some(Mirror { domain: "state2.example".into(), share: 0.6, delay_days: 2 });
    let (scope, onset) = (scope("state1.example", &["GB"]), DAYS.time(70));
    recipe.plants = vec![Plant::Block { scope, onset, until: None, left: 0.01, mirror }];
    let simulation = simulate(&recipe).unwrap();
    let weeks = |domain, country, from: usize| mean(&values(&simulation, domain, country)[from..from + 28]);
    let before = weeks("state1.example", "GB", 42);
    assert!((weeks("state1.example", "GB", 70) / before - 0.01).abs() < 0.001);
    let gain = weeks("state2.example", "GB", 77) - weeks("state2.example", "GB", 42);
    assert!((gain / (0.6 * 0.99 * before) - 1.0).abs() < 0.02, "{gain} of {before}");
    assert!((weeks("state1.example", "NZ", 77) / weeks("state1.example", "NZ", 42) - 1.0).abs() < 0.02);
    let kinds: Vec<_> = simulation.truth.iter().map(|row| (row.kind, row.key.domain.as_str(), row.onset)).collect();
    let displaced = (PlantedKind::Displacement, "state2.example", DAYS.time(72));
    assert_eq!(kinds, [(PlantedKind::Drop, "state1.example", DAYS.time(70)), displaced]);
    assert!((simulation.truth[0].lift + 0.99).abs() < 1e-9);
}

#[test]
fn the_totals_hold_every_visit_drawn_even_those_that_were_not_delivered() {
    let mut recipe = Recipe::plain(3, DAYS, 2, 3, &["GB"]);
    let delivered = simulate(&recipe).unwrap();
    recipe.gap_rate = 0.2;
    recipe.gaps = vec![Gap { scope: scope("state1.example", &[]), from: DAYS.time(10), to: DAYS.time(12) }];
    let holed = simulate(&recipe).unwrap();
    assert_eq!(delivered.panel.totals, holed.panel.totals);
    let gaps = holed.panel.series.iter().flat_map(|s| s.values.iter()).filter(|v| v.is_nan()).count();
    assert!((80..=220).contains(&gaps), "{gaps} of {} rows", 5 * DAYS.len);
    assert!(values(&holed, "state1.example", "GB")[10..=12].iter().all(|v| v.is_nan()));
    for day in 0..DAYS.len {
        let sum: f64 = delivered.panel.series.iter().map(|s| s.values[day]).sum();
        assert!(sum <= delivered.panel.totals["GB"][day]);
    }
}

#[test]
fn noise_has_the_spread_and_the_autocorrelation_asked() {
    let grid = Grid { len: 4_000, ..DAYS };
    for (phi, df) in [(0.0, f64::INFINITY), (0.5, f64::INFINITY), (0.0, 5.0)] {
        let mut recipe = Recipe::plain(11, grid, 1, 1, &["GB"]);
        recipe.season.week = [1.0; 7];
        recipe.noise = Noise { sd: 0.15, phi, df, dispersion: 0.0 };
        let simulation = simulate(&recipe).unwrap();
        let logs: Vec<f64> = values(&simulation, "reference1.example", "GB").iter().map(|v| v.ln()).collect();
        let centre = mean(&logs);
        let variance = logs.iter().map(|x| (x - centre).powi(2)).sum::<f64>() / logs.len() as f64;
        let lagged = logs.windows(2).map(|w| (w[0] - centre) * (w[1] - centre)).sum::<f64>() / logs.len() as f64;
        assert!((variance.sqrt() / 0.15 - 1.0).abs() < 0.06, "phi {phi} df {df}: sd {}", variance.sqrt());
        assert!((lagged / variance - phi).abs() < 0.05, "phi {phi} df {df}: {}", lagged / variance);
    }
}

#[test]
fn dispersed_counts_have_the_variance_of_a_negative_binomial() {
    let grid = Grid { len: 4_000, ..DAYS };
    let mut recipe = Recipe::plain(5, grid, 1, 0, &["GB"]);
    recipe.countries[0].visits = 50_000.0; // mean 50
    recipe.season.week = [1.0; 7];
    for dispersion in [0.0, 0.1] {
        recipe.noise = Noise { dispersion, ..Noise::gaussian(0.0) };
        let simulation = simulate(&recipe).unwrap();
        let counts = values(&simulation, "state1.example", "GB");
        let variance = counts.iter().map(|x| (x - 50.0).powi(2)).sum::<f64>() / counts.len() as f64;
        assert!((variance / (50.0 + dispersion * 2500.0) - 1.0).abs() < 0.1, "{dispersion}: {variance}");
    }
}

#[test]
fn hours_have_a_day_and_a_week_and_bots_last_one_day() {
    let mut recipe = quiet();
    recipe.grid = Grid { start: DAYS.start, step: Step::HOUR, len: 24 * 28 };
    recipe.season.day = std::array::from_fn(|hour| if hour < 6 { 0.5 } else { 1.0 });
    recipe.plants = vec![Plant::Bot { scope: scope("reference1.example", &["GB"]), onset: DAYS.time(14), lift: 3.0 }];
    let simulation = simulate(&recipe).unwrap();
    let hours = values(&simulation, "reference1.example", "GB");
    assert!((mean(&hours[0..6]) / mean(&hours[6..24]) - 0.5).abs() < 0.01);
    let day = |d: usize| mean(&hours[24 * d..24 * (d + 1)]);
    assert!((day(14) / day(7) - 4.0).abs() < 0.05 && (day(15) / day(8) - 1.0).abs() < 0.05);
    assert_eq!((simulation.truth[0].onset, simulation.truth[0].end), (DAYS.time(14), DAYS.time(15) - 3_600));
}

#[test]
fn a_domain_has_rows_only_while_it_exists_and_its_birth_is_planted() {
    let mut recipe = quiet();
    recipe.outlets[1].domains[0].from = Some(DAYS.time(100));
    let simulation = simulate(&recipe).unwrap();
    let young = values(&simulation, "state2.example", "NZ");
    assert!(young[..100].iter().all(|v| v.is_nan()) && young[100..].iter().all(|v| *v > 0.0));
    let row = &simulation.truth[0];
    assert_eq!((row.kind, row.onset, row.end), (PlantedKind::NewDomain, DAYS.time(100), DAYS.time(139)));
    assert!(row.lift.is_nan());
}

#[test]
fn small_counts_are_censored_where_asked() {
    let mut recipe = Recipe::plain(5, DAYS, 1, 1, &["GB", "NZ"]);
    recipe.countries[0].visits = 10_000.0; // mean 10
    recipe.countries[1].visits = 10_000.0;
    recipe.censoring = Some(Censoring { below: 10.0, countries: vec!["NZ".into()] });
    let panel = simulate(&recipe).unwrap().panel;
    let of = |country: &str| panel.series.iter().find(|s| s.key.domain == "state1.example" && s.key.country == country);
    let (free, bound) = (of("GB").unwrap(), of("NZ").unwrap());
    assert!(free.censored.is_empty() && free.values.iter().any(|v| *v < 10.0));
    assert!(!bound.censored.is_empty() && bound.censored.iter().all(|(i, b)| *b == 10.0 && bound.values[*i].is_nan()));
    assert!(bound.values.iter().all(|v| v.is_nan() || *v >= 10.0));
}

#[test]
fn impossible_recipes_are_refused_with_a_reason() {
    let refused = |change: fn(&mut Recipe)| {
        let mut recipe = quiet();
        change(&mut recipe);
        simulate(&recipe).expect_err("refused").to_string()
    };
    assert!(refused(|r| r.outlets[4].share = 0.99).contains("more visits"));
    assert!(refused(|r| r.noise.phi = 1.0).contains("phi"));
    assert!(refused(|r| r.grid.len = 0).contains("period"));
    assert!(refused(|r| r.growth = f64::NAN).contains("finite"));
    assert!(refused(|r| r.outlets[1].domains[0].name = "state1.example".into()).contains("twice"));
    assert!(refused(|r| r.countries[1].code = "GB".into()).contains("twice"));
    assert!(refused(|r| r.late = Some(Late { country: "FR".into(), from: 0 })).contains("FR"));
    let surge = |scope| Plant::Surge { scope, onset: DAYS.time(50), profile: Profile::flat(0.5, 3) };
    let mut recipe = quiet();
    recipe.plants = vec![surge(scope("nowhere.example", &[]))];
    assert!(simulate(&recipe).unwrap_err().to_string().contains("nowhere.example"));
    recipe.plants = vec![Plant::News { countries: vec![], onset: 0, profile: Profile(vec![(3, 0.1), (1, 0.1)]) }];
    assert!(simulate(&recipe).unwrap_err().to_string().contains("profile"));
}

#[test]
fn a_scope_holds_what_it_names_and_everything_where_it_names_nothing() {
    let key = |domain: &str, country: &str| Key { domain: domain.into(), country: country.into(), ..Key::default() };
    assert!(Scope::default().holds(&key("a", "GB")));
    assert!(scope("a", &["GB"]).holds(&key("a", "GB")));
    assert!(!scope("a", &["GB"]).holds(&key("a", "NZ")) && !scope("b", &[]).holds(&key("a", "GB")));
}
